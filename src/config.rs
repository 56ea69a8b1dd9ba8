//! Settings: the built-in `config/default.toml`, then a file, then the environment.

mod check;
mod effective;
mod environment;
mod files;
mod judge;
mod layers;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;

use crate::access;
use crate::api;
use crate::audit;
use crate::capture;
use crate::dscsa::NoSeverity;
use crate::dscsa::RuleOverrides;
use crate::exchange;
use crate::export;
use crate::notices;
use crate::onboard;
use crate::reconcile::cases;
use crate::reconcile::receipt;
use crate::returns;
use crate::store;
use crate::transport;
use crate::transport::mail;
use crate::verify::credential;
use crate::verify::policy;
use crate::verify::routing;

pub use check::SettingFault;
pub use check::checked;
pub use effective::Effective;
pub use effective::effective;
pub use layers::Origin;

/// Every setting with its default and what it means.
pub const MANUAL: &str = include_str!("../config/default.toml");

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[server]`.
    pub server: Server,
    /// `[tls]`.
    pub tls: Tls,
    /// `[database]`.
    pub database: Database,
    /// `[store]`.
    pub store: store::Settings,
    /// `[capture]`.
    pub capture: capture::Settings,
    /// `[limits]`.
    pub limits: capture::Limits,
    /// `[receiving]`.
    pub receiving: receipt::Settings,
    /// `[api]`.
    pub api: api::Settings,
    /// `[access]`.
    pub access: access::Settings,
    /// `[audit]`.
    pub audit: audit::Settings,
    /// `[export]`.
    pub export: export::Settings,
    /// `[rules]`: the severity of rules, by their identifiers.
    #[serde(default)]
    pub rules: BTreeMap<String, String>,
    /// `[exceptions]`.
    pub exceptions: cases::Settings,
    /// `[partners]`.
    pub partners: onboard::Settings,
    /// `[routing]`.
    pub routing: routing::Settings,
    /// `[verification]`.
    pub verification: policy::Settings,
    /// `[credentials]`.
    pub credentials: credential::Settings,
    /// `[exchange]`.
    pub exchange: exchange::Settings,
    /// `[as2]`.
    pub as2: transport::as2::OwnSettings,
    /// `[returns]`.
    pub returns: returns::Settings,
    /// `[outbound]`.
    pub outbound: transport::Settings,
    /// `[mail]`.
    pub mail: mail::Settings,
    /// `[notices]`.
    pub notices: notices::Settings,
    /// `[log]`.
    pub log: Log,
}

/// Where and how requests are served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port; 0 for any that is free.
    pub port: u16,
    /// Threads that serve requests.
    pub threads: usize,
    /// Connections held at one time by each thread.
    pub connections: usize,
    /// Seconds that requests under way may take to end when the gateway stops.
    pub stop_seconds: u64,
}

/// How the server proves who it is, and whose certificates it takes for proof.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate and those between it and its authority; empty for plain HTTP.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
    /// PEM file of the authority that devices install from the page `/authority`; empty where there is none.
    pub authority: PathBuf,
    /// PEM files of the authorities by which certificates of clients are judged; none where none are asked for.
    pub client_authorities: Vec<PathBuf>,
}

/// Where everything is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// A path, `sqlite:path`, or `postgres://…`; empty for the file in the data folder.
    pub url: String,
    /// File with the password for PostgreSQL; empty where the URL or libpq has it.
    pub password_file: PathBuf,
    /// The same database for the owner of its tables, who alone changes them; empty where that is the user of `url`.
    pub owner_url: String,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level, or directives such as `info,access=warn`.
    pub level: String,
    /// The form of a line.
    pub form: LogForm,
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogForm {
    /// For people on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A setting that is unknown or cannot be read; names its key and where it stands.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ConfigError(Box<figment::Error>);

impl Settings {
    /// How documents are captured and judged; fails where `[rules]` has a word that is no severity.
    pub fn policy(&self) -> Result<capture::Policy, NoSeverity> {
        let mut overrides = RuleOverrides::default();
        for (rule, word) in &self.rules {
            overrides.set(rule, word)?;
        }
        Ok(capture::Policy { limits: self.limits.clone(), overrides, cases: self.exceptions.clone() })
    }

    /// Where partners reach this gateway, without a slash at its end: what `[partners]` says, else where it listens.
    pub fn public_address(&self) -> String {
        let said = self.partners.address.trim_end_matches('/');
        if !said.is_empty() {
            return said.to_owned();
        }
        let scheme = if self.tls.certificate.as_os_str().is_empty() { "http" } else { "https" };
        format!("{scheme}://{}", SocketAddr::new(self.server.address, self.server.port))
    }

    /// How questions are routed; who asks is, where nothing else is said, who we are in messages to partners.
    pub fn routing(&self) -> routing::Settings {
        let mut routing = self.routing.clone();
        if routing.requester.is_empty() {
            routing.requester.clone_from(&self.exceptions.gln);
        }
        routing
    }

    /// Reads the defaults, then `file`, then `EPCGATE_SECTION__KEY` of the environment, each over the one before.
    ///
    /// Fails on a key that does not exist, naming it and its file.
    pub fn read(file: Option<&Path>) -> Result<Settings, ConfigError> {
        layers::merged(file).extract().map_err(|error| ConfigError(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn with(text: &str) -> Result<Settings, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Settings::read(Some(file.path())).map_err(|error| error.to_string())
    }

    #[test]
    fn the_manual_sets_everything() {
        let settings = Settings::read(None).unwrap();
        assert!(settings.server.address.is_loopback());
        let limits = capture::Limits::default();
        assert_eq!(format!("{:?}", settings.limits), format!("{limits:?}"));
        let credentials = credential::Settings::default();
        assert_eq!(format!("{:?}", settings.credentials), format!("{credentials:?}"));
        assert_eq!(settings.partners, onboard::Settings::default());
        let mail = mail::Settings::default();
        assert_eq!(format!("{:?}", settings.mail), format!("{mail:?}"));
        let notices = notices::Settings::default();
        assert_eq!(format!("{:?}", settings.notices), format!("{notices:?}"));
        let exchange = exchange::Settings::default();
        assert_eq!(format!("{:?}", settings.exchange), format!("{exchange:?}"));
        let own = transport::as2::OwnSettings::default();
        assert_eq!(format!("{:?}", settings.as2), format!("{own:?}"));
        let outbound = transport::Settings::default();
        assert_eq!(format!("{:?}", settings.outbound), format!("{outbound:?}"));
    }

    #[test]
    fn a_file_stands_over_the_defaults() {
        assert_eq!(with("[server]\nport = 99").unwrap().server.port, 99);
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = with("[server]\nprot = 99").unwrap_err();
        assert!(error.contains("prot") && error.contains("tmp"), "{error}");
        let error = with("[sever]\nport = 99").unwrap_err();
        assert!(error.contains("sever"), "{error}");
    }
}
