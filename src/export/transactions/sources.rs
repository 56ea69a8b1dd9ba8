//! Who tells a value of transaction information: the document itself, documents that the product came with before, the
//! catalogues.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::access::Caller;
use crate::dscsa::transaction::Described;
use crate::dscsa::transaction::Element;
use crate::dscsa::transaction::Origin;
use crate::dscsa::transaction::OriginKind;
use crate::dscsa::transaction::Party;
use crate::dscsa::transaction::Told;
use crate::dscsa::transaction::USHC_NAMESPACE;
use crate::dscsa::transaction::described_places;
use crate::dscsa::transaction::described_trade_items;
use crate::epcis::Header;
use crate::epcis::SourceDest;
use crate::epcis::query::StoredEvent;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::reconcile::commissioning::Commissioning;
use crate::store::Store;
use crate::store::StoreError;

/// The attributes of an address, in the order in which one writes it.
const ADDRESS: [&str; 7] = [
    "streetAddressOne",
    "streetAddressTwo",
    "streetAddressThree",
    "city",
    "state",
    "postalCode",
    "countryCode",
];

/// The attributes of a trade item that are elements of transaction information.
const ELEMENTS: [(Element, &str); 4] = [
    (Element::Name, "regulatedProductName"),
    (Element::Strength, "strengthDescription"),
    (Element::DosageForm, "dosageFormType"),
    (Element::ContainerSize, "netContentDescription"),
];

/// The same in the block that files of the first release put beside the lot.
const OLD_ELEMENTS: [(Element, &str); 4] = [
    (Element::Name, "drugName"),
    (Element::Strength, "strength"),
    (Element::DosageForm, "dosageForm"),
    (Element::ContainerSize, "containerSize"),
];

/// Looks values up, each document once.
pub(super) struct Sources<'a> {
    store: &'a Store,
    caller: &'a Caller,
    headers: HashMap<i64, Rc<Header>>,
    classes: RefCell<HashMap<String, bool>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(store: &'a Store, caller: &'a Caller) -> Sources<'a> {
        Sources { store, caller, headers: HashMap::new(), classes: RefCell::default() }
    }

    /// The header of a document; an empty one where it is not to be seen.
    pub(super) fn header(&mut self, document: i64) -> Result<Rc<Header>, StoreError> {
        if let Some(header) = self.headers.get(&document) {
            return Ok(Rc::clone(header));
        }
        let header = Rc::new(self.store.header(self.caller, document)?.unwrap_or_default());
        self.headers.insert(document, Rc::clone(&header));
        Ok(header)
    }

    /// True where some object of this class holds others.
    pub(super) fn holds(&self, class: &str) -> Result<bool, StoreError> {
        if let Some(known) = self.classes.borrow().get(class) {
            return Ok(*known);
        }
        let holds = self.store.has_parents_of(class)?;
        self.classes.borrow_mut().insert(class.to_owned(), holds);
        Ok(holds)
    }

    /// (A) to (D) of a trade item: by the header of the shipment's document, then by the event and the document with which
    /// the product was commissioned.
    pub(super) fn product(
        &mut self,
        gtin: Gtin,
        document: i64,
        commissioning: Option<&Commissioning>,
    ) -> Result<Vec<(Element, Told)>, StoreError> {
        let mut told = Vec::new();
        self.described(gtin, document, &mut told)?;
        if let Some(commissioning) = commissioning {
            beside_the_lot(commissioning, &mut told);
            if commissioning.document != document {
                self.described(gtin, commissioning.document, &mut told)?;
            }
        }
        told.sort_by_key(|(element, _)| *element);
        Ok(told)
    }

    /// One end of a shipment: the owner that the event names, with name and address.
    pub(super) fn party(
        &mut self,
        shipping: &StoredEvent,
        ends: &[SourceDest],
        old_name: &str,
    ) -> Result<Party, StoreError> {
        let Some((id, path)) = owner(shipping, ends, old_name) else { return Ok(Party::default()) };
        let origin = Origin {
            kind: OriginKind::Event,
            document: Some(shipping.document),
            event: Some(shipping.id),
            path,
        };
        let mut party = Party { id: Some(Told { text: id.as_str().to_owned(), origin }), ..Party::default() };
        let header = self.header(shipping.document)?;
        for place in described_places(&header, &id) {
            let tell = |name: &str| {
                place.attribute(name).map(|(text, path)| from_header(text, path, shipping.document))
            };
            party.name = party.name.or_else(|| tell("name"));
            if party.address.is_empty() {
                party.address = ADDRESS.iter().filter_map(|name| tell(name)).collect();
            }
        }
        Ok(party)
    }

    fn described(
        &mut self,
        gtin: Gtin,
        document: i64,
        told: &mut Vec<(Element, Told)>,
    ) -> Result<(), StoreError> {
        let header = self.header(document)?;
        for entry in described_trade_items(&header, gtin) {
            let entry: Described<'_> = entry;
            for (element, name) in ELEMENTS {
                add(told, element, entry.attribute(name), document);
            }
            add(told, Element::Ndc, entry.national_drug_code(), document);
        }
        Ok(())
    }
}

fn add(told: &mut Vec<(Element, Told)>, element: Element, value: Option<(&str, String)>, document: i64) {
    if told.iter().any(|(known, _)| *known == element) {
        return;
    }
    told.extend(value.map(|(text, path)| (element, from_header(text, path, document))));
}

fn from_header(text: &str, path: String, document: i64) -> Told {
    let origin = Origin { kind: OriginKind::FileHeader, document: Some(document), event: None, path };
    Told { text: text.to_owned(), origin }
}

/// What `gs1ushc:tradeItemMasterData` of a commissioning event tells.
fn beside_the_lot(commissioning: &Commissioning, told: &mut Vec<(Element, Told)>) {
    let event = &commissioning.event;
    let ilmd = event.ilmd.iter().flatten();
    let Some(block) = ilmd.chain(&event.extensions).find(|element| {
        &*element.name.namespace == USHC_NAMESPACE && &*element.name.local == "tradeItemMasterData"
    }) else {
        return;
    };
    for (element, name) in OLD_ELEMENTS {
        let text = block.child(name).and_then(|own| own.text()).map(str::trim).unwrap_or_default();
        if !text.is_empty() && told.iter().all(|(known, _)| *known != element) {
            let origin = Origin {
                kind: OriginKind::Event,
                document: Some(commissioning.document),
                event: Some(commissioning.id),
                path: format!("gs1ushc:tradeItemMasterData/gs1ushc:{name}"),
            };
            told.push((element, Told { text: text.to_owned(), origin }));
        }
    }
}

/// The owner at one end of a shipment; in files of the first release, an element of the US extension names it.
fn owner(shipping: &StoredEvent, ends: &[SourceDest], old_name: &str) -> Option<(Epc, String)> {
    let list = if std::ptr::eq(ends, shipping.event.sources.as_slice()) { "source" } else { "destination" };
    if let Some(end) = ends.iter().find(|end| end.kind.bare() == "owning_party") {
        let path = format!("{list}List/{list}[@type='{}']", end.kind.as_sent());
        return Some((end.id.clone(), path));
    }
    let old = shipping
        .event
        .extensions
        .iter()
        .find(|element| &*element.name.namespace == USHC_NAMESPACE && &*element.name.local == old_name)?;
    let text = old.text().map(str::trim).filter(|text| !text.is_empty())?;
    Some((Epc::parse(text), format!("gs1ushc:{old_name}")))
}
