//! Scan: what a barcode scanner or a person gives, in any of its spellings, as the thing it names.

use std::fmt;

use chrono::Datelike;
use chrono::Months;
use chrono::NaiveDate;
use thiserror::Error;

use crate::gs1::ElementFault;
use crate::gs1::ElementString;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::gs1::Malformed;
use crate::gs1::Sscc;
use crate::gs1::digital_link;
use crate::gs1::digital_link::CANONICAL_HOST;
use crate::gs1::element_string::SEPARATOR;
use crate::gs1::element_table::definition;
use crate::gs1::percent;
use crate::gs1::percent::Target;

/// How scanners spell FNC1 where they cannot send U+001D; none of these can be part of a value, but `<GS>`, which no
/// serial number has been seen to be.
const SEPARATORS: [&str; 10] =
    ["^]", "{GS}", "<GS>", "[GS]", "{FNC1}", "\\x1d", "\\x1D", "\\u001d", "\u{241d}", "|"];

/// Application identifiers that may follow where a separator was lost: those of a product identifier.
const LOST_BEFORE: [&str; 4] = ["01", "17", "10", "21"];

/// What was scanned: the identifier of an item, a case, a logistic unit or a trade item, and what its label adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    epc: Epc,
    /// The trade item.
    pub gtin: Option<Gtin>,
    /// The serial number of the item, decoded.
    pub serial: Option<Box<str>>,
    /// The lot as printed, decoded.
    pub lot: Option<Box<str>>,
    /// The expiry date as scanned.
    pub expiry: Option<ScannedDate>,
    /// The logistic unit.
    pub sscc: Option<Sscc>,
    /// What the scanner did wrong and we mended.
    pub notices: Vec<Notice>,
}

/// What was mended in a scan, and should be mended at the scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Notice {
    /// Small and capital letters came the wrong way round.
    #[error("Caps Lock is on: its letters were turned round; switch it off")]
    CapsLock,
    /// The symbol is not marked as GS1's, but holds elements.
    #[error(
        "the symbol is not marked as one of GS1's (FNC1 is missing in front): tell the maker of the label"
    )]
    NotMarked,
}

/// Why a scan names nothing; each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScanFault {
    /// Nothing was scanned.
    #[error("nothing was scanned")]
    Empty,
    /// Its elements are faulty.
    #[error("what was scanned {0}")]
    Element(#[from] ElementFault),
    /// An identifier of known form is faulty.
    #[error("{0}")]
    Identifier(#[from] Malformed),
    /// Elements without a key.
    #[error("the label names no product and no logistic unit: scan the code that begins with (01) or (00)")]
    NoKey,
    /// The digits of a keyboard layout where shift makes digits.
    #[error(
        "the scanner types with another keyboard layout than the computer has: scan the layout code of its manual"
    )]
    KeyboardLayout,
    /// No GS1 data.
    #[error("{0:?} is no GS1 code, EPC or Digital Link: scan the square code of the package")]
    NotGs1(Box<str>),
    /// The check digit of a linear code.
    #[error("the digits {0} are no GTIN or SSCC, their check digit is wrong: scan again")]
    Digits(Box<str>),
}

impl Scan {
    /// Reads an element string with or without symbology identifier and with FNC1 in any usual spelling, the bracketed
    /// text for people, a Digital Link, an EPC URN, a bare GTIN (8, 12, 13 or 14 digits) or SSCC.
    pub fn parse(text: &str) -> Result<Scan, ScanFault> {
        let (text, notices) = normalise(text)?;
        let mut scan = read(&text)?;
        scan.notices = notices;
        Ok(scan)
    }

