use std::io::Cursor;

use super::*;
use crate::epcis::Action;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::Hint;
use crate::epcis::Node;
use crate::epcis::What;
use crate::formats::Limits;
use crate::formats::Place;

const HEAD: &str = "<eventTime>2024-03-04T06:00:00Z</eventTime>\
    <eventTimeZoneOffset>-05:00</eventTimeZoneOffset>";
const TAIL: &str = "<action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>";
const EPCS: &str = "<epcList><epc>urn:epc:id:sgtin:4012345.012345.1</epc></epcList>";

struct Outcome {
    header: Header,
    events: Vec<Event>,
    defects: Vec<Defect>,
    stopped: Option<Defect>,
}

fn read(bytes: impl Into<Vec<u8>>) -> Outcome {
    read_within(bytes, Limits::default())
}

fn read_within(bytes: impl Into<Vec<u8>>, limits: Limits) -> Outcome {
    let mut defects = Defects::new(false);
    let mut outcome =
        Outcome { header: Header::default(), events: Vec::new(), defects: Vec::new(), stopped: None };
    match Reader::open(
        Box::new(Cursor::new(bytes.into())),
        ReadOptions { limits, trusted: false },
        &mut defects,
    ) {
        Ok(mut reader) => {
            loop {
                match reader.next_event(&mut defects) {
                    Ok(Some(reading)) => outcome.events.extend(reading.event),
                    Ok(None) => break,
                    Err(defect) => {
                        outcome.stopped = Some(defect);
                        break;
                    }
                }
            }
            outcome.header = reader.header().clone();
        }
        Err(defect) => outcome.stopped = Some(defect),
    }
    outcome.defects = defects.take();
    outcome
}

fn document(version: u8, list: &str) -> String {
    format!(
        "<e:EPCISDocument xmlns:e='urn:epcglobal:epcis:xsd:{version}' xmlns:x='urn:x'\
         \n schemaVersion='{}' creationDate='2024-03-05T18:00:00Z'><EPCISBody><EventList>\n{list}\
         </EventList></EPCISBody></e:EPCISDocument>",
        if version == 1 { "1.2" } else { "2.0" }
    )
}

/// The rules that a document breaks, with the line of each.
fn check(document: &str, expected: &[(&str, u64)]) -> Outcome {
    let outcome = read(document);
    let all = outcome.defects.iter().chain(&outcome.stopped);
    let found: Vec<_> = all.map(|defect| (defect.fault.rule, defect.place.line)).collect();
    assert_eq!(found, expected, "{:?} {document}", outcome.stopped);
    outcome
}

fn check_stop(document: impl Into<Vec<u8>>, rule: &str) -> Defect {
    let defect = read(document).stopped.unwrap();
    assert_eq!(defect.fault.rule, rule, "{defect}");
    defect
}

