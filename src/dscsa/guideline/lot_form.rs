//! Lot numbers fit into a barcode.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::lot_object;
use super::shown;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

/// The longest lot number of a label (AI 10).
const LONGEST: usize = 20;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<cbvmda:lotNumber>LOT A1 (MARCH PRODUCTION)</cbvmda:lotNumber>",
    good: "<cbvmda:lotNumber>A1</cbvmda:lotNumber>",
    judge: Judge::Event(check),
};

static RULE: Rule = Rule {
    id: "lot-form",
    title: "Lot numbers have at most 20 characters, none of them a space",
    severity: Severity::Warning,
    clause: "GS1 General Specifications §3.4.1 (AI 10)",
    why: "No barcode can carry it, so it is not what stands on the label, and a scan will not match.",
    mender: Mender::Sender,
    fix: "send the lot number as it stands on the label",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let printable = |lot: &str| lot.len() <= LONGEST && lot.bytes().all(|byte| byte.is_ascii_graphic());
    for lot in scene.ilmd.lots.iter().filter(|lot| !printable(lot)) {
        let finding = scene.finding(&RULE, format!("no label can carry the lot number {}", shown(lot)));
        let classes = scene.content.classes.iter();
        let finding = classes.fold(finding, |finding, class| finding.about(lot_object(scene, class)));
        notes.add(super::cut(lot), finding);
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn spaces_are_told() {
        let found = found(RULE.id, |sample| {
            let lot = sample.ilmd("lotNumber", "A 1");
            sample.events[0].ilmd.as_mut().unwrap()[0] = lot;
        });
        assert_eq!(found, ["lot A 1 of GTIN 00300010123455"]);
    }
}
