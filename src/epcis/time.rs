//! Times as sent: the instant and the offset are two facts (EPCIS 2.0 §7.3.4).

use std::cmp::Ordering;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use thiserror::Error;

/// A point in time with its zone, kept as written: `2024-03-04T06:00:00.000-05:00`. Any number of fraction digits.
///
/// Equality and order are those of the instant, to the nanosecond.
#[derive(Clone, Debug)]
pub struct EventTime {
    text: Box<str>,
    seconds: i64,
    nanoseconds: u32,
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimeFault {
    /// It does not have the form `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`.
    #[error("is not of the form YYYY-MM-DDThh:mm:ss[.fraction] followed by Z or ±hh:mm")]
    Form,
    /// No such day or hour.
    #[error("names a day, hour or offset that does not exist")]
    Range,
    /// It has no zone.
    #[error("has no time zone")]
    NoZone,
}

impl EventTime {
    /// Reads an `xsd:dateTimeStamp` (§7.3.4.1): seconds are required, `24:00:00` and leap seconds refused.
    pub fn parse(text: &str) -> Result<EventTime, TimeFault> {
        let bytes = text.as_bytes();
        let year = number(bytes, 0, 4).ok_or(TimeFault::Form)?;
        let month = number(bytes, 5, 2).ok_or(TimeFault::Form)?;
        let day = number(bytes, 8, 2).ok_or(TimeFault::Form)?;
        let hour = number(bytes, 11, 2).ok_or(TimeFault::Form)?;
        let minute = number(bytes, 14, 2).ok_or(TimeFault::Form)?;
        let second = number(bytes, 17, 2).ok_or(TimeFault::Form)?;
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
            return Err(TimeFault::Form);
        }
        let (nanoseconds, zone_at) = fraction(bytes, 19).ok_or(TimeFault::Form)?;
        let zone = text.get(zone_at..).ok_or(TimeFault::Form)?;
        if zone.is_empty() {
            return Err(TimeFault::NoZone);
        }
        let offset = if zone == "Z" { 0 } else { i64::from(ZoneOffset::parse(zone)?.minutes()) };
        if hour > 23 || minute > 59 || second > 59 {
            return Err(TimeFault::Range);
        }
        let year = i32::try_from(year).map_err(|_| TimeFault::Range)?;
        let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(TimeFault::Range)?;
        let days = date.signed_duration_since(NaiveDate::default()).num_days();
        let local = days * 86_400 + i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
        Ok(EventTime { text: text.into(), seconds: local - offset * 60, nanoseconds })
    }

    /// A time of the clock, written in UTC with milliseconds.
    pub fn from_utc(time: DateTime<Utc>) -> EventTime {
        let text = time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let nanoseconds = time.timestamp_subsec_millis() * 1_000_000;
        EventTime { text: text.into(), seconds: time.timestamp(), nanoseconds }
    }

    /// The time as sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second; further digits stand in the text alone.
    pub fn nanoseconds(&self) -> u32 {
        self.nanoseconds
    }

    /// Microseconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn microseconds(&self) -> i64 {
        self.seconds * 1_000_000 + i64::from(self.nanoseconds / 1_000)
    }
}

impl PartialEq for EventTime {
    fn eq(&self, other: &EventTime) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for EventTime {}

impl PartialOrd for EventTime {
    fn partial_cmp(&self, other: &EventTime) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventTime {
    fn cmp(&self, other: &EventTime) -> Ordering {
        (self.seconds, self.nanoseconds).cmp(&(other.seconds, other.nanoseconds))
    }
}

/// A local offset from UTC, `-05:00`, between -14:00 and +14:00, kept as sent (§7.3.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ZoneOffset([u8; 6]);

impl ZoneOffset {
    /// No offset, `+00:00`.
    pub const UTC: ZoneOffset = ZoneOffset(*b"+00:00");

