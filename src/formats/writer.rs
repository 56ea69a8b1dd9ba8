//! Writing a document in any form, event by event.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use thiserror::Error;

use crate::epcis::Event;
use crate::epcis::Header;
use crate::epcis::Term;
use crate::epcis::vocabulary::Spelling;
use crate::formats::Format;
use crate::formats::jsonld;
use crate::formats::xml;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;
use crate::gs1::Malformed;

/// How identifiers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EpcStyle {
    /// As they were sent.
    #[default]
    AsSent,
    /// As EPC URNs, for which the length of the company prefix must be known.
    Urn,
    /// As GS1 Digital Link URIs.
    DigitalLink,
}

/// How words of the Core Business Vocabulary are written in XML 2.0; 1.2 takes URNs alone, JSON bare words alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WordStyle {
    /// `urn:epcglobal:cbv:bizstep:shipping`.
    #[default]
    Urn,
    /// `https://ref.gs1.org/cbv/BizStep-shipping`.
    WebUri,
    /// As sent, where that form is legal in XML.
    AsSent,
}

/// How to write.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// How identifiers are written.
    pub epcs: EpcStyle,
    /// How CBV words are written in XML 2.0.
    pub words: WordStyle,
    /// With line breaks and indentation.
    pub pretty: bool,
    /// Known lengths of company prefixes, for [`EpcStyle::Urn`].
    pub prefixes: Arc<CompanyPrefixes>,
}

/// Something that the target form cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Position of the event in the document, from 0; `None` in the header.
    pub event: Option<u64>,
    /// Path in the model, such as `certificationInfo[1]`.
    pub path: String,
    /// What could not be written and why.
    pub what: String,
}

/// Why a document cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// An identifier cannot be put in the style asked for.
    #[error("{0}")]
    Identifier(Malformed),
    /// The target did not take the bytes.
    #[error("the document cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

/// A document being written.
pub enum Writer<W: Write> {
    /// XML 1.2 or 2.0.
    Xml(Box<xml::Writer<W>>),
    /// JSON-LD.
    JsonLd(Box<jsonld::Writer<W>>),
}

impl<W: Write> Writer<W> {
    /// Begins a document of the header's kind.
    pub fn begin(
        format: Format,
        sink: W,
        header: &Header,
        options: WriteOptions,
    ) -> Result<Writer<W>, WriteError> {
        Ok(match format {
            Format::Xml12 => {
                Writer::Xml(Box::new(xml::Writer::begin(xml::Version::V1_2, sink, header, options)?))
            }
            Format::Xml20 => {
                Writer::Xml(Box::new(xml::Writer::begin(xml::Version::V2_0, sink, header, options)?))
            }
            Format::JsonLd => Writer::JsonLd(Box::new(jsonld::Writer::begin(sink, header, options)?)),
        })
    }

    /// Writes the next event. After a failure nothing of it is written.
    pub fn event(&mut self, event: &Event) -> Result<(), WriteError> {
        match self {
            Writer::Xml(writer) => writer.event(event),
            Writer::JsonLd(writer) => writer.event(event),
        }
    }

    /// Ends the document with the header as it stands now, and says what was lost.
    pub fn finish(self, header: &Header) -> Result<(W, Vec<Loss>), WriteError> {
        match self {
            Writer::Xml(writer) => writer.finish(header),
            Writer::JsonLd(writer) => writer.finish(header),
        }
    }
}

impl WriteOptions {
    /// Identifiers as sent, CBV words as URNs, compact, with the built-in company prefixes.
    pub fn new() -> WriteOptions {
        WriteOptions {
            epcs: EpcStyle::default(),
            words: WordStyle::default(),
            pretty: false,
            prefixes: Arc::new(CompanyPrefixes::builtin()),
        }
    }

    /// An identifier in the style asked for; a URI that is no GS1 identifier stays as sent.
    pub fn epc<'a>(&self, epc: &'a Epc) -> Result<Cow<'a, str>, WriteError> {
        if self.epcs == EpcStyle::AsSent || epc.scheme().is_none() {
            return Ok(Cow::Borrowed(epc.as_str()));
        }
        let translated =
            if self.epcs == EpcStyle::Urn { epc.to_urn(&self.prefixes) } else { epc.to_digital_link() };
        translated.map(Cow::Owned).map_err(WriteError::Identifier)
    }

    /// A CBV word as XML of this version takes it.
    pub fn word<'a>(&self, term: &'a Term, version: xml::Version) -> Cow<'a, str> {
        match (version, self.words, term.spelling()) {
            (xml::Version::V1_2, _, _) | (_, WordStyle::Urn, _) => term.spelt(Spelling::Urn),
            (_, WordStyle::WebUri, _) => term.spelt(Spelling::WebUri),
            (_, WordStyle::AsSent, Spelling::Bare) => term.spelt(Spelling::Urn),
            (_, WordStyle::AsSent, _) => term.as_sent(),
        }
    }
}

impl Default for WriteOptions {
    fn default() -> WriteOptions {
        WriteOptions::new()
    }
}
