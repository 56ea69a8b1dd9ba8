//! What a document may cost before it is refused.

use std::time::Duration;

use serde::Deserialize;

/// Limits on what is captured. A value of 0 means that there is no limit, where its sentence says so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one document, uncompressed.
    pub document_bytes: u64,
    /// Events of one document; 0 for no limit.
    pub events_per_document: u64,
    /// Bytes of an event captured alone, which is held in memory.
    pub event_bytes: u64,
    /// Seconds that a body may take altogether.
    pub body_seconds: u64,
    /// Bytes a second that a body must bring, over each ten seconds of waiting for it.
    pub least_bytes_per_second: u64,
    /// How many documents are received at one time; others wait for their turn.
    pub documents_at_once: usize,
    /// How many times larger than sent a compressed document may become.
    pub expansion: u64,
}

impl Limits {
    /// How long a body may take altogether.
    pub fn body_time(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    /// The most events of one document; `None` for no limit.
    pub fn events(&self) -> Option<u64> {
        (self.events_per_document > 0).then_some(self.events_per_document)
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            document_bytes: 4 << 30,
            events_per_document: 0,
            event_bytes: 8 << 20,
            body_seconds: 3_600,
            least_bytes_per_second: 1_024,
            documents_at_once: 16,
            expansion: 100,
        }
    }
}
