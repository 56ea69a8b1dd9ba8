//! Rows of products and of the FDA's listings, to and from what they say.

use chrono::DateTime;
use chrono::Utc;
use diesel::Insertable;
use diesel::Queryable;

use crate::dscsa::Ndc;
use crate::dscsa::NdcFormat;
use crate::dscsa::PackLevel;
use crate::dscsa::Product;
use crate::dscsa::ProductField;
use crate::dscsa::ProductSource;
use crate::dscsa::ProductStatement;
use crate::dscsa::Provenance;
use crate::gs1::Gtin;
use crate::store::StoreError;
use crate::store::schema::ndc_listings;
use crate::store::schema::products;

/// A row of `products`: what one source says of one product. A text or number that nobody said is empty or 0.
///
/// `item` is the GTIN, stated or built from the ten digits of the NDC at the level of the unit, else `ndc:` and its twelve
/// digits; `variant` is a PRODUCTID of the FDA, or the NDC where no GTIN is stated.
#[derive(Clone, Debug, PartialEq, Insertable, Queryable)]
#[diesel(table_name = products, treat_none_as_default_value = false)]
pub(super) struct ProductRow {
    pub(super) item: String,
    pub(super) source: String,
    pub(super) variant: String,
    pub(super) rank: i64,
    pub(super) sender: String,
    pub(super) gtin: String,
    pub(super) ndc: String,
    pub(super) ndc_format: String,
    pub(super) proprietary_name: String,
    pub(super) established_name: String,
    pub(super) manufacturer: String,
    pub(super) dosage_form: String,
    pub(super) strength: String,
    pub(super) container_size: String,
    pub(super) level: String,
    pub(super) units_per_case: i64,
    pub(super) unit_gtin: String,
    pub(super) search: String,
    pub(super) place: String,
    pub(super) line: i64,
    pub(super) said_at: i64,
}

/// A row of `ndc_listings`: a line of the FDA's `product.txt`, by its PRODUCTID.
#[derive(Clone, Debug, PartialEq, Insertable, Queryable)]
#[diesel(table_name = ndc_listings, treat_none_as_default_value = false)]
pub(super) struct ListingRow {
    pub(super) id: String,
    pub(super) proprietary_name: String,
    pub(super) established_name: String,
    pub(super) manufacturer: String,
    pub(super) dosage_form: String,
    pub(super) strength: String,
    pub(super) search: String,
    pub(super) place: String,
    pub(super) line: i64,
    pub(super) said_at: i64,
}

impl ProductRow {
    /// The row of what a source says; `listing` is the PRODUCTID of the FDA, if it is theirs. `None` where the product has
    /// neither GTIN nor NDC.
    pub(super) fn of(
        product: &Product,
        provenance: &Provenance,
        listing: Option<&str>,
    ) -> Option<ProductRow> {
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        let by_digits = || product.ndc.map(|ndc| ndc.gtin(0).map_or(format!("ndc:{}", ndc.key()), of_gtin));
        let stated = product.gtin.map(of_gtin);
        let item = stated.clone().or_else(by_digits)?;
        let ndc = product.ndc.map(|ndc| ndc.key().to_owned()).unwrap_or_default();
        let variant = match (listing, &stated) {
            (Some(listing), _) => listing.to_owned(),
            (None, Some(_)) => String::new(),
            (None, None) => ndc.clone(),
        };
        let sender = match &provenance.source {
            ProductSource::Document { sender, .. } => sender.to_string(),
            _ => String::new(),
        };
        Some(ProductRow {
            search: search_text(product, &item),
            item,
            source: provenance.source.name().into_owned(),
            variant,
            rank: i64::from(provenance.source.rank()),
            sender,
            gtin: stated.unwrap_or_default(),
            ndc,
            ndc_format: product.ndc.and_then(|ndc| ndc.format()).map_or("", NdcFormat::as_str).to_owned(),
            proprietary_name: text(&product.proprietary_name),
            established_name: text(&product.established_name),
            manufacturer: text(&product.manufacturer),
            dosage_form: text(&product.dosage_form),
            strength: text(&product.strength),
            container_size: text(&product.container_size),
            level: product.level.map_or("", PackLevel::as_str).to_owned(),
            units_per_case: product.units_per_case.map_or(0, i64::from),
            unit_gtin: product.unit_gtin.map(of_gtin).unwrap_or_default(),
            place: provenance.place.to_string(),
            line: i64::try_from(provenance.line).unwrap_or(0),
            said_at: provenance.at.timestamp_micros(),
        })
    }

    /// True where both say the same of the product, whoever says it and when.
    pub(super) fn says_the_same(&self, other: &ProductRow) -> bool {
        let said = |row: &ProductRow| ProductRow {
            source: String::new(),
            place: String::new(),
            line: 0,
            said_at: 0,
            ..row.clone()
        };
        said(self) == said(other)
    }

    /// True where the GTIN is not stated: the row belongs to its item by the digits of the NDC alone.
    pub(super) fn is_by_digits(&self) -> bool {
        self.gtin.is_empty()
    }

