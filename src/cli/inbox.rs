//! `epcgate inbox`: what partners sent, and how it was answered.

use std::io::Write;

use chrono::SecondsFormat;
use clap::ValueEnum;
use serde_json::Value;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::exchange::shown;
use crate::store::ArrivalFilter;
use crate::store::ArrivalRecord;
use crate::store::Store;

/// Arrivals fetched at one time.
const PAGE: i64 = 500;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// How to print
    #[arg(long, value_enum, default_value = "text", global = true)]
    output: Output,
    #[command(flatten)]
    database: database::Choice,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List what came, the newest first
    List {
        /// Of one partner
        #[arg(long)]
        partner: Option<String>,
        /// By one channel
        #[arg(long)]
        channel: Option<String>,
        /// How it was answered
        #[arg(long, value_enum)]
        outcome: Option<Answered>,
        /// The most that are listed
        #[arg(long, default_value = "100")]
        most: usize,
    },
    /// Show one arrival and its answer on four levels: transport, form, rules, match
    Show {
        /// Its identifier, as `list` shows it
        arrival: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Answered {
    /// All is well with it.
    Accepted,
    /// It was captured, and something is wrong with it.
    Findings,
    /// Nothing of it was captured.
    Refused,
    /// It has no answer yet.
    Open,
}

impl Answered {
    fn word(self) -> &'static str {
        match self {
            Answered::Accepted => "accepted",
            Answered::Findings => "findings",
            Answered::Refused => "refused",
            Answered::Open => "",
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let store = arguments.database.open(&arguments.database.settings()?)?;
    match &arguments.action {
        Action::List { partner, channel, outcome, most } => {
            let filter = ArrivalFilter {
                partner: partner.clone(),
                channel: channel.clone(),
                outcome: outcome.map(|outcome| outcome.word().to_owned()),
            };
            list(&store, &filter, *most, arguments.output)
        }
        Action::Show { arrival } => match store.arrival(&Caller::operator(), arrival)? {
            Some(record) => show(&record, arguments.output),
            None => {
                eprintln!("epcgate: there is no arrival {arrival}");
                Ok(Outcome::Errors)
            }
        },
    }
}

fn list(store: &Store, filter: &ArrivalFilter, most: usize, output: Output) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let (mut after, mut left): (Option<String>, _) = (None, most);
    while left > 0 {
        let limit = PAGE.min(i64::try_from(left).unwrap_or(PAGE));
        let page = store.arrivals(&Caller::operator(), filter, after.as_deref(), limit)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        left -= page.len();
        for record in &page {
            match output {
                Output::Json => writeln!(out, "{}", shown::arrival(record))?,
                Output::Text => writeln!(out, "{}", line(record))?,
            }
        }
    }
    Ok(Outcome::Clean)
}

fn line(record: &ArrivalRecord) -> String {
    let arrival = &record.arrival;
    let outcome = if record.outcome.is_empty() { "open" } else { &record.outcome };
    let name = if arrival.name.is_empty() { &arrival.message_id } else { &arrival.name };
    let at = arrival.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let again = if record.resent > 0 { format!("\tcame {} times", record.resent + 1) } else { String::new() };
    format!("{}\t{at}\t{}\t{}\t{outcome}\t{name}{again}", record.id, arrival.partner, arrival.channel)
}

fn show(record: &ArrivalRecord, output: Output) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let shown = shown::answered(record);
    if output == Output::Json {
        writeln!(out, "{shown}")?;
        return Ok(Outcome::Clean);
    }
    writeln!(out, "{}", line(record))?;
    let answer = &shown["answer"];
    for name in ["transport", "form", "rules", "match"] {
        let level = &answer["levels"][name];
        let text = |member: &str| level[member].as_str().unwrap_or_default();
        if !text("state").is_empty() {
            writeln!(out, "{name}: {}: {}", text("state"), text("words"))?;
        }
        for finding in level["findings"].as_array().into_iter().flatten() {
            writeln!(out, "    {}", sentence(finding))?;
        }
        if let Some(more) = level["more"].as_u64().filter(|more| *more > 0) {
            writeln!(out, "    and {more} more")?;
        }
    }
    if let Some(words) = answer["words"].as_str() {
        writeln!(out, "{words}")?;
    }
    Ok(Outcome::Clean)
}

fn sentence(finding: &Value) -> String {
    let text = |member: &str| finding[member].as_str().unwrap_or_default();
    let place = match (finding["line"].as_u64(), finding["event"].as_u64()) {
        (Some(line), _) => format!("line {line}: "),
        (None, Some(event)) => format!("event {event}: "),
        (None, None) => String::new(),
    };
    let fix = if text("fix").is_empty() { String::new() } else { format!("; {}", text("fix")) };
    format!("{place}{} [{}] {}{fix}", text("severity"), text("rule"), text("message"))
}
