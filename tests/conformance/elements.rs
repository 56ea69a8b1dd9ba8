//! Application identifiers: the table against GS1's syntax dictionary, the checks of values against its vectors.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use epcgate::gs1::Check;
use epcgate::gs1::ElementFault;
use epcgate::gs1::ElementString;
use epcgate::gs1::application_identifier;
use epcgate::gs1::predefined_length;
use epcgate::gs1::takes_path;
use serde_json::Value;

use crate::corpus;
use crate::scans::text_of;
use crate::scans::vectors;

/// What the dictionary says of one application identifier, and what our table says.
#[derive(Debug, Default, PartialEq)]
struct Entry {
    form: String,
    predefined: bool,
    in_query: bool,
    needs: String,
    never_with: String,
    key: Option<String>,
}

fn dictionary() -> BTreeMap<String, Entry> {
    let file = corpus::shared().join("corpus/gs1-syntax-dictionary/gs1-syntax-dictionary.txt");
    let text = fs::read_to_string(file).unwrap();
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())) {
        let line = line.split(" # ").next().unwrap_or(line);
        let mut words = line.split_whitespace();
        let (first, last) = match words.next().unwrap() {
            range if range.contains('-') => range.split_once('-').unwrap(),
            one => (one, one),
        };
        for number in first.parse::<u32>().unwrap()..=last.parse().unwrap() {
            found.insert(format!("{number:0width$}", width = first.len()), entry(words.clone()));
        }
    }
    found
}

fn entry<'a>(words: impl Iterator<Item = &'a str>) -> Entry {
    let mut entry = Entry::default();
    let mut form = Vec::new();
    for word in words {
        if word.bytes().all(|byte| b"*?".contains(&byte)) {
            entry.predefined = word.contains('*');
            entry.in_query = word.contains('?');
        } else if let Some(groups) = word.strip_prefix("req=") {
            entry.needs = groups.replace(',', " ");
        } else if let Some(patterns) = word.strip_prefix("ex=") {
            entry.never_with = patterns.replace(',', " ");
        } else if let Some(lists) = word.strip_prefix("dlpkey") {
            entry.key = Some(lists.trim_start_matches('=').replace(',', " "));
        } else {
            form.push(word);
        }
    }
    entry.form = form.join(" ");
    entry
}

fn ours(identifier: &str) -> Option<Entry> {
    let found = application_identifier(identifier)?;
    Some(Entry {
        form: found.form(),
        predefined: predefined_length(identifier).is_some(),
        in_query: found.is_in_query(),
        needs: found.needs().to_owned(),
        never_with: found.never_with().to_owned(),
        key: found.qualifiers().map(str::to_owned),
    })
}

#[test]
fn the_table_says_what_the_dictionary_says() {
    let dictionary = dictionary();
    assert!(dictionary.len() > 500, "only {} application identifiers were read", dictionary.len());
    let mut wrong = Vec::new();
    for (identifier, expected) in &dictionary {
        match ours(identifier) {
            Some(found) if found == *expected => {}
            found => wrong.push(format!("{identifier}: {found:?}, not {expected:?}")),
        }
    }
    for number in 0..10_000 {
        for identifier in [format!("{number:02}"), format!("{number:03}"), format!("{number:04}")] {
            if application_identifier(&identifier).is_some() && !dictionary.contains_key(&identifier) {
                wrong.push(format!("{identifier} is in the table alone"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_identifier_has_a_name() {
    for identifier in dictionary().keys() {
        assert!(!application_identifier(identifier).unwrap().name().is_empty(), "{identifier}");
    }
}

/// Vectors that ask something else than what a value is.
const NOT_ASKED: &[(&str, &str)] = &[
    ("linter", "a stub of that library without a check"),
    ("INVALID_GCP_PREFIX", "a build of that library with a look-up that refuses every company prefix"),
    ("GCP_DATASOURCE_OFFLINE", "a build of that library whose look-up of company prefixes is out of reach"),
];

#[test]
fn values_are_judged_as_by_the_linters() {
    let (mut asked, mut left, mut wrong) = (0, 0, Vec::new());
    for vector in vectors("ai/linters.jsonl") {
        let (name, input) = (text_of(&vector, "linter"), text_of(&vector, "input"));
        if NOT_ASKED.iter().any(|(what, _)| *what == name || *what == text_of(&vector, "error")) {
            left += 1;
            continue;
        }
        asked += 1;
        match Check::parse(name).map(|check| check.judge(input)) {
            Some(verdict) if verdict.is_ok() == (vector["ok"] == true) => {}
            verdict => wrong.push(format!("{name} {input:?}: {verdict:?}, not {}", vector["error"])),
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 2800 && left <= 9, "{asked} asked, {left} left out");
}

#[test]
fn identifiers_that_do_not_go_together_are_told() {
    for vector in vectors("ai/associations.jsonl") {
        let input = text_of(&vector, "input");
        // That library is told here to take (89), which nobody has assigned; (91) stands for it.
        let found = ElementString::parse_bracketed(&input.replace("(89)", "(91)"));
        let fault = found.map_or_else(Some, |found| found.association_fault());
        assert_eq!(fault.is_none(), vector["ok"] == true, "{input}: {fault:?}");
    }
}

#[test]
fn a_faulty_value_is_shown_with_its_identifier() {
    for vector in vectors("ai/error_markup.jsonl") {
        let fault = ElementString::parse_bracketed(text_of(&vector, "input")).unwrap_err();
        assert_eq!(fault, ElementFault::Character("8001".into()));
    }
}

/// Sequences of ours that the vectors leave out: they list no (415), which the dictionary makes a key.
const MORE_PATHS: &[&[&str]] = &[&["415"], &["415", "8020"]];

#[test]
fn paths_of_digital_links_are_those_of_the_vectors() {
    let vector = &vectors("digitallink/path_ai_sequences.jsonl")[0];
    let listed: BTreeSet<Vec<&str>> = vector["sequences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sequence| sequence.as_array().unwrap().iter().filter_map(Value::as_str).collect())
        .collect();
    let mut ours: BTreeSet<Vec<&str>> = BTreeSet::new();
    let dictionary = dictionary();
    for key in dictionary.keys() {
        let Some(lists) = application_identifier(key).unwrap().qualifiers() else { continue };
        for list in lists.split('|') {
            let names: Vec<&str> = list.split_whitespace().collect();
            for chosen in 0..1 << names.len() {
                let taken = names.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0);
                let path: Vec<&str> =
                    [key.as_str()].into_iter().chain(taken.map(|(_, name)| *name)).collect();
                assert!(takes_path(&path), "{path:?}");
                ours.insert(path);
            }
        }
    }
    for path in MORE_PATHS {
        assert!(ours.remove(&path.to_vec()), "{path:?}");
    }
    assert_eq!(ours, listed);
    for path in [&["01", "10", "22"][..], &["01", "235", "21"], &["414", "254", "7040"], &["10"], &[]] {
        assert!(!takes_path(path), "{path:?}");
    }
}
