//! Receiving: scans against shipments, orders and nothing, on both databases; over HTTP and on the command line.

use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::capture;
use epcgate::capture::Policy;
use epcgate::capture::Wish;
use epcgate::dscsa::Against;
use epcgate::dscsa::Decision;
use epcgate::dscsa::Difference;
use epcgate::dscsa::Finding;
use epcgate::dscsa::HoldKind;
use epcgate::dscsa::HoldScope;
use epcgate::dscsa::Mender;
use epcgate::dscsa::Object;
use epcgate::dscsa::Observed;
use epcgate::dscsa::ReceiptVerdict;
use epcgate::dscsa::Rule;
use epcgate::dscsa::ScanAnswer;
use epcgate::dscsa::Severity;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::epcis::query;
use epcgate::gs1::Epc;
use epcgate::gs1::Gtin;
use epcgate::reconcile::receipt;
use epcgate::reconcile::receipt::Opening;
use epcgate::reconcile::receipt::ReceiptError;
use epcgate::store::ShipmentFilter;
use epcgate::store::Store;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::postgres::on_each_database;

const GTIN: &str = "00614140123453";
const PALLET: &str = "urn:epc:id:sscc:061414.00000000001";

static FAULT: Rule = Rule {
    id: "fault-of-a-test",
    title: "the data are right",
    severity: Severity::Business,
    clause: "none",
    why: "It is tested.",
    mender: Mender::Sender,
    fix: "send it again",
};

fn unit(serial: u32) -> String {
    format!("urn:epc:id:sgtin:061414.0012345.{serial}")
}

fn case(serial: u32) -> String {
    format!("urn:epc:id:sgtin:061414.5012345.C{serial}")
}

fn label(serial: u32, lot: &str) -> String {
    format!("]d201{GTIN}21{serial}\u{1d}17281231\u{1d}10{lot}")
}

fn event(kind: &str, second: u32, content: &str) -> String {
    format!(
        "<{kind}><eventTime>2026-03-04T06:00:{second:02}Z</eventTime>\
         <eventTimeZoneOffset>-05:00</eventTimeZoneOffset>{content}</{kind}>"
    )
}

fn list(epcs: &[String]) -> String {
    epcs.iter().map(|epc| format!("<epc>{epc}</epc>")).collect()
}

fn step(action: &str, step: &str) -> String {
    format!("<action>{action}</action><bizStep>urn:epcglobal:cbv:bizstep:{step}</bizStep>")
}

fn commissioning(second: u32, epcs: &[String], lot: &str) -> String {
    let ilmd = format!(
        "<extension><ilmd><cbvmda:lotNumber>{lot}</cbvmda:lotNumber>\
         <cbvmda:itemExpirationDate>2028-12-31</cbvmda:itemExpirationDate></ilmd></extension>"
    );
    let list = format!("<epcList>{}</epcList>", list(epcs));
    event("ObjectEvent", second, &format!("{list}{}{ilmd}", step("ADD", "commissioning")))
}

fn packing(second: u32, parent: &str, children: &[String]) -> String {
    let content = format!("<parentID>{parent}</parentID><childEPCs>{}</childEPCs>", list(children));
    event("AggregationEvent", second, &format!("{content}{}", step("ADD", "packing")))
}

fn shipping(second: u32, epcs: &[String], order: &str) -> String {
    let order = format!(
        "<bizTransactionList><bizTransaction type=\"urn:epcglobal:cbv:btt:po\">\
         urn:epcglobal:cbv:bt:0399999999991:{order}</bizTransaction></bizTransactionList>"
    );
    let list = format!("<epcList>{}</epcList>", list(epcs));
    event("ObjectEvent", second, &format!("{list}{}{order}", step("OBSERVE", "shipping")))
}

fn document(events: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\" \
         xmlns:cbvmda=\"urn:epcglobal:cbv:mda\" schemaVersion=\"1.2\" creationDate=\"2026-03-04T12:00:00Z\">\
         <EPCISBody><EventList>{}</EventList></EPCISBody></epcis:EPCISDocument>",
        events.concat()
    )
}

