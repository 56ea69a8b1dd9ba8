//! No event lies in the future of its document.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::subject;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::SKEW;
use crate::epcis::EventTime;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<eventTime>2099-01-02T08:00:00Z</eventTime>",
    good: "<eventTime>2024-03-05T08:00:00Z</eventTime>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "future-time",
    title: "No event lies in the future of its document",
    severity: Severity::Business,
    clause: "EPCIS 2.0 §7.4.1 (eventTime); GS1 US DSCSA guideline, event times",
    why: "What has not happened cannot be told; from a wrong time the order of events, and with it the owner, is derived wrongly.",
    mender: Mender::Sender,
    fix: "send the event with the time at which it happened; a local time must not be marked with Z",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let time = &scene.event.time;
    let limit = if scene.survey.is_future(time) {
        scene.survey.created.as_ref()
    } else {
        scene.now.filter(|now| time.seconds() > now.seconds() + SKEW)
    };
    let Some(limit) = limit else { return };
    let than = if scene.now == Some(limit) { "now" } else { "the making of the document" };
    let message = format!(
        "the event of {} is later than {than} ({}){}",
        time.as_str(),
        limit.as_str(),
        hint(scene, limit)
    );
    // A clock that is wrong is wrong for every event of one kind; deliveries are told one by one.
    let cause = if scene.step == "shipping" { scene.position.to_string() } else { scene.step.to_owned() };
    notes.add(&cause, subject(scene, scene.finding(&RULE, message)));
}

/// What local time marked as UTC looks like: with the offset applied the event is no longer in the future.
fn hint(scene: &Scene<'_>, limit: &EventTime) -> &'static str {
    let event = scene.event;
    let minutes = i64::from(event.time_zone_offset.minutes());
    let local =
        event.time.as_str().ends_with('Z') && event.time.seconds() - minutes * 60 <= limit.seconds() + SKEW;
    if local && minutes > 0 { "; it looks like local time marked with Z" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::super::samples::time;
    use super::RULE;

    #[test]
    fn names_the_delivery_of_a_shipment_and_nothing_else() {
        let shipped_later = |sample: &mut super::super::samples::Sample| {
            sample.ship().time = time("2099-01-02T08:00:00Z");
        };
        assert_eq!(found(RULE.id, shipped_later), ["urn:epcglobal:cbv:bt:0300011111215:D1"]);
        assert!(found("event-order", shipped_later).is_empty());
        let skewed = |sample: &mut super::super::samples::Sample| {
            sample.ship().time = time("2024-03-06T12:04:59Z");
        };
        assert!(found(RULE.id, skewed).is_empty());
    }
}
