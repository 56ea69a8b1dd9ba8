//! The docket of a document: what its events say of each item, gathered while it is read, then gone through item by item.

mod classes;
mod containers;
mod notes;
mod roll;
mod spool;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::io;

use crate::epcis::Action;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::epcis::What;
use crate::gs1::Epc;
use crate::reconcile::docket::classes::Spelling;
use crate::reconcile::docket::classes::divide;
use crate::reconcile::docket::containers::Containers;
use crate::reconcile::docket::containers::Walk;
use crate::store::EventNumber;
use crate::store::Fact;
use crate::store::lot_number;

pub(crate) use classes::Classes;
pub(crate) use notes::EventNote;
pub(crate) use notes::ShipNote;
pub(crate) use notes::Step;
pub(crate) use notes::lot_and_expiry;
pub(crate) use spool::Mark;
pub(crate) use spool::MarkKind;
pub(crate) use spool::Spool;

/// A lot as a document names it; empty texts where something is missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LotName {
    /// GTIN-14; empty where the items are no trade items.
    pub(crate) gtin: String,
    pub(crate) lot: String,
    pub(crate) expiry: String,
}

impl LotName {
    /// Its number in the ledger.
    pub(crate) fn number(&self) -> i64 {
        lot_number(&self.gtin, &self.lot, &self.expiry)
    }
}

/// No lot: what a mark refers to where there is none.
pub(crate) const NO_LOT: u32 = u32::MAX;

/// How far clocks may differ, in microseconds: a day, as documents are often dated before they are complete.
const SKEW: i64 = 86_400_000_000;

/// What the events of one document say of each item: first filled, event by event, then visited, item by item.
///
/// Memory grows with the number of events, containers, lots and shipments, some hundred bytes each, but not with the
/// number of items, which go to a temporary file when there are many.
#[derive(Debug, Default)]
pub struct Docket {
    book: Book,
    classes: Classes,
    spool: Spool,
    lot_numbers: HashMap<LotName, u32>,
    seen: HashSet<u64>,
    key: String,
}

/// What is known of the document as a whole.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) events: Vec<EventNote>,
    pub(crate) shipments: Vec<ShipNote>,
    pub(crate) lots: Vec<LotName>,
    pub(crate) containers: Containers,
    pub(crate) spelling: Spelling,
    pub(crate) repeated: Vec<Repeated>,
    /// Positions of error declarations.
    pub(crate) declarations: Vec<u64>,
    /// True where events of the document were refused.
    pub(crate) incomplete: bool,
    /// What lies after this time, in microseconds, lies in the future of the document; 0 where nobody said.
    horizon: i64,
}

/// What the docket says of one item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Its identity.
    pub(crate) key: &'a str,
    /// Its number among the containers; `None` where the document puts nothing into it.
    pub(crate) container: Option<u32>,
    /// What happened to it, in the order of time.
    pub(crate) marks: &'a [Mark],
}

/// An event that stands in the document twice, word for word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Repeated {
    /// Position of the second one.
    pub(crate) position: u64,
    /// The container or the first item it is about, as sent.
    pub(crate) epc: Option<String>,
}

impl Docket {
    /// Adds the event at this position of the document, with its content hash (CBV 2.0 §8.9).
    ///
    /// Fails where the temporary file cannot be written.
    pub fn add(&mut self, position: u64, event: &Event, hash: &[u8; 32]) -> io::Result<()> {
        if event.error_declaration.is_some() {
            self.book.declarations.push(position);
            return Ok(());
        }
        let [a, b, c, d, e, f, g, h, ..] = *hash;
        if !self.seen.insert(u64::from_le_bytes([a, b, c, d, e, f, g, h])) {
            let epc = event.what.parent().or_else(|| event.what.epcs().first());
            self.book.repeated.push(Repeated { position, epc: epc.map(|epc| epc.as_str().to_owned()) });
            return Ok(());
        }
        let number = u32::try_from(self.book.events.len()).unwrap_or(u32::MAX);
        self.book.events.push(EventNote {
            number: None,
            known: true,
            time: event.time.microseconds(),
            position: u32::try_from(position).unwrap_or(u32::MAX),
        });
        self.mark(number, event)
    }

    /// Says that an event of the document was refused, so that nobody can tell what is missing.
    pub fn refused(&mut self) {
        self.book.incomplete = true;
    }

    /// Looks when the document was made: what lies well after that lies in its future.
    pub fn made(&mut self, header: &Header) {
        let sbdh = header.sbdh.as_ref().and_then(|sbdh| sbdh.creation_date());
        let times = sbdh.into_iter().chain([&*header.creation_date]);
        let made = times.filter_map(|text| EventTime::parse(text).ok()).max();
        self.book.horizon = made.map_or(0, |time| time.microseconds().saturating_add(SKEW));
    }

    /// Gives the events their numbers in the store; those that have none there, as they contradict others or were
    /// declared wrong, are as if they were not in the document.
    pub(crate) fn number(&mut self, numbers: &[EventNumber]) {
        for note in &mut self.book.events {
            let at = numbers.binary_search_by_key(&u64::from(note.position), |number| number.position);
            note.number = at.ok().and_then(|at| numbers.get(at)).map(|number| number.event);
            note.known = note.number.is_some();
        }
    }

