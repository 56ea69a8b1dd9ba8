//! Event hash IDs against the vectors of the reference implementation, and across forms.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use epcgate::epcis::event_id::event_hash_id;
use epcgate::epcis::event_id::pre_hash_string;

use crate::corpus;
use crate::reading::Read;
use crate::reading::read_file;

/// Events whose vector we do not follow, and why: (document, position of the event from 0, reason).
const DEVIATIONS: &[(&str, usize, &str)] = &[(
    "epcisDocHavingEventWithIgnoreFields.jsonld",
    0,
    "the reference leaves out what the document lists as ignoreFields, of which the standard knows nothing",
)];

/// Pairs of documents that do not have the same hashes, and why: (the first document, reason).
const PAIR_DEVIATIONS: &[(&str, &str)] = &[];

#[test]
fn every_vector_agrees_or_deviates_on_purpose() {
    let folder = corpus::shared().join("corpus/ralphtro-event-hash/examples");
    let (mut asked, mut wrong) = (0, Vec::new());
    let mut deviated = BTreeSet::new();
    for document in documents_in(&folder) {
        let name = document.file_name().unwrap().to_string_lossy().into_owned();
        let read = read_file(&document);
        let found = [
            ("prehashes", read.events.iter().map(pre_hash_string).collect()),
            ("hashes", read.events.iter().map(event_hash_id).collect::<Vec<String>>()),
        ];
        for (extension, found) in found {
            let Ok(text) = fs::read_to_string(document.with_extension(extension)) else { continue };
            let expected: Vec<&str> = text.lines().collect();
            assert_eq!(found.len(), expected.len(), "{name}: {:?}", read.defects);
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                asked += 1;
                if found == expected {
                    continue;
                }
                match DEVIATIONS.iter().position(|(listed, at, _)| *listed == name && *at == index) {
                    Some(place) => _ = deviated.insert(place),
                    None => wrong.push(format!("{name}, event {index}\n  {expected}\n  {found}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} differ\n{}", wrong.len(), wrong.join("\n"));
    for (place, (name, index, reason)) in DEVIATIONS.iter().enumerate() {
        assert!(deviated.contains(&place), "{name}, event {index}, is listed ({reason}), and agrees");
    }
    assert!(asked > 50, "only {asked} were asked");
}

#[test]
fn events_of_one_file_that_mean_the_same_have_one_hash() {
    let mut asked = 0;
    for document in documents_in(&corpus::shared().join("corpus/ralphtro-event-hash/expected_equal")) {
        let read = read_file(&document);
        assert!(read.events.len() > 1, "{}: {:?}", document.display(), read.defects);
        let hashes: BTreeSet<String> = read.hashes().into_iter().collect();
        assert_eq!(hashes.len(), 1, "{}\n{}", document.display(), shown(&read));
        asked += 1;
    }
    assert!(asked > 8, "only {asked} were asked");
}

#[test]
fn documents_that_mean_the_same_have_the_same_hashes() {
    let table = fs::read_to_string(corpus::corpus().join("hash_equal.tsv")).unwrap();
    let (mut asked, mut wrong) = (0, Vec::new());
    for line in table.lines().skip(1) {
        let (one, other) = line.split_once('\t').unwrap();
        let [a, b] = [one, other].map(|path| read_file(&corpus::corpus().join(path)));
        let form_differs = one.contains("/XML/") != other.contains("/XML/");
        let listed = PAIR_DEVIATIONS.iter().any(|(listed, _)| *listed == one && form_differs);
        let agrees = !a.events.is_empty() && a.hashes() == b.hashes();
        asked += 1;
        if agrees && listed {
            wrong.push(format!("{one} is listed as deviating, and agrees"));
        } else if !agrees && !listed {
            let defects = [&a.defects, &b.defects];
            wrong.push(format!("{one}\n{}{other}\n{}{defects:?}", shown(&a), shown(&b)));
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} pairs differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 10, "only {asked} pairs");
}

fn documents_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_document = |path: &PathBuf| {
        path.extension().is_some_and(|kind| kind == "xml" || kind == "json" || kind == "jsonld")
    };
    let mut documents: Vec<PathBuf> = entries.filter(is_document).collect();
    documents.sort();
    documents
}

fn shown(read: &Read) -> String {
    read.events.iter().map(|event| format!("  {}\n", pre_hash_string(event))).collect()
}
