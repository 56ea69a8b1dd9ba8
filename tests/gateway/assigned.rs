//! What an answer to a verification rests on: product identifiers that are looked up together, with every hold on them.

use chrono::DateTime;
use epcgate::access::Caller;
use epcgate::dscsa::Decision;
use epcgate::dscsa::HoldKind;
use epcgate::dscsa::HoldScope;
use epcgate::dscsa::verification::Direction;
use epcgate::gs1::Epc;
use epcgate::gs1::Gtin;
use epcgate::store::EventTimes;
use epcgate::store::Fact;
use epcgate::store::ItemFacts;
use epcgate::store::Journal;
use epcgate::store::JournalEntry;
use epcgate::store::JournalError;
use epcgate::store::Settings;
use epcgate::store::Store;
use epcgate::store::VerificationFilter;

use crate::postgres;
use crate::postgres::on_each_database;
use crate::verifications::record;

const UNIT: &str = "00300010123455";
const OTHER: &str = "00300010999999";
const CASE: &str = "30300010123456";

fn gtin(text: &str) -> Gtin {
    Gtin::parse(text).unwrap()
}

fn pallet(level: u64) -> Epc {
    Epc::parse(&format!("urn:epc:id:sscc:030001.{level:011}"))
}

/// Units A and B in a case, that in four logistic units within each other; C alone, D of another lot, E of another product,
/// F dispensed; N only packed.
fn fill(store: &Store) {
    let mut times = EventTimes::default();
    let fact = Fact { time: 1_772_000_000_000_000, event: 1 };
    let rows = [[UNIT, "L/1", "2028-03-31"], [UNIT, "L2", "2028-03-31"], [OTHER, "L/1", "2028-03-31"]];
    let lots = store.lot_numbers(&rows).unwrap();
    let unit = |serial: &str| gtin(UNIT).serial_key(serial);
    let case = gtin(CASE).serial_key("K1");
    let item = |key: String, lot, parent: Option<String>| ItemFacts {
        key,
        lot,
        commissioned: Some(fact),
        packed: parent.map(|parent| (fact, Some(parent))),
        ..ItemFacts::default()
    };
    let mut facts = vec![
        item(unit("A"), Some(lots[0]), Some(case.clone())),
        item(unit("B"), Some(lots[0]), Some(case.clone())),
        item(unit("C"), Some(lots[0]), None),
        item(unit("D"), Some(lots[1]), None),
        item(gtin(OTHER).serial_key("E"), Some(lots[2]), None),
        ItemFacts { ended: Some(fact), ..item(unit("F"), Some(lots[0]), None) },
        ItemFacts { commissioned: None, ..item(unit("N"), None, Some(case.clone())) },
        item(case, None, Some(pallet(1).key())),
    ];
    facts.extend((1..4).map(|level| item(pallet(level).key(), None, Some(pallet(level + 1).key()))));
    facts.sort_by(|a, b| a.key.cmp(&b.key));
    store.merge_items(&facts, &mut times).unwrap();
}

/// Which of the units are under how many holds.
fn held(store: &Store) -> String {
    let (unit, other) = (gtin(UNIT), gtin(OTHER));
    let asked = [(unit, "A"), (unit, "B"), (unit, "C"), (unit, "D"), (other, "E")];
    let found = store.assigned_all(&Caller::operator(), &asked).unwrap();
    let marks = asked.iter().zip(found).filter_map(|((_, serial), found)| {
        let holds = found.unwrap().unwrap().holds;
        (!holds.is_empty()).then(|| format!("{serial}{}", holds.len()))
    });
    marks.collect()
}

#[test]
fn items_are_found_together_in_the_order_they_were_asked_for() {
    on_each_database("assigned", |store| {
        fill(store);
        let unit = gtin(UNIT);
        let asked =
            [(unit, "F"), (unit, "A"), (unit, "missing"), (gtin(OTHER), "E"), (unit, "A"), (unit, "N")];
        let found = store.assigned_all(&Caller::operator(), &asked).unwrap();
        let told: Vec<Option<(&str, &str, bool)>> = found
            .iter()
            .map(|found| found.as_ref().unwrap().as_ref())
            .map(|found| found.map(|it| (it.lot.as_str(), it.expiry.as_str(), it.ended)))
            .collect();
        let good = Some(("L/1", "2028-03-31", false));
        assert_eq!(told, [Some(("L/1", "2028-03-31", true)), good, None, good, good, None]);
        assert_eq!(&store.assigned(&Caller::operator(), unit, "A").unwrap(), found[1].as_ref().unwrap());
        let all: Vec<(Gtin, String)> = (0..3_000).map(|number| (unit, number.to_string())).collect();
        let all: Vec<(Gtin, &str)> = all.iter().map(|(gtin, serial)| (*gtin, serial.as_str())).collect();
        let found = store.assigned_all(&Caller::operator(), &all).unwrap();
        assert!(found.into_iter().all(|found| found.unwrap().is_none()));
    });
}

