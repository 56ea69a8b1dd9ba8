//! `epcgate audit`: who did what, when, and what came of it; and the proof that it was so.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::bail;
use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::audit;
use crate::audit::Log;
use crate::audit::PublicKey;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::config::Settings;
use crate::dscsa::AuditRecord;
use crate::formats::audit::AuditForm;
use crate::formats::instant;
use crate::store::AuditFilter;
use crate::store::Store;
use crate::store::audit_place;
use crate::transport;

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
        /// Done to this, such as the name of a hold
        #[arg(long)]
        object: Option<String>,
    },
    /// Sign a checkpoint of the whole trail and print it
    #[command(
        after_help = "Whoever keeps a checkpoint can prove later that the trail was cut off or rewritten behind it. A gateway that \
                      serves signs one each hour ([audit] of the settings)."
    )]
    Checkpoint {
        /// Print the newest that was signed, and sign none
        #[arg(long)]
        stored: bool,
    },
    /// Print the public key that checkpoints are signed with
    Key {
        /// Change to a new key, such as after the old one was lost
        #[arg(long, requires = "why")]
        replace: bool,
        /// Why
        #[arg(long)]
        why: Option<String>,
    },
    /// Write the whole trail into a folder, with what proves it
    #[command(
        after_help = "The folder must be empty or not there yet. Rows are JSON lines; its README.txt says what else is in it."
    )]
    Export {
        /// The folder
        directory: PathBuf,
    },
    /// Check an export; needs nothing but a public key
    #[command(
        after_help = "Finds any row that was changed, added, moved or taken away, rows cut off below a checkpoint, forks, and other keys:\n  \
        verify trail --key 'epcgate-audit/1a2b3c4d+…' --checkpoint mailed-in-march.txt\nExit status: 0 all is as it was signed, 1 something is not."
    )]
    Verify {
        /// The folder of the export
        directory: PathBuf,
        /// The public key, or a file with it; several where the key was changed
        #[arg(long, required = true)]
        key: Vec<String>,
        /// A checkpoint that was given away, in a file
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    match &arguments.action {
        Action::Verify { directory, key, checkpoint } => {
            return verify(directory, key, checkpoint, arguments.output);
        }
        Action::List { since, until, actor, act, object } => {
            let (actor, act, object) = (actor.clone(), act.clone(), object.clone());
            let filter = AuditFilter { since: *since, until: *until, actor, act, object };
            let store = arguments.database.open(&arguments.database.settings()?)?;
            list(&store, &filter, arguments.output)?;
        }
        Action::Checkpoint { stored } => checkpoint(arguments, *stored)?,
        Action::Key { replace, why } => key(arguments, why.as_deref().filter(|_| *replace))?,
        Action::Export { directory } => export(arguments, directory)?,
    }
    Ok(Outcome::Clean)
}

fn opened(arguments: &Arguments) -> anyhow::Result<(Store, Settings)> {
    let settings = arguments.database.settings()?;
    Ok((arguments.database.open(&settings)?, settings))
}

fn log(store: &Store, settings: &Settings) -> anyhow::Result<Log> {
    let random = transport::random().context("the system gives no random bytes")?;
    let signer = audit::signer(&settings.audit, &random)?;
    Ok(Log::with(store, signer, &settings.audit.key_file))
}

fn checkpoint(arguments: &Arguments, stored: bool) -> anyhow::Result<()> {
    let (store, settings) = opened(arguments)?;
    let checkpoint = match stored {
        true => store.newest_audit_checkpoint()?.context("no checkpoint was ever signed")?,
        false => log(&store, &settings)?.checkpoint(Utc::now())?,
    };
    if !stored {
        audit::hand_over(&settings.audit.folder, &checkpoint)?;
    }
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Output::Text => write!(out, "{}", checkpoint.note)?,
        Output::Json => {
            let at = checkpoint.at.to_rfc3339_opts(SecondsFormat::Micros, true);
            let shown = json!({ "size": checkpoint.size, "at": at, "key": checkpoint.signer, "note": checkpoint.note });
            writeln!(out, "{shown}")?;
        }
    }
    Ok(())
}

