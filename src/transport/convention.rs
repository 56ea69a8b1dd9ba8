//! Conventions of folders that partners exchange files in: when a file is whole, what it becomes, and how ours are written.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::transport::FileName;

/// Files taken of one folder in one round.
const TOGETHER: usize = 1_000;

/// How files are picked up from a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PickUp {
    /// The folder in which files of the partner appear.
    pub folder: String,
    /// What stands after the name of a file in that of its done file, such as `.done`; a file is taken once its done file is
    /// there. Empty: once its size and time are the same at two looks.
    #[serde(default)]
    pub done_suffix: String,
    /// Seconds between those two looks.
    #[serde(default = "settle_seconds")]
    pub settle_seconds: u32,
    /// What becomes of a file once it is taken.
    #[serde(default)]
    pub after: After,
    /// Seconds between two rounds.
    #[serde(default = "every_seconds")]
    pub every_seconds: u32,
}

/// What becomes of a file once it is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// It is removed.
    #[default]
    Remove,
    /// It is moved to this folder.
    Archive(String),
    /// It stays, where we may not write; it is known by its name, size and time.
    Keep,
}

/// How files are dropped off in a folder: under a temporary name, then renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropOff {
    /// The folder in which the partner looks for files.
    pub folder: String,
    /// What stands after the name of a file while it is written.
    #[serde(default = "temporary_suffix")]
    pub temporary_suffix: String,
    /// What stands after the name of a file in that of the empty file that is written when it is whole; empty for none.
    #[serde(default)]
    pub done_suffix: String,
}

fn settle_seconds() -> u32 {
    10
}

fn every_seconds() -> u32 {
    60
}

fn temporary_suffix() -> String {
    ".tmp".to_owned()
}

/// A file in a folder, as one look saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: FileName,
    /// Its size.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970; 0 where the other side does not say.
    pub modified: i64,
}

impl Entry {
    /// What tells this file from others of its folder, before and after: name, size and time.
    pub fn identity(&self) -> String {
        format!("{}:{}:{}", self.name, self.bytes, self.modified)
    }
}

/// What one look at a folder saw.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Ordinary files with names that are used, the oldest first.
    pub files: Vec<Entry>,
    /// What is not looked at, in words: names that lead elsewhere, links, and the like.
    pub passed_over: Vec<String>,
}

impl PickUp {
    /// Fails where a value cannot be used, naming it.
    pub fn check(&self) -> Result<(), String> {
        folder("pick_up.folder", &self.folder)?;
        if let After::Archive(archive) = &self.after {
            folder("pick_up.after.archive", archive)?;
            if archive == &self.folder {
                return Err(
                    "pick_up.after.archive: it is the folder that files are picked up from".to_owned()
                );
            }
        }
        suffix("pick_up.done_suffix", &self.done_suffix)?;
        seconds("pick_up.settle_seconds", self.settle_seconds)?;
        seconds("pick_up.every_seconds", self.every_seconds)
    }

    /// Files that may be whole, by their names and done files, the oldest first.
    pub fn candidates(&self, listing: &Listing) -> Vec<Entry> {
        let names: BTreeSet<&str> = listing.files.iter().map(|entry| entry.name.as_str()).collect();
        let whole = |entry: &&Entry| {
            if entry.name.is_unfinished() {
                return false;
            }
            match self.done_of(&entry.name) {
                Some(done) => {
                    !entry.name.as_str().ends_with(&self.done_suffix) && names.contains(done.as_str())
                }
                // Who makes the file first and fills it later is still about to.
                None => entry.bytes > 0,
            }
        };
        listing.files.iter().filter(whole).take(TOGETHER).cloned().collect()
    }

    /// The done file of a file; `None` where there is none by this convention.
    pub fn done_of(&self, name: &FileName) -> Option<FileName> {
        if self.done_suffix.is_empty() { None } else { name.followed_by(&self.done_suffix).ok() }
    }

    /// True where files are whole once two looks saw the same.
    pub fn settles(&self) -> bool {
        self.done_suffix.is_empty()
    }
}

impl DropOff {
    /// Fails where a value cannot be used, naming it.
    pub fn check(&self) -> Result<(), String> {
        folder("drop_off.folder", &self.folder)?;
        suffix("drop_off.done_suffix", &self.done_suffix)?;
        if self.temporary_suffix.is_empty() || self.temporary_suffix == self.done_suffix {
            return Err("drop_off.temporary_suffix: it must be there, and not be the done suffix".to_owned());
        }
        suffix("drop_off.temporary_suffix", &self.temporary_suffix)
    }
}

