//! Unfiled verifications: blocks of them as the journal wrote them, and how they get into the tables that are searched.
//!
//! A verification must be durable before its answer leaves, and a row in the tables costs several pages of index. So the
//! journal writes blocks of whole records, one after another, and they are filed later; whoever searches files first what
//! is left. On SQLite the blocks are in a file of their own beside the database, so that they wait for no other writer, and
//! that readers of the database keep their caches.

use std::ops::DerefMut;
use std::sync::Mutex;
use std::sync::PoisonError;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::dsl::max;
use diesel::r2d2::Pool;
use zstd::bulk::Compressor;

use crate::dscsa::AuditEntry;
use crate::dscsa::verification::VerificationRecord;
use crate::store::Settings;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection;
use crate::store::connection::AnyConnection;
use crate::store::connection::Lane;
use crate::store::connection::Source;
use crate::store::connection::Writes;
use crate::store::schema::verification_journal;
use crate::store::verifications;
use crate::store::verifications::Row;

/// Records of a block at most.
const BLOCK: usize = 256;

/// Blocks that are filed in one transaction; each has the records of one commit of the journal, some tens as a rule.
const TOGETHER: i64 = 16;

/// How hard blocks are compressed: as fast as can be.
const LEVEL: i32 = 1;

/// What is written down together: a verification, and who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// The verification.
    pub record: VerificationRecord,
    /// Who, as the audit trail names him.
    pub actor: String,
}

/// Where blocks are kept.
pub(super) struct Unfiled {
    /// The file beside a SQLite database; PostgreSQL keeps them in a table of its own.
    file: Option<BlockFile>,
    /// Held by who files.
    filing: Mutex<()>,
    /// The name of the newest block.
    newest: Mutex<i64>,
    /// Made once, as making it costs more than compressing a block.
    compressor: Mutex<Compressor<'static>>,
}

struct BlockFile {
    writes: Writes,
    reads: Pool<Source>,
}

impl Unfiled {
    /// Opens the place where blocks are kept for this database.
    pub(super) fn open(source: &Source, settings: &Settings) -> Result<Unfiled, StoreError> {
        let file = source.journal().map(|source| BlockFile::open(&source, settings)).transpose()?;
        let compressor = Mutex::new(Compressor::new(LEVEL)?);
        Ok(Unfiled { file, filing: Mutex::default(), newest: Mutex::default(), compressor })
    }

    /// Names for so many blocks, the first of them: microseconds, and never one that was given.
    fn names(&self, count: usize) -> i64 {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // Several processes may write to one server: the last digits tell them apart.
        let now = chrono::Utc::now().timestamp_micros() << 10 | i64::from(uuid::Uuid::new_v4().as_bytes()[0]);
        let first = now.max(*newest + 1);
        *newest = first.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        first
    }

    /// Blocks of these entries, compressed: what is said over and over, such as GLNs, then costs next to nothing to sync.
    fn packed(&self, entries: Vec<JournalEntry>) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut compressor = self.compressor.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut blocks, mut entries) = (Vec::new(), entries.into_iter());
        while entries.len() > 0 {
            let mut body = Vec::with_capacity(entries.len().min(BLOCK) * 640);
            for entry in entries.by_ref().take(BLOCK) {
                let row = (Row::of(entry.record), entry.actor);
                postcard::to_io(&row, &mut body).map_err(|error| StoreError::Damaged(error.to_string()))?;
            }
            blocks.push(compressor.compress(&body)?);
        }
        Ok(blocks)
    }
}

impl BlockFile {
    fn open(source: &Source, settings: &Settings) -> Result<BlockFile, StoreError> {
        let mut connection = source.writing(settings).open()?;
        // Carried over by who files, not by who waits to answer.
        connection.batch_execute("PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -1024;")?;
        connection.batch_execute(include_str!(
            "../../migrations/sqlite/2026-11-24-0890_create_verification_journal/up.sql"
        ))?;
        let reads = connection::pool(source.reading(settings), 2, settings)?;
        Ok(BlockFile { writes: Writes::Lane(Box::new(Lane::new(connection))), reads })
    }
}

impl Store {
    /// Writes entries down, in one transaction.
    pub fn journal(&self, entries: Vec<JournalEntry>) -> Result<(), StoreError> {
        let blocks = self.0.unfiled.packed(entries)?;
        let first = self.0.unfiled.names(blocks.len());
        self.journal_writes().transaction(|connection| {
            for (id, body) in (first..).zip(&blocks) {
                let row = (verification_journal::id.eq(id), verification_journal::body.eq(body));
                diesel::insert_into(verification_journal::table).values(row).execute(connection)?;
            }
            Ok(())
        })
    }

