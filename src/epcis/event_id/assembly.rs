//! The pre-hash string in the making: parts of one level are written as they come and sorted in place.

use std::cmp::Ordering;

use crate::gs1::Series;

/// A text, and the parts of its last levels that are to be sorted.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// What is written so far.
    pub(super) text: String,
    parts: Vec<Part>,
    spare: String,
    /// The trade item of the identifier written last.
    pub(super) series: Series,
}

/// Where a part stands in the text, and its first bytes that tell it from its neighbours.
#[derive(Clone, Copy, Debug)]
struct Part {
    key: u64,
    start: usize,
    end: usize,
}

/// A level of parts, begun with [`Assembly::open`].
#[must_use]
pub(super) struct Level {
    first: usize,
}

impl Assembly {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.parts.clear();
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Begins a level of parts that follow each other without anything between them.
    pub(super) fn open(&mut self) -> Level {
        Level { first: self.parts.len() }
    }

    /// Writes one part of the level.
    pub(super) fn part(&mut self, write: impl FnOnce(&mut Assembly)) {
        let start = self.text.len();
        write(self);
        let end = self.text.len();
        if end > start {
            self.parts.push(Part { key: 0, start, end });
        }
    }

    /// Ends the level: its parts now stand in the order of their code points.
    pub(super) fn close(&mut self, level: Level) {
        let Assembly { text, parts, spare, .. } = self;
        let sorted = parts.get_mut(level.first..).unwrap_or_default();
        let start = sorted.first().map_or(text.len(), |part| part.start);
        if sort(text.as_bytes(), sorted) {
            spare.clear();
            for part in sorted.iter() {
                spare.push_str(text.get(part.start..part.end).unwrap_or_default());
            }
            text.truncate(start);
            text.push_str(spare);
        }
        parts.truncate(level.first);
    }
}

/// Sorts by bytes, which in UTF-8 is the order of code points; false where nothing had to be moved.
fn sort(text: &[u8], parts: &mut [Part]) -> bool {
    let bytes = |part: &Part| text.get(part.start..part.end).unwrap_or_default();
    if parts.is_sorted_by(|a, b| bytes(a) <= bytes(b)) {
        return false;
    }
    // Identifiers of one list begin alike. The eight bytes behind what all have in common decide nearly every comparison.
    let Some(first) = parts.first().copied() else { return false };
    let common = parts.iter().skip(1).fold(bytes(&first).len(), |common, part| {
        let known = bytes(&first).get(..common).unwrap_or_default();
        if bytes(part).starts_with(known) {
            return common;
        }
        known.iter().zip(bytes(part)).take_while(|(a, b)| a == b).count()
    });
    for part in parts.iter_mut() {
        part.key = key(bytes(part).get(common..).unwrap_or_default());
    }
    let order = |a: &Part, b: &Part| match a.key.cmp(&b.key) {
        Ordering::Equal => bytes(a).cmp(bytes(b)),
        unequal => unequal,
    };
    parts.sort_unstable_by(order);
    true
}

fn key(bytes: &[u8]) -> u64 {
    let mut key = [0; 8];
    for (to, from) in key.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_be_bytes(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parts: &[&str], expected: &str) {
        let mut assembly = Assembly::default();
        assembly.push("x");
        let level = assembly.open();
        for part in parts {
            assembly.part(|assembly| assembly.push(part));
        }
        assembly.close(level);
        assembly.push("y");
        assert_eq!(assembly.as_str(), format!("x{expected}y"));
        assert!(assembly.parts.is_empty());
    }

    #[test]
    fn sorts_parts() {
        check(&[], "");
        check(&["b", "a"], "ab");
        check(&["field2=1", "field=2"], "field2=1field=2");
        check(
            &["commonlonglongtail2", "commonlonglongtail10", "common"],
            "commoncommonlonglongtail10commonlonglongtail2",
        );
        check(&["\u{1f600}", "\u{ffe0}", "z", "z"], "zz\u{ffe0}\u{1f600}");
    }

    #[test]
    fn sorts_levels_within_levels() {
        let mut assembly = Assembly::default();
        let outer = assembly.open();
        for name in ["n", "m"] {
            assembly.part(|assembly| {
                assembly.push(name);
                let inner = assembly.open();
                assembly.part(|assembly| assembly.push("2"));
                assembly.part(|assembly| assembly.push("1"));
                assembly.close(inner);
            });
        }
        assembly.close(outer);
        assert_eq!(assembly.as_str(), "m12n12");
    }
}
