//! What takes files of partners in, on a store of its own: two sets of pickers as of two processes, an inbox, and a worker that
//! captures.

use std::time::Duration;
use std::time::Instant;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::capture;
use epcgate::capture::Limits;
use epcgate::capture::Policy;
use epcgate::capture::Queue;
use epcgate::capture::Workers;
use epcgate::exchange;
use epcgate::exchange::Carriers;
use epcgate::exchange::Dispatcher;
use epcgate::exchange::Inbox;
use epcgate::exchange::Outbox;
use epcgate::exchange::Pickers;
use epcgate::exchange::as2::Station;
use epcgate::store::ArrivalFilter;
use epcgate::store::ArrivalRecord;
use epcgate::store::ChannelTurn;
use epcgate::store::Content;
use epcgate::store::Delivery;
use epcgate::store::NewDelivery;
use epcgate::store::Store;
use epcgate::transport;
use epcgate::transport::Cargo;
use epcgate::transport::Outbound;
use epcgate::transport::PartnerChannel;
use epcgate::transport::as2::OwnSettings;
use serde_json::Value;

/// How long anything may take in a test.
const PATIENCE: Duration = Duration::from_secs(60);

/// What sends by every protocol, from a station that has no key of its own.
pub fn carriers(store: &Store, outbound: &Outbound) -> Carriers {
    let settings = exchange::Settings::default();
    let inbox = Inbox::new(store, &settings, &Limits::default(), Queue::default());
    let outbox = Outbox::new(store, &settings);
    Carriers::new(outbound, &Station::new(store, &OwnSettings::default(), &inbox, &outbox))
}

/// Everything that takes in and sends out.
pub struct Picking {
    pub store: Store,
    workers: Option<Workers>,
    _pickers: Vec<Pickers>,
    _dispatcher: Dispatcher,
}

impl Picking {
    /// Starts it on a database.
    pub fn start(url: &str, outbound: &transport::Settings) -> Picking {
        let store = Store::open(url, &Default::default()).unwrap();
        let outbound = Outbound::new(outbound).unwrap();
        let settings =
            exchange::Settings { schedule_seconds: vec![0, 1, 1, 1, 1, 1, 1], ..Default::default() };
        let workers =
            Workers::start(&store, &capture::Settings { workers: 1, small_bytes: 0 }, &Policy::default())
                .unwrap();
        let inbox = Inbox::new(&store, &settings, &Limits::default(), workers.queue());
        let pickers = || {
            Pickers::start((&store, &inbox), &outbound, (&settings, &Limits::default()), Utc::now).unwrap()
        };
        let pickers = vec![pickers(), pickers()];
        let outbox = Outbox::new(&store, &settings);
        let dispatcher = Dispatcher::start(&outbox, carriers(&store, &outbound), Utc::now).unwrap();
        Picking { store, workers: Some(workers), _pickers: pickers, _dispatcher: dispatcher }
    }

    /// Adds a channel.
    pub fn channel(&self, id: &str, by: &Value) {
        let channel: PartnerChannel =
            serde_json::from_value(serde_json::json!({ "id": id, "by": by })).unwrap();
        channel.check().unwrap();
        self.store.put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
    }

    /// What came by a channel, the newest first.
    pub fn arrivals(&self, channel: &str) -> Vec<ArrivalRecord> {
        let filter = ArrivalFilter { channel: Some(channel.to_owned()), ..ArrivalFilter::default() };
        self.store.arrivals(&Caller::operator(), &filter, None, 100).unwrap()
    }

    /// How it stands with looking at a channel, once it was looked at.
    pub fn turn(&self, channel: &str) -> Option<ChannelTurn> {
        self.store.turn(&Caller::operator(), channel).unwrap().filter(|turn| turn.ended_at.is_some())
    }

    /// Waits until there are so many arrivals, and then for two more looks, which must find no more.
    pub fn took(&self, channel: &str, count: usize) -> Vec<ArrivalRecord> {
        let came = wait(|| Some(self.arrivals(channel)).filter(|came| came.len() >= count));
        self.looks(channel, 2);
        assert_eq!(self.arrivals(channel).len(), count, "{came:?}");
        self.arrivals(channel)
    }

    /// Waits for so many looks at a channel.
    pub fn looks(&self, channel: &str, count: usize) -> ChannelTurn {
        let mut before = self.turn(channel);
        for _ in 0..count {
            before = Some(wait(|| {
                self.turn(channel)
                    .filter(|turn| Some(turn.ended_at) != before.as_ref().map(|turn| turn.ended_at))
            }));
        }
        before.unwrap()
    }

    /// How many events there are.
    pub fn captured(&self, arrival: &ArrivalRecord) -> u64 {
        let job = wait(|| {
            let arrival = self.store.arrival(&Caller::operator(), &arrival.id).unwrap().unwrap();
            let job = self.store.job(&Caller::operator(), &arrival.job).unwrap();
            job.filter(|job| !job.running)
        });
        assert!(job.success, "{job:?}");
        job.events_stored
    }

    /// Puts a document on its way by a channel.
    pub fn send(&self, channel: &str, name: &str, text: &str) -> String {
        let delivery = NewDelivery {
            channel: channel.to_owned(),
            key: format!("{name}:{}", text.len()),
            cargo: Cargo::Documents,
            name: name.to_owned(),
            media_type: "application/xml".to_owned(),
            content: Content::Bytes(text.as_bytes().to_vec()),
        };
        self.store.put_delivery(&Caller::operator(), &delivery, Utc::now()).unwrap().unwrap()
    }

    /// Waits until a delivery has ended.
    pub fn sent(&self, id: &str) -> Delivery {
        wait(|| {
            let delivery = self.store.delivery(&Caller::operator(), id).unwrap().unwrap();
            Some(delivery).filter(|delivery| matches!(delivery.state.as_str(), "delivered" | "dead"))
        })
    }
}

impl Drop for Picking {
    fn drop(&mut self) {
        if let Some(workers) = self.workers.take() {
            workers.stop();
        }
    }
}

/// Waits for something.
pub fn wait<T>(found: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "nothing came of it");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs tests that take the URL of a database on each of the two.
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
pub(crate) use on_each_database;
