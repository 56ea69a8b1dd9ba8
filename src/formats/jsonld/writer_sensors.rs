//! Sensor data written (EPCIS 2.0 §7.3.7).

use crate::epcis::Element;
use crate::epcis::FieldKind;
use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorValue;
use crate::formats::jsonld::writer_event::EventWriter;

impl EventWriter<'_> {
    /// Writes `sensorElementList`.
    pub(super) fn sensor_elements(&mut self, elements: &[SensorElement]) {
        if elements.is_empty() {
            return;
        }
        self.out.key("sensorElementList");
        self.out.open(b'[');
        for (index, element) in elements.iter().enumerate() {
            self.out.item();
            self.sensor_element(element, index);
        }
        self.out.close(b']');
    }

    fn sensor_element(&mut self, element: &SensorElement, index: usize) {
        self.out.open(b'{');
        if let Some(metadata) = &element.metadata {
            self.out.key("sensorMetadata");
            self.sensor_object(&metadata.values, &metadata.extensions);
        }
        self.out.key("sensorReport");
        self.out.open(b'[');
        for (place, report) in element.reports.iter().enumerate() {
            if report.value(SensorField::Kind).is_none() {
                let path = || format!("sensorElementList[{index}].sensorReport[{place}].type");
                self.losses.add(Some(self.index), path, "a sensorReport has no type, which JSON-LD requires");
            }
            self.out.item();
            self.sensor_object(&report.values, &report.extensions);
        }
        self.out.close(b']');
        self.extensions().members(&element.extensions);
        self.out.close(b'}');
    }

    fn sensor_object(&mut self, values: &[(SensorField, SensorValue)], extensions: &[Element]) {
        self.out.open(b'{');
        for (field, value) in values {
            self.sensor_value(*field, value);
        }
        self.extensions().members(extensions);
        self.out.close(b'}');
    }

    fn sensor_value(&mut self, field: SensorField, value: &SensorValue) {
        match value {
            SensorValue::Text(text) if field.kind() == FieldKind::Uri => self.uri_member(field.name(), text),
            SensorValue::Text(text) => {
                self.out.member(field.name(), text);
            }
            SensorValue::Decimal(number) => {
                self.out.key(field.name());
                self.out.raw(&number.to_json());
            }
            SensorValue::Time(time) => {
                self.out.member(field.name(), time.as_str());
            }
            SensorValue::Boolean(flag) => {
                self.out.key(field.name());
                self.out.raw(if *flag { "true" } else { "false" });
            }
            SensorValue::Term(term) => self.optional_term(field.name(), Some(term)),
        }
    }
}
