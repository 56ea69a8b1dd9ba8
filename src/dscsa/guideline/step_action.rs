//! Business step and action go together.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::epcis::Action;
use crate::epcis::EventKind;

/// The type of event and the action that the guideline has for each step.
const ACTIONS: &[(&str, EventKind, Action)] = &[
    ("commissioning", EventKind::Object, Action::Add),
    ("packing", EventKind::Aggregation, Action::Add),
    ("unpacking", EventKind::Aggregation, Action::Delete),
    ("shipping", EventKind::Object, Action::Observe),
    ("receiving", EventKind::Object, Action::Observe),
    ("void_shipping", EventKind::Object, Action::Observe),
    ("decommissioning", EventKind::Object, Action::Delete),
    ("destroying", EventKind::Object, Action::Delete),
];

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>",
    good: "<action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "step-action",
    title: "Business step, action and type of event go together",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, events",
    why: "By the action receivers tell whether goods begin, end or were seen; another one counts them wrong.",
    mender: Mender::Sender,
    fix: "send the event with the type and action that the guideline has for this step",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let what = &scene.event.what;
    let Some((step, kind, action)) = ACTIONS.iter().find(|(step, ..)| *step == scene.step) else { return };
    let Some(said) = what.action().filter(|said| what.kind() != *kind || said != action) else { return };
    let message = format!(
        "{step} is told by {} {}, where the guideline has {} {}",
        what.kind().name(),
        said.as_str(),
        kind.name(),
        action.as_str(),
    );
    notes.add(&message.clone(), scene.finding(&RULE, message));
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;
    use crate::epcis::Action;
    use crate::epcis::What;

    #[test]
    fn another_action_is_told() {
        let found = found(RULE.id, |sample| {
            let What::Object { action, .. } = &mut sample.ship().what else { return };
            *action = Action::Add;
        });
        assert_eq!(found, [""]);
    }
}
