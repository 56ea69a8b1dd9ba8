//! What stops the reading: faults of well-formedness, of encoding and of size; and the encoding a document is in.

use std::io::BufReader;
use std::io::SeekFrom;

use quick_xml::encoding::DecodingReader;
use quick_xml::events::Event as XmlEvent;

use crate::formats::Defect;
use crate::formats::Fault;
use crate::formats::Input;
use crate::formats::Place;
use crate::formats::unreadable;
use crate::formats::values::shown;
use crate::formats::xml::entities;
use crate::formats::xml::names;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;
use crate::formats::xml::scanner::is_name;
use crate::formats::xml::scanner::split;
use crate::formats::xml::source::Bytes;
use crate::formats::xml::source::Stop;

/// How many prefixes may be bound at once.
const MOST_BINDINGS: usize = 250;

/// The bytes as UTF-8, by byte order mark and XML declaration.
pub fn decode(mut input: Box<dyn Input>) -> Result<Bytes, Defect> {
    let mut head = [0; 1_024];
    let mut length = 0;
    let failed = |error: std::io::Error| unreadable(&error);
    while let Some(rest) = head.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match input.read(rest).map_err(failed)? {
            0 => break,
            more => length += more,
        }
    }
    input.seek(SeekFrom::Start(0)).map_err(failed)?;
    let head = head.get(..length).unwrap_or_default();
    if matches!(head, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..]) {
        return Ok(decoded(input));
    }
    let mut reader = quick_xml::Reader::from_reader(head);
    let Ok(XmlEvent::Decl(declaration)) = reader.read_event() else { return Ok(Bytes::Utf8(input)) };
    let Some(Ok(name)) = declaration.encoding() else { return Ok(Bytes::Utf8(input)) };
    let marked = head.starts_with(b"\xEF\xBB\xBF");
    match declaration.encoder() {
        Some(encoding) if encoding.name() == "UTF-8" => Ok(Bytes::Utf8(input)),
        Some(encoding) if !marked && encoding.is_ascii_compatible() => {
            let mut reader = DecodingReader::new(BufReader::new(input));
            reader.set_encoding(encoding);
            Ok(Bytes::Decoded(Box::new(reader)))
        }
        Some(_) => Err(encoding_fault(format!("the document says it is {}, but it is not", shown(&name)))),
        None => Err(encoding_fault(format!("the encoding {} is not known", shown(&name)))),
    }
}

fn decoded(input: Box<dyn Input>) -> Bytes {
    Bytes::Decoded(Box::new(DecodingReader::new(BufReader::new(input))))
}

fn encoding_fault(message: String) -> Defect {
    Fault::error("encoding", message, "send the document as UTF-8").at(Place { line: 1, column: 1 }, "")
}

