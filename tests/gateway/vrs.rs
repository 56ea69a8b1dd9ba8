//! Verification for partners over HTTP: the table of the guideline, every status, what a path can carry, who guesses.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::ApiKey;
use epcgate::access::Caller;
use epcgate::access::KeyText;
use epcgate::access::Permission;
use epcgate::access::Scope;
use epcgate::access::SpeaksFor;
use epcgate::access::VrsAccess;
use epcgate::config::Settings;
use epcgate::dscsa::Decision;
use epcgate::dscsa::HoldKind;
use epcgate::dscsa::HoldScope;
use epcgate::dscsa::verification::CorrelationId;
use epcgate::dscsa::verification::RequesterStatement;
use epcgate::dscsa::verification::VerificationRequest;
use epcgate::formats::verification::read_response;
use epcgate::formats::verification::request_address;
use epcgate::gs1::Epc;
use epcgate::gs1::Gln;
use epcgate::gs1::Gtin;
use epcgate::gs1::ScannedDate;
use epcgate::store::AuditFilter;
use epcgate::store::VerificationFilter;
use epcgate::verify::policy::ExtensionSettings;
use epcgate::verify::policy::Mismatch;
use epcgate::verify::policy::OwnerSettings;
use epcgate::verify::policy::Said;
use epcgate::verify::policy::Suspicion;
use reqwest::blocking::Response;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;

const OURS: &str = "0300010000007";
const GTIN: &str = "00300010123455";
const OTHER: &str = "00614141073467";
const ASKER: &str = "4012345000115";
const ODD: &str = "A/1%+&?x";

/// A gateway of a maker, and of another owner that keeps more to itself; open to anyone.
fn gateway(database: Option<&str>, change: impl FnOnce(&mut Settings)) -> TestGateway {
    let gateway = TestGateway::with(|settings| {
        if let Some(name) = database {
            settings.database.url = crate::postgres::database(name);
        }
        settings.access.vrs = VrsAccess::Open;
        let own = &mut settings.verification;
        own.responder = OURS.to_owned();
        own.prefixes = vec!["030001".to_owned()];
        own.extensions =
            vec![ExtensionSettings { gtin: GTIN.into(), lot: "EXT".into(), until: "2090-01-31".into() }];
        own.owners = vec![OwnerSettings {
            responder: "0614141000012".to_owned(),
            prefixes: vec!["0614141".to_owned()],
            gtins: Vec::new(),
            recalled: Some(Said::False),
            expired: Some(Said::False),
            suspect: Some(Suspicion::Undisclosed),
            held: None,
            mismatch: Some(Mismatch::NoReason),
        }];
        change(settings);
    });
    let document = document();
    assert_eq!(gateway.captured("application/ld+json", document)["success"], true);
    gateway
}

fn document() -> String {
    let lots = [
        ("L1", "2045-03-31", vec!["1", "2", "3", "4", "A%2F1%25+%26%3Fx"]),
        ("R1", "2045-03-31", vec!["R"]),
        ("OLD", "2020-01-31", vec!["X"]),
        ("EXT", "2020-01-31", vec!["E"]),
        ("L/1%+&?", "2045-03-31", vec!["L"]),
        ("", "2045-03-31", vec!["N"]),
    ];
    let mut events = Vec::new();
    for class in ["030001.0012345", "030001.3012345", "0614141.007346"] {
        for (lot, expiry, serials) in &lots {
            let epcs: Vec<String> =
                serials.iter().map(|serial| format!("urn:epc:id:sgtin:{class}.{serial}")).collect();
            events.push(json!({
                "type": "ObjectEvent", "eventTime": "2024-03-04T12:00:00Z", "eventTimeZoneOffset": "-05:00",
                "epcList": epcs, "action": "ADD", "bizStep": "commissioning",
                "ilmd": if lot.is_empty() { json!({ "cbvmda:itemExpirationDate": expiry }) } else {
                    json!({ "cbvmda:lotNumber": lot, "cbvmda:itemExpirationDate": expiry })
                },
            }));
        }
    }
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", { "cbvmda": "urn:epcglobal:cbv:mda:" }],
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2024-03-04T12:00:00Z",
        "epcisBody": { "eventList": events },
    })
    .to_string()
}

