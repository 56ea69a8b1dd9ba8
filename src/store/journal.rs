//! Journal: makes the answers to verifications and writes them down, many with one look into the ledger and in one synced
//! transaction, tells each when it is durable, and brings them into the tables in which they are searched when nobody asks.

use std::io;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::access::Caller;
use crate::gs1::Gtin;
use crate::store::AssignedIdentifier;
use crate::store::JournalEntry;
use crate::store::Store;
use crate::store::StoreError;

/// Entries that may wait; a gateway that is asked faster than its disk writes refuses rather than grows.
const MOST_WAITING: usize = 8_192;

/// Entries of one transaction: looking up and syncing cost little more for many than for one. Not all there are, so that who
/// waits for it and who is served meanwhile take turns, and nobody idles.
const TOGETHER: usize = 128;

/// Entries of one transaction where the one before took [`LONG`] to write.
const MOST_TOGETHER: usize = 2_048;

/// From here on syncing is what takes time: on a slow disk, or over a network.
const LONG: Duration = Duration::from_millis(5);

/// Blocks are filed when nobody has asked for so long.
const QUIET: Duration = Duration::from_secs(1);

/// From so many entries on they are filed although somebody asks, so that those who search wait half a minute at the worst.
const MANY_UNFILED: usize = 250_000;

/// How long the thread that files rests after the store failed.
const REST: Duration = Duration::from_secs(2);

/// Why an entry was not written down.
#[derive(Clone, Debug, Error)]
pub enum JournalError {
    /// Too many wait already.
    #[error("{MOST_WAITING} verifications wait to be written down; ask again later")]
    Full,
    /// The gateway is stopping.
    #[error("the gateway is stopping; ask again")]
    Stopped,
    /// The answer could not be made, by a fault of ours.
    #[error("the answer could not be made; tell the operator of this gateway")]
    Failed,
    /// What an answer rests on could not be looked up.
    #[error("what the answer rests on could not be looked up; ask again")]
    Ledger(Arc<StoreError>),
    /// The store failed to write.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

/// Where verifications are written down. Clones share its threads, which end when the last clone goes.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    sender: Option<SyncSender<Box<dyn Waiting>>>,
    filing: Arc<Filing>,
    threads: Vec<JoinHandle<()>>,
}

/// What waits to be written down.
trait Waiting: Send {
    /// The item that it rests on, where it rests on one.
    fn item(&self) -> Option<(Gtin, &str)>;

    /// What is written down, given what the ledger says of that item; `None` once it was given.
    fn entry(&mut self, found: Option<AssignedIdentifier>) -> Option<JournalEntry>;

    /// Tells who waits what came of it. Who asked may have gone away meanwhile.
    fn tell(self: Box<Self>, outcome: Result<(), JournalError>);
}

struct Answering<T, F> {
    item: Option<(Gtin, Box<str>)>,
    answer: Option<F>,
    answered: Option<T>,
    told: oneshot::Sender<Result<T, JournalError>>,
}

impl<T, F> Waiting for Answering<T, F>
where
    T: Send,
    F: FnOnce(Option<AssignedIdentifier>) -> (JournalEntry, T) + Send,
{
    fn item(&self) -> Option<(Gtin, &str)> {
        self.item.as_ref().map(|(gtin, serial)| (*gtin, &**serial))
    }

    fn entry(&mut self, found: Option<AssignedIdentifier>) -> Option<JournalEntry> {
        let (entry, answered) = self.answer.take()?(found);
        self.answered = Some(answered);
        Some(entry)
    }

    fn tell(self: Box<Self>, outcome: Result<(), JournalError>) {
        let answered = self.answered.ok_or(JournalError::Failed);
        drop(self.told.send(outcome.and(answered)));
    }
}

impl Journal {
    /// Starts the threads that write to this store.
    pub fn start(store: &Store) -> io::Result<Journal> {
        let (sender, receiver) = mpsc::sync_channel(MOST_WAITING);
        let filing = Arc::new(Filing::new());
        let mut inner = Inner { sender: Some(sender), filing: Arc::clone(&filing), threads: Vec::new() };
        let (writing, files) = ((store.clone(), Arc::clone(&filing)), (store.clone(), filing));
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        inner.threads.push(named("journal").spawn(move || write_all(&writing.0, &receiver, &writing.1))?);
        inner.threads.push(named("filing").spawn(move || files.1.run(&files.0))?);
        Ok(Journal(Arc::new(inner)))
    }

    /// Writes an entry down; returns once it is durable.
    pub async fn record(&self, entry: JournalEntry) -> Result<(), JournalError> {
        self.answer(None, move |_| (entry, ())).await
    }

