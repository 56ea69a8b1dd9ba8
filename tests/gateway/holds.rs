//! Holds and recalls, over HTTP and in the store.

use chrono::DateTime;
use epcgate::access::Caller;
use epcgate::dscsa::Decision;
use epcgate::dscsa::HoldKind;
use epcgate::dscsa::HoldScope;
use epcgate::gs1::Gtin;
use epcgate::store::Held;
use epcgate::store::HoldFilter;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::postgres::on_each_database;

const GTIN: &str = "00300010123455";

fn decided(why: &str) -> Decision {
    Decision::new("tester", DateTime::from_timestamp(1_772_000_000, 0).unwrap(), why).unwrap()
}

#[test]
fn an_item_is_found_under_every_hold_it_is_under() {
    on_each_database("holds", |store| {
        let (caller, gtin) = (Caller::operator(), Gtin::parse(GTIN).unwrap());
        let open = |kind, scope: HoldScope, why: &str| {
            store.open_hold(&caller, kind, &scope, &decided(why)).unwrap()
        };
        let lot = HoldScope::lot(gtin, "A/1").unwrap();
        let (recall, new) = open(HoldKind::Recall, lot.clone(), "glass");
        assert!(new);
        assert_eq!(open(HoldKind::Recall, lot.clone(), "again"), (recall.clone(), false));
        assert!(open(HoldKind::Hold, lot, "ours").1);
        open(HoldKind::Hold, HoldScope::serials(gtin, "10", "19").unwrap(), "labels");
        let case = epcgate::gs1::Epc::parse("urn:epc:id:sscc:0300010.0000000001");
        open(HoldKind::Hold, HoldScope::item(case.clone()).unwrap(), "wet");
        let on = |serial: &str, lot: &str, parent: Option<&str>| -> Vec<String> {
            let keys: Vec<String> =
                [format!("/01/{GTIN}/21/{serial}")].into_iter().chain(parent.map(str::to_owned)).collect();
            let lots = [lot.to_owned()];
            let item = Held { keys: &keys, gtin: Some(gtin), serial: Some(serial), lots: &lots };
            let found = store.holds_on(&caller, item).unwrap();
            found.into_iter().map(|hold| hold.opened.why).collect()
        };
        assert_eq!(on("15", "A/1", None), ["glass", "ours", "labels"]);
        assert_eq!(on("20", "B", None), Vec::<String>::new());
        assert_eq!(on("20", "B", Some(&case.key())), ["wet"]);
        store.release_hold(&caller, &recall.id, &decided("ended")).unwrap().unwrap();
        let again = store.release_hold(&caller, &recall.id, &decided("twice")).unwrap().unwrap();
        assert_eq!(again.released.unwrap().why, "ended");
        assert_eq!(on("20", "A/1", None), ["ours"]);
        assert_eq!(store.release_hold(&caller, "none", &decided("x")).unwrap(), None);
        let count = |kind: Option<HoldKind>, open| {
            let filter = HoldFilter { kinds: kind.into_iter().collect(), open, gtin: None };
            let (mut after, mut count) = (None::<String>, 0);
            while let Some(last) = store.holds(&caller, &filter, after.as_deref(), 2).unwrap().last() {
                count += store.holds(&caller, &filter, after.as_deref(), 2).unwrap().len();
                after = Some(last.id.clone());
            }
            count
        };
        assert_eq!((count(None, None), count(None, Some(true))), (4, 3));
        assert_eq!(count(Some(HoldKind::Recall), Some(false)), 1);
    });
}

#[test]
fn holds_are_opened_listed_and_released_over_http() {
    let gateway = TestGateway::start();
    let post =
        |path: &str, body: Value| gateway.post(path, "application/json", body.to_string()).send().unwrap();
    let get = |path: &str| gateway.get(path).send().unwrap().json::<Value>().unwrap();
    let request = json!({ "gtin": GTIN, "lot": "A1", "reason": "glass found", "by": "Ann" });
    let opened = post("/api/v1/recalls", request.clone());
    assert_eq!(opened.status(), 201);
    let location = header(&opened, "location");
    let shown: Value = opened.json().unwrap();
    assert_eq!((&shown["kind"], &shown["state"]), (&json!("recall"), &json!("open")));
    assert_eq!(shown["opened"]["by"], "Ann");
    assert_eq!(post("/api/v1/recalls", request).status(), 200);
    assert_eq!(get(&location), shown);
    assert_eq!(get("/api/v1/holds"), json!({ "holds": [] }));
    assert_eq!(get("/api/v1/recalls")["recalls"].as_array().unwrap().len(), 1);
    let released = post(&format!("{location}/release"), json!({ "reason": "replaced" }));
    assert_eq!(released.json::<Value>().unwrap()["released"]["by"], "operator");
    assert_eq!(get("/api/v1/recalls"), json!({ "recalls": [] }));
    assert_eq!(get("/api/v1/recalls?state=released&gtin=300010123455")["recalls"][0]["id"], shown["id"]);
    for serial in 0..3 {
        let epc = format!("urn:epc:id:sgtin:030001.0012345.{serial}");
        assert_eq!(post("/api/v1/holds", json!({ "epc": epc, "reason": "wet" })).status(), 201);
    }
    let page = gateway.get("/api/v1/holds?perPage=2").send().unwrap();
    let link = header(&page, "link");
    assert_eq!(page.json::<Value>().unwrap()["holds"].as_array().unwrap().len(), 2);
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(get(next)["holds"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_held_is_refused_in_words() {
    let gateway = TestGateway::start();
    let refused = |path: &str, body: &str, status: u16, word: &str| {
        let failure = failure(gateway.post(path, "application/json", body).send().unwrap());
        assert_eq!(failure.0, status, "{body}: {failure:?}");
        assert!(failure.2.contains(word), "{failure:?}");
    };
    refused("/api/v1/holds", "{}", 400, "say what is held");
    refused("/api/v1/holds", "", 400, "say what is held");
    refused("/api/v1/holds", "[1", 400, "body");
    refused("/api/v1/holds", r#"{"gtn":"1"}"#, 400, "gtn");
    refused("/api/v1/holds", r#"{"gtin":"00300010123455"}"#, 400, "reason");
    refused("/api/v1/holds", r#"{"gtin":"00300010123456","reason":"x"}"#, 400, "check digit");
    refused("/api/v1/holds/none/release", r#"{"reason":"x"}"#, 404, "no hold");
    refused("/api/v1/holds/none/release", r#"{"reason":""}"#, 400, "reason");
    let text = gateway.post("/api/v1/holds", "text/plain", r#"{"reason":"x"}"#).send().unwrap();
    assert_eq!(failure(text).0, 415);
    assert_eq!(failure(gateway.get("/api/v1/holds?state=old").send().unwrap()).0, 400);
    assert_eq!(failure(gateway.get("/api/v1/recalls/none").send().unwrap()).0, 404);
    assert_eq!(failure(gateway.request("DELETE", "/api/v1/holds").send().unwrap()).0, 405);
}
