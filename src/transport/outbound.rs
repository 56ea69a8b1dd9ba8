//! The one connector: asks a partner over HTTPS, and comes back with an answer within limits, or a reason.

use std::error::Error as StdError;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use reqwest::Body;
use reqwest::Certificate;
use reqwest::Client;
use reqwest::ClientBuilder;
use reqwest::Response;
use reqwest::Url;
use reqwest::dns::Resolve;
use reqwest::header::ACCEPT_ENCODING;
use reqwest::redirect;
use thiserror::Error;

use crate::transport::Secrets;
use crate::transport::Settings;
use crate::transport::address::Reach;
use crate::transport::crypto;
use crate::transport::folder::Folders;
use crate::transport::resolver::Judging;
use crate::transport::resolver::NameError;
use crate::transport::resolver::System;
use crate::transport::target;

/// Headers that an answer may have.
const MOST_HEADERS: usize = 100;

/// Bytes that the headers of an answer may have: a credential can exceed 8 KiB.
const MOST_HEADER_BYTES: usize = 65_536;

/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);

/// How long a partner may ask to be left alone.
const MOST_PATIENCE: TimeDelta = TimeDelta::days(1);

/// What is done with the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

/// One request to a partner.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is done.
    pub method: Method,
    /// Where: `https`, percent-encoded.
    pub url: String,
    /// Headers by name and value.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// How long all of it may take: name, connection, TLS, answer.
    pub deadline: Duration,
    /// Bytes that the body of the answer may have.
    pub most_bytes: usize,
}

/// What a partner answered; a redirect is an answer like any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers by name, in lower case, and value; bytes that are no UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// How long from now on it asks not to be asked again, a day at most: `Retry-After`, seconds or a date (RFC 9110, 10.2.3).
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let said = self.header("retry-after")?.trim();
        let after = match said.parse::<u32>() {
            Ok(seconds) => TimeDelta::seconds(i64::from(seconds)),
            Err(_) => DateTime::parse_from_rfc2822(said).ok()?.to_utc() - now,
        };
        (after > TimeDelta::zero()).then(|| after.min(MOST_PATIENCE))
    }
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum OutboundError {
    /// The URL is not one that is called; no connection was tried.
    #[error("not called: {0}")]
    Refused(String),
    /// The host is at an address that is not called; no connection was tried.
    #[error("not called: {host} is at {address}, {why}")]
    Address {
        /// The host of the URL.
        host: String,
        /// The address.
        address: IpAddr,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The host has no address, or nothing takes a connection there; the request was not sent.
    #[error("no connection: {0}")]
    Connect(String),
    /// The other side cannot prove who it is, or speaks no TLS that we do; the request was not sent.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The deadline passed; the request may have arrived.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The body, or the headers, are longer than this many bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// The connection broke, or what came is no HTTP; the request may have arrived.
    #[error("the answer broke off: {0}")]
    Broken(String),
    /// A setting under `[outbound]` cannot be used.
    #[error("outbound.{0}")]
    Setting(String),
}

/// Calls partners. Clones share their connections.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    client: Client,
    names: Arc<dyn Resolve>,
    settings: Settings,
}

impl Outbound {
    /// A connector with these settings; opens no connection yet.
    ///
    /// Fails where a file of `roots` cannot be read or holds no certificate.
    pub fn new(settings: &Settings) -> Result<Outbound, OutboundError> {
        Outbound::resolving(settings, Arc::new(System))
    }

    fn resolving(settings: &Settings, names: Arc<dyn Resolve>) -> Result<Outbound, OutboundError> {
        crypto::use_ring();
        let mut roots = Vec::new();
        for path in &settings.roots {
            roots.extend(authorities(path)?);
        }
        let reach = Reach { loopback: settings.allow_loopback, private: false };
        let resolver = Arc::new(Judging { names: Arc::clone(&names), reach });
        let builder = || limited(settings).dns_resolver(Arc::clone(&resolver));
        let client = match builder().tls_certs_merge(roots.clone()).build() {
            Ok(client) => client,
            Err(error) if roots.is_empty() => {
                tracing::warn!(
                    error = cause(&error),
                    "no certificate authority is known, so that no partner can be called; install those of the system, \
                     or name some in outbound.roots"
                );
                builder().tls_certs_only([]).build().map_err(unusable)?
            }
            Err(error) => return Err(unusable(error)),
        };
        Ok(Outbound(Arc::new(Inner { client, names, settings: settings.clone() })))
    }

