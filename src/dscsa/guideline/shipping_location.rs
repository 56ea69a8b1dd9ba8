//! A shipping event has no bizLocation.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::subject;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<readPoint><id>urn:epc:id:sgln:030001.111121.0</id></readPoint><bizLocation><id>urn:epc:id:sgln:030001.111121.0</id></bizLocation>",
    good: "<readPoint><id>urn:epc:id:sgln:030001.111121.0</id></readPoint>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "shipping-location",
    title: "A shipping event has no bizLocation",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, shipping; EPCIS 2.0 §7.4.1.2 (bizLocation is where the objects are afterwards)",
    why: "Behind a shipping event the goods are nowhere in particular; with a bizLocation they seem to be still there.",
    mender: Mender::Sender,
    fix: "leave bizLocation out, and say in readPoint where it was shipped from",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    if scene.step == "shipping" && scene.event.biz_location.is_some() {
        notes.add("", subject(scene, scene.finding(&RULE, "the shipping event has a bizLocation")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_delivery() {
        let found = found(RULE.id, |sample| sample.ship().biz_location = sample.events[5].read_point.clone());
        assert_eq!(found, ["urn:epcglobal:cbv:bt:0300011111215:D1"]);
    }
}
