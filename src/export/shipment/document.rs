//! The file itself: header, master data, statement, and the shipping event behind what is said again.

use std::fmt::Write;
use std::sync::Arc;

use crate::access::Caller;
use crate::dscsa::DocumentForm;
use crate::dscsa::GuidelineRelease;
use crate::dscsa::IdentifierForm;
use crate::dscsa::Ndc;
use crate::dscsa::OrderNumber;
use crate::dscsa::PartnerPolicy;
use crate::dscsa::StatementOccasion;
use crate::dscsa::stated_ndc;
use crate::dscsa::transaction::Element as Ti;
use crate::dscsa::transaction::Told;
use crate::dscsa::transaction::USHC_NAMESPACE;
use crate::epcis::Action;
use crate::epcis::BizTransaction;
use crate::epcis::Declared;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::epcis::Location;
use crate::epcis::MASTER_DATA_NAMESPACE;
use crate::epcis::MasterDataAttribute;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::SBDH_NAMESPACE;
use crate::epcis::Sbdh;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::Vocabulary;
use crate::epcis::VocabularyElement;
use crate::epcis::What;
use crate::epcis::query;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::export::ExportError;
use crate::export::Settings;
use crate::export::shipment::ShipmentRequest;
use crate::export::shipment::content::Content;
use crate::export::shipment::content::TradeItem;
use crate::export::shipment::content::refuse;
use crate::export::sources::Sources;
use crate::formats::EpcStyle;
use crate::formats::Format;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::Writer;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::store::QueryError;
use crate::store::Store;

/// Documents looked into for the address of a party.
const DOCUMENTS: &str = "5";

/// What the file says of the shipment, in the spelling of the file.
pub(super) struct Paper<'a> {
    request: &'a ShipmentRequest,
    agreed: PartnerPolicy,
    prefixes: Arc<CompanyPrefixes>,
    /// The number of the shipment alone.
    pub(super) number: String,
    /// Its URN.
    pub(super) advice: String,
    order: Option<String>,
    /// URNs.
    pub(super) seller: String,
    buyer: String,
    ship_from: String,
    ship_to: String,
}

