//! The bytes of a document: decoded, counted against the limits, and with lines and columns.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;

use quick_xml::encoding::DecodingReader;

use crate::formats::Input;
use crate::formats::Place;

const WINDOW: usize = 128 << 10;

/// Where the bytes come from.
pub enum Bytes {
    /// Bytes that are UTF-8 already.
    Utf8(Box<dyn Input>),
    /// Bytes of another encoding.
    Decoded(Box<DecodingReader<BufReader<Box<dyn Input>>>>),
}

impl Read for Bytes {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::Utf8(input) => input.read(into),
            Bytes::Decoded(input) => input.read(into),
        }
    }
}

/// Why the source gives no more bytes, besides what the system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The part being read is longer than the limit.
    #[error("a part of the document is longer than the limit")]
    TooLong,
    /// A byte that XML does not allow.
    #[error("a control character that XML does not allow")]
    Control(u8),
}

/// A place to be remembered: its offset, and line and column once they were counted.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    offset: u64,
    place: Option<Place>,
}

/// A window on the document. Lines are counted behind it, only as far as somebody asks.
pub struct Source {
    input: Bytes,
    window: Box<[u8]>,
    start: usize,
    end: usize,
    /// Offset in the document of the window's first byte.
    base: u64,
    /// Up to which offset lines are counted.
    counted: u64,
    line: u64,
    line_start: u64,
    element: Mark,
    text: Mark,
    token: Mark,
    /// The offset at which the part being read is too long.
    part_end: u64,
    part_bytes: u64,
    bad: Option<u8>,
    /// True where `]]>` stands in the window.
    has_section_end: bool,
}

impl Source {
    /// A source at the beginning of the bytes; no part of the document may have more than `part_bytes`.
    pub fn new(input: Bytes, part_bytes: usize) -> Source {
        let part_bytes = part_bytes as u64;
        Source {
            input,
            window: vec![0; WINDOW].into_boxed_slice(),
            start: 0,
            end: 0,
            base: 0,
            counted: 0,
            line: 1,
            line_start: 0,
            element: Mark::default(),
            text: Mark::default(),
            token: Mark::default(),
            part_end: part_bytes,
            part_bytes,
            bad: None,
            has_section_end: false,
        }
    }

    /// What is unread of the window; empty where the next byte is not in it.
    #[inline]
    pub fn unread(&self) -> &[u8] {
        self.window.get(self.start..self.end).unwrap_or_default()
    }

    /// True where the window holds `]]>`, which text may not. To ask this once for the window costs next to nothing.
    #[inline]
    pub fn has_section_end(&self) -> bool {
        self.has_section_end
    }

