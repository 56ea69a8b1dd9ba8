//! Routing: how questions about others' product are sent to who answers them.

use serde::Deserialize;

/// How questions about others' product are asked (`[routing]`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Our GLN as who asks, 13 digits; empty where nothing is to be asked of others.
    pub requester: String,
    /// What verifications are for where the question does not say: a word of the guideline, `dscsaSaleableReturn`.
    pub context: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { requester: String::new(), context: "dscsaSaleableReturn".to_owned() }
    }
}
