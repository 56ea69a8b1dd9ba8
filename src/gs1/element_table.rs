//! Application identifiers of element strings: how long each value is and what it may hold (GS1 General
//! Specifications, section 3). A further identifier is one row of `DEFINITIONS`.

use crate::gs1::percent::Characters;

/// What a part of a value must be besides its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing more.
    Any,
    /// Its last digit is a check digit.
    Modulo10,
    /// A date as YYMMDD, whose day may be 00 where only the month is meant.
    Date,
    /// A number of things, which is never none.
    Zero,
}

/// A part of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) characters: Characters,
    pub(super) least: u8,
    pub(super) most: u8,
    pub(super) check: Check,
    /// May be missing, with all that follow.
    pub(super) optional: bool,
}

/// One application identifier, or several in a row of the same form.
#[derive(Debug)]
pub(super) struct Definition {
    first: u16,
    last: u16,
    /// Digits of the identifier without its last one where that tells decimal places.
    stem: u8,
    /// The identifier has one more digit, the decimal places of its value, up to this.
    decimals: Option<u8>,
    pub(super) parts: &'static [Part],
}

impl Definition {
    /// Digits of the identifier.
    pub(super) fn digits(&self) -> usize {
        usize::from(self.stem) + usize::from(self.decimals.is_some())
    }

    /// Most characters of the value.
    pub(super) fn most(&self) -> usize {
        self.parts.iter().map(|part| usize::from(part.most)).sum()
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

/// How many characters, identifier and value, an element takes that needs no separator behind it, told by its first two
/// digits (GS1 General Specifications, figure 7.8.5-2); `None` for all others.
pub(super) fn predefined_length(text: &str) -> Option<usize> {
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

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, this many.
const fn n(length: u8) -> Part {
    Part { characters: Characters::Digits, least: length, most: length, check: Check::Any, optional: false }
}

/// Digits, up to this many.
const fn upto(most: u8) -> Part {
    Part { least: 1, ..n(most) }
}

/// Characters of set 82, up to this many.
const fn x(most: u8) -> Part {
    Part { characters: Characters::Set82, least: 1, ..n(most) }
}

/// Digits of which the last one is a check digit.
const fn key(length: u8) -> Part {
    Part { check: Check::Modulo10, ..n(length) }
}

const fn maybe(part: Part) -> Part {
    Part { optional: true, ..part }
}

const DATE: Part = Part { check: Check::Date, ..n(6) };
const ZERO: Part = Part { check: Check::Zero, ..n(1) };
const COMPONENT: Part = Part { characters: Characters::Set39, ..x(30) };
/// A country of processing; up to five of them.
const COUNTRIES: &[Part] = &[n(3), maybe(n(3)), maybe(n(3)), maybe(n(3)), maybe(n(3))];

const fn one(stem: u8, identifier: u16, parts: &'static [Part]) -> Definition {
    row(stem, identifier, identifier, parts)
}

const fn row(stem: u8, first: u16, last: u16, parts: &'static [Part]) -> Definition {
    Definition { first, last, stem, decimals: None, parts }
}

/// Identifiers whose last digit tells decimal places.
const fn decimal(first: u16, last: u16, most: u8, parts: &'static [Part]) -> Definition {
    Definition { first, last, stem: 3, decimals: Some(most), parts }
}

static DEFINITIONS: &[Definition] = &[
    one(2, 0, &[key(18)]),
    row(2, 1, 3, &[key(14)]),
    one(2, 10, &[x(20)]),
    row(2, 11, 13, &[DATE]),
    row(2, 15, 17, &[DATE]),
    one(2, 20, &[n(2)]),
    row(2, 21, 22, &[x(20)]),
    one(3, 235, &[x(28)]),
    row(3, 240, 241, &[x(30)]),
    one(3, 242, &[upto(6)]),
    one(3, 243, &[x(20)]),
    row(3, 250, 251, &[x(30)]),
    one(3, 253, &[key(13), maybe(x(17))]),
    one(3, 254, &[x(20)]),
    one(3, 255, &[key(13), maybe(upto(12))]),
    one(2, 30, &[upto(8)]),
    one(2, 37, &[upto(8)]),
    decimal(310, 316, 5, &[n(6)]),
    decimal(320, 337, 5, &[n(6)]),
    decimal(340, 357, 5, &[n(6)]),
    decimal(360, 369, 5, &[n(6)]),
    decimal(390, 390, 9, &[upto(15)]),
    decimal(391, 391, 9, &[n(3), upto(15)]),
    decimal(392, 392, 9, &[upto(15)]),
    decimal(393, 393, 9, &[n(3), upto(15)]),
    decimal(394, 394, 3, &[n(4)]),
    decimal(395, 395, 5, &[n(6)]),
    row(3, 400, 401, &[x(30)]),
    one(3, 402, &[key(17)]),
    one(3, 403, &[x(30)]),
    row(3, 410, 417, &[key(13)]),
    one(3, 420, &[x(20)]),
    one(3, 421, &[n(3), x(9)]),
    one(3, 422, &[n(3)]),
    one(3, 423, COUNTRIES),
    one(3, 424, &[n(3)]),
    one(3, 425, COUNTRIES),
    one(3, 426, &[n(3)]),
    one(3, 427, &[x(3)]),
    one(4, 7001, &[n(13)]),
    one(4, 7002, &[x(30)]),
    one(4, 7003, &[DATE, n(4)]),
    one(4, 7004, &[upto(4)]),
    one(4, 7005, &[x(12)]),
    one(4, 7006, &[DATE]),
    one(4, 7007, &[DATE, maybe(DATE)]),
    one(4, 7008, &[x(3)]),
    one(4, 7009, &[x(10)]),
    one(4, 7010, &[x(2)]),
    one(4, 7011, &[DATE, maybe(n(4))]),
    row(4, 7020, 7022, &[x(20)]),
    one(4, 7023, &[x(30)]),
    row(4, 7030, 7039, &[n(3), x(27)]),
    row(3, 710, 717, &[x(20)]),
    row(4, 7230, 7239, &[Part { least: 2, ..x(2) }, x(28)]),
    one(4, 7240, &[x(20)]),
    one(4, 8001, &[n(4), n(5), n(3), n(1), n(1)]),
    one(4, 8002, &[x(20)]),
    one(4, 8003, &[ZERO, key(13), maybe(x(16))]),
    one(4, 8004, &[x(30)]),
    one(4, 8005, &[n(6)]),
    one(4, 8006, &[key(14), n(4)]),
    one(4, 8007, &[x(34)]),
    one(4, 8008, &[n(8), maybe(upto(4))]),
    one(4, 8009, &[x(50)]),
    one(4, 8010, &[COMPONENT]),
    one(4, 8011, &[upto(12)]),
    one(4, 8012, &[x(20)]),
    one(4, 8013, &[x(25)]),
    row(4, 8017, 8018, &[key(18)]),
    one(4, 8019, &[upto(10)]),
    one(4, 8020, &[x(25)]),
    one(4, 8026, &[key(14), n(4)]),
    one(4, 8110, &[x(70)]),
    one(4, 8111, &[n(4)]),
    one(4, 8112, &[x(70)]),
    one(4, 8200, &[x(70)]),
    one(2, 90, &[x(30)]),
    row(2, 91, 99, &[x(90)]),
];

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
        check("7040", None);
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
