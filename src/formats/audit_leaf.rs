//! The leaves of the audit trail: each act as one line of JSON, whose bytes are what the Merkle log hashes.
//!
//! Version 1: one object without spaces or line ends. Its members, in this order: `v` (1), `number`, `at` (UTC, six decimals,
//! `Z`), `actor`, `act`, `object`, `outcome`, `why`, `before`, `after`, `detail`; those that are empty are left out. Texts are JSON
//! strings in UTF-8 with the shortest escapes (as RFC 8785 has them). `before`, `after` and `detail` are the JSON that was written
//! down, byte for byte; what is no JSON, or has a line end, is a string.

use std::fmt::Write;

use chrono::SecondsFormat;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::dscsa::AuditRecord;

/// The version of the form of leaves that is written.
const VERSION: u32 = 1;

/// The leaf of an act, without a line end.
pub fn leaf(record: &AuditRecord) -> String {
    let entry = &record.entry;
    let at = entry.at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut line = format!("{{\"v\":{VERSION},\"number\":{},\"at\":\"{at}\"", record.number);
    let texts = [
        ("actor", &entry.actor),
        ("act", &entry.act),
        ("object", &entry.object),
        ("outcome", &entry.outcome),
        ("why", &entry.why),
    ];
    for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        push(&mut line, name, &quoted(text));
    }
    let values = [("before", &entry.before), ("after", &entry.after), ("detail", &entry.detail)];
    for (name, text) in values.iter().filter(|(_, text)| !text.is_empty()) {
        match is_one_line_of_json(text) {
            true => push(&mut line, name, text),
            false => push(&mut line, name, &quoted(text)),
        }
    }
    line.push('}');
    line
}

/// What a leaf says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LeafHead {
    /// The version of its form.
    pub v: u32,
    /// Its place in the trail.
    pub number: u64,
    /// When.
    pub at: String,
    /// Who.
    #[serde(default)]
    pub actor: String,
    /// What was done.
    #[serde(default)]
    pub act: String,
}

impl LeafHead {
    /// Reads a leaf; fails, in words, where it is none.
    pub fn read(line: &[u8]) -> Result<LeafHead, String> {
        let head: LeafHead = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        match head.v {
            VERSION => Ok(head),
            version => Err(format!("it is of version {version}, of which nothing is known here")),
        }
    }
}

fn push(line: &mut String, name: &str, value: &str) {
    // Writing to a String does not fail.
    let _ = write!(line, ",\"{name}\":{value}");
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn is_one_line_of_json(text: &str) -> bool {
    !text.contains(['\n', '\r']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use crate::dscsa::AuditEntry;

    use super::*;

    fn check(change: impl FnOnce(AuditEntry) -> AuditEntry, rest: &str) {
        let at = DateTime::from_timestamp_micros(1_772_000_000_000_001).unwrap();
        let entry = change(AuditEntry::done(at, "operator", "holds.placed", ""));
        let line = leaf(&AuditRecord { number: 17, entry });
        let first = r#"{"v":1,"number":17,"at":"2026-02-25T06:13:20.000001Z","actor":"operator","act":"holds.placed""#;
        assert_eq!(line, format!("{first}{rest}}}"));
        let head = LeafHead::read(line.as_bytes()).unwrap();
        assert_eq!((head.number, head.act.as_str()), (17, "holds.placed"));
    }

    #[test]
    fn leaves_are_as_documented() {
        check(|entry| entry, r#","outcome":"done""#);
        check(|entry| entry.because("a \"b\"\n\u{1}é"), r#","outcome":"done","why":"a \"b\"\n\u0001é""#);
        check(
            |entry| entry.before(r#"{"b": 1.50}"#).after("{\"b\":\n2}").with("{no"),
            r#","outcome":"done","before":{"b": 1.50},"after":"{\"b\":\n2}","detail":"{no""#,
        );
        assert!(LeafHead::read(b"{}").is_err());
        assert!(LeafHead::read(br#"{"v":2,"number":0,"at":""}"#).unwrap_err().contains("version 2"));
    }
}
