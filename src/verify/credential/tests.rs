use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use k256::ecdsa::Signature;
use k256::ecdsa::SigningKey;
use k256::ecdsa::signature::Signer;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::formats::did::DidDocument;
use crate::transport;

const GLN: &str = "0300010000007";
const CORRELATION: &str = "7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab";
const NOW: i64 = 1_800_000_000;
const HOLDER: &str = "did:web:maker.example";
const ISSUER: &str = "did:web:issuer.example:atp";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn key() -> SigningKey {
    let random = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    SigningKey::from_slice(&random).unwrap()
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn sign(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let signature: Signature = key.sign(signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn document(did: &str, property: &str, key: &SigningKey) -> DidDocument {
    let point = key.verifying_key().to_encoded_point(false);
    let coordinate = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({
        "kty": "EC", "crv": "secp256k1",
        "x": coordinate(point.x().unwrap()), "y": coordinate(point.y().unwrap()),
    });
    let body = json!({
        "id": did,
        "verificationMethod": [{"id": "#key-1", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}],
        property: ["#key-1"],
    });
    DidDocument::read(body.to_string().as_bytes(), did).unwrap()
}

/// A valid presentation, before one thing of it is changed.
struct Made {
    holder_key: SigningKey,
    issuer_key: SigningKey,
    header: Value,
    claims: Value,
    /// What stands in `vp.verifiableCredential`; the credential below as a token if it is null.
    carried: Value,
    credential_header: Value,
    credential: Value,
    settings: Settings,
    gln: &'static str,
    issuer_document: Result<&'static str, String>,
    holder_document: Result<&'static str, String>,
}

impl Made {
    fn valid() -> Made {
        Made {
            holder_key: key(),
            issuer_key: key(),
            header: json!({"alg": "ES256K", "typ": "JWT", "kid": format!("{HOLDER}#key-1")}),
            claims: json!({
                "jti": "urn:uuid:1", "iss": HOLDER, "aud": "did:web:anybody.example", "iat": NOW - 2, "nbf": NOW - 1000,
                "exp": NOW + 1000, "nonce": CORRELATION,
                "vp": {"type": ["VerifiablePresentation"], "holder": HOLDER},
            }),
            carried: Value::Null,
            credential_header: json!({"alg": "ES256K", "kid": "#key-1"}),
            credential: json!({
                "iss": ISSUER, "sub": HOLDER, "nbf": NOW - 1000, "exp": NOW + 1000,
                "vc": {
                    "type": ["VerifiableCredential", "DSCSAATPCredential"],
                    "issuer": {"id": ISSUER},
                    "expirationDate": "2030-01-01T00:00:00Z",
                    "credentialSubject": {
                        "id": HOLDER, "legalName": "Maker",
                        "identifier": [{"propertyID": "globalLocationNumber", "value": GLN}],
                    },
                },
            }),
            settings: Settings { trusted_issuers: vec![ISSUER.to_owned()], ..Settings::default() },
            gln: GLN,
            issuer_document: Ok("assertionMethod"),
            holder_document: Ok("authentication"),
        }
    }

    fn token(&self) -> String {
        let mut claims = self.claims.clone();
        let carried = match &self.carried {
            Value::Null => json!([sign(&self.credential_header, &self.credential, &self.issuer_key)]),
            other => other.clone(),
        };
        if claims["vp"].is_object() {
            claims["vp"]["verifiableCredential"] = carried;
        }
        sign(&self.header, &claims, &self.holder_key)
    }

    fn credentials(&self) -> Credentials {
        let outbound = Outbound::new(&transport::Settings::default()).unwrap();
        let credentials = Credentials::new(&self.settings, &outbound).unwrap();
        for (did, property, key) in [
            (ISSUER, &self.issuer_document, &self.issuer_key),
            (HOLDER, &self.holder_document, &self.holder_key),
        ] {
            let found = property.clone().map(|property| document(did, property, key));
            run(credentials.0.documents.keep(did, found, now()));
        }
        credentials
    }

    fn judged(&self, token: &str) -> Judged {
        judged(&self.credentials(), token, self.gln)
    }
}

fn judged(credentials: &Credentials, token: &str, gln: &str) -> Judged {
    let correlation = CorrelationId::parse(CORRELATION).unwrap();
    run(credentials.judge(Some(token), &correlation, gln, now()))
}

/// A valid presentation for the properties, and who finds it so.
static VALID: LazyLock<(Credentials, String)> = LazyLock::new(|| {
    let made = Made::valid();
    (made.credentials(), made.token())
});

/// Changes one thing of a valid presentation; the outcome, in words, begins with the code or holds the words.
fn check(change: impl FnOnce(&mut Made), outcome: &str, words: &str) {
    let mut made = Made::valid();
    change(&mut made);
    let judged = made.judged(&made.token());
    let text = judged.outcome.to_string();
    assert!(judged.outcome.as_str() == outcome && text.contains(words), "{text} for {outcome}: {words}");
    assert_eq!(judged.evidence.outcome, outcome);
}

fn refused(code: &str, change: impl FnOnce(&mut Made)) {
    check(change, "invalid", &format!("({code})"));
}

fn not_judged(words: &str, change: impl FnOnce(&mut Made)) {
    check(change, "not-judged", words);
}

fn valid(change: impl FnOnce(&mut Made)) {
    check(change, "valid", "");
}

#[test]
fn a_presentation_in_order_is_valid_and_leaves_its_evidence() {
    let made = Made::valid();
    let judged = made.judged(&made.token());
    assert_eq!(judged.outcome, CredentialOutcome::Valid);
    let evidence: Value = serde_json::from_str(&judged.evidence_json()).unwrap();
    for (name, expected) in [
        ("outcome", "valid"),
        ("judgedBy", "gateway"),
        ("correlation", CORRELATION),
        ("gln", GLN),
        ("holder", HOLDER),
        ("legalName", "Maker"),
        ("presentation", &made.token()),
    ] {
        assert_eq!(evidence[name], expected);
    }
    assert_eq!((&evidence["issuers"], evidence.get("errorCode")), (&json!([ISSUER]), None));
}

#[test]
fn what_may_differ_does() {
    valid(|made| made.claims["nonce"] = json!(CORRELATION.to_uppercase()));
    valid(|made| made.claims["iat"] = json!(NOW - 300));
    valid(|made| made.claims["iat"] = json!(NOW + 20));
    valid(|made| drop(made.header.as_object_mut().unwrap().remove("kid")));
    valid(|made| made.claims["vp"]["holder"] = Value::Null);
    valid(|made| made.settings.audiences = vec!["x".to_owned(), "did:web:anybody.example".to_owned()]);
    valid(|made| made.credential["vc"]["credentialSubject"]["identifier"] = Value::Null);
    valid(|made| made.credential["vc"]["type"] = json!("DSCSAATPEquivalentCredential"));
    let mut made = Made::valid();
    made.credential["vc"]["credentialSubject"]["identifier"] = Value::Null;
    assert_eq!(made.judged(&made.token()).evidence.notices, ["the credential names no GLN"]);
}

#[test]
fn the_envelope_is_refused_if_it_is_not_in_order() {
    for algorithm in [json!("none"), json!("ES256"), json!("HS256"), Value::Null] {
        refused("jwt_invalid", |made| made.header["alg"] = algorithm);
    }
    refused("jwt_invalid", |made| made.header["crit"] = json!(["exp"]));
    refused("jwt_invalid", |made| made.claims["filling"] = json!("x".repeat(MOST_BYTES)));
    refused("jwt_invalid", |made| made.header["kid"] = json!("#key-2"));
    refused("jwt_invalid", |made| made.header["kid"] = json!(format!("{ISSUER}#key-1")));
    refused("jwt_invalid", |made| made.holder_document = Ok("assertionMethod"));
    refused("jwt_invalid", |made| made.settings.audiences = vec!["did:web:us.example".to_owned()]);
    let (made, other) = (Made::valid(), Made::valid());
    let (signed, _) = made.token().rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let forged = format!("{signed}.{}", other.token().rsplit('.').next().unwrap());
    assert!(made.judged(&forged).outcome.to_string().contains("(jwt_invalid)"));
    let zero = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 64]));
    assert!(made.judged(&zero).outcome.to_string().contains("(jwt_invalid)"));
}

