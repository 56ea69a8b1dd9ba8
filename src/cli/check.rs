//! `epcgate check`: the form of documents, each finding in its place.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::cli::Outcome;
use crate::cli::excerpt::excerpts;
use crate::cli::sarif;
use crate::cli::source::Source;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Place;
use crate::formats::ReadOptions;
use crate::formats::Reader;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Documents; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Report,
    /// Count what is tolerated from lenient senders as errors
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Report {
    /// For people, with the source line of each finding.
    Text,
    /// JSON, one object a file.
    Json,
    /// SARIF 2.1.0, one log for all files.
    Sarif,
}

/// What was found in one file.
pub(super) struct Checked {
    /// What messages call the file.
    pub(super) name: String,
    /// Defects kept, in document order.
    pub(super) defects: Vec<Defect>,
    /// Errors and warnings counted, those not kept included.
    pub(super) counts: (u64, u64),
    /// Events read, refused ones included.
    events: u64,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    let mut all = Vec::new();
    for path in &arguments.files {
        let source = match Source::open(path) {
            Ok(source) => source,
            Err(error) => {
                eprintln!("epcgate: {error:#}");
                outcome = Outcome::Unreadable;
                continue;
            }
        };
        let checked = check(&source, arguments.strict)?;
        if checked.counts.0 > 0 {
            outcome = outcome.max(Outcome::Errors);
        }
        match arguments.output {
            Report::Text => print_text(&source, &checked)?,
            Report::Json => print_json(&checked)?,
            Report::Sarif => all.push(checked),
        }
    }
    if arguments.output == Report::Sarif {
        println!("{:#}", sarif::log(&all));
    }
    Ok(outcome)
}

/// Reads a document to its end and gives everything found in it.
fn check(source: &Source, strict: bool) -> anyhow::Result<Checked> {
    let mut defects = Defects::new(strict);
    let mut events = 0;
    if let Err(defect) = read(source.input_with_progress("checking")?, &mut defects, &mut events) {
        defects.add(defect);
    }
    let counts = (defects.errors(), defects.warnings());
    Ok(Checked { name: source.name.clone(), defects: defects.take(), counts, events })
}

fn read(
    input: Box<dyn crate::formats::Input>,
    defects: &mut Defects,
    events: &mut u64,
) -> Result<(), Defect> {
    let mut reader = Reader::open(input, ReadOptions::default(), defects)?;
    while reader.next_event(defects)?.is_some() {
        *events += 1;
    }
    Ok(())
}

fn print_text(source: &Source, checked: &Checked) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let places: Vec<Place> = checked.defects.iter().map(|defect| defect.place).collect();
    let lines = excerpts(source.input()?.as_mut(), &places)?;
    for (defect, line) in checked.defects.iter().zip(lines) {
        let Place { line: number, column } = defect.place;
        let fault = &defect.fault;
        writeln!(out, "{}[{}]: {}", fault.severity.as_str(), fault.rule, fault.message)?;
        let margin = number.to_string().len();
        writeln!(out, "{:margin$}--> {}:{number}:{column}", "", checked.name)?;
        if let Some(excerpt) = line {
            writeln!(out, "{:margin$} |", "")?;
            writeln!(out, "{number} | {}", excerpt.text)?;
            writeln!(out, "{:margin$} | {:before$}^", "", "", before = excerpt.before)?;
        }
        if !defect.path.is_empty() {
            writeln!(out, "{:margin$} = at: {}", "", defect.path)?;
        }
        if !fault.fix.is_empty() {
            writeln!(out, "{:margin$} = help: {}", "", fault.fix)?;
        }
        writeln!(out)?;
    }
    let (errors, warnings) = checked.counts;
    let shown = checked.defects.len() as u64;
    if shown < errors + warnings {
        writeln!(out, "… and {} more", errors + warnings - shown)?;
    }
    let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let verdict = if errors > 0 { "refused" } else { "accepted" };
    writeln!(
        out,
        "{}: {verdict}, {}, {}, {}",
        checked.name,
        plural(checked.events, "event"),
        plural(errors, "error"),
        plural(warnings, "warning")
    )?;
    Ok(())
}

#[derive(Serialize)]
struct FileFindings<'a> {
    file: &'a str,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    severity: &'a str,
    line: u64,
    column: u64,
    path: &'a str,
    event: Option<u64>,
    epc: Option<&'a str>,
    message: &'a str,
    fix: &'a str,
}

fn print_json(checked: &Checked) -> anyhow::Result<()> {
    let findings = checked.defects.iter().map(finding).collect();
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &FileFindings { file: &checked.name, findings })?;
    writeln!(out)?;
    Ok(())
}

fn finding(defect: &Defect) -> Finding<'_> {
    Finding {
        rule: defect.fault.rule,
        severity: defect.fault.severity.as_str(),
        line: defect.place.line,
        column: defect.place.column,
        path: &defect.path,
        event: defect.event,
        epc: defect.epc.as_deref(),
        message: &defect.fault.message,
        fix: &defect.fault.fix,
    }
}
