//! Ndc: the National Drug Code in its segments, in each form it is written in, and its way to and from a GTIN.

use std::fmt;

use thiserror::Error;

use crate::gs1::Gtin;
use crate::gs1::check_digit;

/// Lengths of labeler, product and package in a National Drug Code (21 CFR 207.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NdcFormat {
    /// 4-4-2, ten digits.
    FourFourTwo,
    /// 5-3-2, ten digits.
    FiveThreeTwo,
    /// 5-4-1, ten digits.
    FiveFourOne,
    /// 6-3-2, eleven digits.
    SixThreeTwo,
    /// 6-4-1, eleven digits.
    SixFourOne,
    /// 6-4-2, twelve digits: the one form of all from 7 March 2033.
    SixFourTwo,
}

impl NdcFormat {
    /// The formats of ten digits, which alone fit into a GTIN.
    pub const TEN_DIGITS: [NdcFormat; 3] =
        [NdcFormat::FourFourTwo, NdcFormat::FiveThreeTwo, NdcFormat::FiveFourOne];

    const ALL: [NdcFormat; 6] = [
        NdcFormat::FourFourTwo,
        NdcFormat::FiveThreeTwo,
        NdcFormat::FiveFourOne,
        NdcFormat::SixThreeTwo,
        NdcFormat::SixFourOne,
        NdcFormat::SixFourTwo,
    ];

    /// Its name, such as `5-3-2`.
    pub fn as_str(self) -> &'static str {
        match self {
            NdcFormat::FourFourTwo => "4-4-2",
            NdcFormat::FiveThreeTwo => "5-3-2",
            NdcFormat::FiveFourOne => "5-4-1",
            NdcFormat::SixThreeTwo => "6-3-2",
            NdcFormat::SixFourOne => "6-4-1",
            NdcFormat::SixFourTwo => "6-4-2",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for anything else.
    pub fn parse(name: &str) -> Option<NdcFormat> {
        NdcFormat::ALL.into_iter().find(|format| format.as_str() == name)
    }

    fn lengths(self) -> [usize; 3] {
        match self {
            NdcFormat::FourFourTwo => [4, 4, 2],
            NdcFormat::FiveThreeTwo => [5, 3, 2],
            NdcFormat::FiveFourOne => [5, 4, 1],
            NdcFormat::SixThreeTwo => [6, 3, 2],
            NdcFormat::SixFourOne => [6, 4, 1],
            NdcFormat::SixFourTwo => [6, 4, 2],
        }
    }
}

/// A National Drug Code, compared by its twelve digits (6-4-2), which every form leads to.
///
/// The way back to FDA's ten digits is known only with the [`format`](Self::format); where the digits leave more than one
/// open, it is `None` and never guessed: the FDA's NDC directory or a catalogue tells.
#[derive(Clone, Copy)]
pub struct Ndc {
    digits: [u8; 12],
    format: Option<NdcFormat>,
}

/// Lengths of labeler, product and package in twelve digits.
const WIDTHS: [usize; 3] = [6, 4, 2];

impl Ndc {
    /// Reads an NDC: FDA's form with hyphens (4-4-2, 5-3-2, 5-4-1, 6-3-2, 6-4-1), the billing form of eleven digits (5-4-2,
    /// with or without hyphens) or the form of 2033 (6-4-2, with or without). Eleven digits without hyphens are the billing
    /// form, the only one written so.
    ///
    /// Fails on other lengths and characters, and on ten digits without hyphens, which may be three different codes (see
    /// [`candidates`](Self::candidates)).
    pub fn parse(text: &str) -> Result<Ndc, NdcError> {
        let text = text.trim();
        let fault = |fault| NdcError { value: text.chars().take(40).collect(), fault };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return Err(fault(NdcFault::NotDigits));
        }
        let segments: Vec<&str> = text.split('-').collect();
        match segments.as_slice() {
            [digits] if digits.len() == 10 => Err(fault(NdcFault::Ambiguous)),
            [digits] => {
                let lengths = if digits.len() == 11 { [5, 4, 2] } else { WIDTHS };
                Ndc::from_digits(digits, lengths).map(Ndc::settled).ok_or_else(|| fault(NdcFault::Length))
            }
            [labeler, product, package] => {
                Ndc::from_segments([labeler, product, package]).ok_or_else(|| fault(NdcFault::Segments))
            }
            _ => Err(fault(NdcFault::Segments)),
        }
    }

    /// Every NDC that a text may mean: one where it is clear, three for ten digits without hyphens.
    pub fn candidates(text: &str) -> Result<Vec<Ndc>, NdcError> {
        match Ndc::parse(text) {
            Err(NdcError { fault: NdcFault::Ambiguous, .. }) => Ok(Ndc::of_ten_digits(text.trim())),
            parsed => parsed.map(|ndc| vec![ndc]),
        }
    }

