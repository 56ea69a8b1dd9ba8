//! The defects of a capture job as a JSON array, each an object with the names of [`CaptureDefect`]'s fields.

use serde_json::Map;
use serde_json::Value;

use crate::epcis::CaptureDefect;
use crate::formats::Defect;
use crate::formats::Severity;

/// The JSON of these defects.
pub(super) fn encode(defects: &[CaptureDefect]) -> Vec<u8> {
    Value::Array(defects.iter().map(object).collect()).to_string().into_bytes()
}

/// The defects that this JSON says; `None` where it is not ours.
pub(super) fn decode(json: &[u8]) -> Option<Vec<CaptureDefect>> {
    let Ok(Value::Array(defects)) = serde_json::from_slice(json) else { return None };
    defects.iter().map(|value| value.as_object().map(defect)).collect()
}

fn object(defect: &CaptureDefect) -> Value {
    let mut object = Map::new();
    for (name, text) in
        [("rule", &defect.rule), ("message", &defect.message), ("fix", &defect.fix), ("path", &defect.path)]
    {
        object.insert(name.to_owned(), Value::from(&**text));
    }
    object.insert("error".to_owned(), Value::from(defect.is_error));
    object.insert("line".to_owned(), Value::from(defect.line));
    object.insert("column".to_owned(), Value::from(defect.column));
    if let Some(event) = defect.event {
        object.insert("event".to_owned(), Value::from(event));
    }
    if let Some(epc) = &defect.epc {
        object.insert("epc".to_owned(), Value::from(&**epc));
    }
    Value::Object(object)
}

fn defect(object: &Map<String, Value>) -> CaptureDefect {
    let text =
        |name: &str| -> Box<str> { object.get(name).and_then(Value::as_str).unwrap_or_default().into() };
    let number = |name: &str| object.get(name).and_then(Value::as_u64);
    CaptureDefect {
        rule: text("rule"),
        is_error: object.get("error").and_then(Value::as_bool).unwrap_or(true),
        message: text("message"),
        fix: text("fix"),
        line: number("line").unwrap_or(0),
        column: number("column").unwrap_or(0),
        path: text("path"),
        event: number("event"),
        epc: object.contains_key("epc").then(|| text("epc")),
    }
}

impl From<&Defect> for CaptureDefect {
    fn from(defect: &Defect) -> CaptureDefect {
        let Defect { fault, place, path, event, epc } = defect;
        CaptureDefect {
            rule: fault.rule.into(),
            is_error: fault.severity == Severity::Error,
            message: fault.message.as_str().into(),
            fix: fault.fix.as_str().into(),
            line: place.line,
            column: place.column,
            path: path.as_str().into(),
            event: *event,
            epc: epc.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defects_come_back_as_they_were() {
        let full = CaptureDefect {
            rule: "event-id-conflict".into(),
            is_error: true,
            message: "says \"other\" things".into(),
            fix: "send it under another eventID".into(),
            line: 7,
            column: 13,
            path: "EPCISDocument/EPCISBody/EventList/ObjectEvent[2]".into(),
            event: Some(1),
            epc: Some("urn:epc:id:sscc:030001.0123456789".into()),
        };
        let warning = CaptureDefect { rule: "x".into(), ..CaptureDefect::default() };
        for defects in [vec![], vec![full, warning]] {
            assert_eq!(decode(&encode(&defects)), Some(defects));
        }
        assert_eq!(decode(b"{}"), None);
    }
}
