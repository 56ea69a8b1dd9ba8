//! Decimal numbers kept as written.

use std::borrow::Cow;

/// A decimal number of any precision, kept as written; `1`, `1.0` and `+1` are equal.
#[derive(Clone, Debug)]
pub struct Decimal(Box<str>);

impl Decimal {
    /// Reads an `xsd:decimal`, `xsd:double` or JSON number; `None` for anything else, infinity and NaN included.
    pub fn parse(text: &str) -> Option<Decimal> {
        let bytes = text.as_bytes();
        let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        let whole = digits(bytes, at);
        at += whole;
        let mut fraction = 0;
        if bytes.get(at) == Some(&b'.') {
            fraction = digits(bytes, at + 1);
            at += 1 + fraction;
        }
        if whole + fraction == 0 {
            return None;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(bytes, at);
            if exponent == 0 || exponent > 6 {
                return None;
            }
            at += exponent;
        }
        (at == bytes.len()).then(|| Decimal(text.into()))
    }

    /// The number as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for a whole number.
    pub fn is_whole(&self) -> bool {
        let (_, digits, scale) = self.parts();
        digits == "0" || scale <= 0
    }

    /// The number as JSON allows it: no plus sign, no leading zeros, digits on both sides of the point.
    pub fn to_json(&self) -> Cow<'_, str> {
        let text = self.as_str();
        let body = text.strip_prefix('-').unwrap_or(text);
        let bytes = body.as_bytes();
        let padded = matches!(bytes, [b'0', b'0'..=b'9', ..]);
        let bare_point =
            body.starts_with('.') || body.ends_with('.') || body.contains(".e") || body.contains(".E");
        if !text.starts_with('+') && !padded && !bare_point {
            return Cow::Borrowed(text);
        }
        let (sign, rest) = match text.as_bytes().first() {
            Some(b'-') => ("-", text.get(1..).unwrap_or_default()),
            Some(b'+') => ("", text.get(1..).unwrap_or_default()),
            _ => ("", text),
        };
        let (mantissa, exponent) = rest.find(['e', 'E']).map_or((rest, ""), |at| rest.split_at(at));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        Cow::Owned(format!("{sign}{whole}{point}{fraction}{exponent}"))
    }

    /// Sign, digits without leading or trailing zeros, and how many of them stand behind the point.
    fn parts(&self) -> (bool, Cow<'_, str>, i64) {
        let text = self.as_str();
        let negative = text.starts_with('-');
        let unsigned = text.trim_start_matches(['+', '-']);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits =
            if fraction.is_empty() { Cow::Borrowed(whole) } else { Cow::Owned(format!("{whole}{fraction}")) };
        let mut scale = fraction.len() as i64 - exponent;
        let kept = digits.trim_end_matches('0').len();
        scale -= (digits.len() - kept) as i64;
        let significant = digits.get(..kept).unwrap_or_default().trim_start_matches('0');
        if significant.is_empty() {
            return (false, Cow::Borrowed("0"), 0);
        }
        (negative, Cow::Owned(significant.to_owned()), scale)
    }
}

fn digits(bytes: &[u8], from: usize) -> usize {
    bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.0 == other.0 || self.parts() == other.parts()
    }
}

impl Eq for Decimal {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(Decimal::parse(text).map(|d| d.to_json().into_owned()).as_deref(), expected, "{text}");
    }

    #[test]
    fn reads_and_writes_numbers() {
        check("12.50", Some("12.50"));
        check("+012.50", Some("12.50"));
        check(".5", Some("0.5"));
        check("5.", Some("5"));
        check("-0.0E-2", Some("-0.0E-2"));
        check("1e999999", Some("1e999999"));
        check("1e9999999", None);
        check("INF", None);
        check("", None);
        check("1.2.3", None);
    }

    #[test]
    fn compares_by_value() {
        let d = |text| Decimal::parse(text).unwrap();
        assert_eq!(d("1"), d("1.0"));
        assert_eq!(d("+1e2"), d("100"));
        assert_eq!(d("-0"), d("0.00"));
        assert_ne!(d("1"), d("-1"));
        assert_ne!(d("10"), d("1"));
        assert!(d("12.0").is_whole() && d("1.5e1").is_whole() && !d("1.5").is_whole());
    }
}
