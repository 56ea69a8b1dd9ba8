//! What a trial of a channel found, step by step.

/// The steps of a trial, in their order; it ends at the first that leaves nothing to try.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// What was done, and why it failed where it did.
    pub steps: Vec<(String, Result<(), String>)>,
}

impl Probe {
    /// Adds a step.
    pub(super) fn note(&mut self, what: &str, outcome: Result<(), String>) {
        self.steps.push((what.to_owned(), outcome));
    }

    /// True where no step failed.
    pub fn is_sound(&self) -> bool {
        self.steps.iter().all(|(_, outcome)| outcome.is_ok())
    }
}
