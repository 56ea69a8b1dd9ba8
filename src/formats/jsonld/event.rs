//! One event read: its members into a [`Draft`], in whatever order they stand.

use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::formats::Fault;
use crate::formats::draft::Draft;
use crate::formats::jsonld::extension::Elements;
use crate::formats::jsonld::fields;
use crate::formats::jsonld::frame::Frame;
use crate::formats::jsonld::frame::Path;
use crate::formats::jsonld::sensors;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Member;
use crate::formats::values;
use crate::formats::values::shown;

/// Reads an event from its members; `None` where it is refused, and the frame was told why.
pub(super) fn read(frame: &mut Frame<'_>, members: &[Member<'_>], draft: &mut Draft) -> Option<Event> {
    read_kind(frame, members, draft);
    let mut extensions = Elements::default();
    for member in members {
        let path = Path::Root.member(&member.key);
        if matches!(member.value.data, Data::Null) && is_word(frame, &member.key) {
            let fault =
                Fault::warning("null-member", "null stands for an absent value", "leave the member out");
            frame.tell(fault, member.at, &path);
        } else if draft.foreign.is_some() && is_of_objects(&member.key) {
            let message =
                format!("{} means nothing in an event type of another namespace", shown(&member.key));
            let fix = "say it in an event type of EPCIS, or in a member of your own namespace";
            frame.tell(Fault::warning("field-of-other-event", message, fix), member.at, &path);
            extensions.take_word(frame.context, member);
        } else if !read_common(frame, member, draft, &path) && !read_list(frame, member, draft, &path) {
            extensions.take(frame, member, &Path::Root);
        }
    }
    draft.extensions = extensions.finish();
    (draft.refused, draft.trusted) = (frame.refused, frame.trusted);
    draft.finish(&mut |breach| {
        let member = members.iter().find(|member| member.key == breach.field);
        let at = member.map_or(0, |member| member.at);
        let path = if breach.field.is_empty() { Path::Root } else { Path::Member(&Path::Root, breach.field) };
        frame.tell(breach.fault, at, &path)
    })
}

/// True for a word that names no extension.
fn is_word(frame: &Frame<'_>, key: &str) -> bool {
    !key.contains(':') && frame.context.expand(key).is_none()
}

/// True for a member that only the types of event of EPCIS have: what objects, and what became of them.
fn is_of_objects(key: &str) -> bool {
    matches!(
        key,
        "action"
            | "parentID"
            | "epcList"
            | "childEPCs"
            | "inputEPCList"
            | "outputEPCList"
            | "quantityList"
            | "childQuantityList"
            | "inputQuantityList"
            | "outputQuantityList"
            | "transformationID"
    )
}

fn read_kind(frame: &mut Frame<'_>, members: &[Member<'_>], draft: &mut Draft) {
    let path = Path::Root.member("type");
    let Some(member) = members.iter().find(|member| member.key == "type") else {
        let fault = Fault::error("required-field", "the event has no type", "add type, such as ObjectEvent");
        frame.tell(fault, 0, &path);
        return;
    };
    let Some(text) = frame.text(&member.value, &path) else { return };
    let word = text.strip_prefix("epcis:").unwrap_or(text);
    draft.kind = EventKind::parse(word);
    if draft.kind.is_some() {
        return;
    }
    match frame.context.expand(text).filter(|_| text.contains(':')) {
        Some(expanded) => draft.foreign = Some(expanded.name),
        None => {
            let message = format!("{} is no type of event", shown(text));
            let fix = "write one of the five types of EPCIS 2.0, or a URI of your own";
            frame.tell(Fault::error("event-type", message, fix), member.value.at, &path);
        }
    }
}

/// Reads a member that every type of event has. False where it is none.
fn read_common(frame: &mut Frame<'_>, member: &Member<'_>, draft: &mut Draft, path: &Path<'_>) -> bool {
    let value = &member.value;
    match &*member.key {
        "type" | "@context" => {}
        "eventTime" => draft.time = fields::read(frame, value, path, values::event_time),
        "recordTime" => draft.record_time = fields::read(frame, value, path, values::event_time),
        "eventTimeZoneOffset" => {
            draft.time_zone_offset = fields::read(frame, value, path, values::zone_offset);
        }
        "eventID" => draft.id = fields::uri(frame, value, path),
        "id" if draft.id.is_none() => {
            let fault = Fault::warning("member-name", "id stands for eventID", "write eventID");
            frame.tell(fault, member.at, path);
            draft.id = fields::uri(frame, value, path);
        }
        "errorDeclaration" => draft.error_declaration = fields::error_declaration(frame, value, path),
        "certificationInfo" => draft.certification_info = fields::certificates(frame, value, path),
        "action" => {
            draft.action = fields::read(frame, value, path, |text| Ok((values::action(text)?, None)));
        }
        "bizStep" => draft.biz_step = fields::term(frame, value, path, fields::BIZ_STEP),
        "disposition" => draft.disposition = fields::term(frame, value, path, fields::DISPOSITION),
        "persistentDisposition" => {
            draft.persistent_disposition = fields::persistent_disposition(frame, value, path);
        }
        "readPoint" => draft.read_point = fields::location(frame, value, path),
        "bizLocation" => draft.biz_location = fields::location(frame, value, path),
        "sensorElementList" => draft.sensor_elements = sensors::elements(frame, value, path),
        "ilmd" => draft.ilmd = fields::ilmd(frame, value, path),
        _ => return false,
    }
    true
}

/// Reads a member that names objects, transactions or parties. False where it is none.
fn read_list(frame: &mut Frame<'_>, member: &Member<'_>, draft: &mut Draft, path: &Path<'_>) -> bool {
    let value = &member.value;
    match &*member.key {
        "epcList" => draft.epcs = Some(fields::epcs(frame, value, path)),
        "childEPCs" => draft.children = Some(fields::epcs(frame, value, path)),
        "inputEPCList" => draft.input_epcs = Some(fields::epcs(frame, value, path)),
        "outputEPCList" => draft.output_epcs = Some(fields::epcs(frame, value, path)),
        "parentID" => draft.parent = fields::epc(frame, value, path),
        "transformationID" => draft.transformation_id = fields::uri(frame, value, path),
        "quantityList" => draft.quantities = Some(fields::quantities(frame, value, path)),
        "childQuantityList" => draft.child_quantities = Some(fields::quantities(frame, value, path)),
        "inputQuantityList" => draft.input_quantities = Some(fields::quantities(frame, value, path)),
        "outputQuantityList" => draft.output_quantities = Some(fields::quantities(frame, value, path)),
        "bizTransactionList" => draft.biz_transactions = fields::biz_transactions(frame, value, path),
        "sourceList" => draft.sources = fields::parties(frame, value, path, "source"),
        "destinationList" => draft.destinations = fields::parties(frame, value, path, "destination"),
        _ => return false,
    }
    true
}
