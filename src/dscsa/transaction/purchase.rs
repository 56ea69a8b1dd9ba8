//! How the seller came by the product, and whether a third party ships it (GS1 US guideline R1.2 and R1.3; 582(c)(1)(B)).

use crate::dscsa::transaction::USHC_NAMESPACE;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::Header;

/// What `gs1ushc` says of a shipment, in the shipping event or, as some senders do, in the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purchase {
    /// `dropShipment`: the seller never had the goods.
    pub drop_shipment: Option<bool>,
    /// `directPurchase`: whether the seller bought from the manufacturer or its exclusive distributor.
    pub direct: Option<DirectPurchase>,
    /// `receivedDirectPurchaseFromPrevWhlsDist`: what the seller's own supplier stated.
    pub received: Option<DirectPurchase>,
    /// `transactionDate` as sent, and its path.
    pub transaction_date: Option<(Box<str>, Box<str>)>,
}

/// A direct purchase statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectPurchase {
    /// `ENTIRELY_DIRECT`, `PARTIALLY_DIRECT` or `ENTIRELY_INDIRECT` (R1.3), or `true` or `false` (R1.2), as sent.
    pub extent: Box<str>,
    /// The statement as sent; empty where there is none.
    pub statement: Box<str>,
    /// The units that were not bought directly, or of which the supplier had stated it: EPCs as sent.
    pub epcs: Vec<Box<str>>,
}

impl Purchase {
    /// Reads the event, and what it does not say in the header.
    pub fn of(event: &Event, header: &Header) -> Purchase {
        let mut purchase = Purchase::default();
        let elements = [
            ("", event.extensions.iter()),
            ("EPCISHeader/", header.elements.iter()),
            ("EPCISDocument/", header.document_elements.iter()),
        ];
        for (place, elements) in elements {
            for element in elements.filter(|element| &*element.name.namespace == USHC_NAMESPACE) {
                purchase.take(element, place);
            }
        }
        purchase
    }

    fn take(&mut self, element: &Element, place: &str) {
        let text = || element.text().map(str::trim).filter(|text| !text.is_empty());
        match &*element.name.local {
            "dropShipment" => {
                let said = text().and_then(|text| match text {
                    "true" | "1" => Some(true),
                    "false" | "0" => Some(false),
                    _ => None,
                });
                self.drop_shipment = self.drop_shipment.or(said);
            }
            "directPurchase" if self.direct.is_none() => self.direct = DirectPurchase::of(element),
            "receivedDirectPurchaseFromPrevWhlsDist" if self.received.is_none() => {
                self.received = DirectPurchase::of(element);
            }
            "transactionDate" if self.transaction_date.is_none() => {
                let path = format!("{place}gs1ushc:transactionDate");
                self.transaction_date = text().map(|text| (text.into(), path.into()));
            }
            _ => {}
        }
    }
}

impl DirectPurchase {
    fn of(element: &Element) -> Option<DirectPurchase> {
        let statement = element.elements().find(|child| child.name.local.ends_with("Statement"));
        let lists = element.elements().filter(|child| child.name.local.ends_with("EPCs"));
        let epcs = lists.flat_map(Element::elements).filter_map(|epc| Some(epc.text()?.trim().into()));
        let extent = element.attribute("qualifier").or(element.text()).unwrap_or_default().trim();
        let said = DirectPurchase {
            extent: extent.into(),
            statement: statement.and_then(Element::text).unwrap_or_default().trim().into(),
            epcs: epcs.collect(),
        };
        (!said.extent.is_empty() || !said.statement.is_empty()).then_some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Action;
    use crate::epcis::Attribute;
    use crate::epcis::EventTime;
    use crate::epcis::Name;
    use crate::epcis::Node;
    use crate::epcis::What;
    use crate::epcis::ZoneOffset;

    fn plain(local: &str, text: &str) -> Element {
        Element::with_text(Name::new(USHC_NAMESPACE, local), "x", text)
    }

    fn event(extensions: Vec<Element>) -> Event {
        let what = What::Object { action: Action::Observe, epcs: vec![], quantities: vec![] };
        let time = EventTime::parse("2026-03-04T06:00:00Z").unwrap();
        Event { extensions, ..Event::new(time, ZoneOffset::UTC, what) }
    }

    #[test]
    fn both_releases_and_both_places_are_read() {
        let mut qualified = Element::new(Name::new(USHC_NAMESPACE, "directPurchase"), "x");
        qualified
            .attributes
            .push(Attribute { name: Name::new("", "qualifier"), value: "PARTIALLY_DIRECT".into() });
        let mut list = Element::new(Name::new(USHC_NAMESPACE, "indirectPurchaseEPCs"), "x");
        list.children.push(Node::Element(Element::with_text(Name::new("", "epc"), "", "urn:epc:id:sscc:1")));
        qualified.children =
            vec![Node::Element(plain("directPurchaseStatement", "In part.")), Node::Element(list)];
        let header = Header {
            elements: vec![plain("dropShipment", "true"), plain("transactionDate", "2026-03-01")],
            ..Header::default()
        };
        let read = Purchase::of(&event(vec![qualified]), &header);
        let direct = DirectPurchase {
            extent: "PARTIALLY_DIRECT".into(),
            statement: "In part.".into(),
            epcs: vec!["urn:epc:id:sscc:1".into()],
        };
        assert_eq!((read.drop_shipment, read.direct), (Some(true), Some(direct)));
        let date = ("2026-03-01".into(), "EPCISHeader/gs1ushc:transactionDate".into());
        assert_eq!(read.transaction_date, Some(date));
        let read = Purchase::of(
            &event(vec![plain("directPurchase", "true"), plain("dropShipment", "false")]),
            &header,
        );
        assert_eq!((&*read.direct.unwrap().extent, read.drop_shipment), ("true", Some(false)));
        assert_eq!(
            Purchase::of(&event(vec![plain("dropShipment", "maybe")]), &Header::default()),
            Purchase::default()
        );
    }
}
