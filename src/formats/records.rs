//! Files of records, such as partners and orders: their syntax, their size, and the places of what is wrong in them.

use std::io;
use std::io::Read;

use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;

/// Bytes a file of records may have.
pub const MOST_BYTES: u64 = 32 << 20;

/// The syntaxes of files of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// JSON.
    Json,
    /// CSV with a line of headings.
    Csv,
    /// ASC X12, in which despatch advices come.
    X12,
}

impl Syntax {
    /// Every syntax.
    pub const ALL: [Syntax; 3] = [Syntax::Json, Syntax::Csv, Syntax::X12];

    /// The name used on the command line: `json`, `csv` or `x12`.
    pub fn name(self) -> &'static str {
        match self {
            Syntax::Json => "json",
            Syntax::Csv => "csv",
            Syntax::X12 => "x12",
        }
    }

    /// Tells the syntax by the first bytes: JSON by its bracket, X12 by its ISA segment; anything else is CSV.
    pub fn detect(head: &[u8]) -> Syntax {
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        match head {
            [b'{' | b'[', ..] => Syntax::Json,
            [b'I', b'S', b'A', mark, ..] if !mark.is_ascii_alphanumeric() => Syntax::X12,
            _ => Syntax::Csv,
        }
    }

    /// The syntax of a media type such as `text/csv` or `application/edi-x12`; `None` for any other.
    pub fn from_media_type(essence: &str) -> Option<Syntax> {
        match essence.to_ascii_lowercase().as_str() {
            "application/json" => Some(Syntax::Json),
            "text/csv" => Some(Syntax::Csv),
            "application/edi-x12" => Some(Syntax::X12),
            _ => None,
        }
    }
}

/// A record with its line and its path in the file.
pub type Placed<T> = (Place, String, T);

/// Faults of one record, each with its path inside the record, and its line where parts of a record have lines of their own.
#[derive(Debug, Default)]
pub struct Faults {
    line: u64,
    found: Vec<(u64, String, Fault)>,
}

impl Faults {
    /// Adds a fault at this path.
    pub fn push(&mut self, (path, fault): (String, Fault)) {
        self.found.push((self.line, path, fault));
    }

    /// Says on which line the part stands whose faults are added from now on; 0 for that of the record.
    pub fn at_line(&mut self, line: u64) {
        self.line = line;
    }

    /// The first fault with its path.
    pub fn first(&self) -> Option<(&str, &Fault)> {
        self.found.first().map(|(_, path, fault)| (&**path, fault))
    }
}

/// Reads a JSON file whole; an error becomes a defect at its line and column.
pub fn json<T>(
    input: impl Read,
    defects: &mut Defects,
    parse: impl Fn(&[u8]) -> serde_json::Result<T>,
) -> Option<T> {
    let mut bytes = Vec::new();
    if let Err(error) = Bounded::new(input).read_to_end(&mut bytes) {
        let message = format!("the file cannot be read: {error}");
        defects.add(Fault::error("import-form", message, "send it again whole").at(Place::default(), ""));
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    match parse(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            let place = Place { line: error.line() as u64, column: error.column() as u64 };
            // The place is said beside the message, not in it.
            let text = error.to_string();
            let text = text.split(" at line ").next().unwrap_or_default().to_owned();
            defects.add(Fault::error("import-form", text, "mend the JSON there").at(place, ""));
            None
        }
    }
}

/// True where JSON begins with an array.
pub fn is_array(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

/// Gives each record of a JSON array its path.
pub fn placed<T>(records: Vec<T>, name: &str) -> Vec<Placed<T>> {
    let named = |(at, record)| (Place::default(), format!("{name}[{at}]"), record);
    records.into_iter().enumerate().map(named).collect()
}

/// Adds the faults of a record that stands at this place and path.
pub fn add(faults: Faults, place: Place, path: &str, defects: &mut Defects) {
    for (line, inner, fault) in faults.found {
        let place = if line > 0 { Place { line, column: 0 } } else { place };
        let path = match (path.is_empty(), inner.is_empty()) {
            (true, _) => inner,
            (false, true) => path.to_owned(),
            (false, false) => format!("{path}.{inner}"),
        };
        defects.add(fault.at(place, path));
    }
}

/// Reads a text that is not empty; what is wrong with it goes to `faults` under this path.
pub fn optional<T>(
    text: &str,
    path: &str,
    faults: &mut Faults,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    read(text).map_err(|fault| faults.push((path.to_owned(), fault))).ok()
}

/// A file that ends in an error where it has more than [`MOST_BYTES`].
pub struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R> Bounded<R> {
    /// Bounds a file.
    pub fn new(inner: R) -> Bounded<R> {
        Bounded { inner, left: MOST_BYTES }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(format!("it has more than {MOST_BYTES} bytes; divide it"))),
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_bounded() {
        let read = |bytes: u64| io::copy(&mut Bounded::new(io::repeat(b' ').take(bytes)), &mut io::sink());
        assert_eq!(read(MOST_BYTES).unwrap(), MOST_BYTES);
        assert!(read(MOST_BYTES + 1).unwrap_err().to_string().contains("divide it"));
    }

    #[test]
    fn syntaxes_are_told_by_their_beginning() {
        for (head, expected) in [
            ("\u{feff} {\"a\"", Syntax::Json),
            ("[1]", Syntax::Json),
            ("ISA*00*", Syntax::X12),
            ("isa;name", Syntax::Csv),
            ("ISA", Syntax::Csv),
            ("", Syntax::Csv),
        ] {
            assert_eq!(Syntax::detect(head.as_bytes()), expected, "{head}");
        }
        assert_eq!(Syntax::from_media_type("application/EDI-X12"), Some(Syntax::X12));
        assert_eq!(Syntax::from_media_type("text/plain"), None);
    }

    #[test]
    fn errors_of_json_have_their_place() {
        let mut defects = Defects::new(false);
        let parse = |bytes: &[u8]| serde_json::from_slice::<Vec<u8>>(bytes);
        assert_eq!(json(&b"\xEF\xBB\xBF[1]"[..], &mut defects, parse), Some(vec![1]));
        assert_eq!(json(&b"[1,\n  x]"[..], &mut defects, parse), None);
        let defect = &defects.kept()[0];
        assert_eq!((defect.place.line, defect.place.column), (2, 3));
        assert_eq!(defect.fault.message, "expected value");
    }
}
