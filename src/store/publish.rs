//! The end of a capture: one transaction makes all events of a document visible at once, or none ever.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::max;
use serde_json::json;

use crate::access::GATEWAY;
use crate::dscsa::AuditEntry;
use crate::epcis::CaptureDefect;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::epcis::Header;
use crate::store::CaptureSession;
use crate::store::Conflict;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Work;
use crate::store::audit;
use crate::store::bodies::BodyEncoder;
use crate::store::captures;
use crate::store::captures::Fence;
use crate::store::claims;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::defects;
use crate::store::documents::PUBLISHED;
use crate::store::documents::REFUSED;
use crate::store::notices;
use crate::store::rivals;
use crate::store::schema::capture_jobs;
use crate::store::schema::counters;
use crate::store::schema::documents;
use crate::store::schema::publications;

/// The counter that orders documents by when they became visible.
const TICKET: &str = "ticket";

/// How many events of other documents are compared while all publishing waits.
const MOST_COMPARED_LOCKED: i64 = 1_000;

/// What reading the document brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Events in the document, refused ones too.
    pub events_read: u64,
    /// What was found wrong.
    pub defects: Vec<CaptureDefect>,
}

impl Store {
    /// Makes the document visible and finishes its job.
    ///
    /// Its events share one record time, later than or equal to that of every document published before. `header` is
    /// complete only now, as XML writes parts of it behind the events. Events that contradict documents published in the
    /// meantime (rule `event-id-conflict`) fail the job or are left out, as the job's behaviour asks.
    pub fn publish(
        &self,
        mut session: CaptureSession,
        header: &Header,
        mut outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Result<CaptureJob, StoreError> {
        let header = BodyEncoder::new()?.encode_header(header)?;
        loop {
            let conflicts = self.settle_rivals(&mut session)?;
            outcome.defects.extend(conflicts.iter().map(conflict_defect));
            if !conflicts.is_empty() && session.behaviour == CaptureErrorBehaviour::Rollback {
                return self.fail(&session.fence, session.document, &outcome, now);
            }
            let job = self.write(|connection| {
                session.fence.hold(connection)?;
                let Some(last) = lock_ticket(connection, &session)? else { return Ok(None) };
                show_document(connection, &session, &header, (last, now))?;
                let success = !outcome.defects.iter().any(|defect| defect.is_error);
                let counts = Counts { success, stored: session.stored, linked: session.linked };
                let job = finish_job(connection, &session.fence, (&outcome, counts), now)?;
                audit::append(connection, &[captured(&job, now)])?;
                Ok(Some(job))
            })?;
            if let Some(job) = job {
                return Ok(job);
            }
        }
    }

    /// Fails the job: nothing of the document is or becomes visible, and it may be sent again.
    ///
    /// The document as received is kept.
    pub fn refuse(
        &self,
        work: &Work,
        events_read: u64,
        defects: Vec<CaptureDefect>,
        now: DateTime<Utc>,
    ) -> Result<CaptureJob, StoreError> {
        self.fail(&work.fence, work.job.document, &Outcome { events_read, defects }, now)
    }

    fn fail(
        &self,
        fence: &Fence,
        document: i64,
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> Result<CaptureJob, StoreError> {
        let sweep_at = Utc::now().timestamp_micros() + self.lease_micros();
        let job = self.write(|connection| {
            fence.hold(connection)?;
            claims::release(connection, document)?;
            diesel::update(documents::table.find(document))
                .set((documents::state.eq(REFUSED), documents::lease_until.eq(Some(sweep_at))))
                .execute(connection)?;
            let counts = Counts { success: false, stored: 0, linked: 0 };
            let job = finish_job(connection, fence, (outcome, counts), now)?;
            audit::append(connection, &[captured(&job, now)])?;
            Ok(job)
        })?;
        self.clear_refused(document)?;
        Ok(job)
    }
}

/// The defect of an event whose `eventID` is taken.
fn conflict_defect(conflict: &Conflict) -> CaptureDefect {
    CaptureDefect {
        rule: "event-id-conflict".into(),
        is_error: true,
        message: format!("the eventID {} stands for an event with other content", conflict.event_id).into(),
        fix: "give the event an eventID of its own, or send an error declaration".into(),
        event: Some(conflict.position),
        epc: Some(conflict.event_id.clone()),
        ..CaptureDefect::default()
    }
}

/// That a capture ended, which the gateway itself does.
fn captured(job: &CaptureJob, now: DateTime<Utc>) -> AuditEntry {
    let entry = AuditEntry::done(now, GATEWAY, "documents.captured", &job.id);
    let outcome = if job.success { "done" } else { "refused" };
    let told = json!({ "document": job.document, "events": job.events_stored, "known": job.events_linked });
    AuditEntry { outcome: outcome.to_owned(), ..entry }.after(told)
}

/// Makes the counter of tickets where there is none.
pub(super) fn create_counter(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let row = (counters::name.eq(TICKET), counters::value.eq(0));
    either!(connection, concrete => diesel::insert_into(counters::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(concrete))?;
    Ok(())
}

/// Takes the one lock of publishing: the last ticket given, or `None` where documents published in the meantime must be
/// compared first, without the lock.
fn lock_ticket(connection: &mut AnyConnection, session: &CaptureSession) -> Result<Option<i64>, StoreError> {
    let counter = counters::table.find(TICKET);
    diesel::update(counter).set(counters::value.eq(counters::value)).execute(connection)?;
    let last: i64 = counters::table.find(TICKET).select(counters::value).first(connection)?;
    if last == session.checked || session.stored == 0 {
        return Ok(Some(last));
    }
    let sizes: Vec<i64> = documents::table
        .filter(documents::ticket.gt(session.checked))
        .select(documents::events)
        .load(connection)?;
    if sizes.iter().sum::<i64>() > MOST_COMPARED_LOCKED {
        return Ok(None);
    }
    let rivals = rivals::find(connection, session.document, (session.checked, last))?;
    Ok(rivals.is_empty().then_some(last))
}

fn show_document(
    connection: &mut AnyConnection,
    session: &CaptureSession,
    header: &[u8],
    (last, now): (i64, DateTime<Utc>),
) -> Result<(), StoreError> {
    let before: Option<i64> = documents::table
        .filter(documents::ticket.eq(last))
        .select(max(documents::published_at))
        .first(connection)
        .optional()?
        .flatten();
    let published_at = now.timestamp_micros().max(before.unwrap_or(i64::MIN));
    let events = i64::try_from(session.stored).unwrap_or(i64::MAX);
    diesel::update(counters::table.find(TICKET)).set(counters::value.eq(last + 1)).execute(connection)?;
    diesel::update(documents::table.find(session.document))
        .set((
            documents::ticket.eq(Some(last + 1)),
            documents::state.eq(PUBLISHED),
            documents::header.eq(Some(header)),
            documents::published_at.eq(Some(published_at)),
            documents::events.eq(events),
        ))
        .execute(connection)?;
    diesel::insert_into(publications::table)
        .values((
            publications::id.eq(session.document),
            publications::ticket.eq(last + 1),
            publications::published_at.eq(published_at),
            publications::events.eq(events),
        ))
        .execute(connection)?;
    Ok(())
}

struct Counts {
    success: bool,
    stored: u64,
    linked: u64,
}

fn finish_job(
    connection: &mut AnyConnection,
    fence: &Fence,
    (outcome, counts): (&Outcome, Counts),
    now: DateTime<Utc>,
) -> Result<CaptureJob, StoreError> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    diesel::update(capture_jobs::table.find(&fence.job))
        .set((
            capture_jobs::running.eq(false),
            capture_jobs::success.eq(counts.success),
            capture_jobs::finished_at.eq(Some(now.timestamp_micros())),
            capture_jobs::lease_until.eq(None::<i64>),
            capture_jobs::events_read.eq(count(outcome.events_read)),
            capture_jobs::events_stored.eq(count(counts.stored)),
            capture_jobs::events_linked.eq(count(counts.linked)),
            capture_jobs::defects.eq(defects::encode(&outcome.defects)),
        ))
        .execute(connection)?;
    let job = captures::job_row(connection, &fence.job)?;
    notices::capture_finished(connection, &job, now)?;
    Ok(job)
}
