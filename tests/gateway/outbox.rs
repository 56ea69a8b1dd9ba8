//! The outbox: in order, at least once under the same name, by a schedule, and never lost.

use std::collections::VecDeque;
use std::sync::Mutex;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::exchange::Carrier;
use epcgate::exchange::CarryError;
use epcgate::exchange::Outbox;
use epcgate::exchange::Outgoing;
use epcgate::exchange::Receipt;
use epcgate::exchange::Settings;
use epcgate::store::Content;
use epcgate::store::Delivery;
use epcgate::store::DeliveryState;
use epcgate::store::NewDelivery;
use epcgate::store::Store;
use epcgate::transport::Cargo;
use epcgate::transport::PartnerChannel;
use serde_json::json;

fn open(url: &str) -> Store {
    Store::open(url, &Default::default()).unwrap()
}

/// A receiver that answers as it is told, and takes everything otherwise.
#[derive(Default)]
struct Receiver {
    plan: Mutex<VecDeque<Result<Receipt, CarryError>>>,
    /// What came: the name and the bytes.
    came: Mutex<Vec<(String, String)>>,
    /// Refuses everything.
    down: Mutex<bool>,
}

impl Receiver {
    fn plan(&self, answers: impl IntoIterator<Item = Result<Receipt, CarryError>>) {
        self.plan.lock().unwrap().extend(answers);
    }

    fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    fn came(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.came.lock().unwrap())
    }
}

impl Carrier for Receiver {
    async fn carry(&self, delivery: &Outgoing) -> Result<Receipt, CarryError> {
        let body = delivery.bytes(1_000).unwrap().unwrap();
        self.came.lock().unwrap().push((delivery.id.clone(), String::from_utf8(body).unwrap()));
        if *self.down.lock().unwrap() {
            return refusal(false);
        }
        self.plan.lock().unwrap().pop_front().unwrap_or_else(|| Ok(Receipt::default()))
    }
}

fn refusal(never: bool) -> Result<Receipt, CarryError> {
    Err(CarryError::new("POST", "500".to_owned(), never))
}

/// A clock that goes when it is told to.
struct Clock(Mutex<DateTime<Utc>>);

impl Clock {
    fn new() -> Clock {
        Clock(Mutex::new(DateTime::from_timestamp(1_790_000_000, 0).unwrap()))
    }

    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn set(&self, time: DateTime<Utc>) {
        *self.0.lock().unwrap() = time;
    }
}

fn add_channel(store: &Store, id: &str, now: DateTime<Utc>) {
    let channel = json!({ "id": id, "by": { "folder": { "drop_off": { "folder": "unused" } } } });
    let channel: PartnerChannel = serde_json::from_value(channel).unwrap();
    store.put_channel(&Caller::operator(), &channel, now).unwrap();
}

fn put(store: &Store, channel: &str, text: &str, now: DateTime<Utc>) -> String {
    let delivery = NewDelivery {
        channel: channel.to_owned(),
        key: text.to_owned(),
        cargo: Cargo::Documents,
        name: "a.xml".to_owned(),
        media_type: "application/xml".to_owned(),
        content: Content::Bytes(text.as_bytes().to_vec()),
    };
    store.put_delivery(&Caller::operator(), &delivery, now).unwrap().unwrap()
}

