//! Settings: whether, how and by whom credentials are made and judged.

use std::path::PathBuf;

use serde::Deserialize;

use crate::dscsa::verification::CredentialOutcome;
use crate::verify::credential::CredentialError;

/// `[credentials]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What is asked of who sends us requests.
    pub required: Demand,
    /// What is asked of who answers ours.
    pub answers: Demand,
    /// The header in which ours travel.
    pub header: String,
    /// Other headers in which theirs are found.
    pub accepted_headers: Vec<String>,
    /// Address of the wallet's interface, without path; empty for none.
    pub wallet: String,
    /// Path that makes a presentation.
    pub generate_path: String,
    /// Path that judges one; empty to judge here.
    pub verify_path: String,
    /// Property under which a presentation is given to be judged.
    pub verify_property: String,
    /// Our DID.
    pub holder: String,
    /// The kind of credential that we present.
    pub credential_type: String,
    /// File with the access token for the wallet; empty for none.
    pub token_file: PathBuf,
    /// Where access tokens are had (OAuth 2.0, client credentials); empty for none.
    pub token_url: String,
    /// Who we are there.
    pub client_id: String,
    /// File with what proves that.
    pub client_secret_file: PathBuf,
    /// Seconds that the wallet, and each document of a DID, may take.
    pub seconds: u64,
    /// DIDs of issuers whose credentials are taken.
    pub trusted_issuers: Vec<String>,
    /// Kinds of credentials that are taken.
    pub accepted_types: Vec<String>,
    /// Whom presentations must be made for (`aud`); empty for anybody.
    pub audiences: Vec<String>,
    /// Seconds by which clocks may differ.
    pub skew_seconds: u32,
    /// Minutes that a document of a DID is kept.
    pub document_minutes: u32,
}

/// What is asked of a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    /// Credentials are not looked at.
    #[default]
    Off,
    /// They are judged and kept; only one that is not valid is refused.
    Ask,
    /// Only a valid one is taken.
    Require,
}

impl Demand {
    /// True where a request or an answer with such a credential is taken.
    pub fn admits(self, outcome: &CredentialOutcome) -> bool {
        match self {
            Demand::Off => true,
            Demand::Ask => !matches!(outcome, CredentialOutcome::Invalid { .. }),
            Demand::Require => outcome.is_valid(),
        }
    }
}

impl Settings {
    /// Fails where they cannot be used together.
    pub(super) fn check(&self) -> Result<(), CredentialError> {
        let fault = |text: String| Err(CredentialError::Setting(text));
        for name in std::iter::once(&self.header).chain(&self.accepted_headers) {
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if name.is_empty() || !plain {
                return fault(format!("header: `{name}` is no name of a header"));
            }
        }
        if self.wallet.is_empty() {
            return Ok(());
        }
        for (key, url) in [("wallet", &self.wallet), ("token_url", &self.token_url)] {
            if !url.is_empty() && !url.starts_with("https://") {
                return fault(format!("{key}: `{url}` does not begin with https://"));
            }
        }
        if !self.holder.starts_with("did:") {
            return fault(format!("holder: `{}` is no DID; a wallet needs to know whose it is", self.holder));
        }
        if !self.token_url.is_empty()
            && (self.client_id.is_empty() || self.client_secret_file.as_os_str().is_empty())
        {
            return fault("token_url: client_id and client_secret_file are needed with it".to_owned());
        }
        Ok(())
    }

    /// A time by which clocks may differ.
    pub(super) fn skew(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(i64::from(self.skew_seconds))
    }
}

impl Default for Settings {
    fn default() -> Settings {
        let api = "/api/v1/verifiablePresentation";
        Settings {
            required: Demand::Off,
            answers: Demand::Off,
            header: "ATP-Authorization".to_owned(),
            accepted_headers: vec!["X-ATP-Credential".to_owned()],
            wallet: String::new(),
            generate_path: format!("{api}/generate"),
            verify_path: format!("{api}/verify"),
            verify_property: "verifiablePresentation".to_owned(),
            holder: String::new(),
            credential_type: "DSCSAATPCredential".to_owned(),
            token_file: PathBuf::new(),
            token_url: String::new(),
            client_id: String::new(),
            client_secret_file: PathBuf::new(),
            seconds: 3,
            trusted_issuers: Vec::new(),
            accepted_types: vec!["DSCSAATPCredential".to_owned(), "DSCSAATPEquivalentCredential".to_owned()],
            audiences: Vec::new(),
            skew_seconds: 30,
            document_minutes: 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut Settings), words: Option<&str>) {
        let mut settings = Settings::default();
        change(&mut settings);
        let fault = settings.check().map_err(|error| error.to_string());
        match words {
            None => assert_eq!(fault, Ok(())),
            Some(words) => assert!(fault.as_ref().is_err_and(|fault| fault.contains(words)), "{fault:?}"),
        }
    }

    #[test]
    fn settings_that_cannot_be_used_together_are_named() {
        check(|_| {}, None);
        check(|settings| settings.header = "a b".to_owned(), Some("header"));
        check(|settings| settings.accepted_headers = vec![String::new()], Some("header"));
        let wallet = |settings: &mut Settings| {
            settings.wallet = "https://wallet.example".to_owned();
            settings.holder = "did:web:maker.example".to_owned();
        };
        check(wallet, None);
        check(|settings| settings.wallet = "http://wallet.example".to_owned(), Some("https"));
        check(|settings| settings.wallet = "https://wallet.example".to_owned(), Some("holder"));
        check(
            |settings| {
                wallet(settings);
                settings.token_url = "https://login.example/token".to_owned();
            },
            Some("client_id"),
        );
    }

    #[test]
    fn a_demand_admits() {
        let invalid = CredentialOutcome::Invalid {
            fault: crate::dscsa::verification::CredentialFault::Nonce,
            why: String::new(),
        };
        let open = CredentialOutcome::NotJudged { what: String::new() };
        let outcomes = [CredentialOutcome::Valid, open, CredentialOutcome::Absent, invalid];
        for (demand, expected) in [
            (Demand::Off, [true, true, true, true]),
            (Demand::Ask, [true, true, true, false]),
            (Demand::Require, [true, false, false, false]),
        ] {
            assert_eq!(outcomes.each_ref().map(|outcome| demand.admits(outcome)), expected, "{demand:?}");
        }
    }
}
