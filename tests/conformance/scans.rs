//! Scans, element strings and Digital Links against the vectors of other projects.

use std::fs;

use epcgate::gs1::Carrier;
use epcgate::gs1::ElementString;
use epcgate::gs1::Gtin;
use epcgate::gs1::Scan;
use epcgate::gs1::ScanFault;
use epcgate::gs1::Transmission;
use epcgate::gs1::escape;
use epcgate::gs1::predefined_length;
use serde_json::Value;

use crate::corpus;

/// Inputs where we differ on purpose, with the number of times, and why.
const DEVIATIONS: &[(&str, usize, &str)] = &[
    (
        "https://a/gtin/12312312312333",
        1,
        "short names are read by default; that library has them as a setting",
    ),
    ("https://a/01/2112345678900", 1, SHORT),
    ("https://a/01/416000336108", 1, SHORT),
    ("https://a/8004/9520614141234567?01=2112345678900", 1, SHORT),
    ("https://example.com/01/09520123456788?99=XYZ&89=ABC123", 1, UNKNOWN),
    ("(01)12312312312326(99)000001(89)XXX(95)INT", 1, UNKNOWN),
];

const SHORT: &str = "a GTIN without its zeros is read by default; that library has it as a setting";
const UNKNOWN: &str = "nobody has assigned (89); that library can be told to take it all the same";

pub(crate) fn vectors(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(corpus::shared().join("corpus/vectors").join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn text_of<'a>(vector: &'a Value, member: &str) -> &'a str {
    vector[member].as_str().unwrap_or_default()
}

/// Elements with `^` for FNC1 as the vectors write them: in front, and behind what has no length of its own.
fn unbracketed(elements: &ElementString) -> String {
    let mut text = String::from("^");
    let mut open = false;
    for (identifier, value) in elements.elements() {
        if open {
            text.push('^');
        }
        text += &format!("{identifier}{value}");
        open = predefined_length(identifier).is_none();
    }
    text
}

fn differ(file: &str, check: impl Fn(&Value) -> Option<String>) {
    let (mut asked, mut wrong) = (0, Vec::new());
    let mut deviated = vec![0; DEVIATIONS.len()];
    let vectors = vectors(file);
    for vector in &vectors {
        let input = text_of(vector, "input");
        asked += 1;
        let Some(difference) = check(vector) else { continue };
        match DEVIATIONS.iter().position(|(listed, _, _)| *listed == input) {
            Some(place) => deviated[place] += 1,
            None => wrong.push(format!("{input:?}: {difference}")),
        }
    }
    assert!(asked > 3, "{file}: only {asked} were asked");
    assert!(wrong.is_empty(), "{file}: {} of {asked} differ\n{}", wrong.len(), wrong.join("\n"));
    for ((input, times, reason), found) in DEVIATIONS.iter().zip(deviated) {
        if vectors.iter().any(|vector| text_of(vector, "input") == *input) {
            assert_eq!(found, *times, "{file}: {input} is listed as deviating ({reason})");
        }
    }
}

fn compare(found: Option<String>, expected: Option<&str>) -> Option<String> {
    (found.as_deref() != expected).then(|| format!("{found:?}, not {expected:?}"))
}

#[test]
fn bracketed_texts_are_read() {
    differ("ai/bracketed_parse.jsonl", |vector| {
        let found = ElementString::parse_bracketed(text_of(vector, "input"));
        compare(found.as_ref().map(unbracketed).ok(), vector["expected"].as_str())
    });
}

#[test]
fn elements_as_carried_are_judged_alike() {
    differ("ai/unbracketed_check.jsonl", |vector| {
        // Without FNC1 in front it is no element string to them.
        let elements = text_of(vector, "input").strip_prefix('^').unwrap_or_default();
        let found = ElementString::parse(&elements.replace('^', "\u{1d}"));
        (found.is_ok() != (vector["ok"] == true)).then(|| format!("{found:?}"))
    });
}

#[test]
fn faulty_values_are_refused() {
    differ("ai/ai_linters.jsonl", |vector| {
        let found = ElementString::parse_bracketed(text_of(vector, "input"));
        (found.is_ok() != (vector["ok"] == true)).then(|| format!("{found:?}, {}", vector["error"]))
    });
}

