//! What a channel over SFTP says of the partner's server.

use russh::keys::Algorithm;
use russh::keys::HashAlg;
use russh::keys::PublicKey;
use russh::keys::ssh_key::Fingerprint;
use serde::Deserialize;
use serde::Serialize;

use crate::transport::convention::DropOff;
use crate::transport::convention::PickUp;

/// A partner's server, and what is picked up and dropped off there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    #[serde(default = "port")]
    pub port: u16,
    /// Who we are there.
    pub user: String,
    /// Keys that the server may prove itself by, and no other: fingerprints as `ssh-keygen -l` prints them (`SHA256:…`), or
    /// public keys as in `known_hosts` (`ssh-ed25519 AAAA…`). Two while it changes its key.
    pub host_keys: Vec<String>,
    /// Name of the secret with our private key; empty for none.
    #[serde(default)]
    pub key: String,
    /// Name of the secret with the passphrase of that key; empty for none.
    #[serde(default)]
    pub passphrase: String,
    /// Name of the secret with our password; empty for none.
    #[serde(default)]
    pub password: String,
    /// How files come from the partner.
    #[serde(default)]
    pub pick_up: Option<PickUp>,
    /// How files go to the partner.
    #[serde(default)]
    pub drop_off: Option<DropOff>,
}

fn port() -> u16 {
    22
}

/// A key that a server is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostKey {
    /// Its SHA-256.
    pub(super) fingerprint: Fingerprint,
    /// What is asked of the server; `None` where only the fingerprint is known.
    pub(super) algorithm: Option<Algorithm>,
}

impl Settings {
    /// Judges the settings by themselves.
    pub fn check(&self) -> Result<(), String> {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        if self.host.is_empty() || self.host.len() > 253 || !self.host.chars().all(letter) {
            return Err("host: it must be the name or address of a server".to_owned());
        }
        if self.user.is_empty() || self.user.len() > 255 || self.user.chars().any(char::is_control) {
            return Err("user: it must be the name that we sign in by".to_owned());
        }
        self.known()?;
        if self.key.is_empty() && self.password.is_empty() {
            return Err("key, password: one of them must name a secret that we sign in by".to_owned());
        }
        if self.pick_up.is_none() && self.drop_off.is_none() {
            return Err("pick_up, drop_off: at least one must say what the channel is for".to_owned());
        }
        self.pick_up.as_ref().map_or(Ok(()), PickUp::check)?;
        self.drop_off.as_ref().map_or(Ok(()), DropOff::check)
    }

    /// The keys that the server is known by.
    pub(super) fn known(&self) -> Result<Vec<HostKey>, String> {
        if self.host_keys.is_empty() {
            return Err("host_keys: the key of the server must be known beforehand; ask the partner for its fingerprint, as \
                        `ssh-keygen -l` prints it"
                .to_owned());
        }
        self.host_keys.iter().map(|text| host_key(text.trim())).collect()
    }
}

fn host_key(text: &str) -> Result<HostKey, String> {
    if let Ok(fingerprint @ Fingerprint::Sha256(_)) = text.parse::<Fingerprint>() {
        return Ok(HostKey { fingerprint, algorithm: None });
    }
    match PublicKey::from_openssh(text) {
        Ok(key) => {
            Ok(HostKey { fingerprint: key.fingerprint(HashAlg::Sha256), algorithm: Some(key.algorithm()) })
        }
        Err(_) => Err(format!(
            "host_keys: {text:?} is no fingerprint (`SHA256:` and 43 letters) and no public key (`ssh-ed25519 AAAA…`)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOyVoqpJaujpYIiXQ+g5YKWTEf6FCqLDNyTQX8gCNzrw";
    const PRINT: &str = "SHA256:5xtpxmb4ZL1BewYJbC+461lUCRzeOMU7jbvnPx78K9k";

    fn read(change: &str) -> Result<Settings, String> {
        let mut value = serde_json::json!({
            "host": "sftp.example.com", "user": "us", "key": "acme", "host_keys": [PRINT],
            "drop_off": { "folder": "in" },
        });
        let change: serde_json::Value = serde_json::from_str(change).unwrap();
        value.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let settings: Settings = serde_json::from_value(value).map_err(|error| error.to_string())?;
        settings.check().map(|()| settings)
    }

    fn check(change: &str, expected: &str) {
        let fault = read(change).unwrap_err();
        assert!(fault.contains(expected), "{change}: {fault}");
    }

    #[test]
    fn a_server_is_known_by_its_key() {
        let known =
            read(&format!(r#"{{"host_keys":["{PRINT}","{KEY} a comment"]}}"#)).unwrap().known().unwrap();
        assert_eq!(known[0].fingerprint.to_string(), PRINT);
        assert_eq!((known[0].fingerprint, known[0].algorithm.clone()), (known[1].fingerprint, None));
        assert_eq!(known[1].algorithm, Some(Algorithm::Ed25519));
        check(r#"{"host_keys":[]}"#, "known beforehand");
        check(r#"{"host_keys":["MD5:16:27"]}"#, "no fingerprint");
        check(r#"{"host_keys":["*"]}"#, "no fingerprint");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        check(r#"{"host":""}"#, "host:");
        check(r#"{"host":"a b"}"#, "host:");
        check(r#"{"host":"sftp://a"}"#, "host:");
        check(r#"{"user":""}"#, "user:");
        check(r#"{"key":""}"#, "password");
        check(r#"{"drop_off":null}"#, "pick_up");
        check(r#"{"pick_up":{"folder":"../x"}}"#, "pick_up.folder");
        check(r#"{"colour":"red"}"#, "colour");
    }
}
