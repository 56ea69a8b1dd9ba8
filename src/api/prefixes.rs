//! Company prefixes for answers in EPC URNs: GS1's table, and what the gateway has learned or been told.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::gs1::CompanyPrefixes;
use crate::store::Store;
use crate::store::StoreError;

/// How long what was loaded is used before the store is asked again.
const FRESH: Duration = Duration::from_secs(10);

/// The prefixes known at present.
pub struct Prefixes {
    store: Store,
    loaded: Mutex<Option<(Instant, Arc<CompanyPrefixes>)>>,
}

impl Prefixes {
    /// Prefixes of this store, loaded when they are first needed.
    pub fn new(store: &Store) -> Prefixes {
        Prefixes { store: store.clone(), loaded: Mutex::new(None) }
    }

    /// The prefixes, a few seconds old at most.
    pub fn current(&self) -> Result<Arc<CompanyPrefixes>, StoreError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, prefixes)) = &*loaded
            && at.elapsed() < FRESH
        {
            return Ok(prefixes.clone());
        }
        let prefixes = Arc::new(self.store.with_known_prefixes(CompanyPrefixes::builtin())?);
        *loaded = Some((Instant::now(), prefixes.clone()));
        Ok(prefixes)
    }
}