fn request(gtin: &str, serial: &str, lot: &str, expiry: &str) -> VerificationRequest {
    VerificationRequest {
        gtin: Gtin::parse(gtin).unwrap(),
        serial: serial.into(),
        lot: lot.into(),
        expiry: ScannedDate::new(expiry).unwrap(),
        context: "dscsaSaleableReturn".into(),
        requester: ASKER.into(),
        correlation: CorrelationId::new(uuid::Uuid::new_v4()),
        statement: RequesterStatement::default(),
    }
}

fn ask(gateway: &TestGateway, request: &VerificationRequest, version: &str) -> Response {
    let address = format!("/vrs{}", request_address(request));
    gateway.get(&address).header("GS1US-Version", version).send().unwrap()
}

/// What is answered, as `verified reason info`; read by the reader that we read partners' answers with.
fn answered(gateway: &TestGateway, request: &VerificationRequest, version: &str) -> String {
    let response = ask(gateway, request, version);
    assert_eq!(response.status(), 200, "{request:?}: {}", response.text().unwrap());
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(header(&response, "cache-control"), "private, no-cache");
    assert_eq!(header(&response, "gs1us-version"), if version == "1.3.0" { version } else { "" });
    let body = response.bytes().unwrap();
    let read = read_response(&body).unwrap();
    assert_eq!(read.notices, []);
    assert_eq!(read.response.correlation, request.correlation);
    let json: Value = serde_json::from_slice(&body).unwrap();
    let time = json["verificationTimestamp"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[19] == b'.', "{time}");
    let data = json["data"].as_object().unwrap();
    assert!(data.values().all(|value| !value.is_null()));
    assert_eq!(data["verified"] == false, data.contains_key("verificationFailureReason"), "{json}");
    let word = |name: &str| data.get(name).map_or("-", |value| value.as_str().unwrap());
    format!("{} {} {}", data["verified"], word("verificationFailureReason"), word("additionalInfo"))
}

fn hold(gateway: &TestGateway, kind: HoldKind, scope: &HoldScope) {
    let decision = Decision::new("tester", Utc::now(), "test").unwrap();
    gateway.store().open_hold(&Caller::operator(), kind, scope, &decision).unwrap();
}

fn the_table(database: Option<&str>) {
    let gateway = gateway(database, |_| {});
    let check = |gtin: &str, serial: &str, lot: &str, expiry: &str, expected: &str| {
        let found = answered(&gateway, &request(gtin, serial, lot, expiry), "1.3.0");
        assert_eq!(found, expected, "{gtin} {serial} {lot} {expiry}");
    };
    for gtin in [GTIN, OTHER] {
        let gtin_14 = Gtin::parse(gtin).unwrap();
        hold(&gateway, HoldKind::Recall, &HoldScope::lot(gtin_14, "R1").unwrap());
        hold(&gateway, HoldKind::Suspect, &HoldScope::serials(gtin_14, "3", "3").unwrap());
        let item = Epc::parse(&format!("https://id.gs1.org/01/{gtin}/21/4"));
        hold(&gateway, HoldKind::Illegitimate, &HoldScope::item(item).unwrap());
        let item = Epc::parse(&format!("https://id.gs1.org/01/{gtin}/21/2"));
        hold(&gateway, HoldKind::Hold, &HoldScope::item(item).unwrap());
    }
    // A: everything corresponds, the day as printed or left open; cases as packages.
    check(GTIN, "1", "L1", "450331", "true - -");
    check(GTIN, "1", "L1", "450300", "true - -");
    check("30300010123456", "1", "L1", "450331", "true - -");
    check(GTIN, ODD, "L1", "450331", "true - -");
    check(GTIN, "L", "L/1%+&?", "450331", "true - -");
    // B1 and B2.
    check(GTIN, "R", "R1", "450331", "true - Recalled");
    check(OTHER, "R", "R1", "450331", "false Manufacturer_policy Recalled");
    check(GTIN, "X", "OLD", "200131", "true - Expired");
    check(OTHER, "X", "OLD", "200131", "false Manufacturer_policy Expired");
    check(GTIN, "E", "EXT", "200131", "true - ExpirationExtended");
    // C1 and C2.
    check(GTIN, "3", "L1", "450331", "false Not_for_re-distribution Suspect");
    check(GTIN, "4", "L1", "450331", "false Not_for_re-distribution Illegitimate");
    check(OTHER, "3", "L1", "450331", "false Manufacturer_policy -");
    check(GTIN, "2", "L1", "450331", "false Manufacturer_policy -");
    // D and E; lot and expiry are not looked at where the serial number is none.
    check(GTIN, "9", "X", "300131", "false No_match_GTIN_Serial -");
    check(GTIN, "1", "L2", "450331", "false No_match_GTIN_Serial_Lot -");
    check(GTIN, "1", "L1", "450330", "false No_match_GTIN_Serial_Expiry -");
    check(GTIN, "1", "L2", "440331", "false No_match_GTIN_Serial_Lot_Expiry -");
    check(GTIN, "R", "L1", "450331", "false No_match_GTIN_Serial_Lot -");
    check(OTHER, "1", "L2", "450331", "false No_reason_provided -");
    check(OTHER, "9", "L1", "450331", "false No_reason_provided -");
    // Who follows 1.1 reads no word of 1.3.
    assert_eq!(answered(&gateway, &request(GTIN, "E", "EXT", "200131"), "1.1.0"), "true - -");
    let illegitimate = answered(&gateway, &request(GTIN, "4", "L1", "450331"), "");
    assert_eq!(illegitimate, "false Not_for_re-distribution Suspect");
    kept(&gateway);
}

