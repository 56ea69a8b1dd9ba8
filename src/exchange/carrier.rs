//! What a protocol has to do: bring one delivery to its receiver, or say why not.

use std::future::Future;
use std::io;
use std::io::Cursor;
use std::io::Read;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use thiserror::Error;

use crate::store::Store;
use crate::transport::Cargo;
use crate::transport::PartnerChannel;

/// A delivery that is sent now.
#[derive(Clone)]
pub struct Outgoing {
    /// The same each time it is sent, a UUID; the receiver knows by it what it has already.
    pub id: String,
    /// The channel.
    pub channel: PartnerChannel,
    /// What it is.
    pub cargo: Cargo,
    /// A name of a file, or the kind of an event.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Now.
    pub at: DateTime<Utc>,
    /// How often it was begun to be sent, with this time.
    pub attempt: u32,
    /// What it brings.
    pub body: Body,
}

/// What a delivery brings.
#[derive(Clone)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A document of this number, as captured.
    Document(Store, i64),
}

impl Outgoing {
    /// What it brings as a stream from its beginning; reading may wait for the database.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match &self.body {
            Body::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
            Body::Document(store, document) => Box::new(store.input(*document).map_err(io::Error::other)?),
        })
    }

    /// What it brings, whole; `None` where that is more than so many bytes.
    pub fn bytes(&self, most: usize) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        self.open()?.take(most as u64 + 1).read_to_end(&mut bytes)?;
        Ok((bytes.len() <= most).then_some(bytes))
    }
}

/// That the receiver has a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// What was sent, in short, without secrets.
    pub request: String,
    /// What came back.
    pub answer: String,
    /// Where the receipt proper comes later ([`Outbox::confirm`](crate::exchange::Outbox::confirm)): how long it is waited for
    /// before the delivery is sent again.
    pub awaited: Option<TimeDelta>,
}

/// Why the receiver has not got a delivery, or perhaps not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Error)]
#[error("{answer}")]
pub struct CarryError {
    /// What was sent, in short, without secrets.
    pub request: String,
    /// What came back, or what went wrong.
    pub answer: String,
    /// True where it would be no different another time: the delivery is given up.
    pub never: bool,
    /// How long the receiver asks to be left alone; the next time is no sooner.
    pub after: Option<TimeDelta>,
}

impl CarryError {
    /// Why what was sent so has not arrived, and whether it never will.
    pub fn new(request: &str, answer: String, never: bool) -> CarryError {
        CarryError { request: request.to_owned(), answer, never, after: None }
    }
}

/// Sends deliveries by one protocol or several.
pub trait Carrier {
    /// Sends one delivery, once. It may have been sent before without anybody knowing what came of it; a receiver that has it
    /// already is as good as one that takes it now.
    fn carry(&self, delivery: &Outgoing) -> impl Future<Output = Result<Receipt, CarryError>>;
}
