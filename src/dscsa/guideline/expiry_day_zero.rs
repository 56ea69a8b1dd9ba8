//! Expiry dates name a day.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::lot_object;
use super::shown;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<cbvmda:itemExpirationDate>2026-03-00</cbvmda:itemExpirationDate>",
    good: "<cbvmda:itemExpirationDate>2026-03-31</cbvmda:itemExpirationDate>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "expiry-day-zero",
    title: "Expiry dates name a day",
    severity: Severity::Warning,
    clause: "CBV 2.0 §9.1; GS1 General Specifications §3.4.7 (AI 17: day 00 is the last of the month)",
    why: "In a barcode, day 00 stands for the last day of the month; as a date of EPCIS there is no such day, and receivers \
          read it differently.",
    mender: Mender::Sender,
    fix: "write the last day of the month",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    for expiry in scene.ilmd.expiries.iter().filter(|expiry| has_day_zero(expiry)) {
        let finding = scene.finding(&RULE, format!("the expiry date {} has day 00", shown(expiry)));
        let finding = scene
            .content
            .classes
            .iter()
            .fold(finding, |finding, class| finding.about(lot_object(scene, class)));
        notes.add(super::cut(expiry), finding);
    }
}

/// True for `YYYY-MM-00` and `YYMM00`.
pub(super) fn has_day_zero(expiry: &str) -> bool {
    let digits: String = expiry.chars().take(11).filter(|c| *c != '-').collect();
    matches!(digits.len(), 6 | 8) && digits.bytes().all(|b| b.is_ascii_digit()) && digits.ends_with("00")
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn day_zero_is_told() {
        let found = found(RULE.id, |sample| sample.set_expiry(0, "2026-03-00"));
        assert_eq!(found, ["lot A1 of GTIN 00300010123455"]);
    }
}
