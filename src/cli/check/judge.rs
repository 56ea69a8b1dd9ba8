//! The judges of one document beyond its form: what the guideline asks of it.

use std::collections::BTreeSet;

use chrono::Utc;
use clap::ValueEnum;

use crate::cli::check::Checked;
use crate::dscsa::Object;
use crate::dscsa::RuleOverrides;
use crate::dscsa::guideline::Guideline;
use crate::dscsa::guideline::Options;
use crate::dscsa::guideline::Report;
use crate::dscsa::guideline::Scope;
use crate::dscsa::survey::before_serial;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::formats::Severity;

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

/// The judges at work on one document. Rules that need a memory of each item join here.
pub(super) struct Judge {
    options: Option<Options>,
    guideline: Option<Guideline>,
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
        Judge { options, guideline: None }
    }

    /// Takes the header as far as it stands before the events.
    pub(super) fn begin(&mut self, header: &Header) {
        self.guideline = self.options.take().map(|options| Guideline::new(options, header));
    }

    /// Takes the event at this position from 0.
    pub(super) fn event(&mut self, position: u64, event: &Event) {
        if let Some(guideline) = &mut self.guideline {
            guideline.event(position, event);
        }
    }

    /// What they found; the header is complete by now.
    pub(super) fn finish(self, header: &Header) -> Option<Report> {
        self.guideline.map(|guideline| guideline.finish(header))
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
