//! The log over the trail of a database: grows tiles, and signs checkpoints.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;
use tlog_tiles::Hash;
use tlog_tiles::record_hash;

use crate::access::Caller;
use crate::audit::AuditError;
use crate::audit::note::Note;
use crate::audit::note::PublicKey;
use crate::audit::note::Signer;
use crate::audit::tree::Edge;
use crate::audit::tree::TILE;
use crate::audit::tree::TILE_HEIGHT;
use crate::audit::tree::hashes_of;
use crate::audit::tree::root_of;
use crate::dscsa::AuditRecord;
use crate::formats::audit_leaf::leaf;
use crate::store::AuditCheckpoint;
use crate::store::AuditTile;
use crate::store::Store;

/// Tiles of rows that are hashed and written at one time.
const TILES_AT_ONCE: u64 = 16;

/// The log of one database, and the key that signs it. Clones share both.
#[derive(Clone)]
pub struct Log {
    store: Store,
    signer: Arc<Signer>,
    key_file: PathBuf,
}

impl Log {
    /// The log of this store, signed with the key of this file.
    pub fn with(store: &Store, signer: Signer, key_file: &Path) -> Log {
        Log { store: store.clone(), signer: Arc::new(signer), key_file: key_file.to_owned() }
    }

    /// The public key that checkpoints are signed with.
    pub fn key(&self) -> &PublicKey {
        self.signer.public()
    }

    /// The checkpoint of all acts so far: the one that there is where none was added since, else a new one.
    ///
    /// Fails where another key signed before, and where the trail is not what was signed.
    pub fn checkpoint(&self, now: DateTime<Utc>) -> Result<AuditCheckpoint, AuditError> {
        let before = self.store.newest_audit_checkpoint()?;
        let own = self.key().to_string();
        if let Some(before) = before.as_ref().filter(|before| before.signer != own) {
            let (known, path) = (before.signer.clone(), self.key_file.clone());
            return Err(AuditError::OtherKey { known, own, path });
        }
        let size = self.store.audit_count_filed()?;
        if let Some(before) = before {
            self.continues(&before, size)?;
            if before.size == size {
                return Ok(before);
            }
        }
        self.sign(size, now)
    }

    /// Works the tiles out of what was added, so that the next checkpoint is soon made.
    pub fn grow(&self) -> Result<(), AuditError> {
        grow(&self.store, self.store.audit_count()?)
    }

    /// Signs all acts so far, whoever signed before.
    pub(super) fn sign_as_new(&self, now: DateTime<Utc>) -> Result<AuditCheckpoint, AuditError> {
        self.sign(self.store.audit_count_filed()?, now)
    }

    fn sign(&self, size: u64, now: DateTime<Utc>) -> Result<AuditCheckpoint, AuditError> {
        grow(&self.store, size)?;
        let root = root_at(&self.store, size)?;
        let note = self.signer.checkpoint(size, root);
        let checkpoint = AuditCheckpoint { size, signer: self.key().to_string(), at: now, note };
        self.store.keep_audit_checkpoint(&checkpoint)?;
        Ok(checkpoint)
    }

    /// Whether the trail still begins with what this checkpoint vouches for.
    fn continues(&self, before: &AuditCheckpoint, size: u64) -> Result<(), AuditError> {
        let broken = |what: String| Err(AuditError::Broken(what));
        let Ok(note) = Note::parse(before.note.as_bytes()) else {
            return broken(format!("the checkpoint of {} acts cannot be read", before.size));
        };
        if !note.is_signed_by(&[self.key().clone()]) || note.size() != before.size {
            return broken(format!("the checkpoint of {} acts is not signed with our key", before.size));
        }
        if before.size > size {
            return broken(format!("{} acts were signed, and only {size} are there", before.size));
        }
        if root_at(&self.store, before.size)? != note.root() {
            return broken(format!(
                "one of the first {} acts, or of the tiles over them, was changed",
                before.size
            ));
        }
        Ok(())
    }
}

