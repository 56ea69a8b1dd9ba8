//! CompanyPrefixes: how long the company prefix of a key is, which a Digital Link does not tell.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::LazyLock;

use crate::gs1::Flaw;
use crate::gs1::Malformed;
use crate::gs1::PrefixTable;
use crate::gs1::urn;

/// GS1's table of October 2026, taken from the trie of the Python package biip 5.2.0 (Apache-2.0).
static BUILTIN: LazyLock<Arc<PrefixTable>> = LazyLock::new(|| {
    Arc::new(PrefixTable::from_compact(include_bytes!("company_prefix_lengths.bin")).unwrap_or_default())
});

const MOST_LEARNED: usize = 100_000;

/// Lengths of company prefixes from three sources: an override wins over what was learned from URNs, and
/// that over GS1's table. Where none of them knows, the length is unknown and never guessed.
#[derive(Debug, Clone)]
pub struct CompanyPrefixes {
    table: Arc<PrefixTable>,
    overrides: BTreeMap<Box<str>, u8>,
    learned: BTreeSet<Box<str>>,
}

impl CompanyPrefixes {
    /// Starts from the table that is built in; cheap after the first time.
    pub fn builtin() -> Self {
        Self::with_table(BUILTIN.clone())
    }

    /// Starts from a table of the operator's.
    pub fn with_table(table: Arc<PrefixTable>) -> Self {
        Self { table, overrides: BTreeMap::new(), learned: BTreeSet::new() }
    }

    /// Shows the table in use, with its date and origin.
    pub fn table(&self) -> &PrefixTable {
        &self.table
    }

    /// Adds an override: keys whose company prefix starts with these digits have one of this length (6 to
    /// 12). Of several overrides the longest match wins.
    pub fn with_override(mut self, prefix: &str, length: u8) -> Result<Self, Malformed> {
        let digits =
            !prefix.is_empty() && prefix.len() <= 12 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(6..=12).contains(&length) {
            return Err(Malformed::new(&format!("{prefix}={length}"), Flaw::CompanyPrefix));
        }
        self.overrides.insert(prefix.into(), length);
        Ok(self)
    }

    /// Learns the company prefix of a well-formed EPC URN; anything else teaches nothing. Returns whether it was new.
    pub fn learn(&mut self, urn: &str) -> bool {
        let Some((scheme, body)) = urn::classify(urn) else { return false };
        let Some((prefix, _)) = body.split_once('.') else { return false };
        if self.learned.len() >= MOST_LEARNED
            || self.learned.contains(prefix)
            || urn::read(scheme, body).is_err()
        {
            return false;
        }
        self.learned.insert(prefix.into())
    }

    /// Finds the length of the company prefix these digits start with, counted from the prefix on. Learned
    /// prefixes that contradict each other tell nothing, and the table is asked.
    pub fn length_of(&self, digits: &str) -> Option<u8> {
        self.overridden(digits).or_else(|| self.learned(digits)).or_else(|| self.table.length_of(digits))
    }

    fn overridden(&self, digits: &str) -> Option<u8> {
        if self.overrides.is_empty() {
            return None;
        }
        (1..=12).rev().find_map(|end| self.overrides.get(digits.get(..end)?).copied())
    }

    fn learned(&self, digits: &str) -> Option<u8> {
        if self.learned.is_empty() {
            return None;
        }
        let mut found = (6..=12u8).filter(|end| {
            digits.get(..usize::from(*end)).is_some_and(|prefix| self.learned.contains(prefix))
        });
        let length = found.next()?;
        found.next().is_none().then_some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_there() {
        let prefixes = CompanyPrefixes::builtin();
        assert!(prefixes.table().date().starts_with("2026-10"), "{}", prefixes.table().date());
        assert_eq!(prefixes.length_of("061414112345"), Some(7));
        assert_eq!(prefixes.length_of("000000512345"), Some(7));
    }

    #[test]
    fn override_wins_over_learned_and_learned_over_table() {
        let mut prefixes = CompanyPrefixes::builtin();
        assert!(prefixes.learn("urn:epc:id:sgtin:06141411.12345.7"));
        assert!(!prefixes.learn("urn:epc:id:sgtin:06141411.12346.7"));
        assert_eq!(prefixes.length_of("061414112345"), Some(8));
        let prefixes = prefixes.with_override("0614", 9).unwrap();
        assert_eq!(prefixes.length_of("061414112345"), Some(9));
    }

    #[test]
    fn contradicting_lessons_teach_nothing() {
        let mut prefixes = CompanyPrefixes::builtin();
        prefixes.learn("urn:epc:id:sgtin:06141411.12345.7");
        prefixes.learn("urn:epc:id:sgtin:061414112.2345.7");
        assert_eq!(prefixes.length_of("061414112345"), Some(7));
    }

    #[test]
    fn refuses_what_is_no_prefix() {
        for (prefix, length) in [("06141x", 7), ("", 7), ("0614141", 5), ("0614141", 13)] {
            assert!(CompanyPrefixes::builtin().with_override(prefix, length).is_err(), "{prefix} {length}");
        }
        let mut prefixes = CompanyPrefixes::builtin();
        for urn in ["urn:epc:id:sgtin:0614141.1.7", "urn:uuid:x", "urn:epc:id:gid:9510000.1.2"] {
            assert!(!prefixes.learn(urn), "{urn}");
        }
    }
}
