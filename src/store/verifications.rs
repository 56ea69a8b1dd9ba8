//! Verifications: every question asked of us or by us, and what came of it; rows are added and never changed.

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExecuteCopyFromDsl;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::dsl::exists;
use diesel::dsl::not;
use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::Decision;
use crate::dscsa::verification::AdditionalInfo;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::Basis;
use crate::dscsa::verification::Direction;
use crate::dscsa::verification::FailureReason;
use crate::dscsa::verification::Verdict;
use crate::dscsa::verification::VerificationRecord;
use crate::dscsa::verification::record_id;
use crate::gs1::Gtin;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::dialect::STATEMENT_ROWS;
use crate::store::dialect::insert_all;
use crate::store::schema::verification_settlements;
use crate::store::schema::verifications;
use crate::store::sight;

/// Which verifications are asked for; what is `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerificationFilter {
    /// Asked from this moment on.
    pub since: Option<DateTime<Utc>>,
    /// Asked before this moment.
    pub until: Option<DateTime<Utc>>,
    /// Of this trade item.
    pub gtin: Option<Gtin>,
    /// Of this serial number.
    pub serial: Option<String>,
    /// Asked by this GLN.
    pub requester: Option<String>,
    /// That came out so.
    pub verdict: Option<Verdict>,
    /// Answered with this HTTP status; 0 for those that nobody answered.
    pub status: Option<u16>,
    /// Asked by us, or of us.
    pub direction: Option<Direction>,
}

/// A row of `verifications`, and the form of a record in the blocks of the journal.
#[derive(Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = verifications, treat_none_as_default_value = false)]
pub(super) struct Row {
    id: String,
    at: i64,
    direction: String,
    gtin: String,
    serial: String,
    lot: String,
    expiry: String,
    context: String,
    requester: String,
    responder: String,
    provider: String,
    correlation: String,
    status: i64,
    verified: Option<bool>,
    reason: String,
    info: String,
    verdict: String,
    basis: String,
    took: i64,
    due: Option<i64>,
    evidence: String,
}

impl Store {
    /// One verification by its name; a partner sees what it asked us itself.
    pub fn verification(&self, caller: &Caller, id: &str) -> Result<Option<VerificationRecord>, StoreError> {
        self.file_all()?;
        let found = self.read_for(caller, |connection| {
            let row: Option<Row> = verifications::table.find(id).first(connection).optional()?;
            row.map(Row::record).transpose()
        })?;
        let asked = |own: Vec<String>, record: &VerificationRecord| {
            record.direction == Direction::Answered && own.contains(&record.requester)
        };
        Ok(found.filter(|record| sight::own(caller).is_none_or(|own| asked(own, record))))
    }

