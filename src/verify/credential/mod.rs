//! Credentials of authorised trading partners: ours for each request and answer, and what theirs are worth (Open Credentialing
//! Initiative).
//!
//! A presentation is a token in a header, bound to one request by its `nonce` and five minutes long. A wallet makes ours and
//! may judge theirs; without one they are judged here as far as that goes. What cannot be checked makes a presentation *not
//! judged*, never valid.

mod bearer;
mod check;
mod document;
mod settings;
mod signature;
#[cfg(test)]
mod tests;
mod wallet;

use std::sync::Arc;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::TimeDelta;
use chrono::Utc;
use thiserror::Error;

use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::CredentialFault;
use crate::dscsa::verification::CredentialOutcome;
use crate::formats::credential::CredentialEvidence;
use crate::formats::json_web_token::JsonWebToken;
use crate::formats::json_web_token::TokenFault;
use crate::formats::wallet::WalletReplyFault;
use crate::transport::Outbound;
use crate::transport::OutboundError;

use check::Check;
use document::Documents;
pub use settings::Demand;
pub use settings::Settings;
use wallet::Wallet;

/// How long a presentation is worth anything after it was made.
const LIFE: TimeDelta = TimeDelta::minutes(5);

/// Bytes of a presentation, credentials within it included.
const MOST_BYTES: usize = 32_768;

/// Makes and judges presentations. Clones share what they know.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    settings: Settings,
    wallet: Option<Wallet>,
    documents: Documents,
}

/// A presentation of ours, for one request or answer; made anew for each try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// What stands in the header.
    pub token: Box<str>,
    /// When it is worth nothing any more.
    pub expires: DateTime<Utc>,
}

/// What a presentation turned out to be, with what that rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The outcome.
    pub outcome: CredentialOutcome,
    /// What was looked at, kept with the record of the request or answer.
    pub evidence: CredentialEvidence,
}

impl Judged {
    /// The evidence in JSON.
    pub fn evidence_json(&self) -> String {
        serde_json::to_string(&self.evidence).unwrap_or_default()
    }
}

