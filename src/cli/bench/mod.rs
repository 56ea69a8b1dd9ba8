//! `epcgate bench`: how fast it is, as ratios against bare baselines measured in the same run.

mod document;
mod forms;
mod measure;

use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;

use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::bench::measure::Figure;

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
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let figures = match &arguments.what {
        What::Forms { file: Some(file), .. } => forms::run(file)?,
        What::Forms { file: None, megabytes } => {
            let made = tempfile::NamedTempFile::new()?;
            let mut out = BufWriter::new(File::create(made.path())?);
            document::write(&mut out, document::units_for(megabytes * 1_000_000), 0)?;
            out.flush()?;
            forms::run(made.path())?
        }
    };
    print(&figures, arguments.output)?;
    Ok(Outcome::Clean)
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
        write!(out, "{name:<38} {rate:>12.1} {unit:<8}")?;
        if let (Some(ratio), Some(goal)) = (ratio, goal) {
            let verdict = if ratio >= goal { "reached" } else { "missed" };
            write!(out, " ratio {ratio:>6.2} (goal {goal}: {verdict})")?;
        }
        writeln!(out)?;
    }
    if let Some(bytes) = measure::peak_memory() {
        writeln!(out, "{:<38} {:>12.1} MB", "peak resident memory", bytes as f64 / 1e6)?;
    }
    Ok(())
}
