//! Malformed: what is wrong with an identifier, the rule it breaks, and how to mend it.
use thiserror::Error;

/// The room's one error: a value and its flaw.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{value:?} {flaw}")]
pub struct Malformed {
    value: Box<str>,
    flaw: Flaw,
}

impl Malformed {
    /// Joins a value, cut to 200 characters, with its flaw.
    pub fn new(value: &str, flaw: Flaw) -> Self {
        let end = value.char_indices().nth(200).map_or(value.len(), |(at, _)| at);
        Self { value: value.get(..end).unwrap_or_default().into(), flaw }
    }

    /// The value that is wrong, as it was sent.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What is wrong with it.
    pub fn flaw(&self) -> Flaw {
        self.flaw
    }
}

/// What can be wrong with an identifier; each says the rule and the mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Flaw {
    /// No URI scheme in front (RFC 3986, section 3).
    #[error("is not an absolute URI: write a scheme such as urn: or https: in front of it, without spaces")]
    NotAbsolute,
    /// A `urn:epc:` name that the Tag Data Standard does not have.
    #[error(
        "names no EPC scheme of the Tag Data Standard: use urn:epc:id:, urn:epc:class:lgtin: or urn:epc:idpat:"
    )]
    UnknownScheme,
    /// An EPC tag URI where a pure identity is asked for.
    #[error("is a tag URI, which describes a chip: send its pure identity, urn:epc:id:")]
    TagUri,
    /// Parts missing or too many; the form the scheme asks for.
    #[error("does not have the parts of its scheme: write it as {form}")]
    Parts {
        /// The form, such as `urn:epc:id:sscc:PREFIX.REFERENCE`.
        form: &'static str,
    },
    /// A company prefix that is not 6 to 12 digits.
    #[error("has no GS1 company prefix of 6 to 12 digits: check where its first full stop stands")]
    CompanyPrefix,
    /// Company prefix and reference that are not of the length their key has.
    #[error(
        "has a key of {found} digits, and its scheme asks for {needed} in prefix and reference together: add or remove zeros"
    )]
    KeyLength {
        /// Digits (or other characters) found.
        found: usize,
        /// Digits the scheme has.
        needed: u8,
    },
    /// Something else than digits in a part that is digits.
    #[error("has something else than digits in a part that is digits only: remove it")]
    NotDigits,
    /// A wrong check digit (GS1 General Specifications, section 7.9).
    #[error(
        "has a wrong check digit: the other digits ask for {expected}; one of them was misread or mistyped"
    )]
    CheckDigit {
        /// The check digit that would fit.
        expected: char,
    },
    /// A serial number, lot, extension or reference that is empty or too long.
    #[error(
        "has a serial number, lot, extension or reference of {found} characters: it takes {least} to {most}"
    )]
    TextLength {
        /// Characters found, after decoding.
        found: usize,
        /// Fewest allowed.
        least: u8,
        /// Most allowed.
        most: u8,
    },
    /// A character the key does not take (GS1 General Specifications, figures 7.11-1 and 7.11-2).
    #[error(
        "has a character that its key does not take: use the GS1 character set only, reserved characters percent-encoded"
    )]
    Character,
    /// Piece or total of an ITIP that is not two digits.
    #[error("has a piece or total that is not two digits: write it as 01 to 99")]
    Piece,
    /// A web URI of GS1's own host without a GS1 key.
    #[error("is no GS1 Digital Link: write its path as /01/GTIN/21/serial, /00/SSCC, /414/GLN or the like")]
    NoKey,
    /// A key qualifier in the query string of a Digital Link.
    #[error(
        "has a serial number, lot or other key qualifier in its query string: move it into the path, behind its key"
    )]
    QualifierInQuery,
    /// A part of a Digital Link path that does not belong to its key.
    #[error("has a key qualifier its key does not take, or the same one twice: remove it")]
    Qualifier,
    /// Neither a GTIN, a GLN nor an SSCC by its length.
    #[error("is not of the length of this key: {needed} digits")]
    Length {
        /// The lengths allowed, in words.
        needed: &'static str,
    },
    /// A form for which the asked translation does not exist.
    #[error("has no {form} form: keep it as it is")]
    NoForm {
        /// The form asked for.
        form: &'static str,
    },
    /// A key whose company prefix length nobody told us.
    #[error(
        "belongs to a company prefix of unknown length, so its URN cannot be told: add the prefix to the overrides, or import GS1's present table"
    )]
    UnknownPrefixLength,
    /// A table of company prefix lengths that cannot be read.
    #[error("cannot be read as company prefix lengths: {problem}")]
    PrefixTable {
        /// What was met.
        problem: &'static str,
    },
}
