//! What must not leave, and what is learned after it left: holds and licences at shipping, orders that come late.

use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use chrono::Days;
use chrono::NaiveDate;
use epcgate::config::Settings;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::postgres;

pub const WHOLESALER: &str = "9521101000016";
pub const CLINIC: &str = "9521102000015";
pub const CASE: &str = "urn:epc:id:sgtin:0352999.510130.C0000002";
const ADVICE: &str = "urn:epcglobal:cbv:bt:9521101000023:ASN-90412";
const DOCUMENTS: [(&str, &str); 3] = [
    ("application/xml", include_str!("../../fixtures/demo/1_manufacturer_ships.xml")),
    ("application/ld+json", include_str!("../../fixtures/demo/2_wholesaler_receives.jsonld")),
    ("application/xml", include_str!("../../fixtures/demo/3_wholesaler_ships.xml")),
];

/// Puts dates for `{DAY-3}`, counted from a day of 2026.
fn dated(text: &str) -> String {
    let today = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
    let mut parts = text.split("{DAY");
    let mut dated = parts.next().unwrap().to_owned();
    for part in parts {
        let (days, rest) = part.split_once('}').unwrap();
        let days: i64 = days.parse().unwrap();
        let moved = Days::new(days.unsigned_abs());
        let day = if days < 0 { today - moved } else { today + moved };
        dated += &format!("{day}{rest}");
    }
    dated
}

/// A gateway of this GLN that affirms its statements, with these partners and the documents of the demo.
pub fn gateway(database: Option<&str>, gln: &str, partners: &[Value]) -> TestGateway {
    let gateway = TestGateway::with(|settings: &mut Settings| {
        settings.export.affirm_transaction_statement = true;
        settings.exceptions.gln = gln.to_owned();
        if let Some(url) = database {
            settings.database.url = url.to_owned();
        }
    });
    for partner in partners {
        know(&gateway, partner);
    }
    for (media_type, document) in DOCUMENTS {
        assert_eq!(gateway.captured(media_type, dated(document))["success"], true);
    }
    gateway
}

fn know(gateway: &TestGateway, partner: &Value) {
    let path = format!("/api/v1/partners/{}", partner["id"].as_str().unwrap());
    let answer = gateway.request("PUT", &path).json(partner).send().unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().unwrap());
}

fn partner(id: &str, gln: &str, licences: Value, without: &str) -> Value {
    json!({ "id": id, "name": id, "glns": { "owning": [gln] }, "licences": licences,
        "policy": { "withoutLicence": without } })
}

