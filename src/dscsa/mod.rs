//! The law's nouns (DSCSA, 21 U.S.C. 360eee): rules and findings.

mod rule;

pub use rule::Finding;
pub use rule::Mender;
pub use rule::Object;
pub use rule::Rule;
pub use rule::Severity;
