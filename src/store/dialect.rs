//! The few statements that differ: many rows at once, by COPY on PostgreSQL and by a prepared statement on SQLite.

use diesel::AppearsOnTable;
use diesel::ExecuteCopyFromDsl;
use diesel::Expression;
use diesel::Insertable;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::expression::ValidGrouping;
use diesel::query_builder::AstPass;
use diesel::query_builder::QueryFragment;
use diesel::query_builder::QueryId;
use diesel::sql_types::Bool;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;

use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::schema::document_events;
use crate::store::schema::event_identities;
use crate::store::schema::event_terms;
use crate::store::schema::events;

/// How many rows one prepared statement inserts into SQLite; measured faster than one by one.
pub(super) const STATEMENT_ROWS: usize = 64;

/// How many rows of `events` one statement inserts into PostgreSQL, which takes 65,535 values at most.
const SERVER_STATEMENT_ROWS: usize = 1_024;

/// Inserts rows, given as a slice of `Insertable` that borrow nothing, into a table.
macro_rules! insert_all {
    ($connection:expr, $table:ident, $rows:expr) => {
        match $connection {
            _ if $rows.is_empty() => {}
            AnyConnection::Sqlite(file) => {
                // The type of an array tells how many rows its statement has, so that it is parsed once and kept.
                let (whole, rest) = $rows.as_chunks::<STATEMENT_ROWS>();
                for rows in whole {
                    diesel::insert_into($table::table).values(rows).execute(file)?;
                }
                for row in rest {
                    diesel::insert_into($table::table).values(row).execute(file)?;
                }
            }
            AnyConnection::Postgres(server) => {
                let copy = diesel::copy_from($table::table).from_insertable($rows);
                ExecuteCopyFromDsl::execute(copy, server)?;
            }
        }
    };
}
pub(super) use insert_all;

/// Inserts rows of `events`, one by one into SQLite: of rows that borrow, diesel keeps no larger statement.
fn insert_events(connection: &mut AnyConnection, rows: &[EventRow<'_>]) -> Result<(), StoreError> {
    match connection {
        _ if rows.is_empty() => {}
        AnyConnection::Sqlite(file) => {
            for row in rows {
                diesel::insert_into(events::table).values(row).execute(file)?;
            }
        }
        AnyConnection::Postgres(server) => {
            // Row-level security lets nobody COPY into the table.
            for rows in rows.chunks(SERVER_STATEMENT_ROWS) {
                diesel::insert_into(events::table).values(rows).execute(server)?;
            }
        }
    }
    Ok(())
}

/// On SQLite, that a column has one of some values, by a statement that is the same for any number of them, and so is prepared
/// once: they are handed over as JSON. PostgreSQL has `= ANY` for it.
#[derive(QueryId)]
pub(super) struct OneOf<C> {
    column: C,
    values: String,
}

impl<C> OneOf<C> {
    pub(super) fn of(column: C, values: &[String]) -> Result<OneOf<C>, StoreError> {
        let values = serde_json::to_string(values).map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(OneOf { column, values })
    }
}

impl<C: Expression<SqlType = Text>> Expression for OneOf<C> {
    type SqlType = Bool;
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for OneOf<C> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(pass.reborrow())?;
        pass.push_sql(" IN (SELECT value FROM json_each(");
        pass.push_bind_param::<Text, _>(&self.values)?;
        pass.push_sql("))");
        Ok(())
    }
}

impl<C, T> AppearsOnTable<T> for OneOf<C>
where
    C: AppearsOnTable<T>,
    OneOf<C>: Expression,
{
}

impl<C: ValidGrouping<()>> ValidGrouping<()> for OneOf<C> {
    type IsAggregate = C::IsAggregate;
}

/// A row of `events`.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(super) struct EventRow<'a> {
    pub(super) id: i64,
    pub(super) document: i64,
    pub(super) position: i64,
    pub(super) event_id: Option<&'a str>,
    pub(super) hash: &'a [u8],
    pub(super) error_declared: bool,
    pub(super) event_time: i64,
    pub(super) kind: &'a str,
    pub(super) action: Option<&'a str>,
    pub(super) biz_step: Option<&'a str>,
    pub(super) disposition: Option<&'a str>,
    pub(super) read_point: Option<&'a str>,
    pub(super) biz_location: Option<&'a str>,
    pub(super) parties: &'a str,
    pub(super) body: &'a [u8],
}

