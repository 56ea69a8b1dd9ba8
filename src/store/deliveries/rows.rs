//! Rows of deliveries and of their tries, to what they say.

use chrono::DateTime;
use chrono::Utc;
use diesel::Queryable;

use crate::store::StoreError;
use crate::store::deliveries::Delivery;
use crate::store::deliveries::DeliveryState;
use crate::store::deliveries::DeliveryTry;
use crate::store::schema::deliveries;
use crate::transport::Cargo;

type Columns = (
    deliveries::id,
    deliveries::channel,
    deliveries::partner,
    deliveries::number,
    deliveries::cargo,
    deliveries::name,
    deliveries::media_type,
    deliveries::document,
    deliveries::state,
    deliveries::tries,
    deliveries::made_at,
    deliveries::next_at,
    deliveries::ended_at,
    deliveries::note,
);

/// The columns of a [`DeliveryRow`]: all but the bytes.
pub(super) const COLUMNS: Columns = (
    deliveries::id,
    deliveries::channel,
    deliveries::partner,
    deliveries::number,
    deliveries::cargo,
    deliveries::name,
    deliveries::media_type,
    deliveries::document,
    deliveries::state,
    deliveries::tries,
    deliveries::made_at,
    deliveries::next_at,
    deliveries::ended_at,
    deliveries::note,
);

#[derive(Queryable)]
pub(super) struct DeliveryRow {
    id: String,
    channel: String,
    partner: String,
    number: i64,
    cargo: String,
    name: String,
    media_type: String,
    document: Option<i64>,
    state: String,
    tries: i64,
    made_at: i64,
    next_at: Option<i64>,
    ended_at: Option<i64>,
    note: String,
}

#[derive(Queryable)]
pub(super) struct TryRow {
    delivery: String,
    number: i64,
    at: i64,
    took: i64,
    outcome: String,
    request: String,
    answer: String,
}

impl DeliveryRow {
    pub(super) fn delivery(self) -> Result<Delivery, StoreError> {
        let damaged = || StoreError::Damaged(format!("delivery {}", self.id));
        let time = |micros: i64| moment(micros).ok_or_else(damaged);
        Ok(Delivery {
            cargo: Cargo::parse(&self.cargo).ok_or_else(damaged)?,
            state: DeliveryState::parse(&self.state).ok_or_else(damaged)?,
            tries: u32::try_from(self.tries).unwrap_or(u32::MAX),
            made_at: time(self.made_at)?,
            next_at: self.next_at.map(time).transpose()?,
            ended_at: self.ended_at.map(time).transpose()?,
            id: self.id,
            channel: self.channel,
            partner: self.partner,
            number: self.number,
            name: self.name,
            media_type: self.media_type,
            document: self.document,
            note: self.note,
        })
    }
}

impl TryRow {
    pub(super) fn made(self) -> Result<DeliveryTry, StoreError> {
        let at = moment(self.at).ok_or_else(|| StoreError::Damaged(format!("delivery {}", self.delivery)))?;
        let TryRow { number, took, outcome, request, answer, .. } = self;
        Ok(DeliveryTry { number, at, took: took.unsigned_abs(), outcome, request, answer })
    }
}

fn moment(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}
