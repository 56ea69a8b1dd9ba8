//! Series: serial numbers of one trade item, which stand in long rows in every document, read without the item they share.

use crate::gs1::Epc;
use crate::gs1::Malformed;
use crate::gs1::Scheme;
use crate::gs1::digital_link;
use crate::gs1::percent;
use crate::gs1::percent::Characters;
use crate::gs1::percent::Target;

const SGTIN: &str = "urn:epc:id:sgtin:";
const MOST_SERIAL: usize = 20;

/// The trade item of the SGTIN read last. What it tells of an identifier is what [`Epc::judge`] and
/// [`digital_link::write_canonical_for_hash`] tell, only sooner where the next is of the same item.
#[derive(Debug, Default)]
pub struct Series {
    /// The beginning that its URNs share, such as `urn:epc:id:sgtin:0614141.107346.`; empty where none was read.
    head: String,
    /// The beginning that their Digital Links share; empty where none was written.
    link: String,
}

impl Series {
    /// Takes a URI and tells its fault, as [`Epc::judge`] does.
    #[inline]
    pub fn judge(&mut self, uri: &str) -> (Epc, Option<Malformed>) {
        if self.serial(uri).is_some() {
            return (Epc::of(uri, Scheme::Sgtin), None);
        }
        let (epc, fault) = Epc::judge(uri);
        if fault.is_none()
            && let Some(head) = head(uri)
        {
            self.head.clear();
            self.head.push_str(head);
            self.link.clear();
        }
        (epc, fault)
    }

    /// Appends the Digital Link for an event hash, as [`digital_link::write_canonical_for_hash`] does.
    #[inline]
    pub fn write_canonical_for_hash(&mut self, uri: &str, out: &mut String) -> bool {
        if !self.link.is_empty()
            && let Some(serial) = self.serial(uri)
        {
            out.push_str(&self.link);
            percent::write(serial, Target::Path, out);
            return true;
        }
        let start = out.len();
        let written = digital_link::write_canonical_for_hash(uri, out);
        if written && let Some(head) = head(uri) {
            let link = out.get(start..).unwrap_or_default();
            let length = link.rfind('/').map_or(0, |at| at + 1);
            self.head.clear();
            self.head.push_str(head);
            self.link.clear();
            self.link.push_str(link.get(..length).unwrap_or_default());
        }
        written
    }

    /// The serial number of a sound SGTIN of the same item.
    #[inline]
    fn serial<'a>(&self, uri: &'a str) -> Option<&'a str> {
        if self.head.is_empty() {
            return None;
        }
        let serial = uri.strip_prefix(self.head.as_str())?;
        let sound = matches!(percent::measure(serial, Characters::Set82), Ok(1..=MOST_SERIAL));
        sound.then_some(serial)
    }
}

/// What stands before the serial number of a sound SGTIN.
fn head(uri: &str) -> Option<&str> {
    let mut dots = uri.strip_prefix(SGTIN)?.match_indices('.').map(|(at, _)| SGTIN.len() + at);
    uri.get(..=dots.nth(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever was read before, a series tells what is told of each identifier alone.
    fn check(uris: &[&str]) {
        let (mut judging, mut writing, mut both) = (Series::default(), Series::default(), Series::default());
        for uri in uris {
            let (epc, fault) = Epc::judge(uri);
            for series in [&mut judging, &mut both] {
                let (found, told) = series.judge(uri);
                assert_eq!((found.as_str(), found.scheme(), &told), (*uri, epc.scheme(), &fault), "{uri}");
            }
            let mut expected = String::from("x");
            let written = digital_link::write_canonical_for_hash(uri, &mut expected);
            for series in [&mut writing, &mut both] {
                let mut out = String::from("x");
                assert_eq!(series.write_canonical_for_hash(uri, &mut out), written, "{uri}");
                assert_eq!(out, expected, "{uri}");
            }
        }
    }

    #[test]
    fn a_series_tells_what_each_tells_alone() {
        check(&[
            "urn:epc:id:sgtin:0614141.107346.2017",
            "urn:epc:id:sgtin:0614141.107346.2018",
            "urn:epc:id:sgtin:0614141.107346.A.B(1)%2F",
            "urn:epc:id:sgtin:0614141.107346.%2f%2F",
            "urn:epc:id:sgtin:0614141.107346.12345678901234567890",
            "urn:epc:id:sgtin:0614141.107346.123456789012345678901",
            "urn:epc:id:sgtin:0614141.107346.",
            "urn:epc:id:sgtin:0614141.107346.a b",
            "urn:epc:id:sgtin:0614141.107346.%20",
            "urn:epc:id:sgtin:0614141.107346.ä",
            "urn:epc:id:sgtin:0614141.107346",
            "urn:epc:id:sgtin:0614141.107346.7",
            "urn:epc:id:sgtin:06141411.07346.7",
            "urn:epc:id:sgtin:0614141.07346.7",
            "urn:epc:id:sgtin:0614141.07346.8",
            "urn:epc:idpat:sgtin:0614141.107346.*",
            "urn:epc:id:sscc:0614141.1234567890",
            "urn:epc:id:sgtin:06141411.07346.8",
            "https://id.gs1.org/01/00614141123452/21/A%281%29",
            "urn:epc:id:sgtin:06141411.07346.9",
            "",
        ]);
    }

    #[test]
    fn the_item_is_what_stands_before_the_serial_number() {
        assert_eq!(head("urn:epc:id:sgtin:0614141.107346.2.0"), Some("urn:epc:id:sgtin:0614141.107346."));
        assert_eq!(head("urn:epc:id:sgtin:0614141.107346"), None);
        assert_eq!(head("urn:epc:id:sscc:0614141.1234567890"), None);
    }
}
