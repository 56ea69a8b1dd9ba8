//! ElementString: application identifiers and their values, as symbols carry them and as people read them in brackets
//! (GS1 General Specifications, sections 3 and 7.8).

use thiserror::Error;

use crate::gs1::element_check::Check;
use crate::gs1::element_table::Definition;
use crate::gs1::element_table::Part;
use crate::gs1::element_table::application_identifier;
use crate::gs1::element_table::definition;
use crate::gs1::element_table::is_of;
use crate::gs1::element_table::predefined_length;
use crate::gs1::percent;
use crate::gs1::percent::Characters;

/// FNC1 as it stands in a text between two elements.
pub(super) const SEPARATOR: char = '\u{1d}';

/// More than any symbol carries.
const MOST_CHARACTERS: usize = 512;

/// Identifiers of what is scanned and verified: a label on which one of them is faulty tells nothing.
const ESSENTIAL: [&str; 17] = [
    "00", "01", "02", "10", "17", "21", "235", "253", "254", "255", "401", "402", "414", "8003", "8004",
    "8006", "8010",
];

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
    /// A value that its own rule refuses.
    #[error("The value of ({0}) {1}")]
    Value(Box<str>, &'static str),
    /// Two identifiers that must not stand on one label.
    #[error("({0}) must not stand beside ({1})")]
    Clash(Box<str>, Box<str>),
    /// An identifier without another that it needs.
    #[error("({0}) needs {1} beside it")]
    Lacks(Box<str>, Box<str>),
    /// A Digital Link that is none.
    #[error("The Digital Link {0}")]
    Link(&'static str),
    /// Brackets that do not enclose an identifier.
    #[error("The brackets do not hold numbers of fields")]
    Brackets,
}

impl ElementString {
    /// Reads elements as a symbol carries them, U+001D for FNC1, which may also stand in front and at the end.
    pub fn parse(text: &str) -> Result<ElementString, ElementFault> {
        let mut found = ElementString::of_length(text)?;
        let mut rest = text.trim_start_matches(SEPARATOR);
        while !rest.is_empty() {
            let (definition, identifier, value) = next(rest)?;
            found.add(definition, identifier, value)?;
            rest = behind(rest, identifier.len() + value.len());
        }
        found.filled()
    }

    /// Reads elements as [`parse`](Self::parse) does, and leaves out those that are faulty or unknown, each with its fault; only
    /// where a key, a serial number, a lot or an expiry date is faulty, nothing is read.
    pub fn parse_tolerantly(text: &str) -> Result<(ElementString, Vec<ElementFault>), ElementFault> {
        let mut found = ElementString::of_length(text)?;
        let mut faults = Vec::new();
        let mut rest = text.trim_start_matches(SEPARATOR);
        while !rest.is_empty() {
            let (length, read) = match next(rest) {
                Ok((definition, identifier, value)) => {
                    (identifier.len() + value.len(), found.add(definition, identifier, value))
                }
                Err(fault) => (rest.find(SEPARATOR).unwrap_or(rest.len()), Err(fault)),
            };
            if let Err(fault) = read {
                let named = rest.starts_with(|first: char| first.is_ascii_digit());
                if !named || ESSENTIAL.iter().any(|essential| rest.starts_with(essential)) {
                    return Err(fault);
                }
                faults.push(fault);
            }
            rest = behind(rest, length);
        }
        Ok((found.filled()?, faults))
    }

    /// Reads elements as printed for people: `(01)00300010123455(21)A1`.
    pub fn parse_bracketed(text: &str) -> Result<ElementString, ElementFault> {
        let mut rest = text;
        let mut found = ElementString::of_length(text)?;
        while !rest.is_empty() {
            let inside = rest.strip_prefix('(').ok_or(ElementFault::Brackets)?;
            let (identifier, behind) = inside.split_once(')').ok_or(ElementFault::Brackets)?;
            let definition =
                application_identifier(identifier).ok_or_else(|| ElementFault::Unknown(identifier.into()))?;
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

    /// What the elements break of the rules of which go together and which never do (GS1 General Specifications, section
    /// 4.13): the first such fault. A label may be told in several codes, so that a fault here says nothing against its product.
    pub fn association_fault(&self) -> Option<ElementFault> {
        self.elements().find_map(|(identifier, _)| self.fault_beside(identifier))
    }

    fn fault_beside(&self, identifier: &str) -> Option<ElementFault> {
        let found = application_identifier(identifier)?;
        let others = || self.elements().map(|(other, _)| other).filter(|other| *other != identifier);
        for pattern in found.never_with().split_whitespace() {
            if let Some(other) = others().find(|other| is_of(other, pattern)) {
                return Some(ElementFault::Clash(identifier.into(), other.into()));
            }
        }
        let stands = |pattern: &str| {
            others().any(|other| is_of(other, pattern) && self.is_serialised(identifier, other))
        };
        let mut groups = found.needs().split_whitespace().peekable();
        groups.peek()?;
        if groups.any(|group| group.split('+').all(stands)) {
            return None;
        }
        let needed = found.needs().replace(' ', " or ").replace('+', " with ");
        Some(ElementFault::Lacks(identifier.into(), needed.into()))
    }

    /// A digital signature is of one thing: a key that may name a kind of things must have a serial number within it.
    fn is_serialised(&self, identifier: &str, other: &str) -> bool {
        let least = match (identifier, other) {
            ("8030", "253" | "255") => 13,
            ("8030", "8003") => 14,
            _ => return true,
        };
        self.value(other).is_some_and(|value| value.len() > least)
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
    pub(super) fn add(
        &mut self,
        definition: &Definition,
        identifier: &str,
        value: &str,
    ) -> Result<(), ElementFault> {
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

/// The element that a text begins with.
fn next(text: &str) -> Result<(&'static Definition, &str, &str), ElementFault> {
    let unknown = || ElementFault::Unknown(text.chars().take(20).collect::<String>().into());
    let definition = definition(text).ok_or_else(unknown)?;
    let (identifier, behind) = text.split_at_checked(definition.digits()).ok_or_else(unknown)?;
    let end = match predefined_length(text) {
        Some(length) => length - identifier.len(),
        None => behind.find(SEPARATOR).unwrap_or(behind.len()),
    };
    let value = behind.get(..end.min(behind.len()));
    Ok((definition, identifier, value.ok_or_else(|| ElementFault::Character(identifier.into()))?))
}

/// What follows an element.
fn behind(text: &str, length: usize) -> &str {
    text.get(length..).unwrap_or_default().trim_start_matches(SEPARATOR)
}

/// Where the next bracketed identifier begins, known or not: two to four digits. Brackets around anything else are part of
/// a value.
fn next_bracket(text: &str) -> usize {
    let begins = |at: usize| {
        let inside = text.get(at + 1..).unwrap_or_default();
        let named = inside.split_once(')').map(|(identifier, _)| identifier);
        let digits = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        named.is_some_and(|name| (2..=4).contains(&name.len()) && digits(name))
    };
    text.match_indices('(').map(|(at, _)| at).find(|at| begins(*at)).unwrap_or(text.len())
}

/// Refuses a value that its identifier does not take.
fn check(definition: &Definition, identifier: &str, value: &str) -> Result<(), ElementFault> {
    let mut rest = value;
    for part in definition.parts() {
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
    if part.characters == Characters::Set64 {
        judge(Check::Set64, identifier, piece)?;
    }
    part.checks.iter().try_for_each(|check| judge(*check, identifier, piece))
}

fn judge(check: Check, identifier: &str, piece: &str) -> Result<(), ElementFault> {
    check.judge(piece).map_err(|words| match check {
        Check::Modulo10 => ElementFault::CheckDigit(identifier.into()),
        Check::Date | Check::MonthDate => ElementFault::Date(identifier.into()),
        _ => ElementFault::Value(identifier.into(), words),
    })
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
