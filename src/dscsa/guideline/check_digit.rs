//! Check digits in Digital Links are right.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::blame_malformed;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::gs1::Flaw;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "https://id.gs1.org/01/00300010123456/21/11",
    good: "https://id.gs1.org/01/00300010123455/21/11",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "check-digit",
    title: "GTINs and SSCCs have the right check digit",
    severity: Severity::Hard,
    clause: "GS1 General Specifications §7.9",
    why: "One digit is wrong, and nobody can tell which: the number may be that of another product.",
    mender: Mender::Sender,
    fix: "send the number as it stands in the catalogue and on the label",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    blame_malformed(&RULE, &|flaw| matches!(flaw, Flaw::CheckDigit { .. }), scene, notes);
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_item_and_what_it_is_packed_in() {
        let wrong = "https://id.gs1.org/01/00300010123456/21/1";
        let found = found(RULE.id, |sample| sample.respell_unit(wrong));
        assert_eq!(found, [format!("{wrong} urn:epc:id:sgtin:030001.1012345.9")]);
    }
}
