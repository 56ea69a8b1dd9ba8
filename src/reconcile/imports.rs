//! Orders and advices that come after the shipments they are about: those are compared again.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::OrderNumber;
use crate::formats::orders::Orders;
use crate::reconcile::cases;
use crate::reconcile::cases::Compared;
use crate::reconcile::deliveries;
use crate::reconcile::rules::advice;
use crate::store::CaseError;
use crate::store::ShipmentFilter;
use crate::store::Store;

/// Shipments of one order or advice that are compared.
const MOST_SHIPMENTS: i64 = 1_000;

/// Compares every shipment again that names one of these orders or advices, and brings findings and cases up to date; returns
/// how many documents are concerned. The same orders again change nothing.
pub fn after_import(
    store: &Store,
    imported: &Orders,
    settings: &cases::Settings,
    now: DateTime<Utc>,
) -> Result<u64, CaseError> {
    let caller = Caller::operator();
    let orders = imported.orders.iter().map(|order| &order.number);
    let numbers = orders.chain(imported.advices.iter().map(|advice| &advice.number));
    let mut documents: BTreeSet<i64> = BTreeSet::new();
    for spelling in numbers.flat_map(spellings) {
        let filter = ShipmentFilter { order: Some(spelling), ..ShipmentFilter::default() };
        let shipments = store.shipments(&caller, &filter, None, MOST_SHIPMENTS)?;
        documents.extend(shipments.into_iter().map(|shipment| shipment.document));
    }
    for document in &documents {
        let mut findings = Vec::new();
        for shipment in store.shipments_in(&caller, *document)? {
            findings.extend(deliveries::with_orders(store, &caller, &shipment)?);
        }
        store.record_findings(*document, &findings, now)?;
        let compared = Compared {
            document: Some(*document),
            findings: &findings,
            rules: &advice::ids(),
            ..Compared::default()
        };
        cases::after_reconcile(store, settings, &compared, now)?;
    }
    Ok(documents.len() as u64)
}

/// As shipments may name it: as sent, alone, and alone with its spaces percent-encoded.
fn spellings(number: &OrderNumber) -> BTreeSet<String> {
    let alone = number.number();
    [number.as_str().to_owned(), alone.to_owned(), alone.replace(' ', "%20")].into_iter().collect()
}
