//! What must not leave: product under a hold or a recall, and product sold to whom may not buy it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;

use crate::access::Caller;
use crate::dscsa::Hold;
use crate::dscsa::Severity;
use crate::export::shipment::ShipmentRequest;
use crate::gs1::Epc;
use crate::reconcile::commissioning::Commissionings;
use crate::reconcile::hierarchy::Tree;
use crate::reconcile::rules::licence;
use crate::store::Store;
use crate::store::StoreError;

/// Items of a shipment that are held or recalled, one sentence each without a full stop: by themselves, by what they are in,
/// by their lot, their serial number or their trade item.
pub(super) fn held(
    store: &Store,
    caller: &Caller,
    (tree, commissionings): (&Tree, &Commissionings),
) -> Result<Vec<String>, StoreError> {
    let mut of_nodes = Vec::with_capacity(tree.nodes().len());
    for (place, node) in tree.nodes().iter().enumerate() {
        let outer = tree.containers_of(place).map(|outer| outer.epc.key());
        of_nodes.push((&node.epc, subjects(&node.epc, outer, commissionings)));
    }
    let all: BTreeSet<&str> = of_nodes.iter().flat_map(|(_, own)| own).map(String::as_str).collect();
    let mut standing: BTreeMap<String, Vec<Hold>> = BTreeMap::new();
    for hold in store.holds_about(caller, &all.into_iter().collect::<Vec<_>>())? {
        standing.entry(hold.scope.subject()).or_default().push(hold);
    }
    if standing.is_empty() {
        return Ok(Vec::new());
    }
    let mut held = Vec::new();
    for (epc, subjects) in of_nodes {
        let serial = epc.serial();
        let concerns = |hold: &&Hold| hold.scope.takes_serial(serial.as_deref());
        let holds = subjects.iter().filter_map(|subject| standing.get(subject)).flatten();
        if let Some(hold) = holds.filter(concerns).max_by_key(|hold| hold.kind) {
            held.push(format!("{epc} is {}: {} ({})", hold.kind.state(), hold.scope, hold.opened.why));
        }
    }
    Ok(held)
}

/// Every key by which something may be said of an item.
fn subjects(epc: &Epc, outer: impl Iterator<Item = String>, commissionings: &Commissionings) -> Vec<String> {
    let key = epc.key();
    let lot = commissionings.find(&key).and_then(|event| event.lot.lot.as_ref());
    let of_product = epc.gtin().map(|gtin| {
        let lot = lot.map(|(lot, _)| gtin.lot_key(lot));
        std::iter::once(format!("/01/{gtin}")).chain(lot)
    });
    std::iter::once(key).chain(outer).chain(of_product.into_iter().flatten()).collect()
}

/// Why nothing is sold to the buyer: it has no valid licence on the day, and what was agreed with it blocks that.
pub(super) fn unlicensed(
    store: &Store,
    caller: &Caller,
    request: &ShipmentRequest,
) -> Result<Option<String>, StoreError> {
    let day = DateTime::from_timestamp_micros(request.time.microseconds()).map(|time| time.date_naive());
    let (Some(buyer), Some(day)) = (request.buyer.gln(), day) else { return Ok(None) };
    let partner = store.partner_with_gln(caller, buyer)?;
    let finding = licence::check(partner.as_ref(), buyer.as_str(), day, None);
    let blocking = finding.filter(|finding| finding.severity == Severity::Hard);
    Ok(blocking.map(|finding| {
        format!(
            "{}; nothing is sold to it until its licence is known (`epcgate partners import`)",
            finding.message
        )
    }))
}
