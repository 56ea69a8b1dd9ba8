//! A restated commissioning says what the first one said.

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
        id: "commissioned-differently",
        title: "a serial number keeps the lot and expiry date it was first commissioned with",
        severity: Severity::Hard,
        clause: "FD&C Act 581(14), 582(b)(2); US guideline R1.2, commissioning",
        why: "Two lots or expiry dates for one serial number: one of the documents is wrong, or there are two packages.",
        mender: Mender::Sender,
        fix: "compare the label of the item with both documents, and correct the one that is wrong",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    let Some(before) = trail.prior.filter(|prior| prior.commissioned.is_some()) else { return };
    let Some(mark) = trail.commissioned() else { return };
    let now = trail.lot();
    let same = now.map(|lot| lot.number()) == before.lot;
    if same || now.is_none_or(|lot| lot.lot.is_empty() && lot.expiry.is_empty()) {
        return;
    }
    let spelt = trail.spelt();
    let (lot, expiry) = now.map(|lot| (lot.lot.as_str(), lot.expiry.as_str())).unwrap_or_default();
    let said =
        format!("{spelt} is commissioned with lot {lot} and expiry {expiry}, but was known with others");
    found.add(
        Finding::new(RULE.rule, said)
            .in_event(trail.book.position(mark.event))
            .about(Object::Epc(spelt.into())),
    );
}
