//! PDG's exception messages, the prototype schemas: `ExceptionReport` and `ExceptionResponse`, both ways.

mod field;
mod read;
mod write;

use thiserror::Error;

use crate::dscsa::exception::Report;
use crate::dscsa::exception::Response;

pub(super) use field::Field;
pub use read::read;
pub use write::report;
pub use write::response;

/// Keys of `exceptions` whose items are about goods.
const MISSING_PRODUCT_DATA: &str = "missing_product_data";
const MISSING_PRODUCT: &str = "missing_product";
const DATA_MISALIGNMENT: &str = "data_misalignment";
const OVERAGES: &str = "overages";
const UNDERAGES: &str = "underages";

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} (at {path}); {fix}")]
pub struct MessageFault {
    /// Where, as a JSON Pointer; empty for the message as a whole (RFC 6901).
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub fix: String,
}

/// A message about an exception case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// What is wrong with a delivery, or that it no longer is.
    Report(Report),
    /// The answer.
    Response(Response),
}

#[cfg(test)]
mod tests;
