//! Every route that writes leaves the acts in the audit trail that stand here, and every one of the description stands here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::access::GATEWAY;
use epcgate::store::Content;
use epcgate::store::JournalEntry;
use epcgate::store::NewDelivery;
use epcgate::store::Store;
use epcgate::transport::Cargo;
use reqwest::blocking::Response;
use serde_json::Value;
use serde_json::json;

use crate::directory;
use crate::exceptions;
use crate::harness::TestGateway;
use crate::harness::header;
use crate::harness::json_event;
use crate::harness::xml_1_2;
use crate::orders;
use crate::shipping;
use crate::verifications;

/// Each route that writes, with the acts that one request to it leaves; those that the gateway itself does later are not counted.
const ROUTES: &[(&str, &[&str])] = &[
    // One for each record that is new or changed; here two.
    ("POST /api/v1/orders", &["orders.added", "orders.added"]),
    ("POST /api/v1/advices", &["advices.added"]),
    ("POST /api/v1/partners", &["partners.added", "partners.added", "partners.added"]),
    ("PUT /api/v1/partners/{id}", &["partners.added"]),
    ("DELETE /api/v1/partners/{id}", &["partners.removed"]),
    // One for each import that changes something.
    ("POST /api/v1/directory", &["directory.imported"]),
    ("DELETE /api/v1/directory/{id}", &["directory.removed"]),
    ("POST /api/v1/products", &["products.imported"]),
    ("POST /api/v1/exceptions/messages", &["cases.opened"]),
    ("POST /api/v1/exceptions/{id}/respond", &["cases.changed"]),
    ("POST /api/v1/exceptions/{id}/notes", &["cases.changed"]),
    ("POST /api/v1/exceptions/{id}/close", &["cases.changed"]),
    ("POST /api/v1/exceptions/{id}/notify", &["cases.changed"]),
    ("POST /api/v1/channels", &["channels.kept"]),
    ("POST /api/v1/channels/{id}/pause", &["channels.paused"]),
    ("POST /api/v1/channels/{id}/resume", &["channels.resumed"]),
    ("DELETE /api/v1/channels/{id}", &["channels.removed"]),
    ("POST /api/v1/deliveries/{id}/replay", &["deliveries.replayed"]),
    ("POST /api/v1/holds", &["hold.opened"]),
    ("POST /api/v1/holds/{id}/release", &["hold.released"]),
    ("POST /api/v1/recalls", &["recall.opened"]),
    ("POST /api/v1/recalls/{id}/release", &["recall.released"]),
    ("POST /api/v1/obligations/{id}/settle", &["verification.settled"]),
    ("POST /api/v1/receipts", &["receipts.opened"]),
    // One for each scan that can be read.
    ("POST /api/v1/receipts/{id}/scans", &["receipts.scanned", "receipts.scanned"]),
    ("POST /api/v1/receipts/{id}/close", &["receipts.closed"]),
    ("POST /api/v1/returns", &["returns.opened"]),
    ("POST /api/v1/returns/{id}/check", &["returns.checked-again"]),
    ("POST /api/v1/returns/{id}/close", &["returns.closed"]),
    // An invitation takes a partner into testing, which here it is already.
    ("POST /api/v1/partners/{id}/invitations", &["partners.invited"]),
    ("DELETE /api/v1/partners/{id}/invitations/{invitation}", &["partners.invitation-revoked"]),
    ("POST /api/v1/partners/{id}/live", &["partners.live"]),
    ("POST /api/v1/partners/{id}/pause", &["partners.testing"]),
    // What is tried is judged and never becomes data.
    ("POST /invite/{token}", &[]),
    // It reads and writes nothing.
    ("POST /api/v1/scans", &[]),
    ("POST /api/v1/shipments", &["documents.received"]),
    ("POST /api/v1/verifications", &["verification.asked"]),
    ("POST /api/v1/keys", &["keys.added"]),
    ("POST /api/v1/keys/{id}/revoke", &["keys.revoked"]),
    ("POST /epcis/capture", &["documents.received"]),
    ("POST /epcis/events", &["documents.received"]),
];

