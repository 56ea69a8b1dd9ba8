//! Bringing partners on: invitations, test files judged as they would be on arrival, going live, and scorecards.

mod arrival;
mod card;
mod inviting;
mod score;
mod text;
mod trial;

use serde::Deserialize;
use thiserror::Error;

use crate::reconcile::ReconcileError;
use crate::store::PartnerConflict;
use crate::store::StoreError;

pub use card::Card;
pub use card::card;
pub use inviting::Invited;
pub use inviting::Inviting;
pub use inviting::find;
pub use inviting::go_live;
pub use inviting::invite;
pub use inviting::pause;
pub use inviting::shown;
pub use score::score;
pub use text::report as report_text;
pub use text::score as score_text;
pub use trial::Bench;
pub use trial::TestFile;

/// How partners are brought on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Days that an invitation is good for.
    pub invitation_days: u32,
    /// Test files that may be tried with one.
    pub invitation_uploads: u64,
    /// Bytes, uncompressed, that may be tried with one.
    pub invitation_bytes: u64,
    /// Bytes, uncompressed, of one test file.
    pub test_bytes: u64,
    /// Test files that are judged at one time.
    pub tests_at_once: usize,
    /// The address that partners reach us at, such as `https://gateway.example`; empty for the one we listen on.
    pub address: String,
    /// Weeks that a scorecard looks back.
    pub score_weeks: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            invitation_days: 30,
            invitation_uploads: 100,
            invitation_bytes: 512 << 20,
            test_bytes: 64 << 20,
            tests_at_once: 2,
            address: String::new(),
            score_weeks: 12,
        }
    }
}

/// Why something was not done for a partner.
#[derive(Debug, Error)]
pub enum OnboardError {
    /// There is no such partner.
    #[error("there is no partner {0}; list partners with `epcgate partners list`")]
    NoPartner(String),
    /// What was asked for cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The partner's GLN belongs to another.
    #[error(transparent)]
    Conflict(#[from] PartnerConflict),
    /// A test file cannot be judged.
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
