//! Whole documents as both versions write them.

use crate::epcis::Action;
use crate::epcis::Attribute;
use crate::epcis::BizTransaction;
use crate::epcis::Decimal;
use crate::epcis::DocumentKind;
use crate::epcis::Element;
use crate::epcis::ErrorDeclaration;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::epcis::Hint;
use crate::epcis::Location;
use crate::epcis::MasterDataAttribute;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::PersistentDisposition;
use crate::epcis::Quantity;
use crate::epcis::Sbdh;
use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorMetadata;
use crate::epcis::SensorReport;
use crate::epcis::SensorValue;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::Vocabulary;
use crate::epcis::VocabularyElement;
use crate::epcis::What;
use crate::epcis::ZoneOffset;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::formats::EpcStyle;
use crate::formats::Loss;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::xml::Version;
use crate::formats::xml::Writer;
use crate::gs1::Epc;

const SGTIN: &str = "urn:epc:id:sgtin:0614141.107346.2017";
const LGTIN: &str = "urn:epc:class:lgtin:4012345.012345.998877";
const SGLN: &str = "urn:epc:id:sgln:0614141.00777.0";
const EX: &str = "http://ns.example.com/epcis";
const OPEN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn epc(uri: &str) -> Epc {
    Epc::parse(uri)
}

fn time(text: &str) -> EventTime {
    EventTime::parse(text).unwrap()
}

fn term(vocabulary: StandardVocabulary, word: &str) -> Term {
    Term::parse(vocabulary, word)
}

fn leaf(namespace: &str, local: &str, text: &str) -> Element {
    Element::with_text(Name::new(namespace, local), if namespace.is_empty() { "" } else { "ex" }, text)
}

fn event(what: What) -> Event {
    Event::new(time("2024-03-04T06:00:00.000-05:00"), ZoneOffset::parse("-05:00").unwrap(), what)
}

fn whats() -> [What; 5] {
    let action = Action::Add;
    let epcs = || vec![epc(SGTIN)];
    let kilograms =
        Quantity { epc_class: epc(LGTIN), quantity: Decimal::parse("2e2"), uom: Some("KGM".into()) };
    let unknown = Quantity { epc_class: epc(LGTIN), quantity: None, uom: None };
    let quantities = || vec![kilograms.clone(), unknown.clone()];
    let parent = || Some(epc("urn:epc:id:sscc:0614141.1234567890"));
    [
        What::Object { action, epcs: epcs(), quantities: quantities() },
        What::Aggregation { action, parent: parent(), children: epcs(), quantities: quantities() },
        What::Transaction { action, parent: parent(), epcs: epcs(), quantities: quantities() },
        What::Transformation {
            id: Some("urn:uuid:1".into()),
            input_epcs: epcs(),
            input_quantities: quantities(),
            output_epcs: epcs(),
            output_quantities: quantities(),
        },
        What::Association { action, parent: parent(), children: epcs(), quantities: quantities() },
    ]
}

fn bare_what() -> What {
    What::Object { action: Action::Observe, epcs: Vec::new(), quantities: Vec::new() }
}

