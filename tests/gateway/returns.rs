//! Saleable returns: every decision with its evidence, on both databases, over HTTP and on the command line.

use std::fmt::Write;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use chrono::SecondsFormat;
use chrono::Utc;
use epcgate::gs1::Epc;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::https::Answered;
use crate::https::Authority;
use crate::https::Server;
use crate::postgres;

const OWN: &str = "9521101000016";
const CUSTOMER: &str = "9521102000015";
const MAKER: &str = "0352999000005";
const LOT: &str = "LMX2611";

/// The sale of the demo, of which header, master data and statement are taken.
const SALE: &str = include_str!("../../fixtures/demo/3_wholesaler_ships.xml");

fn unit(serial: u32) -> String {
    format!("urn:epc:id:sgtin:0352999.010130.U{serial}")
}

fn case(serial: u32) -> String {
    format!("urn:epc:id:sgtin:0352999.510130.C{serial}")
}

/// What a scanner gives for an item of this lot and expiry.
fn label(epc: &str, lot: &str, expiry: &str) -> String {
    let epc = Epc::parse(epc);
    format!("]d201{}21{}\u{1d}17{expiry}10{lot}", epc.gtin().unwrap(), epc.serial().unwrap())
}

fn good(serial: u32) -> String {
    label(&unit(serial), LOT, "741231")
}

fn event(kind: &str, time: &str, content: &str) -> String {
    format!(
        "<{kind}><eventTime>{time}</eventTime><eventTimeZoneOffset>-05:00</eventTimeZoneOffset>{content}</{kind}>"
    )
}

fn epcs(list: &str, epcs: &[String]) -> String {
    epcs.iter().fold(format!("<{list}>"), |text, epc| text + "<epc>" + epc + "</epc>") + &format!("</{list}>")
}

fn step(action: &str, step: &str) -> String {
    format!("<action>{action}</action><bizStep>urn:epcglobal:cbv:bizstep:{step}</bizStep>")
}

fn commissioning(items: &[String], lot: &str, expiry: &str) -> String {
    let ilmd = format!(
        "<extension><ilmd><cbvmda:lotNumber>{lot}</cbvmda:lotNumber>\
         <cbvmda:itemExpirationDate>{expiry}</cbvmda:itemExpirationDate></ilmd></extension>"
    );
    let content = epcs("epcList", items) + &step("ADD", "commissioning") + &ilmd;
    event("ObjectEvent", "2026-03-01T08:00:00Z", &content)
}

fn packing(parent: &str, children: &[String]) -> String {
    let content =
        format!("<parentID>{parent}</parentID>") + &epcs("childEPCs", children) + &step("ADD", "packing");
    event("AggregationEvent", "2026-03-01T09:00:00Z", &content)
}

/// A shipping event from us to the owner with this SGLN.
fn shipping(items: &[String], to: &str, time: &str) -> String {
    let party = |kind: &str, gln: &str| {
        format!("<{kind} type=\"urn:epcglobal:cbv:sdt:owning_party\">urn:epc:id:sgln:{gln}</{kind}>")
    };
    let content = epcs("epcList", items)
        + &step("OBSERVE", "shipping")
        + "<extension><sourceList>"
        + &party("source", "9521101.00001.0")
        + "</sourceList><destinationList>"
        + &party("destination", to)
        + "</destinationList></extension>";
    event("ObjectEvent", time, &content)
}

/// The file of a sale with these events, its header as that of the demo.
fn file(name: &str, events: &str) -> String {
    let (head, _) = SALE.split_once("<EventList>").unwrap();
    let head = head.replace("BDW-2093-{DAY+0}", name).replace("{DAY-5}", "2026-03-04");
    format!("{head}<EventList>{events}</EventList></EPCISBody></epcis:EPCISDocument>")
}

