//! What the columns of a catalogue are called, and how their values are read.

use crate::dscsa::Ndc;
use crate::dscsa::NdcFault;
use crate::dscsa::PackLevel;
use crate::dscsa::Product;
use crate::dscsa::ProductField;
use crate::dscsa::stated_ndc;
use crate::formats::products::RowFault;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Flaw;
use crate::gs1::Gtin;

/// Characters of one value; longer ones are no description of a product.
const LONGEST: usize = 4_000;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// The trade item.
    Gtin,
    /// Anything else that can be said of it.
    Field(ProductField),
}

/// Each column with the names it is known by, in small letters and digits alone; the first is our own.
const NAMES: [(Column, &[&str]); 11] = [
    (Column::Gtin, &["gtin", "gtin14", "gtin13", "gtin12", "upc", "tradeitemgtin", "itemgtin"]),
    (
        Column::Field(ProductField::Ndc),
        &["ndc", "ndc10", "ndc11", "ndc12", "ndccode", "ndcnumber", "nationaldrugcode", "ndcpackagecode"],
    ),
    (
        Column::Field(ProductField::ProprietaryName),
        &["proprietaryname", "brandname", "tradename", "productname", "name", "regulatedproductname"],
    ),
    (
        Column::Field(ProductField::EstablishedName),
        &["establishedname", "genericname", "nonproprietaryname", "generic"],
    ),
    (
        Column::Field(ProductField::Manufacturer),
        &["manufacturer", "manufacturername", "labeler", "labelername", "manufactureroftradeitempartyname"],
    ),
    (Column::Field(ProductField::DosageForm), &["dosageform", "dosageformtype", "dosageformname", "form"]),
    (Column::Field(ProductField::Strength), &["strength", "strengthdescription"]),
    (
        Column::Field(ProductField::ContainerSize),
        &[
            "containersize",
            "packagesize",
            "packsize",
            "netcontent",
            "netcontentdescription",
            "packagedescription",
        ],
    ),
    (
        Column::Field(ProductField::Level),
        &["level", "packaginglevel", "packlevel", "tradeitemunitdescriptor", "unitofmeasure", "uom"],
    ),
    (
        Column::Field(ProductField::UnitsPerCase),
        &["unitspercase", "casequantity", "caseqty", "casepack", "unitsincase", "unitsperpack"],
    ),
    (
        Column::Field(ProductField::UnitGtin),
        &["unitgtin", "eachgtin", "basegtin", "containedgtin", "childgtin", "saleableunitgtin"],
    ),
];

/// The column of this name, however it is spelt; `None` for one that says nothing to us.
pub(super) fn column(name: &str) -> Option<Column> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    NAMES.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(column, _)| *column)
}

