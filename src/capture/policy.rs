//! How documents are captured and judged.

use crate::capture::Limits;
use crate::dscsa::RuleOverrides;
use crate::reconcile::cases;

/// What the operator has set for documents: what they may cost, how bad breaches of rules are, who is told of them.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// `[limits]`.
    pub limits: Limits,
    /// `[rules]`.
    pub overrides: RuleOverrides,
    /// `[exceptions]`.
    pub cases: cases::Settings,
}
