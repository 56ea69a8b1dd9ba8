//! Verification of product identifiers: our own are answered here, every other question goes to who answers for it.

pub mod credential;
mod desk;
mod directory;
pub mod policy;
mod question;
mod responder;
pub mod routing;
mod standing;
mod throttle;
mod verifier;

use thiserror::Error;

use crate::store::StoreError;

pub use desk::Asked;
pub use desk::Desk;
pub use desk::Refusal;
pub use desk::Reply;
pub use directory::DirectoryCheck;
pub use directory::DirectoryFinding;
pub use directory::line as directory_line;
pub use question::Question;
pub use question::Verification;
pub use responder::Responded;
pub use responder::Responder;
pub use verifier::Verifier;

/// Why a verification could not be carried out. That somebody else does not answer is no error: the verdict is then to wait.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The gateway is stopping.
    #[error("the gateway is stopping; ask again")]
    Stopping,
}
