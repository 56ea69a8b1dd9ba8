//! Defects: what is wrong in a document, where, by which rule, and how to mend it.

use std::fmt;

/// How bad a defect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The document is taken, but somebody should know.
    Warning,
    /// The event or the document is refused.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A place in a document: line and column from 1, the column in bytes; 0 where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line from 1.
    pub line: u64,
    /// Column from 1, in bytes.
    pub column: u64,
}

/// What is wrong with a value, before it is known where the value stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Identifier of the rule, such as `event-time-zone`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// How to mend it, one imperative sentence without a full stop.
    pub fix: String,
}

impl Fault {
    /// A fault for which the event or document is refused.
    pub fn error(rule: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Fault {
        Fault { rule, severity: Severity::Error, message: message.into(), fix: fix.into() }
    }

    /// A fault that is tolerated, unless reading is strict.
    pub fn warning(rule: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Fault {
        Fault { rule, severity: Severity::Warning, message: message.into(), fix: fix.into() }
    }

    /// The defect it is at this place and path.
    pub fn at(self, place: Place, path: impl Into<String>) -> Defect {
        Defect { fault: self, place, path: path.into(), event: None, epc: None }
    }
}

/// A fault with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Defect {
    /// What is wrong.
    pub fault: Fault,
    /// Line and column.
    pub place: Place,
    /// Path of element names (XML) or members (JSON) from the root.
    pub path: String,
    /// Position of the event in the document, from 0.
    pub event: Option<u64>,
    /// The identifier concerned, as sent.
    pub epc: Option<Box<str>>,
}

impl Defect {
    /// The same defect in the event at this position from 0.
    pub fn in_event(mut self, event: u64) -> Defect {
        self.event = Some(event);
        self
    }

    /// The same defect about this identifier.
    pub fn about(mut self, epc: &str) -> Defect {
        self.epc = Some(epc.into());
        self
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Defect { fault, place, path, .. } = self;
        write!(
            f,
            "{}:{}: {} [{}] {}",
            place.line,
            place.column,
            fault.severity.as_str(),
            fault.rule,
            fault.message
        )?;
        if !path.is_empty() {
            write!(f, " (at {path})")?;
        }
        if fault.fix.is_empty() { Ok(()) } else { write!(f, "; {}", fault.fix) }
    }
}

impl std::error::Error for Defect {}

/// The defects found so far: the first thousand are kept, all are counted.
#[derive(Debug, Default)]
pub struct Defects {
    kept: Vec<Defect>,
    errors: u64,
    warnings: u64,
    strict: bool,
}

impl Defects {
    /// How many defects are kept.
    pub const KEPT: usize = 1_000;

    /// An empty list; with `strict` every warning counts as an error.
    pub fn new(strict: bool) -> Defects {
        Defects { strict, ..Defects::default() }
    }

    /// Adds a defect. True where it is an error.
    pub fn add(&mut self, mut defect: Defect) -> bool {
        if self.strict {
            defect.fault.severity = Severity::Error;
        }
        let error = defect.fault.severity == Severity::Error;
        if error {
            self.errors += 1
        } else {
            self.warnings += 1
        }
        if self.kept.len() < Defects::KEPT {
            self.kept.push(defect);
        }
        error
    }

    /// The defects kept, in the order found.
    pub fn kept(&self) -> &[Defect] {
        &self.kept
    }

    /// Takes the defects kept so far out of the list; the counts stay.
    pub fn take(&mut self) -> Vec<Defect> {
        std::mem::take(&mut self.kept)
    }

    /// How many errors were found.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// How many warnings were found.
    pub fn warnings(&self) -> u64 {
        self.warnings
    }
}
