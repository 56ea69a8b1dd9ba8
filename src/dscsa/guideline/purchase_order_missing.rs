//! A shipment names its purchase order.

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

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<bizTransactionList><bizTransaction type=\"urn:epcglobal:cbv:btt:desadv\">urn:epcglobal:cbv:bt:0300011111215:D1</bizTransaction></bizTransactionList>",
    good: "<bizTransactionList><bizTransaction type=\"urn:epcglobal:cbv:btt:po\">urn:epcglobal:cbv:bt:0399999999991:P1</bizTransaction>\
           <bizTransaction type=\"urn:epcglobal:cbv:btt:desadv\">urn:epcglobal:cbv:bt:0300011111215:D1</bizTransaction></bizTransactionList>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "purchase-order-missing",
    title: "A shipment to another owner names its purchase order",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, shipping (bizTransactionList)",
    why: "The receiver finds the delivery by its own order number; without it somebody has to match it by hand.",
    mender: Mender::Sender,
    fix: "send the shipping event with the purchase order (urn:epcglobal:cbv:btt:po)",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let Some(advice) = transaction(scene.event, "desadv") else { return };
    if scene.transfer.is_some() && transaction(scene.event, "po").is_none() {
        let finding = scene.finding(&RULE, "the shipping event names no purchase order");
        notes.add(&advice.id, finding.about(Object::BizTransaction(cut(&advice.id).into())));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_delivery() {
        let found = found(RULE.id, |sample| {
            sample.ship().biz_transactions.remove(0);
        });
        assert_eq!(found, ["urn:epcglobal:cbv:bt:0300011111215:D1"]);
    }
}
