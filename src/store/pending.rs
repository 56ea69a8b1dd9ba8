//! Pending verifications: questions that nobody has answered yet, and when each is asked again.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::RequesterStatement;
use crate::dscsa::verification::VerificationRequest;
use crate::gs1::Gtin;
use crate::gs1::ScannedDate;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::notices;
use crate::store::schema::documents;
use crate::store::schema::events;
use crate::store::schema::items;
use crate::store::schema::pending_verifications;
use crate::store::sight;

/// A question that is asked again until somebody answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingVerification {
    /// The record of when it was asked first.
    pub id: String,
    /// The question; its requester is whoever we are when it is asked again.
    pub request: VerificationRequest,
    /// It was typed, or mended by us.
    pub doubtful: bool,
    /// When it was asked first.
    pub asked: DateTime<Utc>,
    /// When it is asked again.
    pub next: DateTime<Utc>,
    /// How often it was asked again.
    pub tries: u32,
}

#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = pending_verifications, treat_none_as_default_value = false)]
struct Row {
    id: String,
    correlation: String,
    asked_at: i64,
    next_at: i64,
    tries: i64,
    gtin: String,
    serial: String,
    lot: String,
    expiry: String,
    context: String,
    possession: Option<bool>,
    email: String,
    telephone: String,
    doubtful: bool,
}

impl Store {
    /// Keeps a question that nobody has answered, in the place of what was kept under its name.
    pub fn put_pending(&self, pending: &PendingVerification) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::delete(pending_verifications::table.find(&pending.id)).execute(connection)?;
            diesel::insert_into(pending_verifications::table).values(Row::of(pending)).execute(connection)?;
            if pending.tries == 0 {
                notices::verification_late(connection, pending, pending.asked)?;
            }
            Ok(())
        })
    }

    /// Takes the questions that are due, the earliest first, and puts them off until `lease`, so that no other worker asks them.
    pub fn take_pending(
        &self,
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<PendingVerification>, StoreError> {
        let none: Option<String> = self.read(|connection| {
            Ok(pending_verifications::table
                .filter(pending_verifications::next_at.le(now.timestamp_micros()))
                .select(pending_verifications::id)
                .first(connection)
                .optional()?)
        })?;
        if none.is_none() {
            return Ok(Vec::new());
        }
        self.write(|connection| {
            let due: Vec<Row> = pending_verifications::table
                .filter(pending_verifications::next_at.le(now.timestamp_micros()))
                .order((pending_verifications::next_at, pending_verifications::id))
                .limit(most)
                .load(connection)?;
            let mut taken = Vec::new();
            for row in due {
                // Where another worker was faster, nothing is changed.
                let ours = diesel::update(pending_verifications::table.find(&row.id))
                    .filter(pending_verifications::next_at.eq(row.next_at))
                    .set(pending_verifications::next_at.eq(lease.timestamp_micros()))
                    .execute(connection)?;
                if ours > 0 {
                    taken.push(row.pending()?);
                }
            }
            Ok(taken)
        })
    }

    /// The question of this name, while nobody has answered it.
    pub fn pending(&self, caller: &Caller, id: &str) -> Result<Option<PendingVerification>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let row: Option<Row> = pending_verifications::table.find(id).first(connection).optional()?;
            row.map(|row| row.pending()).transpose()
        })
    }

    /// Ends a question; it is not asked again.
    pub fn end_pending(&self, id: &str) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::delete(pending_verifications::table.find(id)).execute(connection)?;
            Ok(())
        })
    }

    /// Who sent the document in which an item, by its key, was commissioned: as it stood there.
    pub fn commissioned_by(&self, caller: &Caller, key: &str) -> Result<Option<String>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let event: Option<Option<i64>> =
                items::table.find(key).select(items::commissioned).first(connection).optional()?;
            let Some(event) = event.flatten() else { return Ok(None) };
            let document: Option<i64> =
                events::table.find(event).select(events::document).first(connection).optional()?;
            let Some(document) = document else { return Ok(None) };
            Ok(documents::table.find(document).select(documents::sender).first(connection).optional()?)
        })
    }
}

impl Row {
    fn of(pending: &PendingVerification) -> Row {
        let PendingVerification { request, .. } = pending;
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        Row {
            id: pending.id.clone(),
            correlation: request.correlation.to_string(),
            asked_at: pending.asked.timestamp_micros(),
            next_at: pending.next.timestamp_micros(),
            tries: i64::from(pending.tries),
            gtin: request.gtin.to_string(),
            serial: request.serial.to_string(),
            lot: request.lot.to_string(),
            expiry: request.expiry.as_str().to_owned(),
            context: request.context.to_string(),
            possession: request.statement.possession,
            email: text(&request.statement.email),
            telephone: text(&request.statement.telephone),
            doubtful: pending.doubtful,
        }
    }

    fn pending(&self) -> Result<PendingVerification, StoreError> {
        let damaged = || StoreError::Damaged(format!("pending verification {}", self.id));
        let time = |micros| DateTime::from_timestamp_micros(micros).ok_or_else(damaged);
        let text = |text: &str| (!text.is_empty()).then(|| text.into());
        let request = VerificationRequest {
            gtin: Gtin::parse(&self.gtin).map_err(|_| damaged())?,
            lot: self.lot.as_str().into(),
            serial: self.serial.as_str().into(),
            expiry: ScannedDate::new(&self.expiry).ok_or_else(damaged)?,
            context: self.context.as_str().into(),
            requester: Box::default(),
            correlation: CorrelationId::parse(&self.correlation).ok_or_else(damaged)?,
            statement: RequesterStatement {
                possession: self.possession,
                email: text(&self.email),
                telephone: text(&self.telephone),
            },
        };
        Ok(PendingVerification {
            id: self.id.clone(),
            request,
            doubtful: self.doubtful,
            asked: time(self.asked_at)?,
            next: time(self.next_at)?,
            tries: u32::try_from(self.tries).unwrap_or(u32::MAX),
        })
    }
}
