//! OpenID providers that sign people in for us: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636).

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use openidconnect::AccessTokenHash;
use openidconnect::AuthorizationCode;
use openidconnect::ClaimsVerificationError;
use openidconnect::ClientId;
use openidconnect::ClientSecret;
use openidconnect::CsrfToken;
use openidconnect::HttpRequest;
use openidconnect::HttpResponse;
use openidconnect::IssuerUrl;
use openidconnect::Nonce;
use openidconnect::OAuth2TokenResponse;
use openidconnect::PkceCodeChallenge;
use openidconnect::PkceCodeVerifier;
use openidconnect::RedirectUrl;
use openidconnect::Scope;
use openidconnect::TokenResponse;
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::core::CoreClient;
use openidconnect::core::CoreIdToken;
use openidconnect::core::CoreIdTokenClaims;
use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::core::CoreProviderMetadata;
use openidconnect::http;
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Mutex;

use crate::access::Token;
use crate::transport::Call;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::OutboundError;

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes that an answer may have.
const MOST_BYTES: usize = 256 * 1024;

/// How long what a provider says of itself, and its keys, are believed.
const BELIEVED: Duration = Duration::from_secs(24 * 3600);

/// Its keys are read again for a token whose key is not among them, but no sooner than this: whoever makes up names of keys does
/// not make us ask.
const AGAIN: Duration = Duration::from_secs(300);

/// How signatures may be made: none with a shared secret, and never none.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 7] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// A provider, as it is set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// Its name in addresses and on the page of signing in: small letters and digits.
    pub name: String,
    /// Its issuer: an https address, exactly as it says of itself.
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// File with our secret.
    pub client_secret_file: PathBuf,
}

/// Why a provider cannot sign anybody in.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// It is set up wrongly.
    #[error("[[access.providers]] {0}: {1}")]
    Setting(String, String),
    /// It does not answer, or not as it should.
    #[error("the provider {0} does not answer as it should: {1}")]
    Answer(String, String),
    /// What it says of somebody cannot be believed.
    #[error("what the provider {0} says cannot be believed: {1}")]
    Unbelieved(String, String),
}

/// The address that a browser is sent to.
#[derive(Clone, Debug)]
pub struct Begun {
    /// At the provider.
    pub url: String,
}

/// Who has signed in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Believed {
    /// The provider.
    pub issuer: String,
    /// Who they are there, for ever.
    pub subject: String,
    /// An e-mail address that the provider has seen to be theirs, in lower case.
    pub email: Option<String>,
}

/// The secrets of one sign-in, each made of random bytes.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Comes back in the address.
    pub state: Token,
    /// Comes back in the signed answer.
    pub nonce: Token,
    /// Proves that it is us who ask for the answer.
    pub verifier: Token,
}

/// A provider that people sign in with. Clones share what is known of it.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    settings: ProviderSettings,
    secret: ClientSecret,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    outbound: Outbound,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<CoreProviderMetadata>,
    since: Instant,
}

impl Provider {
    /// A provider that sends browsers back to `redirect`, an address of ours.
    ///
    /// Fails where its name or an address cannot be one, or the file of the secret cannot be read.
    pub fn new(
        settings: &ProviderSettings,
        redirect: &str,
        outbound: &Outbound,
    ) -> Result<Provider, ProviderError> {
        let wrong = |why: String| ProviderError::Setting(settings.name.clone(), why);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if settings.name.is_empty() || !settings.name.chars().all(plain) {
            return Err(wrong("its name is made of small letters and digits".to_owned()));
        }
        if !settings.issuer.starts_with("https://") {
            return Err(wrong("issuer is an address that begins with https://".to_owned()));
        }
        let path = &settings.client_secret_file;
        let secret = fs::read_to_string(path)
            .map_err(|error| wrong(format!("client_secret_file {}: {error}", path.display())))?;
        let issuer = IssuerUrl::new(settings.issuer.clone());
        let redirect = RedirectUrl::new(redirect.to_owned());
        Ok(Provider(Arc::new(Inner {
            settings: settings.clone(),
            secret: ClientSecret::new(secret.trim().to_owned()),
            issuer: issuer.map_err(|error| wrong(format!("issuer: {error}")))?,
            redirect: redirect.map_err(|error| wrong(format!("access.url: {error}")))?,
            outbound: outbound.clone(),
            known: Mutex::new(None),
        })))
    }

