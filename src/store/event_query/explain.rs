//! How the database goes about the statements of a question, for those who wonder why an answer is slow.

use diesel::sql_types::Text;

use crate::access::Caller;
use crate::epcis::query::EventQuery;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::event_query::newest_ticket;
use crate::store::event_query::plan::Plan;
use crate::store::event_query::rows::Sql;
use crate::store::event_query::visible_to;
use crate::store::event_query::walk::Walk;

#[derive(diesel::QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(diesel::QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    detail: String,
}

impl Store {
    /// The database's own words on how it would run each statement for the first page: statement, then its plan.
    pub fn explain(&self, caller: &Caller, query: &EventQuery) -> Result<Vec<(String, String)>, StoreError> {
        self.read_for(caller, |connection| {
            let newest = newest_ticket(connection)?;
            let plan = Plan::of(query, &visible_to(caller));
            let walk = Walk::begin(connection, &plan, newest, None)?;
            let statements = walk.statements(connection)?;
            statements.into_iter().map(|sql| Ok((sql.text.clone(), explained(connection, &sql)?))).collect()
        })
    }
}

fn explained(connection: &mut AnyConnection, sql: &Sql) -> Result<String, StoreError> {
    let steps: Vec<String> = match connection {
        AnyConnection::Sqlite(_) => {
            let steps =
                sql.with(format!("EXPLAIN QUERY PLAN {}", sql.text)).load::<SqliteStep>(connection)?;
            steps.into_iter().map(|step| step.detail).collect()
        }
        AnyConnection::Postgres(_) => {
            let steps = sql.with(format!("EXPLAIN {}", sql.text)).load::<PostgresStep>(connection)?;
            steps.into_iter().map(|step| step.detail).collect()
        }
    };
    Ok(steps.join("\n"))
}
