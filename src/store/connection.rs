//! Connections: SQLite or PostgreSQL by the URL, pools, and the one lane in which SQLite writes.

use std::collections::BTreeSet;
use std::ops::DerefMut;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use diesel::PgConnection;
use diesel::RunQueryDsl;
use diesel::SqliteConnection;
use diesel::connection::AnsiTransactionManager;
use diesel::connection::Connection;
use diesel::connection::SimpleConnection;
use diesel::connection::TransactionManager;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::r2d2::ManageConnection;
use diesel::r2d2::Pool;
use diesel::r2d2::R2D2Connection;
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::EmbeddedMigrations;
use diesel_migrations::MigrationHarness;
use diesel_migrations::embed_migrations;

use crate::store::Settings;
use crate::store::StoreError;
use crate::store::dialect::FILE_ROWS;
use crate::store::dialect::SERVER_ROWS;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// How often a transaction is tried that the database refused for the sake of another one.
const TRIES: u32 = 10;

/// How long to wait for a connection to PostgreSQL.
const SERVER_TIMEOUT_SECONDS: u32 = 4;

/// What row-level security goes by: our own work sees all rows. Whoever reads for a partner narrows it for one transaction.
const SEES_EVERYTHING: &str = "SET epcgate.sight = '*'";

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub(super) enum AnyConnection {
    /// SQLite, built in.
    Sqlite(SqliteConnection),
    /// PostgreSQL over libpq.
    Postgres(PgConnection),
}

/// Runs the same statement on whichever database it is, where both spell it alike but diesel asks for the concrete one.
macro_rules! either {
    ($connection:expr, $concrete:ident => $work:expr) => {
        match $connection {
            $crate::store::connection::AnyConnection::Sqlite($concrete) => $work,
            $crate::store::connection::AnyConnection::Postgres($concrete) => $work,
        }
    };
}
pub(super) use either;

/// Which database, and how to open a connection to it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    address: Address,
    pragmas: String,
}

#[derive(Clone, Debug)]
enum Address {
    File(PathBuf),
    Server(String),
}

impl Source {
    /// Tells the database by the URL: `postgres://…`, `postgresql://…`, `sqlite:path`, or a path.
    pub(super) fn of(url: &str) -> Source {
        let address = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Address::Server(url.to_owned())
        } else {
            Address::File(PathBuf::from(url.strip_prefix("sqlite:").unwrap_or(url)))
        };
        Source { address, pragmas: String::new() }
    }

    /// True for PostgreSQL.
    pub(super) fn is_server(&self) -> bool {
        matches!(self.address, Address::Server(_))
    }

    /// The file beside a SQLite database in which the journal of verifications is; `None` for PostgreSQL.
    pub(super) fn journal(&self) -> Option<Source> {
        match &self.address {
            Address::Server(_) => None,
            Address::File(path) => {
                let mut name = path.clone().into_os_string();
                name.push(".verifications");
                Some(Source { address: Address::File(name.into()), pragmas: String::new() })
            }
        }
    }

    /// The file of SQLite.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.address {
            Address::File(path) => Some(path),
            Address::Server(_) => None,
        }
    }

    /// The same database for reading alone.
    pub(super) fn reading(&self, settings: &Settings) -> Source {
        let mut source = self.with_pragmas(settings, settings.reader_cache_mib);
        source.pragmas.push_str("PRAGMA query_only = ON;");
        source
    }

    /// The same database for writing: WAL, and every commit synced (`synchronous = FULL`).
    pub(super) fn writing(&self, settings: &Settings) -> Source {
        let mut source = self.with_pragmas(settings, settings.writer_cache_mib);
        let pages = settings.wal_autocheckpoint_pages;
        source.pragmas.push_str("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        source.pragmas.push_str(&format!(
            "PRAGMA wal_autocheckpoint = {pages}; PRAGMA journal_size_limit = {};",
            u64::from(pages) * 4096
        ));
        source
    }

    fn with_pragmas(&self, settings: &Settings, cache_mib: u32) -> Source {
        let busy = settings.busy_timeout_seconds.saturating_mul(1000);
        let cache = u64::from(cache_mib) * 1024;
        let pragmas = format!("PRAGMA busy_timeout = {busy}; PRAGMA cache_size = -{cache};");
        Source { address: self.address.clone(), pragmas }
    }

    /// Opens a connection.
    pub(super) fn open(&self) -> Result<AnyConnection, StoreError> {
        match &self.address {
            Address::Server(url) => {
                let mut connection = PgConnection::establish(url)
                    .map_err(|error| StoreError::Unavailable(without_secrets(&error.to_string(), url)))?;
                connection.batch_execute(SEES_EVERYTHING)?;
                Ok(AnyConnection::Postgres(connection))
            }
            Address::File(path) => {
                let mut connection =
                    SqliteConnection::establish(&path.to_string_lossy()).map_err(unavailable)?;
                connection.batch_execute(&self.pragmas)?;
                Ok(AnyConnection::Sqlite(connection))
            }
        }
    }
}

