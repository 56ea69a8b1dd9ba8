//! Questions about others' product, asked of providers over real TLS: verdicts, lies, silence, late answers, the directory.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::config::Settings;
use epcgate::dscsa::verification::Verdict;
use epcgate::formats::Defects;
use epcgate::formats::directory;
use epcgate::formats::records::Syntax;
use epcgate::gs1::Epc;
use epcgate::store::Store;
use epcgate::transport;
use epcgate::transport::Outbound;
use epcgate::verify::Means;
use epcgate::verify::Question;
use epcgate::verify::Verifier;
use epcgate::verify::routing;
use reqwest::redirect::Policy;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::https::Authority;
use crate::postgres;
use crate::provider::GLN;
use crate::provider::Provider;

const GTIN: &str = "00300010123455";
const ASKER: &str = "9521101000016";

/// A gateway that may ask on loopback.
fn asking(authority: &Authority, change: impl FnOnce(&mut Settings)) -> TestGateway {
    let root = authority.root();
    TestGateway::with(move |settings| {
        settings.outbound.allow_loopback = true;
        settings.outbound.roots = vec![root];
        settings.routing.requester = ASKER.to_owned();
        settings.routing.deadline_milliseconds = 1_000;
        change(settings);
    })
}

fn label(serial: &str) -> String {
    dated(serial, "280331")
}

fn dated(serial: &str, expiry: &str) -> String {
    format!("]d201{GTIN}21{serial}\u{1d}17{expiry}10L7")
}

fn route(gateway: &TestGateway, records: &Value) {
    let sent = gateway.post("/api/v1/directory", "application/json", records.to_string()).send().unwrap();
    assert_eq!(sent.status(), 200, "{}", sent.text().unwrap());
}

fn verify(gateway: &TestGateway, body: &Value) -> Value {
    let sent = gateway.post("/api/v1/verifications", "application/json", body.to_string()).send().unwrap();
    assert_eq!(sent.status(), 200, "{body}: {}", sent.text().unwrap());
    sent.json().unwrap()
}

fn scanned(gateway: &TestGateway, scan: &str) -> Value {
    verify(gateway, &json!({ "scan": scan }))
}

