//! What is shipped as a container was packed: its content is known.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::reconcile::docket::Mark;
use crate::reconcile::docket::MarkKind;
use crate::reconcile::rules::Found;
use crate::reconcile::rules::ItemRule;
use crate::reconcile::trail::Trail;

pub(super) const RULE: ItemRule = ItemRule {
    rule: &Rule {
        id: "content-unknown",
        title: "a logistic unit that is shipped has a packing event",
        severity: Severity::Business,
        clause: "FD&C Act 582(g)(1)(B); US guideline R1.2, packing",
        why: "The packages inside are not named, so the transaction information for them is missing.",
        mender: Mender::Sender,
        fix: "send the packing of the logistic units named",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    let filled = trail.of_kind(MarkKind::Filled).next().is_some();
    let known = filled || trail.prior.is_some() || !trail.is_logistic_unit() || trail.book.incomplete;
    if known {
        return;
    }
    let sold = |mark: &&Mark| trail.book.shipment(mark.reference).is_some_and(|note| note.changes_owner());
    let Some(mark) = trail.of_kind(MarkKind::Shipped).find(sold) else { return };
    let spelt = trail.spelt();
    found.add(
        Finding::new(RULE.rule, format!("{spelt} is shipped, but nobody said what is in it"))
            .in_event(trail.book.position(mark.event))
            .about(Object::Epc(spelt.into())),
    );
}
