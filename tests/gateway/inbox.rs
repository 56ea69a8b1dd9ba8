//! The inbox: what partners send is taken once, whatever comes again, and answered on four levels.

use std::io;
use std::io::Cursor;
use std::io::Read;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::capture;
use epcgate::capture::Limits;
use epcgate::capture::Policy;
use epcgate::capture::Queue;
use epcgate::capture::Workers;
use epcgate::exchange;
use epcgate::exchange::Arrival;
use epcgate::exchange::Inbox;
use epcgate::exchange::InboxError;
use epcgate::exchange::Taken;
use epcgate::store::ArrivalFilter;
use epcgate::store::ArrivalRecord;
use epcgate::store::AuditFilter;
use epcgate::store::Settings;
use epcgate::store::Store;
use epcgate::store::TakenArrival;
use epcgate::transport::PartnerChannel;
use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::xml_1_2;

/// How long an answer may take in a test.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often things are sent again: some by default, all with `EPCGATE_RESENDS`.
fn resends() -> usize {
    std::env::var("EPCGATE_RESENDS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

/// A moment that nothing else has.
fn moment() -> DateTime<Utc> {
    static PASSED: AtomicI64 = AtomicI64::new(0);
    let passed = PASSED.fetch_add(1, Ordering::Relaxed);
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::milliseconds(passed)
}

fn open(url: &str) -> Store {
    Store::open(url, &Settings::default()).unwrap()
}

fn inbox(store: &Store, queue: Queue) -> Inbox {
    Inbox::new(store, &exchange::Settings::default(), &Limits::default(), queue)
}

fn workers(store: &Store) -> Workers {
    let settings = capture::Settings { workers: 2, small_bytes: 1 << 20 };
    Workers::start(store, &settings, &Policy::default()).unwrap()
}

fn arrival(message: &str) -> Arrival {
    Arrival {
        channel: "acme-as2".to_owned(),
        partner: "acme".to_owned(),
        message_id: message.to_owned(),
        name: format!("{message}.xml"),
        at: moment(),
    }
}

fn take(inbox: &Inbox, message: &str, body: &str) -> Result<Taken, InboxError> {
    inbox.take(&arrival(message), body.as_bytes())
}

/// The arrival once it is answered.
fn answered(inbox: &Inbox, store: &Store, id: &str) -> ArrivalRecord {
    let began = Instant::now();
    loop {
        // As late as it need be for whatever was put off.
        inbox.answer_open(Utc::now() + TimeDelta::days(3_650)).unwrap();
        let record = store.arrival(&Caller::operator(), id).unwrap().unwrap();
        if record.answered_at.is_some() {
            return record;
        }
        assert!(began.elapsed() < PATIENCE, "{record:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

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
    };
}

on_each_database! {
    what_comes_again_is_taken_once,
    a_failed_first_try_stands_in_nobodys_way,
    the_receipt_of_then_is_given_again,
    what_a_crash_left_is_captured_and_answered,
    two_gateways_take_each_message_once,
}

fn what_comes_again_is_taken_once(url: &str) {
    let store = open(url);
    let workers = workers(&store);
    let inbox = inbox(&store, workers.queue());
    let document = xml_1_2("resent", &[1, 2, 3]);
    let first = take(&inbox, "m-1", &document).unwrap();
    assert!(!first.earlier && first.job.is_some(), "{first:?}");
    assert_eq!(answered(&inbox, &store, &first.id).outcome, "accepted");
    for number in 0..resends() {
        let again = match number % 4 {
            // The same bytes under a name of their own, and under none.
            0 => take(&inbox, &format!("other-{number}"), &document),
            1 => take(&inbox, "", &document),
            _ => take(&inbox, "m-1", &document),
        };
        let again = again.unwrap();
        assert!(again.earlier && again.job == first.job, "{number}: {again:?}");
        assert!(number % 4 < 2 || again.id == first.id, "{number}: {again:?}");
        if number % 500 == 499 {
            while inbox.answer_open(Utc::now() + TimeDelta::days(3_650)).unwrap() > 0 {}
        }
    }
    let caller = Caller::operator();
    let jobs = store.jobs(&caller, None, 10).unwrap();
    assert_eq!((jobs.len(), jobs[0].events_stored), (1, 3));
    let record = store.arrival(&caller, &first.id).unwrap().unwrap();
    assert_eq!(record.resent, resends() as u64 / 2);
    workers.stop();
}

/// A body that breaks off.
struct Broken(Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.0.read(bytes)? {
            0 => Err(io::ErrorKind::ConnectionReset.into()),
            read => Ok(read),
        }
    }
}

fn a_failed_first_try_stands_in_nobodys_way(url: &str) {
    let store = open(url);
    let workers = workers(&store);
    let inbox = inbox(&store, workers.queue());
    let caller = Caller::operator();
    // It broke off.
    let document = xml_1_2("first", &[1]);
    let half = Broken(Cursor::new(document.as_bytes()[..200].to_vec()));
    let broken = inbox.take(&arrival("m-1"), half);
    assert!(matches!(broken, Err(InboxError::Interrupted(_))), "{broken:?}");
    let taken = take(&inbox, "m-1", &document).unwrap();
    assert!(!taken.earlier);
    assert_eq!(answered(&inbox, &store, &taken.id).outcome, "accepted");
    // It cannot be read; mended, it comes under the same name.
    let unreadable = take(&inbox, "m-2", "this is no EPCIS").unwrap();
    assert_eq!(unreadable.job, None);
    let record = store.arrival(&caller, &unreadable.id).unwrap().unwrap();
    let answer: Value = serde_json::from_str(&record.answer).unwrap();
    assert_eq!((record.outcome.as_str(), &answer["levels"]["form"]["state"]), ("refused", &json!("failed")));
    let mended = take(&inbox, "m-2", &xml_1_2("second", &[2])).unwrap();
    assert!(!mended.earlier && mended.id != unreadable.id);
    assert_eq!(answered(&inbox, &store, &mended.id).outcome, "accepted");
    // Its capture is refused; the same bytes are tried anew, and so is the mended file.
    let faulty = xml_1_2("third", &[3]).replace("<action>OBSERVE</action>", "<action>LOOK</action>");
    let refused = take(&inbox, "m-3", &faulty).unwrap();
    assert_eq!(answered(&inbox, &store, &refused.id).outcome, "refused");
    let again = take(&inbox, "m-3", &faulty).unwrap();
    assert!(!again.earlier && again.id != refused.id, "{again:?}");
    assert_eq!(answered(&inbox, &store, &again.id).outcome, "refused");
    let mended = take(&inbox, "m-3", &xml_1_2("third", &[3])).unwrap();
    assert_eq!(answered(&inbox, &store, &mended.id).outcome, "accepted");
    // What was taken is not replaced: other bytes under its name are refused, and somebody is told.
    let reused = take(&inbox, "m-3", &xml_1_2("fourth", &[4]));
    assert!(matches!(&reused, Err(InboxError::Reused { first, .. }) if *first == mended.id), "{reused:?}");
    let filter = AuditFilter { act: Some("arrival.reused".to_owned()), ..AuditFilter::default() };
    assert_eq!(store.audited(&caller, &filter, None, 10).unwrap().len(), 1);
    // Another channel, or another partner, has names of its own.
    let elsewhere = Arrival { channel: "acme-sftp".to_owned(), ..arrival("m-3") };
    assert!(!inbox.take(&elsewhere, xml_1_2("fifth", &[5]).as_bytes()).unwrap().earlier);
    workers.stop();
}

fn the_receipt_of_then_is_given_again(url: &str) {
    let store = open(url);
    let inbox = inbox(&store, Queue::default());
    let document = xml_1_2("receipt", &[1]);
    // The connection is gone before there is a receipt, then before it arrives.
    assert_eq!(take(&inbox, "m-1", &document).unwrap().receipt, b"");
    let second = take(&inbox, "m-1", &document).unwrap();
    assert!(second.earlier && second.receipt.is_empty());
    assert_eq!(inbox.keep_receipt(&second.id, b"signed at noon").unwrap(), b"signed at noon");
    assert_eq!(take(&inbox, "m-1", &document).unwrap().receipt, b"signed at noon");
    assert_eq!(inbox.keep_receipt(&second.id, b"signed later").unwrap(), b"signed at noon");
}

fn what_a_crash_left_is_captured_and_answered(url: &str) {
    let store = open(url);
    // Killed between keeping the arrival and making its job.
    let arrival = arrival("m-1");
    let mut receiving = store.receive(arrival.at).unwrap();
    io::Write::write_all(&mut receiving, xml_1_2("crash", &[1, 2]).as_bytes()).unwrap();
    let received = receiving.finish().unwrap();
    let taken = store.take_arrival(&arrival, &received, arrival.at).unwrap();
    let TakenArrival::New(record) = taken else { panic!("{taken:?}") };
    // What nobody looks after is swept away; this is not.
    store.sweep(Utc::now() + TimeDelta::days(365)).unwrap();
    let workers = workers(&store);
    let inbox = inbox(&store, workers.queue());
    let record = answered(&inbox, &store, &record.id);
    assert_eq!((record.outcome.as_str(), record.job.is_empty()), ("accepted", false));
    // The same message comes again, as its sender never heard of it.
    let again = take(&inbox, "m-1", &xml_1_2("crash", &[1, 2])).unwrap();
    assert!(again.earlier && again.id == record.id);
    workers.stop();
}

fn two_gateways_take_each_message_once(url: &str) {
    let stores = [open(url), open(url)];
    let workers: Vec<Workers> = stores.iter().map(workers).collect();
    let inboxes: Vec<Inbox> =
        stores.iter().zip(&workers).map(|(store, workers)| inbox(store, workers.queue())).collect();
    let messages: Vec<u32> = (1..=12).collect();
    thread::scope(|scope| {
        for inbox in &inboxes {
            for _ in 0..2 {
                scope.spawn(|| {
                    for number in &messages {
                        take(inbox, &format!("m-{number}"), &xml_1_2(&format!("d-{number}"), &[*number]))
                            .unwrap();
                    }
                });
            }
        }
    });
    let caller = Caller::operator();
    let arrivals = stores[0].arrivals(&caller, &ArrivalFilter::default(), None, 100).unwrap();
    assert_eq!(arrivals.len(), messages.len());
    for record in &arrivals {
        assert_eq!(answered(&inboxes[1], &stores[1], &record.id).outcome, "accepted");
        assert_eq!(record.resent, 3);
    }
    let jobs = stores[0].jobs(&caller, None, 100).unwrap();
    assert_eq!(jobs.len(), messages.len());
    assert_eq!(jobs.iter().map(|job| job.events_stored).sum::<u64>(), messages.len() as u64);
    workers.into_iter().for_each(Workers::stop);
}

/// A shipment of packages that nobody commissioned.
fn uncommissioned() -> String {
    let text = include_str!("../../fixtures/demo/1_manufacturer_ships.xml");
    let (before, rest) = text.split_once("<ObjectEvent>").unwrap();
    let (_, packing) = rest.split_once("<AggregationEvent>").unwrap();
    let text = format!("{before}<AggregationEvent>{packing}");
    let days = [("{DAY-9}", "2024-03-04"), ("{DAY-8}", "2024-03-05"), ("{DAY+540}", "2099-12-31")];
    days.iter().fold(text, |text, (day, date)| text.replace(day, date)).replace("{DAY+0}", "1")
}

/// The answer to an arrival once there is one.
fn answer_to(gateway: &TestGateway, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let answer = gateway.get(&format!("/api/v1/arrivals/{id}/answer")).send().unwrap();
        if answer.status() == 200 {
            return answer.json().unwrap();
        }
        assert!(began.elapsed() < PATIENCE, "{}", answer.text().unwrap());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_arrival_is_answered_on_four_levels_and_the_answer_goes_back() {
    let gateway = TestGateway::start();
    let partner = json!({ "id": "acme", "name": "Acme", "roles": ["manufacturer"], "glns": { "owning": ["0614141000012"] } });
    let added = gateway.request("PUT", "/api/v1/partners/acme").json(&partner).send().unwrap();
    assert_eq!(added.status(), 201, "{}", added.text().unwrap());
    let folder = gateway.folder().join("out");
    let channel = json!({ "id": "acme-as2", "partner": "acme", "by": { "folder": { "drop_off": { "folder": folder } } }, "carries": ["answers"] });
    let channel: PartnerChannel = serde_json::from_value(channel).unwrap();
    gateway.store().put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
    // Nothing leaves while it is looked at.
    gateway.store().pause_channel(&Caller::operator(), "acme-as2", "a test", Utc::now()).unwrap();
    let inbox = inbox(gateway.store(), Queue::default());
    let plain = take(&inbox, "m-0", &xml_1_2("levels", &[1])).unwrap();
    let plain = answer_to(&gateway, &plain.id);
    assert_eq!(plain["outcome"], "accepted", "{plain:#}");
    let shipped = take(&inbox, "m-1", &uncommissioned()).unwrap();
    let answer = answer_to(&gateway, &shipped.id);
    let schema: Value = serde_json::from_str(include_str!("../../schemas/answer.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(
        schema.is_valid(&answer),
        "{answer:#} {:?}",
        schema.iter_errors(&answer).map(|e| e.to_string()).collect::<Vec<_>>()
    );
    let state = |level: &str| answer["levels"][level]["state"].as_str().unwrap().to_owned();
    assert_eq!((state("transport"), state("form")), ("passed".to_owned(), "passed".to_owned()));
    assert_eq!(answer["outcome"], "findings", "{answer:#}");
    assert_eq!(
        (state("match"), answer["message"].as_str()),
        ("failed".to_owned(), Some("m-1")),
        "{answer:#}"
    );
    assert!(!answer["levels"]["match"]["findings"][0]["fix"].as_str().unwrap().is_empty(), "{answer:#}");
    // One that cannot be read is answered at once, by the same schema.
    let unreadable = take(&inbox, "m-2", "<epcis").unwrap();
    let shown: Value =
        gateway.get(&format!("/api/v1/arrivals/{}", unreadable.id)).send().unwrap().json().unwrap();
    assert!(schema.is_valid(&shown["answer"]), "{shown:#}");
    assert_eq!(
        (&shown["outcome"], &shown["answer"]["levels"]["rules"]["state"]),
        (&json!("refused"), &json!("not-reached"))
    );
    // An answer that comes back to us is not answered.
    let echo = take(&inbox, "m-3", &answer.to_string()).unwrap();
    let shown: Value = gateway.get(&format!("/api/v1/arrivals/{}", echo.id)).send().unwrap().json().unwrap();
    assert_eq!((&shown["outcome"], &shown["answer"]), (&json!("accepted"), &Value::Null));
    let refused: Value = gateway.get("/api/v1/arrivals?outcome=refused").send().unwrap().json().unwrap();
    assert_eq!(refused["arrivals"].as_array().unwrap().len(), 1);
    // The answers are on their way, but for that to an answer.
    let waiting: Value = gateway.get("/api/v1/deliveries?state=waiting").send().unwrap().json().unwrap();
    let waiting = waiting["deliveries"].as_array().unwrap();
    let cargo: Vec<&str> = waiting.iter().map(|delivery| delivery["cargo"].as_str().unwrap()).collect();
    assert_eq!(cargo, ["answers", "answers", "answers"]);
    assert!(waiting[1]["name"].as_str().unwrap().contains(&shipped.id));
}