#[test]
fn reads_every_wrapper_of_1_2() {
    let list = format!(
        "<ObjectEvent>{HEAD}<baseExtension><eventID>urn:uuid:1</eventID><extension><certificationInfo>urn:c\
         </certificationInfo></extension></baseExtension>{EPCS}<action>ADD</action><extension><quantityList>\
         <quantityElement><epcClass>urn:epc:class:lgtin:4012345.012345.A</epcClass><quantity>2.5</quantity>\
         <uom>KGM</uom></quantityElement></quantityList><sourceList><source type=\"urn:epcglobal:cbv:sdt:location\">\
         urn:epc:id:sgln:4012345.00001.0</source></sourceList><ilmd><x:lot>A</x:lot></ilmd><extension>\
         <own>1</own></extension></extension><x:more/></ObjectEvent>\
         <extension><TransformationEvent>{HEAD}<inputEPCList><epc>urn:epc:id:sgtin:4012345.012345.1</epc>\
         </inputEPCList><outputEPCList><epc>urn:epc:id:sgtin:4012345.012345.2</epc></outputEPCList>\
         <ilmd><x:lot>B</x:lot></ilmd></TransformationEvent></extension>\
         <extension><extension><AssociationEvent>{HEAD}<parentID>urn:epc:id:grai:4012345.66666.87</parentID>\
         <childEPCs><epc>urn:epc:id:sgtin:4012345.012345.3</epc></childEPCs>{TAIL}</AssociationEvent>\
         </extension></extension>"
    );
    let outcome = check(&document(1, &list), &[]);
    let [object, transformation, association] = outcome.events.as_slice() else { panic!("{list}") };
    assert_eq!(object.id.as_deref(), Some("urn:uuid:1"));
    assert_eq!(object.certification_info, ["urn:c".into()]);
    assert_eq!(object.what.quantities()[0].uom.as_deref(), Some("KGM"));
    assert_eq!(object.sources[0].id.as_str(), "urn:epc:id:sgln:4012345.00001.0");
    assert_eq!(object.ilmd.as_ref().unwrap()[0].text(), Some("A"));
    let names: Vec<_> = object.extensions.iter().map(|e| (&*e.name.namespace, &*e.name.local)).collect();
    assert_eq!(names, [("", "own"), ("urn:x", "more")]);
    assert!(
        matches!(&transformation.what, What::Transformation { output_epcs, .. } if output_epcs.len() == 1)
    );
    assert_eq!(association.what.kind(), EventKind::Association);
}

#[test]
fn reads_fields_of_2_0() {
    let list = format!(
        "<ObjectEvent>{HEAD}<errorDeclaration><x:why/><declarationTime>2024-03-05T06:00:00Z</declarationTime>\
         </errorDeclaration>{EPCS}{TAIL}<readPoint><id>urn:epc:id:sgln:4012345.00001.0</id><x:dock>7</x:dock>\
         </readPoint><sensorElementList><sensorElement><sensorMetadata time='2024-03-04T05:00:00Z' x:room='b'/>\
         <sensorReport type='gs1:Temperature' value='4.5' uom='CEL'/></sensorElement></sensorElementList>\
         <persistentDisposition><set>urn:epcglobal:cbv:disp:completeness_verified</set></persistentDisposition>\
         </ObjectEvent><extension><x:OwnEvent>{HEAD}<x:field/></x:OwnEvent></extension>"
    );
    let outcome = check(&document(2, &list), &[]);
    let [event, own] = outcome.events.as_slice() else { panic!("{list}") };
    assert_eq!(event.error_declaration.as_ref().unwrap().extensions.len(), 1);
    assert_eq!(event.read_point.as_ref().unwrap().extensions[0].text(), Some("7"));
    let metadata = event.sensor_elements[0].metadata.as_ref().unwrap();
    assert_eq!((metadata.values.len(), metadata.extensions[0].text()), (1, Some("b")));
    assert_eq!(&*metadata.extensions[0].prefix, "x");
    assert_eq!(event.sensor_elements[0].reports[0].values.len(), 3);
    assert_eq!(event.persistent_disposition.as_ref().unwrap().set.len(), 1);
    assert!(matches!(&own.what, What::Other(name) if &*name.local == "OwnEvent"));
    assert_eq!(own.extensions.len(), 1);
}

