//! The audit trail: who did what, when, why, and what changed by it (21 CFR 11.10(e)).

use std::fmt::Display;

use chrono::DateTime;
use chrono::Utc;

/// One act, as it is written down; nothing written is ever changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Why, in the words of who did it; empty where nobody said.
    pub why: String,
    /// What was changed, as it stood before: a JSON object; empty where there was nothing.
    pub before: String,
    /// What was changed, as it stands after: a JSON object; empty where there is nothing any more.
    pub after: String,
    /// All else, as a JSON object; empty where there is nothing else.
    pub detail: String,
}

impl AuditEntry {
    /// An act that was done.
    pub fn done(at: DateTime<Utc>, actor: &str, act: &str, object: &str) -> AuditEntry {
        AuditEntry {
            at,
            actor: actor.to_owned(),
            act: act.to_owned(),
            object: object.to_owned(),
            outcome: "done".to_owned(),
            ..AuditEntry::default()
        }
    }

    /// The same with its reason.
    pub fn because(mut self, why: &str) -> AuditEntry {
        self.why = why.to_owned();
        self
    }

    /// The same with how it stood before, as JSON.
    pub fn before(mut self, before: impl Display) -> AuditEntry {
        self.before = before.to_string();
        self
    }

    /// The same with how it stands after, as JSON.
    pub fn after(mut self, after: impl Display) -> AuditEntry {
        self.after = after.to_string();
        self
    }

    /// The same with all else, as JSON.
    pub fn with(mut self, detail: impl Display) -> AuditEntry {
        self.detail = detail.to_string();
        self
    }
}

/// An act that was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place in the trail, from 0: acts are numbered without a gap, in the order in which they were committed.
    pub number: u64,
    /// The act.
    pub entry: AuditEntry,
}
