//! A document from its root to its end: header, events one by one, and what stands behind them.

use crate::epcis::DocumentKind;
use crate::epcis::Header;
use crate::epcis::QueryResultsHead;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Input;
use crate::formats::ReadOptions;
use crate::formats::Reading;
use crate::formats::values::shown;
use crate::formats::xml::Version;
use crate::formats::xml::event::EventReader;
use crate::formats::xml::extension;
use crate::formats::xml::fields;
use crate::formats::xml::header;
use crate::formats::xml::master_data;
use crate::formats::xml::names;
use crate::formats::xml::names::Tag;
use crate::formats::xml::open;
use crate::formats::xml::parts::Parts;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;
use crate::formats::xml::scanner::Token;
use crate::formats::xml::source::Source;

/// An XML document being read.
pub struct Reader {
    scan: Scanner,
    header: Header,
    events: EventReader,
    version: Option<Version>,
    /// The elements of the envelope that are open, the innermost last.
    open: Vec<Tag>,
    /// Their start tags as written.
    starts: Vec<String>,
    /// The event that the scanner has begun.
    begun: Option<Tag>,
    seen: u128,
    next: u64,
    ended: bool,
}

impl Reader {
    /// Begins to read: up to the first event, or to the end where there is none.
    ///
    /// Fails where the document is not well-formed, of an unknown root or encoding, or over a limit.
    pub fn open(
        input: Box<dyn Input>,
        options: ReadOptions,
        defects: &mut Defects,
    ) -> Result<Reader, Defect> {
        let source = Source::new(open::decode(input)?, options.limits.part_bytes);
        let mut reader = Reader {
            scan: Scanner::new(source, options.limits),
            header: Header::default(),
            events: EventReader::default(),
            version: None,
            open: Vec::new(),
            starts: Vec::new(),
            begun: None,
            seen: 0,
            next: 0,
            ended: false,
        };
        reader.scan.trusted = options.trusted;
        std::mem::swap(&mut reader.scan.defects, defects);
        let begun = reader.begin();
        std::mem::swap(&mut reader.scan.defects, defects);
        match begun {
            Ok(()) => Ok(reader),
            Err(defect) => Err(*defect),
        }
    }

    /// The header; what stands behind the events is in it once the end was read.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Divides the document, given its bytes once more, into documents that each have some of its events; `None` where
    /// only one reader can read it. To be called before any event is read.
    pub fn divide(&self, input: Box<dyn Input>) -> std::io::Result<Option<Parts>> {
        let source = self.scan.xml.get_ref();
        if self.begun.is_none() || self.open.last() != Some(&Tag::EventList) || !source.is_utf8() {
            return Ok(None);
        }
        Parts::new(input, source.element_offset(), &self.starts, self.scan.limits.part_bytes).map(Some)
    }

    /// The next event; `None` at the end.
    ///
    /// Fails where nothing more can be read. Defects of the event itself go to `defects`.
    pub fn next_event(&mut self, defects: &mut Defects) -> Result<Option<Reading>, Defect> {
        std::mem::swap(&mut self.scan.defects, defects);
        let reading = self.next();
        std::mem::swap(&mut self.scan.defects, defects);
        reading.map_err(|defect| {
            self.ended = true;
            *defect
        })
    }

    fn begin(&mut self) -> Scan<()> {
        let tag = loop {
            match self.scan.token()? {
                Token::Start(tag) => break tag,
                Token::Text if self.scan.text().trim().is_empty() => {}
                Token::Text => return Err(self.scan.malformed("text stands before the first element")),
                Token::End | Token::Eof => return Err(self.scan.malformed("the document has no element")),
            }
        };
        self.version = names::version_of(self.scan.namespace());
        self.header.kind = match tag {
            Tag::EpcisDocument => DocumentKind::Document,
            Tag::EpcisQueryDocument => DocumentKind::QueryDocument,
            Tag::EpcisMasterDataDocument => DocumentKind::MasterData,
            Tag::EventList | Tag::Extension => DocumentKind::EventList,
            Tag::QueryResults => DocumentKind::QueryDocument,
            tag if tag.is_event() => DocumentKind::Event,
            _ => return Err(self.unknown_root()),
        };
        if self.header.kind == DocumentKind::Event {
            self.begun = Some(tag);
            return Ok(());
        }
        self.push(tag);
        if matches!(tag, Tag::EventList | Tag::Extension) {
            self.scan.judge_attributes(&[])?;
        } else if tag == Tag::QueryResults {
            let fault =
                Fault::warning("root", "QueryResults stands alone", "put it in an EPCISQueryDocument");
            self.scan.tell(fault);
        } else {
            self.judge_namespace();
            header::read_root(&mut self.scan, &mut self.header, self.version)?;
            if self.version.is_none() {
                let second = self.header.schema_version.starts_with('2');
                self.version = Some(if second { Version::V2_0 } else { Version::V1_2 });
            }
        }
        self.begun = self.advance()?;
        Ok(())
    }

