//! Sensor data: elements whose values are attributes (EPCIS 2.0 §7.3.7).

use crate::epcis::Element;
use crate::epcis::SensorElement;
use crate::epcis::SensorField;
use crate::epcis::SensorMetadata;
use crate::epcis::SensorReport;
use crate::epcis::SensorValue;
use crate::formats::Fault;
use crate::formats::values;
use crate::formats::values::shown;
use crate::formats::xml::extension;
use crate::formats::xml::fields;
use crate::formats::xml::names::Tag;
use crate::formats::xml::names::XSI;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;

/// Reads a `sensorElementList`.
pub fn elements(scan: &mut Scanner) -> Scan<Vec<SensorElement>> {
    fields::list(scan, Tag::SensorElement, |scan| sensor_element(scan).map(Some))
}

fn sensor_element(scan: &mut Scanner) -> Scan<SensorElement> {
    scan.judge_attributes(&[])?;
    let mut element = SensorElement::default();
    let mut seen = 0;
    while let Some(tag) = scan.child()? {
        match tag {
            Tag::SensorMetadata if fields::repeated(scan, tag, &mut seen) => scan.skip()?,
            Tag::SensorMetadata => {
                let (values, extensions) = values(scan, SensorField::in_metadata)?;
                element.metadata = Some(SensorMetadata { values, extensions });
            }
            Tag::SensorReport => {
                let (values, extensions) = values(scan, SensorField::in_report)?;
                element.reports.push(SensorReport { values, extensions });
            }
            Tag::Extension => extension::push_children(scan, &mut element.extensions)?,
            _ => extension::push(scan, &mut element.extensions)?,
        }
    }
    Ok(element)
}

type Values = (Vec<(SensorField, SensorValue)>, Vec<Element>);

/// Reads the attributes of the element and passes over its end; what is no field of it is kept as an extension.
fn values(scan: &mut Scanner, allowed: fn(SensorField) -> bool) -> Scan<Values> {
    let (mut values, mut extensions) = (Vec::new(), Vec::new());
    for attribute in scan.foreign_attributes()? {
        if &*attribute.name.namespace == XSI {
            continue;
        }
        let own = attribute.name.is_local();
        match SensorField::parse(&attribute.name.local).filter(|field| own && allowed(*field)) {
            Some(field) => values.extend(value(scan, field, &attribute.value)),
            None => {
                if own {
                    let message =
                        format!("the attribute {} is not defined here", shown(&attribute.name.local));
                    let fix = "put attributes of your own in a namespace of your own";
                    scan.tell(Fault::warning("unknown-attribute", message, fix));
                }
                let prefix = scan.prefix_of(&attribute.name.namespace);
                extensions.push(Element::with_text(attribute.name, prefix, attribute.value));
            }
        }
    }
    while scan.child()?.is_some() {
        extension::push(scan, &mut extensions)?;
    }
    Ok((values, extensions))
}

fn value(scan: &mut Scanner, field: SensorField, text: &str) -> Option<(SensorField, SensorValue)> {
    let (value, fault) = match values::sensor_value(field, text) {
        Ok((value, fault)) => (Some((field, value)), fault),
        Err(fault) => (None, Some(fault)),
    };
    if let Some(mut fault) = fault {
        fault.message = format!("{}: {}", field.name(), fault.message);
        scan.tell(fault);
    }
    value
}
