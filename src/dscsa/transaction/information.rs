//! Transaction information: the law's ten elements with the product identifiers, each value with its source
//! (21 U.S.C. 360eee(26)).

use std::fmt;

use crate::gs1::Epc;
use crate::gs1::Gtin;

/// An element of transaction information, by the letters of the law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// (A) The proprietary or established name.
    Name,
    /// (B) Strength.
    Strength,
    /// (B) Dosage form.
    DosageForm,
    /// (C) National Drug Code.
    Ndc,
    /// (D) Container size.
    ContainerSize,
    /// (E) Number of containers.
    Containers,
    /// (F) Lot number.
    Lot,
    /// (G) Date of the transaction.
    TransactionDate,
    /// (H) Date of the shipment, if more than 24 hours after the transaction.
    ShipmentDate,
    /// (I) Business name and address of the transferor.
    Transferor,
    /// (J) Business name and address of the transferee.
    Transferee,
    /// The product identifier of each package (582(g)(1)(B)).
    Identifier,
}

impl Element {
    /// All of them, in the order of the law.
    pub const ALL: [Element; 12] = [
        Element::Name,
        Element::Strength,
        Element::DosageForm,
        Element::Ndc,
        Element::ContainerSize,
        Element::Containers,
        Element::Lot,
        Element::TransactionDate,
        Element::ShipmentDate,
        Element::Transferor,
        Element::Transferee,
        Element::Identifier,
    ];

    /// The letter of its paragraph; `+` for the product identifiers, which another paragraph adds.
    pub fn letter(self) -> char {
        match self {
            Element::Name => 'A',
            Element::Strength | Element::DosageForm => 'B',
            Element::Ndc => 'C',
            Element::ContainerSize => 'D',
            Element::Containers => 'E',
            Element::Lot => 'F',
            Element::TransactionDate => 'G',
            Element::ShipmentDate => 'H',
            Element::Transferor => 'I',
            Element::Transferee => 'J',
            Element::Identifier => '+',
        }
    }

    /// What it is, in the words of the law.
    pub fn words(self) -> &'static str {
        match self {
            Element::Name => "proprietary or established name",
            Element::Strength => "strength",
            Element::DosageForm => "dosage form",
            Element::Ndc => "National Drug Code",
            Element::ContainerSize => "container size",
            Element::Containers => "number of containers",
            Element::Lot => "lot number",
            Element::TransactionDate => "date of the transaction",
            Element::ShipmentDate => "date of the shipment",
            Element::Transferor => "transferor: business name and address",
            Element::Transferee => "transferee: business name and address",
            Element::Identifier => "product identifier",
        }
    }

    /// Its name in JSON and CSV, such as `container_size`.
    pub fn as_str(self) -> &'static str {
        match self {
            Element::Name => "name",
            Element::Strength => "strength",
            Element::DosageForm => "dosage_form",
            Element::Ndc => "ndc",
            Element::ContainerSize => "container_size",
            Element::Containers => "containers",
            Element::Lot => "lot",
            Element::TransactionDate => "transaction_date",
            Element::ShipmentDate => "shipment_date",
            Element::Transferor => "transferor",
            Element::Transferee => "transferee",
            Element::Identifier => "identifier",
        }
    }
}

/// What kind of source tells a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginKind {
    /// Header of a captured document.
    FileHeader,
    /// An event.
    Event,
    /// Counted in what the aggregation events say.
    Hierarchy,
    /// The partner's own catalogue, or what we keep of the partner.
    PartnerCatalogue,
    /// The operator's product catalogue.
    ProductCatalogue,
    /// FDA's NDC directory.
    FdaDirectory,
}

