//! Trading partners, purchase orders and despatch advices: in the store on both databases, over HTTP, on the command line.

use std::path::Path;
use std::process::Command;

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::dscsa::OrderNumber;
use epcgate::dscsa::Severity;
use epcgate::dscsa::TradingPartner;
use epcgate::formats::Defects;
use epcgate::formats::orders;
use epcgate::formats::orders::OrderKind;
use epcgate::formats::orders::Orders;
use epcgate::formats::partners;
use epcgate::formats::records::Syntax;
use epcgate::gs1::Gln;
use epcgate::gs1::Gtin;
use epcgate::reconcile::rules::advice::Known;
use epcgate::reconcile::rules::advice::Shipped;
use epcgate::reconcile::rules::advice::against_advice;
use epcgate::reconcile::rules::advice::against_orders;
use epcgate::reconcile::rules::licence;
use epcgate::store::Imported;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::postgres::on_each_database;

pub const PARTNERS: &str = include_str!("../../fixtures/orders/partners.csv");
pub const ORDERS: &str = include_str!("../../fixtures/orders/purchase_orders.csv");
pub const ADVICES: &str = include_str!("../../fixtures/orders/advices.json");
const NOTICE: &str = include_str!("../../fixtures/orders/ship_notice.x12");

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000, 0).unwrap()
}

fn partners_of(text: &str) -> Vec<TradingPartner> {
    let mut defects = Defects::new(false);
    let found = partners::read(text.as_bytes(), Syntax::detect(text.as_bytes()), &mut defects);
    assert_eq!(defects.errors(), 0, "{:?}", defects.kept());
    found
}

fn orders_of(text: &str) -> Orders {
    let mut defects = Defects::new(false);
    let found = orders::read(text.as_bytes(), Syntax::detect(text.as_bytes()), None, &mut defects);
    assert_eq!(defects.errors(), 0, "{:?}", defects.kept());
    found
}

fn imported(added: u64, changed: u64, unchanged: u64) -> Imported {
    Imported { added, changed, unchanged }
}

fn gln(digits: &str) -> Gln {
    Gln::parse(digits).unwrap()
}

#[test]
fn partners_are_kept_and_found_by_their_identifiers() {
    on_each_database("partners", |store| {
        let caller = Caller::operator();
        assert!(!store.has_partners().unwrap());
        let mut list = partners_of(PARTNERS);
        assert_eq!(
            store.put_partners(&Caller::operator(), &list, Utc::now()).unwrap(),
            Ok(imported(3, 0, 0))
        );
        assert_eq!(
            store.put_partners(&Caller::operator(), &list, Utc::now()).unwrap(),
            Ok(imported(0, 0, 3))
        );
        assert!(store.has_partners().unwrap());
        let ids = |after: Option<&str>, most: u32| -> Vec<String> {
            let page = store.partners(&caller, after, most).unwrap();
            page.iter().map(|partner| partner.id.to_string()).collect()
        };
        assert_eq!(
            (ids(None, 2), ids(Some("BRW"), 9)),
            (vec!["APT".into(), "BRW".into()], vec!["CHC".into()])
        );
        let found = store.partner_with_gln(&caller, gln("9521101000023")).unwrap().unwrap();
        assert_eq!(found, list[0]);

        // A place that moves to another partner in one import is no conflict; one that stays with a partner is.
        let place = list[0].glns.pop().unwrap();
        list[1].glns.push(place.clone());
        let conflict = store.put_partners(&Caller::operator(), &list[1..2], Utc::now()).unwrap().unwrap_err();
        assert_eq!((&*conflict.value, &*conflict.owner), ("9521101000023", "BRW"));
        assert_eq!(
            store.put_partners(&Caller::operator(), &list, Utc::now()).unwrap(),
            Ok(imported(0, 2, 1))
        );
        let owner = store.partner_with_gln(&caller, gln("9521101000023")).unwrap().unwrap();
        assert_eq!(&*owner.id, "CHC");
        list[0].glns.push(place);
        assert!(store.put_partners(&Caller::operator(), &list, Utc::now()).unwrap().is_err());

        assert!(store.remove_partner(&caller, "CHC", Utc::now()).unwrap());
        assert!(!store.remove_partner(&caller, "CHC", Utc::now()).unwrap());
        assert_eq!(store.partner_with_gln(&caller, gln("9521101000023")).unwrap(), None);
        assert_eq!(
            store.put_partners(&Caller::operator(), &list[..1], Utc::now()).unwrap(),
            Ok(imported(0, 1, 0))
        );
    });
}

