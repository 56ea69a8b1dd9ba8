//! Checks of values beyond their length and characters, as GS1's syntax dictionary names them.

mod calendar;
mod codes;
mod coupon;

use crate::gs1::check_digit;
use crate::gs1::percent;
use crate::gs1::percent::Characters;

/// What is wrong with a value, in words that go on from "the value".
pub type Verdict = Result<(), &'static str>;

/// What a part of a value must be besides its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Its last digit is a check digit.
    Modulo10,
    /// It begins with a company prefix.
    PrefixFirst,
    /// A company prefix follows its first digit.
    PrefixSecond,
    /// Its last two characters are a check pair.
    CheckPair,
    /// It has something else than digits.
    NotAllDigits,
    /// A date as `YYMMDD`, whose day may be 00 where only the month is meant.
    MonthDate,
    /// A date as `YYMMDD`.
    Date,
    /// A date as `YYYYMMDD`.
    LongDate,
    /// A date as `YYYYMMDD`, whose day may be 00.
    LongMonthDate,
    /// An hour.
    Hour,
    /// A minute.
    Minute,
    /// A second.
    Second,
    /// An hour and a minute.
    HourMinute,
    /// A hyphen, for minus.
    Minus,
    /// A bank account.
    Iban,
    /// One character that tells the importer.
    ImporterIndex,
    /// A country, three digits.
    Country,
    /// A country, three digits, or 999 for several.
    CountryOr999,
    /// A country, two letters.
    CountryLetters,
    /// A currency, three digits.
    Currency,
    /// A sex, one digit.
    Sex,
    /// Degrees from the south pole, in millionths and tenths of them.
    Latitude,
    /// Degrees eastwards, in the same.
    Longitude,
    /// A medium of identification.
    Medium,
    /// More than nothing.
    NotZero,
    /// No zero in front.
    NoLeadingZero,
    /// A package type.
    PackageType,
    /// Each percent sign begins an escape.
    PercentEncoding,
    /// The number of a piece and the total of them.
    PieceOfTotal,
    /// A place in a sequence and its end: `2/3`.
    PlaceInSequence,
    /// A winding direction.
    Winding,
    /// 0 or 1.
    YesNo,
    /// 0.
    Zero,
    /// A coupon code of North America.
    Coupon,
    /// An offer code of North America.
    OfferCoupon,
    /// Digits.
    Digits,
    /// Character set 39.
    Set39,
    /// Character set 82.
    Set82,
    /// Base64url.
    Set64,
}

/// The names that the syntax dictionary has for them.
const NAMES: [(Check, &str); 39] = [
    (Check::Modulo10, "csum"),
    (Check::PrefixFirst, "gcppos1"),
    (Check::PrefixSecond, "gcppos2"),
    (Check::CheckPair, "csumalpha"),
    (Check::NotAllDigits, "hasnondigit"),
    (Check::MonthDate, "yymmd0"),
    (Check::Date, "yymmdd"),
    (Check::LongDate, "yyyymmdd"),
    (Check::LongMonthDate, "yyyymmd0"),
    (Check::Hour, "hh"),
    (Check::Minute, "mi"),
    (Check::Second, "ss"),
    (Check::HourMinute, "hhmi"),
    (Check::Minus, "hyphen"),
    (Check::Iban, "iban"),
    (Check::ImporterIndex, "importeridx"),
    (Check::Country, "iso3166"),
    (Check::CountryOr999, "iso3166999"),
    (Check::CountryLetters, "iso3166alpha2"),
    (Check::Currency, "iso4217"),
    (Check::Sex, "iso5218"),
    (Check::Latitude, "latitude"),
    (Check::Longitude, "longitude"),
    (Check::Medium, "mediatype"),
    (Check::NotZero, "nonzero"),
    (Check::NoLeadingZero, "nozeroprefix"),
    (Check::PackageType, "packagetype"),
    (Check::PercentEncoding, "pcenc"),
    (Check::PieceOfTotal, "pieceoftotal"),
    (Check::PlaceInSequence, "posinseqslash"),
    (Check::Winding, "winding"),
    (Check::YesNo, "yesno"),
    (Check::Zero, "zero"),
    (Check::Coupon, "couponcode"),
    (Check::OfferCoupon, "couponposoffer"),
    (Check::Digits, "csetnumeric"),
    (Check::Set39, "cset39"),
    (Check::Set82, "cset82"),
    (Check::Set64, "cset64"),
];

/// Characters of which company prefixes have at least so many digits.
const LEAST_PREFIX: usize = 4;

impl Check {
    /// Its name in the syntax dictionary, such as `csum`.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(check, _)| *check == self).map_or("", |(_, name)| name)
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(name: &str) -> Option<Check> {
        NAMES.iter().find(|(_, own)| *own == name).map(|(check, _)| *check)
    }

