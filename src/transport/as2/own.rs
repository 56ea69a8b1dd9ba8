//! Our side of every AS2 channel.

use std::path::PathBuf;

use serde::Deserialize;

/// Our side of every AS2 channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnSettings {
    /// PEM files, each with a key and its certificate. The first signs where a channel names no other; all decrypt.
    pub identities: Vec<PathBuf>,
    /// Our address of `/as2/mdn`, as partners reach it, for receipts on a connection of their own.
    pub receipt_url: String,
    /// What stands behind the @ of message ids.
    pub domain: String,
    /// Bytes that a message may have.
    pub body_bytes: u64,
    /// Bytes that it may have once unpacked.
    pub content_bytes: u64,
    /// How many times its size it may unfold to.
    pub expansion: u64,
    /// Messages that are opened, and so held in memory, at one time.
    pub messages_at_once: usize,
    /// Seconds that a partner may take for the answer to a message.
    pub send_seconds: u64,
    /// Minutes until a message is sent again whose receipt was to come on a connection of its own, and did not.
    pub receipt_minutes: u64,
}

impl Default for OwnSettings {
    fn default() -> OwnSettings {
        OwnSettings {
            identities: Vec::new(),
            receipt_url: String::new(),
            domain: "epcgate.invalid".to_owned(),
            body_bytes: 52_428_800,
            content_bytes: 134_217_728,
            expansion: 200,
            messages_at_once: 2,
            send_seconds: 300,
            receipt_minutes: 60,
        }
    }
}
