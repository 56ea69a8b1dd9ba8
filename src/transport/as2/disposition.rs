//! What became of a message, as receipts say it (RFC 4130, section 7.5; RFC 8098, section 3.2.6).

use std::fmt;

use thiserror::Error;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is not from whom it says.
    AuthenticationFailed,
    /// It cannot be decrypted.
    DecryptionFailed,
    /// It cannot be unpacked.
    DecompressionFailed,
    /// It is not what was signed.
    IntegrityCheckFailed,
    /// It is less protected than agreed.
    InsufficientSecurity,
    /// Another message came under its id.
    DuplicateDocument,
    /// It could not be worked on.
    UnexpectedProcessing,
    /// It is of a form that is not read here.
    UnsupportedFormat,
    /// It is signed by, or asks for, a digest that is not taken.
    UnsupportedMic,
}

/// Why a message is not taken, with words for the people on the other side.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{words}")]
pub struct Refusal {
    /// The kind.
    pub trouble: Trouble,
    /// What is wrong, and how it is mended.
    pub words: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It was taken.
    Processed,
    /// It was taken, with a remark.
    Warning(String),
    /// It was not taken, for a reason in it.
    Error(String),
    /// It was not taken, as what it asks for cannot be done.
    Failure(String),
}

impl Refusal {
    /// A refusal in words.
    pub fn new(trouble: Trouble, words: impl Into<String>) -> Refusal {
        Refusal { trouble, words: words.into() }
    }
}

impl Trouble {
    /// What a receipt says of it.
    pub fn disposition(self) -> Disposition {
        let error = |word: &str| Disposition::Error(word.to_owned());
        match self {
            Trouble::AuthenticationFailed => error("authentication-failed"),
            Trouble::DecryptionFailed => error("decryption-failed"),
            Trouble::DecompressionFailed => error("decompression-failed"),
            Trouble::IntegrityCheckFailed => error("integrity-check-failed"),
            Trouble::InsufficientSecurity => error("insufficient-message-security"),
            Trouble::DuplicateDocument => error("duplicate-document"),
            Trouble::UnexpectedProcessing => error("unexpected-processing-error"),
            Trouble::UnsupportedFormat => Disposition::Failure("unsupported format".to_owned()),
            Trouble::UnsupportedMic => Disposition::Failure("unsupported MIC-algorithms".to_owned()),
        }
    }
}

impl Disposition {
    /// Reads the field `Disposition`, such as `automatic-action/MDN-sent-automatically; processed/error: decryption-failed`.
    pub fn parse(field: &str) -> Option<Disposition> {
        Disposition::parse_status(field.split_once(';')?.1)
    }

    /// Reads what stands behind the semicolon of the field, and what is written of it: `processed/error: decryption-failed`.
    pub fn parse_status(status: &str) -> Option<Disposition> {
        let (kind, word) = status.split_once(':').unwrap_or((status, ""));
        let word = word.trim().to_owned();
        let kind = kind.split_whitespace().collect::<String>().to_ascii_lowercase();
        match &*kind {
            "processed" if word.is_empty() => Some(Disposition::Processed),
            // Written by peers that forget what kind of remark it is: taken for the worst.
            "processed" => Some(Disposition::Error(word)),
            "processed/warning" => Some(Disposition::Warning(word)),
            "processed/error" => Some(Disposition::Error(word)),
            "failed" | "failed/failure" | "processed/failure" => Some(Disposition::Failure(word)),
            _ => None,
        }
    }

    /// True where the message was taken.
    pub fn is_taken(&self) -> bool {
        matches!(self, Disposition::Processed | Disposition::Warning(_))
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Disposition::Processed => write!(out, "processed"),
            Disposition::Warning(word) => write!(out, "processed/warning: {word}"),
            Disposition::Error(word) => write!(out, "processed/error: {word}"),
            Disposition::Failure(word) => write!(out, "failed/failure: {word}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &str, expected: Option<Disposition>) {
        assert_eq!(Disposition::parse(field), expected, "{field}");
    }

    #[test]
    fn dispositions_are_read() {
        let word = || "x-y z".to_owned();
        check("automatic-action/MDN-sent-automatically; processed", Some(Disposition::Processed));
        check(
            "automatic-action/MDN-sent-automatically;processed/Warning: x-y z",
            Some(Disposition::Warning(word())),
        );
        check("a; processed/error:x-y z", Some(Disposition::Error(word())));
        check("a; processed : x-y z", Some(Disposition::Error(word())));
        check("a; failed/Failure: x-y z", Some(Disposition::Failure(word())));
        check("a; displayed", None);
        check("processed", None);
    }

    #[test]
    fn what_is_written_is_read() {
        for trouble in [Trouble::AuthenticationFailed, Trouble::UnsupportedMic, Trouble::DuplicateDocument] {
            let disposition = trouble.disposition();
            check(
                &format!("automatic-action/MDN-sent-automatically; {disposition}"),
                Some(disposition.clone()),
            );
            assert!(!disposition.is_taken());
        }
    }
}