#[test]
fn every_answer_gets_its_verdict_and_nothing_else_is_taken_for_one() {
    let authority = Authority::new();
    let provider = Provider::start(&authority, "north");
    let gateway = asking(&authority, |settings| settings.routing.failures = 1_000);
    route(
        &gateway,
        &json!([{ "gtin": GTIN, "responderGLN": GLN, "provider": "north", "url": provider.url() }]),
    );
    for (serial, verdict, words) in [
        ("ok", "ok", "record of GLN 0300010000008"),
        ("extended", "ok", "extended"),
        ("flaky", "ok", "record of"),
        ("recalled", "do-not-use", "recalled"),
        ("recalledno", "do-not-use", "recalled"),
        ("expired", "do-not-use", "expired"),
        ("suspect", "do-not-use", "suspect"),
        ("serial", "do-not-use", "no package of this product"),
        ("lot", "do-not-use", "another lot"),
        ("expiry", "do-not-use", "another expiry"),
        ("both", "do-not-use", "another lot and another expiry"),
        ("noreason", "do-not-use", "no reason"),
        ("policy", "do-not-use", "policy"),
        ("odd", "wait", "not_found"),
        ("both_ways", "wait", "standard does not have"),
        ("text", "wait", "no answer"),
        ("lies", "wait", "another question"),
        ("html", "wait", "web page"),
        ("broken", "wait", "no JSON"),
        ("large", "wait", "longer than 65536"),
        ("stall", "wait", "in time"),
        ("drip", "wait", "in time"),
        ("stranger", "ok", "the directory names GLN 0300010000008"),
        ("strangerno", "wait", "the directory names GLN 0300010000008"),
        ("302", "wait", "not followed"),
        ("400", "wait", "cannot read"),
        ("401", "wait", "does not know us"),
        ("403", "wait", "does not let us"),
        ("404", "wait", "knows nobody"),
        ("405", "wait", "405"),
        ("408", "wait", "408"),
        ("500", "wait", "failed"),
        ("502", "wait", "cannot reach"),
        ("503", "wait", "maintained"),
        ("504", "wait", "cannot reach"),
    ] {
        provider.asked();
        let began = Instant::now();
        let said = scanned(&gateway, &label(serial));
        assert!(began.elapsed() < Duration::from_millis(2_500), "{serial}: {:?}", began.elapsed());
        assert_eq!(said["verdict"], verdict, "{serial}: {said}");
        assert!(said["reason"].as_str().unwrap().contains(words), "{serial}: {said}");
        assert_eq!(said["basis"], if said.get("verified").is_some() { "source" } else { "none" }, "{said}");
        let tries = provider.asked();
        let again = ["flaky", "408", "502", "503", "504"].contains(&serial);
        assert_eq!(tries.len(), if again { 2 } else { 1 }, "{serial}: {tries:?}");
        assert!(tries.iter().all(|one| one.correlation == said["corrUUID"]), "{serial}: {tries:?} {said}");
        let waits = !["400", "404", "405", "302", "strangerno"].contains(&serial) && said["basis"] == "none";
        assert_eq!(said["pending"], waits, "{serial}: {said}");
        let id = said["id"].as_str().unwrap();
        let kept: Value = gateway.get(&format!("/api/v1/verifications/{id}")).send().unwrap().json().unwrap();
        assert_eq!((&kept["verdict"], &kept["reason"]), (&said["verdict"], &said["reason"]), "{kept}");
        assert!(kept["evidence"]["request"].as_str().unwrap().contains("/verify/gtin/"), "{kept}");
    }
    let measures = gateway.get("/metrics").send().unwrap().text().unwrap();
    assert!(measures.contains("epcgate_verifications_total"), "{measures}");
}

#[test]
fn a_question_is_sent_as_the_provider_wants_it() {
    let authority = Authority::new();
    let provider = Provider::start(&authority, "north");
    let key = authority.folder().join("north.key.txt");
    std::fs::write(&key, "s3cret\n").unwrap();
    let gateway = asking(&authority, |settings| {
        let own = routing::Provider {
            guideline: "1.3.0".to_owned(),
            key_prefix: "Bearer ".to_owned(),
            key_file: Some(key),
            ..routing::Provider::default()
        };
        settings.routing.providers = BTreeMap::from([("north".to_owned(), own)]);
    });
    let url = provider.url();
    route(
        &gateway,
        &json!([
            { "gtin": GTIN, "responderGLN": GLN, "provider": "north", "url": url },
            { "companyPrefix": "0400001", "responderGLN": GLN, "provider": "plain", "url": url },
        ]),
    );
    let body = json!({
        "gtin": GTIN, "serial": "ok-/+&%?", "lot": "A/1%", "expiry": "280300", "possession": true, "telephone": "+1 555",
    });
    assert_eq!(verify(&gateway, &body)["verdict"], "ok");
    let asked = provider.asked().remove(0);
    assert!(
        asked
            .target
            .starts_with("/api/verify/gtin/00300010123455/lot/A%2F1%25/ser/ok-%2F%2B%26%25%3F?exp=280300&"),
        "{asked:?}"
    );
    assert!(
        asked.target.contains("ctrlPossessAtt=true") && asked.target.contains("reqGLN=9521101000016"),
        "{asked:?}"
    );
    assert_eq!((asked.key.as_deref(), asked.version.as_deref()), (Some("Bearer s3cret"), Some("1.3.0")));
    let plain = json!({ "gtin": "00400001000014", "serial": "ok", "lot": "A", "expiry": "280300", "possession": true });
    let said = verify(&gateway, &plain);
    assert_eq!(said["verdict"], "ok", "{said}");
    let asked = provider.asked().remove(0);
    assert_eq!((asked.key, asked.version), (None, None));
    assert!(!asked.target.contains("ctrlPossessAtt"), "{}", asked.target);
    for wrong in [
        json!({}),
        json!({ "scan": "x", "scans": ["y"] }),
        json!({ "gtin": GTIN }),
        json!({ "gtin": "1", "serial": "1", "lot": "1", "expiry": "280331" }),
        json!({ "gtin": GTIN, "serial": "1".repeat(1 << 20), "lot": "1", "expiry": "280331" }),
        json!({ "scans": vec!["x"; 101] }),
        json!({ "scan": 7 }),
    ] {
        let sent =
            gateway.post("/api/v1/verifications", "application/json", wrong.to_string()).send().unwrap();
        assert_eq!(failure(sent).0, 400);
    }
}

