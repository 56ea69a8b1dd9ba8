//! `epcgate doctor`: looks at the database, the disk, the clock, certificates, partners, their channels and queues, and says what to do.

mod certificates;
mod channels;
mod clock;
mod database;
mod disk;
mod partners;
mod queues;

use std::io::Write;

use chrono::Utc;
use serde_json::json;

use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database::Choice;
use crate::store::Store;

#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 all is well, 1 something will go wrong, 2 something is wrong now.")]
pub(super) struct Arguments {
    /// Ask a time server (SNTP) how far our clock is off, such as pool.ntp.org
    #[arg(long, value_name = "HOST")]
    ntp: Option<String>,
    /// Compare our clock with the Date of an answer of this address, such as a partner's
    #[arg(long, value_name = "URL")]
    date_of: Option<String>,
    /// Call no partner
    #[arg(long)]
    offline: bool,
    /// Do not read every page of a SQLite database, which takes a minute for each 10 GB or so
    #[arg(long)]
    fast: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    database: Choice,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Good,
    /// It will go wrong, or may.
    Warning,
    /// It is wrong now.
    Bad,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            State::Good => "ok",
            State::Warning => "warning",
            State::Bad => "bad",
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            State::Good => Outcome::Clean,
            State::Warning => Outcome::Errors,
            State::Bad => Outcome::Unreadable,
        }
    }
}

/// One thing that was looked at.
struct Check {
    /// Which part, in one word.
    part: &'static str,
    state: State,
    /// How it is.
    says: String,
    /// What to do; empty where all is well.
    next: String,
}

impl Check {
    fn good(part: &'static str, says: impl Into<String>) -> Check {
        Check { part, state: State::Good, says: says.into(), next: String::new() }
    }

    fn warning(part: &'static str, says: impl Into<String>, next: impl Into<String>) -> Check {
        Check { part, state: State::Warning, says: says.into(), next: next.into() }
    }

    fn bad(part: &'static str, says: impl Into<String>, next: impl Into<String>) -> Check {
        Check { part, state: State::Bad, says: says.into(), next: next.into() }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let mut report = Report { worst: State::Good, output: arguments.output };
    let url = arguments.database.url(&settings)?;
    let (sound, file) = database::checks(&url, &settings, !arguments.fast, &mut report)?;
    disk::checks(file.as_deref(), &mut report)?;
    // Only where no tables would be changed by opening it.
    let store = sound.then(|| Store::open(&url, &settings.store)).transpose()?;
    let asked = (arguments.ntp.as_deref(), arguments.date_of.as_deref());
    clock::checks(&settings, store.as_ref(), asked, &mut report)?;
    certificates::checks(&settings, Utc::now(), &mut report)?;
    if let Some(store) = &store {
        partners::checks(&settings, store, arguments.offline, &mut report)?;
        channels::checks(&settings, store, arguments.offline, Utc::now(), &mut report)?;
        queues::checks(store, Utc::now(), &mut report)?;
    }
    Ok(report.worst.outcome())
}

/// Where checks are told as they are made.
struct Report {
    worst: State,
    output: Output,
}

impl Report {
    fn tell(&mut self, check: &Check) -> anyhow::Result<()> {
        self.worst = self.worst.max(check.state);
        let Check { part, state, says, next } = check;
        let mut out = std::io::stdout().lock();
        match self.output {
            Output::Json => {
                let line =
                    json!({ "part": part, "state": state.as_str(), "message": says, "nextStep": next });
                writeln!(out, "{line}")?;
            }
            Output::Text => {
                writeln!(out, "{:<8} {part:<13} {}", state.as_str(), says.replace(char::is_control, " "))?;
                if !next.is_empty() {
                    writeln!(out, "{:23}→ {}", "", next.replace(char::is_control, " "))?;
                }
            }
        }
        Ok(())
    }

    fn tell_all(&mut self, checks: impl IntoIterator<Item = Check>) -> anyhow::Result<()> {
        checks.into_iter().try_for_each(|check| self.tell(&check))
    }
}

/// A count of bytes as people read it.
fn bytes(count: u64) -> String {
    let mut size = count as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if size < 1_024.0 {
            return if unit == "bytes" { format!("{count} bytes") } else { format!("{size:.1} {unit}") };
        }
        size /= 1_024.0;
    }
    format!("{size:.1} TiB")
}

/// What asks others.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