#[test]
fn reads_the_envelope() {
    let document = "<e:EPCISDocument xmlns:e='urn:epcglobal:epcis:xsd:1' xmlns:x='urn:x' schemaVersion='1.2' \
        creationDate='2024-03-05T18:00:00Z' x:at='1' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
        xsi:schemaLocation='a b'><EPCISHeader><s:StandardBusinessDocumentHeader \
        xmlns:s='http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader'><s:Sender>\n\
        <s:Identifier Authority='GLN'>0399310000016</s:Identifier></s:Sender></s:StandardBusinessDocumentHeader>\
        <extension><EPCISMasterData><VocabularyList><Vocabulary type='urn:v'><VocabularyElementList>\
        <VocabularyElement id='urn:1'><attribute id='urn:a'>t</attribute><attribute id='urn:a' x:k='v'>mixed\
        <b>c</b></attribute><children><id>urn:2</id></children></VocabularyElement></VocabularyElementList>\
        </Vocabulary></VocabularyList></EPCISMasterData><extension><headerElements><x:h/></headerElements>\
        </extension></extension><x:statement>yes</x:statement></EPCISHeader><EPCISBody><EventList/><x:b/>\
        </EPCISBody><extension><d>1</d></extension></e:EPCISDocument><!-- end -->\n";
    let header = check(document, &[("sbdh", 1), ("sbdh", 1), ("sbdh", 1)]).header;
    assert_eq!(header.sbdh.unwrap().sender(), Some("0399310000016"));
    let element = &header.master_data[0].elements[0];
    assert_eq!(element.attributes[0].text(), Some("t"));
    assert_eq!((element.attributes[1].content.len(), element.attributes[1].attributes.len()), (2, 1));
    assert_eq!(element.children, ["urn:2".into()]);
    let names: Vec<_> = header.elements.iter().map(|e| &*e.name.local).collect();
    assert_eq!(names, ["h", "statement"]);
    assert_eq!((header.body_elements.len(), header.document_elements.len()), (1, 1));
    assert_eq!((header.attributes.len(), &*header.schema_version), (1, "1.2"));
    assert!(header.namespaces.0.contains(&("x".into(), "urn:x".into())));
}

#[test]
fn reads_other_roots() {
    let event = format!("<ObjectEvent>{HEAD}{EPCS}{TAIL}</ObjectEvent>");
    let bare = check(&event, &[]);
    assert_eq!((bare.header.kind, bare.events.len()), (DocumentKind::Event, 1));
    let list = check(&format!("<EventList>{event}{event}</EventList>"), &[]);
    assert_eq!((list.header.kind, list.events.len()), (DocumentKind::EventList, 2));
    let query = format!(
        "<q:EPCISQueryDocument xmlns:q='urn:epcglobal:epcis-query:xsd:2' schemaVersion='2.0' creationDate='t'>\
         <EPCISBody><q:QueryResults><queryName>n</queryName><subscriptionID>s</subscriptionID><resultsBody>\
         <EventList>{event}</EventList></resultsBody></q:QueryResults></EPCISBody></q:EPCISQueryDocument>"
    );
    let query = check(&query, &[]);
    let head = query.header.query_results.unwrap();
    assert_eq!((&*head.query_name, head.subscription_id.as_deref()), ("n", Some("s")));
    assert_eq!(query.events.len(), 1);
    let master_data = "<m:EPCISMasterDataDocument xmlns:m='urn:epcglobal:epcis-masterdata:xsd:1' \
        schemaVersion='1.2' creationDate='t'><EPCISBody><VocabularyList><Vocabulary type='urn:v'/>\
        </VocabularyList></EPCISBody></m:EPCISMasterDataDocument>";
    assert_eq!(check(master_data, &[]).header.master_data.len(), 1);
}

#[test]
fn reads_what_writers_carry() {
    let list = format!(
        "<ObjectEvent>{HEAD}{EPCS}{TAIL}<extension><c:local xmlns:c='urn:epcgate:carried:'><own/><Reason>1\
         </Reason></c:local></extension><x:j r:datatype='{0}JSON' xmlns:r='{0}'>[[1]]</x:j>\
         <x:n xsi:nil='true' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'/></ObjectEvent>",
        names::RDF
    );
    let outcome = check(&document(2, &list), &[]);
    let [own, reason, json, null] = outcome.events[0].extensions.as_slice() else { panic!("{list}") };
    assert!(own.name.is_local() && &*reason.name.local == "Reason");
    assert_eq!(json.children, [Node::Json("[[1]]".into())]);
    assert_eq!((null.hint, null.attributes.len(), json.attributes.len()), (Hint::Null, 0, 0));
}

