//! A return of ten thousand packages: each is verified with its maker over HTTPS, and the progress is there to be read.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use chrono::SecondsFormat;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;

use crate::https::Answered;
use crate::https::Authority;
use crate::https::Server;
use crate::process::Gateway;
use crate::process::client;

const PACKAGES: u32 = 10_000;
const IN_A_CASE: u32 = 48;
const OWN: &str = "9521101000016";
const CUSTOMER: &str = "9521102000015";
const MAKER: &str = "0352999000005";

/// The longest it may take, far above what it takes.
const MOST: Duration = Duration::from_secs(300);

fn maker(authority: &Authority) -> Server {
    Server::start(&authority.identity("maker"), |asked| {
        let query = asked.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let correlation =
            query.split('&').find_map(|pair| pair.strip_prefix("corrUUID=")).unwrap_or_default();
        Answered::json(&json!({
            "verificationTimestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "responderGLN": MAKER, "corrUUID": correlation, "data": { "verified": true },
        }))
    })
}

/// The file of a sale of all packages, in cases.
fn sale() -> String {
    let text = include_str!("../../fixtures/demo/3_wholesaler_ships.xml");
    let (head, _) = text.split_once("<EventList>").unwrap();
    let mut document = head.replace("{DAY+0}", "1").replace("{DAY-5}", "2026-03-04") + "<EventList>";
    let time = |day: u32| {
        format!(
            "<eventTime>2026-03-{day:02}T08:00:00Z</eventTime><eventTimeZoneOffset>-05:00</eventTimeZoneOffset>"
        )
    };
    let step = |action: &str, step: &str| {
        format!("<action>{action}</action><bizStep>urn:epcglobal:cbv:bizstep:{step}</bizStep>")
    };
    let list = |scheme: &str, from: u32, to: u32| {
        (from..to).fold(String::new(), |mut text, serial| {
            write!(text, "<epc>urn:epc:id:sgtin:0352999.{scheme}{serial}</epc>").unwrap();
            text
        })
    };
    let ilmd = "<extension><ilmd><cbvmda:lotNumber>LMX2611</cbvmda:lotNumber>\
                <cbvmda:itemExpirationDate>2074-12-31</cbvmda:itemExpirationDate></ilmd></extension>";
    let cases = PACKAGES.div_ceil(IN_A_CASE);
    for (scheme, count) in [("010130.U", PACKAGES), ("510130.C", cases)] {
        let epcs = list(scheme, 0, count);
        let step = step("ADD", "commissioning");
        document += &format!("<ObjectEvent>{}<epcList>{epcs}</epcList>{step}{ilmd}</ObjectEvent>", time(1));
    }
    for case in 0..cases {
        let epcs = list("010130.U", case * IN_A_CASE, ((case + 1) * IN_A_CASE).min(PACKAGES));
        let (time, step) = (time(2), step("ADD", "packing"));
        document += &format!(
            "<AggregationEvent>{time}<parentID>urn:epc:id:sgtin:0352999.510130.C{case}</parentID>\
             <childEPCs>{epcs}</childEPCs>{step}</AggregationEvent>"
        );
    }
    let party = |kind: &str, gln: &str| {
        format!(
            "<{kind}List><{kind} type=\"urn:epcglobal:cbv:sdt:owning_party\">urn:epc:id:sgln:{gln}</{kind}></{kind}List>"
        )
    };
    let parties = party("source", "9521101.00001.0") + &party("destination", "9521102.00001.0");
    let (epcs, step) = (list("510130.C", 0, cases), step("OBSERVE", "shipping"));
    document += &format!(
        "<ObjectEvent>{}<epcList>{epcs}</epcList>{step}<extension>{parties}</extension></ObjectEvent>",
        time(4)
    );
    document + "</EventList></EPCISBody></epcis:EPCISDocument>"
}

fn settings(folder: &Path, authority: &Authority) -> String {
    let text = format!(
        "[exceptions]\ngln = \"{OWN}\"\n[outbound]\nallow_loopback = true\nroots = [{:?}]\n",
        authority.root()
    );
    let path = folder.join("epcgate.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn ten_thousand_packages_come_back() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let authority = Authority::new();
    let maker = maker(&authority);
    let (data, config) = (folder.path().join("data"), settings(folder.path(), &authority));
    let gateway = Gateway::start(&["--data-dir", data.to_str().unwrap(), "--config", &config]);
    let client = client().timeout(Duration::from_secs(60)).build().unwrap();
    let get = |path: &str| client.get(gateway.url(path)).send().unwrap().json::<Value>().unwrap();
    let post = |path: &str, kind: &str, body: String| {
        client.post(gateway.url(path)).header("Content-Type", kind).body(body).send().unwrap()
    };
    assert_eq!(post("/epcis/capture", "application/xml", sale()).status(), 202);
    let record =
        json!({ "gtin": "00352999101306", "responderGLN": MAKER, "url": format!("{}/api", maker.url()) });
    let directory = post("/api/v1/directory", "application/json", json!({ "records": [record] }).to_string());
    assert_eq!(directory.status(), 200, "{}", directory.text().unwrap());
    let began = Instant::now();
    while get(&format!("/api/v1/shipments?partner={CUSTOMER}"))["shipments"][0]["units"] != PACKAGES {
        assert!(began.elapsed() < MOST, "the sale is not in the ledger");
        std::thread::sleep(Duration::from_millis(100));
    }
    let scan = |serial: u32| format!("]d20100352999101306{}{serial}\u{1d}1774123110LMX2611", "21U");
    let scans: Vec<String> = (0..PACKAGES).map(scan).collect();
    let began = Instant::now();
    let opened = post(
        "/api/v1/returns",
        "application/json",
        json!({ "customer": CUSTOMER, "scans": scans }).to_string(),
    );
    assert_eq!(opened.status(), 201, "{}", opened.text().unwrap());
    let path = opened.headers()["Location"].to_str().unwrap().to_owned();
    let (accepted, mut steps, mut last) = (began.elapsed(), 0, 0);
    let done = loop {
        let found = get(&path);
        let decided = u64::from(PACKAGES) - found["progress"]["pending"].as_u64().unwrap();
        assert!(decided >= last, "{found}");
        steps += usize::from(decided > last);
        last = decided;
        if found["state"] == "checked" {
            break found;
        }
        assert!(began.elapsed() < MOST, "{found}");
        std::thread::sleep(Duration::from_millis(100));
    };
    let took = began.elapsed();
    println!(
        "returns  {PACKAGES} accepted in {accepted:?}, checked in {:.1} s ({:.0} a second), progress in {steps} steps",
        took.as_secs_f64(),
        f64::from(PACKAGES) / took.as_secs_f64()
    );
    assert_eq!(done["progress"]["sellable"], PACKAGES, "{done}");
    assert!(steps > 10, "progress came in {steps} steps");
    let began = Instant::now();
    let closed = post(&format!("{path}/close"), "application/json", "{}".to_owned());
    assert_eq!(closed.status(), 200, "{}", closed.text().unwrap());
    println!("returns  closed in {:.1} s", began.elapsed().as_secs_f64());
}
