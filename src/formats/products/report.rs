//! ImportReport: what became of a catalogue.

use serde_json::Value;
use serde_json::json;

use crate::formats::products::RowFault;

/// What became of a catalogue, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Products that were not known from this source.
    pub added: u64,
    /// Products of which it now says something else.
    pub changed: u64,
    /// Products of which it says the same as before.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Why, of the first hundred faults.
    pub faults: Vec<RowFault>,
    /// Columns that say nothing to us, fifty at most.
    pub ignored: Vec<String>,
}

impl ImportReport {
    /// The report in JSON, its members called as here.
    pub fn to_json(&self) -> Value {
        let faults = self.faults.iter().map(|fault| {
            let RowFault { line, column, rule, message, fix } = fault;
            json!({ "line": line, "column": column, "rule": rule, "message": message, "fix": fix })
        });
        json!({
            "added": self.added, "changed": self.changed, "unchanged": self.unchanged, "refused": self.refused,
            "faults": faults.collect::<Vec<_>>(), "ignored": self.ignored,
        })
    }
}