/// An event with every field.
fn full(what: What) -> Event {
    let mut event = event(what);
    event.record_time = Some(time("2024-03-05T00:00:00Z"));
    event.id = Some("urn:uuid:2".into());
    event.error_declaration = Some(Box::new(ErrorDeclaration {
        declaration_time: time("2024-03-06T00:00:00Z"),
        reason: Some(term(StandardVocabulary::ErrorReason, "incorrect_data")),
        corrective_event_ids: vec!["urn:uuid:3".into()],
        extensions: vec![leaf("", "l", "1"), leaf(EX, "f", "2")],
    }));
    event.certification_info = vec!["https://a.example/1".into(), "https://a.example/2".into()];
    event.biz_step = Some(term(StandardVocabulary::BizStep, "shipping"));
    event.disposition = Some(term(StandardVocabulary::Disposition, "in_transit"));
    event.persistent_disposition = Some(Box::new(PersistentDisposition {
        set: vec![term(StandardVocabulary::Disposition, "expired")],
        unset: vec![term(StandardVocabulary::Disposition, "active")],
    }));
    event.read_point = Some(Location { id: epc(SGLN), extensions: vec![leaf(EX, "rp", "x")] });
    event.biz_location = Some(Location { id: epc(SGLN), extensions: vec![leaf("", "bl", "x")] });
    let po = Some(term(StandardVocabulary::BizTransactionType, "po"));
    event.biz_transactions = vec![
        BizTransaction { kind: po, id: "urn:epcglobal:cbv:bt:0399999999991:1".into() },
        BizTransaction { kind: None, id: "urn:x:1".into() },
    ];
    let owner = term(StandardVocabulary::SourceDestType, "owning_party");
    event.sources = vec![SourceDest { kind: owner.clone(), id: epc(SGLN) }];
    event.destinations = vec![SourceDest { kind: owner, id: epc(SGLN) }];
    event.sensor_elements = vec![sensor_element()];
    if matches!(event.what, What::Object { .. } | What::Transformation { .. }) {
        event.ilmd = Some(vec![leaf("", "own", "B"), leaf(EX, "lot", "A")]);
    }
    event.extensions = vec![leaf("", "local", "1"), leaf(EX, "foreign", "2")];
    event
}

fn sensor_element() -> SensorElement {
    let text = |text: &str| SensorValue::Text(text.into());
    let of = |vocabulary, word| SensorValue::Term(term(vocabulary, word));
    SensorElement {
        metadata: Some(SensorMetadata {
            values: vec![(SensorField::Time, SensorValue::Time(time("2024-03-04T05:00:00Z")))],
            extensions: vec![leaf(EX, "note", "a\"b")],
        }),
        reports: vec![SensorReport {
            values: vec![
                (SensorField::Kind, of(StandardVocabulary::MeasurementType, "Temperature")),
                (SensorField::Exception, of(StandardVocabulary::SensorAlert, "gs1:ALARM_CONDITION")),
                (SensorField::Component, of(StandardVocabulary::Component, "x")),
                (SensorField::Value, SensorValue::Decimal(Decimal::parse("2.6e1").unwrap())),
                (SensorField::BooleanValue, SensorValue::Boolean(true)),
                (SensorField::Uom, text("CEL")),
            ],
            extensions: vec![],
        }],
        extensions: vec![leaf("", "sl", "1"), leaf(EX, "sf", "2")],
    }
}

fn header() -> Header {
    let mda = |content| MasterDataAttribute {
        id: "urn:epcglobal:cbv:mda#name".into(),
        attributes: vec![Attribute { name: Name::new(EX, "lang"), value: "en".into() }],
        content,
    };
    let address =
        Element { children: vec![Node::Element(leaf("", "city", "Köln"))], ..leaf(EX, "address", "") };
    let mut header = Header {
        creation_date: "2024-03-04T06:00:00Z".into(),
        master_data: vec![Vocabulary {
            kind: "urn:epcglobal:epcis:vtype:Location".into(),
            elements: vec![VocabularyElement {
                id: SGLN.into(),
                attributes: vec![mda(vec![Node::Text("A & B".into())]), mda(vec![Node::Element(address)])],
                children: vec!["urn:epc:id:sgln:0614141.00777.1".into()],
                extensions: vec![leaf("", "ve", "1"), leaf(EX, "ve", "2")],
            }],
            extensions: vec![leaf("", "v", "1"), leaf(EX, "v", "2")],
        }],
        elements: vec![leaf("", "h", "1"), leaf(EX, "h", "2")],
        document_elements: vec![leaf("", "d", "1"), leaf(EX, "d", "2")],
        body_elements: vec![leaf("", "b", "1"), leaf(EX, "b", "2")],
        attributes: vec![Attribute { name: Name::new(EX, "root"), value: "1".into() }],
        ..Header::default()
    };
    header.namespaces.0.push(("ex".into(), EX.into()));
    header.namespaces.0.push(("epcis".into(), "urn:epcglobal:epcis:xsd:9".into()));
    header
}