    /// Judges a part of a value.
    pub fn judge(self, value: &str) -> Verdict {
        let digits =
            || if all(value, u8::is_ascii_digit) { Ok(()) } else { Err("has other signs than digits") };
        let one_of =
            |list: &str, wrong| if value.len() == 1 && list.contains(value) { Ok(()) } else { Err(wrong) };
        let holds = |right: bool, wrong| if right { Ok(()) } else { Err(wrong) };
        match self {
            Check::Modulo10 => holds(check_digit::verify(value), "has a wrong check digit"),
            Check::PrefixFirst => prefix(value),
            Check::PrefixSecond => prefix(value.get(1..).unwrap_or_default()),
            Check::CheckPair => check_pair(value),
            Check::NotAllDigits => holds(!all(value, u8::is_ascii_digit), "has nothing but digits"),
            Check::MonthDate => calendar::short_date(value, true),
            Check::Date => calendar::short_date(value, false),
            Check::LongDate => calendar::long_date(value, false),
            Check::LongMonthDate => calendar::long_date(value, true),
            Check::Hour => calendar::below(value, 24, "is no hour"),
            Check::Minute => calendar::below(value, 60, "is no minute"),
            Check::Second => calendar::below(value, 60, "is no second"),
            Check::HourMinute => hour_minute(value),
            Check::Minus => holds(value == "-", "is no minus sign"),
            Check::Iban => iban(value),
            Check::ImporterIndex => {
                let named = all(value, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
                holds(value.len() == 1 && named, "is no index of an importer")
            }
            Check::Country => holds(codes::is_country(value), "is no country of ISO 3166"),
            Check::CountryOr999 => {
                holds(value == "999" || codes::is_country(value), "is no country of ISO 3166, and not 999")
            }
            Check::CountryLetters => holds(codes::is_country_letters(value), "is no country of ISO 3166"),
            Check::Currency => holds(codes::is_currency(value), "is no currency of ISO 4217"),
            Check::Sex => one_of("0129", "is no sex of ISO 5218"),
            Check::Latitude => degrees(value, "1800000000", "is no latitude"),
            Check::Longitude => degrees(value, "3600000000", "is no longitude"),
            Check::Medium => holds(codes::is_medium(value), "is no medium of identification"),
            Check::NotZero => {
                digits()?;
                holds(value.bytes().any(|byte| byte != b'0'), "is zero")
            }
            Check::NoLeadingZero => {
                digits()?;
                holds(value == "0" || !value.starts_with('0'), "begins with a zero")
            }
            Check::PackageType => holds(codes::is_package(value), "is no package type of UN/ECE"),
            Check::PercentEncoding => holds(is_escaped(value), "has a percent sign that begins no escape"),
            Check::PieceOfTotal => piece_of_total(value),
            Check::PlaceInSequence => place_in_sequence(value),
            Check::Winding => one_of("019", "is no winding direction"),
            Check::YesNo => one_of("01", "is neither 0 nor 1"),
            Check::Zero => holds(value == "0", "is not 0"),
            Check::Coupon => coupon::code(value),
            Check::OfferCoupon => coupon::offer(value),
            Check::Digits => digits(),
            Check::Set39 => of_set(value, Characters::Set39),
            Check::Set82 => of_set(value, Characters::Set82),
            Check::Set64 => padded(value),
        }
    }
}

fn all(value: &str, right: impl Fn(&u8) -> bool) -> bool {
    value.bytes().all(|byte| right(&byte))
}

fn of_set(value: &str, set: Characters) -> Verdict {
    match value.bytes().all(|byte| percent::takes(set, byte)) {
        true => Ok(()),
        false => Err("has a character that it cannot have"),
    }
}

fn prefix(value: &str) -> Verdict {
    match value.get(..LEAST_PREFIX) {
        None => Err("is too short for a company prefix"),
        Some(digits) if all(digits, u8::is_ascii_digit) => Ok(()),
        Some(_) => Err("begins with no company prefix"),
    }
}

/// The check characters of alphanumeric keys (GS1 General Specifications, section 7.9.5).
fn check_pair(value: &str) -> Verdict {
    const SET: &str = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    const PAIR: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    const PRIMES: [u32; 97] = primes();
    let Some((body, pair)) = value.len().checked_sub(2).and_then(|at| value.split_at_checked(at)) else {
        return Err("is too short for a check pair");
    };
    if body.len() > PRIMES.len() {
        return Err("is too long for a check pair");
    }
    let mut sum = 0;
    for (letter, weight) in body.chars().rev().zip(PRIMES) {
        let place = SET.find(letter).and_then(|place| u32::try_from(place).ok());
        sum += place.ok_or("has a character that it cannot have")? * weight;
    }
    let sum = usize::try_from(sum % 1021).unwrap_or_default();
    let expected = [PAIR.get(sum >> 5).copied(), PAIR.get(sum & 31).copied()];
    let found: Vec<Option<u8>> = pair.bytes().map(Some).collect();
    if found == expected { Ok(()) } else { Err("has a wrong check pair") }
}

const fn primes() -> [u32; 97] {
    let mut found = [0; 97];
    let (mut count, mut number) = (0, 2);
    while count < 97 {
        let (mut divisor, mut prime) = (2, true);
        while divisor * divisor <= number {
            if number % divisor == 0 {
                prime = false;
            }
            divisor += 1;
        }
        if prime {
            found[count] = number;
            count += 1;
        }
        number += 1;
    }
    found
}

fn hour_minute(value: &str) -> Verdict {
    let (hour, minute) = value.split_at_checked(2).ok_or("is no time")?;
    calendar::below(hour, 24, "has no such hour")?;
    calendar::below(minute, 60, "has no such minute")
}

/// ISO 13616-1: the country, and a remainder of 1 by 97.
fn iban(value: &str) -> Verdict {
    if value.len() <= 10 {
        return Err("is too short for an IBAN");
    }
    if value.len() > 34 {
        return Err("is too long for an IBAN");
    }
    let (country, _) = value.split_at_checked(2).ok_or("has a character that no IBAN has")?;
    if !codes::is_country_letters(country) {
        return Err("begins with no country of ISO 3166");
    }
    let (front, rest) = value.split_at_checked(4).ok_or("has a character that no IBAN has")?;
    let mut remainder = 0;
    for letter in rest.chars().chain(front.chars()) {
        let number = letter.to_digit(36).filter(|_| !letter.is_ascii_lowercase());
        let number = number.ok_or("has a character that no IBAN has")?;
        remainder = (remainder * if number < 10 { 10 } else { 100 } + number) % 97;
    }
    if remainder == 1 { Ok(()) } else { Err("has wrong check digits") }
}

fn degrees(value: &str, most: &str, wrong: &'static str) -> Verdict {
    let sound = value.len() == 10 && all(value, u8::is_ascii_digit) && value <= most;
    if sound { Ok(()) } else { Err(wrong) }
}

fn is_escaped(value: &str) -> bool {
    value
        .split('%')
        .skip(1)
        .all(|behind| behind.get(..2).is_some_and(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit())))
}

