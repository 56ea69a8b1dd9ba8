//! Products written: for tables, for catalogues in JSON, and for answers that say where each value comes from.

use std::io;
use std::io::Write;

use chrono::SecondsFormat;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::dscsa::KnownProduct;
use crate::dscsa::Ndc;
use crate::dscsa::Product;
use crate::dscsa::ProductField;
use crate::dscsa::ProductSource;
use crate::dscsa::Provenance;

/// Writes products as CSV (RFC 4180) under a header row that our own reader knows.
pub fn write_csv<E: From<io::Error>>(
    out: impl Write,
    products: impl IntoIterator<Item = Result<Product, E>>,
) -> Result<(), E> {
    let mut writer = csv::Writer::from_writer(out);
    let failed = |error: csv::Error| E::from(io::Error::other(error));
    let names = ProductField::ALL.map(ProductField::as_str);
    writer.write_record(std::iter::once("gtin").chain(names)).map_err(failed)?;
    for product in products {
        let product = product?;
        let gtin = product.gtin.map(|gtin| gtin.to_string()).unwrap_or_default();
        let values = ProductField::ALL.map(|field| product.value(field).unwrap_or_default().into_owned());
        writer.write_record(std::iter::once(gtin).chain(values)).map_err(failed)?;
    }
    writer.flush()?;
    Ok(())
}

/// Writes products as a JSON array, one object a line, that our own reader knows.
pub fn write_json<E: From<io::Error>>(
    mut out: impl Write,
    products: impl IntoIterator<Item = Result<Product, E>>,
) -> Result<(), E> {
    let mut before = "[\n";
    for product in products {
        write!(out, "{before}{}", Value::Object(members(&product?)))?;
        before = ",\n";
    }
    out.write_all(if before == "[\n" { b"[]\n" } else { b"\n]\n" })?;
    out.flush()?;
    Ok(())
}

/// A product with every form of its NDC, and where each value comes from.
pub fn to_json(known: &KnownProduct) -> Value {
    let mut object = members(&known.product);
    if let Some(ndc) = &known.product.ndc {
        object.insert("ndc_forms".to_owned(), ndc_forms(ndc));
    }
    if !known.possible_ndcs.is_empty() {
        let possible: Vec<Value> = known.possible_ndcs.iter().map(ndc_forms).collect();
        object.insert("possible_ndcs".to_owned(), Value::from(possible));
    }
    let mut origins = Map::new();
    for field in ProductField::ALL {
        if let Some(origin) = known.origin(field) {
            origins.insert(field.as_str().to_owned(), Value::Object(provenance(origin)));
        }
    }
    object.insert("origins".to_owned(), Value::Object(origins));
    let statements = known.statements.iter().map(|statement| {
        let mut said = provenance(&statement.provenance);
        said.extend(members(&statement.product));
        Value::Object(said)
    });
    object.insert("statements".to_owned(), statements.collect());
    Value::Object(object)
}

fn members(product: &Product) -> Map<String, Value> {
    let mut object = Map::new();
    if let Some(gtin) = product.gtin {
        object.insert("gtin".to_owned(), Value::from(gtin.as_str()));
    }
    for field in ProductField::ALL {
        let value = match (field, product.units_per_case) {
            (ProductField::UnitsPerCase, count) => count.map(Value::from),
            _ => product.value(field).map(Value::from),
        };
        if let Some(value) = value {
            object.insert(field.as_str().to_owned(), value);
        }
    }
    object
}

/// The forms of an NDC; those that its digits do not tell are null.
pub fn ndc_forms(ndc: &Ndc) -> Value {
    json!({ "fda": ndc.fda(), "eleven_digits": ndc.eleven(), "twelve_digits": ndc.twelve() })
}

fn provenance(origin: &Provenance) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("source".to_owned(), Value::from(origin.source.name()));
    if let ProductSource::Document { sender, .. } = &origin.source {
        object.insert("sender".to_owned(), Value::from(&**sender));
    }
    object.insert("place".to_owned(), Value::from(&*origin.place));
    if origin.line > 0 {
        object.insert("line".to_owned(), Value::from(origin.line));
    }
    let at = origin.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    object.insert("at".to_owned(), Value::from(at));
    object
}
