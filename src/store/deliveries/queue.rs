//! One channel as a queue: leased by who sends, given delivery after delivery, and told how each went.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::max;

use crate::store::Store;
use crate::store::StoreError;
use crate::store::channels;
use crate::store::channels::Row as ChannelRow;
use crate::store::connection::AnyConnection;
use crate::store::deliveries::Content;
use crate::store::deliveries::Delivery;
use crate::store::deliveries::DeliveryState;
use crate::store::deliveries::rows;
use crate::store::deliveries::rows::DeliveryRow;
use crate::store::notices;
use crate::store::schema::capture_jobs;
use crate::store::schema::channels as queues;
use crate::store::schema::deliveries;
use crate::store::schema::delivery_tries;
use crate::store::schema::documents;
use crate::transport::PartnerChannel;

/// How many queues are looked at to take one.
const LOOKED_AT: i64 = 16;

/// When a delivery is looked at again whose document is still being captured.
const UNTIL_CAPTURED: TimeDelta = TimeDelta::seconds(1);

/// The right to send by a channel. It is lost once another process has taken the channel.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The channel.
    pub channel: PartnerChannel,
    owner: String,
    lease: TimeDelta,
}

/// A delivery whose turn has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The delivery. Where it is `awaiting`, its receipt did not come in time, and nothing was begun.
    pub delivery: Delivery,
    /// The number of the try that was begun.
    pub number: i64,
    /// What it brings.
    pub content: Content,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryEnd {
    /// How the delivery stands then: `Waiting` to be sent again at `next`, `Awaiting` a receipt until `next`, or ended.
    pub state: DeliveryState,
    /// When it is sent again, or its receipt is no longer waited for.
    pub next: Option<DateTime<Utc>>,
    /// Milliseconds it took.
    pub took: u64,
    /// What was sent, in short.
    pub request: String,
    /// What came back.
    pub answer: String,
    /// After how long a time of failures alone nothing more is sent by the channel.
    pub pause_after: TimeDelta,
}

impl Store {
    /// Takes a channel by which something is due, and which nobody else sends by. `owner` is a name that nobody else has.
    pub fn take_queue(
        &self,
        owner: &str,
        now: DateTime<Utc>,
        lease: TimeDelta,
    ) -> Result<Option<Queue>, StoreError> {
        let at = now.timestamp_micros();
        let due: Vec<ChannelRow> = self.read(|connection| {
            Ok(queues::table
                .filter(queues::next_at.le(at))
                .filter(queues::paused_at.is_null())
                .filter(queues::lease_until.is_null().or(queues::lease_until.lt(at)))
                .order((queues::next_at, queues::id))
                .limit(LOOKED_AT)
                .load(connection)?)
        })?;
        for row in due {
            let taken = self.write(|connection| {
                // Where another process was faster, nothing is changed.
                let free = diesel::update(queues::table.find(&row.id))
                    .filter(queues::owner.eq(&row.owner))
                    .filter(queues::paused_at.is_null())
                    .filter(queues::lease_until.is_null().or(queues::lease_until.lt(at)))
                    .set((
                        queues::owner.eq(owner),
                        queues::lease_until.eq(Some((now + lease).timestamp_micros())),
                    ))
                    .execute(connection)?;
                Ok(free == 1)
            })?;
            if taken {
                let channel = row.record()?.channel;
                return Ok(Some(Queue { channel, owner: owner.to_owned(), lease }));
            }
        }
        Ok(None)
    }

