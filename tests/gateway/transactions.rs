//! Transaction information from a small supply chain, and a file for the next owner that another gateway takes.

use std::process::Command;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use chrono::Days;
use chrono::NaiveDate;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::postgres;

const WHOLESALER: &str = "9521101000016";
const WAREHOUSE: &str = "9521101000023";
const CLINIC: &str = "9521102000015";
const CASE: &str = "urn:epc:id:sgtin:0352999.510130.C0000002";
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

/// A gateway with the documents of the demo up to the first shipment to the clinic.
fn wholesaler(database: Option<&str>, affirms: bool) -> TestGateway {
    let gateway = TestGateway::with(|settings| {
        settings.export.affirm_transaction_statement = affirms;
        if let Some(url) = database {
            settings.database.url = url.to_owned();
        }
    });
    for (media_type, document) in DOCUMENTS {
        assert_eq!(gateway.captured(media_type, dated(document))["success"], true);
    }
    gateway
}

fn asked(change: impl FnOnce(&mut Value)) -> Value {
    let mut asked = json!({
        "number": "ASN 90413", "order": "PO-119", "epcs": [CASE], "seller": WHOLESALER, "buyer": CLINIC,
        "ship_from": WAREHOUSE, "time": "2026-11-16T10:00:00.000-06:00",
    });
    change(&mut asked);
    asked
}

