//! One serial number, one item: nothing is commissioned twice.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::reconcile::docket::MarkKind;
use crate::reconcile::rules::Found;
use crate::reconcile::rules::ItemRule;
use crate::reconcile::trail::Trail;

pub(super) const RULE: ItemRule = ItemRule {
    rule: &Rule {
        id: "duplicate-serial",
        title: "no serial number is commissioned twice",
        severity: Severity::Hard,
        clause: "FD&C Act 582(b)(2); GS1 General Specifications 4.14.2; US guideline R1.2, commissioning",
        why: "Two packages with one serial number cannot be told apart: one of them may be a copy.",
        mender: Mender::Sender,
        fix: "look which of the items exists, and send the file again with each serial number commissioned once",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    let mut commissioned = trail.of_kind(MarkKind::Commissioned);
    let (Some(_), Some(second)) = (commissioned.next(), commissioned.next()) else { return };
    let spelt = trail.spelt();
    let times = trail.of_kind(MarkKind::Commissioned).count();
    let mut finding = Finding::new(RULE.rule, format!("{spelt} is commissioned {times} times"))
        .in_event(trail.book.position(second.event))
        .about(Object::Epc(spelt.into()));
    for stay in trail.stays() {
        let container = trail.book.spell(trail.book.containers.key(stay.container));
        finding = finding.about(Object::Epc(container.into()));
    }
    found.add(finding);
}
