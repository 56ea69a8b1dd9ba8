//! Application identifiers of element strings: how long each value is, what it may hold, and what it goes with (GS1 General
//! Specifications, section 3; GS1 Barcode Syntax Dictionary). A further identifier is one line of `rows.rs`.

mod rows;

use crate::gs1::element_check::Check;
use crate::gs1::element_table::rows::DEFINITIONS;
use crate::gs1::percent::Characters;

/// A part of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) characters: Characters,
    pub(super) least: u8,
    pub(super) most: u8,
    /// What it must be besides its characters.
    pub(super) checks: &'static [Check],
    /// May be missing, with all that follow.
    pub(super) optional: bool,
}

impl Part {
    const fn by(self, checks: &'static [Check]) -> Part {
        Part { checks, ..self }
    }
}

/// One application identifier, or several in a row of the same form.
#[derive(Debug)]
pub struct Definition {
    first: u16,
    last: u16,
    /// Digits of the identifier without its last one where that tells decimal places.
    stem: u8,
    /// The identifier has one more digit, the decimal places of its value, up to this.
    decimals: Option<u8>,
    name: &'static str,
    parts: &'static [Part],
    in_query: bool,
    needs: &'static str,
    never_with: &'static str,
    key: Option<&'static str>,
}

impl Definition {
    /// What the value is, in a few words.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Digits of the identifier.
    pub fn digits(&self) -> usize {
        usize::from(self.stem) + usize::from(self.decimals.is_some())
    }

    /// Most characters of the value.
    pub fn most(&self) -> usize {
        self.parts.iter().map(|part| usize::from(part.most)).sum()
    }

    /// The parts of the value in the notation of GS1's dictionary: `N` digits, `X` set 82, `Y` set 39, `Z` base64url, each
    /// with its length and its checks, in brackets where it may be missing.
    pub fn form(&self) -> String {
        let parts = self.parts.iter().map(|part| {
            let letter = match part.characters {
                Characters::Digits => 'N',
                Characters::Set82 => 'X',
                Characters::Set39 => 'Y',
                Characters::Set64 => 'Z',
            };
            let range = if part.least == part.most { "" } else { ".." };
            let (open, close) = if part.optional { ("[", "]") } else { ("", "") };
            let checks: String = part.checks.iter().map(|check| format!(",{}", check.as_str())).collect();
            format!("{open}{letter}{range}{}{close}{checks}", part.most)
        });
        parts.collect::<Vec<_>>().join(" ")
    }

    /// Groups of identifiers of which one must stand beside it: `01+21 03+21`; `n` is any digit. Empty where it needs none.
    pub fn needs(&self) -> &'static str {
        self.needs
    }

    /// Identifiers that must not stand beside it; `n` is any digit.
    pub fn never_with(&self) -> &'static str {
        self.never_with
    }

    /// May stand in the query string of a Digital Link.
    pub fn is_in_query(&self) -> bool {
        self.in_query
    }

    /// Qualifiers in their order, where it is a key of Digital Links; `|` parts those of which only one list is taken.
    pub fn qualifiers(&self) -> Option<&'static str> {
        self.key
    }

    pub(super) fn parts(&self) -> &'static [Part] {
        self.parts
    }

    const fn named(self, name: &'static str) -> Definition {
        Definition { name, ..self }
    }

    const fn in_query(self) -> Definition {
        Definition { in_query: true, ..self }
    }

    const fn requires(self, needs: &'static str) -> Definition {
        Definition { needs, ..self }
    }

    const fn excludes(self, never_with: &'static str) -> Definition {
        Definition { never_with, ..self }
    }

    const fn key(self, qualifiers: &'static str) -> Definition {
        Definition { key: Some(qualifiers), ..self }
    }

    fn begins(&self, text: &str) -> bool {
        let stem = text.get(..usize::from(self.stem)).filter(|stem| is_digits(stem));
        let within = stem
            .and_then(|stem| stem.parse().ok())
            .is_some_and(|number: u16| (self.first..=self.last).contains(&number));
        within
            && self.decimals.is_none_or(|most| {
                let decimals = text.as_bytes().get(usize::from(self.stem));
                decimals.is_some_and(|digit| digit.is_ascii_digit() && digit - b'0' <= most)
            })
    }
}

