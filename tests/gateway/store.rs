//! The store from outside, the same on SQLite, on PostgreSQL, and on PostgreSQL over TLS.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::epcis::Action;
use epcgate::epcis::CaptureDefect;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::epcis::CaptureJob;
use epcgate::epcis::ErrorDeclaration;
use epcgate::epcis::Event;
use epcgate::epcis::EventTime;
use epcgate::epcis::Header;
use epcgate::epcis::Sbdh;
use epcgate::epcis::What;
use epcgate::epcis::ZoneOffset;
use epcgate::formats::Syntax;
use epcgate::gs1::Epc;
use epcgate::store::Added;
use epcgate::store::Batch;
use epcgate::store::Begin;
use epcgate::store::CaptureSession;
use epcgate::store::NewJob;
use epcgate::store::Outcome;
use epcgate::store::Settings;
use epcgate::store::Store;
use epcgate::store::StoreError;
use epcgate::store::Work;

use crate::postgres;

/// Runs each test on each database.
macro_rules! on_each_database {
    ($($test:ident,)*) => {
        mod sqlite {
            $(#[test] fn $test() {
                let folder = tempfile::tempdir().unwrap();
                super::$test(folder.path().join("epcgate.db").to_str().unwrap());
            })*
        }
        mod postgresql {
            $(#[test] fn $test() {
                super::$test(&crate::postgres::database(stringify!($test)));
            })*
        }
        mod postgresql_tls {
            $(#[test] fn $test() {
                super::$test(&crate::postgres::tls_database(stringify!($test)));
            })*
        }
    };
}

on_each_database! {
    receives_captures_and_publishes,
    an_unfinished_document_is_removed,
    the_same_bytes_are_one_job,
    an_instance_identifier_stands_for_one_document,
    equal_events_are_linked,
    other_content_under_one_event_id_is_a_conflict,
    an_error_declaration_is_kept_beside_its_event,
    a_refused_document_leaves_nothing_visible,
    a_job_whose_worker_died_is_taken_up_again,
    a_job_begun_in_vain_ten_times_fails,
    a_worker_that_lost_its_lease_writes_nothing,
    two_documents_at_once_keep_one_of_equal_events,
    many_workers_publish_in_one_order,
    several_processes_open_a_new_database,
    large_events_take_blocks_of_their_own,
}

fn settings() -> Settings {
    Settings { lease_seconds: 1, ..Settings::default() }
}

