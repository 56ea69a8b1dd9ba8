//! Bearer: what lets us use the wallet, from a file or from an authorisation server (OAuth 2.0, RFC 6749 section 4.4).

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::transport::Call;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::verify::credential::CredentialError;
use crate::verify::credential::Settings;

/// How long before its end a token is given up.
const MARGIN: Duration = Duration::from_secs(30);

/// How long a token is kept whose end is not said.
const UNSAID: Duration = Duration::from_secs(300);

/// Bytes of an answer of the authorisation server.
const MOST_BYTES: usize = 65_536;

/// Has a token ready.
pub(super) struct Bearer {
    settings: Settings,
    outbound: Outbound,
    kept: Mutex<Option<(String, Instant)>>,
}

impl Bearer {
    pub(super) fn new(settings: &Settings, outbound: &Outbound) -> Bearer {
        Bearer { settings: settings.clone(), outbound: outbound.clone(), kept: Mutex::new(None) }
    }

    /// The value of `Authorization`; `None` where the wallet asks for none. `anew` gives up a token that was refused.
    pub(super) async fn authorization(&self, anew: bool) -> Result<Option<String>, CredentialError> {
        let settings = &self.settings;
        if !settings.token_url.is_empty() {
            return Ok(Some(format!("Bearer {}", self.granted(anew).await?)));
        }
        if settings.token_file.as_os_str().is_empty() {
            return Ok(None);
        }
        // Read each time, so that a new token needs no restart.
        Ok(Some(format!("Bearer {}", secret("token_file", &settings.token_file)?)))
    }

    async fn granted(&self, anew: bool) -> Result<String, CredentialError> {
        let mut kept = self.kept.lock().await;
        if let Some((token, end)) = kept.as_ref().filter(|_| !anew)
            && Instant::now() < *end
        {
            return Ok(token.clone());
        }
        let reply = self.outbound.send(self.call()?).await?;
        if reply.status != 200 {
            return Err(CredentialError::Access(format!("status {}", reply.status)));
        }
        let (token, life) = grant(&reply.body).map_err(|why| CredentialError::Access(why.to_owned()))?;
        *kept = Some((token.clone(), Instant::now() + life));
        Ok(token)
    }

    fn call(&self) -> Result<Call, CredentialError> {
        let settings = &self.settings;
        let proof = secret("client_secret_file", &settings.client_secret_file)?;
        let both = format!("{}:{}", form(&settings.client_id), form(&proof));
        Ok(Call {
            method: Method::Post,
            url: settings.token_url.clone(),
            headers: vec![
                ("Authorization".to_owned(), format!("Basic {}", BASE64_STANDARD.encode(both))),
                ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
                ("Accept".to_owned(), "application/json".to_owned()),
            ],
            body: Some(b"grant_type=client_credentials".to_vec()),
            deadline: Duration::from_secs(settings.seconds.max(1)),
            most_bytes: MOST_BYTES,
        })
    }
}

/// A file's first line, which may stand in a header.
fn secret(key: &'static str, file: &Path) -> Result<String, CredentialError> {
    let fault = |why: String| CredentialError::Secret { key, file: file.display().to_string(), why };
    let text = std::fs::read_to_string(file).map_err(|error| fault(error.to_string()))?;
    let text = text.trim();
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| text.to_owned()).ok_or_else(|| fault("it must hold one word of ASCII".to_owned()))
}

/// The token of an answer, and how long it is used.
fn grant(body: &[u8]) -> Result<(String, Duration), &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "the answer is no JSON")?;
    let token = body.get("access_token").and_then(Value::as_str).ok_or("the answer has no access_token")?;
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the access_token cannot stand in a header");
    }
    let seconds =
        body.get("expires_in").and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
    let life = seconds.map_or(UNSAID, |seconds| Duration::from_secs(seconds.min(86_400)));
    Ok((token.to_owned(), life.saturating_sub(MARGIN)))
}

/// Percent-encoded, as both halves of the credentials must be (RFC 6749, section 2.3.1).
fn form(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn check(body: &str, expected: Result<u64, &str>) {
        let found = grant(body.as_bytes()).map(|(token, life)| {
            assert_eq!(token, "t");
            life.as_secs()
        });
        match expected {
            Ok(seconds) => assert_eq!(found, Ok(seconds)),
            Err(words) => assert!(found.unwrap_err().contains(words)),
        }
    }

    #[test]
    fn a_grant_is_kept_until_shortly_before_its_end() {
        check(r#"{"access_token":"t","expires_in":3600}"#, Ok(3570));
        check(r#"{"access_token":"t","expires_in":"90"}"#, Ok(60));
        check(r#"{"access_token":"t"}"#, Ok(270));
        check(r#"{"access_token":"t","expires_in":5}"#, Ok(0));
        check(r#"{"access_token":"a\r\nb"}"#, Err("header"));
        check(r#"{"error":"invalid_client"}"#, Err("no access_token"));
        check("<html>", Err("no JSON"));
    }

    #[test]
    fn a_secret_is_one_word() {
        let file = |text: &str| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file
        };
        assert_eq!(secret("token_file", file(" abc.def\n").path()).unwrap(), "abc.def");
        for bad in ["", "\n", "a b", "a\r\nX-Evil: 1", "é"] {
            let error = secret("token_file", file(bad).path()).unwrap_err().to_string();
            assert!(error.contains("credentials.token_file") && error.contains("one word"), "{error}");
        }
        let error = secret("client_secret_file", Path::new("none/such")).unwrap_err().to_string();
        assert!(error.contains("none/such"), "{error}");
        assert_eq!(form("a:b c%"), "a%3Ab%20c%25");
    }
}
