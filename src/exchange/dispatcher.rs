//! Dispatcher: the thread that sends what is due.

use std::io;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use tokio::sync::watch;

use crate::exchange::Carrier;
use crate::exchange::Outbox;

/// How often is looked whether something is due.
const PAUSE: Duration = Duration::from_millis(250);

/// The worker of this process that sends; it ends when it is stopped or dropped.
pub struct Dispatcher {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Dispatcher {
    /// Starts the worker. `clock` tells the time.
    ///
    /// Fails where the system gives no thread.
    pub fn start<C: Carrier + Send + 'static>(
        outbox: &Outbox,
        carrier: C,
        clock: fn() -> DateTime<Utc>,
    ) -> io::Result<Dispatcher> {
        let (stop, stopped) = watch::channel(false);
        let outbox = outbox.clone().until(stopped.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let owner = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4());
        let thread = thread::Builder::new()
            .name("dispatcher".to_owned())
            .spawn(move || runtime.block_on(work(&outbox, &carrier, (&owner, clock), stopped)))?;
        Ok(Dispatcher { stop, thread: Some(thread) })
    }

    /// Stops the worker; what it was sending is sent again when one starts.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.stop.send(true);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the dispatcher ended in a panic");
        }
    }
}

async fn work<C: Carrier>(
    outbox: &Outbox,
    carrier: &C,
    (owner, clock): (&str, fn() -> DateTime<Utc>),
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        if let Err(error) = outbox.send_due(carrier, owner, &clock).await {
            tracing::warn!(%error, "nothing can be sent now");
        }
        // Told to stop or not, it looks again.
        let _ = tokio::time::timeout(PAUSE, stopped.changed()).await;
    }
}