impl OriginKind {
    /// Its name in JSON and CSV, such as `file_header`.
    pub fn as_str(self) -> &'static str {
        match self {
            OriginKind::FileHeader => "file_header",
            OriginKind::Event => "event",
            OriginKind::Hierarchy => "hierarchy",
            OriginKind::PartnerCatalogue => "partner_catalogue",
            OriginKind::ProductCatalogue => "product_catalogue",
            OriginKind::FdaDirectory => "fda_directory",
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The kind of source.
    pub kind: OriginKind,
    /// The repository's number of the document, where it came with one.
    pub document: Option<i64>,
    /// The repository's number of the event, where one says it.
    pub event: Option<i64>,
    /// Where it stands there: a path in the document or event, or a file and line of a catalogue.
    pub path: String,
}

/// `file header, document 7: EPCISHeader/…`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.as_str().replace('_', " "))?;
        for (word, number) in [("document", self.document), ("event", self.event)] {
            if let Some(number) = number {
                write!(f, ", {word} {number}")?;
            }
        }
        if self.path.is_empty() { Ok(()) } else { write!(f, ": {}", self.path) }
    }
}

/// A value as its source has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The value as sent.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// The transaction information of one shipment, or of that part of it which was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionInformation {
    /// What was transferred, by trade item.
    pub products: Vec<Product>,
    /// (G) Date of the transaction.
    pub date: Told,
    /// (H) When it was shipped.
    pub shipped: Told,
    /// True where it was shipped more than 24 hours after the transaction, so that (H) is part of the information.
    pub shipped_later: bool,
    /// (I) Who owned it before.
    pub transferor: Party,
    /// (J) Who owns it now.
    pub transferee: Party,
    /// What is missing.
    pub missing: Vec<Missing>,
}

/// One trade item of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The package, by its GTIN.
    pub gtin: Gtin,
    /// (A) to (D), as far as somebody tells them, in the order of the law.
    pub elements: Vec<(Element, Told)>,
    /// (E) Number of containers: packages reached from what was shipped.
    pub containers: Told,
    /// Its lots.
    pub lots: Vec<ProductLot>,
}

/// One lot of a trade item in a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductLot {
    /// (F) Lot number.
    pub lot: Option<Told>,
    /// Expiration date.
    pub expiry: Option<Told>,
    /// The packages.
    pub units: Vec<Unit>,
}

/// One package of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its EPC as sent: trade item and serial number.
    pub epc: Epc,
    /// What it was in when it was shipped; `None` where it lay open.
    pub container: Option<Epc>,
}

/// One end of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Its identifier in the event; `None` where the event does not say.
    pub id: Option<Told>,
    /// Business name.
    pub name: Option<Told>,
    /// Address, line by line.
    pub address: Vec<Told>,
}

/// Something the law asks for that nobody tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// What.
    pub element: Element,
    /// Of what: a GTIN, an EPC, a party; empty for the transaction as a whole.
    pub of: String,
    /// What is wrong and how it is mended, one sentence without a full stop.
    pub message: String,
}

impl TransactionInformation {
    /// Notes what is missing; `unexplained` are containers of which nobody tells the content.
    pub fn judge(&mut self, unexplained: &[Epc]) {
        let mut missing = Vec::new();
        let mut miss = |element: Element, of: String, message: String| {
            missing.push(Missing { element, of, message });
        };
        for epc in unexplained {
            let message = "no aggregation event says what is in it; ask the sender for its packing event";
            miss(Element::Containers, epc.to_string(), message.to_owned());
        }
        if self.products.is_empty() {
            let message = "no package is reached from what was shipped".to_owned();
            miss(Element::Identifier, String::new(), message);
        }
        for product in &self.products {
            let of = || format!("GTIN {}", product.gtin);
            for element in ASKED_OF_PRODUCTS {
                if product.told(element).is_none() {
                    let message = format!(
                        "neither the document nor a catalogue tells the {}; import it or ask the sender for it",
                        element.words()
                    );
                    miss(element, of(), message);
                }
            }
            for lot in &product.lots {
                let first = lot.units.first().map(|unit| unit.epc.to_string()).unwrap_or_default();
                let whose = format!("{} packages, first {first}", lot.units.len());
                let ask = "ask the sender for their commissioning event with lot and expiration date";
                match (&lot.lot, &lot.expiry) {
                    (None, _) => miss(Element::Lot, of(), format!("no lot is known of {whose}; {ask}")),
                    (Some(_), None) => {
                        miss(
                            Element::Identifier,
                            of(),
                            format!("no expiration date is known of {whose}; {ask}"),
                        );
                    }
                    _ => {}
                }
            }
        }
        for (element, party) in
            [(Element::Transferor, &self.transferor), (Element::Transferee, &self.transferee)]
        {
            if let Some(message) = party.lacks() {
                let of = party.id.as_ref().map(|id| id.text.clone()).unwrap_or_default();
                miss(element, of, message);
            }
        }
        missing.sort();
        self.missing = missing;
    }

