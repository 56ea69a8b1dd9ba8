//! A shipment names its order or its delivery.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::epc;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::transaction;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Event(check) };

static RULE: Rule = Rule {
    id: "order-missing",
    title: "A shipment to another owner names its order or its delivery",
    severity: Severity::Hard,
    clause: "GS1 US DSCSA guideline, shipping (bizTransactionList)",
    why: "Nobody asked for these goods as far as the file tells: they can be matched to no order and to no delivery.",
    mender: Mender::Sender,
    fix: "send the shipping event with the purchase order (po) and the despatch advice (desadv)",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    if scene.transfer.is_none()
        || ["po", "desadv"].iter().any(|kind| transaction(scene.event, kind).is_some())
    {
        return;
    }
    let finding =
        scene.finding(&RULE, "the shipping event names neither a purchase order nor a despatch advice");
    let shipped = scene.event.what.epcs().iter().take(20).map(epc);
    notes.add(&format!("{}", scene.position), shipped.fold(finding, crate::dscsa::Finding::about));
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_what_is_shipped() {
        let found = found(RULE.id, |sample| sample.ship().biz_transactions.clear());
        assert_eq!(found, ["urn:epc:id:sscc:030001.41234567890"]);
    }
}