#[test]
fn reads_what_has_no_place_in_a_version() {
    let carried = "xmlns:c='urn:epcgate:carried:'";
    let object = |inner: &str| format!("<ObjectEvent>{HEAD}{inner}{EPCS}{TAIL}</ObjectEvent>");
    let certificates = object(&format!(
        "<certificationInfo>urn:c:1</certificationInfo><baseExtension><c:certificationInfo {carried}>urn:c:2\
         </c:certificationInfo></baseExtension>"
    ));
    let outcome = check(&document(2, &certificates), &[]);
    assert_eq!(outcome.events[0].certification_info, ["urn:c:1".into(), "urn:c:2".into()]);

    let member = format!(
        "<ObjectEvent>{HEAD}{EPCS}{TAIL}<x:a {carried}><c:member name='{{urn:x}}1 b' x:k='v'>t</c:member></x:a>\
         </ObjectEvent>"
    );
    let outcome = check(&document(2, &member), &[]);
    let inner = outcome.events[0].extensions[0].child("1 b").unwrap();
    assert_eq!((&*inner.name.namespace, inner.attributes.len(), inner.text()), ("urn:x", 1, Some("t")));

    let own = |version, list: &str, expected: (&str, &str)| {
        let outcome = check(&document(version, list), &[]);
        let What::Other(name) = &outcome.events[0].what else { panic!("{list}") };
        assert_eq!((&*name.namespace, &*name.local), expected);
        assert_eq!((outcome.events.len(), outcome.events[0].biz_step.is_some()), (2, true));
    };
    let fields = format!("{HEAD}<bizStep>shipping</bizStep>");
    let after = object("");
    let foreign = format!(
        "<extension><extension><foreignEvent><x:My>{fields}</x:My></foreignEvent></extension></extension>{after}"
    );
    own(1, &foreign, ("urn:x", "My"));
    let local = format!("<extension><c:local {carried}><My>{fields}</My></c:local></extension>{after}");
    own(2, &local, ("", "My"));
    let odd =
        format!("<extension><c:member {carried} name='{{urn:y}}a b'>{fields}</c:member></extension>{after}");
    own(2, &odd, ("urn:y", "a b"));

    let id = document(2, "").replacen("xmlns:x", &format!("{carried} c:id='urn:d' xmlns:x"), 1);
    let header = check(&id, &[]).header;
    assert_eq!(
        (header.id.as_deref(), header.attributes.len(), header.namespaces.0.len()),
        (Some("urn:d"), 0, 2)
    );
}

#[test]
fn judges_the_sbdh() {
    let check_parts = |parts: &str, expected: &[&str]| {
        let sbdh = format!(
            "<EPCISHeader><StandardBusinessDocumentHeader \
             xmlns='http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader'>{parts}\
             </StandardBusinessDocumentHeader></EPCISHeader><EPCISBody>"
        );
        let outcome = read(document(1, "").replacen("<EPCISBody>", &sbdh, 1));
        let told = outcome.defects.iter().map(|defect| (defect.fault.rule, defect.fault.message.as_str()));
        let expected: Vec<_> = expected.iter().map(|message| ("sbdh", *message)).collect();
        assert_eq!(told.collect::<Vec<_>>(), expected, "{parts}");
        assert!(
            outcome.defects.iter().all(|defect| defect.place.line == 2 && defect.path.contains("Header"))
        );
    };
    let party = "<Identifier Authority='GS1'>1</Identifier>";
    let whole = |date: &str| {
        format!(
            "<HeaderVersion>1.0</HeaderVersion><Sender>{party}</Sender><Receiver>{party}</Receiver>\
             <DocumentIdentification><Standard/><TypeVersion/><InstanceIdentifier/><Type/><CreationDateAndTime>\
             {date}</CreationDateAndTime></DocumentIdentification>"
        )
    };
    check_parts(&whole("2024-03-04T06:00:00"), &[]);
    check_parts(&whole("2024-03-04"), &["the CreationDateAndTime “2024-03-04” is no date and time"]);
    check_parts(&whole("").replace('1', "2"), &["the CreationDateAndTime “” is no date and time"]);
    check_parts(
        &whole("2024-03-04T06:00:00Z").replacen(party, "", 1).replace("<Type/>", ""),
        &["Sender has no Identifier", "DocumentIdentification has no Type"],
    );
    let all = ["HeaderVersion", "Sender", "Receiver", "DocumentIdentification"];
    let missing = all.map(|part| format!("StandardBusinessDocumentHeader has no {part}"));
    check_parts("", &missing.each_ref().map(String::as_str));
}