    /// Its name in addresses.
    pub fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.0.settings.issuer
    }

    /// Where to send a browser, for a sign-in with these secrets.
    pub async fn begin(&self, secrets: &Secrets) -> Result<Begun, ProviderError> {
        let known = self.known(BELIEVED).await?;
        let client = self.client(&known);
        let verifier = PkceCodeVerifier::new(secrets.verifier.reveal());
        let (state, nonce) = (secrets.state.reveal(), secrets.nonce.reveal());
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, || CsrfToken::new(state), || Nonce::new(nonce));
        let request = request
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let (url, _, _) = request.url();
        Ok(Begun { url: url.into() })
    }

    /// Who has signed in, by the code that a browser brought back; `nonce` and `verifier` are those of its sign-in.
    pub async fn finish(&self, code: &str, nonce: &str, verifier: &str) -> Result<Believed, ProviderError> {
        let unbelieved = |why: String| ProviderError::Unbelieved(self.name().to_owned(), why);
        let known = self.known(BELIEVED).await?;
        let client = self.client(&known);
        let outbound = self.0.outbound.clone();
        let http = move |request: HttpRequest| call(outbound.clone(), request);
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| self.answer(&error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        let answered = request.request_async(&http).await.map_err(|error| self.answer(&told(&error)))?;
        let token = answered.id_token().ok_or_else(|| unbelieved("there is no ID token in it".to_owned()))?;
        let nonce = Nonce::new(nonce.to_owned());
        let (known, claims) = match self.claims(&known, token, &nonce) {
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let known = self.known(AGAIN).await?;
                let claims = self.claims(&known, token, &nonce).map_err(|error| unbelieved(told(&error)))?;
                (known, claims)
            }
            Err(error) => return Err(unbelieved(told(&error))),
            Ok(claims) => (known, claims),
        };
        if let Some(expected) = claims.access_token_hash() {
            let client = self.client(&known);
            let verifier = client.id_token_verifier();
            let found =
                token.signing_alg().map_err(|error| unbelieved(error.to_string())).and_then(|alg| {
                    let key = token.signing_key(&verifier).map_err(|error| unbelieved(error.to_string()))?;
                    AccessTokenHash::from_token(answered.access_token(), alg, key)
                        .map_err(|error| unbelieved(error.to_string()))
                })?;
            if found != *expected {
                return Err(unbelieved("its access token is another's".to_owned()));
            }
        }
        let verified = claims.email_verified() == Some(true);
        let email = claims.email().filter(|_| verified).map(|email| email.as_str().to_lowercase());
        Ok(Believed {
            issuer: self.0.settings.issuer.clone(),
            subject: claims.subject().as_str().to_owned(),
            email,
        })
    }

    fn claims(
        &self,
        known: &Known,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
        let client = self.client(known);
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        token.claims(&verifier, nonce).cloned()
    }

    /// What the provider says of itself, no older than this; where it cannot be read again, what was known before serves on.
    async fn known(&self, oldest: Duration) -> Result<Known, ProviderError> {
        let mut known = self.0.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.since.elapsed() < oldest) {
            return Ok(known.clone());
        }
        let outbound = self.0.outbound.clone();
        let http = move |request: HttpRequest| call(outbound.clone(), request);
        match CoreProviderMetadata::discover_async(self.0.issuer.clone(), &http).await {
            Ok(metadata) => {
                let read = Known { metadata: Arc::new(metadata), since: Instant::now() };
                *known = Some(read.clone());
                Ok(read)
            }
            Err(error) => match known.as_mut() {
                Some(before) => {
                    tracing::warn!(
                        provider = self.name(),
                        error = told(&error),
                        "its keys cannot be read again"
                    );
                    before.since = Instant::now();
                    Ok(before.clone())
                }
                None => Err(self.answer(&told(&error))),
            },
        }
    }

    fn answer(&self, why: &str) -> ProviderError {
        ProviderError::Answer(self.name().to_owned(), why.to_owned())
    }
}

/// A client of a provider whose addresses are known.
type Client = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

impl Provider {
    fn client(&self, known: &Known) -> Client {
        let id = ClientId::new(self.0.settings.client_id.clone());
        let metadata = known.metadata.as_ref().clone();
        CoreClient::from_provider_metadata(metadata, id, Some(self.0.secret.clone()))
            .set_redirect_uri(self.0.redirect.clone())
    }
}

/// One request of the protocol, through the one connector.
async fn call(outbound: Outbound, request: HttpRequest) -> Result<HttpResponse, CallError> {
    let (parts, body) = request.into_parts();
    let method = match parts.method {
        http::Method::GET => Method::Get,
        http::Method::POST => Method::Post,
        method => return Err(CallError::Method(method)),
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let call = Call {
        method,
        url: parts.uri.to_string(),
        headers: headers.collect(),
        body: (method == Method::Post).then_some(body),
        deadline: PATIENCE,
        most_bytes: MOST_BYTES,
    };
    let reply = outbound.send(call).await?;
    let mut response = http::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(reply.body)?)
}

/// Why a request of the protocol has no answer.
#[derive(Debug, Error)]
enum CallError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("it is not asked with {0}")]
    Method(http::Method),
}

/// An error with its causes; the outer ones say little.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
