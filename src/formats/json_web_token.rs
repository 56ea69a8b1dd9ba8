//! JsonWebToken: a token in the compact form (RFC 7515, RFC 7519), taken apart; its signature is not judged here.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::Utc;
use serde_json::Map;
use serde_json::Value;
use thiserror::Error;

/// A token taken apart.
#[derive(Clone, Debug)]
pub struct JsonWebToken<'a> {
    /// `kid`: which key of the issuer signed.
    pub key: Option<String>,
    /// The claims.
    pub claims: Map<String, Value>,
    /// What is signed.
    pub signed: &'a [u8],
    /// The signature: r and s, 32 bytes each.
    pub signature: [u8; 64],
}

/// Why a text is no token that we take.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenFault {
    /// Longer than any that is real.
    #[error("the token has {0} bytes; {1} are the most")]
    Size(usize, usize),
    /// Not three parts.
    #[error("a token has three parts with dots between them")]
    Parts,
    /// A part is no base64url without padding.
    #[error("the {0} is no base64url")]
    Base64(&'static str),
    /// A part is no JSON object.
    #[error("the {0} is no JSON object")]
    Json(&'static str),
    /// Signed in another way.
    #[error("`alg` is {0}, and must be ES256K")]
    Algorithm(String),
    /// Extensions that we do not know.
    #[error("the header has `crit`, and no extension is known here")]
    Critical,
    /// Not 64 bytes.
    #[error("the signature has {0} bytes, and must have 64")]
    Signature(usize),
}

impl<'a> JsonWebToken<'a> {
    /// The one algorithm taken: whatever else a header says, no key is ever used in another way.
    const ALGORITHM: &'static str = "ES256K";

    /// Takes a token apart; of at most so many bytes.
    pub fn parse(text: &'a str, most_bytes: usize) -> Result<JsonWebToken<'a>, TokenFault> {
        if text.len() > most_bytes {
            return Err(TokenFault::Size(text.len(), most_bytes));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenFault::Parts)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Parts)?;
        if claims.contains('.') {
            return Err(TokenFault::Parts);
        }
        let header = object(header, "header")?;
        let algorithm = header.get("alg").unwrap_or(&Value::Null);
        if algorithm.as_str() != Some(Self::ALGORITHM) {
            return Err(TokenFault::Algorithm(algorithm.to_string().chars().take(40).collect()));
        }
        if header.contains_key("crit") {
            return Err(TokenFault::Critical);
        }
        let claims = object(claims, "payload")?;
        let signature = bytes(signature, "signature")?;
        let length = signature.len();
        Ok(JsonWebToken {
            key: header.get("kid").and_then(Value::as_str).map(str::to_owned),
            claims,
            signed: signed.as_bytes(),
            signature: signature.try_into().map_err(|_| TokenFault::Signature(length))?,
        })
    }

    /// A claim that is a text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// A claim that is a time in seconds (RFC 7519, section 2, `NumericDate`); `None` where it is missing or none.
    pub fn time(&self, claim: &str) -> Option<DateTime<Utc>> {
        let number = self.claims.get(claim)?;
        let seconds = number.as_i64().or_else(|| {
            let fractional = number.as_f64().filter(|seconds| seconds.abs() < 1e12)?;
            Some(fractional.floor() as i64)
        })?;
        DateTime::from_timestamp(seconds, 0)
    }
}

fn bytes(part: &str, name: &'static str) -> Result<Vec<u8>, TokenFault> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Base64(name))
}

fn object(part: &str, name: &'static str) -> Result<Map<String, Value>, TokenFault> {
    serde_json::from_slice(&bytes(part, name)?).map_err(|_| TokenFault::Json(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str, signature: usize) -> String {
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}.{}", part(header.as_bytes()), part(claims.as_bytes()), part(&vec![7; signature]))
    }

    fn check(token: &str, words: &str) {
        let fault = JsonWebToken::parse(token, 2000).unwrap_err();
        assert!(fault.to_string().contains(words), "{fault}");
    }

    #[test]
    fn a_token_is_taken_apart() {
        let text =
            token(r#"{"alg":"ES256K","kid":"a#1"}"#, r#"{"iss":"a","iat":1700000000,"exp":1.5e9}"#, 64);
        let token = JsonWebToken::parse(&text, 2000).unwrap();
        assert_eq!((token.key.as_deref(), token.text("iss")), (Some("a#1"), Some("a")));
        assert_eq!(token.time("iat").unwrap().timestamp(), 1_700_000_000);
        assert_eq!(token.time("exp").unwrap().timestamp(), 1_500_000_000);
        assert_eq!((token.time("iss"), token.time("nbf"), token.text("iat")), (None, None, None));
        assert!(text.as_bytes().starts_with(token.signed));
    }

    #[test]
    fn only_one_algorithm_is_taken() {
        for algorithm in [r#""none""#, r#""ES256""#, r#""HS256""#, r#""es256k""#, "null", r#"["ES256K"]"#] {
            check(&token(&format!(r#"{{"alg":{algorithm}}}"#), "{}", 64), "must be ES256K");
        }
        check(&token("{}", "{}", 64), "must be ES256K");
        check(&token(r#"{"alg":"ES256K","crit":["b64"],"b64":false}"#, "{}", 64), "crit");
    }

    #[test]
    fn what_is_no_token_is_named() {
        let good = token(r#"{"alg":"ES256K"}"#, "{}", 64);
        check(&"a".repeat(2001), "2001 bytes");
        check("", "three parts");
        check("a.b", "three parts");
        check(&format!("{good}.x"), "three parts");
        check(&format!("{good}="), "signature is no base64url");
        check(&token(r#"["ES256K"]"#, "{}", 64), "header is no JSON object");
        check(&token(r#"{"alg":"ES256K"}"#, "7", 64), "payload is no JSON object");
        check(&token(r#"{"alg":"ES256K"}"#, "{}", 63), "63 bytes");
        check(&token(r#"{"alg":"ES256K"}"#, "{}", 0), "0 bytes");
    }
}