    /// Blocks that are not filed yet.
    pub fn unfiled(&self) -> Result<i64, StoreError> {
        self.journal_read(|connection| Ok(verification_journal::table.count().first(connection)?))
    }

    /// Files everything that the journal has written until now. What reads verifications does so by itself.
    pub fn file_all(&self) -> Result<(), StoreError> {
        let newest: Option<i64> = self.journal_read(|connection| {
            Ok(verification_journal::table.select(max(verification_journal::id)).first(connection)?)
        })?;
        let Some(newest) = newest else { return Ok(()) };
        while self.file_until(newest)? > 0 {}
        Ok(())
    }

    /// Files the oldest blocks; returns how many records they had, 0 where there are none.
    pub(super) fn file_next(&self) -> Result<usize, StoreError> {
        self.file_until(i64::MAX)
    }

    fn file_until(&self, newest: i64) -> Result<usize, StoreError> {
        let _alone = self.0.unfiled.filing.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks: Vec<(i64, Vec<u8>)> = self.journal_read(|connection| {
            Ok(verification_journal::table
                .filter(verification_journal::id.le(newest))
                .order(verification_journal::id)
                .limit(TOGETHER)
                .load(connection)?)
        })?;
        if blocks.is_empty() {
            return Ok(0);
        }
        let read: Vec<_> = blocks.iter().map(|(id, body)| unpacked(*id, body)).collect::<Result<_, _>>()?;
        let filed = self.file(&read.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        let ids: Vec<i64> = blocks.iter().map(|(id, _)| *id).collect();
        self.journal_writes().transaction(|connection| {
            let gone = verification_journal::table.filter(verification_journal::id.eq_any(&ids));
            Ok(diesel::delete(gone).execute(connection)?)
        })?;
        self.carry_over()?;
        Ok(filed)
    }

    /// Brings the records of blocks into the tables in one transaction, but for blocks that are there: whoever filed them may
    /// have stopped short of taking them away.
    fn file(&self, blocks: &[&[JournalEntry]]) -> Result<usize, StoreError> {
        let filed = self.write(|connection| {
            for entries in blocks {
                let Some(first) = entries.first() else { continue };
                if !verifications::is_kept(connection, &first.record.id)? {
                    let acts: Vec<AuditEntry> =
                        entries.iter().map(|entry| entry.record.act(&entry.actor)).collect();
                    verifications::append(connection, entries.iter().map(|entry| &entry.record))?;
                    audit::append(connection, &acts)?;
                }
            }
            Ok(blocks.iter().map(|entries| entries.len()).sum())
        });
        match (filed, blocks) {
            // Some may have been written twice, where nobody could tell whether the first time had been of use.
            (Err(_), [alone]) if alone.len() > 1 => alone.chunks(1).map(|one| self.file(&[one])).sum(),
            (Err(_), [_, _, ..]) => blocks.iter().map(|one| self.file(&[one])).sum(),
            (filed, _) => filed,
        }
    }

    /// Empties the write-ahead log of the file of blocks, as far as nobody is reading it.
    fn carry_over(&self) -> Result<(), StoreError> {
        match &self.0.unfiled.file {
            Some(_) => self
                .journal_read(|connection| Ok(connection.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?)),
            None => Ok(()),
        }
    }

    fn journal_writes(&self) -> &Writes {
        self.0.unfiled.file.as_ref().map_or(&self.0.writes, |file| &file.writes)
    }

    fn journal_read<T>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let pool = self.0.unfiled.file.as_ref().map_or(&self.0.reads, |file| &file.reads);
        let mut connection = pool.get().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        work(connection.deref_mut())
    }
}

/// The entries of a block.
fn unpacked(id: i64, body: &[u8]) -> Result<Vec<JournalEntry>, StoreError> {
    let body = zstd::stream::decode_all(body)?;
    let (mut entries, mut rest) = (Vec::new(), body.as_slice());
    while !rest.is_empty() {
        let ((row, actor), behind): ((Row, String), _) = postcard::take_from_bytes(rest)
            .map_err(|error| StoreError::Damaged(format!("block {id} of the journal: {error}")))?;
        entries.push(JournalEntry { record: row.record()?, actor });
        rest = behind;
    }
    Ok(entries)
}
