//! Goods before their data, and data before their goods: both wait, with a clock.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::ReceiptState;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::exception::Clocks;
use crate::formats::shipments::ClockForm;
use crate::formats::shipments::ShipmentForm;
use crate::formats::shipments::moment;
use crate::reconcile::receipt::ReceiptError;
use crate::reconcile::receipt::scanning::Candidate;
use crate::reconcile::receipt::scanning::Judging;
use crate::reconcile::receipt::scanning::NOT_LIVE;
use crate::store::ShipmentFilter;
use crate::store::ShipmentRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::WaitingUnit;

/// Units looked at in one go.
const PAGE: i64 = 500;

/// When what waits is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// When somebody is reminded.
    pub remind: DateTime<Utc>,
    /// When the partner is asked.
    pub escalate: DateTime<Utc>,
}

impl Deadlines {
    /// The deadlines of what waits since then.
    pub fn of(since: DateTime<Utc>, clocks: &Clocks) -> Deadlines {
        Deadlines { remind: clocks.notify_by(since), escalate: clocks.answer_by(since) }
    }

    /// They as shown.
    pub fn form(&self, now: DateTime<Utc>) -> ClockForm {
        ClockForm::new(self.state(now), self.remind, self.escalate)
    }

    /// `waiting`, `late` or `overdue`.
    pub fn state(&self, now: DateTime<Utc>) -> &'static str {
        match (now >= self.escalate, now >= self.remind) {
            (true, _) => "overdue",
            (_, true) => "late",
            _ => "waiting",
        }
    }
}

/// A shipment, and whether its goods are still expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The shipment.
    pub shipment: ShipmentRecord,
    /// Until when its goods are expected; `None` where a receipt was closed against it.
    pub deadlines: Option<Deadlines>,
}

/// A page of shipments, and where to go on from, if there may be more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedPage {
    /// The shipments.
    pub shipments: Vec<Expected>,
    /// Time and number of the last one looked at.
    pub next: Option<(i64, i64)>,
}

impl Expected {
    fn of(
        store: &Store,
        caller: &Caller,
        shipment: ShipmentRecord,
        clocks: &Clocks,
    ) -> Result<Expected, StoreError> {
        let since = DateTime::from_timestamp_micros(shipment.time).unwrap_or_default();
        let open = store.receipts_of(caller, shipment.id)?.is_empty();
        Ok(Expected { deadlines: open.then(|| Deadlines::of(since, clocks)), shipment })
    }

    /// It as shown, with the state of its clock now.
    pub fn form(&self, now: DateTime<Utc>) -> ShipmentForm {
        let ShipmentRecord { id, time, seller, buyer, ship_from, ship_to, .. } = self.shipment.clone();
        ShipmentForm {
            shipment: id,
            at: moment(DateTime::from_timestamp_micros(time).unwrap_or_default()),
            orders: self.shipment.purchase_orders.clone(),
            advices: self.shipment.despatch_advices.clone(),
            units: self.shipment.units,
            expected: self.deadlines.map(|deadlines| deadlines.form(now)),
            seller,
            buyer,
            ship_from,
            ship_to,
        }
    }
}

/// Judges again the units that wait for data, those of which data have come; returns how many were released from waiting.
///
/// Called when a document has been brought into the ledger; the same again changes nothing.
pub fn release(store: &Store, caller: &Caller, now: DateTime<Utc>) -> Result<u64, ReceiptError> {
    let (mut released, mut after) = (0, None::<WaitingUnit>);
    loop {
        let waiting = store.waiting_units(caller, after.as_ref(), PAGE)?;
        let Some(last) = waiting.last() else { return Ok(released) };
        after = Some(last.clone());
        let keys: Vec<&str> = waiting.iter().map(|waiting| waiting.unit.key.as_str()).collect();
        let known = store.item_rows(&keys)?;
        let mut by_receipt: BTreeMap<&str, Vec<&WaitingUnit>> = BTreeMap::new();
        for waiting in waiting.iter().filter(|waiting| known.contains_key(&waiting.unit.key)) {
            by_receipt.entry(&waiting.receipt).or_default().push(waiting);
        }
        for (receipt, waiting) in by_receipt {
            released += again(store, caller, (receipt, &waiting), now)?;
        }
    }
}

