//! Two gateways, a seller's and a buyer's, with HTTP between them: a shipment that does not fit, and how it is settled.

use std::time::Duration;
use std::time::Instant;

use epcgate::access::Caller;
use epcgate::config::Settings;
use epcgate::store::Store;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::postgres;

const SELLER: &str = "0352999000012";
const BUYER: &str = "9521101000016";
const CASE: &str = "urn:epc:id:sgtin:0352999.510130.C0000001";

/// Eight packages are commissioned, and the first four are packed into a case; nothing is shipped yet.
fn commissioning_and_packing() -> String {
    let text = include_str!("../../fixtures/demo/1_manufacturer_ships.xml");
    let events: Vec<&str> = text.split("<AggregationEvent>").take(2).collect();
    let days = [("{DAY-9}", "2024-03-04"), ("{DAY-8}", "2024-03-05"), ("{DAY+540}", "2099-12-31")];
    let text = events.join("<AggregationEvent>") + "</EventList></EPCISBody></epcis:EPCISDocument>";
    days.iter().fold(text, |text, (day, date)| text.replace(day, date)).replace("{DAY+0}", "1")
}

fn package(number: u32) -> String {
    format!("urn:epc:id:sgtin:0352999.010130.A7K2M000{number}")
}

fn gateway(name: &str, gln: &str, database: Option<&str>, change: impl FnOnce(&mut Settings)) -> TestGateway {
    TestGateway::with(|settings| {
        settings.exceptions.name = name.to_owned();
        settings.exceptions.gln = gln.to_owned();
        settings.exceptions.email = format!("dock@{name}.example");
        if let Some(url) = database {
            settings.database.url = url.to_owned();
        }
        change(settings);
    })
}

