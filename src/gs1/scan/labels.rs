//! Labels: where one label ends and the next begins in a text that holds several scans.

use crate::gs1::ElementString;
use crate::gs1::Gtin;
use crate::gs1::Sscc;
use crate::gs1::Symbology;
use crate::gs1::scan::spelling::trimmed;

/// Bytes that the elements of one label have at most, however their separators are spelt.
const MOST_OF_ONE: usize = 1_024;

/// Labels that one text may hold.
const MOST_LABELS: usize = 64;

/// The texts of the labels, each as it was scanned; `None` for more than anybody scans into one field.
pub(super) fn labels(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    for line in lines(text) {
        for label in at_signs(line) {
            found.extend(at_keys(label));
            if found.len() > MOST_LABELS {
                return None;
            }
        }
    }
    Some(found)
}

/// Parts a text at the ends of lines; lines that go on with brackets belong together.
fn lines(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive(['\r', '\n', '\t', '\u{2}', '\u{3}', '\u{4}']) {
        let (begin, content) = (at, trimmed(line));
        at += line.len();
        if content.is_empty() {
            continue;
        }
        let open = found.last().filter(|open| open.starts_with('(') && content.starts_with('('));
        let goes_on = open.is_some_and(|open| !open.contains(content.get(..4).unwrap_or(content)));
        if goes_on && let Some(whole) = text.get(start..at) {
            found.pop();
            found.push(trimmed(whole));
        } else if found.len() <= MOST_LABELS {
            start = begin;
            found.push(content);
        }
    }
    found
}

/// Parts a text where a symbology identifier or another link begins, and where a bracketed key comes again.
fn at_signs(text: &str) -> Vec<&str> {
    let key = text.get(..4).filter(|key| matches!(*key, "(00)" | "(01)"));
    let is_link = |at: usize| {
        let begins = |scheme: &str| {
            text.get(at..at + scheme.len()).is_some_and(|found| found.eq_ignore_ascii_case(scheme))
        };
        begins("http://") || begins("https://")
    };
    let linked = is_link(0);
    let cuts = text.char_indices().skip(1).filter(|(at, letter)| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        match letter {
            ']' => !matches!(before, Some('^' | '|')) && is_identifier(text, *at),
            '(' => key.is_some_and(|key| text.get(*at..).is_some_and(|rest| rest.starts_with(key))),
            'h' | 'H' => linked && !matches!(before, Some('=' | '/' | '?' | '&')) && is_link(*at),
            _ => false,
        }
    });
    pieces(text, cuts.map(|(at, _)| at).take(MOST_LABELS))
}

fn is_identifier(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| Symbology::split(rest).0.is_some())
}

/// Parts two labels that came without anything between them, where there is one place alone that makes two of one text
/// that cannot be read whole.
fn at_keys(text: &str) -> Vec<&str> {
    let plain = Symbology::split(text).1;
    if !(plain.starts_with("01") || plain.starts_with("00")) || reads(plain) {
        return vec![text];
    }
    let offset = text.len() - plain.len();
    let places = (16..plain.len()).filter(|at| {
        let parted = plain.split_at_checked(*at);
        parted.is_some_and(|(head, tail)| begins_with_key(tail) && reads(head) && reads(tail))
    });
    let mut places = places.take(2);
    match (places.next(), places.next()) {
        (Some(place), None) => pieces(text, std::iter::once(offset + place)),
        _ => vec![text],
    }
}

fn begins_with_key(text: &str) -> bool {
    let value = |length: usize| text.get(2..2 + length).unwrap_or_default();
    (text.starts_with("01") && Gtin::parse(value(14)).is_ok())
        || (text.starts_with("00") && Sscc::parse(value(18)).is_ok())
}

fn reads(text: &str) -> bool {
    text.len() < MOST_OF_ONE && ElementString::parse(&text.replace("^]", "\u{1d}")).is_ok()
}

fn pieces(text: &str, cuts: impl Iterator<Item = usize>) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = (0, text);
    for cut in cuts {
        let (start, open) = rest;
        let Some((head, tail)) = open.split_at_checked(cut - start) else { continue };
        found.push(head);
        rest = (cut, tail);
    }
    found.push(rest.1);
    found.retain(|piece| !trimmed(piece).is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(labels(text).as_deref(), Some(expected), "{text:?}");
    }

    #[test]
    fn labels_are_parted_where_they_begin() {
        let (one, two) = ("010030001012345521A1", "010030001012346221B2");
        check(one, &[one]);
        check(&format!("{one}\r\n{two}\r\n"), &[one, two]);
        check(&format!("]d2{one}]d2{two}"), &[&format!("]d2{one}"), &format!("]d2{two}")]);
        check(&format!("]d2{one}\u{1d}17271231{two}"), &[&format!("]d2{one}\u{1d}17271231"), two]);
        check(&format!("{one}^]17271231"), &[&format!("{one}^]17271231")]);
        check("(01)00300010123455\n(21)A1\n(10)L", &["(01)00300010123455\n(21)A1\n(10)L"]);
        check(
            "(01)00300010123455(21)A\n(01)00300010123462(21)B",
            &["(01)00300010123455(21)A", "(01)00300010123462(21)B"],
        );
        check(
            "(01)00300010123455(21)A(01)00300010123462",
            &["(01)00300010123455(21)A", "(01)00300010123462"],
        );
        check("https://a/01/1https://a/01/2", &["https://a/01/1", "https://a/01/2"]);
        check("https://a/01/1?u=https://a/01/2", &["https://a/01/1?u=https://a/01/2"]);
        check("]E402345673|]e099X", &["]E402345673|]e099X"]);
        check("", &[]);
    }
}