/// Judges again the units of open receipts that were put aside, as a partner is live now; returns how many are so no more.
pub fn release_held(store: &Store, caller: &Caller, now: DateTime<Utc>) -> Result<u64, ReceiptError> {
    let (mut released, mut after) = (0, None::<String>);
    loop {
        let page = store.receipts(caller, Some(ReceiptState::Open), after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(released) };
        after = Some(last.id.clone());
        for receipt in &page {
            released += held_again(store, caller, &receipt.id, now)?;
        }
    }
}

fn held_again(
    store: &Store,
    caller: &Caller,
    receipt: &str,
    now: DateTime<Utc>,
) -> Result<u64, ReceiptError> {
    let (mut released, mut after) = (0, None::<String>);
    loop {
        let held = Some(ReceiptVerdict::Held);
        let units = store.received_units(caller, receipt, held, (after.as_deref(), PAGE))?;
        let Some(last) = units.last() else { return Ok(released) };
        after = Some(last.key.clone());
        let units = units.into_iter().filter(|unit| unit.why.contains(NOT_LIVE));
        let waiting: Vec<WaitingUnit> =
            units.map(|unit| WaitingUnit { receipt: receipt.to_owned(), unit }).collect();
        released += again(store, caller, (receipt, &waiting.iter().collect::<Vec<_>>()), now)?;
    }
}

fn again(
    store: &Store,
    caller: &Caller,
    (receipt, waiting): (&str, &[&WaitingUnit]),
    now: DateTime<Utc>,
) -> Result<u64, ReceiptError> {
    let Some(receipt) = store.receipt(caller, receipt)? else { return Ok(0) };
    let judging = Judging::new(store, caller, &receipt, now)?;
    let candidates: Vec<Candidate> = waiting.iter().map(|waiting| Candidate::again(&waiting.unit)).collect();
    let mut changed = Vec::new();
    for ((mut unit, _), waiting) in judging.judged(&candidates)?.into_iter().zip(waiting) {
        if unit.verdict != ReceiptVerdict::NoData {
            let old = &waiting.unit;
            (unit.observed, unit.through) = (old.observed, old.through.clone());
            (unit.at, unit.times, unit.contents, unit.round) = (old.at, old.times, old.contents, old.round);
            changed.push(unit);
        }
    }
    store.replace_received(caller, &receipt.id, &changed)?;
    Ok(changed.len() as u64)
}

/// The place of a shipment in a listing: its time and number.
pub type ShipmentPlace = (i64, i64);

/// Shipments from the newest on, each with its clock where no receipt was closed against it; and where to go on from, if
/// there may be more.
pub fn expected(
    store: &Store,
    caller: &Caller,
    filter: &ShipmentFilter,
    (before, limit): (Option<ShipmentPlace>, i64),
    clocks: &Clocks,
) -> Result<ExpectedPage, StoreError> {
    let page = store.shipments(caller, filter, before, limit)?;
    let full = i64::try_from(page.len()).is_ok_and(|length| length == limit);
    let next = page.last().filter(|_| full).map(|last| (last.time, last.id));
    let mut found = Vec::new();
    for shipment in page {
        found.push(Expected::of(store, caller, shipment, clocks)?);
    }
    Ok(ExpectedPage { shipments: found, next })
}

/// One shipment, with its clock where no receipt was closed against it; `None` where there is none of this number.
pub fn expected_one(
    store: &Store,
    caller: &Caller,
    id: i64,
    clocks: &Clocks,
) -> Result<Option<Expected>, StoreError> {
    let found = store.shipment(caller, id)?;
    found.map(|shipment| Expected::of(store, caller, shipment, clocks)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::receipt::Settings;

    #[test]
    fn what_waits_becomes_late_and_overdue() {
        // A Friday: the third business day after it is Wednesday.
        let since: DateTime<Utc> = "2026-03-06T10:00:00Z".parse().unwrap();
        let deadlines = Deadlines::of(since, &Settings::default().clocks());
        for (now, expected) in [
            ("2026-03-06T12:00:00Z", "waiting"),
            ("2026-03-07T10:00:00Z", "late"),
            ("2026-03-11T09:00:00Z", "late"),
            ("2026-03-11T10:00:00Z", "overdue"),
        ] {
            assert_eq!(deadlines.state(now.parse().unwrap()), expected, "{now}");
        }
    }
}
