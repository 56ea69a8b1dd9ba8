//! The life of a case: its states, the steps between them, and the clocks.

use chrono::DateTime;
use chrono::Datelike;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use chrono::Weekday;

use crate::dscsa::exception::words::worded;

worded! {
    /// Where a case stands.
    CaseState {
        /// Something is wrong that the partner has not been told.
        Open = "open",
        /// The partner has been told, or has told us.
        Notified = "notified",
        /// The one who was told has answered.
        Answered = "answered",
        /// Corrected data have come, but not everything fits yet.
        Corrected = "corrected",
        /// Everything fits now.
        Rematched = "rematched",
        /// Nothing more is to be done.
        Closed = "closed",
    }
}

worded! {
    /// What happens to a case; each is written down with who, when, what and why.
    CaseStep {
        /// The case is opened.
        Opened = "opened",
        /// Something more was found.
        ItemAdded = "item-added",
        /// The other side is told.
        Notified = "notified",
        /// An answer is given.
        Answered = "answered",
        /// Corrected data come.
        Corrected = "corrected",
        /// One item is settled.
        ItemSettled = "item-settled",
        /// The last item is settled by data or goods.
        Rematched = "rematched",
        /// Somebody writes a note.
        Noted = "noted",
        /// The case is closed.
        Closed = "closed",
    }
}

impl CaseState {
    /// The state after a step; `None` where the step is not allowed here.
    pub fn after(self, step: CaseStep) -> Option<CaseState> {
        use CaseState::Answered;
        use CaseState::Closed;
        use CaseState::Corrected;
        use CaseState::Notified;
        use CaseState::Open;
        use CaseState::Rematched;
        match (step, self) {
            (CaseStep::Noted, state) => Some(state),
            (_, Closed) => None,
            (CaseStep::Opened | CaseStep::ItemAdded, _) => Some(Open),
            (CaseStep::Notified, _) => Some(Notified),
            (CaseStep::Answered, Notified | Answered | Corrected | Rematched) => Some(Answered),
            // An answer to an earlier notice; what was found since is still to be told.
            (CaseStep::Answered, Open) => Some(Open),
            (CaseStep::Corrected, Open | Notified | Answered | Corrected) => Some(Corrected),
            (CaseStep::Corrected, Rematched) => None,
            (CaseStep::ItemSettled, state) => Some(state),
            (CaseStep::Rematched, Corrected) => Some(Rematched),
            (CaseStep::Rematched, _) => None,
            (CaseStep::Closed, _) => Some(Closed),
        }
    }

    /// The state in plain words.
    pub fn words(self) -> &'static str {
        match self {
            CaseState::Open => "open, the other side has not been told",
            CaseState::Notified => "told, waiting for an answer",
            CaseState::Answered => "answered",
            CaseState::Corrected => "corrected data came, something is left",
            CaseState::Rematched => "everything fits now",
            CaseState::Closed => "closed",
        }
    }
}

/// How long each side has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Hours from opening a case until the partner is to be told.
    pub notify_hours: u32,
    /// Business days from telling the partner until its answer is due.
    pub answer_business_days: u32,
    /// Days besides Saturdays and Sundays on which nobody works.
    pub holidays: Vec<NaiveDate>,
}

impl Default for Clocks {
    fn default() -> Clocks {
        Clocks { notify_hours: 24, answer_business_days: 3, holidays: Vec::new() }
    }
}

impl Clocks {
    /// When the partner is to be told of a case opened now.
    pub fn notify_by(&self, opened: DateTime<Utc>) -> DateTime<Utc> {
        opened.checked_add_signed(TimeDelta::hours(i64::from(self.notify_hours))).unwrap_or(opened)
    }

    /// When the answer to a notice sent now is due: the same time of day, so many business days (UTC) later.
    pub fn answer_by(&self, notified: DateTime<Utc>) -> DateTime<Utc> {
        let mut due = notified;
        let mut left = self.answer_business_days.min(1_000);
        while left > 0 {
            let Some(next) = due.checked_add_signed(TimeDelta::days(1)) else { return due };
            due = next;
            let day = due.date_naive();
            let works = !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            if works && !self.holidays.contains(&day) {
                left -= 1;
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: CaseState, step: CaseStep, expected: Option<CaseState>) {
        assert_eq!(state.after(step), expected, "{state:?} {step:?}");
    }

    #[test]
    fn only_legal_steps_are_taken() {
        check(CaseState::Open, CaseStep::Notified, Some(CaseState::Notified));
        check(CaseState::Open, CaseStep::Answered, Some(CaseState::Open));
        check(CaseState::Open, CaseStep::Rematched, None);
        check(CaseState::Notified, CaseStep::Answered, Some(CaseState::Answered));
        check(CaseState::Answered, CaseStep::Corrected, Some(CaseState::Corrected));
        check(CaseState::Answered, CaseStep::Rematched, None);
        check(CaseState::Corrected, CaseStep::Rematched, Some(CaseState::Rematched));
        check(CaseState::Rematched, CaseStep::ItemAdded, Some(CaseState::Open));
        check(CaseState::Rematched, CaseStep::Closed, Some(CaseState::Closed));
        check(CaseState::Closed, CaseStep::Noted, Some(CaseState::Closed));
        for step in CaseStep::ALL.iter().filter(|step| **step != CaseStep::Noted) {
            check(CaseState::Closed, *step, None);
        }
    }

    #[test]
    fn an_answer_is_due_on_a_business_day() {
        let clocks =
            Clocks { holidays: vec![NaiveDate::from_ymd_opt(2026, 11, 26).unwrap()], ..Clocks::default() };
        let due = |from: &str| clocks.answer_by(from.parse().unwrap()).to_rfc3339();
        assert_eq!(due("2026-11-16T10:30:00Z"), "2026-11-19T10:30:00+00:00");
        assert_eq!(due("2026-11-19T10:30:00Z"), "2026-11-24T10:30:00+00:00");
        assert_eq!(due("2026-11-24T10:30:00Z"), "2026-11-30T10:30:00+00:00");
        let opened = "2026-11-21T10:30:00Z".parse().unwrap();
        assert_eq!(clocks.notify_by(opened).to_rfc3339(), "2026-11-22T10:30:00+00:00");
    }
}
