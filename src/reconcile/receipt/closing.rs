//! Closing a receipt: serial by serial against its shipments, and the one receiving event of what was observed.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use crate::access::Caller;
use crate::dscsa::Against;
use crate::dscsa::Closing;
use crate::dscsa::Difference;
use crate::dscsa::Finding;
use crate::dscsa::Goods;
use crate::dscsa::Observation;
use crate::dscsa::Observed;
use crate::dscsa::Receipt;
use crate::dscsa::ReceiptState;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::ReceivedUnit;
use crate::epcis::Action;
use crate::epcis::BizTransaction;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Location;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::ZoneOffset;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::gs1::ScannedDate;
use crate::reconcile::receipt::ReceiptError;
use crate::reconcile::receipt::shipments;
use crate::reconcile::rules::lot_overfilled;
use crate::reconcile::rules::received_twice;
use crate::reconcile::rules::seen_after_end;
use crate::store::ShippedUnit;
use crate::store::Store;
use crate::store::StoreError;

/// Units compared in one go.
const PAGE: usize = 2_000;

/// Differences of one kind that are told one by one; all are counted.
const MOST_DIFFERENCES: usize = 1_000;

/// The namespace of what we add to a receiving event.
const NAMESPACE: &str = "urn:epcgate:receiving";

/// A receipt on its way to being closed: what it comes to, and the event to be captured.
#[derive(Debug)]
pub struct Closed {
    /// The receipt.
    pub receipt: Receipt,
    /// What it comes to.
    pub closing: Closing,
    /// What the watch for duplicates found.
    pub findings: Vec<Finding>,
    /// The receiving event; `None` where nothing was observed that belongs to what was received.
    pub event: Option<Event>,
}

/// Compares a receipt with its shipments and makes its event; until [`end`] is called the same again gives the same.
///
/// A receipt that is closed can be closed again: units that came into it since, as their data came, are named by an event
/// of their own. Fails where there is no such receipt.
pub fn close(
    store: &Store,
    caller: &Caller,
    id: &str,
    (who, now): (&str, DateTime<Utc>),
) -> Result<Closed, ReceiptError> {
    let receipt = store.begin_closing(caller, id, (who, now))?;
    let receipt = receipt.ok_or_else(|| ReceiptError::Unknown(id.to_owned()))?;
    let mut of = shipments(store, caller, &receipt)?;
    for shipment in &of {
        note_missing(store, caller, &receipt, *shipment)?;
    }
    let (mut naming, mut watch) = (Naming::default(), Watch::default());
    let (mut closing, mut told) = (Closing::default(), HashMap::new());
    let mut after: Option<String> = None;
    loop {
        let page = (after.as_deref(), i64::try_from(PAGE).unwrap_or(i64::MAX));
        let units = store.received_units(caller, id, None, page)?;
        let Some(last) = units.last() else { break };
        after = Some(last.key.clone());
        let mut new = Vec::new();
        for unit in &units {
            if let Some(difference) = difference(unit) {
                let told: &mut usize = told.entry(std::mem::discriminant(&difference)).or_default();
                *told += 1;
                if *told <= MOST_DIFFERENCES {
                    closing.differences.push(difference);
                }
            }
            watch.look(unit);
            let named = unit.round.is_some_and(|round| round != receipt.rounds);
            if !named && unit.is_taken_over(&receipt.against) {
                new.push(unit.key.clone());
                naming.add(unit);
            }
            if receipt.against == Against::Nothing {
                of.extend(unit.shipment);
            }
        }
        store.name_units(caller, id, receipt.rounds, &new)?;
    }
    of.sort_unstable();
    of.dedup();
    closing.counts = store.receipt_counts(caller, id)?;
    closing.shipments = of;
    let event = naming.into_event(store, caller, &receipt, &closing.shipments)?;
    let findings = watch.findings(store, caller)?;
    Ok(Closed { receipt, closing, findings, event })
}

