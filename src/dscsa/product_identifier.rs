//! ProductIdentifier: what stands on a package of a prescription drug.

use std::fmt;

use crate::dscsa::Ndc;
use crate::gs1::Epc;
use crate::gs1::Gtin;

/// The product identifier of a package or homogeneous case: GTIN (which carries the NDC), serial number, lot and expiration
/// date (21 U.S.C. 360eee(14)).
///
/// Identity is GTIN and serial number, the latter with upper and lower case told apart: lot and expiry are facts about it.
#[derive(Clone, Debug)]
pub struct ProductIdentifier {
    /// The trade item.
    pub gtin: Gtin,
    /// Serial number, decoded.
    pub serial: Box<str>,
    /// Lot number, where it is known.
    pub lot: Option<Box<str>>,
    /// Expiration date, where it is known: `YYYY-MM-DD`, or as sent.
    pub expiry: Option<Box<str>>,
}

impl ProductIdentifier {
    /// The product identifier of an SGTIN, without lot and expiry; `None` for any other identifier.
    pub fn of(epc: &Epc) -> Option<ProductIdentifier> {
        let serial = epc.serial()?.into();
        Some(ProductIdentifier { gtin: epc.gtin()?, serial, lot: None, expiry: None })
    }

    /// The standardized numerical identifier (FDA's guidance of 2010): FDA's NDC and the serial number.
    ///
    /// `None` where the NDC of this GTIN is not one alone; a catalogue may then tell it.
    pub fn standardized_numerical_identifier(&self, company_prefix_length: Option<u8>) -> Option<String> {
        match Ndc::in_gtin(self.gtin, company_prefix_length).as_slice() {
            [ndc] => Some(format!("{} {}", ndc.fda()?, self.serial)),
            _ => None,
        }
    }
}

impl PartialEq for ProductIdentifier {
    fn eq(&self, other: &ProductIdentifier) -> bool {
        self.gtin == other.gtin && self.serial == other.serial
    }
}

impl Eq for ProductIdentifier {}

/// In the words of a label: `GTIN 00300010123455 SN A1 EXP 2028-03-31 LOT L7`.
impl fmt::Display for ProductIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GTIN {} SN {}", self.gtin, self.serial)?;
        for (word, value) in [("EXP", &self.expiry), ("LOT", &self.lot)] {
            if let Some(value) = value {
                write!(f, " {word} {value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str) -> Option<ProductIdentifier> {
        ProductIdentifier::of(&Epc::parse(uri))
    }

    #[test]
    fn is_read_from_each_spelling_and_compared_by_gtin_and_serial() {
        let mut one = of("urn:epc:id:sgtin:030001.0012345.a1").unwrap();
        (one.lot, one.expiry) = (Some("L7".into()), Some("2028-03-31".into()));
        assert_eq!(one.to_string(), "GTIN 00300010123455 SN a1 EXP 2028-03-31 LOT L7");
        assert_eq!(Some(&one), of("https://id.gs1.org/01/00300010123455/21/a1").as_ref());
        assert_ne!(Some(&one), of("https://id.gs1.org/01/00300010123455/21/A1").as_ref());
        assert_eq!(of("urn:epc:id:sscc:030001.01234567890"), None);
    }

    #[test]
    fn the_numerical_identifier_needs_one_ndc() {
        let item = of("urn:epc:id:sgtin:030001.0012345.a1").unwrap();
        assert_eq!(item.standardized_numerical_identifier(Some(6)).as_deref(), Some("0001-0123-45 a1"));
        assert_eq!(item.standardized_numerical_identifier(Some(7)), None);
    }
}
