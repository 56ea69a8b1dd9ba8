//! Survey: one quick pass over the whole document, so that context and header are known before the first event,
//! wherever they stand.

use std::collections::HashSet;

use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Limits;
use crate::formats::Place;
use crate::formats::jsonld::parser;
use crate::formats::jsonld::piece::Piece;
use crate::formats::jsonld::scanner::Scanner;
use crate::formats::values::shown;

/// What one member takes in memory besides its text, counted as bytes of the header.
const COST_A_MEMBER: usize = 200;

/// The objects that lie around the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// The document.
    Root,
    /// `epcisBody`.
    Body,
    /// `queryResults`.
    Results,
    /// `resultsBody`.
    ResultsBody,
}

impl Level {
    /// The path of the object.
    pub(super) fn path(self) -> &'static str {
        match self {
            Level::Root => "$",
            Level::Body => "$.epcisBody",
            Level::Results => "$.epcisBody.queryResults",
            Level::ResultsBody => "$.epcisBody.queryResults.resultsBody",
        }
    }

    /// The path of its `eventList`.
    pub(super) fn list_path(self) -> &'static str {
        match self {
            Level::ResultsBody => "$.epcisBody.queryResults.resultsBody.eventList",
            _ => "$.epcisBody.eventList",
        }
    }

    fn within(self, key: &str) -> Option<Level> {
        match (self, key) {
            (Level::Root, "epcisBody") => Some(Level::Body),
            (Level::Body, "queryResults") => Some(Level::Results),
            (Level::Results, "resultsBody") => Some(Level::ResultsBody),
            _ => None,
        }
    }

    fn holds_events(self) -> bool {
        matches!(self, Level::Body | Level::ResultsBody)
    }
}

/// A member that is neither the list of events nor an object around it, kept as its bytes.
pub(super) struct Raw {
    pub(super) level: Level,
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) place: Place,
    pub(super) bytes: Vec<u8>,
}

impl Raw {
    /// Its value.
    pub(super) fn piece(&self) -> Piece<'_> {
        Piece { bytes: &self.bytes, place: self.place }
    }
}

/// Where a list of events begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) level: Level,
    pub(super) offset: u64,
    pub(super) place: Place,
}

/// What the document holds beside its events.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) members: Vec<Raw>,
    pub(super) list: Option<List>,
    /// Where the outermost value begins.
    pub(super) root: Option<(u64, Place)>,
    /// True for an `epcisBody` or `queryResults`, with events or not.
    pub(super) has_body: bool,
    pub(super) duplicates: Vec<Defect>,
    bytes: usize,
}

impl Survey {
    /// Looks through the object that begins here. What was found until an error stays found.
    pub(super) fn document(&mut self, scanner: &mut Scanner, limits: Limits) -> Result<(), Defect> {
        self.object(scanner, Level::Root, limits)?;
        match scanner.peek()? {
            None => Ok(()),
            Some(_) => Err(trailing(scanner)),
        }
    }

    fn object(&mut self, scanner: &mut Scanner, level: Level, limits: Limits) -> Result<(), Defect> {
        scanner.take(b'{', b'{')?;
        let mut seen = HashSet::new();
        if scanner.need()? == b'}' {
            scanner.take(b'}', b'}')?;
            return Ok(());
        }
        loop {
            scanner.need()?;
            let key_place = scanner.place();
            let key = key(scanner)?;
            scanner.take(b':', b':')?;
            let first = scanner.need()?;
            if !seen.insert(key.clone()) {
                if self.duplicates.len() < Defects::KEPT {
                    self.duplicates.push(duplicate(&key, key_place, level.path()));
                }
                scanner.skip_value()?;
            } else if let Some(inner) = level.within(&key).filter(|_| first == b'{') {
                self.has_body = true;
                self.object(scanner, inner, limits)?;
            } else if key == "eventList" && level.holds_events() && first == b'[' && self.list.is_none() {
                self.list = Some(List { level, offset: scanner.offset(), place: scanner.place() });
                scanner.skip_value()?;
            } else {
                self.keep(scanner, level, (key, key_place), limits)?;
            }
            if scanner.take(b',', b'}')? == b'}' {
                return Ok(());
            }
        }
    }

    fn keep(
        &mut self,
        scanner: &mut Scanner,
        level: Level,
        (key, key_place): (String, Place),
        limits: Limits,
    ) -> Result<(), Defect> {
        let piece = scanner.value()?;
        let (bytes, place) = (piece.bytes.to_vec(), piece.place);
        self.bytes += COST_A_MEMBER + key.len() + bytes.len();
        if self.bytes > limits.part_bytes {
            let message = format!("the header is longer than {} bytes", limits.part_bytes);
            return Err(
                Fault::error("too-long", message, "send less beside the events").at(place, level.path())
            );
        }
        scanner.consume(bytes.len());
        self.members.push(Raw { level, key, key_place, place, bytes });
        Ok(())
    }

    /// The member of the document of this name.
    pub(super) fn root_member(&self, key: &str) -> Option<&Raw> {
        self.members.iter().find(|raw| raw.level == Level::Root && raw.key == key)
    }
}

/// The defect that text follows the document.
pub(super) fn trailing(scanner: &Scanner) -> Defect {
    scanner.not_json("there is more text behind the end of the document")
}

/// The defect that a member occurs twice.
pub(super) fn duplicate(key: &str, place: Place, path: &str) -> Defect {
    let message = format!("the member {} occurs twice in one object", shown(key));
    Fault::error("duplicate-member", message, "keep one of them").at(place, path)
}

fn key(scanner: &mut Scanner) -> Result<String, Defect> {
    if scanner.need()? != b'"' {
        return Err(scanner.not_json("a member must begin with its name in quotes"));
    }
    let piece = scanner.value()?;
    let parsed = parser::parse(piece.bytes, 1, 1);
    let parsed = parsed.map_err(|broken| broken.fault.at(piece.place_of(broken.at), ""))?;
    let key = parsed.value.string().unwrap_or_default().to_owned();
    let length = piece.bytes.len();
    scanner.consume(length);
    Ok(key)
}