/// Units 1 to 6 in cases 1 and 2 on a pallet, which is shipped with the loose unit 7; unit 8 stays behind.
fn delivery() -> String {
    let units: Vec<String> = (1..=8).map(unit).collect();
    let cases = [case(1), case(2)];
    let pallet = [PALLET.to_owned()];
    document(&[
        commissioning(1, &units, "A1"),
        commissioning(2, &cases, "A1"),
        event(
            "ObjectEvent",
            3,
            &format!("<epcList>{}</epcList>{}", list(&pallet), step("ADD", "commissioning")),
        ),
        packing(4, &case(1), &units[..3]),
        packing(5, &case(2), &units[3..6]),
        packing(6, PALLET, &cases),
        shipping(7, &[PALLET.to_owned(), unit(7)], "PO-1"),
    ])
}

fn capture(store: &Store, document: &str) {
    let mut receiving = store.receive(Utc::now()).unwrap();
    receiving.write_all(document.as_bytes()).unwrap();
    let received = receiving.finish().unwrap();
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
    let job = capture::accept(store, &Caller::operator(), received, wish, Utc::now()).unwrap().job;
    let job = capture::run_to_end(store, &job, &Policy::default(), Utc::now).unwrap();
    assert!(job.success, "{:?}", job.defects);
}

fn open(store: &Store, against: Against) -> String {
    let opening = Opening { against, place: Some("0300011111215".to_owned()), by: "tester".to_owned() };
    let settings = receipt::Settings::default();
    receipt::open(store, &Caller::operator(), &opening, &settings, Utc::now()).unwrap().id
}

fn scan(store: &Store, receipt: &str, text: &str) -> ScanAnswer {
    receipt::scan(store, &Caller::operator(), (receipt, text), Utc::now()).unwrap()
}

/// The verdict of a scan, how many units it brought with it, and whether it was made before.
fn verdict(store: &Store, receipt: &str, text: &str) -> (ReceiptVerdict, Option<u64>, bool) {
    match scan(store, receipt, text) {
        ScanAnswer::Unit(answer) => (answer.unit.verdict, answer.unit.contents, answer.duplicate),
        ScanAnswer::Unread(words) => panic!("{text}: {words}"),
    }
}

fn shipment(store: &Store) -> i64 {
    let found = store.shipments(&Caller::operator(), &ShipmentFilter::default(), None, 10).unwrap();
    assert_eq!(found.len(), 1);
    found[0].id
}

