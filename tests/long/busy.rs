//! Small documents are captured and found while the large one is being captured.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use reqwest::blocking::Client;
use serde_json::Value;

use crate::large_document;
use crate::process::Gateway;
use crate::process::client;

/// What we promise for 95 of 100.
const MOST: Duration = Duration::from_millis(500);

#[test]
fn small_documents_are_not_held_up_by_a_large_one() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let gateway = Arc::new(Gateway::start(&["--data-dir", folder.path().to_str().unwrap()]));
    let done = Arc::new(AtomicBool::new(false));
    let large = {
        let (gateway, done) = (gateway.clone(), done.clone());
        thread::spawn(move || {
            let began = Instant::now();
            let client = client().timeout(None).build().unwrap();
            let request =
                client.post(gateway.url("/epcis/capture")).header("Content-Type", "application/xml");
            let answer = request.body(File::open(large_document()).unwrap()).send().unwrap();
            assert_eq!(answer.status(), 202, "{}", answer.text().unwrap());
            let job = answer.headers()["Location"].to_str().unwrap().to_owned();
            let taken = began.elapsed();
            finish(&gateway, &client, &job, Duration::from_millis(500));
            println!(
                "large    received in {:.1} s, captured in {:.1} s",
                taken.as_secs_f64(),
                began.elapsed().as_secs_f64()
            );
            done.store(true, Ordering::Relaxed);
        })
    };
    let client = client().timeout(Duration::from_secs(60)).build().unwrap();
    let (mut captures, mut queries) = (Vec::new(), Vec::new());
    let mut number = 0;
    while !done.load(Ordering::Relaxed) {
        number += 1;
        captures.push(capture(&gateway, &client, number));
        queries.push(query(&gateway, &client, number));
        thread::sleep(Duration::from_millis(50));
    }
    large.join().unwrap();
    for (what, times) in [("captures", &mut captures), ("queries", &mut queries)] {
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let (median, p95, most) = (at(0.5), at(0.95), at(1.0));
        println!(
            "{what:<8} {} small ones meanwhile: median {median:?}, p95 {p95:?}, longest {most:?}",
            times.len()
        );
        assert!(times.len() > 20, "too few {what} to tell");
        assert!(p95 < MOST, "p95 of small {what} is {p95:?}; {MOST:?} are promised");
    }
}

/// Sends a small document and waits until it is captured.
fn capture(gateway: &Gateway, client: &Client, number: u64) -> Duration {
    let began = Instant::now();
    let request = client.post(gateway.url("/epcis/capture")).header("Content-Type", "application/xml");
    let answer = request.body(document(number)).send().unwrap();
    assert_eq!(answer.status(), 202, "{}", answer.text().unwrap());
    let job = answer.headers()["Location"].to_str().unwrap().to_owned();
    finish(gateway, client, &job, Duration::from_millis(5));
    began.elapsed()
}

fn finish(gateway: &Gateway, client: &Client, job: &str, pause: Duration) {
    let path =
        job.strip_prefix("http://").and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap_or(job);
    loop {
        let job: Value =
            serde_json::from_str(&client.get(gateway.url(path)).send().unwrap().text().unwrap()).unwrap();
        if job["running"] == Value::Bool(false) {
            assert_eq!(job["success"], Value::Bool(true), "{job}");
            return;
        }
        thread::sleep(pause);
    }
}

fn query(gateway: &Gateway, client: &Client, number: u64) -> Duration {
    let began = Instant::now();
    let question = format!("/epcis/events?MATCH_epc=urn:epc:id:sgtin:0352999.010130.SMALL{number}-3");
    let text = client.get(gateway.url(&question)).send().unwrap().text().unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    let events = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().map(Vec::len);
    assert_eq!(events, Some(1), "{text}");
    began.elapsed()
}

fn document(number: u64) -> String {
    let epcs: String = (0..12)
        .map(|item| format!("<epc>urn:epc:id:sgtin:0352999.010130.SMALL{number}-{item}</epc>"))
        .collect();
    format!(
        "<epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\" schemaVersion=\"1.2\" \
         creationDate=\"2026-03-05T18:00:00Z\"><EPCISBody><EventList><ObjectEvent><eventTime>2026-03-04T06:00:00.000Z\
         </eventTime><eventTimeZoneOffset>-05:00</eventTimeZoneOffset><epcList>{epcs}</epcList><action>OBSERVE</action>\
         <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep></ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"
    )
}
