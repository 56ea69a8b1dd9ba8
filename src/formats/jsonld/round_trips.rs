//! Tests: what was written reads back equal, and hostile documents are refused.

use std::io::Cursor;

use crate::epcis::Action;
use crate::epcis::Attribute;
use crate::epcis::DocumentKind;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::epcis::Hint;
use crate::epcis::MasterDataAttribute;
use crate::epcis::Name;
use crate::epcis::Node;
use crate::epcis::Sbdh;
use crate::epcis::Vocabulary;
use crate::epcis::VocabularyElement;
use crate::epcis::What;
use crate::epcis::ZoneOffset;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::EpcStyle;
use crate::formats::Loss;
use crate::formats::Place;
use crate::formats::ReadOptions;
use crate::formats::WriteOptions;
use crate::formats::jsonld::Reader;
use crate::formats::jsonld::Writer;
use crate::gs1::Epc;

type Read = (Header, Vec<Option<Event>>);

fn read(text: &str) -> (Result<Read, Defect>, Defects) {
    read_bytes(text.as_bytes())
}

fn read_bytes(bytes: &[u8]) -> (Result<Read, Defect>, Defects) {
    let mut defects = Defects::default();
    let result = read_into(bytes, &mut defects);
    (result, defects)
}

fn read_into(bytes: &[u8], defects: &mut Defects) -> Result<Read, Defect> {
    let mut reader = Reader::open(Box::new(Cursor::new(bytes.to_vec())), ReadOptions::default(), defects)?;
    let mut events = Vec::new();
    while let Some(reading) = reader.next_event(defects)? {
        assert_eq!(reading.index, events.len() as u64);
        events.push(reading.event);
    }
    assert!(reader.next_event(defects)?.is_none());
    Ok((reader.header().clone(), events))
}

fn write(header: &Header, events: &[Event]) -> (String, Vec<Loss>) {
    let mut writer = Writer::begin(Vec::new(), header, WriteOptions::new()).unwrap();
    for event in events {
        writer.event(event).unwrap();
    }
    let (bytes, losses) = writer.finish(header).unwrap();
    (String::from_utf8(bytes).unwrap().trim_end().to_owned(), losses)
}

fn document() -> Header {
    Header { schema_version: "2.0".into(), creation_date: "2024-03-05T18:00:00Z".into(), ..Header::default() }
}

fn event() -> Event {
    let time = EventTime::parse("2024-03-04T06:00:00.000Z").unwrap();
    let epcs = vec![Epc::parse("urn:epc:id:sgtin:0614141.107346.2017")];
    let what = What::Object { action: Action::Add, epcs, quantities: Vec::new() };
    Event::new(time, ZoneOffset::parse("-05:00").unwrap(), what)
}

/// Writes and reads a document, which must come back equal, and gives its text.
fn check(header: &Header, events: &[Event]) -> String {
    let (text, losses) = write(header, events);
    assert_eq!(losses, []);
    let (result, defects) = read(&text);
    let (again, found) = result.unwrap_or_else(|defect| panic!("{defect}\n{text}"));
    assert_eq!(defects.errors(), 0, "{:?}\n{text}", defects.kept());
    assert_eq!(&again, header, "{text}");
    let found: Vec<Event> = found.into_iter().flatten().collect();
    assert_eq!(found, events, "{text}");
    text
}

fn name(local: &str) -> Name {
    Name::new("http://ex.com/a", local)
}

fn element(local: &str, children: Vec<Node>) -> Element {
    let name = if local.starts_with('_') { Name::new("", local) } else { name(local) };
    let mut element = Element::new(name, "ex");
    element.children = children;
    element
}

fn text(text: &str) -> Node {
    Node::Text(text.into())
}

fn json(text: &str) -> Node {
    Node::Json(text.into())
}

fn leaf(local: &str) -> Element {
    element(local, vec![text(local)])
}

fn hinted(local: &str, children: Vec<Node>, hint: Hint) -> Element {
    Element { hint, ..element(local, children) }
}

