//! Product catalogues in: row by row, in short transactions, the same file again without any change.

use serde_json::json;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::ProductSource;
use crate::dscsa::Provenance;
use crate::dscsa::described_products;
use crate::epcis::Header;
use crate::formats::products::CatalogueEntry;
use crate::formats::products::ImportReport;
use crate::formats::products::Listing;
use crate::formats::products::RowFault;
use crate::gs1::Epc;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::product_rows::ListingRow;
use crate::store::product_rows::ProductRow;
use crate::store::products::published;
use crate::store::schema::ndc_listings;
use crate::store::schema::products;

/// Rows of one transaction.
const BATCH: usize = 400;

/// Rows of one statement, below the parameters a statement may have.
const STATEMENT_ROWS: usize = 64;

/// Faults that are told one by one; of the others only the number is.
const MOST_FAULTS: usize = 100;

/// Products that one header may teach; a header with more is a catalogue and no shipment.
const MOST_TAUGHT: usize = 10_000;

/// Entries of one file, as much as fits into the memory that an import may take.
const MOST_ENTRIES: u64 = 2_000_000;

impl Store {
    /// Imports a catalogue of this source, of which `place` is the file's name. Rows with faults are left out, all others
    /// taken; the same file again changes nothing. The FDA's directory is its own source, whatever is said.
    ///
    /// What an earlier file said of products that this one does not name stays.
    pub fn import_products(
        &self,
        caller: &Caller,
        (source, place): (&ProductSource, &str),
        entries: impl Iterator<Item = Result<CatalogueEntry, Vec<RowFault>>>,
        now: DateTime<Utc>,
    ) -> Result<ImportReport, StoreError> {
        let by = By { caller, place, now };
        let mut importing =
            Importing { store: self, by, report: ImportReport::default(), seen: HashMap::new() };
        let (mut rows, mut listings) = (Vec::new(), Vec::new());
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(faults) => {
                    importing.refuse(faults);
                    continue;
                }
            };
            let said_by = match entry.listing {
                Listing::Product => source.clone(),
                _ => ProductSource::FdaDirectory,
            };
            let origin = Provenance { source: said_by, place: place.into(), line: entry.line, at: now };
            match &entry.listing {
                Listing::FdaProduct(id) => listings.push(ListingRow::of(id, &entry.product, &origin)),
                Listing::FdaPackage(id) => rows.extend(ProductRow::of(&entry.product, &origin, Some(id))),
                Listing::Product => rows.extend(ProductRow::of(&entry.product, &origin, None)),
            }
            if rows.len() >= BATCH || listings.len() >= BATCH {
                importing.save(&mut rows, &mut listings)?;
            }
            if importing.is_full() {
                break;
            }
        }
        importing.save(&mut rows, &mut listings)?;
        Ok(importing.report)
    }

    /// Keeps what the header of a document says of products, with its sender; look-ups find it once the document is published.
    /// What this sender said before in the same words is not kept again. Returns how many products it said something new of.
    pub fn learn_products(
        &self,
        document: i64,
        header: &Header,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let sender = header.sbdh.as_ref().and_then(|sbdh| sbdh.sender()).unwrap_or_default();
        let sender = Epc::parse(sender).gln().map_or_else(|| sender.to_owned(), |gln| gln.to_string());
        let source = ProductSource::Document { document, sender: sender.as_str().into() };
        let mut rows: BTreeMap<String, ProductRow> = BTreeMap::new();
        for (product, path) in described_products(header).into_iter().take(MOST_TAUGHT) {
            let origin = Provenance { source: source.clone(), place: path.into(), line: 0, at: now };
            if let Some(row) = ProductRow::of(&product, &origin, None) {
                rows.entry(row.item.clone()).or_insert(row);
            }
        }
        let rows: Vec<ProductRow> = rows.into_values().collect();
        let mut learned = 0;
        for batch in rows.chunks(BATCH) {
            let said = self.read(|connection| said_by(connection, &sender, batch))?;
            let same = |row: &ProductRow| said.get(&row.item).is_some_and(|before| before.says_the_same(row));
            let new: Vec<&ProductRow> = batch.iter().filter(|row| !same(row)).collect();
            learned += new.len();
            if !new.is_empty() {
                self.write(|connection| replace(connection, &new))?;
            }
        }
        Ok(learned)
    }
}