/// Units 1 to 9 in cases 1 to 3, 10 and 41 in the mixed case 4, which are sold to the customer with the units 11 to 30 and
/// 42; 31 and 32 are sold to somebody else; 41 and 42 have expired.
fn sale() -> String {
    let all: Vec<String> = (1..=40).map(unit).collect();
    let cases: Vec<String> = (1..=4).map(case).collect();
    let sold: Vec<String> = cases.iter().cloned().chain((11..=30).chain([42]).map(unit)).collect();
    let mut events = commissioning(&all, LOT, "2074-12-31")
        + &commissioning(&[unit(41), unit(42)], "OLD1", "2026-10-31")
        + &commissioning(&cases, LOT, "2074-12-31");
    for (number, children) in all.chunks(3).take(3).enumerate() {
        events += &packing(&cases[number], children);
    }
    events += &packing(&case(4), &[unit(10), unit(41)]);
    events += &shipping(&sold, "9521102.00001.0", "2026-03-04T10:00:00Z");
    events += &shipping(&[unit(31), unit(32)], "9521101.00009.0", "2026-03-04T11:00:00Z");
    file("SALE-1", &events)
}

/// What was learned after the sale: case 2 was opened, unit 20 destroyed.
fn later() -> String {
    let content = format!("<parentID>{}</parentID>", case(2))
        + &epcs("childEPCs", &[unit(4)])
        + &step("DELETE", "unpacking");
    let opened = event("AggregationEvent", "2026-03-06T09:00:00Z", &content);
    let content = epcs("epcList", &[unit(20)]) + &step("DELETE", "destroying");
    file("LATER-1", &(opened + &event("ObjectEvent", "2026-03-06T10:00:00Z", &content)))
}

/// The wholesaler's gateway, which knows what it sold.
fn gateway(database: Option<&str>) -> TestGateway {
    let gateway = TestGateway::with(|settings| {
        settings.exceptions.gln = OWN.to_owned();
        if let Some(url) = database {
            settings.database.url = url.to_owned();
        }
    });
    for document in [sale(), later()] {
        let job = gateway.captured("application/xml", document);
        assert_eq!(job["success"], true, "{job}");
    }
    gateway
}

/// The maker of the product, which answers by the serial number.
fn maker(authority: &Authority) -> Server {
    Server::start(&authority.identity("maker"), |asked| {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let correlation =
            query.split('&').find_map(|pair| pair.strip_prefix("corrUUID=")).unwrap_or_default();
        let no = |reason: &str| json!({ "verified": false, "verificationFailureReason": reason });
        let yes = |info: &str| json!({ "verified": true, "additionalInfo": info });
        let data = match path.rsplit('/').next().unwrap_or_default() {
            "U14" => yes("Recalled"),
            "U15" => no("No_match_GTIN_Serial"),
            "U16" => no("Manufacturer_policy"),
            "U17" => return Answered::html(500),
            "U42" => yes("ExpirationExtended"),
            _ => json!({ "verified": true }),
        };
        Answered::json(&json!({
            "verificationTimestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "responderGLN": MAKER, "corrUUID": correlation, "data": data,
        }))
    })
}

/// The wholesaler's gateway, which asks the maker over HTTPS.
fn asking(database: Option<&str>, authority: &Authority, maker: &Server) -> TestGateway {
    let gateway = TestGateway::with(|settings| {
        settings.exceptions.gln = OWN.to_owned();
        settings.outbound.allow_loopback = true;
        settings.outbound.roots = vec![authority.root()];
        if let Some(url) = database {
            settings.database.url = url.to_owned();
        }
    });
    for document in [sale(), later()] {
        assert_eq!(gateway.captured("application/xml", document)["success"], true);
    }
    let gtin = |epc: &str| Epc::parse(epc).gtin().unwrap().to_string();
    let records: Vec<Value> = [gtin(&unit(1)), gtin(&case(1))]
        .iter()
        .map(|gtin| json!({ "gtin": gtin, "responderGLN": MAKER, "url": format!("{}/api", maker.url()) }))
        .collect();
    post(&gateway, "/api/v1/directory", &json!({ "records": records }), 200);
    gateway
}

