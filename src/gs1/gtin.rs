//! Gtin: the Global Trade Item Number.

use std::fmt;

use crate::gs1::Flaw;
use crate::gs1::Malformed;
use crate::gs1::check_digit;
use crate::gs1::percent;
use crate::gs1::percent::Target;

/// A GTIN, kept with 14 digits whatever its length was (GS1 General Specifications, section 3.3.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin([u8; 14]);

impl Gtin {
    /// Reads a GTIN-8, -12, -13 or -14; fails on another length, on other characters than digits and on a wrong check digit.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        Self::read(digits).map_err(|flaw| Malformed::new(digits, flaw))
    }

    pub(super) fn read(digits: &str) -> Result<Self, Flaw> {
        if !matches!(digits.len(), 8 | 12 | 13 | 14) {
            return Err(Flaw::Length { needed: "8, 12, 13 or 14" });
        }
        let mut key = [b'0'; 14];
        for (place, digit) in key.iter_mut().rev().zip(digits.bytes().rev()) {
            *place = digit;
        }
        check_digit::check(&key)?;
        Ok(Self(key))
    }

    /// Shows the 14 digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The identity of one of its lots, as [`Epc::key`](crate::gs1::Epc::key) gives it; the lot as printed.
    pub fn lot_key(&self, lot: &str) -> String {
        let mut key = ["/01/", self.as_str(), "/10/"].concat();
        percent::encode(lot, Target::Path, &mut key);
        key
    }

    /// The identity of one of its items, as [`Epc::key`](crate::gs1::Epc::key) gives it; the serial number as printed.
    pub fn serial_key(&self, serial: &str) -> String {
        let mut key = ["/01/", self.as_str(), "/21/"].concat();
        percent::encode(serial, Target::Path, &mut key);
        key
    }
}

impl fmt::Display for Gtin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Gtin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Gtin({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<&str>) {
        assert_eq!(Gtin::parse(input).ok().map(|key| key.to_string()).as_deref(), expected, "{input}");
    }

    #[test]
    fn takes_only_well_formed_digits() {
        check("04012345123456", Some("04012345123456"));
        check("4012345123456", Some("04012345123456"));
        check("97803119", Some("00000097803119"));
        check("001122334455", Some("00001122334455"));
        check("04012345123457", None);
        check("0401234512345", None);
        check("040123451234é", None);
        check("", None);
    }

    #[test]
    fn lots_and_items_have_the_keys_of_their_epcs() {
        let epc = crate::gs1::Epc::parse("urn:epc:id:sgtin:4012345.012345.A%2F%251(");
        assert_eq!(Gtin::parse("04012345123456").unwrap().serial_key("A/%1("), epc.key());
        let epc = crate::gs1::Epc::parse("urn:epc:class:lgtin:4012345.012345.A%2F%251(");
        assert_eq!(Gtin::parse("04012345123456").unwrap().lot_key("A/%1("), epc.key());
    }
}
