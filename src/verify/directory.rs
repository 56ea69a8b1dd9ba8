//! The directory looked through: what in it will make questions fail, and what to do about each.

use std::fmt;

use chrono::Days;

use crate::dscsa::verification::DirectoryRecord;
use crate::formats::directory::window;
use crate::gs1::Gln;
use crate::store::DirectoryEntry;
use crate::verify::routing::Settings;

/// What is wrong, or may be, with one record of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryFinding {
    /// Name of the record.
    pub record: String,
    /// True where questions about its product fail; else they may.
    pub error: bool,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do, one sentence.
    pub next_step: String,
}

/// Looks through the records of a directory, which must come in the order of their names.
pub struct DirectoryCheck<'a> {
    settings: &'a Settings,
    before: Option<DirectoryRecord>,
}

impl<'a> DirectoryCheck<'a> {
    /// Begins to look.
    pub fn new(settings: &'a Settings) -> DirectoryCheck<'a> {
        DirectoryCheck { settings, before: None }
    }

    /// What is wrong with the next record.
    pub fn look(&mut self, entry: &DirectoryEntry) -> Vec<DirectoryFinding> {
        let record = &entry.record;
        let mut found = Vec::new();
        let mut add = |error: bool, message: String, next_step: &str| {
            let next_step = next_step.to_owned();
            found.push(DirectoryFinding { record: record.id(), error, message, next_step });
        };
        if record.active {
            if record.url.is_empty() && record.contact.is_empty() {
                add(
                    true,
                    "nobody can be asked: it has neither an address nor a contact".to_owned(),
                    "Add one",
                );
            } else if record.url.is_empty() {
                add(
                    false,
                    "questions go to people: it has no address".to_owned(),
                    "Add it where there is one",
                );
            }
            if !record.url.is_empty() && record.responder.is_empty() {
                let step = "Add the GLN, so that an answer of somebody else is noticed";
                add(false, "it does not say who answers".to_owned(), step);
            }
            if !record.responder.is_empty() && Gln::parse(&record.responder).is_err() {
                let message = format!("the check digit of the GLN {} is wrong", record.responder);
                add(false, message, "Ask its owner; answers that have it are taken");
            }
            if !record.provider.is_empty() && !self.settings.providers.contains_key(&*record.provider) {
                let message =
                    format!("the provider {} has no settings and is asked without a key", record.provider);
                add(false, message, "Add [routing.providers.NAME] where it asks for one");
            }
            if let Some(health) = entry.health.as_ref().filter(|health| !health.probe.sound) {
                let since = health.last_sound.map_or("it never answered".to_owned(), |last| {
                    format!("it last answered at {}", last.format("%Y-%m-%d %H:%M UTC"))
                });
                let message = format!(
                    "it failed {} times when tried, the last at {}: {}; {since}",
                    health.failures,
                    health.probe.at.format("%Y-%m-%d %H:%M UTC"),
                    health.probe.said
                );
                add(true, message, "Tell the provider, and use the contact meanwhile");
            }
            if let Some(gap) = self.before.as_ref().and_then(|before| gap(before, record)) {
                let step = "Ask who answers for these, and add a record or widen one";
                add(false, gap, step);
            }
        }
        if record.active {
            self.before = Some(record.clone());
        }
        found
    }
}

/// The expiry dates between two records of one product for which there is none.
fn gap(before: &DirectoryRecord, record: &DirectoryRecord) -> Option<String> {
    if before.scope != record.scope || before.context != record.context {
        return None;
    }
    let (first, last) = (before.ends?.checked_add_days(Days::new(1))?, record.starts?.pred_opt()?);
    (first <= last).then(|| format!("there is no record for expiry dates from {first} to {last}"))
}

/// `00300010123455:dscsaSaleableReturn:2027-01-01: error: …`
impl fmt::Display for DirectoryFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.error { "error" } else { "warning" };
        write!(f, "{}: {severity}: {}; {}", self.record, self.message, self.next_step)
    }
}

/// A record in one line: what it is about, for which packages, who answers, where.
pub fn line(record: &DirectoryRecord) -> String {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let contact = record.contact.to_string();
    let mut parts = vec![
        record.scope.digits().to_owned(),
        window(record),
        or(&record.context, "every context"),
        or(&record.responder, "GLN not known"),
        or(&record.url, if contact.is_empty() { "no address" } else { &contact }),
    ];
    if !record.active {
        parts.push("inactive".to_owned());
    }
    parts.join("\t")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::dscsa::verification::DirectoryContact;
    use crate::dscsa::verification::DirectoryScope;
    use crate::store::Probe;
    use crate::store::RecordHealth;

    fn entry(change: impl FnOnce(&mut DirectoryEntry)) -> DirectoryEntry {
        let record = DirectoryRecord {
            scope: DirectoryScope::Prefix("0300010".into()),
            starts: None,
            ends: "2027-12-31".parse().ok(),
            context: Box::default(),
            responder: "0300010000008".into(),
            provider: Box::default(),
            url: "https://a.example".into(),
            active: true,
            source: Box::default(),
            modified: None,
            contact: DirectoryContact::default(),
        };
        let mut entry = DirectoryEntry { record, health: None };
        change(&mut entry);
        entry
    }

    fn check(entries: &[DirectoryEntry], expected: &[(bool, &str)]) {
        let settings = Settings::default();
        let mut checking = DirectoryCheck::new(&settings);
        let found: Vec<DirectoryFinding> = entries.iter().flat_map(|entry| checking.look(entry)).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, (error, words)) in found.iter().zip(expected) {
            assert!(found.error == *error && found.message.contains(words), "{found:?}");
        }
    }

    #[test]
    fn what_will_fail_is_told() {
        let gln = |digits: &'static str| entry(|entry| entry.record.responder = digits.into());
        check(&[gln("0300010000008")], &[]);
        check(&[gln("0300010000007")], &[(false, "check digit")]);
        check(&[gln("")], &[(false, "who answers")]);
        let bare =
            entry(|entry| (entry.record.url, entry.record.responder) = (Box::default(), Box::default()));
        check(std::slice::from_ref(&bare), &[(true, "nobody")]);
        let mut written = bare.clone();
        written.record.contact.phone = "555-0100".into();
        check(&[written], &[(false, "people")]);
        check(
            &[entry(|entry| {
                (entry.record.provider, entry.record.responder) = ("north".into(), Box::default())
            })],
            &[(false, "who answers"), (false, "north")],
        );
        let probe = Probe { at: DateTime::UNIX_EPOCH, sound: false, said: "no connection".to_owned() };
        let mut dead = gln("");
        dead.health = Some(RecordHealth { probe, failures: 3, last_sound: None });
        check(std::slice::from_ref(&dead), &[(false, "who answers"), (true, "failed 3 times")]);
        dead.record.active = false;
        check(&[dead], &[]);
        let later = |starts: &str| {
            let starts = starts.parse().ok();
            entry(|entry| {
                (entry.record.starts, entry.record.ends, entry.record.responder) =
                    (starts, None, Box::default())
            })
        };
        let gap = (false, "from 2028-01-01 to 2028-01-31");
        check(&[gln(""), later("2028-02-01")], &[(false, "who answers"), (false, "who answers"), gap]);
        check(&[gln(""), later("2028-01-01")], &[(false, "who answers"), (false, "who answers")]);
    }
}