    /// Every NDC whose digits a GTIN may hold, at any packaging level: none where it does not begin with `03` behind its
    /// indicator, else one for a company prefix of 6 digits, two for one of 7, and three where its length is not known.
    ///
    /// Digits alone do not tell a 5-3-2 from a 5-4-1: the FDA's NDC directory or a catalogue does.
    pub fn in_gtin(gtin: Gtin, company_prefix_length: Option<u8>) -> Vec<Ndc> {
        let Some(digits) = gtin.as_str().get(1..13).and_then(|body| body.strip_prefix("03")) else {
            return Vec::new();
        };
        let mut found = Ndc::of_ten_digits(digits);
        if let Some(length @ (6 | 7)) = company_prefix_length {
            found.retain(|ndc| ndc.company_prefix_length() == Some(length));
        }
        found
    }

    /// Reads the twelve digits of [`key`](Self::key) with the format that was known; `None` where they are not that.
    pub fn from_key(key: &str, format: Option<NdcFormat>) -> Option<Ndc> {
        let ndc = Ndc::from_digits(key, WIDTHS).filter(|_| key.len() == 12)?;
        match format {
            Some(format) if ndc.fits(format) => Some(Ndc { format: Some(format), ..ndc }),
            Some(_) => None,
            None => Some(ndc),
        }
    }

    /// The format in which FDA assigned it, where that is known; [`SixFourTwo`](NdcFormat::SixFourTwo) where no shorter one
    /// can hold it.
    pub fn format(&self) -> Option<NdcFormat> {
        self.format
    }

    /// The formats of ten digits that can hold it: those that cut nothing but zeros off.
    pub fn possible_formats(&self) -> Vec<NdcFormat> {
        match self.format {
            Some(format) => vec![format],
            None => NdcFormat::TEN_DIGITS.into_iter().filter(|format| self.fits(*format)).collect(),
        }
    }

    /// The same code with its format, where this GTIN, built on `03` and ten digits, tells it.
    pub fn resolved_by(self, gtin: Gtin) -> Ndc {
        if self.format.is_some() {
            return self;
        }
        let mut same = Ndc::in_gtin(gtin, None).into_iter().filter(|other| *other == self);
        match (same.next(), same.next()) {
            (Some(ndc), None) => ndc,
            _ => self,
        }
    }

    /// The twelve digits without hyphens: what it is compared by.
    pub fn key(&self) -> &str {
        std::str::from_utf8(&self.digits).unwrap_or_default()
    }

    /// FDA's form with hyphens, such as `0001-0123-45`, where the format is known.
    pub fn fda(&self) -> Option<String> {
        self.format.map(|format| self.hyphenated(format.lengths()))
    }

    /// The eleven digits of the billing form with hyphens (5-4-2), such as `00001-0123-45`; `None` for labelers of six digits.
    pub fn eleven(&self) -> Option<String> {
        self.key().starts_with('0').then(|| self.hyphenated([5, 4, 2]))
    }

    /// The twelve digits with hyphens (6-4-2), such as `000001-0123-45`.
    pub fn twelve(&self) -> String {
        self.hyphenated(WIDTHS)
    }

    /// Labeler and product, ten digits of the twelve: the same for every package of a product.
    pub fn product_key(&self) -> &str {
        self.key().get(..10).unwrap_or_default()
    }

    /// The GTIN built from its ten digits at this packaging level (indicator 0 to 8; 0 is the saleable unit).
    ///
    /// `None` where the ten digits are not known or are more than ten. GTINs built otherwise exist: a catalogue tells them.
    pub fn gtin(&self, indicator: u8) -> Option<Gtin> {
        let format = self.format.filter(|format| NdcFormat::TEN_DIGITS.contains(format))?;
        let ten = self.hyphenated(format.lengths()).replace('-', "");
        let body = format!("{}03{ten}", Some(indicator).filter(|indicator| *indicator <= 8)?);
        let check = check_digit::compute(&body)?;
        Gtin::parse(&format!("{body}{check}")).ok()
    }

    /// The length of the GS1 company prefix that is built on its labeler: two more than the labeler's, where it is known.
    pub fn company_prefix_length(&self) -> Option<u8> {
        match self.format? {
            NdcFormat::FourFourTwo => Some(6),
            NdcFormat::FiveThreeTwo | NdcFormat::FiveFourOne => Some(7),
            _ => None,
        }
    }

