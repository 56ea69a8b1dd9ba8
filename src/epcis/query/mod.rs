//! Questions about events, without SQL: what `SimpleEventQuery` can ask (EPCIS 2.0 §8.2.7).

mod fault;
mod field;
mod parameters;
mod pattern;
mod stored_event;

use crate::epcis::EventTime;
use crate::gs1::Epc;

pub use fault::QueryFault;
pub use field::Field;
pub use parameters::PARAMETER_NAMES;
pub use parameters::parse;
pub use pattern::EpcPattern;
pub use pattern::PatternFault;
pub use stored_event::StoredEvent;

/// Which events are wanted, in which order, and how many of them. The default asks for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventQuery {
    /// All of them must hold.
    pub predicates: Vec<Predicate>,
    /// `orderBy`; without it the order is the repository's choice.
    pub order_by: Option<OrderBy>,
    /// `orderDirection`.
    pub direction: Direction,
    /// `eventCountLimit` or `maxEventCount`.
    pub bound: Option<Bound>,
}

/// One condition on a field of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// The field.
    pub field: Field,
    /// The type of business transaction, source or destination it is about, as [`Field`] says; `None` for any.
    pub qualifier: Option<Box<str>>,
    /// What is asked of the field.
    pub test: Test,
}

/// What is asked of a field; it holds where one of the field's values passes.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Is one of these canonical texts: a bare word, a key, or the text as sent.
    OneOf(Vec<Box<str>>),
    /// Is covered by one of these patterns.
    Matches(Vec<EpcPattern>),
    /// Is this time or later.
    From(EventTime),
    /// Is earlier than this time.
    Before(EventTime),
    /// Is there at all.
    Exists,
}

/// By which time answers are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    /// `eventTime`.
    EventTime,
    /// `recordTime`, and within one time the order of publishing.
    RecordTime,
}

/// `orderDirection`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// `ASC`: the earliest first.
    Ascending,
    /// `DESC`: the latest first.
    #[default]
    Descending,
}

/// How many events may be answered, over all pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `eventCountLimit`: the first so many.
    First(u64),
    /// `maxEventCount`: it is an error if there are more.
    AtMost(u64),
}

/// One page of a longer answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `perPage`: how many events at most.
    pub size: usize,
    /// `nextPageToken`: where to go on; `None` for the first page.
    pub token: Option<Box<str>>,
}

impl Default for Page {
    fn default() -> Page {
        Page { size: 30, token: None }
    }
}

impl EventQuery {
    /// The same question with one condition more.
    pub fn and(mut self, predicate: Predicate) -> EventQuery {
        self.predicates.push(predicate);
        self
    }

    /// Tells whether an event is one of those asked for; order and bound take no part.
    pub fn matches(&self, stored: &StoredEvent) -> bool {
        let mut key = String::new();
        self.predicates.iter().all(|predicate| predicate.holds(stored, &mut key))
    }
}

impl Predicate {
    /// A condition on a field without qualifier.
    pub fn new(field: Field, test: Test) -> Predicate {
        Predicate { field, qualifier: None, test }
    }

    /// The condition that a field names this identifier, or an instance of this class.
    pub fn names(field: Field, epc: &Epc) -> Predicate {
        Predicate::new(field, Test::Matches(vec![EpcPattern::of(epc)]))
    }

    fn holds(&self, stored: &StoredEvent, key: &mut String) -> bool {
        self.field.any(self.qualifier.as_deref(), stored, &mut |found| self.test.passes(found, key))
    }
}

impl Test {
    fn passes(&self, found: field::Found<'_>, key: &mut String) -> bool {
        match (self, found) {
            (Test::Exists, _) => true,
            (Test::From(from), field::Found::Time(time)) => time >= from,
            (Test::Before(before), field::Found::Time(time)) => time < before,
            (Test::Matches(patterns), field::Found::Identifier(epc)) => {
                key.clear();
                epc.write_key(key);
                patterns.iter().any(|pattern| pattern.covers(epc, key))
            }
            (Test::OneOf(texts), found) => {
                key.clear();
                found.write_canonical(key);
                texts.iter().any(|text| **text == **key)
            }
            _ => false,
        }
    }
}
