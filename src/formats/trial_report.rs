//! The report on a partner's test file, in JSON, as it is shown and kept.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// A test file with what is wrong in it, what would happen to it on arrival, and what to mend first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct TrialReport {
    /// Name of the report.
    pub id: String,
    /// When the file was tried, RFC 3339.
    pub at: String,
    /// What its sender calls the file.
    pub name: String,
    /// Its bytes, uncompressed.
    pub bytes: u64,
    /// SHA-256 of them.
    pub sha256: String,
    /// Its form in words, such as `EPCIS 1.2 XML`.
    pub form: String,
    /// The release of the GS1 US guideline that it follows; empty where it was not judged by it.
    pub release: String,
    /// The sender that it names.
    pub sender: String,
    /// The receiver that it names.
    pub receiver: String,
    /// Its events.
    pub events: u64,
    /// `A` to `D`, or `F`.
    pub grade: String,
    /// True where it could be sent as it is.
    pub ready: bool,
    /// The grade in words.
    pub verdict: String,
    /// How many findings there are of each severity, those not listed included.
    pub counts: TrialCounts,
    /// What would happen to it on arrival, a sentence each.
    pub arrival: Vec<String>,
    /// What to mend first: the rules broken, the gravest in front.
    pub mend: Vec<TrialMend>,
    /// What is wrong, the gravest in front, then in the order of the file.
    pub findings: Vec<TrialFinding>,
    /// How many findings are not listed.
    pub left_out: u64,
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TrialCounts {
    /// Errors of form: the file is refused.
    pub error: u64,
    /// What the law asks: goods are held.
    pub hard: u64,
    /// Business rules: goods are held until it is explained.
    pub business: u64,
    /// Taken as it is, to be mended.
    pub warning: u64,
    /// Worth knowing.
    pub note: u64,
}

/// A rule that is broken, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TrialMend {
    /// The rule.
    pub rule: String,
    /// `error`, `hard`, `business`, `warning` or `note`.
    pub severity: String,
    /// What it asks.
    pub title: String,
    /// How it is mended.
    pub fix: String,
    /// Why it matters; may be empty.
    pub why: String,
    /// How often it is broken, as far as findings are kept.
    pub times: u64,
    /// Line of the first place; 0 where that is the file as a whole.
    pub line: u64,
    /// The page that explains it; empty where there is none.
    pub page: String,
}

/// One finding in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TrialFinding {
    /// `error`, `hard`, `business`, `warning` or `note`.
    pub severity: String,
    /// The rule.
    pub rule: String,
    /// Line from 1; 0 where it is about the file as a whole.
    pub line: u64,
    /// Column from 1, in bytes; 0 where it is not known.
    pub column: u64,
    /// Path of elements or members, or the event.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub fix: String,
}

impl TrialFinding {
    /// Where it is, in words: `line 7, column 3`, or `the whole file`.
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (0, _) => "the whole file".to_owned(),
            (line, 0) => format!("line {line}"),
            (line, column) => format!("line {line}, column {column}"),
        }
    }
}