fn open(url: &str) -> Store {
    Store::open(url, &settings()).unwrap()
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

fn event(id: Option<&str>, serials: std::ops::Range<u32>) -> Event {
    let epcs =
        serials.map(|serial| Epc::parse(&format!("urn:epc:id:sgtin:0614141.012345.{serial}"))).collect();
    let what = What::Object { action: Action::Observe, epcs, quantities: vec![] };
    let mut event = Event::new(EventTime::parse("2024-03-04T06:00:00Z").unwrap(), ZoneOffset::UTC, what);
    event.id = id.map(Into::into);
    event
}

/// A hash as distinct as the events of these tests are.
fn hash(event: &Event) -> [u8; 32] {
    let mut hash = [0; 32];
    for (at, byte) in format!("{:?}", event.what).bytes().enumerate() {
        hash[at % 32] = u8::wrapping_mul(hash[at % 32], 31).wrapping_add(byte).rotate_left(1);
    }
    hash
}

fn receive(store: &Store, bytes: &[u8]) -> NewJob {
    let mut receiving = store.receive(now()).unwrap();
    receiving.write_all(bytes).unwrap();
    let received = receiving.finish().unwrap();
    store.create_job(&Caller::operator(), received, CaptureErrorBehaviour::Rollback, now()).unwrap()
}

fn begin(store: &Store, header: &Header) -> (Work, CaptureSession) {
    let work = store.take_job("worker", None, now()).unwrap().unwrap();
    match store.begin_capture(&work, header, Syntax::Xml).unwrap() {
        Begin::Ready(session) => (work, session),
        Begin::InstanceReused(job) => panic!("instance reused: {job:?}"),
    }
}

fn add(store: &Store, session: &mut CaptureSession, events: &[Event]) -> Result<Added, StoreError> {
    let mut batch = Batch::new().unwrap();
    for (position, event) in events.iter().enumerate() {
        batch.push(position as u64, event, &hash(event)).unwrap();
    }
    store.add_events(session, &mut batch)
}

fn publish(store: &Store, session: CaptureSession, read: usize) -> CaptureJob {
    let outcome = Outcome { events_read: read as u64, defects: vec![] };
    store.publish(session, &Header::default(), outcome, now()).unwrap()
}

/// Captures these events as one document from beginning to end.
fn capture(store: &Store, bytes: &[u8], events: &[Event]) -> CaptureJob {
    let new = receive(store, bytes);
    assert!(!new.earlier);
    let (_, mut session) = begin(store, &Header::default());
    assert_eq!(add(store, &mut session, events).unwrap().conflicts, []);
    let job = publish(store, session, events.len());
    assert_eq!(job.id, new.job.id);
    job
}

fn found(store: &Store, id: &str) -> usize {
    store.event(&Caller::operator(), id).unwrap().len()
}

fn receives_captures_and_publishes(url: &str) {
    let store = open(url);
    let bytes: Vec<u8> =
        (0..3_000_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let new = receive(&store, &bytes);
    assert!(new.job.running && new.job.success);
    assert_eq!(store.job(&Caller::operator(), &new.job.id).unwrap(), Some(new.job.clone()));

    let mut input = store.input(new.job.document).unwrap();
    let mut read = Vec::new();
    input.read_to_end(&mut read).unwrap();
    assert!(read == bytes);
    input.seek(SeekFrom::Start(5_000_000)).unwrap();
    let mut some = [0; 16];
    input.read_exact(&mut some).unwrap();
    assert_eq!(some, bytes[5_000_000..5_000_016]);

    let (_, mut session) = begin(&store, &Header::default());
    let events = [event(Some("urn:uuid:1"), 0..3), event(None, 3..6)];
    let added = add(&store, &mut session, &events).unwrap();
    assert_eq!(added, Added { stored: 2, linked: 0, conflicts: vec![] });
    assert_eq!(found(&store, "urn:uuid:1"), 0);
    let before = now();
    let job = publish(&store, session, 2);
    assert!(!job.running && job.success && job.finished_at.is_some());
    assert_eq!((job.events_read, job.events_stored, job.events_linked, job.attempts), (2, 2, 0, 1));
    let stored = store.event(&Caller::operator(), "urn:uuid:1").unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].event.what, events[0].what);
    assert_eq!(stored[0].hash, hash(&events[0]));
    assert!(stored[0].record_time.microseconds() >= before.timestamp_micros());
    assert_eq!(store.jobs(&Caller::operator(), None, 10).unwrap(), [job]);
    assert!(store.take_job("worker", None, now()).unwrap().is_none());
}

