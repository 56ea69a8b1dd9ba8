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
    /// Its name.
    pub id: String,
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
    /// All else.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    pub detail: Value,
}

impl From<&AuditRecord> for AuditForm {
    fn from(record: &AuditRecord) -> AuditForm {
        let entry = &record.entry;
        let detail = match entry.detail.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        };
        AuditForm {
            id: record.id.clone(),
            at: entry.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            actor: entry.actor.clone(),
            act: entry.act.clone(),
            object: entry.object.clone(),
            outcome: entry.outcome.clone(),
            detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use crate::dscsa::AuditEntry;

    use super::*;

    fn check(detail: &str, expected: &str) {
        let entry = AuditEntry {
            at: DateTime::from_timestamp_micros(1_772_000_000_000_001).unwrap(),
            actor: "operator".to_owned(),
            act: "keys.added".to_owned(),
            object: String::new(),
            outcome: "done".to_owned(),
            detail: detail.to_owned(),
        };
        let shown = serde_json::to_string(&AuditForm::from(&AuditRecord { id: "1".to_owned(), entry }));
        assert_eq!(shown.unwrap(), expected);
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let bare = r#"{"id":"1","at":"2026-02-25T06:13:20.000001Z","actor":"operator","act":"keys.added","outcome":"done"}"#;
        check("", bare);
        let more = |detail: &str| bare.replace("\"done\"", &format!("\"done\",\"detail\":{detail}"));
        check(r#"{"b":1,"a":2.50}"#, &more(r#"{"b":1,"a":2.50}"#));
        check("{broken", &more("\"{broken\""));
    }
}
