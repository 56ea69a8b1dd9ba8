//! PurchaseOrder and DespatchAdvice: what was ordered, and what the seller says it has sent.

use chrono::NaiveDate;

use crate::dscsa::OrderNumber;
use crate::gs1::Gln;
use crate::gs1::Gtin;
use crate::gs1::Sscc;

/// What a buyer has ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct PurchaseOrder {
    /// Its number; the issuer is the buyer.
    pub number: OrderNumber,
    /// Who is to deliver to whom, and where.
    pub parties: Parties,
    /// The day of the order.
    pub ordered_on: Option<NaiveDate>,
    /// The day for which delivery was asked.
    pub due_on: Option<NaiveDate>,
    /// What was ordered.
    pub lines: Vec<Line>,
}

/// What a seller says it has sent: a ship notice.
#[derive(Clone, Debug, PartialEq)]
pub struct DespatchAdvice {
    /// Its number; the issuer is the seller or the place the goods leave.
    pub number: OrderNumber,
    /// Who delivers to whom, and where.
    pub parties: Parties,
    /// The purchase orders it serves.
    pub orders: Vec<OrderNumber>,
    /// The day the goods left.
    pub shipped_on: Option<NaiveDate>,
    /// The day they are expected.
    pub due_on: Option<NaiveDate>,
    /// What was sent.
    pub lines: Vec<Line>,
}

/// The parties of an order or advice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    /// Who buys.
    pub buyer: Party,
    /// Who sells.
    pub seller: Party,
    /// The place the goods leave.
    pub ship_from: Party,
    /// The place they are sent to.
    pub ship_to: Party,
}

/// A party as an order names it; all is empty where it names none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The GLN-13 by which it is compared.
    pub gln: Option<Gln>,
    /// Its identifier as sent, with the scheme in front where it is no GLN, such as `DEA AB1234563`.
    pub sent: Box<str>,
    /// Its name.
    pub name: Box<str>,
}

/// One line of an order or advice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Line number as sent.
    pub number: Box<str>,
    /// The trade item.
    pub gtin: Option<Gtin>,
    /// The NDC as sent, with or without hyphens.
    pub ndc: Option<Box<str>>,
    /// The lot, where the line is of one.
    pub lot: Option<Box<str>>,
    /// How many of the unit of measure.
    pub quantity: u64,
    /// The unit of measure.
    pub unit: UnitOfMeasure,
    /// Saleable units in one case, where the line says so.
    pub units_per_case: Option<u64>,
    /// The order the line serves, where an advice has more than one.
    pub order: Option<OrderNumber>,
    /// Logistic units the line is packed in.
    pub packages: Vec<Sscc>,
    /// Serial numbers the line names.
    pub serials: Vec<Box<str>>,
}

/// What a quantity counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UnitOfMeasure {
    /// Saleable units.
    #[default]
    Each,
    /// Cases.
    Case,
    /// Something else: its word as sent.
    Other(Box<str>),
}

impl Line {
    /// How many saleable units the line is of; `None` where it does not tell.
    pub fn units(&self) -> Option<u64> {
        match &self.unit {
            UnitOfMeasure::Each => Some(self.quantity),
            UnitOfMeasure::Case => self.quantity.checked_mul(self.units_per_case?),
            UnitOfMeasure::Other(_) => None,
        }
    }
}

impl UnitOfMeasure {
    /// Reads a word or a code of X12 element 355 or UN/ECE Recommendation 20; none is `each`.
    pub fn parse(word: &str) -> UnitOfMeasure {
        match word.trim().to_ascii_uppercase().as_str() {
            "" | "EACH" | "EA" | "UN" | "UNIT" | "UNITS" | "PCE" | "H87" | "PACKAGE" => UnitOfMeasure::Each,
            "CASE" | "CASES" | "CA" | "CS" => UnitOfMeasure::Case,
            _ => UnitOfMeasure::Other(word.trim().into()),
        }
    }

    /// `each`, `case`, or the word as sent.
    pub fn as_str(&self) -> &str {
        match self {
            UnitOfMeasure::Each => "each",
            UnitOfMeasure::Case => "case",
            UnitOfMeasure::Other(word) => word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(unit: &str, units_per_case: Option<u64>, expected: Option<u64>) {
        let line = Line { quantity: 3, unit: UnitOfMeasure::parse(unit), units_per_case, ..Line::default() };
        assert_eq!(line.units(), expected, "{unit}");
        assert_eq!(UnitOfMeasure::parse(line.unit.as_str()), line.unit);
    }

    #[test]
    fn units_are_told_only_where_the_line_tells_them() {
        check("", None, Some(3));
        check("EA", Some(12), Some(3));
        check("case", Some(12), Some(36));
        check("CA", None, None);
        check("CA", Some(u64::MAX), None);
        check("PL", Some(12), None);
    }
}