impl<'a> Paper<'a> {
    /// Refuses parties whose URN cannot be told.
    pub(super) fn of(
        request: &'a ShipmentRequest,
        agreed: PartnerPolicy,
        prefixes: &Arc<CompanyPrefixes>,
    ) -> Result<Paper<'a>, ExportError> {
        let mut reasons = Vec::new();
        let mut urn = |what: &str, epc: &Epc| match (epc.gln(), epc.to_urn(prefixes)) {
            (Some(_), Ok(urn)) => urn,
            (None, _) => {
                reasons.push(format!("the {what} {epc} is no GLN; give 13 digits, or the URN of an SGLN"));
                String::new()
            }
            (_, Err(error)) => {
                reasons
                    .push(format!("the {what}: {error}; tell its company prefix by `epcgate prefixes set`"));
                String::new()
            }
        };
        let seller = urn("seller", &request.seller);
        let buyer = urn("buyer", &request.buyer);
        let ship_from = urn("place it is shipped from,", &request.ship_from);
        let ship_to = urn("place it is shipped to,", &request.ship_to);
        let number = OrderNumber::parse(&request.number).number().to_owned();
        if number.trim().is_empty() {
            reasons.push("the shipment has no number; give that of its despatch advice".to_owned());
        }
        refuse(reasons)?;
        Ok(Paper {
            agreed,
            prefixes: Arc::clone(prefixes),
            advice: transaction_urn(&request.number, &request.ship_from),
            order: request.order.as_deref().map(|order| transaction_urn(order, &request.buyer)),
            number,
            seller,
            buyer,
            ship_from,
            ship_to,
            request,
        })
    }

    /// True where it is a transaction of the law.
    pub(super) fn changes_owner(&self) -> bool {
        self.request.seller.gln() != self.request.buyer.gln()
    }

    /// True where a transaction statement goes with it.
    pub(super) fn states(&self) -> bool {
        self.changes_owner() || self.agreed.statement.occasion == StatementOccasion::Always
    }

    /// The form that the buyer wants.
    pub(super) fn format(&self) -> Format {
        match self.agreed.form {
            DocumentForm::Xml1_2 => Format::Xml12,
            DocumentForm::Xml2_0 => Format::Xml20,
            DocumentForm::JsonLd => Format::JsonLd,
        }
    }

    pub(super) fn write(
        &self,
        content: &Content,
        sources: &mut Sources<'_>,
        (store, caller): (&Store, &Caller),
        settings: &Settings,
    ) -> Result<Vec<u8>, ExportError> {
        let mut reasons = Vec::new();
        let classes = self.classes(content, sources, &mut reasons)?;
        let places = self.places(sources, (store, caller), &mut reasons)?;
        refuse(reasons)?;
        let header = Header {
            schema_version: self.format().epcis_version().into(),
            creation_date: self.request.time.as_str().into(),
            sbdh: Some(self.sbdh()),
            master_data: vec![classes, places],
            elements: self.elements(settings),
            namespaces: declared(),
            ..Header::default()
        };
        self.put(&header, content).map_err(|error| match error {
            WriteError::Identifier(fault) => ExportError::Refused(vec![format!(
                "{fault}; tell its company prefix by `epcgate prefixes set`"
            )]),
            WriteError::Io(error) => ExportError::Store(error.into()),
        })
    }

    fn put(&self, header: &Header, content: &Content) -> Result<Vec<u8>, WriteError> {
        let options = WriteOptions {
            epcs: match self.agreed.identifiers {
                IdentifierForm::DigitalLink if self.format() != Format::Xml12 => EpcStyle::DigitalLink,
                _ => EpcStyle::Urn,
            },
            pretty: true,
            prefixes: Arc::clone(&self.prefixes),
            ..WriteOptions::new()
        };
        let mut writer = Writer::begin(self.format(), Vec::new(), header, options)?;
        for event in &content.events {
            writer.event(event)?;
        }
        writer.event(&self.shipping())?;
        Ok(writer.finish(header)?.0)
    }

    fn sbdh(&self) -> Sbdh {
        let time = self.request.time.as_str();
        let mut sbdh = Sbdh::from_parts(&self.seller, &self.buyer, &self.number, time);
        if self.agreed.guideline == GuidelineRelease::R1_2 {
            set_authority(&mut sbdh.0, "SGLN");
        }
        sbdh
    }

    /// `guidelineVersion`, then the statement, behind the master data (GS1 US guideline, order of the header).
    fn elements(&self, settings: &Settings) -> Vec<Element> {
        let mut elements = Vec::new();
        if self.agreed.guideline == GuidelineRelease::R1_3 {
            elements.push(healthcare("guidelineVersion", "GS1 US DSCSA R1.3"));
        }
        if self.states() {
            let notice = self.agreed.statement.notice.as_deref().unwrap_or(&settings.transaction_statement);
            let mut statement =
                Element::new(Name::new(USHC_NAMESPACE, "dscsaTransactionStatement"), "gs1ushc");
            statement.children = vec![
                Node::Element(healthcare("affirmTransactionStatement", "true")),
                Node::Element(healthcare("legalNotice", notice)),
            ];
            elements.push(statement);
        }
        elements
    }

    /// The EPCClass vocabulary: every trade item in it; packages with all that the law asks for.
    fn classes(
        &self,
        content: &Content,
        sources: &mut Sources<'_>,
        reasons: &mut Vec<String>,
    ) -> Result<Vocabulary, ExportError> {
        let mut elements = Vec::new();
        for (gtin, item) in &content.trade_items {
            let document = item.commissioning.document;
            let told = sources.product(*gtin, document, Some(&item.commissioning))?;
            let tell = |element| told.iter().find(|(own, _)| *own == element).map(|(_, told)| told);
            let drug_code = tell(Ti::Ndc).and_then(|told| self.drug_code(*gtin, item, told));
            let manufacturer = sources.manufacturer(*gtin, document)?;
            let text = |element| tell(element).map(|told| told.text.clone());
            let (code, kind) = drug_code.unzip();
            if item.is_package && self.changes_owner() {
                let asked = [Ti::Name, Ti::Strength, Ti::DosageForm, Ti::ContainerSize];
                let missing = asked.into_iter().filter(|element| tell(*element).is_none());
                let missing = missing.chain(code.is_none().then_some(Ti::Ndc)).map(Ti::words);
                reasons.extend(missing.map(|words| {
                    format!("the {words} of GTIN {gtin} is not known; import it (`epcgate products import`)")
                }));
            }
            let attributes: Vec<_> = [
                ("additionalTradeItemIdentification", code),
                ("additionalTradeItemIdentificationTypeCode", kind),
                ("regulatedProductName", text(Ti::Name)),
                ("manufacturerOfTradeItemPartyName", manufacturer),
                ("dosageFormType", text(Ti::DosageForm)),
                ("strengthDescription", text(Ti::Strength)),
                ("netContentDescription", text(Ti::ContainerSize)),
            ]
            .into_iter()
            .filter_map(|(name, text)| Some(attribute(name, &text?)))
            .collect();
            if let (false, Some(id)) = (attributes.is_empty(), self.pattern(&item.example)) {
                elements.push(entry(&id, attributes));
            }
        }
        Ok(Vocabulary { kind: "urn:epcglobal:epcis:vtype:EPCClass".into(), elements, extensions: vec![] })
    }

    /// The Location vocabulary: both owners and both places, each once.
    fn places(
        &self,
        sources: &mut Sources<'_>,
        (store, caller): (&Store, &Caller),
        reasons: &mut Vec<String>,
    ) -> Result<Vocabulary, ExportError> {
        let mut elements: Vec<VocabularyElement> = Vec::new();
        for urn in [&self.seller, &self.ship_from, &self.buyer, &self.ship_to] {
            if elements.iter().any(|known| *known.id == **urn) {
                continue;
            }
            let documents = documents_naming(store, caller, urn)?;
            let (name, address) = sources.place(&Epc::parse(urn), &documents)?;
            if self.changes_owner() && (name.is_none() || address.is_empty()) {
                let lacks = if name.is_none() { "name" } else { "address" };
                reasons.push(format!("the {lacks} of {urn} is not known; import the partner with it"));
            }
            let name = name.map(|told| ("name", told));
            let lines = name.into_iter().chain(address);
            let attributes: Vec<_> = lines.map(|(name, told)| attribute(name, &told.text)).collect();
            if !attributes.is_empty() {
                elements.push(entry(urn, attributes));
            }
        }
        Ok(Vocabulary { kind: "urn:epcglobal:epcis:vtype:Location".into(), elements, extensions: vec![] })
    }

    /// The drug code as the release writes it, with its type code; `None` where its format is not known.
    fn drug_code(&self, gtin: Gtin, item: &TradeItem, told: &Told) -> Option<(String, String)> {
        let ndc: Ndc = stated_ndc(&told.text, gtin, item.example.company_prefix_length(&self.prefixes))?;
        match self.agreed.guideline {
            GuidelineRelease::R1_2 => Some((ndc.eleven()?.replace('-', ""), "FDA_NDC_11".to_owned())),
            GuidelineRelease::R1_3 => Some((ndc.fda()?, "US_FDA_NDC".to_owned())),
        }
    }

    /// `urn:epc:idpat:sgtin:PREFIX.ITEM.*`
    fn pattern(&self, example: &Epc) -> Option<String> {
        let urn = example.to_urn(&self.prefixes).ok()?;
        let mut parts = urn.strip_prefix("urn:epc:id:sgtin:")?.split('.');
        Some(format!("urn:epc:idpat:sgtin:{}.{}.*", parts.next()?, parts.next()?))
    }

    /// The shipping event: what lies open alone, and no `bizLocation`, as nobody has it then.
    fn shipping(&self) -> Event {
        let request = self.request;
        let what =
            What::Object { action: Action::Observe, epcs: request.epcs.clone(), quantities: Vec::new() };
        let transaction = |kind, id: &str| BizTransaction {
            kind: Term::listed(StandardVocabulary::BizTransactionType, kind),
            id: id.into(),
        };
        let end = |kind, id: &str| {
            let kind = Term::listed(StandardVocabulary::SourceDestType, kind)?;
            Some(SourceDest { kind, id: Epc::parse(id) })
        };
        let ends = |owner: &str, place: &str| {
            [end("owning_party", owner), end("location", place)].into_iter().flatten().collect()
        };
        let drop_shipment = healthcare("dropShipment", "false");
        Event {
            biz_step: Term::listed(StandardVocabulary::BizStep, "shipping"),
            disposition: Term::listed(StandardVocabulary::Disposition, "in_transit"),
            read_point: Some(Location { id: Epc::parse(&self.ship_from), extensions: Vec::new() }),
            biz_transactions: (self.order.iter().map(|order| transaction("po", order)))
                .chain([transaction("desadv", &self.advice)])
                .collect(),
            sources: ends(&self.seller, &self.ship_from),
            destinations: ends(&self.buyer, &self.ship_to),
            extensions: (self.agreed.guideline == GuidelineRelease::R1_3)
                .then_some(drop_shipment)
                .into_iter()
                .collect(),
            ..Event::new(request.time.clone(), request.zone, what)
        }
    }
}