#[test]
fn judges_what_1_x_requires() {
    let without = |kind: &str, inner: &str| format!("\n<{kind}>{HEAD}{inner}{TAIL}{QUANTITIES}</{kind}>");
    const QUANTITIES: &str = "<extension><quantityList><quantityElement><epcClass>\
        urn:epc:idpat:sgtin:4012345.012345.*</epcClass></quantityElement></quantityList></extension>";
    let object = without("ObjectEvent", "");
    let outcome = check(&document(1, &object), &[("missing-list", 4)]);
    assert_eq!(outcome.defects[0].path, "/e:EPCISDocument/EPCISBody/EventList/ObjectEvent[1]");
    check(&document(1, &without("ObjectEvent", "<epcList/>")), &[]);
    let children = QUANTITIES.replace("quantityList", "childQuantityList");
    let aggregation = without("AggregationEvent", "<parentID>urn:epc:id:sscc:4012345.0000000333</parentID>");
    check(&document(1, &aggregation.replace(QUANTITIES, &children)), &[("missing-list", 4)]);
    let flat = object.replace("<extension>", "").replace("</extension>", "");
    check(&document(2, &flat), &[]);
}

#[test]
fn warns_of_what_is_not_kept() {
    let event = format!("<ObjectEvent>{HEAD}{EPCS}{TAIL}</ObjectEvent>");
    let envelope = document(1, &event)
        .replace("<EPCISBody>", "<EPCISHeader x:a='1'/>\n<EPCISBody x:a='1'>")
        .replace("<EventList>", "<EventList a='1'>");
    check(&envelope, &[("unknown-attribute", 2), ("unknown-attribute", 3), ("unknown-attribute", 3)]);
    let wrapped = format!(
        "<ObjectEvent>{HEAD}{EPCS}{TAIL}\n<extension a='1'><quantityList/></extension>\n<extension/></ObjectEvent>"
    );
    check(&document(1, &wrapped), &[("unknown-attribute", 4), ("duplicate-field", 5)]);
    let certificates = "<certificationInfo>urn:c</certificationInfo>\n".repeat(2);
    let certified = format!("<ObjectEvent>{HEAD}\n{certificates}{EPCS}{TAIL}</ObjectEvent>");
    check(&document(2, &certified), &[("certification-info", 5)]);
    let lasting = "<persistentDisposition><set>foo</set></persistentDisposition>";
    let event = format!("<ObjectEvent>{HEAD}{EPCS}{TAIL}\n{lasting}</ObjectEvent>");
    assert_eq!(check(&document(2, &event), &[("vocabulary-word", 4)]).events.len(), 1);
}

#[test]
fn tells_where_stray_text_stands() {
    let event = format!("<ObjectEvent>{HEAD}\n\n  stray &amp; text\n{EPCS}{TAIL}</ObjectEvent>");
    let outcome = check(&document(2, &event), &[("unexpected-text", 5)]);
    assert_eq!(outcome.defects[0].place.column, 3);
    let before_unknown = format!("<ObjectEvent>{HEAD}\n stray\n<Epclist/>{EPCS}{TAIL}</ObjectEvent>");
    let outcome = read(document(2, &before_unknown));
    let lines: Vec<_> = outcome.defects.iter().map(|defect| (defect.fault.rule, defect.place.line)).collect();
    assert_eq!(lines.get(..2), Some([("element-case", 5), ("unexpected-text", 4)].as_slice()));
}

