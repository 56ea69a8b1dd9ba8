//! The pace of a body: how long it may take altogether, and how fast it must come while it is waited for.

use std::time::Duration;

/// How long a client is waited for before its rate is judged.
const JUDGED_EVERY: Duration = Duration::from_secs(10);

/// Judges how fast a body comes. Only the time spent waiting for the client counts, not the time we take to keep it.
#[derive(Debug)]
pub struct Pace {
    left: Duration,
    least_bytes_per_second: u64,
    waited: Duration,
    brought: u64,
}

impl Pace {
    /// A body that may take this long altogether and must bring so many bytes a second.
    pub fn new(altogether: Duration, least_bytes_per_second: u64) -> Pace {
        Pace { left: altogether, least_bytes_per_second, waited: Duration::ZERO, brought: 0 }
    }

    /// How long to wait for the next bytes before the pace is judged again.
    pub fn patience(&self) -> Duration {
        JUDGED_EVERY.saturating_sub(self.waited).min(self.left)
    }

    /// Counts a wait and what it brought. False where the client is to be cut off.
    pub fn keeps_up(&mut self, waited: Duration, brought: usize) -> bool {
        self.left = self.left.saturating_sub(waited);
        self.waited += waited;
        self.brought += brought as u64;
        if self.waited < JUDGED_EVERY {
            return !self.left.is_zero();
        }
        let least = self.waited.as_secs().saturating_mul(self.least_bytes_per_second);
        let enough = self.brought >= least;
        (self.waited, self.brought) = (Duration::ZERO, 0);
        enough && !self.left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn check(least: u64, bytes_each_second: usize, expected: Option<u32>) {
        let mut pace = Pace::new(60 * SECOND, least);
        let cut_off = (1..=100).find(|_| !pace.keeps_up(SECOND, bytes_each_second));
        assert_eq!(cut_off, expected, "{least} {bytes_each_second}");
    }

    #[test]
    fn a_slow_body_is_cut_off_and_a_steady_one_is_not_before_its_time() {
        check(1_024, 1, Some(10));
        check(1_024, 1_023, Some(10));
        check(1_024, 1_024, Some(60));
        check(0, 0, Some(60));
    }

    #[test]
    fn patience_ends_with_the_judgement() {
        let mut pace = Pace::new(60 * SECOND, 1);
        assert!(pace.keeps_up(4 * SECOND, 10));
        assert_eq!(pace.patience(), 6 * SECOND);
    }
}
