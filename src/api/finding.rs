//! Where in a document something is wrong, for people in a sentence and for programs in members.

use serde::Serialize;
use utoipa::ToSchema;

use crate::epcis::CaptureDefect;
use crate::reconcile::rulebook;

/// Where in a document something is wrong: our members beside the standard's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Finding {
    /// The rule broken.
    pub rule: String,
    /// Position of the event in the document, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
    /// Line from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column from 1, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Path from the root.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The identifier concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// How to mend it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
    /// The page that explains the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// One sentence with what is wrong, where, by which rule, and how to mend it.
    pub fn describe(&self, message: &str) -> String {
        let mut text = String::new();
        if let Some(event) = self.event {
            text += &format!("Event {event}: ");
        }
        text += message;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            text += &format!(" (line {line}, column {column}");
            text += &if self.path.is_empty() { ")".to_owned() } else { format!(", at {})", self.path) };
        } else if !self.path.is_empty() {
            text += &format!(" (at {})", self.path);
        }
        text += &format!(" [{}]", self.rule);
        if self.fix.is_empty() { text } else { format!("{text}; {}", self.fix) }
    }

    /// The members that say something, by name.
    pub fn members(&self) -> Vec<(&'static str, String)> {
        let number = |name, value: Option<u64>| value.map(|value| (name, value.to_string()));
        let text = |name, value: &str| (!value.is_empty()).then(|| (name, value.to_owned()));
        [
            text("rule", &self.rule),
            number("event", self.event),
            number("line", self.line),
            number("column", self.column),
            text("path", &self.path),
            text("identifier", self.identifier.as_deref().unwrap_or_default()),
            text("fix", &self.fix),
            text("help", self.help.as_deref().unwrap_or_default()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl From<&CaptureDefect> for Finding {
    fn from(defect: &CaptureDefect) -> Finding {
        let known = |number: u64| (number > 0).then_some(number);
        Finding {
            rule: defect.rule.to_string(),
            event: defect.event.map(|event| event + 1),
            line: known(defect.line),
            column: known(defect.column),
            path: defect.path.to_string(),
            identifier: defect.epc.as_deref().map(str::to_owned),
            fix: defect.fix.to_string(),
            help: rulebook::rule(&defect.rule).map(|entry| entry.page()),
        }
    }
}
