//! How fast partners are answered for product of ours, against a bare handler that returns the same bytes.

use std::fs;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use actix_web::App;
use actix_web::HttpResponse;
use actix_web::HttpServer;
use actix_web::web;
use anyhow::Context;
use chrono::Utc;

use crate::access::ApiKey;
use crate::access::Caller;
use crate::access::KeyText;
use crate::access::Permission;
use crate::access::Scope;
use crate::access::SpeaksFor;
use crate::cli::bench::load::Load;
use crate::cli::bench::load::Questions;
use crate::cli::bench::measure::Figure;
use crate::cli::bench::measure::median;
use crate::config::Settings;
use crate::gs1::Gtin;
use crate::server::Gateway;
use crate::store::EventTimes;
use crate::store::Fact;
use crate::store::ItemFacts;
use crate::store::Store;

/// The trade item that is asked about.
pub(super) const GTIN: &str = "00300010123455";
const CASE: &str = "30300010123456";
const LOT: &str = "LMX2611";

/// Units in a case.
const UNITS_PER_CASE: u64 = 24;

/// Items written together.
const BATCH: u64 = 20_000;

/// What one answer may take at half of the load, the slowest one in a hundred left out.
const GOAL: Duration = Duration::from_millis(10);

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Measuring {
    /// Connections kept open
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Threads that ask
    #[arg(long, default_value_t = 1)]
    askers: usize,
    /// Seconds of each round
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds, in each of which both are measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Fills a database with so many packages of ours, unless it has them already, serves it, and asks about them, scattered
/// over all of them.
pub(super) fn run(
    folder: &Path,
    serials: u64,
    measuring: Measuring,
    settings: &Settings,
) -> anyhow::Result<Vec<Figure>> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("verify-{serials}.sqlite"));
    let store = Store::open(path.to_str().context("the folder's name is no UTF-8")?, &settings.store)?;
    fill(&store, serials)?;
    let mut settings = settings.clone();
    settings.server.port = 0;
    settings.verification.responder = "0300010000007".to_owned();
    settings.verification.prefixes = vec!["030001".to_owned()];
    let questions = |number: usize| Packages::new(serials, number, &store);
    let gateway = Gateway::start(&settings, &store)?;
    let first = Load { pace: None, ..measuring.load(gateway.address()) };
    let body = one_answer(first, questions(0))?;
    let bare = serve_bare(body, settings.server.threads)?;
    let figures = measure(measuring, (gateway.address(), bare), &store, questions);
    gateway.stop()?;
    figures
}

impl Measuring {
    /// As fast as answers come.
    pub(super) fn load(self, address: SocketAddr) -> Load {
        let connections = self.connections.div_ceil(self.askers.max(1)).max(1);
        let time = Duration::from_secs(self.seconds);
        Load { address, threads: self.askers.max(1), connections, time, pace: None }
    }
}

fn measure(
    measuring: Measuring,
    (gateway, bare): (SocketAddr, SocketAddr),
    store: &Store,
    questions: impl Fn(usize) -> Packages,
) -> anyhow::Result<Vec<Figure>> {
    let rate = |address| {
        let (time, took) = measuring.load(address).run(&questions)?;
        anyhow::Ok((took.len() as f64, time))
    };
    let per_second = |(count, time): (f64, Duration)| count / time.as_secs_f64();
    let (mut ours, mut theirs, mut filed) = (Vec::new(), Vec::new(), Vec::new());
    // What the questions before left to be filed would take its time from whoever is measured next.
    store.file_all()?;
    for _ in 0..measuring.rounds.max(1) {
        theirs.push(per_second(rate(bare)?));
        let (count, time) = rate(gateway)?;
        ours.push(per_second((count, time)));
        let began = Instant::now();
        store.file_all()?;
        filed.push(per_second((count, began.elapsed())));
    }
    let ratios = ours.iter().zip(&theirs).map(|(our, their)| our / their).collect();
    let pace = median(ours) / 2.0;
    let half = Load { pace: Some(pace), ..measuring.load(gateway) };
    let (_, mut took) = half.run(&questions)?;
    took.sort_unstable();
    let unit = || "/s".to_owned();
    Ok(vec![
        Figure {
            name: "a bare handler that returns the same".to_owned(),
            rate: median(theirs),
            unit: unit(),
            ratio: None,
            goal: None,
        },
        Figure {
            name: "verifications answered and written down".to_owned(),
            rate: pace * 2.0,
            unit: unit(),
            ratio: Some(median(ratios)),
            goal: Some(0.5),
        },
        Figure {
            name: "brought into their tables afterwards".to_owned(),
            rate: median(filed),
            unit: unit(),
            ratio: None,
            goal: None,
        },
        figure("at half of that, median", &took, 50, None),
        figure("at half of that, p99", &took, 99, Some(1.0)),
    ])
}

/// The time below which so many of a hundred answers stay; `goal` is that of the ratio of what they may take to it.
fn figure(name: &str, sorted: &[Duration], percent: usize, goal: Option<f64>) -> Figure {
    let took = percentile(sorted, percent);
    let ratio = goal.map(|_| GOAL.as_secs_f64() / took.as_secs_f64());
    Figure { name: name.to_owned(), rate: took.as_secs_f64() * 1_000.0, unit: "ms".to_owned(), ratio, goal }
}

/// The time below which so many of a hundred stay.
pub(super) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

