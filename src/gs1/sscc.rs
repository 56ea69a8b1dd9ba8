//! Sscc: the Serial Shipping Container Code of a logistic unit.

use std::fmt;

use crate::gs1::Flaw;
use crate::gs1::Malformed;
use crate::gs1::check_digit;

/// An SSCC of 18 digits (GS1 General Specifications, section 3.3.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sscc([u8; 18]);

impl Sscc {
    /// Reads 18 digits; fails on another length, on other characters than digits and on a wrong check digit.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        Self::read(digits).map_err(|flaw| Malformed::new(digits, flaw))
    }

    pub(super) fn read(digits: &str) -> Result<Self, Flaw> {
        let key: [u8; 18] = digits.as_bytes().try_into().map_err(|_| Flaw::Length { needed: "18" })?;
        check_digit::check(&key)?;
        Ok(Self(key))
    }

    /// Shows the 18 digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Sscc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Sscc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sscc({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<&str>) {
        assert_eq!(Sscc::parse(input).ok().map(|key| key.to_string()).as_deref(), expected, "{input}");
    }

    #[test]
    fn takes_only_well_formed_digits() {
        check("040123450000003338", Some("040123450000003338"));
        check("040123450000003339", None);
        check("40123450000003338", None);
        check("04012345000000333X", None);
    }
}
