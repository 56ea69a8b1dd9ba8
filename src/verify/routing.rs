//! Routing: how questions about others' product are sent to who answers them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// How questions about others' product are asked (`[routing]`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Our GLN as who asks, 13 digits; empty where nothing is to be asked of others.
    pub requester: String,
    /// What verifications are for where the question does not say: a word of the guideline, `dscsaSaleableReturn`.
    pub context: String,
    /// Whether questions of partners about product that is not ours are passed on to who answers them.
    pub onward: bool,
    /// Milliseconds that a question may take while somebody waits, a second try included.
    pub deadline_milliseconds: u64,
    /// Milliseconds that a question may take when nobody waits any more.
    pub late_deadline_milliseconds: u64,
    /// Minutes after a question at which it is asked again, until somebody answers; after the last nobody is asked any more.
    pub late_minutes: Vec<u32>,
    /// Questions that one provider is asked at one time.
    pub concurrency: usize,
    /// Questions that may wait for their turn with one provider; more are not asked now.
    pub queue: usize,
    /// Failures in a row after which a provider is left alone for a while.
    pub failures: u32,
    /// Seconds for which it is left alone before one question is tried.
    pub rest_seconds: u64,
    /// Bytes that an answer may have.
    pub answer_bytes: usize,
    /// At which time of the day (UTC, `03:30`) each record of the directory is tried; empty for never.
    pub probe_at: String,
    /// GLNs of makers, or company prefixes, of whose product our copy of their data may answer where they allow it.
    pub replicates: Vec<String>,
    /// What is particular to a provider, by its name in the directory.
    pub providers: BTreeMap<String, Provider>,
}

/// What is particular to a provider; what is left out is as for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provider {
    /// `1.3.0` where it takes the GS1 US guideline 1.3, with its header and parameters; else it is asked by 1.1.
    pub guideline: String,
    /// The header that holds its key.
    pub key_header: String,
    /// What stands in front of the key there, such as `Bearer `.
    pub key_prefix: String,
    /// A file that holds the key and nothing else.
    pub key_file: Option<PathBuf>,
    /// See [`Settings::deadline_milliseconds`].
    pub deadline_milliseconds: Option<u64>,
    /// See [`Settings::concurrency`].
    pub concurrency: Option<usize>,
    /// See [`Settings::queue`].
    pub queue: Option<usize>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            requester: String::new(),
            context: "dscsaSaleableReturn".to_owned(),
            onward: false,
            deadline_milliseconds: 5_000,
            late_deadline_milliseconds: 60_000,
            late_minutes: vec![1, 5, 15, 60, 240, 720, 1_440],
            concurrency: 16,
            queue: 64,
            failures: 5,
            rest_seconds: 30,
            answer_bytes: 65_536,
            probe_at: "03:30".to_owned(),
            replicates: Vec::new(),
            providers: BTreeMap::new(),
        }
    }
}
