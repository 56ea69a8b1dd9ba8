//! One document checked by itself, without bringing it anywhere: its form, and what the guideline asks of it.

use std::collections::BTreeSet;

use crate::dscsa::Finding;
use crate::dscsa::Object;
use crate::dscsa::Severity;
use crate::dscsa::guideline::Options;
use crate::dscsa::guideline::Report;
use crate::dscsa::survey::before_serial;
use crate::epcis::Header;
use crate::epcis::event_id::EventHasher;
use crate::formats;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Input;
use crate::formats::Place;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::formats::Syntax;
use crate::reconcile::Examination;
use crate::reconcile::ReconcileError;

/// What was found in one document.
#[derive(Debug, Default)]
pub struct Checked {
    /// What messages call the document.
    pub name: String,
    /// Its syntax; `None` where nothing of it could be read.
    pub syntax: Option<Syntax>,
    /// Its header; `None` where it could not be read to its end.
    pub header: Option<Header>,
    /// Defects of form kept, in document order.
    pub defects: Vec<Defect>,
    /// Errors and warnings of form counted, those not kept included.
    pub counts: (u64, u64),
    /// What the guideline finds; `None` where only the form was asked for or could be read.
    pub guideline: Option<Report>,
    /// Where each event begins.
    pub places: Places,
    /// Events read, refused ones included.
    pub events: u64,
}

/// The line and column at which each event begins, in eight bytes each.
#[derive(Debug, Default)]
pub struct Places(Vec<(u32, u32)>);

impl Places {
    fn push(&mut self, place: Place) {
        let small = |number: u64| u32::try_from(number).unwrap_or_default();
        self.0.push((small(place.line), small(place.column)));
    }

    /// The place of the event at this position from 0; an unknown one for the document as a whole.
    pub fn of(&self, event: Option<u64>) -> Place {
        let at = event.and_then(|event| usize::try_from(event).ok());
        let place = at.and_then(|at| self.0.get(at)).copied().unwrap_or_default();
        Place { line: u64::from(place.0), column: u64::from(place.1) }
    }
}

impl Checked {
    /// The guideline's findings in document order.
    pub fn findings(&self) -> &[Finding] {
        self.guideline.as_ref().map_or(&[], |report| &report.findings)
    }

    /// How many findings are of this severity.
    pub fn count(&self, severity: Severity) -> u64 {
        self.findings().iter().filter(|finding| finding.severity == severity).count() as u64
    }

    /// True where something of it is refused or held.
    pub fn is_refused(&self) -> bool {
        self.counts.0 > 0 || self.findings().iter().any(|finding| finding.severity.holds())
    }
}

/// Reads a document to its end and gives everything found in it; with `strict` every warning of form is an error. It is judged
/// beyond its form by the options that `judged` gives for its header, as far as that stands before the events.
///
/// Fails where those cannot be had, or where the temporary file of a large document cannot be written.
pub fn check<E: From<ReconcileError>>(
    input: Box<dyn Input>,
    (name, strict): (&str, bool),
    judged: impl FnOnce(&Header) -> Result<Option<Options>, E>,
) -> Result<Checked, E> {
    let mut defects = Defects::new(strict);
    let mut checked = Checked { name: name.to_owned(), ..Checked::default() };
    match Reader::open(input, ReadOptions::default(), &mut defects) {
        Ok(reader) => {
            let options = judged(reader.header())?;
            let examination = options.map(|options| Examination::new(options, reader.header()));
            read(reader, examination, &mut defects, &mut checked)?;
        }
        Err(defect) => {
            defects.add(defect);
        }
    }
    checked.counts = (defects.errors(), defects.warnings());
    checked.defects = defects.take();
    join(&mut checked);
    Ok(checked)
}

fn read(
    mut reader: Reader,
    mut examination: Option<Examination>,
    defects: &mut Defects,
    checked: &mut Checked,
) -> Result<(), ReconcileError> {
    checked.syntax = Some(match &reader {
        Reader::Xml(_) => Syntax::Xml,
        Reader::JsonLd(_) => Syntax::Json,
    });
    let mut hasher = EventHasher::new();
    loop {
        match reader.next_event(defects) {
            Ok(Some(reading)) => {
                checked.events += 1;
                checked.places.push(reading.place);
                match (&mut examination, &reading.event) {
                    (Some(examination), Some(event)) => {
                        examination.event(reading.index, event, &hasher.digest(event));
                    }
                    (Some(examination), None) => examination.refused(),
                    (None, _) => {}
                }
            }
            Ok(None) => break,
            Err(defect) => {
                defects.add(defect);
                return Ok(());
            }
        }
    }
    let header = reader.header().clone();
    checked.guideline = match examination {
        Some(examination) => Some(examination.finish(&header)?.judge_alone()?),
        None => None,
    };
    checked.header = Some(header);
    Ok(())
}

/// Takes out what form and guideline say of the same thing: a malformed identifier is one finding, the guideline's.
fn join(checked: &mut Checked) {
    let objects = checked.findings().iter().flat_map(|finding| &finding.objects);
    let blamed: BTreeSet<String> = objects
        .filter_map(|object| match object {
            Object::Epc(text) | Object::Party(text) => Some(before_serial(text).to_owned()),
            _ => None,
        })
        .collect();
    let before = checked.defects.len();
    checked.defects.retain(|defect| {
        let said_twice = defect.fault.rule == "identifier"
            && defect.fault.severity == formats::Severity::Warning
            && defect.epc.as_deref().is_some_and(|epc| blamed.contains(before_serial(epc)));
        !said_twice
    });
    checked.counts.1 = checked.counts.1.saturating_sub((before - checked.defects.len()) as u64);
}
