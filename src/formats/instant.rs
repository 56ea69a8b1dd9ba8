//! Moments that people and programs give to bound a list.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::Utc;
use thiserror::Error;

/// A text that is no moment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is neither a date such as 2026-11-23 nor a time with its offset such as 2026-11-23T08:30:00-05:00"
)]
pub struct NoInstant(String);

/// Reads a time with its offset (RFC 3339), or a date, which stands for its beginning in UTC.
pub fn parse(text: &str) -> Result<DateTime<Utc>, NoInstant> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let date = date.filter(|_| text.len() == 10 && text.starts_with(|c: char| c.is_ascii_digit()));
    date.map(|date| date.and_time(NaiveTime::MIN).and_utc()).ok_or_else(|| NoInstant(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse(text).ok().map(|time| time.to_rfc3339()).as_deref(), expected, "{text}");
    }

    #[test]
    fn dates_and_times_are_read() {
        check("2026-11-23", Some("2026-11-23T00:00:00+00:00"));
        check("2026-11-23T08:30:00-05:00", Some("2026-11-23T13:30:00+00:00"));
        for wrong in ["", "2026-11-31", "26-11-23", "2026-11-23T08:30:00", "+2026-11-2", "yesterday"] {
            check(wrong, None);
        }
    }
}
