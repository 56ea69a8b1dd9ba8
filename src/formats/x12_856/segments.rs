//! Segments of an X12 interchange: elements between the separators that its ISA segment says (X12.5, X12.6).

use std::io;
use std::io::BufReader;
use std::io::Bytes;
use std::io::Read;

use crate::formats::Defect;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::records::Bounded;

/// Bytes one segment may have.
const MOST_SEGMENT: usize = 64 << 10;

/// Bytes one element of ISA may have; the standard has fixed lengths of up to 15.
const MOST_ISA_ELEMENT: usize = 40;

/// An interchange, read segment by segment.
pub(super) struct Segments<R> {
    bytes: Bytes<BufReader<Bounded<R>>>,
    marks: Option<Marks>,
    line: u64,
    count: u64,
}

/// What divides elements, and what ends segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marks {
    element: u8,
    end: u8,
}

/// One segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    place: Place,
    count: u64,
    elements: Vec<String>,
}

impl<R: Read> Segments<R> {
    /// An interchange; nothing is read yet.
    pub(super) fn new(input: R) -> Segments<R> {
        Segments { bytes: BufReader::new(Bounded::new(input)).bytes(), marks: None, line: 1, count: 0 }
    }

    /// The next segment; `None` at the end. After an error nothing more can be read.
    pub(super) fn next(&mut self) -> Result<Option<Segment>, Defect> {
        let Some(first) = self.first_byte()? else { return Ok(None) };
        self.count += 1;
        let place = Place { line: self.line, column: 0 };
        let mut text = vec![first];
        while text.len() < 3 && !self.ends(text.last().copied()) {
            let Some(byte) = self.byte()? else { return Err(self.cut_off(place)) };
            text.push(byte);
        }
        let elements = match text == b"ISA" {
            true => self.header(place)?,
            false => self.rest(text, place)?,
        };
        Ok(Some(Segment { place, count: self.count, elements }))
    }

    /// The elements of ISA, from which the separators are learned: the byte behind `ISA` divides elements, the byte behind its
    /// sixteenth element, which is one byte long, ends segments.
    fn header(&mut self, place: Place) -> Result<Vec<String>, Defect> {
        let Some(element) = self.byte()?.filter(|byte| !byte.is_ascii_alphanumeric()) else {
            return Err(bad_isa(place));
        };
        let mut elements = vec!["ISA".to_owned()];
        let mut text = Vec::new();
        while elements.len() < 16 {
            match self.byte()? {
                Some(byte) if byte == element => elements.push(decoded(&std::mem::take(&mut text))),
                Some(byte) if text.len() < MOST_ISA_ELEMENT => text.push(byte),
                _ => return Err(bad_isa(place)),
            }
        }
        let (Some(component), Some(end)) = (self.byte()?, self.byte()?) else { return Err(bad_isa(place)) };
        if end == element || end.is_ascii_alphanumeric() {
            return Err(bad_isa(place));
        }
        elements.push(decoded(&[component]));
        self.marks = Some(Marks { element, end });
        Ok(elements)
    }

    fn rest(&mut self, mut text: Vec<u8>, place: Place) -> Result<Vec<String>, Defect> {
        let Some(marks) = self.marks else { return Err(bad_isa(place)) };
        while text.last() != Some(&marks.end) {
            let Some(byte) = self.byte()? else { return Err(self.cut_off(place)) };
            text.push(byte);
            if text.len() > MOST_SEGMENT {
                let message = format!("a segment has more than {MOST_SEGMENT} bytes");
                let fix = "see that each segment ends in the mark that ISA says";
                return Err(Fault::error("x12-segment", message, fix).at(place, self.path()));
            }
        }
        text.pop();
        Ok(text.split(|byte| *byte == marks.element).map(decoded).collect())
    }

    /// The first byte that is neither blank nor the end of a line.
    fn first_byte(&mut self) -> Result<Option<u8>, Defect> {
        loop {
            match self.byte()? {
                Some(0xEF | 0xBB | 0xBF) if self.count == 0 => {}
                Some(byte) if byte.is_ascii_whitespace() || byte == 0 => {}
                other => return Ok(other),
            }
        }
    }

    fn ends(&self, byte: Option<u8>) -> bool {
        self.marks.is_some_and(|marks| byte == Some(marks.end))
    }

    fn byte(&mut self) -> Result<Option<u8>, Defect> {
        let byte = self.bytes.next().transpose().map_err(|error| unreadable(&error, self.line))?;
        if byte == Some(b'\n') {
            self.line += 1;
        }
        Ok(byte)
    }