/// The answer to a request, which must have this status.
fn post(gateway: &TestGateway, path: &str, body: &Value, expected: u16) -> Value {
    let answer = gateway.post(path, "application/json", body.to_string()).send().unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().unwrap());
    assert_eq!(status, expected, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn get(gateway: &TestGateway, path: &str) -> Value {
    gateway.get(path).send().unwrap().json().unwrap()
}

/// The answer to a question once it is as it should be: the ledger follows the end of a capture job.
fn eventually(gateway: &TestGateway, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let answer = get(gateway, path);
        if fits(&answer) {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{path}: {answer}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Tells a gateway who both owners are.
fn know_owners(gateway: &TestGateway) {
    for (id, gln, role) in [("alder", SELLER, "manufacturer"), ("brightwater", BUYER, "wholesaler")] {
        let address = json!({ "street": ["1 Mill Road"], "city": "Durham", "state": "NC", "postalCode": "27701", "country": "US" });
        let partner =
            json!({ "id": id, "name": id, "roles": [role], "glns": { "owning": [gln] }, "address": address });
        let answer = gateway.request("PUT", &format!("/api/v1/partners/{id}")).json(&partner).send().unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().unwrap());
    }
}

/// The number of the one shipment of the order, once it has so many units.
fn shipment(gateway: &TestGateway, units: u64) -> i64 {
    let found = eventually(gateway, "/api/v1/shipments?order=PO-1", |found| {
        let shipments = found["shipments"].as_array().unwrap();
        shipments.len() == 1 && shipments[0]["units"] == units
    });
    found["shipments"][0]["shipment"].as_i64().unwrap()
}

/// The file that the seller writes for what it says is on the truck.
fn ship(seller: &TestGateway, number: &str, epcs: &[String]) -> String {
    let asked = json!({
        "number": number, "order": "urn:epcglobal:cbv:bt:9521101000016:PO-1", "epcs": epcs, "seller": SELLER,
        "buyer": BUYER, "time": "2024-03-05T14:00:00.000-05:00",
    });
    let answer = seller.post("/api/v1/shipments", "application/json", asked.to_string()).send().unwrap();
    let (status, file) = (answer.status(), answer.text().unwrap());
    assert_eq!(status, 201, "{file}");
    file
}

fn capture(gateway: &TestGateway, document: &str) {
    let job = gateway.captured("application/xml", document);
    assert_eq!((&job["success"], &job["defects"]), (&json!(true), &Value::Null), "{job}");
}

/// The declaration that the shipping event of a file was wrong: the same event once more, declared so.
fn declared_wrong(file: &str) -> String {
    let (_, event) = file.rsplit_once("<ObjectEvent>").unwrap();
    let (event, _) = event.split_once("</ObjectEvent>").unwrap();
    let declaration = "</eventTimeZoneOffset><baseExtension><errorDeclaration>\
         <declarationTime>2024-03-06T09:00:00Z</declarationTime>\
         <reason>urn:epcglobal:cbv:er:incorrect_data</reason></errorDeclaration></baseExtension>";
    let event = event.replacen("</eventTimeZoneOffset>", declaration, 1);
    format!(
        "<epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\" schemaVersion=\"1.2\" \
         creationDate=\"2024-03-06T09:00:00Z\"><EPCISBody><EventList><ObjectEvent>{event}</ObjectEvent>\
         </EventList></EPCISBody></epcis:EPCISDocument>"
    )
}

/// No finding that holds goods is open.
fn nothing_holds(url: &str) {
    let store = Store::open(url, &epcgate::store::Settings::default()).unwrap();
    let found = store.open_findings(&Caller::operator(), None, 100).unwrap();
    assert!(found.iter().all(|finding| !finding.severity.holds()), "{found:?}");
}

/// The state of a case, and how many of its items are not settled.
fn standing(gateway: &TestGateway, case: &str) -> (String, usize) {
    let case = &get(gateway, &format!("/api/v1/exceptions/{case}"))["case"];
    let left = case["items"].as_array().unwrap().iter().filter(|item| item["settled"].is_null()).count();
    (case["state"].as_str().unwrap().to_owned(), left)
}

/// All cases of a gateway.
fn cases(gateway: &TestGateway) -> Vec<Value> {
    get(gateway, "/api/v1/exceptions?state=all")["exceptions"].as_array().unwrap().clone()
}

fn round_trip(databases: Option<[String; 2]>) {
    let [of_seller, of_buyer] = databases.map_or([None, None], |urls| urls.map(Some));
    let seller = gateway("alder", SELLER, of_seller.as_deref(), |settings| {
        settings.export.affirm_transaction_statement = true;
    });
    let buyer = gateway("brightwater", BUYER, of_buyer.as_deref(), |_| {});
    let buyer_url = of_buyer.unwrap_or_else(|| buyer.folder().join("epcgate.db").display().to_string());
    let state = |case: &str| (standing(&seller, case), standing(&buyer, case));
    let at = |state: &str, left: usize| (state.to_owned(), left);

    // The seller says that a case of four and three packages go; the buyer takes the file without a word.
    know_owners(&seller);
    capture(&seller, &commissioning_and_packing());
    let said = ship(&seller, "ASN-1", &[CASE.to_owned(), package(5), package(6), package(7)]);
    assert!(said.contains("affirmTransactionStatement"), "{said}");
    capture(&buyer, &said);
    let shipped = shipment(&buyer, 7);
    nothing_holds(&buyer_url);
    assert_eq!(cases(&buyer), Vec::<Value>::new());

    // On the truck are the case, one of the packages, and another that was not to go.
    let receipt = post(&buyer, "/api/v1/receipts", &json!({ "order": "PO-1", "place": BUYER }), 201);
    let receipt = format!("/api/v1/receipts/{}", receipt["id"].as_str().unwrap());
    let scans = json!({ "scans": [CASE, package(5), package(8)] });
    let answers = post(&buyer, &format!("{receipt}/scans"), &scans, 200);
    let verdicts: Vec<&Value> =
        answers["answers"].as_array().unwrap().iter().map(|answer| &answer["verdict"]).collect();
    assert_eq!(verdicts, ["expected", "expected", "no-data"]);
    let closed = post(&buyer, &format!("{receipt}/close"), &json!({ "by": "Ann" }), 200);
    assert_eq!(
        (&closed["released"], &closed["putAside"], &closed["short"]),
        (&json!(5), &json!(1), &json!(2))
    );
    let of_buyer = cases(&buyer);
    assert_eq!((of_buyer.len(), &of_buyer[0]["partner"]), (1, &json!(SELLER)));
    let case = of_buyer[0]["id"].as_str().unwrap();
    let mut kinds: Vec<&str> =
        of_buyer[0]["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["missing-product", "missing-product", "missing-product-data"]);
    assert_eq!((standing(&buyer, case), cases(&seller).len()), (at("open", 3), 0));

    // The buyer tells the seller, who answers.
    let messages = "/api/v1/exceptions/messages";
    let of_case = |verb: &str| format!("/api/v1/exceptions/{case}/{verb}");
    let notice = post(&buyer, &of_case("notify"), &json!({ "by": "Ann" }), 200);
    let taken = post(&seller, messages, &notice["message"], 201);
    assert_eq!(
        (&taken["id"], &taken["side"], &taken["partner"]),
        (&json!(case), &json!("theirs"), &json!(BUYER))
    );
    assert_eq!(state(case), (at("notified", 3), at("notified", 3)));
    let answer = json!({ "by": "Bob", "all": { "accepted": true }, "notes": "we send what really went" });
    let answer = post(&seller, &of_case("respond"), &answer, 200);
    post(&buyer, messages, &answer["message"], 201);
    assert_eq!(state(case), (at("answered", 3), at("answered", 3)));

    // The seller declares the shipping event wrong and writes what really went; both know it then.
    for gateway in [&seller, &buyer] {
        capture(gateway, &declared_wrong(&said));
        eventually(gateway, "/api/v1/shipments?order=PO-1", |found| found["shipments"] == json!([]));
    }
    let corrected = ship(&seller, "ASN-2", &[CASE.to_owned(), package(5), package(8)]);
    capture(&buyer, &corrected);
    assert_ne!(shipment(&buyer, 6), shipped);
    nothing_holds(&buyer_url);
    eventually(&buyer, &format!("{receipt}/units?verdict=no-data"), |units| units["units"] == json!([]));

    // The same receipt against the corrected data: goods and data agree, and the case ends on both sides.
    let closed = post(&buyer, &format!("{receipt}/close"), &json!({ "by": "Ann" }), 200);
    assert_eq!((&closed["released"], &closed["short"]), (&json!(6), &json!(0)));
    assert_eq!(closed["differences"], json!([]));
    assert_eq!(state(case), (at("answered", 3), at("rematched", 0)));
    let end =
        post(&buyer, &of_case("close"), &json!({ "by": "Ann", "reason": "the corrected file fits" }), 200);
    post(&seller, messages, &end["message"], 201);
    assert_eq!(state(case), (at("closed", 0), at("closed", 0)));
    assert_eq!((cases(&seller).len(), cases(&buyer).len()), (1, 1));
}

#[test]
fn a_difference_is_settled_between_two_gateways() {
    round_trip(None);
}

#[test]
fn a_difference_is_settled_between_two_gateways_on_postgresql() {
    round_trip(Some(["exchange_seller", "exchange_buyer"].map(postgres::database)));
}
