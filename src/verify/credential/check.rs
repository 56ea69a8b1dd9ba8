//! The check of a presentation without a wallet: first its claims, which costs nobody anything, then its signatures.
//!
//! Documents are fetched of issuers that are trusted here, and then of the holder for whom one of them vouches with a signature
//! that fits: nobody else can make us call an address.

use chrono::DateTime;
use chrono::Utc;
use serde_json::Map;
use serde_json::Value;

use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::CredentialFault;
use crate::dscsa::verification::CredentialOutcome;
use crate::formats::credential::CredentialBody;
use crate::formats::credential::CredentialEvidence;
use crate::formats::credential::holder;
use crate::formats::credential::presented;
use crate::formats::did::Purpose;
use crate::formats::json_web_token::JsonWebToken;
use crate::formats::json_web_token::TokenFault;
use crate::verify::credential::LIFE;
use crate::verify::credential::MOST_BYTES;
use crate::verify::credential::Settings;
use crate::verify::credential::document::Documents;
use crate::verify::credential::document::REFRESHED;
use crate::verify::credential::signature;

/// Credentials within one presentation.
const MOST_CREDENTIALS: usize = 4;

/// Looks at what a presentation claims.
pub(super) struct Check<'a> {
    pub(super) settings: &'a Settings,
    /// The request that it must be bound to.
    pub(super) correlation: &'a CorrelationId,
    /// Who presents it, as is said outside of it.
    pub(super) gln: &'a str,
    /// When it is judged.
    pub(super) now: DateTime<Utc>,
}

/// What is wrong.
#[derive(Debug)]
pub(super) struct Refusal(CredentialFault, String);

impl From<Refusal> for CredentialOutcome {
    fn from(Refusal(fault, why): Refusal) -> CredentialOutcome {
        CredentialOutcome::Invalid { fault, why }
    }
}

fn refuse<T>(fault: CredentialFault, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(fault, why.into()))
}

/// A presentation whose claims are in order.
pub(super) struct Seen<'a> {
    holder: &'a str,
    /// Credentials of trusted issuers, with a signature that can be judged here.
    signed: Vec<JsonWebToken<'a>>,
    /// What cannot be checked here.
    open: Vec<String>,
    /// One is of a kind that is taken.
    accepted: bool,
    glns: Vec<String>,
}

