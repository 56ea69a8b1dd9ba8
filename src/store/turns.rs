//! Turns: which process looks for what a partner left, by which channel, and what the last look found.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::either;
use crate::store::schema::channel_turns;

/// How it stands with looking for what a partner left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelTurn {
    /// The channel.
    pub channel: String,
    /// When it is looked next.
    pub due_at: DateTime<Utc>,
    /// When it was last looked; `None` before the first time.
    pub ended_at: Option<DateTime<Utc>>,
    /// How often it has failed since it last did not.
    pub failures: u32,
    /// What was taken in all.
    pub taken: u64,
    /// What the last look found, or why it failed.
    pub said: String,
    /// Up to where everything was taken, as the channel understands it; empty at its beginning.
    pub mark: String,
    until: Option<DateTime<Utc>>,
}

impl ChannelTurn {
    /// True where somebody may look now.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.due_at <= now && self.until.is_none_or(|until| until < now)
    }
}

/// The right to look now. It is lost once another process has it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The channel.
    pub channel: String,
    /// How often it has failed since it last did not.
    pub failures: u32,
    /// Up to where everything was taken.
    pub mark: String,
    owner: String,
    lease: TimeDelta,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnEnd {
    /// When it is looked next.
    pub next: DateTime<Utc>,
    /// False where it failed.
    pub sound: bool,
    /// What was taken.
    pub taken: u64,
    /// In words.
    pub said: String,
    /// Up to where everything is taken.
    pub mark: String,
}

#[derive(Queryable)]
struct Row {
    channel: String,
    _owner: String,
    lease_until: Option<i64>,
    due_at: i64,
    ended_at: Option<i64>,
    failures: i64,
    taken: i64,
    said: String,
    mark: String,
}

impl Store {
    /// Takes the turn of a channel, where one is due and nobody else has it. `owner` is a name that nobody else has.
    pub fn take_turn(
        &self,
        channel: &str,
        owner: &str,
        now: DateTime<Utc>,
        lease: TimeDelta,
    ) -> Result<Option<Turn>, StoreError> {
        let at = now.timestamp_micros();
        self.write(|connection| {
            let row = (
                channel_turns::channel.eq(channel),
                channel_turns::owner.eq(""),
                channel_turns::due_at.eq(at),
                channel_turns::failures.eq(0),
                channel_turns::taken.eq(0),
                channel_turns::said.eq(""),
                channel_turns::mark.eq(""),
            );
            either!(connection, concrete => diesel::insert_into(channel_turns::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(concrete))?;
            let free = channel_turns::lease_until.is_null().or(channel_turns::lease_until.lt(at));
            let taken = diesel::update(channel_turns::table.find(channel))
                .filter(channel_turns::due_at.le(at))
                .filter(free)
                .set((
                    channel_turns::owner.eq(owner),
                    channel_turns::lease_until.eq(Some((now + lease).timestamp_micros())),
                ))
                .execute(connection)?;
            if taken == 0 {
                return Ok(None);
            }
            let known = (channel_turns::failures, channel_turns::mark);
            let (failures, mark): (i64, String) =
                channel_turns::table.find(channel).select(known).first(connection)?;
            let failures = u32::try_from(failures).unwrap_or(u32::MAX);
            let (channel, owner) = (channel.to_owned(), owner.to_owned());
            Ok(Some(Turn { channel, failures, mark, owner, lease }))
        })
    }

    /// Keeps a turn that takes long. Fails with [`StoreError::LeaseLost`] where another process has it.
    pub fn renew_turn(&self, turn: &Turn, now: DateTime<Utc>) -> Result<(), StoreError> {
        let until = (now + turn.lease).timestamp_micros();
        self.write(|connection| {
            let held = diesel::update(channel_turns::table.find(&turn.channel))
                .filter(channel_turns::owner.eq(&turn.owner))
                .set(channel_turns::lease_until.eq(Some(until)))
                .execute(connection)?;
            if held == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
        })
    }

    /// Ends a turn; nothing is changed where another process has it by now.
    pub fn end_turn(&self, turn: &Turn, end: &TurnEnd, now: DateTime<Utc>) -> Result<(), StoreError> {
        let failures = if end.sound { 0 } else { i64::from(turn.failures) + 1 };
        let taken = i64::try_from(end.taken).unwrap_or(i64::MAX);
        self.write(|connection| {
            diesel::update(channel_turns::table.find(&turn.channel))
                .filter(channel_turns::owner.eq(&turn.owner))
                .set((
                    channel_turns::owner.eq(""),
                    channel_turns::lease_until.eq(None::<i64>),
                    channel_turns::due_at.eq(end.next.timestamp_micros()),
                    channel_turns::ended_at.eq(Some(now.timestamp_micros())),
                    channel_turns::failures.eq(failures),
                    channel_turns::taken.eq(channel_turns::taken + taken),
                    channel_turns::said.eq(&end.said),
                    channel_turns::mark.eq(&end.mark),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Gives back what this process has, as it stops.
    pub fn release_turns(&self, owner: &str) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(channel_turns::table.filter(channel_turns::owner.eq(owner)))
                .set((channel_turns::owner.eq(""), channel_turns::lease_until.eq(None::<i64>)))
                .execute(connection)?;
            Ok(())
        })
    }

    /// How it stands with every channel that was ever looked at.
    pub fn turns(&self, _caller: &Caller) -> Result<Vec<ChannelTurn>, StoreError> {
        self.read(|connection| {
            let rows: Vec<Row> = channel_turns::table.order(channel_turns::channel).load(connection)?;
            rows.into_iter().map(Row::turn).collect()
        })
    }

    /// How it stands with one channel; `None` where it was never looked at.
    pub fn turn(&self, _caller: &Caller, channel: &str) -> Result<Option<ChannelTurn>, StoreError> {
        self.read(|connection| {
            let row: Option<Row> = channel_turns::table.find(channel).first(connection).optional()?;
            row.map(Row::turn).transpose()
        })
    }
}

impl Row {
    fn turn(self) -> Result<ChannelTurn, StoreError> {
        let time = |micros: i64| {
            DateTime::from_timestamp_micros(micros)
                .ok_or_else(|| StoreError::Damaged(format!("the turn of channel {}", self.channel)))
        };
        Ok(ChannelTurn {
            due_at: time(self.due_at)?,
            ended_at: self.ended_at.map(time).transpose()?,
            until: self.lease_until.map(time).transpose()?,
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
            taken: self.taken.unsigned_abs(),
            said: self.said,
            mark: self.mark,
            channel: self.channel,
        })
    }
}