#[test]
fn the_expiry_date_and_the_directory_tell_who_is_asked() {
    let authority = Authority::new();
    let (north, south) = (Provider::start(&authority, "north"), Provider::start(&authority, "south"));
    let gateway = asking(&authority, |_| {});
    let unknown = scanned(&gateway, &label("ok"));
    assert_eq!(
        (&unknown["verdict"], &unknown["basis"], &unknown["pending"]),
        (&json!("wait"), &json!("none"), &json!(false))
    );
    assert!(unknown["nextStep"].as_str().unwrap().contains("maker"), "{unknown}");
    route(
        &gateway,
        &json!([
            { "gtin": GTIN, "endExpDate": "2027-12-31", "url": north.url(), "responderGLN": GLN },
            { "gtin": GTIN, "startExpDate": "2028-01-01", "endExpDate": "2028-12-31", "url": south.url(), "responderGLN": GLN,
              "contact": { "name": "Cedar Pharma", "phone": "555-0100" } },
            { "companyPrefix": "030001", "contact": { "email": "vrs@cedar.example" } },
        ]),
    );
    assert_eq!(scanned(&gateway, &dated("ok", "271231"))["verdict"], "ok");
    assert_eq!((north.asked().len(), south.asked().len()), (1, 0));
    let said = scanned(&gateway, &dated("ok", "281200"));
    assert!(said["reason"].as_str().unwrap().contains("Cedar Pharma"), "{said}");
    assert_eq!((north.asked().len(), south.asked().len()), (0, 1));
    let said = scanned(&gateway, &dated("ok", "290101"));
    assert_eq!(said["verdict"], "wait");
    assert!(said["nextStep"].as_str().unwrap().contains("555-0100"), "{said}");
    let by_hand = json!({ "gtin": "00300010000015", "serial": "1", "lot": "1", "expiry": "280331" });
    let said = verify(&gateway, &by_hand);
    assert!(said["nextStep"].as_str().unwrap().contains("vrs@cedar.example"), "{said}");
    assert_eq!((north.asked().len(), south.asked().len()), (0, 0));

    let client = reqwest::blocking::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let get = |path: &str| client.get(format!("http://{}{path}", gateway.authority())).send().unwrap();
    let sent = get("/gtin/00300010123455/lot/A%2F1/ser/7%2B?exp=271231&linkType=verificationService&x=%20");
    assert_eq!(sent.status(), 307);
    assert_eq!(
        header(&sent, "location"),
        format!(
            "{}/verify/gtin/00300010123455/lot/A%2F1/ser/7%2B?exp=271231&linkType=verificationService&x=%20",
            north.url()
        )
    );
    let sent = get("/gtin/00300010123455?reqGLN=9521101000016&checkConnectivity=true");
    assert_eq!(
        header(&sent, "location"),
        format!("{}/checkConnectivity?gtin={GTIN}&reqGLN=9521101000016", north.url())
    );
    for (path, status, words) in [
        ("/gtin/00300010123455/lot/A/ser/1?exp=290101", 404, "not for this expiry"),
        ("/gtin/04012345123456/lot/A/ser/1?exp=290101", 404, "may be missing"),
        ("/gtin/00300010000015/lot/A/ser/1?exp=290101", 404, "vrs@cedar.example"),
        ("/gtin/1/lot/A/ser/1?exp=290101", 400, "GTIN"),
        ("/gtin/00300010123455/lot/A/ser/1?exp=1", 400, "YYMMDD"),
    ] {
        let (found, _, detail) = failure(get(path));
        assert!(found == status && detail.contains(words), "{path}: {found} {detail}");
    }
}