/// Those of the first look that the second saw just the same.
pub fn settled(first: &[Entry], second: &Listing) -> Vec<Entry> {
    first.iter().filter(|entry| second.files.contains(entry)).cloned().collect()
}

fn folder(field: &str, folder: &str) -> Result<(), String> {
    if folder.is_empty() || folder.len() > 1_000 || folder.chars().any(char::is_control) {
        return Err(format!("{field}: it must be a path of a folder without control characters"));
    }
    if folder.split('/').any(|part| part == "..") {
        return Err(format!("{field}: it must not lead upwards by `..`"));
    }
    Ok(())
}

fn suffix(field: &str, suffix: &str) -> Result<(), String> {
    if suffix.is_empty() || suffix.len() <= 20 && FileName::parse(&format!("a{suffix}")).is_ok() {
        return Ok(());
    }
    Err(format!("{field}: it must be an ending of a name, such as .done"))
}

fn seconds(field: &str, seconds: u32) -> Result<(), String> {
    if (1..=86_400).contains(&seconds) {
        return Ok(());
    }
    Err(format!("{field}: it must be 1 to 86400 seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(files: &[(&str, u64)]) -> Listing {
        let entry = |(name, bytes): &(&str, u64)| Entry {
            name: FileName::parse(name).unwrap(),
            bytes: *bytes,
            modified: 1,
        };
        Listing { files: files.iter().map(entry).collect(), passed_over: Vec::new() }
    }

    fn pick_up(json: &str) -> PickUp {
        serde_json::from_str(json).unwrap()
    }

    fn check(json: &str, files: &[(&str, u64)], expected: &[&str]) {
        let found = pick_up(json).candidates(&listing(files));
        let names: Vec<&str> = found.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, expected, "{json}");
    }

    #[test]
    fn a_file_is_whole_by_its_name_or_its_done_file() {
        let files =
            [("a.xml", 3), ("b.xml.tmp", 3), ("c.xml", 0), ("d.PART", 1), ("e.xml", 5), ("e.xml.done", 0)];
        check(r#"{"folder":"in"}"#, &files, &["a.xml", "e.xml"]);
        check(r#"{"folder":"in","done_suffix":".done"}"#, &files, &["e.xml"]);
        // The done file of a done file, and one without its file.
        check(r#"{"folder":"in","done_suffix":".done"}"#, &[("x.done", 0), ("x.done.done", 0)], &[]);
        check(r#"{"folder":"in","done_suffix":".done"}"#, &[("empty", 0), ("empty.done", 0)], &["empty"]);
    }

    #[test]
    fn what_grows_between_two_looks_is_not_taken() {
        let first = listing(&[("a", 1), ("b", 2), ("c", 3)]).files;
        let mut second = listing(&[("a", 1), ("b", 4), ("d", 5)]);
        let names = |found: Vec<Entry>| found.iter().map(|entry| entry.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(settled(&first, &second)), ["a"]);
        second.files[0].modified = 2;
        assert!(settled(&first, &second).is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (json, field) in [
            (r#"{"folder":""}"#, "pick_up.folder"),
            (r#"{"folder":"in/../../etc"}"#, "pick_up.folder"),
            (r#"{"folder":"in\nout"}"#, "pick_up.folder"),
            (r#"{"folder":"in","after":{"archive":"in"}}"#, "pick_up.after.archive"),
            (r#"{"folder":"in","done_suffix":"/x"}"#, "pick_up.done_suffix"),
            (r#"{"folder":"in","settle_seconds":0}"#, "pick_up.settle_seconds"),
            (r#"{"folder":"in","every_seconds":100000}"#, "pick_up.every_seconds"),
        ] {
            let fault = pick_up(json).check().unwrap_err();
            assert!(fault.starts_with(field), "{json}: {fault}");
        }
        let off: DropOff = serde_json::from_str(r#"{"folder":"out","temporary_suffix":""}"#).unwrap();
        assert!(off.check().unwrap_err().starts_with("drop_off.temporary_suffix"));
        let off: DropOff = serde_json::from_str(r#"{"folder":"out"}"#).unwrap();
        assert!(off.check().is_ok() && off.temporary_suffix == ".tmp");
    }
}