fn unavailable(error: diesel::ConnectionError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

impl ManageConnection for Source {
    type Connection = AnyConnection;
    type Error = StoreError;

    fn connect(&self) -> Result<AnyConnection, StoreError> {
        self.open()
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        match connection {
            AnyConnection::Sqlite(_) => Ok(()),
            AnyConnection::Postgres(server) => Ok(server.ping()?),
        }
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        thread::panicking() || connection.is_broken()
    }
}

/// A pool of connections.
pub(super) fn pool(source: Source, size: u32, settings: &Settings) -> Result<Pool<Source>, StoreError> {
    // A server that is gone is told soon; half of this is also the longest pause before the next try to reach it.
    let timeout = if source.is_server() {
        SERVER_TIMEOUT_SECONDS
    } else {
        settings.busy_timeout_seconds.saturating_add(5)
    };
    Pool::builder()
        .max_size(size.max(1))
        .min_idle(Some(0))
        .connection_timeout(Duration::from_secs(u64::from(timeout)))
        .build(source)
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Brings the tables up to date; several processes may do so at once, and each then fails where another was faster. That
/// counts as a failure only where nobody gets any further. Where nothing is to be done, nothing is tried: who serves need not
/// own the tables.
pub(super) fn migrate(connection: &mut AnyConnection) -> Result<(), StoreError> {
    if migrated(connection).is_ok_and(|found| found.missing == 0) {
        return Ok(());
    }
    let (mut attempt, mut furthest) = (1, 0);
    loop {
        let outcome = match connection {
            AnyConnection::Sqlite(file) => file.run_pending_migrations(SQLITE_MIGRATIONS).map(drop),
            AnyConnection::Postgres(server) => server.run_pending_migrations(POSTGRES_MIGRATIONS).map(drop),
        };
        let Err(error) = outcome else { return Ok(()) };
        let applied = either!(connection, any => any.applied_migrations()).map_or(0, |applied| applied.len());
        if applied > furthest {
            (attempt, furthest) = (1, applied);
        } else if attempt == TRIES {
            return Err(StoreError::Migration(error.to_string()));
        } else {
            attempt += 1;
        }
        thread::sleep(pause(attempt));
    }
}

/// How far the tables are from what this program brings.
pub(super) struct Migrated {
    /// Migrations that the database does not have.
    pub(super) missing: usize,
    /// Migrations that this program does not know.
    pub(super) unknown: usize,
}

/// Compares the tables with what this program brings, and changes nothing; on SQLite but for a missing list of what was done.
pub(super) fn migrated(connection: &mut AnyConnection) -> Result<Migrated, StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Migration(error.to_string());
    let (applied, known): (BTreeSet<String>, BTreeSet<String>) = match connection {
        AnyConnection::Sqlite(file) => {
            let applied = file.applied_migrations().map_err(failed)?;
            let known = MigrationSource::<Sqlite>::migrations(&SQLITE_MIGRATIONS).map_err(failed)?;
            let known = known.iter().map(|migration| migration.name().version().to_string());
            (applied.iter().map(ToString::to_string).collect(), known.collect())
        }
        AnyConnection::Postgres(server) => {
            let known = MigrationSource::<Pg>::migrations(&POSTGRES_MIGRATIONS).map_err(failed)?;
            let known = known.iter().map(|migration| migration.name().version().to_string());
            (applied_on_server(server)?, known.collect())
        }
    };
    let count = |one: &BTreeSet<String>, other| one.difference(other).count();
    Ok(Migrated { missing: count(&known, &applied), unknown: count(&applied, &known) })
}

/// What libpq says of a URL, without the parts of its password.
fn without_secrets(said: &str, url: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let user =
        rest.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).map_or("", |(_, password)| password);
    let parameters = rest.split_once('?').map_or("", |(_, parameters)| parameters);
    let named = parameters.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.ends_with("password").then_some(value)
    });
    let secrets =
        std::iter::once(user).chain(named).flat_map(|secret| secret.split(|c: char| !c.is_alphanumeric()));
    secrets.filter(|part| part.len() > 2).fold(said.to_owned(), |said, part| said.replace(part, "(hidden)"))
}

