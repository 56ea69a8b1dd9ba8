//! The JSON of findings that are kept: what is wrong, in which document, why it matters, and who mends it how.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

use crate::dscsa::Object;

/// A finding, with the words of its rule where there still is one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StoredFinding)]
pub struct FindingForm<'a> {
    /// 32 hexadecimal digits.
    pub id: &'a str,
    /// Number of its document, from `/api/v1/documents`.
    pub document: String,
    /// The rule.
    pub rule: &'a str,
    /// `hard`, `business`, `warning` or `note`.
    pub severity: &'a str,
    /// Position of the event in the document, from 1; not there where it concerns the document as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
    /// What it is about; what comes first is the cause.
    pub objects: Vec<ObjectForm>,
    /// What is wrong.
    pub message: &'a str,
    /// Why it matters.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub why: &'a str,
    /// `sender`, `receiver` or `nobody`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub mender: &'a str,
    /// How it is mended.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub fix: &'a str,
    /// The page of its rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// When it was first found.
    pub found_at: String,
    /// How it was settled; not there while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled: Option<SettledForm<'a>>,
}

/// What a finding is about: a lot and a trade item by their GTIN, the others by their identifier as sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FindingObject)]
pub struct ObjectForm {
    /// `epc`, `lot`, `trade-item`, `party` or `biz-transaction`.
    pub kind: &'static str,
    /// GTIN-14.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    /// Lot number; empty where it is the lot that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// EPC, GLN or URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// How a finding was settled.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FindingSettled)]
pub struct SettledForm<'a> {
    /// When.
    pub at: String,
    /// Number of the document that corrects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why it no longer stands.
    pub why: &'a str,
}

impl From<&Object> for ObjectForm {
    fn from(object: &Object) -> ObjectForm {
        let (gtin, lot, id) = match object {
            Object::Lot(gtin, lot) => (Some(gtin), Some(lot), None),
            Object::TradeItem(gtin) => (Some(gtin), None, None),
            Object::Epc(id) | Object::Party(id) | Object::BizTransaction(id) => (None, None, Some(id)),
        };
        let text = |text: Option<&Box<str>>| text.map(|text| text.to_string());
        ObjectForm { kind: object.kind(), gtin: text(gtin), lot: text(lot), id: text(id) }
    }
}

/// A time as it is written in findings: UTC, in milliseconds.
pub fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
