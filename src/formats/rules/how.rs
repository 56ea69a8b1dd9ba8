//! Rules of sensor data (EPCIS 2.0 §7.3.7).

use super::Finding;
use super::finding;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorReport;
use crate::epcis::SensorValue;

const FIELD: &str = "sensorElementList";

/// A `sensorElement` has a report.
pub(super) fn report(event: &Event) -> Option<Finding> {
    event.sensor_elements.iter().find(|element| element.reports.is_empty())?;
    finding(FIELD, "a sensorElement has no sensorReport")
}

/// A report says what was measured; the XML schema does not ask for it.
pub(super) fn kind(event: &Event) -> Option<Finding> {
    reports(event).find(|report| report.value(SensorField::Kind).is_none())?;
    finding(FIELD, "a sensorReport has no type")
}

/// A report is of a chemical substance or of a microorganism, not of both.
pub(super) fn substance(event: &Event) -> Option<Finding> {
    reports(event).find(|report| {
        report.value(SensorField::ChemicalSubstance).is_some()
            && report.value(SensorField::Microorganism).is_some()
    })?;
    finding(FIELD, "a sensorReport has both chemicalSubstance and microorganism")
}

/// What `sensorMetadata` says of all reports, no report says again.
pub(super) fn twice(event: &Event) -> Option<Finding> {
    let field = event.sensor_elements.iter().find_map(said_twice)?;
    finding(FIELD, format!("{} stands in sensorMetadata and in a sensorReport", field.name()))
}

fn said_twice(element: &SensorElement) -> Option<SensorField> {
    let metadata = element.metadata.as_ref()?;
    let fields = element.reports.iter().flat_map(|report| &report.values).map(|(field, _)| *field);
    fields.filter(|field| field.in_metadata()).find(|field| metadata.value(*field).is_some())
}

/// A period ends after it begins.
pub(super) fn period(event: &Event) -> Option<Finding> {
    let (start, end) = event.sensor_elements.iter().find_map(|element| {
        let start = time_of(element, SensorField::StartTime)?;
        let end = time_of(element, SensorField::EndTime)?;
        (end < start).then_some((start, end))
    })?;
    let message = format!("the sensor data ends at {} before it starts at {}", end.as_str(), start.as_str());
    finding(FIELD, message)
}

fn time_of(element: &SensorElement, field: SensorField) -> Option<&EventTime> {
    match element.metadata.as_ref()?.value(field)? {
        SensorValue::Time(time) => Some(time),
        _ => None,
    }
}

/// An event tells of what was measured before it.
pub(super) fn after(event: &Event) -> Option<Finding> {
    let values = event.sensor_elements.iter().flat_map(|element| {
        let of_reports = element.reports.iter().flat_map(|report| &report.values);
        element.metadata.iter().flat_map(|metadata| &metadata.values).chain(of_reports)
    });
    let times = values.filter_map(|(field, value)| match value {
        SensorValue::Time(time) => Some((field, time)),
        _ => None,
    });
    let (field, time) = times.into_iter().find(|(_, time)| **time > event.time)?;
    let message = format!("the sensor's {} {} is after the event", field.name(), time.as_str());
    finding(FIELD, message)
}

fn reports(event: &Event) -> impl Iterator<Item = &SensorReport> {
    event.sensor_elements.iter().flat_map(|element| &element.reports)
}