fn dated() -> Header {
    Header { creation_date: "2024-03-04T06:00:00Z".into(), ..Header::default() }
}

fn try_write(
    version: Version,
    header: &Header,
    events: &[Event],
    options: WriteOptions,
) -> Result<(String, Vec<Loss>), WriteError> {
    let mut writer = Writer::begin(version, Vec::new(), header, options)?;
    for event in events {
        writer.event(event)?;
    }
    let (bytes, losses) = writer.finish(header)?;
    Ok((String::from_utf8(bytes).unwrap(), losses))
}

fn write(version: Version, header: &Header, events: &[Event]) -> (String, Vec<Loss>) {
    try_write(version, header, events, WriteOptions::new()).unwrap()
}

/// The text between the first `from` and the next `to`, both included.
fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let begin = text.find(from).unwrap_or_else(|| panic!("no {from} in {text}"));
    let end = text[begin..].find(to).unwrap_or_else(|| panic!("no {to} in {text}"));
    &text[begin..begin + end + to.len()]
}

/// The names of the elements in order; only wrappers show what is in them.
fn outline(text: &str) -> String {
    const WRAPPERS: [&str; 4] = ["extension", "baseExtension", "carried:local", "foreignEvent"];
    let mut outline = String::new();
    let mut hidden = 0;
    for tag in text.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        if tag.starts_with('/') {
            if hidden == 0 {
                outline.push(')');
            }
            hidden -= i32::from(hidden > 0);
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        if hidden == 0 {
            outline.push_str(if outline.is_empty() || outline.ends_with('(') { "" } else { " " });
            outline.push_str(name);
        }
        if tag.ends_with('/') {
            continue;
        }
        if hidden == 0 && (WRAPPERS.contains(&name) || name.ends_with("Event")) {
            outline.push('(');
        } else {
            hidden += 1;
        }
    }
    outline
}

/// What stands inside the event list.
fn listed(text: &str) -> &str {
    text.split("<EventList>").nth(1).unwrap().split("</EventList>").next().unwrap()
}

fn check_order(version: Version, head: &str, expected: [&str; 5]) {
    for (what, expected) in whats().into_iter().zip(expected) {
        let (text, losses) = write(version, &dated(), &[full(what)]);
        let place = "bizStep disposition readPoint bizLocation";
        let expected = expected.replace("HEAD", head).replace("PLACE", place);
        assert_eq!(outline(listed(&text)), expected);
        assert!(losses.is_empty(), "{losses:?}");
    }
}

#[test]
fn order_of_fields_1_2() {
    let head = "eventTime recordTime eventTimeZoneOffset \
                baseExtension(eventID errorDeclaration extension(certificationInfo certificationInfo))";
    let expected = [
        "ObjectEvent(HEAD epcList action PLACE bizTransactionList extension(quantityList sourceList \
         destinationList ilmd extension(sensorElementList persistentDisposition local)) ex:foreign)",
        "AggregationEvent(HEAD parentID childEPCs action PLACE bizTransactionList extension(childQuantityList \
         sourceList destinationList extension(sensorElementList persistentDisposition local)) ex:foreign)",
        "TransactionEvent(HEAD bizTransactionList parentID epcList action PLACE extension(quantityList \
         sourceList destinationList extension(sensorElementList persistentDisposition local)) ex:foreign)",
        "extension(TransformationEvent(HEAD inputEPCList inputQuantityList outputEPCList outputQuantityList \
         transformationID PLACE bizTransactionList sourceList destinationList ilmd \
         extension(sensorElementList persistentDisposition local) ex:foreign))",
        "extension(extension(AssociationEvent(HEAD parentID childEPCs childQuantityList action PLACE \
         bizTransactionList sourceList destinationList sensorElementList persistentDisposition \
         extension(local) ex:foreign)))",
    ];
    check_order(Version::V1_2, head, expected);
}

