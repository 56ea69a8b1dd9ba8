//! The writer of a document: head, events, tail.

use std::io::Write;

use crate::epcis::DocumentKind;
use crate::epcis::Event;
use crate::epcis::EventKind;
use crate::epcis::Header;
use crate::formats::Loss;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::xml::Version;
use crate::formats::xml::v1_2;
use crate::formats::xml::v2_0;
use crate::formats::xml::writer::Pen;

/// How many bytes are gathered before the sink gets them.
const FULL: usize = 64 << 10;

/// The creation date of a document that has neither one nor an event.
const NO_DATE: &str = "1970-01-01T00:00:00Z";

/// An XML document being written.
///
/// The schema requires a creation date. Where the header has none it is the SBDH's, else the time of the first event,
/// else 1970-01-01T00:00:00Z.
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: W,
    pen: Pen,
    /// The header as it stood at the beginning.
    header: Header,
    events: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a document of the header's kind. Nothing is written before the first event or the end.
    pub fn begin(
        version: Version,
        sink: W,
        header: &Header,
        options: WriteOptions,
    ) -> Result<Writer<W>, WriteError> {
        Ok(Writer { sink, pen: Pen::new(version, options), header: header.clone(), events: 0 })
    }

    /// Writes the next event. After a failure nothing of it is written.
    pub fn event(&mut self, event: &Event) -> Result<(), WriteError> {
        self.pen.output.event = Some(self.events);
        let full = match self.header.kind {
            DocumentKind::MasterData => Some("a master data document has no events"),
            DocumentKind::Event if self.events > 0 => Some("a bare event is alone; write a list instead"),
            _ => None,
        };
        if let Some(why) = full {
            self.pen.lose("", why);
            return Ok(());
        }
        let mark = self.pen.mark();
        // Nobody takes a root of an unknown name for an event.
        if self.header.kind == DocumentKind::Event && event.what.kind() == EventKind::Other {
            self.header.kind = DocumentKind::EventList;
        }
        if self.events == 0 {
            self.pen.output.event = None;
            let date = creation_date(&self.header, event.time.as_str());
            self.pen.head(&self.header, true, date);
            self.pen.output.event = Some(0);
        }
        let written = match self.pen.version {
            Version::V1_2 => v1_2::event(&mut self.pen, event),
            Version::V2_0 => v2_0::event(&mut self.pen, event),
        };
        if let Err(error) = written {
            self.pen.go_back(&mark);
            return Err(error);
        }
        self.events += 1;
        if self.pen.output.bytes.len() >= FULL {
            self.flush()?;
        }
        Ok(())
    }

    /// Ends the document with the header as it stands now, and says what was lost.
    pub fn finish(mut self, header: &Header) -> Result<(W, Vec<Loss>), WriteError> {
        self.pen.output.event = None;
        let of_same_kind;
        let header = if header.kind == self.header.kind {
            header
        } else {
            of_same_kind = Header { kind: self.header.kind, ..header.clone() };
            &of_same_kind
        };
        let with_events = self.events > 0;
        if with_events {
            self.lose_late_parts(header);
        } else {
            self.pen.head(header, false, creation_date(header, NO_DATE));
        }
        self.pen.tail(header, with_events);
        self.flush()?;
        self.sink.flush()?;
        Ok((self.sink, self.pen.output.take_losses()))
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.sink.write_all(&self.pen.output.bytes)?;
        self.pen.output.bytes.clear();
        Ok(())
    }

    /// What a JSON document says behind its events about its head, which is written by now.
    fn lose_late_parts(&mut self, now: &Header) {
        let before = &self.header;
        let late = [
            ("sbdh", before.sbdh != now.sbdh),
            ("masterData", before.master_data != now.master_data),
            ("elements", before.elements != now.elements),
            ("attributes", before.attributes != now.attributes),
            ("id", before.id != now.id),
            ("creationDate", before.creation_date != now.creation_date),
            ("queryResults", before.query_results != now.query_results),
        ];
        for (part, is_late) in late {
            if is_late {
                self.pen.lose(part, "it was known only behind the events, and XML writes it before them");
            }
        }
    }
}

fn creation_date<'a>(header: &'a Header, otherwise: &'a str) -> &'a str {
    header.sbdh.as_ref().and_then(|sbdh| sbdh.creation_date()).unwrap_or(otherwise)
}
