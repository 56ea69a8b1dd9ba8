//! The capture job: what became of one document sent for capture (EPCIS 2.0 §12, `GET /capture/{captureID}`).

use chrono::DateTime;
use chrono::Utc;

/// What becomes of the sound events of a document that has faulty ones (`GS1-Capture-Error-Behaviour`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CaptureErrorBehaviour {
    /// None is captured.
    #[default]
    Rollback,
    /// They are captured.
    Proceed,
}

impl CaptureErrorBehaviour {
    /// The standard's word, `rollback` or `proceed`.
    pub fn as_str(self) -> &'static str {
        match self {
            CaptureErrorBehaviour::Rollback => "rollback",
            CaptureErrorBehaviour::Proceed => "proceed",
        }
    }

    /// Reads the standard's word; `None` for any other.
    pub fn parse(word: &str) -> Option<CaptureErrorBehaviour> {
        match word {
            "rollback" => Some(CaptureErrorBehaviour::Rollback),
            "proceed" => Some(CaptureErrorBehaviour::Proceed),
            _ => None,
        }
    }
}

/// The capture of one document: accepted, running, finished.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureJob {
    /// `captureID`: a UUID of version 7.
    pub id: Box<str>,
    /// The store's number of the document.
    pub document: i64,
    /// `captureErrorBehaviour`.
    pub behaviour: CaptureErrorBehaviour,
    /// `running`: false once finished.
    pub running: bool,
    /// `success`: true while running and where no error was found.
    pub success: bool,
    /// `createdAt`: when the document was accepted.
    pub created_at: DateTime<Utc>,
    /// `finishedAt`.
    pub finished_at: Option<DateTime<Utc>>,
    /// How often a worker has begun it.
    pub attempts: u64,
    /// Events in the document.
    pub events_read: u64,
    /// Events of it now stored.
    pub events_stored: u64,
    /// Events of it that were stored before and are not stored again.
    pub events_linked: u64,
    /// `errors`, and warnings.
    pub defects: Vec<CaptureDefect>,
}

/// What was wrong with a captured document, as kept with the job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaptureDefect {
    /// Identifier of the rule, such as `event-id-conflict`.
    pub rule: Box<str>,
    /// False for a warning.
    pub is_error: bool,
    /// What is wrong.
    pub message: Box<str>,
    /// How to mend it.
    pub fix: Box<str>,
    /// Line from 1; 0 where it is not known.
    pub line: u64,
    /// Column from 1, in bytes; 0 where it is not known.
    pub column: u64,
    /// Path of element names or members from the root.
    pub path: Box<str>,
    /// Position of the event in the document, from 0.
    pub event: Option<u64>,
    /// The identifier concerned, as sent.
    pub epc: Option<Box<str>>,
}
