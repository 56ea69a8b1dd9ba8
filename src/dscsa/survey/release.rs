//! Which release of the GS1 US guideline a document follows, and what says so.

use std::fmt;

use super::USHC_NAMESPACE;
use super::catalogue::Catalogue;
use crate::epcis::Element;
use crate::epcis::Header;

/// A release of the GS1 US guideline "Applying GS1 Standards for DSCSA and Traceability".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// R1.2 of November 2016, which carries no mark.
    R12,
    /// R1.3.
    R13,
    /// Constructs of both that exclude each other.
    Mixed,
}

impl Release {
    /// `R1.2`, `R1.3` or `mixed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Release::R12 => "R1.2",
            Release::R13 => "R1.3",
            Release::Mixed => "mixed",
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Constructs of events that tell the releases apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// `gs1ushc:dropShipment`, of R1.3.
    pub drop_shipment: bool,
    /// `gs1ushc:directPurchase` with a qualifier, of R1.3.
    pub qualified_purchase: bool,
    /// `gs1ushc:directPurchase` as true or false, of R1.2.
    pub plain_purchase: bool,
}

impl Marks {
    /// Looks at what an event or a header adds.
    pub fn see(&mut self, elements: &[Element]) {
        for element in elements.iter().filter(|element| &*element.name.namespace == USHC_NAMESPACE) {
            match &*element.name.local {
                "dropShipment" => self.drop_shipment = true,
                "directPurchase" if element.attribute("qualifier").is_some() => {
                    self.qualified_purchase = true
                }
                "directPurchase" => self.plain_purchase = true,
                _ => {}
            }
        }
    }
}

/// Tells the release, and what decided, for people.
pub fn detect(header: &Header, catalogue: &Catalogue<'_>, mut marks: Marks) -> (Release, String) {
    marks.see(&header.elements);
    let codes = |code: &str| {
        let is_code = |own: Option<&str>| own == Some(code);
        catalogue
            .products
            .values()
            .any(|entry| is_code(entry.attribute("additionalTradeItemIdentificationTypeCode")))
    };
    let (new_code, old_code) = (codes("US_FDA_NDC"), codes("FDA_NDC_11"));
    if new_code && old_code {
        return (
            Release::Mixed,
            "both NDC type codes, US_FDA_NDC and FDA_NDC_11, are in its master data".into(),
        );
    }
    if marks.plain_purchase && marks.qualified_purchase {
        return (Release::Mixed, "directPurchase is there with a qualifier and as true or false".into());
    }
    let version = header_text(header, "guidelineVersion").unwrap_or_default();
    let by = if version.contains("R1.3") {
        format!("guidelineVersion says “{version}”")
    } else if new_code {
        "its NDC type code is US_FDA_NDC".into()
    } else if marks.drop_shipment {
        "it has dropShipment".into()
    } else if marks.qualified_purchase {
        "directPurchase has a qualifier".into()
    } else {
        let why = if old_code { "its NDC type code is FDA_NDC_11" } else { "nothing in it is of R1.3" };
        return (Release::R12, why.into());
    };
    (Release::R13, by)
}

/// The text of the header element of this name in the US healthcare namespace, wherever a form puts it.
pub fn header_text<'a>(header: &'a Header, local: &str) -> Option<&'a str> {
    header_element(header, local)?.text().map(str::trim).filter(|text| !text.is_empty())
}

/// The header element of this name in the US healthcare namespace, wherever a form puts it.
pub fn header_element<'a>(header: &'a Header, local: &str) -> Option<&'a Element> {
    let elements = header.elements.iter().chain(&header.document_elements).chain(&header.body_elements);
    elements.into_iter().find(|e| &*e.name.namespace == USHC_NAMESPACE && &*e.name.local == local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Name;

    fn check(version: Option<&str>, marks: Marks, expected: Release, by: &str) {
        let mut header = Header::default();
        header.elements.extend(version.map(|version| {
            Element::with_text(Name::new(USHC_NAMESPACE, "guidelineVersion"), "gs1ushc", version)
        }));
        let (release, why) = detect(&header, &Catalogue::default(), marks);
        assert_eq!(release, expected);
        assert!(why.contains(by), "{why}");
    }

    #[test]
    fn says_what_decided() {
        let drop = Marks { drop_shipment: true, ..Marks::default() };
        let both = Marks { qualified_purchase: true, plain_purchase: true, ..Marks::default() };
        check(Some("GS1 US DSCSA R1.3"), Marks::default(), Release::R13, "guidelineVersion");
        check(Some("R1.3"), Marks::default(), Release::R13, "guidelineVersion");
        check(None, drop, Release::R13, "dropShipment");
        check(None, both, Release::Mixed, "directPurchase");
        check(None, Marks::default(), Release::R12, "nothing");
    }
}
