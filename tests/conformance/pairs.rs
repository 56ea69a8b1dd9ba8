//! The same document in several forms: their events must be the same.

use std::fmt::Write;

use epcgate::epcis::Event;

use crate::corpus::corpus;
use crate::reading::read_file;

/// Lines whose documents say different things after all, each with the reason: (any path of the line, reason).
const DEVIATIONS: &[(&str, &str)] = &[(
    "gs1-EPCIS/examples/JSON/AssociationEvent/AssociationEvent-h.jsonld",
    "one event has two different eventIDs and is refused: taking either would lose the other",
)];

/// What two forms of one event must share: type, time, and every identifier by its key.
fn gist(event: &Event) -> String {
    let mut keys: Vec<String> = event.what.epcs().iter().map(|epc| epc.key()).collect();
    if let epcgate::epcis::What::Transformation { input_epcs, output_epcs, .. } = &event.what {
        keys.extend(input_epcs.iter().chain(output_epcs).map(|epc| epc.key()));
    }
    keys.sort();
    let parent = event.what.parent().map(|epc| epc.key());
    format!("{:?} {:?} {parent:?} {keys:?}", event.what.kind(), event.time.microseconds())
}

#[test]
fn documents_of_one_line_have_the_same_events() {
    let text = std::fs::read_to_string(corpus().join("pairs.tsv")).unwrap();
    let mut complaints = String::new();
    let (mut lines, mut deviating) = (0, 0);
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        if columns[1] != "yes" {
            continue;
        }
        lines += 1;
        let paths: Vec<&str> = columns[2..]
            .iter()
            .flat_map(|column| column.split(" | "))
            .filter(|path| !path.is_empty() && !path.contains("/Invalid/"))
            .collect();
        let mut faults = String::new();
        let mut first: Option<(&str, Vec<String>)> = None;
        for path in &paths {
            let read = read_file(&corpus().join(path));
            if read.errors > 0 {
                writeln!(faults, "{path}: {}", read.defects[0]).unwrap();
            }
            let gists: Vec<String> = read.events.iter().map(gist).collect();
            match &first {
                None => first = Some((path, gists)),
                Some((other, expected)) if *expected != gists => {
                    let differing = expected.iter().zip(&gists).find(|(a, b)| a != b);
                    writeln!(faults, "{other} and {path}: {differing:?}").unwrap();
                }
                Some(_) => {}
            }
        }
        let listed = DEVIATIONS.iter().any(|(path, _)| paths.contains(path));
        deviating += usize::from(listed);
        if listed == faults.is_empty() {
            writeln!(complaints, "{} (listed: {listed}) {faults}", paths[0]).unwrap();
        }
    }
    assert!(lines >= 70, "only {lines} lines");
    assert!(deviating * 50 < lines, "{deviating} of {lines} deviate");
    assert!(complaints.is_empty(), "\n{complaints}");
}
