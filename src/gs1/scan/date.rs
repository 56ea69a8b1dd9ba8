//! ScannedDate: a date as a label tells it, with two digits of the year.

use std::fmt;

use chrono::Datelike;
use chrono::Months;
use chrono::NaiveDate;

/// A date as scanned: `YYMMDD`, with the day 00 where the label tells the month alone.
#[derive(Clone, PartialEq, Eq)]
pub struct ScannedDate(Box<str>);

impl ScannedDate {
    /// Keeps six digits; `None` for anything else.
    pub fn new(yymmdd: &str) -> Option<ScannedDate> {
        let sound = yymmdd.len() == 6 && yymmdd.bytes().all(|byte| byte.is_ascii_digit());
        sound.then(|| ScannedDate(yymmdd.into()))
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day it means in this year's window of a hundred years; the day 00 is the last of its month (GS1 General
    /// Specifications, sections 3.4.2 and 7.12). `None` where there is no such day.
    pub fn date(&self, today: NaiveDate) -> Option<NaiveDate> {
        let number = |from: usize| self.0.get(from..from + 2).and_then(|digits| digits.parse::<i32>().ok());
        let (year, month, day) = (number(0)?, number(2)?, number(4)?);
        let (century, now) = (today.year() / 100 * 100, today.year() % 100);
        let century = match year - now {
            51.. => century - 100,
            ..=-50 => century + 100,
            _ => century,
        };
        let first = NaiveDate::from_ymd_opt(century + year, u32::try_from(month).ok()?, 1)?;
        match day {
            0 => first.checked_add_months(Months::new(1))?.pred_opt(),
            day => first.with_day(u32::try_from(day).ok()?),
        }
    }
}

impl fmt::Debug for ScannedDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ScannedDate({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_of_a_year_are_within_fifty() {
        let today = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        for (text, expected) in [
            ("271231", Some("2027-12-31")),
            ("280200", Some("2028-02-29")),
            ("270200", Some("2027-02-28")),
            ("760101", Some("2076-01-01")),
            ("770101", Some("1977-01-01")),
            ("271301", None),
            ("270230", None),
        ] {
            let date = ScannedDate::new(text).unwrap().date(today).map(|date| date.to_string());
            assert_eq!(date.as_deref(), expected, "{text}");
        }
        assert_eq!(ScannedDate::new("2712"), None);
    }
}
