//! What the ledger says of one product identifier: the look-ups that an answer to a verification is made of.

use std::collections::HashMap;

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::Hold;
use crate::gs1::Gtin;
use crate::store::Held;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::dialect::OneOf;
use crate::store::holds;
use crate::store::schema::assigned_identifiers;
use crate::store::schema::items;
use crate::store::sight;

/// How many containers may stand in each other.
const MOST_LEVELS: usize = 12;

/// A product identifier that was assigned, as far as the ledger knows it, and every open hold on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssignedIdentifier {
    /// Lot number that it was commissioned with; empty where the data name none.
    pub lot: String,
    /// Expiry as in the data; empty where they name none.
    pub expiry: String,
    /// It was decommissioned, destroyed or dispensed.
    pub ended: bool,
    /// Every open hold and recall: on itself, what it is in, its lot, serial number and trade item. Recalls come first.
    pub holds: Vec<Hold>,
}

/// A row of the view `assigned_identifiers`.
#[derive(Queryable)]
struct Row {
    key: String,
    commissioned: Option<i64>,
    ended: Option<i64>,
    parent: Option<String>,
    /// What its container is in, and what that is in; not looked up where no item or container is held at all.
    second: Option<String>,
    third: Option<String>,
    lot: Option<String>,
    expiry: Option<String>,
    /// Something may hold it: most product is under no hold, and then there is nothing to look for.
    held: bool,
}

impl Store {
    /// The product identifier of this trade item and serial number; `None` where none was commissioned.
    pub fn assigned(
        &self,
        caller: &Caller,
        gtin: Gtin,
        serial: &str,
    ) -> Result<Option<AssignedIdentifier>, StoreError> {
        self.assigned_all(caller, &[(gtin, serial)])?.pop().unwrap_or(Ok(None))
    }

    /// The product identifiers of these trade items and serial numbers, in their order, as all were at one moment; never
    /// waits for other readers. What is wrong with the data of one says nothing of the others.
    pub fn assigned_all(
        &self,
        caller: &Caller,
        items: &[(Gtin, &str)],
    ) -> Result<Vec<Result<Option<AssignedIdentifier>, StoreError>>, StoreError> {
        sight::everything(caller)?;
        let keys: Vec<String> = items.iter().map(|(gtin, serial)| gtin.serial_key(serial)).collect();
        self.point(|connection| {
            let rows = rows(connection, &keys)?;
            let found: HashMap<&str, &Row> = rows.iter().map(|row| (row.key.as_str(), row)).collect();
            let each = items.iter().zip(&keys).map(|(item, key)| {
                let row = found.get(key.as_str()).filter(|row| row.commissioned.is_some());
                row.map(|row| complete(connection, *item, row)).transpose()
            });
            Ok(each.collect())
        })
    }
}

/// The rows of these keys, in any order.
fn rows(connection: &mut AnyConnection, keys: &[String]) -> Result<Vec<Row>, StoreError> {
    // Of a view, as diesel goes through all of a statement each time it is asked.
    let (all, key) = (assigned_identifiers::table, assigned_identifiers::key);
    Ok(match connection {
        AnyConnection::Sqlite(file) => all.filter(OneOf::of(key, keys)?).load(file)?,
        AnyConnection::Postgres(server) => all.filter(key.eq_any(keys)).load(server)?,
    })
}

/// A product identifier with every open hold on it.
fn complete(
    connection: &mut AnyConnection,
    (gtin, serial): (Gtin, &str),
    row: &Row,
) -> Result<AssignedIdentifier, StoreError> {
    let lot = row.lot.clone().unwrap_or_default();
    let holds = match row.held || row.third.is_some() {
        true => {
            let (keys, lots) = (containers(connection, row)?, [lot.clone()]);
            let item = Held { keys: &keys, gtin: Some(gtin), serial: Some(serial), lots: &lots };
            holds::on(connection, item)?
        }
        false => Vec::new(),
    };
    let expiry = row.expiry.clone().unwrap_or_default();
    Ok(AssignedIdentifier { lot, expiry, ended: row.ended.is_some(), holds })
}

/// The keys of an item and of every container that may be held with it in it; the first three of those are known.
fn containers(connection: &mut AnyConnection, row: &Row) -> Result<Vec<String>, StoreError> {
    let known = [Some(&row.key), row.parent.as_ref(), row.second.as_ref()];
    let mut keys: Vec<String> = known.into_iter().flatten().cloned().collect();
    let mut next = row.third.clone();
    while let Some(parent) = next.filter(|parent| keys.len() <= MOST_LEVELS && !keys.contains(parent)) {
        let above: Option<Option<String>> = either!(connection, concrete => items::table
            .filter(items::key.eq(&parent))
            .select(items::parent)
            .get_result(concrete)
            .optional())?;
        keys.push(parent);
        next = above.flatten();
    }
    Ok(keys)
}