    /// Verifications, the newest first, from the first behind the one named `after`; a partner sees what it asked us itself.
    pub fn verifications(
        &self,
        caller: &Caller,
        filter: &VerificationFilter,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<VerificationRecord>, StoreError> {
        self.file_all()?;
        self.read_for(caller, |connection| {
            let mut query = verifications::table.into_boxed();
            if let Some(own) = sight::own(caller) {
                query = query.filter(verifications::direction.eq(Direction::Answered.as_str()));
                query = query.filter(verifications::requester.eq_any(own));
            }
            // Names sort by time, so that a range of times is a range of names.
            if let Some(since) = filter.since {
                query = query.filter(verifications::id.ge(record_id(since, Uuid::nil())));
                query = query.filter(verifications::at.ge(since.timestamp_micros()));
            }
            if let Some(until) = filter.until {
                query = query.filter(verifications::id.le(record_id(until, Uuid::max())));
                query = query.filter(verifications::at.lt(until.timestamp_micros()));
            }
            if let Some(gtin) = &filter.gtin {
                query = query.filter(verifications::gtin.eq(gtin.as_str()));
            }
            if let Some(serial) = &filter.serial {
                query = query.filter(verifications::serial.eq(serial));
            }
            if let Some(requester) = &filter.requester {
                query = query.filter(verifications::requester.eq(requester));
            }
            if let Some(verdict) = filter.verdict {
                query = query.filter(verifications::verdict.eq(verdict.as_str()));
            }
            if let Some(status) = filter.status {
                query = query.filter(verifications::status.eq(i64::from(status)));
            }
            if let Some(direction) = filter.direction {
                query = query.filter(verifications::direction.eq(direction.as_str()));
            }
            if let Some(after) = after {
                query = query.filter(verifications::id.lt(after.to_owned()));
            }
            let rows: Vec<Row> = query.order(verifications::id.desc()).limit(limit).load(connection)?;
            rows.into_iter().map(Row::record).collect()
        })
    }

    /// What must still be answered, by us (`Answered`) or by others to us (`Asked`), the most urgent first: neither settled
    /// by hand, nor answered since to the same GLN about the same item.
    pub fn verifications_due(
        &self,
        caller: &Caller,
        direction: Direction,
        limit: i64,
    ) -> Result<Vec<VerificationRecord>, StoreError> {
        sight::everything(caller)?;
        let later = diesel::alias!(verifications as later);
        self.file_all()?;
        self.read(|connection| {
            let answered = later
                .filter(later.field(verifications::gtin).eq(verifications::gtin))
                .filter(later.field(verifications::serial).eq(verifications::serial))
                .filter(later.field(verifications::requester).eq(verifications::requester))
                .filter(later.field(verifications::direction).eq(verifications::direction))
                .filter(later.field(verifications::status).eq(200))
                .filter(later.field(verifications::id).gt(verifications::id));
            let settled = verification_settlements::table
                .filter(verification_settlements::verification.eq(verifications::id));
            let rows: Vec<Row> = verifications::table
                .filter(verifications::direction.eq(direction.as_str()))
                .filter(verifications::due.is_not_null())
                .filter(not(exists(answered)))
                .filter(not(exists(settled)))
                .order((verifications::due, verifications::id))
                .limit(limit)
                .load(connection)?;
            rows.into_iter().map(Row::record).collect()
        })
    }

    /// Notes that what was due has been answered in another way; `None` where nothing of this name is due. The first note
    /// stays.
    pub fn settle_verification(
        &self,
        caller: &Caller,
        id: &str,
        decision: &Decision,
    ) -> Result<Option<VerificationRecord>, StoreError> {
        sight::everything(caller)?;
        let Some(record) = self.verification(caller, id)?.filter(|record| record.due.is_some()) else {
            return Ok(None);
        };
        self.write(|connection| {
            let row = (
                verification_settlements::verification.eq(id),
                verification_settlements::at.eq(decision.when.timestamp_micros()),
                verification_settlements::who.eq(kept(decision.who.clone())),
                verification_settlements::why.eq(kept(decision.why.clone())),
            );
            either!(connection, concrete => diesel::insert_into(verification_settlements::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(concrete))?;
            let entry = AuditEntry::done(decision.when, &decision.who, "verification.settled", id);
            audit::append(connection, &[entry.because(&decision.why)])
        })?;
        Ok(Some(record))
    }
}

/// Whether a record of this name is in its table.
pub(super) fn is_kept(connection: &mut AnyConnection, id: &str) -> Result<bool, StoreError> {
    let found: Option<String> =
        verifications::table.find(id).select(verifications::id).first(connection).optional()?;
    Ok(found.is_some())
}

/// Keeps records in the transaction that runs.
pub(super) fn append<'a>(
    connection: &mut AnyConnection,
    records: impl Iterator<Item = &'a VerificationRecord>,
) -> Result<(), StoreError> {
    let rows: Vec<Row> = records.cloned().map(Row::of).collect();
    insert_all!(connection, verifications, &rows);
    Ok(())
}

impl Row {
    /// The row of a record.
    pub(super) fn of(record: VerificationRecord) -> Row {
        let answer = record.answer.as_ref();
        let word = |word: Option<&str>| kept(word.unwrap_or_default().to_owned());
        Row {
            at: record.at.timestamp_micros(),
            direction: record.direction.as_str().to_owned(),
            status: i64::from(record.status),
            verified: answer.map(Answer::verified),
            reason: word(answer.and_then(Answer::reason).map(FailureReason::as_str)),
            info: word(answer.and_then(Answer::info).map(AdditionalInfo::as_str)),
            verdict: record.verdict.map(Verdict::as_str).unwrap_or_default().to_owned(),
            basis: record.basis.to_owned(),
            took: i64::try_from(record.took.as_micros()).unwrap_or(i64::MAX),
            due: record.due.map(|due| due.timestamp_micros()),
            id: record.id,
            gtin: kept(record.gtin),
            serial: kept(record.serial),
            lot: kept(record.lot),
            expiry: kept(record.expiry),
            context: kept(record.context),
            requester: kept(record.requester),
            responder: kept(record.responder),
            provider: kept(record.provider),
            correlation: kept(record.correlation),
            evidence: kept(record.evidence),
        }
    }

