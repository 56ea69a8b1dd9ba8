//! Digests and ciphers: their names in headers and their object identifiers.

use openssl::hash::MessageDigest;
use openssl::symm;
use serde::Deserialize;
use serde::Serialize;

/// A digest of signatures and of message integrity checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Digest {
    /// MD5, broken; only where a channel allows it.
    Md5,
    /// SHA-1, broken; only where a channel allows it.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A cipher of envelopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cipher {
    /// Triple DES, outdated; only where a channel allows it.
    #[serde(rename = "3des-cbc")]
    TripleDes,
    /// AES with 128 bits in CBC mode.
    Aes128Cbc,
    /// AES with 192 bits in CBC mode.
    Aes192Cbc,
    /// AES with 256 bits in CBC mode.
    #[default]
    Aes256Cbc,
    /// AES with 128 bits in GCM (RFC 5084), which few partners read.
    Aes128Gcm,
    /// AES with 192 bits in GCM.
    Aes192Gcm,
    /// AES with 256 bits in GCM.
    Aes256Gcm,
}

/// An algorithm that is taken only where a channel names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weak {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// Triple DES in CBC mode.
    #[serde(rename = "3des")]
    TripleDes,
}

const DIGESTS: [(Digest, &str, &[u8]); 5] = [
    (Digest::Md5, "md5", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05]),
    (Digest::Sha1, "sha1", &[0x2b, 0x0e, 0x03, 0x02, 0x1a]),
    (Digest::Sha256, "sha-256", &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]),
    (Digest::Sha384, "sha-384", &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]),
    (Digest::Sha512, "sha-512", &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03]),
];

const CIPHERS: [(Cipher, &[u8]); 7] = [
    (Cipher::TripleDes, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07]),
    (Cipher::Aes128Cbc, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02]),
    (Cipher::Aes192Cbc, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16]),
    (Cipher::Aes256Cbc, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a]),
    (Cipher::Aes128Gcm, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x06]),
    (Cipher::Aes192Gcm, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x1a]),
    (Cipher::Aes256Gcm, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e]),
];

impl Digest {
    /// The digest of this name, in whatever case and with or without the hyphen: `sha256`, `SHA-256`.
    pub fn parse(name: &str) -> Option<Digest> {
        let plain = |text: &str| text.trim().to_ascii_lowercase().replace('-', "");
        let name = plain(name);
        let name = name.strip_prefix("rsa").unwrap_or(&name);
        DIGESTS.iter().find(|(_, own, _)| plain(own) == name).map(|(digest, ..)| *digest)
    }

    /// Its name as RFC 5751, section 3.4.3.2, has it.
    pub fn as_str(self) -> &'static str {
        DIGESTS.iter().find(|(own, ..)| *own == self).map_or("", |(_, name, _)| name)
    }

    /// The content of its object identifier.
    pub(super) fn oid(self) -> &'static [u8] {
        DIGESTS.iter().find(|(own, ..)| *own == self).map_or(&[], |(.., oid)| oid)
    }

    /// The digest with this object identifier.
    pub(super) fn of_oid(oid: &[u8]) -> Option<Digest> {
        DIGESTS.iter().find(|(.., own)| *own == oid).map(|(digest, ..)| *digest)
    }

    /// What a channel has to name for this to be taken.
    pub fn weak(self) -> Option<Weak> {
        match self {
            Digest::Md5 => Some(Weak::Md5),
            Digest::Sha1 => Some(Weak::Sha1),
            Digest::Sha256 | Digest::Sha384 | Digest::Sha512 => None,
        }
    }

    pub(super) fn openssl(self) -> MessageDigest {
        match self {
            Digest::Md5 => MessageDigest::md5(),
            Digest::Sha1 => MessageDigest::sha1(),
            Digest::Sha256 => MessageDigest::sha256(),
            Digest::Sha384 => MessageDigest::sha384(),
            Digest::Sha512 => MessageDigest::sha512(),
        }
    }
}

impl Cipher {
    /// The cipher with this object identifier.
    pub(super) fn of_oid(oid: &[u8]) -> Option<Cipher> {
        CIPHERS.iter().find(|(_, own)| *own == oid).map(|(cipher, _)| *cipher)
    }

    /// What a channel has to name for this to be taken.
    pub fn weak(self) -> Option<Weak> {
        (self == Cipher::TripleDes).then_some(Weak::TripleDes)
    }

    /// True where the envelope is of the kind `AuthEnvelopedData`.
    pub(super) fn is_authenticated(self) -> bool {
        matches!(self, Cipher::Aes128Gcm | Cipher::Aes192Gcm | Cipher::Aes256Gcm)
    }

    pub(super) fn openssl(self) -> symm::Cipher {
        match self {
            Cipher::TripleDes => symm::Cipher::des_ede3_cbc(),
            Cipher::Aes128Cbc => symm::Cipher::aes_128_cbc(),
            Cipher::Aes192Cbc => symm::Cipher::aes_192_cbc(),
            Cipher::Aes256Cbc => symm::Cipher::aes_256_cbc(),
            Cipher::Aes128Gcm => symm::Cipher::aes_128_gcm(),
            Cipher::Aes192Gcm => symm::Cipher::aes_192_gcm(),
            Cipher::Aes256Gcm => symm::Cipher::aes_256_gcm(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_partners_write_them() {
        for (name, expected) in [
            ("sha256", Some(Digest::Sha256)),
            ("SHA-256", Some(Digest::Sha256)),
            (" sha-512 ", Some(Digest::Sha512)),
            ("sha1", Some(Digest::Sha1)),
            ("SHA-1", Some(Digest::Sha1)),
            ("rsa-md5", Some(Digest::Md5)),
            ("sha-224", None),
            ("", None),
        ] {
            assert_eq!(Digest::parse(name), expected, "{name}");
        }
    }

    #[test]
    fn object_identifiers_lead_back() {
        for (digest, name, oid) in DIGESTS {
            assert_eq!((Digest::of_oid(oid), Digest::parse(name)), (Some(digest), Some(digest)));
        }
        for (cipher, oid) in CIPHERS {
            assert_eq!(Cipher::of_oid(oid), Some(cipher));
        }
        assert_eq!(Digest::of_oid(&[1]), None);
    }
}
