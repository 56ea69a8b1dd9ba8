//! Identifiers of things are well formed.

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
    bad: "<epc>urn:epc:id:sgtin:030001.00123457.11</epc>",
    good: "<epc>urn:epc:id:sgtin:030001.0012345.11</epc>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "epc-form",
    title: "EPCs are well formed",
    severity: Severity::Hard,
    clause: "GS1 EPC Tag Data Standard §6.3; CBV 2.0 §8",
    why: "An identifier that is not well formed matches no label, so the goods that carry it cannot be received, verified \
          or traced.",
    mender: Mender::Sender,
    fix: "correct the company prefix and reference at their source, and send the file again",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let other = |flaw: Flaw| !matches!(flaw, Flaw::TextLength { .. } | Flaw::CheckDigit { .. });
    blame_malformed(&RULE, &other, scene, notes);
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_item_and_what_it_is_packed_in() {
        let found = found(RULE.id, |sample| sample.respell_unit("urn:epc:id:sgtin:030001.00123457.1"));
        assert_eq!(found, ["urn:epc:id:sgtin:030001.00123457.1 urn:epc:id:sgtin:030001.1012345.9"]);
    }
}
