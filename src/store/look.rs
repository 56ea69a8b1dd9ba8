//! A look at the database from outside: its version, what is missing, how safe commits are, how long things wait.

use std::fs;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::dsl::count_star;
use diesel::dsl::min;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Text;

use crate::access::Caller;
use crate::store::DeliveryState;
use crate::store::Durability;
use crate::store::MailState;
use crate::store::Settings;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection;
use crate::store::connection::AnyConnection;
use crate::store::connection::Migrated;
use crate::store::connection::Source;
use crate::store::durability;
use crate::store::schema::audit;
use crate::store::schema::capture_jobs;
use crate::store::schema::deliveries;
use crate::store::schema::documents;
use crate::store::schema::mails;
use crate::store::schema::pending_verifications;
use crate::store::sight;

/// What a look at the database found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseLook {
    /// `SQLite` or `PostgreSQL` and its version.
    pub version: String,
    /// The file of SQLite.
    pub file: Option<PathBuf>,
    /// Migrations that this program brings and the database does not have yet.
    pub missing: usize,
    /// Migrations that the database has and this program does not know, as after a step back to an older program.
    pub unknown: usize,
    /// How safe commits are.
    pub durability: Durability,
    /// As whom we are signed in to PostgreSQL.
    pub role: Option<Role>,
    /// Bytes of the database.
    pub bytes: u64,
    /// Bytes of SQLite's write-ahead log.
    pub wal_bytes: Option<u64>,
    /// What SQLite's `quick_check` found; empty where all is well, or where it was not asked for.
    pub damage: Vec<String>,
}

/// As whom we are signed in to PostgreSQL, and what that role may.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Role {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// It may do everything.
    #[diesel(sql_type = Bool)]
    pub superuser: bool,
    /// No policy of row-level security holds for it.
    #[diesel(sql_type = Bool)]
    pub bypasses: bool,
}

/// How many things wait, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAge {
    /// What waits, in a few words.
    pub name: &'static str,
    /// How many.
    pub waiting: u64,
    /// Since when the oldest waits, or was due.
    pub oldest: Option<DateTime<Utc>>,
    /// Hours that are usual; what waits longer deserves a look.
    pub limit_hours: i64,
    /// What to do then.
    pub next: &'static str,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Amount {
    #[diesel(sql_type = BigInt)]
    amount: i64,
}

