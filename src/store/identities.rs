//! Identities: which stored events an event equals, and which it contradicts.

use std::collections::BTreeSet;
use std::collections::HashMap;

use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::store::StoreError;
use crate::store::batch::IdentityKeys;
use crate::store::batch::Prepared;
use crate::store::bodies;
use crate::store::connection::AnyConnection;
use crate::store::schema::documents;
use crate::store::schema::event_identities;
use crate::store::schema::events;

/// How many keys one statement asks for.
const KEYS: usize = 500;

/// A stored event that shares a key with one that is looked for.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) event: i64,
    pub(super) document: i64,
    event_id: Option<String>,
    hash: Vec<u8>,
    error_declared: bool,
}

/// What an event is to the events before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is none like it.
    New,
    /// It equals this stored event.
    Stored(i64),
    /// It equals the event at this place of its batch.
    InBatch(usize),
    /// Its `eventID` stands for other content, and neither declares an error.
    Conflict,
}

/// Finds the visible events, and those of this document, that have one of these keys.
pub(super) fn known(
    connection: &mut AnyConnection,
    keys: &BTreeSet<i64>,
    document: i64,
) -> Result<Vec<Known>, StoreError> {
    let keys: Vec<i64> = keys.iter().copied().collect();
    let mut found: Vec<Known> = Vec::new();
    for keys in keys.chunks(KEYS) {
        // Nearly always there is none; asked for alone, no planner can make it more than one seek a key.
        let rows: Vec<(i64, i64)> = event_identities::table
            .filter(event_identities::key.eq_any(keys))
            .select((event_identities::key, event_identities::event))
            .load(connection)?;
        for rows in rows.chunks(KEYS) {
            let ids: Vec<i64> = rows.iter().map(|(_, event)| *event).collect();
            let events: HashMap<i64, EventColumns> = events::table
                .inner_join(documents::table.on(documents::id.eq(events::document)))
                .filter(events::id.eq_any(&ids))
                .select((
                    events::id,
                    (
                        events::document,
                        events::event_id,
                        events::hash,
                        events::error_declared,
                        documents::ticket,
                    ),
                ))
                .load::<(i64, EventColumns)>(connection)?
                .into_iter()
                .collect();
            found.extend(rows.iter().filter_map(|(key, event)| {
                let (of, event_id, hash, error_declared, ticket) = events.get(event)?.clone();
                let seen = ticket.is_some() || of == document;
                seen.then_some(Known {
                    key: *key,
                    event: *event,
                    document: of,
                    event_id,
                    hash,
                    error_declared,
                })
            }));
        }
    }
    Ok(found)
}

/// Document, `eventID`, content hash, whether it declares an error, and the document's ticket.
type EventColumns = (i64, Option<String>, Vec<u8>, bool, Option<i64>);

/// Judges each event of a batch by what is stored and by those before it in the batch.
pub(super) fn judge(batch: &[Prepared], stored: &[Known]) -> Vec<Verdict> {
    let mut known: HashMap<i64, Vec<&Known>> = HashMap::new();
    for row in stored {
        known.entry(row.key).or_default().push(row);
    }
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(batch.len());
    let mut same: HashMap<i64, usize> = HashMap::with_capacity(batch.len());
    let mut plain: HashMap<i64, usize> = HashMap::new();
    for (at, event) in batch.iter().enumerate() {
        let of = |key| known.get(&key).map(Vec::as_slice).unwrap_or_default();
        let verdict = if let Some(row) = of(event.keys.same).iter().find(|row| row.equals(event)) {
            Verdict::Stored(row.event)
        } else if let Some(earlier) = earlier(batch, &same, event.keys.same, |one| equal(one, event)) {
            Verdict::InBatch(earlier)
        } else if let Some(related) = event.keys.related.filter(|_| !event.error_declared)
            && (of(related).iter().any(|row| row.contradicts_prepared(event))
                || earlier(batch, &plain, related, |one| contradict(one, event)).is_some())
        {
            Verdict::Conflict
        } else {
            Verdict::New
        };
        if verdict == Verdict::New {
            same.insert(event.keys.same, at);
            if let Some(related) = event.keys.related.filter(|_| !event.error_declared) {
                plain.insert(related, at);
            }
        }
        verdicts.push(verdict);
    }
    verdicts
}

