//! Gln: the Global Location Number of a place or a party.

use std::fmt;

use crate::gs1::Flaw;
use crate::gs1::Malformed;
use crate::gs1::check_digit;

/// A GLN of 13 digits (GS1 General Specifications).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gln([u8; 13]);

impl Gln {
    /// Reads 13 digits; fails on another length, on other characters than digits and on a wrong check digit.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        Self::read(digits).map_err(|flaw| Malformed::new(digits, flaw))
    }

    pub(super) fn read(digits: &str) -> Result<Self, Flaw> {
        let key: [u8; 13] = digits.as_bytes().try_into().map_err(|_| Flaw::Length { needed: "13" })?;
        check_digit::check(&key)?;
        Ok(Self(key))
    }

    /// Shows the 13 digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Gln {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Gln {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Gln({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<&str>) {
        assert_eq!(Gln::parse(input).ok().map(|key| key.to_string()).as_deref(), expected, "{input}");
    }

    #[test]
    fn takes_only_well_formed_digits() {
        check("4012345000115", Some("4012345000115"));
        check("4012345000116", None);
        check("401234500011", None);
        check("401234500011X", None);
    }
}
