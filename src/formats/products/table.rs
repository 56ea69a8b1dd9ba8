//! Catalogues as tables: a header row, then one product a row.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Read;
use std::rc::Rc;

use csv::ByteRecord;
use csv::Reader;
use csv::ReaderBuilder;

use crate::dscsa::ProductField;
use crate::formats::products::CatalogueEntry;
use crate::formats::products::Listing;
use crate::formats::products::RowFault;
use crate::formats::products::columns;
use crate::formats::products::columns::Column;
use crate::formats::products::reader;
use crate::formats::products::reader::Broken;
use crate::formats::products::reader::Metered;

/// A table whose columns are known.
pub(super) struct Table<R: Read> {
    records: Records<R>,
    columns: Vec<(String, Option<Column>)>,
    ignored: BTreeSet<String>,
}

impl<R: Read> Table<R> {
    /// Reads the header row; fails where no column is a GTIN or an NDC.
    pub(super) fn open(input: Metered<R>, delimiter: u8) -> Result<Table<R>, RowFault> {
        let mut builder = ReaderBuilder::new();
        let mut records = Records::new(input, builder.delimiter(delimiter));
        let header = records.header()?;
        let mut table = Table { records, columns: Vec::new(), ignored: BTreeSet::new() };
        for name in header {
            let column = columns::column(&name).filter(|column| !table.has(*column));
            if column.is_none() {
                reader::ignore(&mut table.ignored, &name);
            }
            table.columns.push((name, column));
        }
        if !table.has(Column::Gtin) && !table.has(Column::Field(ProductField::Ndc)) {
            return Err(RowFault::of_row(
                1,
                "columns-missing",
                "no column of the first row is called gtin or ndc",
                "begin with a header row such as gtin,ndc,proprietary_name,strength",
            ));
        }
        Ok(table)
    }

    /// Names of columns that say nothing to us.
    pub(super) fn ignored(&self) -> &BTreeSet<String> {
        &self.ignored
    }

    /// The next row that is not empty.
    pub(super) fn next_row(&mut self) -> Option<Result<CatalogueEntry, Broken>> {
        loop {
            let (line, values) = match self.records.next()? {
                Ok(record) => record,
                Err(fault) => return Some(Err(Broken::End(fault))),
            };
            if values.iter().skip(self.columns.len()).any(|value| !value.trim().is_empty()) {
                let message =
                    format!("the row has {} values, the header {}", values.len(), self.columns.len());
                let fix = "put values that hold a separator in quotes";
                let fault = RowFault::of_row(line, "row-too-wide", message, fix);
                return Some(Err(Broken::Row(vec![fault])));
            }
            let known = self.columns.iter().zip(&values);
            let cells: Vec<(Column, &str, &str)> = known
                .filter_map(|((name, column), value)| Some(((*column)?, name.as_str(), value.as_str())))
                .collect();
            match columns::read(line, &cells) {
                Ok(None) => {}
                Ok(Some(product)) => {
                    return Some(Ok(CatalogueEntry { line, product, listing: Listing::Product }));
                }
                Err(faults) => return Some(Err(Broken::Row(faults))),
            }
        }
    }

    fn has(&self, column: Column) -> bool {
        self.columns.iter().any(|(_, known)| *known == Some(column))
    }
}

/// Records of a table, decoded, each with the line it begins on.
pub(super) struct Records<R: Read> {
    reader: Reader<Metered<R>>,
    record: ByteRecord,
    given: Rc<Cell<u64>>,
}

impl<R: Read> Records<R> {
    /// Begins to read with these separators and quotes.
    pub(super) fn new(input: Metered<R>, builder: &mut ReaderBuilder) -> Records<R> {
        let given = input.given();
        // The other choice, either of CR and LF, counts the lines of CRLF files too late.
        let builder = builder.terminator(csv::Terminator::Any(b'\n'));
        let reader = builder.has_headers(false).flexible(true).from_reader(input);
        Records { reader, record: ByteRecord::new(), given }
    }

    /// The first record; fails where there is none.
    pub(super) fn header(&mut self) -> Result<Vec<String>, RowFault> {
        let none =
            || RowFault::of_row(1, "file-empty", "the file has no row", "send a file with a header row");
        self.next().unwrap_or_else(|| Err(none())).map(|(_, names)| names)
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Result<(u64, Vec<String>), RowFault>> {
        self.given.set(0);
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => None,
            Ok(true) => {
                let line = self.first_line();
                Some(Ok((line, self.record.iter().map(reader::decoded).collect())))
            }
            Err(error) => {
                let line = self.reader.position().line();
                let error = match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    other => std::io::Error::other(format!("{other:?}")),
                };
                Some(Err(reader::unreadable(line, &error)))
            }
        }
    }

    /// The line on which the record just read begins, whatever empty lines stand before it.
    fn first_line(&self) -> u64 {
        let inside = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let behind = self.reader.position().line();
        behind.saturating_sub(inside + u64::from(!self.reader.is_done()))
    }
}
