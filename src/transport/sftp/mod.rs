//! SFTP, with us as the client: files dropped on a partner's server, and picked up there.

use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// A partner's server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name or address.
    pub host: String,
    /// Who we are there.
    pub user: String,
    /// File with our private key.
    pub key: PathBuf,
    /// File with the server's public keys, as OpenSSH's `known_hosts`.
    pub known_hosts: PathBuf,
}

impl Settings {
    /// Judges the settings by themselves.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.host.is_empty() {
            return Err("host is empty; name the server".to_owned());
        }
        Ok(())
    }
}
