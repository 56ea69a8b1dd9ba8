//! Profile: what a document is judged by beyond its form.

use chrono::Utc;
use clap::ValueEnum;

use crate::dscsa::RuleOverrides;
use crate::dscsa::guideline::Options;
use crate::dscsa::guideline::Scope;
use crate::epcis::EventTime;

/// What a document is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    /// By DSCSA and the GS1 US guideline where it shows the US healthcare extension or a US drug, else by its form.
    Auto,
    /// By its form alone: EPCIS and CBV.
    Form,
    /// By DSCSA and the GS1 US guideline.
    Dscsa,
}

impl Profile {
    /// How a document is judged by it, future events by the clock too; `None` for its form alone.
    pub(super) fn options(self, overrides: RuleOverrides) -> Option<Options> {
        let scope = match self {
            Profile::Auto => Scope::UnitedStates,
            Profile::Dscsa => Scope::Every,
            Profile::Form => return None,
        };
        let now = Some(EventTime::from_utc(Utc::now()));
        Some(Options { scope, now, overrides, ..Options::default() })
    }
}
