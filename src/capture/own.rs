//! Events of our own go through capture as a document of our own, so that they last as any others.

use std::io::Write;

use chrono::DateTime;
use chrono::Utc;
use thiserror::Error;

use crate::access::Caller;
use crate::capture::CaptureError;
use crate::capture::Policy;
use crate::capture::Wish;
use crate::capture::accept;
use crate::capture::run_to_end;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::formats::Format;
use crate::formats::Syntax;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::Writer;
use crate::store::Store;
use crate::store::StoreError;

/// Why events of ours are not captured.
#[derive(Debug, Error)]
pub enum OwnError {
    /// They cannot be written.
    #[error("the events cannot be written: {0}")]
    Write(#[from] WriteError),
    /// They cannot be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// They were refused, with the reason.
    #[error("the events were refused: {0}")]
    Refused(String),
}

impl From<StoreError> for OwnError {
    fn from(error: StoreError) -> OwnError {
        OwnError::Capture(error.into())
    }
}

/// Captures events of ours, one or more, in a document of their own here and now: the same bytes for the same events, so
/// that a second time changes nothing.
pub fn capture_own(
    store: &Store,
    caller: &Caller,
    events: &[Event],
    policy: &Policy,
    now: fn() -> DateTime<Utc>,
) -> Result<CaptureJob, OwnError> {
    let created = events.first().map(|event| event.time.as_str()).unwrap_or_default();
    let header = Header { schema_version: "2.0".into(), creation_date: created.into(), ..Header::default() };
    let receiving = store.receive(now())?;
    let mut writer = Writer::begin(Format::JsonLd, receiving, &header, WriteOptions::new())?;
    for event in events {
        writer.event(event)?;
    }
    let (mut receiving, _) = writer.finish(&header)?;
    receiving.flush().map_err(StoreError::from)?;
    let received = receiving.finish()?;
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: Some(Syntax::Json) };
    let job = accept(store, caller, received, wish, now())?.job;
    let job = run_to_end(store, &job, policy, now)?;
    match job.defects.iter().find(|defect| defect.is_error) {
        Some(defect) => Err(OwnError::Refused(defect.message.to_string())),
        None => Ok(job),
    }
}
