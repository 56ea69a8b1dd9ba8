//! Who is let in: sign-in by password and by link, sessions, keys over HTTP, and what an open gateway is open to.

use std::process::Command;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::access::Mode;
use epcgate::access::OneTimeLink;
use epcgate::access::Person;
use epcgate::access::Role;
use epcgate::access::Token;
use epcgate::config::Settings;
use epcgate::store::AuditFilter;
use epcgate::store::Store;
use reqwest::blocking::Client;
use reqwest::blocking::RequestBuilder;
use reqwest::blocking::Response;
use reqwest::redirect::Policy;
use serde_json::Value;
use serde_json::json;

use crate::browser::Browser;
use crate::browser::ENTER;
use crate::browser::SEPARATORS;
use crate::harness::TestGateway;
use crate::harness::header;
use crate::process::client;

const PASSWORD: &str = "eleven goats on a hill";

/// Somebody with these roles, kept in the store; they still have to choose a password.
pub fn person(store: &Store, login: &str, roles: &[Role], change: impl FnOnce(&mut Person)) -> Person {
    let mut person = Person {
        id: uuid::Uuid::now_v7().to_string(),
        login: login.to_owned(),
        name: login.to_owned(),
        organisation: String::new(),
        station: false,
        roles: roles.to_vec(),
        glns: Vec::new(),
        password: None,
        identity: None,
        made_at: Utc::now(),
        made_by: "operator".to_owned(),
        ends: None,
        revoked: None,
        seen: None,
    };
    change(&mut person);
    person.check().unwrap();
    assert!(store.add_person(&Caller::operator(), &person).unwrap());
    person
}

/// A one-time link's token for somebody, or for who sets the gateway up.
fn link(store: &Store, person: Option<&Person>, byte: u8, ends: TimeDelta) -> String {
    let (token, now) = (Token::new([byte; Token::RANDOM]), Utc::now());
    let person = person.map(|person| person.id.clone());
    let link = OneTimeLink { digest: token.digest(), person, made_at: now, ends_at: now + ends };
    store.add_link(&link).unwrap();
    token.reveal()
}

/// A browser of sorts: keeps its cookie, follows nothing by itself.
pub struct Visitor<'a> {
    gateway: &'a TestGateway,
    client: Client,
    pub cookie: String,
}

impl<'a> Visitor<'a> {
    pub fn new(gateway: &'a TestGateway) -> Visitor<'a> {
        let client = client().redirect(Policy::none()).build().unwrap();
        Visitor { gateway, client, cookie: String::new() }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("http://{}{path}", self.gateway.authority());
        let request = self.client.request(method, url);
        if self.cookie.is_empty() { request } else { request.header("Cookie", &self.cookie) }
    }

    pub fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().unwrap()
    }

    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
        let request = self.request("POST", path).body(body.join("&"));
        request.header("Content-Type", "application/x-www-form-urlencoded").send().unwrap()
    }

    /// Keeps the cookie that an answer sets.
    pub fn keep(&mut self, response: &Response) {
        let set = header(response, "set-cookie");
        for word in ["__Host-epcgate=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(set.contains(word), "{word}: {set}");
        }
        self.cookie = set.split(';').next().unwrap().to_owned();
    }

    pub fn sign_in(&mut self, login: &str, password: &str) -> u16 {
        let response = self.post("/sign-in", &[("login", login), ("password", password), ("to", "/")]);
        if response.status() == 303 {
            self.keep(&response);
        }
        response.status().as_u16()
    }

    /// The token that the forms of the first page bring along.
    pub fn form_token(&self) -> String {
        let page = self.get("/").text().unwrap();
        let rest = page.split("name=\"form_token\" value=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
        rest.split('"').next().unwrap().to_owned()
    }
}

/// A gateway that asks everybody, on a database of its own.
pub fn closed(database: Option<String>, change: impl FnOnce(&mut Settings)) -> TestGateway {
    TestGateway::with(|settings| {
        settings.access.mode = Mode::Closed;
        if let Some(url) = database {
            settings.database.url = url;
        }
        change(settings);
    })
}