#[test]
fn licences_are_judged_on_the_day() {
    let list = partners_of(PARTNERS);
    let check = |at: usize, day: &str| {
        licence::check(Some(&list[at]), "GLN", day.parse().unwrap(), None).map(|finding| finding.severity)
    };
    assert_eq!((check(0, "2026-03-04"), check(0, "2027-07-01")), (None, Some(Severity::Warning)));
    assert_eq!(check(2, "2026-03-04"), Some(Severity::Hard));
}

#[test]
fn orders_and_advices_are_kept_and_found_by_their_numbers() {
    on_each_database("orders", |store| {
        let caller = Caller::operator();
        let orders = orders_of(ORDERS);
        assert_eq!(store.put_orders(&Caller::operator(), &orders, now()).unwrap(), imported(2, 0, 0));
        assert_eq!(store.put_orders(&Caller::operator(), &orders, now()).unwrap(), imported(0, 0, 2));
        for number in ["PO/7", "urn:epcglobal:cbv:bt:9521102000015:PO%2F7"] {
            let found = store.orders_numbered(&caller, &OrderNumber::parse(number)).unwrap();
            assert_eq!(found, orders.orders[..1], "{number}");
        }
        let other = OrderNumber::parse("urn:epcglobal:cbv:bt:9521101000016:PO%2F7");
        assert_eq!(store.orders_numbered(&caller, &other).unwrap(), []);
        assert_eq!(store.advices_numbered(&caller, &OrderNumber::parse("PO/7")).unwrap(), []);

        let (json, x12) = (orders_of(ADVICES), orders_of(NOTICE));
        assert_eq!(store.put_orders(&Caller::operator(), &json, now()).unwrap(), imported(1, 0, 0));
        assert_eq!(store.put_orders(&Caller::operator(), &x12, now()).unwrap(), imported(0, 1, 0));
        let asked = OrderNumber::parse("urn:epcglobal:cbv:bt:9521101000016:DA-2041");
        assert_eq!(store.advices_numbered(&caller, &asked).unwrap(), x12.advices);
        let serving =
            |number: &str| store.advices_for_order(&caller, &OrderNumber::parse(number)).unwrap().len();
        assert_eq!((serving("PO/7"), serving("PO8")), (1, 0));
        assert_eq!(serving("urn:epcglobal:cbv:bt:9521102000015:PO%2F7"), 1);

        let first = store.orders(&caller, None, 1).unwrap();
        let next = store.orders(&caller, Some(&first[0].number.place()), 9).unwrap();
        assert_eq!((first, next), (orders.orders[..1].to_vec(), orders.orders[1..].to_vec()));
        assert_eq!(store.advices(&caller, None, 9).unwrap(), x12.advices);
    });
}

#[test]
fn what_is_shipped_is_compared_with_advice_and_order() {
    let (orders, x12) = (orders_of(ORDERS), orders_of(NOTICE));
    let (one, two) = (Gtin::parse("00352999101016").unwrap(), Gtin::parse("00352999101023").unwrap());
    let shipped = |second: u64| {
        [Shipped { gtin: one, lot: "AP2601", units: 24 }, Shipped { gtin: two, lot: "AP2602", units: second }]
    };
    for advice in [&x12.advices[0], &orders_of(ADVICES).advices[0]] {
        assert_eq!(against_advice(advice, &shipped(24), &Known::NOTHING), []);
        let found = against_advice(advice, &shipped(23), &Known::NOTHING);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].message.contains("lot AP2602 of GTIN 00352999101023, and the data have 23: 1 short")
        );
    }
    assert_eq!(against_orders(&orders.orders[..1], &shipped(24), &|_| 0, &Known::NOTHING), []);
    let found = against_orders(&orders.orders[1..], &shipped(24), &|_| 0, &Known::NOTHING);
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule.id).collect();
    assert_eq!(rules, ["over-order", "not-ordered"]);
}

