//! What must hold of each item across events and documents, one rule a file.

pub mod advice;
mod commissioned_differently;
mod content_unknown;
mod duplicate_serial;
mod expired_at_shipping;
pub mod licence;
mod lot_differs_from_case;
pub mod lot_overfilled;
mod packed_twice;
pub mod received_twice;
mod repeated_event;
pub mod seen_after_end;
mod shipped_after_end;
mod shipped_before_commissioned;
mod shipped_not_commissioned;
mod unpacked_not_packed;

use std::collections::BTreeMap;
use std::collections::HashSet;

use crate::dscsa::Finding;
use crate::dscsa::Rule;
use crate::reconcile::docket::Book;
use crate::reconcile::trail::Trail;

/// How many findings of one rule are kept of one document; all are counted.
const KEPT: usize = 1_000;

/// A rule about items.
pub(super) struct ItemRule {
    /// The rule.
    pub(super) rule: &'static Rule,
    /// Looks at one item.
    check: fn(&Trail<'_>, &mut Found),
}

/// The rules about single items, those of causes before those of their effects.
const ITEM_RULES: &[ItemRule] = &[
    duplicate_serial::RULE,
    packed_twice::RULE,
    shipped_not_commissioned::RULE,
    commissioned_differently::RULE,
    content_unknown::RULE,
    lot_differs_from_case::RULE,
    expired_at_shipping::RULE,
    shipped_before_commissioned::RULE,
    shipped_after_end::RULE,
    unpacked_not_packed::RULE,
];

/// Every rule of this room.
pub const ALL: &[&Rule] = &[
    duplicate_serial::RULE.rule,
    packed_twice::RULE.rule,
    shipped_not_commissioned::RULE.rule,
    commissioned_differently::RULE.rule,
    content_unknown::RULE.rule,
    lot_differs_from_case::RULE.rule,
    expired_at_shipping::RULE.rule,
    shipped_before_commissioned::RULE.rule,
    shipped_after_end::RULE.rule,
    unpacked_not_packed::RULE.rule,
    &repeated_event::RULE,
    &advice::QUANTITY_DIFFERS_FROM_ADVICE,
    &advice::NOT_ORDERED,
    &advice::OVER_ORDER,
    &advice::LINE_NOT_COMPARABLE,
    &licence::PARTNER_NOT_LICENSED,
    &licence::PARTNER_UNKNOWN,
    &received_twice::RULE,
    &seen_after_end::RULE,
    &lot_overfilled::RULE,
];

/// What the rules found in one document.
#[derive(Debug, Default)]
pub(super) struct Found {
    findings: Vec<Finding>,
    totals: BTreeMap<&'static str, usize>,
    said: HashSet<(&'static str, u64)>,
}

impl Found {
    /// Adds a finding; beyond a thousand of one rule they are only counted.
    pub(super) fn add(&mut self, finding: Finding) {
        let total = self.totals.entry(finding.rule.id).or_default();
        *total += 1;
        if *total <= KEPT {
            self.findings.push(finding);
        }
    }

    /// Adds a finding that concerns a lot, container or shipment, once however many items show it.
    pub(super) fn add_once(&mut self, number: u64, finding: impl FnOnce() -> Finding, rule: &'static Rule) {
        if self.said.insert((rule.id, number)) {
            self.add(finding());
        }
    }

    /// How many findings were only counted.
    pub(super) fn left_out(&self) -> u64 {
        self.totals.values().map(|total| total.saturating_sub(KEPT) as u64).sum()
    }

    /// The findings kept, in the order of the document.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|finding| finding.event);
        self.findings
    }
}

/// Looks at one item by every rule.
pub(super) fn check_item(trail: &Trail<'_>, found: &mut Found) {
    ITEM_RULES.iter().for_each(|rule| (rule.check)(trail, found));
}

/// Looks at the document as a whole.
pub(super) fn check_book(book: &Book, found: &mut Found) {
    repeated_event::check(book, found);
}
