//! The ledger of items, brought up to date document by document; what is declared wrong is taken back.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io;

use chrono::DateTime;
use chrono::Utc;
use thiserror::Error;

use crate::access::Caller;
use crate::dscsa::Finding;
use crate::dscsa::RuleOverrides;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::What;
use crate::epcis::event_id::EventHasher;
use crate::formats::Defects;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::gs1::Epc;
use crate::reconcile::cases;
use crate::reconcile::cases::Compared;
use crate::reconcile::deliveries;
use crate::reconcile::docket::Book;
use crate::reconcile::docket::Docket;
use crate::reconcile::docket::LotName;
use crate::reconcile::examination::Examination;
use crate::reconcile::examination::Examined;
use crate::reconcile::judging;
use crate::reconcile::merging;
use crate::reconcile::merging::BATCH;
use crate::reconcile::merging::facts;
use crate::reconcile::receipt;
use crate::reconcile::receipt::ReceiptError;
use crate::reconcile::rules;
use crate::reconcile::rules::Found;
use crate::reconcile::shipping;
use crate::reconcile::trail::Trail;
use crate::store::CaseError;
use crate::store::EventNumber;
use crate::store::ItemFacts;
use crate::store::Mention;
use crate::store::Store;
use crate::store::StoreError;

/// Why a document cannot be brought into the ledger.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Goods that waited for the document cannot be judged.
    #[error("the document is in the ledger, but goods that waited for it cannot be judged: {0}")]
    Receipt(#[from] ReceiptError),
    /// A case cannot be brought up to date.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The temporary file of a large document cannot be written or read.
    #[error("the temporary file of a large document failed: {0}")]
    Io(#[from] io::Error),
}

/// Looks at a document by itself, without any ledger.
pub(super) fn check(docket: &mut Docket) -> Result<Found, ReconcileError> {
    let mut found = Found::default();
    rules::check_book(docket.close()?, &mut found);
    docket.visit(|book, line| {
        rules::check_item(&Trail::of(book, line), &mut found);
        Ok::<(), io::Error>(())
    })?;
    Ok(found)
}

/// Brings a published document into the ledger and returns what was found in it; `None` where another does so, or where
/// it has been done. Findings are kept and become cases, and goods that waited for the document are judged again.
///
/// The same document again changes nothing.
pub fn after_capture(
    store: &Store,
    (document, examined): (i64, Examined),
    settings: &cases::Settings,
    now: DateTime<Utc>,
) -> Result<Option<Vec<Finding>>, ReconcileError> {
    if !store.take_reconciling(document, now)? {
        return Ok(None);
    }
    let mut findings = bring(store, document, examined)?;
    let caller = Caller::operator();
    for shipment in store.shipments_in(&caller, document)? {
        findings.extend(deliveries::compare(store, &caller, &shipment, &settings.gln)?);
    }
    store.record_findings(document, &findings, now)?;
    let compared = Compared { document: Some(document), findings: &findings, ..Compared::default() };
    cases::after_reconcile(store, settings, &compared, now)?;
    store.end_reconciling(document, now)?;
    receipt::release(store, &caller, now)?;
    Ok(Some(findings))
}

/// Brings into the ledger every published document that is not in it, in the order of publishing; returns how many.
pub fn catch_up(
    store: &Store,
    settings: &cases::Settings,
    overrides: &RuleOverrides,
    now: fn() -> DateTime<Utc>,
) -> Result<u64, ReconcileError> {
    bring_all(store, (settings, overrides), now, |_| {})
}

/// Begins the ledger anew and brings every document into it; `each` is told after each how many are done.
pub fn rebuild(
    store: &Store,
    caller: &Caller,
    (settings, overrides): (&cases::Settings, &RuleOverrides),
    now: fn() -> DateTime<Utc>,
    each: impl FnMut(u64),
) -> Result<u64, ReconcileError> {
    store.empty_ledger(caller, now())?;
    bring_all(store, (settings, overrides), now, each)
}

fn bring_all(
    store: &Store,
    (settings, overrides): (&cases::Settings, &RuleOverrides),
    now: fn() -> DateTime<Utc>,
    mut each: impl FnMut(u64),
) -> Result<u64, ReconcileError> {
    let mut done = 0;
    while let Some(document) = store.next_unreconciled(now())? {
        let Some(examined) = read(store, document, (overrides, now()))? else {
            store.end_reconciling(document, now())?;
            continue;
        };
        if after_capture(store, (document, examined), settings, now())?.is_some() {
            done += 1;
            each(done);
        }
    }
    Ok(done)
}

/// Examines a document as it was received; `None` where it cannot be read, as no published document can.
fn read(
    store: &Store,
    document: i64,
    (overrides, now): (&RuleOverrides, DateTime<Utc>),
) -> Result<Option<Examined>, ReconcileError> {
    let (mut defects, mut hasher) = (Defects::new(false), EventHasher::new());
    let input = Box::new(store.input(document)?);
    let Ok(mut reader) = Reader::open(input, ReadOptions::default(), &mut defects) else {
        tracing::error!(document, "a published document cannot be read again");
        return Ok(None);
    };
    let options = judging::options(store, overrides, reader.header(), now)?;
    let mut examination = Examination::new(options, reader.header());
    while let Ok(Some(reading)) = reader.next_event(&mut defects) {
        match &reading.event {
            Some(event) => examination.event(reading.index, event, &hasher.digest(event)),
            None => examination.refused(),
        }
    }
    examination.finish(reader.header()).map(Some)
}

fn bring(store: &Store, document: i64, examined: Examined) -> Result<Vec<Finding>, ReconcileError> {
    let Examined { report, overrides, mut docket } = examined;
    docket.number(&store.event_numbers(document)?);
    let mut found = Found::default();
    rules::check_book(docket.close()?, &mut found);
    let lots = lot_numbers(store, docket.book())?;
    let merged = merging::merge(store, document, &mut docket, (lots, found))?;
    merged.units.write(document, docket.book())?;
    let void = store.declare_void(document, &docket.book().declarations)?;
    let mut reopened = take_back(store, &void)?;
    for (container, time) in docket.book().reopened(&merged.known_before) {
        let known = reopened.entry(container).or_insert(time);
        *known = time.min(*known);
    }
    shipping::refresh(store, reopened)?;
    if report.concerned.is_none() {
        return Ok(Vec::new());
    }
    let items = merged.found.into_findings().into_iter().filter_map(|finding| overrides.apply(finding));
    Ok(report.findings.into_iter().chain(items).collect())
}

/// The numbers of the lots in the ledger, which are made where they are new.
fn lot_numbers(store: &Store, book: &Book) -> Result<Vec<i64>, StoreError> {
    let lots = book.lots.iter().map(|LotName { gtin, lot, expiry }| [gtin, lot, expiry].map(String::as_str));
    store.lot_numbers(&lots.collect::<Vec<_>>())
}

/// Works out anew every item that these events, declared wrong, had a say in; returns the containers that they filled or
/// emptied, with the times of that.
fn take_back(store: &Store, void: &[i64]) -> Result<BTreeMap<String, i64>, ReconcileError> {
    let (mut affected, mut containers) = (BTreeSet::new(), BTreeMap::new());
    if void.is_empty() {
        return Ok(containers);
    }
    for event in store.events_numbered(&Caller::operator(), void)? {
        store.remove_shipment(event.id)?;
        containers
            .extend(event.event.what.parent().map(|parent| (parent.key(), event.event.time.microseconds())));
        affected
            .extend(event.event.what.parent().into_iter().chain(all_epcs(&event.event)).map(|epc| epc.key()));
    }
    let mut docket = events_naming(store, &affected)?;
    docket.close()?;
    let (mut lots, mut rows) = (None, BTreeMap::new());
    docket.visit(|book, line| {
        if affected.contains(line.key) {
            let lots = match &mut lots {
                Some(lots) => lots,
                none => none.insert(lot_numbers(store, book)?),
            };
            let trail = Trail::of(book, line);
            let lot = trail.commissioned().and_then(|mark| lots.get(mark.reference as usize)).copied();
            rows.insert(line.key.to_owned(), facts(&trail, lot));
        }
        Ok::<(), ReconcileError>(())
    })?;
    let unknown = |key: &String| ItemFacts { key: key.clone(), ..ItemFacts::default() };
    let all: Vec<ItemFacts> =
        affected.iter().map(|key| rows.remove(key).unwrap_or_else(|| unknown(key))).collect();
    for some in all.chunks(BATCH) {
        store.replace_items(some)?;
    }
    Ok(containers)
}

fn all_epcs(event: &Event) -> impl Iterator<Item = &Epc> {
    let (inputs, outputs) = match &event.what {
        What::Transformation { input_epcs, output_epcs, .. } => {
            (input_epcs.as_slice(), output_epcs.as_slice())
        }
        _ => Default::default(),
    };
    event.what.epcs().iter().chain(inputs).chain(outputs)
}

/// A docket of all events that name one of these items and that nobody declared wrong.
fn events_naming(store: &Store, keys: &BTreeSet<String>) -> Result<Docket, ReconcileError> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut events = HashMap::new();
    for mention in [Mention::Item, Mention::Child, Mention::Parent] {
        for kind in EventKind::STANDARD {
            for head in store.heads(&Caller::operator(), (mention, &keys), kind, i64::MAX)? {
                events.insert(head.id, head);
            }
        }
    }
    let heads: BTreeMap<i64, _> = events.into_iter().collect();
    let heads: Vec<_> = heads.into_values().collect();
    let mut docket = Docket::default();
    let mut numbers = Vec::new();
    for (position, event) in (0..).zip(store.events_of(&heads)?) {
        docket.add(position, &event.event, &event.hash)?;
        numbers.push(EventNumber { position, event: event.id });
    }
    docket.number(&numbers);
    docket.settle()?;
    Ok(docket)
}