    /// What the row says and who says it; fails on a row that no source can have written.
    pub(super) fn statement(&self) -> Result<ProductStatement, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("product {}: {what}", self.item));
        let gtin = |text: &str| match text {
            "" => Ok(None),
            text => Gtin::parse(text).map(Some).map_err(|_| damaged("a GTIN")),
        };
        let ndc = match self.ndc.as_str() {
            "" => None,
            key => {
                let format = NdcFormat::parse(&self.ndc_format);
                Some(Ndc::from_key(key, format).ok_or_else(|| damaged("the NDC"))?)
            }
        };
        let product = Product {
            gtin: gtin(&self.gtin)?,
            ndc,
            proprietary_name: filled(&self.proprietary_name),
            established_name: filled(&self.established_name),
            manufacturer: filled(&self.manufacturer),
            dosage_form: filled(&self.dosage_form),
            strength: filled(&self.strength),
            container_size: filled(&self.container_size),
            level: PackLevel::parse(&self.level),
            units_per_case: u32::try_from(self.units_per_case).ok().filter(|count| *count > 0),
            unit_gtin: gtin(&self.unit_gtin)?,
        };
        let source = ProductSource::parse(&self.source, &self.sender).ok_or_else(|| damaged("its source"))?;
        let provenance = provenance(source, &self.place, self.line, self.said_at)?;
        Ok(ProductStatement { product, provenance })
    }
}

impl ListingRow {
    /// The row of a line of `product.txt`.
    pub(super) fn of(id: &str, product: &Product, provenance: &Provenance) -> ListingRow {
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        ListingRow {
            id: id.to_owned(),
            proprietary_name: text(&product.proprietary_name),
            established_name: text(&product.established_name),
            manufacturer: text(&product.manufacturer),
            dosage_form: text(&product.dosage_form),
            strength: text(&product.strength),
            search: search_text(product, ""),
            place: provenance.place.to_string(),
            line: i64::try_from(provenance.line).unwrap_or(0),
            said_at: provenance.at.timestamp_micros(),
        }
    }

    /// True where both say the same of the product.
    pub(super) fn says_the_same(&self, other: &ListingRow) -> bool {
        let said = |row: &ListingRow| ListingRow { place: String::new(), line: 0, said_at: 0, ..row.clone() };
        said(self) == said(other)
    }

    /// What the FDA says of every package under this PRODUCTID.
    pub(super) fn statement(&self) -> Result<ProductStatement, StoreError> {
        let product = Product {
            proprietary_name: filled(&self.proprietary_name),
            established_name: filled(&self.established_name),
            manufacturer: filled(&self.manufacturer),
            dosage_form: filled(&self.dosage_form),
            strength: filled(&self.strength),
            ..Product::default()
        };
        let provenance = provenance(ProductSource::FdaDirectory, &self.place, self.line, self.said_at)?;
        Ok(ProductStatement { product, provenance })
    }
}

fn provenance(source: ProductSource, place: &str, line: i64, said_at: i64) -> Result<Provenance, StoreError> {
    let damaged = || StoreError::Damaged("the time of a product".to_owned());
    let at: DateTime<Utc> = DateTime::from_timestamp_micros(said_at).ok_or_else(damaged)?;
    Ok(Provenance { source, place: place.into(), line: u64::try_from(line).unwrap_or(0), at })
}

/// What a search looks through: names, numbers and forms of the NDC, in small letters.
fn search_text(product: &Product, item: &str) -> String {
    let mut text = item.to_owned();
    let searched = [
        ProductField::Ndc,
        ProductField::ProprietaryName,
        ProductField::EstablishedName,
        ProductField::Manufacturer,
    ];
    for value in searched.into_iter().filter_map(|field| product.value(field)) {
        text = format!("{text} {value}");
    }
    text.to_lowercase()
}

fn of_gtin(gtin: Gtin) -> String {
    gtin.as_str().to_owned()
}

fn filled(text: &str) -> Option<Box<str>> {
    (!text.is_empty()).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance(source: ProductSource) -> Provenance {
        let at = DateTime::from_timestamp_micros(1_790_000_000_000_000).unwrap();
        Provenance { source, place: "products.csv".into(), line: 7, at }
    }

    #[test]
    fn a_row_says_what_was_said() {
        let product = Product {
            gtin: Gtin::parse("50352999101301").ok(),
            ndc: Ndc::parse("52999-101-30").ok(),
            strength: Some("10 mg".into()),
            level: Some(PackLevel::Case),
            units_per_case: Some(12),
            unit_gtin: Gtin::parse("00352999101306").ok(),
            ..Product::default()
        };
        for source in [
            ProductSource::Partner("0352999000013".into()),
            ProductSource::Document { document: 3, sender: "0352999000013".into() },
        ] {
            let origin = provenance(source);
            let row = ProductRow::of(&product, &origin, None).unwrap();
            assert_eq!(row.item, "50352999101301");
            assert_eq!(
                row.statement().unwrap(),
                ProductStatement { product: product.clone(), provenance: origin }
            );
        }
    }

    #[test]
    fn without_a_gtin_the_item_is_told_by_the_digits_of_the_ndc() {
        let item = |text: &str| {
            let product = Product { ndc: Ndc::parse(text).ok(), ..Product::default() };
            ProductRow::of(&product, &provenance(ProductSource::Operator), None).map(|row| row.item)
        };
        assert_eq!(item("52999-101-30").as_deref(), Some("00352999101306"));
        assert_eq!(item("123456-789-01").as_deref(), Some("ndc:123456078901"));
        assert_eq!(item("none"), None);
    }
}
