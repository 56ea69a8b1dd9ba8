//! Folders of this machine that others put files into, or take them from.

use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// The folders of a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where files for the partner are put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<PathBuf>,
    /// Where files of the partner are taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<PathBuf>,
}

impl Settings {
    /// Judges the settings by themselves.
    pub(super) fn check(&self) -> Result<(), String> {
        match (&self.out, &self.inbox) {
            (None, None) => Err("say out, inbox or both, the folders that are used".to_owned()),
            _ => Ok(()),
        }
    }
}
