//! `epcgate bench`: how fast it is, as ratios against bare baselines measured in the same run.

mod captures;
mod document;
mod forms;
mod load;
mod measure;
mod receive;
mod routed;
mod verify;

use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::bench::measure::Figure;
use crate::config::Settings;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// How to print
    #[arg(long, value_enum, default_value = "text", global = true)]
    output: Output,
}

#[derive(clap::Subcommand)]
enum What {
    /// XML into the model, XML to JSON-LD and event hashes, against a bare tokeniser loop (CPU time)
    Forms {
        /// An XML document to measure with, instead of one made for it
        #[arg(long)]
        file: Option<PathBuf>,
        /// Megabytes of the document made for it
        #[arg(long, default_value_t = 50)]
        megabytes: u64,
    },
    /// Capture, from bytes to published, against bare inserts of the same rows (wall time)
    Capture {
        /// Megabytes of the document made for it
        #[arg(long, default_value_t = 50)]
        megabytes: u64,
        /// An empty database to capture into, instead of a fresh SQLite file
        #[arg(long, value_name = "URL", requires = "bare_database")]
        database: Option<String>,
        /// A second empty database, for the bare inserts (COPY on PostgreSQL)
        #[arg(long, value_name = "URL", requires = "database")]
        bare_database: Option<String>,
    },
    /// Capture with the ledger and all rules on, against the same without (wall time)
    Rules {
        /// Serial numbers of saleable units in the document made for it
        #[arg(long, default_value_t = 100_000)]
        serials: u64,
        /// An empty database to capture into without the ledger, instead of a fresh SQLite file
        #[arg(long, value_name = "URL", requires = "ledger_database")]
        database: Option<String>,
        /// A second empty database, to capture into with the ledger
        #[arg(long, value_name = "URL", requires = "database")]
        ledger_database: Option<String>,
    },
    /// Scan answers while a large shipment is received, in milliseconds (wall time)
    Receive {
        /// Saleable units in the shipment
        #[arg(long, default_value_t = 100_000)]
        units: u64,
        /// An empty database to capture into, instead of a fresh SQLite file
        #[arg(long, value_name = "URL")]
        database: Option<String>,
    },
    /// Fill a SQLite database up to so many EPCs, once, and tell how the rate held
    Seed {
        /// EPCs, in millions
        #[arg(long, default_value_t = 5_000_000)]
        items: u64,
        /// Where to keep it
        #[arg(long, value_name = "DIR", default_value = "epcgate-bench")]
        data_dir: PathBuf,
    },
    /// Look-ups by EPC in a seeded database
    Lookup {
        /// Where it is kept
        #[arg(long, value_name = "DIR", default_value = "epcgate-bench")]
        data_dir: PathBuf,
    },
    /// Answers to partners about product of ours, against a bare handler that returns the same bytes, and how long they take
    /// at half of that load (wall time; nothing is logged)
    Verify {
        /// Packages in the ledger
        #[arg(long, default_value_t = 1_000_000)]
        serials: u64,
        /// Measure instead what passing questions on to another responder adds
        #[arg(long)]
        routed: bool,
        /// Where to keep the database, to measure again without filling it [default: a folder that goes]
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        #[command(flatten)]
        measuring: verify::Measuring,
    },
    /// Write the document that is measured
    Document {
        /// Its size
        #[arg(long, default_value_t = 50)]
        megabytes: u64,
        /// Where to write it
        file: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = Settings::read(None)?;
    let figures = match &arguments.what {
        What::Forms { file: Some(file), .. } => forms::run(file)?,
        What::Forms { file: None, megabytes } => forms::run(made(*megabytes)?.path())?,
        What::Capture { megabytes, database: Some(url), bare_database: Some(bare) } => {
            captures::against_bare(made(*megabytes)?.path(), (url, bare), &settings)?
        }
        What::Capture { megabytes, .. } => {
            let folder = tempfile::tempdir()?;
            let url = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
            let urls = (url("capture.sqlite"), url("bare.sqlite"));
            captures::against_bare(made(*megabytes)?.path(), (&urls.0, &urls.1), &settings)?
        }
        What::Rules { serials, database, ledger_database } => {
            let folder = tempfile::tempdir()?;
            let url = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
            let urls = (
                database.clone().unwrap_or_else(|| url("without.sqlite")),
                ledger_database.clone().unwrap_or_else(|| url("with.sqlite")),
            );
            let document = tempfile::NamedTempFile::new()?;
            let mut out = BufWriter::new(File::create(document.path())?);
            document::write(&mut out, *serials, 0)?;
            out.flush()?;
            captures::with_ledger(document.path(), (&urls.0, &urls.1), *serials, &settings)?
        }
        What::Receive { units, database } => {
            let folder = tempfile::tempdir()?;
            let fresh = folder.path().join("receive.sqlite").to_string_lossy().into_owned();
            receive::run(database.as_deref().unwrap_or(&fresh), *units, &settings)?
        }
        What::Seed { items, data_dir } => captures::seed(data_dir, *items, &settings)?,
        What::Lookup { data_dir } => captures::look_up(data_dir, &settings)?,
        What::Verify { routed: true, measuring, .. } => routed::run(*measuring, &settings)?,
        What::Verify { serials, data_dir, measuring, .. } => {
            let fresh = tempfile::tempdir()?;
            let folder = data_dir.as_deref().unwrap_or(fresh.path());
            verify::run(folder, *serials, *measuring, &settings)?
        }
        What::Document { megabytes, file } => {
            write_document(file, *megabytes)?;
            return Ok(Outcome::Clean);
        }
    };
    print(&figures, arguments.output)?;
    Ok(Outcome::Clean)
}

/// The measured document in a temporary file.
fn made(megabytes: u64) -> anyhow::Result<tempfile::NamedTempFile> {
    let file = tempfile::NamedTempFile::new()?;
    write_document(file.path(), megabytes)?;
    Ok(file)
}

fn write_document(path: &Path, megabytes: u64) -> anyhow::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    document::write(&mut out, document::units_for(megabytes * 1_000_000), 0)?;
    Ok(out.flush()?)
}

fn print(figures: &[Figure], output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        for figure in figures {
            writeln!(out, "{}", serde_json::to_string(figure)?)?;
        }
        return Ok(());
    }
    for Figure { name, rate, unit, ratio, goal } in figures {
        write!(out, "{name:<56} {rate:>12.1} {unit:<8}")?;
        if let (Some(ratio), Some(goal)) = (ratio, goal) {
            let verdict = if ratio >= goal { "reached" } else { "missed" };
            write!(out, " ratio {ratio:>6.2} (goal {goal}: {verdict})")?;
        }
        writeln!(out)?;
    }
    if let Some(bytes) = measure::peak_memory() {
        writeln!(out, "{:<56} {:>12.1} MB", "peak resident memory", bytes as f64 / 1e6)?;
    }
    Ok(())
}
