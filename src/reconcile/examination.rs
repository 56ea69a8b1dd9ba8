//! A document examined while it is read: as a whole by what the guideline asks, and item by item.

use std::io;

use crate::dscsa::RuleOverrides;
use crate::dscsa::guideline::Guideline;
use crate::dscsa::guideline::Options;
use crate::dscsa::guideline::Report;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::reconcile::docket::Docket;
use crate::reconcile::ledger;
use crate::reconcile::ledger::ReconcileError;

/// A document being examined.
#[derive(Debug)]
pub struct Examination {
    guideline: Guideline,
    overrides: RuleOverrides,
    docket: Docket,
    failed: Option<io::Error>,
}

/// A document examined to its end.
#[derive(Debug)]
pub struct Examined {
    /// What the guideline finds in the document as a whole.
    pub report: Report,
    pub(super) overrides: RuleOverrides,
    pub(super) docket: Docket,
}

impl Examination {
    /// Begins with the header as far as it stands before the events.
    pub fn new(options: Options, header: &Header) -> Examination {
        let overrides = options.overrides.clone();
        let guideline = Guideline::new(options, header);
        Examination { guideline, overrides, docket: Docket::default(), failed: None }
    }

    /// Takes the event at this position from 0, with its content hash (CBV 2.0 §8.9).
    pub fn event(&mut self, position: u64, event: &Event, hash: &[u8; 32]) {
        self.guideline.event(position, event);
        if self.failed.is_none() {
            self.failed = self.docket.add(position, event, hash).err();
        }
    }

    /// Says that an event was refused, so that nobody can tell what is missing.
    pub fn refused(&mut self) {
        self.docket.refused();
    }

    /// Ends with the header, complete by now.
    ///
    /// Fails where the temporary file of a large document could not be written.
    pub fn finish(mut self, header: &Header) -> Result<Examined, ReconcileError> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        self.docket.made(header);
        self.docket.settle()?;
        let report = self.guideline.finish(header);
        Ok(Examined { report, overrides: self.overrides, docket: self.docket })
    }
}

impl Examined {
    /// Judges the items too, by this document alone; of documents that are not judged nothing is found.
    pub fn judge_alone(mut self) -> Result<Report, ReconcileError> {
        if self.report.concerned.is_none() {
            return Ok(self.report);
        }
        let found = ledger::check(&mut self.docket)?;
        self.report.left_out += found.left_out();
        let told = found.into_findings().into_iter().filter_map(|finding| self.overrides.apply(finding));
        self.report.findings.extend(told);
        self.report.findings.sort_by_key(|finding| finding.event);
        Ok(self.report)
    }
}