fn an_unfinished_document_is_removed(url: &str) {
    let store = open(url);
    let mut receiving = store.receive(now()).unwrap();
    let noise: Vec<u8> =
        (0..1_000_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    receiving.write_all(&noise).unwrap();
    drop(receiving);
    let mut receiving = store.receive(now()).unwrap();
    receiving.write_all(&noise).unwrap();
    std::mem::forget(receiving);
    assert_eq!(store.sweep(now()).unwrap(), 0);
    assert_eq!(store.sweep(now() + TimeDelta::seconds(5)).unwrap(), 1);
    assert_eq!(store.sweep(now() + TimeDelta::seconds(5)).unwrap(), 0);
}

fn the_same_bytes_are_one_job(url: &str) {
    let store = open(url);
    let first = capture(&store, b"<same/>", &[event(Some("urn:uuid:1"), 0..1)]);
    let again = receive(&store, b"<same/>");
    assert!(again.earlier);
    assert_eq!(again.job, first);
    assert!(!receive(&store, b"<other/>").earlier);
    // Asked again after an answer that was lost, the job is the same.
    let mut receiving = store.receive(now()).unwrap();
    receiving.write_all(b"<third/>").unwrap();
    let received = receiving.finish().unwrap();
    let create = || {
        let behaviour = CaptureErrorBehaviour::Proceed;
        store.create_job(&Caller::operator(), received.clone(), behaviour, now()).unwrap()
    };
    assert_eq!(create(), create());
}

fn an_instance_identifier_stands_for_one_document(url: &str) {
    let store = open(url);
    let sbdh = Sbdh::from_parts("urn:epc:id:sgln:0614141.00001.0", "", "42", "");
    let header = Header { sbdh: Some(sbdh), ..Header::default() };
    receive(&store, b"one");
    let (first, session) = begin(&store, &header);
    publish(&store, session, 0);
    receive(&store, b"two");
    let work = store.take_job("worker", None, now()).unwrap().unwrap();
    // The same sender, named by its bare GLN.
    let sbdh = Sbdh::from_parts("0614141000012", "", "42", "");
    let header = Header { sbdh: Some(sbdh), ..Header::default() };
    let begun = store.begin_capture(&work, &header, Syntax::Xml).unwrap();
    let Begin::InstanceReused(Some(job)) = begun else { panic!("it began") };
    assert_eq!(*job, *first.job.id);
    let refused = store.refuse(&work, 0, vec![], now()).unwrap();
    assert!(!refused.success && !refused.running);
}

fn equal_events_are_linked(url: &str) {
    let store = open(url);
    let events = [event(Some("urn:uuid:1"), 0..2), event(None, 2..4)];
    capture(&store, b"first", &events);
    let restated = [
        events[1].clone(),
        event(None, 4..5),
        event(None, 4..5),
        events[0].clone(),
        event(Some("urn:uuid:1b"), 0..2),
    ];
    let job = capture(&store, b"second", &restated);
    assert_eq!((job.events_stored, job.events_linked), (2, 3));
    assert_eq!(found(&store, "urn:uuid:1"), 1);
    assert_eq!(found(&store, "urn:uuid:1b"), 1);
}

fn other_content_under_one_event_id_is_a_conflict(url: &str) {
    let store = open(url);
    capture(&store, b"first", &[event(Some("urn:uuid:1"), 0..2)]);
    receive(&store, b"second");
    let (_, mut session) = begin(&store, &Header::default());
    let events =
        [event(Some("urn:uuid:2"), 5..6), event(Some("urn:uuid:1"), 1..2), event(Some("urn:uuid:2"), 6..7)];
    let added = add(&store, &mut session, &events).unwrap();
    let positions: Vec<u64> = added.conflicts.iter().map(|conflict| conflict.position).collect();
    assert_eq!((added.stored, positions), (1, vec![1, 2]));
    publish(&store, session, 3);
    assert_eq!(found(&store, "urn:uuid:1"), 1);
}

fn an_error_declaration_is_kept_beside_its_event(url: &str) {
    let store = open(url);
    let original = event(Some("urn:uuid:1"), 0..2);
    capture(&store, b"first", std::slice::from_ref(&original));
    let declared_at = |time: &str| {
        let mut event = original.clone();
        event.error_declaration = Some(Box::new(ErrorDeclaration {
            declaration_time: EventTime::parse(time).unwrap(),
            reason: None,
            corrective_event_ids: vec![],
            extensions: vec![],
        }));
        event
    };
    let declarations = [declared_at("2024-03-05T06:00:00Z"), declared_at("2024-03-06T06:00:00Z")];
    let job = capture(&store, b"second", &declarations);
    assert_eq!((job.events_stored, job.events_linked), (2, 0));
    assert_eq!(found(&store, "urn:uuid:1"), 3);
    let job = capture(&store, b"third", &[declarations[1].clone()]);
    assert_eq!((job.events_stored, job.events_linked), (0, 1));
}

fn a_refused_document_leaves_nothing_visible(url: &str) {
    let store = open(url);
    receive(&store, b"bad");
    let (work, mut session) = begin(&store, &Header::default());
    let events: Vec<Event> = (0..1_200).map(|n| event(Some(&format!("urn:uuid:{n}")), n..n + 3)).collect();
    add(&store, &mut session, &events).unwrap();
    let defect = CaptureDefect { rule: "x".into(), is_error: true, ..CaptureDefect::default() };
    let job = store.refuse(&work, 1_200, vec![defect.clone()], now()).unwrap();
    assert!(!job.running && !job.success);
    assert_eq!((job.events_stored, job.defects), (0, vec![defect]));
    assert_eq!(found(&store, "urn:uuid:7"), 0);
    // The same bytes may be sent again, and its events are new ones.
    let again = capture(&store, b"bad", &events);
    assert_eq!((again.events_stored, again.events_linked), (1_200, 0));
    assert_eq!(found(&store, "urn:uuid:7"), 1);
}

fn a_job_whose_worker_died_is_taken_up_again(url: &str) {
    let store = open(url);
    receive(&store, b"once");
    let (_, mut session) = begin(&store, &Header::default());
    add(&store, &mut session, &[event(Some("urn:uuid:1"), 0..2), event(None, 7..9)]).unwrap();
    assert!(store.take_job("other", None, now()).unwrap().is_none());
    let later = now() + TimeDelta::seconds(5);
    let work = store.take_job("other", None, later).unwrap().unwrap();
    assert_eq!(work.job.attempts, 2);
    let Begin::Ready(mut second) = store.begin_capture(&work, &Header::default(), Syntax::Xml).unwrap()
    else {
        panic!("it did not begin");
    };
    let added = add(&store, &mut second, &[event(Some("urn:uuid:1"), 0..2)]).unwrap();
    assert_eq!((added.stored, added.linked), (1, 0));
    assert_eq!(publish(&store, second, 1).events_stored, 1);
    assert_eq!(found(&store, "urn:uuid:1"), 1);
}

fn a_job_begun_in_vain_ten_times_fails(url: &str) {
    let store = open(url);
    let new = receive(&store, b"poison");
    let mut time = now();
    for attempt in 1..=10 {
        assert_eq!(store.take_job("worker", None, time).unwrap().unwrap().job.attempts, attempt);
        time += TimeDelta::seconds(5);
    }
    assert!(store.take_job("worker", None, time).unwrap().is_none());
    let job = store.job(&Caller::operator(), &new.job.id).unwrap().unwrap();
    assert!(!job.running && !job.success);
    assert_eq!(&*job.defects[0].rule, "capture-abandoned");
}

fn a_worker_that_lost_its_lease_writes_nothing(url: &str) {
    let store = open(url);
    receive(&store, b"slow");
    let (_, mut slow) = begin(&store, &Header::default());
    let later = now() + TimeDelta::seconds(5);
    let work = store.take_job("quick", None, later).unwrap().unwrap();
    let refused = add(&store, &mut slow, &[event(Some("urn:uuid:1"), 0..2)]);
    assert!(matches!(refused, Err(StoreError::LeaseLost)));
    let outcome = Outcome::default();
    assert!(matches!(store.publish(slow, &Header::default(), outcome, now()), Err(StoreError::LeaseLost)));
    let Begin::Ready(session) = store.begin_capture(&work, &Header::default(), Syntax::Xml).unwrap() else {
        panic!("it did not begin");
    };
    assert!(publish(&store, session, 0).success);
}

fn two_documents_at_once_keep_one_of_equal_events(url: &str) {
    let store = open(url);
    let same: Vec<Event> = (0..600).map(|n| event(Some(&format!("urn:uuid:{n}")), n..n + 2)).collect();
    receive(&store, b"one");
    let (_, mut one) = begin(&store, &Header::default());
    receive(&store, b"two");
    let (_, mut two) = begin(&store, &Header::default());
    add(&store, &mut one, &same).unwrap();
    let mut other = same.clone();
    other.push(event(Some("urn:uuid:own"), 900..901));
    other.push(other[5].clone());
    add(&store, &mut two, &other).unwrap();
    publish(&store, one, 600);
    let job = publish(&store, two, 602);
    assert_eq!((job.events_stored, job.events_linked, job.success), (1, 601, true));
    assert_eq!(found(&store, "urn:uuid:5"), 1);
    assert_eq!(found(&store, "urn:uuid:own"), 1);

    receive(&store, b"three");
    let (_, mut three) = begin(&store, &Header::default());
    receive(&store, b"four");
    let (_, mut four) = begin(&store, &Header::default());
    add(&store, &mut three, &[event(Some("urn:uuid:taken"), 0..1)]).unwrap();
    add(&store, &mut four, &[event(None, 950..951), event(Some("urn:uuid:taken"), 1..2)]).unwrap();
    publish(&store, three, 1);
    let job = publish(&store, four, 2);
    assert!(!job.success);
    assert_eq!(&*job.defects[0].rule, "event-id-conflict");
    assert_eq!((job.defects[0].event, job.events_stored), (Some(1), 0));
}

fn many_workers_publish_in_one_order(url: &str) {
    let store = open(url);
    let documents = 40;
    for n in 0..documents {
        receive(&store, format!("document {n}").as_bytes());
    }
    thread::scope(|scope| {
        for worker in 0..4 {
            let store = store.clone();
            scope.spawn(move || work_off(&store, &format!("worker {worker}")));
        }
    });
    let jobs = store.jobs(&Caller::operator(), None, 100).unwrap();
    assert_eq!(jobs.len(), documents);
    assert!(jobs.iter().all(|job| !job.running && job.success));
    let stored: u64 = jobs.iter().map(|job| job.events_stored).sum();
    // Each brings one event of its own and one that all share.
    assert_eq!(stored, documents as u64 + 1);
    assert_eq!(found(&store, "urn:uuid:shared"), 1);
}

fn work_off(store: &Store, owner: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        let Some(work) = store.take_job(owner, None, now()).unwrap() else {
            let jobs = store.jobs(&Caller::operator(), None, 100).unwrap();
            if jobs.iter().all(|job| !job.running) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        let Begin::Ready(mut session) = store.begin_capture(&work, &Header::default(), Syntax::Xml).unwrap()
        else {
            panic!("it did not begin");
        };
        let own = u32::try_from(work.job.document & 0xF_FFFF).unwrap();
        let events = [event(None, own..own + 2), event(Some("urn:uuid:shared"), 0..1)];
        add(store, &mut session, &events).unwrap();
        publish(store, session, 2);
    }
    panic!("the jobs were not done in time");
}

fn several_processes_open_a_new_database(url: &str) {
    let stores: Vec<Store> = thread::scope(|scope| {
        let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| open(url))).collect();
        opening.into_iter().map(|store| store.join().unwrap()).collect()
    });
    for (n, store) in stores.iter().enumerate() {
        let n = u32::try_from(n).unwrap();
        capture(store, &n.to_le_bytes(), &[event(Some(&format!("urn:uuid:{n}")), n..n + 1)]);
    }
    for n in 0..4 {
        assert_eq!(found(&stores[0], &format!("urn:uuid:{n}")), 1);
    }
}

