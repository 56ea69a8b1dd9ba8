//! The check of settings: every key and value by itself, then what they mean together, each with its place and mend.

use std::path::Path;

use figment::Figment;
use figment::error::Kind;

use crate::config::Settings;
use crate::config::files;
use crate::config::judge;
use crate::config::layers;
use crate::config::layers::Origin;
use crate::config::layers::Said;

/// Something about a setting that should be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// The gateway does not start with it; otherwise it is a warning.
    pub error: bool,
    /// The key, such as `server.port`.
    pub key: String,
    /// Where it is set.
    pub origin: Origin,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: String,
}

/// What a rule has to say about a key.
pub(super) struct Remark {
    pub(super) error: bool,
    pub(super) key: String,
    pub(super) what: String,
    pub(super) mend: String,
}

impl Remark {
    pub(super) fn error(key: &str, what: impl Into<String>, mend: impl Into<String>) -> Remark {
        Remark { error: true, key: key.to_owned(), what: what.into(), mend: mend.into() }
    }

    pub(super) fn warning(key: &str, what: impl Into<String>, mend: impl Into<String>) -> Remark {
        Remark { error: false, ..Remark::error(key, what, mend) }
    }
}

/// Looks at the settings of a file and the environment; the settings are given where each of them can be read.
///
/// `refusals` are the reasons for which a gateway would not start with them, each naming its key.
pub fn checked(
    file: Option<&Path>,
    refusals: impl Fn(&Settings) -> Vec<String>,
) -> (Option<Settings>, Vec<SettingFault>) {
    let mut said = Vec::new();
    match file.map(layers::of_file).transpose() {
        Ok(of_file) => said.extend(of_file.unwrap_or_default()),
        Err(illegible) => {
            let path = file.map(Path::to_owned).unwrap_or_default();
            let fault = SettingFault {
                error: true,
                key: String::new(),
                origin: Origin::File(path, illegible.line),
                what: illegible.why,
                mend: "write it as TOML: [section], then key = value, texts in \"quotation marks\""
                    .to_owned(),
            };
            return (None, vec![fault]);
        }
    }
    said.extend(layers::of_environment());
    let base = layers::base();
    let faults: Vec<SettingFault> = said.iter().filter_map(|one| alone(&base, one)).collect();
    if !faults.is_empty() {
        return (None, faults);
    }
    match Settings::read(file) {
        Ok(settings) => {
            let faults = together(&settings, &said, refusals(&settings));
            (Some(settings), faults)
        }
        Err(error) => (None, vec![unexplained(file, error.to_string())]),
    }
}

/// What is wrong with one value, whatever the others are.
fn alone(base: &Figment, said: &Said) -> Option<SettingFault> {
    let error = said.alone(base).extract::<Settings>().err()?;
    let key = said.key();
    let (what, mend) = match &error.kind {
        Kind::UnknownField(name, known) => {
            let place = said.path.iter().position(|part| part == name);
            let section = said.path.get(..place.unwrap_or_default()).unwrap_or_default();
            let wrong = section.iter().chain([name]).map(String::as_str).collect::<Vec<_>>().join(".");
            (format!("there is no setting `{wrong}`"), nearest(name, section, known))
        }
        Kind::UnknownVariant(word, known) => {
            (format!("`{word}` is none of the words it can be"), format!("write one of {}", list(known)))
        }
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => {
            let found = if files::is_secret(&key) { "something else".to_owned() } else { found.to_string() };
            (format!("{found} stands there"), format!("write {wanted}"))
        }
        Kind::ISizeOutOfRange(number) => (format!("{number} is out of range"), see(&key)),
        Kind::USizeOutOfRange(number) => (format!("{number} is out of range"), see(&key)),
        Kind::MissingField(name) => (format!("`{name}` is missing"), format!("set {key}.{name} as well")),
        other => (other.to_string(), see(&key)),
    };
    Some(SettingFault { error: true, key, origin: said.origin.clone(), what, mend })
}

fn see(key: &str) -> String {
    format!("see {key} in config/default.toml, which `epcgate config default` prints")
}

/// The known key that was most likely meant: of the same section, else of another.
fn nearest(name: &str, section: &[String], known: &[&str]) -> String {
    let likely = |word: &&str| strsim::damerau_levenshtein(name, word) <= 1 + name.len() / 4;
    let closest = known.iter().copied().filter(likely);
    if let Some(word) = closest.min_by_key(|word| strsim::damerau_levenshtein(name, word)) {
        let key = section.iter().map(String::as_str).chain([word]).collect::<Vec<_>>().join(".");
        return format!("write `{key}`");
    }
    let elsewhere =
        layers::defaults().into_iter().find(|said| said.path.last().is_some_and(|last| last == name));
    match elsewhere {
        Some(said) => format!("write it as `{}`, in that section", said.key()),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("remove it, or write one of {}", list(known)),
    }
}

