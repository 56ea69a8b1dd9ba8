//! `kill -9` in the middle of captures: what was acknowledged is there, whole, and nothing is there in part.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use reqwest::blocking::Client;
use serde_json::Value;

use crate::postgres;
use crate::process::AUDIT_KEY;
use crate::process::Gateway;
use crate::process::client;

/// Events in each document, so that a half one would show.
const EVENTS: usize = 40;

/// What the sender knows of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    /// It was acknowledged.
    Acknowledged,
    /// No answer came: it may be there or not.
    Unknown,
}

/// How often to kill: some by default, all with `EPCGATE_KILLS`.
fn kills() -> u64 {
    std::env::var("EPCGATE_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(6)
}

#[test]
fn sqlite_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    survives(&["--data-dir", folder.path().to_str().unwrap()]);
}

#[test]
fn postgresql_survives_kill_9() {
    let url = postgres::database("crash");
    survives(&["--database", &url]);
}

fn survives(arguments: &[&str]) {
    let known = Arc::new(Mutex::new(BTreeMap::new()));
    let next = Arc::new(AtomicU64::new(1));
    let mut dice = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..kills() {
        let mut gateway = Gateway::start(arguments);
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let (known, next, stop, base) =
                    (known.clone(), next.clone(), stop.clone(), gateway.url("/epcis/capture"));
                thread::spawn(move || send(&base, &known, &next, &stop))
            })
            .collect();
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        thread::sleep(Duration::from_millis(50 + dice % 600));
        gateway.kill();
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().unwrap();
        }
        if round % 5 == 4 || round + 1 == kills() {
            let gateway = Gateway::start(arguments);
            compare(&gateway, &known.lock().unwrap());
            trail_is_whole(arguments, &known.lock().unwrap());
        }
    }
    let known = known.lock().unwrap();
    let acknowledged = known.values().filter(|known| **known == Known::Acknowledged).count();
    println!(
        "{} kills: {acknowledged} documents acknowledged, {} unknown",
        kills(),
        known.len() - acknowledged
    );
    assert!(
        acknowledged as u64 >= kills(),
        "too few documents were acknowledged to prove anything: {acknowledged}"
    );
}

/// Sends documents one after another until the gateway is gone.
fn send(url: &str, known: &Mutex<BTreeMap<u64, Known>>, next: &AtomicU64, stop: &AtomicBool) {
    let client = client().timeout(Duration::from_secs(10)).build().unwrap();
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        known.lock().unwrap().insert(number, Known::Unknown);
        let request = client.post(url).header("Content-Type", "application/xml").body(document(number));
        match request.send() {
            Ok(answer) if answer.status() == 202 => {
                known.lock().unwrap().insert(number, Known::Acknowledged);
            }
            Ok(answer) => panic!("document {number}: {}", answer.text().unwrap_or_default()),
            Err(_) => return,
        }
    }
}

fn compare(gateway: &Gateway, known: &BTreeMap<u64, Known>) {
    let client = client().timeout(Duration::from_secs(30)).build().unwrap();
    settle(gateway, &client);
    for (number, known) in known {
        let found = count(gateway, &client, *number);
        let right = found == EVENTS || (*known == Known::Unknown && found == 0);
        assert!(right, "document {number} is {known:?} and has {found} of {EVENTS} events");
    }
}

/// The audit trail has no gap, is what was signed, and has each document that was acknowledged.
fn trail_is_whole(arguments: &[&str], known: &BTreeMap<u64, Known>) {
    let folder = tempfile::tempdir().unwrap();
    let (key, trail) = (folder.path().join("audit.key"), folder.path().join("trail"));
    let run = |action: &[&str], more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_epcgate"));
        command.env("EPCGATE_AUDIT__KEY_FILE", AUDIT_KEY);
        let done = command.arg("audit").args(action).args(more).output().unwrap();
        assert!(done.status.success(), "{action:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    std::fs::write(&key, run(&["key"], arguments)).unwrap();
    run(&["export", trail.to_str().unwrap()], arguments);
    run(&["verify", trail.to_str().unwrap(), "--key", key.to_str().unwrap()], &[]);
    let received =
        run(&["list", "--act", "documents.received", "--output", "json"], arguments).lines().count();
    let acknowledged = known.values().filter(|known| **known == Known::Acknowledged).count();
    assert!(received >= acknowledged, "{received} acts of {acknowledged} documents");
}

/// Waits until no job is running.
fn settle(gateway: &Gateway, client: &Client) {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let jobs = client.get(gateway.url("/epcis/capture?perPage=1000")).send().unwrap();
        let jobs: Value = serde_json::from_str(&jobs.text().unwrap()).unwrap();
        let jobs = jobs.as_array().expect("a list of jobs");
        if jobs.iter().all(|job| job["running"] == Value::Bool(false)) {
            return;
        }
        assert!(Instant::now() < deadline, "jobs are still running");
        thread::sleep(Duration::from_millis(100));
    }
}

fn count(gateway: &Gateway, client: &Client, number: u64) -> usize {
    let question = format!(
        "/epcis/events?EQ_bizTransaction_po=urn:epcglobal:cbv:bt:9521101000017:{number}&perPage=1000"
    );
    let answer = client.get(gateway.url(&question)).send().unwrap().text().unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let events = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array();
    events.unwrap_or_else(|| panic!("no event list: {answer}")).len()
}

/// A document whose events all name the purchase order of this number, and each an item of its own.
fn document(number: u64) -> String {
    let mut text = String::from(concat!(
        r#"<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2" "#,
        r#"creationDate="2026-03-05T18:00:00Z"><EPCISBody><EventList>"#
    ));
    for event in 0..EVENTS {
        text += &format!(
            "<ObjectEvent><eventTime>2026-03-04T06:00:00.000Z</eventTime><eventTimeZoneOffset>-05:00</eventTimeZoneOffset>\
             <epcList><epc>urn:epc:id:sgtin:0352999.010130.{number}-{event}</epc></epcList><action>OBSERVE</action>\
             <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep><bizTransactionList>\
             <bizTransaction type=\"urn:epcglobal:cbv:btt:po\">urn:epcglobal:cbv:bt:9521101000017:{number}</bizTransaction>\
             </bizTransactionList></ObjectEvent>"
        );
    }
    text + "</EventList></EPCISBody></epcis:EPCISDocument>"
}

#[test]
fn sqlite_commits_with_synchronous_full() {
    let folder = tempfile::tempdir().unwrap();
    let store = epcgate::store::Store::open(
        folder.path().join("epcgate.sqlite").to_str().unwrap(),
        &epcgate::store::Settings::default(),
    )
    .unwrap();
    let durability = store.durability().unwrap();
    assert_eq!((durability.synchronous.as_str(), durability.journal.as_str()), ("full", "wal"));
    assert!(Path::new(&folder.path().join("epcgate.sqlite")).exists());
}