    fn from_segments(segments: [&str; 3]) -> Option<Ndc> {
        let lengths = segments.map(str::len);
        let ndc = Ndc::from_digits(&segments.concat(), lengths)?;
        match NdcFormat::ALL.into_iter().find(|format| format.lengths() == lengths) {
            Some(NdcFormat::SixFourTwo) => Some(ndc.settled()),
            Some(format) => Some(Ndc { format: Some(format), ..ndc }),
            None => (lengths == [5, 4, 2]).then(|| ndc.settled()),
        }
    }

    fn of_ten_digits(digits: &str) -> Vec<Ndc> {
        let read = |format: NdcFormat| {
            Some(Ndc { format: Some(format), ..Ndc::from_digits(digits, format.lengths())? })
        };
        NdcFormat::TEN_DIGITS.into_iter().filter_map(read).collect()
    }

    /// Spreads digits over the twelve places, each segment filled up with zeros in front.
    fn from_digits(digits: &str, lengths: [usize; 3]) -> Option<Ndc> {
        let (mut rest, mut key) = (digits, String::with_capacity(12));
        for (length, width) in lengths.into_iter().zip(WIDTHS) {
            let (segment, behind) = rest.split_at_checked(length)?;
            key += &format!("{segment:0>width$}");
            rest = behind;
        }
        let sound = rest.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        let digits = key.as_bytes().try_into().ok().filter(|_| sound)?;
        Some(Ndc { digits, format: None })
    }

    /// Takes the format where the digits leave but one, or none shorter than twelve digits.
    fn settled(self) -> Ndc {
        let format = match self.possible_formats().as_slice() {
            [one] => Some(*one),
            [] if !self.key().starts_with('0') => self.of_six(),
            _ => None,
        };
        Ndc { format, ..self }
    }

    /// The format of a labeler of six digits, where it is clear.
    fn of_six(&self) -> Option<NdcFormat> {
        let shorter = self.fits(NdcFormat::SixThreeTwo) || self.fits(NdcFormat::SixFourOne);
        (!shorter).then_some(NdcFormat::SixFourTwo)
    }

    fn fits(&self, format: NdcFormat) -> bool {
        let mut rest = self.key();
        WIDTHS.into_iter().zip(format.lengths()).all(|(width, length)| {
            let (segment, behind) = rest.split_at_checked(width).unwrap_or_default();
            rest = behind;
            segment.bytes().take(width - length).all(|digit| digit == b'0')
        })
    }

    fn hyphenated(&self, lengths: [usize; 3]) -> String {
        let mut rest = self.key();
        let segments = WIDTHS.into_iter().zip(lengths).map(|(width, length)| {
            let (segment, behind) = rest.split_at_checked(width).unwrap_or_default();
            rest = behind;
            segment.get(width - length..).unwrap_or_default()
        });
        segments.collect::<Vec<_>>().join("-")
    }
}

impl PartialEq for Ndc {
    fn eq(&self, other: &Ndc) -> bool {
        self.digits == other.digits
    }
}

impl Eq for Ndc {}

/// FDA's form, where the format is known, else the billing form, else the twelve digits; always with hyphens.
impl fmt::Display for Ndc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fda().or_else(|| self.eleven()).unwrap_or_else(|| self.twelve()))
    }
}

impl fmt::Debug for Ndc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ndc({self})")
    }
}

/// A text that is no NDC, or not one alone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{value:?} {fault}")]
pub struct NdcError {
    value: Box<str>,
    fault: NdcFault,
}

impl NdcError {
    /// What is wrong with it.
    pub fn fault(&self) -> NdcFault {
        self.fault
    }
}

