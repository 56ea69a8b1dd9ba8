//! How a question is put to the database: what columns can rule out, and by which index terms events can be found.

use crate::epcis::EventKind;
use crate::epcis::query::Direction;
use crate::epcis::query::EpcPattern;
use crate::epcis::query::EventQuery;
use crate::epcis::query::Field;
use crate::epcis::query::OrderBy;
use crate::epcis::query::Predicate;
use crate::epcis::query::Test;
use crate::gs1::digital_link::CANONICAL_HOST;
use crate::store::blocks::OFFSET_BITS;
use crate::store::event_query::rows::Sql;
use crate::store::event_query::rows::numbers;
use crate::store::terms;
use crate::store::terms::Role;
use crate::store::terms::TermKind;

/// What SQL can do for a question. Every part of it lets through all events that are wanted, and others.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) by_time: bool,
    pub(super) descending: bool,
    /// Conditions on an event `e` and its document `d`, each after ` AND `, with the texts they bind.
    pub(super) conditions: Sql,
    /// Ways to find the events by the index.
    pub(super) lookups: Vec<Lookup>,
    /// `eventTime` in microseconds, from and to, both inclusive.
    pub(super) event_time: Span,
    /// `recordTime` in microseconds, from and to, both inclusive.
    pub(super) record_time: Span,
}

/// A closed interval; `None` where it is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

/// Rows of an index, one of which each wanted event has.
#[derive(Clone, Debug)]
pub(super) enum Lookup {
    /// In `event_terms`, with one of these keys in one of these roles; `point` where each key is that of one object.
    Terms { keys: Vec<i64>, roles: Vec<i64>, point: bool },
    /// In `event_identities`, with one of these keys.
    Identities { keys: Vec<i64> },
}

impl Plan {
    /// The plan for a question of somebody who may see the documents of which `visible` holds.
    pub(super) fn of(query: &EventQuery, visible: &str) -> Plan {
        let mut plan = Plan {
            by_time: false,
            descending: query.direction == Direction::Descending,
            conditions: Sql::new(format!(" AND {visible}")),
            lookups: Vec::new(),
            event_time: Span::default(),
            record_time: Span::default(),
        };
        for predicate in &query.predicates {
            plan.add(predicate);
        }
        plan.by_time = match query.order_by {
            Some(order) => order == OrderBy::EventTime,
            None => !plan.event_time.is_open() && plan.record_time.is_open(),
        };
        plan
    }

    fn add(&mut self, predicate: &Predicate) {
        if let Some(lookup) = Lookup::of(predicate) {
            self.lookups.push(lookup);
        }
        match predicate.field {
            Field::EventTime => self.event_time.narrow(&predicate.test),
            Field::RecordTime => self.record_time.narrow(&predicate.test),
            Field::EventType => self.event_kinds(&predicate.test),
            Field::Action => self.column("action", &predicate.test),
            Field::BizStep => self.column("biz_step", &predicate.test),
            Field::Disposition => self.column("disposition", &predicate.test),
            Field::ReadPoint => self.column("read_point", &predicate.test),
            Field::BizLocation => self.column("biz_location", &predicate.test),
            Field::EventId => self.column("event_id", &predicate.test),
            Field::ErrorDeclarationTime | Field::ErrorReason | Field::CorrectiveEventId => {
                self.conditions.text.push_str(" AND e.error_declared");
            }
            Field::TransformationId
            | Field::InputEpc
            | Field::OutputEpc
            | Field::InputEpcClass
            | Field::OutputEpcClass => self.equals("kind", &[EventKind::Transformation.name()]),
            Field::DispositionSet
            | Field::DispositionUnset
            | Field::BizTransaction
            | Field::Source
            | Field::Destination
            | Field::Epc
            | Field::Parent
            | Field::AnyEpc
            | Field::EpcClass
            | Field::AnyEpcClass => {}
        }
    }

    /// Types of other namespaces have no name in the column.
    fn event_kinds(&mut self, test: &Test) {
        if let Test::OneOf(names) = test {
            let kinds = names.iter().map(|name| EventKind::parse(name).map_or("", EventKind::name));
            self.equals("kind", &kinds.collect::<Vec<_>>());
        }
    }

    fn column(&mut self, column: &str, test: &Test) {
        if let Test::OneOf(texts) = test {
            self.equals(column, &texts.iter().map(|text| &**text).collect::<Vec<_>>());
        }
    }

    fn equals(&mut self, column: &str, texts: &[&str]) {
        let places: Vec<String> =
            texts.iter().map(|text| format!("${}", self.conditions.bind(text))).collect();
        self.conditions.text.push_str(&format!(" AND e.{column} IN ({})", places.join(",")));
    }
}

impl Span {
    pub(super) fn is_open(self) -> bool {
        self == Span::default()
    }

    /// Columns hold microseconds, rounded down, so that the bounds are rounded down and inclusive.
    fn narrow(&mut self, test: &Test) {
        match test {
            Test::From(time) => self.from = self.from.max(Some(time.microseconds())),
            Test::Before(time) => {
                self.to = Some(self.to.unwrap_or(i64::MAX).min(time.microseconds()));
            }
            _ => {}
        }
    }

    /// The conditions on an expression, each after ` AND `.
    pub(super) fn on(self, expression: &str) -> String {
        let from = self.from.map(|from| format!(" AND {expression} >= {from}")).unwrap_or_default();
        let to = self.to.map(|to| format!(" AND {expression} <= {to}")).unwrap_or_default();
        from + &to
    }
}

