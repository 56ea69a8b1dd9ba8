//! The law's nouns (DSCSA, 21 U.S.C. 360eee): rules and findings.

mod difference;
pub mod exception;
mod hold;
mod ndc;
mod rule;

pub use difference::Difference;
pub use difference::Goods;
pub use difference::Observation;
pub use exception::CaseItem;
pub use exception::CaseState;
pub use exception::Delivery;
pub use exception::ExceptionCase;
pub use hold::Decision;
pub use hold::Hold;
pub use hold::HoldFault;
pub use hold::HoldKind;
pub use hold::HoldScope;
pub use ndc::Ndc;
pub use ndc::NdcError;
pub use ndc::NdcFault;
pub use ndc::NdcFormat;
pub use rule::Finding;
pub use rule::Mender;
pub use rule::Object;
pub use rule::Rule;
pub use rule::Severity;
