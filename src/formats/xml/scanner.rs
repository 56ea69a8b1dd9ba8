//! The tokens of a document, with names resolved, limits kept and places known.

use std::sync::Arc;

use quick_xml::events::Event as XmlEvent;

use crate::epcis::Name;
use crate::formats::CARRIER_NAMESPACE;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Limits;
use crate::formats::Place;
use crate::formats::values::shown;
use crate::formats::xml::entities;
use crate::formats::xml::names;
use crate::formats::xml::names::Tag;
use crate::formats::xml::path::Path;
use crate::formats::xml::scope::Scope;
use crate::formats::xml::source::Source;
use crate::gs1::Series;

/// What stops the reading of the document.
pub type Scan<T> = Result<T, Box<Defect>>;

/// One token; what belongs to it is at hand in the scanner until the next is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A start tag; an empty element is one too, and its end follows.
    Start(Tag),
    /// The end of the innermost element.
    End,
    /// Text, never empty.
    Text,
    /// The end of the document.
    Eof,
}

/// Reads a document token by token.
pub struct Scanner {
    pub(super) xml: quick_xml::Reader<Source>,
    piece: Vec<u8>,
    pub(super) text: String,
    /// The name of the last start tag as written, and what follows it in the tag.
    pub(super) qualified: String,
    pub(super) attributes: String,
    pub(super) scope: Scope,
    pub(super) limits: Limits,
    pub(super) held: Option<Token>,
    /// An empty element was begun and not yet ended.
    pub(super) empty: bool,
    /// The tokeniser stands before a `<` that it has seen, so that nobody may read past it.
    pub(super) at_markup: bool,
    /// The element that `child` found in one piece: it is already ended.
    pub(super) leaf: bool,
    pub(super) path: Path,
    /// The defects of the document, while the caller lends them.
    pub defects: Defects,
    /// Position of the event being read, from 0.
    pub event: Option<u64>,
    /// True where an error was told since the caller made it false.
    pub refused: bool,
    /// How many wrappers are open in which every name in no namespace is allowed.
    pub(super) free: u32,
    /// True where identifiers and rules were judged before.
    pub(super) trusted: bool,
    /// The trade item of the identifier read last.
    pub(super) series: Series,
    told: Told,
    nodes: usize,
}

/// Faults of manner, told once for a document.
#[derive(Debug, Default)]
struct Told {
    qualified: bool,
    case: bool,
}

const MOST_NAME_BYTES: usize = 1_000;

impl Scanner {
    /// A scanner at the beginning of the source.
    pub fn new(source: Source, limits: Limits) -> Scanner {
        let mut xml = quick_xml::Reader::from_reader(source);
        xml.config_mut().check_comments = true;
        Scanner {
            xml,
            piece: Vec::new(),
            text: String::new(),
            qualified: String::new(),
            attributes: String::new(),
            scope: Scope::new(),
            limits,
            held: None,
            empty: false,
            at_markup: false,
            leaf: false,
            path: Path::default(),
            defects: Defects::default(),
            event: None,
            refused: false,
            free: 0,
            trusted: false,
            series: Series::default(),
            told: Told::default(),
            nodes: 0,
        }
    }

    /// The next token of any content. Comments and processing instructions are passed over.
    pub fn token(&mut self) -> Scan<Token> {
        self.leaf = false;
        self.path.leaf = None;
        if let Some(token) = self.held.take() {
            return self.deliver(token);
        }
        if self.empty {
            self.empty = false;
            self.close();
            return Ok(Token::End);
        }
        let token = self.read()?;
        if self.text.is_empty() {
            self.deliver(token)
        } else {
            self.held = Some(token);
            Ok(Token::Text)
        }
    }

    /// The expanded name of the last start tag and its prefix; in no namespace where the prefix is not bound.
    pub fn name(&self) -> (Name, Arc<str>) {
        if let Some((tag, _)) = self.path.leaf.filter(|_| self.leaf) {
            return (Name::new(self.scope.none().clone(), tag.name()), self.scope.none().clone());
        }
        let (prefix, local) = split(&self.qualified);
        let none = self.scope.none();
        let (prefix, namespace) = self.scope.resolve(prefix).unwrap_or((none, none));
        (Name::new(namespace.clone(), local), prefix.clone())
    }

    /// The namespace of the last start tag; empty for none.
    pub fn namespace(&self) -> &str {
        let (prefix, _) = split(&self.qualified);
        self.scope.resolve(prefix).map_or("", |(_, namespace)| namespace)
    }