impl Lookup {
    /// The rows that a predicate's events have, where the index knows it.
    fn of(predicate: &Predicate) -> Option<Lookup> {
        let roles: &[Role] = match predicate.field {
            Field::Epc => &[Role::EpcList, Role::Children],
            Field::Parent => &[Role::Parent],
            Field::InputEpc => &[Role::Inputs],
            Field::OutputEpc => &[Role::Outputs],
            Field::AnyEpc => &[Role::EpcList, Role::Children, Role::Parent, Role::Inputs, Role::Outputs],
            Field::EpcClass => &[Role::Quantities, Role::ChildQuantities],
            Field::InputEpcClass => &[Role::InputQuantities],
            Field::OutputEpcClass => &[Role::OutputQuantities],
            Field::AnyEpcClass => {
                &[Role::Quantities, Role::ChildQuantities, Role::InputQuantities, Role::OutputQuantities]
            }
            Field::ReadPoint => &[Role::ReadPoint],
            Field::BizLocation => &[Role::BizLocation],
            Field::Source => &[Role::Source],
            Field::Destination => &[Role::Destination],
            Field::BizTransaction | Field::CorrectiveEventId | Field::TransformationId => &[Role::None],
            Field::EventId => {
                let Test::OneOf(ids) = &predicate.test else { return None };
                let keys = ids.iter().flat_map(|id| terms::event_id_keys(id)).collect();
                return Some(Lookup::Identities { keys });
            }
            _ => return None,
        };
        let keys = match &predicate.test {
            Test::OneOf(texts) => texts.iter().map(|text| text_key(predicate.field, text)).collect(),
            Test::Matches(patterns) => {
                patterns.iter().map(|pattern| pattern_key(predicate.field, pattern)).collect::<Option<_>>()?
            }
            Test::From(_) | Test::Before(_) | Test::Exists => return None,
        };
        let point = match &predicate.test {
            Test::Matches(patterns) => {
                is_object(predicate.field) && patterns.iter().all(|pattern| pattern.identity().is_some())
            }
            _ => false,
        };
        Some(Lookup::Terms { keys, roles: roles.iter().map(|role| role.number()).collect(), point })
    }

    /// True where it finds few events, most likely: those of an object, or of an `eventID`.
    pub(super) fn is_point(&self) -> bool {
        matches!(self, Lookup::Identities { .. } | Lookup::Terms { point: true, .. })
    }

    /// The keys it looks for.
    pub(super) fn keys(&self) -> &[i64] {
        match self {
            Lookup::Terms { keys, .. } | Lookup::Identities { keys } => keys,
        }
    }

    /// The statement for the events it finds, at most so many rows; an event may come up more than once.
    pub(super) fn find(&self, most: usize) -> String {
        let (before, behind) = self.around(most);
        format!("{before}{}{behind}", numbers(self.keys()))
    }

    /// The same statement, before its keys and behind them.
    pub(super) fn around(&self, most: usize) -> (String, String) {
        match self {
            Lookup::Terms { roles, .. } => (
                "SELECT t.event AS id FROM event_terms t WHERE t.block IN (SELECT b.id FROM term_blocks b) \
                 AND t.key IN ("
                    .to_owned(),
                format!(") AND t.role IN ({}) LIMIT {most}", numbers(roles)),
            ),
            Lookup::Identities { .. } => (
                "SELECT i.event AS id FROM event_identities i WHERE i.key IN (".to_owned(),
                format!(") LIMIT {most}"),
            ),
        }
    }

    /// The condition on an event `e` that it has such a row, found by one seek for each key.
    pub(super) fn condition(&self) -> String {
        let (table, place, keys) = match self {
            // The block is part of the event's id, so that no other block is looked into.
            Lookup::Terms { keys, roles, .. } => (
                "event_terms",
                format!("t.block = (e.id >> {OFFSET_BITS}) AND t.role IN ({}) AND", numbers(roles)),
                keys,
            ),
            Lookup::Identities { keys } => ("event_identities", String::new(), keys),
        };
        // A scalar subquery with a limit stays a seek for each row; EXISTS may become a join over the whole index.
        format!(
            " AND COALESCE((SELECT 1 FROM {table} t WHERE {place} t.key IN ({}) AND t.event = e.id LIMIT 1), 0) = 1",
            numbers(keys)
        )
    }
}

/// True for a field that names single objects.
fn is_object(field: Field) -> bool {
    matches!(field, Field::Epc | Field::Parent | Field::InputEpc | Field::OutputEpc | Field::AnyEpc)
}

/// The key of the term that a canonical text has in a field.
fn text_key(field: Field, text: &str) -> i64 {
    match field {
        Field::ReadPoint | Field::BizLocation => terms::term_key(TermKind::Location, text),
        Field::BizTransaction => terms::term_key(TermKind::BizTransaction, text),
        Field::CorrectiveEventId => terms::term_key(TermKind::CorrectiveEvent, text),
        Field::TransformationId => terms::term_key(TermKind::Transformation, text),
        _ if text.starts_with('/') => {
            let party = terms::party_value(&format!("{CANONICAL_HOST}{text}"));
            terms::term_key(TermKind::Party, &party)
        }
        _ => terms::term_key(TermKind::Party, &terms::party_value(text)),
    }
}

/// The key of the term that all identifiers of a pattern have in a field; `None` where they have none in common.
fn pattern_key(field: Field, pattern: &EpcPattern) -> Option<i64> {
    let of_class =
        matches!(field, Field::EpcClass | Field::InputEpcClass | Field::OutputEpcClass | Field::AnyEpcClass);
    match (pattern.identity(), pattern.class()) {
        (Some(key), _) if of_class => Some(terms::term_key(TermKind::Class, key)),
        (Some(key), _) => Some(terms::term_key(TermKind::Epc, key)),
        (None, Some(class)) => Some(terms::term_key(TermKind::Class, class)),
        (None, None) => None,
    }
}
