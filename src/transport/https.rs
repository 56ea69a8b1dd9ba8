//! Documents pushed to a partner's HTTPS endpoint.

use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::transport::channel::check_url;

/// A partner's endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where documents are posted to.
    pub url: String,
    /// File with the token that is shown there (`Authorization: Bearer`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<PathBuf>,
}

impl Settings {
    /// Judges the settings by themselves.
    pub(super) fn check(&self) -> Result<(), String> {
        check_url("url", &self.url)
    }
}