fn large_events_take_blocks_of_their_own(url: &str) {
    let store = open(url);
    let events = [event(Some("urn:uuid:small"), 0..1), event(Some("urn:uuid:large"), 0..70_000)];
    let job = capture(&store, b"large", &events);
    assert_eq!(job.events_stored, 2);
    let stored = store.event(&Caller::operator(), "urn:uuid:large").unwrap();
    assert_eq!(stored[0].event.what.epcs().len(), 70_000);
}

/// The certificate is really checked: with another root the connection is refused.
#[test]
fn tls_refuses_a_certificate_of_another_root() {
    let url = postgres::tls_database("refused");
    assert!(Store::open(&url, &settings()).is_ok());
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.crt");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-subj", "/CN=localhost", "-keyout", "/dev/null", "-out"]).arg(&other);
    assert!(openssl.output().unwrap().status.success());
    let (start, _) = url.split_once("&sslrootcert=").unwrap();
    let refused = Store::open(&format!("{start}&sslrootcert={}", other.display()), &settings());
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    let unencrypted = start.replace("sslmode=verify-full", "sslmode=disable");
    assert!(matches!(Store::open(&unencrypted, &settings()), Err(StoreError::Unavailable(_))));
}

/// A server that fails in the middle of captures: what was accepted is captured, once, and the store goes on by itself.
#[test]
fn a_server_that_fails_loses_nothing_accepted() {
    let cluster = postgres::Cluster::start();
    let store = open(&cluster.database("failing"));
    let stop = AtomicBool::new(false);
    let accepted = thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let numbers = (0..).take_while(|_| !stop.load(Ordering::Relaxed));
            numbers.filter(|n| accept_and_capture(&store, *n).unwrap_or(false)).collect::<Vec<u32>>()
        });
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(700));
            cluster.stop_immediately();
            thread::sleep(Duration::from_millis(200));
            cluster.start_again();
        }
        thread::sleep(Duration::from_secs(6));
        stop.store(true, Ordering::Relaxed);
        sender.join().unwrap()
    });
    thread::sleep(Duration::from_millis(1_100));
    while capture_next(&store).unwrap() {}
    assert!(accepted.len() > 20, "{accepted:?}");
    for n in accepted {
        assert_eq!(found(&store, &format!("urn:uuid:{n}")), 1, "document {n}");
    }
}

