//! Deliveries: what is to be sent to partners, in the order in which it was put, and how each try went.
//!
//! A delivery is put in the transaction of what it tells of. Each channel is a queue: its row gives the numbers that order
//! deliveries, says when something is due, and is leased by the one who sends. So what is sent by one channel is sent in
//! order and by one process, whatever is killed.

mod queue;
mod rows;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
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
use crate::store::deliveries::rows::DeliveryRow;
use crate::store::deliveries::rows::TryRow;
use crate::store::partners;
use crate::store::schema::channels;
use crate::store::schema::deliveries;
use crate::store::schema::delivery_tries;
use crate::transport::Cargo;

pub use queue::Due;
pub use queue::Queue;
pub use queue::TryEnd;

/// What a delivery brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A document as captured, which is sent once its capture is finished.
    Document(i64),
}

/// Something to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The channel.
    pub channel: String,
    /// What makes it the same as another by this channel, which is sent once, such as `answer:` and the arrival.
    pub key: String,
    /// What it is.
    pub cargo: Cargo,
    /// A name of a file, or the kind of an event.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What it brings.
    pub content: Content,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent, for the first time or again.
    Waiting,
    /// It was sent, and its receipt is to come.
    Awaiting,
    /// The receiver has it.
    Delivered,
    /// It is given up.
    Dead,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [DeliveryState; 4] =
        [DeliveryState::Waiting, DeliveryState::Awaiting, DeliveryState::Delivered, DeliveryState::Dead];

    /// `waiting`, `awaiting`, `delivered` or `dead`.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Awaiting => "awaiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<DeliveryState> {
        DeliveryState::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A delivery as kept, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its identifier, the same each time it is sent.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// The partner; empty for our own systems.
    pub partner: String,
    /// Its place among those of the channel.
    pub number: i64,
    /// What it is.
    pub cargo: Cargo,
    /// A name of a file, or the kind of an event.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// The document it brings, where it brings one.
    pub document: Option<i64>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was begun to be sent, since it was put or replayed.
    pub tries: u32,
    /// When it was put.
    pub made_at: DateTime<Utc>,
    /// When it is sent next, or its receipt is no longer waited for.
    pub next_at: Option<DateTime<Utc>>,
    /// When it was delivered or given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was given up.
    pub note: String,
}

/// One try to send a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryTry {
    /// From 1 on, over all replays.
    pub number: i64,
    /// When it was begun.
    pub at: DateTime<Utc>,
    /// Milliseconds it took.
    pub took: u64,
    /// `delivered`, `awaiting`, `failed`, or `unknown` where nobody lived to say.
    pub outcome: String,
    /// What was sent, in short.
    pub request: String,
    /// What came back.
    pub answer: String,
}

/// Which deliveries are asked for; what is `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those in this state.
    pub state: Option<DeliveryState>,
    /// Those by this channel.
    pub channel: Option<String>,
    /// Those to this partner.
    pub partner: Option<String>,
}

impl Store {
    /// Puts a delivery in a transaction of its own; its identifier, that of the earlier one where the same was put before,
    /// and `None` where there is no such channel.
    pub fn put_delivery(
        &self,
        _caller: &Caller,
        delivery: &NewDelivery,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        self.write(|connection| put(connection, delivery, now))
    }

    /// One delivery.
    pub fn delivery(&self, caller: &Caller, id: &str) -> Result<Option<Delivery>, StoreError> {
        self.read(|connection| {
            let seen = partners::seen_by(connection, caller)?;
            let row: Option<DeliveryRow> =
                deliveries::table.find(id).select(rows::COLUMNS).first(connection).optional()?;
            let delivery = row.map(DeliveryRow::delivery).transpose()?;
            Ok(delivery.filter(|one| seen.as_ref().is_none_or(|seen| seen.contains(&one.partner))))
        })
    }

    /// Deliveries from the newest on, from behind `after`.
    pub fn deliveries(
        &self,
        caller: &Caller,
        filter: &DeliveryFilter,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(|connection| {
            let mut query = deliveries::table.select(rows::COLUMNS).into_boxed();
            if let Some(seen) = partners::seen_by(connection, caller)? {
                query = query.filter(deliveries::partner.eq_any(seen));
            }
            if let Some(state) = filter.state {
                query = query.filter(deliveries::state.eq(state.as_str()));
            }
            if let Some(channel) = &filter.channel {
                query = query.filter(deliveries::channel.eq(channel));
            }
            if let Some(partner) = &filter.partner {
                query = query.filter(deliveries::partner.eq(partner));
            }
            if let Some(after) = after {
                query = query.filter(deliveries::id.lt(after.to_owned()));
            }
            let found: Vec<DeliveryRow> = query.order(deliveries::id.desc()).limit(limit).load(connection)?;
            found.into_iter().map(DeliveryRow::delivery).collect()
        })
    }

    /// The tries of a delivery, the first first.
    pub fn delivery_tries(&self, caller: &Caller, id: &str) -> Result<Vec<DeliveryTry>, StoreError> {
        if self.delivery(caller, id)?.is_none() {
            return Ok(Vec::new());
        }
        self.read(|connection| {
            let found: Vec<TryRow> = delivery_tries::table
                .filter(delivery_tries::delivery.eq(id))
                .order(delivery_tries::number)
                .load(connection)?;
            found.into_iter().map(TryRow::made).collect()
        })
    }

