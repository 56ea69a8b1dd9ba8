//! What the database itself says of when a commit is safe.

use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::sql_types::Integer;
use diesel::sql_types::Text;

use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;

/// How commits of the connection that writes are made safe, read back from the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    /// SQLite's `synchronous` as a word (`full`), or PostgreSQL's `synchronous_commit` (`on`).
    pub synchronous: String,
    /// SQLite's `journal_mode` (`wal`), or PostgreSQL's `wal_level`.
    pub journal: String,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Integer)]
    synchronous: i32,
}

#[derive(QueryableByName)]
struct Mode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

impl Store {
    /// Asks the connection that writes how safe its commits are.
    pub fn durability(&self) -> Result<Durability, StoreError> {
        self.write(read)
    }
}

/// How safe the commits of this connection are.
pub(super) fn read(connection: &mut AnyConnection) -> Result<Durability, StoreError> {
    let word = |connection: &mut AnyConnection, name: &str| -> Result<String, StoreError> {
        let asked = format!("SELECT current_setting('{name}') AS word");
        Ok(diesel::sql_query(asked).get_result::<Word>(connection)?.word)
    };
    if matches!(connection, AnyConnection::Postgres(_)) {
        let synchronous = word(connection, "synchronous_commit")?;
        return Ok(Durability { synchronous, journal: word(connection, "wal_level")? });
    }
    let Number { synchronous } = diesel::sql_query("PRAGMA synchronous").get_result(connection)?;
    let Mode { journal_mode } = diesel::sql_query("PRAGMA journal_mode").get_result(connection)?;
    let names = ["off", "normal", "full", "extra"];
    let name = usize::try_from(synchronous).ok().and_then(|index| names.get(index));
    Ok(Durability { synchronous: name.copied().unwrap_or("unknown").into(), journal: journal_mode })
}
