//! Single values as the hash takes them (CBV 2.0 §8.9.2): identifiers, words, numbers, times.

use chrono::DateTime;
use chrono::Datelike;
use chrono::Timelike;

use crate::epcis::Decimal;
use crate::epcis::EventTime;
use crate::epcis::Term;
use crate::epcis::vocabulary::Spelling;
use crate::gs1::Series;
use crate::gs1::digital_link;

const CBV_URNS: [(&str, &str); 5] = [
    ("bizstep:", "https://ref.gs1.org/cbv/BizStep-"),
    ("disp:", "https://ref.gs1.org/cbv/Disp-"),
    ("btt:", "https://ref.gs1.org/cbv/BTT-"),
    ("sdt:", "https://ref.gs1.org/cbv/SDT-"),
    ("er:", "https://ref.gs1.org/cbv/ER-"),
];

/// Writes an identifier as [`uri`] does, sooner where it is of the same trade item as the last.
pub(super) fn identifier(text: &str, series: &mut Series, out: &mut String) {
    let text = text.trim();
    if !(text.starts_with("urn:epc:") && series.write_canonical_for_hash(text, out)) {
        uri(text, out);
    }
}

/// Writes a URI: a GS1 key as canonical Digital Link, a CBV word as web URI, any other as it is.
pub(super) fn uri(uri: &str, out: &mut String) {
    let uri = uri.trim();
    if let Some(word) = uri.strip_prefix("urn:epcglobal:cbv:") {
        let known = CBV_URNS.iter().find_map(|(urn, web)| Some((web, word.strip_prefix(urn)?)));
        return match known {
            Some((web, word)) => out.extend([*web, word]),
            None => out.push_str(uri),
        };
    }
    let may_be_key =
        uri.starts_with("urn:epc:") || uri.get(..4).is_some_and(|text| text.eq_ignore_ascii_case("http"));
    if !may_be_key || !digital_link::write_canonical_for_hash(uri, out) {
        out.push_str(uri);
    }
}

/// Writes a text of unknown meaning: a URI or word as such, a number without the trailing zeros of its fraction.
pub(super) fn text(text: &str, out: &mut String) {
    let text = text.trim();
    if let Some(word) = text.strip_prefix("cbv:") {
        return out.extend(["https://ref.gs1.org/cbv/", word]);
    }
    if let Some(word) = text.strip_prefix("gs1:") {
        return out.extend(["https://gs1.org/voc/", word]);
    }
    match plain_fraction(text) {
        Some((whole, fraction)) => plain(whole, fraction, out),
        None => uri(text, out),
    }
}

/// Splits a number with a fraction, written as anybody writes numbers: no plus sign, no exponent, no needless zero in front.
fn plain_fraction(text: &str) -> Option<(&str, &str)> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let sound = digits(unsigned) && digits(fraction) && (unsigned == "0" || !unsigned.starts_with('0'));
    sound.then_some((whole, fraction))
}

/// Writes the number of these parts, of which the whole may have a sign and zeros in front.
fn plain(whole: &str, fraction: &str, out: &mut String) {
    let negative = whole.starts_with('-');
    let whole = whole.trim_start_matches(['+', '-']).trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if negative && !(whole.is_empty() && fraction.is_empty()) {
        out.push('-');
    }
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.extend([".", fraction]);
    }
}

/// Writes a number with neither needless zeros nor plus sign nor, unless it is very long, exponent.
pub(super) fn decimal(number: &Decimal, out: &mut String) {
    let text = number.as_str();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, ""));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    match exponent.parse::<i64>() {
        Ok(exponent) if exponent != 0 => shifted(whole, fraction, exponent, out),
        _ => plain(whole, fraction, out),
    }
}

fn shifted(whole: &str, fraction: &str, exponent: i64, out: &mut String) {
    const LONGEST: i64 = 60;
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let all: String = whole.trim_start_matches(['+', '-']).chars().chain(fraction.chars()).collect();
    let behind = i64::try_from(all.trim_start_matches('0').len()).unwrap_or(LONGEST);
    let digits = all.trim_matches('0');
    if digits.is_empty() {
        return out.push('0');
    }
    // Where the point stands, counted from the first digit that is not zero.
    let point = behind - i64::try_from(fraction.len()).unwrap_or(LONGEST) + exponent;
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    let length = i64::try_from(digits.len()).unwrap_or(LONGEST);
    if !(-LONGEST..=LONGEST).contains(&point) {
        out.extend([sign, digits, "e", &(point - length).to_string()]);
    } else if point <= 0 {
        out.extend([sign, "0.", &zeros(-point), digits]);
    } else if point >= length {
        out.extend([sign, digits, &zeros(point - length)]);
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
        out.extend([sign, whole, ".", fraction]);
    }
}

