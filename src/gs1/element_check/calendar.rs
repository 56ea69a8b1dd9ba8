//! Dates and times as values tell them.

use crate::gs1::element_check::Verdict;

const NO_DATE: &str = "is no date";

/// `YYMMDD`, in any century; the day may be 00 where only the month is meant.
pub(super) fn short_date(digits: &str, month_alone: bool) -> Verdict {
    if digits.len() != 6 {
        return Err(NO_DATE);
    }
    // 1900 had no 29 February and 2000 had one: two digits mean the latter.
    judge(number(digits, 0)? + 2000, number(digits, 2)?, number(digits, 4)?, month_alone)
}

/// `YYYYMMDD`.
pub(super) fn long_date(digits: &str, month_alone: bool) -> Verdict {
    if digits.len() != 8 {
        return Err(NO_DATE);
    }
    let year = number(digits, 0)? * 100 + number(digits, 2)?;
    judge(year, number(digits, 4)?, number(digits, 6)?, month_alone)
}

/// Two digits below a number.
pub(super) fn below(digits: &str, limit: u32, wrong: &'static str) -> Verdict {
    match number(digits, 0) {
        Ok(found) if digits.len() == 2 && found < limit => Ok(()),
        _ => Err(wrong),
    }
}

fn number(digits: &str, from: usize) -> Result<u32, &'static str> {
    let pair = digits.get(from..from + 2).filter(|pair| pair.bytes().all(|byte| byte.is_ascii_digit()));
    pair.and_then(|pair| pair.parse().ok()).ok_or(NO_DATE)
}

fn judge(year: u32, month: u32, day: u32, month_alone: bool) -> Verdict {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return Err("has no such month"),
    };
    let least = u32::from(!month_alone);
    if (least..=days).contains(&day) { Ok(()) } else { Err("has no such day") }
}
