//! CatalogueReader: one entry after another, whatever the form, in little memory.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::rc::Rc;

use crate::formats::products::CatalogueEntry;
use crate::formats::products::CatalogueForm;
use crate::formats::products::RowFault;
use crate::formats::products::directory;
use crate::formats::products::directory::Directory;
use crate::formats::products::object::Objects;
use crate::formats::products::table::Table;

/// Bytes of one row.
const LONGEST_ROW: u64 = 1 << 20;

/// How much is looked at to tell the form.
const HEAD: usize = 8 << 10;

/// Names of columns that are kept to be shown, of those that say nothing to us.
const MOST_IGNORED: usize = 50;

/// Reads a catalogue: each item is an entry, or all faults of one row. A fault after which nothing can be read ends it.
pub struct CatalogueReader<R: Read> {
    rows: Rows<R>,
    ended: bool,
}

enum Rows<R: Read> {
    Table(Table<R>),
    Objects(Objects<R>),
    Directory(Directory<R>),
}

impl<R: Read> CatalogueReader<R> {
    /// Begins to read; the form is told by the first bytes where nobody says it.
    ///
    /// Fails where there is no header row with columns that we know.
    pub fn open(input: R, form: Option<CatalogueForm>) -> Result<CatalogueReader<R>, RowFault> {
        let mut input = BufReader::with_capacity(HEAD, input);
        let head = head(&mut input).map_err(|error| unreadable(1, &error))?;
        let form = form.unwrap_or(head.form);
        let input = Metered::new(input);
        let rows = match form {
            CatalogueForm::Csv => Rows::Table(Table::open(input, head.delimiter)?),
            CatalogueForm::FdaNdc => Rows::Directory(Directory::open(input)?),
            CatalogueForm::Json => Rows::Objects(Objects::new(input)),
        };
        Ok(CatalogueReader { rows, ended: false })
    }

    /// Columns or members met until now that say nothing to us, fifty at most.
    pub fn ignored(&self) -> Vec<String> {
        let ignored = match &self.rows {
            Rows::Table(table) => table.ignored(),
            Rows::Objects(objects) => objects.ignored(),
            Rows::Directory(_) => return Vec::new(),
        };
        ignored.iter().take(MOST_IGNORED).cloned().collect()
    }
}

impl<R: Read> Iterator for CatalogueReader<R> {
    type Item = Result<CatalogueEntry, Vec<RowFault>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = match &mut self.rows {
            Rows::Table(table) => table.next_row(),
            Rows::Objects(objects) => objects.next_row(),
            Rows::Directory(directory) => directory.next_row(),
        };
        self.ended = matches!(&row, None | Some(Err(Broken::End(_))));
        match row? {
            Ok(entry) => Some(Ok(entry)),
            Err(Broken::Row(faults)) => Some(Err(faults)),
            Err(Broken::End(fault)) => Some(Err(vec![fault])),
        }
    }
}

/// What a row that cannot be taken means for those behind it.
#[derive(Debug)]
pub(super) enum Broken {
    /// They are read all the same.
    Row(Vec<RowFault>),
    /// Nothing more can be read.
    End(RowFault),
}

/// Names that say nothing to us; no more are kept than are shown.
pub(super) fn ignore(names: &mut BTreeSet<String>, name: &str) {
    if names.len() < MOST_IGNORED && !name.trim().is_empty() {
        names.insert(name.trim().chars().take(60).collect());
    }
}

/// The fault of an input that fails.
pub(super) fn unreadable(line: u64, error: &io::Error) -> RowFault {
    if error.kind() == io::ErrorKind::InvalidData {
        let fix = "look for a quote or brace that is not closed";
        return RowFault::of_row(line, "row-too-long", error.to_string(), fix);
    }
    RowFault::of_row(line, "file-unreadable", format!("the file cannot be read: {error}"), "send it again")
}

/// Text of a field: UTF-8, or what Windows writes in the United States.
pub(super) fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

struct Head {
    form: CatalogueForm,
    delimiter: u8,
}

