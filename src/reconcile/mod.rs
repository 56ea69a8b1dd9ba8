//! Reconciling: commissioning, packing, shipping and receiving against each other, serial by serial.

pub mod cases;
mod checking;
pub mod commissioning;
pub mod custody;
pub mod deliveries;
mod docket;
mod examination;
pub mod hierarchy;
mod imports;
mod judging;
mod ledger;
mod merging;
pub mod receipt;
pub mod rulebook;
pub mod rules;
mod shipping;
mod trail;

pub use checking::Checked;
pub use checking::Places;
pub use checking::check;
pub use examination::Examination;
pub use examination::Examined;
pub use imports::after_import;
pub use judging::options;
pub use ledger::ReconcileError;
pub use ledger::after_capture;
pub use ledger::catch_up;
pub use ledger::rebuild;
