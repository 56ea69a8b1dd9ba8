use super::*;
use crate::epcis::Action;
use crate::epcis::Attribute;
use crate::epcis::BizTransaction;
use crate::epcis::Decimal;
use crate::epcis::Element;
use crate::epcis::ErrorDeclaration;
use crate::epcis::EventTime;
use crate::epcis::Location;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::PersistentDisposition;
use crate::epcis::Quantity;
use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorMetadata;
use crate::epcis::SensorReport;
use crate::epcis::SensorValue;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::ZoneOffset;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::gs1::Epc;

const VENDOR: &str = "https://vendor.example/ns/";
const PLACE: &str = "urn:epc:id:sgln:030001.111111.0";

fn time(text: &str) -> EventTime {
    EventTime::parse(text).unwrap()
}

fn word(vocabulary: StandardVocabulary, text: &str) -> Term {
    Term::parse(vocabulary, text)
}

fn leaf(namespace: &str, local: &str, text: &str) -> Element {
    Element::with_text(Name::new(namespace, local), "v", text)
}

fn holding(local: &str, children: Vec<Element>) -> Element {
    let mut element = Element::new(Name::new(VENDOR, local), "v");
    element.children = children.into_iter().map(Node::Element).collect();
    element
}

fn transaction(kind: &str, id: &str) -> BizTransaction {
    BizTransaction { kind: Some(word(StandardVocabulary::BizTransactionType, kind)), id: id.into() }
}

fn end(kind: &str, id: &str) -> SourceDest {
    SourceDest { kind: word(StandardVocabulary::SourceDestType, kind), id: Epc::parse(id) }
}

fn report(kind: &str, value: &str, unit: &str) -> SensorReport {
    SensorReport {
        values: vec![
            (SensorField::Uom, SensorValue::Text(unit.into())),
            (SensorField::Value, SensorValue::Decimal(Decimal::parse(value).unwrap())),
            (SensorField::Kind, SensorValue::Term(word(StandardVocabulary::MeasurementType, kind))),
        ],
        extensions: Vec::new(),
    }
}

fn sensor() -> SensorElement {
    SensorElement {
        metadata: Some(SensorMetadata {
            values: vec![(SensorField::Time, SensorValue::Time(time("2024-03-04T10:59:00Z")))],
            extensions: vec![leaf(VENDOR, "probe", "p1")],
        }),
        reports: vec![report("gs1:Temperature", "21.50", "CEL"), report("RelativeHumidity", "40", "P1")],
        extensions: Vec::new(),
    }
}

fn full() -> Event {
    let what = What::Object {
        action: Action::Add,
        epcs: vec![
            Epc::parse("urn:epc:id:sgtin:030001.1111116.B2"),
            Epc::parse("https://shop.example/01/10300011111111/21/A1"),
        ],
        quantities: vec![Quantity {
            epc_class: Epc::parse("urn:epc:class:lgtin:030001.1111116.L1"),
            quantity: Decimal::parse("012.50"),
            uom: Some("KGM".into()),
        }],
    };
    let offset = ZoneOffset::parse("-05:00").unwrap();
    let mut event = Event::new(time("2024-03-04T06:00:00.1234-05:00"), offset, what);
    event.biz_step = Some(word(StandardVocabulary::BizStep, "commissioning"));
    event.disposition = Some(word(StandardVocabulary::Disposition, "active"));
    event.read_point = Some(Location { id: Epc::parse(PLACE), extensions: vec![leaf(VENDOR, "dock", "7")] });
    event.biz_transactions = vec![
        transaction("po", "urn:epcglobal:cbv:bt:0300011111116:PO-1"),
        transaction("inv", "urn:epcglobal:cbv:bt:0300011111116:IN-2"),
    ];
    event.sources = vec![end("owning_party", "urn:epc:id:pgln:030001.111111")];
    event.destinations = vec![end("location", "urn:epc:id:sgln:030002.222222.5")];
    event.sensor_elements = vec![sensor()];
    event.ilmd = Some(vec![
        leaf("urn:epcglobal:cbv:mda", "lotNumber", "L1"),
        leaf("urn:epcglobal:cbv:mda", "itemExpirationDate", "2026-03-31"),
    ]);
    let mut note = leaf(VENDOR, "note", " first ");
    note.attributes.push(Attribute { name: Name::new("", "lang"), value: "en".into() });
    let sizes = [leaf(VENDOR, "size", "23.0"), leaf(VENDOR, "size", "4"), leaf("", "label", "x")];
    event.extensions = vec![note, holding("box", sizes.into())];
    event
}