impl Check<'_> {
    /// Looks at everything but signatures.
    pub(super) fn claims<'a>(
        &self,
        token: &'a JsonWebToken<'_>,
        evidence: &mut CredentialEvidence,
    ) -> Result<Seen<'a>, Refusal> {
        if token.text("nonce").and_then(CorrelationId::parse).as_ref() != Some(self.correlation) {
            return refuse(CredentialFault::Nonce, "its nonce is not the corrUUID of the request");
        }
        let Some(holds) = token.text("iss").filter(|issuer| issuer.starts_with("did:")) else {
            return refuse(CredentialFault::Holder, "`iss` is no DID");
        };
        evidence.holder = Some(holds.chars().take(500).collect());
        let presentation = token.claims.get("vp");
        if holder(presentation).is_some_and(|holder| holder != holds) {
            return refuse(CredentialFault::Holder, "`vp.holder` is not who signs");
        }
        self.fresh(token)?;
        self.valid_now(token)?;
        self.audience(token)?;
        let (signed, open, glns) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = Seen { holder: holds, signed, open, accepted: false, glns };
        let credentials = presented(presentation);
        match credentials.len() {
            0 => return refuse(CredentialFault::NotFound, "`vp.verifiableCredential` has no credential"),
            1..=MOST_CREDENTIALS => {}
            several => {
                let why = format!("{several} credentials; {MOST_CREDENTIALS} are the most");
                return refuse(CredentialFault::Credential, why);
            }
        }
        for credential in credentials {
            self.credential(credential, &mut seen, evidence)?;
        }
        self.whole(&seen, evidence)?;
        Ok(seen)
    }

    /// Not older than its five minutes, nor from the future.
    fn fresh(&self, token: &JsonWebToken<'_>) -> Result<(), Refusal> {
        let Some(made) = token.time("iat") else {
            return refuse(CredentialFault::IssuedAt, "`iat` is missing or no time");
        };
        let age = self.now - made;
        if age < -self.settings.skew() {
            return refuse(CredentialFault::IssuedAt, format!("`iat` is {} s to come", -age.num_seconds()));
        }
        if age > LIFE + self.settings.skew() {
            let why = format!("it was made {} s ago; five minutes are its life", age.num_seconds());
            return refuse(CredentialFault::Stale, why);
        }
        Ok(())
    }

    /// `nbf` and `exp`, of the envelope or of a credential.
    fn valid_now(&self, token: &JsonWebToken<'_>) -> Result<(), Refusal> {
        match token.time("nbf") {
            None => return refuse(CredentialFault::NotBefore, "`nbf` is missing or no time"),
            Some(from) if from - self.now > self.settings.skew() => {
                return refuse(CredentialFault::NotYet, format!("it is valid from {from}"));
            }
            Some(_) => {}
        }
        match token.time("exp") {
            None => refuse(CredentialFault::Expiry, "`exp` is missing or no time"),
            Some(end) => self.unexpired(end),
        }
    }

    fn unexpired(&self, end: DateTime<Utc>) -> Result<(), Refusal> {
        if self.now - end < self.settings.skew() {
            return Ok(());
        }
        refuse(CredentialFault::ExpiryPassed, format!("it expired {end}"))
    }

    fn audience(&self, token: &JsonWebToken<'_>) -> Result<(), Refusal> {
        let ours = &self.settings.audiences;
        let wanted = |value: &Value| value.as_str().is_some_and(|name| ours.iter().any(|own| own == name));
        let fits = match token.claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(wanted),
            Some(one) => wanted(one),
            None => false,
        };
        if ours.is_empty() || fits {
            return Ok(());
        }
        refuse(CredentialFault::Jwt, "`aud` names none of those for whom presentations must be made")
    }

    fn credential<'a>(
        &self,
        credential: &'a Value,
        seen: &mut Seen<'a>,
        evidence: &mut CredentialEvidence,
    ) -> Result<(), Refusal> {
        match credential {
            Value::String(text) => match JsonWebToken::parse(text, MOST_BYTES) {
                Ok(token) => self.token(token, seen, evidence),
                Err(TokenFault::Algorithm(name)) if !name.eq_ignore_ascii_case("\"none\"") => {
                    seen.accepted = true;
                    seen.open.push(format!("a credential signed by {name} is not judged here"));
                    Ok(())
                }
                Err(fault @ TokenFault::Algorithm(_)) => refuse(CredentialFault::Proof, fault.to_string()),
                Err(fault) => refuse(CredentialFault::Credential, fault.to_string()),
            },
            Value::Object(whole) => {
                let body = CredentialBody::read(whole);
                self.trusted(body.issuer, seen)?;
                self.body(&body, body.subject, seen, evidence)?;
                evidence.issuers.extend(body.issuer.map(str::to_owned));
                let kind = whole.get("proof").and_then(|proof| proof.get("type")?.as_str());
                let kind = kind.unwrap_or("without a type");
                seen.open.push(format!("a JSON-LD proof ({kind}) is not judged here"));
                Ok(())
            }
            _ => refuse(CredentialFault::Credential, "a credential is neither token nor object"),
        }
    }

    /// A credential that is a token itself.
    fn token<'a>(
        &self,
        token: JsonWebToken<'a>,
        seen: &mut Seen<'a>,
        evidence: &mut CredentialEvidence,
    ) -> Result<(), Refusal> {
        let empty = Map::new();
        let body = CredentialBody::read(token.claims.get("vc").and_then(Value::as_object).unwrap_or(&empty));
        let issuer = token.text("iss");
        if body.issuer.is_some_and(|named| Some(named) != issuer) {
            return refuse(CredentialFault::Credential, "`vc.issuer` is not who signs the credential");
        }
        let trusted = self.trusted(issuer, seen)?;
        self.valid_now(&token)?;
        let subject = token.text("sub").or(body.subject);
        if body.subject.is_some_and(|named| Some(named) != subject) {
            return refuse(CredentialFault::Credential, "`sub` is not the subject of the credential");
        }
        self.body(&body, subject, seen, evidence)?;
        evidence.issuers.extend(issuer.map(str::to_owned));
        if trusted {
            seen.signed.push(token);
        }
        Ok(())
    }

    /// True where the issuer is trusted; false where nobody is set, so that it cannot be said.
    fn trusted(&self, issuer: Option<&str>, seen: &mut Seen<'_>) -> Result<bool, Refusal> {
        let trusted = &self.settings.trusted_issuers;
        if trusted.is_empty() {
            seen.open.push("no issuer is set as trusted (credentials.trusted_issuers)".to_owned());
            return Ok(false);
        }
        match issuer {
            Some(issuer) if trusted.iter().any(|own| own == issuer) => Ok(true),
            Some(issuer) => {
                let issuer: String = issuer.chars().take(200).collect();
                refuse(CredentialFault::Issuer, format!("{issuer} is not trusted here"))
            }
            None => refuse(CredentialFault::Issuer, "the credential names no issuer"),
        }
    }

    /// What both kinds of credentials say.
    fn body(
        &self,
        body: &CredentialBody<'_>,
        subject: Option<&str>,
        seen: &mut Seen<'_>,
        evidence: &mut CredentialEvidence,
    ) -> Result<(), Refusal> {
        if subject != Some(seen.holder) {
            return refuse(CredentialFault::Holder, "the credential is not of who presents it");
        }
        match body.expires {
            Some(Ok(end)) => self.unexpired(end)?,
            Some(Err(())) => return refuse(CredentialFault::Expiry, "`expirationDate` is no time"),
            None => {}
        }
        if let Some(status) = body.status {
            let status: String = status.chars().take(100).collect();
            seen.open.push(format!("whether it was revoked ({status}) is not judged here"));
        }
        seen.accepted |=
            body.kinds.iter().any(|kind| self.settings.accepted_types.iter().any(|own| own == kind));
        seen.glns.extend(body.glns.iter().map(|gln| gln.chars().take(20).collect::<String>()));
        evidence.legal_name = evidence.legal_name.take().or(body.name.map(str::to_owned));
        Ok(())
    }

    /// What all credentials say together.
    fn whole(&self, seen: &Seen<'_>, evidence: &mut CredentialEvidence) -> Result<(), Refusal> {
        if !seen.accepted {
            let why = format!("none of its credentials is a {}", self.settings.accepted_types.join(" or "));
            return refuse(CredentialFault::Credential, why);
        }
        if seen.glns.is_empty() {
            evidence.notices.push("the credential names no GLN".to_owned());
        } else if !seen.glns.iter().any(|gln| gln == self.gln) {
            let why = format!("it is of GLN {}, and {} presents it", seen.glns.join(", "), self.gln);
            return refuse(CredentialFault::Credential, why);
        }
        Ok(())
    }
}

