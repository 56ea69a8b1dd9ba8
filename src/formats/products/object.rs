//! Catalogues in JSON: an array of objects, or one object after another, read one at a time.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::rc::Rc;

use serde_json::Map;
use serde_json::Value;

use crate::formats::products::CatalogueEntry;
use crate::formats::products::Listing;
use crate::formats::products::RowFault;
use crate::formats::products::columns;
use crate::formats::products::columns::Column;
use crate::formats::products::reader;
use crate::formats::products::reader::Broken;
use crate::formats::products::reader::Metered;

/// Members that our own answers have and that say nothing of the product.
const OURS: [&str; 4] = ["ndc_forms", "possible_ndcs", "origins", "statements"];

/// The objects of a file.
pub(super) struct Objects<R: Read> {
    input: BufReader<Metered<R>>,
    given: Rc<Cell<u64>>,
    line: u64,
    ignored: BTreeSet<String>,
}

impl<R: Read> Objects<R> {
    pub(super) fn new(input: Metered<R>) -> Objects<R> {
        let given = input.given();
        Objects { input: BufReader::new(input), given, line: 1, ignored: BTreeSet::new() }
    }

    /// Names of members that say nothing to us.
    pub(super) fn ignored(&self) -> &BTreeSet<String> {
        &self.ignored
    }

    /// The next object that is not empty.
    pub(super) fn next_row(&mut self) -> Option<Result<CatalogueEntry, Broken>> {
        loop {
            self.given.set(0);
            let (line, text) = match self.next_object() {
                Ok(object) => object?,
                Err(fault) => return Some(Err(Broken::End(fault))),
            };
            match self.read(line, &text) {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(faults) => return Some(Err(Broken::Row(faults))),
            }
        }
    }

    fn read(&mut self, line: u64, text: &[u8]) -> Result<Option<CatalogueEntry>, Vec<RowFault>> {
        let members: Map<String, Value> =
            serde_json::from_slice(text).map_err(|error| vec![malformed(line, &error.to_string())])?;
        let mut known: Vec<(Column, &str, String)> = Vec::new();
        let mut faults = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
            let column =
                columns::column(name).filter(|column| !known.iter().any(|(other, ..)| other == column));
            match (column, value) {
                (None, _) => reader::ignore(&mut self.ignored, name),
                (_, Value::Null) => {}
                (Some(column), Value::String(text)) => known.push((column, name, text.clone())),
                (Some(column), Value::Number(_) | Value::Bool(_)) => {
                    known.push((column, name, value.to_string()));
                }
                (Some(_), _) => faults.push(nested(line, name)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let cells: Vec<(Column, &str, &str)> =
            known.iter().map(|(column, name, value)| (*column, *name, value.as_str())).collect();
        if known.is_empty() && !members.is_empty() {
            let fix = "send an array of objects with the members gtin or ndc";
            let fault =
                RowFault::of_row(line, "identifier-missing", "the object says nothing of a product", fix);
            return Err(vec![fault]);
        }
        let product = columns::read(line, &cells)?;
        Ok(product.map(|product| CatalogueEntry { line, product, listing: Listing::Product }))
    }

    /// The text of the next object and the line it begins on; `None` at the end.
    fn next_object(&mut self) -> Result<Option<(u64, Vec<u8>)>, RowFault> {
        loop {
            match self.next_byte()? {
                None => return Ok(None),
                Some(b'{') => break,
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']') => {}
                Some(_) => return Err(malformed(self.line, "something else than an object")),
            }
        }
        let (line, mut text, mut depth) = (self.line, vec![b'{'], 1);
        let (mut quoted, mut escaped) = (false, false);
        while depth > 0 {
            let Some(byte) = self.next_byte()? else {
                return Err(malformed(line, "the object is not closed"));
            };
            text.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = quoted,
                b'"' => quoted = !quoted,
                b'{' if !quoted => depth += 1,
                b'}' if !quoted => depth -= 1,
                _ => {}
            }
        }
        Ok(Some((line, text)))
    }

    fn next_byte(&mut self) -> Result<Option<u8>, RowFault> {
        let read = |input: &mut BufReader<Metered<R>>| -> io::Result<Option<u8>> {
            let byte = input.fill_buf()?.first().copied();
            input.consume(usize::from(byte.is_some()));
            Ok(byte)
        };
        let byte = read(&mut self.input).map_err(|error| reader::unreadable(self.line, &error))?;
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }
}

fn malformed(line: u64, what: &str) -> RowFault {
    let fix = "send an array of objects, such as [{\"gtin\": \"00352999101306\"}]";
    RowFault::of_row(line, "json-malformed", format!("the JSON cannot be read: {what}"), fix)
}

fn nested(line: u64, name: &str) -> RowFault {
    let fix = "write it as a text or a number";
    RowFault::of_row(line, "value-nested", "the value is an object or a list", fix).in_column(name)
}
