//! Shipments in JSON, as they are shown.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;

/// A shipment as shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentForm {
    /// Its number.
    pub shipment: i64,
    /// When it was shipped.
    pub at: String,
    /// GLN-13 or key of the seller; empty where none is named. So the other three.
    pub seller: String,
    /// The buyer.
    pub buyer: String,
    /// Where it was shipped from.
    pub ship_from: String,
    /// Where it was shipped to.
    pub ship_to: String,
    /// Purchase orders, URIs as sent.
    pub orders: Vec<String>,
    /// Despatch advices, URIs as sent.
    pub advices: Vec<String>,
    /// Saleable units in it.
    pub units: u64,
    /// Until when its goods are expected; nothing where a receipt was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<ClockForm>,
}

/// The clock of what waits, as shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClockForm {
    /// `waiting`, `late` or `overdue`.
    pub state: &'static str,
    /// When somebody is reminded.
    pub remind: String,
    /// When the partner is asked.
    pub escalate: String,
}

impl ClockForm {
    /// A clock in this state, with its two times.
    pub fn new(state: &'static str, remind: DateTime<Utc>, escalate: DateTime<Utc>) -> ClockForm {
        ClockForm { state, remind: moment(remind), escalate: moment(escalate) }
    }
}

/// A time as shown.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
