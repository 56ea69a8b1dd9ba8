//! ElementString: application identifiers and their values, as symbols carry them and as people read them in brackets
//! (GS1 General Specifications, sections 3 and 7.8).

use thiserror::Error;

use crate::gs1::check_digit;
use crate::gs1::element_table::Check;
use crate::gs1::element_table::Definition;
use crate::gs1::element_table::Part;
use crate::gs1::element_table::definition;
use crate::gs1::element_table::predefined_length;
use crate::gs1::percent;

/// FNC1 as it stands in a text between two elements.
pub(super) const SEPARATOR: char = '\u{1d}';

/// More than any symbol carries.
const MOST_CHARACTERS: usize = 512;

/// The elements of one symbol, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ElementString(Vec<(Box<str>, Box<str>)>);

/// What is wrong with an element string; each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ElementFault {
    /// Nothing in it.
    #[error("The scan holds no field")]
    Empty,
    /// Longer than any symbol.
    #[error("The scan is longer than any code")]
    TooLong,
    /// No known identifier where one has to be.
    #[error("At {0:?} begins no field that GS1 knows")]
    Unknown(Box<str>),
    /// A value with too few characters.
    #[error("The value of ({0}) is too short: the scan was cut off")]
    Short(Box<str>),
    /// A value with too many characters, as where the separator behind it was lost.
    #[error(
        "The value of ({0}) has {1} characters, which are too many: the scanner may leave out the separator between two fields"
    )]
    Long(Box<str>, usize),
    /// A character that the value does not take.
    #[error("The value of ({0}) has a character that it cannot have")]
    Character(Box<str>),
    /// A wrong check digit.
    #[error("The check digit of ({0}) is wrong: it was misread or mistyped")]
    CheckDigit(Box<str>),
    /// A date that does not exist.
    #[error("The value of ({0}) is no date (YYMMDD)")]
    Date(Box<str>),
    /// The same identifier with two values.
    #[error("The field ({0}) comes twice with different values: two labels were read as one")]
    Repeated(Box<str>),
    /// Brackets that do not enclose an identifier.
    #[error("The brackets do not hold numbers of fields")]
    Brackets,
}

impl ElementString {
    /// Reads elements as a symbol carries them, U+001D for FNC1, which may also stand in front and at the end.
    pub fn parse(text: &str) -> Result<ElementString, ElementFault> {
        let mut rest = text.trim_start_matches(SEPARATOR);
        let mut found = ElementString::of_length(text)?;
        while !rest.is_empty() {
            let definition = known(rest)?;
            let (identifier, behind) = cut(rest, definition.digits())?;
            let end = match predefined_length(rest) {
                Some(length) => length - identifier.len(),
                None => behind.find(SEPARATOR).unwrap_or(behind.len()),
            };
            let value = behind
                .get(..end.min(behind.len()))
                .ok_or_else(|| ElementFault::Character(identifier.into()))?;
            found.add(definition, identifier, value)?;
            rest = behind.get(value.len()..).unwrap_or_default().trim_start_matches(SEPARATOR);
        }
        found.filled()
    }

    /// Reads elements as printed for people: `(01)00300010123455(21)A1`.
    pub fn parse_bracketed(text: &str) -> Result<ElementString, ElementFault> {
        let mut rest = text;
        let mut found = ElementString::of_length(text)?;
        while !rest.is_empty() {
            let inside = rest.strip_prefix('(').ok_or(ElementFault::Brackets)?;
            let (identifier, behind) = inside.split_once(')').ok_or(ElementFault::Brackets)?;
            let definition = known(identifier)?;
            if definition.digits() != identifier.len() {
                return Err(ElementFault::Unknown(identifier.into()));
            }
            let end = next_bracket(behind);
            let (value, after) = behind.split_at_checked(end).ok_or(ElementFault::Brackets)?;
            found.add(definition, identifier, value.trim_end_matches([' ', '\t', '\r', '\n']))?;
            rest = after;
        }
        found.filled()
    }

    /// Takes elements that are known to be sound.
    pub(super) fn of_known(elements: &[(&str, String)]) -> ElementString {
        ElementString(elements.iter().map(|(name, value)| ((*name).into(), value.as_str().into())).collect())
    }

    /// The value of an identifier.
    pub fn value(&self, identifier: &str) -> Option<&str> {
        self.elements().find(|(own, _)| *own == identifier).map(|(_, value)| value)
    }

    /// Identifiers and values in their order.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(identifier, value)| (&**identifier, &**value))
    }

    fn of_length(text: &str) -> Result<ElementString, ElementFault> {
        if text.len() > MOST_CHARACTERS { Err(ElementFault::TooLong) } else { Ok(ElementString::default()) }
    }

    fn filled(self) -> Result<ElementString, ElementFault> {
        if self.0.is_empty() { Err(ElementFault::Empty) } else { Ok(self) }
    }

    /// Adds an element; the same one again says nothing new.
    fn add(&mut self, definition: &Definition, identifier: &str, value: &str) -> Result<(), ElementFault> {
        check(definition, identifier, value)?;
        match self.value(identifier) {
            Some(earlier) if earlier == value => Ok(()),
            Some(_) => Err(ElementFault::Repeated(identifier.into())),
            None => {
                self.0.push((identifier.into(), value.into()));
                Ok(())
            }
        }
    }
}