    /// How many packages it is about.
    pub fn units(&self) -> usize {
        self.products.iter().flat_map(|product| &product.lots).map(|lot| lot.units.len()).sum()
    }
}

/// What is asked of each trade item.
const ASKED_OF_PRODUCTS: [Element; 5] =
    [Element::Name, Element::Strength, Element::DosageForm, Element::Ndc, Element::ContainerSize];

impl Product {
    /// What is told of an element of (A) to (D).
    pub fn told(&self, element: Element) -> Option<&Told> {
        self.elements.iter().find(|(known, _)| *known == element).map(|(_, told)| told)
    }
}

impl Party {
    fn lacks(&self) -> Option<String> {
        let mend = "send its name and address in the Location master data, or import the partner";
        if self.id.is_none() {
            return Some("the shipping event names no owning_party; ask the sender for it".to_owned());
        }
        match (self.name.is_some(), self.address.is_empty()) {
            (true, false) => None,
            (false, false) => Some(format!("its business name is not known; {mend}")),
            (true, true) => Some(format!("its address is not known; {mend}")),
            (false, true) => Some(format!("neither its business name nor its address is known; {mend}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Told {
        let origin = Origin { kind: OriginKind::Event, document: Some(7), event: None, path: "x".into() };
        Told { text: text.into(), origin }
    }

    fn complete() -> TransactionInformation {
        let party = || Party { id: Some(told("1")), name: Some(told("N")), address: vec![told("S")] };
        let unit = Unit { epc: Epc::parse("urn:epc:id:sgtin:030001.0012345.1"), container: None };
        let lot = ProductLot { lot: Some(told("L")), expiry: Some(told("2028-01-31")), units: vec![unit] };
        TransactionInformation {
            products: vec![Product {
                gtin: Gtin::parse("00300010123455").unwrap(),
                elements: ASKED_OF_PRODUCTS.map(|element| (element, told("x"))).to_vec(),
                containers: told("1"),
                lots: vec![lot],
            }],
            date: told("d"),
            shipped: told("d"),
            shipped_later: false,
            transferor: party(),
            transferee: party(),
            missing: vec![],
        }
    }

    fn missing(change: impl FnOnce(&mut TransactionInformation), unexplained: &[Epc]) -> String {
        let mut information = complete();
        change(&mut information);
        information.judge(unexplained);
        information.missing.iter().map(|missing| missing.element.letter()).collect()
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(missing(|_| {}, &[]), "");
        assert_eq!(missing(|_| {}, &[Epc::parse("urn:epc:id:sscc:030001.01234567890")]), "E");
        assert_eq!(missing(|own| own.products[0].elements.clear(), &[]), "ABBCD");
        assert_eq!(missing(|own| own.products[0].lots[0].lot = None, &[]), "F");
        assert_eq!(missing(|own| own.products[0].lots[0].expiry = None, &[]), "+");
        assert_eq!(missing(|own| own.products.clear(), &[]), "+");
        assert_eq!(missing(|own| own.transferor.address.clear(), &[]), "I");
        assert_eq!(missing(|own| own.transferee = Party::default(), &[]), "J");
    }

    #[test]
    fn an_origin_is_told_in_one_line() {
        let origin =
            Origin { kind: OriginKind::FileHeader, document: Some(7), event: None, path: "a/b".into() };
        assert_eq!(origin.to_string(), "file header, document 7: a/b");
    }
}