#[test]
fn a_dead_provider_is_left_alone_and_costs_others_nothing() {
    let authority = Authority::new();
    let (dead, alive) = (Provider::start(&authority, "dead"), Provider::start(&authority, "alive"));
    let gateway = asking(&authority, |settings| {
        (settings.routing.failures, settings.routing.rest_seconds) = (3, 1);
        settings.server.threads = 2;
    });
    let other = "00300010000015";
    route(
        &gateway,
        &json!([
            { "gtin": GTIN, "url": dead.url(), "provider": "dead", "responderGLN": GLN },
            { "gtin": other, "url": alive.url(), "provider": "alive", "responderGLN": GLN },
        ]),
    );
    for _ in 0..3 {
        assert_eq!(scanned(&gateway, &label("500"))["status"], Value::Null);
    }
    dead.asked();
    let said = scanned(&gateway, &label("ok"));
    assert!(said["reason"].as_str().unwrap().contains("left alone"), "{said}");
    assert_eq!((&said["verdict"], &said["pending"], dead.asked().len()), (&json!("wait"), &json!(true), 0));
    let body = json!({ "gtin": other, "serial": "ok", "lot": "1", "expiry": "280331" });
    assert_eq!(verify(&gateway, &body)["verdict"], "ok");
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(scanned(&gateway, &label("ok"))["verdict"], "ok");
}

#[test]
fn no_address_of_ours_is_asked_for_a_partner() {
    let authority = Authority::new();
    let provider = Provider::start(&authority, "inside");
    let gateway = asking(&authority, |settings| settings.outbound.allow_loopback = false);
    for (at, url) in [
        provider.url(),
        provider.url().replace("localhost", "127.0.0.1"),
        "https://169.254.169.254".to_owned(),
        "https://[::1]".to_owned(),
        "https://2130706433".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        route(&gateway, &json!([{ "gtin": GTIN, "url": url }]));
        let said = scanned(&gateway, &label(&format!("ok-{at}")));
        assert_eq!((&said["verdict"], &said["pending"]), (&json!("wait"), &json!(false)), "{url}: {said}");
        assert!(said["reason"].as_str().unwrap().contains("not called"), "{url}: {said}");
    }
    assert_eq!(provider.asked().len(), 0);
}