/// The string that the reference implementation, release 1.9.3, makes of the same event in XML.
const FULL: &str = "\
    eventType=ObjectEventeventTime=2024-03-04T11:00:00.123ZeventTimeZoneOffset=-05:00epcListepc=https://\
    id.gs1.org/01/10300011111111/21/A1epc=https://id.gs1.org/01/10300011111168/21/B2quantityListquantity\
    ElementepcClass=https://id.gs1.org/01/10300011111168/10/L1quantity=12.5uom=KGMaction=ADDbizStep=http\
    s://ref.gs1.org/cbv/BizStep-commissioningdisposition=https://ref.gs1.org/cbv/Disp-activereadPointid=\
    https://id.gs1.org/414/0300011111116{https://vendor.example/ns/}dock=7sensorElementListsensorElement\
    sensorMetadatatime=2024-03-04T10:59:00.000Z{https://vendor.example/ns/}probe=p1sensorReporttype=http\
    s://gs1.org/voc/RelativeHumidityvalue=40uom=P1sensorReporttype=https://gs1.org/voc/Temperaturevalue=\
    21.5uom=CELbizTransactionListtype=https://ref.gs1.org/cbv/BTT-invbizTransaction=urn:epcglobal:cbv:bt\
    :0300011111116:IN-2type=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:epcglobal:cbv:bt:0300011111\
    116:PO-1destinationListtype=https://ref.gs1.org/cbv/SDT-locationdestination=https://id.gs1.org/414/0\
    300022222221/254/5ilmd{urn:epcglobal:cbv:mda}itemExpirationDate=2026-03-31{urn:epcglobal:cbv:mda}lot\
    Number=L1sourceListtype=https://ref.gs1.org/cbv/SDT-owning_partysource=https://id.gs1.org/417/030001\
    1111116{https://vendor.example/ns/}boxlabel=x{https://vendor.example/ns/}size=23{https://vendor.exam\
    ple/ns/}size=4{https://vendor.example/ns/}note=firstlang=en";

#[test]
fn writes_what_the_reference_implementation_writes() {
    assert_eq!(pre_hash_string(&full()), FULL);
    assert_eq!(
        event_hash_id(&full()),
        "ni:///sha-256;519ddf85fb395b2bb56474e3a8faf24d424c03a80c51ec341aa36a86041efc73?ver=CBV2.0"
    );
}

#[test]
fn the_parent_stands_before_the_objects() {
    let what = What::Transaction {
        action: Action::Add,
        parent: Some(Epc::parse("urn:epc:id:sscc:030001.11234567890")),
        epcs: vec![Epc::parse("urn:epc:id:sgtin:030001.1111116.B2")],
        quantities: Vec::new(),
    };
    let mut event = Event::new(time("2024-03-04T11:00:00Z"), ZoneOffset::UTC, what);
    event.biz_transactions = vec![transaction("po", "urn:epcglobal:cbv:bt:0300011111116:PO-1")];
    assert_eq!(
        pre_hash_string(&event),
        "\
        eventType=TransactionEventeventTime=2024-03-04T11:00:00.000ZeventTimeZoneOffset=+00:00parentID=https\
        ://id.gs1.org/00/103000112345678900epcListepc=https://id.gs1.org/01/10300011111168/21/B2action=ADDbi\
        zTransactionListtype=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:epcglobal:cbv:bt:0300011111116\
        :PO-1"
    );
}

#[test]
fn leaves_out_what_is_no_part_of_the_event() {
    let mut event = full();
    event.id = Some("urn:uuid:6e2c4a1e-0000-4000-8000-000000000001".into());
    event.record_time = Some(time("2024-03-05T06:00:00Z"));
    event.error_declaration = Some(Box::new(ErrorDeclaration {
        declaration_time: time("2024-03-06T06:00:00Z"),
        reason: None,
        corrective_event_ids: Vec::new(),
        extensions: vec![leaf(VENDOR, "who", "me")],
    }));
    event.extensions.push(leaf("http://www.w3.org/2000/01/rdf-schema#", "comment", "never mind"));
    if let Some(note) = event.extensions.first_mut() {
        let kind = Name::new("http://www.w3.org/2001/XMLSchema-instance", "type");
        note.attributes.push(Attribute { name: kind, value: "xsd:string".into() });
    }
    event.persistent_disposition = Some(Box::default());
    assert_eq!(pre_hash_string(&event), FULL);
}

#[test]
fn order_and_spelling_make_no_difference() {
    let mut event = full();
    if let What::Object { epcs, .. } = &mut event.what {
        epcs.reverse();
    }
    event.time = time("2024-03-04T11:00:00.12340Z");
    event.biz_step = Some(word(StandardVocabulary::BizStep, "urn:epcglobal:cbv:bizstep:commissioning"));
    event.biz_transactions.reverse();
    event.extensions.reverse();
    event.sensor_elements.iter_mut().for_each(|element| element.reports.reverse());
    assert_eq!(pre_hash_string(&event), FULL);
}

