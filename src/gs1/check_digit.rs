//! The GS1 modulo 10 check digit (GS1 General Specifications, section 7.9).

use crate::gs1::Flaw;

/// Computes the check digit that follows these digits; `None` if one of them is no digit.
pub fn compute(digits: &str) -> Option<char> {
    of(digits.as_bytes()).map(char::from)
}

/// Tells whether the last digit is the check digit of those before it.
pub fn verify(digits: &str) -> bool {
    check(digits.as_bytes()).is_ok()
}

/// Computes the check digit as an ASCII digit; weights 3, 1, 3 … count from the right.
pub(super) fn of(digits: &[u8]) -> Option<u8> {
    let mut sound = true;
    let mut sum = 0u32;
    let mut weight = 3u32;
    for digit in digits.iter().rev() {
        let value = digit.wrapping_sub(b'0');
        sound &= value < 10;
        // Wrapping, so that a text of any length is safe.
        sum = sum.wrapping_add(u32::from(value) * weight);
        weight ^= 2;
    }
    sound.then_some(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// Refuses digits whose last one is not their check digit.
pub(super) fn check(digits: &[u8]) -> Result<(), Flaw> {
    let Some((last, others)) = digits.split_last() else { return Err(Flaw::NotDigits) };
    match of(others) {
        Some(expected) if expected == *last => Ok(()),
        Some(expected) if last.is_ascii_digit() => Err(Flaw::CheckDigit { expected: char::from(expected) }),
        _ => Err(Flaw::NotDigits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_digits() {
        for (digits, expected) in [
            ("0401234512345", Some('6')),
            ("04012345000000333", Some('8')),
            ("401234500011", Some('5')),
            ("629104150021", Some('3')),
            ("12a", None),
        ] {
            assert_eq!(compute(digits), expected, "{digits}");
        }
    }

    #[test]
    fn verifies_only_the_right_one() {
        assert!(verify("04012345123456"));
        assert!(!verify("04012345123457"));
        assert!(!verify("0401234512345X"));
        assert!(!verify(""));
    }
}
