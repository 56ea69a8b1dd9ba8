//! The thread that looks for what people must hear of, and sends the letters.

use std::io;
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

use crate::notices::Settings;
use crate::notices::WatchedCertificate;
use crate::notices::look_round;
use crate::notices::send_due;
use crate::store::Store;
use crate::transport::Mailer;

/// How often letters are looked for that are due.
const PAUSE: Duration = Duration::from_secs(2);

/// How often is looked for what people must hear of.
const ROUND: Duration = Duration::from_secs(60);

/// The worker of this process; it ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Worker {
    told: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Told {
    stop: Mutex<bool>,
    changed: Condvar,
}

impl Told {
    fn stopped(&self) -> bool {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits for so long, or until somebody says stop; true where somebody does.
    fn waited(&self, pause: Duration) -> bool {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(stop, pause, |stop| !*stop);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Worker {
    /// Starts the worker. `clock` tells the time.
    pub fn start(
        store: &Store,
        mailer: Mailer,
        settings: &Settings,
        certificates: Vec<WatchedCertificate>,
        clock: fn() -> DateTime<Utc>,
    ) -> io::Result<Worker> {
        let told = Arc::new(Told::default());
        let (store, settings, heard) = (store.clone(), settings.clone(), Arc::clone(&told));
        let thread = thread::Builder::new().name("notices".to_owned()).spawn(move || {
            work(&store, &mailer, (&settings, &certificates), clock, &heard);
        })?;
        Ok(Worker { told, thread: Some(thread) })
    }

    /// Stops it between two letters.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.told.stop();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the worker of notices ended in a panic");
        }
    }
}

fn work(
    store: &Store,
    mailer: &Mailer,
    (settings, certificates): (&Settings, &[WatchedCertificate]),
    clock: fn() -> DateTime<Utc>,
    told: &Told,
) {
    let mut looked: Option<Instant> = None;
    loop {
        if looked.is_none_or(|looked| looked.elapsed() >= ROUND) {
            looked = Some(Instant::now());
            if let Err(error) = look_round(store, settings, certificates, clock()) {
                tracing::warn!(%error, "no notices can be written now");
            }
        }
        if let Err(error) = send_due(store, mailer, settings, (&clock, &|| told.stopped())) {
            tracing::warn!(%error, "no mail can be sent now");
        }
        if told.waited(PAUSE) {
            return;
        }
    }
}