    /// Every way to read a scan whose separators may have been lost between product identifiers, the plain reading left
    /// out. Only knowledge of lots and serial numbers tells which is right: never take one where there are several.
    pub fn mended(text: &str) -> Vec<Scan> {
        let Ok((text, notices)) = normalise(text) else { return Vec::new() };
        if text.contains("://") || text.starts_with("urn:") || text.starts_with('(') {
            return Vec::new();
        }
        let plain = read(&text).ok();
        let mut found = Vec::new();
        for divided in divisions(text.trim_start_matches(SEPARATOR), &[]) {
            let scan = read(&divided).ok().filter(|scan| scan.serial.is_some());
            if let Some(mut scan) = scan.filter(|scan| Some(scan) != plain.as_ref()) {
                scan.notices.clone_from(&notices);
                found.push(scan);
            }
        }
        found
    }

    /// The identifier: of the item or logistic unit, or of the trade item where nothing finer was scanned.
    pub fn epc(&self) -> &Epc {
        &self.epc
    }

    fn of_epc(epc: Epc) -> Scan {
        Scan {
            gtin: epc.gtin(),
            serial: epc.serial().map(Into::into),
            lot: epc.lot().map(Into::into),
            expiry: None,
            sscc: epc.sscc(),
            notices: Vec::new(),
            epc,
        }
    }

    fn of_elements(elements: &ElementString) -> Result<Scan, ScanFault> {
        let mut link = String::from(CANONICAL_HOST);
        let part = |link: &mut String, identifier: &str| {
            let value = elements.value(identifier);
            if let Some(value) = value {
                link.push_str(&format!("/{identifier}/"));
                percent::encode(value, Target::Path, link);
            }
            value.is_some()
        };
        // A label may name its trade item beside its logistic unit; the unit is what was scanned.
        if !part(&mut link, "00") {
            if !part(&mut link, "01") && !part(&mut link, "8006") {
                return Err(ScanFault::NoKey);
            }
            part(&mut link, "21");
        }
        let (epc, fault) = Epc::judge(&link);
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        let lot = elements.value("10").map(Into::into);
        let expiry = elements.value("17").or_else(|| elements.value("7003")?.get(..6));
        Ok(Scan { lot, expiry: expiry.and_then(ScannedDate::new), ..Scan::of_epc(epc) })
    }

    fn of_link(uri: &str) -> Result<Scan, ScanFault> {
        let (epc, fault) = Epc::judge(uri);
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        if epc.scheme().is_none() {
            return Err(ScanFault::NotGs1(uri.chars().take(60).collect::<String>().into()));
        }
        let elements = digital_link::elements(uri).unwrap_or_default();
        let value = |name: &str| elements.iter().find(|(own, _)| *own == name).map(|(_, value)| &**value);
        let mut scan = Scan::of_epc(epc);
        scan.lot = scan.lot.or_else(|| value("10").map(Into::into));
        scan.expiry = value("17").and_then(ScannedDate::new);
        Ok(scan)
    }
}

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

/// Strips what scanners put round the data, and gives every separator its one spelling.
fn normalise(text: &str) -> Result<(String, Vec<Notice>), ScanFault> {
    let text = text.trim_matches([' ', '\t', '\r', '\n', '\u{feff}', '\u{2}', '\u{3}', '\u{4}']);
    let mut notices = Vec::new();
    let (symbology, data) = symbology(text);
    if data.is_empty() {
        return Err(ScanFault::Empty);
    }
    let mut data = data.to_owned();
    if matches!(symbology, Some("]D2" | "]c1" | "]q3")) {
        notices.push(Notice::CapsLock);
        data = data.chars().map(turned).collect();
    }
    if is_uri(&data) || data.starts_with('(') {
        return Ok((data, notices));
    }
    for spelling in SEPARATORS {
        if data.contains(spelling) {
            data = data.replace(spelling, "\u{1d}");
        }
    }
    // The caret alone is how examples show FNC1; no key takes it.
    data = data.replace('^', "\u{1d}");
    if matches!(symbology, Some("]d1" | "]Q1" | "]J0" | "]C0")) && read(&data).is_ok() {
        notices.push(Notice::NotMarked);
    }
    Ok((data, notices))
}