#[test]
fn order_of_fields_2_0() {
    let head = "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration certificationInfo \
                baseExtension(carried:certificationInfo)";
    let tail = "sourceList destinationList sensorElementList persistentDisposition";
    let own = "carried:local(local) ex:foreign";
    let expected = [
        format!("ObjectEvent(HEAD epcList action PLACE bizTransactionList quantityList {tail} ilmd {own})"),
        format!(
            "AggregationEvent(HEAD parentID childEPCs action PLACE bizTransactionList childQuantityList {tail} {own})"
        ),
        format!(
            "TransactionEvent(HEAD bizTransactionList parentID epcList action PLACE quantityList {tail} {own})"
        ),
        format!(
            "TransformationEvent(HEAD inputEPCList inputQuantityList outputEPCList outputQuantityList \
             transformationID PLACE bizTransactionList {tail} ilmd {own})"
        ),
        format!(
            "AssociationEvent(HEAD parentID childEPCs childQuantityList action PLACE bizTransactionList {tail} {own})"
        ),
    ];
    check_order(Version::V2_0, head, expected.each_ref().map(String::as_str));
}

#[test]
fn foreign_events_are_wrapped() {
    let check = |version, namespace: &str, expected: &str| {
        let foreign = event(What::Other(Name::new(namespace, "MyEvent")));
        let (text, losses) = write(version, &header(), &[foreign]);
        assert_eq!(outline(listed(&text)), expected);
        assert!(losses.is_empty());
    };
    let times = "eventTime eventTimeZoneOffset";
    check(Version::V1_2, "", &format!("extension(extension(MyEvent({times})))"));
    check(Version::V1_2, EX, &format!("extension(extension(foreignEvent(ex:MyEvent({times}))))"));
    check(Version::V2_0, "", &format!("extension(carried:local(MyEvent({times})))"));
    check(Version::V2_0, EX, &format!("extension(ex:MyEvent({times}))"));
    let odd = event(What::Other(Name::new("urn:y", "a b")));
    let (text, _) = write(Version::V1_2, &header(), std::slice::from_ref(&odd));
    assert!(text.contains("<foreignEvent><carried:member "), "{text}");
    assert!(text.contains(" name=\"{urn:y}a b\"><eventTime>"), "{text}");
    let bare = Header { kind: DocumentKind::Event, ..Header::default() };
    let (text, losses) = write(Version::V2_0, &bare, &[odd]);
    assert!(
        text.contains(
            "<epcis:EventList xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\"><extension><carried:member "
        )
    );
    assert!(losses.is_empty());
}

#[test]
fn values_of_the_parts() {
    let (text, _) = write(Version::V2_0, &header(), &[full(whats()[0].clone())]);
    let check = |from, to, expected| assert_eq!(part(&text, from, to), expected);
    check(
        "<quantityElement>",
        "</quantityElement>",
        "<quantityElement><epcClass>urn:epc:class:lgtin:4012345.012345.998877</epcClass>\
         <quantity>200</quantity><uom>KGM</uom></quantityElement>",
    );
    check(
        "<bizTransaction ",
        "</bizTransactionList>",
        "<bizTransaction type=\"urn:epcglobal:cbv:btt:po\">urn:epcglobal:cbv:bt:0399999999991:1</bizTransaction>\
         <bizTransaction>urn:x:1</bizTransaction></bizTransactionList>",
    );
    check(
        "<sensorMetadata",
        "</sensorElement>",
        "<sensorMetadata time=\"2024-03-04T05:00:00Z\" ex:note=\"a&quot;b\"/>\
         <sensorReport type=\"gs1:Temperature\" exception=\"ALARM_CONDITION\" component=\"cbv:Comp-x\" \
         value=\"2.6e1\" booleanValue=\"true\" uom=\"CEL\"/>\
         <extension><sl>1</sl></extension><ex:sf>2</ex:sf></sensorElement>",
    );
    check(
        "<persistentDisposition>",
        "</persistentDisposition>",
        "<persistentDisposition><unset>urn:epcglobal:cbv:disp:active</unset>\
         <set>urn:epcglobal:cbv:disp:expired</set></persistentDisposition>",
    );
    check(
        "<errorDeclaration>",
        "</errorDeclaration>",
        "<errorDeclaration><declarationTime>2024-03-06T00:00:00Z</declarationTime>\
         <reason>urn:epcglobal:cbv:er:incorrect_data</reason>\
         <correctiveEventIDs><correctiveEventID>urn:uuid:3</correctiveEventID></correctiveEventIDs>\
         <extension><l>1</l></extension><ex:f>2</ex:f></errorDeclaration>",
    );
}