    fn path(&self) -> String {
        format!("segment {}", self.count)
    }

    fn cut_off(&self, place: Place) -> Defect {
        truncated("the file ends in the middle of a segment").at(place, self.path())
    }
}

impl Segment {
    /// Its name, such as `LIN`.
    pub(super) fn name(&self) -> &str {
        self.element(0)
    }

    /// An element by its number from 1, without blanks around it; empty where there is none.
    pub(super) fn element(&self, number: usize) -> &str {
        self.elements.get(number).map_or("", |text| text.trim())
    }

    /// Pairs of qualifier and value from this element on, to the end of the segment.
    pub(super) fn pairs(&self, from: usize) -> impl Iterator<Item = (usize, &str, &str)> {
        let numbers = (from..self.elements.len()).step_by(2);
        numbers.map(|at| (at + 1, self.element(at), self.element(at + 1)))
    }

    /// The defect a fault is in this element; 0 for the segment as a whole.
    pub(super) fn defect(&self, element: usize, fault: Fault) -> Defect {
        let mut path = format!("segment {} {}", self.count, self.name());
        if element > 0 {
            path += &format!(", element {element}");
        }
        fault.at(self.place, path)
    }
}

/// What is said of a file that is not whole.
pub(super) fn truncated(message: &str) -> Fault {
    Fault::error("x12-truncated", message, "send the whole file again")
}

fn bad_isa(place: Place) -> Defect {
    let message = "the file does not begin with an ISA segment of sixteen elements";
    let fix = "send an X12 interchange, from ISA to IEA";
    Fault::error("x12-isa", message, fix).at(place, "segment 1")
}

fn unreadable(error: &io::Error, line: u64) -> Defect {
    let message = format!("the file cannot be read: {error}");
    Fault::error("import-form", message, "send it again whole").at(Place { line, column: 0 }, "")
}

/// Text of an element: UTF-8, else Latin-1.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISA: &str = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260304*1200*U*00401*000000001*0*P*>~";

    fn check(text: &[u8], expected: &[&str], rule: Option<&str>) {
        let mut segments = Segments::new(text);
        let mut found = Vec::new();
        let failed = loop {
            match segments.next() {
                Ok(None) => break None,
                Ok(Some(segment)) => {
                    found.push(format!("{}:{}", segment.place.line, segment.elements.join("|")))
                }
                Err(defect) => break Some(defect.fault.rule),
            }
        };
        let shown = String::from_utf8_lossy(text);
        assert_eq!(failed, rule, "{shown}");
        assert_eq!(found.iter().skip(1).map(|text| &**text).collect::<Vec<_>>(), expected, "{shown}");
    }

    #[test]
    fn separators_are_learned_from_the_first_segment() {
        check(format!("{ISA}GS*SH*A~\r\nST*856*1~").as_bytes(), &["1:GS|SH|A", "2:ST|856|1"], None);
        let other = ISA.replace('*', "|").replace('~', "\n");
        check(format!("\u{feff}{other}GS|SH|A*B\nST|856\n").as_bytes(), &["2:GS|SH|A*B", "3:ST|856"], None);
        check(
            format!("{ISA}A~{other}B|C\n").as_bytes(),
            &["1:A", &format!("1:{}", other.trim_end()), "2:B|C"],
            None,
        );
    }

    #[test]
    fn what_is_no_interchange_is_refused() {
        check(b"", &[], None);
        check(b"ST*856*1~", &[], Some("x12-isa"));
        check(b"<?xml version=\"1.0\"?>", &[], Some("x12-isa"));
        check(&ISA.as_bytes()[..60], &[], Some("x12-isa"));
        check(b"ISAX", &[], Some("x12-isa"));
        check(b"IS", &[], Some("x12-truncated"));
        check(format!("{ISA}GS*SH").as_bytes(), &[], Some("x12-truncated"));
        check(format!("{ISA}{}~", "x".repeat(MOST_SEGMENT + 1)).as_bytes(), &[], Some("x12-segment"));
        check(format!("ISA*{}", "x".repeat(9_999)).as_bytes(), &[], Some("x12-isa"));
    }

    #[test]
    fn text_is_utf_8_or_latin_1() {
        let mut text = format!("{ISA}N1*ST*").into_bytes();
        text.extend(b"Caf\xE9~N1*BY*Caf\xC3\xA9~");
        check(&text, &["1:N1|ST|Café", "1:N1|BY|Café"], None);
    }
}
