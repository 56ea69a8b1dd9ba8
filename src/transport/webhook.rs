//! Webhooks: signed messages to an HTTPS endpoint, as Standard Webhooks has them.
//!
//! `webhook-signature` has one HMAC-SHA256 for each secret, over the identifier, the time and the body, so that a secret can be
//! exchanged without a message being refused: the receiver takes any that fits.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use chrono::Utc;
use ring::hmac;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

use crate::transport::Call;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::OutboundError;
use crate::transport::Reply;
use crate::transport::channel::check_url;

/// How long an endpoint may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Bytes of an answer that are read.
const MOST_ANSWER: usize = 64 << 10;

/// What a secret begins with.
const MARK: &str = "whsec_";

/// Bytes that a secret has at least and at most.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where messages are posted to.
    pub url: String,
    /// Files with a secret each (`whsec_` and base64): one, or two while one is exchanged for the other.
    pub secrets: Vec<PathBuf>,
    /// Kinds of events that are sent, such as `capture.failed`, or `capture` for all of that subject; all where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
}

impl Settings {
    /// Whether an event of this kind is sent.
    pub fn wants(&self, event: &str) -> bool {
        let subject = event.split('.').next().unwrap_or_default();
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event || wanted == subject)
    }

    /// Judges the settings by themselves.
    pub(super) fn check(&self) -> Result<(), String> {
        check_url("url", &self.url)?;
        if self.secrets.is_empty() || self.secrets.len() > 2 {
            return Err(
                "secrets must name one file with a secret, or two while they are exchanged".to_owned()
            );
        }
        Ok(())
    }
}

/// A message to an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The same each time it is sent.
    pub id: &'a str,
    /// When it is sent this time.
    pub at: DateTime<Utc>,
    /// What it is, such as `application/json`.
    pub media_type: &'a str,
    /// What it says.
    pub body: &'a [u8],
}

/// Why a message was not sent.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// A file holds no secret.
    #[error("{path}: {why}", path = .0.display(), why = .1)]
    Secret(PathBuf, String),
    /// There was no answer.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

/// Posts a message; any answer is given back, and only one of the 200s means that it was taken.
pub async fn post(
    outbound: &Outbound,
    settings: &Settings,
    message: &Message<'_>,
) -> Result<Reply, WebhookError> {
    let mut keys = Vec::new();
    for path in &settings.secrets {
        keys.push(secret(path)?);
    }
    let headers = vec![
        ("Content-Type".to_owned(), message.media_type.to_owned()),
        ("webhook-id".to_owned(), message.id.to_owned()),
        ("webhook-timestamp".to_owned(), message.at.timestamp().to_string()),
        ("webhook-signature".to_owned(), signatures(&keys, message)),
    ];
    let call = Call {
        method: Method::Post,
        url: settings.url.clone(),
        headers,
        body: Some(message.body.to_vec()),
        deadline: DEADLINE,
        most_bytes: MOST_ANSWER,
    };
    Ok(outbound.send(call).await?)
}

/// `webhook-signature`: one signature for each key, with a space between them.
fn signatures(keys: &[hmac::Key], message: &Message<'_>) -> String {
    let head = format!("{}.{}.", message.id, message.at.timestamp());
    let signed = keys.iter().map(|key| {
        let mut context = hmac::Context::with_key(key);
        context.update(head.as_bytes());
        context.update(message.body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    });
    signed.collect::<Vec<_>>().join(" ")
}

fn secret(path: &Path) -> Result<hmac::Key, WebhookError> {
    let wrong = |why: &str| WebhookError::Secret(path.to_owned(), why.to_owned());
    let text = fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
    let digits = text.trim().strip_prefix(MARK).ok_or_else(|| wrong("a secret begins with whsec_"))?;
    let bytes = STANDARD.decode(digits).map_err(|_| wrong("what follows whsec_ is no base64"))?;
    if !SECRET_BYTES.contains(&bytes.len()) {
        return Err(wrong("a secret has 24 to 64 bytes"));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> hmac::Key {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, secret).unwrap();
        super::secret(&path).unwrap()
    }

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // The example of the libraries of Standard Webhooks.
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at: DateTime::from_timestamp(1_614_265_330, 0).unwrap(),
            media_type: "application/json",
            body: br#"{"test": 2432232314}"#,
        };
        let (first, second) =
            (key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), key(&format!("whsec_{}", "A".repeat(32))));
        let signed = signatures(std::slice::from_ref(&first), &message);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signatures(&[second, first], &message);
        assert!(both.ends_with(&format!(" {signed}")) && both.starts_with("v1,"), "{both}");
    }

    #[test]
    fn what_is_no_secret_is_told_without_telling_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for text in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%", "whsec_c2hvcnQ="] {
            fs::write(&path, text).unwrap();
            let told = secret(&path).unwrap_err().to_string();
            assert!(told.contains("secret") && !told.contains("c2hvcnQ"), "{told}");
        }
        assert!(secret(&folder.path().join("none")).is_err());
    }

    #[test]
    fn events_are_chosen_by_kind_or_subject() {
        let settings = |events: &[&str]| Settings {
            url: String::new(),
            secrets: Vec::new(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
        };
        assert!(settings(&[]).wants("capture.done") && settings(&["capture"]).wants("capture.done"));
        assert!(settings(&["capture.done"]).wants("capture.done"));
        assert!(!settings(&["capture.done", "hold"]).wants("capture.failed"));
    }
}