/// Reads the cells of one row, each with its column and the name that the file gives it. `None` for a row that is empty;
/// every fault of the row at once.
pub(super) fn read(line: u64, cells: &[(Column, &str, &str)]) -> Result<Option<Product>, Vec<RowFault>> {
    let mut product = Product::default();
    let mut faults = Vec::new();
    let mut ndc = None;
    for (column, name, value) in cells {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        let taken = match column {
            _ if value.len() > LONGEST => Err(too_long(line)),
            Column::Field(ProductField::Ndc) => {
                ndc = Some((*name, value));
                Ok(())
            }
            column => take(&mut product, *column, value, line),
        };
        faults.extend(taken.err().map(|fault| fault.in_column(name)));
    }
    if let Some((name, text)) = ndc {
        match stated(text, product.gtin, line) {
            Ok(ndc) => product.ndc = Some(ndc),
            Err(fault) => faults.push(fault.in_column(name)),
        }
    }
    let identified = product.gtin.is_some() || ndc.is_some();
    if faults.is_empty() && !identified && !product.is_empty() {
        faults.push(RowFault::of_row(
            line,
            "identifier-missing",
            "the product has neither GTIN nor NDC",
            "give it at least one of the two",
        ));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(identified.then_some(product))
}

fn take(product: &mut Product, column: Column, value: &str, line: u64) -> Result<(), RowFault> {
    let text = || Some(Box::from(value));
    match column {
        Column::Gtin => product.gtin = Some(gtin(value, line)?),
        Column::Field(ProductField::UnitGtin) => product.unit_gtin = Some(gtin(value, line)?),
        Column::Field(ProductField::Ndc) => product.ndc = Some(stated(value, product.gtin, line)?),
        Column::Field(ProductField::ProprietaryName) => product.proprietary_name = text(),
        Column::Field(ProductField::EstablishedName) => product.established_name = text(),
        Column::Field(ProductField::Manufacturer) => product.manufacturer = text(),
        Column::Field(ProductField::DosageForm) => product.dosage_form = text(),
        Column::Field(ProductField::Strength) => product.strength = text(),
        Column::Field(ProductField::ContainerSize) => product.container_size = text(),
        Column::Field(ProductField::Level) => product.level = Some(level(value, line)?),
        Column::Field(ProductField::UnitsPerCase) => product.units_per_case = Some(count(value, line)?),
    }
    Ok(())
}

fn gtin(value: &str, line: u64) -> Result<Gtin, RowFault> {
    Gtin::parse(value).map_err(|malformed| {
        let rounded = value.contains(['E', 'e']) && value.contains('+');
        let fix = match malformed.flaw() {
            _ if rounded => "a spreadsheet has rounded it: make the column text, and export again",
            Flaw::CheckDigit { .. } => "correct the digit that was mistyped",
            _ => "write all 14 digits, with the zeros in front and the check digit",
        };
        RowFault::of_row(line, "gtin-malformed", format!("the GTIN {malformed}"), fix)
    })
}

fn stated(value: &str, gtin: Option<Gtin>, line: u64) -> Result<Ndc, RowFault> {
    let settled = gtin.and_then(|gtin| {
        let length = gtin.as_str().get(1..).and_then(|body| CompanyPrefixes::builtin().length_of(body));
        stated_ndc(value, gtin, length)
    });
    settled.map_or_else(|| Ndc::parse(value), Ok).map_err(|error| {
        let (rule, fix) = match error.fault() {
            NdcFault::Ambiguous => ("ndc-ambiguous", "write it with hyphens, as 52999-101-30"),
            _ => ("ndc-malformed", "write it as on the label, with its hyphens and leading zeros"),
        };
        RowFault::of_row(line, rule, format!("the NDC {error}"), fix)
    })
}

fn level(value: &str, line: u64) -> Result<PackLevel, RowFault> {
    let fix = "write unit, inner, case or pallet";
    let message = || format!("{:?} is no packaging level", shortened(value));
    PackLevel::parse(value).ok_or_else(|| RowFault::of_row(line, "level-unknown", message(), fix))
}

fn count(value: &str, line: u64) -> Result<u32, RowFault> {
    let read = value.parse().ok().filter(|count| *count > 0);
    let message = || format!("{:?} is no number of units", shortened(value));
    let fix = "write a whole number from 1 on, without separators";
    read.ok_or_else(|| RowFault::of_row(line, "count-malformed", message(), fix))
}

fn too_long(line: u64) -> RowFault {
    let message = format!("the value has more than {LONGEST} bytes");
    RowFault::of_row(line, "value-too-long", message, "shorten it, or close the quote that it begins with")
}

fn shortened(value: &str) -> String {
    value.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[(&str, &str)], expected: Result<&str, &[&str]>) {
        let known: Vec<(Column, &str, &str)> =
            cells.iter().map(|(name, value)| (column(name).unwrap(), *name, *value)).collect();
        match (read(7, &known), expected) {
            (Ok(product), Ok(ndc)) => {
                let found = product.and_then(|product| product.ndc).map(|ndc| ndc.to_string());
                assert_eq!(found.unwrap_or_default(), ndc, "{cells:?}");
            }
            (Err(faults), Err(rules)) => {
                assert_eq!(faults.iter().map(|fault| fault.rule).collect::<Vec<_>>(), rules, "{cells:?}");
                assert!(faults.iter().all(|fault| fault.line == 7));
            }
            (found, _) => panic!("{cells:?}: {found:?}"),
        }
    }

    #[test]
    fn columns_are_known_by_many_names() {
        for name in ["GTIN-14", "gtin", " Trade Item GTIN "] {
            assert_eq!(column(name), Some(Column::Gtin), "{name}");
        }
        assert_eq!(column("Generic Name"), Some(Column::Field(ProductField::EstablishedName)));
        assert_eq!(column("price"), None);
    }

    #[test]
    fn values_are_read_or_refused() {
        check(&[("gtin", "00352999101306"), ("ndc", "52999-101-30")], Ok("52999-101-30"));
        check(&[("ndc", "52999-0101-30")], Ok("52999-101-30"));
        check(&[("gtin", "00352999101306")], Ok(""));
        check(&[("gtin", " "), ("ndc", "")], Ok(""));
        check(&[("gtin", "00352999101307")], Err(&["gtin-malformed"]));
        check(&[("gtin", "3.53E+11")], Err(&["gtin-malformed"]));
        check(&[("ndc", "5299910130")], Err(&["ndc-ambiguous"]));
        check(&[("ndc", "52999")], Err(&["ndc-malformed"]));
        check(&[("name", "Lumarexin")], Err(&["identifier-missing"]));
        let several = [("gtin", "x"), ("level", "crate"), ("units per case", "0"), ("ndc", "?")];
        check(&several, Err(&["gtin-malformed", "level-unknown", "count-malformed", "ndc-malformed"]));
        let long = "x".repeat(LONGEST + 1);
        check(&[("gtin", "00352999101306"), ("name", &long)], Err(&["value-too-long"]));
    }
}