fn attributed(attributes: &[(&str, &str)], children: Vec<Node>) -> Element {
    let attribute = |(key, value): &(&str, &str)| {
        let name = match key.split_once('|') {
            Some((namespace, local)) => Name::new(namespace, local),
            None => Name::new("", *key),
        };
        Attribute { name, value: (*value).into() }
    };
    Element { attributes: attributes.iter().map(attribute).collect(), ..element("a", children) }
}

fn nodes(elements: Vec<Element>) -> Vec<Node> {
    elements.into_iter().map(Node::Element).collect()
}

/// Trees that JSON has no plain form for, and some that it has.
fn nasty() -> Vec<Element> {
    let order = |names: &[&str]| nodes(names.iter().map(|name| leaf(name)).collect());
    vec![
        element("empty", vec![]),
        element("empty-text", vec![text("")]),
        element("two-texts", vec![text("a"), text("b")]),
        element("mixed", vec![text("a "), Node::Element(leaf("b")), text("\u{1} \"c\" \\")]),
        element("repeat", order(&["x", "x", "x"])),
        element("turns", order(&["x", "y", "x", "_z", "y", "_z"])),
        element("local", order(&["_x", "y", "_x"])),
        element("many", order(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "a"])),
        attributed(&[("id", "1"), ("type", "t")], vec![text("x")]),
        attributed(&[("type", "@json"), ("value", "5")], vec![]),
        attributed(&[("a", "1"), ("context", "c"), ("http://b/|b", "2")], nodes(vec![leaf("c")])),
        attributed(&[("http://www.w3.org/2001/XMLSchema-instance|type", "xsd:int")], vec![text("5")]),
        attributed(&[("http://www.w3.org/XML/1998/namespace|lang", "de")], vec![text("")]),
        attributed(&[("x", "1")], vec![text("a"), Node::Element(leaf("b"))]),
        attributed(&[("x", "1")], vec![json("[[1]]")]),
        element("json", vec![json("[[1,2],[]]")]),
        element("json-object", vec![json("{\"1 x\":{\"@list\":[]}}")]),
        element("plain-json", vec![json("{\"_a\":5}")]),
        element("number-json", vec![json("5")]),
        element("json-beside", vec![json("5"), text("a"), json("[]")]),
        hinted("in-array", vec![json("[[1]]")], Hint::OnlyInArray),
        hinted("number", vec![text("-12.50e3")], Hint::Number),
        hinted("no-number", vec![text("0x1")], Hint::Number),
        hinted("blank-number", vec![text(" 1")], Hint::Number),
        hinted("boolean", vec![text("true")], Hint::Boolean),
        hinted("null", vec![], Hint::Null),
        hinted("only", vec![text("a")], Hint::OnlyInArray),
        hinted("only-object", nodes(vec![leaf("b")]), Hint::OnlyInArray),
        hinted("array", vec![], Hint::EmptyArray),
        hinted("object", vec![], Hint::EmptyObject),
        hinted("wrong", vec![text("x")], Hint::EmptyArray),
        element(
            "inner",
            nodes(vec![
                hinted("x", vec![], Hint::EmptyArray),
                hinted("x", vec![text("1")], Hint::OnlyInArray),
                hinted("x", vec![], Hint::Null),
                element("x", vec![json("[[1]]")]),
                element("x", vec![json("{\"@set\":1}")]),
            ]),
        ),
    ]
}

#[test]
fn nasty_trees_come_back_equal() {
    for element in nasty() {
        let mut event = event();
        event.extensions = vec![element.clone()];
        check(&document(), &[event.clone()]);
        event.extensions = vec![element.clone(), leaf("m"), element, leaf("_l"), leaf("m"), leaf("_l")];
        event.ilmd = Some(nasty());
        check(&document(), &[event]);
    }
}

