//! Patience: who tries passwords waits longer each time, and never holds the gateway up.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

/// Names and addresses that are watched at one time; beyond, those that need not wait are forgotten.
const MOST: usize = 10_000;

/// Failures that cost nothing: everybody mistypes.
const FREE: u32 = 5;

/// The longest wait, in seconds.
const LONGEST: i64 = 900;

/// After so long without a failure all is forgotten, in seconds.
const FORGOTTEN: i64 = 3_600;

/// Counts failed tries of each name and each address, in the memory of this process.
#[derive(Debug, Default)]
pub struct Patience(Mutex<HashMap<String, Tries>>);

#[derive(Debug)]
struct Tries {
    failed: u32,
    last: DateTime<Utc>,
}

impl Tries {
    /// From when on there may be a next try: after five failures in 2, 4, 8 … seconds.
    fn next(&self) -> DateTime<Utc> {
        let Some(beyond) = self.failed.checked_sub(FREE) else { return self.last };
        let seconds = 2_i64.checked_pow(beyond + 1).unwrap_or(LONGEST).min(LONGEST);
        self.last + TimeDelta::seconds(seconds)
    }
}

impl Patience {
    /// How long who is behind these names has to wait; `None` where a try is free.
    pub fn wait(&self, names: &[&str], now: DateTime<Utc>) -> Option<TimeDelta> {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = names.iter().filter_map(|name| Some(watched.get(*name)?.next() - now));
        waits.max().filter(|wait| *wait > TimeDelta::zero())
    }

    /// Counts a failure.
    pub fn failed(&self, names: &[&str], now: DateTime<Utc>) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() >= MOST {
            watched.retain(|_, tries| tries.next() > now);
        }
        for name in names {
            if watched.len() >= MOST && !watched.contains_key(*name) {
                continue;
            }
            let tries = watched.entry((*name).to_owned()).or_insert(Tries { failed: 0, last: now });
            if now - tries.last > TimeDelta::seconds(FORGOTTEN) {
                tries.failed = 0;
            }
            *tries = Tries { failed: tries.failed.saturating_add(1), last: now };
        }
    }

    /// Forgets the failures of a name that has proved itself.
    pub fn succeeded(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_forgotten() {
        let patience = Patience::default();
        let at = |second| DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        let wait = |second| patience.wait(&["ann", "10.0.0.1"], at(second)).map(|wait| wait.num_seconds());
        for _ in 0..4 {
            patience.failed(&["ann", "10.0.0.1"], at(0));
        }
        assert_eq!(wait(0), None);
        patience.failed(&["ann", "10.0.0.1"], at(0));
        assert_eq!((wait(0), wait(2)), (Some(2), None));
        patience.failed(&["ann"], at(2));
        assert_eq!((wait(2), patience.wait(&["10.0.0.1"], at(2))), (Some(4), None));
        for _ in 0..60 {
            patience.failed(&["ann"], at(10));
        }
        assert_eq!(wait(10), Some(LONGEST));
        assert_eq!(patience.wait(&["bob"], at(10)), None);
        patience.failed(&["ann"], at(10 + FORGOTTEN + LONGEST + 1));
        assert_eq!(wait(10 + FORGOTTEN + LONGEST + 1), None);
        for _ in 0..9 {
            patience.failed(&["eve"], at(0));
        }
        patience.succeeded("eve");
        assert_eq!(patience.wait(&["eve"], at(0)), None);
    }
}