fn acts(store: &Store, act: &str) -> Vec<String> {
    let filter = AuditFilter { act: Some(act.to_owned()), ..AuditFilter::default() };
    let found = store.audited(&Caller::operator(), &filter, None, 100).unwrap();
    found.into_iter().map(|found| format!("{} {}", found.entry.actor, found.entry.outcome)).collect()
}

fn lets_people_in(database: Option<String>) {
    let gateway = closed(database, |_| {});
    let store = gateway.store();
    let mut ann = Visitor::new(&gateway);
    let first = ann.get("/");
    assert_eq!((first.status().as_u16(), header(&first, "location")), (303, "/sign-in?to=/".to_owned()));
    assert_eq!(ann.get("/epcis/events").status(), 401);
    assert_eq!(ann.get("/set-up/nonsense").status(), 404);
    let set_up = format!("/set-up/{}", link(store, None, 1, TimeDelta::hours(1)));
    let page = ann.get(&set_up);
    assert!(header(&page, "content-security-policy").contains("default-src 'none'"));
    assert!(page.text().unwrap().contains("Set up this gateway"));
    let choose = |password: &str, again: &str| {
        ann.post(&set_up, &[("login", "Ann@example.com"), ("password", password), ("again", again)])
    };
    assert_eq!(choose("short", "short").status(), 400);
    assert_eq!(choose(PASSWORD, "another password").status(), 400);
    let made = choose(PASSWORD, PASSWORD);
    assert_eq!(made.status(), 303, "{}", made.text().unwrap());
    ann.keep(&made);
    assert_eq!(ann.get(&set_up).status(), 404);
    assert_eq!(ann.get("/epcis/events").status(), 200);
    assert_eq!(ann.get("/api/v1/keys").status(), 200);
    let mut bob = Visitor::new(&gateway);
    assert_eq!(bob.sign_in("bob@example.com", PASSWORD), 401);
    let known = person(store, "bob@example.com", &[Role::Receiver], |_| {});
    assert_eq!(bob.sign_in("bob@example.com", PASSWORD), 401);
    let late = link(store, Some(&known), 2, TimeDelta::seconds(-1));
    assert_eq!(bob.get(&format!("/set-up/{late}")).status(), 404);
    let own = format!("/set-up/{}", link(store, Some(&known), 3, TimeDelta::hours(1)));
    assert_eq!(bob.post(&own, &[("password", PASSWORD), ("again", PASSWORD)]).status(), 303);
    assert_eq!(bob.sign_in("BOB@example.com", PASSWORD), 303);
    assert_eq!(bob.get("/api/v1/receipts").status(), 200);
    assert_eq!(bob.get("/api/v1/keys").status(), 403);
    assert_eq!(bob.get("/api/v1/audit").status(), 403);
    leaves(&gateway, &bob);
    let signed_in = acts(store, "people.signed-in");
    assert!(signed_in.contains(&"anyone refused".to_owned()), "{signed_in:?}");
    assert!(signed_in.contains(&"person:bob@example.com done".to_owned()), "{signed_in:?}");
}