/// The documents in which a party or place was last an end of something.
fn documents_naming(store: &Store, caller: &Caller, urn: &str) -> Result<Vec<i64>, ExportError> {
    let mut documents = Vec::new();
    for name in ["source_owning_party", "destination_owning_party", "source_location", "destination_location"]
    {
        let name = format!("EQ_{name}");
        let asked = query::parse([(name.as_str(), urn), ("perPage", DOCUMENTS), ("orderBy", "eventTime")]);
        let Ok((query, page)) = asked else { continue };
        let found = store.events(caller, &query, &page).map_err(|error| match error {
            QueryError::Store(error) => ExportError::Store(error),
            other => ExportError::TooMuch(other.to_string()),
        })?;
        documents.extend(found.events.iter().map(|stored| stored.document));
    }
    documents.sort_unstable();
    documents.dedup();
    documents.reverse();
    Ok(documents)
}

fn declared() -> Declared {
    let prefixes = [("sbdh", SBDH_NAMESPACE), ("cbvmda", MASTER_DATA_NAMESPACE), ("gs1ushc", USHC_NAMESPACE)];
    Declared(prefixes.map(|(prefix, namespace)| (prefix.into(), namespace.into())).to_vec())
}

/// A number as CBV writes it: `urn:epcglobal:cbv:bt:GLN:NUMBER`; what is a URN already stays so.
pub fn transaction_urn(text: &str, issuer: &Epc) -> String {
    let number = OrderNumber::parse(text);
    if text.trim().starts_with("urn:") {
        return text.trim().to_owned();
    }
    let gln = issuer.gln().map(|gln| gln.to_string()).unwrap_or_default();
    let mut urn = format!("urn:epcglobal:cbv:bt:{gln}:");
    for byte in number.number().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._!$'()*+,;=:@".contains(&byte) {
            urn.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(urn, "%{byte:02X}");
        }
    }
    urn
}

