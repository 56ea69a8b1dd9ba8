//! Expiry dates are dates.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::expiry_day_zero::has_day_zero;
use super::lot_object;
use super::shown;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::date;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<cbvmda:itemExpirationDate>260331</cbvmda:itemExpirationDate>",
    good: "<cbvmda:itemExpirationDate>2026-03-31</cbvmda:itemExpirationDate>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "expiry-form",
    title: "Expiry dates are written YYYY-MM-DD",
    severity: Severity::Business,
    clause: "CBV 2.0 §9.1 (itemExpirationDate, xsd:date)",
    why: "A date that cannot be read cannot be compared with the label, and every verification fails.",
    mender: Mender::Sender,
    fix: "write the expiry date with year, month and day, such as 2026-03-31",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    for expiry in scene.ilmd.expiries.iter().filter(|expiry| date(expiry).is_none() && !has_day_zero(expiry))
    {
        let message = format!("the expiry date {} is no date of the form YYYY-MM-DD", shown(expiry));
        let finding = scene.finding(&RULE, message);
        notes.add(
            super::cut(expiry),
            scene
                .content
                .classes
                .iter()
                .fold(finding, |finding, class| finding.about(lot_object(scene, class))),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn other_forms_are_told() {
        let found = found(RULE.id, |sample| sample.set_expiry(0, "260331"));
        assert_eq!(found, ["lot A1 of GTIN 00300010123455"]);
    }
}
