//! Verification of product identifiers: what is asked, what is answered, and what that means for the package in hand (GS1
//! Lightweight Messaging Standard 1.1; GS1 US guideline for DSCSA, 1.1 and 1.3).

mod correlation;
mod credential;
mod directory;
mod record;
mod request;
mod response;
mod verdict;

pub use correlation::CorrelationId;
pub use credential::CredentialFault;
pub use credential::CredentialOutcome;
pub use directory::DirectoryContact;
pub use directory::DirectoryRecord;
pub use directory::DirectoryScope;
pub use directory::NoRoute;
pub use directory::PREFIX_DIGITS;
pub use directory::choose;
pub use record::Direction;
pub use record::VerificationRecord;
pub use record::record_id;
pub use request::RequesterStatement;
pub use request::VerificationRequest;
pub use response::AdditionalInfo;
pub use response::Answer;
pub use response::FailureReason;
pub use response::VerificationResponse;
pub use verdict::Basis;
pub use verdict::Judgement;
pub use verdict::Verdict;
pub use verdict::VerdictFacts;
pub use verdict::judge;
