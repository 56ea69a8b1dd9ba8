//! What leaves for others: transaction information, files for the next owner.

pub mod custody;
pub mod shipment;
mod sources;
pub mod transactions;

use serde::Deserialize;
use thiserror::Error;

use crate::reconcile::hierarchy::HierarchyError;
use crate::store::StoreError;

/// What the operator lets leave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// True where the operator affirms the transaction statement of what it sells (21 U.S.C. 360eee(27)).
    pub affirm_transaction_statement: bool,
    /// `legalNotice`: what is then stated.
    pub transaction_statement: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            affirm_transaction_statement: false,
            transaction_statement:
                "Seller has complied with each applicable subsection of FDCA Sec. 581(27)(A)-(G).".to_owned(),
        }
    }
}

/// Why something is not given out.
#[derive(Debug, Error)]
pub enum ExportError {
    /// There is nothing of what was asked for; says what and what to try.
    #[error("{0}")]
    NotFound(String),
    /// There is too much of it for one answer.
    #[error("{0}")]
    TooMuch(String),
    /// A file would say less than the law and the receiver need, or more than is known: each reason, and what to do.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// What is in the containers cannot be told.
    #[error(transparent)]
    Hierarchy(HierarchyError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HierarchyError> for ExportError {
    fn from(error: HierarchyError) -> ExportError {
        match error {
            HierarchyError::Store(error) => ExportError::Store(error),
            other => ExportError::Hierarchy(other),
        }
    }
}
