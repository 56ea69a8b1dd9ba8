//! HTTPS: documents pushed to a partner's EPCIS 2.0 endpoint, and events pulled from it.

mod probe;
mod pull;
mod push;

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Url;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

use crate::transport::Call;
use crate::transport::ChannelSecretError;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::OutboundError;

pub use probe::probe;
pub use pull::Page;
pub use pull::Pull;
pub use pull::Wanted;
pub use pull::page;
pub use push::Parcel;
pub use push::Push;
pub use push::Pushed;
pub use push::push;

/// How long a question without a long body may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// A partner's EPCIS 2.0 endpoint, and what is done with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What `/capture` and `/events` stand after: `https://partner.example/epcis`.
    pub url: String,
    /// What we show there.
    #[serde(default)]
    pub authorization: Option<Authorization>,
    /// How documents go to the partner.
    #[serde(default)]
    pub push: Option<Push>,
    /// How events come from the partner.
    #[serde(default)]
    pub pull: Option<Pull>,
}

/// What we show to a partner; each names a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authorization {
    /// `Authorization: Bearer` with it.
    Bearer(String),
    /// A header of its own with it, such as `X-API-Key`.
    Header {
        /// The name of the header.
        name: String,
        /// The name of the secret.
        secret: String,
    },
}

/// Why nothing came or went.
#[derive(Debug, Error)]
pub enum HttpsError {
    /// What we show cannot be read.
    #[error(transparent)]
    Secret(#[from] ChannelSecretError),
    /// There was no answer.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The partner says no.
    #[error("{url} answered {status}: {said}")]
    Answer {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Its words.
        said: String,
        /// How long it asks to be left alone.
        after: Option<TimeDelta>,
    },
    /// The partner sends us elsewhere; what we show there is not meant for others.
    #[error("{0} is not at the host of the channel, and is not called")]
    Elsewhere(String),
    /// The partner took the document, and could not capture it.
    #[error("the partner's job {job} failed: {said}")]
    Failed {
        /// The URL of its job.
        job: String,
        /// Its words.
        said: String,
    },
    /// The partner took the document, and has not finished with it.
    #[error("the partner's job {job} has not ended within {} seconds", .within.as_secs())]
    Unfinished {
        /// The URL of its job.
        job: String,
        /// How long was waited.
        within: Duration,
    },
    /// What came is not what was asked for.
    #[error("{url}: {why}")]
    Content {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}

impl HttpsError {
    /// True where the partner would say the same of the same document another time.
    pub fn is_final(&self) -> bool {
        match self {
            HttpsError::Answer { status, .. } => matches!(status, 400 | 405 | 406 | 413 | 415 | 422),
            HttpsError::Failed { .. } => true,
            _ => false,
        }
    }

    /// How long the partner asks to be left alone, where it does.
    pub fn retry_after(&self) -> Option<TimeDelta> {
        match self {
            HttpsError::Answer { after, .. } => *after,
            _ => None,
        }
    }
}

impl Settings {
    /// Judges the settings by themselves.
    pub fn check(&self) -> Result<(), String> {
        match Url::parse(&self.url) {
            Ok(url) if url.scheme() != "https" => {
                return Err(format!("url: {} is not called, only https", url.scheme()));
            }
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                return Err("url: it must end with the path before /capture and /events".to_owned());
            }
            Ok(_) => {}
            Err(error) => return Err(format!("url: {:?} is no URL: {error}", self.url)),
        }
        if let Some(Authorization::Header { name, .. }) = &self.authorization {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if name.is_empty() || !name.bytes().all(letter) {
                return Err("authorization.header.name: it must be the name of a header, such as X-API-Key"
                    .to_owned());
            }
        }
        if self.push.is_none() && self.pull.is_none() {
            return Err("push, pull: at least one must say what the channel is for".to_owned());
        }
        self.push.as_ref().map_or(Ok(()), Push::check)?;
        self.pull.as_ref().map_or(Ok(()), Pull::check)
    }

    /// The URL of a resource of the endpoint.
    fn resource(&self, name: &str) -> String {
        format!("{}/{name}", self.url.trim_end_matches('/'))
    }

    /// A question without a body, with what we show.
    fn call(&self, outbound: &Outbound, method: Method, url: &str) -> Result<Call, HttpsError> {
        let mut headers = vec![
            (
                "Accept".to_owned(),
                "application/json, application/ld+json;q=0.9, application/problem+json;q=0.8".to_owned(),
            ),
            ("GS1-EPCIS-Max".to_owned(), "2.0.0".to_owned()),
            ("GS1-CBV-Max".to_owned(), "2.0.0".to_owned()),
        ];
        let secrets = outbound.secrets();
        match &self.authorization {
            Some(Authorization::Bearer(secret)) => {
                let token = secrets.read(secret)?;
                headers.push(("Authorization".to_owned(), format!("Bearer {}", token.expose_secret())));
            }
            Some(Authorization::Header { name, secret }) => {
                headers.push((name.clone(), secrets.read(secret)?.expose_secret().to_owned()));
            }
            None => {}
        }
        let url = url.to_owned();
        Ok(Call { method, url, headers, body: None, deadline: DEADLINE, most_bytes: 1 << 20 })
    }

    /// The URL that an answer of the endpoint names, where it is at the same host and port.
    fn own(&self, named: &str) -> Result<String, HttpsError> {
        let elsewhere = || HttpsError::Elsewhere(printable(named));
        let base = Url::parse(&self.url).map_err(|_| elsewhere())?;
        let url = base.join(named).map_err(|_| elsewhere())?;
        if url.origin() == base.origin() { Ok(url.into()) } else { Err(elsewhere()) }
    }
}

/// Words of the other side, on one line and not endless.
fn printable(text: &str) -> String {
    text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: &str) -> Result<Settings, String> {
        let mut value = serde_json::json!({ "url": "https://acme.example/epcis/", "push": {} });
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
    fn what_cannot_be_used_is_named() {
        check(r#"{"url":"http://acme.example/"}"#, "only https");
        check(r#"{"url":"acme"}"#, "no URL");
        check(r#"{"url":"https://acme.example/?a=b"}"#, "before /capture");
        check(r#"{"push":null}"#, "push");
        check(r#"{"authorization":{"header":{"name":"X Y","secret":"a"}}}"#, "X-API-Key");
        check(r#"{"authorization":{"basic":"a"}}"#, "basic");
        check(r#"{"pull":{"query":"perPage=7"}}"#, "perPage");
        check(r#"{"push":{"job_seconds":0}}"#, "job_seconds");
        assert_eq!(read("{}").unwrap().resource("capture"), "https://acme.example/epcis/capture");
    }

    #[test]
    fn a_job_is_at_the_host_that_we_called() {
        let settings = read("{}").unwrap();
        for (named, url) in [
            ("/epcis/capture/7", Some("https://acme.example/epcis/capture/7")),
            ("capture/7", Some("https://acme.example/epcis/capture/7")),
            ("https://acme.example:443/c/7", Some("https://acme.example/c/7")),
            ("https://acme.example:8443/c/7", None),
            ("https://evil.example/c/7", None),
            ("//evil.example/c/7", None),
            ("http://acme.example/c/7", None),
            ("file:///etc/passwd", None),
        ] {
            assert_eq!(settings.own(named).ok().as_deref(), url, "{named}");
        }
    }
}
