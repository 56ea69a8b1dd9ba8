//! What was decommissioned, destroyed or dispensed is shipped no more.

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
        id: "shipped-after-end",
        title: "nothing is shipped after it was decommissioned, destroyed or dispensed",
        severity: Severity::Hard,
        clause: "FD&C Act 582(g)(1); US guideline R1.2, decommissioning",
        why: "An item that has ended cannot be sold: what carries its serial number may be a copy.",
        mender: Mender::Sender,
        fix: "say whether the decommissioning or the shipment is wrong, and correct it",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    let mut ends =
        trail.marks.iter().filter(|mark| matches!(mark.kind, MarkKind::Ended | MarkKind::Dispensed));
    let here = ends.next().map(|mark| trail.book.time(mark.event));
    let earlier = trail.prior.is_some_and(|prior| prior.ended.is_some());
    if here.is_none() && !earlier {
        return;
    }
    let later = |number: &u32| {
        let shipment = trail.book.shipment(*number);
        shipment.is_some_and(|shipment| earlier || here.is_some_and(|ended| shipment.time > ended))
    };
    let Some(shipment) =
        trail.shipments().iter().copied().find(later).and_then(|number| trail.book.shipment(number))
    else {
        return;
    };
    let spelt = trail.spelt();
    found.add(
        Finding::new(
            RULE.rule,
            format!("{spelt} is shipped after it was decommissioned, destroyed or dispensed"),
        )
        .in_event(trail.book.position(shipment.event))
        .about(Object::Epc(spelt.into())),
    );
}
