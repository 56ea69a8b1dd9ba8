//! Reading a JSON-LD document, event by event, in memory for one event.

use std::sync::Arc;

use crate::epcis::DocumentKind;
use crate::epcis::Event;
use crate::epcis::Header;
use crate::epcis::one_spelling;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Input;
use crate::formats::Limits;
use crate::formats::ReadOptions;
use crate::formats::Reading;
use crate::formats::draft::Draft;
use crate::formats::jsonld::context::Context;
use crate::formats::jsonld::event;
use crate::formats::jsonld::frame::Frame;
use crate::formats::jsonld::frame::Path;
use crate::formats::jsonld::header;
use crate::formats::jsonld::piece::Piece;
use crate::formats::jsonld::scanner::Scanner;
use crate::formats::jsonld::survey;
use crate::formats::jsonld::survey::Level;
use crate::formats::jsonld::survey::List;
use crate::formats::jsonld::survey::Survey;
use crate::formats::jsonld::value::Value;

/// An EPCIS 2.0 JSON-LD document being read: a document, a query document, one event, or an array of events.
pub struct Reader {
    scanner: Scanner,
    limits: Limits,
    header: Header,
    context: Arc<Context>,
    draft: Draft,
    /// The path of the list of events; `$` for one event.
    path: &'static str,
    next: u64,
    state: State,
    /// What was wrong behind the events, told when they were read.
    late: Option<Defect>,
    trusted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the bracket of the list.
    Before,
    /// Behind an event of the list.
    Within,
    /// Before the only event.
    Only,
    /// Behind the last event.
    Behind,
}

impl Reader {
    /// Surveys the document and reads its header.
    pub fn open(
        input: Box<dyn Input>,
        options: ReadOptions,
        defects: &mut Defects,
    ) -> Result<Reader, Defect> {
        let limits = options.limits;
        let mut scanner = Scanner::new(input, limits);
        scanner.skip_mark()?;
        let first = scanner.need()?;
        let mut reader = Reader {
            header: Header::default(),
            context: Arc::new(Context::new()),
            draft: Draft::default(),
            path: "$",
            next: 0,
            state: State::Behind,
            late: None,
            trusted: options.trusted,
            limits,
            scanner,
        };
        if first == b'[' {
            reader.header.kind = DocumentKind::EventList;
            reader.state = State::Before;
            return Ok(reader);
        }
        reader.open_object(defects)?;
        Ok(reader)
    }

    fn open_object(&mut self, defects: &mut Defects) -> Result<(), Defect> {
        let root = (self.scanner.offset(), self.scanner.place());
        let mut survey = Survey::default();
        survey.root = Some(root);
        match survey.document(&mut self.scanner, self.limits) {
            Ok(()) => {}
            Err(defect) if survey.list.is_some() && survey.root_member("type").is_some() => {
                self.late = Some(defect);
            }
            Err(defect) => return Err(defect),
        }
        for defect in std::mem::take(&mut survey.duplicates) {
            defects.add(defect);
        }
        self.context = Arc::new(header::read_context(&survey, self.limits, defects)?);
        if is_bare_event(&survey) {
            self.header.kind = DocumentKind::Event;
            let declarations = self.context.declarations();
            self.header
                .namespaces
                .0
                .extend(declarations.map(|(prefix, uri)| (prefix.into(), one_spelling(uri).into())));
            self.state = State::Only;
            self.warn_without_context(&survey, defects);
            return self.scanner.seek(root.0, root.1);
        }
        self.header = header::read(&survey, &self.context, self.limits, defects)?;
        if let Some(List { level, offset, place }) = survey.list {
            self.path = level.list_path();
            self.state = State::Before;
            self.scanner.seek(offset, place)?;
        }
        Ok(())
    }

    fn warn_without_context(&self, survey: &Survey, defects: &mut Defects) {
        if survey.root_member("@context").is_none() {
            let place = survey.root.map(|(_, place)| place).unwrap_or_default();
            let fault = Fault::warning("required-field", "the event has no @context", "add GS1's context");
            defects.add(fault.at(place, "$.@context").in_event(0));
        }
    }