    /// The local name of an element in our own namespace, which carries what the form has no place for.
    pub fn carried(&self) -> Option<&str> {
        (!self.leaf && self.namespace() == CARRIER_NAMESPACE).then(|| split(&self.qualified).1)
    }

    /// The prefix bound to a namespace; empty where there is none.
    pub fn prefix_of(&self, namespace: &str) -> Arc<str> {
        self.scope.prefix_of(namespace).unwrap_or(self.scope.none()).clone()
    }

    /// The name of the last start tag as written.
    pub fn qualified(&self) -> &str {
        self.path.leaf.filter(|_| self.leaf).map_or(&*self.qualified, |(tag, _)| tag.name())
    }

    /// The last start tag as written.
    pub fn start_tag(&self) -> String {
        ["<", self.qualified(), &self.attributes, ">"].concat()
    }

    /// Begins a new part of the document, to which the limit on bytes applies.
    pub fn begin_part(&mut self) {
        self.nodes = 0;
        self.xml.get_mut().begin_part();
    }

    /// Counts one node of a tree, so that many small nodes cannot take more memory than the limit means.
    pub fn count_node(&mut self) -> Scan<()> {
        self.nodes += 1;
        if self.nodes > self.limits.part_bytes / 32 {
            return Err(self.over_limit("one event or header has too many elements"));
        }
        Ok(())
    }

    /// Where the last element begins.
    pub fn place(&mut self) -> Place {
        self.xml.get_mut().element_place()
    }

    /// Tells a fault of the last element. True where it is an error.
    pub fn tell(&mut self, fault: Fault) -> bool {
        let place = self.place();
        let path = self.path.text();
        self.tell_at(fault, place, path)
    }

    /// Tells a fault of an identifier. True where it is an error.
    pub fn tell_about(&mut self, fault: Fault, epc: &str) -> bool {
        const MOST: usize = 2_000;
        let place = self.place();
        let epc = epc.get(..epc.floor_char_boundary(MOST)).unwrap_or_default();
        self.add(fault.at(place, self.path.text()).about(epc))
    }

    /// Tells a fault at a place and path. True where it is an error.
    pub fn tell_at(&mut self, fault: Fault, place: Place, path: String) -> bool {
        self.add(fault.at(place, path))
    }

    fn add(&mut self, defect: Defect) -> bool {
        let defect = match self.event {
            Some(event) => defect.in_event(event),
            None => defect,
        };
        let error = self.defects.add(defect);
        self.refused |= error;
        error
    }

    /// Reads up to the next tag or the end; what text stands before it is in `text`.
    fn read(&mut self) -> Scan<Token> {
        self.text.clear();
        let mut blank = true;
        loop {
            self.piece.clear();
            self.xml.get_mut().mark_token();
            self.at_markup = false;
            let event = match self.xml.read_event_into(&mut self.piece) {
                Ok(event) => event,
                Err(error) => return Err(self.broken(&error)),
            };
            match event {
                XmlEvent::Text(piece) => {
                    self.at_markup = true;
                    entities::push_text(&mut self.text, &piece);
                    let blanks = piece.len() - piece.trim_ascii_start().len();
                    if blank {
                        blank = blanks == piece.len();
                        self.xml.get_mut().mark_text(blanks);
                    }
                    if blanks < piece.len() && piece.contains("]]>") {
                        return Err(self.malformed("text holds the characters ]]>"));
                    }
                }
                XmlEvent::CData(piece) => {
                    entities::push_text(&mut self.text, &piece);
                    if std::mem::take(&mut blank) {
                        self.xml.get_mut().mark_text(0);
                    }
                }
                XmlEvent::GeneralRef(reference) => {
                    let Some(c) = entities::resolve(&reference) else {
                        let name = reference.to_string();
                        return Err(self.unknown_entity(&name));
                    };
                    self.text.push(c);
                    if std::mem::take(&mut blank) {
                        self.xml.get_mut().mark_text(0);
                    }
                }
                XmlEvent::Comment(_) | XmlEvent::PI(_) => {}
                XmlEvent::Decl(_) => self.check_declaration()?,
                XmlEvent::DocType(kind) => {
                    let kind = kind.to_string();
                    self.judge_doctype(&kind)?;
                }
                XmlEvent::Start(start) => {
                    copy_start(&mut self.qualified, &mut self.attributes, &start);
                    return self.start();
                }
                XmlEvent::Empty(start) => {
                    copy_start(&mut self.qualified, &mut self.attributes, &start);
                    self.empty = true;
                    return self.start();
                }
                XmlEvent::End(_) => return Ok(Token::End),
                XmlEvent::Eof => return Ok(Token::Eof),
            }
        }
    }

