//! Reconciling: commissioning, packing, shipping and receiving against each other, serial by serial.

pub mod commissioning;
pub mod custody;
mod docket;
pub mod hierarchy;
mod ledger;
pub mod rules;
mod shipping;
mod trail;

pub use docket::Docket;
pub use ledger::ReconcileError;
pub use ledger::after_capture;
pub use ledger::catch_up;
pub use ledger::check;
pub use ledger::rebuild;
pub mod rulebook;
