//! AS2 (RFC 4130): documents in signed and encrypted MIME over HTTPS, with signed receipts.

use serde::Deserialize;
use serde::Serialize;

use crate::transport::channel::check_url;

/// What was agreed with a partner for AS2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where its AS2 server is.
    pub url: String,
    /// `AS2-From` of what we send.
    pub our_id: String,
    /// `AS2-To` of what we send.
    pub their_id: String,
}

impl Settings {
    /// Judges the settings by themselves.
    pub(super) fn check(&self) -> Result<(), String> {
        check_url("url", &self.url)
    }
}
