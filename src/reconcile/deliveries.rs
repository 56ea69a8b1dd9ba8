//! A shipment against what was advised and ordered, and whether its parties were licensed on the day.

use std::collections::BTreeMap;

use chrono::DateTime;

use crate::access::Caller;
use crate::dscsa::Finding;
use crate::dscsa::Ndc;
use crate::dscsa::OrderNumber;
use crate::dscsa::Severity;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::gs1::Gtin;
use crate::reconcile::rules::advice;
use crate::reconcile::rules::advice::Absent;
use crate::reconcile::rules::advice::Known;
use crate::reconcile::rules::advice::Shipped;
use crate::reconcile::rules::licence;
use crate::store::ShipmentFilter;
use crate::store::ShipmentRecord;
use crate::store::ShippedUnit;
use crate::store::Store;
use crate::store::StoreError;

/// Units read at a time.
const PAGE: usize = 4_096;

/// Shipments of one order or advice that are compared.
const MOST_SHIPMENTS: i64 = 1_000;

/// Units and cases that a finding names.
const MOST_NAMED: usize = 100;

/// Saleable units by trade item and lot.
type Sums = BTreeMap<(Gtin, String), u64>;

/// Compares a shipment with the orders and advices that it names, and looks at the licences of its parties; of ours, whose
/// GLN this is, no licence is asked.
///
/// Nothing is found where no order, advice or partner is known.
pub fn compare(
    store: &Store,
    caller: &Caller,
    shipment: &ShipmentRecord,
    own: &str,
) -> Result<Vec<Finding>, StoreError> {
    let mut findings = licences(store, caller, shipment, own)?;
    findings.extend(with_orders(store, caller, shipment)?);
    Ok(findings)
}

/// Compares a shipment with the orders and advices that it names.
pub(super) fn with_orders(
    store: &Store,
    caller: &Caller,
    shipment: &ShipmentRecord,
) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    for uri in &shipment.despatch_advices {
        for advised in store.advices_numbered(caller, &OrderNumber::parse(uri))? {
            let shipments = shipments_of(store, caller, uri)?;
            let sums = sums(store, caller, &shipments)?;
            let named = |gtin, lot: &str| absent(store, caller, &shipments, (gtin, lot)).unwrap_or_default();
            let known = Known { gtin_of_ndc: &|ndc| gtin_of_ndc(store, caller, ndc), absent: &named };
            findings.extend(advice::against_advice(&advised, &shipped(&sums), &known));
        }
    }
    let (mut orders, mut all_known) = (Vec::new(), true);
    for uri in &shipment.purchase_orders {
        let known = store.orders_numbered(caller, &OrderNumber::parse(uri))?;
        all_known &= !known.is_empty();
        orders.extend(known);
    }
    // What one order does not have, one that is not known may have.
    if all_known && !orders.is_empty() {
        let now = sums(store, caller, std::slice::from_ref(shipment))?;
        let before = before(store, caller, shipment)?;
        let earlier = |gtin| before.iter().filter(|((of, _), _)| *of == gtin).map(|(_, units)| units).sum();
        let nothing = |_, _: &str| Absent::default();
        let known = Known { gtin_of_ndc: &|ndc| gtin_of_ndc(store, caller, ndc), absent: &nothing };
        findings.extend(advice::against_orders(&orders, &shipped(&now), &earlier, &known));
    }
    Ok(findings)
}

fn licences(
    store: &Store,
    caller: &Caller,
    shipment: &ShipmentRecord,
    own: &str,
) -> Result<Vec<Finding>, StoreError> {
    if shipment.seller == shipment.buyer || !store.has_partners()? {
        return Ok(Vec::new());
    }
    let Some(day) = DateTime::from_timestamp_micros(shipment.time).map(|time| time.date_naive()) else {
        return Ok(Vec::new());
    };
    let ourselves = Gln::parse(own).ok();
    let listed = ourselves.map(|gln| store.partner_with_gln(caller, gln)).transpose()?.flatten();
    let is_ours = |gln: Gln| {
        Some(gln) == ourselves
            || listed.iter().flat_map(|partner| &partner.glns).any(|other| other.gln == gln)
    };
    let mut findings = Vec::new();
    for (gln, unknown) in [(&shipment.seller, Some(Severity::Warning)), (&shipment.buyer, None)] {
        let Ok(parsed) = Gln::parse(gln) else { continue };
        if is_ours(parsed) {
            continue;
        }
        let partner = store.partner_with_gln(caller, parsed)?;
        findings.extend(licence::check(partner.as_ref(), gln, day, unknown));
    }
    Ok(findings)
}