    /// The record of a row; fails on one that says what it never should.
    pub(super) fn record(self) -> Result<VerificationRecord, StoreError> {
        let damaged = || StoreError::Damaged(format!("verification {}", self.id));
        let time = |micros| DateTime::from_timestamp_micros(micros).ok_or_else(damaged);
        let info = (!self.info.is_empty()).then(|| AdditionalInfo::parse(&self.info));
        let answer = self.verified.map(|verified| match verified {
            true => Answer::Verified { info },
            false => Answer::NotVerified { reason: FailureReason::parse(&self.reason), info },
        });
        let bases = ["source", "replicate", Basis::None.as_str()];
        Ok(VerificationRecord {
            at: time(self.at)?,
            direction: Direction::parse(&self.direction).ok_or_else(damaged)?,
            status: u16::try_from(self.status).map_err(|_| damaged())?,
            answer,
            verdict: Verdict::parse(&self.verdict),
            basis: bases.into_iter().find(|basis| *basis == self.basis).ok_or_else(damaged)?,
            took: Duration::from_micros(u64::try_from(self.took).unwrap_or(0)),
            due: self.due.map(time).transpose()?,
            id: self.id,
            gtin: self.gtin,
            serial: self.serial,
            lot: self.lot,
            expiry: self.expiry,
            context: self.context,
            requester: self.requester,
            responder: self.responder,
            provider: self.provider,
            correlation: self.correlation,
            evidence: self.evidence,
        })
    }
}

/// PostgreSQL keeps no NUL in a text.
fn kept(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

#[cfg(test)]
mod tests {
    use diesel::sql_query;

    use super::*;
    use crate::store::JournalEntry;
    use crate::store::Settings;

    #[test]
    fn the_database_refuses_to_change_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epcgate.db");
        let store = Store::open(path.to_str().unwrap(), &Settings::default()).unwrap();
        let at = DateTime::UNIX_EPOCH;
        let record = VerificationRecord {
            id: record_id(at, Uuid::nil()),
            at,
            direction: Direction::Asked,
            gtin: String::new(),
            serial: String::new(),
            lot: String::new(),
            expiry: String::new(),
            context: String::new(),
            requester: String::new(),
            responder: String::new(),
            provider: String::new(),
            correlation: String::new(),
            status: 0,
            answer: None,
            verdict: None,
            basis: "none",
            took: Duration::ZERO,
            due: None,
            evidence: String::new(),
        };
        let entry = JournalEntry { record: record.clone(), actor: "operator".to_owned() };
        store.journal(vec![entry]).unwrap();
        assert_eq!(store.file_next().unwrap(), 1);
        for statement in ["UPDATE verifications SET status = 200", "DELETE FROM verifications"] {
            let done = store.write(|connection| Ok(sql_query(statement).execute(connection)?));
            assert!(done.unwrap_err().to_string().contains("append-only"), "{statement}");
        }
        assert_eq!(store.verification(&Caller::operator(), &record.id).unwrap(), Some(record));
    }
}
