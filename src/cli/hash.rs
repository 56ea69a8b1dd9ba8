//! `epcgate hash`: the event hash IDs of a document.

use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;

use crate::cli::Outcome;
use crate::cli::source::Source;
use crate::epcis::event_id::EventHasher;
use crate::formats::Defects;
use crate::formats::ReadOptions;
use crate::formats::Reader;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The document; `-` is standard input
    file: PathBuf,
    /// Print the string that is hashed instead of the hash
    #[arg(long)]
    prehash: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let source = Source::open(&arguments.file)?;
    let mut defects = Defects::new(false);
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut hasher = EventHasher::new();
    let input = source.input_with_progress("hashing")?;
    let read = |error| anyhow::anyhow!("{}:{error}", source.name);
    let mut reader = Reader::open(input, ReadOptions::default(), &mut defects).map_err(read)?;
    while let Some(reading) = reader.next_event(&mut defects).map_err(read)? {
        match &reading.event {
            Some(event) if arguments.prehash => writeln!(out, "{}", hasher.pre_hash(event))?,
            Some(event) => writeln!(out, "{}", hasher.id(event))?,
            None => writeln!(out, "error: this event was refused; epcgate check says why")?,
        }
    }
    out.flush()?;
    Ok(if defects.errors() > 0 { Outcome::Errors } else { Outcome::Clean })
}
