//! A message that comes: opened, kept, and answered by a receipt that is the same each time the message is sent.

use chrono::DateTime;
use chrono::Utc;
use memchr::memmem;

use crate::access::Caller;
use crate::exchange::Arrival;
use crate::exchange::InboxError;
use crate::exchange::as2::Answered;
use crate::exchange::as2::Incoming;
use crate::exchange::as2::RECEIPT;
use crate::exchange::as2::Station;
use crate::exchange::as2::StationError;
use crate::exchange::as2::unique;
use crate::store::Content;
use crate::store::NewDelivery;
use crate::transport::Cargo;
use crate::transport::as2::Answer;
use crate::transport::as2::Disposition;
use crate::transport::as2::Fields;
use crate::transport::as2::Identity;
use crate::transport::as2::Limits;
use crate::transport::as2::Mic;
use crate::transport::as2::Opened;
use crate::transport::as2::Refusal;
use crate::transport::as2::Trouble;
use crate::transport::as2::open;
use crate::transport::as2::write_receipt;

/// What became of a message.
enum Verdict {
    /// It is kept.
    Kept { arrival: String, mic: Mic, disposition: Disposition },
    /// It was kept before, and this is what its sender was given.
    Repeated { arrival: String, receipt: Vec<u8> },
    /// It is not taken. Its sender proved who he is, or anybody may have sent it.
    Refused { refusal: Refusal, proven: bool },
}

