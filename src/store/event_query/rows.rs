//! Statements put together as text, the same for both databases, and the rows they give.

use std::collections::HashMap;
use std::fmt::Display;
use std::fmt::Write;

use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::Pg;
use diesel::pg::PgConnection;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel::sqlite::SqliteConnection;

use crate::store::StoreError;
use crate::store::connection::AnyConnection;

/// How many events are read at once.
pub(super) const BODIES: usize = 16;

/// A statement with numbers written out and texts bound, as `$1` and so on, which both databases understand.
#[derive(Clone, Debug, Default)]
pub(super) struct Sql {
    pub(super) text: String,
    binds: Vec<String>,
}

impl Sql {
    pub(super) fn new(text: String) -> Sql {
        Sql { text, binds: Vec::new() }
    }

    /// Binds a text and gives its place.
    pub(super) fn bind(&mut self, text: &str) -> usize {
        self.binds.push(text.to_owned());
        self.binds.len()
    }

    /// A statement of another text with the same texts bound.
    pub(super) fn with(&self, text: String) -> Sql {
        Sql { text, binds: self.binds.clone() }
    }

    pub(super) fn load<T>(&self, connection: &mut AnyConnection) -> Result<Vec<T>, StoreError>
    where
        T: QueryableByName<Sqlite> + QueryableByName<Pg> + 'static,
    {
        Ok(match connection {
            AnyConnection::Sqlite(file) => self.load_sqlite(file)?,
            AnyConnection::Postgres(server) => self.load_postgres(server)?,
        })
    }

    fn load_sqlite<T: QueryableByName<Sqlite> + 'static>(
        &self,
        file: &mut SqliteConnection,
    ) -> diesel::QueryResult<Vec<T>> {
        let query = sql_query(self.text.as_str()).into_boxed::<Sqlite>();
        self.binds.iter().fold(query, |query, text| query.bind::<Text, _>(text)).load(file)
    }

    fn load_postgres<T: QueryableByName<Pg> + 'static>(
        &self,
        server: &mut PgConnection,
    ) -> diesel::QueryResult<Vec<T>> {
        let query = sql_query(self.text.as_str()).into_boxed::<Pg>();
        self.binds.iter().fold(query, |query, text| query.bind::<Text, _>(text)).load(server)
    }
}

/// Where an event stands in the order of the answer; its body is read later.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Spot {
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    /// `events.event_time` or `documents.ticket`.
    #[diesel(sql_type = BigInt)]
    pub(super) sort: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) document: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) published_at: i64,
}

/// A stored event, still packed.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) document: i64,
    pub(super) published_at: i64,
    pub(super) hash: Vec<u8>,
    pub(super) body: Vec<u8>,
}

#[derive(QueryableByName)]
struct Body {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

/// Reads the events that stand at these places, in their order.
pub(super) fn stored(connection: &mut AnyConnection, spots: &[Spot]) -> Result<Vec<Stored>, StoreError> {
    if spots.is_empty() {
        return Ok(Vec::new());
    }
    let ids = numbers(spots.iter().map(|spot| spot.id));
    let sql = Sql::new(format!(
        "SELECT e.id AS id, e.hash AS hash, e.body AS body FROM events e WHERE e.id IN ({ids})"
    ));
    let mut bodies: HashMap<i64, Body> =
        sql.load::<Body>(connection)?.into_iter().map(|body| (body.id, body)).collect();
    let missing = |id| StoreError::Damaged(format!("the event {id} is gone"));
    spots
        .iter()
        .map(|spot| {
            let Body { id, hash, body } = bodies.remove(&spot.id).ok_or_else(|| missing(spot.id))?;
            Ok(Stored { id, document: spot.document, published_at: spot.published_at, hash, body })
        })
        .collect()
}

/// Numbers as a list in a statement.
pub(super) fn numbers(numbers: impl IntoIterator<Item = impl Display>) -> String {
    let mut list = String::new();
    for number in numbers {
        let comma = if list.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(list, "{comma}{number}");
    }
    list
}