/// What PostgreSQL has of the migrations. diesel would first try to make its table, which the owner of the tables alone may.
fn applied_on_server(server: &mut PgConnection) -> Result<BTreeSet<String>, StoreError> {
    #[derive(diesel::QueryableByName)]
    struct Version {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let kept =
        "SELECT tablename::text AS version FROM pg_tables WHERE tablename = '__diesel_schema_migrations'";
    if sql_query(kept).load::<Version>(server)?.is_empty() {
        return Ok(BTreeSet::new());
    }
    let applied = sql_query("SELECT version::text AS version FROM __diesel_schema_migrations");
    Ok(applied.load::<Version>(server)?.into_iter().map(|row| row.version).collect())
}

/// Where writes go.
pub(super) enum Writes {
    /// One connection, taken in the order of asking.
    Lane(Box<Lane>),
    /// A pool.
    Pool(Pool<Source>),
}

impl Writes {
    /// How many rows one transaction should write at most.
    pub(super) fn most_rows(&self) -> usize {
        match self {
            Writes::Lane(_) => FILE_ROWS,
            Writes::Pool(_) => SERVER_ROWS,
        }
    }

    /// Runs `work` in one transaction, again where the database gave way to another transaction.
    pub(super) fn transaction<T>(
        &self,
        mut work: impl FnMut(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut attempt = 1;
        loop {
            let outcome = match self {
                Writes::Lane(lane) => lane.enter(|connection| transaction(connection, &mut work)),
                Writes::Pool(pool) => {
                    let mut connection =
                        pool.get().map_err(|error| StoreError::Unavailable(error.to_string()))?;
                    transaction(connection.deref_mut(), &mut work)
                }
            };
            match outcome {
                Err(error) if attempt < TRIES && error.gave_way() => thread::sleep(pause(attempt)),
                outcome => return outcome,
            }
            attempt += 1;
        }
    }
}

fn pause(attempt: u32) -> Duration {
    let jitter = u64::from(uuid::Uuid::new_v4().as_fields().0 % 8);
    Duration::from_millis((1 << attempt.min(9)) + jitter)
}

/// Runs `work` in one transaction of PostgreSQL that only reads, so that what it sets for itself ends with it.
pub(super) fn reading<T>(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.batch_execute("BEGIN READ ONLY")?;
    let open = Reading(connection);
    work(open.0)
}

/// A transaction that only reads. Its end undoes nothing but settings; where even that fails, the connection is broken, and
/// is not used again.
struct Reading<'a>(&'a mut AnyConnection);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let _ = self.0.batch_execute("ROLLBACK");
    }
}

