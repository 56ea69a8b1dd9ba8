//! What is shipped has not expired.

use chrono::DateTime;
use chrono::NaiveDate;

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
        id: "expired-at-shipping",
        title: "no product is shipped after its expiry date",
        severity: Severity::Hard,
        clause: "FD&C Act 501, 582(g)(1)(B)",
        why: "Expired product must not be dispensed; either the date in the data is wrong, or the product must go back.",
        mender: Mender::Sender,
        fix: "compare the expiry date on the label with the data, and correct the data or take the product back",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    let (true, Some(mark), Some(lot)) = (trail.is_unit(), trail.commissioned(), trail.lot()) else { return };
    let Ok(expiry) = NaiveDate::parse_from_str(&lot.expiry, "%Y-%m-%d") else { return };
    for number in trail.shipments().iter().copied() {
        let Some(shipment) = trail.book.shipment(number) else { continue };
        // A shipment in a far future is a wrong time, and is found as such.
        let shipped = DateTime::from_timestamp_micros(shipment.time).map(|time| time.date_naive());
        let Some(shipped) = shipped.filter(|day| *day > expiry && !trail.book.is_future(shipment.time))
        else {
            continue;
        };
        let finding = || {
            let said = format!(
                "lot {} of GTIN {} expired on {expiry}, but is shipped on {shipped}",
                lot.lot, lot.gtin
            );
            Finding::new(RULE.rule, said)
                .in_event(trail.book.position(shipment.event))
                .about(Object::Lot(lot.gtin.as_str().into(), lot.lot.as_str().into()))
        };
        found.add_once(u64::from(number) << 32 | u64::from(mark.reference), finding, RULE.rule);
    }
}
