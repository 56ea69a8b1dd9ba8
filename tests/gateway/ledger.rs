//! The ledger: what is known of each item, kept document by document, and the same when worked out anew.

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::capture;
use epcgate::capture::Policy;
use epcgate::capture::Wish;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::gs1::Epc;
use epcgate::reconcile;
use epcgate::store::ItemRow;
use epcgate::store::LotRecord;
use epcgate::store::Settings;
use epcgate::store::ShipmentFilter;
use epcgate::store::ShipmentRecord;
use epcgate::store::Store;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use serde_json::json;

use crate::postgres;

/// One step of a history, about few things, so that they meet often.
#[derive(Clone, Debug)]
struct Step {
    /// Which unit, case or pallet.
    thing: usize,
    container: usize,
    /// What happens.
    kind: usize,
    /// When, in hours: many at the same time, and not in order.
    hour: u32,
    lot: usize,
    /// True where the step is later declared wrong, in a document of its own.
    wrong: bool,
}

fn step() -> impl Strategy<Value = Step> {
    (0..6usize, 0..4usize, 0..9usize, 0..12u32, 0..2usize, prop::bool::weighted(0.15)).prop_map(
        |(thing, container, kind, hour, lot, wrong)| Step { thing, container, kind, hour, lot, wrong },
    )
}

/// Documents of some steps each.
fn histories() -> impl Strategy<Value = Vec<Vec<Step>>> {
    prop::collection::vec(prop::collection::vec(step(), 1..8), 1..6)
}

fn unit(number: usize) -> String {
    format!("urn:epc:id:sgtin:030001.0012345.{number}")
}

fn container(number: usize) -> String {
    match number {
        0 | 1 => format!("urn:epc:id:sgtin:030001.1012345.C{number}"),
        _ => format!("urn:epc:id:sscc:030001.0000000000{number}"),
    }
}

fn event(step: &Step, id: &str) -> Value {
    let thing = if step.thing < 4 { unit(step.thing) } else { container(step.thing - 4) };
    let mut event = json!({
        "type": "ObjectEvent", "eventID": id, "action": "OBSERVE", "epcList": [thing],
        "eventTime": format!("2026-03-04T{:02}:00:00Z", step.hour), "eventTimeZoneOffset": "-05:00",
    });
    let (action, step_name) = match step.kind {
        0 | 1 => ("ADD", "commissioning"),
        2 => ("OBSERVE", "shipping"),
        3 => ("OBSERVE", "receiving"),
        4 => ("DELETE", "decommissioning"),
        5 | 6 => ("ADD", "packing"),
        _ => ("DELETE", "unpacking"),
    };
    event["action"] = action.into();
    event["bizStep"] = step_name.into();
    if step.kind <= 1 {
        event["ilmd"] = json!({ "cbvmda:lotNumber": format!("L{}", step.lot), "cbvmda:itemExpirationDate": "2028-01-31" });
    }
    if step.kind >= 5 {
        event["type"] = "AggregationEvent".into();
        event["parentID"] = container(step.container).into();
        event["childEPCs"] = event["epcList"].take();
        event.as_object_mut().unwrap().remove("epcList");
        if step.kind == 8 {
            event["childEPCs"] = json!([]);
        }
    }
    event
}

fn document(events: &[Value]) -> String {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-05T00:00:00Z",
        "epcisBody": { "eventList": events },
    })
    .to_string()
}

/// The documents of a history: those of its steps, each followed by one that declares the wrong ones wrong.
fn documents(history: &[Vec<Step>]) -> Vec<String> {
    let mut documents = Vec::new();
    for (number, steps) in history.iter().enumerate() {
        let events: Vec<Value> = steps
            .iter()
            .enumerate()
            .map(|(at, step)| event(step, &format!("urn:uuid:00000000-0000-4000-8000-{number:06}{at:06}")))
            .collect();
        documents.push(document(&events));
        let mut declared: Vec<Value> = Vec::new();
        for (event, _) in events.iter().zip(steps).filter(|(_, step)| step.wrong) {
            let mut event = event.clone();
            event["errorDeclaration"] =
                json!({ "declarationTime": "2026-03-05T00:00:00Z", "reason": "did_not_occur" });
            declared.push(event);
        }
        if !declared.is_empty() {
            documents.push(document(&declared));
        }
    }
    documents
}

fn bring(store: &Store, document: &str) {
    let mut receiving = store.receive(Utc::now()).unwrap();
    std::io::Write::write_all(&mut receiving, document.as_bytes()).unwrap();
    let received = receiving.finish().unwrap();
    let wish = Wish { behaviour: CaptureErrorBehaviour::Proceed, syntax: None };
    let new = capture::accept(store, &Caller::operator(), received, wish, Utc::now()).unwrap();
    let job = capture::run_to_end(store, &new.job, &Policy::default(), Utc::now).unwrap();
    assert!(job.success, "{:?}\n{document}", job.defects);
}

type State = (Vec<ItemRow>, Vec<LotRecord>, Vec<ShipmentRecord>);