fn piece_of_total(value: &str) -> Verdict {
    if value.is_empty() || !value.len().is_multiple_of(2) {
        return Err("is not made of a number and a total of the same length");
    }
    if !all(value, u8::is_ascii_digit) {
        return Err("has other signs than digits");
    }
    let (piece, total) = value.split_at_checked(value.len() / 2).unwrap_or_default();
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    if is_zero(piece) || is_zero(total) {
        return Err("has a piece or a total of zero");
    }
    if piece <= total { Ok(()) } else { Err("has a piece beyond the total") }
}

fn place_in_sequence(value: &str) -> Verdict {
    let is_number = |text: &str| !text.is_empty() && all(text, u8::is_ascii_digit);
    let (place, end) = value
        .split_once('/')
        .filter(|(place, end)| is_number(place) && is_number(end))
        .ok_or("is no place in a sequence, such as 1/2")?;
    if place.starts_with('0') || end.starts_with('0') {
        return Err("has a number that begins with a zero");
    }
    match (place.len(), place).cmp(&(end.len(), end)) {
        std::cmp::Ordering::Greater => Err("has a place beyond the end"),
        _ => Ok(()),
    }
}

/// Base64url, filled up with equals signs to a multiple of three, if at all.
fn padded(value: &str) -> Verdict {
    let body = value.trim_end_matches('=');
    let signs = value.len() - body.len();
    of_set(body, Characters::Set64)?;
    if body.contains('=') {
        return Err("has an equals sign inside");
    }
    if signs == 0 || (signs <= 2 && value.len().is_multiple_of(3)) {
        Ok(())
    } else {
        Err("is not filled up as base64url is")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(check: Check, value: &str, expected: Verdict) {
        assert_eq!(check.judge(value), expected, "{check:?} {value}");
    }

    #[test]
    fn values_are_judged() {
        check(Check::Date, "270200", Err("has no such day"));
        check(Check::MonthDate, "270200", Ok(()));
        check(Check::LongDate, "21000229", Err("has no such day"));
        check(Check::HourMinute, "2360", Err("has no such minute"));
        check(Check::CheckPair, "1987654Ad4X4bL5ttr2310c2K", Ok(()));
        check(Check::CheckPair, "1987654Ad4X4bL5ttr2310cXK", Err("has a wrong check pair"));
        check(Check::CheckPair, "é", Err("has a wrong check pair"));
        check(Check::CheckPair, "2", Err("is too short for a check pair"));
        check(Check::Iban, "GB98MIDL07009312345678", Ok(()));
        check(Check::Iban, "GB98MIDL07009312345679", Err("has wrong check digits"));
        check(Check::Latitude, "1800000001", Err("is no latitude"));
        check(Check::PieceOfTotal, "0203", Ok(()));
        check(Check::PieceOfTotal, "é1", Err("is not made of a number and a total of the same length"));
        check(Check::Set64, "12=", Ok(()));
        check(Check::Coupon, "01234561234561111012334", Err("has no expiry date"));
    }

    #[test]
    fn each_check_has_its_name() {
        for (check, name) in NAMES {
            assert_eq!((Check::parse(name), check.as_str()), (Some(check), name));
        }
    }
}