/// True once the document was accepted, whatever became of its capture afterwards.
fn accept_and_capture(store: &Store, n: u32) -> Result<bool, StoreError> {
    let mut receiving = store.receive(now())?;
    receiving.write_all(&n.to_le_bytes())?;
    let received = receiving.finish()?;
    store.create_job(&Caller::operator(), received, CaptureErrorBehaviour::Rollback, now())?;
    let _ = capture_next(store);
    Ok(true)
}

/// Captures the one event of the next document, whose bytes are its number; false where there is none.
fn capture_next(store: &Store) -> Result<bool, StoreError> {
    let Some(work) = store.take_job("worker", None, now())? else { return Ok(false) };
    let mut number = [0; 4];
    store.input(work.job.document)?.read_exact(&mut number)?;
    let n = u32::from_le_bytes(number);
    let Begin::Ready(mut session) = store.begin_capture(&work, &Header::default(), Syntax::Xml)? else {
        panic!("document {n} did not begin");
    };
    add(store, &mut session, &[event(Some(&format!("urn:uuid:{n}")), n..n + 2)])?;
    let outcome = Outcome { events_read: 1, defects: vec![] };
    store.publish(session, &Header::default(), outcome, now()).map(|_| true)
}

/// `kill -9` of a process in the middle of captures: what it said it had accepted is captured afterwards, once.
#[test]
fn a_killed_process_loses_nothing_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("epcgate.db");
    let mut accepted: Vec<u32> = Vec::new();
    for round in 0..6u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{}::captures_until_killed", module()), "--nocapture"])
            .env(CHILD_DATABASE, &url)
            .env(CHILD_START, (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let reading = thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.filter_map(|line| line.split("accepted ").nth(1)?.parse().ok()).collect::<Vec<u32>>()
        });
        thread::sleep(Duration::from_millis(400 + round * 137));
        child.kill().unwrap();
        child.wait().unwrap();
        accepted.extend(reading.join().unwrap());
    }
    assert!(accepted.len() > 10, "{accepted:?}");
    let store = open(url.to_str().unwrap());
    thread::sleep(Duration::from_millis(1_100));
    store.sweep(now()).unwrap();
    while capture_next(&store).unwrap() {}
    for n in accepted {
        assert_eq!(found(&store, &format!("urn:uuid:{n}")), 1, "document {n}");
    }
}

const CHILD_DATABASE: &str = "EPCGATE_TEST_CHILD_DATABASE";
const CHILD_START: &str = "EPCGATE_TEST_CHILD_START";

/// The process to be killed; as a test of its own it does nothing.
#[test]
fn captures_until_killed() {
    let Ok(url) = std::env::var(CHILD_DATABASE) else { return };
    let start: u32 = std::env::var(CHILD_START).unwrap().parse().unwrap();
    let store = open(&url);
    let capturing = store.clone();
    thread::spawn(move || {
        loop {
            let _ = capture_next(&capturing);
        }
    });
    for n in start.. {
        let mut receiving = store.receive(now()).unwrap();
        receiving.write_all(&n.to_le_bytes()).unwrap();
        let received = receiving.finish().unwrap();
        store.create_job(&Caller::operator(), received, CaptureErrorBehaviour::Rollback, now()).unwrap();
        println!("accepted {n}");
    }
}

/// The path of this module as the names of its tests have it.
fn module() -> &'static str {
    module_path!().split_once("::").unwrap().1
}
