//! ProductKey: what somebody calls a product by.

use crate::dscsa::Ndc;
use crate::dscsa::NdcError;
use crate::gs1::Epc;
use crate::gs1::Gtin;

/// What a text may mean: a GTIN, NDCs, or either, as twelve digits may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductKey {
    /// The trade item.
    pub gtin: Option<Gtin>,
    /// Every NDC that the text may mean.
    pub ndcs: Vec<Ndc>,
}

impl ProductKey {
    /// Reads a GTIN (8, 12, 13 or 14 digits), an NDC in any form, or an EPC URN or Digital Link of a trade item.
    ///
    /// Fails on anything else, with what is wrong with it as an NDC.
    pub fn parse(text: &str) -> Result<ProductKey, NdcError> {
        let text = text.trim();
        let gtin = Gtin::parse(text).ok().or_else(|| Epc::parse(text).gtin());
        match (gtin, Ndc::candidates(text)) {
            (None, Err(error)) => Err(error),
            (gtin, ndcs) => Ok(ProductKey { gtin, ndcs: ndcs.unwrap_or_default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, gtin: Option<&str>, ndcs: usize) {
        let key = ProductKey::parse(text).unwrap();
        assert_eq!(
            (key.gtin.map(|gtin| gtin.to_string()).as_deref(), key.ndcs.len()),
            (gtin, ndcs),
            "{text}"
        );
    }

    #[test]
    fn digits_may_mean_more_than_one_thing() {
        check("00300010123455", Some("00300010123455"), 0);
        check("300010123455", Some("00300010123455"), 1);
        check("300010123450", None, 1);
        check("0001-0123-45", None, 1);
        check("0001012345", None, 3);
        check("urn:epc:id:sgtin:030001.0012345.1", Some("00300010123455"), 0);
        assert!(ProductKey::parse("00300010123456").is_err());
        assert!(ProductKey::parse("Lumarexin").is_err());
    }
}
