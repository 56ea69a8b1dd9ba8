//! A commissioning event has one lot.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::cut;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Event(check) };

static RULE: Rule = Rule {
    id: "several-lots",
    title: "A commissioning event has one lot number",
    severity: Severity::Business,
    clause: "GS1 US DSCSA guideline, commissioning",
    why: "Nobody can tell which item belongs to which lot.",
    mender: Mender::Sender,
    fix: "send one commissioning event for each lot",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    let [first, others @ ..] = scene.ilmd.lots.as_slice() else { return };
    if others.iter().all(|lot| lot == first) {
        return;
    }
    let finding = scene.finding(&RULE, format!("one event has {} lot numbers", scene.ilmd.lots.len()));
    let Some(class) = scene.content.classes.first() else { return };
    let lots = scene.ilmd.lots.iter().take(20);
    let object = |lot: &&str| Object::Lot(class.gtin.as_str().into(), cut(lot).into());
    notes.add(cut(first), lots.fold(finding, |finding, lot| finding.about(object(lot))));
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn both_lots_are_named() {
        let found = found(RULE.id, |sample| {
            let lot = sample.ilmd("lotNumber", "B2");
            sample.events[0].ilmd.as_mut().unwrap().push(lot);
        });
        assert_eq!(found, ["lot A1 of GTIN 00300010123455 lot B2 of GTIN 00300010123455"]);
    }
}
