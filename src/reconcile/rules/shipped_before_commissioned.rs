//! What is shipped was commissioned before.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::reconcile::rules::Found;
use crate::reconcile::rules::ItemRule;
use crate::reconcile::trail::Trail;

pub(super) const RULE: ItemRule = ItemRule {
    rule: &Rule {
        id: "shipped-before-commissioned",
        title: "a shipping event is later than the commissioning of what it ships",
        severity: Severity::Business,
        clause: "US guideline R1.2, order of events",
        why: "One of the times is wrong; what cannot be put into order cannot be followed.",
        mender: Mender::Sender,
        fix: "correct the times and send the file again",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    let Some(mark) = trail.commissioned() else { return };
    let commissioned = trail.book.time(mark.event);
    for number in trail.shipments().iter().copied() {
        let Some(shipment) = trail.book.shipment(number).filter(|shipment| shipment.time < commissioned)
        else {
            continue;
        };
        let finding = || {
            let said = "the shipping event lies before the commissioning of what it ships";
            let finding = Finding::new(RULE.rule, said).in_event(trail.book.position(shipment.event));
            shipment.objects().into_iter().fold(finding, Finding::about)
        };
        found.add_once(u64::from(number), finding, RULE.rule);
    }
}