fn earlier(
    batch: &[Prepared],
    places: &HashMap<i64, usize>,
    key: i64,
    fits: impl Fn(&Prepared) -> bool,
) -> Option<usize> {
    places.get(&key).copied().filter(|at| batch.get(*at).is_some_and(fits))
}

fn equal(one: &Prepared, other: &Prepared) -> bool {
    one.event_id == other.event_id && one.hash == other.hash && one.error_declared == other.error_declared
}

fn contradict(one: &Prepared, other: &Prepared) -> bool {
    one.event_id == other.event_id && one.hash != other.hash && !one.error_declared
}

impl Known {
    /// True where it is the same event.
    fn equals(&self, event: &Prepared) -> bool {
        self.event_id.as_deref() == event.event_id.as_deref()
            && self.hash == event.hash
            && self.error_declared == event.error_declared
    }

    fn contradicts_prepared(&self, event: &Prepared) -> bool {
        self.event_id.as_deref() == event.event_id.as_deref()
            && self.hash != event.hash
            && !self.error_declared
            && !event.error_declared
    }

    /// True where it is the same event as that one, which shares a key with it.
    pub(super) fn is_same(&self, other: &StoredIdentity) -> bool {
        self.key == other.keys.same
            && self.event_id == other.event_id
            && self.hash == other.hash
            && self.error_declared == other.error_declared
    }

    /// True where that one says other things under the same `eventID`, and neither declares an error.
    pub(super) fn contradicts(&self, other: &StoredIdentity) -> bool {
        self.event_id.is_some()
            && self.event_id == other.event_id
            && self.hash != other.hash
            && !self.error_declared
            && !other.error_declared
    }
}

/// What identifies a stored event.
#[derive(Clone, Debug)]
pub(super) struct StoredIdentity {
    pub(super) id: i64,
    event_id: Option<String>,
    hash: Vec<u8>,
    pub(super) error_declared: bool,
    pub(super) keys: IdentityKeys,
}

type IdentityColumns = (i64, Option<String>, Vec<u8>, bool);

/// What identifies the events of a document from this id on, by id.
pub(super) fn identities_of(
    connection: &mut AnyConnection,
    document: i64,
    from: i64,
    limit: i64,
) -> Result<Vec<StoredIdentity>, StoreError> {
    let rows: Vec<IdentityColumns> = events::table
        .filter(events::document.eq(document))
        .filter(events::id.ge(from))
        .order(events::id)
        .limit(limit)
        .select((events::id, events::event_id, events::hash, events::error_declared))
        .load(connection)?;
    rows.into_iter().map(|row| identity(connection, row)).collect()
}

/// What identifies these events.
pub(super) fn identities(
    connection: &mut AnyConnection,
    ids: &[i64],
) -> Result<Vec<StoredIdentity>, StoreError> {
    let rows: Vec<IdentityColumns> = events::table
        .filter(events::id.eq_any(ids))
        .select((events::id, events::event_id, events::hash, events::error_declared))
        .load(connection)?;
    rows.into_iter().map(|row| identity(connection, row)).collect()
}

fn identity(connection: &mut AnyConnection, row: IdentityColumns) -> Result<StoredIdentity, StoreError> {
    let (id, event_id, hash, error_declared) = row;
    let bytes: [u8; 32] =
        hash.as_slice().try_into().map_err(|_| StoreError::Damaged(format!("the hash of event {id}")))?;
    let declared = if error_declared {
        let body: Vec<u8> = events::table.find(id).select(events::body).first(connection)?;
        bodies::decode(&body)?.error_declaration.map(|declaration| declaration.declaration_time)
    } else {
        None
    };
    let keys = IdentityKeys::new(event_id.as_deref(), &bytes, declared.as_ref());
    Ok(StoredIdentity { id, event_id, hash, error_declared, keys })
}