    /// Makes an answer of what the ledger says of an item, `None` where it knows none, and writes it down; gives it once that
    /// is durable. Those who ask at a time are looked up together, as the ledger is at one moment.
    pub async fn answer<T: Send + 'static>(
        &self,
        item: Option<(Gtin, Box<str>)>,
        answer: impl FnOnce(Option<AssignedIdentifier>) -> (JournalEntry, T) + Send + 'static,
    ) -> Result<T, JournalError> {
        let (told, telling) = oneshot::channel();
        let waiting = Box::new(Answering { item, answer: Some(answer), answered: None, told });
        let sender = self.0.sender.as_ref().ok_or(JournalError::Stopped)?;
        sender.try_send(waiting).map_err(|error| match error {
            TrySendError::Full(_) => JournalError::Full,
            TrySendError::Disconnected(_) => JournalError::Stopped,
        })?;
        telling.await.unwrap_or(Err(JournalError::Stopped))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.sender = None;
        self.filing.stop();
        for thread in mem::take(&mut self.threads) {
            if thread.join().is_err() {
                tracing::error!("a thread of the journal ended in a panic");
            }
        }
    }
}

/// Takes what waits and writes it in one transaction; while that is synced, the next gather.
fn write_all(store: &Store, receiver: &Receiver<Box<dyn Waiting>>, filing: &Filing) {
    let mut took = Duration::ZERO;
    while let Ok(first) = receiver.recv() {
        let most = if took >= LONG { MOST_TOGETHER } else { TOGETHER };
        let mut batch = vec![first];
        batch.extend(receiver.try_iter().take(most - 1));
        let (entries, waiting) = answered(store, batch);
        filing.written(entries.len());
        let began = Instant::now();
        let outcome = match entries.is_empty() {
            true => Ok(()),
            false => store.journal(entries).map_err(|error| JournalError::Store(Arc::new(error))),
        };
        took = began.elapsed();
        waiting.into_iter().for_each(|waiting| waiting.tell(outcome.clone()));
    }
}

type Batch = Vec<Box<dyn Waiting>>;

/// What is to be written down, and who waits for it; who waits in vain is told at once.
fn answered(store: &Store, batch: Batch) -> (Vec<JournalEntry>, Batch) {
    let items: Vec<(Gtin, &str)> = batch.iter().filter_map(|waiting| waiting.item()).collect();
    let found = match items.is_empty() {
        true => Ok(Vec::new()),
        false => store.assigned_all(&Caller::operator(), &items),
    };
    let failed = |error| JournalError::Ledger(Arc::new(error));
    let mut found = found.map(Vec::into_iter).map_err(failed);
    let (mut entries, mut waiting) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
    for mut one in batch {
        let item = match (one.item().is_some(), &mut found) {
            (true, Ok(found)) => found.next().unwrap_or(Ok(None)).map_err(failed),
            (true, Err(error)) => Err(error.clone()),
            (false, _) => Ok(None),
        };
        // A fault in the making of one answer does not take the others with it.
        let made = item.map(|item| catch_unwind(AssertUnwindSafe(|| one.entry(item))));
        match made {
            Ok(Ok(Some(entry))) => {
                entries.push(entry);
                waiting.push(one);
            }
            Ok(Ok(None) | Err(_)) => one.tell(Err(JournalError::Failed)),
            Err(error) => one.tell(Err(error)),
        }
    }
    (entries, waiting)
}

/// When to file what the journal wrote: in the quiet, and at the latest when much has gathered.
struct Filing {
    state: Mutex<FilingState>,
    changed: Condvar,
}

struct FilingState {
    last: Instant,
    unfiled: usize,
    stopping: bool,
}

impl Filing {
    /// What an earlier process left is filed first, so that there is something to look for.
    fn new() -> Filing {
        let state = FilingState { last: Instant::now(), unfiled: 1, stopping: false };
        Filing { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn written(&self, entries: usize) {
        let mut state = self.lock();
        (state.last, state.unfiled) = (Instant::now(), state.unfiled + entries);
        if state.unfiled == entries {
            self.changed.notify_one();
        }
    }

    fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_one();
    }

    fn run(&self, store: &Store) {
        while self.wait() {
            match store.file_next() {
                Ok(0) => self.lock().unfiled = 0,
                Ok(filed) => {
                    let mut state = self.lock();
                    state.unfiled = state.unfiled.saturating_sub(filed).max(1);
                }
                Err(error) => {
                    tracing::warn!(%error, "verifications cannot be brought into their tables now");
                    let state = self.lock();
                    drop(self.changed.wait_timeout_while(state, REST, |state| !state.stopping));
                }
            }
        }
    }

    /// Waits until something should be filed; false where the gateway is stopping.
    fn wait(&self) -> bool {
        let mut state = self.lock();
        while !state.stopping {
            let quiet = state.last.elapsed();
            if state.unfiled >= MANY_UNFILED || (state.unfiled > 0 && quiet >= QUIET) {
                return true;
            }
            state = if state.unfiled == 0 {
                self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                let rest = QUIET.saturating_sub(quiet);
                self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
            };
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, FilingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
