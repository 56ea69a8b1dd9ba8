//! Every accepted document, written in each form that can hold it: valid by GS1's schemas, and equal when read back.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use epcgate::epcis::DocumentKind;
use epcgate::formats::EpcStyle;
use epcgate::formats::Format;
use epcgate::formats::WriteOptions;

use crate::corpus::Example;
use crate::corpus::documents;
use crate::reading::Read;
use crate::reading::read;
use crate::reading::read_file;
use crate::reading::write;
use crate::schemas::json_schema;
use crate::schemas::xmllint;
use crate::schemas::xsd;

/// Outputs that GS1's schema refuses for what the sender wrote in a part that we keep as it is, each with the reason:
/// (document, form, reason).
const SCHEMA_FAULTS: &[(&str, &str, &str)] = &[
    ("copyleft/quartet_epcis/observe.xml", "xml-1.2", NO_SENDER),
    ("copyleft/quartet_epcis/observe.xml", "xml-2.0", NO_SENDER),
    ("jamischarles-epcis/attached_assets/epcis_1.2.sample_hospital.xml", "xml-1.2", NO_SENDER),
    ("jamischarles-epcis/attached_assets/epcis_1.2.sample_hospital.xml", "xml-2.0", NO_SENDER),
    ("jamischarles-epcis/tests/fixtures/epcis_1.2.sample_hospital.xml", "xml-1.2", NO_SENDER),
    ("jamischarles-epcis/tests/fixtures/epcis_1.2.sample_hospital.xml", "xml-2.0", NO_SENDER),
    ("copyleft/quartet_integrations/epcis.xml", "xml-1.2", WRAPPED_DATE),
    ("copyleft/quartet_integrations/epcis.xml", "xml-2.0", WRAPPED_DATE),
    (
        "openepcis-test-resources/1.2/EPCIS/XML/Capture/Documents/AggregationEvent_all_possible_fields.xml",
        "xml-1.2",
        TYPED,
    ),
    (
        "openepcis-test-resources/1.2/EPCIS/XML/Capture/Documents/AggregationEvent_all_possible_fields.xml",
        "xml-2.0",
        TYPED,
    ),
    (
        "openepcis-test-resources/1.2/EPCIS/XML/Capture/Documents/TransformationEvent_all_possible_fields.xml",
        "xml-1.2",
        TYPED,
    ),
    (
        "openepcis-test-resources/1.2/EPCIS/XML/Capture/Documents/TransformationEvent_all_possible_fields.xml",
        "xml-2.0",
        TYPED,
    ),
    ("jaewookbyun-epcis/example/AggregationEvent.xml", "xml-1.2", TYPE_OF_2_0),
    ("jaewookbyun-epcis/example/ObjectEvent.xml", "xml-1.2", TYPE_OF_2_0),
    ("jaewookbyun-epcis/example/TransactionEvent.xml", "xml-1.2", TYPE_OF_2_0),
];

const NO_SENDER: &str = "the sender's SBDH is incomplete, is warned of, and nothing is invented for it";
const WRAPPED_DATE: &str =
    "the sender's SBDH has a line break in a date, which xmllint does not take, and stays as sent";
const TYPED: &str = "an extension says a type by xsi:type that its value does not have, in the source too";
const TYPE_OF_2_0: &str = "an extension says by xsi:type that it is of a type that only EPCIS 2.0 has";

/// Accepted documents with their envelope: a bare event is put into one, since the schemas judge only documents.
fn accepted() -> Vec<(Example, Read)> {
    let read = documents().into_iter().map(|example| {
        let mut read = read_file(&example.file());
        if matches!(read.header.kind, DocumentKind::Event | DocumentKind::EventList) {
            read.header.kind = DocumentKind::Document;
        }
        (example, read)
    });
    let accepted: Vec<_> = read.filter(|(_, read)| read.errors == 0).collect();
    assert!(accepted.len() > 200, "only {} documents are accepted", accepted.len());
    accepted
}

