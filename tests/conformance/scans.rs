//! Scans and element strings against the vectors of other projects.

use std::fs;

use epcgate::gs1::ElementString;
use epcgate::gs1::Scan;
use epcgate::gs1::ScanFault;
use serde_json::Value;

use crate::corpus;

/// Inputs where we differ on purpose, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    ("]E402345673|]e099COMPOSITE\u{1d}98XYZ", "a composite symbol: its second part names nothing"),
    ("]E0123456789012", "the twelve digits of a UPC-A, which some scanners send as EAN-13"),
    ("(4326)201200", NOT_YET),
    ("(4324)2012252400", NOT_YET),
    ("(4324)2012252360", NOT_YET),
    ("(8030)123=", NOT_YET),
];

const NOT_YET: &str = "an identifier that no medicine has; refused as unknown, and so for another reason";

/// Faults that only their own linters know: lists of countries, currencies, coupons.
const LINTERS: &[&str] = &[
    "INCORRECT_CHECK_PAIR",
    "TOO_SHORT_FOR_CHECK_PAIR",
    "TOO_SHORT_FOR_GCP",
    "INVALID_IMPORT_IDX_CHARACTER",
    "ILLEGAL_ZERO_PREFIX",
    "INVALID_WINDING_DIRECTION",
    "NOT_ISO3166",
    "NOT_ISO3166_ALPHA2",
    "NOT_ISO4217",
    "INVALID_PERCENT_SEQUENCE",
    "ZERO_PIECE_NUMBER",
    "INVALID_BIOLOGICAL_SEX_CODE",
    "POSITION_IN_SEQUENCE_MALFORMED",
];

fn vectors(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(corpus::shared().join("corpus/vectors").join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text_of<'a>(vector: &'a Value, member: &str) -> &'a str {
    vector[member].as_str().unwrap_or_default()
}

/// Elements with `^` for FNC1 as the vectors write them: in front, and behind what has no length of its own.
fn unbracketed(elements: &ElementString) -> String {
    let fixed = |identifier: &str| {
        matches!(identifier.get(..2), Some("00" | "01" | "02" | "03" | "20" | "41"))
            || matches!(identifier.get(..2), Some(two) if ("11".."20").contains(&two) || ("31".."37").contains(&two))
    };
    let mut text = String::from("^");
    let mut open = false;
    for (identifier, value) in elements.elements() {
        if open {
            text.push('^');
        }
        text += &format!("{identifier}{value}");
        open = !fixed(identifier);
    }
    text
}

fn differ(file: &str, check: impl Fn(&Value) -> Option<String>) {
    let (mut asked, mut wrong) = (0, Vec::new());
    for vector in vectors(file) {
        let input = text_of(&vector, "input");
        if DEVIATIONS.iter().any(|(listed, _)| *listed == input) {
            continue;
        }
        asked += 1;
        wrong.extend(check(&vector).map(|difference| format!("{input:?}: {difference}")));
    }
    assert!(asked > 10, "{file}: only {asked} were asked");
    assert!(wrong.is_empty(), "{file}: {} of {asked} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn bracketed_texts_are_read() {
    differ("ai/bracketed_parse.jsonl", |vector| {
        let found = ElementString::parse_bracketed(text_of(vector, "input"));
        let shown = found.as_ref().map(unbracketed);
        let expected = vector["expected"].as_str();
        (shown.as_deref().ok() != expected).then(|| format!("{shown:?}, not {expected:?}"))
    });
}

#[test]
fn elements_as_carried_are_judged_alike() {
    differ("ai/unbracketed_check.jsonl", |vector| {
        let input = text_of(vector, "input");
        let found = match input.strip_prefix('^') {
            Some(elements) => ElementString::parse(&elements.replace('^', "\u{1d}")),
            // Without FNC1 in front it is no element string to them.
            None => return None,
        };
        (found.is_ok() != (vector["ok"] == true)).then(|| format!("{found:?}"))
    });
}

#[test]
fn faulty_values_are_refused() {
    differ("ai/ai_linters.jsonl", |vector| {
        let error = text_of(vector, "error");
        if LINTERS.contains(&error) || error.starts_with("COUPON") {
            return None;
        }
        let found = ElementString::parse_bracketed(text_of(vector, "input"));
        (found.is_ok() != (vector["ok"] == true)).then(|| format!("{found:?}, {error}"))
    });
}

#[test]
fn scanned_data_names_its_item() {
    differ("scan/parse.jsonl", |vector| {
        let input = text_of(vector, "input");
        let found = Scan::parse(input);
        let expected = text_of(vector, "expected");
        let named = expected.starts_with("^01")
            || expected.to_lowercase().starts_with("https")
            || expected.len() == 8;
        match &found {
            Ok(_) if named => None,
            // Data without a key, and data that is not of GS1, name nothing.
            Err(ScanFault::NotGs1(_) | ScanFault::Empty | ScanFault::NoKey) if !named => None,
            Err(_) if vector["ok"] == false => None,
            _ => Some(format!("{found:?}")),
        }
    });
}
