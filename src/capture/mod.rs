//! Capturing: a received document becomes a job, and a worker brings its events into the store.

mod limits;
mod own;
mod policy;
mod prefixes;
mod reading;
mod receiving;
mod run;
mod worker;

use std::thread;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use thiserror::Error;

use crate::access::Caller;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::epcis::DocumentKind;
use crate::epcis::Event;
use crate::epcis::event_id::EventHasher;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::formats::Severity;
use crate::formats::Syntax;
use crate::store::NewJob;
use crate::store::Received;
use crate::store::Store;
use crate::store::StoreError;

pub use limits::Limits;
pub use own::OwnError;
pub use own::capture_own;
pub use policy::Policy;
pub use receiving::ClosingError;
pub use receiving::close_receipt;
pub use run::Stopped;
pub use run::run;
pub use worker::Queue;
pub use worker::Workers;

/// How long to look away while another process has the job.
const OTHERS_WORK: Duration = Duration::from_millis(50);

/// How documents are captured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Threads that capture.
    pub workers: usize,
    /// Documents of up to this many bytes are small, and a worker is kept for them.
    pub small_bytes: u64,
}

/// Why a document is not taken.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// It cannot be read at all, so that there is no job.
    #[error("{0}")]
    Defect(Box<Defect>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How the sender wants its document taken.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// What becomes of sound events beside faulty ones.
    pub behaviour: CaptureErrorBehaviour,
    /// The syntax it was sent as; `None` where nobody said.
    pub syntax: Option<Syntax>,
}

/// Takes a received document: makes its job, or finds the job of the same bytes sent before.
///
/// Fails where the document is of another syntax than said, or cannot be read up to its first event; then the
/// store sweeps it away in a while.
pub fn accept(
    store: &Store,
    caller: &Caller,
    received: Received,
    wish: Wish,
    now: DateTime<Utc>,
) -> Result<NewJob, CaptureError> {
    if let Err(defect) = inspect(store, &received, wish.syntax)? {
        return Err(CaptureError::Defect(Box::new(defect)));
    }
    let bytes = received.size;
    let new = store.create_job(caller, received, wish.behaviour, now)?;
    let kind = if new.earlier { "earlier" } else { "new" };
    metrics::counter!("epcgate_documents_accepted_total", "kind" => kind).increment(1);
    metrics::counter!("epcgate_document_bytes_total", "kind" => kind).increment(bytes);
    Ok(new)
}

/// One event taken for capture.
#[derive(Debug)]
pub struct TakenEvent {
    /// Its job.
    pub job: CaptureJob,
    /// The event as sent.
    pub event: Event,
    /// What it is found by: its `eventID`, or where it has none its event hash ID (CBV 2.0 §8.9).
    pub id: String,
}

/// Takes one event sent alone, without a document around it.
///
/// Fails where it is faulty, or where it is no single event.
pub fn accept_event(
    store: &Store,
    caller: &Caller,
    received: Received,
    syntax: Syntax,
    now: DateTime<Utc>,
) -> Result<TakenEvent, CaptureError> {
    let event = match only_event(store, &received)? {
        Ok(event) => event,
        Err(defect) => return Err(CaptureError::Defect(Box::new(defect))),
    };
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: Some(syntax) };
    let job = accept(store, caller, received, wish, now)?.job;
    let id = event.id.as_deref().map_or_else(|| EventHasher::new().id(&event), str::to_owned);
    Ok(TakenEvent { job, event, id })
}

/// Captures here and now, without any worker, until this job is finished, and returns it.
///
/// Older jobs that wait come first. Fails with [`StoreError::LeaseLost`] where the job does not exist.
pub fn run_to_end(
    store: &Store,
    job: &CaptureJob,
    policy: &Policy,
    now: fn() -> DateTime<Utc>,
) -> Result<CaptureJob, StoreError> {
    let owner = worker::owner("here");
    loop {
        let found = store.job(&Caller::operator(), &job.id)?.ok_or(StoreError::LeaseLost)?;
        if !found.running {
            return Ok(found);
        }
        match store.take_job(&owner, None, now())? {
            Some(work) => {
                run(store, &work, policy, &Stopped::never(), now)?;
            }
            None => thread::sleep(OTHERS_WORK),
        }
    }
}

/// Reads what stands before the events; the inner error is the document's.
fn inspect(
    store: &Store,
    received: &Received,
    declared: Option<Syntax>,
) -> Result<Result<(), Defect>, StoreError> {
    let input = store.input(received.document)?;
    let mut defects = Defects::new(false);
    let reader = match Reader::open(Box::new(input), ReadOptions::default(), &mut defects) {
        Ok(reader) => reader,
        Err(defect) => return Ok(Err(defect)),
    };
    let found = syntax(&reader);
    if declared.is_some_and(|declared| declared != found) {
        let fault = Fault::error(
            "content-type-mismatch",
            format!("the document is {}, but was sent as another type", name(found)),
            "send it with the Content-Type that it has",
        );
        return Ok(Err(fault.at(Place { line: 1, column: 1 }, "")));
    }
    Ok(Ok(()))
}

/// Reads the only event there is; the inner error is the document's.
fn only_event(store: &Store, received: &Received) -> Result<Result<Event, Defect>, StoreError> {
    let input = Box::new(store.input(received.document)?);
    let mut defects = Defects::new(false);
    let events = Reader::open(input, ReadOptions::default(), &mut defects).and_then(|mut reader| {
        let alone = reader.header().kind == DocumentKind::Event;
        let first = reader.next_event(&mut defects)?.and_then(|reading| reading.event);
        let second = if alone { reader.next_event(&mut defects)? } else { None };
        Ok(first.filter(|_| alone && second.is_none()))
    });
    let faulty = defects.take().into_iter().find(|defect| defect.fault.severity == Severity::Error);
    let no_event = || {
        Fault::error(
            "one-event",
            "this resource takes one event without a document around it",
            "send documents to /capture",
        )
        .at(Place { line: 1, column: 1 }, "")
    };
    Ok(match (events, faulty) {
        (Ok(Some(event)), None) => Ok(event),
        (Err(defect), _) | (Ok(_), Some(defect)) => Err(defect),
        (Ok(None), None) => Err(no_event()),
    })
}

fn syntax(reader: &Reader) -> Syntax {
    match reader {
        Reader::Xml(_) => Syntax::Xml,
        Reader::JsonLd(_) => Syntax::Json,
    }
}

fn name(syntax: Syntax) -> &'static str {
    match syntax {
        Syntax::Xml => "XML",
        Syntax::Json => "JSON",
    }
}
