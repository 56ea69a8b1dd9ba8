//! Tables in CSV: cells by the names of their columns, which are taken in many spellings.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Chain;
use std::io::Cursor;
use std::io::Read;

use csv::StringRecord;

use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::records::Bounded;

/// A column: its name, and other names under which it is known. Capitals, spaces and punctuation do not count.
pub type Column = (&'static str, &'static [&'static str]);

/// What was read to find the headings, and what follows it.
type Numbered<R> = Chain<Cursor<Vec<u8>>, BufReader<Lines<R>>>;

/// A table in CSV with a line of headings, read row by row.
pub struct Table<R> {
    reader: csv::Reader<Numbered<R>>,
    /// Of each known column, the place of its cell in a row.
    places: Vec<(&'static str, usize)>,
}

/// One row of a table.
pub struct Row<'a> {
    line: u64,
    cells: StringRecord,
    places: &'a [(&'static str, usize)],
}

impl<R: Read> Table<R> {
    /// Reads the headings; tells commas, semicolons and tabs apart by them. A heading that is no known column is a warning,
    /// no known heading at all, or the same column twice, an error.
    pub fn open(input: R, columns: &[Column], defects: &mut Defects) -> Option<Table<R>> {
        let lines = Lines { inner: Bounded::new(input), after_return: false, ended: false };
        let mut input = BufReader::new(lines);
        let head =
            first_line(&mut input).map_err(|error| defects.add(unreadable(&error.to_string()))).ok()?;
        let text = String::from_utf8_lossy(&head).into_owned();
        let delimiter = [b',', b';', b'\t', b'|']
            .into_iter()
            .max_by_key(|mark| (head.iter().filter(|byte| *byte == mark).count(), *mark == b','))?;
        let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let input = Cursor::new(head.get(bom..).unwrap_or_default().to_vec()).chain(input);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(input);
        let headings = match reader.headers() {
            Ok(headings) => headings.clone(),
            Err(error) => {
                defects.add(unreadable(&error.to_string()));
                return None;
            }
        };
        let places = places(&headings, columns, defects);
        if places.is_empty() {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            let fix = format!("write the columns' names in the first line: {}", names.join(", "));
            let fault =
                Fault::error("import-column", "the first line names no column that is known here", fix);
            defects.add(fault.at(Place { line: 1, column: 1 }, ""));
            return None;
        }
        Some(Table { reader, places })
    }

    /// The next row that is not empty; `None` at the end, and behind a row that is not UTF-8.
    pub fn next(&mut self, defects: &mut Defects) -> Option<Row<'_>> {
        loop {
            let mut cells = StringRecord::new();
            match self.reader.read_record(&mut cells) {
                Ok(false) => return None,
                Ok(true) if cells.iter().all(str::is_empty) => {}
                Ok(true) => {
                    let inside = cells.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
                    // The position of a record is before the empty lines in front of it, so its end is counted from.
                    let line = self.reader.position().line().saturating_sub(1 + inside);
                    return Some(Row { line, cells, places: &self.places });
                }
                Err(error) => {
                    defects.add(unreadable(&error.to_string()));
                    return None;
                }
            }
        }
    }
}

impl Row<'_> {
    /// The line of the file on which it begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The text of a cell; empty where the table has no such column.
    pub fn cell(&self, column: &str) -> &str {
        let place = self.places.iter().find(|(name, _)| *name == column);
        place.and_then(|(_, place)| self.cells.get(*place)).unwrap_or_default()
    }

    /// The parts of a cell that holds several values, divided by semicolons or vertical bars.
    pub fn cells(&self, column: &str) -> Vec<String> {
        let parts = self.cell(column).split([';', '|']).map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }
}

