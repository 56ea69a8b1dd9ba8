//! Clerk: the thread that answers arrivals once they are captured.

use std::io;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;

use crate::exchange::Inbox;

/// How often is looked whether there is something to answer.
const PAUSE: Duration = Duration::from_millis(250);

/// The worker of this process that answers; it ends when it is stopped or dropped.
pub struct Clerk {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Clerk {
    /// Starts the worker. `clock` tells the time.
    ///
    /// Fails where the system gives no thread.
    pub fn start(inbox: &Inbox, clock: fn() -> DateTime<Utc>) -> io::Result<Clerk> {
        let (stop, stopped) = mpsc::channel::<()>();
        let inbox = inbox.clone();
        let thread = thread::Builder::new().name("clerk".to_owned()).spawn(move || {
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = inbox.answer_open(clock()) {
                    tracing::warn!(%error, "arrivals cannot be answered now");
                }
            }
        })?;
        Ok(Clerk { stop: Some(stop), thread: Some(thread) })
    }

    /// Stops the worker.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the clerk ended in a panic");
        }
    }
}
