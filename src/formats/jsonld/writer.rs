//! Writing a JSON-LD document, event by event.

use std::io::Write;

use crate::epcis::DocumentKind;
use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::epcis::What;
use crate::formats::Loss;
use crate::formats::WriteError;
use crate::formats::WriteOptions;
use crate::formats::jsonld::losses::Losses;
use crate::formats::jsonld::names;
use crate::formats::jsonld::prefixes::Prefixes;
use crate::formats::jsonld::sink::Sink;
use crate::formats::jsonld::writer_event::EventWriter;
use crate::formats::jsonld::writer_header;
use crate::formats::jsonld::writer_header::Envelope;
use crate::formats::values::shown;

/// So many bytes are gathered before they go to the sink.
const BLOCK: usize = 64 << 10;

/// An EPCIS 2.0 JSON-LD document being written.
///
/// Nothing is written before the first event, as a document without a creation date takes the time of that.
pub struct Writer<W: Write> {
    sink: W,
    out: Sink,
    options: WriteOptions,
    prefixes: Prefixes,
    /// How many prefixes the document's own context declares.
    rooted: usize,
    losses: Losses,
    stage: Stage,
    events: u64,
}

enum Stage {
    /// Nothing was written.
    Pending(Box<Header>),
    /// The list of events of a document is open.
    Document(Envelope),
    /// An array of events is open.
    List,
    /// The only event was written.
    Single,
}

impl<W: Write> Writer<W> {
    /// Begins a document of the header's kind; master data alone becomes a document without events.
    pub fn begin(sink: W, header: &Header, options: WriteOptions) -> Result<Writer<W>, WriteError> {
        Ok(Writer {
            sink,
            out: Sink::new(options.pretty),
            options,
            prefixes: Prefixes::default(),
            rooted: 0,
            losses: Losses::default(),
            stage: Stage::Pending(Box::new(header.clone())),
            events: 0,
        })
    }

    /// Writes the next event. After a failure nothing of it is written.
    pub fn event(&mut self, event: &Event) -> Result<(), WriteError> {
        if let Stage::Pending(header) = &mut self.stage {
            let header = std::mem::take(header);
            self.open(&header, Some(event));
        }
        let mark = self.out.mark();
        let losses = self.losses.len();
        let written = self.write_event(event);
        self.prefixes.truncate(self.rooted);
        if let Err(error) = written {
            self.out.undo(mark);
            self.losses.truncate(losses);
            return Err(error);
        }
        self.events += 1;
        if self.out.bytes.len() >= BLOCK && !matches!(self.stage, Stage::Single) {
            self.flush()?;
        }
        Ok(())
    }

    /// Ends the document with the header as it stands now, and says what was lost.
    pub fn finish(mut self, header: &Header) -> Result<(W, Vec<Loss>), WriteError> {
        if matches!(self.stage, Stage::Pending(_)) {
            self.open(header, None);
        }
        match std::mem::replace(&mut self.stage, Stage::List) {
            Stage::Document(envelope) => {
                envelope.close(header, &mut self.out, &mut self.prefixes, &mut self.losses);
            }
            Stage::List => self.out.close(b']'),
            Stage::Single if self.events == 0 => self.out.raw("[]"),
            Stage::Single | Stage::Pending(_) => {}
        }
        self.out.raw("\n");
        self.flush()?;
        self.sink.flush()?;
        Ok((self.sink, self.losses.finish()))
    }

    /// Writes what stands before the events.
    fn open(&mut self, header: &Header, first: Option<&Event>) {
        self.stage = match header.kind {
            DocumentKind::Event => Stage::Single,
            DocumentKind::EventList => {
                self.out.open(b'[');
                Stage::List
            }
            _ => Stage::Document(Envelope::open(
                header,
                first.map(|event| &event.time),
                &mut self.out,
                &mut self.prefixes,
                &mut self.losses,
            )),
        };
        if !matches!(self.stage, Stage::Document(_)) {
            writer_header::tell_unwritten(header, &mut self.losses);
        }
        self.rooted = self.prefixes.len();
    }

    fn write_event(&mut self, event: &Event) -> Result<(), WriteError> {
        self.bind(event);
        match self.stage {
            Stage::Single if self.events == 1 => {
                self.out.bytes.insert(0, b'[');
                self.out.item();
            }
            Stage::Single => {}
            _ => self.out.item(),
        }
        self.out.open(b'{');
        self.write_context();
        let (options, index) = (&self.options, self.events);
        let (out, losses, prefixes) = (&mut self.out, &mut self.losses, &self.prefixes);
        EventWriter { out, options, prefixes, losses, index }.write(event)?;
        self.out.close(b'}');
        if matches!(self.stage, Stage::Single) && self.events == 1 {
            self.stage = Stage::List;
        }
        Ok(())
    }

    /// An event declares the prefixes that its document does not; without a document, GS1's context too.
    fn write_context(&mut self) {
        let declares = self.prefixes.has_declarations(self.rooted);
        match self.stage {
            Stage::Document(_) if !declares => {}
            Stage::Document(_) => {
                self.out.key("@context");
                self.prefixes.write_declarations(&mut self.out, self.rooted);
            }
            _ => {
                self.out.key("@context");
                self.out.open(b'[');
                self.out.item();
                self.out.string(names::GS1_CONTEXT);
                if declares {
                    self.out.item();
                    self.prefixes.write_declarations(&mut self.out, self.rooted);
                }
                self.out.close(b']');
            }
        }
    }

    fn bind(&mut self, event: &Event) {
        if let What::Other(name) = &event.what {
            self.prefixes.bind(&name.namespace, "");
        }
        self.bind_members(&event.extensions);
        self.bind_members(event.ilmd.as_deref().unwrap_or_default());
        for location in event.read_point.iter().chain(&event.biz_location) {
            self.bind_members(&location.extensions);
        }
        if let Some(declaration) = &event.error_declaration {
            self.bind_members(&declaration.extensions);
        }
        for element in &event.sensor_elements {
            self.bind_members(&element.extensions);
            if let Some(metadata) = &element.metadata {
                self.bind_members(&metadata.extensions);
            }
            for report in &element.reports {
                self.bind_members(&report.extensions);
            }
        }
    }

    /// Binds the prefixes of elements that become members of an object of EPCIS, whose keys must be URIs.
    fn bind_members(&mut self, elements: &[Element]) {
        self.prefixes.bind_all(elements);
        for Element { name, .. } in elements.iter().filter(|element| !element.name.local.is_ascii()) {
            let what = format!("the name {} makes no URI, which JSON-LD requires", shown(&name.local));
            self.losses.add(Some(self.events), || "extensions".to_owned(), what);
        }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.sink.write_all(&self.out.bytes)?;
        self.out.bytes.clear();
        Ok(())
    }
}
