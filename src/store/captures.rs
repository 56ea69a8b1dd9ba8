//! Capture jobs: made, taken by one worker at a time under a lease, and told about.

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use serde_json::json;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::epcis::CaptureDefect;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::store::Received;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::claims;
use crate::store::connection::AnyConnection;
use crate::store::defects;
use crate::store::schema::capture_jobs;
use crate::store::schema::documents;
use crate::store::sight;

/// How often a job is begun before it fails: often enough that crashes with other causes do not use it up.
const MOST_ATTEMPTS: i64 = 10;

/// The job of a document just received.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// The job.
    pub job: CaptureJob,
    /// True where the same bytes were sent before and this is the job of then.
    pub earlier: bool,
}

/// A job that a worker has taken.
#[derive(Clone, Debug)]
pub struct Work {
    /// The job as it was taken.
    pub job: CaptureJob,
    pub(super) fence: Fence,
}

/// The right to write for a job. It is lost once another worker has taken the job.
#[derive(Clone, Debug)]
pub(super) struct Fence {
    pub(super) job: String,
    pub(super) owner: String,
    pub(super) attempt: i64,
    pub(super) lease: i64,
}

impl Fence {
    /// Renews the lease inside a transaction, so that what it writes stands only where the job was still ours.
    pub(super) fn hold(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let until = Utc::now().timestamp_micros() + self.lease;
        let held = diesel::update(capture_jobs::table.find(&self.job))
            .filter(capture_jobs::owner.eq(&self.owner))
            .filter(capture_jobs::attempts.eq(self.attempt))
            .filter(capture_jobs::running)
            .set(capture_jobs::lease_until.eq(Some(until)))
            .execute(connection)?;
        if held == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }
}

type JobRow = (
    String,
    i64,
    String,
    bool,
    bool,
    i64,
    Option<i64>,
    Option<String>,
    Option<i64>,
    i64,
    i64,
    i64,
    i64,
    Vec<u8>,
);

impl Store {
    /// Makes the job that captures a received document, or finds the job of the same bytes sent before.
    ///
    /// A document whose job failed may be sent again; asked twice about one received document, it gives one job. The
    /// parties of `caller` see the job, whatever its document says. Fails with [`StoreError::LeaseLost`] where the document
    /// was received too long ago.
    pub fn create_job(
        &self,
        caller: &Caller,
        received: Received,
        behaviour: CaptureErrorBehaviour,
        now: DateTime<Utc>,
    ) -> Result<NewJob, StoreError> {
        let id = uuid::Uuid::now_v7().to_string();
        let claim = claims::bytes_claim(&received.sha256);
        let receiving = |job: &str| {
            let sha256: String = received.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
            let told = json!({ "document": received.document, "bytes": received.size, "sha256": sha256 });
            AuditEntry::done(now, caller.actor(), "documents.received", job).after(told)
        };
        let new = self.write(|connection| {
            let first = claims::claim(connection, &claim, received.document)?;
            sight::add_parties(connection, first, sight::own(caller).unwrap_or_default())?;
            let known: Option<JobRow> =
                capture_jobs::table.filter(capture_jobs::document.eq(first)).first(connection).optional()?;
            if let Some(row) = known {
                let job = job_of(row)?;
                let entry = AuditEntry { outcome: "known".to_owned(), ..receiving(&job.id) };
                audit::append(connection, &[entry])?;
                return Ok(NewJob { job, earlier: first != received.document });
            }
            let kept = diesel::update(documents::table.find(received.document))
                .set(documents::lease_until.eq(None::<i64>))
                .execute(connection)?;
            if kept == 0 || first != received.document {
                return Err(StoreError::LeaseLost);
            }
            insert_job(connection, &id, &received, (behaviour, now))?;
            audit::append(connection, &[receiving(&id)])?;
            Ok(NewJob { job: job_row(connection, &id)?, earlier: false })
        })?;
        if new.earlier {
            self.remove_document(received.document)?;
        }
        Ok(new)
    }

    /// One job; `None` where there is none that the caller may see.
    pub fn job(&self, caller: &Caller, id: &str) -> Result<Option<CaptureJob>, StoreError> {
        self.read_for(caller, |connection| {
            let row: Option<JobRow> = capture_jobs::table.find(id).first(connection).optional()?;
            let Some(row) = row else { return Ok(None) };
            let seen = sight::sees_document(connection, caller, row.1)?;
            seen.then(|| job_of(row)).transpose()
        })
    }

