//! The lot number stands before the expiry date.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<ilmd><cbvmda:itemExpirationDate>2026-03-31</cbvmda:itemExpirationDate><cbvmda:lotNumber>A1</cbvmda:lotNumber></ilmd>",
    good: "<ilmd><cbvmda:lotNumber>A1</cbvmda:lotNumber><cbvmda:itemExpirationDate>2026-03-31</cbvmda:itemExpirationDate></ilmd>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "lot-after-expiry",
    title: "The lot number stands before the expiry date",
    severity: Severity::Note,
    clause: "GS1 US DSCSA guideline, commissioning",
    why: "Some receivers read the two by their order and refuse the file.",
    mender: Mender::Sender,
    fix: "write lotNumber before itemExpirationDate",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    if scene.ilmd.expiry_first {
        notes.add("", scene.finding(&RULE, "the expiry date stands before the lot number"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn order_is_told_once() {
        let found = found(RULE.id, |sample| {
            sample.events[0].ilmd.as_mut().unwrap().reverse();
            sample.events[1].ilmd.as_mut().unwrap().reverse();
        });
        assert_eq!(found, [""]);
    }
}
