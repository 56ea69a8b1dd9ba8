//! A shipment names its despatch advice.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::cut;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::transaction;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Event(check) };

static RULE: Rule = Rule {
    id: "despatch-advice-missing",
    title: "A shipment to another owner names its despatch advice",
    severity: Severity::Note,
    clause: "GS1 US DSCSA guideline, shipping (bizTransactionList)",
    why: "One order may be delivered in parts, and the number of the delivery tells which part this is.",
    mender: Mender::Sender,
    fix: "send the shipping event with the despatch advice (urn:epcglobal:cbv:btt:desadv)",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let Some(order) = transaction(scene.event, "po") else { return };
    if scene.transfer.is_some() && transaction(scene.event, "desadv").is_none() {
        let finding = scene.finding(&RULE, "the shipping event names no despatch advice");
        notes.add(&order.id, finding.about(Object::BizTransaction(cut(&order.id).into())));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_order() {
        let found = found(RULE.id, |sample| {
            sample.ship().biz_transactions.remove(1);
        });
        assert_eq!(found, ["urn:epcglobal:cbv:bt:0399999999991:P1"]);
    }
}
