//! A sound shipment of two units in a case on a pallet, for tests to spoil.

use super::Guideline;
use super::Options;
use super::Scope;
use crate::dscsa::survey::USHC_NAMESPACE;
use crate::epcis::Action;
use crate::epcis::BizTransaction;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::epcis::Location;
use crate::epcis::MASTER_DATA_NAMESPACE;
use crate::epcis::MasterDataAttribute;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::Quantity;
use crate::epcis::Sbdh;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::Vocabulary;
use crate::epcis::VocabularyElement;
use crate::epcis::What;
use crate::epcis::ZoneOffset;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::gs1::Epc;

const UNIT: &str = "urn:epc:id:sgtin:030001.0012345.1";
const CASE: &str = "urn:epc:id:sgtin:030001.1012345.9";
const PALLET: &str = "urn:epc:id:sscc:030001.41234567890";
const SELLER: &str = "urn:epc:id:sgln:030001.111111.0";
const SHIP_FROM: &str = "urn:epc:id:sgln:030001.111121.0";
const BUYER: &str = "urn:epc:id:sgln:039999.999999.0";
const SHIP_TO: &str = "urn:epc:id:sgln:039999.345678.0";
const CREATED: &str = "2024-03-06T12:00:00Z";

pub(super) struct Sample {
    pub(super) header: Header,
    pub(super) events: Vec<Event>,
    pub(super) options: Options,
}

