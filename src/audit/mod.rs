//! The audit trail as a Merkle log: each act a leaf (RFC 6962), tiles over them (C2SP tlog-tiles), signed checkpoints (C2SP
//! tlog-checkpoint), exports, and the verification of an export that needs a public key alone.

mod beat;
mod checking;
mod export;
mod findings;
mod folder;
mod key;
mod log;
mod note;
mod rows;
mod tree;

use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;

use crate::store::StoreError;

pub use beat::Beat;
pub use beat::hand_over;
pub use checking::Checked;
pub use checking::check;
pub use export::Exported;
pub use export::export;
pub use findings::Finding;
pub use findings::FindingKind;
pub use key::replace_key;
pub use key::signer;
pub use log::Log;
pub use note::Note;
pub use note::NoteError;
pub use note::PublicKey;
pub use note::Signer;

/// How the audit trail is vouched for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file of the private key that checkpoints are signed with; empty: `audit.key` in the data folder.
    pub key_file: PathBuf,
    /// The name of the log and its key; empty: `epcgate-audit/` and eight random digits, when the key is made.
    pub name: String,
    /// Minutes from one checkpoint to the next; 0 signs none but on demand.
    pub checkpoint_minutes: u32,
    /// A folder to which each new checkpoint is written too; empty: none.
    pub folder: PathBuf,
}

/// Why the audit trail is not vouched for, exported or checked.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file of the key cannot be read as one.
    #[error("{}: {error}", path.display())]
    Key {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        error: NoteError,
    },
    /// No key can be made.
    #[error("no key can be made: {0}")]
    NoKey(NoteError),
    /// The checkpoints so far are signed with another key.
    #[error(
        "the checkpoints of this database are signed with the key {known}, and {} has another one, {own}; put the first there \
         (audit.key_file), or change to the other with `epcgate audit key --replace --why …`",
        path.display()
    )]
    OtherKey {
        /// The public key of the newest checkpoint.
        known: String,
        /// Our own public key.
        own: String,
        /// The file of our own.
        path: PathBuf,
    },
    /// The trail is not what was signed.
    #[error(
        "the audit trail is not what was signed before: {0}; nothing more is signed. Export it (`epcgate audit export`) and check \
         it against the checkpoints that were given away"
    )]
    Broken(String),
    /// The folder to export to has something in it.
    #[error("{}: the folder is not empty; an export needs one of its own", .0.display())]
    NotEmpty(PathBuf),
    /// There is nothing to be exported that a checkpoint vouches for.
    #[error("no checkpoint was ever signed; `epcgate audit checkpoint` signs one")]
    NoCheckpoint,
}

impl AuditError {
    fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> AuditError {
        let path = path.into();
        move |error| AuditError::File { path, error }
    }
}
