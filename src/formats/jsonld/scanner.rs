//! Scanner: finds where values begin and end in an input of any length, in bounded memory.

use std::io::SeekFrom;

use memchr::memchr2;

use crate::formats::Defect;
use crate::formats::Fault;
use crate::formats::Input;
use crate::formats::Limits;
use crate::formats::Place;
use crate::formats::jsonld::piece;
use crate::formats::jsonld::piece::Piece;
use crate::formats::reader::unreadable;

const BLOCK: usize = 256 << 10;

/// A buffered input with its place in lines and columns.
pub(super) struct Scanner {
    input: Box<dyn Input>,
    limits: Limits,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
    offset: u64,
    place: Place,
}

impl Scanner {
    /// Begins at the start of the input.
    pub(super) fn new(input: Box<dyn Input>, limits: Limits) -> Scanner {
        Scanner {
            input,
            limits,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            finished: false,
            offset: 0,
            place: Place { line: 1, column: 1 },
        }
    }

    /// Where the next byte stands, as bytes from the start of the input.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where the next byte stands.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Goes back to a place that was seen before.
    pub(super) fn seek(&mut self, offset: u64, place: Place) -> Result<(), Defect> {
        self.input.seek(SeekFrom::Start(offset)).map_err(|error| unreadable(&error))?;
        (self.start, self.end, self.finished) = (0, 0, false);
        (self.offset, self.place) = (offset, place);
        Ok(())
    }

    /// Passes over a byte order mark.
    pub(super) fn skip_mark(&mut self) -> Result<(), Defect> {
        while self.end - self.start < 3 && self.fill()? {}
        if self.rest().starts_with(b"\xEF\xBB\xBF") {
            self.start += 3;
            self.offset += 3;
        }
        Ok(())
    }

