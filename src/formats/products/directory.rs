//! The FDA's NDC directory: `product.txt` and `package.txt`, tab-separated, in Windows-1252 or UTF-8.

use std::io::Read;

use csv::ReaderBuilder;

use crate::dscsa::Ndc;
use crate::dscsa::Product;
use crate::formats::products::CatalogueEntry;
use crate::formats::products::Listing;
use crate::formats::products::RowFault;
use crate::formats::products::reader::Broken;
use crate::formats::products::reader::Metered;
use crate::formats::products::table::Records;

/// One of the two files.
pub(super) struct Directory<R: Read> {
    records: Records<R>,
    columns: Vec<String>,
    packages: bool,
}

/// The columns of `product.txt` that are read.
const PRODUCT_COLUMNS: [&str; 9] = [
    "PRODUCTID",
    "PROPRIETARYNAME",
    "PROPRIETARYNAMESUFFIX",
    "NONPROPRIETARYNAME",
    "DOSAGEFORMNAME",
    "LABELERNAME",
    "ACTIVE_NUMERATOR_STRENGTH",
    "ACTIVE_INGRED_UNIT",
    "PRODUCTNDC",
];

/// The columns of `package.txt` that are read.
const PACKAGE_COLUMNS: [&str; 3] = ["PRODUCTID", "NDCPACKAGECODE", "PACKAGEDESCRIPTION"];

impl<R: Read> Directory<R> {
    /// Reads the header row; fails where a column is missing.
    pub(super) fn open(input: Metered<R>) -> Result<Directory<R>, RowFault> {
        // The files have quotes as part of the text.
        let mut builder = ReaderBuilder::new();
        let mut records = Records::new(input, builder.delimiter(b'\t').quoting(false));
        let columns: Vec<String> =
            records.header()?.iter().map(|name| name.trim().to_ascii_uppercase()).collect();
        let packages = columns.iter().any(|name| name == "NDCPACKAGECODE");
        let needed: &[&str] = if packages { &PACKAGE_COLUMNS } else { &PRODUCT_COLUMNS };
        if let Some(missing) = needed.iter().find(|name| !columns.iter().any(|column| column == *name)) {
            return Err(RowFault::of_row(
                1,
                "columns-missing",
                format!("the first row has no column {missing}"),
                "take product.txt and package.txt of the FDA's NDC directory as they are",
            ));
        }
        Ok(Directory { records, columns, packages })
    }

    /// The next row.
    pub(super) fn next_row(&mut self) -> Option<Result<CatalogueEntry, Broken>> {
        loop {
            let (line, values) = match self.records.next()? {
                Ok(record) => record,
                Err(fault) => return Some(Err(Broken::End(fault))),
            };
            if values.iter().all(|value| value.trim().is_empty()) {
                continue;
            }
            let row = Row { columns: &self.columns, values: &values, line };
            let read = if self.packages { row.package() } else { row.product() };
            return Some(read.map_err(|fault| Broken::Row(vec![fault])));
        }
    }
}

/// True for the header row of either file.
pub(super) fn begins(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let has = |name: &str| line.split('\t').any(|column| column.trim() == name);
    has("PRODUCTID") && has("PRODUCTNDC")
}

struct Row<'a> {
    columns: &'a [String],
    values: &'a [String],
    line: u64,
}

impl Row<'_> {
    /// The value under this column, without the quotes that some rows have around it.
    fn value(&self, name: &str) -> Option<String> {
        let at = self.columns.iter().position(|column| column == name)?;
        let value = self.values.get(at)?.trim();
        let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = inner.map_or_else(|| value.to_owned(), |inner| inner.replace("\"\"", "\""));
        (!value.is_empty()).then_some(value)
    }

    fn id(&self) -> Result<Box<str>, RowFault> {
        let id = self.value("PRODUCTID").filter(|id| id.len() <= 200);
        id.map(Box::from).ok_or_else(|| {
            let fix = "take the file as the FDA publishes it";
            RowFault::of_row(self.line, "identifier-missing", "the row has no PRODUCTID", fix)
                .in_column("PRODUCTID")
        })
    }

    fn package(&self) -> Result<CatalogueEntry, RowFault> {
        let code = self.value("NDCPACKAGECODE").unwrap_or_default();
        let ndc = Ndc::parse(&code).map_err(|error| {
            let fix = "take the file as the FDA publishes it, not as a spreadsheet saved it";
            RowFault::of_row(self.line, "ndc-malformed", format!("the NDC {error}"), fix)
                .in_column("NDCPACKAGECODE")
        })?;
        let container_size = self.value("PACKAGEDESCRIPTION").map(Box::from);
        let product = Product { ndc: Some(ndc), container_size, ..Product::default() };
        Ok(CatalogueEntry { line: self.line, product, listing: Listing::FdaPackage(self.id()?) })
    }

    fn product(&self) -> Result<CatalogueEntry, RowFault> {
        let text = |name: &str| self.value(name).map(Box::from);
        let names = [self.value("PROPRIETARYNAME"), self.value("PROPRIETARYNAMESUFFIX")];
        let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let product = Product {
            proprietary_name: (!name.is_empty()).then(|| name.into()),
            established_name: text("NONPROPRIETARYNAME"),
            manufacturer: text("LABELERNAME"),
            dosage_form: text("DOSAGEFORMNAME"),
            strength: self.strength().map(Box::from),
            ..Product::default()
        };
        Ok(CatalogueEntry { line: self.line, product, listing: Listing::FdaProduct(self.id()?) })
    }

    /// Numbers and units, which stand in two columns with one entry for each substance.
    fn strength(&self) -> Option<String> {
        let numbers = self.value("ACTIVE_NUMERATOR_STRENGTH")?;
        let units = self.value("ACTIVE_INGRED_UNIT").unwrap_or_default();
        let mut units = units.split(';').map(str::trim);
        let each = numbers.split(';').map(|number| {
            format!("{} {}", number.trim(), units.next().unwrap_or_default()).trim_end().to_owned()
        });
        Some(each.collect::<Vec<_>>().join("; "))
    }
}
