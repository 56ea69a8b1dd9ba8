//! Commissioned items have an expiry date.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::cut;
use super::product;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<ilmd><cbvmda:lotNumber>A1</cbvmda:lotNumber></ilmd>",
    good: "<ilmd><cbvmda:lotNumber>A1</cbvmda:lotNumber><cbvmda:itemExpirationDate>2026-03-31</cbvmda:itemExpirationDate></ilmd>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "expiry-missing",
    title: "Commissioned items have an expiry date",
    severity: Severity::Hard,
    clause: "21 U.S.C. 360eee(14); GS1 US DSCSA guideline, commissioning",
    why: "Without its expiry date the product identifier is incomplete, and the item fails every verification.",
    mender: Mender::Sender,
    fix: "send the commissioning again with cbvmda:itemExpirationDate",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    // Where nothing at all is said of the lot, the missing lot is the finding.
    if !scene.commissions() || !scene.ilmd.expiries.is_empty() || scene.ilmd.lots.is_empty() {
        return;
    }
    let lot = cut(scene.ilmd.lot().unwrap_or_default());
    for class in &scene.content.classes {
        let (family, gtin) = product(scene, class);
        let message = format!("lot {lot} of GTIN {gtin} is commissioned without an expiry date");
        let object = Object::Lot(gtin.as_str().into(), lot.into());
        notes.add(&format!("{family} {lot}"), scene.finding(&RULE, message).about(object));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_lot() {
        let found = found(RULE.id, |sample| {
            sample.events[0].ilmd.as_mut().unwrap().remove(1);
        });
        assert_eq!(found, ["lot A1 of GTIN 00300010123455"]);
    }
}
