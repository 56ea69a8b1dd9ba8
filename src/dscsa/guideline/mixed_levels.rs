//! A commissioning event has one packaging level.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::family;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Event(check) };

static RULE: Rule = Rule {
    id: "mixed-levels",
    title: "A commissioning event has one packaging level",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, commissioning",
    why: "Receivers count the units of an event by its GTIN, and count wrong where units and cases stand together.",
    mender: Mender::Sender,
    fix: "send one commissioning event for each packaging level",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let content = scene.content;
    let [first, others @ ..] = content.classes.as_slice() else { return };
    if !scene.commissions() {
        return;
    }
    let mixed =
        |other: &&super::Class<'_>| other.gtin != first.gtin && family(&other.gtin) == family(&first.gtin);
    if let Some(other) = others.iter().find(mixed) {
        let message =
            format!("units and cases are commissioned in one event: GTINs {} and {}", first.gtin, other.gtin);
        let item = |gtin: &crate::gs1::Gtin| Object::TradeItem(gtin.as_str().into());
        let finding = scene.finding(&RULE, message).about(item(&first.gtin)).about(item(&other.gtin));
        notes.add(family(&first.gtin), finding);
    } else if let Some(unit) = content.logistic {
        let message = format!("{unit} is commissioned in one event with items of GTIN {}", first.gtin);
        notes.add("logistic", scene.finding(&RULE, message).about(super::epc(unit)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn unit_with_case_is_told() {
        let found = found(RULE.id, |sample| sample.add_epc(0, "urn:epc:id:sgtin:030001.1012345.10"));
        assert_eq!(found, ["GTIN 00300010123455 GTIN 10300010123452"]);
    }

    #[test]
    fn unit_with_pallet_is_told() {
        let found = found(RULE.id, |sample| sample.add_epc(0, "urn:epc:id:sscc:030001.41234567890"));
        assert_eq!(found, ["urn:epc:id:sscc:030001.41234567890"]);
    }
}
