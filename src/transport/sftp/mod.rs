//! SFTP, with us as the client: files picked up from a partner's server, and dropped off there.
//!
//! A server is known by its key or not spoken to: the password and the first byte of a document go only to who proves to be the
//! one that the channel names.

mod connection;
mod entries;
mod host;
mod probe;
mod settings;
mod transfer;

use std::io;

use russh_sftp::client::error::Error as Wire;
use russh_sftp::protocol::StatusCode;
use thiserror::Error;

use crate::transport::ChannelSecretError;
use crate::transport::OutboundError;

pub use connection::Session;
pub use probe::probe;
pub use settings::Settings;

/// Why nothing came or went.
#[derive(Debug, Error)]
pub enum SftpError {
    /// A setting of the channel cannot be used.
    #[error("{0}")]
    Setting(String),
    /// What we sign in by cannot be read.
    #[error(transparent)]
    Secret(#[from] ChannelSecretError),
    /// The private key of this name is none that can be used; says nothing of what is in it.
    #[error(
        "the secret {0} is no private key that can be used (OpenSSH or PKCS#8; with a passphrase, name that as well)"
    )]
    Key(String),
    /// There is no connection.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The server proves itself by another key than those of the channel: it has changed, or somebody else answers.
    #[error(
        "the server's key is not the one of the channel: it shows {offered}, and the channel has {}. Nothing was sent. Ask the \
         partner, by another way, whether it changed its key; if it did, put the new one into host_keys",
        .known.join(", ")
    )]
    HostKey {
        /// The algorithm and fingerprint shown.
        offered: String,
        /// The fingerprints of the channel.
        known: Vec<String>,
    },
    /// The server does not let us in.
    #[error("{user} is not let in: {why}")]
    SignIn {
        /// Who we said to be.
        user: String,
        /// What was tried, and what the server takes.
        why: String,
    },
    /// The server did not answer in time.
    #[error("no answer within the time of outbound.sftp_answer_seconds: {0}")]
    Timeout(String),
    /// There is no such file or folder.
    #[error("{0} is not there")]
    Missing(String),
    /// The server says no.
    #[error("{what}: {said}")]
    Refused {
        /// What was asked.
        what: String,
        /// The answer.
        said: String,
    },
    /// The file became another while it was read, so that it is not taken.
    #[error("{0} changed while it was read; it is looked at again")]
    Changed(String),
    /// Another file of this name is there.
    #[error("{0} is there already, and is another file")]
    Taken(String),
    /// The connection broke, or what came is no SFTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// What was to be sent cannot be read.
    #[error("what is sent cannot be read: {0}")]
    Source(#[from] io::Error),
    /// Nobody takes what was read any more.
    #[error("what came is not taken any further")]
    NotTaken,
}

impl SftpError {
    /// False where trying again cannot help before somebody changed a setting, here or there.
    pub fn passes(&self) -> bool {
        match self {
            SftpError::Setting(_)
            | SftpError::Secret(_)
            | SftpError::Key(_)
            | SftpError::HostKey { .. }
            | SftpError::SignIn { .. }
            | SftpError::Taken(_) => false,
            SftpError::Outbound(error) => !matches!(
                error,
                OutboundError::Refused(_) | OutboundError::Address { .. } | OutboundError::Setting(_)
            ),
            _ => true,
        }
    }

    /// What an answer means to us, which was asked to do this.
    fn of(what: &str, error: Wire) -> SftpError {
        match error {
            Wire::Status(status) if status.status_code == StatusCode::NoSuchFile => {
                SftpError::Missing(what.to_owned())
            }
            Wire::Status(status) => {
                let said = printable(&format!("{} {}", status.status_code, status.error_message));
                SftpError::Refused { what: what.to_owned(), said }
            }
            Wire::Timeout => SftpError::Timeout(what.to_owned()),
            other => SftpError::Broken(printable(&other.to_string())),
        }
    }
}

impl From<russh::Error> for SftpError {
    fn from(error: russh::Error) -> SftpError {
        SftpError::Broken(printable(&error.to_string()))
    }
}

/// Words of the other side, on one line and not endless.
fn printable(text: &str) -> String {
    text.chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}
