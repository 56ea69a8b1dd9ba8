//! What is accepted and what is refused, over every document of the corpus that a capture schema judged.

use std::fmt::Write;

use crate::corpus::Example;
use crate::corpus::documents;
use crate::reading::Read;
use crate::reading::read_file;

/// Documents for which we decide otherwise than their schema, each with the reason; at most two in a hundred.
const DEVIATIONS: &[(&str, &str)] = &[
    (
        "copyleft/quartet_epcis/bad_parent.xml",
        "sound by itself: that the parent was never commissioned shows only across events, when they are reconciled",
    ),
    (
        "openepcis-test-resources/2.0/EPCIS/XML/Capture/Invalid/ObjectEvent_with_wrong_element_order.xml",
        "order carries no meaning and real senders jumble it: accepted with a warning, refused by --strict",
    ),
    ("gs1-EPCIS/examples/JSON/AssociationEvent/AssociationEvent-h.jsonld", TWO_IDS),
    ("gs1-EPCIS/examples/JSON-simple-context/AssociationEvent/AssociationEvent-h.jsonld", TWO_IDS),
];

const TWO_IDS: &str =
    "one event has two different eventIDs; taking the last, as the schema does, would lose the first";

fn place(read: &Read) -> String {
    read.defects.iter().find(|defect| defect.place.line > 0).map(ToString::to_string).unwrap_or_default()
}

/// What is wrong with our verdict; `None` where it is as it should be.
fn fault(example: &Example, read: &Read) -> Option<String> {
    let refused = read.errors > 0;
    let first = read.defects.first().map(ToString::to_string).unwrap_or_default();
    let malformed = example.validity == "not-well-formed";
    match example.validity.as_str() {
        _ if example.is_invalid() || malformed => (!refused || place(read).is_empty())
            .then(|| format!("must be refused with a place, found {} errors: {first}", read.errors)),
        "xsd-valid" | "schema-valid" | "schema-valid-but-format-errors" => {
            let error = read.defects.iter().find(|d| d.fault.severity == epcgate::formats::Severity::Error);
            refused
                .then(|| format!("must be accepted: {}", error.map(ToString::to_string).unwrap_or_default()))
        }
        _ => {
            place(read).is_empty().then(|| "must be accepted with a warning or refused, with a place".into())
        }
    }
}

#[test]
fn verdicts_are_those_of_the_schemas() {
    let mut complaints = String::new();
    let examples = documents();
    let mut deviating = 0;
    for example in &examples {
        let read = read_file(&example.file());
        let listed = DEVIATIONS.iter().any(|(path, _)| *path == example.path);
        match (fault(example, &read), listed) {
            (Some(fault), false) => writeln!(complaints, "{}: {fault}", example.path).unwrap(),
            (None, true) => {
                writeln!(complaints, "{}: listed as deviating, but it does not", example.path).unwrap()
            }
            (Some(_), true) => deviating += 1,
            (None, false) => {}
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(deviating * 50 < examples.len(), "{deviating} of {} deviate", examples.len());
}

/// What became of each document outside `Invalid/` that its schema refuses: `schema_invalid.tsv` says it, so that a
/// change of mind shows in review. `EPCGATE_BLESS=1` writes it anew.
#[test]
fn schema_invalid_documents_fare_as_the_table_says() {
    let mut table = String::from("document\tverdict\trule\tplace\twhy\n");
    let invalid = |example: &&Example| !example.is_invalid() && example.validity.ends_with("-invalid");
    for example in documents().iter().filter(invalid) {
        let read = read_file(&example.file());
        let verdict = if read.errors > 0 { "refused" } else { "accepted with a warning" };
        let wanted = if read.errors > 0 { "error" } else { "warning" };
        let telling = read.defects.iter().find(|defect| defect.fault.severity.as_str() == wanted);
        let Some(defect) = telling else { panic!("{}: no defect tells why", example.path) };
        let why = defect.fault.message.replace(['\t', '\n'], " ");
        let (line, column) = (defect.place.line, defect.place.column);
        writeln!(table, "{}\t{verdict}\t{}\t{line}:{column}\t{why}", example.path, defect.fault.rule)
            .unwrap();
    }
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/schema_invalid.tsv");
    if std::env::var_os("EPCGATE_BLESS").is_some() {
        std::fs::write(&kept, &table).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&kept).unwrap_or_default(),
        table,
        "run with EPCGATE_BLESS=1 and review"
    );
}