#[test]
fn a_presentation_is_bound_to_its_request_and_moment() {
    refused("vp_nonce_invalid", |made| made.claims["nonce"] = json!("7f8c1d2e-3b4a-4c5d-8e6f-0123456789ac"));
    refused("vp_nonce_invalid", |made| made.claims["nonce"] = json!(7));
    refused("vp_nonce_invalid", |made| drop(made.claims.as_object_mut().unwrap().remove("nonce")));
    refused("vp_iat_expired", |made| made.claims["iat"] = json!(NOW - 331));
    refused("vp_iat_invalid", |made| made.claims["iat"] = json!(NOW + 31));
    refused("vp_iat_invalid", |made| made.claims["iat"] = json!("now"));
    refused("vp_iat_invalid", |made| made.claims["iat"] = json!(i64::MAX));
    refused("vc_nbf_expired", |made| made.claims["nbf"] = json!(NOW + 31));
    refused("vc_nbf_invalid", |made| made.claims["nbf"] = Value::Null);
    refused("vc_exp_expired", |made| made.claims["exp"] = json!(NOW - 30));
    refused("vc_exp_invalid", |made| made.claims["exp"] = json!([NOW]));
    refused("vp_iss_invalid", |made| made.claims["iss"] = json!("maker"));
    refused("vp_iss_invalid", |made| made.claims["iss"] = json!("did:web:thief.example"));
    refused("vp_iss_invalid", |made| made.claims["vp"]["holder"] = json!("did:web:thief.example"));
}

