//! VerificationRequest: does this product identifier correspond to the one its maker assigned?

use crate::dscsa::verification::CorrelationId;
use crate::gs1::Gtin;
use crate::gs1::ScannedDate;

/// A question about one product identifier (LMS 1.1, section 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationRequest {
    /// The trade item.
    pub gtin: Gtin,
    /// Lot number, decoded, as on the label.
    pub lot: Box<str>,
    /// Serial number, decoded, as on the label.
    pub serial: Box<str>,
    /// Expiry as scanned: a day of 00 stays one.
    pub expiry: ScannedDate,
    /// What it is asked for, as sent: `dscsaSaleableReturn`, or a word of a later guideline.
    pub context: Box<str>,
    /// GLN of who asks: 13 digits, whose check digit is not judged, as published examples fail it.
    pub requester: Box<str>,
    /// What ties the answer to it.
    pub correlation: CorrelationId,
    /// What the GS1 US guideline 1.3 adds.
    pub statement: RequesterStatement,
}

/// What who asks says of itself (GS1 US guideline 1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequesterStatement {
    /// It has the product in its possession or control (`ctrlPossessAtt`); `None` where it does not say.
    pub possession: Option<bool>,
    /// How to reach it.
    pub email: Option<Box<str>>,
    /// How to reach it.
    pub telephone: Option<Box<str>>,
}
