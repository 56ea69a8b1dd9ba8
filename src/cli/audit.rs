//! `epcgate audit`: who did what, when, and what came of it.

use std::io::Write;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::dscsa::AuditRecord;
use crate::formats::audit::AuditForm;
use crate::formats::instant;
use crate::store::AuditFilter;
use crate::store::Store;
use crate::store::audit_place;

/// Acts fetched at one time.
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
    /// List acts, the newest first
    #[command(
        after_help = "A moment is a date, which stands for its beginning in UTC, or a time with its offset:\n  \
        list --since 2026-11-01 --until 2026-12-01 --act verification.answered\n  \
        list --since 2026-11-23T08:30:00-05:00 --actor key:acme --output json"
    )]
    List {
        /// From this moment on
        #[arg(long, value_name = "MOMENT", value_parser = instant::parse)]
        since: Option<DateTime<Utc>>,
        /// Before this moment
        #[arg(long, value_name = "MOMENT", value_parser = instant::parse)]
        until: Option<DateTime<Utc>>,
        /// By this one: `operator`, or `key:` and the name of an API key
        #[arg(long)]
        actor: Option<String>,
        /// Of this kind, such as `keys.added`
        #[arg(long)]
        act: Option<String>,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let store = arguments.database.open(&arguments.database.settings()?)?;
    let Action::List { since, until, actor, act } = &arguments.action;
    let filter = AuditFilter { since: *since, until: *until, actor: actor.clone(), act: act.clone() };
    list(&store, &filter, arguments.output)?;
    Ok(Outcome::Clean)
}

fn list(store: &Store, filter: &AuditFilter, output: Output) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = store.audited(&Caller::operator(), filter, after.as_deref(), PAGE)?;
        page.iter().try_for_each(|record| print(record, output))?;
        match page.last() {
            Some(last) => after = Some(audit_place(last)),
            None => return Ok(()),
        }
    }
}

fn print(record: &AuditRecord, output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string(&AuditForm::from(record))?)?;
        return Ok(());
    }
    let entry = &record.entry;
    let at = entry.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    // What strangers sent must not reach the terminal as it is.
    let plain = |text: &str| text.escape_debug().to_string();
    let (actor, act, object) = (plain(&entry.actor), plain(&entry.act), plain(&entry.object));
    writeln!(out, "{at}  {actor}  {act}  {object}  {}", plain(&entry.outcome))?;
    if !entry.detail.is_empty() {
        let detail = entry.detail.replace(char::is_control, " ");
        writeln!(out, "    {detail}")?;
    }
    Ok(())
}