/// The text with lines that all end in a line feed, the last one too.
struct Lines<R> {
    inner: Bounded<R>,
    after_return: bool,
    ended: bool,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(into)?;
            if read == 0 {
                let Some(last) = into.first_mut().filter(|_| !self.ended) else { return Ok(0) };
                *last = b'\n';
                self.ended = true;
                return Ok(1);
            }
            let mut kept = 0;
            for at in 0..read {
                let byte = into.get(at).copied().unwrap_or_default();
                let drop = byte == b'\n' && self.after_return;
                self.after_return = byte == b'\r';
                if let Some(place) = into.get_mut(kept).filter(|_| !drop) {
                    *place = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

fn places(headings: &StringRecord, columns: &[Column], defects: &mut Defects) -> Vec<(&'static str, usize)> {
    let mut places: Vec<(&'static str, usize)> = Vec::new();
    for (place, heading) in headings.iter().enumerate() {
        let asked = bare(heading);
        let at = Place { line: 1, column: 0 };
        let known = columns
            .iter()
            .find(|(name, others)| bare(name) == asked || others.iter().any(|other| bare(other) == asked));
        match known {
            Some((name, _)) if places.iter().any(|(other, _)| other == name) => {
                let message = format!("two columns say {name}");
                defects.add(Fault::error("import-column", message, "leave one of them out").at(at, heading));
            }
            Some((name, _)) => places.push((name, place)),
            None if asked.is_empty() => {}
            None => {
                let message = format!("the column {heading:?} is not known here and is left out");
                defects.add(Fault::warning("import-column", message, "").at(at, heading));
            }
        }
    }
    places
}

/// A heading as it is compared: small letters and digits.
fn bare(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The bytes up to the first line's end, at most 64 KiB.
fn first_line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    input.take(64 << 10).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn unreadable(error: &str) -> Defect {
    let message = format!("the table cannot be read: {error}");
    Fault::error("import-form", message, "save it as CSV in UTF-8").at(Place::default(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[("number", &["PO number", "order"]), ("gtin", &[])];

    fn check(text: &str, rows: &[(u64, &str, &str)], expected: &[&str]) {
        let mut defects = Defects::new(false);
        let mut found = Vec::new();
        if let Some(mut table) = Table::open(text.as_bytes(), COLUMNS, &mut defects) {
            while let Some(row) = table.next(&mut defects) {
                found.push((row.line(), row.cell("number").to_owned(), row.cell("gtin").to_owned()));
            }
        }
        let found: Vec<_> = found.iter().map(|(line, number, gtin)| (*line, &**number, &**gtin)).collect();
        assert_eq!(found, rows, "{text}");
        let said: Vec<&str> = defects.kept().iter().map(|defect| defect.fault.severity.as_str()).collect();
        assert_eq!(said, expected, "{text}: {:?}", defects.kept());
    }

    #[test]
    fn columns_are_known_by_many_names() {
        check("number,gtin\n1,2\n\n3,4\n", &[(2, "1", "2"), (4, "3", "4")], &[]);
        check("\u{feff}PO_Number; GTIN \r\n a ;2\r\n", &[(2, "a", "2")], &[]);
        check("Order\tColour\n1\tred\n", &[(2, "1", "")], &["warning"]);
        check("gtin\n\"1\n2\"\n3\n", &[(2, "", "1\n2"), (4, "", "3")], &[]);
        check("order,number\n1,2\n", &[(2, "1", "")], &["error"]);
        check("colour,size\nred,9\n", &[], &["warning", "warning", "error"]);
        check("gtin\r\r\n\"1\r\n2\"\r\n3\r4", &[(3, "", "1\n2"), (5, "", "3"), (6, "", "4")], &[]);
        check("", &[], &["error"]);
        check("number,gtin\n1\n", &[(2, "1", "")], &[]);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let mut defects = Defects::new(false);
        let mut table = Table::open(&b"number\n1\n\xFF\n"[..], COLUMNS, &mut defects).unwrap();
        assert!(table.next(&mut defects).is_some() && table.next(&mut defects).is_none());
        assert_eq!(defects.errors(), 1);
    }
}