    fn mark(&mut self, event: u32, content: &Event) -> io::Result<()> {
        let ilmd = content.ilmd.as_deref().unwrap_or_default();
        match &content.what {
            What::Object { action, epcs, .. } => self.object(event, content, (*action, epcs)),
            What::Transaction { parent, epcs, .. } => {
                let all = epcs.iter().chain(parent);
                all.into_iter().try_for_each(|epc| self.push(epc, event, MarkKind::Seen, 0))
            }
            What::Aggregation { action, parent, children, .. } => {
                self.aggregation(event, (*action, parent.as_ref(), children))
            }
            What::Transformation { input_epcs, output_epcs, .. } => {
                input_epcs.iter().try_for_each(|epc| self.push(epc, event, MarkKind::Ended, 0))?;
                self.commissioned(event, output_epcs, ilmd)
            }
            What::Association { parent, children, .. } => {
                let all = children.iter().chain(parent);
                all.into_iter().try_for_each(|epc| self.push(epc, event, MarkKind::Seen, 0))
            }
            What::Other(_) => Ok(()),
        }
    }

    fn object(&mut self, event: u32, content: &Event, (action, epcs): (Action, &[Epc])) -> io::Result<()> {
        let (kind, reference) = match (action, Step::of(content)) {
            (Action::Add, _) => {
                return self.commissioned(event, epcs, content.ilmd.as_deref().unwrap_or_default());
            }
            (_, Step::Dispensing) => (MarkKind::Dispensed, 0),
            (Action::Delete, _) => (MarkKind::Ended, 0),
            (Action::Observe, Step::Shipping) => {
                let mut note = ShipNote::of(content, event);
                note.roots = epcs.iter().map(Epc::key).collect();
                self.book.shipments.push(note);
                (MarkKind::Shipped, u32::try_from(self.book.shipments.len() - 1).unwrap_or(u32::MAX))
            }
            (Action::Observe, Step::Receiving) => (MarkKind::Received, 0),
            (Action::Observe, Step::VoidShipping) => (MarkKind::Recalled, 0),
            (Action::Observe, Step::Other) => (MarkKind::Seen, 0),
        };
        epcs.iter().try_for_each(|epc| self.push(epc, event, kind, reference))
    }

    fn aggregation(
        &mut self,
        event: u32,
        (action, parent, children): (Action, Option<&Epc>, &[Epc]),
    ) -> io::Result<()> {
        let Some(parent) = parent else {
            return children.iter().try_for_each(|epc| self.push(epc, event, MarkKind::Seen, 0));
        };
        let number = self.book.containers.of(&parent.key());
        let (of_child, of_parent) = match action {
            Action::Add => (MarkKind::Packed, MarkKind::Filled),
            Action::Delete if children.is_empty() => (MarkKind::Unpacked, MarkKind::Emptied),
            Action::Delete => (MarkKind::Unpacked, MarkKind::Seen),
            Action::Observe => (MarkKind::Seen, MarkKind::Seen),
        };
        self.push(parent, event, of_parent, 0)?;
        children.iter().try_for_each(|epc| self.push(epc, event, of_child, number))
    }

    fn commissioned(&mut self, event: u32, epcs: &[Epc], ilmd: &[Element]) -> io::Result<()> {
        let (lot, expiry) = lot_and_expiry(ilmd);
        let mut last: (u32, u32) = (u32::MAX, NO_LOT);
        for epc in epcs {
            let class = self.divided(epc);
            if last.0 != class {
                last = (class, self.lot(class, (&lot, &expiry)));
            }
            let mark = Mark { event, kind: MarkKind::Commissioned, reference: last.1 };
            self.spool.push(&self.classes, class, divide(&self.key).1, mark)?;
        }
        Ok(())
    }

