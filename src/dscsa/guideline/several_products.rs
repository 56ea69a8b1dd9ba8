//! A commissioning event has one product.

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
    id: "several-products",
    title: "A commissioning event has one product",
    severity: Severity::Warning,
    clause: "GS1 US DSCSA guideline, commissioning",
    why: "Lot and expiry hold for every item of the event, and two products hardly share a lot.",
    mender: Mender::Sender,
    fix: "send one commissioning event for each GTIN, lot and expiry date",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let [first, others @ ..] = scene.content.classes.as_slice() else { return };
    if !scene.commissions() {
        return;
    }
    if let Some(other) = others.iter().find(|other| family(&other.gtin) != family(&first.gtin)) {
        let message =
            format!("two products are commissioned in one event: GTINs {} and {}", first.gtin, other.gtin);
        let item = |gtin: &crate::gs1::Gtin| Object::TradeItem(gtin.as_str().into());
        let finding = scene.finding(&RULE, message).about(item(&first.gtin)).about(item(&other.gtin));
        notes.add(family(&first.gtin), finding);
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn two_products_are_told() {
        let found = found(RULE.id, |sample| sample.add_epc(0, "urn:epc:id:sgtin:030001.0099999.10"));
        assert_eq!(found.len(), 1);
    }
}
