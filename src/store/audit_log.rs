//! The audit trail as a Merkle log: the numbered rows, the tiles over them, and the checkpoints that were signed.

use std::ops::Range;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::dsl::max;

use crate::access::Caller;
use crate::dscsa::AuditRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::either;
use crate::store::schema::audit_checkpoints;
use crate::store::schema::audit_tiles;
use crate::store::sight;

/// A full tile of the log (C2SP tlog-tiles): 256 hashes of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditTile {
    /// 0 for hashes of rows, one more for hashes of 256 of those below.
    pub level: u8,
    /// Its place in its level.
    pub tile: u64,
    /// The hash of the tree over its hashes.
    pub root: [u8; 32],
    /// Its hashes, one behind the other.
    pub hashes: Vec<u8>,
}

/// A checkpoint as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheckpoint {
    /// How many rows it vouches for.
    pub size: u64,
    /// The public key that it is signed with.
    pub signer: String,
    /// When it was signed.
    pub at: DateTime<Utc>,
    /// The signed note.
    pub note: String,
}

#[derive(Insertable)]
#[diesel(table_name = audit_tiles, treat_none_as_default_value = false)]
struct TileRow<'a> {
    level: i64,
    tile: i64,
    root: &'a [u8],
    hashes: &'a [u8],
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit_checkpoints, treat_none_as_default_value = false)]
struct CheckpointRow {
    size: i64,
    signer: String,
    at: i64,
    note: String,
}

impl Store {
    /// How many acts the trail has: every act of a lower number is there.
    pub fn audit_count(&self) -> Result<u64, StoreError> {
        self.read(|connection| whole(audit::count(connection)?))
    }

    /// The same once everything that waits to be filed is written down as well.
    pub fn audit_count_filed(&self) -> Result<u64, StoreError> {
        self.file_all()?;
        self.audit_count()
    }

    /// Acts in the order of their numbers, from this one on.
    pub fn audit_rows(&self, caller: &Caller, from: u64, limit: i64) -> Result<Vec<AuditRecord>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| audit::from(connection, signed(from)?, limit))
    }

    /// How many full tiles of rows are stored.
    pub fn audit_tile_count(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            let last: Option<i64> = audit_tiles::table
                .filter(audit_tiles::level.eq(0))
                .select(max(audit_tiles::tile))
                .first(connection)?;
            whole(last.map_or(0, |last| last + 1))
        })
    }

    /// The roots of the full tiles of a level, in order.
    pub fn audit_tile_roots(&self, level: u8, tiles: Range<u64>) -> Result<Vec<[u8; 32]>, StoreError> {
        self.read(|connection| {
            let roots: Vec<Vec<u8>> = audit_tiles::table
                .filter(audit_tiles::level.eq(i64::from(level)))
                .filter(audit_tiles::tile.ge(signed(tiles.start)?))
                .filter(audit_tiles::tile.lt(signed(tiles.end)?))
                .order(audit_tiles::tile)
                .select(audit_tiles::root)
                .load(connection)?;
            let hash = |root: Vec<u8>| <[u8; 32]>::try_from(root).map_err(|_| damaged_tile(level));
            let roots: Vec<[u8; 32]> = roots.into_iter().map(hash).collect::<Result<_, _>>()?;
            match u64::try_from(roots.len()) == Ok(tiles.end.saturating_sub(tiles.start)) {
                true => Ok(roots),
                false => Err(damaged_tile(level)),
            }
        })
    }

    /// The hashes of a full tile.
    pub fn audit_tile(&self, level: u8, tile: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| {
            let found = audit_tiles::table.find((i64::from(level), signed(tile)?));
            Ok(found.select(audit_tiles::hashes).first(connection).optional()?)
        })
    }

    /// Keeps full tiles; those that are there stay as they are.
    pub fn keep_audit_tiles(&self, tiles: &[AuditTile]) -> Result<(), StoreError> {
        self.write(|connection| {
            for tile in tiles {
                let row = TileRow {
                    level: i64::from(tile.level),
                    tile: signed(tile.tile)?,
                    root: &tile.root,
                    hashes: &tile.hashes,
                };
                either!(connection, concrete => diesel::insert_into(audit_tiles::table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute(concrete))?;
            }
            Ok(())
        })
    }

    /// Keeps a checkpoint; one of this size and key that is there stays as it is.
    pub fn keep_audit_checkpoint(&self, checkpoint: &AuditCheckpoint) -> Result<(), StoreError> {
        self.write(|connection| {
            let row = CheckpointRow {
                size: signed(checkpoint.size)?,
                signer: checkpoint.signer.clone(),
                at: checkpoint.at.timestamp_micros(),
                note: checkpoint.note.clone(),
            };
            either!(connection, concrete => diesel::insert_into(audit_checkpoints::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(concrete))?;
            Ok(())
        })
    }

    /// The checkpoint signed last.
    pub fn newest_audit_checkpoint(&self) -> Result<Option<AuditCheckpoint>, StoreError> {
        self.read(|connection| {
            let row: Option<CheckpointRow> = audit_checkpoints::table
                .order((audit_checkpoints::size.desc(), audit_checkpoints::at.desc()))
                .first(connection)
                .optional()?;
            row.map(CheckpointRow::checkpoint).transpose()
        })
    }

    /// Checkpoints of this size and more, the smallest first.
    pub fn audit_checkpoints(&self, from: u64, limit: i64) -> Result<Vec<AuditCheckpoint>, StoreError> {
        self.read(|connection| {
            let rows: Vec<CheckpointRow> = audit_checkpoints::table
                .filter(audit_checkpoints::size.ge(signed(from)?))
                .order((audit_checkpoints::size, audit_checkpoints::at))
                .limit(limit)
                .load(connection)?;
            rows.into_iter().map(CheckpointRow::checkpoint).collect()
        })
    }
}

impl CheckpointRow {
    fn checkpoint(self) -> Result<AuditCheckpoint, StoreError> {
        let at = DateTime::from_timestamp_micros(self.at)
            .ok_or_else(|| StoreError::Damaged(format!("checkpoint {} of the audit trail", self.size)))?;
        Ok(AuditCheckpoint { size: whole(self.size)?, signer: self.signer, at, note: self.note })
    }
}

fn damaged_tile(level: u8) -> StoreError {
    StoreError::Damaged(format!("a tile of level {level} of the audit trail"))
}

fn whole(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged(format!("number {number} of the audit trail")))
}

fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Damaged(format!("number {number} of the audit trail")))
}