    fn lot(&mut self, class: u32, (lot, expiry): (&str, &str)) -> u32 {
        let gtin = self.classes.text(class).strip_prefix("/01/").and_then(|rest| rest.get(..14));
        let gtin = gtin.unwrap_or_default().to_owned();
        if gtin.is_empty() && lot.is_empty() && expiry.is_empty() {
            return NO_LOT;
        }
        let name = LotName { gtin, lot: lot.to_owned(), expiry: expiry.to_owned() };
        match self.lot_numbers.get(&name) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.book.lots.len()).unwrap_or(NO_LOT);
                self.book.lots.push(name.clone());
                self.lot_numbers.insert(name, number);
                number
            }
        }
    }

    fn push(&mut self, epc: &Epc, event: u32, kind: MarkKind, reference: u32) -> io::Result<()> {
        let class = self.divided(epc);
        self.spool.push(&self.classes, class, divide(&self.key).1, Mark { event, kind, reference })
    }

    /// Brings the key of an identifier into `self.key` and gives its class.
    fn divided(&mut self, epc: &Epc) -> u32 {
        self.key.clear();
        epc.write_key(&mut self.key);
        let before = self.classes.len();
        let class = self.classes.of(divide(&self.key).0);
        if self.classes.len() > before {
            self.book.spelling.learn(epc, &self.key);
        }
        class
    }

    /// Puts everything in order, once all events are in.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        // No event comes any more that could be there twice.
        self.seen = HashSet::new();
        self.book.containers.prepare();
        self.spool.settle(&self.classes)
    }

    /// Learns what happened to the containers, once everything is in order and the events have their numbers, so that items
    /// can be visited.
    pub(crate) fn close(&mut self) -> io::Result<&Book> {
        let Docket { classes, spool, book, .. } = self;
        let Book { containers, events, .. } = book;
        let (mut walk, mut sorted) = (Walk::default(), Vec::new());
        spool.visit(classes, |class, serial, marks| {
            if let Some(number) = containers.meet(&mut walk, (classes.text(class), serial)) {
                containers.keep(number, by_time(&mut sorted, marks, events));
            }
            Ok::<(), io::Error>(())
        })?;
        Ok(&self.book)
    }

    /// What is known of the document as a whole.
    pub(crate) fn book(&self) -> &Book {
        &self.book
    }

    /// Visits all items in the order of their keys.
    pub(crate) fn visit<E: From<io::Error>>(
        &mut self,
        mut each: impl FnMut(&Book, Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Docket { classes, spool, book, .. } = self;
        let (mut key, mut sorted, mut walk) = (String::new(), Vec::new(), Walk::default());
        spool.visit(classes, |class, serial, marks| {
            let class = classes.text(class);
            let container = book.containers.meet(&mut walk, (class, serial));
            join(&mut key, class, serial);
            each(book, Line { key: &key, container, marks: by_time(&mut sorted, marks, &book.events) })
        })
    }
}

impl Book {
    /// When an event happened, in microseconds.
    pub(crate) fn time(&self, event: u32) -> i64 {
        self.events.get(event as usize).map_or(0, |event| event.time)
    }

    /// An event as the ledger knows it.
    pub(crate) fn fact(&self, event: u32) -> Fact {
        let note = self.events.get(event as usize);
        Fact { time: self.time(event), event: note.and_then(|note| note.number).unwrap_or(0) }
    }

    /// False for an event that the store does not take for one of the document.
    pub(crate) fn is_known(&self, event: u32) -> bool {
        self.events.get(event as usize).is_some_and(|note| note.known)
    }

    /// Where an event stands in the document, from 0.
    pub(crate) fn position(&self, event: u32) -> u64 {
        self.events.get(event as usize).map_or(0, |event| u64::from(event.position))
    }

    /// The lot of a reference; `None` for [`NO_LOT`].
    pub(crate) fn lot(&self, reference: u32) -> Option<&LotName> {
        self.lots.get(reference as usize)
    }

    /// The shipment of a reference.
    pub(crate) fn shipment(&self, reference: u32) -> Option<&ShipNote> {
        self.shipments.get(reference as usize)
    }

    /// Containers whose content changed, and that the document does not ship itself after that, each with the time of
    /// its first change. Those that no document named before, and that this one puts nowhere, are in no shipment and
    /// left out.
    pub(crate) fn reopened(&self, known_before: &HashSet<u32>) -> BTreeMap<String, i64> {
        let kinds = [MarkKind::Filled, MarkKind::Emptied, MarkKind::Seen];
        let changed = self.containers.all().filter_map(|number| {
            let marks = self.containers.marks(number);
            marks.last().filter(|mark| kinds.contains(&mark.kind))?;
            let first = marks.iter().find(|mark| kinds.contains(&mark.kind))?;
            let elsewhere = known_before.contains(&number) || !self.containers.stands_alone(number);
            elsewhere.then(|| (self.containers.key(number).to_owned(), self.time(first.event)))
        });
        changed.collect()
    }

    /// True for a time that lies in the future of the document.
    pub(crate) fn is_future(&self, time: i64) -> bool {
        self.horizon != 0 && time > self.horizon
    }

    /// The identifier of a key as this document writes it.
    pub(crate) fn spell(&self, key: &str) -> String {
        self.spelling.spell(key)
    }
}

fn join(key: &mut String, class: &str, serial: &str) {
    key.clear();
    key.push_str(class);
    key.push_str(serial);
}

/// What happened to one item, in the order of time; at the same time, in that of the store or the document.
fn by_time<'a>(sorted: &'a mut Vec<Mark>, marks: &[Mark], events: &[EventNote]) -> &'a [Mark] {
    let order = |mark: &Mark| {
        let event = events.get(mark.event as usize);
        event.map(|event| (event.time, event.number.unwrap_or(i64::from(event.position))))
    };
    let known = |mark: &&Mark| events.get(mark.event as usize).is_some_and(|event| event.known);
    sorted.clear();
    sorted.extend(marks.iter().filter(known));
    if !sorted.is_sorted_by_key(order) {
        sorted.sort_by_key(order);
    }
    sorted
}
