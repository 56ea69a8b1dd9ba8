//! Frame: where in the document we read, so that each fault is told with its line and its path.

use std::fmt;

use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::jsonld::context::Context;
use crate::formats::jsonld::piece::Piece;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Value;
use crate::formats::values::shown;
use crate::gs1::Series;

/// The path of a value inside its event or header; it costs nothing until it is shown.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    /// The event or header itself.
    Root,
    /// A member of an object.
    Member(&'a Path<'a>, &'a str),
    /// An item of an array, from 0.
    Item(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// The path of a member.
    pub(super) fn member(&'a self, key: &'a str) -> Path<'a> {
        Path::Member(self, key)
    }

    /// The path of an item.
    pub(super) fn item(&'a self, index: usize) -> Path<'a> {
        Path::Item(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 80;
        match self {
            Path::Root => Ok(()),
            Path::Member(parent, key) if key.chars().nth(MOST).is_some() => {
                write!(f, "{parent}.{}…", key.chars().take(MOST).collect::<String>())
            }
            Path::Member(parent, key) => write!(f, "{parent}.{key}"),
            Path::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// What is being read: an event, or a part of the header.
pub(super) struct Frame<'a> {
    pub(super) defects: &'a mut Defects,
    pub(super) context: &'a Context,
    /// The path of the list of events, or of the part of the header.
    pub(super) root: &'a str,
    /// Position of the event; `None` in the header.
    pub(super) event: Option<u64>,
    /// True where the event is an item of a list, so that its path ends in its position.
    pub(super) listed: bool,
    /// True once an error was told.
    pub(super) refused: bool,
    /// True where identifiers and rules were judged before.
    pub(super) trusted: bool,
    /// The trade item of the identifier read last.
    pub(super) series: Series,
    piece: Piece<'a>,
    /// The last place told: offset and place, from which the next is counted.
    known: (usize, Place),
}

impl<'a> Frame<'a> {
    /// The frame of one piece.
    pub(super) fn new(
        defects: &'a mut Defects,
        context: &'a Context,
        root: &'a str,
        piece: Piece<'a>,
    ) -> Frame<'a> {
        Frame {
            defects,
            context,
            root,
            event: None,
            listed: false,
            refused: false,
            trusted: false,
            series: Series::default(),
            piece,
            known: (0, piece.place),
        }
    }

    /// Tells a fault at an offset of the piece. True where it is an error.
    pub(super) fn tell(&mut self, fault: Fault, at: usize, path: &Path<'_>) -> bool {
        let defect = self.defect(fault, at, path);
        self.add(defect)
    }

    /// Tells a fault of an identifier.
    pub(super) fn tell_about(&mut self, epc: &str, fault: Fault, at: usize, path: &Path<'_>) -> bool {
        let defect = self.defect(fault, at, path).about(epc);
        self.add(defect)
    }

    fn add(&mut self, defect: Defect) -> bool {
        let error = self.defects.add(defect);
        self.refused |= error;
        error
    }

    fn defect(&mut self, fault: Fault, at: usize, path: &Path<'_>) -> Defect {
        let place = self.place(at);
        let path = match self.event.filter(|_| self.listed) {
            Some(event) => format!("{}[{event}]{path}", self.root),
            None => format!("{}{path}", self.root),
        };
        let defect = fault.at(place, path);
        match self.event {
            Some(event) => defect.in_event(event),
            None => defect,
        }
    }

    fn place(&mut self, at: usize) -> Place {
        if at < self.known.0 {
            self.known = (0, self.piece.place);
        }
        let (offset, place) = self.known;
        let bytes = self.piece.bytes.get(offset..).unwrap_or_default();
        let place = Piece { bytes, place }.place_of(at - offset);
        self.known = (at, place);
        place
    }

    /// The text of a string; anything else is an error, except that an array of one string is taken for it.
    pub(super) fn text<'v>(&mut self, value: &'v Value<'_>, path: &Path<'_>) -> Option<&'v str> {
        match &value.data {
            Data::String(text) => Some(text),
            Data::Array(items) => match items.as_slice() {
                [Value { data: Data::String(text), .. }] => {
                    let fix = "write the string without an array around it";
                    let fault =
                        Fault::warning("member-type", "an array stands where one string is meant", fix);
                    (!self.tell(fault, value.at, path)).then_some(&**text)
                }
                _ => self.wrong_type("a string", value, path),
            },
            _ => self.wrong_type("a string", value, path),
        }
    }

    /// The items of an array; one value that is no array is taken for an array of it, with a warning.
    pub(super) fn items<'v, 'j>(&mut self, value: &'v Value<'j>, path: &Path<'_>) -> &'v [Value<'j>] {
        match &value.data {
            Data::Array(items) => items,
            Data::Null | Data::Boolean(_) | Data::Number(_) => {
                self.wrong_type::<()>("an array", value, path);
                &[]
            }
            Data::String(_) | Data::Object(_) => {
                let message = format!("{} stands where an array is meant", value.kind());
                let fault = Fault::warning("member-type", message, "write an array, even of one value");
                if self.tell(fault, value.at, path) { &[] } else { std::slice::from_ref(value) }
            }
        }
    }

    /// Tells that a value is of the wrong type.
    pub(super) fn wrong_type<T>(&mut self, wanted: &str, value: &Value<'_>, path: &Path<'_>) -> Option<T> {
        let message = format!("{} stands where {wanted} must stand", value.kind());
        self.tell(Fault::error("member-type", message, format!("write {wanted}")), value.at, path);
        None
    }

    /// Tells of a member that nothing defines.
    pub(super) fn unknown_member(&mut self, key: &str, at: usize, path: &Path<'_>) {
        let message = format!("EPCIS has no member {} here, and it names no namespace", shown(key));
        let fix = "correct its name, or give it a prefix that the @context declares";
        self.tell(Fault::error("unknown-member", message, fix), at, path);
    }

    /// Takes a value, and tells what was tolerated in it.
    pub(super) fn tolerant<T>(
        &mut self,
        read: Result<(T, Option<Fault>), Fault>,
        at: usize,
        path: &Path<'_>,
    ) -> Option<T> {
        match read {
            Ok((value, None)) => Some(value),
            Ok((value, Some(fault))) => {
                self.tell(fault, at, path);
                Some(value)
            }
            Err(fault) => {
                self.tell(fault, at, path);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_paths() {
        let list = Path::Root.member("epcList");
        assert_eq!(list.item(3).to_string(), ".epcList[3]");
        let long = "x".repeat(200);
        assert_eq!(Path::Root.member(&long).to_string().chars().count(), 82);
    }

    #[test]
    fn tells_line_and_path() {
        let mut defects = Defects::default();
        let context = Context::new();
        let piece = Piece { bytes: b"{\n\"a\":1}", place: Place { line: 5, column: 2 } };
        let mut frame = Frame::new(&mut defects, &context, "$.eventList", piece);
        (frame.event, frame.listed) = (Some(4), true);
        frame.tell(Fault::warning("x", "y", "z"), 6, &Path::Root.member("a"));
        frame.tell(Fault::error("x", "y", "z"), 0, &Path::Root);
        assert!(frame.refused);
        assert_eq!(defects.kept()[0].to_string(), "6:5: warning [x] y (at $.eventList[4].a); z");
        assert_eq!(defects.kept()[1].place, Place { line: 5, column: 2 });
        assert_eq!(defects.kept()[1].event, Some(4));
    }
}
