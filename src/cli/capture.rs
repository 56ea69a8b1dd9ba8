//! `epcgate capture`: documents into the database, here and now.

use std::io::BufReader;
use std::io::Write;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use clap::ValueEnum;
use serde_json::json;

use crate::access::Caller;
use crate::capture;
use crate::capture::CaptureError;
use crate::capture::Policy;
use crate::capture::Wish;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::cli::source::Source;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::store::Store;

/// How many findings are shown of one document; the job keeps more.
const SHOWN: usize = 20;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Documents; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What becomes of sound events beside faulty ones
    #[arg(long, value_enum, default_value = "rollback")]
    on_error: OnError,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    database: database::Choice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnError {
    /// None is captured.
    Rollback,
    /// They are captured.
    Proceed,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let policy = settings.policy()?;
    let store = arguments.database.open(&settings)?;
    let behaviour = match arguments.on_error {
        OnError::Rollback => CaptureErrorBehaviour::Rollback,
        OnError::Proceed => CaptureErrorBehaviour::Proceed,
    };
    let mut outcome = Outcome::Clean;
    for path in &arguments.files {
        let source = match Source::open(path) {
            Ok(source) => source,
            Err(error) => {
                eprintln!("epcgate: {error:#}");
                outcome = Outcome::Unreadable;
                continue;
            }
        };
        let (job, earlier) = match capture(&store, &source, behaviour, &policy)? {
            Ok(done) => done,
            Err(refused) => {
                eprintln!("{}:{refused}", source.name);
                outcome = outcome.max(Outcome::Errors);
                continue;
            }
        };
        if !job.success {
            outcome = outcome.max(Outcome::Errors);
        }
        match arguments.output {
            Output::Text => print_text(&source, &job, earlier),
            Output::Json => print_json(&source, &job, earlier)?,
        }
    }
    Ok(outcome)
}

/// Brings one document in; the inner error is a document that is refused before it has a job.
pub(super) fn capture(
    store: &Store,
    source: &Source,
    behaviour: CaptureErrorBehaviour,
    policy: &Policy,
) -> anyhow::Result<Result<(CaptureJob, bool), CaptureError>> {
    let mut receiving = store.receive(Utc::now())?;
    let mut input = BufReader::with_capacity(1 << 18, source.input_with_progress("receiving")?);
    std::io::copy(&mut input, &mut receiving)?;
    let received = receiving.finish()?;
    let wish = Wish { behaviour, syntax: None };
    match capture::accept(store, &Caller::operator(), received, wish, Utc::now()) {
        Ok(new) => {
            let job = capture::run_to_end(store, &new.job, policy, Utc::now)?;
            Ok(Ok((job, new.earlier)))
        }
        Err(CaptureError::Store(error)) => Err(error.into()),
        Err(refused) => Ok(Err(refused)),
    }
}

fn print_text(source: &Source, job: &CaptureJob, earlier: bool) {
    for defect in job.defects.iter().take(SHOWN) {
        let severity = if defect.is_error { "error" } else { "warning" };
        let (line, column) = (defect.line, defect.column);
        println!(
            "{}:{line}:{column}: {severity} [{}] {}; {}",
            source.name, defect.rule, defect.message, defect.fix
        );
    }
    let verdict = match (earlier, job.success) {
        (true, _) => "sent before; the answer of then",
        (false, true) => "captured",
        (false, false) if job.events_stored + job.events_linked > 0 => "captured in part",
        (false, false) => "refused",
    };
    println!(
        "{}: {verdict}: {} events read, {} stored, {} stored before; job {}",
        source.name, job.events_read, job.events_stored, job.events_linked, job.id
    );
}

fn print_json(source: &Source, job: &CaptureJob, earlier: bool) -> anyhow::Result<()> {
    let written = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
    let defects: Vec<_> = job
        .defects
        .iter()
        .map(|defect| {
            json!({
                "rule": defect.rule, "severity": if defect.is_error { "error" } else { "warning" },
                "line": defect.line, "column": defect.column, "path": defect.path, "event": defect.event,
                "epc": defect.epc, "message": defect.message, "fix": defect.fix,
            })
        })
        .collect();
    let line = json!({
        "file": source.name, "captureID": job.id, "earlier": earlier, "running": job.running, "success": job.success,
        "createdAt": written(job.created_at), "finishedAt": job.finished_at.map(written),
        "events_read": job.events_read, "events_stored": job.events_stored, "events_linked": job.events_linked,
        "findings": defects,
    });
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}
