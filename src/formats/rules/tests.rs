use super::*;
use crate::epcis::Action;
use crate::epcis::BizTransaction;
use crate::epcis::Decimal;
use crate::epcis::Element;
use crate::epcis::ErrorDeclaration;
use crate::epcis::EventTime;
use crate::epcis::Location;
use crate::epcis::Name;
use crate::epcis::PersistentDisposition;
use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorMetadata;
use crate::epcis::SensorReport;
use crate::epcis::SensorValue;
use crate::epcis::Term;
use crate::epcis::ZoneOffset;
use crate::epcis::vocabulary::StandardVocabulary;

const ITEM: &str = "urn:epc:id:sgtin:4012345.011122.25";
const LOT: &str = "urn:epc:class:lgtin:4012345.011111.4444";
const PLACE: &str = "urn:epc:id:sgln:4012345.00001.0";

fn time(text: &str) -> EventTime {
    EventTime::parse(text).unwrap()
}

fn event(what: What) -> Event {
    Event::new(time("2024-03-04T06:00:00Z"), ZoneOffset::UTC, what)
}

fn epcs(uris: &[&str]) -> Vec<Epc> {
    uris.iter().map(|uri| Epc::parse(uri)).collect()
}

fn quantity(class: &str, quantity: &str, uom: &str) -> Quantity {
    Quantity {
        epc_class: Epc::parse(class),
        quantity: Decimal::parse(quantity),
        uom: (!uom.is_empty()).then(|| uom.into()),
    }
}

fn object(action: Action, uris: &[&str], quantities: Vec<Quantity>) -> Event {
    event(What::Object { action, epcs: epcs(uris), quantities })
}

fn sound() -> Event {
    object(Action::Add, &[ITEM], vec![quantity(LOT, "2", "")])
}

fn changed(change: impl FnOnce(&mut Event)) -> Event {
    let mut event = sound();
    change(&mut event);
    event
}

fn aggregation(action: Action, parent: Option<&str>, children: &[&str]) -> Event {
    let parent = parent.map(Epc::parse);
    event(What::Aggregation { action, parent, children: epcs(children), quantities: Vec::new() })
}

fn association(parent: Option<&str>, children: &[&str]) -> Event {
    let parent = parent.map(Epc::parse);
    event(What::Association { action: Action::Add, parent, children: epcs(children), quantities: Vec::new() })
}

fn transformation(id: Option<&str>, inputs: &[&str], outputs: &[&str]) -> Event {
    event(What::Transformation {
        id: id.map(Into::into),
        input_epcs: epcs(inputs),
        input_quantities: Vec::new(),
        output_epcs: epcs(outputs),
        output_quantities: Vec::new(),
    })
}

fn transaction(action: Action, uris: &[&str], documents: &[&str]) -> Event {
    let mut event =
        event(What::Transaction { action, parent: None, epcs: epcs(uris), quantities: Vec::new() });
    event.biz_transactions =
        documents.iter().map(|id| BizTransaction { kind: None, id: (*id).into() }).collect();
    event
}

fn sensing(metadata: &[(SensorField, &str)], reports: &[&[(SensorField, &str)]]) -> Event {
    let values = |fields: &[(SensorField, &str)]| {
        let value = |text: &str| match EventTime::parse(text) {
            Ok(time) => SensorValue::Time(time),
            Err(_) => SensorValue::Text(text.into()),
        };
        fields.iter().map(|(field, text)| (*field, value(text))).collect()
    };
    let reports =
        reports.iter().map(|fields| SensorReport { values: values(fields), extensions: Vec::new() });
    let element = SensorElement {
        metadata: Some(SensorMetadata { values: values(metadata), extensions: Vec::new() }),
        reports: reports.collect(),
        extensions: Vec::new(),
    };
    changed(|event| event.sensor_elements.push(element))
}

fn lasting(set: &[&str], unset: &[&str]) -> Option<Box<PersistentDisposition>> {
    let terms = |words: &[&str]| {
        words.iter().map(|word| Term::parse(StandardVocabulary::Disposition, word)).collect()
    };
    Some(Box::new(PersistentDisposition { set: terms(set), unset: terms(unset) }))
}

