//! One document judged as `epcgate check` judges it.

use std::fs::File;
use std::path::Path;

use epcgate::dscsa::Finding;
use epcgate::dscsa::guideline::Options;
use epcgate::epcis::event_id::EventHasher;
use epcgate::formats::Defect;
use epcgate::formats::Defects;
use epcgate::formats::ReadOptions;
use epcgate::formats::Reader;
use epcgate::reconcile::Examination;

/// What is found in a document.
pub(crate) struct Judged {
    pub(crate) defects: Vec<Defect>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) release: String,
}

/// Judges a document by its form and by every rule of one document; one of no country has no findings.
pub(crate) fn judge(path: &Path) -> Judged {
    let mut defects = Defects::new(false);
    let mut findings = Vec::new();
    let mut release = String::new();
    let input = Box::new(File::open(path).unwrap());
    let read = Reader::open(input, ReadOptions::default(), &mut defects).and_then(|mut reader| {
        let (mut examination, mut hasher) =
            (Examination::new(Options::default(), reader.header()), EventHasher::new());
        while let Some(reading) = reader.next_event(&mut defects)? {
            match &reading.event {
                Some(event) => examination.event(reading.index, event, &hasher.digest(event)),
                None => examination.refused(),
            }
        }
        let report = examination.finish(reader.header()).unwrap().judge_alone().unwrap();
        release = report.release.to_string();
        findings.extend(report.findings);
        Ok(())
    });
    if let Err(defect) = read {
        defects.add(defect);
    }
    Judged { defects: defects.take(), findings, release }
}