/// Tells the form by the first line and goes behind a byte order mark.
fn head(input: &mut impl BufRead) -> io::Result<Head> {
    let start = input.fill_buf()?;
    let marked = start.starts_with(b"\xEF\xBB\xBF");
    if marked {
        input.consume(3);
    }
    let start = input.fill_buf()?;
    if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
        return Err(io::Error::other("it is UTF-16; save it as CSV UTF-8"));
    }
    let line = start.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    let delimiter =
        *[b',', b'\t', b';'].iter().rev().max_by_key(|delimiter| count(**delimiter)).unwrap_or(&b',');
    let json = matches!(start.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'[' | b'{'));
    let form = match json {
        true => CatalogueForm::Json,
        false if directory::begins(line) => CatalogueForm::FdaNdc,
        false => CatalogueForm::Csv,
    };
    Ok(Head { form, delimiter })
}

/// An input that gives one row no more than its share, so that an open quote does not fill the memory.
pub(super) struct Metered<R: Read> {
    input: BufReader<R>,
    given: Rc<Cell<u64>>,
}

impl<R: Read> Metered<R> {
    fn new(input: BufReader<R>) -> Metered<R> {
        Metered { input, given: Rc::new(Cell::new(0)) }
    }

    /// What is to be set to zero after each row.
    pub(super) fn given(&self) -> Rc<Cell<u64>> {
        self.given.clone()
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given.get() > LONGEST_ROW {
            let message = format!("a row has more than {LONGEST_ROW} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let count = self.input.read(into)?;
        self.given.set(self.given.get() + count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Product;
    use crate::formats::products::Listing;
    use crate::formats::products::write_csv;
    use crate::formats::products::write_json;

    fn rows(text: &[u8]) -> Vec<Result<CatalogueEntry, Vec<RowFault>>> {
        CatalogueReader::open(text, None).unwrap().collect()
    }

    fn refusal(text: &[u8]) -> RowFault {
        CatalogueReader::open(text, None).err().unwrap()
    }

    /// The line of each row with its name, or with the rules that it breaks.
    fn outline(text: &[u8]) -> Vec<String> {
        let outlined = |row: Result<CatalogueEntry, Vec<RowFault>>| match row {
            Ok(entry) => {
                let name = entry.product.proprietary_name.as_deref().unwrap_or("-").to_owned();
                format!("{} {name}", entry.line)
            }
            Err(faults) => faults.iter().map(|fault| format!("{} !{}", fault.line, fault.rule)).collect(),
        };
        rows(text).into_iter().map(outlined).collect()
    }

    #[test]
    fn tables_have_any_separator_and_either_encoding() {
        let expected = ["2 Lumarexin", "3 C\u{e9}dra, \"forte\""];
        let comma = "\u{feff}GTIN,Brand Name\r\n00352999101306,Lumarexin\r\n00352999101313,\"C\u{e9}dra, \"\"forte\"\"\"\r\n";
        assert_eq!(outline(comma.as_bytes()), expected);
        let semicolon =
            b"gtin;name\n00352999101306;Lumarexin\n00352999101313;\"C\xe9dra, \"\"forte\"\"\"\n;;\n";
        assert_eq!(outline(semicolon), expected);
        let tab = b"NDC\tname\tprice\n52999-101-30\tLumarexin\t12\n";
        assert_eq!(outline(tab), ["2 Lumarexin"]);
        let mut reader = CatalogueReader::open(&tab[..], None).unwrap();
        assert!(reader.by_ref().all(|row| row.is_ok()));
        assert_eq!(reader.ignored(), ["price"]);
    }

    #[test]
    fn faulty_rows_do_not_stop_those_behind_them() {
        let text = b"gtin,name\n1,a\n00352999101306,b,c\n00352999101306,d\n";
        assert_eq!(outline(text), ["2 !gtin-malformed", "3 !row-too-wide", "4 d"]);
        let text = b"[{\"gtin\": 1},\n{\"gtin\": \"00352999101306\", \"name\": [\"b\"]},\n\
            {\"products\": []}, {\"gtin\": \"00352999101306\", \"name\": \"d}{\\\"\", \"origins\": {}}]";
        let expected = ["1 !gtin-malformed", "2 !value-nested", "3 !identifier-missing", "3 d}{\""];
        assert_eq!(outline(text), expected);
    }

    #[test]
    fn what_is_no_catalogue_is_refused() {
        assert_eq!(refusal(b"").rule, "file-empty");
        assert_eq!(refusal(b"name,price\nx,1\n").rule, "columns-missing");
        assert_eq!(refusal(b"\xff\xfeg\0t\0").rule, "file-unreadable");
        assert_eq!(refusal(b"PRODUCTID\tPRODUCTNDC\tX\n").rule, "columns-missing");
        assert_eq!(outline(b"[{\"gtin\": "), ["1 !json-malformed"]);
        assert_eq!(outline(b"[1]"), ["1 !json-malformed"]);
    }

    #[test]
    fn an_open_quote_does_not_fill_the_memory() {
        let mut text = b"gtin,name\n00352999101306,\"".to_vec();
        text.extend(std::iter::repeat_n(b'x', 4 << 20));
        assert_eq!(outline(&text), ["2 !row-too-long"]);
        let mut text = b"[{\"gtin\": \"".to_vec();
        text.extend(std::iter::repeat_n(b'x', 4 << 20));
        assert_eq!(outline(&text), ["1 !row-too-long"]);
    }

    #[test]
    fn the_directory_of_the_fda_is_read() {
        let product = b"PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME\tPROPRIETARYNAME\tPROPRIETARYNAMESUFFIX\tNONPROPRIETARYNAME\t\
            DOSAGEFORMNAME\tLABELERNAME\tACTIVE_NUMERATOR_STRENGTH\tACTIVE_INGRED_UNIT\n\
            52999-101_x\t52999-101\tHUMAN PRESCRIPTION DRUG\t\"Lumarexin\"\tXR\tlumarexin\tTABLET\tAlder Point \x96 US\t10; 5\tmg/1; ug/1\n";
        let found = rows(product);
        let Some(Ok(entry)) = found.first() else { panic!("{found:?}") };
        assert_eq!(entry.listing, Listing::FdaProduct("52999-101_x".into()));
        assert_eq!(entry.product.proprietary_name.as_deref(), Some("Lumarexin XR"));
        assert_eq!(entry.product.manufacturer.as_deref(), Some("Alder Point \u{2013} US"));
        assert_eq!(entry.product.strength.as_deref(), Some("10 mg/1; 5 ug/1"));
        let package = b"PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION\n\
            52999-101_x\t52999-101\t52999-101-30\t30 TABLET in 1 BOTTLE (52999-101-30) \n\
            52999-101_x\t52999-101\t5299910130\t30 TABLET\n";
        let found = rows(package);
        let Some(Ok(entry)) = found.first() else { panic!("{found:?}") };
        assert_eq!(entry.listing, Listing::FdaPackage("52999-101_x".into()));
        assert_eq!(entry.product.ndc.unwrap().to_string(), "52999-101-30");
        assert!(
            matches!(found.get(1), Some(Err(faults)) if faults.len() == 1 && faults[0].line == 3),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = b"gtin,ndc,name,level,units per case,unit gtin\n\
            50352999101301,52999-101-30,\"Lumarexin, 10 mg\",case,12,00352999101306\n,123456-789-01,Other,,,\n";
        let products =
            || -> Vec<Product> { rows(text).into_iter().map(|row| row.unwrap().product).collect() };
        let (mut csv, mut json) = (Vec::new(), Vec::new());
        write_csv::<io::Error>(&mut csv, products().into_iter().map(Ok)).unwrap();
        write_json::<io::Error>(&mut json, products().into_iter().map(Ok)).unwrap();
        for written in [csv, json] {
            let read: Vec<Product> = rows(&written).into_iter().map(|row| row.unwrap().product).collect();
            assert_eq!(read, products(), "{}", String::from_utf8_lossy(&written));
        }
    }
}