/// What differs between a document and what was written of it; empty for nothing.
fn difference(one: &Read, mut other: Read) -> String {
    if other.errors > 0 {
        return format!("does not read back: {}", other.defects[0]);
    }
    if one.events.len() != other.events.len() {
        return format!("{} events became {}", one.events.len(), other.events.len());
    }
    for (index, (a, b)) in one.events.iter().zip(&other.events).enumerate() {
        if a != b {
            return format!("event {index} differs:\n   {a:?}\n   {b:?}");
        }
    }
    if one.hashes() != other.hashes() {
        return "the hashes differ".into();
    }
    let mut header = one.header.clone();
    for header in [&mut header, &mut other.header] {
        header.schema_version = "".into();
        // A date that 1.x senders left out is filled in, and one without zone is UTC where a zone is needed.
        let date = header.creation_date.trim_end_matches('Z').into();
        header.creation_date = if one.header.creation_date.is_empty() { "".into() } else { date };
    }
    if header == other.header {
        String::new()
    } else {
        format!("headers differ:\n   {header:?}\n   {:?}", other.header)
    }
}

fn listed(example: &Example, format: Format) -> bool {
    SCHEMA_FAULTS.iter().any(|(path, form, _)| *path == example.path && *form == format.name())
}

#[test]
fn every_form_that_holds_a_document_gives_it_back() {
    let mut complaints = String::new();
    let mut held = BTreeMap::new();
    for (example, original) in accepted() {
        for format in Format::ALL {
            let Ok((bytes, losses)) = write(format, &original, WriteOptions::new()) else {
                writeln!(complaints, "{}: {}: cannot be written", example.path, format.name()).unwrap();
                continue;
            };
            if !losses.is_empty() {
                continue;
            }
            *held.entry(format.name()).or_insert(0) += 1;
            let difference = difference(&original, read(bytes));
            if !difference.is_empty() {
                writeln!(complaints, "{}: {}: {difference}", example.path, format.name()).unwrap();
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    println!("held without loss: {held:?}");
    assert!(held.values().all(|count| *count > 150), "too few documents are held without loss: {held:?}");
}

#[test]
fn xml_is_valid_by_the_schemas_of_gs1() {
    let folder = tempfile::tempdir().unwrap();
    let mut files: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for (number, (example, original)) in accepted().into_iter().enumerate() {
        for format in [Format::Xml12, Format::Xml20] {
            let Ok((bytes, losses)) = write(format, &original, WriteOptions::new()) else { continue };
            if !losses.is_empty() || listed(&example, format) {
                continue;
            }
            let name = format!("{number}-{}.xml", format.name());
            std::fs::write(folder.path().join(&name), bytes).unwrap();
            files.entry(xsd(format, original.header.kind)).or_default().push(folder.path().join(&name));
            names.insert(name, example.path.clone());
        }
    }
    let mut complaints = String::new();
    let mut judged = 0;
    for (schema, files) in files {
        judged += files.len();
        for (name, told) in xmllint(&schema, &files) {
            let path = names.get(&name).cloned().unwrap_or_default();
            writeln!(complaints, "{path} as {name}: {told}").unwrap();
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(judged > 300, "only {judged} documents were judged");
}

#[test]
fn json_ld_is_valid_by_the_schema_of_gs1() {
    let schema = json_schema();
    let mut complaints = String::new();
    let mut judged = 0;
    for (example, original) in accepted() {
        for epcs in [EpcStyle::AsSent, EpcStyle::DigitalLink] {
            let options = WriteOptions { epcs, ..WriteOptions::new() };
            let Ok((bytes, losses)) = write(Format::JsonLd, &original, options) else { continue };
            if !losses.is_empty() || listed(&example, Format::JsonLd) {
                continue;
            }
            judged += 1;
            let value = serde_json::from_slice(&bytes).unwrap();
            if let Some(error) = schema.iter_errors(&value).next() {
                let told: String = error.to_string().chars().take(300).collect();
                writeln!(complaints, "{}: {} at {}", example.path, told, error.instance_path()).unwrap();
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(judged > 300, "only {judged} documents were judged");
}
