//! What is kept: documents as received, capture jobs, events and the index over them. All SQL is in this room.

mod acts;
mod arrivals;
mod as2;
mod assigned;
mod audit;
mod audit_log;
pub mod bare;
mod batch;
mod blocks;
mod bodies;
mod captures;
mod certificates;
mod channels;
mod claims;
mod connection;
mod defects;
mod deliveries;
mod dialect;
mod directory;
mod documents;
mod durability;
mod event_query;
mod exceptions;
mod findings;
mod holds;
mod identities;
mod invitations;
mod items;
mod journal;
mod keys;
mod look;
mod lots;
mod mails;
mod notices;
mod orders;
mod partner_states;
mod partner_traffic;
mod partners;
mod pending;
mod people;
mod prefixes;
mod product_import;
mod product_rows;
mod products;
mod publish;
mod receipts;
mod reconciling;
mod removal;
mod returns;
mod rivals;
mod schema;
mod session;
mod shipments;
mod sight;
mod signed_in;
pub(crate) mod terms;
mod trials;
mod turns;
mod unfiled;
mod verifications;

use std::ops::DerefMut;
use std::sync::Arc;

use diesel::r2d2::Pool;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

use crate::store::blocks::Blocks;
use crate::store::connection::AnyConnection;
use crate::store::connection::Lane;
use crate::store::connection::Source;
use crate::store::connection::Writes;
use crate::store::unfiled::Unfiled;

pub use acts::Acts;
pub use arrivals::Arrival;
pub use arrivals::ArrivalEnd;
pub use arrivals::ArrivalFilter;
pub use arrivals::ArrivalRecord;
pub use arrivals::TakenArrival;
pub use as2::As2Message;
pub use as2::As2Receipt;
pub use assigned::AssignedIdentifier;
pub use audit::AuditFilter;
pub use audit::audit_place;
pub use audit_log::AuditCheckpoint;
pub use audit_log::AuditTile;
pub use batch::Batch;
pub use captures::NewJob;
pub use captures::Work;
pub use certificates::PinConflict;
pub use channels::ChannelRecord;
pub use deliveries::Content;
pub use deliveries::Delivery;
pub use deliveries::DeliveryFilter;
pub use deliveries::DeliveryState;
pub use deliveries::DeliveryTry;
pub use deliveries::Due;
pub use deliveries::NewDelivery;
pub use deliveries::Queue;
pub use deliveries::TryEnd;
pub use directory::DirectoryConflict;
pub use directory::DirectoryEntry;
pub use directory::DirectoryFilter;
pub use directory::DirectoryImport;
pub use directory::Probe;
pub use directory::RecordHealth;
pub use documents::DocumentInput;
pub use documents::DocumentRecord;
pub use documents::Received;
pub use documents::Receiving;
pub use durability::Durability;
pub use event_query::EventHead;
pub use event_query::EventPage;
pub use event_query::Mention;
pub use event_query::QueryError;
pub use exceptions::CaseChange;
pub use exceptions::CaseError;
pub use exceptions::CaseFilter;
pub use exceptions::Declaration;
pub use exceptions::KeptMessage;
pub use exceptions::MessageKind;
pub use exceptions::NewItem;
pub use exceptions::Noted;
pub use findings::FindingEnd;
pub use findings::FindingTotal;
pub use findings::StoredFinding;
pub use holds::Held;
pub use holds::HoldFilter;
pub use invitations::Upload;
pub use items::Deed;
pub use items::EventTimes;
pub use items::Fact;
pub use items::ItemFacts;
pub use items::ItemRecord;
pub use items::ItemRow;
pub use journal::Journal;
pub use journal::JournalError;
pub use look::DatabaseLook;
pub use look::QueueAge;
pub use look::Role;
pub use look::look;
pub use lots::LotRecord;
pub use mails::Mail;
pub use mails::MailState;
pub use orders::OrderPlace;
pub use partner_traffic::LastFiles;
pub use partner_traffic::PartnerTraffic;
pub use partner_traffic::SentFile;
pub use partner_traffic::SentShipment;
pub use partner_traffic::Span;
pub use partners::Imported;
pub use partners::PartnerConflict;
pub use pending::PendingVerification;
pub use prefixes::KnownPrefix;
pub use products::CataloguePlace;
pub use products::ProductFilter;
pub use products::ProductPage;
pub use publish::Outcome;
pub use receipts::AskedUnit;
pub use receipts::HoldingFinding;
pub use receipts::ScanRecord;
pub use receipts::UnitFacts;
pub use receipts::WaitingUnit;
pub use reconciling::EventNumber;
pub use returns::DecidedUnit;
pub use returns::EarlierReturn;
pub use returns::OpenedReturn;
pub use returns::SameReturn;
pub use returns::TakenReturn;
pub use session::Added;
pub use session::Begin;
pub use session::CaptureSession;
pub use session::Conflict;
pub use shipments::ShipmentFilter;
pub use shipments::ShipmentParties;
pub use shipments::ShipmentRecord;
pub use shipments::ShippedUnit;
pub use terms::lot_number;
pub use trials::TrialRecord;
pub use turns::ChannelTurn;
pub use turns::Turn;
pub use turns::TurnEnd;
pub use unfiled::JournalEntry;
pub use verifications::VerificationFilter;

/// Most connections for look-ups by key.
const POINTS: u32 = 8;