#[test]
fn partners_are_served() {
    let gateway = TestGateway::start();
    let import = |media_type: &str, text: &str| -> Value {
        let answer = gateway.post("/api/v1/partners", media_type, text).send().unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().unwrap()
    };
    assert_eq!(import("text/csv; charset=utf-8", PARTNERS)["added"], 3);
    assert_eq!(import("text/csv", PARTNERS)["unchanged"], 3);
    let get = |path: &str| -> Value { gateway.get(path).send().unwrap().json().unwrap() };
    let page = gateway.get("/api/v1/partners?perPage=2").send().unwrap();
    let link = header(&page, "link");
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(get(next)["partners"][0]["id"], "CHC");
    assert_eq!(get("/api/v1/partners?gln=9521101000023")["partners"][0]["id"], "BRW");
    let mut clinic = get("/api/v1/partners/CHC");
    assert_eq!(clinic["licences"][0]["validUntil"], "2027-03-31");
    clinic["policy"]["acceptance"] = json!("hold-all");
    let put = |id: &str, body: &Value| {
        gateway.request("PUT", &format!("/api/v1/partners/{id}")).json(body).send().unwrap()
    };
    assert_eq!(put("CHC", &clinic).status(), 200);
    assert_eq!(get("/api/v1/partners/CHC")["policy"]["acceptance"], "hold-all");
    assert_eq!(put("NEW", &json!({ "name": "New" })).status(), 201);
    assert_eq!(put("NEW", &clinic).status(), 400);
    let (status, _, detail) = failure(put("NEW", &json!({ "glns": { "owning": ["9521102000015"] } })));
    assert!(status == 409 && detail.contains("belongs to partner CHC"), "{detail}");
    let (status, _, detail) = failure(put("NEW", &json!({ "roles": ["maker"] })));
    assert!(status == 400 && detail.contains("roles[0]") && detail.contains("manufacturer"), "{detail}");
    let remove = || gateway.request("DELETE", "/api/v1/partners/NEW").send().unwrap();
    assert_eq!((remove().status().as_u16(), failure(remove()).0), (204, 404));
    assert_eq!(failure(gateway.get("/api/v1/partners/NEW").send().unwrap()).0, 404);
    let bad = gateway.post("/api/v1/partners", "text/plain", PARTNERS).send().unwrap();
    assert_eq!(failure(bad).0, 415);
    assert_eq!(failure(gateway.get("/api/v1/partners?gln=1").send().unwrap()).0, 400);
}

#[test]
fn orders_are_served() {
    let gateway = TestGateway::start();
    let import = |path: &str, media_type: &str, text: &str| -> Value {
        gateway.post(path, media_type, text).send().unwrap().json().unwrap()
    };
    let answer = import("/api/v1/orders", "text/csv", ORDERS);
    assert_eq!((&answer["added"], answer["warnings"].as_array().unwrap().len()), (&json!(2), 1), "{answer}");
    assert_eq!(import("/api/v1/advices", "application/edi-x12", NOTICE)["added"], 1);
    assert_eq!(import("/api/v1/advices", "application/json", ADVICES)["changed"], 1);
    let get = |path: &str| gateway.get(path).send().unwrap();
    let json = |path: &str| -> Value { get(path).json().unwrap() };
    assert_eq!(json("/api/v1/orders/PO%2F7")["orders"][0]["lines"].as_array().unwrap().len(), 2);
    let urn = "urn:epcglobal:cbv:bt:9521102000015:PO%252F7";
    assert_eq!(json(&format!("/api/v1/orders/{urn}"))["orders"].as_array().unwrap().len(), 1);
    assert_eq!(json("/api/v1/advices?order=PO/7")["advices"][0]["orders"].as_array().unwrap().len(), 1);
    assert_eq!(json("/api/v1/advices/DA-2041")["advices"][0]["date"], "2026-03-04");
    let link = header(&get("/api/v1/orders?perPage=1"), "link");
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(json(next)["orders"][0]["number"], "PO8");
    assert_eq!(failure(get("/api/v1/orders/PO9")).0, 404);
    // What is shown can be imported as it is.
    let shown = get("/api/v1/orders").text().unwrap();
    assert_eq!(import("/api/v1/orders", "application/json", &shown)["unchanged"], 2);
    let cut = &NOTICE[..NOTICE.len() / 2];
    let answer = gateway.post("/api/v1/advices", "application/edi-x12", cut).send().unwrap();
    let (status, _, detail) = failure(answer);
    assert!(status == 400 && detail.contains("x12-truncated"), "{detail}");
}

