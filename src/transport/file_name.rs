//! Names of files that others give: one name in one folder, and nothing that leads elsewhere.

use std::fmt;

use thiserror::Error;

/// Bytes of a name.
const LONGEST: usize = 255;

/// Endings of names that files have while they are being written.
const UNFINISHED: &[&str] = &[".tmp", ".temp", ".part", ".partial", ".filepart", ".uploading", ".writing"];

/// A name of a file that stands for itself in one folder, can be printed on one line, and is not hidden.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

/// Why a name is none that is used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadName {
    /// It is empty, or longer than 255 bytes.
    #[error("it must have 1 to {LONGEST} bytes")]
    Length,
    /// It begins with a full stop: hidden, or a way to another folder.
    #[error("it begins with a full stop")]
    Hidden,
    /// It leads to another folder.
    #[error("it has a slash or backslash")]
    Path,
    /// It has a character that cannot be seen, turns the line around, or is no UTF-8.
    #[error("it has a control character, or is no UTF-8")]
    Control,
}

impl FileName {
    /// A name as somebody else gave it.
    pub fn parse(name: &str) -> Result<FileName, BadName> {
        if name.is_empty() || name.len() > LONGEST {
            return Err(BadName::Length);
        }
        if name.contains(['/', '\\']) {
            return Err(BadName::Path);
        }
        if name.starts_with('.') {
            return Err(BadName::Hidden);
        }
        let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if name
            .chars()
            .any(|c| c.is_control() || turns(c) || matches!(c, '\u{fffd}' | '\u{2028}' | '\u{2029}'))
        {
            return Err(BadName::Control);
        }
        Ok(FileName(name.to_owned()))
    }

    /// The name with something at its end.
    pub fn followed_by(&self, suffix: &str) -> Result<FileName, BadName> {
        FileName::parse(&format!("{}{suffix}", self.0))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True where its ending says that the file is still being written.
    pub fn is_unfinished(&self) -> bool {
        let name = self.0.to_ascii_lowercase();
        UNFINISHED.iter().any(|ending| name.ends_with(ending))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Result<(), BadName>) {
        assert_eq!(FileName::parse(name).map(|_| ()), expected, "{name:?}");
    }

    #[test]
    fn names_of_files_are_taken() {
        for name in [
            "a",
            "0614141000005_20261123.xml",
            "two words.xml",
            "Grüße.jsonld",
            "a..b",
            "-rf",
            &"n".repeat(255),
        ] {
            check(name, Ok(()));
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_not() {
        check("", Err(BadName::Length));
        check(&"n".repeat(256), Err(BadName::Length));
        for name in ["/", "../x", "a/b", "/etc/passwd", "..\\x", "D:\\x"] {
            check(name, Err(BadName::Path));
        }
        for name in [".", "..", ".ssh", ".a.xml"] {
            check(name, Err(BadName::Hidden));
        }
        for name in ["a\nb", "a\0", "a\u{7f}", "a\u{1b}[2J", "a\u{202e}lmx", "a\u{fffd}", "a\u{2028}b"] {
            check(name, Err(BadName::Control));
        }
    }

    #[test]
    fn endings_tell_what_is_being_written() {
        for (name, unfinished) in
            [("a.xml.tmp", true), ("a.XML.PART", true), ("tmp.xml", false), ("a.template", false)]
        {
            assert_eq!(FileName::parse(name).unwrap().is_unfinished(), unfinished, "{name}");
        }
        assert_eq!(FileName::parse("a").unwrap().followed_by("/../b"), Err(BadName::Path));
    }
}