/// What changes something needs the token of the form; signing out and being shut out end everything.
fn leaves(gateway: &TestGateway, bob: &Visitor) {
    let token = bob.form_token();
    assert_eq!(bob.post("/scan", &[("code", "x")]).status(), 403);
    assert_eq!(bob.post("/scan", &[("code", "x"), ("form_token", "wrong")]).status(), 403);
    assert_eq!(bob.post("/scan", &[("code", "x"), ("form_token", &token)]).status(), 200);
    let receipt = |token: Option<&str>| {
        let request = bob.request("POST", "/api/v1/receipts").json(&json!({ "by": "Eve" }));
        let request = token.into_iter().fold(request, |request, token| request.header("X-Form-Token", token));
        request.send().unwrap()
    };
    assert_eq!(receipt(None).status(), 403);
    let opened: Value = receipt(Some(&token)).json().unwrap();
    assert!(opened.to_string().contains("person:bob@example.com"), "{opened}");
    let other = bob.request("POST", "/scan").header("Sec-Fetch-Site", "cross-site");
    let sent = other.header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(sent.body(format!("code=x&form_token={token}")).send().unwrap().status(), 403);
    let mut again = Visitor::new(gateway);
    again.cookie.clone_from(&bob.cookie);
    assert_eq!(again.post("/sign-out", &[("form_token", &token)]).status(), 303);
    assert_eq!(bob.get("/epcis/events").status(), 401);
    assert_eq!(again.sign_in("bob@example.com", PASSWORD), 303);
    assert_eq!(again.get("/epcis/events").status(), 200);
    let gone = epcgate::access::Revocation { at: Utc::now(), by: "ann".to_owned(), why: "left".to_owned() };
    gateway.store().revoke_person(&Caller::operator(), "bob@example.com", &gone).unwrap().unwrap();
    assert_eq!(again.get("/epcis/events").status(), 401);
    assert_eq!(again.sign_in("bob@example.com", PASSWORD), 401);
}

#[test]
fn people_are_let_in_and_shut_out() {
    lets_people_in(None);
}

#[test]
fn people_are_let_in_and_shut_out_on_postgresql() {
    lets_people_in(Some(crate::postgres::database("access")));
}

