//! A homogeneous case has the lot and expiry date of the units in it.

use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::reconcile::docket::Book;
use crate::reconcile::docket::LotName;
use crate::reconcile::docket::MarkKind;
use crate::reconcile::rules::Found;
use crate::reconcile::rules::ItemRule;
use crate::reconcile::trail::Trail;

pub(super) const RULE: ItemRule = ItemRule {
    rule: &Rule {
        id: "lot-differs-from-case",
        title: "a case carries the lot and expiry date of the units in it",
        severity: Severity::Business,
        clause: "FD&C Act 581(7); US guideline R1.2, commissioning of cases",
        why: "A scan of the case would tell another lot or expiry date than the units inside have: a recall would miss them.",
        mender: Mender::Sender,
        fix: "look at the label of the case, and send the commissioning of the case or of its units again",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    // Of a serial number that stands for two items nobody knows the lot; that is found as such.
    let Some(lot) = trail.lot().filter(|_| trail.of_kind(MarkKind::Commissioned).count() == 1) else {
        return;
    };
    // What is in two cases at once differs from one of them for that reason.
    if trail.in_two_places().is_some() {
        return;
    }
    for stay in trail.stays() {
        let Some(of_case) = lot_of(trail.book, stay.container) else { continue };
        if of_case.gtin.is_empty() || (of_case.lot == lot.lot && of_case.expiry == lot.expiry) {
            continue;
        }
        let finding = || {
            let case = trail.book.spell(trail.book.containers.key(stay.container));
            let said = format!(
                "the case {case} was commissioned with lot {} and expiry {}, but holds units of lot {} and expiry {}",
                of_case.lot, of_case.expiry, lot.lot, lot.expiry
            );
            Finding::new(RULE.rule, said)
                .in_event(trail.book.position(stay.packed))
                .about(Object::Epc(case.into()))
        };
        found.add_once(u64::from(stay.container), finding, RULE.rule);
    }
}

fn lot_of(book: &Book, container: u32) -> Option<&LotName> {
    let mut marks = book.containers.marks(container).iter();
    book.lot(marks.find(|mark| mark.kind == MarkKind::Commissioned)?.reference)
}
