//! Company prefixes that a document teaches: an EPC URN tells how long its prefix is, a Digital Link does not.

use std::collections::BTreeSet;

use crate::epcis::Event;
use crate::epcis::What;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;

/// A document with more of them is no shipment, and teaches nothing further.
const MOST: usize = 10_000;

/// The prefixes seen in the URNs of one document.
#[derive(Debug)]
pub(super) struct SeenPrefixes {
    known: CompanyPrefixes,
    seen: BTreeSet<Box<str>>,
    last: Box<str>,
}

impl SeenPrefixes {
    pub(super) fn new() -> SeenPrefixes {
        SeenPrefixes { known: CompanyPrefixes::builtin(), seen: BTreeSet::new(), last: "".into() }
    }

    /// Looks at every identifier of an event.
    pub(super) fn look(&mut self, event: &Event) {
        if let What::Transformation { input_epcs, output_epcs, .. } = &event.what {
            input_epcs.iter().chain(output_epcs).for_each(|epc| self.look_at(epc));
        }
        event.what.epcs().iter().chain(event.what.parent()).for_each(|epc| self.look_at(epc));
        event.what.quantities().iter().for_each(|quantity| self.look_at(&quantity.epc_class));
        let places = [&event.read_point, &event.biz_location];
        places.into_iter().flatten().for_each(|place| self.look_at(&place.id));
        event.sources.iter().chain(&event.destinations).for_each(|party| self.look_at(&party.id));
    }

    /// The prefixes seen, in order.
    pub(super) fn into_seen(self) -> Vec<Box<str>> {
        self.seen.into_iter().collect()
    }

    fn look_at(&mut self, epc: &Epc) {
        let Some(prefix) = prefix_of(epc.as_str()) else { return };
        if *self.last == *prefix || self.seen.len() >= MOST {
            return;
        }
        self.last = prefix.into();
        if self.known.learn(epc.as_str()) {
            self.seen.insert(prefix.into());
        }
    }
}

/// The company prefix where an EPC URN has it: `urn:epc:id:sgtin:0614141.…`, `urn:epc:class:lgtin:0614141.…`.
fn prefix_of(urn: &str) -> Option<&str> {
    let rest = urn.strip_prefix("urn:epc:id:").or_else(|| urn.strip_prefix("urn:epc:class:"))?;
    let (_, body) = rest.split_once(':')?;
    Some(body.split_once('.')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_urns_teach() {
        let mut prefixes = SeenPrefixes::new();
        for text in [
            "urn:epc:id:sgtin:0614141.107346.2017",
            "urn:epc:id:sgtin:0614141.107346.2018",
            "https://id.gs1.org/01/10614141073464/21/2019",
            "urn:epc:id:sscc:4012345.0000000001",
            "urn:epc:id:sgtin:0614x41.107346.2018",
            "urn:epc:class:lgtin:400001.1034567.L1",
            "urn:example:0614142.1",
        ] {
            prefixes.look_at(&Epc::parse(text));
        }
        let seen: Vec<String> = prefixes.into_seen().into_iter().map(String::from).collect();
        assert_eq!(seen, ["0614141", "400001", "4012345"]);
    }
}