/// Writes a word as web URI; a user's own as it is.
pub(super) fn term(term: &Term, out: &mut String) {
    out.push_str(term.spelt(Spelling::WebUri).trim());
}

/// Writes a time in UTC with milliseconds, rounded half up.
pub(super) fn time(time: &EventTime, out: &mut String) {
    let milliseconds = (time.nanoseconds() + 500_000) / 1_000_000;
    let seconds = time.seconds() + i64::from(milliseconds / 1_000);
    let Some(utc) = DateTime::from_timestamp(seconds, 0) else { return out.push_str(time.as_str()) };
    let year = u32::try_from(utc.year()).unwrap_or_default();
    let fields = [
        (year, 4, "-"),
        (utc.month(), 2, "-"),
        (utc.day(), 2, "T"),
        (utc.hour(), 2, ":"),
        (utc.minute(), 2, ":"),
        (utc.second(), 2, "."),
        (milliseconds % 1_000, 3, "Z"),
    ];
    for (number, width, mark) in fields {
        padded(number, width, out);
        out.push_str(mark);
    }
}

fn padded(number: u32, width: u32, out: &mut String) {
    for place in (0..width).rev() {
        let digit = number / 10u32.pow(place) % 10;
        out.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: fn(&str, &mut String), value: &str, expected: &str) {
        let mut out = String::new();
        write(value, &mut out);
        assert_eq!(out, expected, "{value}");
    }

    #[test]
    fn writes_times() {
        let write = |text: &str, out: &mut String| time(&EventTime::parse(text).unwrap(), out);
        check(write, "2023-02-02T11:04:03.1415Z", "2023-02-02T11:04:03.142Z");
        check(write, "2023-02-02T11:04:03.1425Z", "2023-02-02T11:04:03.143Z");
        check(write, "2023-02-02T11:04:03.14149999999Z", "2023-02-02T11:04:03.141Z");
        check(write, "2023-12-31T22:59:59.9995-01:00", "2024-01-01T00:00:00.000Z");
        check(write, "2024-02-29T00:30:00+01:00", "2024-02-28T23:30:00.000Z");
    }

    #[test]
    fn writes_numbers() {
        let write = |text: &str, out: &mut String| decimal(&Decimal::parse(text).unwrap(), out);
        check(write, "+012.50", "12.5");
        check(write, "-0.0", "0");
        check(write, "-0.50", "-0.5");
        check(write, "007", "7");
        check(write, "100", "100");
        check(write, "1e3", "1000");
        check(write, "12.5e-3", "0.0125");
        check(write, "0.00125E4", "12.5");
        check(write, "1.250e1", "12.5");
        check(write, "0e5", "0");
        check(write, "-1e100", "-1e100");
        check(write, "10e99", "1e100");
        check(write, "0.12345678901234567890", "0.1234567890123456789");
    }

    #[test]
    fn writes_texts() {
        check(text, " 23.0 ", "23");
        check(text, "3.50", "3.5");
        check(text, "-0.0", "0");
        check(text, "00123", "00123");
        check(text, "01.0", "01.0");
        check(text, "1e3", "1e3");
        check(text, "2013-06-08T14:58:56.591Z", "2013-06-08T14:58:56.591Z");
        check(text, "gs1:Temperature", "https://gs1.org/voc/Temperature");
        check(text, "urn:epcglobal:cbv:sdt:location", "https://ref.gs1.org/cbv/SDT-location");
        check(text, "urn:epc:id:sgln:4012345.00005.0", "https://id.gs1.org/414/4012345000054");
        check(text, "example:x", "example:x");
    }

    #[test]
    fn writes_identifiers() {
        check(uri, "https://example.com/01/4012345123456/21/7", "https://id.gs1.org/01/04012345123456/21/7");
        check(uri, "urn:epcglobal:cbv:bt:0614141073467:1152", "urn:epcglobal:cbv:bt:0614141073467:1152");
        check(uri, "geo:50.9,6.9", "geo:50.9,6.9");
        check(uri, "12.0", "12.0");
    }
}
