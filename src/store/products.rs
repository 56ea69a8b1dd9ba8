//! Look-ups of products: by GTIN at any packaging level, by NDC in any form, by search.

use std::collections::BTreeSet;

use diesel::BoolExpressionMethods;
use diesel::EscapeExpressionMethods;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::TextExpressionMethods;

use crate::access::Caller;
use crate::dscsa::KnownProduct;
use crate::dscsa::Ndc;
use crate::dscsa::Product;
use crate::dscsa::ProductKey;
use crate::dscsa::ProductSource;
use crate::dscsa::ProductStatement;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Gtin;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::documents::PUBLISHED;
use crate::store::product_rows::ListingRow;
use crate::store::product_rows::ProductRow;
use crate::store::schema::company_prefixes;
use crate::store::schema::documents;
use crate::store::schema::ndc_listings;
use crate::store::schema::products;
use crate::store::sight;

/// Statements about one product that are looked at, by precedence and the newest first.
const MOST_STATEMENTS: i64 = 60;

/// Products that one NDC leads to.
const MOST_OF_NDC: usize = 100;

/// Which products are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// What their names, manufacturer, GTIN or NDC must hold, in any case; empty for all.
    pub search: String,
    /// The name of a source that says something of them, such as `operator`; empty for any.
    pub source: String,
}

/// Some of the products asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductPage {
    /// The products, by GTIN.
    pub products: Vec<KnownProduct>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

/// A place in a catalogue, behind which reading goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CataloguePlace {
    item: String,
    variant: String,
}

impl Store {
    /// A product by its GTIN at any packaging level; `None` where no source knows it.
    ///
    /// Values come from the operator's catalogue, then partners', then documents', then the FDA's directory. A case takes
    /// what holds at every level from its unit: that which a catalogue names, or that of the same NDC digits. Partners see
    /// none: the catalogues are put together of what others told us.
    pub fn product(&self, caller: &Caller, gtin: Gtin) -> Result<Option<KnownProduct>, StoreError> {
        if !caller.sees_everything() {
            return Ok(None);
        }
        self.read(|connection| by_gtin(connection, gtin))
    }

    /// The products that have one of these NDCs, by GTIN; there may be several, as unit and case.
    pub fn products_by_ndc(&self, caller: &Caller, ndcs: &[Ndc]) -> Result<Vec<KnownProduct>, StoreError> {
        if !caller.sees_everything() {
            return Ok(Vec::new());
        }
        self.read(|connection| by_ndc(connection, ndcs))
    }

    /// The products that somebody may mean.
    pub fn find_products(&self, caller: &Caller, key: &ProductKey) -> Result<Vec<KnownProduct>, StoreError> {
        let mut found: Vec<KnownProduct> = match key.gtin {
            Some(gtin) => self.product(caller, gtin)?.into_iter().collect(),
            None => Vec::new(),
        };
        for known in self.products_by_ndc(caller, &key.ndcs)? {
            if !found.contains(&known) {
                found.push(known);
            }
        }
        Ok(found)
    }

    /// A page of products, by GTIN, those behind `after` first.
    pub fn products(
        &self,
        caller: &Caller,
        filter: &ProductFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ProductPage, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut items = items(connection, filter, after, limit)?;
            let more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| more).cloned();
            let products = items.iter().map(|item| of_item(connection, item));
            let products = products.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            Ok(ProductPage { products, next })
        })
    }

    /// What one source says, some products at a time in the order of GTINs: those behind this place, each with its own.
    pub fn catalogue(
        &self,
        caller: &Caller,
        source: &ProductSource,
        after: &CataloguePlace,
        limit: i64,
    ) -> Result<Vec<(Product, CataloguePlace)>, StoreError> {
        sight::everything(caller)?;
        let rows: Vec<ProductRow> = self.read(|connection| {
            let same = products::item.eq(&after.item).and(products::variant.gt(&after.variant));
            Ok(products::table
                .filter(products::source.eq(source.name()))
                .filter(products::item.gt(&after.item).or(same))
                .order((products::item, products::variant))
                .limit(limit)
                .load(connection)?)
        })?;
        let read = rows.into_iter().map(|row| {
            let product = row.statement()?.product;
            Ok((product, CataloguePlace { item: row.item, variant: row.variant }))
        });
        read.collect()
    }
}