#[test]
fn a_unit_without_a_quantity_stands_behind_a_nil_one() {
    let quantity = Quantity { epc_class: epc(LGTIN), quantity: None, uom: Some("KGM".into()) };
    let what = What::Object { action: Action::Add, epcs: Vec::new(), quantities: vec![quantity] };
    let (text, _) = write(Version::V2_0, &dated(), &[event(what)]);
    assert_eq!(
        part(&text, "<quantity ", "</uom>"),
        "<quantity xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/><uom>KGM</uom>"
    );
}

#[test]
fn headers_and_what_stands_beside_the_events() {
    let check = |version, expected: &str| {
        let (text, losses) = write(version, &header(), &[event(bare_what())]);
        let head = part(&text, "<EPCISHeader>", "</EPCISHeader>");
        let head = head.replace(part(&text, "<EPCISMasterData>", "</EPCISMasterData>"), "");
        let head = head.replace(part(&text, "<sbdh:Stand", "</sbdh:StandardBusinessDocumentHeader>"), "SBDH");
        assert_eq!(head, expected);
        assert!(text.ends_with(
            "</EventList><extension><b>1</b></extension><ex:b>2</ex:b></EPCISBody>\
             <extension><d>1</d></extension><ex:d>2</ex:d></epcis:EPCISDocument>\n"
        ));
        assert!(
            text.contains(" xmlns:ex=\"http://ns.example.com/epcis\" schemaVersion=\"")
                && text.contains(" ex:root=\"1\">")
                && !text.contains("xsd:9")
        );
        assert!(losses.is_empty());
    };
    check(
        Version::V1_2,
        "<EPCISHeader>SBDH<extension><extension><h>1</h></extension></extension><ex:h>2</ex:h></EPCISHeader>",
    );
    let mut header = header();
    header.sbdh = Some(Sbdh::from_parts("a", "b", "c", "2024-03-04T06:00:00Z"));
    let (text, _) = write(Version::V2_0, &header, &[]);
    assert!(text.contains("<sbdh:Identifier Authority=\"GS1\">a</sbdh:Identifier>"));
    assert!(text.contains(
        "</EPCISMasterData><extension><h>1</h><headerElements><ex:h>2</ex:h></headerElements></extension>\
         </extension></EPCISHeader>"
    ));
    header.sbdh = None;
    assert!(!write(Version::V2_0, &header, &[]).0.contains("sbdh:"));
}

#[test]
fn master_data_keeps_content_of_any_kind() {
    let (text, _) = write(Version::V2_0, &header(), &[]);
    assert_eq!(
        part(&text, "<VocabularyList>", "</VocabularyList>"),
        "<VocabularyList><Vocabulary type=\"urn:epcglobal:epcis:vtype:Location\"><VocabularyElementList>\
         <VocabularyElement id=\"urn:epc:id:sgln:0614141.00777.0\">\
         <attribute id=\"urn:epcglobal:cbv:mda#name\" ex:lang=\"en\">A &amp; B</attribute>\
         <attribute id=\"urn:epcglobal:cbv:mda#name\" ex:lang=\"en\">\
         <ex:address><city>Köln</city></ex:address></attribute>\
         <children><id>urn:epc:id:sgln:0614141.00777.1</id></children>\
         <extension><ve>1</ve></extension><ex:ve>2</ex:ve></VocabularyElement></VocabularyElementList>\
         <extension><v>1</v></extension><ex:v>2</ex:v></Vocabulary></VocabularyList>"
    );
}

