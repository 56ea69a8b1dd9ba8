//! The answer to what a partner sent, on four levels: whether it came whole, whether it has the form, whether it keeps the
//! rules, and whether it matches what is known. `schemas/answer.schema.json` describes it.

use serde::Serialize;
use utoipa::ToSchema;

/// What every answer begins with, so that one that is sent to a gateway is known for what it is.
pub const MARK: &str = "{\"type\":\"epcgate.answer\"";

/// An answer, for programs in its members and for people in its words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ArrivalAnswer)]
pub struct AnswerForm {
    /// `epcgate.answer`.
    #[serde(rename = "type")]
    pub form: &'static str,
    /// The version of this form: 1.
    pub version: u32,
    /// The arrival.
    pub arrival: String,
    /// The channel it came by.
    pub channel: String,
    /// What its sender calls it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The name of the file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When it came.
    pub received_at: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// `accepted`; `findings`, where it was captured and something is wrong with it; `refused`, where nothing was captured.
    pub outcome: &'static str,
    /// All of it in a few sentences.
    pub words: String,
    /// The four levels.
    pub levels: Levels,
    /// What was captured.
    pub events: Events,
    /// The capture job, under `/epcis/capture`; not there where it could not be read at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

/// The four levels, each reached where the one before let it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ArrivalAnswerLevels)]
pub struct Levels {
    /// It came whole and is kept.
    pub transport: Level,
    /// It has the form of EPCIS and CBV.
    pub form: Level,
    /// It keeps the rules of the law and of the GS1 US guideline, as one document.
    pub rules: Level,
    /// It matches what came before: commissioning, packing, shipping, orders, advices, licences.
    #[serde(rename = "match")]
    pub matching: Level,
}

/// One level.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = ArrivalAnswerLevel)]
pub struct Level {
    /// `passed`; `findings`, where something should be mended; `failed`; `not-reached`.
    pub state: &'static str,
    /// One sentence.
    pub words: String,
    /// What was found, the first hundred.
    pub findings: Vec<AnswerFinding>,
    /// How many more were found than are listed.
    pub more: u64,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = ArrivalAnswerFinding)]
pub struct AnswerFinding {
    /// The rule.
    pub rule: String,
    /// `error` or `warning` of the form; `hard`, `business`, `warning` or `note` of the others.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// How it is mended.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
    /// Position of the event in the document, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
    /// Line from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column from 1, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What it is about, as sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

/// What was captured.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ArrivalAnswerEvents)]
pub struct Events {
    /// Events in the document.
    pub read: u64,
    /// Those stored.
    pub stored: u64,
    /// Those that were stored before.
    pub stored_before: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_begins_with_its_mark() {
        let level = Level { state: "passed", ..Level::default() };
        let levels =
            Levels { transport: level.clone(), form: level.clone(), rules: level.clone(), matching: level };
        let answer = AnswerForm {
            form: "epcgate.answer",
            version: 1,
            arrival: String::new(),
            channel: String::new(),
            message: String::new(),
            name: String::new(),
            received_at: String::new(),
            bytes: 0,
            sha256: String::new(),
            outcome: "accepted",
            words: String::new(),
            levels,
            events: Events::default(),
            job: None,
        };
        let text = serde_json::to_string(&answer).unwrap();
        assert!(text.starts_with(MARK) && text.contains("\"match\""), "{text}");
    }
}