    /// Keeps a queue while something is under way.
    pub fn renew_queue(&self, queue: &Queue, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| queue.hold(connection, now))
    }

    /// Gives a queue back.
    pub fn release_queue(&self, queue: &Queue) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(queues::table.find(&queue.channel.id))
                .filter(queues::owner.eq(&queue.owner))
                .set((queues::owner.eq(""), queues::lease_until.eq(None::<i64>)))
                .execute(connection)?;
            Ok(())
        })
    }

    /// The delivery whose turn has come, its try counted and written down before anything is sent; `None` where nothing
    /// is due by this channel now.
    pub fn next_delivery(&self, queue: &Queue, now: DateTime<Utc>) -> Result<Option<Due>, StoreError> {
        self.write(|connection| {
            queue.hold(connection, now)?;
            if is_paused(connection, &queue.channel.id)? {
                return Ok(None);
            }
            loop {
                let Some(first) = first(connection, &queue.channel.id)? else {
                    set_next(connection, &queue.channel.id, None)?;
                    return Ok(None);
                };
                let later = match first.next_at.filter(|next| *next > now) {
                    Some(next) => Some(next),
                    None => match readiness(connection, &first)? {
                        Readiness::Ready => None,
                        Readiness::Later => Some(now + UNTIL_CAPTURED),
                        Readiness::Never(why) => {
                            end(connection, &first, (DeliveryState::Dead, why), now)?;
                            continue;
                        }
                    },
                };
                if later.is_some() {
                    set_next(connection, &queue.channel.id, later)?;
                    return Ok(None);
                }
                return begin(connection, first, now).map(Some);
            }
        })
    }

    /// Writes down how a try ended, and what follows for the delivery and its channel.
    pub fn end_try(
        &self,
        queue: &Queue,
        due: &Due,
        ended: &TryEnd,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|connection| {
            queue.hold(connection, now)?;
            record(connection, &due.delivery, (due.number, ended), now)
        })
    }

    /// Writes down the receipt of a delivery that waits for it, whoever sends by its channel; false where it does not wait.
    pub fn end_awaiting(&self, id: &str, ended: &TryEnd, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.write(|connection| {
            let row: Option<DeliveryRow> =
                deliveries::table.find(id).select(rows::COLUMNS).first(connection).optional()?;
            let Some(delivery) = row.map(DeliveryRow::delivery).transpose()? else { return Ok(false) };
            // Held before its state is looked at, as the one who sends holds it too.
            diesel::update(queues::table.find(&delivery.channel))
                .set(queues::id.eq(&delivery.channel))
                .execute(connection)?;
            let state: String = deliveries::table.find(id).select(deliveries::state).first(connection)?;
            if state != DeliveryState::Awaiting.as_str() {
                return Ok(false);
            }
            let number = last_try(connection, id)?;
            record(connection, &delivery, (number, ended), now)?;
            Ok(true)
        })
    }
}

impl Queue {
    /// Renews the lease inside a transaction, so that what it writes stands only where the channel was still ours.
    fn hold(&self, connection: &mut AnyConnection, now: DateTime<Utc>) -> Result<(), StoreError> {
        let held = diesel::update(queues::table.find(&self.channel.id))
            .filter(queues::owner.eq(&self.owner))
            .set(queues::lease_until.eq(Some((now + self.lease).timestamp_micros())))
            .execute(connection)?;
        if held == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }
}

