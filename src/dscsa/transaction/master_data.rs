//! What the master data of a document says of a trade item, a party or a place, and where it says so.

use crate::epcis::Header;
use crate::epcis::VocabularyElement;
use crate::gs1::Epc;
use crate::gs1::Gtin;

/// Where a header keeps its vocabularies.
const LIST: &str = "EPCISHeader/extension/EPCISMasterData/VocabularyList";

/// An entry of a vocabulary and its place in the document.
#[derive(Clone, Debug)]
pub struct Described<'a> {
    /// The entry.
    pub entry: &'a VocabularyElement,
    path: String,
}

/// The entries of the `EPCClass` vocabulary about this trade item, however its identifier is spelt.
pub fn described_trade_items(header: &Header, gtin: Gtin) -> impl Iterator<Item = Described<'_>> {
    described(header, "EPCClass").filter(move |own| Epc::parse(&own.entry.id).gtin() == Some(gtin))
}

/// The entries of the `Location` and party vocabularies about this party or place: those of the very identifier first,
/// then those of the same GLN.
pub fn described_places<'a>(header: &'a Header, id: &Epc) -> Vec<Described<'a>> {
    let gln = id.gln();
    let is_party = |kind: &str| kind.ends_with("Location") || kind.ends_with("Party");
    let mut found: Vec<(bool, Described<'_>)> = described_where(header, is_party)
        .map(|own| (Epc::parse(&own.entry.id), own))
        .filter(|(own, _)| own == id || (gln.is_some() && own.gln() == gln))
        .map(|(own, described)| (own != *id, described))
        .collect();
    found.sort_by_key(|(other, _)| *other);
    found.into_iter().map(|(_, described)| described).collect()
}

impl Described<'_> {
    /// The first filled attribute of this name, such as `regulatedProductName`, whatever its vocabulary's spelling:
    /// trimmed, with its path.
    pub fn attribute(&self, name: &str) -> Option<(&str, String)> {
        let attribute = self.entry.attributes.iter().find(|attribute| {
            is_named(&attribute.id, name) && attribute.text().is_some_and(|text| !text.trim().is_empty())
        })?;
        Some((attribute.text()?.trim(), format!("{}/attribute[@id='{}']", self.path, attribute.id)))
    }

    /// The National Drug Code as sent, with its path: the additional identifier whose type code says NDC, or the only one
    /// where no type code is given.
    pub fn national_drug_code(&self) -> Option<(&str, String)> {
        let texts = |name| {
            let named = self.entry.attributes.iter().filter(move |attribute| is_named(&attribute.id, name));
            named.filter_map(|attribute| Some((attribute.text()?.trim(), &attribute.id)))
        };
        let codes: Vec<&str> =
            texts("additionalTradeItemIdentificationTypeCode").map(|(text, _)| text).collect();
        let mut identifiers = texts("additionalTradeItemIdentification").enumerate();
        let (_, (text, id)) = identifiers.find(|(at, (text, _))| {
            let code = codes.get(*at).map(|code| code.to_ascii_uppercase());
            !text.is_empty() && code.map_or(codes.is_empty(), |code| code.contains("NDC"))
        })?;
        Some((text, format!("{}/attribute[@id='{id}']", self.path)))
    }
}

fn is_named(id: &str, name: &str) -> bool {
    id.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with(['#', ':', '/']))
}

fn described<'a>(header: &'a Header, kind: &'static str) -> impl Iterator<Item = Described<'a>> {
    described_where(header, move |own| own.ends_with(kind))
}

