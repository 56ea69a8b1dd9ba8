//! The API keys in memory, so that a request costs no look-up: read again before they are a second old, so that a key
//! taken back opens nothing a second later, on whichever machine it was revoked.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use actix_web::rt;
use actix_web::web;
use chrono::DateTime;
use chrono::Utc;
use tokio::sync::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::access::ApiKey;
use crate::access::Caller;
use crate::access::KeyRefusal;
use crate::access::KeyText;
use crate::api::problem::Problem;
use crate::store::Store;

/// From this age on, keys are read again beside the request that finds them so.
const AGEING: Duration = Duration::from_millis(400);

/// From this age on, a request waits for them to be read again.
const OLD: Duration = Duration::from_millis(800);

/// Microseconds between two notes that a key was used.
const NOTED: i64 = 60_000_000;

/// The keys there are. Clones share them.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    store: Store,
    kept: RwLock<Option<Arc<Kept>>>,
    reading: Arc<Mutex<()>>,
}

struct Kept {
    since: Instant,
    keys: HashMap<String, KeptKey>,
}

struct KeptKey {
    key: ApiKey,
    caller: Caller,
    /// When its last use was noted in the store, in microseconds.
    noted: AtomicI64,
}

impl Keyring {
    /// The keys of a store; none is read yet.
    pub fn new(store: &Store) -> Keyring {
        let (kept, reading) = (RwLock::default(), Arc::default());
        Keyring(Arc::new(Inner { store: store.clone(), kept, reading }))
    }

    /// Who asks with the key that was shown, where it is good at this moment; notes that it was used.
    pub async fn admit(
        &self,
        shown: &KeyText,
        now: DateTime<Utc>,
    ) -> Result<Result<Caller, KeyRefusal>, Problem> {
        let kept = self.current().await?;
        let Some(found) = kept.keys.get(shown.id()) else { return Ok(Err(KeyRefusal::Unknown)) };
        if let Err(refusal) = found.key.admits(shown, now) {
            return Ok(Err(refusal));
        }
        self.note(found, now);
        Ok(Ok(found.caller.clone()))
    }

    async fn current(&self) -> Result<Arc<Kept>, Problem> {
        if let Some(kept) = self.kept().filter(|kept| kept.since.elapsed() < OLD) {
            if kept.since.elapsed() >= AGEING
                && let Ok(alone) = Arc::clone(&self.0.reading).try_lock_owned()
            {
                let keyring = self.clone();
                rt::spawn(async move {
                    if let Err(error) = keyring.read(alone).await {
                        tracing::warn!(%error, "the API keys cannot be read");
                    }
                });
            }
            return Ok(kept);
        }
        let alone = Arc::clone(&self.0.reading).lock_owned().await;
        match self.kept().filter(|kept| kept.since.elapsed() < OLD) {
            Some(kept) => Ok(kept),
            None => Box::pin(self.read(alone)).await,
        }
    }

    async fn read(&self, _alone: OwnedMutexGuard<()>) -> Result<Arc<Kept>, Problem> {
        let (store, since) = (self.0.store.clone(), Instant::now());
        let found = web::block(move || store.keys(&Caller::operator())).await??;
        let before = self.kept();
        let keys = found.into_iter().map(|key| {
            let earlier = before.as_ref().and_then(|kept| kept.keys.get(&key.id));
            let earlier = earlier.map(|kept| kept.noted.load(Ordering::Relaxed)).unwrap_or_default();
            let stored = key.used.map(|used| used.timestamp_micros()).unwrap_or_default();
            let caller = key.caller();
            (key.id.clone(), KeptKey { key, caller, noted: AtomicI64::new(stored.max(earlier)) })
        });
        let kept = Arc::new(Kept { since, keys: keys.collect() });
        *self.0.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&kept));
        Ok(kept)
    }

    fn kept(&self) -> Option<Arc<Kept>> {
        self.0.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes in the store that a key was used, once a minute, beside the request.
    fn note(&self, kept: &KeptKey, now: DateTime<Utc>) {
        let (at, noted) = (now.timestamp_micros(), kept.noted.load(Ordering::Relaxed));
        let due = at.saturating_sub(noted) >= NOTED;
        if !due || kept.noted.compare_exchange(noted, at, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let (store, id) = (self.0.store.clone(), kept.key.id.clone());
        rt::task::spawn_blocking(move || {
            if let Err(error) = store.key_used(&id, now) {
                tracing::warn!(%error, key = id, "the use of an API key cannot be noted");
            }
        });
    }
}
