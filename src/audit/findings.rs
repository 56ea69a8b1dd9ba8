//! What is wrong with an export, in words.

use std::fmt;

/// Findings that are told one by one; more are counted.
const MOST_TOLD: usize = 1_000;

/// What kind of wrong it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A checkpoint cannot be read, or there is none.
    Checkpoint,
    /// A checkpoint is not signed with a key that was given.
    Signature,
    /// Two signed checkpoints cannot both be of one log.
    Fork,
    /// A row is not the one that was signed.
    Changed,
    /// A row is not there.
    Missing,
    /// A row stands elsewhere.
    Moved,
    /// A row is there that was not signed.
    Added,
    /// The rows end before a signed checkpoint does.
    Truncated,
    /// A tile is missing or changed.
    Tile,
    /// A file is missing, or does not belong there.
    File,
    /// Something between two checkpoints was changed together with the tiles.
    Between,
}

impl FindingKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            FindingKind::Checkpoint => "checkpoint",
            FindingKind::Signature => "signature",
            FindingKind::Fork => "fork",
            FindingKind::Changed => "changed",
            FindingKind::Missing => "missing",
            FindingKind::Moved => "moved",
            FindingKind::Added => "added",
            FindingKind::Truncated => "truncated",
            FindingKind::Tile => "tile",
            FindingKind::File => "file",
            FindingKind::Between => "between",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of wrong it is.
    pub kind: FindingKind,
    /// The first row that it is about.
    pub row: Option<u64>,
    /// What is wrong, in words.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// Everything that is wrong, as far as it is told.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) told: Vec<Finding>,
    pub(super) more: u64,
}

impl Findings {
    /// Adds one.
    pub(super) fn add(&mut self, kind: FindingKind, row: Option<u64>, message: String) {
        if self.told.len() < MOST_TOLD {
            self.told.push(Finding { kind, row, message });
        } else {
            self.more += 1;
        }
    }
}
