//! Exception cases: what was found becomes items, partners are told and answer, corrections settle.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::dscsa::CaseState;
use epcgate::dscsa::Delivery;
use epcgate::dscsa::Difference;
use epcgate::dscsa::Finding;
use epcgate::dscsa::Goods;
use epcgate::dscsa::Mender;
use epcgate::dscsa::Object;
use epcgate::dscsa::Rule;
use epcgate::dscsa::Severity;
use epcgate::dscsa::exception::Answer;
use epcgate::dscsa::exception::CaseStep;
use epcgate::dscsa::exception::Group;
use epcgate::dscsa::exception::Resolution;
use epcgate::dscsa::exception::Side;
use epcgate::epcis::query::EventQuery;
use epcgate::epcis::query::Page;
use epcgate::reconcile::cases;
use epcgate::reconcile::cases::Compared;
use epcgate::reconcile::cases::ExchangeError;
use epcgate::reconcile::cases::Reply;
use epcgate::store::CaseError;
use epcgate::store::CaseFilter;
use epcgate::store::Store;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;

pub const SUPPLIER: &str = "0300011111215";
const GTIN: &str = "00300010123455";

static RULE: Rule = Rule {
    id: "test-not-commissioned",
    title: "what ships was commissioned",
    severity: Severity::Hard,
    clause: "none",
    why: "It is not known.",
    mender: Mender::Sender,
    fix: "send its commissioning",
};

fn on_each_database(name: &str, test: fn(&str)) {
    let folder = tempfile::tempdir().unwrap();
    test(folder.path().join("epcgate.db").to_str().unwrap());
    test(&crate::postgres::database(name));
}

fn open(url: &str) -> Store {
    Store::open(url, &epcgate::store::Settings::default()).unwrap()
}

/// The settings of the clinic.
pub fn settings() -> cases::Settings {
    cases::Settings {
        name: "Clinic".to_owned(),
        gln: "0399999999991".to_owned(),
        email: "dock@example.com".to_owned(),
        ..cases::Settings::default()
    }
}

fn at(hours: i64) -> DateTime<Utc> {
    "2026-11-16T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
}

fn delivery() -> Delivery {
    Delivery { partner: SUPPLIER.to_owned(), order: "PO1".to_owned(), advice: "D1".to_owned() }
}

fn compare(store: &Store, differences: &[Difference], hours: i64) -> Vec<String> {
    let compared =
        Compared { delivery: Some(delivery()), differences: Some(differences), ..Compared::default() };
    cases::after_reconcile(store, &settings(), &compared, at(hours)).unwrap()
}