#[test]
fn who_tries_passwords_waits() {
    let gateway = closed(None, |_| {});
    person(gateway.store(), "ann@example.com", &[Role::Receiver], |_| {});
    let mut eve = Visitor::new(&gateway);
    for _ in 0..5 {
        assert_eq!(eve.sign_in("ann@example.com", "password1234"), 401);
    }
    let told = eve.post("/sign-in", &[("login", "ann@example.com"), ("password", "password1234")]);
    assert_eq!(told.status(), 429);
    assert!(header(&told, "retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(eve.sign_in("bob@example.com", "password1234"), 401);
}

#[test]
fn a_station_is_signed_in_by_its_link() {
    let gateway = closed(None, |_| {});
    let dock = person(gateway.store(), "dock-3", &[Role::Receiver], |dock| dock.station = true);
    let path = format!("/set-up/{}", link(gateway.store(), Some(&dock), 1, TimeDelta::hours(1)));
    let mut screen = Visitor::new(&gateway);
    assert!(screen.get(&path).text().unwrap().contains("Use this browser"));
    let signed = screen.post(&path, &[]);
    assert_eq!(signed.status(), 303);
    screen.keep(&signed);
    assert_eq!(screen.get("/api/v1/receipts").status(), 200);
    assert_eq!(screen.post(&path, &[]).status(), 404);
}

#[test]
fn sessions_end() {
    let gateway = closed(None, |settings| settings.access.idle_minutes = 0);
    let ann = person(gateway.store(), "ann@example.com", &[Role::Receiver], |_| {});
    let path = format!("/set-up/{}", link(gateway.store(), Some(&ann), 1, TimeDelta::hours(1)));
    let mut visitor = Visitor::new(&gateway);
    let signed = visitor.post(&path, &[("password", PASSWORD), ("again", PASSWORD)]);
    visitor.keep(&signed);
    assert_eq!(visitor.get("/epcis/events").status(), 401);
    assert_eq!(
        visitor.request("GET", "/scan/pending/x").header("Sec-Fetch-Mode", "cors").send().unwrap().status(),
        401
    );
}

#[test]
fn an_auditor_goes_on_the_day_agreed() {
    let gateway = closed(None, |_| {});
    let until = |end: DateTime<Utc>| move |auditor: &mut Person| auditor.ends = Some(end);
    let store = gateway.store();
    let ann = person(store, "ann", &[Role::Auditor], until(Utc::now() + TimeDelta::seconds(3)));
    let path = format!("/set-up/{}", link(store, Some(&ann), 1, TimeDelta::hours(1)));
    let mut visitor = Visitor::new(&gateway);
    let signed = visitor.post(&path, &[("password", PASSWORD), ("again", PASSWORD)]);
    visitor.keep(&signed);
    assert_eq!(visitor.get("/api/v1/audit").status(), 200);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(visitor.get("/api/v1/audit").status(), 401);
}

#[test]
fn keys_are_made_listed_and_revoked_over_http() {
    let gateway = TestGateway::start();
    let post = |path: &str, body: &Value| gateway.request("POST", path).json(body).send().unwrap();
    let asked =
        json!({ "name": "acme", "scopes": ["partner"], "glns": ["9521102000015"], "expires": "2100-01-01" });
    let made = post("/api/v1/keys", &asked);
    let (status, location) = (made.status().as_u16(), header(&made, "location"));
    let made: Value = made.json().unwrap();
    assert_eq!(status, 201, "{made}");
    let key = made["key"].as_str().unwrap();
    let shown: Value = gateway.get(&location).send().unwrap().json().unwrap();
    assert_eq!((&shown["state"], shown.get("key")), (&json!("good"), None));
    let asks = || gateway.get("/epcis/events").bearer_auth(key).send().unwrap().status().as_u16();
    let listed = || gateway.get("/api/v1/keys").bearer_auth(key).send().unwrap().status().as_u16();
    assert_eq!((asks(), listed()), (200, 403));
    let revoked: Value = post(&format!("{location}/revoke"), &json!({ "reason": "lost" })).json().unwrap();
    assert_eq!((&revoked["state"], &revoked["revokedWhy"]), (&json!("revoked"), &json!("lost")));
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(asks(), 401);
    assert_eq!(gateway.get("/api/v1/keys/0000000000").send().unwrap().status(), 404);
    for (body, word) in [
        (json!({ "name": "", "scopes": ["verify"], "anyGln": true }), "name"),
        (json!({ "name": "a", "scopes": ["verify"] }), "anyGln"),
        (json!({ "name": "a", "scopes": [], "anyGln": true }), "scopes"),
        (json!({ "name": "a", "scopes": ["partner"], "anyGln": true }), "scopes"),
        (json!({ "name": "a", "scopes": ["root"], "anyGln": true }), "root"),
        (json!({ "name": "a", "scopes": ["verify"], "glns": ["1"] }), "glns"),
        (json!({ "name": "a", "scopes": ["verify"], "anyGln": true, "expires": "2020-01-01" }), "past"),
    ] {
        let answer = post("/api/v1/keys", &body);
        assert_eq!(answer.status(), 400, "{body}");
        let told = answer.text().unwrap();
        assert!(told.contains(word), "{body}: {told}");
    }
}

#[test]
fn an_open_gateway_is_not_lent_to_other_sites() {
    let gateway = TestGateway::start();
    let named =
        |path: &str, host: &str| gateway.get(path).header("Host", host).send().unwrap().status().as_u16();
    for path in ["/", "/epcis/events", "/api/v1/partners", "/metrics"] {
        assert_eq!(named(path, gateway.authority()), 200, "{path}");
        assert_eq!(named(path, "localhost"), 200, "{path}");
        assert_eq!(named(path, "evil.example"), 403, "{path}");
    }
    let sent = |site: &str| {
        let request = gateway.capture("application/xml", "<x/>").header("Sec-Fetch-Site", site);
        request.send().unwrap().status().as_u16()
    };
    assert_eq!(sent("cross-site"), 403);
    assert_ne!(sent("same-origin"), 403);
}

#[test]
fn only_a_closed_gateway_listens_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let start = |mode: Mode| {
        let mut settings = Settings::read(None).unwrap();
        settings.server.address = "0.0.0.0".parse().unwrap();
        settings.server.port = 0;
        settings.access.mode = mode;
        let path = folder.path().join("epcgate.db");
        let store = Store::open(path.to_str().unwrap(), &settings.store).unwrap();
        epcgate::server::Gateway::start(&settings, &store).map(|gateway| gateway.stop().unwrap())
    };
    let told = start(Mode::Open).unwrap_err().to_string();
    assert!(told.contains("access.mode = \"closed\""), "{told}");
    start(Mode::Closed).unwrap();
}

#[test]
fn people_are_kept_by_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let epcgate = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .arg("people")
            .args(arguments)
            .args(["--data-dir", data, "--output", "json"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let shown: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (output.status.code().unwrap(), shown, String::from_utf8(output.stderr).unwrap())
    };
    let (code, made, told) = epcgate(&["add", "Ann@example.com", "--name", "Ann", "--role", "compliance"]);
    assert_eq!(code, 0, "{told}");
    assert!(made[0]["link"].as_str().unwrap().starts_with("http://127.0.0.1:8080/set-up/"));
    let (code, _, told) = epcgate(&["add", "ann@example.com", "--role", "receiver"]);
    assert!(code == 1 && told.contains("already"), "{told}");
    let (_, listed, _) = epcgate(&["list"]);
    assert_eq!((&listed[0]["login"], &listed[0]["state"]), (&json!("ann@example.com"), &json!("waiting")));
    let (_, again, _) = epcgate(&["link", "ann@example.com"]);
    assert_ne!(again[0]["link"], made[0]["link"]);
    let (_, gone, _) = epcgate(&["revoke", "ann@example.com", "--reason", "left"]);
    assert_eq!(gone[0]["state"], "revoked");
    for (arguments, code, word) in [
        (&["revoke", "bob"][..], 1, "nobody"),
        (&["add", "bob"], 2, "--role"),
        (&["add", "bob", "--role", "root"], 2, "receiver"),
        (&["add", "bob", "--role", "partner"], 2, "GLNs"),
        (&["add", "bob", "--role", "auditor"], 2, "day"),
        (&["add", "bob", "--role", "operator"], 2, "machines"),
    ] {
        let (found, _, told) = epcgate(arguments);
        assert!(found == code && told.contains(word), "{arguments:?}: {found} {told}");
    }
}

#[test]
fn signing_in_is_fit_for_all_browsers() {
    let gateway = closed(None, |_| {});
    let browser = Browser::start();
    let open = |path: &str| browser.open(&format!("http://{}{path}", gateway.authority()));
    let sound = |name: &str| {
        for (width, zoom) in [(1280, 1), (320, 1)] {
            browser.window(width, 800, zoom);
            assert_eq!(browser.accessibility(), [""; 0], "{name} at {width}");
        }
        assert_eq!(browser.complaints(), [""; 0], "{name}");
    };
    let fill = |field: &str, value: &str| {
        browser.value(&format!("document.getElementById('{field}').value = '{value}'"));
    };
    open("/set-up/none");
    assert!(browser.text("document.body.innerText").contains("Ask for another"));
    browser.value("window.violations.splice(0)");
    browser.complaints();
    open(&format!("/set-up/{}", link(gateway.store(), None, 1, TimeDelta::hours(1))));
    sound("set up");
    fill("login", "ann@example.com");
    fill("password", PASSWORD);
    fill("again", PASSWORD);
    browser.value("document.querySelector('form.entry').requestSubmit()");
    browser.wait("document.getElementById('code') !== null");
    sound("signed in");
    browser.scan("0100352999101306", SEPARATORS[0], ENTER);
    browser.wait("['wait', 'scan-problem'].includes(document.body.dataset.verdict)");
    browser.value("document.querySelector('form[action=\"/sign-out\"]').requestSubmit()");
    browser.wait("document.getElementById('password') !== null");
    sound("signed out");
    fill("login", "ann@example.com");
    fill("password", PASSWORD);
    browser.value("document.querySelector('form.entry').requestSubmit()");
    browser.wait("document.getElementById('code') !== null");
}
