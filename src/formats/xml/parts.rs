//! A document divided into documents, each with some of its events, so that several threads can read it.
//!
//! Every part has the start tags that stood open before the first event, whole events, and the end tags. Where events end
//! is told by their end tags alone. One of them in a comment, or in an event within an event, leaves something open in the
//! part before it, which therefore is not well-formed. So as long as every part reads, the parts are what the document
//! says; where one does not read, the document is to be read in one piece, which also tells what is wrong and where.

use std::io;
use std::io::Read;
use std::io::SeekFrom;

use crate::formats::Input;

/// Bytes of a part, about: few enough to be at hand in a cache, many enough that the beginning costs nothing.
const PART: usize = 192 << 10;

/// The end tags behind which a document is divided: of the events that both versions have directly in their list.
const ENDS: [&[u8]; 3] = [b"</ObjectEvent", b"</AggregationEvent", b"</TransactionEvent"];

/// The parts of a document, one after the other.
pub struct Parts {
    input: Box<dyn Input>,
    head: String,
    tail: String,
    /// The beginning of the next part.
    rest: Vec<u8>,
    most: usize,
    ended: bool,
}

impl Parts {
    /// The parts of a document whose first event begins at this offset, within elements of these start tags.
    pub fn new(
        mut input: Box<dyn Input>,
        first: u64,
        starts: &[String],
        part_bytes: usize,
    ) -> io::Result<Parts> {
        input.seek(SeekFrom::Start(first))?;
        let mut tail = String::new();
        for start in starts.iter().rev() {
            let inside = start.trim_start_matches('<').trim_end_matches('>');
            let name = inside.split_ascii_whitespace().next().unwrap_or_default();
            tail.extend(["</", name, ">"]);
        }
        let most = part_bytes.saturating_add(PART);
        Ok(Parts { input, head: starts.concat(), tail, rest: Vec::new(), most, ended: false })
    }

    /// The next part, a document of its own; `None` behind the last.
    ///
    /// Fails where the input does, and where one event is longer than a part of a document may be.
    pub fn next_part(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.ended {
            return Ok(None);
        }
        let mut part = Vec::with_capacity(self.head.len() + self.rest.len() + PART + self.tail.len());
        part.extend_from_slice(self.head.as_bytes());
        part.append(&mut self.rest);
        loop {
            let read = self.input.by_ref().take(PART as u64).read_to_end(&mut part)?;
            if read < PART {
                self.ended = true;
                return Ok(Some(part));
            }
            let events = part.get(self.head.len()..).unwrap_or_default();
            if let Some(end) = last_end(events) {
                let end = self.head.len() + end;
                self.rest.extend_from_slice(part.get(end..).unwrap_or_default());
                part.truncate(end);
                part.extend_from_slice(self.tail.as_bytes());
                return Ok(Some(part));
            }
            if part.len() > self.most {
                return Err(io::Error::other("one event has too many bytes"));
            }
        }
    }
}

/// Where the last event ends in these bytes.
fn last_end(bytes: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b'>', bytes)
        .find(|at| bytes.get(..*at).is_some_and(|before| ENDS.iter().any(|end| before.ends_with(end))))
        .map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::io::Cursor;

    use super::*;
    use crate::formats::Defects;
    use crate::formats::ReadOptions;
    use crate::formats::Reader;

    const ROOT: &str =
        "<e:EPCISDocument xmlns:e=\"urn:epcglobal:epcis:xsd:1\" xmlns:x='urn:x' schemaVersion=\"1.2\">";

    /// A document of so many events, with something odd behind its 3,000th.
    fn document(events: usize, odd: &str) -> Vec<u8> {
        let mut text = format!("\u{feff}<?xml version=\"1.0\"?><!-- head -->{ROOT}<EPCISBody><EventList>\n");
        for number in 0..events {
            let _ = writeln!(
                text,
                "<ObjectEvent><eventTime>2024-03-04T06:00:00Z</eventTime>\
                 <eventTimeZoneOffset>-05:00</eventTimeZoneOffset><epcList>\
                 <epc>urn:epc:id:sgtin:0614141.107346.{number}</epc></epcList><action>OBSERVE</action>\
                 <x:note>{number}</x:note></ObjectEvent>"
            );
            if number == 2_999 {
                text.push_str(odd);
            }
        }
        text.push_str("</EventList></EPCISBody></e:EPCISDocument>\n");
        text.into_bytes()
    }

    fn open(document: &[u8]) -> Reader {
        let input = Box::new(Cursor::new(document.to_vec()));
        Reader::open(input, ReadOptions::default(), &mut Defects::default()).unwrap()
    }

    /// The events of a document read in one piece; `None` where reading fails.
    fn events(document: &[u8]) -> Option<Vec<String>> {
        let (mut reader, mut defects) = (open(document), Defects::default());
        let mut events = Vec::new();
        loop {
            match reader.next_event(&mut defects) {
                Ok(Some(reading)) => events.push(format!("{:?}", reading.event)),
                Ok(None) => return Some(events),
                Err(_) => return None,
            }
        }
    }

    fn parts(document: &[u8]) -> Vec<Vec<u8>> {
        let mut parts = open(document).divide(Box::new(Cursor::new(document.to_vec()))).unwrap().unwrap();
        std::iter::from_fn(|| parts.next_part().unwrap()).collect()
    }

    #[test]
    fn parts_have_the_events_of_the_document() {
        for (count, least) in [(1, 1), (4_000, 3)] {
            let document = document(count, "<!-- between --> ");
            let parts = parts(&document);
            let together: Vec<String> = parts.iter().flat_map(|part| events(part).unwrap()).collect();
            assert_eq!(together, events(&document).unwrap());
            assert!(parts.len() >= least, "{}", parts.len());
        }
    }

    #[test]
    fn a_part_that_ends_in_the_wrong_place_does_not_read() {
        let filling = "<a>b</a>".repeat(PART / 4);
        let inner = "<ObjectEvent></ObjectEvent>";
        for odd in [
            format!("<!-- {inner} {filling} -->"),
            format!("<ObjectEvent><x:y><![CDATA[{inner}{filling}]]></x:y></ObjectEvent>"),
            format!("<ObjectEvent><x:y><e><EventList>{inner}{filling}</EventList></e></x:y></ObjectEvent>"),
            format!("<ObjectEvent>{inner}{filling}</ObjectEvent>"),
        ] {
            let document = document(3_000, &odd);
            assert!(parts(&document).iter().any(|part| events(part).is_none()), "{}", &odd[..60]);
        }
    }

    #[test]
    fn only_lists_of_events_are_divided() {
        let divided = |document: &str| {
            let input = Box::new(Cursor::new(document.as_bytes().to_vec()));
            open(document.as_bytes()).divide(input).unwrap().is_some()
        };
        let body = |inside: &str| format!("{ROOT}<EPCISBody>{inside}</EPCISBody></e:EPCISDocument>");
        assert!(divided(&body("<EventList><ObjectEvent/></EventList>")));
        assert!(!divided(&body("<EventList></EventList>")));
        assert!(!divided(&body("<EventList><extension><ObjectEvent/></extension></EventList>")));
        assert!(!divided("<ObjectEvent/>"));
    }
}