/// The objects of each finding of a rule in the sample so spoilt.
pub(super) fn found(rule: &str, spoil: impl FnOnce(&mut Sample)) -> Vec<String> {
    let mut sample = Sample::new();
    spoil(&mut sample);
    let mut guideline = Guideline::new(sample.options, &sample.header);
    for (position, event) in (0..).zip(&sample.events) {
        guideline.event(position, event);
    }
    let report = guideline.finish(&sample.header);
    let findings = report.findings.iter().filter(|finding| finding.rule.id == rule);
    let objects = |finding: &crate::dscsa::Finding| {
        finding.objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    findings.map(objects).collect()
}

pub(super) fn time(text: &str) -> EventTime {
    EventTime::parse(text).unwrap()
}

impl Sample {
    pub(super) fn new() -> Sample {
        let object =
            |action, epcs: &[&str]| What::Object { action, epcs: list(epcs), quantities: Vec::new() };
        let packing = |parent: &str, children: &[&str]| What::Aggregation {
            action: Action::Add,
            parent: Some(Epc::parse(parent)),
            children: list(children),
            quantities: Vec::new(),
        };
        let unit2 = "urn:epc:id:sgtin:030001.0012345.2";
        let mut events = vec![
            event(1, object(Action::Add, &[UNIT, unit2]), "commissioning", "active"),
            event(2, object(Action::Add, &[CASE]), "commissioning", "active"),
            event(3, packing(CASE, &[UNIT, unit2]), "packing", "in_progress"),
            event(4, object(Action::Add, &[PALLET]), "commissioning", "active"),
            event(5, packing(PALLET, &[CASE]), "packing", "in_progress"),
            event(6, object(Action::Observe, &[PALLET]), "shipping", "in_transit"),
        ];
        for event in events.iter_mut().take(2) {
            event.ilmd = Some(vec![ilmd("lotNumber", "A1"), ilmd("itemExpirationDate", "2026-03-31")]);
        }
        let ship = &mut events[5];
        let end = |kind, id| SourceDest {
            kind: term(StandardVocabulary::SourceDestType, kind),
            id: Epc::parse(id),
        };
        let order = |kind, id: &str| BizTransaction {
            kind: Some(term(StandardVocabulary::BizTransactionType, kind)),
            id: id.into(),
        };
        ship.sources = vec![end("owning_party", SELLER), end("location", SHIP_FROM)];
        ship.destinations = vec![end("owning_party", BUYER), end("location", SHIP_TO)];
        ship.biz_transactions = vec![
            order("po", "urn:epcglobal:cbv:bt:0399999999991:P1"),
            order("desadv", "urn:epcglobal:cbv:bt:0300011111215:D1"),
        ];
        Sample {
            header: header(),
            events,
            options: Options { scope: Scope::UnitedStates, ..Options::default() },
        }
    }

    pub(super) fn ship(&mut self) -> &mut Event {
        &mut self.events[5]
    }

    pub(super) fn ilmd(&self, name: &str, text: &str) -> Element {
        ilmd(name, text)
    }

    pub(super) fn respell_unit(&mut self, uri: &str) {
        for event in &mut self.events {
            if let What::Object { epcs, .. } | What::Aggregation { children: epcs, .. } = &mut event.what {
                epcs.iter_mut().filter(|epc| epc.as_str() == UNIT).for_each(|epc| *epc = Epc::parse(uri));
            }
        }
    }

    pub(super) fn add_epc(&mut self, event: usize, uri: &str) {
        if let What::Object { epcs, .. } = &mut self.events[event].what {
            epcs.push(Epc::parse(uri));
        }
    }

    pub(super) fn ship_quantity(&mut self, class: &str) {
        let quantity = Quantity { epc_class: Epc::parse(class), quantity: None, uom: None };
        self.ship().what =
            What::Object { action: Action::Observe, epcs: Vec::new(), quantities: vec![quantity] };
    }

    pub(super) fn set_expiry(&mut self, event: usize, text: &str) {
        self.events[event].ilmd.as_mut().unwrap()[1] = ilmd("itemExpirationDate", text);
    }

    pub(super) fn set_receiver(&mut self, receiver: &str) {
        self.header.sbdh = Some(Sbdh::from_parts(SELLER, receiver, "42", CREATED));
    }

    pub(super) fn set_statement(&mut self, name: &str, text: &str) {
        let Some(statement) =
            self.header.elements.iter_mut().find(|e| !e.children.is_empty() && e.text().is_none())
        else {
            panic!("the sample has no statement");
        };
        for node in &mut statement.children {
            if let Node::Element(element) = node
                && &*element.name.local == name
            {
                element.children = vec![Node::Text(text.into())];
            }
        }
    }

    pub(super) fn set_product(&mut self, entry: usize, name: &str, value: Option<&str>) {
        set(&mut self.header.master_data[0].elements[entry], name, value);
    }

    pub(super) fn set_party(&mut self, entry: usize, name: &str, value: Option<&str>) {
        set(&mut self.header.master_data[1].elements[entry], name, value);
    }

    pub(super) fn make_r12(&mut self) {
        self.header.elements.remove(0);
        for entry in [0, 1] {
            self.set_product(entry, "additionalTradeItemIdentification", Some("00001012345"));
            self.set_product(entry, "additionalTradeItemIdentificationTypeCode", Some("FDA_NDC_11"));
        }
    }
}

#[test]
fn the_sample_is_sound() {
    let sample = Sample::new();
    let mut guideline = Guideline::new(Options::default(), &sample.header);
    (0..).zip(&sample.events).for_each(|(position, event)| guideline.event(position, event));
    let report = guideline.finish(&sample.header);
    assert_eq!(report.findings, []);
    assert!(report.concerned.is_some());
}

#[test]
fn other_countries_are_not_judged() {
    let mut header = Header::default();
    let ship = Sample::new().events.remove(5);
    header.creation_date = CREATED.into();
    let judge = |scope| {
        let mut guideline = Guideline::new(Options { scope, ..Options::default() }, &header);
        guideline.event(0, &ship);
        guideline.finish(&header)
    };
    assert_eq!((judge(Scope::UnitedStates).concerned, judge(Scope::UnitedStates).findings.len()), (None, 0));
    assert!(!judge(Scope::Every).findings.is_empty());
}

#[test]
fn rules_have_names_of_their_own() {
    let mut ids: Vec<&str> = super::ALL.iter().map(|check| check.rule.id).collect();
    ids.sort_unstable();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for check in super::ALL {
        let rule = check.rule;
        assert!(rule.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.id);
        assert!(!rule.fix.ends_with('.') && rule.why.ends_with('.'), "{}", rule.id);
    }
}

fn event(hour: u32, what: What, step: &str, disposition: &str) -> Event {
    let mut event = Event::new(time(&format!("2024-03-05T{hour:02}:00:00Z")), ZoneOffset::UTC, what);
    event.biz_step = Some(term(StandardVocabulary::BizStep, step));
    event.disposition = Some(term(StandardVocabulary::Disposition, disposition));
    let site = Location { id: Epc::parse(SHIP_FROM), extensions: Vec::new() };
    event.biz_location = (step != "shipping").then(|| site.clone());
    event.read_point = Some(site);
    event
}

fn header() -> Header {
    let product = |id: &str| {
        entry(
            id,
            &[
                ("additionalTradeItemIdentification", "0001-0123-45"),
                ("additionalTradeItemIdentificationTypeCode", "US_FDA_NDC"),
                ("regulatedProductName", "Samplex"),
                ("dosageFormType", "TABLET"),
                ("strengthDescription", "20 mg"),
                ("netContentDescription", "30 tablets"),
            ],
        )
    };
    let party = |id: &str| {
        entry(
            id,
            &[
                ("name", "Sample LLC"),
                ("streetAddressOne", "1 Assay Court"),
                ("city", "Columbus"),
                ("state", "OH"),
                ("postalCode", "43215"),
                ("countryCode", "US"),
            ],
        )
    };
    let vocabulary =
        |kind: &str, elements| Vocabulary { kind: kind.into(), elements, extensions: Vec::new() };
    let ushc =
        |local: &str, text: &str| Element::with_text(Name::new(USHC_NAMESPACE, local), "gs1ushc", text);
    let mut statement = Element::new(Name::new(USHC_NAMESPACE, "dscsaTransactionStatement"), "gs1ushc");
    let notice = "Seller has complied with each applicable subsection of FDCA Sec. 581(27)(A)-(G).";
    statement.children = vec![
        Node::Element(ushc("affirmTransactionStatement", "true")),
        Node::Element(ushc("legalNotice", notice)),
    ];
    Header {
        creation_date: CREATED.into(),
        sbdh: Some(Sbdh::from_parts(SELLER, BUYER, "42", CREATED)),
        master_data: vec![
            vocabulary(
                "urn:epcglobal:epcis:vtype:EPCClass",
                vec![
                    product("urn:epc:idpat:sgtin:030001.0012345.*"),
                    product("urn:epc:idpat:sgtin:030001.1012345.*"),
                ],
            ),
            vocabulary(
                "urn:epcglobal:epcis:vtype:Location",
                [SELLER, SHIP_FROM, BUYER, SHIP_TO].map(party).into(),
            ),
        ],
        elements: vec![ushc("guidelineVersion", "GS1 US DSCSA R1.3"), statement],
        ..Header::default()
    }
}

fn entry(id: &str, attributes: &[(&str, &str)]) -> VocabularyElement {
    let mut element = VocabularyElement {
        id: id.into(),
        attributes: Vec::new(),
        children: Vec::new(),
        extensions: Vec::new(),
    };
    attributes.iter().for_each(|(name, value)| set(&mut element, name, Some(value)));
    element
}

/// Sets an attribute of master data, or removes it.
fn set(element: &mut VocabularyElement, name: &str, value: Option<&str>) {
    let id = format!("urn:epcglobal:cbv:mda#{name}");
    element.attributes.retain(|attribute| *attribute.id != id);
    element.attributes.extend(value.map(|value| MasterDataAttribute {
        id: id.into(),
        attributes: Vec::new(),
        content: vec![Node::Text(value.into())],
    }));
}

fn ilmd(name: &str, text: &str) -> Element {
    Element::with_text(Name::new(MASTER_DATA_NAMESPACE, name), "cbvmda", text)
}

fn list(epcs: &[&str]) -> Vec<Epc> {
    epcs.iter().map(|uri| Epc::parse(uri)).collect()
}

fn term(vocabulary: StandardVocabulary, word: &str) -> Term {
    Term::listed(vocabulary, word).unwrap()
}
