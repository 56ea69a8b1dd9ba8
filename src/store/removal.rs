//! Removal of what never became visible: after a refusal, after a crash, of documents that never arrived whole.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::min;

use crate::store::Store;
use crate::store::StoreError;
use crate::store::blocks::block_of;
use crate::store::captures::Fence;
use crate::store::connection::AnyConnection;
use crate::store::documents::REFUSED;
use crate::store::identities::StoredIdentity;
use crate::store::identities::identities;
use crate::store::identities::identities_of;
use crate::store::schema::capture_jobs;
use crate::store::schema::document_events;
use crate::store::schema::document_parties;
use crate::store::schema::document_parts;
use crate::store::schema::documents;
use crate::store::schema::event_identities;
use crate::store::schema::event_terms;
use crate::store::schema::events;

/// How many events one transaction removes.
const EVENTS: i64 = 500;

/// How many parts of a document one transaction removes.
const PARTS: i64 = 8;

impl Store {
    /// Removes what crashes left behind: documents whose receiving stopped, and rows of refused documents.
    ///
    /// To be called at the start and now and then; several processes may. Says how many documents it cleared.
    pub fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let now = now.timestamp_micros();
        let stale: Vec<(i64, String)> = self.read(|connection| {
            Ok(documents::table
                .filter(documents::lease_until.is_not_null())
                .filter(documents::lease_until.lt(now))
                .select((documents::id, documents::state))
                .load(connection)?)
        })?;
        for (document, state) in &stale {
            if state == REFUSED {
                self.clear_refused(*document)?;
            } else {
                self.remove_document(*document)?;
            }
        }
        Ok(stale.len())
    }

    /// Removes a document for which there is no job.
    pub(super) fn remove_document(&self, document: i64) -> Result<(), StoreError> {
        loop {
            let left = self.write(|connection| {
                let job: Option<String> = capture_jobs::table
                    .filter(capture_jobs::document.eq(document))
                    .select(capture_jobs::id)
                    .first(connection)
                    .optional()?;
                if job.is_some() {
                    return Ok(false);
                }
                let parts = document_parts::table.filter(document_parts::document.eq(document));
                let first: Option<i64> = parts.select(min(document_parts::part)).first(connection)?;
                let Some(first) = first else {
                    let parties = document_parties::table.filter(document_parties::document.eq(document));
                    diesel::delete(parties).execute(connection)?;
                    diesel::delete(documents::table.find(document)).execute(connection)?;
                    return Ok(false);
                };
                let some = parts.filter(document_parts::part.lt(first + PARTS));
                diesel::delete(some).execute(connection)?;
                Ok(true)
            })?;
            if !left {
                return Ok(());
            }
        }
    }

    /// Removes the events of a refused document; the document as received stays.
    pub(super) fn clear_refused(&self, document: i64) -> Result<(), StoreError> {
        self.remove_events(document, None)?;
        self.write(|connection| {
            diesel::update(documents::table.find(document))
                .filter(documents::state.eq(REFUSED))
                .set(documents::lease_until.eq(None::<i64>))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Removes the events of a document that is not visible, in short transactions that hold the lease, if there is one.
    pub(super) fn remove_events(&self, document: i64, fence: Option<&Fence>) -> Result<(), StoreError> {
        loop {
            let page = self.read(|connection| identities_of(connection, document, i64::MIN, EVENTS))?;
            let links: Option<i64> = self.read(|connection| {
                Ok(document_events::table
                    .filter(document_events::document.eq(document))
                    .select(min(document_events::position))
                    .first(connection)?)
            })?;
            if page.is_empty() && links.is_none() {
                return Ok(());
            }
            self.write(|connection| {
                if let Some(fence) = fence {
                    fence.hold(connection)?;
                }
                if !is_visible(connection, document)? {
                    delete_page(connection, &page)?;
                    delete_links(connection, document, links)?;
                }
                Ok(())
            })?;
        }
    }
}

fn is_visible(connection: &mut AnyConnection, document: i64) -> Result<bool, StoreError> {
    let ticket: Option<Option<i64>> =
        documents::table.find(document).select(documents::ticket).first(connection).optional()?;
    Ok(ticket.flatten().is_some())
}

fn delete_links(connection: &mut AnyConnection, document: i64, first: Option<i64>) -> Result<(), StoreError> {
    let Some(first) = first else { return Ok(()) };
    let links = document_events::table
        .filter(document_events::document.eq(document))
        .filter(document_events::position.lt(first.saturating_add(20_000)));
    diesel::delete(links).execute(connection)?;
    Ok(())
}

/// Removes these events with all their rows; says how many there were.
pub(super) fn delete_events(connection: &mut AnyConnection, ids: &[i64]) -> Result<u64, StoreError> {
    let page = identities(connection, ids)?;
    delete_page(connection, &page)
}

fn delete_page(connection: &mut AnyConnection, page: &[StoredIdentity]) -> Result<u64, StoreError> {
    let ids: Vec<i64> = page.iter().map(|event| event.id).collect();
    let blocks: BTreeSet<i64> = ids.iter().copied().map(block_of).collect();
    for block in blocks {
        let terms =
            event_terms::table.filter(event_terms::block.eq(block)).filter(event_terms::event.eq_any(&ids));
        diesel::delete(terms).execute(connection)?;
    }
    let keys: Vec<i64> = page.iter().flat_map(|event| event.keys.all()).collect();
    let named = event_identities::table
        .filter(event_identities::key.eq_any(&keys))
        .filter(event_identities::event.eq_any(&ids));
    diesel::delete(named).execute(connection)?;
    let removed = diesel::delete(events::table.filter(events::id.eq_any(&ids))).execute(connection)?;
    Ok(removed as u64)
}