#[test]
fn each_scan_is_answered_and_closing_compares_serial_by_serial() {
    on_each_database("receive", |store| {
        capture(store, &delivery());
        let shipment = shipment(store);
        let receipt = open(store, Against::Shipment(shipment));
        let recall = HoldScope::serials(Gtin::parse(GTIN).unwrap(), "7", "7").unwrap();
        let why = Decision::new("tester", Utc::now(), "glass").unwrap();
        store.open_hold(&Caller::operator(), HoldKind::Recall, &recall, &why).unwrap();
        let check = |text: &str, expected| assert_eq!(verdict(store, &receipt, text), expected, "{text}");
        check(&case(1), (ReceiptVerdict::Expected, Some(3), false));
        check(&label(4, "A1"), (ReceiptVerdict::Expected, None, false));
        check(&label(4, "A1"), (ReceiptVerdict::Expected, None, true));
        check(&label(5, "B7"), (ReceiptVerdict::Misaligned, None, false));
        check(&label(7, "A1"), (ReceiptVerdict::Recalled, None, false));
        check(&label(8, "A1"), (ReceiptVerdict::Over, None, false));
        check(&label(99, "A1"), (ReceiptVerdict::NoData, None, false));
        // An inferred unit that is scanned itself is no duplicate.
        check(&label(2, "A1"), (ReceiptVerdict::Expected, None, false));
        check(&case(1), (ReceiptVerdict::Expected, Some(3), true));
        assert!(matches!(scan(store, &receipt, "614140123453"), ScanAnswer::Unread(_)));
        let caller = Caller::operator();
        let counted = store.receipt(&caller, &receipt).unwrap().unwrap();
        assert_eq!((counted.scanned, counted.inferred, counted.faulty), (6, 2, 4));

        let policy = Policy::default();
        let closed = capture::close_receipt(store, &caller, (&receipt, "me"), &policy, Utc::now).unwrap();
        let count = |verdict, how| {
            let found = closed.closing.counts.iter().find(|(v, h, _)| (*v, *h) == (verdict, how));
            found.map_or(0, |(.., count)| *count)
        };
        assert_eq!(count(ReceiptVerdict::Expected, Observed::Scanned), 2);
        assert_eq!(count(ReceiptVerdict::Expected, Observed::Inferred), 2);
        assert_eq!(count(ReceiptVerdict::Missing, Observed::Unseen), 1);
        let short = closed.closing.differences.iter().find_map(|difference| match difference {
            Difference::Short(goods) => goods.serial.clone(),
            _ => None,
        });
        assert_eq!((short.as_deref(), closed.closing.differences.len()), (Some("6"), 5));
        let (question, page) = query::parse([("EQ_bizStep", "receiving")]).unwrap();
        let events = store.events(&caller, &question, &page).unwrap().events;
        assert_eq!(events.len(), 1);
        let event = &events[0].event;
        let mut named: Vec<String> = event.what.epcs().iter().map(|epc| epc.key()).collect();
        named.sort();
        let key = |serial: u32| format!("/01/{GTIN}/21/{serial}");
        assert_eq!(named, [key(2), key(4), key(5), key(7), "/01/50614140123458/21/C1".to_owned()]);
        let inferred = event.extensions.iter().find(|element| &*element.name.local == "inferred").unwrap();
        assert_eq!(inferred.elements().count(), 2);
        assert_eq!(event.biz_transactions.len(), 1);

        let cases = store.cases(&caller, &Default::default(), None, 10).unwrap();
        assert_eq!((cases.len(), cases[0].delivery.order.as_str(), cases[0].items.len()), (1, "PO-1", 5));
        let rules: Vec<_> = closed.findings.iter().map(|finding| finding.rule.id).collect();
        assert_eq!(rules, ["lot-overfilled"]);

        // A receipt that is closed takes no more; closed again it writes no second event.
        let again = receipt::scan(store, &caller, (&receipt, &label(6, "A1")), Utc::now());
        assert!(matches!(again, Err(ReceiptError::Closed(_))));
        let again = capture::close_receipt(store, &caller, (&receipt, "me"), &policy, Utc::now).unwrap();
        assert_eq!(again.event, None);
        let expected =
            receipt::expected(store, &caller, &ShipmentFilter::default(), (None, 10), &Default::default());
        assert!(expected.unwrap().shipments.iter().all(|found| found.deadlines.is_none()));
        // What was received and not shipped since is received twice.
        let second = open(store, Against::Shipment(shipment));
        assert_eq!(verdict(store, &second, &label(4, "A1")).0, ReceiptVerdict::ReceivedBefore);
        let closed = capture::close_receipt(store, &caller, (&second, "me"), &policy, Utc::now).unwrap();
        let found: Vec<_> = closed.findings.iter().map(|finding| finding.rule.id).collect();
        assert_eq!(found, ["received-twice"]);
        let about = store.findings_about(&caller, &key(4)).unwrap();
        assert_eq!(about.first().map(|finding| finding.rule.as_str()), Some("received-twice"));
    });
}

