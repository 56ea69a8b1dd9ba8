//! The settings as they stand: each value, where it comes from, and no secret.

use std::path::Path;

use figment::value::Num;
use figment::value::Value;

use crate::config::files::HIDDEN;
use crate::config::files::is_secret;
use crate::config::files::without_password;
use crate::config::layers;
use crate::config::layers::Origin;
use crate::config::layers::Said;

/// One setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Its key, such as `server.port`.
    pub key: String,
    /// Its value as TOML; secrets are hidden.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Every setting, in the order of its key; what a file or the environment says of keys that do not exist is left out.
pub fn effective(file: Option<&Path>) -> Vec<Effective> {
    let merged = layers::merged(file);
    let defaults = layers::defaults();
    let mut said: Vec<Said> = file.and_then(|file| layers::of_file(file).ok()).unwrap_or_default();
    said.extend(layers::of_environment());
    let base = layers::base();
    let added = said.iter().filter(|one| one.alone(&base).extract::<crate::config::Settings>().is_ok());
    let mut keys: Vec<String> = defaults.iter().chain(added).map(Said::key).collect();
    keys.sort_unstable();
    keys.dedup();
    // A table that is empty by default and has values now is told by them.
    let filled: Vec<bool> =
        keys.iter().map(|key| keys.iter().any(|other| other.starts_with(&format!("{key}.")))).collect();
    let told = keys.into_iter().zip(filled).filter(|(_, filled)| !filled).map(|(key, _)| key);
    told.filter_map(|key| {
        let value = merged.find_value(&key).ok()?;
        let last = said.iter().rev().find(|one| one.key() == key);
        let origin = last.map_or(Origin::Default, |one| one.origin.clone());
        let shown =
            if is_secret(&key) && value.as_str() != Some("") { format!("{HIDDEN:?}") } else { toml(&value) };
        Some(Effective { key, value: shown, origin })
    })
    .collect()
}

/// A value as TOML writes it, without passwords of URLs and without what hides in tables of a list.
fn toml(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{:?}", without_password(text)),
        Value::Char(_, one) => format!("{:?}", one.to_string()),
        Value::Bool(_, truth) => truth.to_string(),
        Value::Num(_, number) => digits(*number),
        Value::Empty(..) => "\"\"".to_owned(),
        Value::Array(_, values) => format!("[{}]", values.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Dict(_, dict) if dict.is_empty() => "{}".to_owned(),
        Value::Dict(_, dict) => {
            let pairs = dict.iter().map(|(name, value)| match is_secret(name) {
                true => format!("{name} = {HIDDEN:?}"),
                false => format!("{name} = {}", toml(value)),
            });
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

fn digits(number: Num) -> String {
    match number {
        Num::F32(number) => number.to_string(),
        Num::F64(number) => number.to_string(),
        number => match (number.to_u128(), number.to_i128()) {
            (Some(number), _) => number.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn shown(text: &str, key: &str) -> (String, Origin) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let found = effective(Some(file.path())).into_iter().find(|one| one.key == key);
        let found = found.unwrap_or_else(|| panic!("{key}"));
        let origin = match found.origin {
            Origin::File(path, line) if path == file.path() => Origin::File("f".into(), line),
            other => other,
        };
        (found.value, origin)
    }

    fn check(text: &str, key: &str, value: &str, line: Option<usize>) {
        let origin = line.map_or(Origin::Default, |line| Origin::File("f".into(), line));
        assert_eq!(shown(text, key), (value.to_owned(), origin), "{key}");
    }

    #[test]
    fn each_value_has_its_source() {
        check("", "server.port", "8080", None);
        check("[server]\nport = 9", "server.port", "9", Some(2));
        check("", "server.address", "\"127.0.0.1\"", None);
        check("", "outbound.ports", "[443, 8443]", None);
        check("", "verification.guessing_share", "0.5", None);
        check("[rules]\norder-missing = \"off\"", "rules.order-missing", "\"off\"", Some(2));
        check("[routing.providers.a]\nqueue = 3", "routing.providers.a.queue", "3", Some(2));
    }

    #[test]
    fn no_secret_is_shown() {
        let url = "postgres://u:hunter2@h/d";
        check(
            &format!("[database]\nurl = \"{url}\""),
            "database.url",
            "\"postgres://u:(hidden)@h/d\"",
            Some(2),
        );
    }
}
