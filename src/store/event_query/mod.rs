//! Answering questions about events: a page at a time, in a fixed order, undisturbed by what is captured meanwhile.
//!
//! What SQL selects is only ever too much, never too little; whether an event is wanted is decided by
//! [`EventQuery::matches`] alone, on the stored event.

mod explain;
mod heads;
mod plan;
mod point;
mod rows;
mod token;
mod walk;

use diesel::sql_types::BigInt;
use thiserror::Error;

use crate::access::Caller;
use crate::epcis::EventTime;
use crate::epcis::event_id;
use crate::epcis::query::Bound;
use crate::epcis::query::EventQuery;
use crate::epcis::query::Page;
use crate::epcis::query::QueryFault;
use crate::epcis::query::StoredEvent;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::bodies;
use crate::store::connection::AnyConnection;
use crate::store::event_query::plan::Plan;
use crate::store::event_query::rows::Spot;
use crate::store::event_query::rows::Sql;
use crate::store::event_query::rows::Stored;
use crate::store::event_query::token::Token;
use crate::store::event_query::walk::Position;
use crate::store::event_query::walk::Walk;
use crate::store::sight;
use crate::store::terms;

pub use heads::EventHead;
pub use heads::Mention;

/// Rows looked at for one page; then the page ends, even if it is short.
const PAGE_BUDGET: u64 = 100_000;

/// Rows looked at to tell whether there are more than `maxEventCount` events.
const COUNT_BUDGET: u64 = 2_000_000;

/// Packed bytes of the events of one page; then the page ends, even if it is short.
const PAGE_BYTES: usize = 8 << 20;

/// A page of events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// The events, in order. There may be fewer than asked for, even none, and still more to come.
    pub events: Vec<StoredEvent>,
    /// `nextPageToken`; `None` on the last page.
    pub next: Option<String>,
}

/// Why a question was not answered.
#[derive(Debug, Error)]
pub enum QueryError {
    /// The question is not well formed (`QueryParameterException`).
    #[error(transparent)]
    Fault(#[from] QueryFault),
    /// There are more events than `maxEventCount` allows (`QueryTooLargeException`).
    #[error("more than {0} events match; narrow the query or raise maxEventCount")]
    TooLarge(u64),
    /// Counting the events would take too long (`QueryTooComplexException`).
    #[error(
        "too many events must be looked at to apply maxEventCount; narrow the query by time or by identifiers"
    )]
    TooComplex,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for QueryError {
    fn from(error: diesel::result::Error) -> QueryError {
        QueryError::Store(error.into())
    }
}

impl Store {
    /// A page of the events that are asked for and that the caller may see.
    ///
    /// What is published after the first page stays out of the pages that follow it.
    pub fn events(&self, caller: &Caller, query: &EventQuery, page: &Page) -> Result<EventPage, QueryError> {
        let digest = token::digest(query);
        let token = page.token.as_deref().map(|text| Token::read(text, digest)).transpose()?;
        self.ask(caller, |connection| {
            let visible = visible_to(caller);
            let plan = Plan::of(query, &visible);
            if token.is_none()
                && let Some(rows) = point::few(connection, &plan, &visible)?
                && let Some(page) = whole(query, page, rows)?
            {
                return Ok(page);
            }
            let newest = match &token {
                Some(token) => token.newest,
                None => newest_ticket(connection)?,
            };
            let mut walk =
                Walk::begin(connection, &plan, newest, token.as_ref().map(|token| token.position))?;
            let gathered = Gathering::new(query, page, token.as_ref()).run(connection, &mut walk)?;
            let next = gathered.next.map(|(position, left)| Token { newest, position, left, digest }.write());
            Ok(EventPage { events: gathered.events, next })
        })
    }

    /// The event of this `eventID` and its error declarations, in the order of publishing; empty where there is none
    /// that the caller may see (EPCIS 2.0 §12.6, `GET /events/{eventID}`).
    ///
    /// An event that was sent without `eventID` is found by its event hash ID, `ni:///sha-256;…?ver=CBV2.0`.
    pub fn event(&self, caller: &Caller, event_id: &str) -> Result<Vec<StoredEvent>, StoreError> {
        let hash = event_id::hash_of(event_id);
        let unnamed =
            hash.map(|hash| [terms::identity_key(None, &hash, None), terms::declared_hash_key(&hash)]);
        let keys = terms::event_id_keys(event_id).into_iter().chain(unnamed.into_iter().flatten());
        let mut sql = Sql::new(format!(
            "SELECT e.id AS id, d.ticket AS sort, e.document AS document, d.published_at AS published_at \
             FROM event_identities i CROSS JOIN events e CROSS JOIN publications d \
             WHERE i.key IN ({}) AND e.id = i.event AND d.id = e.document AND {} \
             AND COALESCE(e.event_id, $1) = $1 ORDER BY d.ticket, e.id LIMIT 1000",
            rows::numbers(keys),
            visible_to(caller)
        ));
        sql.bind(event_id);
        self.read_for(caller, |connection| {
            let mut spots = sql.load::<Spot>(connection)?;
            spots.dedup_by_key(|spot| spot.id);
            let found = rows::stored(connection, &spots)?.into_iter().map(stored_event);
            found
                .filter(|found| {
                    found.as_ref().map_or(true, |found| found.event.id.is_some() || Some(found.hash) == hash)
                })
                .collect()
        })
    }

    fn ask<T>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        self.read_for(caller, |connection| Ok(work(connection)))?
    }
}

/// What everybody sees who sees everything: only published documents have a ticket.
const PUBLISHED: &str = "d.ticket IS NOT NULL";

