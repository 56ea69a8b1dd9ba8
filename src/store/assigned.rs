//! What the ledger says of one product identifier: the look-ups that an answer to a verification is made of.

use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::NullableExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::Hold;
use crate::gs1::Gtin;
use crate::store::Held;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::holds;
use crate::store::schema::items;
use crate::store::schema::lots;
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

type Row = (Option<i64>, Option<i64>, Option<String>, Option<String>, Option<String>, Option<String>);

impl Store {
    /// The product identifier of this trade item and serial number; `None` where none was commissioned. A few look-ups by
    /// key, which on SQLite take microseconds and never wait for other readers.
    pub fn assigned(
        &self,
        caller: &Caller,
        gtin: Gtin,
        serial: &str,
    ) -> Result<Option<AssignedIdentifier>, StoreError> {
        sight::everything(caller)?;
        let key = gtin.serial_key(serial);
        self.point(|connection| {
            let above = diesel::alias!(items as above);
            let columns = (
                items::commissioned,
                items::ended,
                items::parent,
                lots::lot.nullable(),
                lots::expiry.nullable(),
                above.field(items::parent).nullable(),
            );
            // Not `first`: SQLite prepares a statement anew whose limit is a parameter. And asked of the concrete connection,
            // so that diesel finds the prepared statement by its type.
            let row: Option<Row> = either!(connection, concrete => items::table
                .left_join(lots::table.on(items::lot.eq(lots::id.nullable())))
                .left_join(above.on(items::parent.eq(above.field(items::key).nullable())))
                .filter(items::key.eq(&key))
                .select(columns)
                .get_result(concrete)
                .optional())?;
            let Some((Some(_), ended, parent, lot, expiry, next)) = row else { return Ok(None) };
            let keys = containers(connection, key.clone(), (parent, next))?;
            let lots = [lot.unwrap_or_default()];
            let item = Held { keys: &keys, gtin: Some(gtin), serial: Some(serial), lots: &lots };
            let holds = holds::on(connection, item)?;
            let [lot] = lots;
            Ok(Some(AssignedIdentifier {
                lot,
                expiry: expiry.unwrap_or_default(),
                ended: ended.is_some(),
                holds,
            }))
        })
    }

    /// True where a look-up is a matter of microseconds, and need not be sent to another thread.
    pub fn is_embedded(&self) -> bool {
        self.0.points.is_some()
    }
}

/// The keys of an item and of every container it is in; the first two of those are known.
fn containers(
    connection: &mut AnyConnection,
    key: String,
    (parent, mut next): (Option<String>, Option<String>),
) -> Result<Vec<String>, StoreError> {
    let mut keys = vec![key];
    keys.extend(parent);
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
