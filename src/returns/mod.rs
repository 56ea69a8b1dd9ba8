//! Saleable returns: each unit that comes back is looked at from every side, verified with its maker, and decided, with its
//! evidence (FD&C Act 582(c)(4)(D), (e)(4)(C), (g)(1)(F)).

mod checks;
mod closing;
mod content;
mod decision;
mod desk;
mod evidence;
mod information;
mod opening;
mod reading;
mod worker;

use serde::Deserialize;
use thiserror::Error;

use crate::capture::OwnError;
use crate::dscsa::ReturnState;
use crate::gs1::Gln;
use crate::reconcile::hierarchy::HierarchyError;
use crate::store::StoreError;

pub use closing::ClosedReturn;
pub use closing::close;
pub use closing::event_ids;
pub use desk::Desk;
pub use desk::Ended;
pub use opening::Opened;
pub use opening::Opening;
pub use opening::check_again;
pub use opening::open;
pub use worker::Bell;
pub use worker::Worker;

/// How returns are taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Scans of one return.
    pub most_scans: usize,
    /// Verifications under way at one time.
    pub at_once: usize,
    /// What verifications are for: a word of the guideline.
    pub context: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { most_scans: 20_000, at_once: 32, context: "dscsaSaleableReturn".to_owned() }
    }
}

/// Why a return is not taken, checked or closed.
#[derive(Debug, Error)]
pub enum ReturnError {
    /// There is no return of this name.
    #[error("there is no return {0}")]
    Unknown(String),
    /// Nobody knows which sales are ours.
    #[error(
        "our own GLN is not known, so that nobody can tell what we sold: set gln in [exceptions] of the settings"
    )]
    NoOwnGln,
    /// A field of the request is missing or wrong; says which, why and what to do.
    #[error("{0}")]
    Request(String),
    /// The client's key stands for another return.
    #[error("the key {key} was used for return {id} with other content; give this one a key of its own")]
    KeyTaken {
        /// The key.
        key: String,
        /// The return it stands for.
        id: String,
    },
    /// It is in a state in which this cannot be done.
    #[error("return {id} is {}; {mend}", state.as_str())]
    State {
        /// The return.
        id: String,
        /// How far it is.
        state: ReturnState,
        /// What to do.
        mend: &'static str,
    },
    /// What is in a case cannot be told.
    #[error(transparent)]
    Hierarchy(HierarchyError),
    /// Its events cannot be captured.
    #[error(transparent)]
    Capture(#[from] OwnError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HierarchyError> for ReturnError {
    fn from(error: HierarchyError) -> ReturnError {
        match error {
            HierarchyError::Store(error) => ReturnError::Store(error),
            other => ReturnError::Hierarchy(other),
        }
    }
}

/// Reads our own GLN from the settings.
pub fn own_gln(text: &str) -> Result<Gln, ReturnError> {
    Gln::parse(text.trim()).map_err(|_| ReturnError::NoOwnGln)
}
