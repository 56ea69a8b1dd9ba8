//! Events that name given objects, a batch of objects at a time: first what columns say of them, their content later.
//!
//! Unlike a question, a look-up here leaves out what was declared wrong, and the declarations with it.

use std::collections::BTreeMap;
use std::collections::HashSet;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;

use crate::access::Caller;
use crate::epcis::Action;
use crate::epcis::EventKind;
use crate::epcis::query::StoredEvent;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::event_query::rows;
use crate::store::event_query::rows::Spot;
use crate::store::event_query::rows::Sql;
use crate::store::event_query::rows::numbers;
use crate::store::event_query::stored_event;
use crate::store::event_query::visible_to;
use crate::store::terms;
use crate::store::terms::Role;
use crate::store::terms::TermKind;

/// Objects or events in one statement.
const ONE_STATEMENT: usize = 256;

/// Where an event names an object, and how the object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// In `epcList`, by its key such as `/01/00614141123452/21/7`.
    Item,
    /// In `childEPCs`, by its key.
    Child,
    /// In `parentID`, by its key.
    Parent,
    /// In `outputEPCList`, by its key.
    Output,
    /// In the `bizTransactionList`, by the key of its identifier.
    BizTransaction,
    /// A lot in the ILMD: GTIN-14 and lot number with a line feed between.
    Lot,
}

/// What the columns say of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHead {
    /// The repository's own number of it.
    pub id: i64,
    /// The number of the document it came with first.
    pub document: i64,
    /// `eventTime` in microseconds.
    pub time: i64,
    /// `action`.
    pub action: Option<Action>,
    /// `bizStep`, the bare word.
    pub biz_step: Option<Box<str>>,
    published_at: i64,
}

impl EventHead {
    /// True where it follows another in the order of time; of the same time, in that of publishing.
    pub fn follows(&self, other: &EventHead) -> bool {
        let order = |head: &EventHead| (head.time, head.published_at, head.id);
        order(self) > order(other)
    }
}

impl Store {
    /// Events of this type, not after this time (in microseconds), that name one of these objects, and that nobody has
    /// declared wrong. They come in the order of their time; of the same time, as they were published.
    pub fn heads(
        &self,
        caller: &Caller,
        (mention, objects): (Mention, &[&str]),
        kind: EventKind,
        until: i64,
    ) -> Result<Vec<EventHead>, StoreError> {
        let (visible, mut found) = (visible_to(caller), BTreeMap::new());
        for some in objects.chunks(ONE_STATEMENT) {
            let sql = statement(mention, some, kind, (until, &visible));
            let rows = self.read_for(caller, |connection| sql.load::<Row>(connection))?;
            found.extend(rows.into_iter().map(|row| ((row.event_time, row.ticket, row.id), row)));
        }
        let wrong = Wrong::of(found.values());
        Ok(found.into_values().filter(|row| !wrong.has(row)).map(EventHead::from).collect())
    }

    /// The visible events of these numbers, in the order of their numbers.
    pub fn events_numbered(&self, caller: &Caller, numbers: &[i64]) -> Result<Vec<StoredEvent>, StoreError> {
        let visible = visible_to(caller);
        self.read_for(caller, |connection| {
            let mut events = Vec::new();
            for some in numbers.chunks(rows::BODIES) {
                let sql = Sql::new(format!(
                    "SELECT e.id AS id, d.ticket AS sort, e.document AS document, d.published_at AS published_at \
                     FROM events e CROSS JOIN publications d WHERE e.id IN ({}) AND d.id = e.document AND {visible} \
                     ORDER BY e.id",
                    rows::numbers(some)
                ));
                let spots = sql.load::<Spot>(connection)?;
                for row in rows::stored(connection, &spots)? {
                    events.push(stored_event(row)?);
                }
            }
            Ok(events)
        })
    }

    /// The events of these heads, in their order.
    pub fn events_of(&self, heads: &[EventHead]) -> Result<Vec<StoredEvent>, StoreError> {
        let spots: Vec<Spot> = heads
            .iter()
            .map(|head| Spot {
                id: head.id,
                sort: head.time,
                document: head.document,
                published_at: head.published_at,
            })
            .collect();
        self.read(|connection| {
            let mut events = Vec::with_capacity(spots.len());
            for some in spots.chunks(rows::BODIES) {
                for row in rows::stored(connection, some)? {
                    events.push(stored_event(row)?);
                }
            }
            Ok(events)
        })
    }