/// Puts packages into the ledger, in cases, in the order of their keys.
fn fill(store: &Store, serials: u64) -> anyhow::Result<()> {
    let (gtin, case) = (Gtin::parse(GTIN)?, Gtin::parse(CASE)?);
    let caller = Caller::operator();
    let last = serials.saturating_sub(1);
    if store.assigned(&caller, gtin, &serial(last))?.is_some() {
        return Ok(());
    }
    let mut times = EventTimes::default();
    let fact = Fact { time: 1_772_000_000_000_000, event: 1 };
    let made = |key, lot, parent: Option<String>| ItemFacts {
        key,
        lot: Some(lot),
        commissioned: Some(fact),
        packed: parent.is_some().then_some((fact, parent)),
        moved: Some(fact),
        ..ItemFacts::default()
    };
    let expiry = "2045-03-31";
    let lots = store.lot_numbers(&[[GTIN, LOT, expiry], [CASE, LOT, expiry]])?;
    let [unit_lot, case_lot] = *lots.as_slice() else { anyhow::bail!("the lots were not made") };
    let case_key = |number: u64| case.serial_key(&serial(number));
    for (count, of_units) in [(serials.div_ceil(UNITS_PER_CASE), false), (serials, true)] {
        for from in (0..count).step_by(usize::try_from(BATCH)?) {
            let numbers = from..count.min(from + BATCH);
            let facts: Vec<ItemFacts> = numbers
                .map(|number| match of_units {
                    true => {
                        let parent = case_key(number / UNITS_PER_CASE);
                        made(gtin.serial_key(&serial(number)), unit_lot, Some(parent))
                    }
                    false => made(case_key(number), case_lot, None),
                })
                .collect();
            store.merge_items(&facts, &mut times)?;
        }
    }
    Ok(())
}

fn serial(number: u64) -> String {
    format!("S{number:011}")
}

/// The key of who asks, made once.
fn key(store: &Store) -> String {
    let text = KeyText::new(&[7; KeyText::RANDOM]);
    let key = ApiKey {
        id: text.id().to_owned(),
        name: "bench".to_owned(),
        digest: text.digest(),
        speaks_for: SpeaksFor::Any,
        scopes: vec![Scope::May(Permission::Verify)],
        made_at: Utc::now(),
        made_by: "bench".to_owned(),
        expires: None,
        revoked: None,
        used: None,
    };
    // It is there already where the database was filled before.
    let _ = store.add_key(&Caller::operator(), &key);
    text.reveal().to_owned()
}

/// Questions about packages, scattered over all there are.
#[derive(Clone)]
pub(super) struct Packages {
    serials: u64,
    state: u64,
    key: String,
}

impl Packages {
    /// Those of one of many connections, with a key that the store has afterwards.
    pub(super) fn new(serials: u64, number: usize, store: &Store) -> Packages {
        let state = 0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Packages { serials, state, key: key(store) }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

impl Questions for Packages {
    fn write_next(&mut self, request: &mut Vec<u8>) {
        use std::io::Write;
        let number = self.random() % self.serials.max(1);
        let (high, low) = (self.random(), self.random());
        let correlation =
            uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes());
        // Writing to memory does not fail.
        let _ = write!(
            request,
            "GET /vrs/verify/gtin/{GTIN}/lot/{LOT}/ser/S{number:011}?exp=450331&linkType=verificationService\
             &context=dscsaSaleableReturn&reqGLN=4012345000115&corrUUID={} HTTP/1.1\r\nHost: localhost\r\n\
             Accept: application/json\r\nX-API-Key: {}\r\n\r\n",
            correlation.into_uuid(),
            self.key
        );
    }

    fn is_right(&self, answer: &[u8]) -> bool {
        answer.starts_with(b"HTTP/1.1 200 ")
            && memchr::memmem::find(answer, b"\"data\":{\"verified\":true}").is_some()
    }
}

/// The body of one answer.
fn one_answer(load: Load, questions: Packages) -> anyhow::Result<Vec<u8>> {
    use std::io::Read;
    use std::io::Write;
    let mut request = Vec::new();
    questions.clone().write_next(&mut request);
    let text = String::from_utf8(request)?.replace("Host:", "Connection: close\r\nHost:");
    let mut stream = std::net::TcpStream::connect(load.address)?;
    stream.write_all(text.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    anyhow::ensure!(questions.is_right(&answer), "a wrong answer: {}", String::from_utf8_lossy(&answer));
    let at = memchr::memmem::find(&answer, b"\r\n\r\n").context("an answer without head")?;
    Ok(answer.split_off(at + 4))
}

/// Serves these bytes by a handler that does nothing else, until the process ends.
fn serve_bare(body: Vec<u8>, threads: usize) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let (sender, receiver) = mpsc::channel();
    let body = web::Bytes::from(body);
    thread::Builder::new().name("bare".to_owned()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let build = move || {
                let body = body.clone();
                let handler = move || {
                    let body = body.clone();
                    async move {
                        HttpResponse::Ok()
                            .content_type("application/json")
                            .insert_header(("cache-control", "private, no-cache"))
                            .body(body)
                    }
                };
                App::new().route("/vrs/verify/gtin/{gtin}/lot/{lot}/ser/{ser}", web::get().to(handler))
            };
            let server = HttpServer::new(build).workers(threads.max(1)).disable_signals();
            let running = server.listen(listener)?.run();
            // Whoever waits for it has it, or has gone.
            let _ = sender.send(());
            running.await
        })
    })?;
    receiver.recv().context("the bare handler cannot be served")?;
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_ledger_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::read(None).unwrap();
        let measuring = Measuring { connections: 4, askers: 1, seconds: 1, rounds: 1 };
        for _ in 0..2 {
            let figures = run(folder.path(), 50, measuring, &settings).unwrap();
            assert!(figures.iter().all(|figure| figure.rate > 0.0), "{figures:?}");
        }
    }
}
