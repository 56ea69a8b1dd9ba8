//! PrefixTable: GS1's table of company prefix lengths, in a compact form of our own.
//!
//! The table says of leading digits how long the company prefix is that starts with them; the longest match
//! wins. Spread over all numbers of twelve digits it is a list of ranges, each with one length, and that
//! list is what we keep. The compact form is text in three lines, `epcgate company prefix lengths 1`, the
//! date and the origin, then for each range one byte, its upper half the number of zeros `z` at the end of
//! the distance, its lower half the length (0: none known), and the distance from the start of the range
//! before divided by 10^z, as a base-128 number, lowest group first, high bit set in all groups but the last.

use std::io::Read;

use serde_json::Value;

use crate::gs1::Flaw;
use crate::gs1::Malformed;

const SIGNATURE: &str = "epcgate company prefix lengths 1";
const PLACES: usize = 12;
const MOST_BYTES: u64 = 32 << 20;

/// Lengths of company prefixes by their leading digits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrefixTable {
    date: String,
    origin: String,
    /// First number of each range, ascending.
    starts: Vec<u64>,
    lengths: Vec<u8>,
}

impl PrefixTable {
    /// Builds the table from leading digits and lengths in any order; 0 means that no length is known.
    pub fn new<'a>(
        date: &str,
        origin: &str,
        entries: impl IntoIterator<Item = (&'a str, u8)>,
    ) -> Result<Self, Malformed> {
        let mut spans = Vec::new();
        for (prefix, length) in entries {
            let malformed = |problem| Malformed::new(prefix, Flaw::PrefixTable { problem });
            if !is_length(length) {
                return Err(malformed("a length is neither 0 nor 4 to 12"));
            }
            let (start, end) = span(prefix).ok_or_else(|| malformed("a prefix is not 1 to 12 digits"))?;
            spans.push((start, end, length));
        }
        // Wider spans first, so that what lies within comes after what it lies in.
        spans.sort_unstable_by_key(|&(start, end, _)| (start, u64::MAX - end));
        let one_line = |text: &str| text.replace(['\n', '\r'], " ");
        let mut table = Self { date: one_line(date), origin: one_line(origin), ..Self::default() };
        table.lay(&spans);
        Ok(table)
    }

    /// Reads the JSON that GS1 publishes: `{"GCPPrefixFormatList":{"date":…,"entry":[{"prefix":…,"gcpLength":…}]}}`.
    pub fn from_gs1_json(source: impl Read) -> Result<Self, Malformed> {
        let malformed = |problem| Malformed::new("GCPPrefixFormatList", Flaw::PrefixTable { problem });
        let document: Value =
            serde_json::from_reader(source.take(MOST_BYTES)).map_err(|_| malformed("it is not JSON"))?;
        let list =
            document.get("GCPPrefixFormatList").ok_or_else(|| malformed("GCPPrefixFormatList is missing"))?;
        let entries =
            list.get("entry").and_then(Value::as_array).ok_or_else(|| malformed("entry is missing"))?;
        let mut pairs = Vec::with_capacity(entries.len());
        for entry in entries {
            let prefix = entry.get("prefix").and_then(Value::as_str);
            let length =
                entry.get("gcpLength").and_then(Value::as_u64).and_then(|length| u8::try_from(length).ok());
            match (prefix, length) {
                (Some(prefix), Some(length)) => pairs.push((prefix, length)),
                _ => return Err(malformed("an entry has no prefix or no gcpLength")),
            }
        }
        if pairs.is_empty() {
            return Err(malformed("it has no entries"));
        }
        let date = list.get("date").and_then(Value::as_str).unwrap_or_default();
        Self::new(date, "GS1 GCP length table", pairs)
    }

    /// Reads the compact form; fails on anything it cannot have written.
    pub fn from_compact(bytes: &[u8]) -> Result<Self, Malformed> {
        let malformed = |problem| Malformed::new(SIGNATURE, Flaw::PrefixTable { problem });
        let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
        let mut line = || lines.next().and_then(|line| std::str::from_utf8(line).ok());
        if line() != Some(SIGNATURE) {
            return Err(malformed("its first line is not that of the compact form"));
        }
        let (Some(date), Some(origin)) = (line(), line()) else {
            return Err(malformed("its date or origin is missing"));
        };
        let mut table = Self { date: date.to_owned(), origin: origin.to_owned(), ..Self::default() };
        let mut rest = lines.next().unwrap_or_default();
        let mut start = 0u64;
        while let Some((&head, behind)) = rest.split_first() {
            if !is_length(head & 15) {
                return Err(malformed("a length is neither 0 nor 4 to 12"));
            }
            let (distance, behind) = distance(head, behind).ok_or_else(|| malformed("it breaks off"))?;
            start = start
                .checked_add(distance)
                .filter(|start| *start < 10u64.pow(PLACES as u32))
                .ok_or_else(|| malformed("a range starts beyond twelve digits"))?;
            if table.starts.last().is_some_and(|before| *before >= start) {
                return Err(malformed("its ranges are not in order"));
            }
            table.starts.push(start);
            table.lengths.push(head & 15);
            rest = behind;
        }
        Ok(table)
    }

