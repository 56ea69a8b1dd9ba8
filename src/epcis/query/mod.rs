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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Action;
    use crate::epcis::BizTransaction;
    use crate::epcis::ErrorDeclaration;
    use crate::epcis::Event;
    use crate::epcis::Location;
    use crate::epcis::PersistentDisposition;
    use crate::epcis::Quantity;
    use crate::epcis::SourceDest;
    use crate::epcis::Term;
    use crate::epcis::What;
    use crate::epcis::ZoneOffset;
    use crate::epcis::vocabulary::StandardVocabulary;

    const TIME: &str = "2024-03-01T00:00:00.000000500Z";

    fn event(what: What) -> Event {
        let term = Term::parse;
        let mut event = Event::new(EventTime::parse(TIME).unwrap(), ZoneOffset::UTC, what);
        event.id = Some("urn:uuid:1".into());
        event.biz_step = Some(term(StandardVocabulary::BizStep, "urn:epcglobal:cbv:bizstep:shipping"));
        event.persistent_disposition = Some(Box::new(PersistentDisposition {
            set: vec![term(StandardVocabulary::Disposition, "recalled")],
            unset: Vec::new(),
        }));
        event.read_point =
            Some(Location { id: Epc::parse("urn:epc:id:sgln:4012345.00011.0"), extensions: Vec::new() });
        event.biz_transactions = vec![BizTransaction {
            kind: Some(term(StandardVocabulary::BizTransactionType, "po")),
            id: "urn:epc:id:gdti:4012345.55555.98".into(),
        }];
        event.destinations = vec![SourceDest {
            kind: term(StandardVocabulary::SourceDestType, "owning_party"),
            id: Epc::parse("urn:epc:id:pgln:4012345.00225"),
        }];
        event.error_declaration = Some(Box::new(ErrorDeclaration {
            declaration_time: EventTime::parse(TIME).unwrap(),
            reason: Some(term(StandardVocabulary::ErrorReason, "incorrect_data")),
            corrective_event_ids: vec!["urn:uuid:2".into()],
            extensions: Vec::new(),
        }));
        event
    }

    fn packing() -> Event {
        event(What::Aggregation {
            action: Action::Add,
            parent: Some(Epc::parse("urn:epc:id:sscc:4012345.0000000333")),
            children: vec![Epc::parse("urn:epc:id:sgtin:4012345.012345.12")],
            quantities: vec![Quantity {
                epc_class: Epc::parse("urn:epc:class:lgtin:4012345.012345.L"),
                quantity: None,
                uom: None,
            }],
        })
    }

    fn making() -> Event {
        event(What::Transformation {
            id: Some("urn:uuid:3".into()),
            input_epcs: vec![Epc::parse("urn:epc:id:sgtin:4012345.012345.12")],
            input_quantities: Vec::new(),
            output_epcs: vec![Epc::parse("urn:epc:id:sgtin:4012345.012345.13")],
            output_quantities: Vec::new(),
        })
    }

    fn check(event: Event, name: &str, value: &str, expected: bool) {
        let record_time = EventTime::parse("2024-05-01T00:00:00Z").unwrap();
        let stored = StoredEvent { id: 1, event, record_time, document: 1, hash: [0; 32] };
        let (query, _) = parse([(name, value)]).unwrap();
        assert_eq!(query.matches(&stored), expected, "{name}={value}");
    }

    #[test]
    fn a_parent_is_any_epc_but_no_epc() {
        let case = "https://id.gs1.org/00/040123450000003338";
        check(packing(), "MATCH_epc", case, false);
        check(packing(), "MATCH_parentID", case, true);
        check(packing(), "MATCH_anyEPC", case, true);
    }

    #[test]
    fn lists_are_told_apart() {
        let item = "https://id.gs1.org/01/04012345123456/21/12";
        check(packing(), "MATCH_epc", item, true);
        check(packing(), "MATCH_inputEPC", item, false);
        check(making(), "MATCH_epc", item, false);
        check(making(), "MATCH_inputEPC", item, true);
        check(making(), "MATCH_outputEPC", item, false);
        check(making(), "MATCH_anyEPC", item, true);
        check(packing(), "MATCH_epcClass", "https://id.gs1.org/01/04012345123456/10/L", true);
        check(packing(), "MATCH_inputEPCClass", "https://id.gs1.org/01/04012345123456/10/L", false);
        check(packing(), "MATCH_anyEPCClass", "urn:epc:idpat:lgtin:4012345.012345.*", true);
        check(packing(), "MATCH_epcClass", "urn:epc:idpat:sgtin:4012345.012345.*", false);
    }

    #[test]
    fn times_are_compared_to_the_nanosecond() {
        check(packing(), "GE_eventTime", TIME, true);
        check(packing(), "LT_eventTime", TIME, false);
        check(packing(), "GE_eventTime", "2024-03-01T00:00:00.000000501Z", false);
        check(packing(), "LT_eventTime", "2024-03-01T01:00:00.000000501+01:00", true);
        check(packing(), "GE_recordTime", "2024-05-01T00:00:00Z", true);
        check(packing(), "LT_errorDeclarationTime", "2024-03-01T00:00:01Z", true);
    }

    #[test]
    fn types_belong_to_their_values() {
        check(packing(), "EQ_bizTransaction_po", "https://id.gs1.org/253/401234555555498", true);
        check(packing(), "EQ_bizTransaction_inv", "https://id.gs1.org/253/401234555555498", false);
        check(packing(), "EQ_destination_owning_party", "https://id.gs1.org/417/4012345002256", true);
        check(packing(), "EQ_destination_owning_party", "https://id.gs1.org/414/4012345002256", false);
        check(packing(), "EQ_source_owning_party", "https://id.gs1.org/417/4012345002256", false);
    }

    #[test]
    fn words_and_texts_are_compared() {
        check(packing(), "EQ_bizStep", "receiving|cbv:BizStep-shipping", true);
        check(packing(), "EQ_disposition", "recalled", false);
        check(packing(), "EQ_persistentDisposition_set", "recalled", true);
        check(packing(), "EQ_persistentDisposition_unset", "recalled", false);
        check(packing(), "EQ_readPoint", "https://id.gs1.org/414/4012345000115", true);
        check(packing(), "EQ_bizLocation", "https://id.gs1.org/414/4012345000115", false);
        check(packing(), "eventType", "ObjectEvent|AggregationEvent", true);
        check(packing(), "EQ_action", "DELETE|OBSERVE", false);
        check(making(), "EQ_action", "ADD", false);
        check(making(), "EQ_transformationID", "urn:uuid:3", true);
        check(packing(), "EQ_eventID", "urn:uuid:1", true);
        check(packing(), "EXISTS_errorDeclaration", "", true);
        check(packing(), "EQ_errorReason", "did_not_occur", false);
        check(packing(), "EQ_correctiveEventID", "urn:uuid:2", true);
    }
}