/// Routes of messages that take a peer to make; their tests look for the acts.
const ASKED_WITH_PEERS: &[&str] = &["POST /as2", "POST /as2/mdn"];

struct Trial {
    gateway: TestGateway,
    left: RefCell<BTreeMap<String, Vec<String>>>,
}

impl Trial {
    fn acts(&self) -> Vec<(u64, String)> {
        // What waits to be filed is an act too.
        self.gateway.store().audit_count_filed().unwrap();
        let rows = self.gateway.store().audit_rows(&Caller::operator(), 0, i64::MAX).unwrap();
        let own = rows.into_iter().filter(|row| row.entry.actor != GATEWAY);
        own.map(|row| (row.number, row.entry.act)).collect()
    }

    /// Asks, and notes what the request left.
    fn ask(&self, route: &str, path: &str, media_type: &str, body: String) -> Response {
        let before = self.acts().len();
        let method = route.split(' ').next().unwrap();
        let request = self.gateway.request(method, path).header("Content-Type", media_type).body(body);
        let answer = request.send().unwrap();
        let status = answer.status();
        if !status.is_success() {
            panic!("{route}: {status} {}", answer.text().unwrap());
        }
        let left = self.acts().split_off(before).into_iter().map(|(_, act)| act).collect();
        self.left.borrow_mut().insert(route.to_owned(), left);
        answer
    }