#[test]
fn query_documents_hold_events_or_master_data() {
    let header = Header { kind: DocumentKind::QueryDocument, ..header() };
    let (with_events, losses) = write(Version::V1_2, &header, &[event(bare_what())]);
    assert!(losses.is_empty());
    assert!(with_events.contains("<extension><EPCISMasterData><VocabularyList>"));
    assert!(with_events.contains(
        "<EPCISBody><epcisq:QueryResults><queryName>SimpleEventQuery</queryName><resultsBody><EventList>"
    ));
    assert!(with_events.contains("</EventList></resultsBody><extension><b>1</b></extension>"));
    let (without, _) = write(Version::V2_0, &header, &[]);
    assert!(without.contains("<epcisq:EPCISQueryDocument xmlns:epcisq=\"urn:epcglobal:epcis-query:xsd:2\""));
    assert!(without.contains("<resultsBody><VocabularyList>") && !without.contains("EventList"));
}

#[test]
fn master_data_documents_have_no_events() {
    let header = Header { kind: DocumentKind::MasterData, ..header() };
    let (text, losses) = write(Version::V1_2, &header, &[event(bare_what())]);
    assert!(text.contains("<EPCISBody><VocabularyList>") && !text.contains("ObjectEvent"));
    assert!(text.contains("xmlns:epcismd=\"urn:epcglobal:epcis-masterdata:xsd:1\""));
    assert_eq!(losses.len(), 1);
    assert_eq!(losses[0].event, Some(0));
}

#[test]
fn events_without_an_envelope() {
    let bare = Header { kind: DocumentKind::Event, ..Header::default() };
    let (text, losses) = write(Version::V2_0, &bare, &[event(bare_what()), event(bare_what())]);
    assert!(text.starts_with(&format!(
        "{OPEN}<epcis:ObjectEvent xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\"><eventTime>"
    )));
    assert!(text.ends_with("</epcis:ObjectEvent>\n"));
    assert_eq!(losses.len(), 1);
    let list = Header { kind: DocumentKind::EventList, ..header() };
    let (text, losses) = write(Version::V1_2, &list, &[event(bare_what()), event(whats()[3].clone())]);
    assert!(text.starts_with(&format!("{OPEN}<epcis:EventList xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\"")));
    assert!(text.contains("</ObjectEvent><extension><TransformationEvent>"));
    let paths: Vec<_> = losses.iter().map(|loss| &*loss.path).collect();
    assert_eq!(paths, ["creationDate", "attributes", "masterData", "elements", "documentElements"]);
}

#[test]
fn extension_trees_keep_their_names() {
    let mut null = Element::new(Name::new(EX, "null"), "ex");
    null.hint = Hint::Null;
    let mut json = Element::new(Name::new(EX, "json"), "ex");
    json.children.push(Node::Json("[[\"<\"]]".into()));
    let mut mixed = Element::new(Name::new("urn:q", "a"), "ex");
    mixed.attributes.push(Attribute { name: Name::new("urn:r", "b"), value: "1\n2".into() });
    mixed.children = vec![
        Node::Text("mixed ".into()),
        Node::Element(leaf("urn:z", "c", "]]>")),
        Node::Element(leaf("", "d", "2")),
    ];
    let mut no_prefix = Element::with_text(Name::new("urn:y", "e"), "", "\r");
    let xsi = "http://www.w3.org/2001/XMLSchema-instance";
    no_prefix.attributes.push(Attribute { name: Name::new(xsi, "type"), value: "xsd:string".into() });
    let mut event = event(bare_what());
    event.extensions = vec![null, json, mixed, no_prefix, leaf(EX, "no name", "\u{1}")];
    let (text, losses) = write(Version::V2_0, &header(), &[event]);
    assert_eq!(
        listed(&text).split("</action>").nth(1).unwrap(),
        "<ex:null xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>\
         <ex:json xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
         rdf:datatype=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON\">[[\"&lt;\"]]</ex:json>\
         <ex:a xmlns:ex=\"urn:q\" xmlns:ns1=\"urn:r\" ns1:b=\"1&#10;2\">mixed \
         <ex:c xmlns:ex=\"urn:z\">]]&gt;</ex:c><d>2</d></ex:a>\
         <ns1:e xmlns:ns1=\"urn:y\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xsd:string\">&#13;</ns1:e>\
         <carried:member xmlns:carried=\"urn:epcgate:carried:\" \
         name=\"{http://ns.example.com/epcis}no name\"></carried:member></ObjectEvent>"
    );
    assert_eq!(losses.len(), 1);
    assert_eq!((losses[0].event, &*losses[0].path), (Some(0), "carried:member"));
}

