//! `epcgate convert`: a document in another form, with everything in it.

use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::ValueEnum;
use tempfile::NamedTempFile;

use crate::cli::Outcome;
use crate::cli::prefixes;
use crate::cli::source::Source;
use crate::formats::Defects;
use crate::formats::EpcStyle;
use crate::formats::Format;
use crate::formats::Loss;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::formats::WordStyle;
use crate::formats::WriteOptions;
use crate::formats::Writer;

/// How many losses or findings are shown before they are only counted.
const SHOWN: usize = 20;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The document; `-` is standard input
    #[arg(value_name = "IN")]
    from: PathBuf,
    /// Where to write it; `-` is standard output
    #[arg(value_name = "OUT", default_value = "-")]
    to_file: PathBuf,
    /// The form to write
    #[arg(long, value_parser = ["xml-1.2", "xml-2.0", "json-ld"])]
    to: String,
    /// How identifiers are written [default: urn for xml-1.2, whose readers know no other, else as-sent]
    #[arg(long, value_enum)]
    epc: Option<Epcs>,
    /// How CBV words are written in XML 2.0
    #[arg(long, value_enum, default_value = "urn")]
    words: Words,
    /// Refuse what is tolerated from lenient senders, and refuse to lose anything
    #[arg(long)]
    strict: bool,
    /// Write with line breaks and indentation
    #[arg(long)]
    pretty: bool,
    #[command(flatten)]
    prefixes: prefixes::Choice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Epcs {
    /// EPC URNs.
    Urn,
    /// GS1 Digital Link URIs.
    DigitalLink,
    /// As they were sent.
    AsSent,
}

impl Epcs {
    /// The style asked for, or the one that readers of this form expect.
    pub(super) fn style(choice: Option<Epcs>, format: Format) -> EpcStyle {
        match choice {
            Some(Epcs::Urn) => EpcStyle::Urn,
            Some(Epcs::DigitalLink) => EpcStyle::DigitalLink,
            Some(Epcs::AsSent) => EpcStyle::AsSent,
            None if format == Format::Xml12 => EpcStyle::Urn,
            None => EpcStyle::AsSent,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Words {
    /// `urn:epcglobal:cbv:bizstep:shipping`
    Urn,
    /// `https://ref.gs1.org/cbv/BizStep-shipping`
    WebUri,
    /// As they were sent.
    AsSent,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let format = Format::parse(&arguments.to).context("unknown form")?;
    let source = Source::open(&arguments.from)?;
    if arguments.to_file == Path::new("-") {
        let out = BufWriter::with_capacity(1 << 18, std::io::stdout().lock());
        let (mut out, outcome) = convert(arguments, format, &source, out)?;
        out.flush()?;
        return Ok(outcome);
    }
    // The target appears whole or not at all.
    let folder = arguments.to_file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let cannot = || format!("{} cannot be written", arguments.to_file.display());
    let temporary = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(cannot)?;
    let out = BufWriter::with_capacity(1 << 18, temporary);
    let (out, outcome) = convert(arguments, format, &source, out)?;
    if outcome == Outcome::Clean {
        let file = out.into_inner().map_err(|error| error.into_error()).with_context(cannot)?;
        readable_by_all(file.as_file())?;
        file.persist(&arguments.to_file).with_context(cannot)?;
    }
    Ok(outcome)
}

/// A temporary file is private; a converted document is an ordinary file.
#[cfg(unix)]
fn readable_by_all(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_file: &File) -> std::io::Result<()> {
    Ok(())
}

fn convert<W: Write>(
    arguments: &Arguments,
    format: Format,
    source: &Source,
    out: W,
) -> anyhow::Result<(W, Outcome)> {
    let mut defects = Defects::new(arguments.strict);
    let read = |error| anyhow::anyhow!("{}:{error}", source.name);
    let input = source.input_with_progress("converting")?;
    let mut reader = Reader::open(input, ReadOptions::default(), &mut defects).map_err(read)?;
    let options = write_options(arguments, format)?;
    let mut writer = Writer::begin(format, out, reader.header(), options)?;
    while let Some(reading) = reader.next_event(&mut defects).map_err(read)? {
        if let Some(event) = &reading.event {
            let place = || {
                format!(
                    "{}:{}:{}: event {}",
                    source.name, reading.place.line, reading.place.column, reading.index
                )
            };
            writer.event(event).with_context(place)?;
        }
    }
    let (out, losses) = writer.finish(reader.header())?;
    for defect in defects.kept().iter().take(SHOWN) {
        eprintln!("{}:{defect}", source.name);
    }
    show_losses(source, format, &losses);
    let total = defects.errors() + defects.warnings();
    if total > SHOWN as u64 {
        eprintln!("{}: {} more findings; epcgate check shows them", source.name, total - SHOWN as u64);
    }
    let failed = defects.errors() > 0 || (arguments.strict && !losses.is_empty());
    if failed {
        eprintln!("{}: not converted: {} errors, {} losses", source.name, defects.errors(), losses.len());
    }
    Ok((out, if failed { Outcome::Errors } else { Outcome::Clean }))
}

fn show_losses(source: &Source, format: Format, losses: &[Loss]) {
    for loss in losses.iter().take(SHOWN) {
        let event = loss.event.map(|event| format!("event {event}, ")).unwrap_or_default();
        eprintln!("{}: lost in {}: {event}{}: {}", source.name, format.name(), loss.path, loss.what);
    }
    if losses.len() > SHOWN {
        eprintln!("{}: {} more losses", source.name, losses.len() - SHOWN);
    }
}

fn write_options(arguments: &Arguments, format: Format) -> anyhow::Result<WriteOptions> {
    Ok(WriteOptions {
        epcs: Epcs::style(arguments.epc, format),
        words: match arguments.words {
            Words::Urn => WordStyle::Urn,
            Words::WebUri => WordStyle::WebUri,
            Words::AsSent => WordStyle::AsSent,
        },
        pretty: arguments.pretty,
        prefixes: Arc::new(arguments.prefixes.load()?),
    })
}
