//! Files of records into the database: their syntax, what is wrong with them, and what became of them.

use std::io::Read;
use std::io::Write;

use clap::ValueEnum;
use serde_json::json;

use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::source::Source;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Severity;
use crate::formats::records::Syntax;
use crate::store::Imported;

/// How many findings are shown of one file.
const SHOWN: usize = 20;

/// A syntax on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum From {
    /// CSV with a line of column names.
    Csv,
    /// JSON.
    Json,
    /// X12 856 ship notices.
    X12,
}

impl From {
    /// The syntax that is told, or the one that the file begins in.
    pub(super) fn syntax(told: Option<From>, source: &Source) -> anyhow::Result<Syntax> {
        Ok(match told {
            Some(From::Csv) => Syntax::Csv,
            Some(From::Json) => Syntax::Json,
            Some(From::X12) => Syntax::X12,
            None => {
                let mut head = Vec::new();
                source.input()?.take(64).read_to_end(&mut head)?;
                Syntax::detect(&head)
            }
        })
    }
}

/// Shows what was found in a file, and what became of it: `imported` is `None` where it was refused.
pub(super) fn report(
    source: &Source,
    defects: &Defects,
    imported: Option<Imported>,
    output: Output,
) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let counts = imported.unwrap_or_default();
    match output {
        Output::Text => {
            for defect in defects.kept().iter().take(SHOWN) {
                writeln!(out, "{}:{}", source.name, sentence(defect))?;
            }
            let more = (defects.errors() + defects.warnings()).saturating_sub(SHOWN as u64);
            if more > 0 {
                writeln!(out, "{}: and {more} more", source.name)?;
            }
            match imported {
                Some(Imported { added, changed, unchanged }) => writeln!(
                    out,
                    "{}: {added} added, {changed} changed, {unchanged} were there as they are",
                    source.name
                )?,
                None => writeln!(out, "{}: refused; nothing of it was imported", source.name)?,
            }
        }
        Output::Json => {
            let findings: Vec<_> = defects.kept().iter().map(finding).collect();
            let line = json!({
                "file": source.name, "success": imported.is_some(), "added": counts.added,
                "changed": counts.changed, "unchanged": counts.unchanged, "findings": findings,
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(if imported.is_some() { Outcome::Clean } else { Outcome::Errors })
}

/// A defect without the place it does not have.
fn sentence(defect: &Defect) -> String {
    let text = defect.to_string();
    let place = format!("{}:{}: ", defect.place.line, defect.place.column);
    match text.strip_prefix(&place) {
        Some(rest) if defect.place.line == 0 => format!(" {rest}"),
        Some(rest) if defect.place.column == 0 => format!("{}: {rest}", defect.place.line),
        _ => text,
    }
}

fn finding(defect: &Defect) -> serde_json::Value {
    let severity = if defect.fault.severity == Severity::Error { "error" } else { "warning" };
    json!({
        "rule": defect.fault.rule, "severity": severity, "line": defect.place.line, "column": defect.place.column,
        "path": defect.path, "message": defect.fault.message, "fix": defect.fault.fix,
    })
}