impl Station {
    /// Takes a message. Once this returns an answer, the message survives any crash, or is refused in the answer.
    pub fn take(
        &self,
        incoming: &Incoming,
        body: Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<Answered, StationError> {
        let identities = self.identities()?;
        let Incoming { channel, parties, wish, .. } = incoming;
        let verdict = match wish.as_ref().and_then(|wish| wish.refused.clone()) {
            Some(refusal) => Verdict::Refused { refusal, proven: false },
            None => self.judge(incoming, body, &identities, now)?,
        };
        let outcome = match &verdict {
            Verdict::Kept { .. } => "taken",
            Verdict::Repeated { .. } => "repeated",
            Verdict::Refused { .. } => "refused",
        };
        metrics::counter!("epcgate_as2_messages_total", "outcome" => outcome).increment(1);
        if let Verdict::Refused { refusal, .. } = &verdict {
            let (channel, message_id, why) = (&channel.id, &parties.message_id, refusal.to_string());
            tracing::warn!(channel, message_id, disposition = %refusal.trouble.disposition(), why, "not taken");
        }
        let Some(wish) = wish else {
            return match verdict {
                Verdict::Refused { refusal, .. } => Err(StationError::Refused(refusal)),
                _ => Ok(Answered::default()),
            };
        };
        let elsewhere = wish.url.is_some();
        let receipt = match verdict {
            // What anybody may send fills no outbox of ours, and sends nothing to the partner in whose name it came.
            Verdict::Refused { refusal, proven: false } if elsewhere => {
                return Err(StationError::Refused(refusal));
            }
            Verdict::Kept { arrival, mic, disposition } => {
                let words = "The message was received, verified and kept. What is in it is judged apart from this receipt.";
                let receipt = self.receipt(incoming, &identities, (disposition, Some(mic), words), now)?;
                self.0.inbox.keep_receipt(&arrival, &receipt).map_err(StationError::Inbox)?
            }
            Verdict::Repeated { arrival, receipt } => {
                let (channel, message_id) = (&channel.id, &parties.message_id);
                tracing::info!(channel, message_id, arrival, "came again; its receipt is repeated");
                receipt
            }
            Verdict::Refused { refusal, .. } => {
                let told = (refusal.trouble.disposition(), None, &*refusal.words);
                self.receipt(incoming, &identities, told, now)?
            }
        };
        if !elsewhere {
            let damaged = || StationError::Header("the receipt that was kept cannot be read".to_owned());
            let (fields, body) = Fields::unflat(&receipt).ok_or_else(damaged)?;
            return Ok(Answered { fields: fields.pairs().to_vec(), body });
        }
        self.send_receipt(incoming, receipt, now)
    }

    fn judge(
        &self,
        incoming: &Incoming,
        body: Vec<u8>,
        identities: &[Identity],
        now: DateTime<Utc>,
    ) -> Result<Verdict, StationError> {
        let Incoming { settings, fields, wish, .. } = incoming;
        let digest = wish.as_ref().and_then(|wish| wish.signed);
        let limits = Limits::from(self.own());
        match open((fields, body), settings, identities, limits, (digest, now)) {
            Ok(opened) => self.keep(incoming, opened, now),
            Err(refusal) => Ok(Verdict::Refused { refusal, proven: false }),
        }
    }

    fn keep(&self, incoming: &Incoming, opened: Opened, now: DateTime<Utc>) -> Result<Verdict, StationError> {
        let Incoming { channel, parties, .. } = incoming;
        let arrival = Arrival {
            channel: channel.id.clone(),
            partner: channel.partner.clone(),
            message_id: parties.message_id.clone(),
            name: opened.file_name.unwrap_or_default(),
            at: now,
        };
        let taken = match self.0.inbox.take(&arrival, &*opened.content) {
            Ok(taken) => taken,
            Err(InboxError::Reused { .. }) => {
                let words =
                    "another message came under this Message-ID before; give each message one of its own";
                let refusal = Refusal::new(Trouble::DuplicateDocument, words);
                return Ok(Verdict::Refused { refusal, proven: true });
            }
            Err(error @ InboxError::TooLarge(_)) => {
                let refusal = Refusal::new(Trouble::UnexpectedProcessing, error.to_string());
                return Ok(Verdict::Refused { refusal, proven: true });
            }
            Err(error) => return Err(StationError::Inbox(error)),
        };
        let (channel, message_id, arrival, mic) = (&channel.id, &parties.message_id, taken.id, opened.mic);
        let repeated = taken.earlier && !taken.receipt.is_empty();
        if repeated && memmem::find(&taken.receipt, mic.value.as_bytes()).is_some() {
            return Ok(Verdict::Repeated { arrival, receipt: taken.receipt });
        }
        tracing::info!(channel, message_id, arrival, earlier = taken.earlier, "taken");
        // The same document in another wrapping: what was given then would not fit what was sent now.
        let disposition = match repeated {
            true => Disposition::Warning("duplicate-document".to_owned()),
            false => Disposition::Processed,
        };
        Ok(Verdict::Kept { arrival, mic, disposition })
    }

    /// Makes a receipt as it goes over the wire.
    fn receipt(
        &self,
        incoming: &Incoming,
        identities: &[Identity],
        (disposition, mic, words): (Disposition, Option<Mic>, &str),
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>, StationError> {
        let Incoming { settings, parties, wish, .. } = incoming;
        let signed = wish.as_ref().and_then(|wish| wish.signed);
        let identity = match signed {
            Some(_) => Some(Identity::choose(identities, &settings.own_certificate)?),
            None => None,
        };
        let unique = unique()?;
        let spelled = wish.as_ref().filter(|wish| wish.signed == mic.as_ref().map(|mic| mic.digest));
        let answer = Answer {
            message_id: format!("{unique:032x}@{}", self.own().domain),
            original_message_id: parties.message_id.clone(),
            disposition,
            mic,
            spelling: spelled.map(|wish| wish.spelling.clone()).unwrap_or_default(),
            words: words.to_owned(),
            signed,
        };
        let (fields, body) = write_receipt(&answer, settings, identity, unique, now)?;
        Ok(Fields::flat(&fields, &body))
    }

    /// Puts a receipt on its way to the address agreed.
    fn send_receipt(
        &self,
        incoming: &Incoming,
        receipt: Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<Answered, StationError> {
        let Incoming { channel, settings, parties, wish, .. } = incoming;
        let asked = wish.as_ref().and_then(|wish| wish.url.as_deref()).unwrap_or_default();
        if asked != settings.receipt_url {
            let (channel, agreed) = (&channel.id, &settings.receipt_url);
            tracing::warn!(
                channel,
                asked,
                agreed,
                "the receipt is sent to the address agreed, not to the one asked for"
            );
        }
        let delivery = NewDelivery {
            channel: channel.id.clone(),
            // Wanted once more with each message that comes again.
            key: format!("as2-receipt:{}:{}", parties.message_id, now.timestamp_micros()),
            cargo: Cargo::Answers,
            name: "receipt".to_owned(),
            media_type: RECEIPT.to_owned(),
            content: Content::Bytes(receipt),
        };
        self.0.outbox.put(&Caller::operator(), &delivery, now)?;
        Ok(Answered::default())
    }
}
