//! Events stand in the order in which they happened.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Event(check) };

static RULE: Rule = Rule {
    id: "event-order",
    title: "Events stand in the order in which they happened",
    severity: Severity::Note,
    clause: "GS1 US DSCSA guideline, sequence of events",
    why: "Receivers that take one event after another see goods packed before they are commissioned.",
    mender: Mender::Sender,
    fix: "write the events of a document in the order of their times",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let Some(latest) = scene.survey.latest.as_ref().filter(|latest| scene.event.time < **latest) else {
        return;
    };
    let message =
        format!("the event of {} stands behind one of {}", scene.event.time.as_str(), latest.as_str());
    notes.add("", scene.finding(&RULE, message));
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn told_once_for_a_document() {
        assert_eq!(found(RULE.id, |sample| sample.events.reverse()), [""]);
    }
}