fn key(arguments: &Arguments, replacing: Option<&str>) -> anyhow::Result<()> {
    let (store, settings) = opened(arguments)?;
    let log = match replacing {
        None => log(&store, &settings)?,
        Some(why) => {
            let random = transport::random().context("the system gives no random bytes")?;
            audit::replace_key(&store, &Caller::operator(), &settings.audit, (why, &random, Utc::now()))?
        }
    };
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Output::Text => writeln!(out, "{}", log.key())?,
        Output::Json => writeln!(out, "{}", json!({ "key": log.key().to_string() }))?,
    }
    Ok(())
}

fn export(arguments: &Arguments, directory: &Path) -> anyhow::Result<()> {
    let (store, settings) = opened(arguments)?;
    let log = log(&store, &settings)?;
    let caller = Caller::operator();
    let exported = audit::export(&store, &caller, Some(&log), (directory, Utc::now()))?;
    if let Some(reason) = &exported.unsigned {
        eprintln!("epcgate: no new checkpoint was signed: {reason}");
    }
    let (size, key) = (exported.checkpoint.size, &exported.checkpoint.signer);
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Output::Text => writeln!(out, "{size} acts in {}, signed with {key}", directory.display())?,
        Output::Json => {
            writeln!(out, "{}", json!({ "rows": size, "key": key, "unsigned": exported.unsigned }))?
        }
    }
    Ok(())
}

fn verify(
    directory: &Path,
    keys: &[String],
    checkpoints: &[PathBuf],
    output: Output,
) -> anyhow::Result<Outcome> {
    if !directory.is_dir() {
        bail!("{}: there is no such folder", directory.display());
    }
    let keys: Vec<PublicKey> = keys.iter().map(|text| public_key(text)).collect::<Result<_, _>>()?;
    let checked = audit::check(directory, &keys, checkpoints)?;
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        let finding = |finding: &audit::Finding| json!({ "kind": finding.kind.as_str(), "row": finding.row, "message": finding.message });
        let findings: Vec<_> = checked.findings.iter().map(finding).collect();
        let (rows, vouched, checkpoints) = (checked.rows, checked.vouched, checked.checkpoints);
        let shown = json!({
            "rows": rows, "vouched": vouched, "checkpoints": checkpoints, "findings": findings, "more": checked.more,
        });
        writeln!(out, "{shown}")?;
    } else {
        for finding in &checked.findings {
            writeln!(out, "{}", finding.message.replace(char::is_control, " "))?;
        }
        if checked.more > 0 {
            writeln!(out, "and {} more", checked.more)?;
        }
        if checked.findings.is_empty() {
            let (rows, checkpoints) = (checked.rows, checked.checkpoints);
            writeln!(out, "{rows} rows are as they were signed, by {checkpoints} checkpoints")?;
        } else {
            writeln!(out, "the trail is NOT as it was signed ({} rows looked at)", checked.rows)?;
        }
    }
    Ok(if checked.findings.is_empty() { Outcome::Clean } else { Outcome::Errors })
}

/// A public key as it is, or out of a file.
fn public_key(text: &str) -> anyhow::Result<PublicKey> {
    let path = Path::new(text);
    let text = match path.is_file() {
        true => std::fs::read_to_string(path).with_context(|| path.display().to_string())?,
        false => text.to_owned(),
    };
    PublicKey::parse(&text).with_context(|| format!("--key {text}"))
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
    let more = [("why", &entry.why), ("before", &entry.before), ("after", &entry.after), ("", &entry.detail)];
    for (name, text) in more.iter().filter(|(_, text)| !text.is_empty()) {
        writeln!(out, "    {name:<6}  {}", text.replace(char::is_control, " "))?;
    }
    Ok(())
}