    /// Passes over this many bytes of the window.
    #[inline]
    pub fn pass(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Begins a new part, to which the limit applies.
    pub fn begin_part(&mut self) {
        self.part_end = self.offset() + self.part_bytes;
    }

    /// Notes that a token begins here.
    #[inline]
    pub fn mark_token(&mut self) {
        self.token = Mark { offset: self.offset(), place: None };
    }

    /// Notes that the token marked is an element.
    #[inline]
    pub fn mark_element(&mut self) {
        self.element = self.token;
    }

    /// Notes that text begins this many bytes behind the beginning of the token marked.
    #[inline]
    pub fn mark_text(&mut self, blanks: usize) {
        self.text = Mark { offset: self.token.offset + blanks as u64, place: None };
    }

    /// The offset in the document at which the element begins that was marked last.
    pub fn element_offset(&self) -> u64 {
        self.element.offset
    }

    /// True where the bytes are UTF-8 as they are sent, so that offsets are those of the input.
    pub fn is_utf8(&self) -> bool {
        matches!(self.input, Bytes::Utf8(_))
    }

    /// Where the element begins that was marked last.
    pub fn element_place(&mut self) -> Place {
        self.resolve_text(self.element.offset);
        let place = self.resolve(self.element);
        self.element.place = Some(place);
        place
    }

    /// Where the token begins that was marked last.
    pub fn token_place(&mut self) -> Place {
        self.element_place();
        self.resolve_text(self.token.offset);
        self.resolve(self.token)
    }

    /// Where the text begins that was marked last.
    pub fn text_place(&mut self) -> Place {
        self.resolve_text(u64::MAX);
        self.text.place.unwrap_or_default()
    }

    /// Resolves the place of the text if it stands before this offset, as lines are counted onwards only.
    fn resolve_text(&mut self, offset: u64) {
        if self.text.place.is_none() && self.text.offset <= offset {
            self.text.place = Some(self.resolve(self.text));
        }
    }

    /// Where the next byte is.
    pub fn place(&mut self) -> Place {
        self.token_place();
        self.resolve(Mark { offset: self.offset(), place: None })
    }

    #[inline]
    fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    fn resolve(&mut self, mark: Mark) -> Place {
        if let Some(place) = mark.place {
            return place;
        }
        let from = self.counted.saturating_sub(self.base) as usize;
        let to = mark.offset.saturating_sub(self.base) as usize;
        let bytes = self.window.get(from..to).unwrap_or_default();
        if let Some(last) = memchr::memrchr(b'\n', bytes) {
            self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
            self.line_start = self.counted + last as u64 + 1;
        }
        self.counted = self.counted.max(mark.offset);
        Place { line: self.line, column: mark.offset.saturating_sub(self.line_start) + 1 }
    }

    fn refill(&mut self) -> io::Result<()> {
        if let Some(byte) = self.bad {
            return Err(io::Error::other(Stop::Control(byte)));
        }
        self.token.place = Some(self.token_place());
        self.resolve_text(u64::MAX);
        self.resolve(Mark { offset: self.offset(), place: None });
        if self.offset() >= self.part_end {
            return Err(io::Error::other(Stop::TooLong));
        }
        self.base += self.end as u64;
        (self.start, self.end) = (0, 0);
        let length = self.input.read(&mut self.window)?;
        self.end = length;
        let read = self.window.get(..length).unwrap_or_default();
        self.has_section_end = memchr::memmem::find(read, b"]]>").is_some();
        if has_control(read)
            && let Some(at) = read.iter().position(|byte| is_control(*byte))
        {
            self.bad = read.get(at).copied();
            self.end = at;
        }
        Ok(())
    }
}

impl BufRead for Source {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start >= self.end {
            self.refill()?;
            if self.end == 0
                && let Some(byte) = self.bad
            {
                return Err(io::Error::other(Stop::Control(byte)));
            }
        }
        Ok(self.unread())
    }

    #[inline]
    fn consume(&mut self, amount: usize) {
        self.start += amount;
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut unread = self.fill_buf()?;
        let length = unread.read(into)?;
        self.consume(length);
        Ok(length)
    }
}

fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// Looks at all bytes without a branch, so that it runs at the speed of memory.
fn has_control(bytes: &[u8]) -> bool {
    bytes.chunks(64).any(|chunk| chunk.iter().fold(false, |found, byte| found | is_control(*byte)))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn source(bytes: Vec<u8>, limit: usize) -> Source {
        Source::new(Bytes::Utf8(Box::new(Cursor::new(bytes))), limit)
    }

    #[test]
    fn counts_lines_and_columns() {
        let mut bytes = b"a\nbc\n".to_vec();
        bytes.extend(vec![b'x'; WINDOW]);
        bytes.extend(b"\nend");
        let mut source = source(bytes, usize::MAX >> 1);
        source.fill_buf().unwrap();
        source.consume(3);
        source.mark_token();
        source.mark_element();
        source.consume(2);
        source.mark_token();
        assert_eq!(source.element_place(), Place { line: 2, column: 2 });
        assert_eq!(source.token_place(), Place { line: 3, column: 1 });
        source.consume(WINDOW - 5);
        source.fill_buf().unwrap();
        assert_eq!(source.token_place(), Place { line: 3, column: 1 });
        source.consume(6);
        assert_eq!(source.place(), Place { line: 4, column: 1 });
    }

    #[test]
    fn stops_at_control_characters_and_limits() {
        let stop = |error: io::Error| *error.get_ref().unwrap().downcast_ref::<Stop>().unwrap();
        let mut nul = source(b"ab\0c".to_vec(), 1 << 20);
        assert_eq!(nul.fill_buf().unwrap(), b"ab");
        nul.consume(2);
        assert_eq!(stop(nul.fill_buf().unwrap_err()), Stop::Control(0));
        let mut long = source(vec![b' '; WINDOW * 3], WINDOW);
        long.fill_buf().unwrap();
        long.consume(WINDOW);
        assert_eq!(stop(long.fill_buf().unwrap_err()), Stop::TooLong);
        long.begin_part();
        assert!(long.fill_buf().is_ok());
    }
}