fn declared(reason: &str, corrective: &[&str]) -> Event {
    changed(|event| {
        event.error_declaration = Some(Box::new(ErrorDeclaration {
            declaration_time: time("2024-03-05T06:00:00Z"),
            reason: Some(Term::parse(StandardVocabulary::ErrorReason, reason)),
            corrective_event_ids: corrective.iter().map(|id| (*id).into()).collect(),
            extensions: Vec::new(),
        }));
    })
}

fn breaches(event: &Event) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    check(event, &mut |breach| found.push((breach.fault.rule, breach.field)));
    found
}

fn assert_broken(event: &Event, rule: &'static str, field: &'static str) {
    assert_eq!(breaches(event), [(rule, field)]);
}

fn assert_sound(event: &Event) {
    assert_eq!(breaches(event), []);
}

#[test]
fn object_events() {
    assert_sound(&sound());
    assert_broken(&object(Action::Observe, &[], vec![]), "object-event-objects", "epcList");
    let sensor = |place: Option<Location>| {
        let mut event = sensing(&[], &[&[(SensorField::Kind, "Temperature")]]);
        event.what = What::Object { action: Action::Observe, epcs: vec![], quantities: vec![] };
        event.biz_location = place;
        event
    };
    assert_broken(&sensor(None), "sensor-event-place", "readPoint");
    assert_sound(&sensor(Some(Location { id: Epc::parse(PLACE), extensions: Vec::new() })));
}

#[test]
fn instance_and_lot_master_data() {
    let with_ilmd = |action| {
        let mut event = object(action, &[ITEM], vec![]);
        event.ilmd =
            Some(vec![Element::with_text(Name::new("urn:epcglobal:cbv:mda", "lotNumber"), "x", "7")]);
        event
    };
    assert_sound(&with_ilmd(Action::Add));
    assert_broken(&with_ilmd(Action::Observe), "ilmd-action", "ilmd");
    assert_sound(&changed(|event| event.ilmd = Some(Vec::new())));
}

#[test]
fn parents_and_children() {
    assert_sound(&aggregation(Action::Add, Some(ITEM), &[ITEM]));
    assert_sound(&aggregation(Action::Delete, Some(ITEM), &[]));
    assert_sound(&aggregation(Action::Observe, None, &[ITEM]));
    assert_broken(&aggregation(Action::Delete, None, &[ITEM]), "parent", "parentID");
    assert_broken(&aggregation(Action::Add, Some(ITEM), &[]), "children", "childEPCs");
    assert_broken(&aggregation(Action::Add, Some(PLACE), &[ITEM]), "parent-location", "parentID");
    assert_sound(&association(Some(PLACE), &[ITEM]));
    assert_broken(&association(None, &[ITEM]), "parent", "parentID");
    assert_broken(&association(Some(PLACE), &[]), "children", "childEPCs");
}

#[test]
fn transactions() {
    assert_sound(&transaction(Action::Delete, &[], &["urn:x:1"]));
    assert_broken(&transaction(Action::Add, &[], &["urn:x:1"]), "transaction-event-objects", "epcList");
    assert_broken(&transaction(Action::Add, &[ITEM], &[]), "business-transaction", "bizTransactionList");
}

#[test]
fn transformations() {
    let rule = "transformation-inputs-outputs";
    assert_sound(&transformation(None, &[ITEM], &[ITEM]));
    assert_sound(&transformation(Some("urn:x:1"), &[], &[ITEM]));
    assert_broken(&transformation(None, &[], &[ITEM]), rule, "inputEPCList");
    assert_broken(&transformation(None, &[ITEM], &[]), rule, "outputEPCList");
    assert_broken(&transformation(Some("urn:x:1"), &[], &[]), rule, "inputEPCList");
}

#[test]
fn identifiers_of_objects() {
    assert_broken(&object(Action::Add, &["5900000818"], vec![]), "identifier-uri", "epcList");
    assert_sound(&object(Action::Add, &["https://example.com/things/1"], vec![]));
    assert_broken(&object(Action::Add, &[LOT], vec![]), "instance-identifier", "epcList");
    let pattern = "urn:epc:idpat:sgtin:4012345.*.*";
    assert_broken(&aggregation(Action::Add, Some(pattern), &[ITEM]), "instance-identifier", "parentID");
    assert_broken(
        &object(Action::Add, &[], vec![quantity(ITEM, "1", "")]),
        "class-identifier",
        "quantityList",
    );
    assert_sound(&object(Action::Add, &[], vec![quantity("urn:epc:idpat:sgtin:4012345.011122.*", "1", "")]));
}