fn the_maker_decides(database: Option<&str>) {
    let authority = Authority::new();
    let maker = maker(&authority);
    let gateway = asking(database, &authority, &maker);
    // Typed with a slip in the serial number: never held against the product.
    let typed = "(01)00352999101306(21)U15(17)741231(10)LMX2611".to_owned();
    let cases = [
        (good(11), "sellable", "record of"),
        (label(&case(1), LOT, "741231"), "sellable", "record of"),
        (label(&unit(42), "OLD1", "261031"), "sellable", "extended"),
        (good(14), "not-sellable", "recalled"),
        (good(16), "not-sellable", "policy"),
        (good(17), "wait", ""),
        (typed, "scan-problem", "typed or mended"),
        (good(15), "not-sellable", "serial number"),
        (good(33), "not-sellable", "no shipment of ours"),
    ];
    let scans: Vec<String> = cases.iter().map(|(scan, ..)| scan.clone()).collect();
    let id = opened(&gateway, &scans);
    checked(&gateway, &id);
    let shown = units(&gateway, &id, "perPage=100");
    for (unit, (scan, decision, words)) in shown.iter().zip(&cases) {
        assert_eq!(unit["decision"], *decision, "{scan:?}: {unit}");
        assert!(unit["reason"].as_str().unwrap().contains(words), "{scan:?}: {unit}");
    }
    // Each answer is kept as a verification, and the unit names it.
    let verified = shown[0]["checks"].as_array().unwrap().iter().find(|check| check["check"] == "verified");
    let verification = verified.unwrap()["verification"].as_str().unwrap();
    let kept = get(&gateway, &format!("/api/v1/verifications/{verification}"));
    assert!(kept.to_string().contains("U11"), "{kept}");

    let closed = post(&gateway, &format!("/api/v1/returns/{id}/close"), &json!({ "by": "Bob" }), 200);
    assert_eq!(closed["events"].as_array().unwrap().len(), 3, "{closed}");
    let named = |disposition: &str| -> (usize, String) {
        let events = gateway.events(&format!("EQ_disposition={disposition}"));
        assert_eq!(events.len(), 1, "{disposition}");
        (events[0]["epcList"].as_array().unwrap().len(), events[0].to_string())
    };
    let (sellable, text) = named("sellable_accessible");
    assert!(sellable == 3 && text.contains("inferred") && text.contains("/21/U3"), "{text}");
    assert_eq!((named("non_sellable_other").0, named("returned").0), (4, 7));

    // A package of the case came back with it; what came back and is sold again may come back again.
    let second = opened(&gateway, &[good(2), good(11)]);
    checked(&gateway, &second);
    for unit in units(&gateway, &second, "") {
        assert!(unit["reason"].as_str().unwrap().contains("came back already"), "{unit}");
    }
    let again =
        shipping(&[unit(11)], "9521102.00001.0", &Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true));
    assert_eq!(gateway.captured("application/xml", file("SALE-2", &again))["success"], true);
    let third = opened(&gateway, &[good(11)]);
    checked(&gateway, &third);
    assert_eq!(units(&gateway, &third, "")[0]["decision"], "sellable");
}

#[test]
fn the_maker_has_the_last_word() {
    the_maker_decides(None);
}

#[test]
fn the_maker_has_the_last_word_on_postgresql() {
    the_maker_decides(Some(&postgres::database("returns_maker")));
}

