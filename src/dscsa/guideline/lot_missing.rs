//! Commissioned items have a lot number.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::product;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<ilmd><cbvmda:itemExpirationDate>2026-03-31</cbvmda:itemExpirationDate></ilmd>",
    good: "<ilmd><cbvmda:lotNumber>A1</cbvmda:lotNumber><cbvmda:itemExpirationDate>2026-03-31</cbvmda:itemExpirationDate></ilmd>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "lot-missing",
    title: "Commissioned items have a lot number",
    severity: Severity::Hard,
    clause: "21 U.S.C. 360eee(14), (26)(F); GS1 US DSCSA guideline, commissioning",
    why: "Without its lot the product identifier is incomplete: the item cannot be verified, and a recall would not reach it.",
    mender: Mender::Sender,
    fix: "send the commissioning again with cbvmda:lotNumber",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    if !scene.commissions() || !scene.ilmd.lots.is_empty() {
        return;
    }
    for class in &scene.content.classes {
        let (family, gtin) = product(scene, class);
        let message = format!("items of GTIN {gtin} are commissioned without a lot number");
        let object = Object::Lot(gtin.as_str().into(), "".into());
        notes.add(&family, scene.finding(&RULE, message).about(object));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn unit_and_case_are_one_product() {
        let found = found(RULE.id, |sample| {
            sample.events[0].ilmd.as_mut().unwrap().remove(0);
            sample.events[1].ilmd = None;
        });
        assert_eq!(found, ["GTIN 00300010123455"]);
    }
}
