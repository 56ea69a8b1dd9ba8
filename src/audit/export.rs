//! Exports: rows, tiles and checkpoints in a folder that can be checked anywhere.

use std::fs;
use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use chrono::DateTime;
use chrono::Utc;
use tlog_tiles::Hash;
use tlog_tiles::record_hash;

use crate::access::Caller;
use crate::audit::AuditError;
use crate::audit::Log;
use crate::audit::folder;
use crate::audit::log;
use crate::audit::note::PublicKey;
use crate::audit::tree::TILE;
use crate::audit::tree::TILE_HEIGHT;
use crate::audit::tree::tile_path;
use crate::dscsa::AuditEntry;
use crate::formats::audit_leaf::leaf;
use crate::store::AuditCheckpoint;
use crate::store::Store;

/// Rows, and checkpoints, that are fetched at one time.
const PAGE: i64 = 4_096;

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The checkpoint that vouches for it.
    pub checkpoint: AuditCheckpoint,
    /// Why no new checkpoint was signed for it, where none was.
    pub unsigned: Option<String>,
}

/// Writes the whole trail into a folder that is empty or not there yet. That it was exported is an act of the trail too, and the
/// last one in it.
///
/// Where the trail is not what was signed, the last good checkpoint is taken, and all rows that it should vouch for.
pub fn export(
    store: &Store,
    caller: &Caller,
    log: Option<&Log>,
    (target, now): (&Path, DateTime<Utc>),
) -> Result<Exported, AuditError> {
    fs::create_dir_all(target).map_err(AuditError::file(target))?;
    if fs::read_dir(target).map_err(AuditError::file(target))?.next().is_some() {
        return Err(AuditError::NotEmpty(target.to_owned()));
    }
    store.audit(&[AuditEntry::done(now, caller.actor(), "audit.exported", "")])?;
    let (signed, unsigned) = match log.map(|log| log.checkpoint(now)) {
        Some(Ok(checkpoint)) => (Some(checkpoint), None),
        Some(Err(error @ (AuditError::Broken(_) | AuditError::OtherKey { .. }))) => {
            (None, Some(error.to_string()))
        }
        Some(Err(error)) => return Err(error),
        None => (None, Some("the key that signs is not here".to_owned())),
    };
    let checkpoint = match signed {
        Some(checkpoint) => checkpoint,
        None => store.newest_audit_checkpoint()?.ok_or(AuditError::NoCheckpoint)?,
    };
    match log::grow(store, checkpoint.size) {
        // What is missing is shown by what is exported.
        Ok(()) | Err(AuditError::Broken(_)) => {}
        Err(error) => return Err(error),
    }
    let writing = Writing { store, caller, target, size: checkpoint.size };
    let last = writing.rows()?;
    writing.tiles(&last)?;
    writing.checkpoints()?;
    writing.put(folder::CHECKPOINT, checkpoint.note.as_bytes())?;
    writing.put(folder::PAGE, folder::PAGE_TEXT.as_bytes())?;
    Ok(Exported { checkpoint, unsigned })
}

struct Writing<'a> {
    store: &'a Store,
    caller: &'a Caller,
    target: &'a Path,
    size: u64,
}

impl Writing<'_> {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), AuditError> {
        let path = self.target.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(AuditError::file(folder))?;
        }
        fs::write(&path, bytes).map_err(AuditError::file(path))
    }

    /// Writes all rows; gives the hashes of those behind the last full tile.
    fn rows(&self) -> Result<Vec<Hash>, AuditError> {
        let folder = self.target.join(folder::ROWS);
        fs::create_dir_all(&folder).map_err(AuditError::file(&folder))?;
        let mut open: Option<(String, BufWriter<File>)> = None;
        let mut last = Vec::new();
        let mut next = 0;
        while next < self.size {
            let page = self.store.audit_rows(self.caller, next, PAGE)?;
            let Some(newest) = page.last() else { break };
            next = newest.number + 1;
            for row in page.iter().take_while(|row| row.number < self.size) {
                let line = leaf(row);
                if row.number >= self.size / TILE * TILE {
                    last.push(record_hash(line.as_bytes()));
                }
                let name = folder::rows_file(row.number);
                let path = folder.join(&name);
                if open.as_ref().is_none_or(|(named, _)| *named != name) {
                    if let Some((_, mut file)) = open.take() {
                        file.flush().map_err(AuditError::file(&path))?;
                    }
                    let file = File::create(&path).map_err(AuditError::file(&path))?;
                    open = Some((name, BufWriter::new(file)));
                }
                if let Some((_, file)) = &mut open {
                    writeln!(file, "{line}").map_err(AuditError::file(&path))?;
                }
            }
        }
        if let Some((_, mut file)) = open {
            file.flush().map_err(AuditError::file(&folder))?;
        }
        Ok(last)
    }

    fn tiles(&self, last: &[Hash]) -> Result<(), AuditError> {
        let width = self.size % TILE;
        if width > 0 && u64::try_from(last.len()) == Ok(width) {
            let bytes: Vec<u8> = last.iter().flat_map(|hash| hash.0).collect();
            self.put(&tile_path(0, self.size / TILE, width), &bytes)?;
        }
        let mut level = 0u8;
        let mut full = self.size / TILE;
        while full > 0 {
            for number in 0..full {
                if let Some(hashes) = self.store.audit_tile(level, number)? {
                    self.put(&tile_path(level, number, TILE), &hashes)?;
                }
            }
            let width = full % TILE;
            let next = full >> TILE_HEIGHT;
            if width > 0 {
                let roots = self.store.audit_tile_roots(level, next * TILE..full)?;
                self.put(&tile_path(level + 1, next, width), roots.concat().as_slice())?;
            }
            (level, full) = (level + 1, next);
        }
        Ok(())
    }

    fn checkpoints(&self) -> Result<(), AuditError> {
        let mut next = 0;
        loop {
            let page = self.store.audit_checkpoints(next, PAGE)?;
            for one in page.iter().filter(|one| one.size <= self.size) {
                let key = PublicKey::parse(&one.signer).map(|key| key.id()).unwrap_or_default();
                let name = format!("{}/{}", folder::CHECKPOINTS, folder::checkpoint_file(one.size, &key));
                self.put(&name, one.note.as_bytes())?;
            }
            match page.last() {
                Some(last) if last.size < self.size => next = last.size + 1,
                _ => return Ok(()),
            }
        }
    }
}