#[test]
fn elements_keep_their_order_at_every_level() {
    let mut event = event();
    event.extensions = ["_x", "a", "b", "a", "_y", "_x", "c"].map(leaf).to_vec();
    event.read_point = Some(crate::epcis::Location {
        id: Epc::parse("urn:epc:id:sgln:0614141.00777.0"),
        extensions: ["b", "_a", "b"].map(leaf).to_vec(),
    });
    let text = check(&document(), &[event.clone()]);
    assert!(text.contains(r#""urn:epcgate:carried:order":[0,2,3,2,1,0,4]"#), "{text}");
    event.extensions = ["a", "b", "_x"].map(leaf).to_vec();
    event.read_point = None;
    let text = check(&document(), &[event]);
    assert!(text.contains(r#""ex:a":"a","ex:b":"b","urn:epcgate:carried:local":{"_x":"_x"}}"#), "{text}");
}

#[test]
fn event_types_of_others_keep_their_namespace() {
    for namespace in ["http://ex.com/a", "http://ex.com/a/", "urn:x:"] {
        let mut event = event();
        event.what = What::Other(Name::new(namespace, "Recall"));
        check(&document(), &[event]);
    }
}

#[test]
fn master_data_of_cbv_is_named_as_gs1_names_it() {
    let mut event = event();
    let lot = |namespace: &str| Element::with_text(Name::new(namespace, "lotNumber"), "cbvmda", "A1");
    event.ilmd = Some(vec![lot("urn:epcglobal:cbv:mda"), lot("urn:epcglobal:cbv:mda:")]);
    event.extensions = vec![Element::with_text(Name::new("hc:", "x"), "", "1")];
    let text = check(&document(), &[event]);
    assert!(text.contains(r#""cbvmda:lotNumber":["A1","A1"]"#), "{text}");
    assert!(text.contains(r#""hc:x":"1""#), "{text}");
}

fn full_header() -> Header {
    let mut header = document();
    header.id = Some("urn:uuid:7394ef33-5835-4a35-9dae-82c1a0ad4151".into());
    header.elements = nasty();
    header.elements.push(leaf("_local"));
    header.document_elements = nasty();
    header.body_elements = vec![leaf("b"), leaf("_b"), leaf("b")];
    header.attributes = vec![Attribute { name: name("version"), value: "1".into() }];
    let attribute = |id: &str, content: Vec<Node>| MasterDataAttribute {
        id: format!("urn:epcglobal:cbv:mda#{id}").into(),
        attributes: Vec::new(),
        content,
    };
    let mut typed = attribute("typed", vec![text("5")]);
    typed.attributes =
        attributed(&[("http://www.w3.org/2001/XMLSchema-instance|type", "x")], vec![]).attributes;
    header.master_data = vec![Vocabulary {
        kind: "urn:epcglobal:epcis:vtype:EPCClass".into(),
        elements: vec![VocabularyElement {
            id: "urn:epc:idpat:sgtin:0614141.107346.*".into(),
            attributes: vec![
                attribute("name", vec![text("Epcivane")]),
                attribute("name", vec![text("twice")]),
                attribute("none", vec![]),
                attribute("mixed", vec![text("a"), Node::Element(leaf("b")), text("c")]),
                attribute("json", vec![json("[1]")]),
                typed,
            ],
            children: vec!["urn:epc:id:sgln:0614141.00777.0".into()],
            extensions: vec![leaf("x"), leaf("_y")],
        }],
        extensions: vec![leaf("z")],
    }];
    header
}

#[test]
fn headers_come_back_equal() {
    let mut header = full_header();
    check(&header, &[event()]);
    header.sbdh =
        Some(Sbdh::from_parts("urn:epc:id:sgln:0614141.00777.0", "x y", "42", &header.creation_date));
    let text = check(&header, &[event()]);
    assert!(text.contains(
        r#""sender":"urn:epc:id:sgln:0614141.00777.0","receiver":"x y","instanceIdentifier":"42""#
    ));
    header.sbdh = Some(Sbdh::from_parts("", "", "", &header.creation_date));
    check(&header, &[]);
    header.sbdh = Some(Sbdh::from_parts("a", "b", "c", "2020-01-01T00:00:00"));
    let text = check(&header, &[event(), event()]);
    assert!(text.contains("sbdh:StandardBusinessDocumentHeader") && !text.contains("\"sender\""), "{text}");
}

#[test]
fn query_documents_come_back_equal() {
    let mut header = full_header();
    header.kind = DocumentKind::QueryDocument;
    header.sbdh = Some(Sbdh::from_parts("a", "b", "c", &header.creation_date));
    header.query_results = Some(crate::epcis::QueryResultsHead {
        query_name: "SimpleEventQuery".into(),
        subscription_id: Some("s1".into()),
    });
    let text = check(&header, &[event(), event()]);
    assert!(!text.contains("epcisHeader") && text.contains("urn:epcgate:carried:header"), "{text}");
    header.schema_version = "".into();
    header.creation_date = "".into();
    check(&header, &[]);
}

#[test]
fn events_without_envelope_come_back_equal() {
    let mut own = event();
    own.extensions = nasty();
    let header = Header { kind: DocumentKind::Event, ..Header::default() };
    let text = check(&header, &[own.clone()]);
    assert!(
        text.starts_with(
            r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"#
        )
    );
    let list = Header { kind: DocumentKind::EventList, ..Header::default() };
    check(&list, &[]);
    check(&list, &[own.clone(), event(), own.clone()]);
    let (text, _) = write(&header, &[own.clone(), event(), own]);
    let (result, _) = read(&text);
    assert_eq!(result.unwrap().1.len(), 3);
    assert_eq!(write(&header, &[]).0, "[]");
}

#[test]
fn what_stands_behind_the_events_is_written_at_the_end() {
    let (first, last) = (document(), full_header());
    let last = Header { elements: vec![], master_data: vec![], attributes: vec![], id: None, ..last };
    let mut writer = Writer::begin(Vec::new(), &first, WriteOptions::new()).unwrap();
    writer.event(&event()).unwrap();
    let (bytes, losses) = writer.finish(&last).unwrap();
    assert_eq!(losses, []);
    let (result, defects) = read_bytes(&bytes);
    assert_eq!(result.unwrap().0, last);
    assert_eq!(defects.kept(), []);
}

#[test]
fn losses_are_told() {
    let mut event = event();
    event.id = Some("no uri".into());
    event.extensions = vec![leaf("größe")];
    let header = Header { kind: DocumentKind::MasterData, id: Some("_:1".into()), ..Header::default() };
    let (text, losses) = write(&header, &[event]);
    let paths: Vec<&str> = losses.iter().map(|loss| &*loss.path).collect();
    assert_eq!(paths, ["id", "kind", "extensions", "eventID"]);
    assert_eq!(losses[2].event, Some(0));
    assert!(text.contains(r#""creationDate":"2024-03-04T06:00:00.000Z""#), "{text}");
    let header = Header { kind: DocumentKind::Event, ..document() };
    assert_eq!(write(&header, &[]).1.len(), 2);
}

#[test]
fn a_failed_event_leaves_nothing() {
    let options = WriteOptions { epcs: EpcStyle::DigitalLink, ..WriteOptions::new() };
    let mut writer = Writer::begin(Vec::new(), &document(), options).unwrap();
    let mut bad = event();
    bad.id = Some("no uri".into());
    bad.extensions = nasty();
    bad.read_point = Some(crate::epcis::Location {
        id: Epc::parse("urn:epc:id:sgln:0614141.00777.\u{0}"),
        extensions: vec![],
    });
    assert!(writer.event(&bad).is_err());
    writer.event(&event()).unwrap();
    let (bytes, losses) = writer.finish(&document()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(losses, []);
    assert!(text.contains(r#"[{"type":"ObjectEvent","eventTime""#) && text.contains("/01/"), "{text}");
}

const HEAD: &str = r#""@context": ["https://ref.gs1.org/standards/epcis/epcis-context.jsonld", {"ex": "http://ex.com/a"}],
 "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2024-03-05T18:00:00Z""#;
const EVENT: &str = r#"{"type": "ObjectEvent", "eventTime": "2024-03-04T06:00:00.000Z", "eventTimeZoneOffset": "-05:00",
 "action": "ADD", "epcList": ["urn:epc:id:sgtin:0614141.107346.2017"]}"#;

#[test]
fn members_come_in_any_order() {
    let event = EVENT.replace("\"type\"", "\"ex:note\": [1, \"x\"], \"type\"");
    let body = format!("\"epcisBody\": {{\"ex:b\": 1, \"eventList\": [{event}]}}");
    let (front, back) = (format!("{{{HEAD}, {body}}}"), format!("\u{feff}{{{body}, {HEAD}}}"));
    let (first, second) = (read(&front).0.unwrap(), read(&back).0.unwrap());
    assert_eq!(first, second);
    let own = first.1[0].as_ref().unwrap();
    assert_eq!(own.extensions.len(), 2);
    assert_eq!(own.extensions[0].name, name("note"));
    assert_eq!(own.extensions[0].hint, Hint::Number);
    assert_eq!(first.0.body_elements[0].name, name("b"));
}

#[test]
fn events_may_bring_their_own_context() {
    let own = EVENT
        .replace("\"type\"", r#""@context": {"ex": "urn:y:", "z": "urn:z:"}, "ex:a": 1, "z:a": 2, "type""#);
    let plain = EVENT.replace("\"type\"", "\"ex:a\": 1, \"type\"");
    let text = format!("{{{HEAD}, \"epcisBody\": {{\"eventList\": [{own}, {plain}]}}}}");
    let (_, events) = read(&text).0.unwrap();
    let names = |index: usize| -> Vec<Name> {
        events[index].iter().flat_map(|event| &event.extensions).map(|element| element.name.clone()).collect()
    };
    assert_eq!(names(0), [Name::new("urn:y:", "a"), Name::new("urn:z:", "a")]);
    assert_eq!(names(1), [name("a")]);
}

#[test]
fn defects_have_their_place() {
    let bad = EVENT.replace("ADD", "CREATE").replace("\"epcList\"", "\"epclist\"");
    let twice = EVENT.replace("\"type\"", "\"action\": \"ADD\",\n \"type\"");
    let text = format!("{{{HEAD},\n \"epcisBody\": {{\"eventList\": [\n{EVENT},\n{bad},\n{twice}]}}}}");
    let (result, defects) = read(&text);
    let events = result.unwrap().1;
    assert_eq!(events.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
    let told: Vec<(&str, Place, &str)> =
        defects.kept().iter().map(|defect| (defect.fault.rule, defect.place, &*defect.path)).collect();
    let place = |line, column| Place { line, column };
    assert_eq!(told[0], ("action", place(7, 12), "$.epcisBody.eventList[1].action"));
    assert_eq!(told[1], ("unknown-member", place(7, 22), "$.epcisBody.eventList[1].epclist"));
    let duplicate = told.iter().find(|(rule, ..)| *rule == "duplicate-member").unwrap();
    assert_eq!(*duplicate, ("duplicate-member", place(10, 2), "$.epcisBody.eventList[2]"));
    assert!(defects.kept().iter().all(|defect| defect.event.is_some()));
}

fn check_refused(text: &str, rule: &str) {
    let (result, defects) = read(text);
    let told = match &result {
        Err(defect) => vec![defect.fault.rule],
        Ok(_) => {
            assert!(defects.errors() > 0, "{text}");
            defects.kept().iter().map(|defect| defect.fault.rule).collect()
        }
    };
    assert!(told.contains(&rule), "{told:?} {text}");
}

#[test]
fn hostile_documents_are_refused() {
    let within = |event: &str| format!("{{{HEAD}, \"epcisBody\": {{\"eventList\": [{event}]}}}}");
    let with = |member: &str| within(&EVENT.replace("\"type\"", &format!("{member}, \"type\"")));
    let whole = within(EVENT);
    for length in (0..whole.len()).filter(|length| whole.is_char_boundary(*length)) {
        check_refused(whole.get(..length).unwrap(), "truncated");
    }
    check_refused(&format!("{whole} x"), "not-json");
    check_refused(&format!("{whole}{whole}"), "not-json");
    check_refused(&format!("[{EVENT}] ["), "not-json");
    check_refused(&within(&format!("{EVENT} {EVENT}")), "not-json");
    check_refused(&within("[{]}"), "not-json");
    check_refused(&within("5"), "member-type");
    check_refused(&within(&format!("{{\"a\":{}", "[".repeat(100_000))), "too-deep");
    check_refused(&"[".repeat(100_000), "too-deep");
    check_refused(&"{\"a\":".repeat(100_000), "too-deep");
    check_refused(&with("\"ex:a\": \"\\ud800\""), "lone-surrogate");
    check_refused(
        &with("\"quantityList\": [{\"epcClass\": \"urn:x:y\", \"quantity\": 1e9999999}]"),
        "number",
    );
    check_refused(&with("\"epcList\": 5"), "duplicate-member");
    check_refused(&with("\"bizStep\": {}"), "member-type");
    check_refused(&with("\"bizStep\": \"foo\""), "vocabulary-word");
    check_refused(&with("\"readPoint\": {\"id\": 5}"), "member-type");
    check_refused(&with("\"readPoint\": {}"), "required-field");
    check_refused(&with("\"sourceList\": [{\"source\": \"urn:x:y\"}]"), "required-field");
    check_refused(&with("\"@id\": \"urn:x:y\""), "unknown-member");
    check_refused("{\"type\": \"EPCISDocument\"}", "required-field");
    check_refused("{}", "unknown-document");
    check_refused("{\"type\": \"EPCISDocument\", \"type\": \"x\", \"epcisBody\": []}", "duplicate-member");
    check_refused(&format!("{{{HEAD}, \"epcisBody\": {{\"eventList\": {{}}}}}}"), "member-type");
    assert_eq!(read_bytes(b"[{\"a\":\"\xff\"}]").0.unwrap_err().fault.rule, "not-utf-8");
}

#[test]
fn an_event_of_json_stays_as_it_was() {
    let members = concat!(
        r#""ex:a":5,"ex:b":true,"ex:c":null,"ex:d":["x"],"ex:e":[],"ex:f":{},"ex:g":[1,"2",{"h":"i"}],"#,
        r#""ex:j":[[1],[]],"ex:k":{"@id":"1","@type":"t","ex:l":"m"},"ex:n":{"@list":[1]},"#,
        r##""ex:o":{"@ex:p":"q","#text":1.50},"ex:r":{"#content":["s",{"ex:t":"u"}]},"ex:v":{"w x":1}"##
    );
    let text = format!("{{{HEAD}, \"epcisBody\": {{\"eventList\": [{}]}}}}", {
        EVENT.replace("\"type\"", &format!("{members},\"type\""))
    });
    let (header, events) = read(&text).0.unwrap();
    let events: Vec<Event> = events.into_iter().flatten().collect();
    let written = write(&header, &events).0;
    assert!(written.contains(members), "{written}");
}

#[test]
fn header_of_a_bare_string_key_is_kept() {
    let event = EVENT.replace("\"type\"", "\"https://ex.com/1/2\": {\"ex:a\": 1}, \"type\"");
    let (header, events) = read(&format!("[{event}]")).0.unwrap();
    let events: Vec<Event> = events.into_iter().flatten().collect();
    let json = r#"{"https://ex.com/1/2":{"ex:a":1}}"#;
    assert_eq!(events[0].extensions[0].children, [Node::Json(json.into())]);
    check(&header, &events);
}

#[test]
fn objects_of_a_foreign_event_are_kept_with_a_warning() {
    let text = r#"{"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"ex": "http://ex.com/a/"}], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2024-03-05T18:00:00Z", "epcisBody": {"eventList": [{"type": "ex:Recall",
        "eventTime": "2024-03-04T06:00:00.000Z", "eventTimeZoneOffset": "-05:00", "action": "ADD",
        "epcList": ["urn:epc:id:sgtin:0614141.107346.2017", "urn:epc:id:sgtin:0614141.107346.2018"],
        "quantityList": [{"epcClass": "urn:epc:idpat:sgtin:0614141.107346.*", "quantity": 5}],
        "bizStep": "shipping"}]}}"#;
    let (result, defects) = read(text);
    let (header, events) = result.unwrap();
    let rules: Vec<&str> = defects.kept().iter().map(|defect| defect.fault.rule).collect();
    assert_eq!(rules, ["field-of-other-event"; 3]);
    let event = events[0].clone().unwrap();
    let names: Vec<&str> = event.extensions.iter().map(|element| &*element.name.local).collect();
    assert_eq!(names, ["action", "epcList", "epcList", "quantityList"]);
    let again = check(&header, &[event]);
    assert!(again.contains("urn:epc:id:sgtin:0614141.107346.2018"), "{again}");
    assert!(again.contains("urn:epc:idpat:sgtin:0614141.107346.*"), "{again}");
}
