//! What one event names: trade items by their class, logistic units, and identifiers that are malformed.

use crate::epcis::Event;
use crate::epcis::What;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::gs1::Malformed;
use crate::gs1::Scheme;

/// Classes told apart in one event; an event of more is cut here, so that no list makes the search slow.
const MOST_CLASSES: usize = 64;

/// Malformed identifiers kept of one event.
const MOST_MALFORMED: usize = 200;

/// The longest serial number of a trade item (AI 21, GS1 General Specifications §3.5.2).
pub const LONGEST_SERIAL: usize = 20;

/// Everything one event names as its object, in bounded space however long its lists are.
#[derive(Debug, Default)]
pub struct Content<'a> {
    /// Trade items, one entry for each spelling of a class, in the order of the document.
    pub classes: Vec<Class<'a>>,
    /// The first logistic unit listed; a parent is none of them.
    pub logistic: Option<&'a Epc>,
    /// Identifiers that are malformed, and what is wrong with them.
    pub malformed: Vec<(&'a Epc, Malformed)>,
}

/// Serialised trade items of one class, spelt alike up to the serial number.
#[derive(Debug)]
pub struct Class<'a> {
    /// The trade item.
    pub gtin: Gtin,
    /// The first of them.
    pub first: &'a Epc,
    /// What stands before the serial number.
    pub prefix: &'a str,
    /// How many of them are listed.
    pub count: u64,
}

impl<'a> Content<'a> {
    /// Looks through every list of the event.
    pub fn of(event: &'a Event) -> Content<'a> {
        let mut content = Content::default();
        if let Some(parent) = event.what.parent() {
            content.add_parent(parent);
        }
        match &event.what {
            What::Transformation { input_epcs, output_epcs, .. } => {
                input_epcs.iter().chain(output_epcs).for_each(|epc| content.add(epc));
            }
            what => what.epcs().iter().for_each(|epc| content.add(epc)),
        }
        content
    }

    /// True where it names a serialised trade item.
    pub fn has_items(&self) -> bool {
        !self.classes.is_empty()
    }

    fn add(&mut self, epc: &'a Epc) {
        // Lists hold thousands of one class, so most need no more than a comparison of texts.
        if let Some(class) = self.classes.iter_mut().rev().find(|class| class.takes(epc)) {
            class.count += 1;
            return;
        }
        if let Some(malformed) = epc.fault() {
            if self.malformed.len() < MOST_MALFORMED {
                self.malformed.push((epc, malformed));
            }
            return;
        }
        match epc.scheme() {
            Some(Scheme::Sgtin) => self.add_item(epc),
            Some(Scheme::Sscc) => self.logistic = self.logistic.or(Some(epc)),
            _ => {}
        }
    }

    fn add_parent(&mut self, epc: &'a Epc) {
        match epc.fault() {
            Some(malformed) => self.malformed.push((epc, malformed)),
            None if epc.scheme() == Some(Scheme::Sgtin) => self.add_item(epc),
            None => {}
        }
    }

    fn add_item(&mut self, epc: &'a Epc) {
        let Some(gtin) = epc.gtin() else { return };
        let prefix = before_serial(epc.as_str());
        if let Some(class) = self.classes.iter_mut().find(|class| class.prefix == prefix) {
            class.count += 1;
        } else if self.classes.len() < MOST_CLASSES {
            self.classes.push(Class { gtin, first: epc, prefix, count: 1 });
        }
    }
}

impl Class<'_> {
    /// True for another item of this class whose serial number is plainly sound.
    fn takes(&self, epc: &Epc) -> bool {
        let plain = |serial: &str| {
            (1..=LONGEST_SERIAL).contains(&serial.len()) && serial.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        epc.as_str().strip_prefix(self.prefix).is_some_and(plain)
    }
}

/// The text of an SGTIN before its serial number; all of it where that is not found.
pub fn before_serial(uri: &str) -> &str {
    let end = match uri.strip_prefix("urn:epc:id:sgtin:") {
        Some(body) => {
            let dots = body.match_indices('.').nth(1);
            dots.map(|(at, _)| uri.len() - body.len() + at + 1)
        }
        None => ["/21/", "/ser/"].iter().find_map(|mark| uri.rfind(mark).map(|at| at + mark.len())),
    };
    end.and_then(|end| uri.get(..end)).unwrap_or(uri)
}

/// What the packaging levels of one product share: its GTIN without indicator and check digit.
pub fn family(gtin: &Gtin) -> &str {
    gtin.as_str().get(1..13).unwrap_or_default()
}

/// The indicator digit: 0 for the item that is sold, 1 to 8 for packages of it (GS1 General Specifications §4.2.2).
pub fn indicator(gtin: &Gtin) -> u8 {
    gtin.as_str().bytes().next().unwrap_or(b'0') - b'0'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Action;
    use crate::epcis::EventTime;
    use crate::epcis::ZoneOffset;

    #[test]
    fn tells_classes_and_malformed_identifiers() {
        let epcs: Vec<Epc> = [
            "urn:epc:id:sgtin:030001.0012345.1",
            "urn:epc:id:sgtin:030001.0012345.A%2F2",
            "urn:epc:id:sgtin:030001.00123457.3",
            "urn:epc:id:sgtin:030001.0012345.123456789012345678901",
            "https://id.gs1.org/01/10300010123452/21/4",
            "urn:epc:id:sscc:030001.41234567890",
            "urn:epc:id:sgtin:030001.0012345.5",
        ]
        .map(Epc::parse)
        .into();
        let what = What::Object { action: Action::Add, epcs, quantities: Vec::new() };
        let event = Event::new(EventTime::parse("2024-03-04T06:00:00Z").unwrap(), ZoneOffset::UTC, what);
        let content = Content::of(&event);
        let classes: Vec<_> = content.classes.iter().map(|c| (c.gtin.as_str(), c.count)).collect();
        assert_eq!(classes, [("00300010123455", 3), ("10300010123452", 1)]);
        assert_eq!(content.malformed.len(), 2);
        assert!(content.logistic.is_some());
        let gtin = content.classes[1].gtin;
        assert_eq!((family(&gtin), indicator(&gtin)), ("030001012345", 1));
    }
}