#[test]
fn digital_links_are_read() {
    differ("digitallink/parse.jsonl", |vector| {
        let found = ElementString::parse_link(text_of(vector, "input"));
        compare(found.as_ref().map(unbracketed).ok(), vector["expected"].as_str())
    });
}

#[test]
fn digital_links_are_written() {
    differ("digitallink/generate.jsonl", |vector| {
        let elements = ElementString::parse_bracketed(text_of(vector, "input"));
        let link = elements.and_then(|elements| elements.to_link(text_of(vector, "stem")));
        compare(link.ok(), vector["expected"].as_str())
    });
}

#[test]
fn values_in_links_are_escaped() {
    differ("digitallink/uri_escape.jsonl", |vector| {
        compare(Some(escape(text_of(vector, "input"))), vector["expected"].as_str())
    });
}

/// What was sent, as the vectors write it: `^` for FNC1, and a backslash before a caret that is none.
fn message(sent: &Transmission<'_>) -> String {
    match sent {
        Transmission::Elements(elements) => format!("^{}", elements.replace('\u{1d}', "^")),
        Transmission::Gtin(digits, None) => (*digits).to_owned(),
        Transmission::Gtin(digits, Some(above)) => format!("{digits}|^{}", above.replace('\u{1d}', "^")),
        Transmission::Text(text) if text.trim_start_matches('\\').starts_with('^') => format!("\\{text}"),
        Transmission::Text(text) => (*text).to_owned(),
    }
}

#[test]
fn what_scanners_send_is_read() {
    differ("scan/parse.jsonl", |vector| {
        let found = Transmission::parse(text_of(vector, "input"));
        compare(found.as_ref().map(message), vector["expected"].as_str())
    });
}

#[test]
fn scanned_data_names_its_item() {
    differ("scan/parse.jsonl", |vector| {
        let input = text_of(vector, "input");
        let found = Scan::parse(input);
        let expected = text_of(vector, "expected");
        let digits = expected.split('|').next().unwrap_or_default();
        let named =
            expected.starts_with("^01") || expected.to_lowercase().starts_with("https") || digits.len() == 8;
        match &found {
            Ok(_) if named => None,
            // Twelve digits are a UPC-A, which some scanners send without the zero in front.
            Ok(_) if input == "]E0123456789012" => None,
            // Data without a key, and data that is not of GS1, name nothing.
            Err(ScanFault::NotGs1(_) | ScanFault::Empty | ScanFault::NoKey) if !named => None,
            Err(_) if vector["ok"] == false => None,
            _ => Some(format!("{found:?}")),
        }
    });
}

fn carrier(symbology: &str) -> Option<Carrier> {
    Some(match symbology {
        "QR" => Carrier::Qr,
        "DM" => Carrier::DataMatrix,
        "DotCode" => Carrier::DotCode,
        "DataBarOmni" => Carrier::DataBar,
        "DataBarLimited" => Carrier::DataBarLimited,
        "UPCA" | "UPCE" | "EAN13" => Carrier::Ean13,
        "EAN8" => Carrier::Ean8,
        _ => return None,
    })
}

/// What is sent for a message as the vectors write it.
fn sent(carrier: Carrier, input: &str) -> Option<String> {
    let is_linear =
        matches!(carrier, Carrier::DataBar | Carrier::DataBarLimited | Carrier::Ean13 | Carrier::Ean8);
    if !is_linear {
        return match input.strip_prefix('^') {
            Some(elements) => carrier.send_elements(&elements.replace('^', "\u{1d}")).ok(),
            None => carrier.send_text(input),
        };
    }
    let (linear, above) =
        input.split_once("|^").map_or((input, None), |(linear, above)| (linear, Some(above)));
    let gtin = Gtin::parse(linear.strip_prefix("^01").unwrap_or(linear)).ok()?;
    carrier.send_gtin(gtin, above.map(|above| above.replace('^', "\u{1d}")).as_deref()).ok()
}

#[test]
fn what_scanners_send_is_written() {
    differ("scan/generate.jsonl", |vector| {
        let carrier = carrier(text_of(vector, "symbology"));
        let found = carrier.and_then(|carrier| sent(carrier, text_of(vector, "input")));
        compare(found, vector["expected"].as_str())
    });
}