#[test]
fn refuses_what_is_not_well_formed() {
    for inner in ["<x:a>]]></x:a>", "<x:a><bizStep>a]]>b</bizStep></x:a>", "]]>", "<action>]]></action>"] {
        check_stop(document(2, &format!("<ObjectEvent>{HEAD}{inner}</ObjectEvent>")), "not-well-formed");
    }
    for attributes in
        ["xmlns:y='urn:x' x:a='' y:a=''", "xmlns:y=''", "xmlns:xml='urn:x'", "xmlns:xmlns='urn:x'"]
    {
        check_stop(document(2, &format!("<ObjectEvent><x:a {attributes}/>")), "not-well-formed");
    }
    let list = format!(
        "<ObjectEvent>{HEAD}{EPCS}{TAIL}<x:a xmlns:y='urn:y' x:a='' y:a='' a=''>]]&gt;<![CDATA[]]>></x:a>\
         </ObjectEvent>"
    );
    assert_eq!(check(&document(2, &list), &[]).events[0].extensions[0].text(), Some("]]>>"));
}

#[test]
fn takes_a_quantity_event() {
    let list = format!(
        "<QuantityEvent>{HEAD}<epcClass>urn:epc:idpat:sgtin:4012345.012345.*</epcClass><quantity>7</quantity>\
         </QuantityEvent>"
    );
    let outcome = check(&document(1, &list), &[("quantity-event", 3)]);
    let What::Object { action, quantities, .. } = &outcome.events[0].what else { panic!("{list}") };
    assert_eq!((*action, quantities[0].quantity.as_ref().unwrap().as_str()), (Action::Observe, "7"));
}

#[test]
fn tolerates_with_a_warning() {
    let event = |inner: &str| document(1, &format!("<ObjectEvent>{inner}</ObjectEvent>"));
    let quantities = "<quantityList/>";
    let misplaced = check(&event(&format!("{HEAD}{EPCS}{TAIL}\n{quantities}")), &[("misplaced-element", 4)]);
    assert_eq!(misplaced.defects[0].event, Some(0));
    let path = "/e:EPCISDocument/EPCISBody/EventList/ObjectEvent[1]/quantityList";
    assert_eq!(misplaced.defects[0].path, path);
    check(&event(&format!("{EPCS}{TAIL}\n{HEAD}")), &[("element-order", 4)]);
    check(&event(&format!("{HEAD}{EPCS}{TAIL}\n\n<own/>")), &[("unknown-element", 5)]);
    check(&event(&format!("{HEAD}\n{}{TAIL}", EPCS.replace('L', "l"))), &[("element-case", 4)]);
    let transformation =
        format!("<TransformationEvent>{HEAD}<inputEPCList/><outputEPCList/></TransformationEvent>");
    assert_eq!(read(document(1, &transformation)).defects[0].fault.rule, "misplaced-element");
    check("<!DOCTYPE project>\n<EventList/>", &[("doctype", 1)]);
    let versions = "<e:EPCISDocument xmlns:e='urn:epcglobal:epcis:xsd:1' schemaVersion='2.0'/>";
    check(versions, &[("version-mismatch", 1), ("creation-date", 1)]);
    let qualified = format!(
        "<EPCISDocument xmlns='urn:epcglobal:epcis:xsd:1' schemaVersion='1.2' creationDate='t'>\n<EPCISBody>\
         <EventList><ObjectEvent>{HEAD}{EPCS}{TAIL}</ObjectEvent></EventList></EPCISBody></EPCISDocument>"
    );
    assert_eq!(check(&qualified, &[("qualified-children", 2)]).events.len(), 1);
}

