//! Which documents the ledger knows, which events were declared wrong, and the ledger begun anew.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::schema::document_events;
use crate::store::schema::documents;
use crate::store::schema::event_identities;
use crate::store::schema::events;
use crate::store::schema::items;
use crate::store::schema::lots;
use crate::store::schema::shipment_roots;
use crate::store::schema::shipment_transactions;
use crate::store::schema::shipment_units;
use crate::store::schema::shipments;
use crate::store::schema::void_events;
use crate::store::terms;

/// How many keys one statement asks for.
const KEYS: usize = 500;

/// How many rows of the ledger one transaction removes.
const REMOVED: i64 = 20_000;

/// An event of a document, as the ledger refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventNumber {
    /// Position in the document, from 0.
    pub position: u64,
    /// The store's number of the event.
    pub event: i64,
}

impl Store {
    /// The events of a published document in the order of their positions, but for those declared wrong; events that
    /// stood in earlier documents have the number they had there.
    pub fn event_numbers(&self, document: i64) -> Result<Vec<EventNumber>, StoreError> {
        self.read(|connection| {
            let own: Vec<(i64, i64)> = events::table
                .filter(events::document.eq(document))
                .select((events::position, events::id))
                .load(connection)?;
            let linked: Vec<(i64, i64)> = document_events::table
                .filter(document_events::document.eq(document))
                .select((document_events::position, document_events::event))
                .load(connection)?;
            let mut numbers: Vec<EventNumber> = own
                .into_iter()
                .chain(linked)
                .map(|(position, event)| EventNumber {
                    position: u64::try_from(position).unwrap_or(0),
                    event,
                })
                .collect();
            numbers.sort_unstable();
            without_void(connection, &mut numbers)?;
            Ok(numbers)
        })
    }

    /// Takes the right to bring a published document into the ledger, until the lease of a job would end; false where
    /// another has it, or where it is done.
    pub fn take_reconciling(&self, document: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let until = Utc::now().timestamp_micros() + self.lease_micros();
        self.write(|connection| {
            let free = documents::reconcile_lease
                .is_null()
                .or(documents::reconcile_lease.lt(now.timestamp_micros()));
            let taken = diesel::update(documents::table.find(document))
                .filter(documents::ticket.is_not_null())
                .filter(documents::reconciled_at.is_null())
                .filter(free)
                .set(documents::reconcile_lease.eq(Some(until)))
                .execute(connection)?;
            Ok(taken == 1)
        })
    }

