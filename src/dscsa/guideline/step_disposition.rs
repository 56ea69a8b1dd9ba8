//! Business step and disposition go together.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::disposition;

/// The dispositions that the guideline has for each step, the usual one first.
const DISPOSITIONS: &[(&str, &[&str])] = &[
    ("commissioning", &["active"]),
    ("packing", &["in_progress"]),
    ("unpacking", &["in_progress"]),
    ("shipping", &["in_transit", "returned"]),
    ("receiving", &["in_progress", "returned", "sellable_accessible", "sellable_not_accessible"]),
    ("void_shipping", &["in_progress"]),
    ("decommissioning", &["inactive"]),
    ("destroying", &["destroyed"]),
];

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep><disposition>urn:epcglobal:cbv:disp:in_progress</disposition>",
    good: "<bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep><disposition>urn:epcglobal:cbv:disp:active</disposition>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "step-disposition",
    title: "Business step and disposition go together",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, events; CBV 2.0 §7.2",
    why: "Receivers that check the pair refuse the event, though everybody knows what is meant.",
    mender: Mender::Sender,
    fix: "write the disposition that the guideline has for this step",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let said = disposition(scene.event);
    let Some((step, usual)) = DISPOSITIONS.iter().find(|(step, _)| *step == scene.step) else { return };
    if !said.is_empty() && !usual.contains(&said) {
        let usual = usual.first().copied().unwrap_or_default();
        let message = format!("the disposition at {step} is {said}, where the guideline has {usual}");
        notes.add(&format!("{step} {said}"), scene.finding(&RULE, message));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;
    use crate::epcis::Term;
    use crate::epcis::vocabulary::StandardVocabulary;

    #[test]
    fn another_disposition_is_told() {
        let found = found(RULE.id, |sample| {
            sample.events[0].disposition = Term::listed(StandardVocabulary::Disposition, "in_progress");
        });
        assert_eq!(found, [""]);
    }
}