/// Where the next bracketed identifier begins; brackets may also be part of a value.
fn next_bracket(text: &str) -> usize {
    let begins = |at: usize| {
        let inside = text.get(at + 1..).unwrap_or_default();
        let named = inside.split_once(')').map(|(identifier, _)| identifier);
        named.is_some_and(|name| definition(name).is_some_and(|found| found.digits() == name.len()))
    };
    text.match_indices('(').map(|(at, _)| at).find(|at| begins(*at)).unwrap_or(text.len())
}

fn known(text: &str) -> Result<&'static Definition, ElementFault> {
    definition(text).ok_or_else(|| ElementFault::Unknown(text.chars().take(20).collect::<String>().into()))
}

fn cut(text: &str, at: usize) -> Result<(&str, &str), ElementFault> {
    text.split_at_checked(at).ok_or_else(|| ElementFault::Unknown(text.into()))
}

/// Refuses a value that its identifier does not take.
fn check(definition: &Definition, identifier: &str, value: &str) -> Result<(), ElementFault> {
    let mut rest = value;
    for part in definition.parts {
        if rest.is_empty() && part.optional {
            break;
        }
        let taken = rest.len().min(usize::from(part.most));
        let (piece, behind) =
            rest.split_at_checked(taken).ok_or_else(|| ElementFault::Character(identifier.into()))?;
        check_part(part, identifier, piece)?;
        rest = behind;
    }
    if rest.is_empty() { Ok(()) } else { Err(ElementFault::Long(identifier.into(), value.chars().count())) }
}

fn check_part(part: &Part, identifier: &str, piece: &str) -> Result<(), ElementFault> {
    let fault = |fault: fn(Box<str>) -> ElementFault| Err(fault(identifier.into()));
    if !piece.bytes().all(|byte| percent::takes(part.characters, byte)) {
        return fault(ElementFault::Character);
    }
    if piece.len() < usize::from(part.least) {
        return fault(ElementFault::Short);
    }
    match part.check {
        Check::Modulo10 if !check_digit::verify(piece) => fault(ElementFault::CheckDigit),
        Check::Date if !is_date(piece) => fault(ElementFault::Date),
        Check::Zero if piece != "0" => fault(ElementFault::Character),
        _ => Ok(()),
    }
}

/// True for a month and a day there are, in any year; the day may be 00.
fn is_date(yymmdd: &str) -> bool {
    let number = |from: usize| yymmdd.get(from..from + 2).and_then(|digits| digits.parse::<u8>().ok());
    let (Some(year), Some(month), Some(day)) = (number(0), number(2), number(4)) else { return false };
    let days = match month {
        2 if year % 4 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    day <= days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, ElementFault>) {
        let read = if text.starts_with('(') {
            ElementString::parse_bracketed(text)
        } else {
            ElementString::parse(&text.replace('^', "\u{1d}"))
        };
        let shown = read.map(|found| found.elements().map(|(id, value)| format!("{id}={value};")).collect());
        assert_eq!(shown, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn elements_are_read_in_any_order() {
        let whole = "01=00300010123455;17=271231;10=L1;21=A1;";
        check("01003000101234551727123110L1^21A1", Ok(whole));
        check("^0100300010123455^1727123110L1^21A1^", Ok(whole));
        check("(01)00300010123455(17)271231(10)L1(21)A1", Ok(whole));
        check("(01)00300010123455 (17)271231 (10)L1 (21)A1", Ok(whole));
        check("21A1^0100300010123455", Ok("21=A1;01=00300010123455;"));
        check("0100300010123455715300010123^37000021", Ok("01=00300010123455;715=300010123;37=000021;"));
        check("(21)A(1)(10)B", Ok("21=A(1);10=B;"));
        check("01003000101234550100300010123455", Ok("01=00300010123455;"));
    }

    #[test]
    fn faults_are_told() {
        use ElementFault::*;
        let of = |fault: fn(Box<str>) -> ElementFault, name: &str| Err(fault(name.into()));
        check("", Err(Empty));
        check("^^", Err(Empty));
        check("0100300010123456", of(CheckDigit, "01"));
        check("010030001012345", of(Short, "01"));
        check("17271331", of(Date, "17"));
        check("17270229", of(Date, "17"));
        check("17270200", Ok("17=270200;"));
        check("21ABCDEFGHIJ1234567890X", Err(Long("21".into(), 21)));
        check("21A B", of(Character, "21"));
        check("21é", of(Character, "21"));
        check("01003000é01234551", of(Character, "01"));
        check("10A^10B", of(Repeated, "10"));
        check("XYZ", of(Unknown, "XYZ"));
        check("(01)00300010123455)", Err(Long("01".into(), 15)));
        check("(0100300010123455", Err(Brackets));
        check("()1", of(Unknown, ""));
        check(&"9".repeat(513), Err(TooLong));
    }
}
