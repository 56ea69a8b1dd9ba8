//! All events in which an object took part: those that name it, and those that name what it was in while it was inside.

use std::collections::HashSet;

use crate::access::Caller;
use crate::epcis::Action;
use crate::epcis::Element;
use crate::epcis::ErrorDeclaration;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::EventTime;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::ZoneOffset;
use crate::epcis::event_id;
use crate::epcis::query::Direction;
use crate::epcis::query::EventQuery;
use crate::epcis::query::Field;
use crate::epcis::query::OrderBy;
use crate::epcis::query::Page;
use crate::epcis::query::Predicate;
use crate::epcis::query::StoredEvent;
use crate::gs1::Epc;
use crate::reconcile::custody::CustodyError;
use crate::reconcile::hierarchy::MOST_LEVELS;
use crate::store::Store;

/// Events of one object; more is no life of a package but a class or a place.
pub const MOST_EVENTS: usize = 5_000;

/// Events of which the content is in memory at one time.
const EVENTS: usize = 8;

/// A place in the order of time: `eventTime`, `recordTime` (both microseconds), number of the event.
pub(super) type Moment = (i64, i64, i64);

/// What one event says of an object, without the other objects it names.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub(super) event: i64,
    pub(super) document: i64,
    pub(super) moment: Moment,
    /// `eventID`, or the event hash ID where it was sent without.
    pub(super) event_id: String,
    pub(super) time: EventTime,
    pub(super) offset: ZoneOffset,
    pub(super) kind: EventKind,
    pub(super) action: Option<Action>,
    pub(super) biz_step: Option<Term>,
    pub(super) disposition: Option<Term>,
    pub(super) read_point: Option<Epc>,
    pub(super) biz_location: Option<Epc>,
    /// Type and party or place.
    pub(super) sources: Vec<(Term, Epc)>,
    pub(super) destinations: Vec<(Term, Epc)>,
    /// As sent.
    pub(super) transactions: Vec<Box<str>>,
    /// What it is named as.
    pub(super) part: Part,
    pub(super) parent: Option<Epc>,
    /// How many objects the event lists.
    pub(super) listed: usize,
    pub(super) ilmd: Vec<Element>,
    /// The declaration that the event never happened so.
    pub(super) wrong: Option<Box<ErrorDeclaration>>,
    /// The object named: the one asked for, or what it was in.
    pub(super) named: Epc,
    /// 0 where the event names the object itself, else how many containers are between.
    pub(super) level: usize,
}

/// What an event names an object as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In `epcList` or `childEPCs`.
    Listed,
    /// As `parentID`.
    Parent,
    /// As what went into a transformation.
    Input,
    /// As what came out of a transformation.
    Output,
}

/// A time that an object spent inside a container.
#[derive(Clone, Debug)]
pub(super) struct Stay {
    /// 1 for what held the object itself.
    pub(super) level: usize,
    pub(super) container: Epc,
    pub(super) from: Moment,
    /// The moment it was out again.
    pub(super) to: Moment,
}

/// Everything found of an object, sightings in the order of time.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) sightings: Vec<Sighting>,
    pub(super) stays: Vec<Stay>,
}

impl Found {
    /// The containers it was in just after a moment, the innermost first.
    pub(super) fn within(&self, moment: Moment) -> Vec<Epc> {
        let mut stays: Vec<&Stay> =
            self.stays.iter().filter(|stay| stay.from <= moment && moment < stay.to).collect();
        stays.sort_by_key(|stay| stay.level);
        stays.into_iter().map(|stay| stay.container.clone()).collect()
    }
}

/// Follows an object through its packing until a time (microseconds).
pub(super) fn follow(store: &Store, caller: &Caller, epc: &Epc, until: i64) -> Result<Found, CustodyError> {
    let span = ((i64::MIN, 0, 0), (until, i64::MAX, i64::MAX));
    let mut walk = Walk { store, caller, found: Found::default(), path: vec![epc.key()] };
    walk.follow(epc, span)?;
    let mut found = walk.found;
    found.sightings.sort_by_key(|sighting| (sighting.moment, sighting.level));
    let mut seen = HashSet::new();
    found.sightings.retain(|sighting| seen.insert(sighting.event));
    Ok(found)
}

struct Walk<'a> {
    store: &'a Store,
    caller: &'a Caller,
    found: Found,
    /// The keys of the object and of the containers that are being followed.
    path: Vec<String>,
}

