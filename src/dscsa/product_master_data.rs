//! Products in the master data of a document's header (GS1 US guideline, EPCClass vocabulary).

use crate::dscsa::Ndc;
use crate::dscsa::Product;
use crate::epcis::Header;
use crate::epcis::VocabularyElement;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;
use crate::gs1::Gtin;

/// The products that a header describes, each with its path; those without a GTIN are left out.
pub fn described_products(header: &Header) -> Vec<(Product, String)> {
    let classes = header.master_data.iter().enumerate().filter(|(_, list)| list.kind.ends_with("EPCClass"));
    classes
        .flat_map(|(at, list)| {
            let elements = list.elements.iter().enumerate();
            elements.filter_map(move |(index, element)| {
                let path = format!("Vocabulary[{}]/VocabularyElement[{}]", at + 1, index + 1);
                Some((described(element)?, path))
            })
        })
        .collect()
}

fn described(element: &VocabularyElement) -> Option<Product> {
    let gtin = Epc::parse(&element.id).gtin()?;
    let text = |name: &str| values(element, name).next().map(Box::from);
    Some(Product {
        gtin: Some(gtin),
        ndc: ndc(element, gtin),
        proprietary_name: text("regulatedProductName"),
        established_name: None,
        manufacturer: text("manufacturerOfTradeItemPartyName"),
        dosage_form: text("dosageFormType"),
        strength: text("strengthDescription"),
        container_size: text("netContentDescription"),
        level: None,
        units_per_case: None,
        unit_gtin: None,
    })
}

/// The texts of an attribute of this name, whatever its vocabulary's spelling: `urn:epcglobal:cbv:mda#name`, `cbvmda:name`.
fn values<'a>(element: &'a VocabularyElement, name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = element.attributes.iter().filter(move |attribute| {
        attribute
            .id
            .strip_suffix(name)
            .is_some_and(|before| before.is_empty() || before.ends_with(['#', ':', '/']))
    });
    named.filter_map(|attribute| attribute.text()).map(str::trim).filter(|text| !text.is_empty())
}

/// The NDC among the additional identifiers: the one that its type code calls so, or the only one where there is no code.
fn ndc(element: &VocabularyElement, gtin: Gtin) -> Option<Ndc> {
    let codes: Vec<&str> = values(element, "additionalTradeItemIdentificationTypeCode").collect();
    let mut texts = values(element, "additionalTradeItemIdentification").enumerate();
    let (_, text) = texts.find(|(at, _)| match codes.get(*at) {
        Some(code) => code.to_ascii_uppercase().contains("NDC"),
        None => codes.is_empty(),
    })?;
    let length = Epc::parse(&element.id).company_prefix_length(&CompanyPrefixes::builtin());
    stated_ndc(text, gtin, length)
}

/// The NDC that a text states for a GTIN: ten digits without hyphens only where the GTIN leaves but one way to read them.
pub fn stated_ndc(text: &str, gtin: Gtin, company_prefix_length: Option<u8>) -> Option<Ndc> {
    let mut candidates = Ndc::candidates(text).ok()?;
    if candidates.len() > 1 {
        let possible = Ndc::in_gtin(gtin, company_prefix_length);
        candidates.retain(|ndc| possible.contains(ndc));
    }
    match candidates.as_slice() {
        [one] => Some(one.resolved_by(gtin)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::MasterDataAttribute;
    use crate::epcis::Node;
    use crate::epcis::Vocabulary;

    fn header(id: &str, attributes: &[(&str, &str)]) -> Header {
        let attributes = attributes.iter().map(|(id, text)| MasterDataAttribute {
            id: (*id).into(),
            attributes: vec![],
            content: vec![Node::Text((*text).into())],
        });
        let attributes = attributes.collect();
        let element = VocabularyElement { id: id.into(), attributes, children: vec![], extensions: vec![] };
        let kind = "urn:epcglobal:epcis:vtype:EPCClass".into();
        let list = Vocabulary { kind, elements: vec![element], extensions: vec![] };
        Header { master_data: vec![list], ..Header::default() }
    }

    #[test]
    fn reads_what_the_guideline_asks_for() {
        let header = header(
            "urn:epc:idpat:sgtin:030001.0012345.*",
            &[
                ("urn:epcglobal:cbv:mda#additionalTradeItemIdentification", "0001012345"),
                ("urn:epcglobal:cbv:mda#additionalTradeItemIdentificationTypeCode", "US_FDA_NDC"),
                ("urn:epcglobal:cbv:mda#regulatedProductName", " Lumarexin "),
                ("cbvmda:strengthDescription", "10 mg"),
                ("urn:example:notstrengthDescription", "no"),
                ("urn:epcglobal:cbv:mda#dosageFormType", ""),
            ],
        );
        let described = described_products(&header);
        let [(product, path)] = described.as_slice() else { panic!("{described:?}") };
        assert_eq!(path, "Vocabulary[1]/VocabularyElement[1]");
        assert_eq!(product.gtin.unwrap().as_str(), "00300010123455");
        assert_eq!(product.ndc.unwrap().fda().as_deref(), Some("0001-0123-45"));
        assert_eq!(product.proprietary_name.as_deref(), Some("Lumarexin"));
        assert_eq!(product.strength.as_deref(), Some("10 mg"));
        assert_eq!(product.dosage_form, None);
    }

    #[test]
    fn an_identifier_of_another_kind_is_no_ndc() {
        let ndc = |code: &str| {
            let header = header(
                "urn:epc:idpat:sgtin:0352999.010130.*",
                &[
                    ("urn:epcglobal:cbv:mda#additionalTradeItemIdentification", "52999-101-30"),
                    ("urn:epcglobal:cbv:mda#additionalTradeItemIdentificationTypeCode", code),
                ],
            );
            described_products(&header).remove(0).0.ndc.is_some()
        };
        assert!(ndc("FDA_NDC_11"));
        assert!(!ndc("SUPPLIER_ASSIGNED"));
    }

    #[test]
    fn ten_digits_without_hyphens_are_read_only_where_the_gtin_leaves_one_way() {
        let stated = |text: &str, length| {
            let gtin = Gtin::parse("00352999101306").unwrap();
            stated_ndc(text, gtin, length).and_then(|ndc| ndc.fda())
        };
        assert_eq!(stated("5299910130", Some(7)), None);
        assert_eq!(stated("5299910130", Some(6)).as_deref(), Some("5299-9101-30"));
        assert_eq!(stated("52999-101-30", None).as_deref(), Some("52999-101-30"));
        assert_eq!(stated("5299910131", Some(6)), None);
    }
}
