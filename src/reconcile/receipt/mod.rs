//! Receiving: goods as they are scanned, each answered at once from look-ups of its own keys; goods that come before
//! their data wait, and are judged again when data come.

mod closing;
mod judge;
mod scanning;
mod waiting;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use thiserror::Error;

use crate::access::Caller;
use crate::dscsa::Against;
use crate::dscsa::Receipt;
use crate::dscsa::ReceiptState;
use crate::dscsa::exception::Clocks;
use crate::gs1::Epc;
use crate::reconcile::hierarchy::HierarchyError;
use crate::store::Store;
use crate::store::StoreError;

pub use closing::Closed;
pub use closing::close;
pub use closing::end;
pub use scanning::read;
pub use scanning::scan;
pub use waiting::Deadlines;
pub use waiting::Expected;
pub use waiting::ExpectedPage;
pub use waiting::expected;
pub use waiting::expected_one;
pub use waiting::release;
pub use waiting::release_held;

/// How goods are received.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What becomes of the good units of a file that has faults.
    pub acceptance: DefaultAcceptance,
    /// Hours that goods may wait for data, and data for goods, before somebody is reminded.
    pub remind_hours: u32,
    /// Business days after which the partner is asked.
    pub escalate_business_days: u32,
}

/// What becomes of the good units of a file that has faults, where nothing is agreed with its sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefaultAcceptance {
    /// They are released, and the bad ones held.
    #[default]
    ReleaseGood,
    /// Everything of the file is held.
    HoldAll,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { acceptance: DefaultAcceptance::ReleaseGood, remind_hours: 24, escalate_business_days: 3 }
    }
}

impl Settings {
    /// When somebody is reminded and when the partner is asked.
    pub fn clocks(&self) -> Clocks {
        Clocks {
            notify_hours: self.remind_hours,
            answer_business_days: self.escalate_business_days,
            ..Clocks::default()
        }
    }
}

/// Why goods are not received.
#[derive(Debug, Error)]
pub enum ReceiptError {
    /// There is no receipt of this name.
    #[error("there is no receipt {0}")]
    Unknown(String),
    /// There is nothing to receive against.
    #[error("there is no shipment {0}; list those expected, or receive against nothing until its data come")]
    NoShipment(i64),
    /// The receipt takes no more scans.
    #[error("receipt {0} is closed; open another")]
    Closed(String),
    /// The place is no GLN or SGLN.
    #[error("{0} is no place: give its GLN or SGLN")]
    Place(String),
    /// What is in a container cannot be told.
    #[error(transparent)]
    Hierarchy(#[from] HierarchyError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a receipt is opened with.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What is expected.
    pub against: Against,
    /// Where: a GLN or an SGLN.
    pub place: Option<String>,
    /// Who opens it.
    pub by: String,
}

/// Opens a receipt.
///
/// Fails where there is no such shipment. An order may be unknown yet: its data come later.
pub fn open(
    store: &Store,
    caller: &Caller,
    opening: &Opening,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<Receipt, ReceiptError> {
    if let Against::Shipment(id) = opening.against
        && store.shipment(caller, id)?.is_none()
    {
        return Err(ReceiptError::NoShipment(id));
    }
    let receipt = Receipt {
        id: uuid::Uuid::now_v7().to_string(),
        against: opening.against.clone(),
        place: opening.place.as_deref().map(place).transpose()?,
        whole_files: settings.acceptance == DefaultAcceptance::HoldAll,
        opened: (opening.by.clone(), now),
        state: ReceiptState::Open,
        closed: None,
        rounds: 0,
        scanned: 0,
        inferred: 0,
        faulty: 0,
    };
    store.open_receipt(caller, &receipt)?;
    Ok(receipt)
}

/// The shipments that a receipt is against, as far as their data have come.
pub fn shipments(store: &Store, caller: &Caller, receipt: &Receipt) -> Result<Vec<i64>, StoreError> {
    match &receipt.against {
        Against::Shipment(id) => Ok(vec![*id]),
        Against::Order(order) => store.shipments_for(caller, order),
        Against::Nothing => Ok(Vec::new()),
    }
}

fn place(text: &str) -> Result<Epc, ReceiptError> {
    let text = text.trim();
    let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let epc = if bare { Epc::parse(&format!("https://id.gs1.org/414/{text}")) } else { Epc::parse(text) };
    match epc.gln() {
        Some(_) if epc.fault().is_none() => Ok(epc),
        _ => Err(ReceiptError::Place(text.to_owned())),
    }
}
