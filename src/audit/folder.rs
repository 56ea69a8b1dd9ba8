//! The names of an export's files, and what its own page says of them.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use tlog_tiles::Hash;

use crate::audit::tree::TILE;
use crate::audit::tree::hashes_of;
use crate::audit::tree::tile_path;

/// Rows of one file.
pub(super) const ROWS_OF_FILE: u64 = 65_536;

/// The folder of rows.
pub(super) const ROWS: &str = "rows";

/// The folder of all checkpoints.
pub(super) const CHECKPOINTS: &str = "checkpoints";

/// The file of the newest checkpoint (C2SP tlog-tiles).
pub(super) const CHECKPOINT: &str = "checkpoint";

/// The page that explains the export.
pub(super) const PAGE: &str = "README.txt";

/// What that page says.
pub(super) const PAGE_TEXT: &str = "\
This is an audit trail of epcgate: who did what, when, why, and what changed by it. It is checked by

    epcgate audit verify FOLDER --key PUBLIC-KEY [--checkpoint FILE ...]

with the public key that you were given (not one from here), without any network, database or other file. Give it the
checkpoints that you were sent too: they show that nothing was cut off or forked since.

What is here, for those who would rather check it by a program of their own:

rows/            one act a line, JSON, 65,536 lines a file, named by the number of the first. Line number n is leaf n: its hash is
                 SHA-256(0x00 || the bytes of the line without the line end), as in RFC 6962, section 2.1.
tile/            the hashes of the Merkle tree, as C2SP tlog-tiles has them: tile/0 has the hashes of 256 rows each, tile/1 the
                 roots of 256 such tiles, and so on. The rows stand in rows/ instead of entry bundles.
checkpoint       the newest checkpoint: a C2SP tlog-checkpoint in a C2SP signed-note. Its text is the name of the log, the number
                 of rows and the root of their tree in base64, a line each; below the empty line stands the signature: base64
                 of four bytes that name the key and an Ed25519 signature of the text, with its last line end.
checkpoints/     every checkpoint that was ever signed, named by its number of rows.

The members of a line: v (version of the form, 1), number, at (UTC), actor, act, object, outcome, why, before, after, detail;
those that are empty are left out.
";

/// The file of rows that this row stands in.
pub(super) fn rows_file(row: u64) -> String {
    format!("{:012}.jsonl", row / ROWS_OF_FILE * ROWS_OF_FILE)
}

/// The file of a checkpoint.
pub(super) fn checkpoint_file(size: u64, key: &str) -> String {
    format!("{size:012}-{key}.txt")
}

/// The tiles of an export.
pub(super) struct Tiles {
    folder: PathBuf,
    held: Option<(u64, Vec<Hash>)>,
}

impl Tiles {
    /// Those of this export.
    pub(super) fn of(folder: &Path) -> Tiles {
        Tiles { folder: folder.to_owned(), held: None }
    }

    /// The hash of a row, where the tile has it.
    pub(super) fn hash(&mut self, row: u64) -> io::Result<Option<Hash>> {
        let tile = row / TILE;
        if self.held.as_ref().is_none_or(|(held, _)| *held != tile) {
            self.held = Some((tile, self.read(0, tile)?.unwrap_or_default()));
        }
        let at = usize::try_from(row % TILE).unwrap_or(usize::MAX);
        Ok(self.held.as_ref().and_then(|(_, hashes)| hashes.get(at)).copied())
    }

    /// The hashes of a tile: of the full one, else of the widest part; `None` where there is neither.
    pub(super) fn read(&self, level: u8, tile: u64) -> io::Result<Option<Vec<Hash>>> {
        let full = self.folder.join(tile_path(level, tile, TILE));
        let path = match full.is_file() {
            true => full,
            false => match widest(&self.folder.join(tile_path(level, tile, 0)))? {
                Some(part) => part,
                None => return Ok(None),
            },
        };
        let bytes = std::fs::read(path)?;
        Ok(Some(hashes_of(&bytes).take(256).collect()))
    }
}

/// The widest of the parts of a tile; `none` names the part of no width, which stands in the same folder.
fn widest(none: &Path) -> io::Result<Option<PathBuf>> {
    let Some(folder) = none.parent().filter(|folder| folder.is_dir()) else { return Ok(None) };
    let mut found: Option<u64> = None;
    for entry in std::fs::read_dir(folder)? {
        let width = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        found = found.max(width);
    }
    Ok(found.map(|width| folder.join(width.to_string())))
}
