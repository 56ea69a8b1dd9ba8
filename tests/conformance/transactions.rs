//! The GS1 US guideline's own example as an inspector sees it: complete transaction information, every element with its
//! source, and its statement.

use std::io::Write;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::capture;
use epcgate::capture::Policy;
use epcgate::capture::Wish;
use epcgate::dscsa::GuidelineRelease;
use epcgate::dscsa::transaction::Element;
use epcgate::dscsa::transaction::OriginKind;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::epcis::DocumentKind;
use epcgate::epcis::EventTime;
use epcgate::epcis::ZoneOffset;
use epcgate::export::Settings;
use epcgate::export::shipment;
use epcgate::export::shipment::ShipmentRequest;
use epcgate::export::transactions::Question;
use epcgate::export::transactions::Transaction;
use epcgate::export::transactions::to_csv;
use epcgate::export::transactions::to_json;
use epcgate::export::transactions::to_text;
use epcgate::export::transactions::transactions;
use epcgate::formats::Format;
use epcgate::gs1::Epc;
use epcgate::gs1::Gtin;
use epcgate::store::Store;

use crate::corpus::corpus;
use crate::guideline_example::EXAMPLE;
use crate::reading::read;
use crate::schemas::xmllint;
use crate::schemas::xsd;

const PO: &str = "urn:epcglobal:cbv:bt:0399999999991:XYZPO189";

/// A store with the example in it.
fn store(folder: &tempfile::TempDir) -> Store {
    let store = Store::open(folder.path().join("example.db").to_str().unwrap(), &Default::default()).unwrap();
    let mut receiving = store.receive(Utc::now()).unwrap();
    receiving.write_all(&std::fs::read(corpus().join(EXAMPLE)).unwrap()).unwrap();
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
    let received = receiving.finish().unwrap();
    let new = capture::accept(&store, &Caller::operator(), received, wish, Utc::now()).unwrap();
    assert!(capture::run_to_end(&store, &new.job, &Policy::default(), Utc::now).unwrap().success);
    store
}

fn only(store: &Store, question: &Question) -> Transaction {
    let mut found = transactions(store, &Caller::operator(), question).unwrap();
    assert_eq!(found.len(), 1, "{question:?}");
    found.remove(0)
}

#[test]
fn every_element_has_its_value_and_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let transaction = only(&store, &Question::Order(PO.to_owned()));
    let information = &transaction.information;
    assert_eq!(information.missing, []);
    let [product] = information.products.as_slice() else { panic!("{:?}", information.products) };
    assert_eq!(product.gtin.as_str(), "00300010123455");
    let attribute = "urn:epcglobal:cbv:mda#";
    for (element, text, name) in [
        (Element::Name, "Epcistra", "regulatedProductName"),
        (Element::Strength, "100mg", "strengthDescription"),
        (Element::DosageForm, "PILL", "dosageFormType"),
        (Element::Ndc, "0001-0123-45", "additionalTradeItemIdentification"),
        (Element::ContainerSize, "500 pills", "netContentDescription"),
    ] {
        let told = product.told(element).unwrap();
        assert_eq!((told.text.as_str(), told.origin.kind), (text, OriginKind::FileHeader));
        let path = format!("Vocabulary[1]/VocabularyElement[1]/attribute[@id='{attribute}{name}']");
        assert!(told.origin.path.ends_with(&path), "{}", told.origin.path);
        assert_eq!(told.origin.document, Some(transaction.document));
    }
    assert_eq!(
        (product.containers.text.as_str(), product.containers.origin.kind),
        ("12", OriginKind::Hierarchy)
    );
    let [lot] = product.lots.as_slice() else { panic!("{:?}", product.lots) };
    let (number, expiry) = (lot.lot.as_ref().unwrap(), lot.expiry.as_ref().unwrap());
    assert_eq!((number.text.as_str(), number.origin.path.as_str()), ("A123", "ilmd/cbvmda:lotNumber"));
    assert_eq!((expiry.text.as_str(), expiry.origin.kind), ("2025-03-27", OriginKind::Event));
    let mut serials: Vec<String> =
        lot.units.iter().map(|unit| unit.epc.serial().unwrap().into_owned()).collect();
    serials.sort();
    assert_eq!(serials, (11..=22).map(|serial| serial.to_string()).collect::<Vec<_>>());
    assert_eq!((information.date.text.as_str(), information.shipped_later), ("2023-04-01", false));
    for (party, name, city) in [
        (&information.transferor, "GS1 Pharma", "Thousand Oaks"),
        (&information.transferee, "GS1 Drug Distributor", "New York"),
    ] {
        assert_eq!(party.name.as_ref().unwrap().text, name);
        assert_eq!(party.address.len(), 6);
        assert!(party.address.iter().any(|line| line.text == city));
        assert!(party.address.iter().all(|line| line.origin.kind == OriginKind::FileHeader));
        assert_eq!(party.id.as_ref().unwrap().origin.kind, OriginKind::Event);
    }
}

