//! Few events found by an identifier, the most common question: all in one statement, which the connection keeps prepared.

use std::cmp::Ordering;

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::query_builder::AstPass;
use diesel::query_builder::Query;
use diesel::query_builder::QueryFragment;
use diesel::query_builder::QueryId;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::HasSqlType;
use diesel::sql_types::Nullable;
use diesel::sql_types::Untyped;

use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::event_query::PUBLISHED;
use crate::store::event_query::plan::Lookup;
use crate::store::event_query::plan::Plan;
use crate::store::event_query::rows::Stored;

/// Rows of the index that are few: their events are read at once, whatever else is asked of them.
const FEW: usize = 16;

/// The visible events that a look-up of the plan finds, in the order of the answer; `None` where no identifier is asked
/// for or its events may be many.
pub(super) fn few(
    connection: &mut AnyConnection,
    plan: &Plan,
    visible: &str,
) -> Result<Option<Vec<Stored>>, StoreError> {
    let Some(lookup) = plan.lookups.iter().find(|lookup| lookup.is_point()) else { return Ok(None) };
    if lookup.keys().len() > FEW {
        return Ok(None);
    }
    let statement = Statement::of(lookup, visible);
    let mut rows: Vec<Row> = either!(connection, either => statement.load(either)?);
    if rows.len() > FEW {
        return Ok(None);
    }
    rows.sort_unstable_by(|one, other| order(one, other, plan));
    rows.dedup_by_key(|row| row.id);
    Ok(Some(rows.into_iter().filter_map(Row::visible).collect()))
}

fn order(one: &Row, other: &Row, plan: &Plan) -> Ordering {
    let sort = |row: &Row| (if plan.by_time { row.event_time } else { row.ticket }, row.id);
    let order = sort(one).cmp(&sort(other));
    if plan.descending { order.reverse() } else { order }
}

/// A row of the index with its event; without one where that is being removed.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    /// `None` where the caller may not see it.
    #[diesel(sql_type = Nullable<BigInt>)]
    ticket: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    event_time: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    document: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    published_at: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    hash: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    body: Option<Vec<u8>>,
}

impl Row {
    fn visible(self) -> Option<Stored> {
        self.ticket?;
        Some(Stored {
            id: self.id,
            document: self.document?,
            published_at: self.published_at?,
            hash: self.hash?,
            body: self.body?,
        })
    }
}

/// The statement of a look-up, its keys bound. Unlike `sql_query` it is kept prepared where it has one key, as there are
/// few such texts.
struct Statement<'a> {
    before: String,
    keys: &'a [i64],
    behind: String,
    /// The same text for everybody who sees everything; those of partners are not kept.
    common: bool,
}

impl<'a> Statement<'a> {
    fn of(lookup: &'a Lookup, visible: &str) -> Statement<'a> {
        let (find, limit) = lookup.around(FEW + 1);
        let before = format!(
            "SELECT f.id AS id, CASE WHEN {visible} THEN d.ticket END AS ticket, e.event_time AS event_time, \
             e.document AS document, d.published_at AS published_at, e.hash AS hash, e.body AS body FROM ({find}"
        );
        let behind = format!(
            "{limit}) f LEFT JOIN events e ON e.id = f.id LEFT JOIN publications d ON d.id = e.document"
        );
        Statement { before, keys: lookup.keys(), behind, common: visible == PUBLISHED }
    }
}

impl<DB: Backend + HasSqlType<BigInt>> QueryFragment<DB> for Statement<'_>
where
    i64: diesel::serialize::ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if self.keys.len() != 1 || !self.common {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(&self.before);
        for (at, key) in self.keys.iter().enumerate() {
            if at > 0 {
                out.push_sql(",");
            }
            out.push_bind_param::<BigInt, _>(key)?;
        }
        out.push_sql(&self.behind);
        Ok(())
    }
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement<'_> {
    type SqlType = Untyped;
}

impl<Connection> RunQueryDsl<Connection> for Statement<'_> {}
