//! A verification that must still be answered, in JSON.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

use crate::dscsa::verification::VerificationRecord;
use crate::formats::shipments::moment;

/// A question that has not been answered, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObligationForm {
    /// The name of the verification.
    pub id: String,
    /// When it was asked.
    pub asked: String,
    /// Until when it must be answered.
    pub due: String,
    /// That time is over.
    pub late: bool,
    /// `answered` (we must answer) or `asked` (others must).
    pub direction: &'static str,
    /// GTIN-14.
    pub gtin: String,
    /// Serial number.
    pub serial: String,
    /// Lot number.
    pub lot: String,
    /// Expiry as asked, `YYMMDD`.
    pub expiry: String,
    /// GLN of who asked.
    pub requester: String,
    /// GLN of who must answer; empty where nobody knows.
    pub responder: String,
    /// `corrUUID`.
    pub correlation: String,
    /// HTTP status that was answered; 0 where nobody did.
    pub status: u16,
}

impl ObligationForm {
    /// A record as shown at this moment.
    pub fn new(record: &VerificationRecord, now: DateTime<Utc>) -> ObligationForm {
        let due = record.due.unwrap_or(record.at);
        ObligationForm {
            id: record.id.clone(),
            asked: moment(record.at),
            due: moment(due),
            late: due < now,
            direction: record.direction.as_str(),
            gtin: record.gtin.clone(),
            serial: record.serial.clone(),
            lot: record.lot.clone(),
            expiry: record.expiry.clone(),
            requester: record.requester.clone(),
            responder: record.responder.clone(),
            correlation: record.correlation.clone(),
            status: record.status,
        }
    }
}
