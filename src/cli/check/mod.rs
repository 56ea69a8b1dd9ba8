//! `epcgate check`: the form of documents and what the US guideline asks of them, each finding in its place.

mod json;
mod judge;
mod text;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::Outcome;
use crate::cli::check::judge::Judge;
use crate::cli::rules;
use crate::cli::sarif;
use crate::cli::source::Source;
use crate::dscsa::Finding;
use crate::dscsa::Severity;
use crate::dscsa::guideline::Report as GuidelineReport;
use crate::epcis::Header;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Input;
use crate::formats::Place;
use crate::formats::ReadOptions;
use crate::formats::Reader;

pub(super) use judge::Profile;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Documents; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What to judge a document by
    #[arg(long, value_enum, default_value = "auto")]
    profile: Profile,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Report,
    /// Count what is tolerated from lenient senders as errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    rules: rules::Choice,
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
    /// Defects of form kept, in document order.
    pub(super) defects: Vec<Defect>,
    /// Errors and warnings of form counted, those not kept included.
    pub(super) counts: (u64, u64),
    /// What the guideline finds; `None` where only the form was asked for or could be read.
    pub(super) guideline: Option<GuidelineReport>,
    /// Where each event begins.
    pub(super) places: Places,
    /// Events read, refused ones included.
    events: u64,
}

/// The line and column at which each event begins, in eight bytes each.
#[derive(Default)]
pub(super) struct Places(Vec<(u32, u32)>);

impl Places {
    fn push(&mut self, place: Place) {
        let small = |number: u64| u32::try_from(number).unwrap_or_default();
        self.0.push((small(place.line), small(place.column)));
    }

    /// The place of the event at this position from 0; an unknown one for the document as a whole.
    pub(super) fn of(&self, event: Option<u64>) -> Place {
        let at = event.and_then(|event| usize::try_from(event).ok());
        let place = at.and_then(|at| self.0.get(at)).copied().unwrap_or_default();
        Place { line: u64::from(place.0), column: u64::from(place.1) }
    }
}

impl Checked {
    /// The guideline's findings in document order.
    pub(super) fn findings(&self) -> &[Finding] {
        self.guideline.as_ref().map_or(&[], |report| &report.findings)
    }

    /// How many findings are of this severity.
    fn count(&self, severity: Severity) -> u64 {
        self.findings().iter().filter(|finding| finding.severity == severity).count() as u64
    }

    /// True where something of it is refused or held.
    fn is_refused(&self) -> bool {
        self.counts.0 > 0 || self.findings().iter().any(|finding| finding.severity.holds())
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let overrides = arguments.rules.load()?;
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
        let judge = Judge::new(arguments.profile, overrides.clone());
        let checked = check(&source, arguments.strict, judge)?;
        if checked.is_refused() {
            outcome = outcome.max(Outcome::Errors);
        }
        match arguments.output {
            Report::Text => text::print(&source, &checked)?,
            Report::Json => json::print(&checked)?,
            Report::Sarif => all.push(checked),
        }
    }
    if arguments.output == Report::Sarif {
        println!("{:#}", sarif::log(&all));
    }
    Ok(outcome)
}

/// Reads a document to its end and gives everything found in it.
fn check(source: &Source, strict: bool, mut judge: Judge) -> anyhow::Result<Checked> {
    let mut defects = Defects::new(strict);
    let mut checked = Checked {
        name: source.name.clone(),
        defects: Vec::new(),
        counts: (0, 0),
        guideline: None,
        places: Places::default(),
        events: 0,
    };
    match read(source.input_with_progress("checking")?, &mut defects, &mut checked, &mut judge) {
        Ok(header) => checked.guideline = judge.finish(&header)?,
        Err(defect) => {
            defects.add(defect);
        }
    }
    checked.counts = (defects.errors(), defects.warnings());
    checked.defects = defects.take();
    judge::join(&mut checked);
    Ok(checked)
}

/// Reads a document to its end and gives its header.
fn read(
    input: Box<dyn Input>,
    defects: &mut Defects,
    checked: &mut Checked,
    judge: &mut Judge,
) -> Result<Header, Defect> {
    let mut reader = Reader::open(input, ReadOptions::default(), defects)?;
    judge.begin(reader.header());
    while let Some(reading) = reader.next_event(defects)? {
        checked.events += 1;
        checked.places.push(reading.place);
        judge.event(reading.index, reading.event.as_ref());
    }
    Ok(reader.header().clone())
}
