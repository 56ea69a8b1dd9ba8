//! Verifications under load, by 5, 10, 20 and 40 users, of whose questions one in ten is not in the directory, one in twenty does
//! not match, and one in fifty goes to a provider that never answers. `EPCGATE_LONG_SECONDS` shortens each stage of 30 seconds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::https::Authority;
use crate::process::Gateway;
use crate::process::client;
use crate::provider::GLN;
use crate::provider::Provider;

const HEALTHY: &str = "00300010123455";
const DEAD: &str = "00300010000015";
const UNKNOWN: &str = "00300010000022";

fn seconds() -> u64 {
    std::env::var("EPCGATE_LONG_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(30)
}

/// The trade item and serial number of a question, and the verdict there must be.
fn question(number: u64, dead: bool) -> (&'static str, String, &'static str) {
    match number % 100 {
        0 | 50 if dead => (DEAD, format!("stall-{number}"), "wait"),
        tenth if tenth % 10 == 5 => (UNKNOWN, format!("ok-{number}"), "wait"),
        twentieth if twentieth % 20 == 7 => (HEALTHY, format!("serial-{number}"), "do-not-use"),
        _ => (HEALTHY, format!("ok-{number}"), "ok"),
    }
}

/// What one user asks until the time is over: how long each healthy question took.
fn user(gateway: &Gateway, numbers: &AtomicU64, (dead, until): (bool, Instant)) -> Vec<Duration> {
    let client = client().timeout(Duration::from_secs(30)).build().unwrap();
    let mut healthy = Vec::new();
    while Instant::now() < until {
        let (gtin, serial, expected) = question(numbers.fetch_add(1, Ordering::Relaxed), dead);
        let body = json!({ "gtin": gtin, "serial": serial, "lot": "L7", "expiry": "740331" }).to_string();
        let began = Instant::now();
        let request = client.post(gateway.url("/api/v1/verifications"));
        let answer = request.header("Content-Type", "application/json").body(body).send().unwrap();
        let (status, text) = (answer.status(), answer.text().unwrap());
        assert_eq!(status, 200, "{text}");
        let said: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(said["verdict"], expected, "{said}");
        if gtin == HEALTHY {
            healthy.push(began.elapsed());
        }
    }
    healthy
}

/// Lets so many users ask for a while; how many healthy questions a second, and the time that 99 of 100 of them took at most.
fn stage(
    gateway: &Arc<Gateway>,
    numbers: &Arc<AtomicU64>,
    users: usize,
    (dead, most): (bool, Duration),
) -> (f64, Duration) {
    let until = Instant::now() + most;
    let asking: Vec<_> = (0..users)
        .map(|_| {
            let (gateway, numbers) = (gateway.clone(), numbers.clone());
            thread::spawn(move || user(&gateway, &numbers, (dead, until)))
        })
        .collect();
    let mut healthy: Vec<Duration> = asking.into_iter().flat_map(|user| user.join().unwrap()).collect();
    healthy.sort();
    assert!(healthy.len() > 20, "too few to tell");
    let p99 = healthy[(healthy.len() - 1) * 99 / 100];
    (healthy.len() as f64 / most.as_secs_f64(), p99)
}

#[test]
fn every_answer_is_right_and_the_dead_cost_the_healthy_nothing() {
    let authority = Authority::new();
    let (north, dead) = (Provider::start(&authority, "north"), Provider::start(&authority, "dead"));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let config = folder.path().join("epcgate.toml");
    let text = format!(
        "[outbound]\nallow_loopback = true\nroots = [{:?}]\nidle_per_host = 64\n\
         [routing]\nrequester = \"9521101000016\"\ndeadline_milliseconds = 1000\nconcurrency = 64\n",
        authority.root()
    );
    std::fs::write(&config, text).unwrap();
    let arguments = ["--data-dir", folder.path().to_str().unwrap(), "--config", config.to_str().unwrap()];
    let gateway = Arc::new(Gateway::start(&arguments));
    let records = json!([
        { "gtin": HEALTHY, "url": north.url(), "provider": "north", "responderGLN": GLN },
        { "gtin": DEAD, "url": dead.url(), "provider": "dead", "responderGLN": GLN },
    ]);
    let client = client().timeout(Duration::from_secs(60)).build().unwrap();
    let request = client.post(gateway.url("/api/v1/directory")).header("Content-Type", "application/json");
    assert_eq!(request.body(records.to_string()).send().unwrap().status(), 200);
    let numbers = Arc::new(AtomicU64::new(0));
    for users in [5, 10, 20, 40] {
        let most = Duration::from_secs(seconds());
        let (_, alone) = stage(&gateway, &numbers, users, (false, most / 3));
        let (pace, beside) = stage(&gateway, &numbers, users, (true, most));
        println!(
            "{users:>2} users {pace:>6.0} healthy questions/s, p99 {beside:?}; without the dead provider {alone:?}"
        );
        assert!(beside < alone * 2 + Duration::from_millis(50), "{users} users: {beside:?} beside {alone:?}");
    }
    // What is asked again later has the corrUUID of its question.
    let table = client
        .get(gateway.url("/api/v1/verifications?format=csv&direction=asked"))
        .send()
        .unwrap()
        .text()
        .unwrap();
    let asked: BTreeSet<&str> = table.lines().skip(1).filter_map(correlation).collect();
    assert_eq!(asked.len() as u64, numbers.load(Ordering::Relaxed), "questions were lost");
    println!("{} questions asked and written down", asked.len());
}

/// The UUID of version 4 in a row; names of records are of version 7.
fn correlation(row: &str) -> Option<&str> {
    row.split(',').find(|cell| cell.len() == 36 && cell.as_bytes().get(14) == Some(&b'4'))
}
