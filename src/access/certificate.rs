//! Client certificates: those by which partners' machines prove who they are, each known by its fingerprint.

use std::fmt;

use chrono::DateTime;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;

/// SHA-256 of a certificate in DER.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// That of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(certificate).into())
    }

    /// Reads 64 hexadecimal digits, with or without colons between them, as `openssl x509 -fingerprint -sha256` writes
    /// them; `None` for anything else.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let digits: String = text.trim().chars().filter(|letter| *letter != ':').collect();
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Fingerprint(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({self})")
    }
}

/// A certificate by which a partner is known. One may have several, so that the old and the new overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedCertificate {
    /// Which one it is.
    pub fingerprint: Fingerprint,
    /// Id of the partner.
    pub partner: String,
    /// Since when it is known.
    pub pinned_at: DateTime<Utc>,
    /// Who made it known.
    pub pinned_by: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, readable: bool) {
        assert_eq!(Fingerprint::parse(text).is_some(), readable, "{text}");
    }

    #[test]
    fn a_fingerprint_is_read_back_in_either_spelling() {
        let own = Fingerprint::of(b"certificate");
        let text = own.to_string();
        let colons: Vec<&str> = (0..32).map(|at| &text[2 * at..2 * at + 2]).collect();
        assert_eq!(Fingerprint::parse(&text), Some(own));
        assert_eq!(Fingerprint::parse(&colons.join(":").to_uppercase()), Some(own));
        assert_ne!(Fingerprint::of(b"another"), own);
        check("", false);
        check(&text[1..], false);
        check(&text.replace(&text[..1], "g"), false);
        check(&"é".repeat(32), false);
    }
}