#[test]
fn refuses_with_an_error() {
    let event = |inner: &str| document(2, &format!("<ObjectEvent>{inner}</ObjectEvent>"));
    check(&event(&format!("{HEAD}{EPCS}{TAIL}\n<action>ADD</action>")), &[("duplicate-field", 4)]);
    check(&event(&format!("{HEAD}{EPCS}\n<action>MOVE</action>")), &[("action", 4)]);
    check(&event(&format!("{HEAD}{EPCS}{TAIL}\n<made-up/>")), &[("unknown-element", 4)]);
    check(&event(&format!("{HEAD}{EPCS}{TAIL}\n<y:a/>")), &[("prefix", 4)]);
    check(&event(&format!("{HEAD}{EPCS}{TAIL}\n text\n")), &[("unexpected-text", 4)]);
    let wrong = check(
        &event(&format!("{HEAD}{EPCS}{TAIL}\n<readPoint><x:a/></readPoint>")),
        &[("required-field", 4)],
    );
    assert!(wrong.defects[0].path.ends_with("/ObjectEvent[1]/readPoint"));
    assert!(wrong.events.is_empty());
    let epcs =
        "<epcList><epc>urn:epc:id:sgtin:4012345.012345.1</epc>\n<epc>urn:epc:id:sgtin:1.2</epc></epcList>";
    let epc = read(event(&format!("{HEAD}{epcs}{TAIL}"))).defects.remove(0);
    assert_eq!((epc.place, epc.epc.as_deref()), (Place { line: 4, column: 1 }, Some("urn:epc:id:sgtin:1.2")));
    assert!(epc.path.ends_with("/epcList/epc[2]"));
}

#[test]
fn strict_reading_refuses_what_it_would_tolerate() {
    let list = format!(
        "<TransformationEvent>{HEAD}</TransformationEvent><ObjectEvent>{HEAD}{EPCS}{TAIL}</ObjectEvent>"
    );
    let mut defects = Defects::new(true);
    let bytes = Box::new(Cursor::new(document(1, &list)));
    let mut reader = Reader::open(bytes, ReadOptions::default(), &mut defects).unwrap();
    let first = reader.next_event(&mut defects).unwrap().unwrap();
    assert!((first.index, first.event.is_none(), first.place) == (0, true, Place { line: 3, column: 1 }));
    assert!(reader.next_event(&mut defects).unwrap().unwrap().event.is_some());
    assert!(reader.next_event(&mut defects).unwrap().is_none());
    assert_eq!((defects.kept()[0].fault.rule, defects.kept()[0].event), ("misplaced-element", Some(0)));
}

#[test]
fn refuses_what_is_no_document() {
    check_stop("<soap:Envelope xmlns:soap='urn:s'/>", "unknown-root");
    let poll = "<q:EPCISQueryDocument xmlns:q='urn:epcglobal:epcis-query:xsd:1' schemaVersion='1' \
        creationDate='t'><EPCISBody><q:Poll/></EPCISBody></q:EPCISQueryDocument>";
    assert!(check_stop(poll, "unsupported-message").fault.message.contains("q:Poll"));
    for broken in
        ["", " ", "<EventList>", "<EventList/><EventList/>", "<EventList/>x", "<EventList a='1' a='2'/>"]
    {
        check_stop(broken, "not-well-formed");
    }
    for broken in [
        "<EventList a=1/>",
        "<EventList><1/></EventList>",
        "<a b='1'c='2'/>",
        " <?xml version='1.0'?><EventList/>",
    ] {
        check_stop(broken, "not-well-formed");
    }
    let cut = check_stop(&*document(1, &format!("<ObjectEvent>{HEAD}\n  <epcList><ep")), "not-well-formed");
    assert_eq!(cut.place.line, 4);
}

