//! Losses: what JSON-LD cannot hold, kept up to a number.

use crate::formats::Loss;

/// The losses so far.
#[derive(Default)]
pub(super) struct Losses {
    kept: Vec<Loss>,
    more: u64,
}

impl Losses {
    const KEPT: usize = 1_000;

    /// How many are kept; to this length [`Losses::truncate`] goes back.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Forgets the losses since.
    pub(super) fn truncate(&mut self, length: usize) {
        self.kept.truncate(length);
    }

    /// Adds one; the path is made only where it is kept.
    pub(super) fn add(&mut self, event: Option<u64>, path: impl FnOnce() -> String, what: impl Into<String>) {
        if self.kept.len() < Losses::KEPT {
            self.kept.push(Loss { event, path: path(), what: what.into() });
        } else {
            self.more += 1;
        }
    }

    /// All that were kept, and how many more there were.
    pub(super) fn finish(mut self) -> Vec<Loss> {
        if self.more > 0 {
            let what = format!("{} more of these", self.more);
            self.kept.push(Loss { event: None, path: String::new(), what });
        }
        self.kept
    }
}