/// Every answer is in the records and the audit trail, with what was sent and received.
fn kept(gateway: &TestGateway) {
    let caller = Caller::operator();
    let records = gateway.store().verifications(&caller, &VerificationFilter::default(), None, 100).unwrap();
    let acts = gateway.store().audited(&caller, &AuditFilter::default(), None, 1000).unwrap();
    let acts = acts.iter().filter(|act| act.entry.act == "verification.answered").count();
    assert_eq!((records.len(), acts), (23, 23));
    let odd = records.iter().find(|record| record.serial == ODD).unwrap();
    assert_eq!((odd.status, odd.responder.as_str(), odd.basis, odd.due), (200, OURS, "source", None));
    let evidence: Value = serde_json::from_str(&odd.evidence).unwrap();
    assert!(evidence["request"].as_str().unwrap().contains("/ser/A%2F1%25%2B%26%3Fx?exp=450331&"));
    assert!(evidence["answer"].as_str().unwrap().contains(&odd.correlation));
}

#[test]
fn each_case_of_the_guideline_is_answered() {
    the_table(None);
    the_table(Some("vrs"));
}

#[test]
fn each_status_has_its_cause_and_words() {
    for database in [None, Some("vrs_statuses")] {
        let gateway = gateway(database, |_| {});
        let good = format!("/vrs{}", request_address(&request(GTIN, "1", "L1", "450331")));
        let check = |address: &str, status: u16, words: &str| {
            let response = gateway.get(address).send().unwrap();
            assert_eq!(header(&response, "cache-control"), "private, no-cache", "{address}");
            let (found, _, detail) = failure(response);
            assert_eq!(found, status, "{address}: {detail}");
            assert!(detail.contains(words), "{address}: {detail}");
        };
        for nothing in ["/vrs/verify", "/vrs/verify/", "/vrs/verify/gtin"] {
            check(nothing, 404, "write gtin/");
        }
        assert_eq!(failure(gateway.get("/vrs/verifygtin").send().unwrap()).0, 404);
        check(&good.replace("/lot/L1", ""), 404, "write gtin/");
        check(&good.replace("/ser/1?", "/ser/1/2?"), 404, "write gtin/");
        check(&good.replace(GTIN, "00300010123456"), 400, "check digit");
        check(&good.replace(GTIN, "0030001012345x"), 400, "gtin");
        check(&good.replace("exp=450331&", ""), 400, "exp is missing");
        check(&good.replace("450331", "451331"), 400, "YYMMDD");
        check(&good.replace("verificationService", "x"), 400, "linkType");
        check(&good.replace("dscsaSaleableReturn", "x"), 400, "dscsaSaleableReturn");
        check(&good.replace(ASKER, "401234500011"), 400, "13 digits");
        check(&good.replace("corrUUID=", "corrUUID=x"), 400, "version 4");
        check(&good.replace("/ser/1?", "/ser/%zz?"), 400, "percent");
        check(&good.replace("/ser/1?", &format!("/ser/{}?", "1".repeat(4_000))), 400, "1 to 20");
        check(&good.replace(GTIN, "04012345123456"), 404, "directory");
        check(&good.replace("/lot/L1/ser/1?", "/lot/L1/ser/N?"), 404, "24 hours");
        let method = gateway.request("POST", &good).send().unwrap();
        assert_eq!((method.status().as_u16(), header(&method, "allow").as_str()), (405, "OPTIONS, GET"));
        let method = gateway.request("OPTIONS", &good).send().unwrap();
        assert_eq!((method.status().as_u16(), header(&method, "allow").as_str()), (204, "OPTIONS, GET"));
        assert_eq!(gateway.get(&format!("{good}&x=1&exp2=%")).send().unwrap().status(), 200);
        let connect = format!(
            "/vrs/checkConnectivity?gtin={GTIN}&reqGLN={ASKER}&linkType=verificationService&context=dscsaSaleableReturn&corrUUID=x"
        );
        let connected = gateway.get(&connect).send().unwrap();
        assert_eq!(header(&connected, "cache-control"), "private, no-cache");
        assert_eq!(connected.json::<Value>().unwrap(), json!({ "responderGLN": OURS }));
        check(&connect.replace(GTIN, "04012345123456"), 404, "directory");
        check(&connect.replace(&format!("&reqGLN={ASKER}"), ""), 400, "reqGLN is missing");
        obligations(&gateway);
    }
}

