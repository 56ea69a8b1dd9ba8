//! Receipts that partners give: read, verified, and compared with what was sent.

use chrono::DateTime;
use chrono::Utc;
use thiserror::Error;

use crate::transport::as2::Digest;
use crate::transport::as2::Disposition;
use crate::transport::as2::Fields;
use crate::transport::as2::Mic;
use crate::transport::as2::Refusal;
use crate::transport::as2::Settings;
use crate::transport::as2::header::bare_id;
use crate::transport::as2::mime::BadMime;
use crate::transport::as2::mime::Entity;
use crate::transport::as2::signed;

/// Letters of what a partner says in words that are kept.
const MOST_WORDS: usize = 2_000;

/// What a receipt of ours says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The id of the receipt itself, without angle brackets.
    pub message_id: String,
    /// The id of the message, without angle brackets.
    pub original_message_id: String,
    /// What became of it.
    pub disposition: Disposition,
    /// The integrity check of what arrived.
    pub mic: Option<Mic>,
    /// How the partner spells the digest of the check; empty for our way.
    pub spelling: String,
    /// The same for people.
    pub words: String,
    /// By which digest the receipt is signed, if at all.
    pub signed: Option<Digest>,
}

/// What a receipt of a partner says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The id of the message, without angle brackets.
    pub original_message_id: String,
    /// What became of it.
    pub disposition: Disposition,
    /// The integrity check of what arrived.
    pub mic: Option<Mic>,
    /// SHA-256 of the certificate that signed the receipt, in hexadecimal.
    pub signer: Option<String>,
    /// The same for people.
    pub words: String,
}

/// Why a receipt proves nothing, or that a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptFault {
    /// It is no receipt.
    #[error("what came is no receipt: {0}")]
    NoReceipt(&'static str),
    /// Its signature is not good.
    #[error("the receipt is not to be trusted: {0}")]
    Signature(Refusal),
    /// It is not signed.
    #[error("the receipt is not signed, as was agreed")]
    Unsigned,
    /// It is for another message.
    #[error("the receipt is for the message {0}")]
    OtherMessage(String),
    /// It is for other bytes.
    #[error("the receipt is for other bytes than were sent: its integrity check is {0}")]
    OtherBytes(String),
    /// The message was not taken.
    #[error("the partner did not take the message ({disposition}): {words}")]
    NotTaken {
        /// What the receipt says.
        disposition: String,
        /// The same for people.
        words: String,
    },
}

impl From<BadMime> for ReceiptFault {
    fn from(bad: BadMime) -> ReceiptFault {
        ReceiptFault::NoReceipt(bad.0)
    }
}

/// Reads a receipt of the partner of a channel, and verifies it where it is signed.
pub fn read_receipt(
    fields: &Fields,
    body: Vec<u8>,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<Evidence, ReceiptFault> {
    let mut entity = Entity::of(fields.clone(), body);
    let mut signer = None;
    if entity.header.content_type().essence == "multipart/signed" {
        let (content, signature) = entity.signed()?;
        let verified =
            signed::verify(&signature, &content, settings, now).map_err(ReceiptFault::Signature)?;
        signer = Some(verified.signer);
        let content = content.whole().to_vec();
        entity = Entity::parse(content)?;
    }
    if entity.header.content_type().essence != "multipart/report" {
        return Err(ReceiptFault::NoReceipt("it is no multipart/report"));
    }
    let (mut words, mut report) = (String::new(), None);
    for part in entity.split()? {
        match &*part.header.content_type().essence {
            "message/disposition-notification" => report = Some(part.decoded()?),
            "text/plain" if words.is_empty() => {
                let text = part.decoded()?;
                words = String::from_utf8_lossy(&text).trim().chars().take(MOST_WORDS).collect();
            }
            _ => {}
        }
    }
    let mut report = report.ok_or(ReceiptFault::NoReceipt("it has no message/disposition-notification"))?;
    // Some leave out the empty line at its end, or the end of its last line.
    report.extend_from_slice(b"\r\n\r\n");
    let (report, _) = Fields::parse(report.trim_ascii_start())?;
    let field = |name: &str| report.field(name).unwrap_or_default();
    let disposition = Disposition::parse(field("Disposition"));
    Ok(Evidence {
        original_message_id: bare_id(field("Original-Message-ID")).to_owned(),
        disposition: disposition.ok_or(ReceiptFault::NoReceipt("it has no Disposition that is known"))?,
        mic: Mic::parse(field("Received-Content-MIC")),
        signer,
        words,
    })
}

impl Evidence {
    /// Tells whether it proves that a message of this id and with one of these integrity checks was taken.
    pub fn settles(&self, message_id: &str, mics: &[Mic], settings: &Settings) -> Result<(), ReceiptFault> {
        if self.original_message_id != message_id {
            return Err(ReceiptFault::OtherMessage(self.original_message_id.clone()));
        }
        if settings.sending.signed_receipts && self.signer.is_none() {
            return Err(ReceiptFault::Unsigned);
        }
        if !self.disposition.is_taken() {
            let disposition = self.disposition.to_string();
            return Err(ReceiptFault::NotTaken { disposition, words: self.words.clone() });
        }
        match &self.mic {
            Some(mic) if mics.contains(mic) => Ok(()),
            Some(mic) => Err(ReceiptFault::OtherBytes(mic.to_string())),
            // A partner may leave it out where it does not sign (RFC 4130, section 7.4.3).
            None if !settings.sending.signed_receipts || settings.sending.digest.is_none() => Ok(()),
            None => Err(ReceiptFault::OtherBytes("none".to_owned())),
        }
    }
}
