//! A shipment names where it comes from and where it goes.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::Release;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<destinationList><destination type=\"urn:epcglobal:cbv:sdt:owning_party\">urn:epc:id:sgln:039999.999999.0</destination></destinationList>",
    good: "<destinationList><destination type=\"urn:epcglobal:cbv:sdt:owning_party\">urn:epc:id:sgln:039999.999999.0</destination>\
           <destination type=\"urn:epcglobal:cbv:sdt:location\">urn:epc:id:sgln:039999.345678.0</destination></destinationList>",
    judge: Judge::Document(check),
};

static RULE: Rule = Rule {
    id: "place-missing",
    title: "A shipment names its ship-from and ship-to location",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline R1.3, shipping",
    why: "The receiver cannot tell at which of its sites the goods are to arrive.",
    mender: Mender::Sender,
    fix: "send the shipping event with a location in its source list and in its destination list",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    let Some(event) = whole.survey.without_place else { return };
    if whole.release == Release::R13 {
        let message = "a shipping event names no ship-from or no ship-to location, which R1.3 asks for";
        notes.add("", Finding::new(&RULE, message).in_event(event));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn r1_3_asks_for_both() {
        let strip = |sample: &mut super::super::samples::Sample| sample.ship().destinations.truncate(1);
        assert_eq!(found(RULE.id, strip), [""]);
        let r12 = |sample: &mut super::super::samples::Sample| {
            sample.ship().destinations.truncate(1);
            sample.make_r12();
        };
        assert!(found(RULE.id, r12).is_empty());
    }
}
