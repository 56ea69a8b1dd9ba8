//! Gates: each provider has its own number of questions at one time, and one that fails again and again is left alone for a
//! while, so that it costs the others nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::verify::routing::Settings;

/// Why a provider is not asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Shut {
    /// It failed again and again.
    #[error("it failed again and again, and is left alone for {} s", .0.as_secs().max(1))]
    Resting(Duration),
    /// Too many questions wait for it already.
    #[error("too many questions wait for it")]
    Full,
    /// The turn did not come in time.
    #[error("questions before this one took all the time there was")]
    Late,
}

/// The gates of all providers.
#[derive(Debug)]
pub(super) struct Gates {
    settings: Settings,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
}

/// The gate of one provider.
#[derive(Debug)]
struct Gate {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    most_failures: u32,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when nobody is let in.
    rests_until: Option<Instant>,
    /// One question is under way after a rest, and tells whether others may follow.
    trying: bool,
}

/// A question's turn. Dropped without a word it says nothing of the provider.
#[derive(Debug)]
pub(super) struct Turn {
    gate: Arc<Gate>,
    trial: bool,
    _place: OwnedSemaphorePermit,
}

impl Gates {
    pub(super) fn new(settings: &Settings) -> Gates {
        Gates { settings: settings.clone(), gates: Mutex::default() }
    }

    /// Waits for a turn with a provider at a host, at most this long.
    pub(super) async fn enter(&self, provider: &str, host: &str, wait: Duration) -> Result<Turn, Shut> {
        let gate = self.gate(provider, host);
        gate.look(Instant::now())?;
        let place = match Arc::clone(&gate.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                let _waiting = Waiting::new(&gate)?;
                let turn = tokio::time::timeout(wait, Arc::clone(&gate.places).acquire_owned());
                turn.await.ok().and_then(Result::ok).ok_or(Shut::Late)?
            }
        };
        let trial = gate.admit(Instant::now())?;
        Ok(Turn { gate, trial, _place: place })
    }

    fn gate(&self, provider: &str, host: &str) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates.entry(format!("{provider} {host}"));
        Arc::clone(gate.or_insert_with(|| Arc::new(Gate::new(&self.settings, provider))))
    }
}

impl Gate {
    fn new(settings: &Settings, provider: &str) -> Gate {
        let own = settings.providers.get(provider);
        let places = own.and_then(|own| own.concurrency).unwrap_or(settings.concurrency).clamp(1, 10_000);
        Gate {
            places: Arc::new(Semaphore::new(places)),
            waiting: AtomicUsize::new(0),
            most_waiting: own.and_then(|own| own.queue).unwrap_or(settings.queue),
            most_failures: settings.failures.max(1),
            rest: Duration::from_secs(settings.rest_seconds),
            state: Mutex::default(),
        }
    }

    /// Sends away who comes during a rest, before he waits.
    fn look(&self, now: Instant) -> Result<(), Shut> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.rests_until {
            Some(until) if now < until => Err(Shut::Resting(until - now)),
            Some(_) if state.trying => Err(Shut::Resting(self.rest)),
            _ => Ok(()),
        }
    }

    /// Lets in, after a rest one alone; true for that one.
    fn admit(&self, now: Instant) -> Result<bool, Shut> {
        self.look(now)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let trial = state.rests_until.is_some();
        state.trying |= trial;
        Ok(trial)
    }

    fn note(&self, answered: bool, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.most_failures {
            state.rests_until = Some(now + self.rest);
        }
    }
}

impl Turn {
    /// Says whether the provider did its work.
    pub(super) fn end(self, answered: bool) {
        self.gate.note(answered, Instant::now());
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.trial {
            self.gate.state.lock().unwrap_or_else(PoisonError::into_inner).trying = false;
        }
    }
}

/// A place among those who wait.
struct Waiting<'a>(&'a Gate);

impl Waiting<'_> {
    fn new(gate: &Gate) -> Result<Waiting<'_>, Shut> {
        let before = gate.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(gate);
        if before < gate.most_waiting { Ok(waiting) } else { Err(Shut::Full) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates() -> Gates {
        let settings =
            Settings { concurrency: 1, queue: 1, failures: 2, rest_seconds: 1, ..Settings::default() };
        Gates::new(&settings)
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    const WAIT: Duration = Duration::from_millis(50);

    #[test]
    fn a_dead_provider_rests_and_is_tried_by_one() {
        run(async {
            let gates = gates();
            for _ in 0..2 {
                gates.enter("north", "h", WAIT).await.unwrap().end(false);
            }
            assert!(matches!(gates.enter("north", "h", WAIT).await, Err(Shut::Resting(_))));
            gates.enter("south", "h", WAIT).await.unwrap().end(true);
            gates.enter("north", "other", WAIT).await.unwrap().end(true);
            tokio::time::sleep(Duration::from_millis(1_010)).await;
            let trial = gates.enter("north", "h", WAIT).await.unwrap();
            assert!(matches!(gates.enter("north", "h", WAIT).await, Err(Shut::Resting(_))));
            trial.end(false);
            assert!(matches!(gates.enter("north", "h", WAIT).await, Err(Shut::Resting(_))));
            tokio::time::sleep(Duration::from_millis(1_010)).await;
            drop(gates.enter("north", "h", WAIT).await.unwrap());
            gates.enter("north", "h", WAIT).await.unwrap().end(true);
            gates.enter("north", "h", WAIT).await.unwrap().end(false);
            gates.enter("north", "h", WAIT).await.unwrap().end(true);
        });
    }

    #[test]
    fn waiting_is_bounded_in_number_and_time() {
        run(async {
            let gates = gates();
            let first = gates.enter("north", "h", WAIT).await.unwrap();
            let (late, full) = tokio::join!(gates.enter("north", "h", WAIT), gates.enter("north", "h", WAIT));
            assert_eq!((late.unwrap_err(), full.unwrap_err()), (Shut::Late, Shut::Full));
            drop(first);
            gates.enter("north", "h", WAIT).await.unwrap().end(true);
        });
    }
}