    /// Writes the compact form.
    pub fn to_compact(&self) -> Vec<u8> {
        let mut bytes = format!("{SIGNATURE}\n{}\n{}\n", self.date, self.origin).into_bytes();
        let mut before = 0;
        for (start, length) in self.starts.iter().zip(&self.lengths) {
            let mut distance = start - before;
            before = *start;
            let mut zeros = 0u8;
            while distance != 0 && distance.is_multiple_of(10) {
                distance /= 10;
                zeros += 1;
            }
            bytes.push(zeros << 4 | length);
            while distance >= 128 {
                bytes.push(distance as u8 | 128);
                distance >>= 7;
            }
            bytes.push(distance as u8);
        }
        bytes
    }

    /// Tells the date the table states.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Tells where the table comes from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Finds the length of the company prefix these digits start with. Digits too few to tell, and those of
    /// which GS1 gives no length, have none.
    pub fn length_of(&self, digits: &str) -> Option<u8> {
        let head = digits.get(..digits.len().min(PLACES))?;
        let (start, end) = span(head)?;
        let next = self.starts.partition_point(|first| *first <= start);
        let length = *self.lengths.get(next.checked_sub(1)?)?;
        let whole = self.starts.get(next).is_none_or(|first| *first >= end);
        (length != 0 && whole && usize::from(length) <= digits.len()).then_some(length)
    }

    fn lay(&mut self, spans: &[(u64, u64, u8)]) {
        let mut open: Vec<(u64, u8)> = Vec::new();
        for &(start, end, length) in spans {
            self.close(&mut open, start);
            open.push((end, length));
            self.lay_one(start, length);
        }
        self.close(&mut open, u64::MAX);
    }

    fn close(&mut self, open: &mut Vec<(u64, u8)>, until: u64) {
        while let Some((end, _)) = open.pop_if(|(end, _)| *end <= until) {
            self.lay_one(end, open.last().map_or(0, |(_, length)| *length));
        }
    }

    fn lay_one(&mut self, start: u64, length: u8) {
        if start >= 10u64.pow(PLACES as u32) {
            return;
        }
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.lengths.pop();
        }
        if self.lengths.last().copied().unwrap_or(0) != length {
            self.starts.push(start);
            self.lengths.push(length);
        }
    }
}

fn is_length(length: u8) -> bool {
    matches!(length, 0 | 4..=12)
}

/// The numbers of twelve digits that start with these: the first, and the one behind the last.
fn span(prefix: &str) -> Option<(u64, u64)> {
    if !(1..=PLACES).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let width = 10u64.pow((PLACES - prefix.len()) as u32);
    let start = prefix.parse::<u64>().ok()? * width;
    Some((start, start + width))
}

fn distance(head: u8, bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().enumerate().take(6) {
        value |= u64::from(byte & 127) << (7 * at);
        if byte & 128 == 0 {
            let scale = 10u64.pow(u32::from(head >> 4));
            return Some((value.checked_mul(scale)?, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> PrefixTable {
        let entries = [("401", 7), ("4012", 9), ("40125", 0), ("95", 12), ("0", 6), ("4019", 7)];
        PrefixTable::new("2026-10-01", "a test", entries).unwrap()
    }

    fn check(digits: &str, expected: Option<u8>) {
        assert_eq!(table().length_of(digits), expected, "{digits}");
    }

    #[test]
    fn the_longest_match_wins() {
        check("401134512345", Some(7));
        check("401234512345", Some(9));
        check("401254512345", None);
        check("401300000000", Some(7));
        check("402000000000", None);
        check("012345", Some(6));
        check("950000000000", Some(12));
        check("999999999999", None);
    }

    #[test]
    fn too_few_digits_tell_nothing() {
        check("401", None);
        check("40130", None);
        check("4013000", Some(7));
        check("", None);
        check("40A", None);
    }

    #[test]
    fn the_compact_form_is_read_back() {
        let table = table();
        assert_eq!(PrefixTable::from_compact(&table.to_compact()).unwrap(), table);
        let mut broken = table.to_compact();
        broken.pop();
        assert!(PrefixTable::from_compact(&broken).is_err());
        assert!(PrefixTable::from_compact(b"something else").is_err());
        for records in [&[0x0F, 1][..], &[0x07, 1, 0x08, 0], &[0xF7, 0xFF, 0xFF, 0xFF, 0x7F], &[0x07]] {
            let bytes = [SIGNATURE.as_bytes(), b"\n\n\n", records].concat();
            assert!(PrefixTable::from_compact(&bytes).is_err(), "{records:?}");
        }
    }

    #[test]
    fn the_json_of_gs1_is_read() {
        let json =
            r#"{"GCPPrefixFormatList":{"date":"2026-10-01","entry":[{"prefix":"401","gcpLength":7}]}}"#;
        let table = PrefixTable::from_gs1_json(json.as_bytes()).unwrap();
        assert_eq!((table.date(), table.length_of("4011234")), ("2026-10-01", Some(7)));
        for wrong in ["", "{}", r#"{"GCPPrefixFormatList":{"entry":[{"prefix":"4x","gcpLength":7}]}}"#] {
            assert!(PrefixTable::from_gs1_json(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