#[test]
fn a_credential_is_of_who_presents_it_and_in_force() {
    refused("vc_not_found", |made| made.claims["vp"] = Value::Null);
    refused("vc_not_found", |made| made.carried = json!([]));
    refused("vc_invalid", |made| made.carried = json!([7]));
    refused("vc_invalid", |made| made.carried = json!(["a.b.c"]));
    refused("vc_invalid", |made| made.carried = json!(["", "", "", "", ""]));
    refused("vc_invalid", |made| made.credential["vc"]["type"] = json!(["IdentityCredential"]));
    refused("vc_invalid", |made| made.credential["vc"]["issuer"] = json!("did:web:other.example"));
    refused("vc_invalid", |made| {
        made.credential["vc"]["credentialSubject"]["id"] = json!("did:web:b.example")
    });
    refused("vc_invalid", |made| made.gln = "0300010000014");
    refused("vp_iss_invalid", |made| {
        made.credential["sub"] = json!("did:web:b.example");
        made.credential["vc"]["credentialSubject"]["id"] = json!("did:web:b.example");
    });
    refused("vp_iss_invalid", |made| {
        made.credential["sub"] = Value::Null;
        made.credential["vc"]["credentialSubject"]["id"] = Value::Null;
    });
    refused("vc_nbf_expired", |made| made.credential["nbf"] = json!(NOW + 31));
    refused("vc_exp_expired", |made| made.credential["exp"] = json!(NOW - 30));
    refused("vc_exp_expired", |made| made.credential["vc"]["expirationDate"] = json!("2026-01-01T00:00:00Z"));
    refused("vc_exp_invalid", |made| made.credential["vc"]["expirationDate"] = json!("soon"));
    refused("vc_non_trusted_issuer", |made| {
        made.settings.trusted_issuers = vec!["did:web:b.example".to_owned()]
    });
    refused("vc_invalid", |made| made.credential["iss"] = Value::Null);
    refused("vc_non_trusted_issuer", |made| {
        made.credential["iss"] = Value::Null;
        made.credential["vc"]["issuer"] = Value::Null;
    });
    refused("vc_proof_invalid", |made| made.credential_header["alg"] = json!("none"));
    refused("vc_proof_invalid", |made| made.credential_header["kid"] = json!("#key-2"));
    refused("vc_proof_invalid", |made| made.issuer_document = Ok("authentication"));
    refused("vc_proof_invalid", |made| {
        let forged = sign(&made.credential_header, &made.credential, &made.holder_key);
        made.carried = json!(forged);
    });
}