fn shipments_of(store: &Store, caller: &Caller, uri: &str) -> Result<Vec<ShipmentRecord>, StoreError> {
    let filter = ShipmentFilter { order: Some(uri.to_owned()), ..ShipmentFilter::default() };
    store.shipments(caller, &filter, None, MOST_SHIPMENTS)
}

/// What was shipped for the same orders before.
fn before(store: &Store, caller: &Caller, shipment: &ShipmentRecord) -> Result<Sums, StoreError> {
    let mut earlier: BTreeMap<i64, ShipmentRecord> = BTreeMap::new();
    for uri in &shipment.purchase_orders {
        let all = shipments_of(store, caller, uri)?.into_iter();
        let sooner = all.filter(|other| (other.time, other.id) < (shipment.time, shipment.id));
        earlier.extend(sooner.map(|other| (other.id, other)));
    }
    let earlier: Vec<ShipmentRecord> = earlier.into_values().collect();
    sums(store, caller, &earlier)
}

fn shipped(sums: &Sums) -> Vec<Shipped<'_>> {
    sums.iter().map(|((gtin, lot), units)| Shipped { gtin: *gtin, lot, units: *units }).collect()
}

fn sums(store: &Store, caller: &Caller, shipments: &[ShipmentRecord]) -> Result<Sums, StoreError> {
    let mut sums = Sums::new();
    each_unit(store, caller, shipments, |unit| {
        if let Some(gtin) = gtin_of(&unit.key) {
            let lot = unit.lot.as_ref().map(|lot| lot.lot.clone()).unwrap_or_default();
            *sums.entry((gtin, lot)).or_default() += 1;
        }
    })?;
    Ok(sums)
}

fn each_unit(
    store: &Store,
    caller: &Caller,
    shipments: &[ShipmentRecord],
    mut each: impl FnMut(&ShippedUnit),
) -> Result<(), StoreError> {
    for shipment in shipments {
        let mut after = None::<String>;
        loop {
            let units = store.shipment_units(caller, shipment.id, after.as_deref(), PAGE)?;
            let Some(last) = units.last() else { break };
            after = Some(last.key.clone());
            units.iter().for_each(&mut each);
        }
    }
    Ok(())
}

/// Units of a lot that went nowhere, and the cases that hold fewer of it than others.
fn absent(
    store: &Store,
    caller: &Caller,
    shipments: &[ShipmentRecord],
    (gtin, lot): (Gtin, &str),
) -> Result<Absent, StoreError> {
    let prefixes = store.with_known_prefixes(CompanyPrefixes::builtin())?;
    let spelt = |key: &str| {
        let link = format!("https://id.gs1.org{key}");
        Epc::parse(&link).to_urn(&prefixes).unwrap_or(link).into_boxed_str()
    };
    let loose = store.loose_items(&gtin.to_string(), lot, MOST_NAMED)?;
    let mut held: BTreeMap<String, u64> = BTreeMap::new();
    each_unit(store, caller, shipments, |unit| {
        let same_lot = lot.is_empty() || unit.lot.as_ref().is_some_and(|of_unit| of_unit.lot == lot);
        if same_lot && !unit.parent.is_empty() && gtin_of(&unit.key) == Some(gtin) {
            *held.entry(unit.parent.clone()).or_default() += 1;
        }
    })?;
    let most = held.values().max().copied().unwrap_or(0);
    let fewer = held.iter().filter(|(_, units)| **units < most).map(|(key, _)| spelt(key));
    Ok(Absent {
        units: loose.iter().map(|key| spelt(key)).collect(),
        cases: fewer.take(MOST_NAMED).collect(),
    })
}

fn gtin_of(key: &str) -> Option<Gtin> {
    Gtin::parse(key.strip_prefix("/01/")?.get(..14)?).ok()
}

/// The trade item of an NDC, where the catalogue knows just one unit of it.
fn gtin_of_ndc(store: &Store, caller: &Caller, ndc: &str) -> Option<Gtin> {
    let candidates = Ndc::candidates(ndc).ok()?;
    let found = store.products_by_ndc(caller, &candidates).ok()?;
    match found.as_slice() {
        [one] => one.product.gtin,
        _ => None,
    }
}