#[test]
fn master_data_of_cbv_has_one_namespace() {
    for namespace in ["urn:epcglobal:cbv:mda:", "urn:epcglobal:cbv:mda#"] {
        let mut event = full();
        for element in event.ilmd.iter_mut().flatten() {
            element.name = crate::epcis::Name::new(namespace, element.name.local.clone());
        }
        assert_eq!(pre_hash_string(&event), FULL);
    }
}

#[test]
fn different_lots_are_different_events() {
    let with_lot = |lot: &str| {
        let mut event = full();
        event.ilmd = Some(vec![leaf("urn:epcglobal:cbv:mda", "lotNumber", lot)]);
        event_hash_id(&event)
    };
    assert_ne!(with_lot("00123"), with_lot("123"));
    assert_ne!(with_lot("1e3"), with_lot("1000"));
    assert_eq!(with_lot("123.0"), with_lot("123"));
}

#[test]
fn writes_the_other_types_of_event() {
    let shown = |what| pre_hash_string(&Event::new(time("2024-03-04T11:00:00Z"), ZoneOffset::UTC, what));
    let head = "eventTime=2024-03-04T11:00:00.000ZeventTimeZoneOffset=+00:00";
    let list = |id: &str| vec![Epc::parse(id)];
    let transformation = What::Transformation {
        id: Some("urn:x:run:1".into()),
        input_epcs: list("urn:x:a"),
        input_quantities: Vec::new(),
        output_epcs: list("urn:x:b"),
        output_quantities: Vec::new(),
    };
    assert_eq!(
        shown(transformation),
        format!(
            "eventType=TransformationEvent{head}inputEPCListepc=urn:x:aoutputEPCListepc=urn:x:btransformationID=urn:x:run:1"
        )
    );
    let association = What::Association {
        action: Action::Delete,
        parent: Some(Epc::parse(PLACE)),
        children: list("urn:x:a"),
        quantities: Vec::new(),
    };
    assert_eq!(
        shown(association),
        format!(
            "eventType=AssociationEvent{head}parentID=https://id.gs1.org/414/0300011111116\
             childEPCsepc=urn:x:aaction=DELETE"
        )
    );
    let other = What::Other(Name::new(VENDOR, "AuditEvent"));
    assert_eq!(shown(other), format!("eventType={{{VENDOR}}}AuditEvent{head}"));
}

#[test]
fn lasting_dispositions_and_certificates_are_sorted() {
    let mut event = full();
    let terms = |words: [&str; 2]| words.map(|text| word(StandardVocabulary::Disposition, text)).into();
    event.persistent_disposition = Some(Box::new(PersistentDisposition {
        set: terms(["recalled", "damaged"]),
        unset: terms(["expired", "active"]),
    }));
    event.certification_info = vec!["https://b.example/2".into(), "https://b.example/1".into()];
    let text = pre_hash_string(&event);
    assert!(
        text.contains("certificationInfo=https://b.example/1certificationInfo=https://b.example/2epcList")
    );
    assert!(text.contains(
        "persistentDispositionset=https://ref.gs1.org/cbv/Disp-damagedset=https://ref.gs1.org/cbv/Disp-recalled\
         unset=https://ref.gs1.org/cbv/Disp-activeunset=https://ref.gs1.org/cbv/Disp-expiredreadPoint"
    ));
}

#[test]
fn a_hasher_is_used_again() {
    let mut hasher = EventHasher::new();
    let first = hasher.digest(&full());
    let mut other = full();
    other.extensions.clear();
    assert_ne!(hasher.digest(&other), first);
    assert_eq!(hasher.digest(&full()), first);
    let mut text = String::from(">");
    write_pre_hash(&full(), &mut text);
    assert_eq!(text.strip_prefix('>'), Some(FULL));
}

#[test]
fn a_hash_id_says_its_digest() {
    let digest = std::array::from_fn(|at| u8::try_from(at * 7).unwrap());
    let id = hash_id(&digest);
    assert_eq!(hash_of(&id), Some(digest));
    assert_eq!(hash_of(id.trim_end_matches("?ver=CBV2.0")), Some(digest));
    for other in
        ["", "ni:///sha-256;", &id[..70], &id.replace("2.0", "9.9"), &id.replace("00", "+0"), "urn:uuid:1"]
    {
        assert_eq!(hash_of(other), None, "{other}");
    }
}
