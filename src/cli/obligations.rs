//! `epcgate obligations`: what must still be answered within the time of the law.

use std::io::Write;

use chrono::Utc;
use clap::ValueEnum;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::dscsa::Decision;
use crate::dscsa::verification::Direction;
use crate::dscsa::verification::VerificationRecord;
use crate::formats::verification::ObligationForm;

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
    /// List the questions that have not been answered, the most urgent first
    List {
        /// Who must answer
        #[arg(long, value_enum, default_value = "us")]
        by: Who,
        /// The most that are listed
        #[arg(long, default_value = "1000")]
        most: u32,
    },
    /// Note that a question was answered in another way, by telephone or mail
    Settle {
        /// Its name, as `list` shows it
        id: String,
        /// How
        #[arg(long)]
        reason: String,
        /// Who did
        #[arg(long, default_value = "operator")]
        by: String,
    },
}

/// Who must answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Who {
    /// We must.
    Us,
    /// Those whom we asked must.
    Others,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let store = arguments.database.open(&arguments.database.settings()?)?;
    let caller = Caller::operator();
    match &arguments.action {
        Action::List { by, most } => {
            let direction = if *by == Who::Us { Direction::Answered } else { Direction::Asked };
            let due = store.verifications_due(&caller, direction, i64::from(*most))?;
            due.iter().try_for_each(|record| print(record, arguments.output))?;
            Ok(Outcome::Clean)
        }
        Action::Settle { id, reason, by } => {
            let decision = match Decision::new(by, Utc::now(), reason) {
                Ok(decision) => decision,
                Err(fault) => return Ok(refused(&fault)),
            };
            match store.settle_verification(&caller, id, &decision)? {
                Some(record) => print(&record, arguments.output)?,
                None => return Ok(refused(&format!("there is no verification {id} that is due"))),
            }
            Ok(Outcome::Clean)
        }
    }
}

fn refused(fault: &dyn std::fmt::Display) -> Outcome {
    eprintln!("epcgate: {fault}");
    Outcome::Errors
}

fn print(record: &VerificationRecord, output: Output) -> anyhow::Result<()> {
    let form = ObligationForm::new(record, Utc::now());
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string(&form)?)?;
        return Ok(());
    }
    let late = if form.late { "  LATE" } else { "" };
    writeln!(out, "{}  due {}{late}", form.id, form.due)?;
    writeln!(
        out,
        "    GTIN {} serial {:?} lot {:?} expiry {}, asked by GLN {} at {}",
        form.gtin, form.serial, form.lot, form.expiry, form.requester, form.asked
    )?;
    Ok(())
}
