//! Reading a document of any form, event by event.

use std::io::SeekFrom;

use crate::epcis::Event;
use crate::epcis::Header;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Input;
use crate::formats::Place;
use crate::formats::Syntax;
use crate::formats::jsonld;
use crate::formats::xml;
use crate::formats::xml::Parts;

/// What a document may cost, so that a hostile one is refused in bounded time and memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How deep elements or members may nest.
    pub depth: usize,
    /// How many attributes, namespace declarations included, one element may have.
    pub attributes: usize,
    /// How many bytes one event, the header, or one name, text or tag may have.
    pub part_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: 100, attributes: 1_000, part_bytes: 32 << 20 }
    }
}

/// How to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// What the document may cost.
    pub limits: Limits,
    /// True for events that were judged when they were captured: the conditional rules and the form of identifiers are
    /// not judged again, so that what is stored reads back whatever rules come later.
    pub trusted: bool,
}

/// One event as read, or the place of one that was refused.
#[derive(Debug)]
pub struct Reading {
    /// Position in the document, from 0.
    pub index: u64,
    /// Where it begins.
    pub place: Place,
    /// The event; `None` where it was refused, and the defects say why.
    pub event: Option<Event>,
}

/// A document being read.
pub enum Reader {
    /// XML of any EPCIS version.
    Xml(Box<xml::Reader>),
    /// JSON-LD.
    JsonLd(Box<jsonld::Reader>),
}

impl Reader {
    /// Begins to read: tells the syntax by the first bytes and reads what stands before the events.
    ///
    /// Fails where nothing can be read: neither XML nor JSON, not well-formed, an unknown root, over a limit.
    pub fn open(
        mut input: Box<dyn Input>,
        options: ReadOptions,
        defects: &mut Defects,
    ) -> Result<Reader, Defect> {
        let mut head = [0; 512];
        let mut length = 0;
        let failed = |error: std::io::Error| unreadable(&error);
        while let Some(rest) = head.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match input.read(rest).map_err(failed)? {
                0 => break,
                more => length += more,
            }
        }
        input.seek(SeekFrom::Start(0)).map_err(failed)?;
        match Syntax::detect(head.get(..length).unwrap_or_default()) {
            Some(Syntax::Xml) => Ok(Reader::Xml(Box::new(xml::Reader::open(input, options, defects)?))),
            Some(Syntax::Json) => {
                Ok(Reader::JsonLd(Box::new(jsonld::Reader::open(input, options, defects)?)))
            }
            None => Err(Fault::error(
                "neither-xml-nor-json",
                "the document begins neither like XML nor like JSON",
                "send an EPCIS document as XML or JSON-LD",
            )
            .at(Place { line: 1, column: 1 }, "")),
        }
    }

    /// The header; what XML writes behind the events is in it once the end was read.
    pub fn header(&self) -> &Header {
        match self {
            Reader::Xml(reader) => reader.header(),
            Reader::JsonLd(reader) => reader.header(),
        }
    }

    /// Divides the document, given its bytes once more, into documents that several threads can read; `None` where only
    /// one can. To be called before any event is read.
    pub fn divide(&self, input: Box<dyn Input>) -> std::io::Result<Option<Parts>> {
        match self {
            Reader::Xml(reader) => reader.divide(input),
            Reader::JsonLd(_) => Ok(None),
        }
    }

    /// The next event; `None` at the end.
    ///
    /// Fails where nothing more can be read. Defects of the event itself go to `defects`.
    pub fn next_event(&mut self, defects: &mut Defects) -> Result<Option<Reading>, Defect> {
        match self {
            Reader::Xml(reader) => reader.next_event(defects),
            Reader::JsonLd(reader) => reader.next_event(defects),
        }
    }
}

/// The defect that an input cannot be read at all.
pub(crate) fn unreadable(error: &std::io::Error) -> Defect {
    Fault::error("unreadable", format!("the document cannot be read: {error}"), "send it again")
        .at(Place::default(), "")
}
