//! Bytes to and from a partner, and the one place that opens a connection: [`Outbound`].
//!
//! Whom we call is written in what partners send or agree with us (addresses of responders, of wallets, of subscribers), so each
//! address is treated as hostile: `https` alone, ports of a list, no redirect, no proxy, and never an address of a
//! network that is not the public internet — whatever a name resolves to, and however often it changes its mind.

mod address;
pub mod as2;
mod certificate;
pub mod channel;
pub mod convention;
mod crypto;
mod dial;
mod file_name;
mod flow;
pub mod folder;
pub mod https;
pub mod mail;
mod outbound;
mod probe;
mod resolver;
mod secret;
mod secrets;
pub mod sftp;
mod target;
mod upload;
pub mod webhook;

use std::path::PathBuf;

use serde::Deserialize;

pub use certificate::CertificateError;
pub use certificate::CertificateFacts;
pub use certificate::certificates_in;
pub use certificate::chain_in;
pub use channel::Cargo;
pub use channel::Channel;
pub use channel::ChannelFault;
pub use channel::PartnerChannel;
pub use crypto::random;
pub use crypto::use_ring;
pub use file_name::BadName;
pub use file_name::FileName;
pub use flow::Inlet;
pub use flow::Outlet;
pub use flow::flow;
pub use mail::Letter;
pub use mail::MailError;
pub use mail::Mailer;
pub use mail::is_mail_address;
pub use outbound::Call;
pub use outbound::Method;
pub use outbound::Outbound;
pub use outbound::OutboundError;
pub use outbound::Reply;
pub use probe::Probe;
pub use secret::SecretError;
pub use secret::secret;
pub use secret::secret_place;
pub use secrets::ChannelSecretError;
pub use secrets::Secrets;

/// How partners are called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Lets addresses of this machine be called, on any port; for tests.
    pub allow_loopback: bool,
    /// PEM files of certificate authorities that are trusted besides those of the system.
    pub roots: Vec<PathBuf>,
    /// Ports that are called.
    pub ports: Vec<u16>,
    /// Ports of SFTP servers that are called.
    pub sftp_ports: Vec<u16>,
    /// SFTP servers, by name or address as in their channels, that may be at a private address.
    pub sftp_private_hosts: Vec<String>,
    /// Seconds that each answer of an SFTP server may take.
    pub sftp_answer_seconds: u64,
    /// The folder with the secrets of channels, a file each; empty for the places of all secrets.
    pub secrets: PathBuf,
    /// Folders of this machine below which channels exchange files.
    pub folders: Vec<PathBuf>,
    /// Seconds until a connection must stand, TLS included.
    pub connect_seconds: u64,
    /// Idle connections kept for each host.
    pub idle_per_host: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            allow_loopback: false,
            roots: Vec::new(),
            ports: vec![443, 8443],
            sftp_ports: vec![22, 2222],
            sftp_private_hosts: Vec::new(),
            sftp_answer_seconds: 30,
            secrets: PathBuf::new(),
            folders: Vec::new(),
            connect_seconds: 5,
            idle_per_host: 8,
        }
    }
}
