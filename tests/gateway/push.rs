//! HTTPS both ways: two gateways as processes of their own over TLS, and endpoints that answer what they should not.

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::store::ArrivalFilter;
use epcgate::store::Content;
use epcgate::store::NewDelivery;
use epcgate::store::Store;
use epcgate::transport;
use epcgate::transport::Cargo;
use epcgate::transport::Outbound;
use epcgate::transport::Outlet;
use epcgate::transport::PartnerChannel;
use epcgate::transport::https;
use epcgate::transport::https::Parcel;
use reqwest::Certificate;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::json_ld;
use crate::harness::xml_1_2;
use crate::https::Answered;
use crate::https::Authority;
use crate::https::Server;
use crate::picking::wait;
use crate::process::Gateway;

/// A gateway and its folder.
struct Member {
    gateway: Gateway,
    folder: TempDir,
}

/// The folder of a gateway with its settings and a secret.
fn settle(authority: &Authority, name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let identity = authority.identity(name);
    let secret = folder.path().join("token");
    fs::write(&secret, "a-token\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let settings = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n[outbound]\nallow_loopback = true\nroots = [{:?}]\nsecrets = {:?}\n",
        identity.certificate,
        identity.key,
        authority.root(),
        folder.path(),
    );
    fs::write(folder.path().join("epcgate.toml"), settings).unwrap();
    folder
}

impl Member {
    fn start(authority: &Authority, folder: TempDir) -> Member {
        let root = Certificate::from_pem(&fs::read(authority.root()).unwrap()).unwrap();
        let file = folder.path().join("epcgate.toml");
        let arguments = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--config",
            file.to_str().unwrap(),
            "--data-dir",
            folder.path().to_str().unwrap(),
        ];
        Member { gateway: Gateway::trusting(&arguments, &[root]), folder }
    }

    /// A key of it for another gateway.
    fn key(&self) -> String {
        let made = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args([
                "keys",
                "add",
                "near",
                "--any-gln",
                "--scope",
                "operator",
                "--output",
                "json",
                "--data-dir",
            ])
            .arg(self.folder.path())
            .output()
            .unwrap();
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        made["key"].as_str().unwrap().to_owned()
    }

    fn url(&self) -> String {
        self.gateway.url("/epcis").replace("127.0.0.1", "localhost")
    }

    fn captures(&self, media_type: &'static str, document: String) {
        let request = self.gateway.client().post(self.gateway.url("/epcis/capture"));
        let answer = request.header("Content-Type", media_type).body(document).send().unwrap();
        assert_eq!(answer.status(), 202);
    }

    /// The identifiers of all events.
    fn events(&self) -> Vec<String> {
        let answer = self.gateway.client().get(self.gateway.url("/epcis/events?perPage=500")).send().unwrap();
        let found: Value = answer.json().unwrap();
        let list = found["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().cloned();
        let mut ids: Vec<String> = list
            .unwrap_or_default()
            .iter()
            .map(|event| event["eventID"].as_str().unwrap_or_default().to_owned())
            .collect();
        ids.sort();
        ids
    }
}

fn store(folder: &TempDir) -> Store {
    Store::open(folder.path().join("epcgate.sqlite").to_str().unwrap(), &Default::default()).unwrap()
}

fn put_channel(store: &Store, by: Value) {
    let channel: PartnerChannel =
        serde_json::from_value(json!({ "id": "acme", "by": { "https": by } })).unwrap();
    channel.check().unwrap();
    store.put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
}

