//! What every part of the writer needs: the output, the prefixes in scope, and how to write.

use std::sync::Arc;

use crate::formats::CARRIER_NAMESPACE;
use crate::formats::WriteOptions;
use crate::formats::xml::Version;
use crate::formats::xml::writer::output::Output;
use crate::formats::xml::writer::output::OutputMark;
use crate::formats::xml::writer::scope::Scope;
use crate::formats::xml::writer::scope::ScopeMark;

/// Writes the parts of one document.
#[derive(Debug)]
pub(in crate::formats::xml) struct Pen {
    pub(super) output: Output,
    pub(super) scope: Scope,
    pub(super) options: WriteOptions,
    pub(super) version: Version,
    /// Our own namespace, for what the version has no place for.
    pub(super) carrier: Arc<str>,
    /// In a document that is one bare event: the declarations its own start tag makes.
    pub(super) bare: Option<Vec<u8>>,
}

/// A state to go back to where an event cannot be written.
#[derive(Debug)]
pub(super) struct Mark {
    output: OutputMark,
    scope: ScopeMark,
}

impl Pen {
    pub(super) fn new(version: Version, options: WriteOptions) -> Pen {
        Pen {
            output: Output::new(options.pretty),
            scope: Scope::new(),
            options,
            version,
            carrier: CARRIER_NAMESPACE.into(),
            bare: None,
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { output: self.output.mark(), scope: self.scope.mark() }
    }

    pub(super) fn go_back(&mut self, mark: &Mark) {
        self.output.go_back(&mark.output);
        self.scope.go_back(mark.scope);
        self.bare = None;
    }

    /// Writes `<name>`.
    pub(in crate::formats::xml) fn open(&mut self, name: &str) {
        self.output.open(name);
    }

    /// Writes `</name>`.
    pub(in crate::formats::xml) fn close(&mut self, name: &str) {
        self.output.close(name);
    }

    /// Writes `<name/>`.
    pub(in crate::formats::xml) fn empty(&mut self, name: &str) {
        self.output.empty(name);
    }

    /// Writes `<name>text</name>`.
    pub(in crate::formats::xml) fn leaf(&mut self, name: &str, text: &str) {
        self.output.leaf(name, text);
    }

    /// Notes something that this version cannot hold.
    pub(in crate::formats::xml) fn lose(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.output.lose(path, what);
    }
}