fn ship(gateway: &TestGateway, asked: &Value) -> (u16, String) {
    let answer = gateway.post("/api/v1/shipments", "application/json", asked.to_string()).send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

fn transactions(gateway: &TestGateway, question: &str) -> Vec<Value> {
    let answer = gateway.get(&format!("/api/v1/transactions?{question}")).send().unwrap();
    assert_eq!(answer.status(), 200, "{question}: {}", answer.text().unwrap());
    answer.json::<Value>().unwrap()["transactions"].as_array().unwrap().clone()
}

/// The number of packages of the only product.
fn containers(transaction: &Value) -> &str {
    transaction["transaction_information"]["products"][0]["containers"]["value"].as_str().unwrap()
}

fn questions(database: Option<&str>) {
    let gateway = wholesaler(database, true);
    let unit = "urn:epc:id:sgtin:0352999.010130.A7K2M0001";
    let both = transactions(&gateway, &format!("epc={unit}"));
    let buyers: Vec<&str> = both
        .iter()
        .map(|found| found["transaction_information"]["transferee"]["name"]["value"].as_str().unwrap())
        .collect();
    assert_eq!(buyers, ["Brightwater Drug Wholesale", "Cedar Hollow Clinic"]);
    assert_eq!(both.iter().map(containers).collect::<Vec<_>>(), ["1", "1"]);
    assert!(both.iter().all(|found| found["transaction_information"]["complete"] == true), "{both:?}");
    let lot = transactions(&gateway, "lot=00352999101306/LMX2611");
    assert_eq!(lot.iter().map(containers).collect::<Vec<_>>(), ["8", "4"]);
    for order in ["urn:epcglobal:cbv:bt:9521102000015:PO-118", "PO-118"] {
        // A number alone is found once the ledger has the shipment, which follows the capture.
        let began = Instant::now();
        while gateway.get(&format!("/api/v1/transactions?order={order}")).send().unwrap().status() == 404 {
            assert!(began.elapsed() < Duration::from_secs(20), "{order}");
            thread::sleep(Duration::from_millis(20));
        }
        let found = transactions(&gateway, &format!("order={order}"));
        assert_eq!(found.iter().map(containers).collect::<Vec<_>>(), ["4"], "{order}");
    }
    let text = gateway.get("/api/v1/transactions?order=PO-118&format=text").send().unwrap().text().unwrap();
    assert!(text.contains("75 Canal Street, Memphis, TN, 38103, US"), "{text}");
    let csv = gateway.get("/api/v1/transactions?order=PO-118&format=csv").send().unwrap().text().unwrap();
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let unknown = gateway.get("/api/v1/transactions?order=PO-117").send().unwrap();
    assert_eq!(failure(unknown).0, 404);
    let wrong = gateway.get("/api/v1/transactions?order=1&epc=2").send().unwrap();
    assert_eq!(failure(wrong).0, 400);
}

fn next_owner(database: Option<&str>) {
    let gateway = wholesaler(database, true);
    for release in ["R1.2", "R1.3"] {
        let asked = asked(|asked| {
            asked["release"] = release.into();
            asked["number"] = format!("ASN {release}").into();
        });
        let (status, file) = ship(&gateway, &asked);
        assert_eq!(status, 201, "{file}");
        assert_eq!(ship(&gateway, &asked), (200, file.clone()));
        assert_eq!(file.matches("<epc>urn:epc:id:sgtin:0352999.010130.").count(), 8, "{file}");
        assert!(!file.contains("A7K2M0001") && !file.contains("0352999.0000000017"), "{file}");
        let mark = if release == "R1.3" { "US_FDA_NDC" } else { "FDA_NDC_11" };
        assert!(file.contains(mark), "{file}");
        check(&file);
        let clinic = TestGateway::start();
        let job = clinic.captured("application/xml", file);
        assert_eq!((&job["success"], &job["defects"]), (&json!(true), &Value::Null), "{job}");
        let found = transactions(&clinic, "order=urn:epcglobal:cbv:bt:9521102000015:PO-119");
        assert_eq!(found.iter().map(containers).collect::<Vec<_>>(), ["4"]);
        let information = &found[0]["transaction_information"];
        assert_eq!(information["missing"], json!([]));
        assert_eq!(found[0]["transaction_statement"]["affirmed"], true);
        assert_eq!(information["transferor"]["name"]["value"], "Brightwater Drug Wholesale");
    }
}

/// `epcgate check` finds nothing in it.
fn check(file: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shipment.xml");
    std::fs::write(&path, file).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["check", "--profile", "dscsa"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for word in ["error [", "warning [", "hard [", "business [", "note ["] {
        assert!(!said.contains(word), "{said}");
    }
}

fn refusals(database: Option<&str>) {
    let silent = wholesaler(database, false);
    let (status, said) = ship(&silent, &asked(|_| {}));
    assert_eq!(status, 400);
    assert!(said.contains("affirm_transaction_statement"), "{said}");
    let (status, file) = ship(&silent, &asked(|asked| asked["buyer"] = WHOLESALER.into()));
    assert_eq!(status, 201, "{file}");
    assert!(!file.contains("dscsaTransactionStatement"), "{file}");
    drop(silent);
    let gateway = wholesaler(None, true);
    assert_eq!(ship(&gateway, &asked(|_| {})).0, 201);
    let unit = "urn:epc:id:sgtin:0352999.010130.A7K2M0005";
    for (part, value, reason) in [
        ("epcs", json!(["urn:epc:id:sgtin:0352999.510130.C0000001"]), "with other goods"),
        ("number", json!(""), "no number"),
        ("seller", json!("952110100001"), "is no GLN"),
        ("time", json!("yesterday"), "the time yesterday"),
    ] {
        let (status, said) = ship(&gateway, &asked(|asked| asked[part] = value));
        assert_eq!((status, said.contains(reason)), (400, true), "{said}");
    }
    for (epcs, reason) in [
        (json!([unit]), "is in urn:epc:id:sgtin:0352999.510130.C0000002"),
        (json!([]), "nothing is to be shipped"),
        (json!(["urn:epc:id:sscc:0352999.0000000099"]), "nobody has told what is in"),
        (json!(["urn:epc:id:sgtin:0352999.010130.B1"]), "was never commissioned"),
    ] {
        let asked = asked(|asked| {
            asked["epcs"] = epcs;
            asked["number"] = "another".into();
        });
        let (status, said) = ship(&gateway, &asked);
        assert_eq!((status, said.contains(reason)), (400, true), "{said}");
    }
}

macro_rules! on_each_database {
    ($($test:ident,)*) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test(None); })*
        }
        mod postgresql {
            $(#[test] fn $test() { super::$test(Some(&super::postgres::database(stringify!($test)))); })*
        }
    };
}

on_each_database! {
    questions,
    next_owner,
    refusals,
}
