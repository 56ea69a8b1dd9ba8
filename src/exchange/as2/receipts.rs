//! Receipts of messages that went: kept as evidence, and compared with what was sent.

use std::thread;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::exchange::as2::Station;
use crate::exchange::as2::StationError;
use crate::store::As2Message;
use crate::store::As2Receipt;
use crate::store::DeliveryState;
use crate::store::StoreError;
use crate::transport::as2::Evidence;
use crate::transport::as2::Fields;
use crate::transport::as2::Parties;
use crate::transport::as2::ReceiptFault;
use crate::transport::as2::Settings;
use crate::transport::as2::read_receipt;

/// How often, and how long apart, a delivery is looked at whose receipt overtook the end of its sending.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

impl Station {
    /// Takes a receipt that came on a connection of its own.
    pub fn confirm(&self, fields: &Fields, body: Vec<u8>, now: DateTime<Utc>) -> Result<(), StationError> {
        let parties = Parties::read(fields).map_err(StationError::Header)?;
        let (channel, settings) = self.agreed(&parties)?;
        let flat = Fields::flat(fields.pairs(), &body);
        let evidence = read_receipt(fields, body, &settings, now).map_err(StationError::Receipt)?;
        let named = &evidence.original_message_id;
        let delivery = named.split('@').next().unwrap_or_default();
        let message = self.store().as2_message(&Caller::operator(), delivery)?;
        let ours = message.filter(|message| message.message_id == *named && message.channel == channel.id);
        let message = ours.ok_or_else(|| StationError::NoMessage(named.clone()))?;
        let settled = self.settle(&message, &evidence, &settings, (flat, now));
        if let Err(fault @ (ReceiptFault::Unsigned | ReceiptFault::Signature(_))) = settled {
            // Anybody could have sent it: it changes nothing.
            return Err(StationError::Receipt(fault));
        }
        for _ in 0..LOOKS {
            let ended = match &settled {
                Ok(()) => self.0.outbox.confirm(delivery, &told(&evidence), now)?,
                Err(fault) => self.0.outbox.reject(delivery, (&fault.to_string(), is_final(fault)), now)?,
            };
            let state = self.store().delivery(&Caller::operator(), delivery)?.map(|delivery| delivery.state);
            if ended || state != Some(DeliveryState::Waiting) {
                break;
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Keeps a receipt and tells whether it proves that the message was taken. One that anybody could have made is not kept.
    pub(in crate::exchange) fn settle(
        &self,
        message: &As2Message,
        evidence: &Evidence,
        settings: &Settings,
        (flat, now): (Vec<u8>, DateTime<Utc>),
    ) -> Result<(), ReceiptFault> {
        let settled = evidence.settles(&message.message_id, &message.mics, settings);
        if matches!(settled, Ok(()) | Err(ReceiptFault::NotTaken { .. })) {
            let receipt = As2Receipt {
                at: now,
                disposition: evidence.disposition.clone(),
                signer: evidence.signer.clone().unwrap_or_default(),
                bytes: flat,
            };
            if let Err(error) = self.store().keep_as2_receipt(&message.delivery, &receipt) {
                lost(&error, &message.delivery);
            }
        }
        settled
    }
}

fn lost(error: &StoreError, delivery: &str) {
    tracing::error!(%error, delivery, "the receipt of an AS2 message cannot be kept");
}

/// What a receipt says, for the log of deliveries.
pub(in crate::exchange) fn told(evidence: &Evidence) -> String {
    let mic = evidence.mic.as_ref().map(|mic| format!("; integrity check {mic}")).unwrap_or_default();
    let signer = evidence.signer.as_ref().map(|signer| format!("; signed by {signer}")).unwrap_or_default();
    format!("{}{mic}{signer}", evidence.disposition)
}

/// True where the same message sent again would fare no better.
pub(in crate::exchange) fn is_final(fault: &ReceiptFault) -> bool {
    match fault {
        ReceiptFault::NotTaken { disposition, .. } => !disposition.contains("unexpected-processing-error"),
        ReceiptFault::NoReceipt(_) | ReceiptFault::OtherMessage(_) => false,
        ReceiptFault::Signature(_) | ReceiptFault::Unsigned | ReceiptFault::OtherBytes(_) => true,
    }
}