#[test]
fn files_for_the_next_owner_are_valid_by_the_schema_of_gs1() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let settings = Settings { affirm_transaction_statement: true, ..Settings::default() };
    let mut files = Vec::new();
    for (release, epcs) in [
        (GuidelineRelease::R1_2, "urn:epc:id:sscc:030001.41234567890"),
        (GuidelineRelease::R1_3, "urn:epc:id:sscc:030001.41234567890"),
    ] {
        let seller = shipment::party("0399999999991");
        let buyer = shipment::party("0300011111116");
        let time = EventTime::parse("2023-04-05T10:00:00.000-05:00").unwrap();
        let request = ShipmentRequest {
            number: format!("S {}", release.as_str()),
            order: Some("PO/1".into()),
            epcs: vec![Epc::parse(epcs)],
            ship_from: Epc::parse("urn:epc:id:sgln:039999.345678.0"),
            ship_to: buyer.clone(),
            seller,
            buyer,
            zone: ZoneOffset::of(&time),
            time,
            release: Some(release),
            form: None,
            despite_holds: None,
        };
        let file = shipment::write(&store, &Caller::operator(), &request, &settings).unwrap();
        let path = folder.path().join(format!("{}.xml", release.as_str()));
        std::fs::write(&path, &file.bytes).unwrap();
        files.push(path);
        let read = read(file.bytes);
        assert_eq!((read.errors, read.defects.len(), read.events.len()), (0, 0, 8));
        assert_eq!(read.header.master_data[1].elements.len(), 3);
    }
    let schema = xsd(Format::Xml12, DocumentKind::Document);
    assert_eq!(xmllint(&schema, &files), Default::default());
}

#[test]
fn the_statement_is_shown_word_for_word() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let transaction = only(&store, &Question::Order(PO.to_owned()));
    let statement = transaction.statement.as_ref().unwrap();
    assert_eq!(&*statement.affirmation, "true");
    let notice = "Seller has complied with each applicable subsection of FDCA Sec. 581(27)(A)-(G).";
    assert_eq!(&*statement.legal_notice, notice);
    assert_eq!(transaction.purchase.drop_shipment, Some(false));
    let text = to_text(&transaction);
    for line in [
        "(E) number of containers             12 [",
        "affirmTransactionStatement           true",
        notice,
        "MISSING                              nothing",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
    assert!(to_json(&transaction)["transaction_statement"]["affirmed"].as_bool().unwrap());
    let csv = to_csv(&[transaction]);
    assert_eq!(csv.lines().count(), 13);
    assert!(csv.lines().all(|line| line.matches(',').count() >= 26), "{csv}");
}

#[test]
fn each_way_to_ask_leads_to_the_shipment() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let shipment = only(&store, &Question::Order(PO.to_owned())).shipment;
    let gtin = Gtin::parse("00300010123455").unwrap();
    for (question, units) in [
        (Question::Shipment(shipment), 12),
        (Question::Package(Epc::parse("urn:epc:id:sscc:030001.41234567890")), 12),
        (Question::Package(Epc::parse("urn:epc:id:sgtin:030001.1012345.111")), 4),
        (Question::Package(Epc::parse("https://id.gs1.org/01/00300010123455/21/19")), 1),
        (Question::Lot(gtin, "A123".into()), 12),
        (Question::Order("urn:epcglobal:cbv:bt:0300011111215:DEL100".into()), 12),
    ] {
        let found = only(&store, &question);
        assert_eq!((found.shipment, found.information.units()), (shipment, units), "{question:?}");
        assert_eq!(found.information.missing, [], "{question:?}");
    }
    for question in [
        Question::Shipment(shipment - 1),
        Question::Package(Epc::parse("urn:epc:id:sgtin:030001.0012345.99")),
        Question::Lot(gtin, "A124".into()),
        Question::Order("urn:epcglobal:cbv:bt:0399999999991:XYZPO188".into()),
    ] {
        assert!(transactions(&store, &Caller::operator(), &question).is_err(), "{question:?}");
    }
}
