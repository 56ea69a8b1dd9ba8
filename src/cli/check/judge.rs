//! The judges of one document beyond its form: what the guideline asks of it.

use std::collections::BTreeSet;

use chrono::Utc;
use clap::ValueEnum;

use crate::cli::check::Checked;
use crate::dscsa::Object;
use crate::dscsa::RuleOverrides;
use crate::dscsa::guideline::Options;
use crate::dscsa::guideline::Report;
use crate::dscsa::guideline::Scope;
use crate::dscsa::survey::before_serial;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::epcis::event_id::EventHasher;
use crate::formats::Severity;
use crate::reconcile::Examination;
use crate::reconcile::ReconcileError;

/// What a document is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Profile {
    /// By DSCSA and the GS1 US guideline where it shows the US healthcare extension or a US drug, else by its form.
    Auto,
    /// By its form alone: EPCIS and CBV.
    Form,
    /// By DSCSA and the GS1 US guideline.
    Dscsa,
}

/// The judges at work on one document.
pub(super) struct Judge {
    options: Option<Options>,
    examination: Option<Examination>,
    hasher: EventHasher,
}

impl Judge {
    /// Judges of a profile; future events are told by the clock too.
    pub(super) fn new(profile: Profile, overrides: RuleOverrides) -> Judge {
        let scope = match profile {
            Profile::Auto => Some(Scope::UnitedStates),
            Profile::Dscsa => Some(Scope::Every),
            Profile::Form => None,
        };
        let now = Some(EventTime::from_utc(Utc::now()));
        let options = scope.map(|scope| Options { scope, now, overrides, ..Options::default() });
        Judge { options, examination: None, hasher: EventHasher::new() }
    }

    /// Takes the header as far as it stands before the events.
    pub(super) fn begin(&mut self, header: &Header) {
        self.examination = self.options.take().map(|options| Examination::new(options, header));
    }

    /// Takes the event at this position from 0; `None` for one that was refused.
    pub(super) fn event(&mut self, position: u64, event: Option<&Event>) {
        match (&mut self.examination, event) {
            (Some(examination), Some(event)) => {
                examination.event(position, event, &self.hasher.digest(event));
            }
            (Some(examination), None) => examination.refused(),
            (None, _) => {}
        }
    }

    /// What they found; the header is complete by now.
    pub(super) fn finish(self, header: &Header) -> Result<Option<Report>, ReconcileError> {
        let Some(examination) = self.examination else { return Ok(None) };
        examination.finish(header)?.judge_alone().map(Some)
    }
}

/// Takes out what form and guideline say of the same thing: a malformed identifier is one finding, the guideline's.
pub(super) fn join(checked: &mut Checked) {
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
            && defect.fault.severity == Severity::Warning
            && defect.epc.as_deref().is_some_and(|epc| blamed.contains(before_serial(epc)));
        !said_twice
    });
    checked.counts.1 = checked.counts.1.saturating_sub((before - checked.defects.len()) as u64);
}