#[test]
fn never_expands_entities() {
    check_stop("<!DOCTYPE a [<!ENTITY b 'c'>]><EventList>&b;</EventList>", "entity");
    check_stop("<EventList a='&b;'/>", "entity");
    let defect = check_stop("<EventList>\n&b;</EventList>", "entity");
    assert_eq!(defect.place, Place { line: 2, column: 1 });
    let text = format!("<ObjectEvent>{HEAD}{EPCS}{TAIL}<x:a>&lt;&#65;<![CDATA[&b;]]></x:a></ObjectEvent>");
    let outcome = check(&document(1, &text), &[]);
    assert_eq!(outcome.events[0].extensions[0].text(), Some("<A&b;"));
}

#[test]
fn reads_other_encodings() {
    let body = document(2, &format!("<ObjectEvent>{HEAD}{EPCS}{TAIL}<x:a>\u{e9}</x:a></ObjectEvent>"));
    let value = |bytes: Vec<u8>| {
        let outcome = read(bytes);
        assert_eq!(outcome.defects, []);
        outcome.events[0].extensions[0].text().map(str::to_owned)
    };
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    assert_eq!(value(format!("\u{feff}{body}").into_bytes()).as_deref(), Some("\u{e9}"));
    assert_eq!(value(little(&format!("\u{feff}{body}"))).as_deref(), Some("\u{e9}"));
    let latin: Vec<u8> = body.chars().map(|c| c as u8).collect();
    let declared = [b"<?xml version='1.0' encoding='ISO-8859-1'?>", latin.as_slice()].concat();
    assert_eq!(value(declared).as_deref(), Some("\u{e9}"));
    assert_eq!(check_stop(latin, "encoding").place.line, 3);
    check_stop("<?xml version='1.0' encoding='UTF-16'?><EventList/>", "encoding");
    check_stop("<?xml version='1.0' encoding='made-up'?><EventList/>", "encoding");
}

#[test]
fn keeps_the_limits() {
    let attributes: String = (0..2_000).map(|n| format!(" a{n}=''")).collect();
    check_stop(format!("<EventList{attributes}/>"), "limit");
    let namespaces: String = (0..300).map(|n| format!(" xmlns:a{n}='u'")).collect();
    check_stop(format!("<EventList{namespaces}/>"), "limit");
    check_stop(document(1, &format!("<ObjectEvent><x:a>{}", "<b>".repeat(100_000))), "limit");
    check_stop(format!("<EventList><{}/>", "a".repeat(100_000)), "limit");
    check_stop("<EventList>\0</EventList>", "not-well-formed");
    let small = Limits { part_bytes: 200_000, ..Limits::default() };
    let event = format!("<ObjectEvent>{HEAD}{EPCS}{TAIL}</ObjectEvent>");
    let long = format!("<EventList>{event}<ObjectEvent><action>{}", "x".repeat(2_000_000));
    let outcome = read_within(long, small);
    assert_eq!((outcome.events.len(), outcome.stopped.unwrap().fault.rule), (1, "limit"));
    let many = format!("<EventList>{event}<ObjectEvent><x:a xmlns:x='u'>{}", "<b/>".repeat(20_000));
    assert_eq!(read_within(many, small).stopped.unwrap().fault.rule, "limit");
    let whole = read_within(format!("<EventList>{}</EventList>", event.repeat(5_000)), small);
    assert_eq!((whole.events.len(), whole.stopped), (5_000, None));
}

#[test]
fn reads_the_same_across_every_window_edge() {
    let event = format!(
        "<ObjectEvent>{HEAD}{EPCS}{TAIL}<bizTransactionList><bizTransaction type=\"urn:epcglobal:cbv:btt:po\">a\
         </bizTransaction></bizTransactionList></ObjectEvent>"
    );
    let expected = check(&document(1, &event), &[]).events;
    for shift in (0..event.len()).step_by(9) {
        let blanks = " ".repeat((128 << 10) - 250 - shift);
        let outcome = read(document(1, &format!("{blanks}{event}")));
        assert_eq!((&outcome.events, &outcome.stopped), (&expected, &None), "{shift}");
    }
}
