//! Dea: the registration number by which catalogues, orders and ship notices name a place that handles drugs.

use std::fmt;

use thiserror::Error;

/// A DEA registration number: two letters (the second may be the digit 9) and seven digits, the last a check digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dea(Box<str>);

/// Why a text is no DEA number; each says the rule and the mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DeaFlaw {
    /// Another form than two letters and seven digits.
    #[error("is not two letters and seven digits")]
    Form,
    /// A wrong check digit.
    #[error(
        "has a wrong check digit: the other digits ask for {expected}; one of them was misread or mistyped"
    )]
    CheckDigit {
        /// The check digit that would fit.
        expected: char,
    },
}

impl Dea {
    /// Reads a number in capitals or small letters, which are taken as capitals; fails on another form and a wrong check digit.
    pub fn parse(text: &str) -> Result<Dea, DeaFlaw> {
        let text = text.trim().to_ascii_uppercase();
        let [kind, name, d1, d2, d3, d4, d5, d6, check] = text.as_bytes() else { return Err(DeaFlaw::Form) };
        let named = name.is_ascii_alphabetic() || *name == b'9';
        let digits = [d1, d2, d3, d4, d5, d6, check];
        if !kind.is_ascii_alphabetic() || !named || !digits.iter().all(|digit| digit.is_ascii_digit()) {
            return Err(DeaFlaw::Form);
        }
        let sum = |digits: [&u8; 3]| digits.into_iter().map(|digit| u32::from(digit - b'0')).sum::<u32>();
        let expected = (sum([d1, d3, d5]) + 2 * sum([d2, d4, d6])) % 10;
        let expected = char::from_digit(expected, 10).unwrap_or('0');
        match char::from(*check) == expected {
            true => Ok(Dea(text.into())),
            false => Err(DeaFlaw::CheckDigit { expected }),
        }
    }

    /// Shows the nine characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Dea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Dea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dea({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, DeaFlaw>) {
        assert_eq!(Dea::parse(text).as_ref().map(Dea::as_str), expected.as_ref().copied(), "{text}");
    }

    #[test]
    fn takes_only_numbers_whose_check_digit_fits() {
        check("AB1234563", Ok("AB1234563"));
        check(" ab1234563 ", Ok("AB1234563"));
        check("F91234563", Ok("F91234563"));
        check("AB1234564", Err(DeaFlaw::CheckDigit { expected: '3' }));
        for text in ["AB123456", "AB12345633", "1B1234563", "A81234563", "AB12345é", ""] {
            check(text, Err(DeaFlaw::Form));
        }
    }
}