    /// Sends a delivery that is delivered or dead once more, behind all that waits. `None` where there is no such delivery;
    /// one that is under way, or whose channel is gone, stays as it is.
    pub fn replay_delivery(
        &self,
        caller: &Caller,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Delivery>, StoreError> {
        self.write(|connection| {
            let known = deliveries::table.find(id).select(deliveries::channel);
            let channel: Option<String> = known.first(connection).optional()?;
            let Some(channel) = channel else { return Ok(None) };
            if let Some((number, _)) = next_place(connection, &channel, now)? {
                let replayed = diesel::update(deliveries::table.find(id))
                    .filter(deliveries::ended_at.is_not_null())
                    .set((
                        deliveries::number.eq(number),
                        deliveries::state.eq(DeliveryState::Waiting.as_str()),
                        deliveries::tries.eq(0),
                        deliveries::next_at.eq(None::<i64>),
                        deliveries::ended_at.eq(None::<i64>),
                        deliveries::note.eq(""),
                    ))
                    .execute(connection)?;
                if replayed > 0 {
                    let entry = AuditEntry::done(now, caller.actor(), "deliveries.replayed", id);
                    audit::append(connection, &[entry])?;
                }
            }
            let row: DeliveryRow = deliveries::table.find(id).select(rows::COLUMNS).first(connection)?;
            Ok(Some(row.delivery()?))
        })
    }
}

/// Puts a delivery in the transaction of what it tells of; see [`Store::put_delivery`].
pub(super) fn put(
    connection: &mut AnyConnection,
    delivery: &NewDelivery,
    now: DateTime<Utc>,
) -> Result<Option<String>, StoreError> {
    let Some((number, partner)) = next_place(connection, &delivery.channel, now)? else { return Ok(None) };
    let id = uuid::Uuid::now_v7().to_string();
    let (document, body) = match &delivery.content {
        Content::Bytes(bytes) => (None, bytes.as_slice()),
        Content::Document(document) => (Some(*document), [].as_slice()),
    };
    let row = (
        deliveries::id.eq(&id),
        deliveries::channel.eq(&delivery.channel),
        deliveries::partner.eq(partner),
        deliveries::number.eq(number),
        deliveries::key.eq(&delivery.key),
        deliveries::cargo.eq(delivery.cargo.as_str()),
        deliveries::name.eq(&delivery.name),
        deliveries::media_type.eq(&delivery.media_type),
        deliveries::document.eq(document),
        deliveries::body.eq(body),
        deliveries::state.eq(DeliveryState::Waiting.as_str()),
        deliveries::tries.eq(0),
        deliveries::made_at.eq(now.timestamp_micros()),
        deliveries::note.eq(""),
    );
    let inserted = either!(connection, concrete => diesel::insert_into(deliveries::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(concrete))?;
    if inserted > 0 {
        return Ok(Some(id));
    }
    let same = deliveries::table
        .filter(deliveries::channel.eq(&delivery.channel))
        .filter(deliveries::key.eq(&delivery.key));
    Ok(Some(same.select(deliveries::id).first(connection)?))
}

/// Holds the row of a channel until the end of the transaction, so that places are taken in the order of commits; the next
/// place, and the partner.
fn next_place(
    connection: &mut AnyConnection,
    channel: &str,
    now: DateTime<Utc>,
) -> Result<Option<(i64, String)>, StoreError> {
    diesel::update(channels::table.find(channel))
        .set(channels::last_number.eq(channels::last_number + 1))
        .execute(connection)?;
    diesel::update(channels::table.find(channel))
        .filter(channels::next_at.is_null())
        .set(channels::next_at.eq(Some(now.timestamp_micros())))
        .execute(connection)?;
    let place = channels::table.find(channel).select((channels::last_number, channels::partner));
    Ok(place.first(connection).optional()?)
}

/// How many places lie between the first delivery that waits and the last that was put; 0 where none waits.
pub(super) fn waiting_span(connection: &mut AnyConnection, channel: &str) -> Result<i64, StoreError> {
    let waiting = deliveries::table
        .filter(deliveries::channel.eq(channel))
        .filter(deliveries::ended_at.is_null())
        .order(deliveries::number)
        .select(deliveries::number);
    let Some(first) = waiting.first::<i64>(connection).optional()? else { return Ok(0) };
    let last: Option<i64> =
        channels::table.find(channel).select(channels::last_number).first(connection).optional()?;
    Ok(last.map_or(0, |last| last - first))
}

/// Lets what waits be sent at once.
pub(super) fn hurry(connection: &mut AnyConnection, channel: &str) -> Result<(), StoreError> {
    diesel::update(deliveries::table)
        .filter(deliveries::channel.eq(channel))
        .filter(deliveries::ended_at.is_null())
        .filter(deliveries::state.eq(DeliveryState::Waiting.as_str()))
        .set(deliveries::next_at.eq(None::<i64>))
        .execute(connection)?;
    Ok(())
}

/// Gives up everything that waits to be sent by a channel.
pub(super) fn abandon(
    connection: &mut AnyConnection,
    channel: &str,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(deliveries::table)
        .filter(deliveries::channel.eq(channel))
        .filter(deliveries::ended_at.is_null())
        .set((
            deliveries::state.eq(DeliveryState::Dead.as_str()),
            deliveries::ended_at.eq(Some(now.timestamp_micros())),
            deliveries::next_at.eq(None::<i64>),
            deliveries::note.eq(why),
        ))
        .execute(connection)?;
    Ok(())
}
