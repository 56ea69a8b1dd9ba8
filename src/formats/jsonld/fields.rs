//! The fields of an event, read from JSON values.

use crate::epcis::BizTransaction;
use crate::epcis::Decimal;
use crate::epcis::Element;
use crate::epcis::ErrorDeclaration;
use crate::epcis::Location;
use crate::epcis::PersistentDisposition;
use crate::epcis::Quantity;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::formats::Fault;
use crate::formats::jsonld::extension::Elements;
use crate::formats::jsonld::frame::Frame;
use crate::formats::jsonld::frame::Path;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Member;
use crate::formats::jsonld::value::Value;
use crate::formats::values;
use crate::formats::values::Tolerant;
use crate::gs1::Epc;

pub(super) const BIZ_STEP: StandardVocabulary = StandardVocabulary::BizStep;
pub(super) const DISPOSITION: StandardVocabulary = StandardVocabulary::Disposition;

/// Reads a string by one of the functions of [`values`].
pub(super) fn read<T>(
    frame: &mut Frame<'_>,
    value: &Value<'_>,
    path: &Path<'_>,
    parse: impl Fn(&str) -> Result<Tolerant<T>, Fault>,
) -> Option<T> {
    let text = frame.text(value, path)?;
    frame.tolerant(parse(text), value.at, path)
}

