//! `epcgate verify`: is this package as its maker says, and what to do with it.

use std::io::BufRead;
use std::io::Write;

use chrono::Utc;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::cli::verifier;
use crate::dscsa::verification::RequesterStatement;
use crate::dscsa::verification::Verdict;
use crate::formats::verification::VerificationForm;
use crate::verify::Question;
use crate::verify::Verifier;

#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 all may be used, 1 some may not, must wait or were not read, 2 the command could not be \
                  carried out.\n\nA question that nobody answers in time is asked again by the gateway (`epcgate serve`) on \
                  the same database."
)]
pub(super) struct Arguments {
    /// What a scanner or a person gives; `-` reads one a line from standard input
    #[arg(required = true, value_name = "SCAN")]
    scans: Vec<String>,
    /// What it is for [default: that of the settings]
    #[arg(long, default_value = "", hide_default_value = true)]
    context: String,
    /// We have the product in our possession or control
    #[arg(long)]
    possession: bool,
    /// The scans were typed
    #[arg(long)]
    typed: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    database: database::Choice,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    let verifier = verifier::open(&settings, &store)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut outcome = Outcome::Clean;
    for scan in &arguments.scans {
        if scan != "-" {
            outcome = outcome.max(runtime.block_on(one(arguments, &verifier, scan))?);
            continue;
        }
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            if !line.trim().is_empty() {
                outcome = outcome.max(runtime.block_on(one(arguments, &verifier, &line))?);
            }
        }
    }
    Ok(outcome)
}

async fn one(arguments: &Arguments, verifier: &Verifier, scan: &str) -> anyhow::Result<Outcome> {
    let now = Utc::now();
    let form = match Question::of_text(scan, now) {
        Ok(question) => {
            let question = Question {
                context: arguments.context.as_str().into(),
                statement: RequesterStatement {
                    possession: arguments.possession.then_some(true),
                    ..RequesterStatement::default()
                },
                doubtful: question.doubtful || arguments.typed,
                ..question
            };
            verifier.verify(&Caller::operator(), &question, now).await?.form(&question)
        }
        Err(judgement) => VerificationForm::judged(&judgement, now),
    };
    print(&form, arguments.output)?;
    Ok(if form.verdict == Verdict::Ok.as_str() { Outcome::Clean } else { Outcome::Errors })
}

fn print(form: &VerificationForm, output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string(form)?)?;
        return Ok(());
    }
    let VerificationForm { words, reason, next_step, gtin, serial, .. } = form;
    let item = if gtin.is_empty() { String::new() } else { format!("  GTIN {gtin} SN {serial}") };
    writeln!(out, "{words}{item}\n    {reason}\n    {next_step}")?;
    if form.pending {
        writeln!(out, "    pending, {}", form.id)?;
    }
    Ok(())
}
