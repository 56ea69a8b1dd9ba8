//! The environment as a source of settings: `EPCGATE_SECTION__KEY`, read by the type that the setting has.

use figment::Error;
use figment::Figment;
use figment::Metadata;
use figment::Profile;
use figment::Provider;
use figment::providers::Env;
use figment::value::Dict;
use figment::value::Map;
use figment::value::Value;

/// Begins the names of environment variables that are settings.
pub(super) const PREFIX: &str = "EPCGATE_";

/// What the environment says. A setting that is text in the built-in settings is text here too: a GLN of digits alone keeps
/// its leading zero and needs no quotation marks.
pub(super) struct Environment {
    variables: Env,
    defaults: Figment,
}

impl Environment {
    /// The variables of this process, over these built-in settings.
    pub(super) fn over(defaults: Figment) -> Environment {
        let variables = Env::prefixed(PREFIX).filter(|key| key.as_str().contains("__")).split("__");
        Environment { variables, defaults }
    }

    /// True where the built-in setting of this key is text.
    fn is_text(&self, key: &str) -> bool {
        matches!(self.defaults.find_value(key), Ok(Value::String(..)))
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        self.variables.metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut data = self.variables.data()?;
        for (key, said) in self.variables.iter() {
            let (key, said) = (key.as_str(), said.trim());
            if self.is_text(key) && !is_quoted(said) {
                let settings = data.entry(Profile::Default).or_default();
                put(settings, key, said);
            }
        }
        Ok(data)
    }
}

/// Quotation marks are no part of the text, as in a file.
fn is_quoted(said: &str) -> bool {
    matches!(said.parse::<Value>(), Ok(Value::String(_, text)) if text != said)
}

/// Puts a text where a dotted key leads, where something stands there.
fn put(settings: &mut Dict, key: &str, text: &str) {
    match key.split_once('.') {
        Some((table, rest)) => {
            if let Some(Value::Dict(_, inner)) = settings.get_mut(table) {
                put(inner, rest, text);
            }
        }
        None => {
            settings.insert(key.to_owned(), Value::from(text));
        }
    }
}
