//! What a caller sees: conditions for the queries, and on PostgreSQL the setting that row-level security goes by.
//!
//! A document is seen by whom its header names as sender or receiver and by who handed it in; an event by whom it names
//! as source or destination, and by whoever sees a document that it came with. Everything else follows from these two, or
//! names its party itself.

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Text;

use crate::access::Caller;
use crate::access::Sight;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::schema::document_parties;

impl Store {
    /// Runs `work` on a connection that reads for this caller. Where PostgreSQL holds it to row-level security, it sees
    /// no rows of others, whatever its statements ask for; the next to use the connection has its own sight again.
    pub(super) fn read_for<T>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(own) = own(caller) else { return self.read(work) };
        self.read(|connection| match connection {
            AnyConnection::Sqlite(_) => work(connection),
            AnyConnection::Postgres(_) => connection::reading(connection, |connection| {
                let narrow = sql_query("SELECT set_config('epcgate.sight', $1, true)");
                either!(connection, either => narrow.bind::<Text, _>(own.join(" ")).execute(either))?;
                work(connection)
            }),
        })
    }

    /// The same for what is no data of trade, which partners alone do not see whole.
    pub(super) fn read_house<T>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match house(caller) {
            Ok(()) => self.read(work),
            Err(_) => self.read_for(caller, work),
        }
    }
}

/// GLNs of the parties in whose place a caller stands; `None` where it sees everything.
pub(super) fn own(caller: &Caller) -> Option<Vec<String>> {
    match caller.sight() {
        Sight::Everything => None,
        Sight::Parties(glns) => Some(glns.iter().map(ToString::to_string).collect()),
        Sight::Nothing => Some(Vec::new()),
    }
}

/// Refuses who does not see all data: for what cannot be told apart by party.
pub(super) fn everything(caller: &Caller) -> Result<(), StoreError> {
    if caller.sees_everything() { Ok(()) } else { Err(StoreError::OutOfSight) }
}

/// Refuses partners: for what is no data of trade, and theirs neither.
pub(super) fn house(caller: &Caller) -> Result<(), StoreError> {
    match caller.sight() {
        Sight::Parties(_) => Err(StoreError::OutOfSight),
        Sight::Everything | Sight::Nothing => Ok(()),
    }
}

/// The condition that a document is seen, by the expression for its number; `None` where every one is.
pub(super) fn of_document(caller: &Caller, number: &str) -> Option<SqlLiteral<Bool>> {
    Some(sql(&document(&own(caller)?, number)))
}

/// The condition that an event is seen, by the expression for its number; `None` where every one is.
pub(super) fn of_event(caller: &Caller, number: &str) -> Option<SqlLiteral<Bool>> {
    let seen = event(&own(caller)?);
    Some(sql(&format!("EXISTS (SELECT 1 FROM events e WHERE e.id = {number} AND {seen})")))
}

/// Whether this document is seen.
pub(super) fn sees_document(
    connection: &mut AnyConnection,
    caller: &Caller,
    document: i64,
) -> Result<bool, StoreError> {
    let Some(own) = own(caller) else { return Ok(true) };
    let party = document_parties::table
        .filter(document_parties::document.eq(document))
        .filter(document_parties::party.eq_any(own))
        .select(document_parties::document);
    Ok(party.first::<i64>(connection).optional()?.is_some())
}

/// Whether this event is seen.
pub(super) fn sees_event(
    connection: &mut AnyConnection,
    caller: &Caller,
    number: i64,
) -> Result<bool, StoreError> {
    let Some(own) = own(caller) else { return Ok(true) };
    let query =
        sql_query(format!("SELECT e.id AS id FROM events e WHERE e.id = {number} AND {}", event(&own)));
    let found: Vec<Number> = either!(connection, either => query.load(either))?;
    Ok(!found.is_empty())
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    #[diesel(column_name = id)]
    _id: i64,
}

/// The condition on an event `e` that one of these is a party to it.
pub(super) fn event(own: &[String]) -> String {
    let named: String = own.iter().map(|gln| format!("e.parties LIKE '% {gln} %' OR ")).collect();
    let list = list(own);
    format!(
        "({named}{} OR EXISTS (SELECT 1 FROM document_events l CROSS JOIN document_parties p \
         CROSS JOIN publications o WHERE l.event = e.id AND p.document = l.document AND p.party IN ({list}) \
         AND o.id = l.document))",
        document(own, "e.document")
    )
}

fn document(own: &[String], number: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM document_parties p WHERE p.document = {number} AND p.party IN ({}))",
        list(own)
    )
}

/// GLNs are digits, so that they can stand in the text; nobody is called by an empty one.
fn list(own: &[String]) -> String {
    let quoted: Vec<String> = own.iter().map(|gln| format!("'{gln}'")).collect();
    if quoted.is_empty() { "''".to_owned() } else { quoted.join(",") }
}

/// Notes who is a party to a document, once each.
pub(super) fn add_parties(
    connection: &mut AnyConnection,
    document: i64,
    parties: impl IntoIterator<Item = String>,
) -> Result<(), StoreError> {
    for party in parties {
        let row = (document_parties::party.eq(party), document_parties::document.eq(document));
        either!(connection, either => diesel::insert_into(document_parties::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(either))?;
    }
    Ok(())
}