/// Judges the signatures, those of issuers first.
pub(super) async fn signatures(
    token: &JsonWebToken<'_>,
    seen: &Seen<'_>,
    documents: &Documents,
    now: DateTime<Utc>,
) -> CredentialOutcome {
    let mut open = seen.open.clone();
    let mut vouched = false;
    for credential in &seen.signed {
        let issuer = credential.text("iss").unwrap_or_default();
        match signed(credential, issuer, Purpose::Issuing, documents, now).await {
            Ok(true) => vouched = true,
            Ok(false) => {
                let why = format!("no key of {issuer} that may issue fits the signature");
                return Refusal(CredentialFault::Proof, why).into();
            }
            Err(what) => open.push(what),
        }
    }
    if !vouched {
        open.push(
            "who presents was not looked up, as no signature of a trusted issuer vouches for them".to_owned(),
        );
    } else {
        match signed(token, seen.holder, Purpose::Presenting, documents, now).await {
            Ok(true) => {}
            Ok(false) => {
                let why = format!("no key of {} that may present fits the signature", seen.holder);
                return Refusal(CredentialFault::Jwt, why).into();
            }
            Err(what) => open.push(what),
        }
    }
    open.dedup();
    if open.is_empty() {
        CredentialOutcome::Valid
    } else {
        CredentialOutcome::NotJudged { what: open.join("; ") }
    }
}

/// True where a key of this DID signed; a document without it is fetched anew, for it may have been changed since.
async fn signed(
    token: &JsonWebToken<'_>,
    did: &str,
    purpose: Purpose,
    documents: &Documents,
    now: DateTime<Utc>,
) -> Result<bool, String> {
    let key = token.key.as_deref();
    for newest in [None, Some(REFRESHED)] {
        let document = documents.of(did, newest, now).await?;
        if document.points(did, key, purpose).any(|point| signature::fits(token, point)) {
            return Ok(true);
        }
    }
    Ok(false)
}
