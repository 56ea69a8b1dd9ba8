//! Throttle: who guesses serial numbers is not answered for a while (LMS 1.1, section 1.5).

use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::dscsa::verification::VerificationRequest;
use crate::verify::policy::Settings;

/// GLNs that are watched at one time; beyond, those whose time is over are forgotten, and then all that are not paused.
const MOST_GLNS: usize = 10_000;

/// Items that are told apart for each GLN; beyond, each question counts.
const MOST_ITEMS: usize = 4_096;

/// Counts the questions of each GLN, and tells who guesses: by the share of failed ones, in which the same good item asked
/// about over and over counts once.
pub(super) struct Throttle {
    least_failures: u32,
    share: f64,
    window: TimeDelta,
    pause: TimeDelta,
    watched: Mutex<HashMap<Box<str>, Watched>>,
    hasher: RandomState,
}

struct Watched {
    since: DateTime<Utc>,
    good: HashSet<u64>,
    good_beyond: u32,
    failed: u32,
    paused_until: Option<DateTime<Utc>>,
}

/// A GLN that is not answered for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paused {
    /// Until when.
    pub(super) until: DateTime<Utc>,
    /// Failed questions in the time that is counted.
    pub(super) failed: u32,
}

impl Throttle {
    /// A throttle that has seen nobody.
    pub(super) fn new(settings: &Settings) -> Throttle {
        Throttle {
            least_failures: settings.guesses.max(1),
            share: settings.guessing_share,
            window: TimeDelta::seconds(i64::from(settings.guess_seconds)),
            pause: TimeDelta::seconds(i64::from(settings.pause_seconds)),
            watched: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// Until when a GLN is not answered.
    pub(super) fn paused(&self, gln: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.get(gln)?.paused_until.filter(|until| *until > now)
    }

    /// Counts a question that was answered; tells where from now on its GLN is not.
    pub(super) fn note(
        &self,
        request: &VerificationRequest,
        failed: bool,
        now: DateTime<Utc>,
    ) -> Option<Paused> {
        let item = self.hasher.hash_one((request.gtin, &request.serial));
        let mut all = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(&request.requester) {
            self.make_room(&mut all, now);
            all.insert(request.requester.clone(), Watched::new(now));
        }
        let watched = all.get_mut(&request.requester)?;
        if now - watched.since >= self.window {
            *watched = Watched { paused_until: watched.paused_until, ..Watched::new(now) };
        }
        watched.count(item, failed);
        let guesses = failed
            && watched.failed >= self.least_failures
            && f64::from(watched.failed) >= self.share * f64::from(watched.failed + watched.good())
            && watched.paused_until.is_none_or(|until| until <= now);
        if !guesses {
            return None;
        }
        let paused = Paused { until: now + self.pause, failed: watched.failed };
        *watched = Watched { paused_until: Some(paused.until), ..Watched::new(now) };
        Some(paused)
    }

    fn make_room(&self, all: &mut HashMap<Box<str>, Watched>, now: DateTime<Utc>) {
        if all.len() < MOST_GLNS {
            return;
        }
        let paused = |watched: &Watched| watched.paused_until.is_some_and(|until| until > now);
        all.retain(|_, watched| paused(watched) || now - watched.since < self.window);
        if all.len() >= MOST_GLNS {
            all.retain(|_, watched| paused(watched));
        }
    }
}

impl Watched {
    fn new(since: DateTime<Utc>) -> Watched {
        Watched { since, good: HashSet::new(), good_beyond: 0, failed: 0, paused_until: None }
    }

    fn count(&mut self, item: u64, failed: bool) {
        if failed {
            self.failed = self.failed.saturating_add(1);
        } else if self.good.len() < MOST_ITEMS {
            self.good.insert(item);
        } else {
            self.good_beyond = self.good_beyond.saturating_add(1);
        }
    }

    fn good(&self) -> u32 {
        u32::try_from(self.good.len()).unwrap_or(u32::MAX).saturating_add(self.good_beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::verification::CorrelationId;
    use crate::dscsa::verification::RequesterStatement;
    use crate::gs1::Gtin;
    use crate::gs1::ScannedDate;
    use crate::verify::policy::tests::settings;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn request(gln: &str, serial: u32) -> VerificationRequest {
        VerificationRequest {
            gtin: Gtin::parse("00300010123455").unwrap(),
            lot: "A".into(),
            serial: serial.to_string().into(),
            expiry: ScannedDate::new("280331").unwrap(),
            context: Box::default(),
            requester: gln.into(),
            correlation: CorrelationId::new(uuid::Uuid::nil()),
            statement: RequesterStatement::default(),
        }
    }

    /// Asks with these outcomes, one a second; which question pauses, if any.
    fn check(outcomes: impl Iterator<Item = (u32, bool)>, expected: Option<usize>) {
        let throttle = Throttle::new(&settings());
        let paused = outcomes.enumerate().find_map(|(number, (serial, failed))| {
            let now = at(i64::try_from(number).unwrap());
            throttle.note(&request("a", serial), failed, now).map(|_| number)
        });
        assert_eq!(paused, expected);
    }

    #[test]
    fn who_guesses_is_told_by_the_share_of_failures() {
        check((0..100).map(|serial| (serial, true)), Some(2));
        check((0..1_000).map(|serial| (serial, serial % 20 == 0)), None);
        check((0..100).map(|serial| (if serial % 2 == 0 { 7 } else { serial }, serial % 2 == 1)), Some(5));
        check((0..20_000).map(|serial| (serial, serial % 3 == 0 && serial > 6)), None);
    }

    #[test]
    fn a_pause_ends_and_is_of_one_gln() {
        let throttle = Throttle::new(&settings());
        for serial in 0..3 {
            throttle.note(&request("a", serial), true, at(0));
        }
        assert_eq!(throttle.paused("a", at(1)), Some(at(900)));
        assert_eq!((throttle.paused("b", at(1)), throttle.paused("a", at(900))), (None, None));
        assert_eq!(throttle.note(&request("a", 4), true, at(901)), None);
    }

    #[test]
    fn old_failures_are_forgotten() {
        let throttle = Throttle::new(&settings());
        let note = |second| throttle.note(&request("a", 1), true, at(second));
        assert_eq!((note(0), note(1), note(601), note(602)), (None, None, None, None));
        assert_eq!(note(603), Some(Paused { until: at(1_503), failed: 3 }));
    }

    #[test]
    fn strangers_do_not_make_it_grow() {
        let throttle = Throttle::new(&settings());
        for gln in 0..2 * MOST_GLNS {
            throttle.note(&request(&gln.to_string(), 1), true, at(0));
        }
        assert!(throttle.watched.lock().unwrap().len() <= MOST_GLNS);
    }
}