    /// True where some event names an object of this class, such as `/01/00614141123452`, as its `parentID`.
    ///
    /// The caller learns no more of an event that it may not see than that.
    pub fn has_parents_of(&self, class: &str) -> Result<bool, StoreError> {
        let key = terms::term_key(TermKind::Class, class);
        let role = Role::Parent.number();
        let sql = Sql::new(format!(
            "SELECT t.event AS id FROM event_terms t WHERE t.block IN (SELECT b.id FROM term_blocks b) \
             AND t.key = {key} AND t.role = {role} LIMIT 1"
        ));
        Ok(!self.read(|connection| sql.load::<Id>(connection))?.is_empty())
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    #[diesel(column_name = id)]
    _id: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    document: i64,
    #[diesel(sql_type = BigInt)]
    ticket: i64,
    #[diesel(sql_type = BigInt)]
    published_at: i64,
    #[diesel(sql_type = BigInt)]
    event_time: i64,
    #[diesel(sql_type = Nullable<Text>)]
    action: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    biz_step: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    event_id: Option<String>,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Bool)]
    error_declared: bool,
}

impl From<Row> for EventHead {
    fn from(row: Row) -> EventHead {
        EventHead {
            id: row.id,
            document: row.document,
            time: row.event_time,
            action: row.action.as_deref().and_then(Action::parse),
            biz_step: row.biz_step.map(String::into_boxed_str),
            published_at: row.published_at,
        }
    }
}

/// An event may come up more than once, as it may name several of the objects.
fn statement(mention: Mention, objects: &[&str], kind: EventKind, (until, visible): (i64, &str)) -> Sql {
    let (term, role) = match mention {
        Mention::Item => (TermKind::Epc, Role::EpcList),
        Mention::Child => (TermKind::Epc, Role::Children),
        Mention::Parent => (TermKind::Epc, Role::Parent),
        Mention::Output => (TermKind::Epc, Role::Outputs),
        Mention::BizTransaction => (TermKind::BizTransaction, Role::None),
        Mention::Lot => (TermKind::Lot, Role::Ilmd),
    };
    let keys = numbers(objects.iter().map(|object| terms::term_key(term, object)));
    Sql::new(format!(
        "SELECT e.id AS id, e.document AS document, d.ticket AS ticket, d.published_at AS published_at, \
         e.event_time AS event_time, e.action AS action, e.biz_step AS biz_step, e.event_id AS event_id, \
         e.hash AS hash, e.error_declared AS error_declared FROM (\
         SELECT DISTINCT t.event AS id FROM event_terms t WHERE t.block IN (SELECT b.id FROM term_blocks b) \
         AND t.key IN ({keys}) AND t.role = {}) f JOIN events e ON e.id = f.id JOIN publications d ON d.id = e.document \
         WHERE e.kind = '{}' AND e.event_time <= {until} AND {visible}",
        role.number(),
        kind.name()
    ))
}

/// What was declared wrong: by `eventID`, and by content where one of the two has none (EPCIS 2.0 §7.4.1.2).
struct Wrong {
    ids: HashSet<String>,
    /// Contents of declarations without `eventID`, and of all.
    unnamed: HashSet<Vec<u8>>,
    contents: HashSet<Vec<u8>>,
}

impl Wrong {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Wrong {
        let mut wrong = Wrong { ids: HashSet::new(), unnamed: HashSet::new(), contents: HashSet::new() };
        for row in rows.filter(|row| row.error_declared) {
            match &row.event_id {
                Some(id) => wrong.ids.insert(id.clone()),
                None => wrong.unnamed.insert(row.hash.clone()),
            };
            wrong.contents.insert(row.hash.clone());
        }
        wrong
    }

    fn has(&self, row: &Row) -> bool {
        let named = match &row.event_id {
            Some(id) => self.ids.contains(id) || self.unnamed.contains(&row.hash),
            None => self.contents.contains(&row.hash),
        };
        row.error_declared || named
    }
}
