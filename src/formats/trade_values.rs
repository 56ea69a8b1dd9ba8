//! Values of orders, advices and partner lists, as spreadsheets and other systems write them.

use chrono::NaiveDate;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde_json::Value;

use crate::dscsa::Dea;
use crate::formats::Fault;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::gs1::Gtin;
use crate::gs1::Sscc;

const ZEROS: &str = "a spreadsheet drops leading zeros unless the column is text";

/// A GLN: 13 digits, or the URN or Digital Link of an SGLN or PGLN.
pub fn gln(text: &str) -> Result<Gln, Fault> {
    if is_uri(text) {
        return Epc::parse(text).gln().ok_or_else(|| no_key("import-gln", text, "GLN"));
    }
    let fix = format!("write all 13 digits; {ZEROS}");
    Gln::parse(text).map_err(|error| Fault::error("import-gln", format!("the GLN {error}"), fix))
}

/// A GTIN of 8, 12, 13 or 14 digits, or the URN or Digital Link of a trade item.
pub fn gtin(text: &str) -> Result<Gtin, Fault> {
    if is_uri(text) {
        return Epc::parse(text).gtin().ok_or_else(|| no_key("import-gtin", text, "GTIN"));
    }
    let fix = format!("write all 14 digits; {ZEROS}");
    Gtin::parse(text).map_err(|error| Fault::error("import-gtin", format!("the GTIN {error}"), fix))
}

/// An SSCC: 18 digits, with or without the application identifier 00, or its URN or Digital Link.
pub fn sscc(text: &str) -> Result<Sscc, Fault> {
    if is_uri(text) {
        return Epc::parse(text).sscc().ok_or_else(|| no_key("import-sscc", text, "SSCC"));
    }
    let bare = text.strip_prefix("(00)").unwrap_or(text);
    let digits = bare.strip_prefix("00").filter(|rest| rest.len() == 18).unwrap_or(bare);
    let fix = format!("write all 18 digits; {ZEROS}");
    Sscc::parse(digits).map_err(|error| Fault::error("import-sscc", format!("the SSCC {error}"), fix))
}

/// A DEA number with its check digit.
pub fn dea(text: &str) -> Result<Dea, Fault> {
    let fix = "write its two letters and seven digits as they stand in the registration";
    Dea::parse(text)
        .map_err(|flaw| Fault::error("import-dea", format!("the DEA number {text:?} {flaw}"), fix))
}

/// A Health Industry Number: nine letters and digits.
pub fn hin(text: &str) -> Result<Box<str>, Fault> {
    let sound = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let message = || format!("the Health Industry Number {text:?} is not nine letters and digits");
    sound
        .then(|| text.to_ascii_uppercase().into())
        .ok_or_else(|| Fault::error("import-hin", message(), "write all nine characters"))
}

/// A day: `2026-03-04`, `20260304`, `03/04/2026` (month first), or a date with a time, of which the date is taken.
pub fn day(text: &str) -> Result<NaiveDate, Fault> {
    let date = text.split(['T', ' ']).next().unwrap_or_default();
    let form = match date.len() {
        8 if date.bytes().all(|byte| byte.is_ascii_digit()) => "%Y%m%d",
        _ if date.contains('/') => "%m/%d/%Y",
        _ => "%Y-%m-%d",
    };
    // A year of two digits is not guessed at.
    let found = NaiveDate::parse_from_str(date, form).ok().filter(|_| date.len() >= 8 && date.len() <= 10);
    let found = found.filter(|day| chrono::Datelike::year(day) >= 1900);
    found.ok_or_else(|| {
        Fault::error(
            "import-date",
            format!("{text:?} is no date"),
            "write it as year-month-day, such as 2026-03-04",
        )
    })
}

/// A number of things: a whole number, also with a fraction of zeros as in `12.0`.
pub fn count(text: &str) -> Result<u64, Fault> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let sound = digits && fraction.bytes().all(|byte| byte == b'0');
    let found = sound.then(|| whole.parse().ok()).flatten();
    found.filter(|count| *count <= i64::MAX as u64).ok_or_else(|| {
        Fault::error(
            "import-quantity",
            format!("{text:?} is no number of things"),
            "write a whole number without separators",
        )
    })
}

/// One of the words of a list, in capitals or not.
pub fn word<T: Copy>(text: &str, all: &[T], spelt: impl Fn(T) -> &'static str) -> Result<T, Fault> {
    let found = all.iter().copied().find(|known| spelt(*known).eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|known| spelt(*known)).collect();
        Fault::error(
            "import-word",
            format!("{text:?} is not known here"),
            format!("write one of {}", words.join(", ")),
        )
    })
}

/// What has to be there and is not.
pub fn missing(what: &str, fix: &str) -> Fault {
    Fault::error("import-missing", format!("there is no {what}"), fix)
}

/// Reads a JSON string, number or null as text.
pub fn loose<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    match Value::deserialize(input)? {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(D::Error::custom("expected a string or a number")),
    }
}

fn is_uri(text: &str) -> bool {
    text.contains(':')
}

fn no_key(rule: &'static str, text: &str, key: &str) -> Fault {
    Fault::error(rule, format!("{text:?} names no {key}"), format!("write the digits of the {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: ToString>(read: impl Fn(&str) -> Result<T, Fault>, text: &str, expected: Option<&str>) {
        assert_eq!(read(text).ok().map(|value| value.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn keys_are_read_in_their_forms() {
        check(gln, "4012345000115", Some("4012345000115"));
        check(gln, "urn:epc:id:sgln:4012345.00011.987", Some("4012345000115"));
        check(gln, "urn:epc:id:sscc:4012345.0000000333", None);
        check(gln, "401234500011", None);
        check(gtin, "4012345123456", Some("04012345123456"));
        check(gtin, "urn:epc:idpat:sgtin:4012345.012345.*", Some("04012345123456"));
        check(gtin, "4012345123457", None);
        check(sscc, "(00)040123450000003338", Some("040123450000003338"));
        check(sscc, "00040123450000003338", Some("040123450000003338"));
        check(sscc, "urn:epc:id:sscc:4012345.0000000333", Some("040123450000003338"));
        check(sscc, "40123450000003338", None);
        check(dea, "ab1234563", Some("AB1234563"));
        check(hin, "abc123456", Some("ABC123456"));
        check(hin, "abc12345", None);
    }

    #[test]
    fn days_and_counts_are_never_guessed() {
        for text in ["2026-03-04", "20260304", "03/04/2026", "3/4/2026", "2026-03-04T23:00:00-05:00"] {
            check(day, text, Some("2026-03-04"));
        }
        for text in ["", "03/04/26", "2026-13-04", "04.03.2026", "26-03-04", "0026-03-04"] {
            check(day, text, None);
        }
        check(count, "12", Some("12"));
        check(count, "12.00", Some("12"));
        for text in ["", "1,200", "12.5", "-1", "99999999999999999999", ".0"] {
            check(count, text, None);
        }
    }
}
