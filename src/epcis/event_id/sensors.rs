//! Sensor data in the order of the hash (CBV 2.0 §8.9.2).

use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorReport;
use crate::epcis::SensorValue;
use crate::epcis::event_id::assembly::Assembly;
use crate::epcis::event_id::elements;
use crate::epcis::event_id::values;

/// Writes `sensorElementList`.
pub(super) fn write(sensors: &[SensorElement], out: &mut Assembly) {
    if sensors.is_empty() {
        return;
    }
    out.push("sensorElementList");
    let level = out.open();
    for sensor in sensors {
        out.part(|out| element(sensor, out));
    }
    out.close(level);
}

fn element(sensor: &SensorElement, out: &mut Assembly) {
    out.push("sensorElement");
    if let Some(metadata) = &sensor.metadata
        && !(metadata.values.is_empty() && metadata.extensions.is_empty())
    {
        out.push("sensorMetadata");
        for field in SensorField::METADATA {
            write_field(field, metadata.value(field), out);
        }
        elements::write_sorted(&metadata.extensions, out);
    }
    let level = out.open();
    for report in &sensor.reports {
        out.part(|out| write_report(report, out));
    }
    out.close(level);
    elements::write_sorted(&sensor.extensions, out);
}

fn write_report(report: &SensorReport, out: &mut Assembly) {
    out.push("sensorReport");
    for field in SensorField::ALL {
        write_field(*field, report.value(*field), out);
    }
    elements::write_sorted(&report.extensions, out);
}

fn write_field(field: SensorField, value: Option<&SensorValue>, out: &mut Assembly) {
    let Some(value) = value else { return };
    out.push(field.name());
    out.push("=");
    match value {
        SensorValue::Text(text) => values::text(text, &mut out.text),
        SensorValue::Decimal(number) => values::decimal(number, &mut out.text),
        SensorValue::Time(time) => values::time(time, &mut out.text),
        SensorValue::Boolean(true) => out.push("true"),
        SensorValue::Boolean(false) => out.push("false"),
        SensorValue::Term(term) => values::term(term, &mut out.text),
    }
}