/// A row of `event_terms`; in the order of the primary key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Insertable, diesel::Queryable)]
#[diesel(table_name = event_terms, treat_none_as_default_value = false)]
pub(super) struct TermRow {
    pub(super) block: i64,
    pub(super) key: i64,
    pub(super) event: i64,
    pub(super) role: i64,
}

/// A row of `event_identities`; in the order of the primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Insertable)]
#[diesel(table_name = event_identities, treat_none_as_default_value = false)]
pub(super) struct IdentityRow {
    pub(super) key: i64,
    pub(super) event: i64,
}

/// A row of `document_events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Insertable)]
#[diesel(table_name = document_events, treat_none_as_default_value = false)]
pub(super) struct LinkRow {
    pub(super) document: i64,
    pub(super) position: i64,
    pub(super) event: i64,
}

/// Rows of all tables that events go to, in the order in which they are written: an event's own row comes first, so that
/// what a crash leaves behind can be found by its document.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rows<'a> {
    pub(super) events: &'a [EventRow<'a>],
    pub(super) terms: &'a [TermRow],
    pub(super) identities: &'a [IdentityRow],
    pub(super) links: &'a [LinkRow],
}

/// How many rows one transaction may write to SQLite, so that it holds the one writer for less than 200 ms.
pub(super) const FILE_ROWS: usize = 20_000;

/// How many rows one transaction may write to PostgreSQL.
pub(super) const SERVER_ROWS: usize = 100_000;

/// How many bytes of packed events one transaction may write.
const TRANSACTION_BYTES: usize = 8 << 20;

impl<'a> Rows<'a> {
    /// Cuts off what one transaction of at most this many rows writes; `None` at the end.
    pub(super) fn next_transaction(&mut self, most: usize) -> Option<Rows<'a>> {
        let mut room = most;
        let mut bytes = 0;
        let fitting = self.events.iter().take(room).take_while(|row| {
            let first = bytes == 0;
            bytes += row.body.len();
            first || bytes <= TRANSACTION_BYTES
        });
        let count = fitting.count();
        let whole = count == self.events.len();
        let events = cut(&mut self.events, count);
        room = if whole { room - count } else { 0 };
        let terms = cut(&mut self.terms, room);
        let identities = cut(&mut self.identities, room - terms.len());
        let links = cut(&mut self.links, room - terms.len() - identities.len());
        let rows = Rows { events, terms, identities, links };
        (rows.count() > 0).then_some(rows)
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.events.len() + self.terms.len() + self.identities.len() + self.links.len()
    }

    /// Inserts all of them.
    pub(super) fn insert(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        insert_events(connection, self.events)?;
        insert_all!(connection, event_terms, self.terms);
        insert_all!(connection, event_identities, self.identities);
        insert_all!(connection, document_events, self.links);
        Ok(())
    }
}

fn cut<'a, T>(rows: &mut &'a [T], most: usize) -> &'a [T] {
    let (taken, rest) = rows.split_at(most.min(rows.len()));
    *rows = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_short_and_events_come_first() {
        let big = vec![0; TRANSACTION_BYTES / 2 + 1];
        let row = |body| EventRow {
            id: 0,
            document: 0,
            position: 0,
            event_id: None,
            hash: &[],
            error_declared: false,
            event_time: 0,
            kind: "",
            action: None,
            biz_step: None,
            disposition: None,
            read_point: None,
            biz_location: None,
            parties: "",
            body,
        };
        let (events, terms) = ([row(&big), row(&big), row(&[])], vec![TermRow::default(); FILE_ROWS]);
        let mut rows = Rows { events: &events, terms: &terms, identities: &[], links: &[] };
        let mut sizes = Vec::new();
        while let Some(some) = rows.next_transaction(FILE_ROWS) {
            sizes.push((some.events.len(), some.terms.len()));
        }
        assert_eq!(sizes, [(1, 0), (2, FILE_ROWS - 2), (0, 2)]);
    }
}