#[test]
fn a_hold_is_seen_wherever_it_is_put_and_until_it_is_released() {
    on_each_database("assigned_holds", |store| {
        fill(store);
        assert_eq!(held(store), "");
        let unit = gtin(UNIT);
        let opened = Decision::new("ann", DateTime::UNIX_EPOCH, "seal").unwrap();
        let epc = |text: &str| HoldScope::Item { epc: Epc::parse(text) };
        let scopes = [
            (epc("urn:epc:id:sgtin:030001.0012345.A"), "A1"),
            (epc("https://id.gs1.org/01/30300010123456/21/K1"), "A1B1"),
            (HoldScope::Item { epc: pallet(1) }, "A1B1"),
            (HoldScope::Item { epc: pallet(2) }, "A1B1"),
            (HoldScope::Item { epc: pallet(3) }, "A1B1"),
            (HoldScope::Item { epc: pallet(4) }, "A1B1"),
            (HoldScope::lot(unit, "L/1").unwrap(), "A1B1C1"),
            (HoldScope::serials(unit, "B", "C").unwrap(), "B1C1"),
            (HoldScope::Product { gtin: unit }, "A1B1C1D1"),
        ];
        for (scope, expected) in &scopes {
            let (hold, _) = store.open_hold(&Caller::operator(), HoldKind::Recall, scope, &opened).unwrap();
            assert_eq!(held(store), *expected, "{scope}");
            store.release_hold(&Caller::operator(), &hold.id, &opened).unwrap().unwrap();
            assert_eq!(held(store), "", "{scope} released");
        }
        for (scope, _) in &scopes {
            store.open_hold(&Caller::operator(), HoldKind::Recall, scope, &opened).unwrap();
        }
        assert_eq!(held(store), "A8B8C3D1");
    });
}

#[test]
fn answers_of_a_batch_rest_each_on_its_own_item_and_fail_alone() {
    on_each_database("assigned_answers", |store| {
        fill(store);
        let journal = Journal::start(store).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answers = (0..200).map(|number: usize| {
            let serial = ["A", "D", "missing", "fault"][number % 4];
            let item = (!number.is_multiple_of(5)).then(|| (gtin(UNIT), serial.into()));
            journal.answer(item, move |found| {
                assert_ne!(serial, "fault", "a fault of ours");
                let entry = record(i64::try_from(number).unwrap(), serial);
                let entry = JournalEntry { record: entry, actor: "key:wholesaler".to_owned() };
                (entry, found.map(|found| found.lot))
            })
        });
        let told = runtime.block_on(futures_util::future::join_all(answers));
        for (number, told) in told.into_iter().enumerate() {
            let told = told.map_err(|error| matches!(error, JournalError::Failed));
            let expected = match (number % 4, number % 5) {
                (3, _) => Err(true),
                (_, 0) | (2, _) => Ok(None),
                (0, _) => Ok(Some("L/1".to_owned())),
                _ => Ok(Some("L2".to_owned())),
            };
            assert_eq!(told, expected, "{number}");
        }
        let all = VerificationFilter { direction: Some(Direction::Answered), ..Default::default() };
        assert_eq!(store.verifications(&Caller::operator(), &all, None, 1_000).unwrap().len(), 150);
    });
}

#[test]
fn what_is_wrong_with_the_data_of_one_item_is_told_to_who_asks_about_it() {
    let url = postgres::database("assigned_damaged");
    let store = Store::open(&url, &Settings::default()).unwrap();
    fill(&store);
    let scope = HoldScope::Item { epc: Epc::parse("urn:epc:id:sgtin:030001.0012345.A") };
    let opened = Decision::new("ann", DateTime::UNIX_EPOCH, "seal").unwrap();
    store.open_hold(&Caller::operator(), HoldKind::Hold, &scope, &opened).unwrap();
    postgres::ask(&url, "UPDATE holds SET scope = 'odd'").unwrap();
    let unit = gtin(UNIT);
    let found = store.assigned_all(&Caller::operator(), &[(unit, "A"), (unit, "D")]).unwrap();
    assert!(found[0].is_err());
    assert_eq!(found[1].as_ref().unwrap().as_ref().unwrap().lot, "L2");
    let journal = Journal::start(&store).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ask = |serial: &'static str| {
        journal.answer(Some((unit, serial.into())), move |found| {
            let entry = JournalEntry { record: record(0, serial), actor: "key:wholesaler".to_owned() };
            (entry, found.is_some())
        })
    };
    let told = runtime.block_on(futures_util::future::join(ask("A"), ask("D")));
    assert!(matches!(told, (Err(JournalError::Ledger(_)), Ok(true))), "{told:?}");
}