/// The condition on an event `e` of a publication `d` that the caller may see it. The document itself may be hidden from it.
fn visible_to(caller: &Caller) -> String {
    match sight::own(caller) {
        None => PUBLISHED.to_owned(),
        Some(own) => format!("{PUBLISHED} AND {}", sight::event(&own)),
    }
}

fn newest_ticket(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    #[derive(diesel::QueryableByName)]
    struct Newest {
        #[diesel(sql_type = BigInt)]
        ticket: i64,
    }
    let sql = Sql::new("SELECT COALESCE(MAX(d.ticket), 0) AS ticket FROM publications d".to_owned());
    Ok(sql.load::<Newest>(connection)?.first().map_or(0, |newest| newest.ticket))
}

fn stored_event(row: Stored) -> Result<StoredEvent, StoreError> {
    let mut event = bodies::decode(&row.body)?;
    let record_time = chrono::DateTime::from_timestamp_micros(row.published_at)
        .and_then(|time| EventTime::parse(&time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()).ok())
        .ok_or_else(|| StoreError::Damaged(format!("the event {} has no record time", row.id)))?;
    let hash = row.hash.as_slice().try_into();
    let hash = hash.map_err(|_| StoreError::Damaged(format!("the event {} has no hash", row.id)))?;
    event.record_time = Some(record_time.clone());
    Ok(StoredEvent { id: row.id, event, record_time, document: row.document, hash })
}

/// The only page of an answer, from all events that may belong to it, in order; `None` where it takes more than one page.
fn whole(query: &EventQuery, page: &Page, rows: Vec<Stored>) -> Result<Option<EventPage>, QueryError> {
    if rows.iter().map(|row| row.body.len()).sum::<usize>() > PAGE_BYTES {
        return Ok(None);
    }
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let stored = stored_event(row)?;
        if query.matches(&stored) {
            events.push(stored);
        }
    }
    match query.bound {
        Some(Bound::AtMost(most)) if events.len() as u64 > most => return Err(QueryError::TooLarge(most)),
        Some(Bound::First(count)) => events.truncate(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => {}
    }
    Ok((events.len() <= page.size.max(1)).then_some(EventPage { events, next: None }))
}

/// Fills one page.
struct Gathering<'a> {
    query: &'a EventQuery,
    /// Most events on this page.
    size: u64,
    /// How many more events may be answered over all pages.
    left: Option<u64>,
    /// How many events there may be in all; only the first page counts them.
    most: Option<u64>,
    matched: u64,
    bytes: usize,
    gathered: Gathered,
}

#[derive(Default)]
struct Gathered {
    events: Vec<StoredEvent>,
    /// Where the next page goes on, and how many events it may have.
    next: Option<(Position, Option<u64>)>,
}

impl<'a> Gathering<'a> {
    fn new(query: &'a EventQuery, page: &Page, token: Option<&Token>) -> Gathering<'a> {
        let left = match (token, query.bound) {
            (Some(token), _) => token.left,
            (None, Some(Bound::First(count))) => Some(count),
            (None, _) => None,
        };
        let most = match query.bound {
            Some(Bound::AtMost(most)) if token.is_none() => Some(most),
            _ => None,
        };
        let size = (page.size.max(1) as u64).min(left.unwrap_or(u64::MAX));
        Gathering { query, size, left, most, matched: 0, bytes: 0, gathered: Gathered::default() }
    }

    fn run(mut self, connection: &mut AnyConnection, walk: &mut Walk<'_>) -> Result<Gathered, QueryError> {
        let enough = if self.left == Some(self.size) { self.size } else { self.size + 1 };
        let enough = self.most.map_or(enough, |most| enough.max(most + 1));
        let budget = if self.most.is_some() { COUNT_BUDGET } else { PAGE_BUDGET };
        while let Some(spots) = walk.next(connection)? {
            for some in spots.chunks(rows::BODIES) {
                for (row, spot) in rows::stored(connection, some)?.into_iter().zip(some) {
                    self.add(row, Position { sort: spot.sort, id: spot.id })?;
                    if self.matched == enough {
                        return self.end(None);
                    }
                }
                if self.most.is_none() && self.bytes > PAGE_BYTES && self.gathered.next.is_none() {
                    let last = some.last().map(|spot| Position { sort: spot.sort, id: spot.id });
                    return self.end(last);
                }
            }
            if walk.examined() > budget {
                if self.most.is_some() {
                    return Err(QueryError::TooComplex);
                }
                let reached = walk.position();
                return self.end(reached);
            }
        }
        self.end(None)
    }

    /// Takes a row that may be an answer.
    fn add(&mut self, row: Stored, position: Position) -> Result<(), QueryError> {
        let bytes = row.body.len();
        let stored = stored_event(row)?;
        if !self.query.matches(&stored) {
            return Ok(());
        }
        self.matched += 1;
        if self.matched <= self.size {
            self.bytes += bytes;
            self.gathered.events.push(stored);
        }
        if self.matched == self.size {
            let left = self.left.map(|left| left - self.size);
            self.gathered.next = Some((position, left));
        }
        Ok(())
    }

    /// Ends the page, early where it goes on at `reached`.
    fn end(mut self, reached: Option<Position>) -> Result<Gathered, QueryError> {
        if let Some(most) = self.most.filter(|most| self.matched > *most) {
            return Err(QueryError::TooLarge(most));
        }
        if self.matched <= self.size {
            // A full page that is not followed by another event is the last, unless nobody looked.
            let taken = self.gathered.events.len() as u64;
            let left = self.left.map(|left| left - taken);
            self.gathered.next = reached.filter(|_| left != Some(0)).map(|position| (position, left));
        }
        Ok(self.gathered)
    }
}
