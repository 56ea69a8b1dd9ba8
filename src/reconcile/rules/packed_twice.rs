//! An item is in one container at a time.

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
        id: "packed-twice",
        title: "an item is unpacked before it is packed into something else",
        severity: Severity::Business,
        clause: "EPCIS 1.2 §7.4.3; US guideline R1.2, packing and unpacking",
        why: "Nobody can tell which of the two cases holds the item, so neither can be received unopened.",
        mender: Mender::Sender,
        fix: "look which container holds the item, and send its packing again, with an unpacking where it was moved",
    },
    check,
};

fn check(trail: &Trail<'_>, found: &mut Found) {
    // A serial number that stands for two items is in two places; that is found as such.
    if trail.of_kind(MarkKind::Commissioned).count() > 1 {
        return;
    }
    let Some((first, second)) = trail.in_two_places() else { return };
    let containers = &trail.book.containers;
    let [spelt, before, after] =
        [trail.key, containers.key(first.container), containers.key(second.container)]
            .map(|key| trail.book.spell(key));
    let said = format!("{spelt} is packed into {after} while it is still in {before}");
    let objects = [spelt, before, after].map(|text| Object::Epc(text.into()));
    let finding = Finding::new(RULE.rule, said).in_event(trail.book.position(second.packed));
    found.add(objects.into_iter().fold(finding, Finding::about));
}
