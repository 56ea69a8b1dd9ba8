//! Whole documents in memory, as the tests compare them.

use std::io::Cursor;
use std::path::Path;

use epcgate::epcis::Event;
use epcgate::epcis::Header;
use epcgate::epcis::event_id::event_hash_id;
use epcgate::formats::Defect;
use epcgate::formats::Defects;
use epcgate::formats::Format;
use epcgate::formats::Loss;
use epcgate::formats::ReadOptions;
use epcgate::formats::Reader;
use epcgate::formats::WriteError;
use epcgate::formats::WriteOptions;
use epcgate::formats::Writer;

/// A document read to its end.
#[derive(Debug)]
pub struct Read {
    /// Its header.
    pub header: Header,
    /// The events that were not refused.
    pub events: Vec<Event>,
    /// Everything found.
    pub defects: Vec<Defect>,
    /// Errors counted; the one that ended reading is among them.
    pub errors: u64,
}

impl Read {
    /// The event hash IDs in order.
    pub fn hashes(&self) -> Vec<String> {
        self.events.iter().map(event_hash_id).collect()
    }
}

/// Reads bytes to the end.
pub fn read(bytes: Vec<u8>) -> Read {
    let mut defects = Defects::new(false);
    let mut events = Vec::new();
    let mut header = Header::default();
    if let Err(defect) = read_into(bytes, &mut defects, &mut events, &mut header) {
        defects.add(defect);
    }
    Read { header, events, errors: defects.errors(), defects: defects.take() }
}

fn read_into(
    bytes: Vec<u8>,
    defects: &mut Defects,
    events: &mut Vec<Event>,
    header: &mut Header,
) -> Result<(), Defect> {
    let mut reader = Reader::open(Box::new(Cursor::new(bytes)), ReadOptions::default(), defects)?;
    while let Some(reading) = reader.next_event(defects)? {
        events.extend(reading.event);
    }
    header.clone_from(reader.header());
    Ok(())
}

/// Reads a file to the end.
pub fn read_file(path: &Path) -> Read {
    read(std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Writes a document in a form.
pub fn write(
    format: Format,
    document: &Read,
    options: WriteOptions,
) -> Result<(Vec<u8>, Vec<Loss>), WriteError> {
    let mut writer = Writer::begin(format, Vec::new(), &document.header, options)?;
    for event in &document.events {
        writer.event(event)?;
    }
    writer.finish(&document.header)
}
