//! Test files of partners: how good each was, and its report; the files themselves are not kept.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::partners;
use crate::store::schema::partner_trials;

/// A test file that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialRecord {
    /// Its name, a UUID.
    pub id: String,
    /// The partner.
    pub partner: String,
    /// The invitation it was tried with.
    pub invitation: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What its sender calls it; may be empty.
    pub name: String,
    /// Its bytes, uncompressed.
    pub bytes: u64,
    /// Its form in words.
    pub form: String,
    /// Its grade, a letter.
    pub grade: String,
}

type Row = (String, String, String, i64, String, i64, String, String);

impl Store {
    /// Keeps a test file's report, as JSON.
    pub fn add_trial(&self, trial: &TrialRecord, report: &str) -> Result<(), StoreError> {
        let row = (
            partner_trials::id.eq(&trial.id),
            partner_trials::partner.eq(&trial.partner),
            partner_trials::invitation.eq(&trial.invitation),
            partner_trials::tried_at.eq(trial.at.timestamp_micros()),
            partner_trials::name.eq(&trial.name),
            partner_trials::bytes.eq(i64::try_from(trial.bytes).unwrap_or(i64::MAX)),
            partner_trials::form.eq(&trial.form),
            partner_trials::grade.eq(&trial.grade),
            partner_trials::report.eq(report),
        );
        self.write(|connection| {
            diesel::insert_into(partner_trials::table).values(row).execute(connection)?;
            Ok(())
        })
    }

    /// Test files of a partner, the newest first; with `before`, those older than it.
    pub fn trials(
        &self,
        caller: &Caller,
        partner: &str,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<TrialRecord>, StoreError> {
        self.read(|connection| {
            if !partners::is_seen(connection, caller, partner)? {
                return Ok(Vec::new());
            }
            let mut query =
                partner_trials::table.filter(partner_trials::partner.eq(partner.to_owned())).into_boxed();
            if let Some(before) = before {
                query = query.filter(partner_trials::id.lt(before.to_owned()));
            }
            let rows: Vec<Row> = query
                .order(partner_trials::id.desc())
                .limit(limit)
                .select((
                    partner_trials::id,
                    partner_trials::partner,
                    partner_trials::invitation,
                    partner_trials::tried_at,
                    partner_trials::name,
                    partner_trials::bytes,
                    partner_trials::form,
                    partner_trials::grade,
                ))
                .load(connection)?;
            rows.into_iter().map(record).collect()
        })
    }

    /// The report on a test file of a partner, as it was kept.
    pub fn trial_report(
        &self,
        caller: &Caller,
        partner: &str,
        id: &str,
    ) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            if !partners::is_seen(connection, caller, partner)? {
                return Ok(None);
            }
            let row = partner_trials::table.find(id).filter(partner_trials::partner.eq(partner));
            Ok(row.select(partner_trials::report).first(connection).optional()?)
        })
    }
}

fn record((id, partner, invitation, at, name, bytes, form, grade): Row) -> Result<TrialRecord, StoreError> {
    let damaged = || StoreError::Damaged(format!("test file {id}"));
    let at = DateTime::from_timestamp_micros(at).ok_or_else(damaged)?;
    Ok(TrialRecord { id, partner, invitation, at, name, bytes: bytes.unsigned_abs(), form, grade })
}
