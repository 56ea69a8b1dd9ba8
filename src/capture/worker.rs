//! Workers: threads that take jobs, one after the other, and one of them only small documents.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;

use crate::capture::Policy;
use crate::capture::Settings;
use crate::capture::Stopped;
use crate::capture::run;
use crate::epcis::CaptureJob;
use crate::reconcile;
use crate::store::Store;
use crate::store::Work;

/// How often a worker looks for jobs by itself: those of other processes, and those a crash left behind.
const LOOKS_EVERY: Duration = Duration::from_secs(2);

/// How often what crashes left behind is cleared away.
const SWEEPS_EVERY: Duration = Duration::from_secs(60);

/// Wakes workers when there is something to do.
#[derive(Clone, Debug, Default)]
pub struct Queue(Arc<Bell>);

#[derive(Debug, Default)]
struct Bell {
    rung: Mutex<u64>,
    changed: Condvar,
}

impl Queue {
    /// Says that there is a new job.
    pub fn ring(&self) {
        *self.0.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.changed.notify_all();
    }

    /// Waits until somebody rang since `heard`, or a while has passed; returns what has been heard now.
    fn listen(&self, heard: u64) -> u64 {
        let rung = self.0.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.changed.wait_timeout_while(rung, LOOKS_EVERY, |rung| *rung == heard);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The workers of this process.
#[derive(Debug)]
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
    stopped: Stopped,
    queue: Queue,
}

impl Workers {
    /// Starts the workers. With two or more the first takes small documents only.
    ///
    /// Fails where the system gives no thread.
    pub fn start(store: &Store, settings: &Settings, policy: &Policy) -> std::io::Result<Workers> {
        let (stopped, queue) = (Stopped::default(), Queue::default());
        let mut threads = Vec::new();
        for number in 0..settings.workers.max(1) {
            let reserved = number == 0 && settings.workers > 1;
            let worker = Worker {
                store: store.clone(),
                policy: policy.clone(),
                most_bytes: reserved.then_some(settings.small_bytes),
                owner: owner(&number.to_string()),
                stopped: stopped.clone(),
                queue: queue.clone(),
                now: Utc::now,
            };
            threads
                .push(thread::Builder::new().name(format!("capture-{number}")).spawn(move || worker.work())?);
        }
        Ok(Workers { threads, stopped, queue })
    }

    /// What wakes them.
    pub fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// Stops them at the next batch; jobs under way are given back.
    pub fn stop(self) {
        self.stopped.stop();
        self.queue.ring();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a capture worker ended in a panic");
            }
        }
    }
}

/// A name for a worker that no other process has.
pub(super) fn owner(worker: &str) -> String {
    format!("{}-{worker}-{}", std::process::id(), uuid::Uuid::new_v4())
}

struct Worker {
    store: Store,
    policy: Policy,
    most_bytes: Option<u64>,
    owner: String,
    stopped: Stopped,
    queue: Queue,
    now: fn() -> DateTime<Utc>,
}

impl Worker {
    fn work(&self) {
        let (mut heard, mut swept) = (0, None::<Instant>);
        while !self.stopped.is_stopped() {
            if swept.is_none_or(|swept| swept.elapsed() > SWEEPS_EVERY) {
                self.sweep();
                swept = Some(Instant::now());
            }
            match self.store.take_job(&self.owner, self.most_bytes, (self.now)()) {
                Ok(Some(work)) => self.capture(&work),
                Ok(None) => heard = self.queue.listen(heard),
                Err(error) => {
                    tracing::error!(%error, "no capture job can be taken");
                    heard = self.queue.listen(heard);
                }
            }
        }
    }

    fn sweep(&self) {
        match self.store.sweep((self.now)()) {
            Ok(0) => {}
            Ok(documents) => tracing::info!(documents, "cleared away what was left unfinished"),
            Err(error) => tracing::warn!(%error, "what was left unfinished cannot be cleared away"),
        }
        if self.store.keeps_ledger() {
            match reconcile::catch_up(&self.store, &self.policy.cases, &self.policy.overrides, self.now) {
                Ok(0) => {}
                Ok(documents) => {
                    tracing::info!(documents, "brought into the ledger what a crash had left out")
                }
                Err(error) => tracing::error!(%error, "documents cannot be brought into the ledger"),
            }
        }
    }

    fn capture(&self, work: &Work) {
        let began = Instant::now();
        metrics::gauge!("epcgate_captures_running").increment(1);
        let outcome =
            catch_unwind(AssertUnwindSafe(|| run(&self.store, work, &self.policy, &self.stopped, self.now)));
        metrics::gauge!("epcgate_captures_running").decrement(1);
        match outcome {
            Ok(Ok(Some(job))) => record(&job, began.elapsed()),
            Ok(Ok(None)) => tracing::info!(job = %work.job.id, "given back, as the gateway stops"),
            // Its lease runs out, and it is tried again until its attempts are used up.
            Ok(Err(error)) => tracing::error!(job = %work.job.id, %error, "a capture failed"),
            Err(_) => tracing::error!(job = %work.job.id, "a capture ended in a panic"),
        }
    }
}

fn record(job: &CaptureJob, took: Duration) {
    let outcome = if job.success { "success" } else { "failure" };
    let seconds = took.as_secs_f64();
    tracing::info!(job = %job.id, outcome, read = job.events_read, stored = job.events_stored, seconds, "captured");
    metrics::counter!("epcgate_captures_total", "outcome" => outcome).increment(1);
    metrics::counter!("epcgate_captured_events_total", "kind" => "stored").increment(job.events_stored);
    metrics::counter!("epcgate_captured_events_total", "kind" => "linked").increment(job.events_linked);
    metrics::histogram!("epcgate_capture_seconds").record(seconds);
}