#[test]
fn files_are_imported_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_epcgate"));
        command.args(arguments).arg("--data-dir").arg(folder.path());
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap(), text.into_owned())
    };
    let fixture = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/orders").join(name);
        path.to_str().unwrap().to_owned()
    };
    let (code, said) = run(&["partners", "import", &fixture("partners.csv")]);
    assert!(code == 0 && said.contains("3 added, 0 changed"), "{said}");
    let (code, said) = run(&["partners", "list"]);
    assert!(
        code == 0 && said.contains("APT\tAlder Point Therapeutics\tmanufacturer\tno valid licence"),
        "{said}"
    );
    let (code, said) = run(&["partners", "show", "9521101000023"]);
    assert!(code == 0 && said.contains("\"BRW\""), "{said}");
    let (code, said) =
        run(&["orders", "import", &fixture("purchase_orders.csv"), &fixture("ship_notice.x12")]);
    assert!(
        code == 0 && said.contains("2 added") && said.contains("1 added") && said.contains("Description"),
        "{said}"
    );
    let (code, said) = run(&["orders", "list", "--output", "json"]);
    assert!(code == 0 && said.lines().count() == 3, "{said}");
    let (code, said) = run(&["orders", "show", "DA-2041"]);
    assert!(code == 0 && said.contains("AP2602"), "{said}");
    let (code, said) = run(&["orders", "show", "DA-2042"]);
    assert!(code == 1 && said.contains("no order or advice DA-2042"), "{said}");
    let (code, _) = run(&["partners", "remove", "APT"]);
    assert_eq!((code, run(&["partners", "remove", "APT"]).0), (0, 1));
    let wrong = folder.path().join("wrong.csv");
    std::fs::write(&wrong, "po,gtin,qty\n7,00352999101017,x\n").unwrap();
    let (code, said) = run(&["orders", "import", wrong.to_str().unwrap()]);
    assert!(code == 1 && said.contains("wrong.csv:2: error [import-gtin]"), "{said}");
    assert!(said.contains("nothing of it was imported"), "{said}");
}

#[test]
fn an_answer_key_of_the_generator_is_an_advice() {
    let lines = json!([{ "lot": "Q9Y00", "gtin": "00399310110012", "units": 96 }]);
    let number = "urn:epcglobal:cbv:bt:0399310000016:DA9439050";
    let order = "urn:epcglobal:cbv:bt:0820217000019:PO9439050";
    let file = json!({ "advices": [{ "number": number, "orders": [order], "lines": lines }] }).to_string();
    let mut defects = Defects::new(false);
    let found = orders::read(file.as_bytes(), Syntax::Json, Some(OrderKind::Advice), &mut defects);
    assert_eq!(defects.kept(), []);
    let advice = &found.advices[0];
    let shipped = [Shipped { gtin: Gtin::parse("00399310110012").unwrap(), lot: "Q9Y00", units: 95 }];
    let differences = against_advice(advice, &shipped, &Known::NOTHING);
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].severity, Severity::Business);
}
