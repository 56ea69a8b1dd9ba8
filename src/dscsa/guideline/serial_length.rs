//! Serial numbers have at most 20 characters.

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
    bad: "<epc>urn:epc:id:sgtin:030001.0012345.100000000000000000011</epc>",
    good: "<epc>urn:epc:id:sgtin:030001.0012345.10000000000000000011</epc>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "serial-length",
    title: "Serial numbers have 1 to 20 characters",
    severity: Severity::Hard,
    clause: "21 U.S.C. 360eee(20); GS1 General Specifications §3.5.2 (AI 21)",
    why: "The law's serial number has at most 20 characters and no barcode can carry more: the label must say something else.",
    mender: Mender::Sender,
    fix: "send the serial number that stands on the label",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    blame_malformed(&RULE, &|flaw| matches!(flaw, Flaw::TextLength { .. }), scene, notes);
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_item_and_what_it_is_packed_in() {
        let long = "urn:epc:id:sgtin:030001.0012345.123456789012345678901";
        let found = found(RULE.id, |sample| sample.respell_unit(long));
        assert_eq!(found, [format!("{long} urn:epc:id:sgtin:030001.1012345.9")]);
    }
}
