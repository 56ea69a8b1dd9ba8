//! Shipments in JSON, as they are shown.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

/// A shipment as shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
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

/// One shipment with a page of its units, as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentDetailForm {
    /// What is shown of it in lists too.
    #[serde(flatten)]
    pub shipment: ShipmentForm,
    /// The document that brought it, as received.
    pub document: String,
    /// Keys of what the shipping event lists: logistic units, cases, units.
    pub roots: Vec<String>,
    /// Saleable units in the order of their keys.
    pub page: Vec<ShippedUnitForm>,
}

/// A unit of a shipment, as shown; what is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShippedUnitForm {
    /// Its identity: the path of its canonical Digital Link.
    pub key: String,
    /// Key of what it was in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parent: String,
    /// Lot number as sent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lot: String,
    /// Expiry date as sent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expiry: String,
}

/// The clock of what waits, as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
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
