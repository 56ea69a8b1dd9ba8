//! What leaves for others: transaction information, files for the next owner.

pub mod custody;
pub mod transactions;

use thiserror::Error;

use crate::reconcile::hierarchy::HierarchyError;
use crate::store::StoreError;

/// Why something is not given out.
#[derive(Debug, Error)]
pub enum ExportError {
    /// There is nothing of what was asked for; says what and what to try.
    #[error("{0}")]
    NotFound(String),
    /// There is too much of it for one answer.
    #[error("{0}")]
    TooMuch(String),
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
