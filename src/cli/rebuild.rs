//! `epcgate rebuild`: the ledger of items, worked out anew from the documents.

use std::time::Duration;

use chrono::Utc;
use indicatif::ProgressBar;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::database;
use crate::reconcile;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    database: database::Choice,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let policy = settings.policy()?;
    let store = arguments.database.open(&settings)?;
    let progress = ProgressBar::new_spinner().with_message("emptying the ledger");
    progress.enable_steady_tick(Duration::from_millis(200));
    let documents = reconcile::rebuild(
        &store,
        &Caller::operator(),
        (&policy.cases, &policy.overrides),
        Utc::now,
        |done| {
            progress.set_message(format!("{done} documents in the ledger"));
        },
    )?;
    progress.finish_and_clear();
    println!("{documents} documents are in the ledger again");
    Ok(Outcome::Clean)
}
