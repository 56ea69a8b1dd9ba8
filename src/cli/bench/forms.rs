//! Reading, converting and hashing, against a bare loop of the tokeniser over the same bytes.

use std::fs::File;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use quick_xml::events::Event;

use crate::cli::bench::measure::Figure;
use crate::cli::bench::measure::cpu;
use crate::epcis::event_id::EventHasher;
use crate::formats::Defects;
use crate::formats::Format;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::formats::WriteOptions;
use crate::formats::Writer;

/// Rounds of each measurement, taken in turn so that all see the same machine.
const ROUNDS: usize = 5;

/// Measures the forms over one XML document and gives the figures.
pub(super) fn run(document: &Path) -> anyhow::Result<Vec<Figure>> {
    let bytes = std::fs::metadata(document)?.len();
    let mut bare = Vec::new();
    let mut read = Vec::new();
    let mut convert = Vec::new();
    let mut hash = Vec::new();
    for _ in 0..ROUNDS {
        bare.push(cpu(|| tokenise(document))?);
        read.push(cpu(|| each_event(document, |_| Ok(())))?);
        convert.push(cpu(|| to_json(document))?);
        let mut hasher = EventHasher::new();
        hash.push(cpu(|| {
            each_event(document, |event| {
                std::hint::black_box(hasher.digest(event));
                Ok(())
            })
        })?);
    }
    let megabytes = bytes as f64 / 1e6;
    Ok(vec![
        Figure::rate("bare quick-xml loop", megabytes, "MB", &bare),
        Figure::against("XML into the model", (megabytes, "MB"), &read, &bare, 0.4),
        Figure::against("XML 1.2 to JSON-LD", (megabytes, "MB"), &convert, &bare, 0.25),
        Figure::rate("XML into event hashes", megabytes, "MB", &hash),
    ])
}

fn tokenise(document: &Path) -> anyhow::Result<()> {
    let file = BufReader::with_capacity(1 << 16, File::open(document)?);
    let mut reader = quick_xml::Reader::from_reader(file);
    let mut buffer = Vec::new();
    let mut count = 0_u64;
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Eof => break,
            _ => count += 1,
        }
        buffer.clear();
    }
    std::hint::black_box(count);
    Ok(())
}

fn each_event(
    document: &Path,
    mut take: impl FnMut(&crate::epcis::Event) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut defects = Defects::new(false);
    let mut reader = Reader::open(Box::new(File::open(document)?), ReadOptions::default(), &mut defects)?;
    while let Some(reading) = reader.next_event(&mut defects)? {
        take(reading.event.as_ref().context("the measured document has a refused event")?)?;
    }
    Ok(())
}

fn to_json(document: &Path) -> anyhow::Result<()> {
    let mut defects = Defects::new(false);
    let mut reader = Reader::open(Box::new(File::open(document)?), ReadOptions::default(), &mut defects)?;
    let sink = BufWriter::with_capacity(1 << 18, std::io::sink());
    let mut writer = Writer::begin(Format::JsonLd, sink, reader.header(), WriteOptions::new())?;
    while let Some(reading) = reader.next_event(&mut defects)? {
        writer.event(reading.event.as_ref().context("the measured document has a refused event")?)?;
    }
    let (mut sink, losses) = writer.finish(reader.header())?;
    sink.flush()?;
    anyhow::ensure!(losses.is_empty(), "the measured document lost something");
    Ok(())
}