/// Ends the closing, once the event is captured: in this document, if there was one. What the watch found is kept with the
/// document of the shipment.
pub fn end(
    store: &Store,
    caller: &Caller,
    closed: &mut Closed,
    (document, now): (Option<i64>, DateTime<Utc>),
) -> Result<(), StoreError> {
    let first = closed.closing.shipments.first();
    let shipment = first.map(|id| store.shipment(caller, *id)).transpose()?.flatten();
    let document = shipment.map(|shipment| shipment.document).or(document);
    if let Some(document) = document.filter(|_| !closed.findings.is_empty()) {
        store.record_findings(document, &closed.findings, now)?;
    }
    store.end_closing(caller, &closed.receipt.id, &closed.closing.shipments)?;
    closed.receipt.state = ReceiptState::Closed;
    Ok(())
}

/// The watch for serial numbers that are there twice: what it found, and the lots of which unknown ones were seen.
#[derive(Default)]
struct Watch {
    findings: Vec<Finding>,
    lots: BTreeSet<(Gtin, String)>,
}

impl Watch {
    fn look(&mut self, unit: &ReceivedUnit) {
        self.findings.extend(received_twice::check(unit).or_else(|| seen_after_end::check(unit)));
        let unknown = matches!(unit.verdict, ReceiptVerdict::NoData | ReceiptVerdict::NeverCommissioned);
        if let (true, Some(gtin), lot) = (unknown, unit.epc.gtin(), &unit.label.0)
            && !lot.is_empty()
        {
            self.lots.insert((gtin, lot.clone()));
        }
    }

    fn findings(mut self, store: &Store, caller: &Caller) -> Result<Vec<Finding>, StoreError> {
        for (gtin, lot) in &self.lots {
            let lots = store.lots(caller, gtin.as_str(), lot)?;
            let commissioned = lots.iter().map(|lot| lot.commissioned).sum();
            let unknown = store.unknown_in_lot(caller, gtin, lot)?;
            let seen = if commissioned > 0 { commissioned + unknown } else { unknown };
            self.findings.extend(lot_overfilled::check((gtin, lot), commissioned, seen));
        }
        Ok(self.findings)
    }
}

/// Writes down the units of a shipment that the receipt does not have.
fn note_missing(store: &Store, caller: &Caller, receipt: &Receipt, shipment: i64) -> Result<(), StoreError> {
    let mut after: Option<String> = None;
    loop {
        let units = store.shipment_units(caller, shipment, after.as_deref(), PAGE)?;
        let Some(last) = units.last() else { return Ok(()) };
        after = Some(last.key.clone());
        let keys: Vec<&str> = units.iter().map(|unit| unit.key.as_str()).collect();
        let here = store.keys_received(caller, &receipt.id, &keys)?;
        let here: HashSet<&str> = here.iter().map(String::as_str).collect();
        let at = receipt.closed.as_ref().map_or(receipt.opened.1, |(_, at)| *at);
        let missing: Vec<ReceivedUnit> = units
            .iter()
            .filter(|unit| !here.contains(unit.key.as_str()))
            .map(|unit| missing_unit(unit, shipment, at))
            .collect();
        store.record_missing(caller, &receipt.id, &missing)?;
    }
}

fn missing_unit(unit: &ShippedUnit, shipment: i64, at: DateTime<Utc>) -> ReceivedUnit {
    let data = unit.lot.as_ref().map(|lot| (lot.lot.clone(), lot.expiry.clone()));
    ReceivedUnit {
        key: unit.key.clone(),
        epc: Epc::parse(&format!("https://id.gs1.org{}", unit.key)),
        observed: Observed::Unseen,
        through: String::new(),
        verdict: ReceiptVerdict::Missing,
        why: "the data have it, the goods do not".to_owned(),
        label: Default::default(),
        data: data.unwrap_or_default(),
        contents: None,
        shipment: Some(shipment),
        at,
        times: 0,
        round: None,
    }
}