/// What can be wrong with an NDC; each says the rule and the mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NdcFault {
    /// Something else than digits and hyphens.
    #[error("is no NDC, which has digits and hyphens alone: remove the rest")]
    NotDigits,
    /// Not 10, 11 or 12 digits.
    #[error("is no NDC, which has 10, 11 or 12 digits: check for digits left out or zeros cut off")]
    Length,
    /// Segments of lengths that no NDC has.
    #[error(
        "is no NDC, whose segments are 4-4-2, 5-3-2, 5-4-1, 6-3-2, 6-4-1, 5-4-2 (billing) or 6-4-2 digits: check the hyphens and leading zeros"
    )]
    Segments,
    /// Ten digits without hyphens.
    #[error(
        "may be three different NDCs, as ten digits without hyphens do not tell where the segments end: write it with hyphens"
    )]
    Ambiguous,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gtin(digits: &str) -> Gtin {
        Gtin::parse(digits).unwrap()
    }

    fn check(text: &str, fda: Option<&str>, eleven: Option<&str>, twelve: &str) {
        let ndc = Ndc::parse(text).unwrap();
        assert_eq!(ndc.fda().as_deref(), fda, "{text}");
        assert_eq!(ndc.eleven().as_deref(), eleven, "{text}");
        assert_eq!(ndc.twelve(), twelve, "{text}");
        assert_eq!(Ndc::from_key(ndc.key(), ndc.format()).map(|ndc| ndc.fda()), Some(ndc.fda()), "{text}");
    }

    #[test]
    fn reads_each_form() {
        check("0001-0123-45", Some("0001-0123-45"), Some("00001-0123-45"), "000001-0123-45");
        check("52999-101-30", Some("52999-101-30"), Some("52999-0101-30"), "052999-0101-30");
        check("52999-1013-5", Some("52999-1013-5"), Some("52999-1013-05"), "052999-1013-05");
        check("123456-789-01", Some("123456-789-01"), None, "123456-0789-01");
        check("123456-7890-1", Some("123456-7890-1"), None, "123456-7890-01");
        check("123456-7890-12", Some("123456-7890-12"), None, "123456-7890-12");
    }

    #[test]
    fn eleven_and_twelve_digits_have_a_format_only_where_it_is_clear() {
        check(" 52999-0101-30 ", Some("52999-101-30"), Some("52999-0101-30"), "052999-0101-30");
        check("52999010130", Some("52999-101-30"), Some("52999-0101-30"), "052999-0101-30");
        check("052999101305", Some("52999-1013-5"), Some("52999-1013-05"), "052999-1013-05");
        check("00001-0123-45", None, Some("00001-0123-45"), "000001-0123-45");
        check("52999-0101-05", None, Some("52999-0101-05"), "052999-0101-05");
        check("52999-1013-15", None, Some("52999-1013-15"), "052999-1013-15");
        check("123456-0789-01", None, None, "123456-0789-01");
        assert_eq!(Ndc::parse("00001-0123-45").unwrap().possible_formats().len(), 2);
        assert_eq!(Ndc::parse("52999-1013-15").unwrap().possible_formats(), []);
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, fault) in [
            ("5299910130", NdcFault::Ambiguous),
            ("529991013", NdcFault::Length),
            ("5299910130123", NdcFault::Length),
            ("52999-101", NdcFault::Segments),
            ("5299-101-30", NdcFault::Segments),
            ("52999-101-30-1", NdcFault::Segments),
            ("--", NdcFault::Segments),
            ("52999.101.30", NdcFault::NotDigits),
            ("٥٢٩٩٩-101-30", NdcFault::NotDigits),
            ("", NdcFault::NotDigits),
        ] {
            assert_eq!(Ndc::parse(text).unwrap_err().fault(), fault, "{text}");
        }
    }

    #[test]
    fn a_gtin_is_built_from_ten_digits_alone() {
        let built =
            |text: &str, indicator| Ndc::parse(text).unwrap().gtin(indicator).map(|gtin| gtin.to_string());
        assert_eq!(built("0001-0123-45", 0).as_deref(), Some("00300010123455"));
        assert_eq!(built("0001-0123-45", 1).as_deref(), Some("10300010123452"));
        assert_eq!(built("0001-0123-45", 9), None);
        assert_eq!(built("00001-0123-45", 0), None);
        assert_eq!(built("123456-789-01", 0), None);
    }

    #[test]
    fn a_gtin_never_tells_more_than_its_digits() {
        let found = |digits: &str, length| -> Vec<String> {
            Ndc::in_gtin(gtin(digits), length).iter().filter_map(Ndc::fda).collect()
        };
        assert_eq!(found("00300010123455", Some(6)), ["0001-0123-45"]);
        assert_eq!(found("10300010123452", Some(6)), ["0001-0123-45"]);
        assert_eq!(found("00300010123455", Some(7)), ["00010-123-45", "00010-1234-5"]);
        assert_eq!(found("00300010123455", None).len(), 3);
        assert_eq!(found("00300010123455", Some(9)).len(), 3);
        assert!(found("00614141123452", Some(7)).is_empty());
    }

    #[test]
    fn a_gtin_gives_the_billing_form_its_format() {
        let ndc = Ndc::parse("00001-0123-45").unwrap().resolved_by(gtin("00300010123455"));
        assert_eq!(ndc.fda().as_deref(), Some("0001-0123-45"));
        let ndc = Ndc::parse("00001-0123-45").unwrap().resolved_by(gtin("00614141123452"));
        assert_eq!(ndc.fda(), None);
    }

    #[test]
    fn company_prefixes_are_two_longer_than_labelers() {
        let length = |text: &str| Ndc::parse(text).unwrap().company_prefix_length();
        assert_eq!(length("0001-0123-45"), Some(6));
        assert_eq!(length("52999-101-30"), Some(7));
        assert_eq!(length("123456-789-01"), None);
        assert_eq!(length("00001-0123-45"), None);
    }
}
