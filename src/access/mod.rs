//! Who asks, and what they may do.

mod caller;
mod certificate;
mod invitation;
mod key;
mod password;
mod patience;
mod permission;
mod person;
mod provider;
mod role;
mod routes;
mod session;

use serde::Deserialize;

pub use caller::Caller;
pub use caller::GATEWAY;
pub use caller::OPERATOR;
pub use caller::Sight;
pub use certificate::Fingerprint;
pub use certificate::PinnedCertificate;
pub use invitation::Invitation;
pub use invitation::InvitationRefusal;
pub use invitation::InvitationToken;
pub use invitation::Quota;
pub use key::ApiKey;
pub use key::KeyFault;
pub use key::KeyRefusal;
pub use key::KeyText;
pub use key::Revocation;
pub use key::Scope;
pub use key::SpeaksFor;
pub use password::LEAST as PASSWORD_LEAST;
pub use password::fits as password_fits;
pub use password::keep as password_kept;
pub use patience::Patience;
pub use permission::Permission;
pub use permission::Permissions;
pub use person::Identity;
pub use person::Person;
pub use person::PersonFault;
pub use person::PersonRefusal;
pub use provider::Believed;
pub use provider::Provider;
pub use provider::ProviderError;
pub use provider::ProviderSettings;
pub use provider::Secrets;
pub use role::Role;
pub use routes::Need;
pub use routes::PAGES;
pub use routes::ROUTES;
pub use routes::Route;
pub use routes::Way;
pub use routes::way;
pub use session::FormToken;
pub use session::OneTimeLink;
pub use session::Session;
pub use session::SignIn;
pub use session::Token;

/// The cookie of who is signed in; a browser takes one of this name only for this host alone, and over HTTPS.
pub const SESSION_COOKIE: &str = "__Host-epcgate";

/// Who is let in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whether everybody proves who they are.
    pub mode: Mode,
    /// Who may ask us to verify.
    pub vrs: VrsAccess,
    /// The address that people reach this gateway at, for links and for coming back from a provider; empty where it is the one
    /// that is listened on.
    pub url: String,
    /// Minutes without a request after which somebody has to sign in again.
    pub idle_minutes: u32,
    /// Hours after which they have to in any case.
    pub session_hours: u32,
    /// Days after which a station has to be signed in again.
    pub station_days: u32,
    /// OpenID providers that people sign in with.
    pub providers: Vec<ProviderSettings>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            mode: Mode::default(),
            vrs: VrsAccess::default(),
            url: String::new(),
            idle_minutes: 60,
            session_hours: 12,
            station_days: 90,
            providers: Vec::new(),
        }
    }
}

/// Whether everybody proves who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Whoever reaches us at a loopback address of this machine is its operator.
    #[default]
    Open,
    /// Everybody does.
    Closed,
}

/// Why somebody is shown no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// Nobody has signed in.
    NotSignedIn,
    /// Who has signed in may not.
    NotPermitted,
    /// It is not asked from this machine, or another site sends it.
    NotFromHere,
    /// There is no such page.
    Nowhere,
}

/// Who may ask us to verify product identifiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VrsAccess {
    /// Whoever has an API key.
    #[default]
    Keys,
    /// Anyone.
    Open,
}
