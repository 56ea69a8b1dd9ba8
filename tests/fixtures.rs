//! The documents of `fixtures/epcis`: the forms of one stem say the same, and each defect is found in its place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test ends by panicking

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::path::PathBuf;

use epcgate::epcis::DocumentKind;
use epcgate::epcis::Event;
use epcgate::epcis::Header;
use epcgate::epcis::event_id::event_hash_id;
use epcgate::formats::Defect;
use epcgate::formats::Defects;
use epcgate::formats::EpcStyle;
use epcgate::formats::Format;
use epcgate::formats::ReadOptions;
use epcgate::formats::Reader;
use epcgate::formats::WordStyle;
use epcgate::formats::WriteOptions;
use epcgate::formats::Writer;

/// The ending of a document's name, and the form it says.
const ENDINGS: [(&str, Format); 3] =
    [(".1.2.xml", Format::Xml12), (".2.0.xml", Format::Xml20), (".jsonld", Format::JsonLd)];

/// A document read to its end.
struct Read {
    header: Header,
    events: Vec<Event>,
    defects: Vec<Defect>,
}

fn read(bytes: Vec<u8>) -> Read {
    let mut read = Read { header: Header::default(), events: Vec::new(), defects: Vec::new() };
    let mut defects = Defects::new(false);
    if let Err(defect) = read_into(bytes, &mut read, &mut defects) {
        defects.add(defect);
    }
    read.defects = defects.take();
    read
}

fn read_into(bytes: Vec<u8>, read: &mut Read, defects: &mut Defects) -> Result<(), Defect> {
    let mut reader = Reader::open(Box::new(Cursor::new(bytes)), ReadOptions::default(), defects)?;
    while let Some(reading) = reader.next_event(defects)? {
        read.events.extend(reading.event);
    }
    read.header.clone_from(reader.header());
    Ok(())
}

/// The files of a folder below `fixtures/epcis`, by stem; a stem ends at the first dot.
fn stems(folder: &str) -> BTreeMap<String, Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/epcis").join(folder);
    let mut stems: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let stem = name(&path).split('.').next().unwrap().to_owned();
            stems.entry(stem).or_default().push(path);
        }
    }
    stems.values_mut().for_each(|paths| paths.sort());
    stems
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn form(path: &Path) -> Option<Format> {
    ENDINGS.iter().find(|(ending, _)| name(path).ends_with(ending)).map(|(_, format)| *format)
}

/// Reads a sound document: nothing at all is found in it.
fn read_sound(path: &Path) -> Read {
    let read = read(fs::read(path).unwrap());
    assert!(read.defects.is_empty(), "{}: {}", name(path), read.defects[0]);
    let said = if form(path) == Some(Format::Xml12) { "1.2" } else { "2.0" };
    assert_eq!(&*read.header.schema_version, said, "{}", name(path));
    read
}

/// Complains where two documents differ in more than the version of EPCIS.
fn assert_same(one: &Read, other: &Read, which: &str) {
    assert!(other.defects.is_empty(), "{which}: {}", other.defects[0]);
    assert_eq!(one.events.len(), other.events.len(), "{which}");
    for (index, (a, b)) in one.events.iter().zip(&other.events).enumerate() {
        assert_eq!(a, b, "{which}: event {index}");
        assert_eq!(event_hash_id(a), event_hash_id(b), "{which}: event {index}");
    }
    let [mut a, mut b] = [one.header.clone(), other.header.clone()];
    a.schema_version = "".into();
    b.schema_version = "".into();
    assert_eq!(a, b, "{which}: header");
}

#[test]
fn all_forms_of_a_document_say_the_same() {
    let stems = stems("");
    assert!(stems.len() >= 12, "only {} documents", stems.len());
    let mut events = 0;
    for (stem, paths) in &stems {
        let forms: Vec<_> = paths.iter().map(|path| form(path)).collect();
        let first = read_sound(&paths[0]);
        // JSON-LD has no master data document.
        let lone = first.header.kind == DocumentKind::MasterData;
        let expected = ENDINGS.map(|(_, format)| Some(format));
        assert_eq!(forms, expected[..if lone { 2 } else { 3 }], "{stem}");
        assert_eq!(first.events.is_empty(), lone, "{stem}");
        assert_eq!(first.header.master_data.is_empty(), !lone && stem != "dscsa_shipment", "{stem}");
        for path in &paths[1..] {
            assert_same(&first, &read_sound(path), &name(path));
        }
        events += first.events.len();
    }
    assert!(events >= 25, "only {events} events");
}

#[test]
fn every_document_comes_back_from_every_form() {
    let mut held = 0;
    for path in stems("").into_values().flatten() {
        let document = read_sound(&path);
        for format in Format::ALL {
            for epcs in [EpcStyle::AsSent, EpcStyle::Urn, EpcStyle::DigitalLink] {
                for (words, pretty) in [(WordStyle::Urn, false), (WordStyle::WebUri, true)] {
                    let options = WriteOptions { epcs, words, pretty, ..WriteOptions::new() };
                    let which = format!("{} in {} with {epcs:?}", name(&path), format.name());
                    held += usize::from(comes_back(&document, format, options, &which));
                }
            }
        }
    }
    assert!(held >= 600, "only {held} writings");
}

/// Writes and reads back; false for the one kind of document that JSON-LD cannot hold.
fn comes_back(document: &Read, format: Format, options: WriteOptions, which: &str) -> bool {
    let mut writer = Writer::begin(format, Vec::new(), &document.header, options).unwrap();
    for event in &document.events {
        writer.event(event).unwrap_or_else(|error| panic!("{which}: {error}"));
    }
    let (bytes, losses) = writer.finish(&document.header).unwrap();
    if format == Format::JsonLd && document.header.kind == DocumentKind::MasterData {
        assert_eq!(losses.len(), 1, "{which}: {losses:?}");
        return false;
    }
    assert!(losses.is_empty(), "{which}: {losses:?}");
    assert_same(document, &read(bytes), which);
    true
}

#[test]
fn every_defect_is_found_in_its_place() {
    let stems = stems("invalid");
    assert!(stems.len() >= 15, "only {} documents", stems.len());
    let (mut errors, mut warnings) = (0, 0);
    for (stem, paths) in &stems {
        let [expected, document] = ["expected", "xml jsonld"].map(|endings| {
            let mut found = paths.iter().filter(|path| {
                let ending = path.extension().unwrap_or_default();
                endings.split(' ').any(|wanted| *wanted == *ending)
            });
            let path = found.next().unwrap_or_else(|| panic!("{stem} has no file in {endings}"));
            assert!(found.next().is_none(), "{stem} has several files in {endings}");
            fs::read(path).unwrap()
        });
        let found: Vec<String> = read(document).defects.iter().map(line).collect();
        let expected = String::from_utf8(expected).unwrap();
        assert_eq!(found, expected.lines().collect::<Vec<_>>(), "{stem}");
        assert!(!found.is_empty(), "{stem}");
        errors += found.iter().filter(|line| line.starts_with("error ")).count();
        warnings += found.iter().filter(|line| line.starts_with("warning ")).count();
    }
    assert!(errors >= 15 && warnings >= 5, "{errors} errors, {warnings} warnings");
}

/// A defect as the expected files say it: severity, rule, place.
fn line(defect: &Defect) -> String {
    let Defect { fault, place, .. } = defect;
    format!("{} {} {}:{}", fault.severity.as_str(), fault.rule, place.line, place.column)
}