/// Parts a symbology identifier (ISO/IEC 15424) from the data.
fn symbology(text: &str) -> (Option<&str>, &str) {
    let bytes = text.as_bytes();
    match bytes {
        [b']', letter, digit, ..] if letter.is_ascii_alphabetic() && digit.is_ascii_alphanumeric() => {
            (text.get(..3), text.get(3..).unwrap_or_default())
        }
        _ => (None, text),
    }
}

fn turned(letter: char) -> char {
    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}

fn is_uri(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
    begins("urn:") || begins("http://") || begins("https://")
}

fn read(text: &str) -> Result<Scan, ScanFault> {
    if is_uri(text) {
        return Scan::of_link(text);
    }
    if text.starts_with('(') {
        return Scan::of_elements(&ElementString::parse_bracketed(text)?);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit())
        && let Some(bare) = bare(text)
    {
        return bare;
    }
    match ElementString::parse(text) {
        Ok(elements) => Scan::of_elements(&elements),
        Err(_) if is_shifted(text) => Err(ScanFault::KeyboardLayout),
        Err(ElementFault::Unknown(_)) if !text.starts_with(|first: char| first.is_ascii_digit()) => {
            Err(ScanFault::NotGs1(text.chars().take(60).collect::<String>().into()))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Reads digits alone as a GTIN or SSCC; `None` where they may as well be elements.
fn bare(digits: &str) -> Option<Result<Scan, ScanFault>> {
    let path = match digits.len() {
        8 | 12 | 13 | 14 => Gtin::parse(digits).map(|gtin| format!("/01/{gtin}")),
        18 => Sscc::parse(digits).map(|sscc| format!("/00/{sscc}")),
        _ => return None,
    };
    match path {
        Ok(path) => Some(Ok(Scan::of_epc(Epc::parse(&format!("{CANONICAL_HOST}{path}"))))),
        Err(_) if ElementString::parse(digits).is_ok() => None,
        Err(_) => Some(Err(ScanFault::Digits(digits.into()))),
    }
}

/// True for the characters that a French keyboard has where others have digits, and no digit at all.
fn is_shifted(text: &str) -> bool {
    let shifted = text.chars().filter(|letter| "&é\"'(-è_çà".contains(*letter)).count();
    shifted * 2 > text.chars().count() && !text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Every text that comes from putting lost separators back between product identifiers.
fn divisions(text: &str, seen: &[&str]) -> Vec<String> {
    let Some(found) = definition(text) else { return Vec::new() };
    let Some((identifier, behind)) = text.split_at_checked(found.digits()) else { return Vec::new() };
    if seen.contains(&identifier) {
        return Vec::new();
    }
    let seen: Vec<&str> = seen.iter().copied().chain([identifier]).collect();
    let own_end = behind.find(SEPARATOR).unwrap_or(behind.len());
    let fixed = !matches!(identifier, "10" | "21");
    let ends = if fixed { found.most()..=found.most() } else { 1..=own_end.min(found.most()) };
    let mut divided = Vec::new();
    for end in ends {
        let Some((value, rest)) = behind.split_at_checked(end) else { continue };
        let (rest, lost) = match rest.strip_prefix(SEPARATOR) {
            Some(rest) => (rest, false),
            None => (rest, !rest.is_empty() && !fixed),
        };
        if lost && !LOST_BEFORE.iter().any(|next| rest.starts_with(next)) {
            continue;
        }
        let head = format!("{identifier}{value}");
        match rest {
            "" => divided.push(head),
            rest => {
                let tails = divisions(rest, &seen);
                divided.extend(tails.into_iter().map(|tail| format!("{head}{SEPARATOR}{tail}")));
            }
        }
    }
    divided
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "/01/00300010123455/21/A1";

    fn check(text: &str, key: &str, lot: Option<&str>, expiry: Option<&str>) {
        let scan = Scan::parse(text).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
        let found = (scan.epc().key(), scan.lot.as_deref(), scan.expiry.as_ref().map(ScannedDate::as_str));
        assert_eq!(found, (key.to_owned(), lot, expiry), "{text:?}");
    }

    #[test]
    fn every_spelling_names_the_same_item() {
        for text in [
            "010030001012345521A1\u{1d}17271200\u{1d}10L1",
            "]d2010030001012345521A1\u{1d}1727120010L1\r\n",
            "]d2\u{1d}010030001012345521A1^]1727120010L1",
            "010030001012345521A1{GS}1727120010L1",
            "010030001012345521A1<GS>1727120010L1",
            "010030001012345521A1|1727120010L1|",
            "010030001012345521A1\u{241d}1727120010L1",
            "]C1010030001012345510L1\\x1d1727120021A1",
            "]D2010030001012345521a1\u{1d}1727120010l1",
            "(01)00300010123455(21)A1(17)271200(10)L1",
            "https://id.gs1.org/01/00300010123455/10/L1/21/A1?17=271200",
            "HTTPS://example.com/gtin/00300010123455/lot/L1/ser/A1?exp=271200",
            "01003000101234557150300010123\u{1d}21A1\u{1d}1727120010L1",
        ] {
            check(text, KEY, Some("L1"), Some("271200"));
        }
        check("urn:epc:id:sgtin:030001.0012345.A1", KEY, None, None);
        check("21A/%1\u{1d}0100300010123455", "/01/00300010123455/21/A%2F%251", None, None);
    }

    #[test]
    fn units_and_trade_items_are_read() {
        check("00006141411234567890", "/00/006141411234567890", None, None);
        check("]C100006141411234567890", "/00/006141411234567890", None, None);
        check("006141411234567890", "/00/006141411234567890", None, None);
        check("(00)006141411234567890(02)00300010123455(37)12", "/00/006141411234567890", None, None);
        check("300010123455", "/01/00300010123455", None, None);
        check("00300010123455", "/01/00300010123455", None, None);
        check("]E00300010123455", "/01/00300010123455", None, None);
        check("urn:epc:id:sscc:0614141.0123456789", "/00/006141411234567890", None, None);
    }

    #[test]
    fn faults_say_what_to_do() {
        let told = |text: &str| Scan::parse(text).unwrap_err().to_string();
        assert_eq!(Scan::parse("]d2\r"), Err(ScanFault::Empty));
        assert!(told("010030001012345521ABCDEFGHIJ1727123110LOT1").contains("separator"));
        assert!(told("]d20100300010123456").contains("check digit"));
        assert!(told("10L1").contains("(01)"));
        assert!(told("à&àà(àààéà&é\"'((").contains("layout"));
        assert!(told("hello world").contains("square code"));
        assert!(told("300010123456").contains("check digit"));
        assert!(told("https://example.com/hello").contains("square code"));
        assert!(told("urn:epc:id:sgtin:0614141.1.2").contains("sgtin"));
        assert!(told("01003000101234550100300010123462").contains("twice"));
    }

    #[test]
    fn mends_are_told() {
        let notices = |text: &str| Scan::parse(text).unwrap().notices;
        assert_eq!(notices("]D2010030001012345521a1"), [Notice::CapsLock]);
        assert_eq!(notices("]d1010030001012345521A1"), [Notice::NotMarked]);
        assert_eq!(notices("]d2010030001012345521A1"), []);
    }

    #[test]
    fn lost_separators_are_put_back_in_every_way() {
        let keys = |text: &str| -> Vec<(String, Option<String>)> {
            let read = |scan: Scan| (scan.epc().key(), scan.lot.map(String::from));
            Scan::mended(text).into_iter().map(read).collect()
        };
        let long = "/01/00300010123455/21/A117271231";
        let lot = Some("L1".to_owned());
        assert_eq!(
            keys("010030001012345521A11727123110L1"),
            [(KEY.to_owned(), lot.clone()), (long.to_owned(), lot)]
        );
        let several = keys("01003000101234551727123121A110B10C");
        assert_eq!(several.len(), 2, "{several:?}");
        assert_eq!(keys("010030001012345521A1"), []);
        assert_eq!(keys("https://id.gs1.org/01/00300010123455/21/A1"), []);
    }

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
