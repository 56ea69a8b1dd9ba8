//! The thread that works on returns as they are opened, and on those a crash left behind.

use std::io;
use std::sync::Arc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::capture::Stopped;
use crate::returns::Desk;
use crate::returns::Ended;

/// How often it looks by itself.
const LOOKS_EVERY: Duration = Duration::from_secs(2);

/// Wakes the worker when a return was opened.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Says that there is something to do.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// The worker of this process.
#[derive(Debug)]
pub struct Worker {
    thread: JoinHandle<()>,
    stopped: Stopped,
    bell: Bell,
}

impl Worker {
    /// Starts the worker, which the bell wakes.
    ///
    /// Fails where the system gives no thread.
    pub fn start(desk: Desk, bell: &Bell) -> io::Result<Worker> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopped, heard) = (Stopped::default(), bell.clone());
        let told = stopped.clone();
        let owner = format!("{}-returns-{}", std::process::id(), uuid::Uuid::new_v4());
        let thread = thread::Builder::new()
            .name("returns".to_owned())
            .spawn(move || runtime.block_on(work(&desk, &owner, (&heard, &told))))?;
        Ok(Worker { thread, stopped, bell: bell.clone() })
    }

    /// Stops it between two answers; the return it works on is given back.
    pub fn stop(self) {
        self.stopped.stop();
        self.bell.ring();
        if self.thread.join().is_err() {
            tracing::error!("the worker of returns ended in a panic");
        }
    }
}

async fn work(desk: &Desk, owner: &str, (bell, stopped): (&Bell, &Stopped)) {
    while !stopped.is_stopped() {
        let taken = match desk.take(owner, None) {
            Ok(Some(taken)) => taken,
            Ok(None) => {
                // Rung or not, it looks again.
                let _ = timeout(LOOKS_EVERY, bell.0.notified()).await;
                continue;
            }
            Err(error) => {
                tracing::error!(%error, "no return can be taken");
                let _ = timeout(LOOKS_EVERY, bell.0.notified()).await;
                continue;
            }
        };
        let id = taken.saleable_return.id.as_str();
        match desk.work(&taken, stopped, &mut |_| {}).await {
            Ok(Ended::Checked) => {
                tracing::info!(id, scans = taken.saleable_return.scans, "a return is checked")
            }
            Ok(Ended::Stopped) => tracing::info!(id, "a return was given back, as the gateway stops"),
            // Its lease runs out, and it is taken up again.
            Err(error) => tracing::error!(id, %error, "a return cannot be checked"),
        }
    }
}