#[test]
fn a_case_goes_from_receipt_to_its_end() {
    on_each_database("exceptions_life", |url| {
        let (store, caller, settings) = (open(url), Caller::operator(), settings());
        let short = |serial: &str| Difference::Short(Goods::unit(GTIN, serial));
        let found = [short("1"), short("2"), Difference::Over(Goods::unit(GTIN, "9"))];
        let changed = compare(&store, &found, 0);
        let id = changed[0].clone();
        assert_eq!(changed.len(), 1);
        assert!(compare(&store, &found, 1).is_empty(), "the same again changes nothing");
        let case = store.case(&caller, &id).unwrap().unwrap();
        assert_eq!((case.state, case.items.len(), case.side), (CaseState::Open, 3, Side::Ours));
        assert_eq!(case.problem(), "data and product problem");
        assert!(!case.is_late(at(23)) && case.is_late(at(25)));

        let short_item = case.items[0].id.clone();
        let ask = [(short_item.clone(), Resolution::CreditAccount)];
        let sent = cases::notify(&store, &settings, (&id, "ann"), &ask, at(2)).unwrap();
        assert_eq!(sent.message["exceptions"]["missing_product"].as_array().unwrap().len(), 2);
        assert_eq!(sent.message["exceptions"]["missing_product"][0]["resolution_request"], "Credit account");
        assert!(sent.email.subject.contains("order PO1"), "{}", sent.email.subject);
        assert_eq!((sent.case.state, sent.case.notify_by), (CaseState::Notified, None));
        assert_eq!(sent.case.answer_by, Some("2026-11-19T10:00:00Z".parse().unwrap()));

        let answer = response(&id, &short_item, "m-1");
        let taken = cases::receive(&store, &settings, answer.as_bytes(), at(3)).unwrap();
        assert!(taken.new && taken.case.state == CaseState::Answered);
        assert_eq!(taken.case.items[0].answer.as_ref().map(|answer| answer.accepted), Some(true));
        assert!(!cases::receive(&store, &settings, answer.as_bytes(), at(4)).unwrap().new);
        let other = response(&id, "no item of ours", "m-1");
        let refused = cases::receive(&store, &settings, other.as_bytes(), at(4)).unwrap_err();
        assert!(matches!(refused, ExchangeError::Case(CaseError::MessageTaken(_))), "{refused}");

        assert_eq!(compare(&store, &found[..1], 5), std::slice::from_ref(&id), "one is left");
        let case = store.case(&caller, &id).unwrap().unwrap();
        assert_eq!((case.state, case.open_items().count()), (CaseState::Answered, 1));
        compare(&store, &[], 6);
        let case = store.case(&caller, &id).unwrap().unwrap();
        assert_eq!((case.state, case.open_items().count()), (CaseState::Rematched, 0));
        compare(&store, &found[..1], 7);
        assert_eq!(store.case(&caller, &id).unwrap().unwrap().state, CaseState::Open, "short once more");

        let sent = cases::close(&store, &settings, (&id, "ann"), "credited", at(8)).unwrap();
        assert_eq!((sent.case.state, sent.case.reason.as_str()), (CaseState::Closed, "credited"));
        assert_eq!((&sent.message["case_resolved"], &sent.message["exceptions"]), (&json!(true), &json!({})));
        assert!(compare(&store, &found[..1], 9).is_empty(), "what was closed is not opened again");
        let refused = cases::notify(&store, &settings, (&id, "ann"), &[], at(9)).unwrap_err();
        assert!(
            matches!(refused, ExchangeError::Case(CaseError::NotAllowed { state: CaseState::Closed, .. })),
            "{refused}"
        );
        let steps = store.case_steps(&caller, &id).unwrap();
        let taken: Vec<CaseStep> = steps.iter().map(|step| step.step).collect();
        assert_eq!(
            taken,
            [
                CaseStep::Opened,
                CaseStep::ItemAdded,
                CaseStep::Notified,
                CaseStep::Answered,
                CaseStep::ItemSettled,
                CaseStep::ItemSettled,
                CaseStep::Corrected,
                CaseStep::ItemSettled,
                CaseStep::Rematched,
                CaseStep::ItemAdded,
                CaseStep::Closed,
            ]
        );
        assert_eq!((steps[2].who.as_str(), steps[3].who.as_str()), ("ann", SUPPLIER));
        assert!(steps.windows(2).all(|pair| pair[0].after == pair[1].before), "{steps:?}");
        assert_eq!(store.case_messages(&caller, &id).unwrap().len(), 5);
    });
}

fn response(case: &str, item: &str, message: &str) -> String {
    json!({
        "message_uuid": message,
        "exception_case_uuid": case,
        "timestamp": 1_795_000_000,
        "po_number": "PO1",
        "sender_information": { "gln": SUPPLIER, "email": "desk@example.com" },
        "response_items": [{ "exception_item_uuid": item, "resolution_response": "Accept" }],
    })
    .to_string()
}

/// The report of a partner about what we shipped.
pub fn report(case: &str, message: &str, sender: &str, resolved: bool) -> String {
    let overage = json!([{
        "exception_item_uuid": "item-1",
        "gtin": GTIN,
        "quantity_ordered": 10,
        "quantity_received": 12,
        "resolution_request": "Debit account",
    }]);
    json!({
        "message_uuid": message,
        "exception_case_uuid": case,
        "timestamp": 1_795_000_000,
        "po_number": "PO7",
        "sender_information": { "gln": sender, "email": "dock@example.com" },
        "exceptions": if resolved { json!({}) } else { json!({ "overages": overage }) },
        "other_errors": null,
        "case_resolved": resolved,
    })
    .to_string()
}

#[test]
fn a_partner_reports_what_we_shipped() {
    on_each_database("exceptions_theirs", |url| {
        let (store, settings) = (open(url), settings());
        let take = |text: &str| cases::receive(&store, &settings, text.as_bytes(), at(0));
        let opened = take(&report("case-1", "m-1", SUPPLIER, false)).unwrap();
        assert_eq!((opened.case.side, opened.case.state), (Side::Theirs, CaseState::Notified));
        assert_eq!(opened.case.items[0].trouble.ordered, Some(10));
        assert_eq!(opened.case.delivery.order, "PO7");
        assert!(!take(&report("case-1", "m-1", SUPPLIER, false)).unwrap().new);
        let stranger = take(&report("case-1", "m-2", "0399999999991", false)).unwrap_err();
        assert!(matches!(stranger, ExchangeError::Case(CaseError::NoSuchCase)), "{stranger}");

        let wrong_side = cases::notify(&store, &settings, ("case-1", "ann"), &[], at(1)).unwrap_err();
        assert!(matches!(wrong_side, ExchangeError::WrongSide(_)), "{wrong_side}");
        let reply = Reply {
            all: Some(Answer { accepted: true, ..Answer::default() }),
            notes: Some("we send an invoice".to_owned()),
            ..Reply::default()
        };
        let sent = cases::respond(&store, &settings, ("case-1", "ann"), &reply, at(1)).unwrap();
        assert_eq!(sent.case.state, CaseState::Answered);
        assert_eq!(sent.message["response_items"][0]["resolution_response"], "Accept");
        assert_eq!(sent.message["additional_notes"], "we send an invoice");
        let ended = take(&report("case-1", "m-3", SUPPLIER, true)).unwrap();
        assert_eq!(ended.case.state, CaseState::Closed);
        assert!(ended.case.open_items().next().is_none());
    });
}

