//! Closing a receipt: its receiving event goes through capture as a document of our own, so that it lasts as any other.

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
use crate::dscsa::Against;
use crate::dscsa::Delivery;
use crate::dscsa::exception::transaction_number;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::formats::Format;
use crate::formats::Syntax;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::Writer;
use crate::reconcile::cases;
use crate::reconcile::cases::Compared;
use crate::reconcile::receipt;
use crate::reconcile::receipt::Closed;
use crate::reconcile::receipt::ReceiptError;
use crate::store::CaseError;
use crate::store::Store;
use crate::store::StoreError;

/// Why a receipt is not closed.
#[derive(Debug, Error)]
pub enum ClosingError {
    /// It cannot be compared with its shipments.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// Its event cannot be written.
    #[error("the receiving event cannot be written: {0}")]
    Write(#[from] WriteError),
    /// Its event cannot be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The cases of its delivery cannot be brought up to date.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// Its event was refused, with the reason.
    #[error("the receiving event was refused: {0}")]
    Refused(String),
}

impl From<StoreError> for ClosingError {
    fn from(error: StoreError) -> ClosingError {
        ClosingError::Receipt(error.into())
    }
}

/// Closes a receipt, captures its event, and brings the case of its delivery up to date. Where a crash came between,
/// the same again ends it.
pub fn close_receipt(
    store: &Store,
    caller: &Caller,
    (id, who): (&str, &str),
    policy: &Policy,
    now: fn() -> DateTime<Utc>,
) -> Result<Closed, ClosingError> {
    let mut closed = receipt::close(store, caller, id, (who, now()))?;
    let mut document = None;
    if let Some(event) = &closed.event {
        let job = capture_own(store, caller, event, policy, now)?;
        if let Some(defect) = job.defects.iter().find(|defect| defect.is_error) {
            return Err(ClosingError::Refused(defect.message.to_string()));
        }
        document = Some(job.document);
    }
    receipt::end(store, caller, &mut closed, (document, now()))?;
    tell(store, caller, &closed, &policy.cases, now())?;
    Ok(closed)
}

/// Makes what is different between goods and data the case of their delivery; goods received against nothing have none.
fn tell(
    store: &Store,
    caller: &Caller,
    closed: &Closed,
    settings: &cases::Settings,
    now: DateTime<Utc>,
) -> Result<(), ClosingError> {
    let first = closed.closing.shipments.first().filter(|_| closed.receipt.against != Against::Nothing);
    let Some(shipment) = first.map(|id| store.shipment(caller, *id)).transpose()?.flatten() else {
        return Ok(());
    };
    let number = |uris: &[String]| uris.first().map(|uri| transaction_number(uri)).unwrap_or_default();
    let delivery = Delivery {
        order: number(&shipment.purchase_orders),
        advice: number(&shipment.despatch_advices),
        partner: shipment.seller,
    };
    let compared = Compared {
        document: Some(shipment.document),
        delivery: Some(delivery),
        findings: &[],
        differences: Some(&closed.closing.differences),
    };
    cases::after_reconcile(store, settings, &compared, now)?;
    Ok(())
}

/// Captures an event of ours in a document of its own, the same bytes for the same event.
fn capture_own(
    store: &Store,
    caller: &Caller,
    event: &Event,
    policy: &Policy,
    now: fn() -> DateTime<Utc>,
) -> Result<CaptureJob, ClosingError> {
    let header = Header {
        schema_version: "2.0".into(),
        creation_date: event.time.as_str().into(),
        ..Header::default()
    };
    let receiving = store.receive(now())?;
    let mut writer = Writer::begin(Format::JsonLd, receiving, &header, WriteOptions::new())?;
    writer.event(event)?;
    let (mut receiving, _) = writer.finish(&header)?;
    receiving.flush().map_err(StoreError::from)?;
    let received = receiving.finish()?;
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: Some(Syntax::Json) };
    let job = accept(store, caller, received, wish, now())?.job;
    Ok(run_to_end(store, &job, policy, now)?)
}
