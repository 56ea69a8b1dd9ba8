//! Inbox: what partners send is kept before it is acknowledged, told from what came before, and given to capture.

use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::json;
use thiserror::Error;

use crate::access::Caller;
use crate::capture;
use crate::capture::CaptureError;
use crate::capture::Limits;
use crate::capture::Queue;
use crate::capture::Wish;
use crate::dscsa::AuditEntry;
use crate::epcis::CaptureDefect;
use crate::epcis::CaptureErrorBehaviour;
use crate::exchange::Arrival;
use crate::exchange::Settings;
use crate::exchange::answer;
use crate::formats::Defect;
use crate::formats::answer::MARK;
use crate::store::ArrivalEnd;
use crate::store::ArrivalRecord;
use crate::store::Received;
use crate::store::Receiving;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TakenArrival;

/// When an arrival is looked after whose receiver was killed before there was a job.
const UNTIL_RESCUED: TimeDelta = TimeDelta::seconds(30);

/// How soon an arrival is looked at again whose capture is under way.
const UNTIL_LOOKED: TimeDelta = TimeDelta::milliseconds(500);

/// Arrivals looked after at one time.
const TOGETHER: i64 = 64;

/// How long a count of open arrivals is good for.
const COUNTED_FOR: TimeDelta = TimeDelta::seconds(1);

/// Bytes that are read at a time.
const BLOCK: usize = 64 << 10;

/// What became of something that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The arrival, the earlier one where the same message came before.
    pub id: String,
    /// True where the same message, or the same bytes, came before: what was answered then holds.
    pub earlier: bool,
    /// The job that captures it; `None` where it cannot be read at all, or was not given to capture yet.
    pub job: Option<String>,
    /// What the sender was given for it ([`Inbox::keep_receipt`]); empty where nothing is kept.
    pub receipt: Vec<u8>,
}

/// Why something is not taken; its sender must not be told that it was.
#[derive(Debug, Error)]
pub enum InboxError {
    /// The message stands for other bytes that came before; somebody has been alarmed.
    #[error(
        "the message {message:?} came before with other content (arrival {first}); give each message a name of its own"
    )]
    Reused {
        /// Its name.
        message: String,
        /// The arrival of then.
        first: String,
    },
    /// It is larger than is taken.
    #[error("it has more than {0} bytes, the most that is taken")]
    TooLarge(u64),
    /// Too much waits to be captured; send it again later.
    #[error("too many documents wait to be captured; send it again later")]
    Busy,
    /// It broke off.
    #[error("it broke off: {0}")]
    Interrupted(io::Error),
    /// The store failed; send it again later.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where everything that partners send comes in. Clones share it.
#[derive(Clone)]
pub struct Inbox(Arc<Inner>);

struct Inner {
    store: Store,
    limits: Limits,
    most_open: i64,
    queue: Queue,
    counted: Mutex<(DateTime<Utc>, i64)>,
}

impl Inbox {
    /// An inbox of this store; `queue` wakes those who capture.
    pub fn new(store: &Store, settings: &Settings, limits: &Limits, queue: Queue) -> Inbox {
        Inbox(Arc::new(Inner {
            store: store.clone(),
            limits: limits.clone(),
            most_open: i64::from(settings.most_open),
            queue,
            counted: Mutex::new((DateTime::UNIX_EPOCH, 0)),
        }))
    }

    /// Takes what came. Once this returns it survives any crash and may be acknowledged, whatever is wrong with it.
    ///
    /// The same message with the same bytes again gives what was made of it first, unless that was refused: then it is tried
    /// anew. Blocks while the body comes and is written.
    pub fn take(&self, arrival: &Arrival, body: impl Read) -> Result<Taken, InboxError> {
        self.admit(arrival.at)?;
        let mut receiving = self.0.store.receive(arrival.at)?;
        self.spool(body, &mut receiving)?;
        if let Some(known) = self.0.store.known_arrival(arrival, &receiving.sha256())? {
            return self.known(known, arrival);
        }
        self.take_received(arrival, receiving.finish()?)
    }

    /// The same for bytes that are in the store already.
    pub fn take_received(&self, arrival: &Arrival, received: Received) -> Result<Taken, InboxError> {
        let store = &self.0.store;
        match store.take_arrival(arrival, &received, arrival.at + UNTIL_RESCUED)? {
            TakenArrival::New(record) => Ok(self.accept(&record, arrival.at)?),
            known => self.known(known, arrival),
        }
    }

    /// Keeps what the sender is given for an arrival, so that it gets the same when it sends again. Where something was kept
    /// already, that is what it is given.
    pub fn keep_receipt(&self, id: &str, receipt: &[u8]) -> Result<Vec<u8>, InboxError> {
        Ok(self.0.store.keep_receipt(id, receipt)?)
    }

    /// Looks after arrivals without an answer: gives those to capture that were left alone, and answers those whose capture is
    /// finished; how many were answered.
    pub fn answer_open(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut answered = 0;
        let open = self.0.store.open_arrivals(now, now + UNTIL_RESCUED, TOGETHER)?;
        for record in &open {
            answered += u64::from(self.look_after(record, now)?);
        }
        Ok(answered)
    }