/// Items that a filter leaves, one more than asked for where there are more.
fn items(
    connection: &mut AnyConnection,
    filter: &ProductFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let mut query = products::table.select(products::item).distinct().into_boxed();
    if let Some(after) = after {
        query = query.filter(products::item.gt(after));
    }
    if !filter.source.is_empty() {
        query = query.filter(products::source.eq(&filter.source));
    }
    if !filter.search.trim().is_empty() {
        let pattern = pattern(&filter.search);
        let listings = ndc_listings::table
            .filter(ndc_listings::search.like(pattern.clone()).escape('!'))
            .select(ndc_listings::id);
        let named = products::search.like(pattern).escape('!');
        query = query.filter(named.or(products::variant.eq_any(listings)));
    }
    let limit = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    Ok(query.order(products::item).limit(limit).load(connection)?)
}

/// The pattern of `LIKE` that finds a text anywhere, with `!` as its escape.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for letter in search.trim().to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern + "%"
}

fn of_item(connection: &mut AnyConnection, item: &str) -> Result<Option<KnownProduct>, StoreError> {
    if let Ok(gtin) = Gtin::parse(item) {
        return by_gtin(connection, gtin);
    }
    let rows = rows_of(connection, item)?;
    let known = KnownProduct::merge(None, statements(connection, &rows)?, Vec::new());
    Ok((!rows.is_empty()).then_some(known))
}

fn by_gtin(connection: &mut AnyConnection, gtin: Gtin) -> Result<Option<KnownProduct>, StoreError> {
    let mut own = rows_of(connection, gtin.as_str())?;
    let unit = unit_of(gtin, &own);
    let mut of_unit = match &unit {
        Some(unit) => rows_of(connection, unit)?,
        None => Vec::new(),
    };
    let mut possible = Ndc::in_gtin(gtin, company_prefix_length(connection, gtin)?);
    let all = || own.iter().chain(&of_unit);
    let stated = all().find(|row| !row.is_by_digits() && !row.ndc.is_empty()).map(|row| row.ndc.clone());
    let by_digits: BTreeSet<String> = all()
        .filter(|row| row.is_by_digits() && possible.iter().any(|ndc| ndc.key() == row.ndc))
        .map(|row| row.ndc.clone())
        .collect();
    if by_digits.is_empty() && all().all(ProductRow::is_by_digits) {
        return Ok(None);
    }
    if let Some(ndc) = &stated {
        let loaded = [Some(gtin.as_str()), unit.as_deref()];
        let listed = rows_with_ndc(connection, ndc)?.into_iter();
        of_unit.extend(listed.filter(|row| row.is_by_digits() && !loaded.contains(&Some(&row.item))));
    }
    if !by_digits.is_empty() {
        possible.retain(|ndc| by_digits.contains(ndc.key()));
    }
    // Digits tie a row to a GTIN only where nobody says otherwise and no other code has the same digits.
    let settled = stated.or_else(|| by_digits.first().filter(|_| by_digits.len() == 1).cloned());
    let belongs = |row: &ProductRow| !row.is_by_digits() || Some(&row.ndc) == settled.as_ref();
    own.retain(belongs);
    of_unit.retain(belongs);
    let (own, of_unit) = (statements(connection, &own)?, statements(connection, &of_unit)?);
    let mut known = KnownProduct::merge(Some(gtin), own, of_unit);
    if known.product.ndc.is_none() {
        known.possible_ndcs = possible;
    }
    Ok(Some(known))
}

fn by_ndc(connection: &mut AnyConnection, ndcs: &[Ndc]) -> Result<Vec<KnownProduct>, StoreError> {
    let mut items = BTreeSet::new();
    for ndc in ndcs {
        items.extend(rows_with_ndc(connection, ndc.key())?.into_iter().map(|row| row.item));
        items.extend(ndc.gtin(0).map(|gtin| gtin.to_string()));
    }
    let mut found = Vec::new();
    for item in items.into_iter().take(MOST_OF_NDC) {
        let known = of_item(connection, &item)?;
        // The same ten digits may be those of another code.
        found.extend(known.filter(|known| match &known.product.ndc {
            Some(ndc) => ndcs.contains(ndc),
            None => ndcs.iter().any(|ndc| known.possible_ndcs.contains(ndc)),
        }));
    }
    Ok(found)
}