/// What was not answered is due within a day, until it is answered or settled.
fn obligations(gateway: &TestGateway) {
    let due = || -> Vec<Value> {
        let listed: Value = gateway.get("/api/v1/obligations").send().unwrap().json().unwrap();
        listed["obligations"].as_array().unwrap().clone()
    };
    let open = due();
    assert_eq!(open.len(), 2, "{open:?}");
    assert_eq!(
        (&open[0]["late"], &open[0]["status"], &open[1]["serial"]),
        (&json!(false), &json!(404), &json!("N"))
    );
    let asked: DateTime<Utc> = open[0]["asked"].as_str().unwrap().parse().unwrap();
    let until: DateTime<Utc> = open[0]["due"].as_str().unwrap().parse().unwrap();
    assert_eq!((until - asked).num_hours(), 24);
    let settle = format!("/api/v1/obligations/{}/settle", open[0]["id"].as_str().unwrap());
    let body = json!({ "reason": "answered by mail", "by": "Ann" }).to_string();
    assert_eq!(gateway.post(&settle, "application/json", body).send().unwrap().status(), 200);
    assert_eq!(due().len(), 1);
}

fn key(gateway: &TestGateway, byte: u8, speaks_for: SpeaksFor) -> String {
    let text = KeyText::new(&[byte; KeyText::RANDOM]);
    let key = ApiKey {
        id: text.id().to_owned(),
        name: format!("partner {byte}"),
        digest: text.digest(),
        speaks_for,
        scopes: vec![Scope::May(Permission::Verify)],
        made_at: Utc::now(),
        made_by: "tester".to_owned(),
        expires: None,
        revoked: None,
        used: None,
    };
    gateway.store().add_key(&Caller::operator(), &key).unwrap();
    text.reveal().to_owned()
}

#[test]
fn who_may_not_ask_is_told_what_to_do() {
    for database in [None, Some("vrs_keys")] {
        let gateway = gateway(database, |settings| settings.access.vrs = VrsAccess::Keys);
        let own = key(&gateway, 1, SpeaksFor::These(vec![Gln::parse(ASKER).unwrap()]));
        let good = format!("/vrs{}", request_address(&request(GTIN, "1", "L1", "450331")));
        let partner =
            json!({ "name": "Other", "roles": ["wholesaler"], "glns": { "owning": ["9521102000015"] } })
                .to_string();
        let made = gateway
            .request("PUT", "/api/v1/partners/other")
            .header("Content-Type", "application/json")
            .body(partner)
            .send()
            .unwrap();
        assert!(made.status().is_success(), "{}", made.text().unwrap());
        let status = |address: &str, key: &str| {
            gateway.get(address).header("X-API-Key", key).send().unwrap().status().as_u16()
        };
        assert_eq!(gateway.get(&good).send().unwrap().status(), 401);
        assert_eq!(status(&good, &own), 200);
        assert_eq!(status(&good, &own.replace('1', "2")), 401);
        assert_eq!(status(&good.replace(ASKER, "0614141000012"), &own), 401);
        assert_eq!(status(&good.replace(ASKER, "9521102000015"), &own), 403);
        let connect = format!("/vrs/checkConnectivity?gtin={GTIN}&reqGLN=");
        assert_eq!(status(&format!("{connect}{ASKER}"), &own), 200);
        assert_eq!(status(&format!("{connect}9521102000015"), &own), 403);
        let huge = "x".repeat(8_192);
        assert_eq!(status(&good, &huge), 401);
        let caller = Caller::operator();
        let refused = VerificationFilter { status: Some(403), ..VerificationFilter::default() };
        let records = gateway.store().verifications(&caller, &refused, None, 10).unwrap();
        assert_eq!((records.len(), records[0].requester.as_str()), (1, "9521102000015"));
    }
}

