//! Layers: what each source of settings says, key by key, and where it says so.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use figment::Figment;
use figment::Profile;
use figment::Provider;
use figment::providers::Format;
use figment::providers::Serialized;
use figment::providers::Toml;
use figment::value::Dict;
use figment::value::Value;
use toml_edit::ImDocument;
use toml_edit::Item;
use toml_edit::Table;

use crate::config::MANUAL;
use crate::config::environment::Environment;
use crate::config::environment::PREFIX;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The built-in `config/default.toml`.
    Default,
    /// A line of a file, from 1.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => formatter.write_str("default"),
            Origin::File(path, line) => write!(formatter, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(formatter, "environment variable {name}"),
        }
    }
}

/// One value as a source says it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The parts of its key, such as `server` and `port`.
    pub(super) path: Vec<String>,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

impl Said {
    /// Its key as people write it: `server.port`.
    pub(super) fn key(&self) -> String {
        self.path.join(".")
    }

    /// The built-in settings with this one value over them.
    pub(super) fn alone(&self, base: &Figment) -> Figment {
        let nested = self
            .path
            .iter()
            .rev()
            .fold(self.value.clone(), |inner, part| Value::from(BTreeMap::from([(part.clone(), inner)])));
        match nested.into_dict() {
            Some(dict) => base.clone().merge(Serialized::globals(dict)),
            None => base.clone(),
        }
    }
}

/// A file that is no TOML, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Illegible {
    pub(super) line: usize,
    pub(super) why: String,
}

/// All sources together, each over the one before.
pub(super) fn merged(file: Option<&Path>) -> Figment {
    let mut figment = base();
    if let Some(file) = file {
        figment = figment.merge(Toml::file_exact(file));
    }
    figment.merge(Environment::over(base()))
}

/// The built-in settings.
pub(super) fn base() -> Figment {
    Figment::from(Toml::string(MANUAL))
}

/// What the manual says; its lines are of no use to anybody.
pub(super) fn defaults() -> Vec<Said> {
    said(&Toml::string(MANUAL), |_| Origin::Default)
}

/// What the environment says.
pub(super) fn of_environment() -> Vec<Said> {
    said(&Environment::over(base()), |path| {
        let wanted = format!("{PREFIX}{}", path.join("__"));
        let known = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let name = known.into_iter().find(|name| name.eq_ignore_ascii_case(&wanted));
        Origin::Environment(name.unwrap_or_else(|| wanted.to_ascii_uppercase()))
    })
}

/// What a file says.
pub(super) fn of_file(file: &Path) -> Result<Vec<Said>, Illegible> {
    let text = fs::read_to_string(file)
        .map_err(|error| Illegible { line: 1, why: format!("it cannot be read: {error}") })?;
    let document = ImDocument::parse(text.as_str()).map_err(|error| Illegible {
        line: line(&text, error.span().map_or(0, |span| span.start)),
        why: error.message().trim().replace('\n', "; "),
    })?;
    let lines = Lines { text: &text, root: document.as_table() };
    Ok(said(&Toml::string(&text), |path| Origin::File(file.to_owned(), lines.of(path))))
}

fn said(provider: &impl Provider, origin: impl Fn(&[String]) -> Origin) -> Vec<Said> {
    let dict = provider.data().ok().and_then(|mut data| data.remove(&Profile::Default));
    let mut found = Vec::new();
    leaves(&dict.unwrap_or_default(), &mut Vec::new(), &mut found);
    found.into_iter().map(|(path, value)| Said { origin: origin(&path), path, value }).collect()
}

/// Values that are no tables, and tables without values, with the way to them.
fn leaves(dict: &Dict, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Value)>) {
    for (name, value) in dict {
        path.push(name.clone());
        match value {
            Value::Dict(_, inner) if !inner.is_empty() => leaves(inner, path, found),
            value => found.push((path.clone(), value.clone())),
        }
        path.pop();
    }
}

/// The lines at which keys stand.
struct Lines<'a> {
    text: &'a str,
    root: &'a Table,
}

impl Lines<'_> {
    /// The line of a key; that of the nearest table around it where it has none of its own.
    fn of(&self, path: &[String]) -> usize {
        let (mut at, mut item) = (0, None::<&Item>);
        for part in path {
            let entry = match item {
                None => self.root.get_key_value(part),
                Some(item) => {
                    // Inline tables give keys of another kind.
                    let table = item.as_table();
                    table.and_then(|table| table.get_key_value(part))
                }
            };
            let Some((key, inner)) = entry else { break };
            at = inner.span().or_else(|| key.span()).map_or(at, |span| span.start);
            item = Some(inner);
        }
        line(self.text, at)
    }
}

/// The line, from 1, in which a byte stands.
fn line(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn check(text: &str, expected: &[(&str, usize)]) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let found = of_file(file.path()).unwrap();
        let found: Vec<(String, usize)> = found
            .iter()
            .map(|said| match &said.origin {
                Origin::File(_, line) => (said.key(), *line),
                other => panic!("{other}"),
            })
            .collect();
        let found: Vec<(&str, usize)> = found.iter().map(|(key, line)| (key.as_str(), *line)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_key_has_its_line() {
        check("[server]\nport = 9\n\n[log]\nlevel = \"a\"\n", &[("log.level", 5), ("server.port", 2)]);
        check(
            "server.port = 9\n[routing.providers.north]\nqueue = 1",
            &[("routing.providers.north.queue", 3), ("server.port", 1)],
        );
        check("[a]\n\n[b]\nc = { d = 1 }", &[("a", 1), ("b.c.d", 4)]);
        check("[[verification.owners]]\nresponder = \"1\"\n", &[("verification.owners", 1)]);
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"[server]\nport = \n").unwrap();
        assert_eq!(of_file(file.path()).unwrap_err().line, 2);
        assert!(of_file(Path::new("none.toml")).unwrap_err().why.contains("cannot be read"));
    }
}