#[test]
fn what_is_lost_is_told() {
    let check = |event: Event, path: &str| {
        let (_, losses) = write(Version::V2_0, &dated(), &[event]);
        assert_eq!(losses.iter().map(|loss| &*loss.path).collect::<Vec<_>>(), [path]);
    };
    let with_report = |extensions| {
        let mut event = event(bare_what());
        let report = SensorReport { values: Vec::new(), extensions };
        event.sensor_elements.push(SensorElement { reports: vec![report], ..SensorElement::default() });
        event
    };
    let tree = Element { children: vec![Node::Element(leaf(EX, "b", ""))], ..leaf(EX, "a", "") };
    check(with_report(vec![tree]), "sensorReport/a");
    check(with_report(vec![leaf(EX, "a", "1"), leaf(EX, "a", "2")]), "sensorReport/a");
    check(with_report(vec![leaf("", "value", "1")]), "sensorReport/value");
    let mut misplaced = event(whats()[1].clone());
    misplaced.ilmd = Some(Vec::new());
    check(misplaced, "ilmd");
}

#[test]
fn a_failed_event_leaves_nothing() {
    let options = WriteOptions { epcs: EpcStyle::Urn, ..WriteOptions::new() };
    let unknown = "https://id.gs1.org/01/09999999999994/21/1";
    let failing =
        |uri| event(What::Object { action: Action::Add, epcs: vec![epc(uri)], quantities: Vec::new() });
    let mut writer = Writer::begin(Version::V1_2, Vec::new(), &Header::default(), options).unwrap();
    for uri in [unknown, SGTIN, unknown] {
        assert_eq!(writer.event(&failing(uri)).is_ok(), uri == SGTIN, "{uri}");
    }
    let (bytes, losses) = writer.finish(&Header::default()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches("<ObjectEvent>").count(), 1);
    assert_eq!(text.matches("<?xml").count(), 1);
    assert!(!text.contains(unknown) && losses.is_empty());
}

#[test]
fn creation_dates_are_found() {
    let check = |header: &Header, events: &[Event], expected: &str| {
        let (text, _) = write(Version::V1_2, header, events);
        assert_eq!(part(&text, " creationDate=\"", ">"), format!(" creationDate=\"{expected}\">"));
    };
    let dated_by_sbdh =
        Header { sbdh: Some(Sbdh::from_parts("", "", "", "2020-01-01T00:00:00Z")), ..Header::default() };
    check(&dated(), &[event(bare_what())], "2024-03-04T06:00:00Z");
    check(&dated_by_sbdh, &[event(bare_what())], "2020-01-01T00:00:00Z");
    check(&Header::default(), &[event(bare_what())], "2024-03-04T06:00:00.000-05:00");
    check(&Header::default(), &[], "1970-01-01T00:00:00Z");
}

#[test]
fn late_parts_of_the_header_are_lost() {
    let mut writer = Writer::begin(Version::V2_0, Vec::new(), &dated(), WriteOptions::new()).unwrap();
    writer.event(&event(bare_what())).unwrap();
    let (_, losses) = writer.finish(&header()).unwrap();
    let paths: Vec<_> = losses.iter().map(|loss| &*loss.path).collect();
    assert_eq!(paths, ["masterData", "elements", "attributes"]);
}

#[test]
fn many_events_go_to_the_sink_in_parts() {
    let mut writer = Writer::begin(Version::V2_0, Vec::new(), &dated(), WriteOptions::new()).unwrap();
    let event = full(whats()[0].clone());
    for _ in 0..100 {
        writer.event(&event).unwrap();
    }
    let (bytes, _) = writer.finish(&dated()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!((text.matches("<ObjectEvent>").count(), text.matches("</ObjectEvent>").count()), (100, 100));
}