fn state(store: &Store) -> State {
    let caller = Caller::operator();
    let items = store.items_after("", 1_000).unwrap();
    let gtins = ["00300010123455", "10300010123452"];
    let lots = gtins.iter().flat_map(|gtin| ["L0", "L1"].map(|lot| (gtin, lot)));
    // A lot that lost all its items to error declarations keeps its record, with none.
    let lots = lots.flat_map(|(gtin, lot)| store.lots(&caller, gtin, lot).unwrap());
    let lots = lots.filter(|lot| lot.commissioned > 0).collect();
    let shipments = store.shipments(&caller, &ShipmentFilter::default(), None, 1_000).unwrap();
    (items, lots, shipments)
}

fn rebuilding_changes_nothing(name: &str, cases: u32, url: impl Fn(u64) -> String) {
    let counter = std::cell::Cell::new(0);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&histories(), |history| {
        counter.set(counter.get() + 1);
        let store = Store::open(&url(counter.get()), &Settings::default()).unwrap();
        documents(&history).iter().for_each(|document| bring(&store, document));
        let live = state(&store);
        reconcile::rebuild(
            &store,
            &Caller::operator(),
            (&Default::default(), &Default::default()),
            Utc::now,
            |_| {},
        )
        .unwrap();
        prop_assert_eq!(live, state(&store));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{name}: {failure}"));
}

#[test]
fn rebuilding_changes_nothing_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    rebuilding_changes_nothing("SQLite", 48, |number| {
        folder.path().join(format!("{number}.db")).to_str().unwrap().to_owned()
    });
}

#[test]
fn rebuilding_changes_nothing_on_postgresql() {
    rebuilding_changes_nothing("PostgreSQL", 12, |number| postgres::database(&format!("ledger_{number}")));
}

#[test]
fn what_is_declared_wrong_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("a.db").to_str().unwrap(), &Settings::default()).unwrap();
    let step = |kind, hour, wrong| Step { thing: 0, container: 2, kind, hour, lot: 0, wrong };
    let key = "/01/00300010123455/21/0";
    let history = vec![vec![step(0, 1, false), step(5, 2, false)], vec![step(4, 3, true)]];
    let documents = documents(&history);
    let (before, declaration) = documents.split_at(2);
    before.iter().for_each(|document| bring(&store, document));
    let item = store.item(&Caller::operator(), key).unwrap().unwrap();
    assert!(item.ended.is_some());
    assert_eq!(item.lot.unwrap().lot, "L0");
    assert_eq!(item.parent.unwrap().0, Epc::parse(&container(2)).key());
    declaration.iter().for_each(|document| bring(&store, document));
    let item = store.item(&Caller::operator(), key).unwrap().unwrap();
    assert_eq!((item.ended, item.parent.is_some()), (None, true));
}

#[test]
fn late_events_find_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let open =
        |name: &str| Store::open(folder.path().join(name).to_str().unwrap(), &Settings::default()).unwrap();
    let step = |kind, hour| Step { thing: 0, container: 2, kind, hour, lot: 0, wrong: false };
    let mut documents = documents(&[vec![step(0, 1)], vec![step(5, 2)], vec![step(7, 5)], vec![step(2, 4)]]);
    let (early, late) = (open("early.db"), open("late.db"));
    documents.iter().for_each(|document| bring(&early, document));
    documents.reverse();
    documents.iter().for_each(|document| bring(&late, document));
    let times = |store: &Store| {
        let item = store.item(&Caller::operator(), "/01/00300010123455/21/0").unwrap().unwrap();
        let time = |fact: Option<epcgate::store::Fact>| fact.map(|fact| fact.time);
        (time(item.commissioned), item.parent.is_some(), time(item.moved), time(item.shipped), item.lot)
    };
    assert_eq!(times(&early), times(&late));
    assert!(!times(&early).1);
}

#[test]
fn a_shipment_has_what_earlier_documents_packed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("a.db").to_str().unwrap(), &Settings::default()).unwrap();
    let step = |thing, kind, hour| Step { thing, container: 2, kind, hour, lot: 1, wrong: false };
    let history =
        [vec![step(0, 0, 1), step(1, 0, 1)], vec![step(0, 5, 2)], vec![step(6, 2, 3), step(1, 2, 3)]];
    documents(&history).iter().for_each(|document| bring(&store, document));
    let caller = Caller::operator();
    let shipments = store.shipments(&caller, &ShipmentFilter::default(), None, 10).unwrap();
    let mut units = Vec::new();
    for shipment in &shipments {
        assert_eq!(shipment.units, 1);
        units.extend(store.shipment_units(&caller, shipment.id, None, 10).unwrap());
    }
    units.sort_by(|one, other| one.key.cmp(&other.key));
    let found: Vec<_> = units
        .iter()
        .map(|unit| (unit.key.as_str(), unit.parent.as_str(), unit.lot.as_ref().map(|lot| lot.lot.as_str())))
        .collect();
    let pallet = Epc::parse(&container(2)).key();
    assert_eq!(
        found,
        [
            ("/01/00300010123455/21/0", pallet.as_str(), Some("L1")),
            ("/01/00300010123455/21/1", "", Some("L1")),
        ]
    );
}