fn post(gateway: &TestGateway, path: &str, body: &Value, expected: u16) -> Value {
    let answer = gateway.post(path, "application/json", body.to_string()).send().unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().unwrap());
    assert_eq!(status, expected, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn get(gateway: &TestGateway, path: &str) -> Value {
    gateway.get(path).send().unwrap().json().unwrap()
}

/// A return once every scan of it has a decision.
fn checked(gateway: &TestGateway, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let found = get(gateway, &format!("/api/v1/returns/{id}"));
        if found["state"] != "checking" {
            assert_eq!(found["progress"]["pending"], 0, "{found}");
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{found}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn opened(gateway: &TestGateway, scans: &[String]) -> String {
    let body = json!({ "customer": CUSTOMER, "authorisation": "RMA 7", "place": "9521101000023", "by": "Ann", "scans": scans });
    let found = post(gateway, "/api/v1/returns", &body, 201);
    found["id"].as_str().unwrap().to_owned()
}

fn units(gateway: &TestGateway, id: &str, question: &str) -> Vec<Value> {
    let found = get(gateway, &format!("/api/v1/returns/{id}/units?{question}"));
    found["units"].as_array().unwrap().clone()
}

/// How a check of a unit came out.
fn outcome<'a>(unit: &'a Value, check: &str) -> &'a str {
    let found = unit["checks"].as_array().unwrap().iter().find(|found| found["check"] == check);
    found.map_or("", |found| found["outcome"].as_str().unwrap())
}

fn hold(gateway: &TestGateway, what: &str, serial: u32) {
    let body = json!({ "epc": unit(serial), "reason": "glass", "by": "Ann" });
    post(gateway, &format!("/api/v1/{what}"), &body, 201);
}

fn every_decision(database: Option<&str>) {
    let gateway = gateway(database);
    hold(&gateway, "recalls", 21);
    hold(&gateway, "holds", 22);
    let cases = [
        (good(11), "wait", "directory"),
        (label(&case(1), LOT, "741231"), "wait", "directory"),
        (good(21), "not-sellable", "recalled"),
        (good(22), "wait", "on hold"),
        (good(20), "not-sellable", "destroying"),
        (good(31), "not-sellable", "9521101000092, not to this customer"),
        (good(33), "not-sellable", "no shipment of ours"),
        (good(77), "not-sellable", "no shipment of ours"),
        (label(&unit(12), "B7", "741231"), "not-sellable", "lot B7"),
        (label(&unit(13), LOT, "741130"), "not-sellable", "2074-11-30"),
        (label(&unit(42), "OLD1", "261031"), "not-sellable", "expired on 2026-10-31"),
        (good(11), "scan-problem", "scan 1 of this return"),
        (good(2), "scan-problem", "scan 2 of this return"),
        (label(&case(2), LOT, "741231"), "scan-problem", "opened since"),
        (label(&case(4), LOT, "741231"), "scan-problem", "the one lot on its label"),
        ("614140123453".to_owned(), "scan-problem", "product"),
        ("]d20100352999101306".to_owned() + "21U14", "scan-problem", "lot"),
        ("(00)003529990000000013".to_owned(), "scan-problem", ""),
        ("hello".to_owned(), "scan-problem", "hello"),
        ("\u{0}\u{1}".to_owned(), "scan-problem", ""),
    ];
    let scans: Vec<String> = cases.iter().map(|(scan, ..)| scan.clone()).collect();
    let id = opened(&gateway, &scans);
    let found = checked(&gateway, &id);
    let shown = units(&gateway, &id, "perPage=100");
    for (unit, (scan, decision, words)) in shown.iter().zip(&cases) {
        assert_eq!(unit["decision"], *decision, "{scan:?}: {unit}");
        assert!(unit["reason"].as_str().unwrap().contains(words), "{scan:?}: {unit}");
        assert_ne!(unit["nextStep"], Value::Null, "{unit}");
    }
    let count = |decision: &str| cases.iter().filter(|(_, own, _)| *own == decision).count();
    assert_eq!(found["progress"]["notSellable"], count("not-sellable"));
    assert_eq!(found["progress"]["scanProblem"], count("scan-problem"));
    assert_eq!(units(&gateway, &id, "decision=not-sellable&perPage=100").len(), count("not-sellable"));

    // The evidence: each check with its outcome, the document of the sale, the packages of the case.
    for check in ["scan", "standing", "life", "first-return", "in-date", "sold", "label", "information"] {
        assert_eq!(outcome(&shown[0], check), "passed", "{check}: {}", shown[0]);
    }
    let sold = shown[0]["checks"].as_array().unwrap().iter().find(|check| check["check"] == "sold").unwrap();
    assert!(sold["document"].is_i64(), "{sold}");
    assert_eq!(outcome(&shown[2], "verified"), "unknown");
    assert_eq!(shown[1]["packages"], 3);
    let packages = get(&gateway, &format!("/api/v1/returns/{id}/units/2/packages"));
    assert_eq!(packages["packages"].as_array().unwrap().len(), 3, "{packages}");

    closing(&gateway, &id, count("not-sellable"));
}

/// Closes a return, of which so many units are not sellable and one case and one unit wait.
fn closing(gateway: &TestGateway, id: &str, not_sellable: usize) {
    let closed = post(gateway, &format!("/api/v1/returns/{id}/close"), &json!({ "by": "Bob" }), 200);
    assert_eq!(
        (&closed["return"]["state"], &closed["return"]["closedBy"]),
        (&json!("closed"), &json!("Bob"))
    );
    let events = gateway.events("EQ_disposition=returned");
    assert_eq!(events.len(), 1);
    let named = |event: &Value| event["epcList"].as_array().unwrap().len();
    assert_eq!(named(&events[0]), not_sellable, "{}", events[0]);
    assert_eq!(events[0]["bizStep"], "receiving");
    assert_eq!(
        events[0]["bizTransactionList"][0]["bizTransaction"],
        "urn:epcglobal:cbv:bt:9521101000016:RMA%207"
    );
    assert_eq!(events[0]["sourceList"].as_array().unwrap().len(), 1);
    let events = gateway.events("EQ_disposition=non_sellable_other");
    assert_eq!((events.len(), named(&events[0])), (1, not_sellable));
    assert_eq!(gateway.events("EQ_disposition=sellable_accessible").len(), 0);
    // Closed again it writes nothing more, and nothing is checked again.
    let again = post(gateway, &format!("/api/v1/returns/{id}/close"), &json!({}), 200);
    assert_eq!(again["events"], closed["events"]);
    assert_eq!(gateway.events("EQ_disposition=returned").len(), 1);
    let check = gateway.request("POST", &format!("/api/v1/returns/{id}/check")).send().unwrap();
    assert_eq!(failure(check).0, 409);

    // What came back is told when it comes again, by whichever return; what waited was not taken.
    let second = opened(gateway, &[good(12), good(14)]);
    checked(gateway, &second);
    let shown = units(gateway, &second, "");
    assert!(shown[0]["reason"].as_str().unwrap().contains(&format!("return {id}")), "{}", shown[0]);
    assert_eq!(outcome(&shown[1], "first-return"), "passed", "{}", shown[1]);
}

#[test]
fn every_decision_is_told_with_its_evidence() {
    every_decision(None);
}

#[test]
fn every_decision_is_told_with_its_evidence_on_postgresql() {
    every_decision(Some(&postgres::database("returns")));
}

#[test]
fn a_return_is_opened_once_for_each_key() {
    let gateway = gateway(None);
    let body = json!({ "key": "dock-1", "customer": CUSTOMER, "scans": [good(11)] });
    let first = post(&gateway, "/api/v1/returns", &body, 201);
    let second = post(&gateway, "/api/v1/returns", &body, 200);
    assert_eq!(first["id"], second["id"]);
    let other = json!({ "key": "dock-1", "customer": CUSTOMER, "scans": [good(12)] });
    let refused = gateway.post("/api/v1/returns", "application/json", other.to_string()).send().unwrap();
    let (status, _, detail) = failure(refused);
    assert!(status == 409 && detail.contains("dock-1"), "{status}: {detail}");
    let id = first["id"].as_str().unwrap();
    checked(&gateway, id);
    // A second page, by the link of the first.
    opened(&gateway, &[good(13), good(14)]);
    let page = gateway.get("/api/v1/returns?perPage=1").send().unwrap();
    let link = header(&page, "link");
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(get(&gateway, next)["returns"][0]["id"], id);
    assert_eq!(get(&gateway, "/api/v1/returns?state=closed"), json!({ "returns": [] }));
}

#[test]
fn bad_requests_are_refused_with_reasons() {
    let gateway = gateway(None);
    let refused = |body: Value| {
        let answer = gateway.post("/api/v1/returns", "application/json", body.to_string()).send().unwrap();
        let (status, _, detail) = failure(answer);
        format!("{status} {detail}")
    };
    let check = |body: Value, expected: &str| {
        let said = refused(body);
        assert!(said.starts_with("400") && said.contains(expected), "{said}");
    };
    check(json!({ "customer": "1", "scans": ["x"] }), "13 digits");
    check(json!({ "customer": CUSTOMER, "scans": [] }), "1 to 20000");
    check(json!({ "customer": CUSTOMER, "scans": ["x".repeat(5_000)] }), "scan 1");
    check(json!({ "customer": CUSTOMER, "scans": ["x"], "key": "\u{0}" }), "key");
    check(json!({ "customer": CUSTOMER, "scans": ["x"], "place": "here" }), "no place");
    check(json!({ "customer": CUSTOMER, "scans": "x" }), "");
    for path in ["/api/v1/returns/none", "/api/v1/returns/none/units", "/api/v1/returns/none/sheet"] {
        assert_eq!(failure(gateway.get(path).send().unwrap()).0, 404, "{path}");
    }
    assert_eq!(failure(gateway.request("POST", "/api/v1/returns/none/check").send().unwrap()).0, 404);
    let status = |path: &str| failure(gateway.get(path).send().unwrap()).0;
    let id = opened(&gateway, &[good(11)]);
    assert_eq!(status(&format!("/api/v1/returns/{id}/units?decision=good")), 400);
    assert_eq!(status(&format!("/api/v1/returns/{id}/units?nextPageToken=x")), 400);
    assert_eq!(status(&format!("/api/v1/returns/{id}/units/2/packages")), 404);
    assert_eq!(status("/api/v1/returns?state=old"), 400);
    // Without our own GLN nobody can tell what we sold.
    let nobody = TestGateway::start();
    let body = json!({ "customer": CUSTOMER, "scans": ["x"] });
    let answer = nobody.post("/api/v1/returns", "application/json", body.to_string()).send().unwrap();
    let (status, _, detail) = failure(answer);
    assert!(status == 409 && detail.contains("[exceptions]"), "{status}: {detail}");
}

#[test]
fn what_waits_is_checked_again() {
    let gateway = gateway(None);
    let held = post(&gateway, "/api/v1/holds", &json!({ "epc": unit(15), "reason": "wet" }), 201);
    let id = opened(&gateway, &[good(15), "hello".to_owned(), good(20)]);
    checked(&gateway, &id);
    assert!(units(&gateway, &id, "")[0]["reason"].as_str().unwrap().contains("on hold"));
    let release = format!("/api/v1/holds/{}/release", held["id"].as_str().unwrap());
    post(&gateway, &release, &json!({ "reason": "dry" }), 200);
    post(&gateway, &format!("/api/v1/returns/{id}/check"), &json!({}), 202);
    checked(&gateway, &id);
    let shown = units(&gateway, &id, "");
    assert_eq!(outcome(&shown[0], "standing"), "passed", "{}", shown[0]);
    assert_eq!(shown[2]["decision"], "not-sellable");
}

#[test]
fn a_return_is_finished_after_a_restart() {
    let gateway = gateway(None);
    let scans: Vec<String> = (1..=3_000).map(|number| good(100 + number)).collect();
    let id = opened(&gateway, &scans);
    let folder = gateway.stop();
    let gateway = TestGateway::in_folder(folder, |settings| settings.exceptions.gln = OWN.to_owned());
    let found = checked(&gateway, &id);
    assert_eq!(found["progress"]["notSellable"], 3_000);
    let sheet = gateway.get(&format!("/api/v1/returns/{id}/sheet")).send().unwrap();
    assert_eq!(header(&sheet, "content-type"), "text/csv; charset=utf-8");
    let sheet = sheet.text().unwrap();
    assert_eq!(sheet.lines().count(), 3_001);
    assert!(sheet.lines().nth(3_000).unwrap().starts_with("3000,not-sellable,"), "{sheet}");
}

#[test]
fn the_command_line_takes_a_return() {
    let gateway = gateway(None);
    let folder = gateway.stop();
    let database = format!("sqlite:{}", folder.path().join("epcgate.db").display());
    let epcgate = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .arg("return")
            .args(arguments)
            .args(["--database", &database])
            .env("EPCGATE_EXCEPTIONS__GLN", OWN)
            .output()
            .unwrap();
        let text = String::from_utf8(done.stdout).unwrap();
        (done.status.code().unwrap(), text, String::from_utf8(done.stderr).unwrap())
    };
    let scans = folder.path().join("scans.txt");
    let text = [good(20), good(21), String::new(), "hello".to_owned()].join("\r\n");
    std::fs::write(&scans, text).unwrap();
    let sheet = folder.path().join("sheet.csv");
    let (code, out, err) = epcgate(&[
        "--customer",
        CUSTOMER,
        "--authorisation",
        "RMA-8",
        "--key",
        "k1",
        "--file",
        scans.to_str().unwrap(),
        "--sheet",
        sheet.to_str().unwrap(),
        &good(31),
    ]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("0 of 4 sellable, 2 not sellable, 1 wait, 1 with a scan problem"), "{out}");
    assert!(out.contains("NOT SELLABLE") && out.contains("destroying"), "{out}");
    assert_eq!(std::fs::read_to_string(&sheet).unwrap().lines().count(), 5);
    let id = out.split("return ").last().unwrap().split(' ').next().unwrap().to_owned();
    // The same key again opens no other; as JSON, one object a line and the return at the end.
    let mut arguments = vec!["--customer", CUSTOMER, "--authorisation", "RMA-8", "--key", "k1", "--close"];
    let own = good(31);
    arguments.extend(["--output", "json", "--file", scans.to_str().unwrap(), &own]);
    let (_, out, err) = epcgate(&arguments);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5, "{out}{err}");
    assert_eq!((&lines[4]["return"]["id"], &lines[4]["return"]["state"]), (&json!(id), &json!("closed")));
    assert_eq!(lines[4]["events"].as_array().unwrap().len(), 2);
    let (code, _, err) = epcgate(&["--check", &id]);
    assert!(code == 1 && err.contains("is closed"), "{err}");
    let (code, out, _) = epcgate(&["--show", &id]);
    assert!(code == 1 && out.contains("(closed)"), "{out}");
    // As many as are written at one time.
    let many: Vec<String> = (1..=200).map(|number| good(100 + number)).collect();
    std::fs::write(&scans, many.join("\n")).unwrap();
    let (code, out, err) = epcgate(&["--customer", CUSTOMER, "--file", scans.to_str().unwrap()]);
    assert!(code == 1 && out.contains("0 of 200 sellable, 200 not sellable"), "{out}{err}");
    let mut wrong = String::new();
    for arguments in [&["--show", "none"][..], &["--customer", "1", "x"], &["--customer", CUSTOMER]] {
        let (code, _, err) = epcgate(arguments);
        writeln!(wrong, "{code} {err}").unwrap();
    }
    assert!(wrong.contains("there is no return none") && wrong.contains("13 digits"), "{wrong}");
    assert!(wrong.contains("1 to 20000 scans"), "{wrong}");
}
