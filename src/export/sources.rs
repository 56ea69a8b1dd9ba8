//! Who tells a value of transaction information: the document itself, documents that the product came with before, the
//! catalogues.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::access::Caller;
use crate::dscsa::KnownProduct;
use crate::dscsa::ProductField;
use crate::dscsa::ProductSource;
use crate::dscsa::TradingPartner;
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
pub(in crate::export) struct Sources<'a> {
    store: &'a Store,
    caller: &'a Caller,
    headers: HashMap<i64, Rc<Header>>,
    classes: RefCell<HashMap<String, bool>>,
}

impl<'a> Sources<'a> {
    pub(in crate::export) fn new(store: &'a Store, caller: &'a Caller) -> Sources<'a> {
        Sources { store, caller, headers: HashMap::new(), classes: RefCell::default() }
    }

    /// The header of a document; an empty one where it is not to be seen.
    pub(in crate::export) fn header(&mut self, document: i64) -> Result<Rc<Header>, StoreError> {
        if let Some(header) = self.headers.get(&document) {
            return Ok(Rc::clone(header));
        }
        let header = Rc::new(self.store.header(self.caller, document)?.unwrap_or_default());
        self.headers.insert(document, Rc::clone(&header));
        Ok(header)
    }

    /// True where some object of this class holds others.
    pub(in crate::export) fn holds(&self, class: &str) -> Result<bool, StoreError> {
        if let Some(known) = self.classes.borrow().get(class) {
            return Ok(*known);
        }
        let holds = self.store.has_parents_of(class)?;
        self.classes.borrow_mut().insert(class.to_owned(), holds);
        Ok(holds)
    }

    /// (A) to (D) of a trade item: by the header of the shipment's document, then by the event and the document with which
    /// the product was commissioned.
    pub(in crate::export) fn product(
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
        if let Some(known) = self.store.product(self.caller, gtin)? {
            from_catalogues(&known, &mut told);
        }
        told.sort_by_key(|(element, _)| *element);
        Ok(told)
    }

    /// The manufacturer of a trade item by name, as that document or a catalogue tells it.
    pub(in crate::export) fn manufacturer(
        &mut self,
        gtin: Gtin,
        document: i64,
    ) -> Result<Option<String>, StoreError> {
        let header = self.header(document)?;
        let mut entries = described_trade_items(&header, gtin);
        let told = entries.find_map(|entry| {
            entry.attribute("manufacturerOfTradeItemPartyName").map(|(text, _)| text.to_owned())
        });
        if told.is_some() {
            return Ok(told);
        }
        let known = self.store.product(self.caller, gtin)?;
        Ok(known.and_then(|known| known.product.manufacturer).map(String::from))
    }

    /// Name and address of a party or place: by the headers of these documents, then by what we keep of partners.
    pub(in crate::export) fn place(
        &mut self,
        id: &Epc,
        documents: &[i64],
    ) -> Result<(Option<Told>, Vec<AddressLine>), StoreError> {
        let (mut name, mut address) = (None, Vec::new());
        for document in documents {
            let header = self.header(*document)?;
            for place in described_places(&header, id) {
                let tell =
                    |name: &str| place.attribute(name).map(|(text, path)| from_header(text, path, *document));
                name = name.or_else(|| tell("name"));
                if address.is_empty() {
                    address = ADDRESS.iter().filter_map(|name| Some((*name, tell(name)?))).collect();
                }
            }
            if name.is_some() && !address.is_empty() {
                return Ok((name, address));
            }
        }
        if let Some(partner) =
            id.gln().map(|gln| self.store.partner_with_gln(self.caller, gln)).transpose()?.flatten()
        {
            let told = |text: &str| kept(text, &partner.id);
            name = name.or_else(|| (!partner.name.is_empty()).then(|| told(&partner.name)));
            if address.is_empty() {
                address = address_of(&partner);
            }
        }
        Ok((name, address))
    }

    /// One end of a shipment: the owner that the event names, with name and address.
    pub(in crate::export) fn party(
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
        let (name, address) = self.place(&id, &[shipping.document])?;
        party.name = name;
        party.address = address.into_iter().map(|(_, told)| told).collect();
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

/// A line of an address by the name of its attribute, such as `city`.
pub(in crate::export) type AddressLine = (&'static str, Told);

fn kept(text: &str, partner: &str) -> Told {
    let path = format!("partner {partner}");
    let origin = Origin { kind: OriginKind::PartnerCatalogue, document: None, event: None, path };
    Told { text: text.to_owned(), origin }
}

fn address_of(partner: &TradingPartner) -> Vec<AddressLine> {
    let address = &partner.address;
    let streets = ADDRESS.iter().take(3).zip(&address.street);
    let others = ["city", "state", "postalCode", "countryCode"];
    let texts = [&address.city, &address.state, &address.postal_code, &address.country];
    streets
        .map(|(name, text)| (*name, text))
        .chain(others.into_iter().zip(texts))
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name, kept(text, &partner.id)))
        .collect()
}

/// What the catalogues tell of a trade item, and the FDA's directory.
fn from_catalogues(known: &KnownProduct, told: &mut Vec<(Element, Told)>) {
    let fields = [
        (Element::Name, ProductField::ProprietaryName),
        (Element::Name, ProductField::EstablishedName),
        (Element::Strength, ProductField::Strength),
        (Element::DosageForm, ProductField::DosageForm),
        (Element::Ndc, ProductField::Ndc),
        (Element::ContainerSize, ProductField::ContainerSize),
    ];
    for (element, field) in fields {
        let Some((value, by)) = known.product.value(field).zip(known.origin(field)) else { continue };
        if told.iter().any(|(own, _)| *own == element) {
            continue;
        }
        let (kind, document) = match &by.source {
            ProductSource::Operator => (OriginKind::ProductCatalogue, None),
            ProductSource::Partner(_) => (OriginKind::PartnerCatalogue, None),
            ProductSource::Document { document, .. } => (OriginKind::FileHeader, Some(*document)),
            ProductSource::FdaDirectory => (OriginKind::FdaDirectory, None),
        };
        let line = if by.line > 0 { format!(" line {}", by.line) } else { String::new() };
        let origin = Origin { kind, document, event: None, path: format!("{}{line}", by.place) };
        told.push((element, Told { text: value.into_owned(), origin }));
    }
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