fn healthcare(local: &str, text: &str) -> Element {
    Element::with_text(Name::new(USHC_NAMESPACE, local), "gs1ushc", text)
}

fn attribute(name: &str, text: &str) -> MasterDataAttribute {
    MasterDataAttribute {
        id: format!("urn:epcglobal:cbv:mda#{name}").into(),
        attributes: Vec::new(),
        content: vec![Node::Text(text.into())],
    }
}

fn entry(id: &str, attributes: Vec<MasterDataAttribute>) -> VocabularyElement {
    VocabularyElement { id: id.into(), attributes, children: Vec::new(), extensions: Vec::new() }
}

fn set_authority(sbdh: &mut Element, authority: &str) {
    for node in &mut sbdh.children {
        if let Node::Element(element) = node {
            for attribute in element.attributes.iter_mut().filter(|own| &*own.name.local == "Authority") {
                attribute.value = authority.into();
            }
            set_authority(element, authority);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_urns() {
        let issuer = Epc::parse("urn:epc:id:sgln:0399999.99999.0");
        assert_eq!(transaction_urn("PO 7/1", &issuer), "urn:epcglobal:cbv:bt:0399999999991:PO%207%2F1");
        assert_eq!(transaction_urn("urn:example:1", &issuer), "urn:example:1");
    }
}
