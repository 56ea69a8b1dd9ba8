//! Closing a receipt: its receiving event goes through capture as a document of our own, so that it lasts as any other.

use chrono::DateTime;
use chrono::Utc;
use thiserror::Error;

use crate::access::Caller;
use crate::capture::OwnError;
use crate::capture::Policy;
use crate::capture::capture_own;
use crate::dscsa::Against;
use crate::dscsa::Delivery;
use crate::dscsa::exception::transaction_number;
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
    /// Its receiving event cannot be captured.
    #[error(transparent)]
    Capture(#[from] OwnError),
    /// The cases of its delivery cannot be brought up to date.
    #[error(transparent)]
    Case(#[from] CaseError),
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
        let job = capture_own(store, caller, std::slice::from_ref(event), policy, now)?;
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
        ..Compared::default()
    };
    cases::after_reconcile(store, settings, &compared, now)?;
    Ok(())
}