/// Adds the tiles that are full by this many acts.
pub(super) fn grow(store: &Store, size: u64) -> Result<(), AuditError> {
    let full = size / TILE;
    let mut next = store.audit_tile_count()?;
    while next < full {
        let end = full.min(next + TILES_AT_ONCE);
        let hashes = leaf_hashes(store, next * TILE, end * TILE)?;
        let mut tiles: Vec<AuditTile> =
            hashes.chunks(256).zip(next..).map(|(hashes, number)| tile(0, number, hashes)).collect();
        for number in next..end {
            tiles.extend(completed(store, &tiles, number)?);
        }
        store.keep_audit_tiles(&tiles)?;
        next = end;
    }
    Ok(())
}

/// The tiles of higher levels that this tile of rows completes; `fresh` are those not stored yet.
fn completed(store: &Store, fresh: &[AuditTile], number: u64) -> Result<Vec<AuditTile>, AuditError> {
    let mut made: Vec<AuditTile> = Vec::new();
    let (mut level, mut number) = (0u8, number);
    while number % TILE == TILE - 1 {
        let range = number + 1 - TILE..number + 1;
        let mut roots = Vec::new();
        for tile in range {
            let here = fresh.iter().chain(&made).find(|one| one.level == level && one.tile == tile);
            match here {
                Some(here) => roots.push(Hash(here.root)),
                None => roots.extend(store.audit_tile_roots(level, tile..tile + 1)?.into_iter().map(Hash)),
            }
        }
        level += 1;
        number /= TILE;
        made.push(tile(level, number, &roots));
    }
    Ok(made)
}

fn tile(level: u8, number: u64, hashes: &[Hash]) -> AuditTile {
    let root = root_of(hashes.iter().copied()).0;
    AuditTile { level, tile: number, root, hashes: hashes.iter().flat_map(|hash| hash.0).collect() }
}

/// The root of the tree over the first acts, of which all full tiles are stored.
pub(super) fn root_at(store: &Store, size: u64) -> Result<Hash, AuditError> {
    let mut edge = Edge::default();
    let full = size / TILE;
    let mut level = 0u8;
    while full >> (TILE_HEIGHT * (u32::from(level) + 1)) > 0 {
        level += 1;
    }
    loop {
        let shift = TILE_HEIGHT * u32::from(level);
        let range = (full >> (shift + TILE_HEIGHT)) << TILE_HEIGHT..full >> shift;
        for root in store.audit_tile_roots(level, range)? {
            edge.push_subtree(shift + TILE_HEIGHT, Hash(root));
        }
        if level == 0 {
            break;
        }
        level -= 1;
    }
    let rest = usize::try_from(size % TILE).unwrap_or(0);
    if rest > 0 {
        match store.audit_tile(0, full)? {
            Some(stored) => hashes_of(&stored).take(rest).for_each(|hash| edge.push(hash)),
            None => leaf_hashes(store, full * TILE, size)?.into_iter().for_each(|hash| edge.push(hash)),
        }
    }
    Ok(edge.root())
}

/// The hashes of acts by their numbers, none of which may be missing.
fn leaf_hashes(store: &Store, from: u64, to: u64) -> Result<Vec<Hash>, AuditError> {
    let rows = rows(store, from, to)?;
    Ok(rows.iter().map(|row| record_hash(leaf(row).as_bytes())).collect())
}

/// Acts by their numbers, none of which may be missing.
pub(super) fn rows(store: &Store, from: u64, to: u64) -> Result<Vec<AuditRecord>, AuditError> {
    let limit = i64::try_from(to.saturating_sub(from)).unwrap_or(i64::MAX);
    let rows = store.audit_rows(&Caller::operator(), from, limit)?;
    let gap = rows.iter().map(|row| row.number).zip(from..to).find(|(found, wanted)| found != wanted);
    if let Some((_, missing)) = gap {
        return Err(AuditError::Broken(format!("act {missing} is not there")));
    }
    match from + u64::try_from(rows.len()).unwrap_or(0) {
        end if end == to => Ok(rows),
        missing => Err(AuditError::Broken(format!("act {missing} is not there"))),
    }
}