/// How the store uses its database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Most connections that read at the same time.
    pub readers: u32,
    /// Most connections that write at the same time to PostgreSQL; SQLite has one.
    pub writers: u32,
    /// Page cache of the connection that writes to SQLite, in MiB.
    pub writer_cache_mib: u32,
    /// Page cache of each connection that reads from SQLite, in MiB.
    pub reader_cache_mib: u32,
    /// After how many pages of 4 KiB the write-ahead log of SQLite is carried over into the database.
    pub wal_autocheckpoint_pages: u32,
    /// How long to wait for a lock that another process holds, in seconds.
    pub busy_timeout_seconds: u32,
    /// How long a job may be silent before another worker takes it up, in seconds.
    pub lease_seconds: u32,
    /// Whether documents are brought into the ledger of items, and looked at by its rules, as they are captured.
    pub ledger: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            readers: 4,
            writers: 4,
            writer_cache_mib: 48,
            reader_cache_mib: 8,
            wal_autocheckpoint_pages: 4_000,
            busy_timeout_seconds: 30,
            lease_seconds: 60,
            ledger: true,
        }
    }
}

/// Why the store did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no connection to the database; try again later.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The database has no room left; reading still works.
    #[error("the database has no room left: {0}")]
    Full(String),
    /// The tables cannot be brought up to date.
    #[error("the database cannot be brought up to date: {0}")]
    Migration(String),
    /// The database refused a statement.
    #[error("the database refused: {0}")]
    Database(DatabaseError),
    /// A stored row says something it never should.
    #[error("a stored record is damaged: {0}")]
    Damaged(String),
    /// A document could not be packed or unpacked.
    #[error("a document cannot be packed: {0}")]
    Io(#[from] std::io::Error),
    /// The caller sees the data of some parties alone, and this cannot be told apart by party.
    #[error("this is shown to nobody who sees the data of some parties alone")]
    OutOfSight,
    /// The lease ran out and another worker has taken the job.
    #[error("another worker has taken the job")]
    LeaseLost,
}

/// What the database said.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct DatabaseError(diesel::result::Error);

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> StoreError {
        use diesel::result::DatabaseErrorKind::ClosedConnection;
        use diesel::result::Error;
        match error {
            Error::DatabaseError(ClosedConnection, said) => {
                StoreError::Unavailable(said.message().to_owned())
            }
            Error::DatabaseError(_, said) if is_full(said.message()) => {
                StoreError::Full(said.message().to_owned())
            }
            Error::BrokenTransactionManager => StoreError::Unavailable(error.to_string()),
            error => StoreError::Database(DatabaseError(error)),
        }
    }
}

/// SQLITE_FULL and SQLSTATE 53100, of which diesel keeps the message alone.
fn is_full(message: &str) -> bool {
    message == "database or disk is full" || message.ends_with("No space left on device")
}

impl StoreError {
    /// True where the transaction surely did not happen and would, tried again (SQLSTATE 40001 and 40P01, SQLITE_BUSY).
    fn gave_way(&self) -> bool {
        use diesel::result::DatabaseErrorKind::SerializationFailure;
        use diesel::result::Error;
        match self {
            StoreError::Database(DatabaseError(Error::DatabaseError(SerializationFailure, _))) => true,
            StoreError::Database(DatabaseError(Error::DatabaseError(_, said))) => {
                said.message() == "database is locked" || said.message() == "deadlock detected"
            }
            _ => false,
        }
    }
}

/// The database, open. Clones share its connections.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    reads: Pool<Source>,
    /// For look-ups by key, which so never wait for a connection that a long question holds.
    points: Pool<Source>,
    writes: Writes,
    settings: Settings,
    blocks: Blocks,
    unfiled: Unfiled,
}

impl Store {
    /// Opens the database, creates it where there is none, and brings its tables up to date.
    ///
    /// The URL is a path, `sqlite:path`, or `postgres://…` with the parameters of libpq, such as
    /// `sslmode=verify-full&sslrootcert=…`.
    pub fn open(url: &str, settings: &Settings) -> Result<Store, StoreError> {
        let source = Source::of(url);
        let writing = source.writing(settings);
        let unfiled = Unfiled::open(&source, settings)?;
        let mut connection = writing.open()?;
        connection::migrate(&mut connection)?;
        publish::create_counter(&mut connection)?;
        let reads = connection::pool(source.reading(settings), settings.readers, settings)?;
        let points = connection::pool(source.reading(settings), POINTS, settings)?;
        let (writes, blocks) = if source.is_server() {
            (Writes::Pool(connection::pool(writing, settings.writers, settings)?), Blocks::shared())
        } else {
            (Writes::Lane(Box::new(Lane::new(connection))), Blocks::alone())
        };
        Ok(Store(Arc::new(Inner { reads, points, writes, settings: settings.clone(), blocks, unfiled })))
    }

    /// Brings the tables up to date as the one who owns them; [`open`](Self::open) then finds nothing left to do, so that
    /// its user need not own them.
    pub fn bring_up_to_date(url: &str, settings: &Settings) -> Result<(), StoreError> {
        connection::migrate(&mut Source::of(url).writing(settings).open()?)
    }

    /// Runs `work` on a connection that reads, outside any transaction.
    fn read<T>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection =
            self.0.reads.get().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        work(connection.deref_mut())
    }

    /// Runs `work`, a few look-ups by key, on a connection that reads.
    fn point<T>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection =
            self.0.points.get().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        work(connection.deref_mut())
    }

    /// Runs `work` in one transaction that writes; `work` may run again.
    fn write<T>(
        &self,
        work: impl FnMut(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.writes.transaction(work)
    }

    /// Whether documents are brought into the ledger as they are captured.
    pub fn keeps_ledger(&self) -> bool {
        self.0.settings.ledger
    }

    fn lease_micros(&self) -> i64 {
        i64::from(self.0.settings.lease_seconds) * 1_000_000
    }
}