    /// Checks a start tag, binds its prefixes and resolves its name.
    fn start(&mut self) -> Scan<Token> {
        self.xml.get_mut().mark_element();
        let depth = self.path.depth() + 1;
        if depth > self.limits.depth {
            return Err(self.over_limit("elements nest too deep"));
        }
        if self.qualified.len() > MOST_NAME_BYTES {
            return Err(self.over_limit("the name of an element is too long"));
        }
        if !self.attributes.is_empty() {
            self.check_attributes(depth)?;
        }
        let (prefix, local) = split(&self.qualified);
        let Some((_, namespace)) = self.scope.resolve(prefix) else {
            return self.unbound_prefix();
        };
        if !namespace.is_empty() && names::version_of(namespace).is_none() {
            return if is_name(prefix, local) { Ok(Token::Start(Tag::Other)) } else { Err(self.bad_name()) };
        }
        let qualified = !namespace.is_empty();
        let tag = Tag::parse(local.as_bytes());
        if tag == Tag::Other {
            return self.unknown_name();
        }
        if qualified && depth > 1 && tag != Tag::QueryResults {
            self.tell_qualified();
        }
        Ok(Token::Start(tag))
    }

    /// A name that EPCIS does not have: perhaps one of its names in another case.
    fn unknown_name(&mut self) -> Scan<Token> {
        let (prefix, local) = split(&self.qualified);
        if !is_name(prefix, local) {
            return Err(self.bad_name());
        }
        if self.in_foreign() {
            return Ok(Token::Start(Tag::Other));
        }
        let tag = Tag::parse_any_case(local);
        if tag != Tag::Other && !self.told.case {
            self.told.case = true;
            let message = format!("{} was taken for {}", shown(&self.qualified), tag.name());
            self.tell(Fault::warning("element-case", message, "write names as the standard spells them"));
        }
        Ok(Token::Start(tag))
    }

    /// True within an element of others, whose children in no namespace have names of their own.
    fn in_foreign(&self) -> bool {
        self.free > 0 || self.path.any(|tag| matches!(tag, Tag::Other | Tag::Attribute))
    }

    fn unbound_prefix(&mut self) -> Scan<Token> {
        let (prefix, local) = split(&self.qualified);
        if !is_name(prefix, local) {
            return Err(self.bad_name());
        }
        let message = format!("the prefix of {} is not declared", shown(&self.qualified));
        self.tell(Fault::error(
            "prefix",
            message,
            "declare the prefix with xmlns:… on the element or the root",
        ));
        Ok(Token::Start(Tag::Other))
    }

    fn tell_qualified(&mut self) {
        if self.told.qualified || self.in_foreign() {
            return;
        }
        self.told.qualified = true;
        self.tell(Fault::warning(
            "qualified-children",
            format!("{} is in the namespace of EPCIS, in which only the root may be", shown(&self.qualified)),
            "bind the namespace to a prefix and use it for the root alone",
        ));
    }

    #[inline]
    fn deliver(&mut self, token: Token) -> Scan<Token> {
        match token {
            Token::Start(tag) => self.path.open(tag, &self.qualified),
            Token::End => self.close(),
            Token::Text | Token::Eof => {}
        }
        Ok(token)
    }

    #[inline]
    fn close(&mut self) {
        self.scope.close(self.path.depth());
        self.path.close();
    }
}

/// Copies the name and the attributes out of a start tag.
fn copy_start(qualified: &mut String, attributes: &mut String, start: &quick_xml::events::BytesStart<'_>) {
    qualified.clear();
    qualified.push_str(start.name().as_ref());
    attributes.clear();
    attributes.push_str(start.attributes_raw().trim_ascii_end());
}

/// Prefix (empty for none) and local part of a name as written.
pub fn split(qualified: &str) -> (&str, &str) {
    qualified.split_once(':').unwrap_or(("", qualified))
}

/// True where the parts are names (XML 1.0 production NCName, with every character beyond ASCII allowed).
pub fn is_name(prefix: &str, local: &str) -> bool {
    let part = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii())
            && text.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') || !byte.is_ascii()
            })
    };
    part(local) && (prefix.is_empty() || part(prefix))
}