    /// The next byte that is no white space, not yet consumed; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Defect> {
        loop {
            let rest = self.rest();
            let blank = rest
                .iter()
                .position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
                .unwrap_or(rest.len());
            self.consume(blank);
            if let Some(byte) = self.rest().first() {
                return Ok(Some(*byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The next byte that is no white space, where the input must not be at its end.
    pub(super) fn need(&mut self) -> Result<u8, Defect> {
        self.peek()?.ok_or_else(|| self.truncated())
    }

    /// Consumes one of two bytes and says which it was.
    pub(super) fn take(&mut self, one: u8, other: u8) -> Result<u8, Defect> {
        let byte = self.need()?;
        if byte != one && byte != other {
            let wanted = if one == other {
                format!("{:?}", char::from(one))
            } else {
                format!("{:?} or {:?}", char::from(one), char::from(other))
            };
            let found = if byte.is_ascii() { format!("{:?}", char::from(byte)) } else { "text".to_owned() };
            return Err(self.not_json(format!("{found} stands where {wanted} must stand")));
        }
        self.consume(1);
        Ok(byte)
    }

    /// The value that begins here, whole; it must then be consumed.
    pub(super) fn value(&mut self) -> Result<Piece<'_>, Defect> {
        self.need()?;
        let mut extent = Extent::default();
        let mut seen = 0;
        let length = loop {
            let fresh = self.rest().get(seen..).unwrap_or_default();
            match extent.feed(fresh, self.limits.depth) {
                Step::Done(more) => break seen + more,
                Step::TooDeep => return Err(self.too_deep()),
                Step::More => {
                    seen = self.end - self.start;
                    if seen > self.limits.part_bytes {
                        break seen;
                    }
                    if !self.fill()? {
                        if extent.is_scalar() {
                            break seen;
                        }
                        return Err(self.truncated_after(seen));
                    }
                }
            }
        };
        if length > self.limits.part_bytes {
            return Err(self.too_long());
        }
        let bytes = self.buffer.get(self.start..self.start + length).unwrap_or_default();
        Ok(Piece { bytes, place: self.place })
    }

    /// Passes over the value that begins here, however long it is.
    pub(super) fn skip_value(&mut self) -> Result<(), Defect> {
        self.need()?;
        let mut extent = Extent::default();
        loop {
            match extent.feed(self.rest(), self.limits.depth) {
                Step::Done(length) => {
                    self.consume(length);
                    return Ok(());
                }
                Step::TooDeep => return Err(self.too_deep()),
                Step::More => {
                    self.consume(self.end - self.start);
                    if !self.fill()? {
                        return if extent.is_scalar() { Ok(()) } else { Err(self.truncated()) };
                    }
                }
            }
        }
    }

    /// Goes on behind bytes that were looked at.
    pub(super) fn consume(&mut self, length: usize) {
        let passed = self.buffer.get(self.start..self.start + length).unwrap_or_default();
        self.place = piece::place_after(self.place, passed);
        self.start += length;
        self.offset += length as u64;
    }

    /// The defect that the text here is not JSON.
    pub(super) fn not_json(&self, message: impl Into<String>) -> Defect {
        Fault::error("not-json", message, "send well-formed JSON").at(self.place, "")
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn fill(&mut self) -> Result<bool, Defect> {
        if self.finished {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + BLOCK {
            let wanted = (self.end + BLOCK).max(self.buffer.len().saturating_mul(2));
            self.buffer.resize(wanted.min(self.limits.part_bytes.saturating_add(2 * BLOCK)), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = self.input.read(room).map_err(|error| unreadable(&error))?;
        self.end += read;
        self.finished = read == 0;
        Ok(read > 0)
    }

    fn truncated(&self) -> Defect {
        self.truncated_after(0)
    }

    fn truncated_after(&self, length: usize) -> Defect {
        let place = piece::place_after(self.place, self.rest().get(..length).unwrap_or_default());
        Fault::error("truncated", "the document ends before it is complete", "send the whole document")
            .at(place, "")
    }

    fn too_deep(&self) -> Defect {
        let message = format!("the value is nested more than {} levels deep", self.limits.depth);
        Fault::error("too-deep", message, "send a document that nests less").at(self.place, "")
    }

    fn too_long(&self) -> Defect {
        let message = format!("the value is longer than {} bytes", self.limits.part_bytes);
        Fault::error("too-long", message, "divide it into several events").at(self.place, "")
    }
}

/// How far a value reaches, judged by its brackets and quotes alone.
#[derive(Default)]
struct Extent {
    depth: usize,
    in_string: bool,
    escaped: bool,
    scalar: bool,
}

enum Step {
    Done(usize),
    More,
    TooDeep,
}

impl Extent {
    fn is_scalar(&self) -> bool {
        self.scalar
    }

    fn feed(&mut self, bytes: &[u8], most: usize) -> Step {
        let mut at = 0;
        loop {
            if self.in_string {
                if self.escaped && at < bytes.len() {
                    self.escaped = false;
                    at += 1;
                }
                let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) else {
                    return Step::More;
                };
                at += found + 1;
                if bytes.get(at - 1) == Some(&b'\\') {
                    self.escaped = true;
                    continue;
                }
                self.in_string = false;
                if self.depth == 0 {
                    return Step::Done(at);
                }
            }
            let Some(byte) = bytes.get(at) else { return Step::More };
            match byte {
                b'"' if self.scalar => return Step::Done(at),
                b'"' => self.in_string = true,
                b'{' | b'[' if self.scalar => return Step::Done(at),
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth > most {
                        return Step::TooDeep;
                    }
                }
                b'}' | b']' if self.depth == 0 => return Step::Done(at),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Step::Done(at + 1);
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => return Step::Done(at),
                _ if self.depth == 0 => self.scalar = true,
                _ => {}
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn scanner(text: &str) -> Scanner {
        Scanner::new(Box::new(Cursor::new(text.as_bytes().to_vec())), Limits::default())
    }

    fn check(text: &str, expected: Result<&str, &str>) {
        let mut scanner = scanner(text);
        let found = scanner.value().map(|piece| String::from_utf8_lossy(piece.bytes).into_owned());
        assert_eq!(found.as_deref().map_err(|defect| defect.fault.rule), expected, "{text}");
    }

    #[test]
    fn finds_the_end_of_a_value() {
        check(" {\"a\":[1,\"}\\\"]\"]} x", Ok("{\"a\":[1,\"}\\\"]\"]}"));
        check("\"a\\\\\",", Ok("\"a\\\\\""));
        check("12.5e3]", Ok("12.5e3"));
        check("true", Ok("true"));
        check("[1,2", Err("truncated"));
        check("\"abc", Err("truncated"));
        check("", Err("truncated"));
        check(&"[".repeat(200), Err("too-deep"));
    }

    #[test]
    fn counts_lines_and_goes_back() {
        let mut scanner = scanner("\u{feff}[\n  1,\n {\"a\":\n2}]");
        scanner.skip_mark().unwrap();
        scanner.take(b'[', b'[').unwrap();
        scanner.peek().unwrap();
        let (offset, place) = (scanner.offset(), scanner.place());
        assert_eq!(place, Place { line: 2, column: 3 });
        scanner.skip_value().unwrap();
        scanner.take(b',', b']').unwrap();
        scanner.skip_value().unwrap();
        assert_eq!(scanner.place(), Place { line: 4, column: 3 });
        scanner.seek(offset, place).unwrap();
        assert_eq!(scanner.value().unwrap().bytes, b"1");
    }

    #[test]
    fn refuses_what_is_too_long() {
        let limits = Limits { part_bytes: 1_000, ..Limits::default() };
        let text = format!("[\"{}\"]", "x".repeat(2_000));
        let mut scanner = Scanner::new(Box::new(Cursor::new(text.into_bytes())), limits);
        assert_eq!(scanner.value().err().unwrap().fault.rule, "too-long");
        scanner.skip_value().unwrap();
        assert_eq!(scanner.peek().unwrap(), None);
    }
}