#[test]
fn findings_are_kept_and_found_by_what_they_are_about() {
    on_each_database("findings_kept", |url| {
        let (store, caller) = (open(url), Caller::operator());
        let epc = Object::Epc("urn:epc:id:sgtin:0300010.012345.7".into());
        let order = Object::BizTransaction("urn:epcglobal:cbv:bt:0399999999991:PO1".into());
        let found = [
            Finding::new(&RULE, "one").in_event(2).about(epc.clone()),
            Finding::new(&RULE, "two").about(order),
        ];
        for _ in 0..2 {
            store.record_findings(7, &found, at(0)).unwrap();
        }
        let kept = store.findings(&caller, 7).unwrap();
        assert_eq!(kept.len(), 2);
        assert_eq!((kept[0].event, kept[1].event), (None, Some(2)));
        assert_eq!(store.finding_totals(&caller, 7).unwrap()[0].total, 2);
        let about = store.findings_about(&caller, &format!("/01/{GTIN}/21/7")).unwrap();
        assert_eq!((about.len(), about[0].objects.clone()), (1, vec![epc]));
        assert!(store.close_finding(&kept[0].id, Some(8), "corrected", at(1)).unwrap());
        assert_eq!(store.open_findings(&caller, None, 10).unwrap(), kept[1..]);
    });
}

/// A document of one shipment of one unit, with its commissioning or without.
/// A shipment of a product that is none of the United States, of which nobody judges more than the test says.
/// A file that ships one package.
pub fn shipment(name: &str, serial: u32, commissioned: bool) -> String {
    let epc = format!("urn:epc:id:sgtin:9521101.012345.{serial}");
    let event = |id: &str, action: &str, step: &str| {
        json!({
            "type": "ObjectEvent",
            "eventID": format!("urn:uuid:{name}-{id}"),
            "eventTime": if action == "ADD" { "2026-11-01T08:00:00Z" } else { "2026-11-02T08:00:00Z" },
            "eventTimeZoneOffset": "+00:00",
            "epcList": [epc],
            "action": action,
            "bizStep": step,
        })
    };
    let mut shipping = event("ship", "OBSERVE", "shipping");
    shipping["bizTransactionList"] =
        json!([{ "type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:0399999999991:PO1" }]);
    shipping["sourceList"] = json!([{ "type": "owning_party", "source": "urn:epc:id:sgln:0300011.11121.0" }]);
    shipping["destinationList"] =
        json!([{ "type": "owning_party", "destination": "urn:epc:id:sgln:0399999.99999.0" }]);
    let mut events = vec![shipping];
    if commissioned {
        events.insert(0, event("made", "ADD", "commissioning"));
    }
    document(&events)
}

fn document(events: &[Value]) -> String {
    json!({
        "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-02T09:00:00Z",
        "epcisBody": { "eventList": events },
    })
    .to_string()
}

