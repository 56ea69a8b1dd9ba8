//! Wallet: makes presentations of ours and judges theirs, over the interface of the Open Credentialing Initiative.

use std::time::Duration;

use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::CredentialFault;
use crate::dscsa::verification::CredentialOutcome;
use crate::formats::wallet::WalletReply;
use crate::formats::wallet::generate_request;
use crate::formats::wallet::verify_request;
use crate::transport::Call;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::OutboundError;
use crate::transport::Reply;
use crate::verify::credential::CredentialError;
use crate::verify::credential::Settings;
use crate::verify::credential::bearer::Bearer;

/// Bytes of an answer.
const MOST_BYTES: usize = 131_072;

/// The client of a wallet.
pub(super) struct Wallet {
    settings: Settings,
    outbound: Outbound,
    bearer: Bearer,
}

impl Wallet {
    pub(super) fn new(settings: &Settings, outbound: &Outbound) -> Wallet {
        let bearer = Bearer::new(settings, outbound);
        Wallet { settings: settings.clone(), outbound: outbound.clone(), bearer }
    }

    /// True where it also judges.
    pub(super) fn judges(&self) -> bool {
        !self.settings.verify_path.is_empty()
    }

    /// A presentation bound to this request.
    pub(super) async fn generate(&self, correlation: &CorrelationId) -> Result<String, CredentialError> {
        let settings = &self.settings;
        let body = generate_request(correlation, &settings.holder, &settings.credential_type);
        let reply = self.ask(&settings.generate_path, body).await?;
        let (codes, messages) = (reply.faults, reply.messages);
        let made = reply.presentation.filter(|_| reply.success);
        made.ok_or(CredentialError::Declined { codes, messages })
    }

    /// What the wallet says of a presentation.
    pub(super) async fn verify(&self, presentation: &str) -> Result<WalletReply, CredentialError> {
        let settings = &self.settings;
        let body = verify_request(&settings.verify_property, presentation, &settings.holder);
        self.ask(&settings.verify_path, body).await
    }

    /// Asks within one time for all, token included; once more with a new token where the first is refused.
    async fn ask(&self, path: &str, body: Vec<u8>) -> Result<WalletReply, CredentialError> {
        let deadline = Duration::from_secs(self.settings.seconds.max(1));
        let asked = async {
            let first = self.post(path, body.clone(), deadline, false).await?;
            if first.status != 401 || self.settings.token_url.is_empty() {
                return Ok(first);
            }
            self.post(path, body, deadline, true).await
        };
        let reply = match tokio::time::timeout(deadline, asked).await {
            Ok(reply) => reply?,
            Err(_) => return Err(OutboundError::Timeout(deadline).into()),
        };
        match (reply.status, WalletReply::read(&reply.body)) {
            (200..=299, read) => Ok(read?),
            // A wallet that also keeps to the statuses of HTTP still says why.
            (_, Ok(read)) if !read.success && !read.faults.is_empty() => Ok(read),
            (status, _) => Err(CredentialError::Status(status)),
        }
    }

    async fn post(
        &self,
        path: &str,
        body: Vec<u8>,
        deadline: Duration,
        anew: bool,
    ) -> Result<Reply, CredentialError> {
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        let authorization = self.bearer.authorization(anew).await?;
        headers.extend(authorization.map(|value| ("Authorization".to_owned(), value)));
        let url = format!("{}{path}", self.settings.wallet.trim_end_matches('/'));
        let (method, body, most_bytes) = (Method::Post, Some(body), MOST_BYTES);
        Ok(self.outbound.send(Call { method, url, headers, body, deadline, most_bytes }).await?)
    }
}

/// What a wallet's word makes of a presentation.
pub(super) fn outcome(reply: &WalletReply) -> CredentialOutcome {
    if reply.success && reply.faults.is_empty() {
        return CredentialOutcome::Valid;
    }
    if let Some(fault) = reply.faults.first() {
        let why = if reply.messages.is_empty() {
            "the wallet gives no reason".to_owned()
        } else {
            reply.messages.join("; ")
        };
        return CredentialOutcome::Invalid { fault: fault.clone(), why };
    }
    let why = format!("the wallet says no without a code: {}", reply.messages.join("; "));
    CredentialOutcome::Invalid { fault: CredentialFault::Other("unspecified".into()), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        let outcome = outcome(&WalletReply::read(body.as_bytes()).unwrap());
        assert_eq!(outcome.to_string(), expected, "{body}");
    }

    #[test]
    fn only_a_plain_yes_is_one() {
        check(r#"{"success":true}"#, "the credential is valid");
        check(
            r#"{"success":true,"errorCodes":["vc_revoked"],"errors":["gone"]}"#,
            "the credential is not valid (vc_revoked): gone",
        );
        check(
            r#"{"success":false,"errorCodes":["vp_nonce_invalid","vc_revoked"]}"#,
            "the credential is not valid (vp_nonce_invalid): the wallet gives no reason",
        );
        check(
            r#"{"success":false,"errors":["no"]}"#,
            "the credential is not valid (unspecified): the wallet says no without a code: no",
        );
    }
}