    fn unknown_root(&mut self) -> Box<Defect> {
        let namespace = self.scan.namespace();
        let message = if namespace.is_empty() {
            format!("the root {} in no namespace is no EPCIS document", shown(self.scan.qualified()))
        } else {
            format!("the root {} in {} is no EPCIS document", shown(self.scan.qualified()), shown(namespace))
        };
        let fix = "send an EPCISDocument, EPCISQueryDocument, EPCISMasterDataDocument, EventList or event";
        let place = self.scan.place();
        Box::new(Fault::error("unknown-root", message, fix).at(place, self.scan.path.text()))
    }

    /// Each kind of document has a namespace of its own.
    fn judge_namespace(&mut self) {
        let expected = match self.header.kind {
            DocumentKind::QueryDocument => [names::QUERY_1, names::QUERY_2],
            DocumentKind::MasterData => [names::MASTER_DATA_1, names::MASTER_DATA_2],
            _ => [names::EPCIS_1, names::EPCIS_2],
        };
        let namespace = self.scan.namespace();
        if !expected.contains(&namespace) {
            let message = format!("the root is in the namespace {}", shown(namespace));
            let fix = format!("use the namespace {} or {}", expected[0], expected[1]);
            self.scan.tell(Fault::warning("namespace", message, fix));
        }
    }

    fn next(&mut self) -> Scan<Option<Reading>> {
        let begun = match self.begun.take() {
            Some(tag) => Some(tag),
            None if self.ended => None,
            None => self.advance()?,
        };
        let Some(tag) = begun else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        self.scan.event = Some(index);
        self.scan.refused = false;
        let place = self.scan.place();
        self.judge_wrappers(tag);
        let event = self.events.read(&mut self.scan, tag, self.version)?;
        self.scan.event = None;
        Ok(Some(Reading { index, place, event }))
    }

    /// Reads on to the next event. At the end nothing more may follow.
    fn advance(&mut self) -> Scan<Option<Tag>> {
        loop {
            let Some(inside) = self.open.last().copied() else {
                self.trail()?;
                self.ended = true;
                return Ok(None);
            };
            self.scan.begin_part();
            let Some(tag) = self.scan.child()? else {
                self.open.pop();
                self.starts.pop();
                continue;
            };
            match inside {
                Tag::EventList | Tag::Extension if self.carries_event(tag) => self.enter(tag)?,
                Tag::EventList | Tag::Extension | Tag::Other if tag.is_event() || tag == Tag::Other => {
                    return Ok(Some(tag));
                }
                Tag::EventList | Tag::Extension if tag == Tag::Extension => self.enter(tag)?,
                Tag::EventList | Tag::Extension | Tag::Other => fields::unexpected(&mut self.scan)?,
                Tag::EpcisBody if tag.is_event() => return Ok(Some(tag)),
                Tag::EpcisBody => self.body_child(tag)?,
                Tag::QueryResults => self.results_child(tag)?,
                Tag::ResultsBody => self.list(tag)?,
                _ => self.root_child(tag)?,
            }
        }
    }

    /// Opens an element of the envelope, which has no attributes.
    fn enter(&mut self, tag: Tag) -> Scan<()> {
        self.scan.judge_attributes(&[])?;
        self.push(tag);
        Ok(())
    }

    fn push(&mut self, tag: Tag) {
        self.open.push(tag);
        self.starts.push(self.scan.start_tag());
    }

    /// True for what our writers put around an event type for which the schema has no place: one of another namespace
    /// in 1.2, one in no namespace in 2.0.
    fn carries_event(&self, tag: Tag) -> bool {
        let foreign = self.version != Some(Version::V2_0) && self.scan.qualified() == "foreignEvent";
        tag == Tag::Other && (foreign || self.scan.carried() == Some("local"))
    }

    fn root_child(&mut self, tag: Tag) -> Scan<()> {
        let scan = &mut self.scan;
        let elements = &mut self.header.document_elements;
        match tag {
            Tag::EpcisHeader if fields::repeated(scan, tag, &mut self.seen) => scan.skip(),
            Tag::EpcisHeader => {
                if self.seen & Tag::EpcisBody.bit() != 0 {
                    let message = "EPCISHeader stands behind EPCISBody";
                    scan.tell(Fault::warning("element-order", message, "put the header first"));
                }
                scan.judge_attributes(&[])?;
                header::read(scan, &mut self.header, self.version)
            }
            Tag::EpcisBody => {
                fields::repeated(scan, tag, &mut self.seen);
                self.enter(tag)
            }
            Tag::Extension => extension::push_children(scan, elements),
            Tag::Other if !scan.namespace().is_empty() => extension::push(scan, elements),
            _ => fields::unexpected(scan),
        }
    }