    /// Reads `±hh:mm`; `Z`, which the XML schema allows, is read as `+00:00`.
    pub fn parse(text: &str) -> Result<ZoneOffset, TimeFault> {
        if text == "Z" {
            return Ok(ZoneOffset::UTC);
        }
        let bytes: [u8; 6] = text.as_bytes().try_into().map_err(|_| TimeFault::Form)?;
        let [sign, _, _, colon, _, _] = bytes;
        if !matches!(sign, b'+' | b'-') || colon != b':' {
            return Err(TimeFault::Form);
        }
        let hours = number(&bytes, 1, 2).ok_or(TimeFault::Form)?;
        let minutes = number(&bytes, 4, 2).ok_or(TimeFault::Form)?;
        if minutes > 59 || hours > 14 || (hours == 14 && minutes > 0) {
            return Err(TimeFault::Range);
        }
        Ok(ZoneOffset(bytes))
    }

    /// The offset that a time is written with.
    pub fn of(time: &EventTime) -> ZoneOffset {
        let text = time.as_str();
        let end = text.len().checked_sub(6).and_then(|at| text.get(at..));
        end.and_then(|end| ZoneOffset::parse(end).ok()).unwrap_or(ZoneOffset::UTC)
    }

    /// The offset as sent.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("+00:00")
    }

    /// Minutes east of UTC.
    pub fn minutes(&self) -> i32 {
        let value = |at| number(&self.0, at, 2).and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
        let minutes = value(1) * 60 + value(4);
        if self.0.starts_with(b"-") { -minutes } else { minutes }
    }
}

fn number(bytes: &[u8], from: usize, length: usize) -> Option<u32> {
    bytes
        .get(from..from + length)?
        .iter()
        .try_fold(0u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// Reads `.123…` at this place: nanoseconds, and where the zone begins.
fn fraction(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    if bytes.get(at) != Some(&b'.') {
        return Some((0, at));
    }
    let digits = bytes.get(at + 1..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let kept = digits.min(9);
    let value = number(bytes, at + 1, kept)?;
    let scale = u32::try_from(9 - kept).ok()?;
    Some((value * 10u32.pow(scale), at + 1 + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(i64, u32), TimeFault>) {
        assert_eq!(EventTime::parse(text).map(|t| (t.seconds(), t.nanoseconds())), expected, "{text}");
    }

    #[test]
    fn reads_instants() {
        check("1970-01-01T00:00:00Z", Ok((0, 0)));
        check("2024-03-04T06:00:00.000-05:00", Ok((1_709_550_000, 0)));
        check("2024-03-04T11:00:00.1234567891Z", Ok((1_709_550_000, 123_456_789)));
        check("1969-12-31T23:59:59.5Z", Ok((-1, 500_000_000)));
        check("2024-03-04T06:00:00", Err(TimeFault::NoZone));
        check("2024-02-30T06:00:00Z", Err(TimeFault::Range));
        check("2024-03-04T24:00:00Z", Err(TimeFault::Range));
        check("2024-03-04T06:00:00.Z", Err(TimeFault::Form));
        check("2024-03-04T06:00Z", Err(TimeFault::Form));
        check("yesterday", Err(TimeFault::Form));
        check("2024-03-04T06:00:00+15:00", Err(TimeFault::Range));
        check("\u{e9}\u{e9}\u{e9}", Err(TimeFault::Form));
    }

    #[test]
    fn keeps_what_was_sent_and_compares_instants() {
        let local = EventTime::parse("2024-03-04T06:00:00.000-05:00").unwrap();
        assert_eq!(local.as_str(), "2024-03-04T06:00:00.000-05:00");
        assert_eq!(local, EventTime::parse("2024-03-04T11:00:00Z").unwrap());
        assert!(local < EventTime::parse("2024-03-04T11:00:00.001Z").unwrap());
    }

    #[test]
    fn reads_offsets() {
        assert_eq!(ZoneOffset::parse("-05:30").unwrap().minutes(), -330);
        assert_eq!(ZoneOffset::parse("Z").unwrap().as_str(), "+00:00");
        assert_eq!(ZoneOffset::parse("+14:01"), Err(TimeFault::Range));
        assert_eq!(ZoneOffset::parse("05:00"), Err(TimeFault::Form));
    }
}