    fn look_after(&self, record: &ArrivalRecord, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let store = &self.0.store;
        if record.job.is_empty() {
            // Its receiver was killed, before the job was made or after.
            match store.job_of_bytes(&record.sha256)? {
                Some(job) => store.set_arrival_job(&record.id, &job, now)?,
                None => drop(self.accept(record, now)?),
            }
            return Ok(false);
        }
        let job = store.job(&Caller::operator(), &record.job)?;
        let Some(job) = job.filter(|job| !job.running && store.is_judged(job.document).unwrap_or(false))
        else {
            store.put_arrival_off(&record.id, now + UNTIL_LOOKED)?;
            return Ok(false);
        };
        self.answer(record, &answer::of_job(store, record, &job)?, now)
    }

    fn answer(
        &self,
        record: &ArrivalRecord,
        ended: &ArrivalEnd,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let answered = self.0.store.answer_arrival(&record.id, ended, now)?;
        if answered {
            let (id, channel, outcome) = (&record.id, &record.arrival.channel, ended.outcome);
            tracing::info!(id, channel, outcome, "an arrival is answered");
            metrics::counter!("epcgate_arrivals_total", "outcome" => outcome).increment(1);
        }
        Ok(answered)
    }

    /// Gives an arrival to capture.
    fn accept(&self, record: &ArrivalRecord, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        let store = &self.0.store;
        let received =
            Received { document: record.document, sha256: digest(&record.sha256)?, size: record.size };
        let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
        let (job, earlier) = match capture::accept(store, &Caller::operator(), received, wish, now) {
            Ok(new) => {
                store.set_arrival_job(&record.id, &new.job, now)?;
                self.0.queue.ring();
                (Some(new.job.id.to_string()), new.earlier)
            }
            Err(CaptureError::Defect(defect)) => {
                let ended = match self.is_answer(record.document)? {
                    true => answer::of_answer(),
                    false => answer::unreadable(store, record, of_defect(*defect))?,
                };
                self.answer(record, &ended, now)?;
                (None, false)
            }
            Err(CaptureError::Store(error)) => return Err(error),
        };
        Ok(Taken { id: record.id.clone(), earlier, job, receipt: Vec::new() })
    }

    /// Whether a document is an answer to something of ours.
    fn is_answer(&self, document: i64) -> Result<bool, StoreError> {
        let mut beginning = Vec::new();
        self.0.store.input(document)?.take(MARK.len() as u64).read_to_end(&mut beginning)?;
        Ok(beginning == MARK.as_bytes())
    }

    fn known(&self, known: TakenArrival, arrival: &Arrival) -> Result<Taken, InboxError> {
        match known {
            TakenArrival::New(record) | TakenArrival::Earlier(record) => Ok(Taken {
                id: record.id,
                earlier: true,
                job: Some(record.job).filter(|job| !job.is_empty()),
                receipt: record.receipt,
            }),
            TakenArrival::Reused(record) => {
                self.alarm(&record, arrival)?;
                Err(InboxError::Reused { message: arrival.message_id.clone(), first: record.id })
            }
        }
    }

    /// Says aloud that a name was used for other bytes.
    fn alarm(&self, first: &ArrivalRecord, arrival: &Arrival) -> Result<(), StoreError> {
        let Arrival { channel, partner, message_id, .. } = arrival;
        tracing::error!(
            channel,
            partner,
            message_id,
            first = first.id,
            "a message came again with other content"
        );
        metrics::counter!("epcgate_arrivals_total", "outcome" => "reused").increment(1);
        let detail = json!({ "partner": partner, "message": message_id, "first": first.sha256 });
        let who = format!("channel:{channel}");
        let mut entry = AuditEntry::done(arrival.at, &who, "arrival.reused", &first.id).with(detail);
        entry.outcome = "refused".to_owned();
        self.0.store.audit(&[entry])
    }

    fn spool(&self, mut body: impl Read, receiving: &mut Receiving) -> Result<(), InboxError> {
        let mut block = vec![0; BLOCK];
        loop {
            let read = match body.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(InboxError::Interrupted(error)),
            };
            if receiving.size() + read as u64 > self.0.limits.document_bytes {
                return Err(InboxError::TooLarge(self.0.limits.document_bytes));
            }
            let given = block.get(..read).unwrap_or_default();
            receiving.write_all(given).map_err(kept)?;
        }
    }

    /// Takes nothing more while too much waits.
    fn admit(&self, now: DateTime<Utc>) -> Result<(), InboxError> {
        let mut counted = self.0.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if (now - counted.0).abs() > COUNTED_FOR {
            *counted = (now, self.0.store.count_open_arrivals(self.0.most_open)?);
        }
        if counted.1 < self.0.most_open { Ok(()) } else { Err(InboxError::Busy) }
    }
}

/// What went wrong with writing; the store's own errors come wrapped.
fn kept(error: io::Error) -> InboxError {
    match error.downcast::<StoreError>() {
        Ok(error) => InboxError::Store(error),
        Err(error) => InboxError::Store(StoreError::Io(error)),
    }
}

fn of_defect(defect: Defect) -> CaptureDefect {
    let Defect { fault, place, path, event, epc } = defect;
    CaptureDefect {
        rule: fault.rule.into(),
        is_error: true,
        message: fault.message.into(),
        fix: fault.fix.into(),
        line: place.line,
        column: place.column,
        path: path.into(),
        event,
        epc,
    }
}

fn digest(digits: &str) -> Result<[u8; 32], StoreError> {
    let damaged = || StoreError::Damaged(format!("the digest {digits}"));
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        let pair = digits.get(at * 2..at * 2 + 2).ok_or_else(damaged)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| damaged())?;
    }
    Ok(digest)
}