/// Whether the content of a delivery is there.
enum Readiness {
    Ready,
    Later,
    Never(&'static str),
}

fn readiness(connection: &mut AnyConnection, delivery: &Delivery) -> Result<Readiness, StoreError> {
    let Some(document) = delivery.document else { return Ok(Readiness::Ready) };
    let ticket: Option<Option<i64>> =
        documents::table.find(document).select(documents::ticket).first(connection).optional()?;
    if ticket.flatten().is_some() {
        return Ok(Readiness::Ready);
    }
    let running: Option<bool> = capture_jobs::table
        .filter(capture_jobs::document.eq(document))
        .select(capture_jobs::running)
        .first(connection)
        .optional()?;
    Ok(match running {
        Some(true) => Readiness::Later,
        Some(false) => Readiness::Never("its document was refused by our own capture"),
        None => Readiness::Never("its document is gone"),
    })
}

fn is_paused(connection: &mut AnyConnection, channel: &str) -> Result<bool, StoreError> {
    let paused: Option<Option<i64>> =
        queues::table.find(channel).select(queues::paused_at).first(connection).optional()?;
    Ok(paused.flatten().is_some())
}

fn first(connection: &mut AnyConnection, channel: &str) -> Result<Option<Delivery>, StoreError> {
    let row: Option<DeliveryRow> = deliveries::table
        .filter(deliveries::channel.eq(channel))
        .filter(deliveries::ended_at.is_null())
        .order(deliveries::number)
        .select(rows::COLUMNS)
        .first(connection)
        .optional()?;
    row.map(DeliveryRow::delivery).transpose()
}

/// Counts a try and writes down that it began; one that waited for its receipt in vain is only given back.
fn begin(
    connection: &mut AnyConnection,
    mut delivery: Delivery,
    now: DateTime<Utc>,
) -> Result<Due, StoreError> {
    let last = last_try(connection, &delivery.id)?;
    if delivery.state == DeliveryState::Awaiting {
        return Ok(Due { delivery, number: last, content: Content::Bytes(Vec::new()) });
    }
    let number = last + 1;
    diesel::insert_into(delivery_tries::table)
        .values((
            delivery_tries::delivery.eq(&delivery.id),
            delivery_tries::number.eq(number),
            delivery_tries::at.eq(now.timestamp_micros()),
            delivery_tries::took.eq(0),
            delivery_tries::outcome.eq("unknown"),
            delivery_tries::request.eq(""),
            delivery_tries::answer.eq(""),
        ))
        .execute(connection)?;
    diesel::update(deliveries::table.find(&delivery.id))
        .set((
            deliveries::tries.eq(deliveries::tries + 1),
            deliveries::tried_at.eq(Some(now.timestamp_micros())),
        ))
        .execute(connection)?;
    delivery.tries += 1;
    let content = match delivery.document {
        Some(document) => Content::Document(document),
        None => {
            Content::Bytes(deliveries::table.find(&delivery.id).select(deliveries::body).first(connection)?)
        }
    };
    Ok(Due { delivery, number, content })
}

fn last_try(connection: &mut AnyConnection, id: &str) -> Result<i64, StoreError> {
    let tries = delivery_tries::table.filter(delivery_tries::delivery.eq(id));
    let last: Option<i64> = tries.select(max(delivery_tries::number)).first(connection)?;
    Ok(last.unwrap_or(0))
}

fn record(
    connection: &mut AnyConnection,
    delivery: &Delivery,
    (number, ended): (i64, &TryEnd),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let outcome = match ended.state {
        DeliveryState::Delivered => "delivered",
        DeliveryState::Awaiting => "awaiting",
        DeliveryState::Waiting | DeliveryState::Dead => "failed",
    };
    diesel::update(delivery_tries::table.find((&delivery.id, number)))
        .set((delivery_tries::outcome.eq(outcome), delivery_tries::answer.eq(&ended.answer)))
        .execute(connection)?;
    if !ended.request.is_empty() {
        diesel::update(delivery_tries::table.find((&delivery.id, number)))
            .set((
                delivery_tries::request.eq(&ended.request),
                delivery_tries::took.eq(i64::try_from(ended.took).unwrap_or(i64::MAX)),
            ))
            .execute(connection)?;
    }
    match ended.state {
        DeliveryState::Delivered | DeliveryState::Dead => {
            let why = if ended.state == DeliveryState::Dead { ended.answer.as_str() } else { "" };
            end(connection, delivery, (ended.state, why), now)?;
            set_next(connection, &delivery.channel, Some(now))?;
        }
        DeliveryState::Waiting | DeliveryState::Awaiting => {
            let next = ended.next.unwrap_or(now);
            diesel::update(deliveries::table.find(&delivery.id))
                .set((
                    deliveries::state.eq(ended.state.as_str()),
                    deliveries::next_at.eq(Some(next.timestamp_micros())),
                ))
                .execute(connection)?;
            set_next(connection, &delivery.channel, Some(next))?;
        }
    }
    judge(connection, &delivery.channel, ended, now)
}

/// Notes since when a channel fails, and pauses one that has failed for too long.
fn judge(
    connection: &mut AnyConnection,
    channel: &str,
    ended: &TryEnd,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = queues::table.find(channel);
    match ended.state {
        DeliveryState::Awaiting => {}
        DeliveryState::Delivered => {
            diesel::update(row)
                .filter(queues::failing_since.is_not_null())
                .set(queues::failing_since.eq(None::<i64>))
                .execute(connection)?;
        }
        DeliveryState::Waiting | DeliveryState::Dead => {
            let since: Option<i64> =
                row.select(queues::failing_since).first(connection).optional()?.flatten();
            let at = now.timestamp_micros();
            if since.is_none() {
                diesel::update(row).set(queues::failing_since.eq(Some(at))).execute(connection)?;
            }
            let failing = TimeDelta::microseconds(at - since.unwrap_or(at));
            if failing >= ended.pause_after {
                let why = format!("everything sent by it failed for {} days", failing.num_days());
                channels::pause(connection, channel, &why, now)?;
                notices::channel_paused(connection, (channel, &why), now)?;
            }
        }
    }
    Ok(())
}

/// Ends a delivery; that one is given up is an event.
fn end(
    connection: &mut AnyConnection,
    delivery: &Delivery,
    (state, note): (DeliveryState, &str),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(deliveries::table.find(&delivery.id))
        .set((
            deliveries::state.eq(state.as_str()),
            deliveries::next_at.eq(None::<i64>),
            deliveries::ended_at.eq(Some(now.timestamp_micros())),
            deliveries::note.eq(note),
        ))
        .execute(connection)?;
    if state == DeliveryState::Dead {
        notices::delivery_dead(connection, delivery, note, now)?;
    }
    Ok(())
}

fn set_next(
    connection: &mut AnyConnection,
    channel: &str,
    next: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    diesel::update(queues::table.find(channel))
        .set(queues::next_at.eq(next.map(|next| next.timestamp_micros())))
        .execute(connection)?;
    Ok(())
}
