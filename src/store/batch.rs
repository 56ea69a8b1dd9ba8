//! A batch of events made ready for the store: packed, with their terms and keys, so that the event itself can go.

use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Term as Word;
use crate::gs1::Epc;
use crate::store::StoreError;
use crate::store::bodies::BodyEncoder;
use crate::store::dialect::EventRow;
use crate::store::terms;
use crate::store::terms::Term;

const MOST_EVENTS: usize = 8_192;
/// Nearly what one block of the index holds, so that blocks become full.
const MOST_TERMS: usize = 240_000;
const MOST_BYTES: usize = 16 << 20;

/// Events of one document on their way into the store.
pub struct Batch {
    encoder: BodyEncoder,
    events: Vec<Prepared>,
    terms: Vec<Term>,
    bytes: usize,
}

/// An event without its id.
pub(super) struct Prepared {
    pub(super) position: i64,
    pub(super) event_id: Option<Box<str>>,
    pub(super) hash: [u8; 32],
    pub(super) error_declared: bool,
    pub(super) keys: IdentityKeys,
    event_time: i64,
    kind: &'static str,
    action: Option<&'static str>,
    biz_step: Option<Box<str>>,
    disposition: Option<Box<str>>,
    read_point: Option<Box<str>>,
    biz_location: Option<Box<str>>,
    parties: Box<str>,
    body: Vec<u8>,
    /// Where its terms begin and end among those of the batch.
    terms: (usize, usize),
}

/// The keys of an event in `event_identities`.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdentityKeys {
    /// Of just this event.
    pub(super) same: i64,
    /// Of all events it may contradict or correct.
    pub(super) related: Option<i64>,
}

impl IdentityKeys {
    /// The keys of an event with this `eventID` and content hash, declared wrong at this time if it is such a declaration.
    pub(super) fn new(event_id: Option<&str>, hash: &[u8; 32], declared: Option<&EventTime>) -> IdentityKeys {
        let related = match (event_id.map(terms::event_id_keys), declared) {
            (Some([plain, _]), None) => Some(plain),
            (Some([_, declared]), Some(_)) => Some(declared),
            (None, Some(_)) => Some(terms::declared_hash_key(hash)),
            (None, None) => None,
        };
        IdentityKeys { same: terms::identity_key(event_id, hash, declared), related }
    }

    /// Every key.
    pub(super) fn all(&self) -> impl Iterator<Item = i64> + use<> {
        [Some(self.same), self.related].into_iter().flatten()
    }

    /// The keys under which an event is compared with others: a declaration contradicts none.
    pub(super) fn compared(&self, error_declared: bool) -> impl Iterator<Item = i64> + use<> {
        [Some(self.same), self.related.filter(|_| !error_declared)].into_iter().flatten()
    }
}

impl Batch {
    /// An empty batch, to be filled and emptied again and again.
    pub fn new() -> Result<Batch, StoreError> {
        Ok(Batch { encoder: BodyEncoder::new()?, events: Vec::new(), terms: Vec::new(), bytes: 0 })
    }

    /// Adds the event at this position of its document, with its content hash (CBV 2.0 §8.9).
    pub fn push(&mut self, position: u64, event: &Event, hash: &[u8; 32]) -> Result<(), StoreError> {
        let body = self.encoder.encode(event)?;
        self.bytes += body.len();
        let from = self.terms.len();
        terms::terms_of(event, &mut self.terms);
        let word = |word: &Option<Word>| word.as_ref().map(|word| word.bare().into());
        let place = |id: &Epc| id.key().into_boxed_str();
        self.events.push(Prepared {
            position: i64::try_from(position).unwrap_or(i64::MAX),
            event_id: event.id.clone(),
            hash: *hash,
            error_declared: event.error_declaration.is_some(),
            keys: IdentityKeys::new(
                event.id.as_deref(),
                hash,
                event.error_declaration.as_ref().map(|declaration| &declaration.declaration_time),
            ),
            event_time: event.time.microseconds(),
            kind: event.what.kind().name(),
            action: event.what.action().map(|action| action.as_str()),
            biz_step: word(&event.biz_step),
            disposition: word(&event.disposition),
            read_point: event.read_point.as_ref().map(|location| place(&location.id)),
            biz_location: event.biz_location.as_ref().map(|location| place(&location.id)),
            parties: terms::parties_of(event).into(),
            body,
            terms: (from, self.terms.len()),
        });
        Ok(())
    }

    /// True once it should be given to [`Store::add_events`](crate::store::Store::add_events).
    pub fn is_full(&self) -> bool {
        self.events.len() >= MOST_EVENTS || self.terms.len() >= MOST_TERMS || self.bytes >= MOST_BYTES
    }

    /// True where there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many events are in it.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn events(&self) -> &[Prepared] {
        &self.events
    }

    pub(super) fn terms_of(&self, event: &Prepared) -> &[Term] {
        self.terms.get(event.terms.0..event.terms.1).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.terms.clear();
        self.bytes = 0;
    }
}

impl Prepared {
    /// The row it becomes in this document.
    pub(super) fn row(&self, id: i64, document: i64) -> EventRow<'_> {
        EventRow {
            id,
            document,
            position: self.position,
            event_id: self.event_id.as_deref(),
            hash: &self.hash,
            error_declared: self.error_declared,
            event_time: self.event_time,
            kind: self.kind,
            action: self.action,
            biz_step: self.biz_step.as_deref(),
            disposition: self.disposition.as_deref(),
            read_point: self.read_point.as_deref(),
            biz_location: self.biz_location.as_deref(),
            parties: &self.parties,
            body: &self.body,
        }
    }
}
