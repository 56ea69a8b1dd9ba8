//! Lots: each GTIN with its lot number and expiry date, and how many items were commissioned in it.

use std::collections::BTreeMap;

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::schema::lots;
use crate::store::sight;
use crate::store::terms;

/// Lots made in one transaction.
const NEW_LOTS: usize = 1_000;

/// A lot of a trade item, with one expiry date; two dates in one lot make two records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotRecord {
    /// GTIN-14.
    pub gtin: String,
    /// Lot number as sent; empty where there was none.
    pub lot: String,
    /// Expiry date as sent, `YYYY-MM-DD`; empty where there was none.
    pub expiry: String,
    /// Items commissioned in it that the ledger knows, cases included where they have the same GTIN.
    pub commissioned: u64,
}

impl Store {
    /// The numbers of lots, each a GTIN, lot number and expiry date, which are made where there are none; the same number
    /// for the same lot everywhere.
    pub fn lot_numbers(&self, lots: &[[&str; 3]]) -> Result<Vec<i64>, StoreError> {
        for lots in lots.chunks(NEW_LOTS) {
            self.write(|connection| lots.iter().try_for_each(|lot| make(connection, *lot)))?;
        }
        Ok(lots.iter().map(|[gtin, lot, expiry]| terms::lot_number(gtin, lot, expiry)).collect())
    }

    /// The records of one lot number of a trade item; more than one where partners gave it several expiry dates.
    pub fn lots(&self, caller: &Caller, gtin: &str, lot: &str) -> Result<Vec<LotRecord>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let rows: Vec<LotRow> = lots::table
                .filter(lots::gtin.eq(gtin))
                .filter(lots::lot.eq(lot))
                .order(lots::expiry)
                .load(connection)?;
            Ok(rows.into_iter().map(lot_record).collect())
        })
    }

    /// The lot of a number that the ledger gave.
    pub fn lot(&self, number: i64) -> Result<Option<LotRecord>, StoreError> {
        self.read(|connection| lot(connection, number))
    }
}

type LotRow = (i64, String, String, String, i64);

fn make(connection: &mut AnyConnection, [gtin, lot, expiry]: [&str; 3]) -> Result<(), StoreError> {
    let row = (
        lots::id.eq(terms::lot_number(gtin, lot, expiry)),
        lots::gtin.eq(gtin),
        lots::lot.eq(lot),
        lots::expiry.eq(expiry),
        lots::commissioned.eq(0),
    );
    either!(connection, concrete => diesel::insert_into(lots::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(concrete))?;
    Ok(())
}

/// The lot of this number.
pub(super) fn lot(connection: &mut AnyConnection, number: i64) -> Result<Option<LotRecord>, StoreError> {
    let row: Option<LotRow> = lots::table.find(number).first(connection).optional()?;
    Ok(row.map(lot_record))
}

/// The numbers of a trade item's lots of this number; of all where it is empty.
pub(super) fn numbers(connection: &mut AnyConnection, gtin: &str, lot: &str) -> Result<Vec<i64>, StoreError> {
    let mut query = lots::table.filter(lots::gtin.eq(gtin)).select(lots::id).into_boxed();
    if !lot.is_empty() {
        query = query.filter(lots::lot.eq(lot));
    }
    Ok(query.load(connection)?)
}

/// Adds to the counts of commissioned items.
pub(super) fn count(connection: &mut AnyConnection, counts: &BTreeMap<i64, i64>) -> Result<(), StoreError> {
    for (lot, change) in counts.iter().filter(|(_, change)| **change != 0) {
        diesel::update(lots::table.find(lot))
            .set(lots::commissioned.eq(lots::commissioned + *change))
            .execute(connection)?;
    }
    Ok(())
}

fn lot_record((_, gtin, lot, expiry, commissioned): LotRow) -> LotRecord {
    LotRecord { gtin, lot, expiry, commissioned: u64::try_from(commissioned).unwrap_or(0) }
}
