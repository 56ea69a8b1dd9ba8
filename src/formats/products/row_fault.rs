//! RowFault: what is wrong in a row of a catalogue, where, by which rule, and how it is mended.

use std::fmt;

/// One fault in a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// Line from 1.
    pub line: u64,
    /// The column, by its name in the file; empty where it is the row as a whole.
    pub column: String,
    /// The rule, kebab-case.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub fix: &'static str,
}

impl RowFault {
    /// A fault of a row as a whole.
    pub fn of_row(line: u64, rule: &'static str, message: impl Into<String>, fix: &'static str) -> RowFault {
        RowFault { line, column: String::new(), rule, message: message.into(), fix }
    }

    /// The same in this column.
    pub(super) fn in_column(mut self, column: &str) -> RowFault {
        self.column = column.chars().take(60).collect();
        self
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        write!(f, ": {} [{}]; {}", self.message, self.rule, self.fix)
    }
}

impl std::error::Error for RowFault {}
