//! `epcgate directory`: who answers for which product.

use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;

use chrono::Utc;
use clap::ValueEnum;
use serde_json::json;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::cli::import;
use crate::cli::source::Source;
use crate::cli::verifier;
use crate::dscsa::verification::DirectoryRecord;
use crate::formats::Defects;
use crate::formats::directory;
use crate::formats::directory::RecordForm;
use crate::gs1::Gtin;
use crate::store::DirectoryEntry;
use crate::store::DirectoryFilter;
use crate::store::Store;
use crate::store::StoreError;
use crate::verify;
use crate::verify::DirectoryCheck;
use crate::verify::DirectoryFinding;

/// Records fetched at one time.
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
    /// Import records from CSV or JSON; those known are replaced, the same file again changes nothing
    #[command(
        after_help = "CSV takes the columns gtin, company prefix, start exp date, end exp date, context, responder gln, \
                      provider, url, status, source, modified, contact name, email, phone, portal, and other names for \
                      them. A record is known by its GTIN or company prefix, context and first expiry date. Two that are \
                      for the same packages are refused."
    )]
    Import {
        /// Files; `-` is standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Their form [default: as they begin]
        #[arg(long, value_enum)]
        from: Option<import::From>,
        /// Remove what the sources of a file had and do not have any more
        #[arg(long)]
        replace: bool,
    },
    /// Export all records, as they are imported
    Export {
        /// The form
        #[arg(long, value_enum, default_value = "csv")]
        to: To,
    },
    /// List records, one a line: product, expiry dates, context, GLN, address
    List {
        /// Those that concern this product alone, by itself or by its company
        #[arg(long)]
        gtin: Option<String>,
    },
    /// Show what will make questions fail, and what to do about it
    Check {
        /// Try each record first, as the gateway does every night
        #[arg(long)]
        probe: bool,
    },
    /// Remove records
    Remove {
        /// Their names, as `check` and `list --output json` show them
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// A form to export in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// CSV with a line of column names.
    Csv,
    /// JSON.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    match &arguments.action {
        Action::Import { files, from, replace } => {
            let mut outcome = Outcome::Clean;
            for path in files {
                let source = Source::open(path)?;
                outcome = outcome.max(import(&store, &source, (*from, *replace), arguments.output)?);
            }
            Ok(outcome)
        }
        Action::Export { to } => export(&store, *to),
        Action::List { gtin } => list(&store, gtin.as_deref(), arguments.output),
        Action::Check { probe } => {
            if *probe {
                let verifier = verifier::open(&settings, &store)?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let done = runtime.block_on(verifier.probe(Utc::now()))?;
                eprintln!("{} records answered, {} did not", done.sound, done.unsound);
            }
            check(&store, &settings.routing, arguments.output)
        }
        Action::Remove { ids } => {
            let mut outcome = Outcome::Clean;
            for id in ids {
                if !store.remove_directory_record(&Caller::operator(), id, Utc::now())? {
                    eprintln!("epcgate: there is no record {id}");
                    outcome = Outcome::Errors;
                }
            }
            Ok(outcome)
        }
    }
}

fn import(
    store: &Store,
    source: &Source,
    (from, replace): (Option<import::From>, bool),
    output: Output,
) -> anyhow::Result<Outcome> {
    let syntax = import::From::syntax(from, source)?;
    let mut defects = Defects::new(false);
    let file = directory::read(source.input()?, syntax, &mut defects);
    if defects.errors() > 0 {
        return import::report(source, &defects, None, output);
    }
    match store.put_directory(&Caller::operator(), (&file.records, replace), Utc::now())? {
        Ok(done) => {
            if done.removed > 0 && output == Output::Text {
                println!(
                    "{}: {} removed, which its source does not have any more",
                    source.name, done.removed
                );
            }
            for id in &done.older {
                defects.add(file.older(id));
            }
            import::report(source, &defects, Some(done.imported), output)
        }
        Err(conflict) => {
            defects.add(file.kept(conflict.record, &conflict.other));
            import::report(source, &defects, None, output)
        }
    }
}

fn export(store: &Store, to: To) -> anyhow::Result<Outcome> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let records = each(store, DirectoryFilter::default()).map(|entry| entry.map(|entry| entry.record));
    match to {
        To::Csv => directory::write_csv::<StoreError>(&mut out, records)?,
        To::Json => directory::write_json::<StoreError>(&mut out, records)?,
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

fn list(store: &Store, gtin: Option<&str>, output: Output) -> anyhow::Result<Outcome> {
    let gtin = match gtin.map(Gtin::parse).transpose() {
        Ok(gtin) => gtin,
        Err(fault) => {
            eprintln!("epcgate: {fault}");
            return Ok(Outcome::Errors);
        }
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for entry in each(store, DirectoryFilter { gtin, ..DirectoryFilter::default() }) {
        let record: DirectoryRecord = entry?.record;
        match output {
            Output::Text => writeln!(out, "{}", verify::directory_line(&record))?,
            Output::Json => writeln!(out, "{}", serde_json::to_string(&RecordForm::from(&record))?)?,
        }
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

fn check(store: &Store, settings: &verify::routing::Settings, output: Output) -> anyhow::Result<Outcome> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut checking = DirectoryCheck::new(settings);
    let (mut records, mut errors, mut warnings) = (0_u64, 0_u64, 0_u64);
    for entry in each(store, DirectoryFilter::default()) {
        records += 1;
        for finding in checking.look(&entry?) {
            if finding.error {
                errors += 1;
            } else {
                warnings += 1;
            }
            show(&mut out, &finding, output)?;
        }
    }
    if output == Output::Text {
        writeln!(out, "{records} records, {errors} errors, {warnings} warnings")?;
    }
    out.flush()?;
    Ok(if errors > 0 { Outcome::Errors } else { Outcome::Clean })
}

fn show(out: &mut impl Write, finding: &DirectoryFinding, output: Output) -> anyhow::Result<()> {
    match output {
        Output::Text => writeln!(out, "{finding}")?,
        Output::Json => {
            let severity = if finding.error { "error" } else { "warning" };
            let line = json!({
                "record": finding.record, "severity": severity, "message": finding.message, "nextStep": finding.next_step,
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Every record, page by page.
fn each(store: &Store, filter: DirectoryFilter) -> impl Iterator<Item = Result<DirectoryEntry, StoreError>> {
    let (mut after, mut done) = (None::<String>, false);
    let pages = std::iter::from_fn(move || {
        if done {
            return None;
        }
        let page = store.directory(&Caller::operator(), &filter, after.as_deref(), PAGE);
        let page: Vec<Result<DirectoryEntry, StoreError>> = match page {
            Ok(page) => {
                after = page.last().map(|entry| entry.record.id());
                done = after.is_none();
                page.into_iter().map(Ok).collect()
            }
            Err(error) => {
                done = true;
                vec![Err(error)]
            }
        };
        Some(page)
    });
    pages.flatten()
}
