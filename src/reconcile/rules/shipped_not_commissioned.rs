//! What is shipped was commissioned, in this document or an earlier one.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::reconcile::rules::Found;
use crate::reconcile::rules::ItemRule;
use crate::reconcile::trail::Trail;

pub(super) const RULE: ItemRule = ItemRule {
    rule: &Rule {
        id: "shipped-not-commissioned",
        title: "every serial number that is shipped was commissioned",
        severity: Severity::Hard,
        clause: "FD&C Act 581(26)(F), 582(g)(1)(B); US guideline R1.2, order of events",
        why: "Without its commissioning nobody knows lot and expiry date of the item, nor that its maker made it.",
        mender: Mender::Sender,
        fix: "send the commissioning of the items named, or say that they are not what was shipped",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    let known = trail.commissioned().is_some()
        || trail.prior.is_some_and(|prior| prior.commissioned.is_some())
        || trail.is_logistic_unit();
    if known || trail.book.incomplete {
        return;
    }
    let sold = |shipment: &u32| trail.book.shipment(*shipment).is_some_and(|note| note.changes_owner());
    let shipments = trail.shipments();
    let Some(shipment) = shipments.iter().copied().find(sold).and_then(|number| trail.book.shipment(number))
    else {
        return;
    };
    let spelt = trail.spelt();
    let what = if trail.container.is_some() { "a container" } else { "an item" };
    let mut finding =
        Finding::new(RULE.rule, format!("{spelt}, {what}, is shipped but was never commissioned"))
            .in_event(trail.book.position(shipment.event))
            .about(Object::Epc(spelt.into()));
    if let Some(stay) = trail.stays().last().filter(|_| trail.container.is_none()) {
        let container = trail.book.spell(trail.book.containers.key(stay.container));
        finding = finding.in_event(trail.book.position(stay.packed)).about(Object::Epc(container.into()));
    }
    found.add(finding);
}