    fn body_child(&mut self, tag: Tag) -> Scan<()> {
        let scan = &mut self.scan;
        let elements = &mut self.header.body_elements;
        match (self.header.kind, tag) {
            (DocumentKind::QueryDocument, Tag::QueryResults) => {
                if names::version_of(scan.namespace()).is_none() {
                    let message = "QueryResults is not in the namespace of queries";
                    scan.tell(Fault::warning("namespace", message, "use the namespace of the root"));
                }
                fields::repeated(scan, tag, &mut self.seen);
                self.header.query_results = Some(QueryResultsHead::default());
                self.enter(tag)
            }
            (DocumentKind::QueryDocument, _) => Err(self.unsupported_message()),
            (_, Tag::EventList | Tag::VocabularyList) => self.list(tag),
            (_, Tag::Extension) => extension::push_children(scan, elements),
            (_, Tag::Other) if !scan.namespace().is_empty() => extension::push(scan, elements),
            _ => fields::unexpected(scan),
        }
    }

    fn unsupported_message(&mut self) -> Box<Defect> {
        let message = format!("the query message {} is not supported", shown(self.scan.qualified()));
        let place = self.scan.place();
        let fault = Fault::error("unsupported-message", message, "send QueryResults");
        Box::new(fault.at(place, self.scan.path.text()))
    }

    fn results_child(&mut self, tag: Tag) -> Scan<()> {
        let scan = &mut self.scan;
        let head = self.header.query_results.get_or_insert_default();
        match tag {
            Tag::QueryName | Tag::SubscriptionId if fields::repeated(scan, tag, &mut self.seen) => {
                return scan.skip();
            }
            Tag::QueryName => head.query_name = text(scan)?,
            Tag::SubscriptionId => head.subscription_id = Some(text(scan)?).filter(|id| !id.is_empty()),
            Tag::ResultsBody => {
                fields::repeated(scan, tag, &mut self.seen);
                self.enter(tag)?;
            }
            Tag::Extension => extension::push_children(scan, &mut self.header.body_elements)?,
            Tag::Other if !scan.namespace().is_empty() => {
                extension::push(scan, &mut self.header.body_elements)?;
            }
            _ => fields::unexpected(scan)?,
        }
        Ok(())
    }

    /// An `EventList`, whose events are read one by one, or a `VocabularyList`, which is read whole.
    fn list(&mut self, tag: Tag) -> Scan<()> {
        match tag {
            Tag::EventList => {
                fields::repeated(&mut self.scan, tag, &mut self.seen);
                self.enter(tag)
            }
            Tag::VocabularyList => master_data::read_list(&mut self.scan, &mut self.header.master_data),
            _ => fields::unexpected(&mut self.scan),
        }
    }

    /// Warns of an event in the wrong wrapper.
    fn judge_wrappers(&mut self, tag: Tag) {
        let Some(version) = self.version else { return };
        if self.open.is_empty() {
            return;
        }
        let listed = self.open.contains(&Tag::EventList);
        let inner = self.open.iter().rev().skip_while(|open| **open == Tag::Other);
        let wrappers = inner.take_while(|open| **open == Tag::Extension).count();
        let expected = match (version, tag) {
            (Version::V1_2, Tag::TransformationEvent) => 1,
            (Version::V1_2, Tag::AssociationEvent | Tag::Other) => 2,
            (Version::V2_0, Tag::Other) => 1,
            _ => 0,
        };
        if wrappers == expected && listed {
            return;
        }
        let message = format!("{} does not stand where the schema wants it", shown(self.scan.qualified()));
        let fix = match expected {
            0 => "put it directly in EventList",
            1 => "put it in EventList/extension",
            _ => "put it in EventList/extension/extension",
        };
        self.scan.tell(Fault::warning("misplaced-element", message, fix));
    }

    /// Behind the root stand only comments and white space.
    fn trail(&mut self) -> Scan<()> {
        if self.ended {
            return Ok(());
        }
        loop {
            match self.scan.token()? {
                Token::Eof => return Ok(()),
                Token::Text if self.scan.text().trim().is_empty() => {}
                Token::Text => return Err(self.scan.malformed("text stands behind the root")),
                Token::Start(_) | Token::End => {
                    return Err(self.scan.malformed("an element stands behind the root"));
                }
            }
        }
    }
}

/// The trimmed text of the element that the scanner began.
fn text(scan: &mut Scanner) -> Scan<Box<str>> {
    Ok(scan.value()?.map(str::trim).unwrap_or_default().into())
}

#[cfg(test)]
mod tests;
