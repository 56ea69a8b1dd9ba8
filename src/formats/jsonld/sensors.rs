//! Sensor data read (EPCIS 2.0 §7.3.7).

use crate::epcis::FieldKind;
use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorMetadata;
use crate::epcis::SensorReport;
use crate::epcis::SensorValue;
use crate::formats::Fault;
use crate::formats::jsonld::extension::Elements;
use crate::formats::jsonld::fields;
use crate::formats::jsonld::frame::Frame;
use crate::formats::jsonld::frame::Path;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Member;
use crate::formats::jsonld::value::Value;
use crate::formats::values;

type Values = Vec<(SensorField, SensorValue)>;

/// Reads `sensorElementList`.
pub(super) fn elements(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Vec<SensorElement> {
    fields::each(frame, value, path, |frame, members, path| {
        let mut element = SensorElement::default();
        let mut extensions = Elements::default();
        for member in members {
            let inner = path.member(&member.key);
            match &*member.key {
                "type" | "@type" if member.value.string().is_some_and(is_sensor_element) => {}
                "sensorMetadata" => element.metadata = metadata(frame, &member.value, &inner),
                "sensorReport" => {
                    element.reports = fields::each(frame, &member.value, &inner, |frame, members, path| {
                        let (values, extensions) = read(frame, members, path, SensorField::in_report);
                        Some(SensorReport { values, extensions: extensions.finish() })
                    });
                }
                _ => extensions.take(frame, member, path),
            }
        }
        if element.reports.is_empty() {
            let fault = Fault::error("required-field", "sensorReport is missing", "add a sensorReport");
            let at = members.first().map_or(0, |member| member.at);
            frame.tell(fault, at, &path.member("sensorReport"));
        }
        element.extensions = extensions.finish();
        Some(element)
    })
}

/// The simple context needs the type said; ours does not.
fn is_sensor_element(kind: &str) -> bool {
    matches!(kind, "epcis:SensorElement" | "SensorElement")
}

fn metadata(frame: &mut Frame<'_>, value: &Value<'_>, path: &Path<'_>) -> Option<SensorMetadata> {
    let members = fields::object(frame, value, path)?;
    let (values, extensions) = read(frame, members, path, SensorField::in_metadata);
    Some(SensorMetadata { values, extensions: extensions.finish() })
}

fn read(
    frame: &mut Frame<'_>,
    members: &[Member<'_>],
    path: &Path<'_>,
    allowed: fn(SensorField) -> bool,
) -> (Values, Elements) {
    let mut found = Values::with_capacity(members.len());
    let mut extensions = Elements::default();
    for member in members {
        match SensorField::parse(&member.key).filter(|field| allowed(*field)) {
            Some(field) => {
                let read = sensor_value(frame, field, &member.value, &path.member(&member.key));
                found.extend(read.map(|value| (field, value)));
            }
            None => extensions.take(frame, member, path),
        }
    }
    (found, extensions)
}

fn sensor_value(
    frame: &mut Frame<'_>,
    field: SensorField,
    value: &Value<'_>,
    path: &Path<'_>,
) -> Option<SensorValue> {
    match (field.kind(), &value.data) {
        (FieldKind::Decimal, _) => fields::number(frame, value, path).map(SensorValue::Decimal),
        (FieldKind::Boolean, Data::Boolean(flag)) => Some(SensorValue::Boolean(*flag)),
        (FieldKind::Term(vocabulary), _) => {
            fields::term(frame, value, path, vocabulary).map(SensorValue::Term)
        }
        _ => fields::read(frame, value, path, |text| values::sensor_value(field, text)),
    }
}
