//! The header's master data by what it describes: trade items and parties.

use std::collections::BTreeMap;

use crate::epcis::Header;
use crate::epcis::VocabularyElement;
use crate::gs1::Epc;
use crate::gs1::Gtin;

/// Master data of one document (EPCIS 1.2 §9.5; GS1 US guideline, master data).
#[derive(Debug, Default)]
pub struct Catalogue<'a> {
    /// Trade items by GTIN-14.
    pub products: BTreeMap<Gtin, Entry<'a>>,
    /// Parties and places by GLN-13, or by identifier as sent where it is no GLN.
    pub parties: BTreeMap<Box<str>, Entry<'a>>,
}

/// What is said of one trade item, party or place; several elements of one identifier are taken together.
#[derive(Debug, Default)]
pub struct Entry<'a>(Vec<&'a VocabularyElement>);

impl<'a> Catalogue<'a> {
    /// Sorts the header's master data.
    pub fn of(header: &'a Header) -> Catalogue<'a> {
        let mut catalogue = Catalogue::default();
        for element in header.master_data.iter().flat_map(|vocabulary| &vocabulary.elements) {
            let epc = Epc::parse(element.id.trim());
            match epc.gtin() {
                Some(gtin) => catalogue.products.entry(gtin).or_default().0.push(element),
                None => catalogue.parties.entry(party_key(&epc)).or_default().0.push(element),
            }
        }
        catalogue
    }

    /// True where it describes nothing.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty() && self.parties.is_empty()
    }
}

impl<'a> Entry<'a> {
    /// The first value of a CBV attribute such as `regulatedProductName` that is not blank.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        let attributes = self.0.iter().flat_map(|element| &element.attributes);
        let named = attributes.filter(|attribute| is_attribute(&attribute.id, name));
        named.filter_map(|attribute| attribute.text().map(str::trim)).find(|text| !text.is_empty())
    }
}

/// A party or place as findings name it: its GLN-13, or its identifier as sent.
pub fn party_key(epc: &Epc) -> Box<str> {
    epc.gln().map_or_else(|| epc.as_str().into(), |gln| gln.as_str().into())
}

/// True for `urn:epcglobal:cbv:mda#name`, for the spellings with a colon, and for the bare name.
fn is_attribute(id: &str, name: &str) -> bool {
    let Some(before) = id.strip_suffix(name) else { return false };
    let known = ["urn:epcglobal:cbv:mda", "cbvmda", "https://ref.gs1.org/cbv/mda"];
    before.is_empty() || before.strip_suffix(['#', ':', '/']).is_some_and(|space| known.contains(&space))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_spellings_of_an_attribute() {
        for id in ["urn:epcglobal:cbv:mda#name", "urn:epcglobal:cbv:mda:name", "cbvmda:name", "name"] {
            assert!(is_attribute(id, "name"), "{id}");
        }
        for id in ["urn:epcglobal:cbv:mda#regulatedname", "http://example.com/mda/name", "nickname"] {
            assert!(!is_attribute(id, "name"), "{id}");
        }
    }

    #[test]
    fn a_party_is_its_gln_whatever_its_spelling() {
        for uri in [
            "urn:epc:id:sgln:030001.111111.0",
            "urn:epc:id:pgln:0300011.11111",
            "https://id.gs1.org/414/0300011111116",
        ] {
            assert_eq!(&*party_key(&Epc::parse(uri)), "0300011111116");
        }
        assert_eq!(&*party_key(&Epc::parse("http://example.com/dea/5")), "http://example.com/dea/5");
    }
}
