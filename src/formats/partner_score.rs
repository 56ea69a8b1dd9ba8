//! The scorecard of a partner and its card, in JSON.

use serde::Serialize;
use utoipa::ToSchema;

/// How well a partner's files fit, over some weeks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerScore {
    /// The partner's id.
    pub partner: String,
    /// Its name.
    pub name: String,
    /// The first day looked at, a Monday.
    pub since: String,
    /// The moment it was worked out, RFC 3339.
    pub until: String,
    /// Files that came.
    pub files: u64,
    /// Files that were taken at once, and in which nothing held goods.
    pub accepted_first_time: u64,
    /// The share of those, in percent; `null` where no file came.
    pub accepted_percent: Option<f64>,
    /// Shipments that were told of.
    pub shipments: u64,
    /// Those whose data came behind the goods, or, where the goods were not received yet, more than a day behind the shipping.
    pub late: u64,
    /// The share of those, in percent; `null` where there was no shipment.
    pub late_percent: Option<f64>,
    /// Hours from shipping to data, half of the shipments below; `null` where there was no shipment.
    pub median_hours: Option<f64>,
    /// What held goods and was mended.
    pub mended: u64,
    /// What holds goods and stands.
    pub unmended: u64,
    /// Hours from finding to mending in the middle of all that was mended; `null` where nothing was.
    pub mean_hours_to_mend: Option<f64>,
    /// Cases opened about its deliveries.
    pub cases: u64,
    /// Those that are not closed.
    pub open_cases: u64,
    /// The rules broken, those of most files in front.
    pub rules: Vec<RuleScore>,
    /// Each week, the oldest first.
    pub weeks: Vec<WeekScore>,
    /// True where there was more than is looked at, so that the oldest is left out.
    pub truncated: bool,
}

/// How often a rule was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleScore {
    /// The rule.
    pub rule: String,
    /// What it asks.
    pub title: String,
    /// In how many files.
    pub files: u64,
    /// The page that explains it; empty where there is none.
    pub page: String,
}

/// One week.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WeekScore {
    /// Its Monday.
    pub week: String,
    /// Files that came.
    pub files: u64,
    /// Files that were taken at once, and in which nothing held goods.
    pub accepted_first_time: u64,
    /// The share of those, in percent; `null` where no file came.
    pub accepted_percent: Option<f64>,
    /// Shipments whose data came late.
    pub late: u64,
}

/// How a partner stands: whether it is live, its certificates, the last files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerCard {
    /// The partner's id.
    pub partner: String,
    /// Its name.
    pub name: String,
    /// `testing` or `live`.
    pub state: String,
    /// When that was decided; `null` where nobody did.
    pub since: Option<String>,
    /// Who decided it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Whether it is an authorised trading partner today, by what is known.
    pub authorised: bool,
    /// Its licences, each with its days left.
    pub licences: Vec<LicenceCard>,
    /// Its certificates.
    pub certificates: Vec<CertificateCard>,
    /// Days until it has no valid certificate for a purpose, the next ones taken into account, by purpose.
    pub covered: Vec<CoverCard>,
    /// When the last file that it sent was captured, RFC 3339.
    pub last_from: Option<String>,
    /// When the last file for it was.
    pub last_to: Option<String>,
    /// How many test files it has tried, and the last of them.
    pub tests: Vec<TrialLine>,
}

/// A licence and its days left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LicenceCard {
    /// Who granted it.
    pub authority: String,
    /// Its number.
    pub number: String,
    /// The last day.
    pub valid_until: Option<String>,
    /// Days until then; negative behind it; `null` where it does not end.
    pub days_left: Option<i64>,
}

/// A certificate and its days left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateCard {
    /// `signature`, `encryption` or `tls`.
    pub purpose: String,
    /// Its subject.
    pub subject: String,
    /// SHA-256 of it.
    pub fingerprint: String,
    /// RFC 3339.
    pub valid_from: String,
    /// RFC 3339.
    pub valid_until: String,
    /// `coming`, `valid` or `expired`.
    pub state: String,
    /// Days until it expires; negative once it has.
    pub days_left: i64,
}

/// For how long a purpose is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoverCard {
    /// `signature`, `encryption` or `tls`.
    pub purpose: String,
    /// Days; `null` where no certificate is valid now.
    pub days: Option<i64>,
}

/// A test file in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrialLine {
    /// Name of its report.
    pub id: String,
    /// When it was tried, RFC 3339.
    pub at: String,
    /// What its sender calls it.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its form in words.
    pub form: String,
    /// Its grade.
    pub grade: String,
}
