//! Invitations of partners and what is decided about them, in JSON.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// What an invitation is asked for with; everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InviteRequest {
    /// Name of the partner, where it is new.
    pub name: Option<String>,
    /// Days that it is good for.
    pub days: Option<u32>,
    /// Test files that may be tried.
    pub uploads: Option<u64>,
    /// Bytes, uncompressed, that may be tried.
    pub bytes: Option<u64>,
}

/// Why something is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WhyRequest {
    /// Why; may be empty.
    pub reason: String,
}

/// An invitation as shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationForm {
    /// Its name, which is no secret.
    pub id: String,
    /// The partner invited.
    pub partner: String,
    /// The link to be sent to the partner; shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// `good`, `expired`, `revoked` or `used-up`.
    pub state: String,
    /// RFC 3339.
    pub made_at: String,
    /// Who made it.
    pub made_by: String,
    /// RFC 3339.
    pub expires: String,
    /// Test files tried, and how many may be.
    pub uploads: u64,
    /// How many may be tried.
    pub most_uploads: u64,
    /// Bytes tried.
    pub bytes: u64,
    /// How many may be tried.
    pub most_bytes: u64,
}

/// A moment as shown.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