fn delivery(store: &Store, id: &str) -> Delivery {
    store.delivery(&Caller::operator(), id).unwrap().unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn send(outbox: &Outbox, receiver: &Receiver, owner: &str, clock: &Clock) -> u64 {
    runtime().block_on(outbox.send_due(receiver, owner, &|| clock.now())).unwrap()
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
    a_delivery_is_sent_by_the_schedule_until_it_is_given_up,
    what_goes_by_one_channel_goes_in_order,
    a_channel_that_fails_for_days_is_paused,
    one_process_at_a_time_sends_by_a_channel,
    a_receipt_that_comes_later_is_waited_for,
    the_same_is_put_once,
}

fn a_delivery_is_sent_by_the_schedule_until_it_is_given_up(url: &str) {
    let (store, clock, receiver) = (open(url), Clock::new(), Receiver::default());
    let settings = Settings::default();
    let outbox = Outbox::new(&store, &settings);
    add_channel(&store, "acme", clock.now());
    let id = put(&store, "acme", "one", clock.now());
    receiver.set_down(true);
    for (tries, seconds) in (1..).zip(settings.schedule_seconds.iter().skip(1)) {
        let at = clock.now();
        assert_eq!(send(&outbox, &receiver, "a", &clock), 1, "try {tries}");
        let next = delivery(&store, &id).next_at.unwrap();
        let seconds = f64::from(*seconds);
        let waits = (next - at).num_milliseconds() as f64 / 1_000.0;
        assert!((seconds..=seconds * 1.1 + 0.01).contains(&waits), "try {tries}: {waits} for {seconds}");
        clock.set(next - TimeDelta::milliseconds(1));
        assert_eq!(send(&outbox, &receiver, "a", &clock), 0, "too early after try {tries}");
        clock.set(next);
    }
    assert_eq!(send(&outbox, &receiver, "a", &clock), 1);
    let dead = delivery(&store, &id);
    assert_eq!((dead.state, dead.tries, dead.note.as_str()), (DeliveryState::Dead, 8, "500"));
    let came = receiver.came();
    assert!(came.len() == 8 && came.iter().all(|(name, body)| *name == id && body == "one"));
    let log = store.delivery_tries(&Caller::operator(), &id).unwrap();
    assert!(log.len() == 8 && log.iter().all(|made| made.outcome == "failed" && made.answer == "500"));
    // Somebody mends the receiver and has it sent once more, under the same name.
    receiver.set_down(false);
    store.replay_delivery(&Caller::operator(), &id, clock.now()).unwrap().unwrap();
    assert_eq!(send(&outbox, &receiver, "a", &clock), 1);
    let replayed = delivery(&store, &id);
    assert_eq!((replayed.state, replayed.tries), (DeliveryState::Delivered, 1));
    assert_eq!(receiver.came(), [(id.clone(), "one".to_owned())]);
    assert_eq!(store.delivery_tries(&Caller::operator(), &id).unwrap().len(), 9);
}

fn what_goes_by_one_channel_goes_in_order(url: &str) {
    let (store, clock, receiver) = (open(url), Clock::new(), Receiver::default());
    let outbox = Outbox::new(&store, &Settings::default());
    for channel in ["acme", "birch"] {
        add_channel(&store, channel, clock.now());
    }
    let texts = |channel: &str| (0..5).map(|number| format!("{channel}-{number}")).collect::<Vec<_>>();
    let mut ids = Vec::new();
    for channel in ["acme", "birch"] {
        ids.extend(texts(channel).iter().map(|text| put(&store, channel, text, clock.now())));
    }
    // The first is refused for good, the second for now; the others wait behind it.
    receiver.plan([refusal(true), refusal(true), refusal(false), refusal(false)]);
    for _ in 0..4 {
        send(&outbox, &receiver, "a", &clock);
        clock.set(clock.now() + TimeDelta::seconds(10));
    }
    let came = receiver.came();
    for channel in ["acme", "birch"] {
        let mut in_order: Vec<&str> =
            came.iter().map(|(_, text)| text.as_str()).filter(|text| text.starts_with(channel)).collect();
        in_order.dedup();
        assert_eq!(in_order, texts(channel));
    }
    let states: Vec<DeliveryState> = ids.iter().map(|id| delivery(&store, id).state).collect();
    assert_eq!(states.iter().filter(|state| **state == DeliveryState::Dead).count(), 2);
    assert_eq!(states.iter().filter(|state| **state == DeliveryState::Delivered).count(), 8);
}

fn a_channel_that_fails_for_days_is_paused(url: &str) {
    let (store, clock, receiver) = (open(url), Clock::new(), Receiver::default());
    let outbox = Outbox::new(&store, &Settings::default());
    let caller = Caller::operator();
    add_channel(&store, "acme", clock.now());
    let ids: Vec<String> =
        (0..8).map(|number| put(&store, "acme", &number.to_string(), clock.now())).collect();
    receiver.set_down(true);
    let began = clock.now();
    let paused = loop {
        send(&outbox, &receiver, "a", &clock);
        let record = store.channel(&caller, "acme").unwrap().unwrap();
        match record.paused {
            Some((at, _)) => break at,
            None => clock.set(record.next_at.unwrap()),
        }
        assert!(clock.now() - began < TimeDelta::days(7), "it is never paused");
    };
    assert!(paused - began >= TimeDelta::days(5) && paused - began < TimeDelta::days(6), "{paused}");
    let waiting = ids.iter().filter(|id| delivery(&store, id).state == DeliveryState::Waiting).count();
    assert!((2..8).contains(&waiting), "{waiting}");
    receiver.set_down(false);
    clock.set(clock.now() + TimeDelta::days(1));
    assert_eq!(send(&outbox, &receiver, "a", &clock), 0);
    store.resume_channel(&caller, "acme", clock.now()).unwrap().unwrap();
    assert_eq!(send(&outbox, &receiver, "a", &clock), waiting as u64);
    assert_eq!(store.channel(&caller, "acme").unwrap().unwrap().failing_since, None);
}

fn one_process_at_a_time_sends_by_a_channel(url: &str) {
    let (store, other, clock, receiver) = (open(url), open(url), Clock::new(), Receiver::default());
    let outbox = Outbox::new(&other, &Settings::default());
    add_channel(&store, "acme", clock.now());
    let id = put(&store, "acme", "one", clock.now());
    // One process takes the channel, begins to send, and is killed.
    let lease = TimeDelta::seconds(30);
    let queue = store.take_queue("first", clock.now(), lease).unwrap().unwrap();
    let due = store.next_delivery(&queue, clock.now()).unwrap().unwrap();
    assert_eq!((due.delivery.id.as_str(), due.number), (id.as_str(), 1));
    clock.set(clock.now() + TimeDelta::seconds(29));
    assert_eq!(send(&outbox, &receiver, "second", &clock), 0);
    clock.set(clock.now() + TimeDelta::seconds(2));
    assert_eq!(send(&outbox, &receiver, "second", &clock), 1);
    assert_eq!(receiver.came(), [(id.clone(), "one".to_owned())]);
    let outcomes: Vec<String> = store
        .delivery_tries(&Caller::operator(), &id)
        .unwrap()
        .into_iter()
        .map(|made| made.outcome)
        .collect();
    assert_eq!(outcomes, ["unknown", "delivered"]);
    // Where it was only slow, it can no longer say anything.
    assert!(store.renew_queue(&queue, clock.now()).is_err());
    assert!(store.next_delivery(&queue, clock.now()).is_err());
}

fn a_receipt_that_comes_later_is_waited_for(url: &str) {
    let (store, clock, receiver) = (open(url), Clock::new(), Receiver::default());
    let outbox = Outbox::new(&store, &Settings::default());
    add_channel(&store, "acme", clock.now());
    let (first, second) = (put(&store, "acme", "one", clock.now()), put(&store, "acme", "two", clock.now()));
    let later = || Ok(Receipt { awaited: Some(TimeDelta::hours(1)), ..Receipt::default() });
    receiver.plan([later(), later(), later()]);
    assert_eq!(send(&outbox, &receiver, "a", &clock), 1);
    assert_eq!(delivery(&store, &first).state, DeliveryState::Awaiting);
    assert!(!outbox.confirm(&second, "not asked for", clock.now()).unwrap());
    // It does not come, so that the delivery is sent again; then it is refused, and then taken.
    clock.set(clock.now() + TimeDelta::hours(1));
    send(&outbox, &receiver, "a", &clock);
    clock.set(clock.now() + TimeDelta::hours(1));
    send(&outbox, &receiver, "a", &clock);
    assert_eq!(delivery(&store, &first).state, DeliveryState::Awaiting);
    assert!(outbox.reject(&first, ("a wrong MIC", false), clock.now()).unwrap());
    clock.set(clock.now() + TimeDelta::hours(1));
    send(&outbox, &receiver, "a", &clock);
    assert!(outbox.confirm(&first, "processed", clock.now()).unwrap());
    assert!(!outbox.confirm(&first, "processed", clock.now()).unwrap());
    assert_eq!(delivery(&store, &first).state, DeliveryState::Delivered);
    send(&outbox, &receiver, "a", &clock);
    assert_eq!(delivery(&store, &second).state, DeliveryState::Delivered);
    let outcomes: Vec<(String, String)> = store
        .delivery_tries(&Caller::operator(), &first)
        .unwrap()
        .into_iter()
        .map(|made| (made.outcome, made.answer))
        .collect();
    let expected =
        [("failed", "no receipt came in time"), ("failed", "a wrong MIC"), ("delivered", "processed")];
    assert_eq!(outcomes, expected.map(|(outcome, answer)| (outcome.to_owned(), answer.to_owned())));
}

fn the_same_is_put_once(url: &str) {
    let (store, clock, receiver) = (open(url), Clock::new(), Receiver::default());
    add_channel(&store, "acme", clock.now());
    let ids: Vec<String> = (0..10).map(|_| put(&store, "acme", "one", clock.now())).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let outbox = Outbox::new(&store, &Settings::default());
    assert_eq!(send(&outbox, &receiver, "a", &clock), 1);
    put(&store, "acme", "one", clock.now());
    assert_eq!(send(&outbox, &receiver, "a", &clock), 0);
    // What waits for a channel that is removed is given up, and nobody waits for it.
    let waiting = put(&store, "acme", "two", clock.now());
    assert!(store.remove_channel(&Caller::operator(), "acme", clock.now()).unwrap());
    assert_eq!(delivery(&store, &waiting).state, DeliveryState::Dead);
    assert_eq!(send(&outbox, &receiver, "a", &clock), 0);
}
