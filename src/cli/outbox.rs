//! `epcgate outbox`: what is sent to partners, and how it went.

use std::io::Write;

use chrono::SecondsFormat;
use chrono::Utc;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::exchange::shown;
use crate::store::Delivery;
use crate::store::DeliveryFilter;
use crate::store::DeliveryState;
use crate::store::Store;

/// Deliveries fetched at one time.
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
    /// List deliveries, the newest first
    List {
        /// How they stand
        #[arg(long, value_parser = ["waiting", "awaiting", "delivered", "dead"])]
        state: Option<String>,
        /// By one channel
        #[arg(long)]
        channel: Option<String>,
        /// To one partner
        #[arg(long)]
        partner: Option<String>,
        /// The most that are listed
        #[arg(long, default_value = "100")]
        most: usize,
    },
    /// Show one delivery and its log: what was sent, what came back, when it is sent next
    Show {
        /// Its identifier, as `list` shows it
        delivery: String,
    },
    /// Send deliveries that are delivered or dead once more
    Replay {
        /// Their identifiers
        #[arg(required_unless_present = "dead", conflicts_with = "dead")]
        deliveries: Vec<String>,
        /// All that are dead by this channel
        #[arg(long, value_name = "CHANNEL")]
        dead: Option<String>,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let store = arguments.database.open(&arguments.database.settings()?)?;
    match &arguments.action {
        Action::List { state, channel, partner, most } => {
            let filter = DeliveryFilter {
                state: state.as_deref().and_then(DeliveryState::parse),
                channel: channel.clone(),
                partner: partner.clone(),
            };
            for delivery in found(&store, &filter, *most)? {
                print(&delivery, arguments.output)?;
            }
            Ok(Outcome::Clean)
        }
        Action::Show { delivery } => show(&store, delivery, arguments.output),
        Action::Replay { deliveries, dead } => {
            let mut ids = deliveries.clone();
            if let Some(channel) = dead {
                let state = Some(DeliveryState::Dead);
                let filter = DeliveryFilter { state, channel: Some(channel.clone()), partner: None };
                // The oldest first, so that they keep their order.
                let found = found(&store, &filter, usize::MAX)?;
                ids = found.into_iter().rev().map(|delivery| delivery.id).collect();
            }
            let mut outcome = Outcome::Clean;
            for id in &ids {
                match store.replay_delivery(&Caller::operator(), id, Utc::now())? {
                    Some(delivery) => print(&delivery, arguments.output)?,
                    None => outcome = unknown(id),
                }
            }
            Ok(outcome)
        }
    }
}

fn found(store: &Store, filter: &DeliveryFilter, most: usize) -> anyhow::Result<Vec<Delivery>> {
    let mut found: Vec<Delivery> = Vec::new();
    while found.len() < most {
        let limit = PAGE.min(i64::try_from(most - found.len()).unwrap_or(PAGE));
        let after = found.last().map(|last| last.id.clone());
        let page = store.deliveries(&Caller::operator(), filter, after.as_deref(), limit)?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    Ok(found)
}

fn show(store: &Store, id: &str, output: Output) -> anyhow::Result<Outcome> {
    let caller = Caller::operator();
    let Some(delivery) = store.delivery(&caller, id)? else { return Ok(unknown(id)) };
    let tries = store.delivery_tries(&caller, id)?;
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", shown::delivery(&delivery, Some(&tries)))?;
        return Ok(Outcome::Clean);
    }
    drop(out);
    print(&delivery, output)?;
    let mut out = std::io::stdout().lock();
    for made in &tries {
        let at = made.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        writeln!(out, "    {at}  {}  {} ms  {}", made.outcome, made.took, made.request)?;
        if !made.answer.is_empty() {
            writeln!(out, "        {}", made.answer)?;
        }
    }
    Ok(Outcome::Clean)
}

fn print(delivery: &Delivery, output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", shown::delivery(delivery, None))?;
        return Ok(());
    }
    let Delivery { id, channel, cargo, name, tries, .. } = delivery;
    let next = match (delivery.next_at, delivery.note.as_str()) {
        (Some(next), _) => format!("\tnext {}", next.to_rfc3339_opts(SecondsFormat::Secs, true)),
        (None, "") => String::new(),
        (None, note) => format!("\t{note}"),
    };
    let state = delivery.state.as_str();
    writeln!(out, "{id}\t{channel}\t{}\t{name}\t{state}\ttries {tries}{next}", cargo.as_str())?;
    Ok(())
}

fn unknown(id: &str) -> Outcome {
    eprintln!("epcgate: there is no delivery {id}");
    Outcome::Errors
}