/// Finds the identifier that a text begins with.
pub(super) fn definition(text: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.begins(text))
}

/// Finds an application identifier such as `01` or `3103`.
pub fn application_identifier(identifier: &str) -> Option<&'static Definition> {
    definition(identifier).filter(|found| found.digits() == identifier.len())
}

/// How many characters, identifier and value, an element takes that needs no separator behind it, told by its first two
/// digits (GS1 General Specifications, figure 7.8.5-2); `None` for all others.
pub fn predefined_length(text: &str) -> Option<usize> {
    Some(match text.get(..2)? {
        "00" => 20,
        "01" | "02" | "03" => 16,
        "04" => 18,
        "11" | "12" | "13" | "14" | "15" | "16" | "17" | "18" | "19" => 8,
        "20" => 4,
        "31" | "32" | "33" | "34" | "35" | "36" => 10,
        "41" => 16,
        _ => return None,
    })
}

/// True where an identifier is of a pattern such as `310n`.
pub(super) fn is_of(identifier: &str, pattern: &str) -> bool {
    identifier.len() == pattern.len()
        && identifier.bytes().zip(pattern.bytes()).all(|(digit, sign)| sign == b'n' || sign == digit)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, this many.
const fn n(length: u8) -> Part {
    Part { characters: Characters::Digits, least: length, most: length, checks: &[], optional: false }
}

/// Digits, up to this many.
const fn n_upto(most: u8) -> Part {
    Part { least: 1, ..n(most) }
}

/// Characters of set 82, this many.
const fn x_of(length: u8) -> Part {
    Part { characters: Characters::Set82, ..n(length) }
}

/// Characters of set 82, up to this many.
const fn x(most: u8) -> Part {
    Part { least: 1, ..x_of(most) }
}

/// Characters of set 39, up to this many.
const fn y(most: u8) -> Part {
    Part { characters: Characters::Set39, ..x(most) }
}

/// Characters of base64url, up to this many.
const fn z(most: u8) -> Part {
    Part { characters: Characters::Set64, ..x(most) }
}

const fn maybe(part: Part) -> Part {
    Part { optional: true, ..part }
}

const fn one(stem: u8, identifier: u16, parts: &'static [Part]) -> Definition {
    row(stem, identifier, identifier, parts)
}

const fn row(stem: u8, first: u16, last: u16, parts: &'static [Part]) -> Definition {
    let (name, needs, never_with) = ("", "", "");
    Definition {
        first,
        last,
        stem,
        decimals: None,
        name,
        parts,
        in_query: false,
        needs,
        never_with,
        key: None,
    }
}

/// Identifiers whose last digit tells decimal places.
const fn decimal(stem: u16, most: u8, parts: &'static [Part]) -> Definition {
    Definition { decimals: Some(most), ..row(3, stem, stem, parts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(usize, usize)>) {
        let found = definition(text).map(|definition| (definition.digits(), definition.most()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn identifiers_are_found_by_their_digits() {
        check("0100300010123455", Some((2, 14)));
        check("21X", Some((2, 20)));
        check("3103000123", Some((4, 6)));
        check("3106000123", None);
        check("715", Some((3, 20)));
        check("7040", Some((4, 4)));
        check("423528", Some((3, 15)));
        check("89", None);
        check("A1", None);
        check("3", None);
    }

    #[test]
    fn no_two_rows_take_the_same_text() {
        for number in 0..10_000 {
            let text = format!("{number:04}");
            let rows = DEFINITIONS.iter().filter(|row| row.begins(&text)).count();
            assert!(rows <= 1, "{text}");
        }
    }

    #[test]
    fn elements_without_separator_have_one_length() {
        for number in 0..10_000 {
            let text = format!("{number:04}");
            if let (Some(length), Some(definition)) = (predefined_length(&text), definition(&text)) {
                assert_eq!(definition.digits() + definition.most(), length, "{text}");
            }
        }
    }
}