#[test]
fn a_gateway_pushes_to_another_and_pulls_from_it() {
    let authority = Authority::new();
    let far = Member::start(&authority, settle(&authority, "far"));
    let near = settle(&authority, "near");
    fs::write(near.path().join("token"), far.key()).unwrap();
    let own = store(&near);
    put_channel(
        &own,
        json!({
            "url": far.url(),
            "authorization": { "bearer": "token" },
            "push": {},
            "pull": { "query": "EQ_bizStep=shipping", "per_page": 2, "every_seconds": 1 },
        }),
    );
    let near = Member::start(&authority, near);
    let put = |name: &str, media_type: &str, text: String| {
        let delivery = NewDelivery {
            channel: "acme".to_owned(),
            key: name.to_owned(),
            cargo: Cargo::Documents,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            content: Content::Bytes(text.into_bytes()),
        };
        let id = own.put_delivery(&Caller::operator(), &delivery, Utc::now()).unwrap().unwrap();
        wait(|| {
            let delivery = own.delivery(&Caller::operator(), &id).unwrap().unwrap();
            Some(delivery.state.as_str()).filter(|state| matches!(*state, "delivered" | "dead"))
        })
    };
    assert_eq!(put("a.xml", "application/xml", xml_1_2("a", &[1, 2])), "delivered");
    assert_eq!(put("b.jsonld", "application/ld+json", json_ld("b", &[3])), "delivered");
    // The partner refuses it, and would again.
    assert_eq!(put("c.xml", "application/xml", "<a/>".to_owned()), "dead");
    assert_eq!(far.events().len(), 3);
    // What we pushed comes back, as the question asks for it, and what others capture there.
    far.captures("application/xml", xml_1_2("d", &[4, 5, 6, 7]));
    wait(|| Some(()).filter(|()| near.events().len() == 7));
    far.captures("application/ld+json", json_ld("e", &[8]));
    wait(|| Some(()).filter(|()| near.events().len() == 8));
    assert_eq!(near.events(), far.events());
    // Looks without anything new leave nothing.
    let came = || own.arrivals(&Caller::operator(), &ArrivalFilter::default(), None, 1_000).unwrap().len();
    let looked = || own.turn(&Caller::operator(), "acme").unwrap().unwrap();
    let after = |count: usize| {
        (0..count).for_each(|_| {
            let before = looked().ended_at;
            wait(|| Some(()).filter(|()| looked().ended_at != before));
        });
    };
    after(2);
    let (before, mark) = (came(), looked().mark);
    assert!(!mark.is_empty());
    after(2);
    assert_eq!((came(), looked().mark), (before, mark));
    assert!(near.folder.path().exists());
}

/// Pushes a small document to an endpoint that answers so; what comes of it.
fn pushed(answer: impl Fn(usize, &str) -> Answered + Send + Sync + 'static) -> Result<String, String> {
    let authority = Authority::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start(&authority.identity("partner"), move |request| {
        assert_eq!(request.header("x-api-key"), Some("a-token"));
        answer(asked.fetch_add(1, Ordering::SeqCst), &request.target)
    });
    let folder = settle(&authority, "near");
    let outbound = Outbound::new(&transport::Settings {
        allow_loopback: true,
        roots: vec![authority.root()],
        secrets: folder.path().to_owned(),
        ..transport::Settings::default()
    });
    let settings: https::Settings = serde_json::from_value(json!({
        "url": format!("{}/epcis", server.url()),
        "authorization": { "header": { "name": "X-API-Key", "secret": "token" } },
        "push": { "job_seconds": 2 },
    }))
    .unwrap();
    let parcel = Parcel { id: "1", media_type: "application/xml", version: "1.2.0", bytes: 4 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let body = Outlet::of(Cursor::new(b"<a/>".to_vec()));
        let pushed = https::push(&outbound.unwrap(), &settings, parcel, body).await;
        pushed.map(|pushed| pushed.said).map_err(|error| format!("{} {error}", error.is_final()))
    })
}

fn answered(status: u16, location: Option<&str>, body: Value) -> Answered {
    let headers = location.map(|to| ("Location".to_owned(), to.to_owned())).into_iter().collect();
    Answered { status, headers, ..Answered::json(&body) }
}

#[test]
fn a_job_is_followed_to_its_end_and_nowhere_else() {
    let job = |running: bool, success: bool| json!({ "running": running, "success": success, "finishedAt": "then" });
    let run = |last: Value| {
        pushed(move |count, target| match (count, target) {
            (0, "/epcis/capture") => answered(202, Some("/epcis/capture/7"), json!({})),
            (1, "/epcis/capture/7") => answered(503, None, json!({})),
            (2, "/epcis/capture/7") => answered(200, None, job(true, true)),
            (_, "/epcis/capture/7") => answered(200, None, last.clone()),
            _ => answered(404, None, json!({})),
        })
    };
    assert_eq!(run(job(false, true)), Ok("captured, then".to_owned()));
    assert!(run(job(false, false)).unwrap_err().starts_with("true the partner's job"));
    assert!(run(job(true, true)).unwrap_err().contains("has not ended within 2 seconds"));
    for elsewhere in ["https://evil.example/7", "https://localhost:1/7", "http://localhost/7"] {
        let failed = pushed(move |_, _| answered(202, Some(elsewhere), json!({}))).unwrap_err();
        assert!(failed.contains("not at the host of the channel"), "{failed}");
    }
    assert!(pushed(|_, _| answered(200, None, json!({}))).unwrap().contains("no job"));
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_partner() {
    for (status, last) in [(400, true), (401, false), (413, true), (429, false), (500, false), (302, false)] {
        let failed = pushed(move |_, _| {
            answered(status, Some("https://localhost/x"), json!({ "title": "No", "detail": "because" }))
        });
        let failed = failed.unwrap_err();
        assert!(failed.starts_with(&last.to_string()) && failed.contains("No because"), "{status}: {failed}");
    }
}
