//! Company prefixes for answers in EPC URNs: GS1's table, and what the gateway has learned or been told.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::gs1::CompanyPrefixes;
use crate::store::KnownPrefix;
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
        let known = self.store.known_prefixes()?;
        let prefixes = Arc::new(known.iter().fold(CompanyPrefixes::builtin(), with));
        *loaded = Some((Instant::now(), prefixes.clone()));
        Ok(prefixes)
    }
}

/// Adds one prefix: one seen in a URN counts as learned, one that somebody set stands over all.
fn with(mut prefixes: CompanyPrefixes, known: &KnownPrefix) -> CompanyPrefixes {
    let digits = &known.prefix;
    if known.origin == "seen" {
        let reference = "0".repeat(12_usize.saturating_sub(digits.len()));
        prefixes.learn(&format!("urn:epc:id:sgln:{digits}.{reference}.0"));
        return prefixes;
    }
    let length = u8::try_from(digits.len()).unwrap_or_default();
    // A length that no prefix has says nothing.
    prefixes.clone().with_override(digits, length).unwrap_or(prefixes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: &str, prefix: &str, digits: &str, expected: Option<u8>) {
        let known = KnownPrefix { prefix: prefix.to_owned(), origin: origin.to_owned() };
        assert_eq!(with(CompanyPrefixes::builtin(), &known).length_of(digits), expected, "{origin} {prefix}");
    }

    #[test]
    fn seen_and_set_prefixes_are_known() {
        check("seen", "06141411", "061414112345", Some(8));
        check("seen", "061414", "061414112345", Some(6));
        check("seen", "061414112345", "061414112345", Some(12));
        check("override", "061414112", "061414112345", Some(9));
        check("override", "06", "061414112345", Some(7));
    }
}
