//! Rivals: events of documents published since an event of ours was judged, which are the same or contradict it.

use std::collections::HashMap;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::max;

use crate::store::CaptureSession;
use crate::store::Conflict;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::identities::StoredIdentity;
use crate::store::identities::identities_of;
use crate::store::identities::known;
use crate::store::removal::delete_events;
use crate::store::schema::document_events;
use crate::store::schema::documents;
use crate::store::schema::events;

/// How many events of others are compared at a time.
const PAGE: i64 = 1_000;

/// An event of this document and a visible one that was published in the meantime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rival {
    ours: i64,
    theirs: i64,
    same: bool,
}

/// Finds the rivals among documents whose ticket is above the first and up to the second.
pub(super) fn find(
    connection: &mut AnyConnection,
    document: i64,
    (after, last): (i64, i64),
) -> Result<Vec<Rival>, StoreError> {
    let others: Vec<i64> = documents::table
        .filter(documents::ticket.gt(after))
        .filter(documents::ticket.le(last))
        .order(documents::ticket)
        .select(documents::id)
        .load(connection)?;
    let mut rivals: HashMap<i64, Rival> = HashMap::new();
    for other in others {
        let mut from = i64::MIN;
        loop {
            let page = identities_of(connection, other, from, PAGE)?;
            let Some(last) = page.last() else { break };
            from = last.id + 1;
            for rival in compare(connection, document, &page)? {
                rivals.entry(rival.ours).or_insert(rival);
            }
        }
    }
    Ok(rivals.into_values().collect())
}

fn compare(
    connection: &mut AnyConnection,
    document: i64,
    theirs: &[StoredIdentity],
) -> Result<Vec<Rival>, StoreError> {
    let mut by_key: HashMap<i64, Vec<&StoredIdentity>> = HashMap::new();
    for event in theirs {
        for key in event.keys.compared(event.error_declared) {
            by_key.entry(key).or_default().push(event);
        }
    }
    let keys = by_key.keys().copied().collect();
    let mut rivals = Vec::new();
    for ours in known(connection, &keys, document)?.into_iter().filter(|row| row.document == document) {
        for theirs in by_key.get(&ours.key).into_iter().flatten() {
            let same = ours.is_same(theirs);
            if same || ours.contradicts(theirs) {
                rivals.push(Rival { ours: ours.event, theirs: theirs.id, same });
            }
        }
    }
    Ok(rivals)
}

impl Store {
    /// Compares the document with all published since it last was; equal events become links, and those that contradict
    /// are taken out of it and told.
    pub(super) fn settle_rivals(&self, session: &mut CaptureSession) -> Result<Vec<Conflict>, StoreError> {
        let (last, rivals) = self.read(|connection| {
            let last: Option<i64> = documents::table.select(max(documents::ticket)).first(connection)?;
            let last = last.unwrap_or(0);
            if last == session.checked || session.stored == 0 {
                return Ok((last, Vec::new()));
            }
            Ok((last, find(connection, session.document, (session.checked, last))?))
        })?;
        let mut conflicts = Vec::new();
        for rivals in rivals.chunks(500) {
            let settled = self.write(|connection| {
                session.fence.hold(connection)?;
                settle(connection, session.document, rivals)
            })?;
            session.stored = session.stored.saturating_sub(settled.removed);
            session.linked = (session.linked + settled.linked).saturating_sub(settled.unlinked);
            conflicts.extend(settled.conflicts);
        }
        session.checked = session.checked.max(last);
        conflicts.sort_by_key(|conflict| conflict.position);
        Ok(conflicts)
    }
}

#[derive(Default)]
struct Settled {
    removed: u64,
    linked: u64,
    unlinked: u64,
    conflicts: Vec<Conflict>,
}

fn settle(connection: &mut AnyConnection, document: i64, rivals: &[Rival]) -> Result<Settled, StoreError> {
    let mut settled = Settled::default();
    for rival in rivals {
        let (position, event_id): (i64, Option<String>) =
            events::table.find(rival.ours).select((events::position, events::event_id)).first(connection)?;
        let links = document_events::table
            .filter(document_events::document.eq(document))
            .filter(document_events::event.eq(rival.ours));
        if rival.same {
            diesel::update(links).set(document_events::event.eq(rival.theirs)).execute(connection)?;
            diesel::insert_into(document_events::table)
                .values((
                    document_events::document.eq(document),
                    document_events::position.eq(position),
                    document_events::event.eq(rival.theirs),
                ))
                .execute(connection)?;
            settled.linked += 1;
        } else {
            let mut positions: Vec<i64> = links.select(document_events::position).load(connection)?;
            diesel::delete(links).execute(connection)?;
            settled.unlinked += positions.len() as u64;
            positions.push(position);
            settled.conflicts.extend(positions.into_iter().map(|position| Conflict {
                position: u64::try_from(position).unwrap_or(0),
                event_id: event_id.clone().unwrap_or_default().into(),
            }));
        }
    }
    let ours: Vec<i64> = rivals.iter().map(|rival| rival.ours).collect();
    settled.removed = delete_events(connection, &ours)?;
    Ok(settled)
}
