//! Verification of product identifiers: our own are answered here, every other question goes to who answers for it.

mod answering;
mod asking;
mod breaker;
pub mod credential;
mod desk;
mod directory;
mod late;
mod lookup;
mod onward;
pub mod policy;
mod question;
mod requester;
mod responder;
pub mod routing;
mod standing;
mod throttle;
mod unanswered;
mod verifier;

use thiserror::Error;

use crate::store::JournalError;
use crate::store::StoreError;

pub use desk::Asked;
pub use desk::Desk;
pub use desk::Refusal;
pub use desk::Reply;
pub use directory::DirectoryCheck;
pub use directory::DirectoryFinding;
pub use directory::line as directory_line;
pub use late::Late;
pub use question::Question;
pub use question::Verification;
pub use requester::ProviderFault;
pub use responder::Responded;
pub use responder::Responder;
pub use verifier::Means;
pub use verifier::Verifier;

/// Why a verification could not be carried out. That somebody else does not answer is no error: the verdict is then to wait.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be written down.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The gateway is stopping.
    #[error("the gateway is stopping; ask again")]
    Stopping,
}