#[test]
fn our_own_state_and_the_scan_itself_count() {
    let authority = Authority::new();
    let provider = Provider::start(&authority, "north");
    let gateway = asking(&authority, |_| {});
    route(&gateway, &json!([{ "gtin": GTIN, "url": provider.url(), "responderGLN": GLN }]));
    assert_eq!(scanned(&gateway, &dated("ok", "261031"))["verdict"], "do-not-use");
    assert_eq!(scanned(&gateway, &dated("extended", "261031"))["verdict"], "ok");
    for (scan, verdict, words) in [
        ("300010123455".to_owned(), "scan-problem", "serial"),
        ("".to_owned(), "scan-problem", ""),
        (format!("]D201{GTIN}21SERIAL\u{1d}1728033110l7"), "scan-problem", "typed or mended"),
        (format!("]d201{GTIN}21ok1728033110L7"), "scan-problem", ""),
        (format!("]d201{GTIN}10L721serial\u{1d}17280331"), "scan-problem", ""),
    ] {
        let said = scanned(&gateway, &scan);
        assert_eq!(said["verdict"], verdict, "{scan}: {said}");
        assert!(said["reason"].as_str().unwrap().contains(words), "{scan}: {said}");
    }
    let typed = json!({ "scan": label("serial"), "typed": true });
    assert_eq!(verify(&gateway, &typed)["verdict"], "scan-problem");
    let hold = json!({ "gtin": GTIN, "lot": "L7", "reason": "glass in vials" }).to_string();
    assert_eq!(gateway.post("/api/v1/holds", "application/json", hold.clone()).send().unwrap().status(), 201);
    assert_eq!(scanned(&gateway, &label("ok"))["verdict"], "wait");
    assert_eq!(gateway.post("/api/v1/recalls", "application/json", hold).send().unwrap().status(), 201);
    let said = scanned(&gateway, &label("ok"));
    assert_eq!(said["verdict"], "do-not-use");
    assert!(said["reason"].as_str().unwrap().contains("glass in vials"), "{said}");
    let several = verify(&gateway, &json!({ "scans": [label("serial"), "", dated("ok", "290101")] }));
    let verdicts: Vec<&str> = several["verifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["do-not-use", "scan-problem", "do-not-use"]);

    let count = |query: &str| {
        let page: Value =
            gateway.get(&format!("/api/v1/verifications?{query}")).send().unwrap().json().unwrap();
        page["verifications"].as_array().unwrap().len()
    };
    let all = count("perPage=100&direction=asked");
    assert!(all >= 8, "{all}");
    assert_eq!(count(&format!("gtin={GTIN}&verdict=wait")), 1);
    assert_eq!(count("since=2026-01-01&until=2026-01-02"), 0);
    assert_eq!(count("perPage=2"), 2);
    let table = gateway.get("/api/v1/verifications?format=csv&verdict=wait").send().unwrap().text().unwrap();
    assert_eq!(table.lines().count(), 2, "{table}");
    for wrong in ["since=x", "verdict=green", "direction=up", "status=x", "format=xml"] {
        assert_eq!(
            gateway.get(&format!("/api/v1/verifications?{wrong}")).send().unwrap().status(),
            400,
            "{wrong}"
        );
    }
    assert_eq!(failure(gateway.get("/api/v1/verifications/none").send().unwrap()).0, 404);
}

/// A verifier on its own, as after a start.
fn verifier(authority: &Authority, store: &Store, change: impl FnOnce(&mut routing::Settings)) -> Verifier {
    let roots = vec![authority.root()];
    let outbound =
        Outbound::new(&transport::Settings { allow_loopback: true, roots, ..transport::Settings::default() })
            .unwrap();
    let mut settings = routing::Settings {
        requester: ASKER.to_owned(),
        deadline_milliseconds: 1_000,
        late_minutes: vec![1, 5],
        ..routing::Settings::default()
    };
    change(&mut settings);
    Verifier::with(store, &settings, Means { outbound: Some(outbound), ..Means::default() }).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn late_answers_are_collected_after_a_restart_until_the_clock_ends() {
    let authority = Authority::new();
    let provider = Provider::start(&authority, "north");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("epcgate.db").to_str().unwrap().to_owned();
    for url in [file, postgres::database("late")] {
        let open = || Store::open(&url, &epcgate::store::Settings::default()).unwrap();
        let csv = format!("gtin,url,responder gln\n{GTIN},{},{GLN}\n", provider.url());
        let records = directory::read(csv.as_bytes(), Syntax::Csv, &mut Defects::new(false)).records;
        open().put_directory(&Caller::operator(), (&records, false), Utc::now()).unwrap().unwrap();
        let (caller, now) = (Caller::operator(), Utc::now());
        let ask = |verifier: &Verifier, serial: &str| {
            let question = Question::of_text(&label(serial), now).unwrap();
            run(verifier.verify(&caller, &question, now)).unwrap()
        };
        provider.set_down(true);
        let (first, second) = {
            let verifier = verifier(&authority, &open(), |_| {});
            let stay = ask(&verifier, "ok-1");
            assert!(stay.pending && stay.judgement.verdict == Verdict::Wait, "{stay:?}");
            (stay, ask(&verifier, "ok-2"))
        };
        let store = open();
        let verifier = verifier(&authority, &store, |_| {});
        let again = |minutes: i64| run(verifier.ask_again(now + TimeDelta::minutes(minutes))).unwrap();
        provider.asked();
        assert_eq!((again(0), provider.asked().len()), (0, 0));
        assert_eq!((again(1), provider.asked().len()), (0, 4));
        provider.set_down(false);
        assert_eq!((again(4), provider.asked().len()), (0, 0));
        assert_eq!(again(5), 2);
        let asked = provider.asked();
        assert!(asked.iter().any(|one| one.correlation == first.correlation.as_str()), "{asked:?}");
        assert_eq!((again(10), store.pending(&caller, &second.id).unwrap()), (0, None));

        provider.set_down(true);
        let last = ask(&verifier, "ok-3");
        assert!(store.pending(&caller, &last.id).unwrap().is_some());
        // The gateway was off when the clock ended: it is asked once more.
        provider.asked();
        assert_eq!((again(60 * 24), provider.asked().len()), (0, 2));
        assert_eq!(store.pending(&caller, &last.id).unwrap(), None);
        provider.set_down(false);
    }
}

#[test]
fn the_directory_is_tried_record_by_record() {
    let authority = Authority::new();
    let provider = Provider::start(&authority, "north");
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("epcgate.sqlite");
    let store = Store::open(url.to_str().unwrap(), &epcgate::store::Settings::default()).unwrap();
    let rows = format!(
        "gtin,company prefix,url,responder gln,start\n{GTIN},,{0},{GLN},\n00300010000015,,{0},4012345000115,\n\
         ,0300010,{0},{GLN},\n00300010000022,,https://localhost:1/x,,\n00300010000039,,,,\n",
        provider.url()
    );
    let records = directory::read(rows.as_bytes(), Syntax::Csv, &mut Defects::new(false)).records;
    assert_eq!(records.len(), 5);
    store.put_directory(&Caller::operator(), (&records, false), Utc::now()).unwrap().unwrap();
    drop(store);
    let config = folder.path().join("epcgate.toml");
    let text = format!(
        "[outbound]\nallow_loopback = true\nroots = [{:?}]\n[routing]\nrequester = \"{ASKER}\"\n",
        authority.root()
    );
    std::fs::write(&config, text).unwrap();
    let epcgate = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args(arguments)
            .args(["--data-dir", folder.path().to_str().unwrap(), "--config", config.to_str().unwrap()])
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, text) = epcgate(&["directory", "check", "--probe"]);
    assert_eq!(code, 1, "{text}");
    for expected in [
        "2 records answered, 2 did not",
        "00300010000015::: error: it failed 1 times",
        "GLN 0300010000008 answers, and the record says 4012345000115",
        "00300010000022::: error",
        "00300010000039::: error: nobody can be asked",
        "5 records, 3 errors",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let (code, text) = epcgate(&["verify", &label("ok")]);
    assert!(code == 0 && text.starts_with("OK TO USE  GTIN 00300010123455 SN ok"), "{code} {text}");
    let (code, text) = epcgate(&["verify", "--output", "json", &label("recalled"), &label("ok")]);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (code, &lines[0]["verdict"], &lines[1]["verdict"]),
        (1, &json!("do-not-use"), &json!("ok")),
        "{text}"
    );
    let (code, text) = epcgate(&["verify", "300010123455"]);
    assert!(code == 1 && text.starts_with("SCAN PROBLEM"), "{code} {text}");
    let (code, text) = epcgate(&["directory", "export", "--to", "json"]);
    assert!(code == 0 && text.lines().count() == 7, "{text}");
}

#[test]
fn a_copy_of_the_makers_data_answers_where_it_allows_that() {
    let authority = Authority::new();
    let provider = Provider::start(&authority, "north");
    let maker = "0352999000012";
    let document = demo_sale();
    let gtin = Epc::parse("urn:epc:id:sgtin:0352999.010130.A7K2M0001").gtin().unwrap();
    let scan = |serial: &str, lot: &str| format!("]d201{gtin}21{serial}\u{1d}1728033110{lot}");
    for (allowed, basis, verdict) in [
        ("", "none", "wait"),
        ("4012345000115", "none", "wait"),
        (maker, "replicate", "ok"),
        ("0352999", "replicate", "ok"),
    ] {
        let gateway = asking(&authority, |settings| {
            settings.routing.replicates =
                [allowed].into_iter().filter(|gln| !gln.is_empty()).map(str::to_owned).collect();
        });
        assert_eq!(gateway.captured("application/xml", document.clone())["success"], true);
        let said = scanned(&gateway, &scan("A7K2M0001", "LMX2611"));
        assert_eq!((&said["basis"], &said["verdict"]), (&json!(basis), &json!(verdict)), "{allowed}: {said}");
        let other = scanned(&gateway, &scan("A7K2M0001", "OTHER"));
        assert_eq!(other["verdict"], if basis == "none" { "wait" } else { "do-not-use" }, "{other}");
        // What the copy does not know it says nothing about.
        assert_eq!(scanned(&gateway, &scan("UNKNOWN", "LMX2611"))["verdict"], "wait");
        // The source stands over the copy.
        route(&gateway, &json!([{ "gtin": gtin.as_str(), "url": provider.url(), "responderGLN": GLN }]));
        let said = scanned(&gateway, &scan("A7K2M0001", "LMX2611"));
        assert_eq!((&said["basis"], &said["verdict"]), (&json!("source"), &json!("ok")), "{said}");
    }
}

#[test]
fn our_own_product_is_answered_for_here() {
    let authority = Authority::new();
    let gateway = asking(&authority, |settings| {
        settings.verification.responder = GLN.to_owned();
        settings.verification.prefixes = vec!["0352999".to_owned()];
    });
    assert_eq!(gateway.captured("application/xml", demo_sale())["success"], true);
    let gtin = Epc::parse("urn:epc:id:sgtin:0352999.010130.A7K2M0001").gtin().unwrap();
    for (serial, lot, verdict) in [
        ("A7K2M0001", "LMX2611", "ok"),
        ("A7K2M0001", "OTHER", "do-not-use"),
        ("A7K2M9999", "LMX2611", "do-not-use"),
    ] {
        let said = scanned(&gateway, &format!("]d201{gtin}21{serial}\u{1d}1728033110{lot}"));
        assert_eq!((&said["basis"], &said["verdict"]), (&json!("source"), &json!(verdict)), "{said}");
        assert_eq!(said["responderGLN"], GLN, "{said}");
    }
    let client = reqwest::blocking::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let asked = format!("http://{}/gtin/{gtin}/lot/LMX2611/ser/A7K2M0001?exp=280331", gateway.authority());
    let sent = client.get(asked).send().unwrap();
    assert_eq!(
        header(&sent, "location"),
        format!("/vrs/verify/gtin/{gtin}/lot/LMX2611/ser/A7K2M0001?exp=280331")
    );
}

/// What the maker of the demo ships, on fixed days.
fn demo_sale() -> String {
    let sale =
        include_str!("../../fixtures/demo/1_manufacturer_ships.xml").replace("{DAY+540}", "2028-03-31");
    let mut parts = sale.split("{DAY");
    let mut document = parts.next().unwrap().to_owned();
    for part in parts {
        document += "2026-03-04";
        document += part.split_once('}').unwrap().1;
    }
    document
}