    fn json(&self, route: &str, path: &str, body: Value) -> Value {
        let text = self.ask(route, path, "application/json", body.to_string()).text().unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

fn keys(trial: &Trial) {
    let asked = json!({ "name": "acme", "scopes": ["verify"], "anyGln": true });
    let made = trial.json("POST /api/v1/keys", "/api/v1/keys", asked);
    let path = format!("/api/v1/keys/{}/revoke", made["id"].as_str().unwrap());
    trial.json("POST /api/v1/keys/{id}/revoke", &path, json!({ "reason": "lost" }));
}

#[test]
fn every_route_that_writes_leaves_its_acts() {
    let described: Value = serde_json::from_str(include_str!("../../schemas/openapi.json")).unwrap();
    let mut writing = BTreeSet::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys().filter(|method| *method != "get");
        writing.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let known = ROUTES.iter().map(|(route, _)| route).chain(ASKED_WITH_PEERS);
    let known: BTreeSet<String> = known.map(|route| (*route).to_owned()).collect();
    let unknown: Vec<&String> = writing.difference(&known).collect();
    assert!(unknown.is_empty(), "say in ROUTES which acts these leave, and ask them below: {unknown:?}");

    let gateway = TestGateway::with(|settings| settings.exceptions = exceptions::settings());
    let trial = Trial { gateway, left: RefCell::default() };
    reference_data(&trial);
    partners(&trial);
    documents(&trial);
    cases(&trial);
    holds(&trial);
    channels(&trial);
    goods(&trial);
    shipments(&trial);
    verifications(&trial);
    keys(&trial);
    let left = trial.left.borrow();
    for (route, acts) in ROUTES {
        assert_eq!(left.get(*route).map(Vec::as_slice).unwrap_or_default(), *acts, "{route}");
        assert!(left.contains_key(*route), "{route} was not asked");
    }
    let numbers: Vec<u64> = trial
        .gateway
        .store()
        .audit_rows(&Caller::operator(), 0, i64::MAX)
        .unwrap()
        .iter()
        .map(|row| row.number)
        .collect();
    assert!(numbers.iter().copied().eq(0..numbers.len() as u64));
}

fn reference_data(trial: &Trial) {
    trial.ask("POST /api/v1/orders", "/api/v1/orders", "text/csv", orders::ORDERS.to_owned());
    trial.ask("POST /api/v1/advices", "/api/v1/advices", "application/json", orders::ADVICES.to_owned());
    trial.ask("POST /api/v1/partners", "/api/v1/partners", "text/csv", orders::PARTNERS.to_owned());
    let partner = json!({ "id": "ONE", "name": "One", "glns": { "owning": ["9521999000006"] } });
    trial.json("PUT /api/v1/partners/{id}", "/api/v1/partners/ONE", partner);
    trial.ask("DELETE /api/v1/partners/{id}", "/api/v1/partners/ONE", "text/plain", String::new());
    trial.ask("POST /api/v1/directory", "/api/v1/directory", "text/csv", directory::CSV.to_owned());
    let records: Value = trial.gateway.get("/api/v1/directory").send().unwrap().json().unwrap();
    let id = records["records"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/directory/{id}");
    trial.ask("DELETE /api/v1/directory/{id}", &path, "text/plain", String::new());
    let products = "GTIN,Brand Name\n00352999101306,Lumarexin\n".to_owned();
    trial.ask("POST /api/v1/products", "/api/v1/products", "text/csv", products);
}

fn partners(trial: &Trial) {
    let partner = json!({ "id": "TWO", "name": "Two", "glns": { "owning": ["9521999000020"] } });
    let put = trial.gateway.request("PUT", "/api/v1/partners/TWO").json(&partner).send().unwrap();
    assert_eq!(put.status(), 201, "{}", put.text().unwrap());
    let path = "/api/v1/partners/TWO";
    trial.json("POST /api/v1/partners/{id}/live", &format!("{path}/live"), json!({ "reason": "all well" }));
    trial.json("POST /api/v1/partners/{id}/pause", &format!("{path}/pause"), json!({ "reason": "a fault" }));
    let invitations = format!("{path}/invitations");
    let made = trial.json("POST /api/v1/partners/{id}/invitations", &invitations, json!({}));
    let link = made["link"].as_str().unwrap();
    let invitation = &link[link.find("/invite/").unwrap()..];
    trial.ask("POST /invite/{token}", invitation, "application/xml", xml_1_2("tried", &[1]));
    let revoke = format!("{invitations}/{}", made["id"].as_str().unwrap());
    let route = "DELETE /api/v1/partners/{id}/invitations/{invitation}";
    trial.ask(route, &revoke, "text/plain", String::new());
}

fn documents(trial: &Trial) {
    let accepted =
        trial.ask("POST /epcis/capture", "/epcis/capture", "application/xml", xml_1_2("routes", &[1]));
    trial.gateway.finished(accepted);
    let event = json_event("routes", 2).to_string();
    trial.ask("POST /epcis/events", "/epcis/events", "application/json", event);
}

fn cases(trial: &Trial) {
    let report = exceptions::report("case-1", "m-1", exceptions::SUPPLIER, false);
    let messages = "/api/v1/exceptions/messages";
    trial.ask("POST /api/v1/exceptions/messages", messages, "application/json", report);
    let step = |id: &str, step: &str, body: Value| {
        let path = format!("/api/v1/exceptions/{id}/{step}");
        trial.json(&format!("POST /api/v1/exceptions/{{id}}/{step}"), &path, body)
    };
    step("case-1", "respond", json!({ "by": "ann", "all": { "accepted": true } }));
    step("case-1", "notes", json!({ "text": "called them" }));
    step("case-1", "close", json!({ "reason": "agreed" }));
    trial.gateway.captured("application/ld+json", exceptions::shipment("wrong", 1, false));
    let store: &Store = trial.gateway.store();
    let wrong = exceptions::document_of(store, "urn:uuid:wrong-ship");
    let ids = exceptions::reconcile(store, wrong, &[exceptions::never_commissioned(1)], 0);
    step(&ids[0], "notify", json!({}));
}

fn holds(trial: &Trial) {
    for (what, epc) in
        [("holds", "urn:epc:id:sgtin:9521101.012345.8"), ("recalls", "urn:epc:id:sgtin:9521101.012345.9")]
    {
        let path = format!("/api/v1/{what}");
        let body = json!({ "epc": epc, "reason": "wet" }).to_string();
        let opened = trial.ask(&format!("POST {path}"), &path, "application/json", body);
        let release = format!("{}/release", header(&opened, "location"));
        trial.json(&format!("POST {path}/{{id}}/release"), &release, json!({ "reason": "dry" }));
    }
}

fn channels(trial: &Trial) {
    let body =
        json!({ "id": "erp", "by": { "folder": { "drop_off": { "folder": trial.gateway.folder() } } } });
    let keep = || trial.json("POST /api/v1/channels", "/api/v1/channels", body.clone());
    let path = "/api/v1/channels/erp";
    keep();
    let reason = json!({ "reason": "moving" });
    trial.json("POST /api/v1/channels/{id}/pause", &format!("{path}/pause"), reason);
    let delivery = NewDelivery {
        channel: "erp".to_owned(),
        key: "one".to_owned(),
        cargo: Cargo::Documents,
        name: "one.xml".to_owned(),
        media_type: "application/xml".to_owned(),
        content: Content::Bytes(b"<one/>".to_vec()),
    };
    let delivery = trial.gateway.store().put_delivery(&Caller::operator(), &delivery, Utc::now());
    // Removed with its channel it is dead, and can be sent once there is a channel of this name again.
    trial.ask("DELETE /api/v1/channels/{id}", path, "application/json", String::new());
    keep();
    let replay = format!("/api/v1/deliveries/{}/replay", delivery.unwrap().unwrap());
    trial.json("POST /api/v1/deliveries/{id}/replay", &replay, json!({}));
    trial.json("POST /api/v1/channels/{id}/resume", &format!("{path}/resume"), json!({}));
}

fn goods(trial: &Trial) {
    let opened = trial.json("POST /api/v1/receipts", "/api/v1/receipts", json!({ "place": "0300011111215" }));
    let receipt = format!("/api/v1/receipts/{}", opened["id"].as_str().unwrap());
    let label = "(01)00352999101306(21)R1(17)281231(10)LMX";
    let scans = json!({ "scans": [label, label, "hello"] });
    trial.json("POST /api/v1/receipts/{id}/scans", &format!("{receipt}/scans"), scans);
    trial.json("POST /api/v1/receipts/{id}/close", &format!("{receipt}/close"), json!({ "by": "Ann" }));
    let asked = json!({ "customer": "9521102000015", "scans": ["hello"], "by": "Ann" });
    let opened = trial.json("POST /api/v1/returns", "/api/v1/returns", asked);
    let returned = format!("/api/v1/returns/{}", opened["id"].as_str().unwrap());
    let checked = || {
        let began = Instant::now();
        let state = || trial.gateway.get(&returned).send().unwrap().json::<Value>().unwrap()["state"].clone();
        while state() == "checking" && began.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    checked();
    trial.json("POST /api/v1/returns/{id}/check", &format!("{returned}/check"), json!({}));
    checked();
    trial.json("POST /api/v1/returns/{id}/close", &format!("{returned}/close"), json!({ "by": "Bob" }));
}

/// By a gateway that has goods to ship.
fn shipments(trial: &Trial) {
    let gateway = shipping::gateway(None, shipping::WHOLESALER, &[]);
    let other = Trial { gateway, left: RefCell::default() };
    let shipment = json!({
        "number": "S-1", "epcs": [shipping::CASE], "seller": shipping::WHOLESALER, "buyer": shipping::CLINIC,
        "ship_from": "9521101000023", "time": "2026-11-16T10:00:00.000-06:00",
    });
    other.ask("POST /api/v1/shipments", "/api/v1/shipments", "application/json", shipment.to_string());
    trial.left.borrow_mut().append(&mut other.left.borrow_mut());
}

fn verifications(trial: &Trial) {
    let label = "(01)00352999101306(21)R1(17)281231(10)LMX";
    trial.json("POST /api/v1/scans", "/api/v1/scans", json!({ "scans": [label] }));
    trial.json("POST /api/v1/verifications", "/api/v1/verifications", json!({ "scan": label }));
    let mut due = verifications::record(0, "due");
    due.due = Some(Utc::now() + TimeDelta::hours(1));
    let entry = JournalEntry { record: due.clone(), actor: "operator".to_owned() };
    trial.gateway.store().journal(vec![entry]).unwrap();
    let settle = format!("/api/v1/obligations/{}/settle", due.id);
    trial.json("POST /api/v1/obligations/{id}/settle", &settle, json!({ "reason": "told by telephone" }));
}