/// Who imports what, and when.
#[derive(Clone, Copy)]
struct By<'a> {
    caller: &'a Caller,
    place: &'a str,
    now: DateTime<Utc>,
}

impl By<'_> {
    /// Writes down what a batch changed; nothing where it changed nothing.
    fn note(&self, connection: &mut AnyConnection, counts: Counts) -> Result<(), StoreError> {
        if counts.added + counts.changed == 0 {
            return Ok(());
        }
        let entry = AuditEntry::done(self.now, self.caller.actor(), "products.imported", self.place);
        let detail = json!({ "added": counts.added, "changed": counts.changed });
        audit::append(connection, &[entry.with(detail)])
    }
}

struct Importing<'a> {
    store: &'a Store,
    by: By<'a>,
    report: ImportReport,
    /// What each product of this file was said to be, as hashes, with the line where.
    seen: HashMap<u64, (u64, i64)>,
}

impl Importing<'_> {
    fn refuse(&mut self, faults: Vec<RowFault>) {
        self.report.refused += 1;
        let room = MOST_FAULTS.saturating_sub(self.report.faults.len());
        self.report.faults.extend(faults.into_iter().take(room));
    }

    fn is_full(&mut self) -> bool {
        let ImportReport { added, changed, unchanged, refused, .. } = self.report;
        let full = added + changed + unchanged + refused >= MOST_ENTRIES;
        if full {
            let message =
                format!("the file has more than {MOST_ENTRIES} rows; none of those behind are read");
            self.refuse(vec![RowFault::of_row(0, "file-too-long", message, "divide it")]);
        }
        full
    }

    fn save(&mut self, rows: &mut Vec<ProductRow>, listings: &mut Vec<ListingRow>) -> Result<(), StoreError> {
        rows.retain(|row| {
            let content = (&row.proprietary_name, &row.established_name, &row.manufacturer, &row.dosage_form);
            let rest = (&row.strength, &row.container_size, &row.level, row.units_per_case, &row.unit_gtin);
            self.is_first((&row.item, &row.variant), (content, rest, &row.ndc, &row.ndc_format), row.line)
        });
        listings.retain(|row| {
            let content = (&row.proprietary_name, &row.established_name, &row.manufacturer);
            self.is_first(&row.id, (content, &row.dosage_form, &row.strength), row.line)
        });
        let counts = self.store.save_rows(rows, self.by)?.plus(self.store.save_listings(listings, self.by)?);
        self.report.added += counts.added;
        self.report.changed += counts.changed;
        self.report.unchanged += counts.unchanged;
        rows.clear();
        listings.clear();
        Ok(())
    }

    /// True for the first row about a product. One that says the same again counts as unchanged, any other is refused.
    fn is_first(&mut self, product: impl Hash, content: impl Hash, line: i64) -> bool {
        let content = hash(content);
        let (before, first) = *self.seen.entry(hash(product)).or_insert((content, line));
        if first == line {
            return true;
        }
        if before == content {
            self.report.unchanged += 1;
            return false;
        }
        let line = u64::try_from(line).unwrap_or(0);
        let message = format!("line {first} says something else of the same product");
        self.refuse(vec![RowFault::of_row(line, "product-repeated", message, "keep one of the two rows")]);
        false
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[derive(Clone, Copy, Default)]
struct Counts {
    added: u64,
    changed: u64,
    unchanged: u64,
}

impl Counts {
    fn plus(self, other: Counts) -> Counts {
        Counts {
            added: self.added + other.added,
            changed: self.changed + other.changed,
            unchanged: self.unchanged + other.unchanged,
        }
    }
}

impl Store {
    fn save_rows(&self, rows: &[ProductRow], by: By<'_>) -> Result<Counts, StoreError> {
        let Some(first) = rows.first() else { return Ok(Counts::default()) };
        let items: Vec<&str> = rows.iter().map(|row| row.item.as_str()).collect();
        self.write(|connection| {
            let known: Vec<ProductRow> = products::table
                .filter(products::source.eq(&first.source))
                .filter(products::item.eq_any(&items))
                .load(connection)?;
            let known: HashMap<(&str, &str), &ProductRow> =
                known.iter().map(|row| ((row.item.as_str(), row.variant.as_str()), row)).collect();
            let (mut counts, mut new) = (Counts::default(), Vec::new());
            for row in rows {
                match known.get(&(row.item.as_str(), row.variant.as_str())) {
                    Some(before) if before.says_the_same(row) => counts.unchanged += 1,
                    before => {
                        counts.added += u64::from(before.is_none());
                        counts.changed += u64::from(before.is_some());
                        new.push(row);
                    }
                }
            }
            replace(connection, &new)?;
            by.note(connection, counts)?;
            Ok(counts)
        })
    }

    fn save_listings(&self, rows: &[ListingRow], by: By<'_>) -> Result<Counts, StoreError> {
        if rows.is_empty() {
            return Ok(Counts::default());
        }
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        self.write(|connection| {
            let known: Vec<ListingRow> =
                ndc_listings::table.filter(ndc_listings::id.eq_any(&ids)).load(connection)?;
            let known: HashMap<&str, &ListingRow> = known.iter().map(|row| (row.id.as_str(), row)).collect();
            let (mut counts, mut new) = (Counts::default(), Vec::new());
            for row in rows {
                match known.get(row.id.as_str()) {
                    Some(before) if before.says_the_same(row) => counts.unchanged += 1,
                    before => {
                        counts.added += u64::from(before.is_none());
                        counts.changed += u64::from(before.is_some());
                        new.push(row);
                    }
                }
            }
            let replaced: Vec<&str> = new.iter().map(|row| row.id.as_str()).collect();
            diesel::delete(ndc_listings::table.filter(ndc_listings::id.eq_any(replaced)))
                .execute(connection)?;
            for rows in new.chunks(STATEMENT_ROWS) {
                either!(connection, concrete => diesel::insert_into(ndc_listings::table)
                    .values(rows.to_vec())
                    .execute(concrete))?;
            }
            by.note(connection, counts)?;
            Ok(counts)
        })
    }
}

/// What this sender said last of the products of these rows.
fn said_by(
    connection: &mut AnyConnection,
    sender: &str,
    rows: &[ProductRow],
) -> Result<HashMap<String, ProductRow>, StoreError> {
    let rank = rows.first().map_or(0, |row| row.rank);
    let items: Vec<&str> = rows.iter().map(|row| row.item.as_str()).collect();
    let said: Vec<ProductRow> = products::table
        .filter(products::item.eq_any(items))
        .filter(products::rank.eq(rank))
        .filter(products::sender.eq(sender))
        .order((products::said_at.asc(), products::source.asc()))
        .load(connection)?;
    let said = published(connection, said)?;
    Ok(said.into_iter().map(|row| (row.item.clone(), row)).collect())
}

/// Puts rows in the place of those that were there for the same product, source and variant.
fn replace(connection: &mut AnyConnection, rows: &[&ProductRow]) -> Result<(), StoreError> {
    for row in rows {
        let key = (row.item.as_str(), row.source.as_str(), row.variant.as_str());
        diesel::delete(products::table.find(key)).execute(connection)?;
    }
    for rows in rows.chunks(STATEMENT_ROWS) {
        either!(connection, concrete => diesel::insert_into(products::table)
            .values(rows.to_vec())
            .execute(concrete))?;
    }
    Ok(())
}