/// The document that brought an event.
/// The document that has this event, once its shipment is known.
pub fn document_of(store: &Store, event_id: &str) -> i64 {
    let page = Page { size: 100, token: None };
    let events = store.events(&Caller::operator(), &EventQuery::default(), &page).unwrap().events;
    let document =
        events.iter().find(|stored| stored.event.id.as_deref() == Some(event_id)).unwrap().document;
    // The ledger follows the end of the job.
    for _ in 0..1_000 {
        if !store.shipments_in(&Caller::operator(), document).unwrap().is_empty() {
            return document;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the shipment of {event_id} is not known");
}

/// Brings findings into cases.
pub fn reconcile(store: &Store, document: i64, findings: &[Finding], hours: i64) -> Vec<String> {
    store.record_findings(document, findings, at(hours)).unwrap();
    let compared = Compared { document: Some(document), findings, ..Compared::default() };
    cases::after_reconcile(store, &settings(), &compared, at(hours)).unwrap()
}

/// The finding about a package that was never commissioned.
pub fn never_commissioned(serial: u32) -> Finding {
    Finding::new(&RULE, "it was never commissioned")
        .in_event(0)
        .about(Object::Epc(format!("urn:epc:id:sgtin:9521101.012345.{serial}").into()))
}

#[test]
fn a_corrected_document_settles_what_was_found() {
    on_each_database("exceptions_corrected", |url| {
        let gateway = TestGateway::with(|settings| settings.database.url = url.to_owned());
        let (store, caller) = (open(url), Caller::operator());
        gateway.captured("application/ld+json", shipment("wrong", 1, false));
        let wrong = document_of(&store, "urn:uuid:wrong-ship");
        let ids = reconcile(&store, wrong, &[never_commissioned(1)], 0);
        let case = store.case(&caller, &ids[0]).unwrap().unwrap();
        assert_eq!(case.delivery.order, "PO1");
        assert_eq!(case.delivery.partner, SUPPLIER);
        assert_eq!(case.groups().into_iter().collect::<Vec<_>>(), [Group::ProductNoData]);

        gateway.captured("application/ld+json", shipment("other", 2, true));
        let other = document_of(&store, "urn:uuid:other-ship");
        assert!(reconcile(&store, other, &[], 1).is_empty(), "another part of the order corrects nothing");

        gateway.captured("application/ld+json", shipment("right", 1, true));
        let right = document_of(&store, "urn:uuid:right-ship");
        assert!(reconcile(&store, right, &[], 2).is_empty(), "it was settled when it was captured");
        let case = store.case(&caller, &ids[0]).unwrap().unwrap();
        assert_eq!(case.state, CaseState::Rematched);
        assert_eq!(case.items[0].settled.as_ref().and_then(|end| end.document), Some(right));
        let finding = store.findings(&caller, wrong).unwrap().into_iter().find(|f| f.rule == RULE.id);
        assert_eq!(finding.unwrap().end.unwrap().by, Some(right));
        assert!(reconcile(&store, wrong, &[never_commissioned(1)], 3).is_empty(), "settled for good");
    });
}

#[test]
fn an_error_declaration_settles_what_it_corrects() {
    on_each_database("exceptions_declared", |url| {
        let gateway = TestGateway::with(|settings| settings.database.url = url.to_owned());
        let (store, caller) = (open(url), Caller::operator());
        gateway.captured("application/ld+json", shipment("wrong", 1, false));
        let wrong = document_of(&store, "urn:uuid:wrong-ship");
        let ids = reconcile(&store, wrong, &[never_commissioned(1)], 0);

        let sent: Value = serde_json::from_str(&shipment("wrong", 1, false)).unwrap();
        let mut declared = sent["epcisBody"]["eventList"][0].clone();
        declared["errorDeclaration"] = json!({
            "declarationTime": "2026-11-03T08:00:00Z",
            "reason": "incorrect_data",
            "correctiveEventIDs": ["urn:uuid:mended-ship"],
        });
        let mut mended = sent["epcisBody"]["eventList"][0].clone();
        mended["eventID"] = json!("urn:uuid:mended-ship");
        mended["epcList"] = json!(["urn:epc:id:sgtin:9521101.012345.3"]);
        gateway.captured("application/ld+json", document(&[declared, mended]));
        let document = document_of(&store, "urn:uuid:mended-ship");
        let case = store.case(&caller, &ids[0]).unwrap().unwrap();
        let end = case.items[0].settled.clone().unwrap();
        assert_eq!((end.document, end.event.as_deref()), (Some(document), Some("urn:uuid:mended-ship")));
        assert_eq!(case.state, CaseState::Rematched);
    });
}

#[test]
fn cases_are_served() {
    let gateway = TestGateway::with(|all| all.exceptions = settings());
    let take = |text: &str| {
        gateway.post("/api/v1/exceptions/messages", "application/json", text.to_owned()).send().unwrap()
    };
    let taken = take(&report("case-1", "m-1", SUPPLIER, false));
    assert_eq!(
        (taken.status().as_u16(), header(&taken, "location").as_str()),
        (201, "/api/v1/exceptions/case-1")
    );
    assert_eq!(take(&report("case-1", "m-1", SUPPLIER, false)).status(), 200);
    assert_eq!(failure(take(&report("case-2", "m-1", SUPPLIER, false))).0, 409);
    assert_eq!(failure(take("{\"case_resolved\":false}")).0, 400);
    assert_eq!(failure(take("[")).0, 400);
    assert_eq!(failure(take(&response("nobody", "i", "m-9"))).0, 404);

    let get = |path: &str| -> Value { gateway.get(path).send().unwrap().json().unwrap() };
    let ids = |query: &str| -> Vec<Value> {
        let found = get(&format!("/api/v1/exceptions{query}"));
        found["exceptions"].as_array().unwrap().iter().map(|case| case["id"].clone()).collect()
    };
    assert_eq!(ids(""), ["case-1"]);
    assert_eq!(ids(&format!("?partner={SUPPLIER}&group=product-no-data&state=notified")), ["case-1"]);
    assert!(ids("?state=closed").is_empty() && ids("?group=data-issue").is_empty());
    assert_eq!(failure(gateway.get("/api/v1/exceptions?state=odd").send().unwrap()).0, 400);
    assert_eq!(failure(gateway.get("/api/v1/exceptions/none").send().unwrap()).0, 404);

    let post = |step: &str, body: Value| {
        let path = format!("/api/v1/exceptions/case-1/{step}");
        gateway.post(&path, "application/json", body.to_string()).send().unwrap()
    };
    assert_eq!(failure(post("notify", json!({}))).0, 409);
    assert_eq!(failure(post("respond", json!({ "answers": [{ "item": "none", "accepted": true }] }))).0, 400);
    let told: Value = post("respond", json!({ "by": "ann", "all": { "accepted": true } })).json().unwrap();
    assert_eq!((&told["case"]["state"], &told["message"]["po_number"]), (&json!("answered"), &json!("PO7")));
    assert!(told["email"]["body"].as_str().unwrap().contains("accepted"));
    assert_eq!(post("notes", json!({ "text": "called them" })).status(), 200);
    assert_eq!(failure(post("close", json!({ "reason": " " }))).0, 400);
    assert_eq!(post("close", json!({ "reason": "agreed" })).status(), 200);
    let shown = get("/api/v1/exceptions/case-1");
    assert_eq!(shown["case"]["state"], "closed");
    assert_eq!(shown["steps"].as_array().unwrap().len(), 5);
    assert_eq!(get("/api/v1/exceptions/case-1/messages")["messages"].as_array().unwrap().len(), 3);
    assert!(ids("").is_empty());
    assert_eq!(ids("?state=all"), ["case-1"]);
}

#[test]
fn cases_are_told_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path().join("epcgate.sqlite").to_str().unwrap());
    compare(&store, &[Difference::Short(Goods::unit(GTIN, "1"))], 0);
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .arg("exceptions")
            .args(arguments)
            .args(["--data-dir", folder.path().to_str().unwrap()])
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, listed, _) = run(&[]);
    assert!(code == Some(0) && listed.contains("product problem, 1 item  ->  tell the partner"), "{listed}");
    let (_, shown, _) = run(&["show", "PO1"]);
    assert!(shown.contains("What it is: a product problem"), "{shown}");
    assert!(shown.contains("Data No Product: the data list GTIN 00300010123455, serial 1"), "{shown}");
    let (_, email, _) = run(&["notify", "PO1", "--output", "email", "--by", "ann"]);
    assert!(email.starts_with("Subject: Action needed: product problem with order PO1"), "{email}");
    let (_, message, _) = run(&["show", "PO1", "--output", "pdg"]);
    let message: Value = serde_json::from_str(&message).unwrap();
    assert_eq!(message["exceptions"]["missing_product"][0]["product_serial"], "1");
    let (_, notification, _) = run(&["show", "PO1", "--output", "notification"]);
    assert!(notification.contains("\"exceptionNotification\""), "{notification}");
    let answer = folder.path().join("answer.json");
    let id = message["exception_case_uuid"].as_str().unwrap();
    let item = message["exceptions"]["missing_product"][0]["exception_item_uuid"].as_str().unwrap();
    std::fs::write(&answer, response(id, item, "m-1")).unwrap();
    let (_, shown, _) = run(&["answer", "PO1", answer.to_str().unwrap()]);
    assert!(shown.contains("answer: accepted"), "{shown}");
    assert_eq!(run(&["note", "PO1", "they will credit us"]).0, Some(0));
    let (code, _, said) = run(&["show", "PO2"]);
    assert!(code == Some(1) && said.contains("no case, order or delivery"), "{said}");
    assert_eq!(run(&["close", "PO1", "--reason", "credited"]).0, Some(0));
    let (_, listed, _) = run(&["list"]);
    assert_eq!(listed, "Nothing is wrong: there are no open cases.\n");
    let all = store.cases(&Caller::operator(), &CaseFilter::default(), None, 9).unwrap();
    assert_eq!(all.len(), 1);
}