/// Why there is no presentation of ours, or no word of the wallet about theirs.
#[derive(Debug, Error)]
pub enum CredentialError {
    /// Settings that contradict each other.
    #[error("credentials.{0}")]
    Setting(String),
    /// A file with a secret cannot be read.
    #[error("credentials.{key}: {file} cannot be read: {why}")]
    Secret {
        /// The setting that names it.
        key: &'static str,
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// No connection, or no answer in time.
    #[error("the wallet cannot be asked: {0}")]
    Outbound(#[from] OutboundError),
    /// An answer with a status that is no success.
    #[error("the wallet answered {0}")]
    Status(u16),
    /// An answer that is not of the interface.
    #[error(transparent)]
    Reply(#[from] WalletReplyFault),
    /// The authorisation server gives no token.
    #[error("no access token for the wallet: {0}")]
    Access(String),
    /// The wallet says no.
    #[error("the wallet made no presentation: {}", words(.codes, .messages))]
    Declined {
        /// `errorCodes`.
        codes: Vec<CredentialFault>,
        /// `errors`.
        messages: Vec<String>,
    },
    /// The wallet gave something that is no presentation.
    #[error("the wallet's presentation cannot be used: {0}")]
    Token(#[from] TokenFault),
    /// The wallet gave a presentation that another request could use, or that is no longer worth anything.
    #[error("the wallet's presentation cannot be used: {0}")]
    Unbound(&'static str),
}

fn words(codes: &[CredentialFault], messages: &[String]) -> String {
    let all = codes.iter().map(CredentialFault::as_str).chain(messages.iter().map(String::as_str));
    let all: Vec<&str> = all.collect();
    if all.is_empty() { "no reason is given".to_owned() } else { all.join(", ") }
}

impl Credentials {
    /// Fails where the settings cannot be used together; opens no connection.
    pub fn new(settings: &Settings, outbound: &Outbound) -> Result<Credentials, CredentialError> {
        settings.check()?;
        let wallet = (!settings.wallet.is_empty()).then(|| Wallet::new(settings, outbound));
        let documents = Documents::new(settings, outbound);
        Ok(Credentials(Arc::new(Inner { settings: settings.clone(), wallet, documents })))
    }

    /// The header in which presentations of ours travel.
    pub fn header(&self) -> &str {
        &self.0.settings.header
    }

    /// What a partner presents, by a function that finds a header: the first of those we take.
    pub fn presented<'a>(&self, header: impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
        let settings = &self.0.settings;
        let names = std::iter::once(&settings.header).chain(&settings.accepted_headers);
        let text = names.map(String::as_str).find_map(header)?.trim();
        let bare = text.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer "));
        Some(bare.map_or(text, |(_, token)| token.trim_start())).filter(|text| !text.is_empty())
    }

    /// What is asked of who sends us requests.
    pub fn of_requests(&self) -> Demand {
        self.0.settings.required
    }

    /// What is asked of who answers our requests.
    pub fn of_answers(&self) -> Demand {
        self.0.settings.answers
    }

    /// A new presentation of ours for this request, and for one try of it; `None` where no wallet is set.
    pub async fn presentation(
        &self,
        correlation: &CorrelationId,
    ) -> Result<Option<Presentation>, CredentialError> {
        let Some(wallet) = &self.0.wallet else { return Ok(None) };
        let token = Box::pin(wallet.generate(correlation)).await?;
        let read = JsonWebToken::parse(&token, MOST_BYTES)?;
        if read.text("nonce").and_then(CorrelationId::parse).as_ref() != Some(correlation) {
            return Err(CredentialError::Unbound("its nonce is not the corrUUID"));
        }
        let made = read.time("iat").ok_or(CredentialError::Unbound("it does not say when it was made"))?;
        let expires = made.checked_add_signed(LIFE);
        let expires = expires.ok_or(CredentialError::Unbound("it does not say when it was made"))?;
        Ok(Some(Presentation { token: token.into(), expires }))
    }

    /// Judges what was presented with a request of this `corrUUID`, or with the answer to it, by who says that it is this GLN.
    ///
    /// Always ends within the time set for the wallet and twice that for documents; what fails on the way is in the outcome.
    pub async fn judge(
        &self,
        presented: Option<&str>,
        correlation: &CorrelationId,
        gln: &str,
        now: DateTime<Utc>,
    ) -> Judged {
        let check = Check { settings: &self.0.settings, correlation, gln, now };
        let mut evidence = CredentialEvidence {
            judged_at: now.to_rfc3339_opts(SecondsFormat::Millis, true),
            correlation: correlation.to_string(),
            gln: gln.to_owned(),
            ..CredentialEvidence::default()
        };
        let outcome = match presented {
            None => CredentialOutcome::Absent,
            Some(token) => self.0.judge(token, &check, &mut evidence).await,
        };
        evidence.outcome = outcome.as_str();
        match &outcome {
            CredentialOutcome::Invalid { fault, why } => {
                (evidence.error_code, evidence.why) = (Some(fault.to_string()), Some(why.clone()));
            }
            CredentialOutcome::NotJudged { what } => evidence.why = Some(what.clone()),
            CredentialOutcome::Absent | CredentialOutcome::Valid => {}
        }
        Judged { outcome, evidence }
    }
}

impl Inner {
    /// First what can be seen here without asking anybody; then the wallet's word, or the signatures.
    async fn judge(
        &self,
        token: &str,
        check: &Check<'_>,
        evidence: &mut CredentialEvidence,
    ) -> CredentialOutcome {
        evidence.presentation = (token.len() <= MOST_BYTES).then(|| token.to_owned());
        evidence.judged_by = Some("gateway".to_owned());
        let read = match JsonWebToken::parse(token, MOST_BYTES) {
            Ok(read) => read,
            Err(fault) => {
                return CredentialOutcome::Invalid { fault: CredentialFault::Jwt, why: fault.to_string() };
            }
        };
        let seen = match check.claims(&read, evidence) {
            Ok(seen) => seen,
            Err(refusal) => return refusal.into(),
        };
        if let Some(wallet) = self.wallet.as_ref().filter(|wallet| wallet.judges()) {
            match wallet.verify(token).await {
                Ok(reply) => {
                    evidence.judged_by = Some(self.settings.wallet.clone());
                    evidence.wallet_codes = reply.faults.iter().map(ToString::to_string).collect();
                    return wallet::outcome(&reply);
                }
                Err(error) => evidence.notices.push(error.to_string()),
            }
        }
        check::signatures(&read, &seen, &self.documents, check.now).await
    }
}
