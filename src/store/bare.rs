//! The floor under capture, for `epcgate bench`: the rows of one store inserted into another by nothing but inserts.

use std::time::Duration;
use std::time::Instant;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::store::Store;
use crate::store::StoreError;
use crate::store::blocks::block_of;
use crate::store::blocks::first_event;
use crate::store::dialect::EventRow;
use crate::store::dialect::IdentityRow;
use crate::store::dialect::Rows;
use crate::store::dialect::TermRow;
use crate::store::identities::identities;
use crate::store::schema::event_terms;
use crate::store::schema::events;
use crate::store::schema::term_blocks;

/// How many events are read, and then inserted, at a time.
const EVENTS: i64 = 8_192;

/// What a bare insertion took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BareTime {
    /// Rows inserted: of events, index terms and identities.
    pub rows: u64,
    /// Index terms among them.
    pub terms: u64,
    /// Time in transactions, reading not counted.
    pub elapsed: Duration,
}

/// Inserts all rows of events, index terms and identities of `from` into `to`, which must be new and empty.
///
/// The rows are the same to the last byte, sorted by key within each batch as capture sorts them, and go into the same
/// tables with the same indexes, by the same prepared statements (COPY on PostgreSQL), in transactions of the same size.
/// What is missing is all else capture does: reading, packing, hashing, looking up, leases, publishing.
pub fn copy(from: &Store, to: &Store) -> Result<BareTime, StoreError> {
    let mut time = BareTime::default();
    let blocks: Vec<i64> = from.read(|connection| {
        Ok(term_blocks::table.order(term_blocks::id).select(term_blocks::id).load(connection)?)
    })?;
    for block in blocks {
        let mut terms: Vec<TermRow> = from.read(|connection| {
            let rows = event_terms::table.filter(event_terms::block.eq(block));
            Ok(rows.order((event_terms::event, event_terms::key)).load(connection)?)
        })?;
        let mut next = first_event(block);
        loop {
            let page = events_from(from, next)?;
            let Some(last) = page.last().filter(|last| block_of(last.id) == block) else { break };
            next = last.id + 1;
            let later = terms.split_off(terms.partition_point(|term| term.event < next));
            insert(from, to, (&page, std::mem::replace(&mut terms, later)), &mut time)?;
        }
    }
    Ok(time)
}

fn insert(
    from: &Store,
    to: &Store,
    (page, mut terms): (&[StoredRow], Vec<TermRow>),
    time: &mut BareTime,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = page.iter().map(|row| row.id).collect();
    let named = from.read(|connection| identities(connection, &ids))?;
    let mut keys: Vec<IdentityRow> = named
        .iter()
        .flat_map(|event| event.keys.all().map(|key| IdentityRow { key, event: event.id }))
        .collect();
    let rows: Vec<EventRow<'_>> = page.iter().map(StoredRow::row).collect();
    let start = Instant::now();
    terms.sort_unstable();
    keys.sort_unstable();
    let mut all = Rows { events: &rows, terms: &terms, identities: &keys, links: &[] };
    time.rows += all.count() as u64;
    time.terms += terms.len() as u64;
    while let Some(some) = all.next_transaction(to.0.writes.most_rows()) {
        to.write(|connection| some.insert(connection))?;
    }
    time.elapsed += start.elapsed();
    Ok(())
}

/// The events of one block from this id on, at most [`EVENTS`].
fn events_from(store: &Store, first: i64) -> Result<Vec<StoredRow>, StoreError> {
    store.read(|connection| {
        Ok(events::table
            .filter(events::id.ge(first))
            .filter(events::id.lt(first_event(block_of(first) + 1)))
            .order(events::id)
            .limit(EVENTS)
            .load(connection)?)
    })
}

#[derive(diesel::Queryable)]
struct StoredRow {
    id: i64,
    document: i64,
    position: i64,
    event_id: Option<String>,
    hash: Vec<u8>,
    error_declared: bool,
    event_time: i64,
    kind: String,
    action: Option<String>,
    biz_step: Option<String>,
    disposition: Option<String>,
    read_point: Option<String>,
    biz_location: Option<String>,
    parties: String,
    body: Vec<u8>,
}

impl StoredRow {
    fn row(&self) -> EventRow<'_> {
        EventRow {
            id: self.id,
            document: self.document,
            position: self.position,
            event_id: self.event_id.as_deref(),
            hash: &self.hash,
            error_declared: self.error_declared,
            event_time: self.event_time,
            kind: &self.kind,
            action: self.action.as_deref(),
            biz_step: self.biz_step.as_deref(),
            disposition: self.disposition.as_deref(),
            read_point: self.read_point.as_deref(),
            biz_location: self.biz_location.as_deref(),
            parties: &self.parties,
            body: &self.body,
        }
    }
}