fn described_where<'a>(
    header: &'a Header,
    is_wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = Described<'a>> {
    let lists = header.master_data.iter().enumerate().filter(move |(_, list)| is_wanted(&list.kind));
    lists.flat_map(|(list, vocabulary)| {
        vocabulary.elements.iter().enumerate().map(move |(at, entry)| {
            let path = format!("{LIST}/Vocabulary[{}]/VocabularyElement[{}]", list + 1, at + 1);
            Described { entry, path }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::MasterDataAttribute;
    use crate::epcis::Node;
    use crate::epcis::Vocabulary;

    fn header(kind: &str, entries: &[(&str, &[(&str, &str)])]) -> Header {
        let attribute = |(id, text): &(&str, &str)| MasterDataAttribute {
            id: (*id).into(),
            attributes: vec![],
            content: vec![Node::Text((*text).into())],
        };
        let entry = |(id, attributes): &(&str, &[(&str, &str)])| VocabularyElement {
            id: (*id).into(),
            attributes: attributes.iter().map(attribute).collect(),
            children: vec![],
            extensions: vec![],
        };
        let elements = entries.iter().map(entry).collect();
        let list = Vocabulary { kind: kind.into(), elements, extensions: vec![] };
        Header { master_data: vec![list], ..Header::default() }
    }

    #[test]
    fn a_trade_item_is_found_in_each_spelling() {
        const NAME: &str = "urn:epcglobal:cbv:mda#regulatedProductName";
        let header = header(
            "urn:epcglobal:epcis:vtype:EPCClass",
            &[
                ("urn:epc:idpat:sgtin:030001.1012345.*", &[(NAME, "case")]),
                (
                    "https://id.gs1.org/01/00300010123455",
                    &[("x:notregulatedProductName", "no"), (NAME, " Epc ")],
                ),
            ],
        );
        let gtin = Gtin::parse("00300010123455").unwrap();
        let found: Vec<_> = described_trade_items(&header, gtin).collect();
        let [own] = found.as_slice() else { panic!("{found:?}") };
        let (text, path) = own.attribute("regulatedProductName").unwrap();
        assert_eq!(text, "Epc");
        assert_eq!(path, format!("{LIST}/Vocabulary[1]/VocabularyElement[2]/attribute[@id='{NAME}']"));
        assert_eq!(own.attribute("strengthDescription"), None);
    }

    #[test]
    fn a_drug_code_is_what_its_type_calls_so() {
        let code = |attributes: &[(&str, &str)]| {
            let header = header(
                "urn:epcglobal:epcis:vtype:EPCClass",
                &[("urn:epc:idpat:sgtin:030001.0012345.*", attributes)],
            );
            let gtin = Gtin::parse("00300010123455").unwrap();
            let found = described_trade_items(&header, gtin).next().unwrap();
            found.national_drug_code().map(|(text, _)| text.to_owned())
        };
        const VALUE: &str = "urn:epcglobal:cbv:mda#additionalTradeItemIdentification";
        const TYPE: &str = "urn:epcglobal:cbv:mda#additionalTradeItemIdentificationTypeCode";
        assert_eq!(code(&[(VALUE, "0001-0123-45"), (TYPE, "US_FDA_NDC")]).as_deref(), Some("0001-0123-45"));
        assert_eq!(
            code(&[(VALUE, "77"), (TYPE, "SUPPLIER"), (VALUE, "00001012345"), (TYPE, "FDA_NDC_11")])
                .as_deref(),
            Some("00001012345")
        );
        assert_eq!(code(&[(VALUE, "77"), (TYPE, "SUPPLIER_ASSIGNED")]), None);
        assert_eq!(code(&[(VALUE, "0001-0123-45")]).as_deref(), Some("0001-0123-45"));
    }

    #[test]
    fn a_party_is_found_by_its_gln() {
        let header = header(
            "urn:epcglobal:epcis:vtype:Location",
            &[
                ("urn:epc:id:pgln:030001.111111", &[("cbvmda:name", "by GLN")]),
                ("urn:epc:id:sgln:030001.111111.0", &[("cbvmda:name", "itself")]),
                ("urn:epc:id:sgln:030001.111121.0", &[("cbvmda:name", "another")]),
            ],
        );
        let names: Vec<String> = described_places(&header, &Epc::parse("urn:epc:id:sgln:030001.111111.0"))
            .iter()
            .map(|own| own.attribute("name").unwrap().0.to_owned())
            .collect();
        assert_eq!(names, ["itself", "by GLN"]);
    }
}