impl Scanner {
    /// The defect for which the tokeniser stopped.
    pub(super) fn broken(&mut self, error: &quick_xml::Error) -> Box<Defect> {
        let (fault, place) = match error {
            quick_xml::Error::Io(error) => {
                let stop = error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>());
                match stop {
                    Some(Stop::TooLong) => {
                        return self.over_limit("one event, header, tag or text has too many bytes");
                    }
                    Some(Stop::Control(byte)) => (
                        Fault::error(
                            "not-well-formed",
                            format!("the control character U+{byte:04X} is not allowed in XML"),
                            "remove the character",
                        ),
                        self.xml.get_mut().place(),
                    ),
                    None => (unreadable(error).fault, self.xml.get_mut().token_place()),
                }
            }
            quick_xml::Error::Encoding(error) => (
                Fault::error("encoding", error.to_string(), "send the document in the encoding it declares"),
                self.xml.get_mut().token_place(),
            ),
            other => (ill_formed(other.to_string()), self.xml.get_mut().token_place()),
        };
        Box::new(self.located(fault, place))
    }

    /// The defect that the document ends in the middle.
    pub fn cut_off(&mut self) -> Box<Defect> {
        let place = self.xml.get_mut().place();
        let open = self.path.open_name();
        let fault = ill_formed(format!("the document ends before the end of {}", shown(open)));
        Box::new(self.located(fault, place))
    }

    /// The defect that the document is not well-formed at the token read last.
    pub fn malformed(&mut self, message: &str) -> Box<Defect> {
        let place = self.xml.get_mut().token_place();
        Box::new(self.located(ill_formed(message.to_owned()), place))
    }

    pub(super) fn bad_name(&mut self) -> Box<Defect> {
        let message = format!("{} is no name", shown(&self.qualified));
        self.malformed(&message)
    }

    pub(super) fn over_limit(&mut self, message: &str) -> Box<Defect> {
        let place = self.xml.get_mut().token_place();
        let fault = Fault::error("limit", message, "send smaller documents, events and values");
        Box::new(self.located(fault, place))
    }

    pub(super) fn unknown_entity(&mut self, name: &str) -> Box<Defect> {
        let place = self.xml.get_mut().token_place();
        let fault = Fault::error(
            "entity",
            format!("the entity {} is not one of the five of XML", shown(name)),
            "write the character itself or its number",
        );
        Box::new(self.located(fault, place))
    }

    fn located(&self, fault: Fault, place: Place) -> Defect {
        let defect = fault.at(place, self.path.text());
        match self.event {
            Some(event) => defect.in_event(event),
            None => defect,
        }
    }

    /// An XML declaration may stand only at the very beginning.
    pub(super) fn check_declaration(&mut self) -> Scan<()> {
        if self.path.depth() == 0 && self.xml.get_mut().token_place() == (Place { line: 1, column: 1 }) {
            return Ok(());
        }
        Err(self.malformed("the XML declaration does not stand at the beginning"))
    }

    /// A document type is passed over, unless it declares entities.
    pub(super) fn judge_doctype(&mut self, kind: &str) -> Scan<()> {
        if !self.path.depth() == 0 {
            return Err(self.malformed("a document type stands within an element"));
        }
        if kind.contains("<!ENTITY") {
            let place = self.xml.get_mut().token_place();
            let fault = Fault::error(
                "entity",
                "the document declares entities, which are never expanded",
                "send it without a document type",
            );
            return Err(Box::new(self.located(fault, place)));
        }
        let place = self.xml.get_mut().token_place();
        let fault = Fault::warning("doctype", "the document type was passed over", "send it without one");
        self.tell_at(fault, place, String::new());
        Ok(())
    }

    /// Checks the attributes of a start tag and binds the prefixes that it declares.
    pub(super) fn check_attributes(&mut self, depth: usize) -> Scan<()> {
        let attributes = std::mem::take(&mut self.attributes);
        let checked = self.check_each(&attributes, depth);
        self.attributes = attributes;
        checked
    }

    fn check_each(&mut self, attributes: &str, depth: usize) -> Scan<()> {
        let mut names: Vec<&str> = Vec::new();
        if !are_apart(attributes) {
            return Err(self.malformed("no white space stands between two attributes"));
        }
        for attribute in quick_xml::events::attributes::Attributes::new(attributes, 0).with_checks(false) {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => return Err(self.malformed(&error.to_string())),
            };
            let name = attribute.key.into_inner();
            let (prefix, local) = split(name);
            if !is_name(prefix, local) {
                return Err(self.malformed(&format!("{} is no name of an attribute", shown(name))));
            }
            if attribute.value.contains('<') {
                return Err(self.malformed("an attribute holds the character <"));
            }
            let value = match entities::attribute_value(&attribute.value) {
                Ok(value) => value,
                Err(entity) => return Err(self.unknown_entity(entity)),
            };
            if prefix == "xmlns" && !is_bindable(local, value.trim()) {
                return Err(self.malformed(&format!("the prefix {} cannot mean this", shown(local))));
            }
            if name == "xmlns" || prefix == "xmlns" {
                let bound = if prefix.is_empty() { "" } else { local };
                self.scope.bind(bound, value.trim(), depth);
            }
            names.push(name);
            if names.len() > self.limits.attributes || self.scope.len() > MOST_BINDINGS {
                return Err(self.over_limit("an element has too many attributes or namespaces"));
            }
        }
        names.sort_unstable();
        if let Some([name, _]) = names.array_windows().find(|[a, b]| a == b) {
            return Err(self.malformed(&format!("the attribute {} stands twice", shown(name))));
        }
        match self.clash(&names) {
            Some(name) => {
                Err(self.malformed(&format!("the attribute {name} stands twice under two prefixes")))
            }
            None => Ok(()),
        }
    }

    /// The local name that two attributes of one namespace have.
    fn clash(&self, names: &[&str]) -> Option<String> {
        let prefixed = names.iter().map(|name| split(name)).filter(|(prefix, _)| !prefix.is_empty());
        let mut expanded: Vec<(&str, &str)> = prefixed
            .filter(|(prefix, _)| *prefix != "xmlns")
            .filter_map(|(prefix, local)| Some((&**self.scope.resolve(prefix)?.1, local)))
            .collect();
        expanded.sort_unstable();
        expanded.array_windows().find(|[a, b]| a == b).map(|[(_, local), _]| shown(local))
    }
}

/// True where a prefix may be bound to a namespace (Namespaces in XML 1.0, §2.2 and §3).
fn is_bindable(prefix: &str, namespace: &str) -> bool {
    !namespace.is_empty() && prefix != "xmlns" && (prefix == "xml") == (namespace == names::XML)
}

/// True where white space follows every value that another attribute follows, which the tokeniser does not ask for.
fn are_apart(attributes: &str) -> bool {
    let mut rest = attributes;
    while let Some((_, behind)) = rest.split_once(['"', '\'']) {
        let quote = rest.as_bytes().get(rest.len() - behind.len() - 1).copied().unwrap_or_default();
        let Some((_, after)) = behind.split_once(char::from(quote)) else { return true };
        if after.starts_with(|c: char| !c.is_ascii_whitespace()) {
            return false;
        }
        rest = after;
    }
    true
}

fn ill_formed(message: String) -> Fault {
    Fault::error("not-well-formed", message, "send well-formed XML")
}
