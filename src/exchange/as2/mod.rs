//! Our side of AS2: our keys, the messages that come, and the receipts of those that went.

mod incoming;
mod receipts;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use thiserror::Error;

use crate::access::Caller;
use crate::exchange::Inbox;
use crate::exchange::InboxError;
use crate::exchange::Outbox;
use crate::store::Store;
use crate::store::StoreError;
use crate::transport;
use crate::transport::PartnerChannel;
use crate::transport::as2::As2Error;
use crate::transport::as2::Fields;
use crate::transport::as2::Identity;
use crate::transport::as2::OwnSettings;
use crate::transport::as2::Parties;
use crate::transport::as2::ReceiptFault;
use crate::transport::as2::Refusal;
use crate::transport::as2::Settings;
use crate::transport::as2::Wish;

pub(super) use receipts::is_final;
pub(super) use receipts::told;

/// The media type of a receipt of ours that goes on a connection of its own: header fields and body, as they are sent.
pub const RECEIPT: &str = "application/vnd.epcgate.as2-receipt";

/// Why a message, or a receipt, is answered with an HTTP status alone.
#[derive(Debug, Error)]
pub enum StationError {
    /// What stands in its header cannot be read.
    #[error("{0}")]
    Header(String),
    /// Nothing is agreed between these two.
    #[error(
        "no AS2 channel is agreed between {from:?} (AS2-From) and {to:?} (AS2-To); names are compared letter by letter"
    )]
    Unknown {
        /// Who sends.
        from: String,
        /// Who is to receive.
        to: String,
    },
    /// It wants a receipt where none is agreed to be sent.
    #[error(
        "a receipt on another connection is sent to the address agreed alone, and none is: ask for it on the same \
         connection, or have receiptUrl set in the channel"
    )]
    NoReceiptUrl,
    /// It is not taken, and wants no receipt that would say so.
    #[error("{0}")]
    Refused(Refusal),
    /// A receipt that proves nothing.
    #[error("{0}")]
    Receipt(ReceiptFault),
    /// A receipt for a message that was not sent, or by another channel.
    #[error("no message {0:?} was sent by this channel")]
    NoMessage(String),
    /// What came cannot be taken now.
    #[error(transparent)]
    Inbox(InboxError),
    /// Our own keys cannot be used.
    #[error(transparent)]
    Own(#[from] As2Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where AS2 messages are taken and their receipts made. Clones share it.
#[derive(Clone)]
pub struct Station(Arc<Inner>);

struct Inner {
    store: Store,
    own: OwnSettings,
    inbox: Inbox,
    outbox: Outbox,
}

/// A message whose header has been read.
#[derive(Clone, Debug)]
pub struct Incoming {
    channel: PartnerChannel,
    settings: Settings,
    parties: Parties,
    fields: Fields,
    wish: Option<Wish>,
}

/// What is answered: header fields and body; both empty where no receipt is wanted here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Header fields.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Station {
    /// A station that gives what comes to this inbox, and receipts to this outbox.
    pub fn new(store: &Store, own: &OwnSettings, inbox: &Inbox, outbox: &Outbox) -> Station {
        let (store, own) = (store.clone(), own.clone());
        Station(Arc::new(Inner { store, own, inbox: inbox.clone(), outbox: outbox.clone() }))
    }

    /// What was set for our side.
    pub fn own(&self) -> &OwnSettings {
        &self.0.own
    }

    /// The store.
    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Our keys, as they are in their files now: one that is put beside another is used from the next message on.
    pub fn identities(&self) -> Result<Vec<Identity>, As2Error> {
        identities(&self.0.own)
    }

    /// Reads the header of a message, and finds what was agreed with its sender.
    pub fn announced(&self, fields: Fields) -> Result<Incoming, StationError> {
        let parties = Parties::read(&fields).map_err(StationError::Header)?;
        let (channel, settings) = self.agreed(&parties)?;
        let wish = Wish::read(&fields, &settings);
        if wish.as_ref().is_some_and(|wish| wish.url.is_some()) && settings.receipt_url.is_empty() {
            return Err(StationError::NoReceiptUrl);
        }
        Ok(Incoming { channel, settings, parties, fields, wish })
    }

    fn agreed(&self, parties: &Parties) -> Result<(PartnerChannel, Settings), StationError> {
        let Parties { from, to, .. } = parties;
        let found = self.0.store.as2_channel(&Caller::operator(), from, to)?;
        found.ok_or_else(|| StationError::Unknown { from: from.clone(), to: to.clone() })
    }
}

/// Our keys, read from their files, which nobody else may read.
pub fn identities(own: &OwnSettings) -> Result<Vec<Identity>, As2Error> {
    let mut identities = Vec::new();
    for path in &own.identities {
        let failed =
            |why: String| As2Error::Certificate(format!("as2.identities: {}: {why}", path.display()));
        let open =
            fs::metadata(path).map_err(|error| failed(error.to_string()))?.permissions().mode() & 0o077;
        if open != 0 {
            return Err(failed("others than its owner may read it; chmod 600 it".to_owned()));
        }
        let pem = fs::read(path).map_err(|error| failed(error.to_string()))?;
        identities.push(Identity::from_pem(&pem).map_err(|error| failed(error.to_string()))?);
    }
    Ok(identities)
}

/// Something unique, for ids and boundaries.
pub(super) fn unique() -> Result<u128, As2Error> {
    let random = transport::random::<16>();
    random
        .map(u128::from_be_bytes)
        .ok_or_else(|| As2Error::Setting("the system gives no random bytes".to_owned()))
}