/// What a unit's verdict says of goods and data.
fn difference(unit: &ReceivedUnit) -> Option<Difference> {
    if unit.contents.is_some() {
        return None;
    }
    let goods = |(lot, expiry): (&str, &str)| {
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Goods {
            gtin: unit.epc.gtin().map(|gtin| gtin.to_string()).unwrap_or_default(),
            serial: unit.epc.serial().map(String::from),
            lot: filled(lot),
            expiry: filled(expiry),
        }
    };
    let of_data = || goods((&unit.data.0, &unit.data.1));
    let expiry = ScannedDate::new(&unit.label.1).and_then(|date| date.date(unit.at.date_naive()));
    let expiry = expiry.map(|date| date.to_string()).unwrap_or_else(|| unit.label.1.clone());
    let of_label = || goods((&unit.label.0, &expiry));
    Some(match unit.verdict {
        ReceiptVerdict::Expected => return None,
        ReceiptVerdict::Missing => Difference::Short(of_data()),
        ReceiptVerdict::Over => Difference::Over(of_label()),
        ReceiptVerdict::NoData | ReceiptVerdict::NeverCommissioned => {
            Difference::MissingData(of_label(), Observation::Scan)
        }
        ReceiptVerdict::Misaligned => Difference::Misaligned { data: of_data(), label: of_label() },
        ReceiptVerdict::Recalled
        | ReceiptVerdict::Ended
        | ReceiptVerdict::Held
        | ReceiptVerdict::Expired
        | ReceiptVerdict::ReceivedBefore => {
            Difference::Unavailable { goods: of_data(), why: unit.why.clone() }
        }
    })
}

/// What an event is to name.
#[derive(Default)]
struct Naming {
    scanned: Vec<Epc>,
    inferred: Vec<Epc>,
}

impl Naming {
    fn add(&mut self, unit: &ReceivedUnit) {
        match unit.observed {
            Observed::Scanned => self.scanned.push(unit.epc.clone()),
            Observed::Inferred => self.inferred.push(unit.epc.clone()),
            Observed::Unseen => {}
        }
    }

    /// The receiving event (US guideline R1.2, receiving): `epcList` names what was scanned, and the inferred units stand
    /// in an element of ours, so that nobody takes them for scanned.
    fn into_event(
        self,
        store: &Store,
        caller: &Caller,
        receipt: &Receipt,
        shipments: &[i64],
    ) -> Result<Option<Event>, StoreError> {
        if self.scanned.is_empty() && self.inferred.is_empty() {
            return Ok(None);
        }
        let at = receipt.closed.as_ref().map_or(receipt.opened.1, |(_, at)| *at);
        let what = What::Object { action: Action::Observe, epcs: self.scanned, quantities: Vec::new() };
        let mut event = Event::new(EventTime::from_utc(at), ZoneOffset::UTC, what);
        let name = format!("urn:epcgate:receipt:{}:{}", receipt.id, receipt.rounds);
        event.id = Some(format!("urn:uuid:{}", Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())).into());
        event.biz_step = Some(Term::parse(StandardVocabulary::BizStep, "receiving"));
        event.disposition = Some(Term::parse(StandardVocabulary::Disposition, "in_progress"));
        let location = receipt.place.clone().map(|id| Location { id, extensions: Vec::new() });
        event.read_point = location.clone();
        event.biz_location = location;
        event.biz_transactions = transactions(store, caller, shipments)?;
        let text = |local: &str, text: &str| Element::with_text(name_of(local), "epcgate", text);
        event.extensions.push(text("receipt", &receipt.id));
        if !self.inferred.is_empty() {
            let mut inferred = Element::new(name_of("inferred"), "epcgate");
            inferred.children =
                self.inferred.iter().map(|epc| Node::Element(text("epc", epc.as_str()))).collect();
            event.extensions.push(inferred);
        }
        Ok(Some(event))
    }
}

fn name_of(local: &str) -> Name {
    Name::new(NAMESPACE, local)
}

/// The orders and despatch advices of the shipments, each once.
fn transactions(
    store: &Store,
    caller: &Caller,
    shipments: &[i64],
) -> Result<Vec<BizTransaction>, StoreError> {
    let mut found: Vec<BizTransaction> = Vec::new();
    for shipment in shipments {
        let Some(shipment) = store.shipment(caller, *shipment)? else { continue };
        for (kind, uris) in [("po", &shipment.purchase_orders), ("desadv", &shipment.despatch_advices)] {
            for uri in uris {
                let kind = Some(Term::parse(StandardVocabulary::BizTransactionType, kind));
                let transaction = BizTransaction { kind, id: uri.as_str().into() };
                if !found.contains(&transaction) {
                    found.push(transaction);
                }
            }
        }
    }
    Ok(found)
}