    /// Keeps the right taken by [`take_reconciling`](Self::take_reconciling).
    pub fn renew_reconciling(&self, document: i64) -> Result<(), StoreError> {
        let until = Utc::now().timestamp_micros() + self.lease_micros();
        self.write(|connection| {
            diesel::update(documents::table.find(document))
                .set(documents::reconcile_lease.eq(Some(until)))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Says that a document is in the ledger.
    pub fn end_reconciling(&self, document: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(documents::table.find(document))
                .set((
                    documents::reconciled_at.eq(Some(now.timestamp_micros())),
                    documents::reconcile_lease.eq(None::<i64>),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Whether everything is known of a document that will be: it was refused, or it is in the ledger where one is kept.
    pub fn is_judged(&self, document: i64) -> Result<bool, StoreError> {
        if !self.keeps_ledger() {
            return Ok(true);
        }
        let columns = (documents::ticket, documents::reconciled_at);
        let row: Option<(Option<i64>, Option<i64>)> = self.point(|connection| {
            Ok(documents::table.find(document).select(columns).first(connection).optional()?)
        })?;
        Ok(row.is_none_or(|(ticket, reconciled)| ticket.is_none() || reconciled.is_some()))
    }

    /// The first published document that nobody is bringing into the ledger, in the order of publishing.
    pub fn next_unreconciled(&self, now: DateTime<Utc>) -> Result<Option<i64>, StoreError> {
        self.read(|connection| {
            let free = documents::reconcile_lease
                .is_null()
                .or(documents::reconcile_lease.lt(now.timestamp_micros()));
            let first = documents::table
                .filter(documents::ticket.is_not_null())
                .filter(documents::reconciled_at.is_null())
                .filter(free)
                .order(documents::ticket)
                .select(documents::id);
            Ok(first.first(connection).optional()?)
        })
    }

    /// Empties the ledger, so that every document is to be brought into it again; events and findings stay.
    pub fn empty_ledger(&self, caller: &Caller, now: DateTime<Utc>) -> Result<(), StoreError> {
        let entry = AuditEntry::done(now, caller.actor(), "ledger.rebuilt", "");
        self.write(|connection| {
            diesel::update(documents::table)
                .set((documents::reconciled_at.eq(None::<i64>), documents::reconcile_lease.eq(None::<i64>)))
                .execute(connection)?;
            diesel::delete(shipment_units::table).execute(connection)?;
            diesel::delete(shipment_roots::table).execute(connection)?;
            diesel::delete(shipment_transactions::table).execute(connection)?;
            diesel::delete(shipments::table).execute(connection)?;
            diesel::delete(void_events::table).execute(connection)?;
            audit::append(connection, std::slice::from_ref(&entry))
        })?;
        while self.write(remove_items)? > 0 {}
        self.write(|connection| {
            diesel::delete(lots::table).execute(connection)?;
            Ok(())
        })
    }

    /// Notes that these events of a document, which are error declarations, declare others wrong, and returns those.
    pub fn declare_void(&self, document: i64, positions: &[u64]) -> Result<Vec<i64>, StoreError> {
        let positions: Vec<i64> =
            positions.iter().map(|position| i64::try_from(*position).unwrap_or(i64::MAX)).collect();
        let mut void = Vec::new();
        for some in positions.chunks(KEYS) {
            void.extend(self.write(|connection| {
                let mut found = Vec::new();
                for (declaration, event_id, hash) in declarations(connection, document, some)? {
                    let key = void_key(event_id.as_deref(), &hash);
                    note_void(connection, key, declaration)?;
                    found.extend(plain_events(connection, key)?);
                }
                Ok(found)
            })?);
        }
        Ok(void)
    }
}

/// Number, `eventID` and content hash of an event.
type IdentityRow = (i64, Option<String>, Vec<u8>);

/// The rows of error declarations at these positions of a document.
fn declarations(
    connection: &mut AnyConnection,
    document: i64,
    positions: &[i64],
) -> Result<Vec<IdentityRow>, StoreError> {
    let columns = (events::id, events::event_id, events::hash);
    let mut rows: Vec<IdentityRow> = events::table
        .filter(events::document.eq(document))
        .filter(events::position.eq_any(positions))
        .select(columns)
        .load(connection)?;
    rows.extend(
        document_events::table
            .inner_join(events::table.on(events::id.eq(document_events::event)))
            .filter(document_events::document.eq(document))
            .filter(document_events::position.eq_any(positions))
            .select(columns)
            .load::<IdentityRow>(connection)?,
    );
    Ok(rows)
}

fn note_void(connection: &mut AnyConnection, key: i64, declaration: i64) -> Result<(), StoreError> {
    let row = (void_events::key.eq(key), void_events::declared_by.eq(declaration));
    either!(connection, concrete => diesel::insert_into(void_events::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(concrete))?;
    Ok(())
}

/// Visible events of an identity that are no declarations.
fn plain_events(connection: &mut AnyConnection, key: i64) -> Result<Vec<i64>, StoreError> {
    Ok(event_identities::table
        .inner_join(events::table.on(events::id.eq(event_identities::event)))
        .inner_join(documents::table.on(documents::id.eq(events::document)))
        .filter(event_identities::key.eq(key))
        .filter(events::error_declared.eq(false))
        .filter(documents::ticket.is_not_null())
        .select(events::id)
        .load(connection)?)
}

/// What an event and the declaration that it is wrong have in common: the `eventID`, or where it has none the content.
fn void_key(event_id: Option<&str>, hash: &[u8]) -> i64 {
    match event_id {
        Some(event_id) => {
            let [plain, _] = terms::event_id_keys(event_id);
            plain
        }
        None => terms::identity_key(None, &<[u8; 32]>::try_from(hash).unwrap_or([0; 32]), None),
    }
}

/// Takes out the events that were declared wrong.
fn without_void(connection: &mut AnyConnection, numbers: &mut Vec<EventNumber>) -> Result<(), StoreError> {
    let any: Option<i64> = void_events::table.select(void_events::key).first(connection).optional()?;
    if any.is_none() {
        return Ok(());
    }
    let mut void: HashMap<i64, ()> = HashMap::new();
    for some in numbers.chunks(KEYS) {
        let rows: Vec<IdentityRow> = events::table
            .filter(events::id.eq_any(some.iter().map(|number| number.event)))
            .select((events::id, events::event_id, events::hash))
            .load(connection)?;
        let keys: HashMap<i64, i64> =
            rows.iter().map(|(id, event_id, hash)| (*id, void_key(event_id.as_deref(), hash))).collect();
        let known: Vec<i64> = void_events::table
            .filter(void_events::key.eq_any(keys.values()))
            .select(void_events::key)
            .load(connection)?;
        void.extend(keys.iter().filter(|(_, key)| known.contains(key)).map(|(id, _)| (*id, ())));
    }
    numbers.retain(|number| !void.contains_key(&number.event));
    Ok(())
}

fn remove_items(connection: &mut AnyConnection) -> Result<usize, StoreError> {
    let some: Vec<String> = items::table.select(items::key).limit(REMOVED).load(connection)?;
    let Some(last) = some.last() else { return Ok(0) };
    let keys: Vec<&str> = some.iter().map(String::as_str).collect();
    let mut removed = 0;
    for keys in keys.chunks(KEYS) {
        removed += diesel::delete(items::table.filter(items::key.eq_any(keys))).execute(connection)?;
    }
    tracing::debug!(removed, last, "emptied a part of the ledger");
    Ok(removed)
}
