//! The audit trail in JSON.

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::dscsa::AuditRecord;

/// An act as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditForm {
    /// Its place in the trail, from 0.
    pub number: u64,
    /// When, in UTC.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What was done, such as `verification.answered`.
    pub act: String,
    /// What it was done to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// What came of it.
    pub outcome: String,
    /// Why, in the words of who did it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What was changed, as it stood before.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    pub before: Value,
    /// What was changed, as it stands after.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    pub after: Value,
    /// All else.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    pub detail: Value,
}

impl From<&AuditRecord> for AuditForm {
    fn from(record: &AuditRecord) -> AuditForm {
        let entry = &record.entry;
        AuditForm {
            number: record.number,
            at: entry.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            actor: entry.actor.clone(),
            act: entry.act.clone(),
            object: entry.object.clone(),
            outcome: entry.outcome.clone(),
            why: entry.why.clone(),
            before: value(&entry.before),
            after: value(&entry.after),
            detail: value(&entry.detail),
        }
    }
}

fn value(text: &str) -> Value {
    match text {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use crate::dscsa::AuditEntry;

    use super::*;

    fn check(detail: &str, expected: &str) {
        let at = DateTime::from_timestamp_micros(1_772_000_000_000_001).unwrap();
        let entry = AuditEntry::done(at, "operator", "keys.added", "").with(detail);
        let shown = serde_json::to_string(&AuditForm::from(&AuditRecord { number: 1, entry }));
        assert_eq!(shown.unwrap(), expected);
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let bare = r#"{"number":1,"at":"2026-02-25T06:13:20.000001Z","actor":"operator","act":"keys.added","outcome":"done"}"#;
        check("", bare);
        let more = |detail: &str| bare.replace("\"done\"", &format!("\"done\",\"detail\":{detail}"));
        check(r#"{"b":1,"a":2.50}"#, &more(r#"{"b":1,"a":2.50}"#));
        check("{broken", &more("\"{broken\""));
    }
}