fn list(words: &[&str]) -> String {
    words.join(", ")
}

/// What is wrong with all of them together.
fn together(settings: &Settings, said: &[Said], refusals: Vec<String>) -> Vec<SettingFault> {
    let defaults = layers::defaults();
    let mut remarks = judge::remarks(settings);
    remarks.extend(files::remarks(said));
    for refusal in refusals {
        let known = defaults.iter().chain(said).map(Said::key).filter(|key| mentions(&refusal, key));
        let key = known.max_by_key(String::len).unwrap_or_default();
        // A rule that knows the mend has said it already.
        if !remarks.iter().any(|remark| remark.error && remark.key == key) {
            remarks.push(Remark::error(&key, refusal, see(&key)));
        }
    }
    remarks.into_iter().map(|remark| placed(remark, said)).collect()
}

/// True where a text names a key, or its section in brackets.
fn mentions(text: &str, key: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    text.match_indices(key).any(|(at, _)| {
        let (before, after) =
            (text.get(..at).unwrap_or_default(), text.get(at + key.len()..).unwrap_or_default());
        edge(before.chars().last()) && edge(after.chars().next())
    })
}

/// Gives a remark its place: where the key is set, else where one of its section is, else the default.
fn placed(remark: Remark, said: &[Said]) -> SettingFault {
    let Remark { error, key, what, mend } = remark;
    let exact = said.iter().rev().find(|one| one.key() == key);
    let inside =
        || said.iter().rev().find(|one| one.key().starts_with(&format!("{key}.")) && !key.is_empty());
    let origin = exact.or_else(inside).map_or(Origin::Default, |one| one.origin.clone());
    SettingFault { error, key, origin, what, mend }
}

fn unexplained(file: Option<&Path>, what: String) -> SettingFault {
    let origin = file.map_or(Origin::Default, |file| Origin::File(file.to_owned(), 1));
    let mend = "compare it with config/default.toml, which `epcgate config default` prints".to_owned();
    SettingFault { error: true, key: String::new(), origin, what, mend }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn faults(text: &str) -> Vec<SettingFault> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        checked(Some(file.path()), |_| Vec::new()).1
    }

    fn check(text: &str, line: usize, key: &str, words: &[&str]) {
        let found = faults(text);
        let fault = found.iter().find(|fault| fault.key == key);
        let fault = fault.unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert!(matches!(&fault.origin, Origin::File(_, at) if *at == line), "{text}: {fault:?}");
        let said = format!("{} {}", fault.what, fault.mend);
        for word in words {
            assert!(said.contains(word), "{text}: {said}");
        }
    }

    #[test]
    fn each_fault_has_its_line_and_mend() {
        check("[server]\nprot = 9", 2, "server.prot", &["no setting `server.prot`", "write `server.port`"]);
        check("[sever]\nport = 9", 2, "sever.port", &["no setting `sever`", "write `server`"]);
        check("[server]\n\nport = \"nine\"", 3, "server.port", &["nine", "u16"]);
        check("[server]\nport = 70000", 2, "server.port", &["70000", "u16"]);
        check("[log]\nform = \"xml\"", 2, "log.form", &["`xml`", "auto, text, json"]);
        check("[server]\nrequester = \"1\"", 2, "server.requester", &["routing.requester"]);
        check(
            "[routing.providers.north]\nkey_fil = \"a\"",
            2,
            "routing.providers.north.key_fil",
            &["key_file"],
        );
        check("[server]\nport = ", 2, "", &["TOML"]);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let found = faults("[server]\nprot = 9\nthreads = -1\n[log]\nlevle = \"a\"\n");
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn a_refusal_is_placed_by_the_key_it_names() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"[tls]\ncertificate = \"a\"\nkey = \"b\"").unwrap();
        let (_, found) =
            checked(Some(file.path()), |_| vec!["tls.certificate a: there is no such file".to_owned()]);
        let fault = found.iter().find(|fault| fault.key == "tls.certificate").unwrap();
        assert_eq!(fault.origin, Origin::File(file.path().to_owned(), 2));
    }

    #[test]
    fn the_manual_itself_is_sound() {
        assert_eq!(checked(None, |_| Vec::new()).1, []);
    }
}
