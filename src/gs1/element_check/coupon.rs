//! Coupon codes of North America: the data of (8110) and (8112), field by field.

use crate::gs1::element_check::Verdict;
use crate::gs1::element_check::calendar;

/// What is left to read of a code.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize, missing: &'static str) -> Result<&'a str, &'static str> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(missing)?;
        self.0 = rest;
        Ok(taken)
    }

    /// One digit out of these.
    fn digit(&mut self, allowed: &str, wrong: &'static str) -> Result<usize, &'static str> {
        let digit = self.take(1, wrong)?;
        if !allowed.contains(digit) {
            return Err(wrong);
        }
        digit.parse().map_err(|_| wrong)
    }

    /// A value behind its length, which is told as so many less.
    fn counted(&mut self, allowed: &str, less: usize, wrong: &'static str) -> Result<&'a str, &'static str> {
        let length = self.digit(allowed, wrong)? + less;
        self.take(length, wrong)
    }
}

/// The coupon code of (8110).
pub(super) fn code(digits: &str) -> Verdict {
    let mut rest = digits_only(digits)?;
    rest.counted("0123456", 6, "has no whole company prefix")?;
    rest.take(6, "has no whole offer code")?;
    rest.counted("12345", 0, "has no whole save value")?;
    purchase(&mut rest, "has no whole first purchase requirement")?;
    let mut expiry = None;
    if option(&mut rest, '1') {
        rest.digit("0123", "has no rule for further purchases")?;
        further(&mut rest, "has no whole second purchase requirement")?;
    }
    if option(&mut rest, '2') {
        further(&mut rest, "has no whole third purchase requirement")?;
    }
    if option(&mut rest, '3') {
        expiry = Some(date(&mut rest, "has no expiry date")?);
    }
    if option(&mut rest, '4') {
        let start = date(&mut rest, "has no start date")?;
        if expiry.is_some_and(|expiry| expiry < start) {
            return Err("ends before it starts");
        }
    }
    if option(&mut rest, '5') {
        rest.counted("0123456789", 6, "has no whole serial number")?;
    }
    if option(&mut rest, '6') {
        rest.counted("1234567", 6, "has no whole retailer")?;
    }
    if option(&mut rest, '9') {
        rest.digit("01256", "has no save value code")?;
        rest.digit("012", "does not say which item it applies to")?;
        rest.digit("0123456789", "has no store coupon flag")?;
        rest.digit("01", "does not say whether it may be multiplied")?;
    }
    if rest.0.is_empty() { Ok(()) } else { Err("has more behind its last field") }
}

/// The positive offer file code of (8112).
pub(super) fn offer(digits: &str) -> Verdict {
    let mut rest = digits_only(digits)?;
    rest.digit("01", "has an unknown format")?;
    rest.counted("0123456", 6, "has no whole funder")?;
    rest.take(6, "has no whole offer code")?;
    rest.counted("0123456789", 6, "has no whole serial number")?;
    if rest.0.is_empty() { Ok(()) } else { Err("has more behind its last field") }
}

fn digits_only(digits: &str) -> Result<Rest<'_>, &'static str> {
    match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(Rest(digits)),
        false => Err("has other signs than digits"),
    }
}

fn option(rest: &mut Rest<'_>, sign: char) -> bool {
    match rest.0.strip_prefix(sign) {
        Some(behind) => {
            rest.0 = behind;
            true
        }
        None => false,
    }
}

fn purchase(rest: &mut Rest<'_>, wrong: &'static str) -> Verdict {
    rest.counted("12345", 0, wrong)?;
    rest.digit("012349", wrong)?;
    rest.take(3, wrong)?;
    Ok(())
}

/// A second or third purchase, whose company prefix may be that of the first.
fn further(rest: &mut Rest<'_>, wrong: &'static str) -> Verdict {
    purchase(rest, wrong)?;
    if !option(rest, '9') {
        rest.counted("0123456", 6, wrong)?;
    }
    Ok(())
}

/// A date as a number that grows with time; years are within fifty of 2026.
fn date(rest: &mut Rest<'_>, wrong: &'static str) -> Result<u32, &'static str> {
    let digits = rest.take(6, wrong)?;
    calendar::short_date(digits, false).map_err(|_| wrong)?;
    let number: u32 = digits.parse().map_err(|_| wrong)?;
    Ok(if number >= 760_000 { number } else { number + 1_000_000 })
}