#[test]
fn a_pallet_takes_everything_in_it() {
    on_each_database("receive_pallet", |store| {
        capture(store, &delivery());
        let receipt = open(store, Against::Order("PO-1".to_owned()));
        assert_eq!(verdict(store, &receipt, &unit(1)).0, ReceiptVerdict::Expected);
        let ScanAnswer::Unit(answer) = scan(store, &receipt, PALLET) else { panic!("unread") };
        assert_eq!((answer.unit.contents, answer.contents), (Some(6), vec![(ReceiptVerdict::Expected, 6)]));
        let counted = store.receipt(&Caller::operator(), &receipt).unwrap().unwrap();
        assert_eq!((counted.scanned, counted.inferred, counted.faulty), (1, 5, 0));
        assert_eq!(verdict(store, &receipt, &unit(7)).0, ReceiptVerdict::Expected);
        let policy = Policy::default();
        let closed =
            capture::close_receipt(store, &Caller::operator(), (&receipt, "me"), &policy, Utc::now).unwrap();
        assert_eq!((closed.closing.count(ReceiptVerdict::Expected), closed.closing.differences), (7, vec![]));
        // One unit that may not be used makes its container one that is looked at.
        let item = HoldScope::item(Epc::parse(&unit(6))).unwrap();
        let why = Decision::new("tester", Utc::now(), "wet").unwrap();
        store.open_hold(&Caller::operator(), HoldKind::Hold, &item, &why).unwrap();
        let other = open(store, Against::Order("PO-1".to_owned()));
        assert_eq!(verdict(store, &other, &case(2)), (ReceiptVerdict::Held, Some(3), false));
    });
}

#[test]
fn goods_before_their_data_are_released_when_they_come() {
    on_each_database("receive_before", |store| {
        let caller = Caller::operator();
        let receipt = open(store, Against::Order("PO-1".to_owned()));
        assert_eq!(verdict(store, &receipt, &label(4, "A1")).0, ReceiptVerdict::NoData);
        assert_eq!(verdict(store, &receipt, &label(5, "B7")).0, ReceiptVerdict::NoData);
        assert_eq!(verdict(store, &receipt, &label(8, "A1")).0, ReceiptVerdict::NoData);
        assert_eq!(verdict(store, &receipt, &label(77, "A1")).0, ReceiptVerdict::NoData);
        assert_eq!(store.waiting_units(&caller, None, 10).unwrap().len(), 4);
        let policy = Policy::default();
        let closed = capture::close_receipt(store, &caller, (&receipt, "me"), &policy, Utc::now).unwrap();
        assert_eq!((closed.event, closed.closing.count(ReceiptVerdict::NoData)), (None, 4));
        capture(store, &delivery());
        let waiting = store.waiting_units(&caller, None, 10).unwrap();
        let waiting: Vec<_> = waiting.iter().filter_map(|waiting| waiting.unit.epc.serial()).collect();
        assert_eq!(waiting, ["77"]);
        let of = |serial: u32| {
            let key = format!("/01/{GTIN}/21/{serial}");
            store.received_unit(&caller, &receipt, &key).unwrap().unwrap().verdict
        };
        let found = (of(4), of(5), of(8));
        assert_eq!(found, (ReceiptVerdict::Expected, ReceiptVerdict::Misaligned, ReceiptVerdict::Over));
        // Closed again, the receipt names what came into it.
        let closed = capture::close_receipt(store, &caller, (&receipt, "me"), &policy, Utc::now).unwrap();
        assert_eq!(closed.event.unwrap().what.epcs().len(), 2);
    });
}

#[test]
fn a_faulty_file_releases_its_good_units() {
    on_each_database("receive_faulty", |store| {
        let document = document(&[
            commissioning(1, &[unit(1), unit(2)], "A1"),
            shipping(7, &[unit(1), unit(2), unit(3)], "PO-1"),
        ]);
        capture(store, &document);
        let shipment = store.shipment(&Caller::operator(), shipment(store)).unwrap().unwrap();
        let finding = Finding::new(&FAULT, "its lot is unknown").about(Object::Epc(unit(3).into()));
        store.record_findings(shipment.document, &[finding], Utc::now()).unwrap();
        let receipt = open(store, Against::Order("PO-1".to_owned()));
        assert_eq!(verdict(store, &receipt, &unit(1)).0, ReceiptVerdict::Expected);
        let ScanAnswer::Unit(bad) = scan(store, &receipt, &unit(3)) else { panic!("unread") };
        let found: Vec<_> = bad.problems.iter().map(|problem| problem.verdict).collect();
        assert_eq!(found, [ReceiptVerdict::Held, ReceiptVerdict::NeverCommissioned]);
        let whole =
            Opening { against: Against::Order("PO-1".to_owned()), place: None, by: "tester".to_owned() };
        let settings = receipt::Settings {
            acceptance: receipt::DefaultAcceptance::HoldAll,
            ..receipt::Settings::default()
        };
        let whole = receipt::open(store, &Caller::operator(), &whole, &settings, Utc::now()).unwrap();
        assert_eq!(verdict(store, &whole.id, &unit(2)).0, ReceiptVerdict::Held);
    });
}