    /// Sends one request and takes the answer. Nothing is tried again.
    pub async fn send(&self, mut call: Call) -> Result<Reply, OutboundError> {
        let body = call.body.take().map(Body::from);
        self.send_with(call, body).await
    }

    /// Sends one request with this body instead of its own.
    pub(super) async fn send_with(&self, call: Call, body: Option<Body>) -> Result<Reply, OutboundError> {
        let url = target::checked(&call.url, &self.0.settings)?;
        let deadline = call.deadline;
        match tokio::time::timeout(deadline, self.exchange(url, call, body)).await {
            Ok(answered) => answered,
            Err(_) => Err(OutboundError::Timeout(deadline)),
        }
    }

    /// How partners are called.
    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The secrets that channels name.
    pub(super) fn secrets(&self) -> Secrets {
        Secrets::new(&self.0.settings.secrets)
    }

    /// The folders of this machine that channels exchange files in.
    pub fn folders(&self) -> Folders {
        Folders::new(&self.0.settings.folders)
    }

    /// Who resolves names.
    pub(super) fn names(&self) -> &Arc<dyn Resolve> {
        &self.0.names
    }

    async fn exchange(&self, url: Url, call: Call, body: Option<Body>) -> Result<Reply, OutboundError> {
        let mut request = match call.method {
            Method::Get => self.0.client.get(url),
            Method::Post => self.0.client.post(url),
        };
        // Compressed answers are not read, so that none can unfold beyond the limit.
        request = request.header(ACCEPT_ENCODING, "identity");
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| told(&error, call.deadline))?;
        answer(response, call.most_bytes, call.deadline).await
    }
}

fn limited(settings: &Settings) -> ClientBuilder {
    let most_header_bytes = u32::try_from(MOST_HEADER_BYTES).unwrap_or(u32::MAX);
    Client::builder()
        .user_agent(concat!("epcgate/", env!("CARGO_PKG_VERSION")))
        .https_only(true)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .retry(reqwest::retry::never())
        .http1_max_headers(MOST_HEADERS)
        .http2_max_header_list_size(most_header_bytes)
        .connect_timeout(Duration::from_secs(settings.connect_seconds.max(1)))
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(settings.idle_per_host)
}

fn unusable(error: reqwest::Error) -> OutboundError {
    OutboundError::Setting(format!("roots: {}", cause(&error)))
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, OutboundError> {
    let unusable = |why: String| OutboundError::Setting(format!("roots: {}: {why}", path.display()));
    let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(cause(&error)))?;
    if found.is_empty() {
        return Err(unusable("there is no certificate in PEM form in it".to_owned()));
    }
    Ok(found)
}

async fn answer(
    mut response: Response,
    most_bytes: usize,
    deadline: Duration,
) -> Result<Reply, OutboundError> {
    let status = response.status().as_u16();
    let headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    if headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MOST_HEADER_BYTES {
        return Err(OutboundError::TooLarge(MOST_HEADER_BYTES));
    }
    let most = u64::try_from(most_bytes).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|announced| announced > most) {
        return Err(OutboundError::TooLarge(most_bytes));
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| told(&error, deadline))? {
        if body.len() + part.len() > most_bytes {
            return Err(OutboundError::TooLarge(most_bytes));
        }
        body.extend_from_slice(&part);
    }
    Ok(Reply { status, headers, body })
}

impl From<NameError> for OutboundError {
    fn from(error: NameError) -> OutboundError {
        match error {
            NameError::Forbidden { host, address, why } => OutboundError::Address { host, address, why },
            NameError::Unknown { .. } => OutboundError::Connect(error.to_string()),
        }
    }
}

/// What an error of the client means to us.
fn told(error: &reqwest::Error, deadline: Duration) -> OutboundError {
    for cause in causes(error) {
        if let Some(named) = cause.downcast_ref::<NameError>() {
            return OutboundError::from(named.clone());
        }
        if let Some(tls) = cause.downcast_ref().and_then(secured) {
            return OutboundError::Tls(tls.to_string());
        }
    }
    if error.is_builder() {
        OutboundError::Refused(cause(error))
    } else if error.is_connect() {
        OutboundError::Connect(cause(error))
    } else if error.is_timeout() {
        OutboundError::Timeout(deadline)
    } else {
        OutboundError::Broken(cause(error))
    }
}

/// The failure of TLS inside one of reading or writing, which may hold another of those.
fn secured(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner.downcast_ref().or_else(|| secured(inner.downcast_ref()?))
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The innermost reason; the outer ones only say that there is one, and name the URL.
fn cause(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests;
