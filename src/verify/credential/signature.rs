//! Signatures of the curve secp256k1 with SHA-256 (ES256K, RFC 8812).

use k256::ecdsa::Signature;
use k256::ecdsa::VerifyingKey;
use k256::ecdsa::signature::Verifier;

use crate::formats::json_web_token::JsonWebToken;

/// True where the key signed the token. Both values of s are taken, as the algorithm asks for neither.
pub(super) fn fits(token: &JsonWebToken<'_>, point: &[u8]) -> bool {
    let Ok(key) = VerifyingKey::from_sec1_bytes(point) else { return false };
    let Ok(signature) = Signature::from_slice(&token.signature) else { return false };
    let signature = signature.normalize_s().unwrap_or(signature);
    key.verify(token.signed, &signature).is_ok()
}
