//! The trail of one item through one document: how it came to be, what it was in, how it was shipped, how it ended.

use std::cell::OnceCell;

use crate::reconcile::docket::Book;
use crate::reconcile::docket::Line;
use crate::reconcile::docket::LotName;
use crate::reconcile::docket::Mark;
use crate::reconcile::docket::MarkKind;
use crate::store::ItemRow;

/// How many containers may stand in each other: a pallet in a pallet in a container is three.
const MOST_LEVELS: usize = 12;

/// Stays in containers that are followed of one item, so that no document can make it take long.
const MOST_STAYS: usize = 500;

/// What one document, and the ledger before it, say of one item.
#[derive(Clone, Debug)]
pub(crate) struct Trail<'a> {
    pub(crate) book: &'a Book,
    /// Its identity.
    pub(crate) key: &'a str,
    /// Its number among the containers; `None` where the document puts nothing into it.
    pub(crate) container: Option<u32>,
    /// What happened to it, in the order of time.
    pub(crate) marks: &'a [Mark],
    /// What the ledger knew before; `None` where it knew nothing, or where there is no ledger.
    pub(crate) prior: Option<&'a ItemRow>,
    stays: OnceCell<Vec<Stay>>,
    shipments: OnceCell<Vec<u32>>,
}

/// A stay in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stay {
    pub(crate) container: u32,
    /// The event that packed it.
    pub(crate) packed: u32,
    pub(crate) from: i64,
    /// When it came out; `i64::MAX` where it never did.
    pub(crate) until: i64,
}

impl<'a> Trail<'a> {
    /// The trail of an item that was never asked about in the ledger.
    pub(crate) fn of(book: &'a Book, line: Line<'a>) -> Trail<'a> {
        let Line { key, container, marks } = line;
        Trail { book, key, container, marks, prior: None, stays: OnceCell::new(), shipments: OnceCell::new() }
    }

    /// The same trail after what the ledger knew before.
    pub(crate) fn after(mut self, prior: Option<&'a ItemRow>) -> Trail<'a> {
        self.prior = prior;
        self
    }

    /// The marks of this kind.
    pub(crate) fn of_kind(&self, kind: MarkKind) -> impl Iterator<Item = &'a Mark> + use<'a> {
        self.marks.iter().filter(move |mark| mark.kind == kind)
    }

    /// Its first commissioning.
    pub(crate) fn commissioned(&self) -> Option<&'a Mark> {
        self.of_kind(MarkKind::Commissioned).next()
    }

    /// The lot it was first commissioned with in this document.
    pub(crate) fn lot(&self) -> Option<&'a LotName> {
        self.book.lot(self.commissioned()?.reference)
    }

    /// True for a trade item with nothing in it: what is counted as a saleable unit.
    pub(crate) fn is_unit(&self) -> bool {
        self.container.is_none() && self.key.starts_with("/01/")
    }

    /// True for a logistic unit, an SSCC.
    pub(crate) fn is_logistic_unit(&self) -> bool {
        self.key.starts_with("/00/")
    }

    /// Its stays in containers, in the order of time.
    pub(crate) fn stays(&self) -> &[Stay] {
        self.stays.get_or_init(|| stays(self.book, self.marks))
    }

    /// The first stay that begins while another lasts, behind that other; `None` where it is in one place at a time.
    pub(crate) fn in_two_places(&self) -> Option<(Stay, Stay)> {
        let stays = self.stays();
        stays.iter().enumerate().find_map(|(at, stay)| {
            let mut earlier = stays.iter().take(at).rev();
            let other = earlier.find(|other| other.container != stay.container && other.until > stay.from)?;
            Some((*other, *stay))
        })
    }

    /// Shipments that it went with, of its own or with what it was in, each once, in the order of the document.
    pub(crate) fn shipments(&self) -> &[u32] {
        self.shipments.get_or_init(|| {
            let mut found = Vec::new();
            if self.book.shipments.is_empty() {
                return found;
            }
            let mut budget = MOST_STAYS;
            gather(self.book, self.marks, (i64::MIN, i64::MAX), (&mut found, MOST_LEVELS, &mut budget));
            found.sort_unstable();
            found.dedup();
            found
        })
    }

    /// The stay during which it was shipped with this shipment; the last one where it was shipped by itself or late.
    pub(crate) fn stay_of(&self, shipment: u32) -> Option<Stay> {
        let time = self.book.shipment(shipment)?.time;
        let stays = self.stays();
        let during = stays.iter().find(|stay| stay.from <= time && time < stay.until);
        during.or(stays.last()).copied()
    }

    /// The identifier as this document writes it.
    pub(crate) fn spelt(&self) -> String {
        self.book.spell(self.key)
    }
}

