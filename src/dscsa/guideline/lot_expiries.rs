//! A lot has one expiry date.

use super::Check;
use super::Judge;
use super::Notes;
use super::Scene;
use super::cut;
use super::shown;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::family;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Event(check) };

static RULE: Rule = Rule {
    id: "lot-expiries",
    title: "A lot has one expiry date",
    severity: Severity::Business,
    clause: "21 U.S.C. 360eee(14); 21 CFR 211.137",
    why: "One of the two dates is not what stands on the label, so some of the items fail verification.",
    mender: Mender::Sender,
    fix: "find out which date is printed on the labels, and send the commissioning of the others again with it",
};

fn check(scene: &Scene<'_>, notes: &mut Notes) {
    if !scene.commissions() {
        return;
    }
    let Some(lot) = scene.ilmd.lot() else { return };
    if let [first, second, ..] = scene.ilmd.expiries.as_slice()
        && first != second
    {
        add(scene, notes, first, second);
        return;
    }
    let Some(expiry) = scene.ilmd.expiry() else { return };
    for class in &scene.content.classes {
        let known = scene.survey.lots.get(&(family(&class.gtin).into(), lot.into()));
        if let Some(known) = known.filter(|known| !known.expiry.is_empty() && &*known.expiry != expiry) {
            let message =
                format!("lot {} has the expiry dates {} and {}", cut(lot), known.expiry, shown(expiry));
            let object = Object::Lot(known.gtin.as_str().into(), cut(lot).into());
            let cause = format!("{} {lot}", family(&class.gtin));
            notes.add(&cause, scene.finding(&RULE, message).about(object));
        }
    }
}

fn add(scene: &Scene<'_>, notes: &mut Notes, first: &str, second: &str) {
    let message = format!("one event has the expiry dates {} and {}", shown(first), shown(second));
    let classes = scene.content.classes.iter();
    let finding = classes
        .fold(scene.finding(&RULE, message), |finding, class| finding.about(super::lot_object(scene, class)));
    notes.add("one event", finding);
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn the_case_may_not_differ_from_its_units() {
        let found = found(RULE.id, |sample| sample.set_expiry(1, "2026-04-30"));
        assert_eq!(found, ["lot A1 of GTIN 00300010123455"]);
    }
}