/// Reads a URI.
pub(super) fn uri(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Option<Box<str>> {
    read(frame, value, path, |text| Ok(values::uri(text)))
}

/// Reads a word of a vocabulary; a word of one's own stays as sent, even where it has a declared prefix.
pub(super) fn term(
    frame: &mut Frame<'_>,
    value: &Value<'_>,
    path: &Path<'_>,
    vocabulary: StandardVocabulary,
) -> Option<Term> {
    read(frame, value, path, |text| values::term(vocabulary, text))
}

/// Reads an identifier.
pub(super) fn epc(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Option<Epc> {
    let text = frame.text(value, path)?;
    if frame.trusted {
        return Some(Epc::parse(text.trim()));
    }
    let (epc, fault) = values::epc(text, &mut frame.series);
    if let Some(fault) = fault {
        frame.tell_about(epc.as_str(), fault, value.at, path);
    }
    Some(epc)
}

/// Reads a list of identifiers.
pub(super) fn epcs(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<Epc> {
    let items = frame.items(value, path);
    let mut epcs = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        epcs.extend(epc(frame, item, &path.item(index)));
    }
    epcs
}

/// Reads a list of `quantityElement`.
pub(super) fn quantities(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<Quantity> {
    each(frame, value, path, |frame, members, path| {
        let mut class = None;
        let mut quantity = None;
        let mut uom = None;
        for Member { key, value, at } in members {
            let path = path.member(key);
            match &**key {
                "epcClass" => class = epc(frame, value, &path),
                "quantity" => quantity = number(frame, value, &path),
                "uom" => uom = frame.text(value, &path).map(Box::from),
                _ => frame.unknown_member(key, *at, &path),
            }
        }
        Some(Quantity {
            epc_class: class.or_else(|| missing(frame, members, "epcClass", path))?,
            quantity,
            uom,
        })
    })
}

/// Reads a number; one in quotes is taken with a warning.
pub(super) fn number(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Option<Decimal> {
    match &value.data {
        Data::Number(text) => {
            let read = values::decimal(text).map(|number| (number, None));
            frame.tolerant(read, value.at, path)
        }
        Data::String(text) => {
            let quoted =
                Fault::warning("member-type", "a number stands in quotes", "write it without quotes");
            let read = values::decimal(text).map(|number| (number, Some(quoted)));
            frame.tolerant(read, value.at, path)
        }
        _ => frame.wrong_type("a number", value, path),
    }
}

/// Reads `bizTransactionList`.
pub(super) fn biz_transactions(
    frame: &mut Frame<'_>,
    value: &Value<'_>,
    path: &Path<'_>,
) -> Vec<BizTransaction> {
    each(frame, value, path, |frame, members, path| {
        let mut kind = None;
        let mut id = None;
        for Member { key, value, at } in members {
            let path = path.member(key);
            match &**key {
                "type" => kind = term(frame, value, &path, StandardVocabulary::BizTransactionType),
                "bizTransaction" => id = uri(frame, value, &path),
                _ => frame.unknown_member(key, *at, &path),
            }
        }
        Some(BizTransaction { kind, id: id.or_else(|| missing(frame, members, "bizTransaction", path))? })
    })
}

/// Reads `sourceList` or `destinationList`, whose items hold the identifier in `field`.
pub(super) fn parties(
    frame: &mut Frame<'_>,
    value: &Value<'_>,
    path: &Path<'_>,
    field: &'static str,
) -> Vec<SourceDest> {
    each(frame, value, path, |frame, members, path| {
        let mut kind = None;
        let mut id = None;
        for Member { key, value, at } in members {
            let path = path.member(key);
            match &**key {
                "type" => kind = term(frame, value, &path, StandardVocabulary::SourceDestType),
                key if key == field => id = epc(frame, value, &path),
                _ => frame.unknown_member(key, *at, &path),
            }
        }
        let kind = kind.or_else(|| missing(frame, members, "type", path));
        let id = id.or_else(|| missing(frame, members, field, path));
        Some(SourceDest { kind: kind?, id: id? })
    })
}

/// Reads `readPoint` or `bizLocation`; a bare string is taken for its `id` with a warning.
pub(super) fn location(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Option<Location> {
    if matches!(value.data, Data::String(_)) {
        let fault =
            Fault::warning("member-type", "a string stands where an object is meant", "write {\"id\": …}");
        frame.tell(fault, value.at, path);
        return Some(Location { id: epc(frame, value, path)?, extensions: Vec::new() });
    }
    let members = object(frame, value, path)?;
    let mut id = None;
    let mut extensions = Elements::default();
    for member in members {
        match &*member.key {
            "id" => id = epc(frame, &member.value, &path.member("id")),
            _ => extensions.take(frame, member, path),
        }
    }
    let id = id.or_else(|| missing(frame, members, "id", path))?;
    Some(Location { id, extensions: extensions.finish() })
}

/// Reads `persistentDisposition`.
pub(super) fn persistent_disposition(
    frame: &mut Frame<'_>,
    value: &Value<'_>,
    path: &Path<'_>,
) -> Option<Box<PersistentDisposition>> {
    let mut read = PersistentDisposition::default();
    for Member { key, value, at } in object(frame, value, path)? {
        let path = path.member(key);
        match &**key {
            "set" => read.set = dispositions(frame, value, &path),
            "unset" => read.unset = dispositions(frame, value, &path),
            _ => frame.unknown_member(key, *at, &path),
        }
    }
    Some(Box::new(read))
}

fn dispositions(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<Term> {
    let items = frame.items(value, path).iter().enumerate();
    let lasting = |text: &str| Ok(values::persistent_disposition(text));
    items.filter_map(|(index, item)| read(frame, item, &path.item(index), lasting)).collect()
}

/// Reads `errorDeclaration`.
pub(super) fn error_declaration(
    frame: &mut Frame<'_>,
    value: &Value<'_>,
    path: &Path<'_>,
) -> Option<Box<ErrorDeclaration>> {
    let members = object(frame, value, path)?;
    let mut time = None;
    let mut reason = None;
    let mut corrective_event_ids = Vec::new();
    let mut extensions = Elements::default();
    for member in members {
        let Member { key, value, .. } = member;
        let inner = path.member(key);
        match &**key {
            "declarationTime" => time = read(frame, value, &inner, values::event_time),
            "reason" => reason = term(frame, value, &inner, StandardVocabulary::ErrorReason),
            "correctiveEventIDs" => {
                let items = frame.items(value, &inner).iter().enumerate();
                corrective_event_ids =
                    items.filter_map(|(index, item)| uri(frame, item, &inner.item(index))).collect();
            }
            _ => extensions.take(frame, member, path),
        }
    }
    let declaration_time = time.or_else(|| missing(frame, members, "declarationTime", path))?;
    let extensions = extensions.finish();
    Some(Box::new(ErrorDeclaration { declaration_time, reason, corrective_event_ids, extensions }))
}

/// Reads `certificationInfo`, a URI or an array of them.
pub(super) fn certificates(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<Box<str>> {
    match &value.data {
        Data::Array(items) => {
            let items = items.iter().enumerate();
            items.filter_map(|(index, item)| uri(frame, item, &path.item(index))).collect()
        }
        _ => uri(frame, value, path).into_iter().collect(),
    }
}

/// Reads `ilmd`.
pub(super) fn ilmd(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Option<Vec<Element>> {
    let mut elements = Elements::default();
    for member in object(frame, value, path)? {
        elements.take(frame, member, path);
    }
    Some(elements.finish())
}

/// Reads each object of a list.
pub(super) fn each<T>(
    frame: &mut Frame<'_>,
    value: &Value<'_>,
    path: &Path<'_>,
    read: impl Fn(&mut Frame<'_>, &[Member<'_>], &Path<'_>) -> Option<T>,
) -> Vec<T> {
    let items = frame.items(value, path);
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        if let Some(members) = object(frame, item, &path) {
            found.extend(read(frame, members, &path));
        }
    }
    found
}

/// The members of an object.
pub(super) fn object<'v, 'j>(
    frame: &mut Frame<'_>,
    value: &'v Value<'j>,
    path: &Path<'_>,
) -> Option<&'v [Member<'j>]> {
    match value.members() {
        Some(members) => Some(members),
        None => frame.wrong_type("an object", value, path),
    }
}

/// Tells that a member is missing, unless it is there and was refused.
pub(super) fn missing<T>(
    frame: &mut Frame<'_>,
    members: &[Member<'_>],
    field: &'static str,
    path: &Path<'_>,
) -> Option<T> {
    if !members.iter().any(|member| member.key == field) {
        let fault = Fault::error("required-field", format!("{field} is missing"), format!("add {field}"));
        let at = members.first().map_or(0, |member| member.at);
        frame.tell(fault, at, &path.member(field));
    }
    None
}
