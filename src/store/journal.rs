//! Journal: writes verifications down, many in one synced transaction, and tells each when it is durable.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::thread;
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::dscsa::AuditEntry;
use crate::dscsa::verification::VerificationRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::verifications;

/// Entries that may wait; a gateway that is asked faster than its disk writes refuses rather than grows.
const MOST_WAITING: usize = 8_192;

/// Entries of one transaction.
const MOST_TOGETHER: usize = 1_024;

/// What is written down together: a verification, and the act of the audit trail that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// The verification.
    pub record: VerificationRecord,
    /// The act; `None` where it has been written down already.
    pub audit: Option<AuditEntry>,
}

/// Why an entry was not written down.
#[derive(Clone, Debug, Error)]
pub enum JournalError {
    /// Too many wait already.
    #[error("{MOST_WAITING} verifications wait to be written down; ask again later")]
    Full,
    /// The gateway is stopping.
    #[error("the gateway is stopping; ask again")]
    Stopped,
    /// The store failed.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

/// Where verifications are written down. Clones share one thread, which ends when the last clone goes.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    sender: Option<SyncSender<Waiting>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Waiting {
    entry: Box<JournalEntry>,
    told: oneshot::Sender<Result<(), JournalError>>,
}

impl Journal {
    /// Starts the thread that writes to this store.
    pub fn start(store: &Store) -> io::Result<Journal> {
        let (sender, receiver) = mpsc::sync_channel(MOST_WAITING);
        let store = store.clone();
        let writer =
            thread::Builder::new().name("journal".to_owned()).spawn(move || write_all(&store, &receiver))?;
        Ok(Journal(Arc::new(Inner { sender: Some(sender), writer: Mutex::new(Some(writer)) })))
    }

    /// Writes an entry down; returns once it is durable.
    pub async fn record(&self, entry: JournalEntry) -> Result<(), JournalError> {
        let (told, telling) = oneshot::channel();
        let sender = self.0.sender.as_ref().ok_or(JournalError::Stopped)?;
        sender.try_send(Waiting { entry: Box::new(entry), told }).map_err(|error| match error {
            TrySendError::Full(_) => JournalError::Full,
            TrySendError::Disconnected(_) => JournalError::Stopped,
        })?;
        telling.await.unwrap_or(Err(JournalError::Stopped))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.sender = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the journal ended in a panic");
        }
    }
}

/// Takes what waits, as much as there is, and writes it in one transaction; while that is synced, the next gather.
fn write_all(store: &Store, receiver: &Receiver<Waiting>) {
    while let Ok(first) = receiver.recv() {
        let mut waiting = vec![first];
        waiting.extend(receiver.try_iter().take(MOST_TOGETHER - 1));
        match write(store, &waiting) {
            Ok(()) => waiting.into_iter().for_each(|one| tell(one, Ok(()))),
            // One that cannot be written must not take the others with it.
            Err(_) if waiting.len() > 1 => waiting.into_iter().for_each(|one| {
                let outcome = write(store, std::slice::from_ref(&one));
                tell(one, outcome);
            }),
            Err(error) => waiting.into_iter().for_each(|one| tell(one, Err(error.clone()))),
        }
    }
}

fn write(store: &Store, waiting: &[Waiting]) -> Result<(), JournalError> {
    let acts: Vec<AuditEntry> = waiting.iter().filter_map(|one| one.entry.audit.clone()).collect();
    let written = store.write(|connection| {
        verifications::append(connection, waiting.iter().map(|one| &one.entry.record))?;
        audit::append(connection, &acts)
    });
    written.map_err(|error| JournalError::Store(Arc::new(error)))
}

/// Who asked may have gone away meanwhile.
fn tell(waiting: Waiting, outcome: Result<(), JournalError>) {
    let _ = waiting.told.send(outcome);
}
