//! Product catalogues on the wire: CSV, JSON, and the tab-separated files of the FDA's NDC directory.

mod columns;
mod directory;
mod object;
mod reader;
mod report;
mod row_fault;
mod table;
mod writer;

use crate::dscsa::Product;

pub use reader::CatalogueReader;
pub use report::ImportReport;
pub use row_fault::RowFault;
pub use writer::ndc_forms;
pub use writer::to_json;
pub use writer::write_csv;
pub use writer::write_json;

/// A form in which product catalogues come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogueForm {
    /// Values separated by commas, semicolons or tabs, under a header row (RFC 4180).
    Csv,
    /// A JSON array of objects, or one object after another.
    Json,
    /// `product.txt` or `package.txt` of the FDA's NDC directory.
    FdaNdc,
}

impl CatalogueForm {
    /// The form of this name: `csv`, `json` or `fda-ndc`.
    pub fn parse(name: &str) -> Option<CatalogueForm> {
        match name {
            "csv" => Some(CatalogueForm::Csv),
            "json" => Some(CatalogueForm::Json),
            "fda-ndc" => Some(CatalogueForm::FdaNdc),
            _ => None,
        }
    }
}

/// One entry of a catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogueEntry {
    /// Where it begins in the file, from 1.
    pub line: u64,
    /// What it says.
    pub product: Product,
    /// What kind of entry it is.
    pub listing: Listing,
}

/// What an entry of a catalogue describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// A product with all that is said of it.
    Product,
    /// A line of the FDA's `product.txt`: what holds for every package under this PRODUCTID.
    FdaProduct(Box<str>),
    /// A line of the FDA's `package.txt`: a package under this PRODUCTID.
    FdaPackage(Box<str>),
}
