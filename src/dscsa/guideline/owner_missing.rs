//! A shipment names seller and buyer.

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
    bad: "<sourceList><source type=\"urn:epcglobal:cbv:sdt:location\">urn:epc:id:sgln:030001.111121.0</source></sourceList>",
    good: "<sourceList><source type=\"urn:epcglobal:cbv:sdt:owning_party\">urn:epc:id:sgln:030001.111111.0</source>\
           <source type=\"urn:epcglobal:cbv:sdt:location\">urn:epc:id:sgln:030001.111121.0</source></sourceList>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "owner-missing",
    title: "A shipment to another owner names seller and buyer",
    severity: Severity::Business,
    clause: "21 U.S.C. 360eee(26)(I), (J); GS1 US DSCSA guideline, shipping",
    why: "Transaction information names both owners, and without them nobody can tell who sold and who bought.",
    mender: Mender::Sender,
    fix: "send the shipping event with an owning_party in its source list and in its destination list",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let Some(transfer) = scene.transfer else { return };
    let missing = match (transfer.seller, transfer.buyer) {
        (None, None) => "seller and buyer (owning_party of source and destination)",
        (None, Some(_)) => "the seller (owning_party of the source)",
        (Some(_), None) => "the buyer (owning_party of the destination)",
        (Some(_), Some(_)) => return,
    };
    let finding = scene.finding(&RULE, format!("the shipping event does not name {missing}"));
    notes.add(&format!("{}", scene.position), subject(scene, finding));
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_shipment() {
        let found = found(RULE.id, |sample| {
            sample.ship().destinations.remove(0);
        });
        assert_eq!(found, ["urn:epcglobal:cbv:bt:0300011111215:D1"]);
    }
}