    /// The header, complete from the beginning.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next event; `None` at the end.
    pub fn next_event(&mut self, defects: &mut Defects) -> Result<Option<Reading>, Defect> {
        match self.state {
            State::Before => {
                self.scanner.take(b'[', b'[')?;
                if self.scanner.need()? == b']' {
                    return self.end();
                }
            }
            State::Within => {
                if self.scanner.take(b',', b']')? == b']' {
                    return self.end_behind_bracket();
                }
            }
            State::Only => {}
            State::Behind => return Ok(None),
        }
        self.state = if self.state == State::Only { State::Behind } else { State::Within };
        self.read_event(defects).map(Some)
    }

    fn end(&mut self) -> Result<Option<Reading>, Defect> {
        self.scanner.take(b']', b']')?;
        self.end_behind_bracket()
    }

    fn end_behind_bracket(&mut self) -> Result<Option<Reading>, Defect> {
        self.state = State::Behind;
        if let Some(defect) = self.late.take() {
            return Err(defect);
        }
        if self.header.kind == DocumentKind::EventList && self.scanner.peek()?.is_some() {
            return Err(survey::trailing(&self.scanner));
        }
        Ok(None)
    }

    fn read_event(&mut self, defects: &mut Defects) -> Result<Reading, Defect> {
        let index = self.next;
        self.next += 1;
        let piece = self.scanner.value()?;
        let (length, place) = (piece.bytes.len(), piece.place);
        let mut twice = Vec::new();
        let listed = self.header.kind != DocumentKind::Event;
        let path = if listed { format!("{}[{index}]", self.path) } else { self.path.to_owned() };
        let parsed =
            header::parse(piece, self.limits, &mut |defect| twice.push(defect)).map_err(|mut defect| {
                defect.path.clone_from(&path);
                defect.in_event(index)
            })?;
        let refused = !twice.is_empty();
        for mut defect in twice {
            defect.path.clone_from(&path);
            defects.add(defect.in_event(index));
        }
        let source = Source { piece, path: self.path, listed, index, refused, trusted: self.trusted };
        let event = source.read(&parsed.value, &self.context, &mut self.draft, defects);
        self.scanner.consume(length);
        Ok(Reading { index, place, event })
    }
}

/// Where one event comes from.
struct Source<'a> {
    piece: Piece<'a>,
    path: &'static str,
    listed: bool,
    index: u64,
    refused: bool,
    trusted: bool,
}

impl Source<'_> {
    fn read(
        &self,
        value: &Value<'_>,
        context: &Arc<Context>,
        draft: &mut Draft,
        defects: &mut Defects,
    ) -> Option<Event> {
        let own = value.member("@context").filter(|_| self.listed);
        let Some(own) = own else { return self.read_in(value, context, draft, defects) };
        let mut extended = Context::within(context);
        let mut faults = Vec::new();
        extended.extend(own, &mut |fault, at| faults.push((fault, at)));
        let mut frame = self.frame(defects, context);
        for (fault, at) in faults {
            frame.tell(fault, at, &Path::Root.member("@context"));
        }
        if !extended.foreign_urls.is_empty() {
            let message = "the event names a context that is not known, and which is never fetched";
            let fix = "declare the prefixes in the document";
            frame.tell(
                Fault::warning("unknown-context", message, fix),
                own.at,
                &Path::Root.member("@context"),
            );
        }
        self.read_in(value, &extended, draft, defects)
    }

    fn read_in(
        &self,
        value: &Value<'_>,
        context: &Context,
        draft: &mut Draft,
        defects: &mut Defects,
    ) -> Option<Event> {
        let mut frame = self.frame(defects, context);
        match value.members() {
            Some(members) => event::read(&mut frame, members, draft),
            None => frame.wrong_type("an event", value, &Path::Root),
        }
    }

    fn frame<'b>(&'b self, defects: &'b mut Defects, context: &'b Context) -> Frame<'b> {
        let mut frame = Frame::new(defects, context, self.path, self.piece);
        (frame.event, frame.listed, frame.refused) = (Some(self.index), self.listed, self.refused);
        frame.trusted = self.trusted;
        frame
    }
}

/// True for an object that is no document but itself an event.
fn is_bare_event(survey: &Survey) -> bool {
    let kind = survey.root_member("type").map(|raw| raw.bytes.as_slice());
    let document = matches!(kind, Some(b"\"EPCISDocument\"" | b"\"EPCISQueryDocument\""));
    let has = |key| survey.members.iter().any(|raw| raw.level == Level::Root && raw.key == key);
    !survey.has_body && !document && kind.is_some() && (has("eventTime") || has("eventTimeZoneOffset"))
}
