//! The authorisation matrix: every route of the OpenAPI document and every page × every kind of caller × an object of theirs, of another, and
//! none at all. What one may not see looks exactly like what is not there.

use std::collections::BTreeMap;

use chrono::Utc;
use epcgate::access::ApiKey;
use epcgate::access::Caller;
use epcgate::access::KeyText;
use epcgate::access::Need;
use epcgate::access::PAGES;
use epcgate::access::Permissions;
use epcgate::access::ROUTES;
use epcgate::access::Revocation;
use epcgate::access::Role;
use epcgate::access::Scope;
use epcgate::access::SpeaksFor;
use epcgate::access::Way;
use epcgate::access::way;
use epcgate::gs1::Gln;
use epcgate::store::Store;
use reqwest::Method;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::access::closed;
use crate::isolation::ALPHA;
use crate::isolation::BETA;
use crate::isolation::Canary;
use crate::isolation::House;
use crate::isolation::Partner;
use crate::process;

/// Somebody who asks: their key, what they may do, and whose canaries they may see.
struct Asker {
    name: &'static str,
    key: Option<String>,
    permissions: Option<Permissions>,
    sees: &'static [&'static str],
}

/// An object by its name in a path, and what of that name an answer may repeat.
struct Object {
    name: String,
    whose: &'static str,
}

fn key(store: &Store, byte: u8, change: impl FnOnce(&mut ApiKey)) -> String {
    let text = KeyText::new(&[byte; KeyText::RANDOM]);
    let mut key = ApiKey {
        id: text.id().to_owned(),
        name: format!("key {byte}"),
        digest: text.digest(),
        speaks_for: SpeaksFor::Any,
        scopes: vec![Scope::Is(Role::Operator)],
        made_at: Utc::now(),
        made_by: "operator".to_owned(),
        expires: None,
        revoked: None,
        used: None,
    };
    change(&mut key);
    store.add_key(&Caller::operator(), &key).unwrap();
    text.reveal().to_owned()
}

fn askers(store: &Store) -> Vec<Asker> {
    let nobody = |name, key| Asker { name, key, permissions: None, sees: &[] };
    let unknown = KeyText::new(&[99; KeyText::RANDOM]).reveal().to_owned();
    let expired = key(store, 1, |key| key.expires = Some(Utc::now()));
    let revoked = Revocation { at: Utc::now(), by: "operator".to_owned(), why: "lost".to_owned() };
    let revoked = key(store, 2, |key| key.revoked = Some(revoked));
    let mut all = vec![
        nobody("nobody", None),
        nobody("an unknown key", Some(unknown)),
        nobody("an expired key", Some(expired)),
        nobody("a revoked key", Some(revoked)),
    ];
    let seen: [&'static [&'static str]; 2] = [&["ALPHA"], &["BETA"]];
    for (byte, (partner, sees)) in (10..).zip([&ALPHA, &BETA].into_iter().zip(seen)) {
        let made = key(store, byte, |key| {
            key.scopes = vec![Scope::Is(Role::Partner)];
            key.speaks_for = SpeaksFor::These(vec![Gln::parse(partner.gln).unwrap()]);
        });
        let permissions = Some(Role::Partner.permissions());
        all.push(Asker { name: sees[0], key: Some(made), permissions, sees });
    }
    for (byte, role) in (20..).zip(Role::ALL.into_iter().filter(|role| *role != Role::Partner)) {
        let made = key(store, byte, |key| key.scopes = vec![Scope::Is(role)]);
        let sees: &[&str] = if role.sees_everything() { &["ALPHA", "BETA"] } else { &[] };
        all.push(Asker { name: role.as_str(), key: Some(made), permissions: Some(role.permissions()), sees });
    }
    all
}

/// What a path's parameter names: one of each partner, and none. A new kind of object has to be added here.
fn objects(path: &str, house: &House) -> Vec<Object> {
    let named = |name: &dyn Fn(&Partner, &Canary) -> String, missing: &str| {
        vec![
            Object { name: name(&ALPHA, &house.alpha), whose: "ALPHA" },
            Object { name: name(&BETA, &house.beta), whose: "BETA" },
            Object { name: missing.to_owned(), whose: "" },
        ]
    };
    let uuid = "01930000-0000-7000-8000-000000000000";
    let token = "0123456789abcdefghijklmnopqrstuvwxyz0123456";
    let kind = path.strip_prefix("/api/v1/").unwrap_or(path).split("/{").next().unwrap();
    match kind {
        _ if !path.contains('{') => vec![Object { name: String::new(), whose: "" }],
        "/epcis/capture" => named(&|_, canary| canary.job.clone(), uuid),
        "/epcis/events" => named(&|_, canary| canary.event.clone(), "urn:canary:none"),
        "documents" => named(&|_, canary| canary.document.to_string(), "987654"),
        "exceptions" => named(&|_, canary| canary.case.clone(), uuid),
        "shipments" => named(&|_, canary| canary.shipment.to_string(), "987654"),
        "verifications" | "obligations" => named(&|_, canary| canary.verification.clone(), uuid),
        "orders" | "advices" => named(&|partner, _| format!("PO-{}", partner.canary), "PO-NONE"),
        "partners" | "/partners" => named(&|partner, _| partner.canary.to_owned(), "NONE"),
        "items" | "/items" => {
            named(&|partner, _| partner.serial.to_owned(), "urn:epc:id:sgtin:9521109.012345.NONE1")
        }
        "holds" | "recalls" | "receipts" | "returns" | "keys" | "directory" | "products" | "rules" => {
            named(&|partner, _| partner.canary.to_owned(), uuid)
        }
        "arrivals" => named(&|_, canary| canary.arrival.clone(), uuid),
        "channels" => named(&|partner, _| partner.canary.to_owned(), "none"),
        "deliveries" => named(&|_, canary| canary.delivery.clone(), uuid),
        // These are of nobody, or ask for a secret that nobody here has.
        "/invite" | "/set-up" => vec![Object { name: token.to_owned(), whose: "" }],
        "/scan/pending" | "/sign-in/with" | "/assets" | "/docs" | "/rules" => {
            vec![Object { name: uuid.to_owned(), whose: "" }]
        }
        "/vrs/verify/gtin" | "/gtin" => named(&|partner, _| partner.canary.to_owned(), "NONE"),
        kind => panic!("say here what the objects of {path} are ({kind})"),
    }
}

