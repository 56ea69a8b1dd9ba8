//! A double of a wallet with the documents of its DIDs: it signs real presentations, for holders made when they are asked for.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use k256::ecdsa::Signature;
use k256::ecdsa::SigningKey;
use k256::ecdsa::signature::Signer;
use serde_json::Value;
use serde_json::json;

use crate::https::Answered;
use crate::https::Asked;
use crate::https::Identity;
use crate::https::Server;

/// How it behaves besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// As the interface says.
    #[default]
    Kind,
    /// Says no, with a status of 200.
    Declines,
    /// Signs for another request.
    WrongNonce,
    /// Answers a page.
    Html,
    /// Under the misspelt property.
    Misspelt,
}

pub struct Wallet {
    server: Server,
    inner: Arc<Inner>,
}

/// Signs as the wallet does, for others of the test.
pub struct Hand(Arc<Inner>);

impl Hand {
    /// A presentation of a holder for a request, with its claims changed.
    pub fn presentation(&self, holder: &str, nonce: &str, change: impl Fn(&mut Value)) -> String {
        self.0.presentation(holder, nonce, change)
    }
}

#[derive(Default)]
struct Inner {
    port: OnceLock<u16>,
    keys: Mutex<HashMap<String, SigningKey>>,
    glns: Mutex<HashMap<String, String>>,
    mood: Mutex<Mood>,
    /// Every path with `Authorization`.
    asked: Mutex<Vec<(String, Option<String>)>>,
    granted: Mutex<u32>,
}

impl Wallet {
    pub fn start(identity: &Identity) -> Wallet {
        let inner = Arc::new(Inner::default());
        let answering = Arc::clone(&inner);
        let server = Server::start(identity, move |asked| answering.answer(asked));
        inner.port.set(server.port()).unwrap();
        Wallet { server, inner }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The DID of the issuer of every credential.
    pub fn issuer(&self) -> String {
        self.inner.did("issuer")
    }

    /// The DID of a holder whose credential names this GLN.
    pub fn holder(&self, name: &str, gln: &str) -> String {
        self.inner.glns.lock().unwrap().insert(self.inner.did(name), gln.to_owned());
        self.inner.did(name)
    }

    pub fn set(&self, mood: Mood) {
        *self.inner.mood.lock().unwrap() = mood;
    }

    /// What was asked of it since the last look, each with its `Authorization`.
    pub fn asked(&self) -> Vec<(String, Option<String>)> {
        std::mem::take(&mut *self.inner.asked.lock().unwrap())
    }

    /// Who signs for it.
    pub fn hand(&self) -> Hand {
        Hand(Arc::clone(&self.inner))
    }
}

impl Inner {
    fn did(&self, name: &str) -> String {
        format!("did:web:localhost%3A{}:{name}", self.port.get().unwrap())
    }

    fn key(&self, did: &str) -> SigningKey {
        let random = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
        let mut keys = self.keys.lock().unwrap();
        keys.entry(did.to_owned()).or_insert_with(|| SigningKey::from_slice(&random).unwrap()).clone()
    }

    fn answer(&self, asked: &Asked) -> Answered {
        if let Some(name) = asked.target.strip_suffix("/did.json") {
            return Answered::json(&self.document(&self.did(name.trim_start_matches('/'))));
        }
        let authorization = asked.header("authorization").map(str::to_owned);
        self.asked.lock().unwrap().push((asked.target.clone(), authorization.clone()));
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let mood = *self.mood.lock().unwrap();
        match asked.target.as_str() {
            "/token" => {
                let mut granted = self.granted.lock().unwrap();
                *granted += 1;
                Answered::json(&json!({"access_token": format!("granted-{granted}"), "expires_in": 3600}))
            }
            // The first token is taken for one that has expired meanwhile.
            _ if authorization.as_deref() == Some("Bearer granted-1") => Answered::html(401),
            _ if mood == Mood::Html => Answered::html(200),
            _ if mood == Mood::Declines => Answered::json(
                &json!({"success": false, "errors": ["not today"], "errorCodes": ["vc_not_found", "vc_odd"]}),
            ),
            "/api/v1/verifiablePresentation/generate" => {
                let nonce = match mood {
                    Mood::WrongNonce => uuid::Uuid::new_v4().to_string(),
                    _ => text("corrUUID"),
                };
                let token = self.presentation(&text("holderDID"), &nonce, |_| {});
                let property =
                    if mood == Mood::Misspelt { "verifablePresentation" } else { "verifiablePresentation" };
                Answered::json(&json!({"success": true, property: token}))
            }
            "/api/v1/verifiablePresentation/verify" => {
                Answered::json(&json!({"success": text("verifiablePresentation").contains('.')}))
            }
            _ => Answered::html(404),
        }
    }

    fn document(&self, did: &str) -> Value {
        let point = self.key(did).verifying_key().to_encoded_point(false);
        let coordinate = |bytes: Option<&[u8]>| BASE64_URL_SAFE_NO_PAD.encode(bytes.unwrap());
        let jwk = json!({
            "kty": "EC", "crv": "secp256k1",
            "x": coordinate(point.x().map(|x| x.as_slice())), "y": coordinate(point.y().map(|y| y.as_slice())),
        });
        json!({
            "id": did,
            "verificationMethod": [{"id": "#key-1", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}],
            "authentication": ["#key-1"],
            "assertionMethod": ["#key-1"],
        })
    }

    fn presentation(&self, holder: &str, nonce: &str, change: impl Fn(&mut Value)) -> String {
        let now = chrono::Utc::now().timestamp();
        let (issuer, gln) = (self.did("issuer"), self.glns.lock().unwrap().get(holder).cloned());
        let credential = json!({
            "iss": issuer, "sub": holder, "nbf": now - 1000, "exp": now + 1000,
            "vc": {
                "type": ["VerifiableCredential", "DSCSAATPCredential"], "issuer": issuer,
                "credentialSubject": {
                    "id": holder, "legalName": "Somebody",
                    "identifier": [{"propertyID": "globalLocationNumber", "value": gln}],
                },
            },
        });
        let mut claims = json!({
            "jti": uuid::Uuid::new_v4().to_string(), "iss": holder, "aud": "anybody", "iat": now, "nbf": now - 1000,
            "exp": now + 1000, "nonce": nonce,
            "vp": {
                "type": ["VerifiablePresentation"], "holder": holder,
                "verifiableCredential": [self.sign(&issuer, &credential)],
            },
        });
        change(&mut claims);
        self.sign(holder, &claims)
    }

    fn sign(&self, did: &str, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "ES256K", "typ": "JWT", "kid": format!("{did}#key-1")});
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature: Signature = self.key(did).sign(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}
