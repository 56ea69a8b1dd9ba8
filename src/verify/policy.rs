//! Policy: for which product we answer, in whose name, and what is said of product that is unfit (GS1 US guideline 1.1,
//! section 8.3).

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Deserialize;
use thiserror::Error;

use crate::gs1::Gtin;

/// For which product and how we answer (`[verification]`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Our GLN as who answers, 13 digits; empty where we answer for nobody.
    pub responder: String,
    /// GS1 company prefixes whose trade items are ours.
    pub prefixes: Vec<String>,
    /// Trade items that are ours besides.
    pub gtins: Vec<String>,
    /// What product may be verified for.
    pub contexts: Vec<String>,
    /// See [`Policy::recalled`].
    pub recalled: Said,
    /// See [`Policy::expired`].
    pub expired: Said,
    /// See [`Policy::suspect`].
    pub suspect: Suspicion,
    /// See [`Policy::held`].
    pub held: Holding,
    /// See [`Policy::mismatch`].
    pub mismatch: Mismatch,
    /// Others that we answer for.
    #[serde(default)]
    pub owners: Vec<OwnerSettings>,
    /// Lots whose expiry was extended.
    #[serde(default)]
    pub extensions: Vec<ExtensionSettings>,
    /// Failed questions of one GLN, in the time below, from which on it may be guessing.
    pub guesses: u32,
    /// The share of them among its questions from which on it is.
    pub guessing_share: f64,
    /// Seconds over which they are counted.
    pub guess_seconds: u32,
    /// Seconds for which who guesses is not answered.
    pub pause_seconds: u32,
}

/// What is said of product that is unfit, or does not correspond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Recalled product: `"true"` (case B1) or `"false"` (case B2).
    pub recalled: Said,
    /// Expired product: the same.
    pub expired: Said,
    /// Suspect and illegitimate product: `disclose` (case C1) or `undisclosed` (case C2).
    pub suspect: Suspicion,
    /// Product on hold with us: `undisclosed` (case C2) or `ignore`.
    pub held: Holding,
    /// What does not correspond: `reason` (case E) or `no-reason` (case D).
    pub mismatch: Mismatch,
}

/// The value of `verified`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Said {
    /// It corresponds, and what else is known is added.
    #[serde(rename = "true")]
    True,
    /// Policy says no, and what else is known is added.
    #[serde(rename = "false")]
    False,
}

/// Whether suspicion is disclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Suspicion {
    /// It is.
    Disclose,
    /// It is not.
    Undisclosed,
}

/// Whether a hold of ours counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holding {
    /// It does, and is not told.
    Undisclosed,
    /// It does not.
    Ignore,
}

/// Whether it is told what does not correspond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mismatch {
    /// It is.
    Reason,
    /// It is not.
    NoReason,
}

impl Settings {
    /// What is said where an owner says nothing else.
    pub fn policy(&self) -> Policy {
        Policy {
            recalled: self.recalled,
            expired: self.expired,
            suspect: self.suspect,
            held: self.held,
            mismatch: self.mismatch,
        }
    }
}

/// An owner of product that we answer for; what it does not say is as in `[verification]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerSettings {
    /// Its GLN as who answers.
    pub responder: String,
    /// Its GS1 company prefixes.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Its trade items besides.
    #[serde(default)]
    pub gtins: Vec<String>,
    /// See [`Policy::recalled`].
    pub recalled: Option<Said>,
    /// See [`Policy::expired`].
    pub expired: Option<Said>,
    /// See [`Policy::suspect`].
    pub suspect: Option<Suspicion>,
    /// See [`Policy::held`].
    pub held: Option<Holding>,
    /// See [`Policy::mismatch`].
    pub mismatch: Option<Mismatch>,
}

/// A lot whose expiry was extended beyond its label.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionSettings {
    /// The trade item.
    pub gtin: String,
    /// Its lot.
    pub lot: String,
    /// The last day on which it may be used, `YYYY-MM-DD`.
    pub until: String,
}

/// A setting that says nothing; names its key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("[verification] {key} {value:?}: {rule}")]
pub struct PolicyFault {
    key: &'static str,
    value: String,
    rule: &'static str,
}

/// Who answers for a trade item, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its GLN.
    pub responder: Box<str>,
    /// What it says.
    pub policy: Policy,
}

/// For which trade items we answer, in whose name.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    owners: Vec<Owner>,
    gtins: HashMap<Gtin, usize>,
    /// The longest first.
    prefixes: Vec<(String, usize)>,
    extensions: HashMap<(Gtin, String), NaiveDate>,
}

impl Owners {
    /// Fails on a setting that is no GLN, prefix, GTIN or day.
    pub(super) fn new(settings: &Settings) -> Result<Owners, PolicyFault> {
        let mut owners = Owners::default();
        let first = OwnerSettings {
            responder: settings.responder.clone(),
            prefixes: settings.prefixes.clone(),
            gtins: settings.gtins.clone(),
            recalled: None,
            expired: None,
            suspect: None,
            held: None,
            mismatch: None,
        };
        let empty = first.responder.is_empty() && first.prefixes.is_empty() && first.gtins.is_empty();
        for owner in (!empty).then_some(&first).into_iter().chain(&settings.owners) {
            owners.add(owner, settings.policy())?;
        }
        for extension in &settings.extensions {
            let until = extension.until.parse().map_err(|_| {
                fault("extensions.until", &extension.until, "give the last day of use as YYYY-MM-DD")
            })?;
            owners.extensions.insert((gtin(&extension.gtin)?, extension.lot.clone()), until);
        }
        owners.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Ok(owners)
    }