/// The path with an object in it; every parameter has its name.
fn filled(path: &str, object: &Object) -> String {
    let escaped: String = object.name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let name = if object.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        object.name.clone()
    } else {
        escaped
    };
    let mut parts = path.split(['{', '}']);
    let mut filled = parts.next().unwrap().to_owned();
    while let (Some(_), Some(rest)) = (parts.next(), parts.next()) {
        filled += &name;
        filled += rest;
    }
    filled
}

/// Status and body of an answer, with the name of the object struck out wherever it is repeated.
fn ask(to: (&Client, &str), method: &str, path: &str, asker: &Asker, object: &Object) -> (u16, String) {
    let (client, base) = to;
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let writes = method != Method::GET && method != Method::DELETE;
    let mut request = client.request(method, format!("{base}{}", filled(path, object)));
    if let Some(key) = &asker.key {
        request = request.bearer_auth(key);
    }
    if writes {
        request = request.header("Content-Type", "application/json").body("{}");
    }
    let response = request.send().unwrap();
    let (status, body) = (response.status().as_u16(), response.text().unwrap());
    let escaped: String = object.name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let body = match object.name.is_empty() {
        true => body,
        false => body.replace(&object.name, "…").replace(&escaped, "…"),
    };
    (status, body)
}

fn matrix(store_url: Option<String>) {
    let gateway = closed(store_url, |settings| settings.server.threads = 2);
    let house = House::new(gateway.store().clone());
    let askers = askers(gateway.store());
    let client = process::client().redirect(Policy::none()).build().unwrap();
    let base = format!("http://{}", gateway.authority());
    let document: Value = gateway.get("/api/v1/openapi.json").send().unwrap().json().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut routes: Vec<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    for (method, path, _) in PAGES.iter().chain(ROUTES) {
        let route = ((*method).to_owned(), (*path).to_owned());
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    // What takes things away comes last.
    routes.sort_by_key(|(method, path)| (method == "DELETE", method != "GET", path.clone()));
    let (mut asked, mut leaks, mut seen) = (0, Vec::new(), BTreeMap::new());
    for (method, path) in &routes {
        let Way::Listed { need, page } = way(method, path) else { panic!("{method} {path} is not listed") };
        for asker in &askers {
            let mut answers = Vec::new();
            for object in objects(path, &house) {
                let (status, body) = ask((&client, &base), method, path, asker, &object);
                asked += 1;
                let what = format!("{method} {path} of {:?} by {}: {status}", object.whose, asker.name);
                let allowed = match (need, asker.permissions) {
                    (Need::Anyone, _) => true,
                    (_, None) => false,
                    (Need::Someone, Some(_)) => true,
                    (Need::May(permission), Some(own)) => own.contains(permission),
                };
                let expected = match (allowed, asker.permissions) {
                    // It asks for a proof of its own, where it asks for any.
                    (true, _) if need == Need::Anyone => true,
                    (true, _) => {
                        status != 401 && (status != 403 || path.starts_with("/vrs") || method != "GET")
                    }
                    (false, None) => status == 401 || page && status == 303,
                    (false, Some(_)) => status == 403,
                };
                if !expected || status >= 500 && status != 503 {
                    leaks.push(format!("{what} {body}"));
                }
                for canary in ["ALPHA", "BETA"].into_iter().filter(|canary| !asker.sees.contains(canary)) {
                    if body.contains(canary) {
                        leaks.push(format!("{what} tells of {canary}: {body}"));
                    }
                }
                if allowed && status == 200 && asker.sees.contains(&object.whose) {
                    *seen.entry(asker.name).or_insert(0) += 1;
                }
                answers.push((object.whose, status, body));
            }
            let Some(missing) = answers.iter().find(|(whose, _, _)| whose.is_empty()).cloned() else {
                continue;
            };
            for (whose, status, body) in &answers {
                let foreign = !whose.is_empty() && !asker.sees.contains(whose);
                if foreign && (*status, body) != (missing.1, &missing.2) {
                    let told = format!("{status} {body}, and of none {} {}", missing.1, missing.2);
                    leaks.push(format!("{method} {path} by {} of {whose} is told apart: {told}", asker.name));
                }
            }
        }
    }
    println!("{asked} questions on {} routes, {} leaks", routes.len(), leaks.len());
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    for asker in askers.iter().filter(|asker| !asker.sees.is_empty()) {
        assert!(
            seen.get(asker.name).is_some_and(|seen| *seen >= 5),
            "{} sees too little: {seen:?}",
            asker.name
        );
    }
}

#[test]
fn nobody_sees_what_is_not_theirs() {
    matrix(None);
}

#[test]
fn nobody_sees_what_is_not_theirs_on_postgresql() {
    matrix(Some(crate::postgres::database("matrix")));
}