#[test]
fn who_guesses_is_not_answered_for_a_while() {
    for database in [None, Some("vrs_guesses")] {
        let gateway = gateway(database, |settings| settings.verification.guesses = 10);
        let status = |serial: &str, gln: &str| {
            let request =
                VerificationRequest { requester: gln.into(), ..request(GTIN, serial, "L1", "450331") };
            ask(&gateway, &request, "1.3.0").status().as_u16()
        };
        // A good one over and over hides nothing.
        let statuses: Vec<u16> =
            (0..10).flat_map(|guess| [status("1", ASKER), status(&format!("G{guess}"), ASKER)]).collect();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        assert_eq!((status("1", ASKER), status("G11", ASKER)), (403, 403));
        assert_eq!(status("1", "9521102000015"), 200);
        let refused = ask(&gateway, &request(GTIN, "1", "L1", "450331"), "");
        assert!((800..=900).contains(&header(&refused, "retry-after").parse::<u32>().unwrap()));
        let filter = AuditFilter { act: Some("verification.throttled".to_owned()), ..AuditFilter::default() };
        let acts = gateway.store().audited(&Caller::operator(), &filter, None, 10).unwrap();
        assert_eq!(
            (acts.len(), acts[0].entry.object.as_str(), acts[0].entry.outcome.as_str()),
            (1, ASKER, "refused")
        );
        assert!(acts[0].entry.detail.contains("\"failed\":10"), "{}", acts[0].entry.detail);
    }
}

/// Sends bytes as they are and reads the status; a client of tests would mend or refuse them.
fn raw(gateway: &TestGateway, head: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(gateway.authority()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let sent = stream.write_all(format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let line = String::from_utf8_lossy(&answer);
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    assert!(sent.is_err() || status.is_some(), "{line}");
    status
}

#[test]
fn nothing_in_a_path_or_header_is_a_failure_of_ours() {
    let gateway = gateway(None, |_| {});
    let good = format!("/vrs{}", request_address(&request(GTIN, "1", "L1", "450331")));
    let get = |path: &str| format!("GET {path} HTTP/1.1");
    assert_eq!(raw(&gateway, &get(&good)), Some(200));
    let serial = |serial: &str| get(&good.replace("/ser/1?", &format!("/ser/{serial}?")));
    for (head, expected) in [
        (serial("A%2F1%25%2B%26%3F%23x"), 200),
        (serial("A%2f1%25+&%3f%23x"), 200),
        (serial("A/1"), 404),
        (serial(".."), 200),
        (serial("%2E%2E"), 200),
        (serial("%00"), 400),
        (serial("%C3%A9"), 200),
        (serial("%ED%A0%80"), 400),
        (serial("1;DROP%20TABLE%20x"), 200),
        (serial(&"%41".repeat(2_000)), 400),
        (get("/vrs/verify/"), 404),
        (get("/vrs/verify/?"), 404),
        (get("/vrs/verify//gtin"), 404),
        (get("/vrs"), 404),
        (get(&format!("{good}&{}", "a&".repeat(3_000))), 200),
        (format!("{}\r\nGS1US-Version: \u{ff}", get(&good)), 200),
        (format!("{}\r\nGS1US-Version: {}", get(&good), "9".repeat(8_192)), 200),
        (format!("{}\r\nATP-Authorization: {}", get(&good), "x".repeat(16_384)), 200),
    ] {
        assert_eq!(raw(&gateway, &head), Some(expected), "{}", &head[..head.len().min(200)]);
    }
    for head in
        [serial(&"1".repeat(1 << 20)), format!("{}\r\nX-API-Key: {}", get(&good), "k".repeat(1 << 20))]
    {
        let status = raw(&gateway, &head);
        assert!(status.is_none_or(|status| status < 500), "{status:?}");
    }
    assert_eq!(raw(&gateway, &get(&good)), Some(200));
}