fn ship(gateway: &TestGateway, number: &str, change: impl FnOnce(&mut Value)) -> (u16, String) {
    let mut asked = json!({
        "number": number, "epcs": [CASE], "seller": WHOLESALER, "buyer": CLINIC, "ship_from": "9521101000023",
        "time": "2026-11-16T10:00:00.000-06:00",
    });
    change(&mut asked);
    let answer = gateway.post("/api/v1/shipments", "application/json", asked.to_string()).send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

fn post(gateway: &TestGateway, path: &str, body: &Value) -> Value {
    let answer = gateway.post(path, "application/json", body.to_string()).send().unwrap();
    let (status, text) = (answer.status(), answer.text().unwrap());
    assert!(status.is_success(), "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn get(gateway: &TestGateway, path: &str) -> Value {
    gateway.get(path).send().unwrap().json().unwrap()
}

/// The findings of a rule about something, once there are so many that nobody has settled.
fn findings(gateway: &TestGateway, about: &str, rule: &str, expected: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let found = get(gateway, &format!("/api/v1/findings?about={about}&rule={rule}"));
        let mut found = found["findings"].as_array().unwrap().clone();
        found.retain(|finding| finding["settled"].is_null());
        if found.len() == expected {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{found:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn held(database: Option<&str>) {
    let gateway = gateway(database, WHOLESALER, &[]);
    let unit = "urn:epc:id:sgtin:0352999.010130.A7K2M0005";
    let hold = post(&gateway, "/api/v1/holds", &json!({ "epc": unit, "reason": "wet" }));
    let (status, said) = ship(&gateway, "H-1", |_| {});
    assert_eq!(status, 400, "{said}");
    assert!(said.contains(unit) && said.contains("held") && said.contains("wet"), "{said}");
    assert!(said.contains("despite"), "{said}");
    let release = format!("/api/v1/holds/{}/release", hold["id"].as_str().unwrap());
    post(&gateway, &release, &json!({ "reason": "dry" }));
    let recall = json!({ "gtin": "00352999101306", "lot": "LMX2611", "reason": "glass" });
    post(&gateway, "/api/v1/recalls", &recall);
    let (status, said) = ship(&gateway, "H-1", |_| {});
    assert!(status == 400 && said.contains("recalled") && said.contains("glass"), "{status}: {said}");
    let (status, said) = ship(&gateway, "H-1", |asked| asked["despite_holds"] = json!(" "));
    assert!(status == 400 && said.contains("reason"), "{status}: {said}");
    let (status, file) = ship(&gateway, "H-1", |asked| {
        asked["despite_holds"] = json!("recalled, back to its maker");
        asked["by"] = json!("Ann");
    });
    assert_eq!(status, 201, "{file}");
    let audited = get(&gateway, "/api/v1/audit?act=shipment.despite-holds").to_string();
    for word in ["Ann", "H-1", "recalled, back to its maker", "A7K2M0005"] {
        assert!(audited.contains(word), "{word}: {audited}");
    }
}

#[test]
fn held_and_recalled_items_do_not_leave() {
    held(None);
}

#[test]
fn held_and_recalled_items_do_not_leave_on_postgresql() {
    held(Some(&postgres::database("shipping_held")));
}

#[test]
fn nothing_is_sold_without_a_licence_where_that_was_agreed() {
    let gateway = gateway(None, WHOLESALER, &[]);
    know(&gateway, &partner("clinic", CLINIC, json!([]), "block"));
    let (status, said) = ship(&gateway, "L-1", |_| {});
    assert!(
        status == 400 && said.contains("clinic") && said.contains("no valid licence"),
        "{status}: {said}"
    );
    // A place of our own needs none, and a finding is no refusal.
    assert_eq!(ship(&gateway, "L-2", |asked| asked["buyer"] = WHOLESALER.into()).0, 201);
    know(&gateway, &partner("clinic", CLINIC, json!([]), "finding"));
    let epcs = json!(["urn:epc:id:sgtin:0352999.010130.A7K2M0005"]);
    let (status, said) = ship(&gateway, "L-3", |asked| asked["epcs"] = epcs);
    assert!(status == 400 && !said.contains("licence"), "{status}: {said}");
    let (status, said) = ship(&gateway, "L-4", |_| {});
    assert_eq!(status, 201, "{said}");
    findings(&gateway, "urn:epc:id:sgln:9521102.00001.0", "partner-not-licensed", 1);
}

#[test]
fn our_own_licence_is_not_asked_for() {
    let licence = json!([{ "authority": "MS", "number": "7", "validFrom": "2020-01-01" }]);
    let partners =
        [partner("clinic", CLINIC, licence, "finding"), partner("us", WHOLESALER, json!([]), "finding")];
    let ours = gateway(None, WHOLESALER, &partners);
    assert_eq!(findings(&ours, "urn:epc:id:sgln:9521101.00001.0", "partner-not-licensed", 0).len(), 0);
    let theirs = gateway(None, CLINIC, &partners);
    assert_ne!(theirs.folder(), ours.folder());
    assert!(!findings(&theirs, "urn:epc:id:sgln:9521101.00001.0", "partner-not-licensed", 2).is_empty());
}

#[test]
fn an_advice_that_comes_late_is_compared() {
    let gateway = gateway(None, CLINIC, &[]);
    let advice = |units: u32| {
        json!({ "advices": [{ "number": ADVICE, "buyer": CLINIC, "seller": WHOLESALER,
            "lines": [{ "gtin": "00352999101306", "lot": "LMX2611", "units": units }] }] })
    };
    let rule = "quantity-differs-from-advice";
    findings(&gateway, ADVICE, rule, 0);
    let imported = post(&gateway, "/api/v1/advices", &advice(5));
    assert_eq!(imported["added"], 1, "{imported}");
    let found = findings(&gateway, ADVICE, rule, 1);
    let open = |gateway: &TestGateway| get(gateway, "/api/v1/exceptions").to_string();
    assert!(open(&gateway).contains(found[0]["id"].as_str().unwrap()), "{}", open(&gateway));
    // The same again changes nothing; one that agrees settles finding and item.
    post(&gateway, "/api/v1/advices", &advice(5));
    findings(&gateway, ADVICE, rule, 1);
    post(&gateway, "/api/v1/advices", &advice(4));
    findings(&gateway, ADVICE, rule, 0);
    assert!(open(&gateway).contains("agrees with the shipment"), "{}", open(&gateway));
    // The same on the command line.
    let folder = gateway.stop();
    let path = folder.path().join("advice.json");
    std::fs::write(&path, advice(3).to_string()).unwrap();
    let database = format!("sqlite:{}", folder.path().join("epcgate.db").display());
    let done = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["orders", "import", path.to_str().unwrap(), "--database", &database])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let gateway = TestGateway::in_folder(folder, |_| {});
    findings(&gateway, ADVICE, rule, 1);
}