fn stays(book: &Book, marks: &[Mark]) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for mark in marks {
        let time = book.time(mark.event);
        match mark.kind {
            MarkKind::Packed => {
                let known =
                    stays.iter().any(|stay| stay.container == mark.reference && stay.until == i64::MAX);
                if !known && stays.len() < MOST_STAYS {
                    let until = emptied_after(book, mark.reference, time);
                    stays.push(Stay { container: mark.reference, packed: mark.event, from: time, until });
                }
            }
            MarkKind::Unpacked => {
                let of = |stay: &&mut Stay| stay.container == mark.reference && stay.until > time;
                stays.iter_mut().rev().find(of).into_iter().for_each(|stay| stay.until = time);
            }
            _ => {}
        }
    }
    stays
}

/// When all that was in a container first came out of it after this time.
fn emptied_after(book: &Book, container: u32, time: i64) -> i64 {
    let marks = book.containers.marks(container).iter().filter(|mark| mark.kind == MarkKind::Emptied);
    marks.map(|mark| book.time(mark.event)).find(|emptied| *emptied > time).unwrap_or(i64::MAX)
}

/// Gathers the shipments of an item, or of what it was in, within a span of time.
fn gather(
    book: &Book,
    marks: &[Mark],
    (from, until): (i64, i64),
    (found, levels, budget): (&mut Vec<u32>, usize, &mut usize),
) {
    for mark in marks.iter().filter(|mark| mark.kind == MarkKind::Shipped) {
        let time = book.time(mark.event);
        // What was shipped before anything was in it can only have been shipped with what was put down late.
        let late = time < from && first_filled(book, marks).is_some_and(|filled| filled > time);
        if (time >= from || late) && time < until {
            found.push(mark.reference);
        }
    }
    if levels == 0 {
        return;
    }
    for stay in stays(book, marks) {
        let span = (stay.from.max(from), stay.until.min(until));
        // Containers that are in each other, round and round, would be followed without end.
        let Some(left) = budget.checked_sub(1).filter(|_| span.0 < span.1) else { continue };
        *budget = left;
        gather(book, book.containers.marks(stay.container), span, (found, levels - 1, budget));
    }
}

fn first_filled(book: &Book, marks: &[Mark]) -> Option<i64> {
    marks.iter().find(|mark| mark.kind == MarkKind::Filled).map(|mark| book.time(mark.event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Action;
    use crate::epcis::Event;
    use crate::epcis::EventTime;
    use crate::epcis::What;
    use crate::epcis::ZoneOffset;
    use crate::gs1::Epc;
    use crate::reconcile::docket::Docket;

    #[test]
    fn containers_in_each_other_come_to_an_end() {
        let mut docket = Docket::default();
        let sscc = |number: usize| Epc::parse(&format!("urn:epc:id:sscc:030001.000000{number:05}"));
        for number in 0..40 {
            let children = (0..40).filter(|child| *child != number).map(sscc).collect();
            let parent = Some(sscc(number));
            let what = What::Aggregation { action: Action::Add, parent, children, quantities: Vec::new() };
            let time = EventTime::parse(&format!("2026-03-04T06:00:{number:02}Z")).unwrap();
            let hash = [u8::try_from(number).unwrap(); 32];
            docket.add(number as u64, &Event::new(time, ZoneOffset::UTC, what), &hash).unwrap();
        }
        docket.settle().unwrap();
        docket.close().unwrap();
        let mut visited = 0;
        docket
            .visit::<std::io::Error>(|book, line| {
                assert!(Trail::of(book, line).shipments().is_empty());
                visited += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(visited, 40);
    }
}
