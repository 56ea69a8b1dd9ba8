//! What is shipped is named item by item.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::epc;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<quantityList><quantityElement><epcClass>urn:epc:class:lgtin:030001.0012345.A1</epcClass><quantity>12</quantity></quantityElement></quantityList>",
    good: "<epcList><epc>urn:epc:id:sgtin:030001.0012345.11</epc>…</epcList>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "quantity-shipped",
    title: "What is shipped to another owner is named item by item",
    severity: Severity::Business,
    clause: "21 U.S.C. 360eee-1(g)(1)(B)",
    why: "Since the law asks for the product identifier of each package, a lot and a number of pieces are not enough.",
    mender: Mender::Sender,
    fix: "send the serial numbers of what was shipped, or its containers by SSCC with their contents",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let Some(quantity) = scene.event.what.quantities().first().filter(|_| scene.transfer.is_some()) else {
        return;
    };
    let class = &quantity.epc_class;
    let object = match (class.gtin(), class.lot()) {
        (Some(gtin), Some(lot)) => Object::Lot(gtin.as_str().into(), super::cut(&lot).into()),
        (Some(gtin), None) => Object::TradeItem(gtin.as_str().into()),
        (None, _) => epc(class),
    };
    let finding =
        scene.finding(&RULE, "the shipping event gives lots and quantities instead of serial numbers");
    notes.add(class.as_str(), finding.about(object));
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn lots_are_not_enough() {
        let found = found(RULE.id, |sample| sample.ship_quantity("urn:epc:class:lgtin:030001.0012345.A1"));
        assert_eq!(found, ["lot A1 of GTIN 00300010123455"]);
    }
}
