//! An event as a repository keeps it.

use crate::epcis::Event;
use crate::epcis::EventTime;

/// An event with what the repository knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// The repository's own number of it.
    pub id: i64,
    /// The event; its `recordTime` is the repository's.
    pub event: Event,
    /// When it became visible, to the microsecond (EPCIS 2.0 §7.4.1, `recordTime`).
    pub record_time: EventTime,
    /// The number of the document it came with first.
    pub document: i64,
    /// SHA-256 of its canonical content (CBV 2.0, event hash ID).
    pub hash: [u8; 32],
}