#[test]
fn a_lost_separator_is_put_back_where_the_data_tell() {
    on_each_database("receive_separator", |store| {
        capture(store, &delivery());
        let receipt = open(store, Against::Nothing);
        let text = format!("01{GTIN}211172812311 0A1").replace(' ', "");
        let ScanAnswer::Unit(answer) = scan(store, &receipt, &text) else { panic!("unread") };
        assert_eq!(
            (answer.unit.key, answer.unit.verdict),
            (format!("/01/{GTIN}/21/1"), ReceiptVerdict::Expected)
        );
    });
}

#[test]
fn receipts_are_opened_scanned_and_closed_over_http() {
    let gateway = TestGateway::start();
    assert_eq!(gateway.captured("application/xml", delivery())["success"], true);
    let post =
        |path: &str, body: Value| gateway.post(path, "application/json", body.to_string()).send().unwrap();
    let get = |path: &str| gateway.get(path).send().unwrap().json::<Value>().unwrap();
    let shipments = || get("/api/v1/shipments?state=expected&order=PO-1");
    // A job has ended when its document is published; the ledger follows.
    let began = Instant::now();
    while shipments()["shipments"] == json!([]) && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let shipments = shipments();
    assert_eq!(shipments["shipments"][0]["units"], 7);
    assert!(shipments["shipments"][0]["expected"]["state"].is_string());
    let request = json!({ "shipment": shipments["shipments"][0]["shipment"], "place": "0300011111215" });
    let opened = post("/api/v1/receipts", request);
    assert_eq!(opened.status(), 201);
    let location = header(&opened, "location");
    let scans = json!({ "scans": [case(1), label(4, "A1"), label(4, "A1"), "hello"] });
    let answered: Value = post(&format!("{location}/scans"), scans).json().unwrap();
    let verdicts: Vec<&str> =
        answered["answers"].as_array().unwrap().iter().map(|a| a["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["expected", "expected", "duplicate", "unreadable"]);
    assert_eq!(answered["answers"][0]["inferred"], json!({ "expected": 3 }));
    assert_eq!((&answered["receipt"]["scanned"], &answered["receipt"]["inferred"]), (&json!(1), &json!(3)));
    let closed: Value = post(&format!("{location}/close"), json!({ "by": "Ann" })).json().unwrap();
    assert_eq!((&closed["released"], &closed["short"]), (&json!(4), &json!(3)));
    assert_eq!(get(&format!("{location}/units?verdict=short"))["units"].as_array().unwrap().len(), 3);
    assert_eq!(get(&location)["state"], "closed");
    assert_eq!(gateway.events("EQ_bizStep=receiving").len(), 1);
    assert_eq!(get("/api/v1/shipments?state=expected"), json!({ "shipments": [] }));
    assert_eq!(get("/api/v1/receipts?state=closed")["receipts"].as_array().unwrap().len(), 1);
    let status = |response| failure(response).0;
    assert_eq!(status(post(&format!("{location}/scans"), json!({ "scans": ["x"] }))), 409);
    assert_eq!(status(post("/api/v1/receipts/none/scans", json!({ "scans": ["x"] }))), 404);
    assert_eq!(status(post("/api/v1/receipts/none/close", json!({}))), 404);
    assert_eq!(status(post("/api/v1/receipts", json!({ "shipment": 4_711 }))), 400);
    assert_eq!(status(post("/api/v1/receipts", json!({ "place": "here" }))), 400);
    assert_eq!(status(post("/api/v1/receipts", json!({ "shipment": 1, "order": "x" }))), 400);
    assert_eq!(status(post(&format!("{location}/scans"), json!({ "scans": [] }))), 400);
    assert_eq!(status(gateway.get("/api/v1/shipments?state=old").send().unwrap()), 400);
    assert_eq!(status(gateway.get("/api/v1/shipments?nextPageToken=x").send().unwrap()), 400);
}
