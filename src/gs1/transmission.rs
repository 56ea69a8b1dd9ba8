//! Transmission: what a scanner sends for a code, symbology identifier and data, read and written (GS1 General Specifications,
//! section 7.12).

use crate::gs1::Flaw;
use crate::gs1::Gtin;
use crate::gs1::Malformed;
use crate::gs1::Symbology;

/// What a code holds, as a scanner sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transmission<'a> {
    /// Elements, with U+001D for FNC1 between them.
    Elements(&'a str),
    /// The digits of an EAN or UPC code, eight or thirteen, and the elements of a composite code above it.
    Gtin(&'a str, Option<&'a str>),
    /// Anything else.
    Text(&'a str),
}

impl<'a> Transmission<'a> {
    /// Reads what a scanner sends with a symbology identifier in front; `None` where there is none, where nothing follows it
    /// that it must have, and where the digits of an EAN or UPC code have another length or a wrong check digit.
    pub fn parse(text: &'a str) -> Option<Transmission<'a>> {
        let (symbology, data) = Symbology::split(text);
        let symbology = symbology.filter(|symbology| symbology.is_known())?;
        if symbology.is_ean_upc() {
            let (digits, above) = match data.split_once("|]e0") {
                Some((digits, above)) => (digits, Some(above)),
                None => (data, None),
            };
            let length = if symbology.name() == "EAN-8" { 8 } else { 13 };
            let sound = digits.len() == length && Gtin::parse(digits).is_ok();
            return sound.then_some(Transmission::Gtin(digits, above));
        }
        match symbology.is_gs1() {
            true => (!data.is_empty()).then_some(Transmission::Elements(data)),
            false => Some(Transmission::Text(data)),
        }
    }
}

/// A kind of code that labels of trade items have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Data Matrix.
    DataMatrix,
    /// QR Code.
    Qr,
    /// DotCode.
    DotCode,
    /// Code 128.
    Code128,
    /// DataBar of any kind that takes every GTIN.
    DataBar,
    /// DataBar Limited, for GTINs that begin with 0 or 1.
    DataBarLimited,
    /// EAN-13, UPC-A and UPC-E, which are all sent with thirteen digits.
    Ean13,
    /// EAN-8.
    Ean8,
}

impl Carrier {
    /// What a scanner sends for this code with elements in it, U+001D for FNC1 between them.
    pub fn send_elements(self, elements: &str) -> Result<String, Malformed> {
        if elements.is_empty() {
            return Err(Malformed::new(elements, Flaw::NoKey));
        }
        let marked = match self {
            Carrier::DataMatrix => "]d2",
            Carrier::Qr => "]Q3",
            Carrier::DotCode => "]J1",
            Carrier::Code128 => "]C1",
            Carrier::DataBar => "]e0",
            Carrier::DataBarLimited | Carrier::Ean13 | Carrier::Ean8 => {
                return Err(Malformed::new(elements, Flaw::Length { needed: "8, 12, 13 or 14" }));
            }
        };
        Ok(format!("{marked}{elements}"))
    }

    /// What a scanner sends for a GTIN, and for the elements of a composite code above it.
    pub fn send_gtin(self, gtin: Gtin, above: Option<&str>) -> Result<String, Malformed> {
        let digits = gtin.as_str();
        let wrong = |needed| Malformed::new(digits, Flaw::Length { needed });
        let linear = |length: usize| {
            let (zeros, rest) = digits.split_at_checked(14 - length).unwrap_or_default();
            zeros.bytes().all(|byte| byte == b'0').then_some(rest)
        };
        let separate = above.map(|above| format!("|]e0{above}")).unwrap_or_default();
        match self {
            Carrier::Ean13 => {
                linear(13).map(|rest| format!("]E0{rest}{separate}")).ok_or_else(|| wrong("13"))
            }
            Carrier::Ean8 => linear(8).map(|rest| format!("]E4{rest}{separate}")).ok_or_else(|| wrong("8")),
            Carrier::DataBarLimited if !digits.starts_with(['0', '1']) => {
                Err(wrong("14 and begin with 0 or 1"))
            }
            Carrier::DataBar | Carrier::DataBarLimited => {
                Ok(format!("]e001{digits}{}", above.unwrap_or_default()))
            }
            // No linear part stands below the others.
            _ => self.send_elements(&format!("01{digits}")),
        }
    }

    /// What a scanner sends for any other text; `None` for codes that hold numbers only.
    pub fn send_text(self, text: &str) -> Option<String> {
        let unmarked = match self {
            Carrier::DataMatrix => "]d1",
            Carrier::Qr => "]Q1",
            Carrier::DotCode => "]J0",
            Carrier::Code128 => "]C0",
            _ => return None,
        };
        Some(format!("{unmarked}{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_read_back() {
        let gtin = Gtin::parse("00300010123455").unwrap();
        let elements = "0100300010123455\u{1d}21A".to_owned();
        let sent = Carrier::DataMatrix.send_elements(&elements).unwrap();
        assert_eq!(Transmission::parse(&sent), Some(Transmission::Elements(&elements)));
        let sent = Carrier::Ean13.send_gtin(gtin, Some("21A")).unwrap();
        assert_eq!(sent, "]E00300010123455|]e021A");
        assert_eq!(Transmission::parse(&sent), Some(Transmission::Gtin("0300010123455", Some("21A"))));
        assert!(Carrier::Ean8.send_gtin(gtin, None).is_err());
        assert_eq!(Carrier::Qr.send_text("https://a").as_deref(), Some("]Q1https://a"));
        assert_eq!(Transmission::parse("]Q1^"), Some(Transmission::Text("^")));
        assert_eq!(Carrier::Ean8.send_text("x"), None);
        assert_eq!(Carrier::Ean8.send_elements("21A").ok(), None);
    }

    #[test]
    fn what_no_scanner_sends_is_refused() {
        for text in ["", "ABC", "]X", "]XX", "]e0", "]E0", "]E0123456789012", "]E402345674", "]E412ABC678"] {
            assert_eq!(Transmission::parse(text), None, "{text}");
        }
    }
}