/// The saleable unit in a case: what a catalogue names, or the item of the same NDC digits.
fn unit_of(gtin: Gtin, own: &[ProductRow]) -> Option<String> {
    let named = own.iter().map(|row| row.unit_gtin.as_str()).find(|unit| !unit.is_empty());
    let by_digits = || {
        let ndc = Ndc::in_gtin(gtin, None).into_iter().next()?;
        ndc.gtin(0).map(|unit| unit.to_string())
    };
    named.map(str::to_owned).or_else(by_digits).filter(|unit| unit != gtin.as_str())
}

fn rows_of(connection: &mut AnyConnection, item: &str) -> Result<Vec<ProductRow>, StoreError> {
    let rows = products::table
        .filter(products::item.eq(item))
        .order((products::rank, products::said_at.desc(), products::source.desc(), products::variant.desc()))
        .limit(MOST_STATEMENTS)
        .load(connection)?;
    published(connection, rows)
}

fn rows_with_ndc(connection: &mut AnyConnection, ndc: &str) -> Result<Vec<ProductRow>, StoreError> {
    let rows = products::table
        .filter(products::ndc.eq(ndc))
        .order((products::rank, products::said_at.desc(), products::source.desc(), products::variant.desc()))
        .limit(MOST_STATEMENTS)
        .load(connection)?;
    published(connection, rows)
}

/// Leaves out what documents say that are not published, or no longer there.
pub(super) fn published(
    connection: &mut AnyConnection,
    rows: Vec<ProductRow>,
) -> Result<Vec<ProductRow>, StoreError> {
    let document = |row: &ProductRow| row.source.strip_prefix("document:")?.parse::<i64>().ok();
    let asked: BTreeSet<i64> = rows.iter().filter_map(document).collect();
    if asked.is_empty() {
        return Ok(rows);
    }
    let shown: Vec<i64> = documents::table
        .filter(documents::id.eq_any(asked))
        .filter(documents::state.eq(PUBLISHED))
        .select(documents::id)
        .load(connection)?;
    Ok(rows.into_iter().filter(|row| document(row).is_none_or(|id| shown.contains(&id))).collect())
}

/// What rows say; behind a package of the FDA's directory, what the FDA says of its product.
fn statements(
    connection: &mut AnyConnection,
    rows: &[ProductRow],
) -> Result<Vec<ProductStatement>, StoreError> {
    let mut found = Vec::new();
    for row in rows {
        let statement = row.statement()?;
        let of_fda = statement.provenance.source == ProductSource::FdaDirectory;
        found.push(statement);
        if of_fda {
            let listing: Option<ListingRow> =
                ndc_listings::table.find(&row.variant).first(connection).optional()?;
            found.extend(listing.map(|listing| listing.statement()).transpose()?);
        }
    }
    Ok(found)
}

/// The length of the company prefix that documents, the operator or GS1's table tell; `None` where they do not.
fn company_prefix_length(connection: &mut AnyConnection, gtin: Gtin) -> Result<Option<u8>, StoreError> {
    let Some(body) = gtin.as_str().get(1..13) else { return Ok(None) };
    let told: Vec<&str> = (6..=12).filter_map(|end| body.get(..end)).collect();
    let known: Vec<i64> = company_prefixes::table
        .filter(company_prefixes::prefix.eq_any(told))
        .select(company_prefixes::length)
        .load(connection)?;
    Ok(match known.as_slice() {
        [one] => u8::try_from(*one).ok(),
        _ => CompanyPrefixes::builtin().length_of(body),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_signs_as_they_are() {
        assert_eq!(pattern(" 10%_A! "), "%10!%!_a!!%");
    }

    #[test]
    fn the_unit_of_a_case_is_told_by_ndc_digits_alone() {
        let unit = |gtin: &str| unit_of(Gtin::parse(gtin).unwrap(), &[]);
        assert_eq!(unit("10300010123452").as_deref(), Some("00300010123455"));
        assert_eq!(unit("00300010123455"), None);
        assert_eq!(unit("10614141123459"), None);
    }
}