fn transaction<T>(
    connection: &mut AnyConnection,
    work: &mut impl FnMut(&mut AnyConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match connection {
        AnyConnection::Sqlite(file) => {
            AnsiTransactionManager::begin_transaction_sql(file, "BEGIN IMMEDIATE")?
        }
        AnyConnection::Postgres(server) => AnsiTransactionManager::begin_transaction(server)?,
    }
    let mut open = Open { connection, finished: false };
    let value = work(open.connection)?;
    open.finished = true;
    if let Err(error) = AnyConnection::commit_transaction(open.connection) {
        // A refused commit leaves SQLite inside the transaction.
        open.finished = false;
        return Err(error.into());
    }
    Ok(value)
}

/// A transaction that is rolled back unless it finished, also when `work` panics.
struct Open<'a> {
    connection: &'a mut AnyConnection,
    finished: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let _ = AnyConnection::rollback_transaction(self.connection);
        }
    }
}

/// The one writing connection of SQLite. Who asks first writes first, so that a small document waits for one batch of
/// a big one and no longer.
pub(super) struct Lane {
    turns: Mutex<Turns>,
    changed: Condvar,
    connection: Mutex<AnyConnection>,
}

#[derive(Default)]
struct Turns {
    taken: u64,
    served: u64,
}

impl Lane {
    /// A lane over this connection.
    pub(super) fn new(connection: AnyConnection) -> Lane {
        Lane { turns: Mutex::default(), changed: Condvar::new(), connection: Mutex::new(connection) }
    }

    fn enter<T>(&self, work: impl FnOnce(&mut AnyConnection) -> T) -> T {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = turns.taken;
        turns.taken += 1;
        while turns.served != mine {
            turns = self.changed.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        drop(turns);
        let _turn = Turn(self);
        work(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Turn<'a>(&'a Lane);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner).served += 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, server: bool) {
        assert_eq!(Source::of(url).is_server(), server, "{url}");
    }

    #[test]
    fn the_url_tells_the_database() {
        check("postgres://localhost/x", true);
        check("postgresql:///x?host=/run", true);
        check("sqlite:data/epcgate.db", false);
        check("data/postgres.db", false);
    }

    #[test]
    fn no_password_is_told() {
        for (said, url, told) in [
            ("invalid port: hunter2@h", "postgres://u:hunter2@h/d", "invalid port: (hidden)@h"),
            ("invalid port: \"hun\"", "postgres://u:hun/ter2@h/d", "invalid port: \"(hidden)\""),
            ("at hunter2", "postgres://u@h/d?a=b&password=hunter2", "at (hidden)"),
            ("role \"u\" does not exist", "postgres://u@h/d", "role \"u\" does not exist"),
        ] {
            assert_eq!(without_secrets(said, url), told);
        }
    }

    #[test]
    fn who_asks_first_writes_first() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::of(folder.path().join("lane.db").to_str().unwrap());
        let lane = Lane::new(source.open().unwrap());
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            lane.enter(|_| {
                for number in 0..8 {
                    let (lane, order) = (&lane, &order);
                    scope.spawn(move || lane.enter(|_| order.lock().unwrap().push(number)));
                    while lane.turns.lock().unwrap().taken < number + 2 {
                        thread::yield_now();
                    }
                }
            });
        });
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_panic_leaves_no_transaction_open() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::of(folder.path().join("panic.db").to_str().unwrap());
        let writes = Writes::Lane(Box::new(Lane::new(source.writing(&Settings::default()).open().unwrap())));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = writes.transaction(|connection| -> Result<(), StoreError> {
                connection.batch_execute("CREATE TABLE half (id BIGINT)")?;
                panic!("in the middle");
            });
        }));
        assert!(panicked.is_err());
        let again =
            writes.transaction(|connection| Ok(connection.batch_execute("CREATE TABLE half (id BIGINT)")?));
        assert!(again.is_ok(), "{again:?}");
    }
}
