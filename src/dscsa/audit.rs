//! The audit trail: who did what, when, and what came of it (21 CFR 11.10(e)).

use chrono::DateTime;
use chrono::Utc;

/// One act, as it is written down; nothing written is ever changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `operator`, `key:` and the name of an API key, or `person:` and a sign-in name.
    pub actor: String,
    /// What was done, as words with dots between them, such as `verification.answered`.
    pub act: String,
    /// What it was done to: an identifier; empty where there is none.
    pub object: String,
    /// What came of it, in one word such as `done` or `refused`.
    pub outcome: String,
    /// All else, as a JSON object; empty where there is nothing else.
    pub detail: String,
}

/// An act that was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Where it stands in the trail: a later place sorts behind an earlier one of the same moment.
    pub id: String,
    /// The act.
    pub entry: AuditEntry,
}
