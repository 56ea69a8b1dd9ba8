//! Channels of partners: what was agreed as JSON, and how it stands with each.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::dsl::count_star;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::deliveries;
use crate::store::partners;
use crate::store::schema::channels;
use crate::store::schema::deliveries as delivery_rows;
use crate::transport::Cargo;
use crate::transport::PartnerChannel;

/// A channel, and how it stands with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRecord {
    /// What was agreed.
    pub channel: PartnerChannel,
    /// When it was first kept.
    pub made_at: DateTime<Utc>,
    /// Since when, and why, nothing is sent by it.
    pub paused: Option<(DateTime<Utc>, String)>,
    /// Since when everything sent by it fails.
    pub failing_since: Option<DateTime<Utc>>,
    /// When something is next sent by it; `None` where nothing waits.
    pub next_at: Option<DateTime<Utc>>,
}

#[derive(Queryable)]
pub(super) struct Row {
    pub(super) id: String,
    _partner: String,
    _kind: String,
    _events: bool,
    body: String,
    made_at: i64,
    _last_number: i64,
    next_at: Option<i64>,
    pub(super) owner: String,
    _lease_until: Option<i64>,
    failing_since: Option<i64>,
    paused_at: Option<i64>,
    paused_why: String,
}

impl Store {
    /// Keeps a channel in the place of the one of its name; true where there was none. What waits to be sent by it stays.
    pub fn put_channel(
        &self,
        caller: &Caller,
        channel: &PartnerChannel,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let body = serde_json::to_string(channel).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let agreed = (
            channels::partner.eq(&channel.partner),
            channels::kind.eq(channel.by.kind()),
            channels::events.eq(channel.carries(Cargo::Events)),
            channels::body.eq(&body),
        );
        self.write(|connection| {
            let before: Option<String> =
                channels::table.find(&channel.id).select(channels::body).first(connection).optional()?;
            let known = diesel::update(channels::table.find(&channel.id)).set(agreed).execute(connection)?;
            let entry = AuditEntry::done(now, caller.actor(), "channels.kept", &channel.id)
                .before(before.unwrap_or_default())
                .after(&body);
            if known > 0 {
                audit::append(connection, &[entry])?;
                return Ok(false);
            }
            diesel::insert_into(channels::table)
                .values((
                    channels::id.eq(&channel.id),
                    agreed,
                    channels::made_at.eq(now.timestamp_micros()),
                    channels::last_number.eq(0),
                    channels::owner.eq(""),
                    channels::paused_why.eq(""),
                ))
                .execute(connection)?;
            audit::append(connection, &[entry])?;
            Ok(true)
        })
    }

    /// One channel.
    pub fn channel(&self, caller: &Caller, id: &str) -> Result<Option<ChannelRecord>, StoreError> {
        self.read(|connection| {
            let seen = partners::seen_by(connection, caller)?;
            let sees = |record: &ChannelRecord| {
                seen.as_ref().is_none_or(|seen| seen.contains(&record.channel.partner))
            };
            Ok(one(connection, id)?.filter(sees))
        })
    }

    /// Channels in the order of their names, from behind `after`; with a partner, its own alone.
    pub fn channels(
        &self,
        caller: &Caller,
        partner: Option<&str>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<ChannelRecord>, StoreError> {
        self.read(|connection| {
            let mut query = channels::table.into_boxed();
            if let Some(seen) = partners::seen_by(connection, caller)? {
                query = query.filter(channels::partner.eq_any(seen));
            }
            if let Some(partner) = partner {
                query = query.filter(channels::partner.eq(partner.to_owned()));
            }
            if let Some(after) = after {
                query = query.filter(channels::id.gt(after.to_owned()));
            }
            let rows: Vec<Row> = query.order(channels::id).limit(limit).load(connection)?;
            rows.into_iter().map(Row::record).collect()
        })
    }

    /// Sends nothing more by a channel until it is resumed; what it is to send waits. `None` where there is no such channel.
    pub fn pause_channel(
        &self,
        caller: &Caller,
        id: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<ChannelRecord>, StoreError> {
        self.write(|connection| {
            pause(connection, id, why, now)?;
            let paused = one(connection, id)?;
            if paused.is_some() {
                let entry = AuditEntry::done(now, caller.actor(), "channels.paused", id).because(why);
                audit::append(connection, &[entry])?;
            }
            Ok(paused)
        })
    }

    /// Sends by a channel again, from now on. `None` where there is no such channel.
    pub fn resume_channel(
        &self,
        caller: &Caller,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<ChannelRecord>, StoreError> {
        self.write(|connection| {
            diesel::update(channels::table.find(id))
                .set((
                    channels::paused_at.eq(None::<i64>),
                    channels::paused_why.eq(""),
                    channels::failing_since.eq(None::<i64>),
                    channels::next_at.eq(Some(now.timestamp_micros())),
                ))
                .execute(connection)?;
            deliveries::hurry(connection, id)?;
            let resumed = one(connection, id)?;
            if resumed.is_some() {
                let entry = AuditEntry::done(now, caller.actor(), "channels.resumed", id);
                audit::append(connection, &[entry])?;
            }
            Ok(resumed)
        })
    }

    /// Removes a channel; what waited to be sent by it never is. False where there is no such channel.
    pub fn remove_channel(&self, caller: &Caller, id: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.write(|connection| {
            let before: Option<String> =
                channels::table.find(id).select(channels::body).first(connection).optional()?;
            let removed = diesel::delete(channels::table.find(id)).execute(connection)?;
            deliveries::abandon(connection, id, "the channel was removed", now)?;
            if removed > 0 {
                let entry = AuditEntry::done(now, caller.actor(), "channels.removed", id);
                audit::append(connection, &[entry.before(before.unwrap_or_default())])?;
            }
            Ok(removed > 0)
        })
    }

    /// How many deliveries wait to be sent by a channel.
    pub fn waiting(&self, _caller: &Caller, channel: &str) -> Result<i64, StoreError> {
        self.read(|connection| {
            let waiting = delivery_rows::table
                .filter(delivery_rows::channel.eq(channel))
                .filter(delivery_rows::ended_at.is_null());
            Ok(waiting.select(count_star()).first(connection)?)
        })
    }
}

/// Sends nothing more by a channel; one that is paused stays as it is.
pub(super) fn pause(
    connection: &mut AnyConnection,
    id: &str,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(channels::table.find(id))
        .filter(channels::paused_at.is_null())
        .set((channels::paused_at.eq(Some(now.timestamp_micros())), channels::paused_why.eq(why)))
        .execute(connection)?;
    Ok(())
}

fn one(connection: &mut AnyConnection, id: &str) -> Result<Option<ChannelRecord>, StoreError> {
    let row: Option<Row> = channels::table.find(id).first(connection).optional()?;
    row.map(Row::record).transpose()
}

impl Row {
    pub(super) fn record(self) -> Result<ChannelRecord, StoreError> {
        let damaged = |what: String| StoreError::Damaged(format!("channel {}: {what}", self.id));
        let time =
            |micros: i64| DateTime::from_timestamp_micros(micros).ok_or_else(|| damaged("a time".to_owned()));
        Ok(ChannelRecord {
            channel: serde_json::from_str(&self.body).map_err(|error| damaged(error.to_string()))?,
            made_at: time(self.made_at)?,
            paused: match self.paused_at {
                Some(at) => Some((time(at)?, self.paused_why.clone())),
                None => None,
            },
            failing_since: self.failing_since.map(time).transpose()?,
            next_at: self.next_at.map(time).transpose()?,
        })
    }
}
