//! Who asks, and what they may do.

mod caller;
mod invitation;
mod key;
mod permission;
mod role;

use serde::Deserialize;

pub use caller::Caller;
pub use caller::GATEWAY;
pub use caller::OPERATOR;
pub use caller::Sight;
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
pub use permission::Permission;
pub use permission::Permissions;
pub use role::Role;

/// Who is let in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who may ask us to verify.
    pub vrs: VrsAccess,
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
