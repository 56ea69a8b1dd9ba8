//! Acts: writes acts down that change nothing themselves, such as reads, many in one synced transaction.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::dscsa::AuditEntry;
use crate::store::Store;
use crate::store::StoreError;

/// Acts that may wait; more are refused rather than kept in memory.
const MOST_WAITING: usize = 8_192;

/// Acts of one transaction.
const MOST_TOGETHER: usize = 1_024;

/// Where acts are written down. Clones share one thread, which ends when the last clone goes.
#[derive(Clone)]
pub struct Acts(Arc<Inner>);

struct Inner {
    sender: Option<SyncSender<Waiting>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

type Waiting = (AuditEntry, oneshot::Sender<bool>);

impl Acts {
    /// Starts the thread that writes to this store.
    pub fn start(store: &Store) -> io::Result<Acts> {
        let (sender, receiver) = mpsc::sync_channel(MOST_WAITING);
        let store = store.clone();
        let writer =
            thread::Builder::new().name("acts".to_owned()).spawn(move || write_all(&store, &receiver))?;
        Ok(Acts(Arc::new(Inner { sender: Some(sender), writer: Mutex::new(Some(writer)) })))
    }

    /// Writes an act down; returns once it is durable.
    pub async fn record(&self, entry: AuditEntry) -> Result<(), StoreError> {
        let refused = || StoreError::Unavailable("an act cannot be written into the audit trail".to_owned());
        let (told, telling) = oneshot::channel();
        let sender = self.0.sender.as_ref().ok_or_else(refused)?;
        sender.try_send((entry, told)).map_err(|_| refused())?;
        if telling.await.unwrap_or(false) { Ok(()) } else { Err(refused()) }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.sender = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the writer of acts ended in a panic");
        }
    }
}

/// Takes what waits, as much as there is, and writes it in one transaction; while that is synced, the next gather.
fn write_all(store: &Store, receiver: &Receiver<Waiting>) {
    while let Ok(first) = receiver.recv() {
        let mut waiting = vec![first];
        waiting.extend(receiver.try_iter().take(MOST_TOGETHER - 1));
        let (entries, told): (Vec<AuditEntry>, Vec<oneshot::Sender<bool>>) = waiting.into_iter().unzip();
        let written = store.audit(&entries);
        if let Err(error) = &written {
            tracing::error!(%error, acts = entries.len(), "acts cannot be written into the audit trail");
        }
        // Who asked may have gone away meanwhile.
        for told in told {
            let _ = told.send(written.is_ok());
        }
    }
}
