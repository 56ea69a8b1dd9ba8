//! A gateway of its own for each test: a fresh database in a folder that goes with it, on a port that is free.

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use epcgate::config::Settings;
use epcgate::server::Gateway;
use epcgate::store::Store;
use reqwest::blocking::Client;
use reqwest::blocking::RequestBuilder;
use reqwest::blocking::Response;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::client;

/// How long a job may take in a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running gateway and a client for it.
pub struct TestGateway {
    gateway: Option<Gateway>,
    client: Client,
    base: String,
    folder: TempDir,
    store: Store,
}

impl TestGateway {
    /// Starts a gateway with the default settings.
    pub fn start() -> TestGateway {
        TestGateway::with(|_| {})
    }

    /// Starts a gateway with other settings.
    pub fn with(change: impl FnOnce(&mut Settings)) -> TestGateway {
        TestGateway::in_folder(tempfile::tempdir().unwrap(), change)
    }

    /// Starts a gateway on the database that an earlier one left in its folder.
    pub fn in_folder(folder: TempDir, change: impl FnOnce(&mut Settings)) -> TestGateway {
        let mut settings = Settings::read(None).unwrap();
        settings.server.port = 0;
        settings.server.threads = 1;
        settings.server.stop_seconds = 5;
        settings.database.url = folder.path().join("epcgate.db").to_str().unwrap().to_owned();
        change(&mut settings);
        let store = Store::open(&settings.database.url, &settings.store).unwrap();
        let gateway = Gateway::start(&settings, &store).unwrap();
        let base = format!("http://{}", gateway.address());
        let client = client().timeout(PATIENCE).build().unwrap();
        TestGateway { gateway: Some(gateway), client, base, folder, store }
    }

    /// The folder of the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database as the gateway has it open.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The address and port.
    pub fn authority(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// A request to a path.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// `GET` of a path.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request("GET", path)
    }

    /// `POST /epcis/capture` of a document of this media type.
    pub fn capture(&self, media_type: &str, document: impl Into<Vec<u8>>) -> RequestBuilder {
        self.post("/epcis/capture", media_type, document)
    }

    /// `POST` of a body of this media type.
    pub fn post(&self, path: &str, media_type: &str, body: impl Into<Vec<u8>>) -> RequestBuilder {
        self.request("POST", path).header("Content-Type", media_type).body(body.into())
    }

    /// Captures a document and waits for the end of its job.
    pub fn captured(&self, media_type: &str, document: impl Into<Vec<u8>>) -> Value {
        self.finished(self.capture(media_type, document).send().unwrap())
    }

    /// Waits for the end of the job that an answer names.
    pub fn finished(&self, accepted: Response) -> Value {
        let (status, location) = (accepted.status(), header(&accepted, "location"));
        assert_eq!(status, 202, "{}", accepted.text().unwrap());
        let began = Instant::now();
        loop {
            let job: Value = self.get(&location).send().unwrap().json().unwrap();
            if job["running"] == false && self.is_reconciled() {
                return job;
            }
            assert!(began.elapsed() < PATIENCE, "{job}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// True once every document is in the ledger, where one is kept.
    fn is_reconciled(&self) -> bool {
        let later = chrono::Utc::now() + chrono::TimeDelta::days(1);
        !self.store.keeps_ledger() || self.store.next_unreconciled(later).unwrap().is_none()
    }

    /// The events that a question in a query string finds, on its first page.
    pub fn events(&self, question: &str) -> Vec<Value> {
        let found: Value = self.get(&format!("/epcis/events?{question}")).send().unwrap().json().unwrap();
        found["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().cloned().unwrap_or_default()
    }

    /// Stops in order and leaves the database.
    pub fn stop(mut self) -> TempDir {
        self.gateway.take().unwrap().stop().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().unwrap();
        }
    }
}

/// A header of an answer; empty where it has none.
pub fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// The failure that an answer is: status, `type` and `detail`.
pub fn failure(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let problem: Value = response.json().unwrap();
    assert_eq!(problem["status"], status);
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    assert!(!text("title").is_empty());
    (status, text("type"), text("detail"))
}

/// Writes a document of this name with these events.
pub type Form = fn(&str, &[u32]) -> String;

/// The three forms of a document, each with its media type.
pub const FORMS: [(&str, Form); 3] =
    [("application/xml", xml_1_2), ("text/xml", xml_2_0), ("application/ld+json", json_ld)];

/// The `eventID` of an event of a document.
pub fn event_id(document: &str, number: u32) -> String {
    format!("urn:uuid:{document}-{number}")
}

/// EPCIS 1.2 with these events: item `n` is shipped in second `n`.
pub fn xml_1_2(document: &str, events: &[u32]) -> String {
    let event = |number: &u32| {
        let (second, id) = (number % 60, event_id(document, *number));
        format!(
            "<ObjectEvent><eventTime>2024-03-04T12:00:{second:02}Z</eventTime>\
             <eventTimeZoneOffset>-05:00</eventTimeZoneOffset>\
             <baseExtension><eventID>{id}</eventID></baseExtension>\
             <epcList><epc>urn:epc:id:sgtin:0614141.107346.{number}</epc></epcList><action>OBSERVE</action>\
             <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep></ObjectEvent>"
        )
    };
    envelope("1", "1.2", &events.iter().map(event).collect::<String>())
}

/// The same as EPCIS 2.0 XML.
pub fn xml_2_0(document: &str, events: &[u32]) -> String {
    let event = |number: &u32| {
        let (second, id) = (number % 60, event_id(document, *number));
        format!(
            "<ObjectEvent><eventTime>2024-03-04T12:00:{second:02}Z</eventTime>\
             <eventTimeZoneOffset>-05:00</eventTimeZoneOffset><eventID>{id}</eventID>\
             <epcList><epc>urn:epc:id:sgtin:0614141.107346.{number}</epc></epcList><action>OBSERVE</action>\
             <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep></ObjectEvent>"
        )
    };
    envelope("2", "2.0", &events.iter().map(event).collect::<String>())
}

fn envelope(namespace: &str, version: &str, events: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:{namespace}\" schemaVersion=\"{version}\" \
         creationDate=\"2024-03-04T12:00:00Z\">\n<EPCISBody><EventList>\n{events}</EventList></EPCISBody>\
         </epcis:EPCISDocument>"
    )
}

/// The same as EPCIS 2.0 JSON-LD.
pub fn json_ld(document: &str, events: &[u32]) -> String {
    let events: Vec<Value> = events.iter().map(|number| json_event(document, *number)).collect();
    serde_json::json!({
        "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2024-03-04T12:00:00Z",
        "epcisBody": { "eventList": events },
    })
    .to_string()
}

/// One of these events in JSON.
pub fn json_event(document: &str, number: u32) -> Value {
    serde_json::json!({
        "type": "ObjectEvent",
        "eventID": event_id(document, number),
        "eventTime": format!("2024-03-04T12:00:{:02}Z", number % 60),
        "eventTimeZoneOffset": "-05:00",
        "epcList": [format!("urn:epc:id:sgtin:0614141.107346.{number}")],
        "action": "OBSERVE",
        "bizStep": "shipping",
    })
}
