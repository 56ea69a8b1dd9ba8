//! The Standard Business Document Header of a document, judged against its schema (GS1 SBDH 1.3).

use crate::epcis::Element;
use crate::epcis::EventTime;
use crate::epcis::Sbdh;
use crate::epcis::TimeFault;
use crate::formats::Fault;
use crate::formats::values::shown;
use crate::formats::xml::extension;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;

const PARTS: [&str; 4] = ["HeaderVersion", "Sender", "Receiver", "DocumentIdentification"];

const IDENTIFICATION: [&str; 5] =
    ["Standard", "TypeVersion", "InstanceIdentifier", "Type", "CreationDateAndTime"];

/// Reads the header that the scanner began; `None` for a placeholder. What the schema asks for and is not there, is
/// told.
pub fn read(scan: &mut Scanner) -> Scan<Option<Sbdh>> {
    let place = scan.place();
    let path = scan.path.text();
    let sbdh = Sbdh(extension::element(scan)?);
    if sbdh.is_placeholder() {
        return Ok(None);
    }
    let mut tell = |inner: &str, message: String, fix: String| {
        let path = if inner.is_empty() { path.clone() } else { format!("{path}/{inner}") };
        scan.tell_at(Fault::warning("sbdh", message, fix), place, path);
    };
    let mut judge = |parent: &Element, inner: &str, parts: &[&str]| {
        for part in parts.iter().filter(|part| parent.child(part).is_none()) {
            let message = format!("{} has no {part}", parent.name.local);
            tell(inner, message, format!("add {part}"));
        }
    };
    judge(&sbdh.0, "", &PARTS);
    for role in ["Sender", "Receiver"] {
        if let Some(party) = sbdh.0.child(role) {
            judge(party, role, &["Identifier"]);
        }
    }
    if let Some(identification) = sbdh.0.child("DocumentIdentification") {
        judge(identification, "DocumentIdentification", &IDENTIFICATION);
        let date = identification.child("CreationDateAndTime").and_then(Element::text);
        if let Some(date) = date.map(str::trim).filter(|date| !is_date_time(date)) {
            let message = format!("the CreationDateAndTime {} is no date and time", shown(date));
            tell("DocumentIdentification", message, "write a time such as 2024-03-04T06:00:00Z".into());
        }
    }
    Ok(Some(sbdh))
}

/// True for a dateTime of XML Schema, which needs no zone.
fn is_date_time(text: &str) -> bool {
    matches!(EventTime::parse(text), Ok(_) | Err(TimeFault::NoZone))
}