#[derive(QueryableByName)]
struct Check {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

/// Looks at the database of a URL without bringing its tables up to date; `None` where the file does not exist yet.
///
/// With `whole`, the pages of a SQLite file are read as well, which takes a minute for each 10 GB or so.
pub fn look(url: &str, settings: &Settings, whole: bool) -> Result<Option<DatabaseLook>, StoreError> {
    let source = Source::of(url);
    let file = source.file().map(PathBuf::from);
    if file.as_ref().is_some_and(|file| !file.exists()) {
        return Ok(None);
    }
    let mut connection = source.writing(settings).open()?;
    let Migrated { missing, unknown } = connection::migrated(&mut connection)?;
    let server = source.is_server();
    let version = match server {
        true => word(&mut connection, "SELECT current_setting('server_version') AS word")?,
        false => word(&mut connection, "SELECT sqlite_version() AS word")?,
    };
    let role = server.then(|| role(&mut connection)).transpose()?;
    let bytes = match &file {
        Some(file) => fs::metadata(file)?.len(),
        None => amount(&mut connection, "SELECT pg_database_size(current_database()) AS amount")?,
    };
    let damage = if whole && !server { quick_check(&mut connection)? } else { Vec::new() };
    let wal_bytes = file.as_ref().map(|file| {
        let mut log = file.clone().into_os_string();
        log.push("-wal");
        fs::metadata(log).map_or(0, |log| log.len())
    });
    let name = if server { "PostgreSQL" } else { "SQLite" };
    Ok(Some(DatabaseLook {
        version: format!("{name} {version}"),
        durability: durability::read(&mut connection)?,
        file,
        missing,
        unknown,
        role,
        bytes,
        wal_bytes,
        damage,
    }))
}

fn word(connection: &mut AnyConnection, query: &str) -> Result<String, StoreError> {
    Ok(diesel::sql_query(query).get_result::<Word>(connection)?.word)
}

fn amount(connection: &mut AnyConnection, query: &str) -> Result<u64, StoreError> {
    let Amount { amount } = diesel::sql_query(query).get_result(connection)?;
    Ok(u64::try_from(amount).unwrap_or_default())
}

fn role(connection: &mut AnyConnection) -> Result<Role, StoreError> {
    let query = "SELECT rolname::text AS name, rolsuper AS superuser, rolbypassrls AS bypasses \
                 FROM pg_roles WHERE rolname = current_user";
    Ok(diesel::sql_query(query).get_result(connection)?)
}

fn quick_check(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let said: Vec<Check> = diesel::sql_query("PRAGMA quick_check(20)").load(connection)?;
    Ok(said.into_iter().map(|line| line.quick_check).filter(|line| line != "ok").collect())
}

impl Store {
    /// How long things wait to be done, each queue by itself.
    pub fn queues(&self, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<QueueAge>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| {
            let jobs = capture_jobs::table
                .filter(capture_jobs::running.eq(true))
                .select((count_star(), min(capture_jobs::created_at)))
                .first(connection)?;
            let ledger = documents::table
                .filter(documents::ticket.is_not_null())
                .filter(documents::reconciled_at.is_null())
                .select((count_star(), min(documents::published_at)))
                .first(connection)?;
            let asked = pending_verifications::table
                .select((count_star(), min(pending_verifications::asked_at)))
                .first(connection)?;
            let due = mails::table
                .filter(mails::state.eq(MailState::Waiting.as_str()))
                .select((count_star(), min(mails::made_at)))
                .first(connection)?;
            let dead = mails::table
                .filter(mails::state.eq(MailState::Dead.as_str()))
                .filter(mails::ended_at.ge(now.timestamp_micros() - WEEK))
                .select((count_star(), min(mails::made_at)))
                .first(connection)?;
            let going = deliveries::table
                .filter(deliveries::state.eq(DeliveryState::Waiting.as_str()))
                .select((count_star(), min(deliveries::made_at)))
                .first(connection)?;
            let refused = deliveries::table
                .filter(deliveries::state.eq(DeliveryState::Dead.as_str()))
                .filter(deliveries::ended_at.ge(now.timestamp_micros() - WEEK))
                .select((count_star(), min(deliveries::made_at)))
                .first(connection)?;
            let see_log = "see that the gateway runs, and what its log says of them";
            Ok(vec![
                QueueAge::of("documents to be captured", jobs, (1, see_log)),
                QueueAge::of("documents to be brought into the ledger", ledger, (1, see_log)),
                QueueAge::of(
                    "verifications that nobody has answered",
                    asked,
                    (24, "epcgate obligations list --by others"),
                ),
                QueueAge::of("deliveries to be sent to partners", going, (1, "epcgate exchange shows why")),
                QueueAge::of(
                    "deliveries given up in the last week",
                    refused,
                    (0, "epcgate exchange shows why"),
                ),
                QueueAge::of("mails to be sent", due, (1, "epcgate mail list --state waiting says why")),
                QueueAge::of(
                    "mails given up in the last week",
                    dead,
                    (0, "epcgate mail list --state dead says why"),
                ),
            ])
        })
    }

    /// When the newest act was written down; `None` before the first.
    pub fn newest_act(&self, caller: &Caller) -> Result<Option<DateTime<Utc>>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| {
            let newest: Option<i64> = audit::table.select(diesel::dsl::max(audit::at)).first(connection)?;
            Ok(newest.and_then(DateTime::from_timestamp_micros))
        })
    }
}

/// A week in microseconds.
const WEEK: i64 = 7 * 86_400 * 1_000_000;

impl QueueAge {
    fn of(
        name: &'static str,
        (waiting, oldest): (i64, Option<i64>),
        (limit_hours, next): (i64, &'static str),
    ) -> QueueAge {
        let waiting = u64::try_from(waiting).unwrap_or_default();
        let oldest = oldest.and_then(DateTime::from_timestamp_micros);
        QueueAge { name, waiting, oldest, limit_hours, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_changes_nothing_and_tells_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epcgate.db");
        let (url, settings) = (path.to_str().unwrap(), Settings::default());
        assert_eq!(look(url, &settings, true).unwrap(), None);
        assert!(!path.exists());
        fs::write(&path, "").unwrap();
        let fresh = look(url, &settings, true).unwrap().unwrap();
        assert!(fresh.missing > 50 && fresh.unknown == 0, "{fresh:?}");
        drop(Store::open(url, &settings).unwrap());
        let open = look(url, &settings, true).unwrap().unwrap();
        assert_eq!((open.missing, open.unknown, open.damage.len()), (0, 0, 0));
        assert_eq!(open.durability.synchronous, "full");
    }

    #[test]
    fn damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epcgate.db");
        let (url, settings) = (path.to_str().unwrap(), Settings::default());
        drop(Store::open(url, &settings).unwrap());
        // The log is carried over as the last connection closes.
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0xa5);
        fs::write(&path, &bytes).unwrap();
        let found = look(url, &settings, true);
        assert!(
            found.as_ref().map_or(true, |look| look.as_ref().is_some_and(|look| !look.damage.is_empty())),
            "{found:?}"
        );
    }
}