    /// Jobs from the newest on; with `before`, those older than the job of this id.
    pub fn jobs(
        &self,
        caller: &Caller,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CaptureJob>, StoreError> {
        let rows: Vec<JobRow> = self.read_for(caller, |connection| {
            let mut newest =
                capture_jobs::table.order(capture_jobs::id.desc()).limit(i64::from(limit)).into_boxed();
            if let Some(before) = before {
                newest = newest.filter(capture_jobs::id.lt(before));
            }
            if let Some(seen) = sight::of_document(caller, "capture_jobs.document") {
                newest = newest.filter(seen);
            }
            Ok(newest.load(connection)?)
        })?;
        rows.into_iter().map(job_of).collect()
    }

    /// Takes the oldest job that nobody works on; what a crashed worker left of it is removed first.
    ///
    /// The attempt is counted before any work, and a job begun ten times in vain fails. With `most_bytes` only jobs of
    /// documents up to that size are taken.
    pub fn take_job(
        &self,
        owner: &str,
        most_bytes: Option<u64>,
        now: DateTime<Utc>,
    ) -> Result<Option<Work>, StoreError> {
        for id in self.idle_jobs(most_bytes, now)? {
            let Some(work) = self.try_take(&id, owner, now)? else { continue };
            if work.fence.attempt > MOST_ATTEMPTS {
                let defect = CaptureDefect {
                    rule: "capture-abandoned".into(),
                    is_error: true,
                    message: format!("the capture was begun {MOST_ATTEMPTS} times and never ended").into(),
                    fix: "tell the operator of this gateway, who finds the reason in its log".into(),
                    ..CaptureDefect::default()
                };
                self.refuse(&work, 0, vec![defect], now)?;
                continue;
            }
            self.remove_events(work.job.document, Some(&work.fence))?;
            return Ok(Some(work));
        }
        Ok(None)
    }

    /// Keeps a job that takes long; every batch does so as well.
    pub fn renew_lease(&self, work: &Work) -> Result<(), StoreError> {
        self.write(|connection| work.fence.hold(connection))
    }

    /// Gives a job back that this worker will not finish because the process stops; the attempt does not count.
    pub fn give_back(&self, work: &Work) -> Result<(), StoreError> {
        self.write(|connection| {
            work.fence.hold(connection)?;
            diesel::update(capture_jobs::table.find(&work.fence.job))
                .set((
                    capture_jobs::owner.eq(None::<String>),
                    capture_jobs::lease_until.eq(None::<i64>),
                    capture_jobs::attempts.eq(work.fence.attempt - 1),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    fn idle_jobs(&self, most_bytes: Option<u64>, now: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
        let now = now.timestamp_micros();
        let most_bytes = most_bytes.and_then(|most| i64::try_from(most).ok()).unwrap_or(i64::MAX);
        self.read(|connection| {
            Ok(capture_jobs::table
                .inner_join(documents::table.on(documents::id.eq(capture_jobs::document)))
                .filter(documents::size.le(most_bytes))
                .filter(capture_jobs::running)
                .filter(capture_jobs::lease_until.is_null().or(capture_jobs::lease_until.lt(now)))
                .order(capture_jobs::id)
                .select(capture_jobs::id)
                .limit(16)
                .load(connection)?)
        })
    }

    fn try_take(&self, id: &str, owner: &str, now: DateTime<Utc>) -> Result<Option<Work>, StoreError> {
        let lease = self.lease_micros();
        let now = now.timestamp_micros();
        let row: Option<JobRow> = self.write(|connection| {
            let taken = diesel::update(capture_jobs::table.find(id))
                .filter(capture_jobs::running)
                .filter(capture_jobs::lease_until.is_null().or(capture_jobs::lease_until.lt(now)))
                .set((
                    capture_jobs::owner.eq(Some(owner)),
                    capture_jobs::lease_until.eq(Some(now + lease)),
                    capture_jobs::attempts.eq(capture_jobs::attempts + 1),
                ))
                .execute(connection)?;
            if taken == 0 {
                return Ok(None);
            }
            Ok(Some(capture_jobs::table.find(id).first(connection)?))
        })?;
        let Some(row) = row else { return Ok(None) };
        let fence = Fence { job: row.0.clone(), owner: owner.to_owned(), attempt: row.9, lease };
        Ok(Some(Work { job: job_of(row)?, fence }))
    }
}

fn insert_job(
    connection: &mut AnyConnection,
    id: &str,
    received: &Received,
    (behaviour, now): (CaptureErrorBehaviour, DateTime<Utc>),
) -> Result<(), StoreError> {
    diesel::insert_into(capture_jobs::table)
        .values((
            capture_jobs::id.eq(id),
            capture_jobs::document.eq(received.document),
            capture_jobs::behaviour.eq(behaviour.as_str()),
            capture_jobs::running.eq(true),
            capture_jobs::success.eq(true),
            capture_jobs::created_at.eq(now.timestamp_micros()),
            capture_jobs::attempts.eq(0),
            capture_jobs::events_read.eq(0),
            capture_jobs::events_stored.eq(0),
            capture_jobs::events_linked.eq(0),
            capture_jobs::defects.eq(defects::encode(&[])),
        ))
        .execute(connection)?;
    Ok(())
}

/// The job of this id, inside a transaction.
pub(super) fn job_row(connection: &mut AnyConnection, id: &str) -> Result<CaptureJob, StoreError> {
    job_of(capture_jobs::table.find(id).first(connection)?)
}

fn job_of(row: JobRow) -> Result<CaptureJob, StoreError> {
    let (id, document, behaviour, running, success, created_at, finished_at, ..) = row;
    let (attempts, events_read, events_stored, events_linked, found) =
        (row.9, row.10, row.11, row.12, row.13);
    let damaged = |what: &str| StoreError::Damaged(format!("capture job {id}: {what}"));
    let time = |micros| DateTime::from_timestamp_micros(micros).ok_or_else(|| damaged("a time"));
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(CaptureJob {
        document,
        behaviour: CaptureErrorBehaviour::parse(&behaviour).ok_or_else(|| damaged("behaviour"))?,
        running,
        success,
        created_at: time(created_at)?,
        finished_at: finished_at.map(time).transpose()?,
        attempts: count(attempts),
        events_read: count(events_read),
        events_stored: count(events_stored),
        events_linked: count(events_linked),
        defects: defects::decode(&found).ok_or_else(|| damaged("defects"))?,
        id: id.into(),
    })
}