    fn add(&mut self, settings: &OwnerSettings, standard: Policy) -> Result<(), PolicyFault> {
        if !is_digits(&settings.responder, 13..=13) {
            return Err(fault("responder", &settings.responder, "give the GLN of who answers, 13 digits"));
        }
        let place = self.owners.len();
        self.owners.push(Owner {
            responder: settings.responder.as_str().into(),
            policy: Policy {
                recalled: settings.recalled.unwrap_or(standard.recalled),
                expired: settings.expired.unwrap_or(standard.expired),
                suspect: settings.suspect.unwrap_or(standard.suspect),
                held: settings.held.unwrap_or(standard.held),
                mismatch: settings.mismatch.unwrap_or(standard.mismatch),
            },
        });
        for text in &settings.gtins {
            self.gtins.insert(gtin(text)?, place);
        }
        for prefix in &settings.prefixes {
            if !is_digits(prefix, 4..=12) {
                return Err(fault("prefixes", prefix, "give a GS1 company prefix, 4 to 12 digits"));
            }
            self.prefixes.push((prefix.clone(), place));
        }
        Ok(())
    }

    /// Who answers for a trade item: whoever names it, else whoever has the longest prefix of it.
    pub(super) fn of(&self, gtin: Gtin) -> Option<&Owner> {
        let place = self.gtins.get(&gtin).copied().or_else(|| {
            // A GTIN-8 has a prefix of another kind; behind the first digit, the packaging level, stands that of all others.
            let digits = gtin.as_str().get(1..).filter(|digits| !digits.starts_with("00000"))?;
            self.prefixes.iter().find(|(prefix, _)| digits.starts_with(prefix.as_str())).map(|(_, at)| *at)
        })?;
        self.owners.get(place)
    }

    /// The last day on which a lot may be used, where that was extended.
    pub(super) fn extension(&self, gtin: Gtin, lot: &str) -> Option<NaiveDate> {
        if self.extensions.is_empty() {
            return None;
        }
        self.extensions.get(&(gtin, lot.to_owned())).copied()
    }
}

fn gtin(text: &str) -> Result<Gtin, PolicyFault> {
    Gtin::parse(text).map_err(|_| fault("gtins", text, "give a GTIN with its check digit"))
}

fn is_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn fault(key: &'static str, value: &str, rule: &'static str) -> PolicyFault {
    PolicyFault { key, value: value.to_owned(), rule }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Settings of a maker with one prefix, and of another that we answer for.
    pub(in crate::verify) fn settings() -> Settings {
        let other = OwnerSettings {
            responder: "0614141000012".to_owned(),
            prefixes: vec!["0300010012".to_owned()],
            gtins: vec!["97803119".to_owned()],
            recalled: Some(Said::False),
            expired: None,
            suspect: None,
            held: None,
            mismatch: Some(Mismatch::NoReason),
        };
        Settings {
            responder: "0300010000007".to_owned(),
            prefixes: vec!["030001".to_owned()],
            gtins: Vec::new(),
            contexts: vec!["dscsaSaleableReturn".to_owned()],
            recalled: Said::True,
            expired: Said::True,
            suspect: Suspicion::Disclose,
            held: Holding::Undisclosed,
            mismatch: Mismatch::Reason,
            owners: vec![other],
            extensions: Vec::new(),
            guesses: 3,
            guessing_share: 0.5,
            guess_seconds: 600,
            pause_seconds: 900,
        }
    }

    fn check(gtin: &str, expected: Option<&str>) {
        let owners = Owners::new(&settings()).unwrap();
        let owner = owners.of(Gtin::parse(gtin).unwrap());
        assert_eq!(owner.map(|owner| &*owner.responder), expected, "{gtin}");
    }

    #[test]
    fn the_longest_prefix_tells_who_answers() {
        check("00300010999999", Some("0300010000007"));
        check("30300010999990", Some("0300010000007"));
        check("00300010012346", Some("0614141000012"));
        check("97803119", Some("0614141000012"));
        check("04012345123456", None);
        let owners = Owners::new(&settings()).unwrap();
        let other = owners.of(Gtin::parse("97803119").unwrap()).unwrap().policy;
        assert_eq!(
            (other.recalled, other.expired, other.mismatch),
            (Said::False, Said::True, Mismatch::NoReason)
        );
    }

    #[test]
    fn a_setting_that_says_nothing_is_named() {
        let wrong = |change: fn(&mut Settings)| {
            let mut settings = settings();
            change(&mut settings);
            Owners::new(&settings).unwrap_err().to_string()
        };
        assert!(wrong(|settings| settings.responder.clear()).contains("responder"));
        assert!(wrong(|settings| settings.prefixes = vec!["03x".into()]).contains("prefixes \"03x\""));
        assert!(wrong(|settings| settings.gtins = vec!["1".into()]).contains("gtins"));
        assert!(
            wrong(|settings| {
                settings.extensions = vec![ExtensionSettings {
                    gtin: "97803119".into(),
                    lot: "A".into(),
                    until: "soon".into(),
                }];
            })
            .contains("until")
        );
    }
}