#[test]
fn repeated_identifiers() {
    let other = "urn:epc:id:sgtin:4012345.011122.24";
    assert_broken(&object(Action::Add, &[ITEM, ITEM], vec![]), "repeated-epc", "epcList");
    assert_broken(&object(Action::Add, &[ITEM, other, ITEM], vec![]), "repeated-epc", "epcList");
    assert_sound(&object(Action::Add, &[ITEM, other], vec![]));
    assert_sound(&object(Action::Add, &[other, ITEM], vec![]));
}

#[test]
fn quantities() {
    let with = |amount, uom| object(Action::Add, &[], vec![quantity(LOT, amount, uom)]);
    assert_sound(&with("1.5", "KGM"));
    assert_sound(&with("15.0e1", ""));
    assert_sound(&with("-0", ""));
    assert_sound(&with("", ""));
    assert_broken(&with("-1", ""), "negative-quantity", "quantityList");
    assert_broken(&with("1.5", ""), "fractional-count", "quantityList");
    assert_broken(&with("", "KGM"), "unit-without-quantity", "quantityList");
    assert_broken(&with("1", "kilogram"), "unit-form", "quantityList");
    assert_broken(&with("1", "kg"), "unit-form", "quantityList");
}

#[test]
fn persistent_dispositions() {
    let field = "persistentDisposition";
    assert_sound(&changed(|event| event.persistent_disposition = lasting(&["active"], &["inactive"])));
    let empty = changed(|event| event.persistent_disposition = lasting(&[], &[]));
    assert_broken(&empty, "persistent-disposition-empty", field);
    let urn = "urn:epcglobal:cbv:disp:active";
    let repeated = changed(|event| event.persistent_disposition = lasting(&[], &["active", "inactive", urn]));
    assert_broken(&repeated, "persistent-disposition-repeated", field);
    let mut misplaced = association(Some(PLACE), &[ITEM]);
    misplaced.persistent_disposition = lasting(&["active"], &[]);
    assert_broken(&misplaced, "persistent-disposition-event", field);
}

#[test]
fn error_declarations() {
    assert_sound(&declared("did_not_occur", &[]));
    assert_sound(&declared("incorrect_data", &["urn:x:1"]));
    assert_broken(&declared("did_not_occur", &["urn:x:1"]), "corrective-events", "errorDeclaration");
}

#[test]
fn sensor_data() {
    let field = "sensorElementList";
    let kind = (SensorField::Kind, "Temperature");
    let early = "2024-03-04T05:00:00Z";
    let late = "2024-03-04T06:00:00.001Z";
    let earlier = "2024-03-04T04:00:00Z";
    assert_sound(&sensing(&[(SensorField::Time, early)], &[&[kind]]));
    assert_broken(&sensing(&[], &[]), "sensor-report", field);
    assert_broken(&sensing(&[], &[&[]]), "sensor-report-type", field);
    let both = [kind, (SensorField::Microorganism, "urn:x:1"), (SensorField::ChemicalSubstance, "urn:x:2")];
    assert_broken(&sensing(&[], &[&both]), "sensor-substance", field);
    let time = (SensorField::Time, early);
    assert_broken(&sensing(&[time], &[&[kind], &[kind, time]]), "sensor-field-twice", field);
    assert_broken(&sensing(&[], &[&[kind, (SensorField::Time, late)]]), "sensor-after-event", field);
    assert_broken(&sensing(&[(SensorField::EndTime, late)], &[&[kind]]), "sensor-after-event", field);
    let period = [(SensorField::StartTime, early), (SensorField::EndTime, earlier)];
    assert_broken(&sensing(&period, &[&[kind]]), "sensor-period", field);
}

#[test]
fn a_breach_says_how_bad_it_is_and_how_to_mend_it() {
    let mut found = Vec::new();
    let event = object(Action::Add, &[ITEM, ITEM], vec![quantity(LOT, "-1", "")]);
    check(&event, &mut |breach| found.push(breach.fault));
    let severities: Vec<_> = found.iter().map(|fault| (fault.rule, fault.severity)).collect();
    assert_eq!(severities, [("repeated-epc", Severity::Warning), ("negative-quantity", Severity::Error)]);
    assert_eq!(found[1].message, format!("“{LOT}”: the quantity -1 is negative"));
    assert!(found.iter().all(|fault| !fault.fix.is_empty() && !fault.fix.ends_with('.')));
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = ALL.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
}