#[test]
fn what_cannot_be_checked_is_never_valid() {
    not_judged("revoked (RevocationStatus2021LDAP)", |made| {
        made.credential["vc"]["credentialStatus"] = json!({"type": "RevocationStatus2021LDAP"});
    });
    not_judged("JSON-LD proof (EcdsaSecp256k1RecoverySignature2020)", |made| {
        let mut object = made.credential["vc"].clone();
        object["proof"] = json!({"type": "EcdsaSecp256k1RecoverySignature2020"});
        made.carried = json!([object]);
    });
    not_judged("signed by \"EdDSA\"", |made| made.credential_header["alg"] = json!("EdDSA"));
    not_judged("no issuer is set as trusted", |made| made.settings.trusted_issuers.clear());
    not_judged("only did:web can", |made| {
        let ethr = "did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8a";
        made.credential["iss"] = json!(ethr);
        made.credential["vc"]["issuer"] = json!(ethr);
        made.settings.trusted_issuers = vec![ethr.to_owned()];
    });
    not_judged("only did:web can", |made| {
        let ethr = "did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8a";
        made.claims["iss"] = json!(ethr);
        made.claims["vp"]["holder"] = json!(ethr);
        made.credential["sub"] = json!(ethr);
        made.credential["vc"]["credentialSubject"]["id"] = json!(ethr);
    });
    not_judged("gone", |made| made.issuer_document = Err("gone".to_owned()));
    not_judged("gone", |made| made.holder_document = Err("gone".to_owned()));
    not_judged("JSON-LD", |made| {
        let token = sign(&made.credential_header, &made.credential, &made.issuer_key);
        made.carried = json!([token, made.credential["vc"].clone()]);
    });
}

#[test]
fn a_document_that_cannot_be_fetched_leaves_a_presentation_unjudged() {
    let made = Made::valid();
    let credentials = made.credentials();
    let correlation = CorrelationId::parse(CORRELATION).unwrap();
    run(credentials.0.documents.keep(ISSUER, Err("gone".to_owned()), now() - TimeDelta::seconds(31)));
    let judged = run(credentials.judge(Some(&made.token()), &correlation, GLN, now()));
    let CredentialOutcome::NotJudged { what } = judged.outcome else { panic!("{:?}", judged.outcome) };
    assert!(what.contains("cannot be had") && !what.contains("gone"), "{what}");
}

#[test]
fn nothing_presented_is_absent_and_nothing_is_made_without_a_wallet() {
    let credentials = Made::valid().credentials();
    let correlation = CorrelationId::parse(CORRELATION).unwrap();
    let judged = run(credentials.judge(None, &correlation, GLN, now()));
    assert_eq!((judged.outcome, judged.evidence.presentation), (CredentialOutcome::Absent, None));
    assert_eq!(run(credentials.presentation(&correlation)).unwrap(), None);
}

#[test]
fn presentations_are_found_under_each_header() {
    let credentials = Made::valid().credentials();
    let found = |name: &'static str, value: &'static str| {
        credentials.presented(|header| header.eq_ignore_ascii_case(name).then_some(value))
    };
    assert_eq!(found("ATP-Authorization", "a.b.c"), Some("a.b.c"));
    assert_eq!(found("x-atp-credential", " Bearer a.b.c "), Some("a.b.c"));
    assert_eq!(found("ATP-Authorization", "bearer"), Some("bearer"));
    assert_eq!(found("ATP-Authorization", " "), None);
    assert_eq!(found("Authorization", "Bearer a.b.c"), None);
}

#[test]
fn a_signature_of_either_half_fits() {
    let made = Made::valid();
    let token = made.token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let (r, s) = signature.split_scalars();
    let other = Signature::from_scalars(r, -s).unwrap();
    let other = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(other.to_bytes()));
    assert_eq!(made.judged(&other).outcome, CredentialOutcome::Valid);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_changed_byte_is_ever_valid(place in any::<prop::sample::Index>(), flip in 1_u8..=255) {
        let (credentials, token) = &*VALID;
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        let judged = judged(credentials, &String::from_utf8_lossy(&bytes), GLN);
        prop_assert!(!judged.outcome.is_valid());
    }

    #[test]
    fn no_text_is_ever_valid(text in "\\PC{0,200}") {
        prop_assert!(!judged(&VALID.0, &text, GLN).outcome.is_valid());
    }
}
