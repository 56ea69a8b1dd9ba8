//! What partners tell each other about a case: a report of what is wrong, and the response to it.

use chrono::DateTime;
use chrono::Utc;

use crate::dscsa::exception::Answer;
use crate::dscsa::exception::CaseItem;

/// Who sends a message, and how to be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The name of the company; not part of PDG's prototype messages.
    pub name: String,
    /// GLN-13.
    pub gln: Option<String>,
    /// E-mail address.
    pub email: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// A credential as presented (`vp`), kept as sent.
    pub credential: Option<String>,
}

/// A report of what is wrong with a delivery (PDG `ExceptionReport`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// `message_uuid`.
    pub message: String,
    /// `exception_case_uuid`.
    pub case: String,
    /// When it was sent, to the second.
    pub sent_at: DateTime<Utc>,
    /// The number of the purchase order, or of the delivery where there is none.
    pub order: String,
    /// Who sends it.
    pub sender: Contact,
    /// What is wrong. Items of the kind `other` have no identifier on the wire.
    pub items: Vec<CaseItem>,
    /// True where the case is at its end.
    pub resolved: bool,
}

/// The response to a report (PDG `ExceptionResponse`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// `message_uuid`.
    pub message: String,
    /// `exception_case_uuid`.
    pub case: String,
    /// When it was sent, to the second.
    pub sent_at: DateTime<Utc>,
    /// The number of the purchase order, or of the delivery where there is none.
    pub order: String,
    /// Who sends it.
    pub sender: Contact,
    /// The answer to each item, by the item's identifier.
    pub answers: Vec<(String, Answer)>,
    /// What it says besides.
    pub notes: Option<String>,
}