impl Walk<'_> {
    /// Adds what happened to an object after the first of two moments and up to the second; returns when it was emptied.
    fn follow(&mut self, epc: &Epc, (from, mut to): (Moment, Moment)) -> Result<Moment, CustodyError> {
        let level = self.path.len() - 1;
        let mut sightings = self.sightings(epc, level)?;
        sightings.retain(|sighting| from < sighting.moment && sighting.moment <= to);
        if level > 0 {
            if let Some(emptied) = sightings.iter().find(|sighting| sighting.empties()) {
                to = emptied.moment;
            }
            sightings.retain(|sighting| {
                sighting.moment <= to && (sighting.part != Part::Parent || sighting.empties())
            });
        }
        let mut resume = from;
        while let Some((container, begin, end)) = next_stay(&sightings, (resume, to)) {
            resume = end;
            let key = container.key();
            if self.path.len() > MOST_LEVELS || self.path.contains(&key) {
                continue;
            }
            self.path.push(key);
            resume = self.follow(&container, (begin, end))?;
            self.path.pop();
            self.found.stays.push(Stay { level: level + 1, container, from: begin, to: resume });
        }
        self.found.sightings.extend(sightings);
        if self.found.sightings.len() > MOST_EVENTS {
            return Err(CustodyError::TooLong(epc.as_str().into()));
        }
        Ok(to)
    }

    /// All events that name an object, in the order of time.
    fn sightings(&self, epc: &Epc, level: usize) -> Result<Vec<Sighting>, CustodyError> {
        let query = EventQuery { order_by: Some(OrderBy::EventTime), ..EventQuery::default() };
        let query =
            EventQuery { direction: Direction::Ascending, ..query }.and(Predicate::names(Field::AnyEpc, epc));
        let mut page = Page { size: EVENTS, token: None };
        let (mut sightings, mut declarations) = (Vec::new(), Vec::new());
        loop {
            let found = self.store.events(self.caller, &query, &page)?;
            for stored in found.events {
                let hash = stored.hash;
                match &stored.event.error_declaration {
                    Some(declaration) => {
                        declarations.push((stored.event.id.clone(), hash, declaration.clone()));
                    }
                    None => sightings.push((stored.event.id.clone(), hash, Sighting::of(stored, epc, level))),
                }
            }
            if sightings.len() > MOST_EVENTS {
                return Err(CustodyError::TooLong(epc.as_str().into()));
            }
            page.token = match found.next {
                Some(token) => Some(token.into()),
                None => break,
            };
        }
        for (id, hash, sighting) in &mut sightings {
            let wrong = declarations.iter().find(|(declared, content, _)| match (&*id, declared) {
                (Some(id), Some(declared)) => id == declared,
                _ => hash == content,
            });
            sighting.wrong = wrong.map(|(_, _, declaration)| declaration.clone());
        }
        let mut sightings: Vec<Sighting> = sightings.into_iter().map(|(_, _, sighting)| sighting).collect();
        sightings.sort_by_key(|sighting| sighting.moment);
        Ok(sightings)
    }
}

/// The next time that an object was in a container, begun at or after the first moment and ended by the second.
fn next_stay(sightings: &[Sighting], (from, end): (Moment, Moment)) -> Option<(Epc, Moment, Moment)> {
    let mut packings = sightings
        .iter()
        .filter(|sighting| sighting.moment >= from && sighting.wrong.is_none())
        .filter(|sighting| sighting.part == Part::Listed && sighting.kind == EventKind::Aggregation)
        .filter_map(|sighting| Some((sighting, sighting.parent.as_ref()?)));
    let (packed, container) = packings.find(|(sighting, _)| sighting.action != Some(Action::Delete))?;
    let ended = packings.find(|(sighting, parent)| {
        let takes_out = sighting.action == Some(Action::Delete);
        takes_out == (*parent == container)
    });
    Some((container.clone(), packed.moment, ended.map_or(end, |(sighting, _)| sighting.moment)))
}

impl Sighting {
    fn of(stored: StoredEvent, named: &Epc, level: usize) -> Sighting {
        let StoredEvent { id, event, record_time, document, hash } = stored;
        let (part, listed) = part(&event, named);
        Sighting {
            event: id,
            document,
            moment: (event.time.microseconds(), record_time.microseconds(), id),
            event_id: event.id.as_deref().map_or_else(|| event_id::hash_id(&hash), str::to_owned),
            kind: event.what.kind(),
            action: event.what.action(),
            parent: event.what.parent().cloned(),
            part,
            listed,
            time: event.time,
            offset: event.time_zone_offset,
            biz_step: event.biz_step,
            disposition: event.disposition,
            read_point: event.read_point.map(|place| place.id),
            biz_location: event.biz_location.map(|place| place.id),
            sources: event.sources.into_iter().map(|party| (party.kind, party.id)).collect(),
            destinations: event.destinations.into_iter().map(|party| (party.kind, party.id)).collect(),
            transactions: event.biz_transactions.into_iter().map(|transaction| transaction.id).collect(),
            ilmd: event.ilmd.unwrap_or_default(),
            wrong: None,
            named: named.clone(),
            level,
        }
    }

    /// True where it takes all that was inside out of the object.
    fn empties(&self) -> bool {
        self.part == Part::Parent
            && self.kind == EventKind::Aggregation
            && self.action == Some(Action::Delete)
            && self.listed == 0
            && self.wrong.is_none()
    }
}

/// What an event names an object as, and how many objects stand in the same list.
fn part(event: &Event, named: &Epc) -> (Part, usize) {
    if let What::Transformation { input_epcs, output_epcs, .. } = &event.what {
        return match output_epcs.contains(named) {
            true => (Part::Output, output_epcs.len()),
            false => (Part::Input, input_epcs.len()),
        };
    }
    let listed = event.what.epcs().len() + event.what.quantities().len();
    match event.what.parent() == Some(named) {
        true => (Part::Parent, listed),
        false => (Part::Listed, listed),
    }
}
