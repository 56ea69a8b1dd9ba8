//! How objects came into being: the commissioning or repackaging event of each, with lot and expiry (CBV 2.0 §7.1).

use std::collections::HashMap;
use std::collections::HashSet;

use crate::access::Caller;
use crate::dscsa::LotAndExpiry;
use crate::epcis::Action;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::What;
use crate::gs1::Epc;
use crate::store::EventHead;
use crate::store::Mention;
use crate::store::Store;
use crate::store::StoreError;

/// Events of which the content is in memory at one time.
const EVENTS: usize = 16;

/// Objects looked up first; each look-up that finds the events of few takes twice as many the next time.
const FEWEST: usize = 16;
const MOST: usize = 4_096;

/// Commissioning events, and which of them each object has.
#[derive(Debug, Default)]
pub struct Commissionings {
    events: Vec<Commissioning>,
    /// Places of events by key of the object.
    of: HashMap<String, usize>,
}

/// An event by which objects came into being.
#[derive(Clone, Debug)]
pub struct Commissioning {
    /// The repository's number of it.
    pub id: i64,
    /// The document it came with first.
    pub document: i64,
    /// The event without its identifiers.
    pub event: Event,
    /// What it says of lot and expiry.
    pub lot: LotAndExpiry,
}

impl Commissionings {
    /// Looks up these objects, by their keys: one reading of each event, however many of them it names. Of an object that
    /// was commissioned more than once the first event counts.
    pub fn of(store: &Store, caller: &Caller, keys: &[String]) -> Result<Commissionings, StoreError> {
        let mut found = Commissionings::default();
        found.gather(store, caller, keys, (Mention::Item, EventKind::Object))?;
        let left: Vec<String> = keys.iter().filter(|key| found.find(key).is_none()).cloned().collect();
        found.gather(store, caller, &left, (Mention::Output, EventKind::Transformation))?;
        Ok(found)
    }

    /// The event of the object with this key.
    pub fn find(&self, key: &str) -> Option<&Commissioning> {
        self.events.get(*self.of.get(key)?)
    }

    fn gather(
        &mut self,
        store: &Store,
        caller: &Caller,
        keys: &[String],
        (mention, kind): (Mention, EventKind),
    ) -> Result<(), StoreError> {
        let wanted: HashSet<&str> = keys.iter().map(String::as_str).collect();
        let mut read = HashSet::new();
        let (mut from, mut most) = (0, FEWEST);
        while from < keys.len() {
            let mut some: Vec<&str> = Vec::with_capacity(most);
            while let Some(key) = keys.get(from).filter(|_| some.len() < most) {
                from += 1;
                if !self.of.contains_key(key) {
                    some.push(key);
                }
            }
            let mut heads = store.heads(caller, (mention, &some), kind, i64::MAX)?;
            heads.retain(|head| is_beginning(head) && read.insert(head.id));
            for part in heads.chunks(EVENTS) {
                for stored in store.events_of(part)? {
                    self.take(stored.id, stored.document, stored.event, &wanted);
                }
            }
            most = (most * 2).min(MOST);
        }
        Ok(())
    }

    fn take(&mut self, id: i64, document: i64, mut event: Event, wanted: &HashSet<&str>) {
        let epcs = match &mut event.what {
            What::Object { epcs, .. } => std::mem::take(epcs),
            What::Transformation { output_epcs, .. } => std::mem::take(output_epcs),
            _ => return,
        };
        let place = self.events.len();
        for key in epcs.iter().map(Epc::key).filter(|key| wanted.contains(key.as_str())) {
            self.of.entry(key).or_insert(place);
        }
        let lot = LotAndExpiry::of(&event);
        self.events.push(Commissioning { id, document, event, lot });
    }
}

/// True for ADD, whatever the business step, and for a transformation, which has no action.
fn is_beginning(head: &EventHead) -> bool {
    matches!(head.action, Some(Action::Add) | None)
}
