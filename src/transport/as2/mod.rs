//! AS2 (RFC 4130): messages and receipts, each from bytes and to bytes. No socket and no store; the moment and what must be
//! unique are arguments.
//!
//! What a message must be is written in the channel agreed with its sender ([`Settings`]), never in the message: a message that
//! is signed or encrypted more weakly than agreed is refused, whatever it asks for.

mod algorithm;
mod ber;
mod certificate;
mod compressed;
mod der;
mod disposition;
mod enveloped;
mod header;
mod message;
mod mime;
mod name;
mod open;
mod own;
mod receipt;
mod report;
mod settings;
mod signed;

use openssl::error::ErrorStack;
use thiserror::Error;

pub use algorithm::Cipher;
pub use algorithm::Digest;
pub use algorithm::Weak;
pub use certificate::Described;
pub use certificate::Identity;
pub use certificate::Pinned;
pub use disposition::Disposition;
pub use disposition::Refusal;
pub use disposition::Trouble;
pub use header::Parties;
pub use header::Wish;
pub use message::Built;
pub use message::Parcel;
pub use message::build;
pub use mime::Fields;
pub use open::Limits;
pub use open::Opened;
pub use open::open;
pub use own::OwnSettings;
pub use receipt::Answer;
pub use receipt::Evidence;
pub use receipt::ReceiptFault;
pub use receipt::read_receipt;
pub use report::write_receipt;
pub use settings::Compression;
pub use settings::Receipts;
pub use settings::Required;
pub use settings::Sending;
pub use settings::Settings;
pub use signed::Mic;

/// Why a message or a receipt cannot be made, or a setting not be used.
#[derive(Debug, Error)]
pub enum As2Error {
    /// The cryptography refuses.
    #[error("{0}: {1}")]
    Crypto(&'static str, ErrorStack),
    /// A certificate or key cannot be used.
    #[error("{0}")]
    Certificate(String),
    /// A setting of the channel cannot be used.
    #[error("{0}")]
    Setting(String),
}

/// Names what the cryptography refused to do.
fn refused(what: &'static str) -> impl Fn(ErrorStack) -> As2Error {
    move |error| As2Error::Crypto(what, error)
}

#[cfg(test)]
mod testing {
    //! Keys and a moment that tests share.

    use std::sync::LazyLock;

    use chrono::DateTime;
    use chrono::Utc;

    use super::Identity;

    /// The moment of tests.
    pub const NOW: &str = "2026-11-23T12:00:00Z";

    /// The same, read.
    pub fn now() -> DateTime<Utc> {
        NOW.parse().unwrap()
    }

    static IDENTITIES: LazyLock<[Identity; 2]> = LazyLock::new(|| {
        ["here", "there"].map(|name| {
            let made = Identity::make(name, 365, now() - chrono::TimeDelta::days(1)).unwrap();
            Identity::from_pem(made.as_bytes()).unwrap()
        })
    });

    /// Ours, or the partner's.
    pub fn identity(which: usize) -> &'static Identity {
        &IDENTITIES[which]
    }
}
