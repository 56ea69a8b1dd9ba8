//! Sensor data: each value an attribute (EPCIS 2.0 §7.3.7).

use std::borrow::Cow;

use crate::epcis::Element;
use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorValue;
use crate::epcis::Term;
use crate::epcis::vocabulary::Spelling;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::formats::xml::writer::Pen;
use crate::formats::xml::writer::extension::is_local;

impl Pen {
    /// Writes `sensorElementList`, unless it is empty.
    pub(super) fn sensor_elements(&mut self, elements: &[SensorElement]) {
        if elements.is_empty() {
            return;
        }
        self.open("sensorElementList");
        for SensorElement { metadata, reports, extensions } in elements {
            self.open("sensorElement");
            if let Some(metadata) = metadata {
                self.sensor_values("sensorMetadata", &metadata.values, &metadata.extensions);
            }
            for report in reports {
                self.sensor_values("sensorReport", &report.values, &report.extensions);
            }
            self.extensions(extensions);
            self.close("sensorElement");
        }
        self.close("sensorElementList");
    }

    fn sensor_values(&mut self, name: &str, values: &[(SensorField, SensorValue)], extensions: &[Element]) {
        let scope = self.scope.mark();
        self.output.tag(name);
        for (field, value) in values {
            self.output.attribute(field.name(), &spelt(value));
        }
        for (index, extension) in extensions.iter().enumerate() {
            let earlier = extensions.get(..index).unwrap_or_default();
            if let Err(why) = attribute_text(extension, earlier) {
                self.lose(format!("{name}/{}", extension.name.local), why);
            } else if let Some(text) = extension.text() {
                self.qualified_attribute(&extension.name, text);
            }
        }
        self.output.tag_end_empty();
        self.scope.go_back(scope);
    }
}

/// Whether an extension can be an attribute, which is all that XML has for it here.
fn attribute_text(extension: &Element, earlier: &[Element]) -> Result<(), &'static str> {
    if extension.text().is_none() || !extension.attributes.is_empty() {
        return Err("XML has only an attribute for it, which holds no more than text");
    }
    if earlier.iter().any(|earlier| earlier.name == extension.name) {
        return Err("XML has only an attribute for it, which cannot be repeated");
    }
    if is_local(extension) && SensorField::parse(&extension.name.local).is_some() {
        return Err("XML has an attribute of this name for something else");
    }
    Ok(())
}

fn spelt(value: &SensorValue) -> Cow<'_, str> {
    match value {
        SensorValue::Text(text) => Cow::Borrowed(text),
        SensorValue::Decimal(number) => Cow::Borrowed(number.as_str()),
        SensorValue::Time(time) => Cow::Borrowed(time.as_str()),
        SensorValue::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        SensorValue::Term(term) => spelt_term(term),
    }
}

/// CBV defines no URN for these words. Alerts go bare, as everybody writes them; one not listed must stay a URI.
fn spelt_term(term: &Term) -> Cow<'_, str> {
    if term.vocabulary() == StandardVocabulary::SensorAlert && term.is_listed() {
        term.spelt(Spelling::Bare)
    } else {
        term.spelt(Spelling::Curie)
    }
}
