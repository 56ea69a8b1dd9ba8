//! Decentralized identifiers of the method `web`, and their documents (W3C DID 1.0; did:web).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use thiserror::Error;

/// Most methods of a document that are looked at.
const MOST_METHODS: usize = 32;

/// First bytes of a secp256k1 public key in a multibase text (multicodec 0xe7).
const SECP256K1: [u8; 2] = [0xe7, 0x01];

/// Where the document of a `did:web` is: always https. `None` for another method, and for what is none.
pub fn web_address(did: &str) -> Option<String> {
    let mut parts = did.strip_prefix("did:web:")?.split(':');
    let host = parts.next()?;
    let (name, port) = match host.split_once("%3A").or_else(|| host.split_once("%3a")) {
        Some((name, port)) => (name, format!(":{}", port.parse::<u16>().ok()?)),
        None => (host, String::new()),
    };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_~".contains(&byte));
    let labelled = name.split('.').all(|label| !label.is_empty()) && !name.contains(['_', '~']);
    if !labelled || !plain(name) || did.len() > 500 {
        return None;
    }
    let mut path = String::new();
    for part in parts {
        if part.is_empty() || !plain(part) || part.bytes().all(|byte| byte == b'.') {
            return None;
        }
        path.push('/');
        path.push_str(part);
    }
    let path = if path.is_empty() { "/.well-known".to_owned() } else { path };
    Some(format!("https://{name}{port}{path}/did.json"))
}

/// What a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A presentation of its own (`authentication`).
    Presenting,
    /// A credential for another (`assertionMethod`).
    Issuing,
}

impl Purpose {
    /// The property of a document that names these keys.
    pub fn property(self) -> &'static str {
        match self {
            Purpose::Presenting => "authentication",
            Purpose::Issuing => "assertionMethod",
        }
    }
}

/// The secp256k1 keys of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DidDocument {
    keys: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    id: String,
    presenting: bool,
    issuing: bool,
    point: Vec<u8>,
}

/// Why a document is none of this DID.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DidFault {
    /// No JSON.
    #[error("the DID document is no JSON: {0}")]
    Json(String),
    /// The document of another.
    #[error("the DID document is of {0}")]
    Other(String),
}

impl DidDocument {
    /// Reads the document of this DID; keys of other curves and forms are passed over.
    pub fn read(body: &[u8], did: &str) -> Result<DidDocument, DidFault> {
        let body: Value = serde_json::from_slice(body).map_err(|error| DidFault::Json(error.to_string()))?;
        let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
        if id != did {
            return Err(DidFault::Other(id.chars().take(200).collect()));
        }
        let mut keys = Vec::new();
        let entries = |name: &str| body.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for method in entries("verificationMethod").iter().take(MOST_METHODS) {
            keys.extend(Key::read(method, did));
        }
        for purpose in [Purpose::Presenting, Purpose::Issuing] {
            for entry in entries(purpose.property()).iter().take(MOST_METHODS) {
                match entry.as_str() {
                    Some(id) => {
                        let id = absolute(id, did);
                        keys.iter_mut().filter(|key| key.id == id).for_each(|key| key.allow(purpose));
                    }
                    None => keys.extend(Key::read(entry, did).map(|mut key| {
                        key.allow(purpose);
                        key
                    })),
                }
            }
        }
        Ok(DidDocument { keys })
    }

    /// Public keys (SEC 1) that may sign for this purpose: those of a name if one is given, relative or whole.
    pub fn points<'a>(
        &'a self,
        did: &str,
        key: Option<&str>,
        purpose: Purpose,
    ) -> impl Iterator<Item = &'a [u8]> {
        let id = key.map(|key| absolute(key, did));
        let may = move |candidate: &&Key| match purpose {
            Purpose::Presenting => candidate.presenting,
            Purpose::Issuing => candidate.issuing,
        };
        let fits = move |candidate: &&Key| id.as_ref().is_none_or(|id| *id == candidate.id);
        self.keys.iter().filter(may).filter(fits).map(|key| key.point.as_slice())
    }
}

impl Key {
    fn read(method: &Value, did: &str) -> Option<Key> {
        let id = absolute(method.get("id")?.as_str()?, did);
        let text = |name: &str| method.get(name).and_then(Value::as_str);
        let point = if let Some(jwk) = method.get("publicKeyJwk") {
            jwk_point(jwk)?
        } else if let Some(hex) = text("publicKeyHex") {
            hex_bytes(hex)?
        } else {
            multibase(text("publicKeyMultibase")?)?.strip_prefix(&SECP256K1)?.to_vec()
        };
        let whole = matches!((point.len(), point.first()), (33, Some(2 | 3)) | (65, Some(4)));
        whole.then_some(Key { id, presenting: false, issuing: false, point })
    }

    fn allow(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Presenting => self.presenting = true,
            Purpose::Issuing => self.issuing = true,
        }
    }
}

/// `#key-1`, and `key-1` as some write, stand for the DID and that.
fn absolute(id: &str, did: &str) -> String {
    if id.starts_with("did:") { id.to_owned() } else { format!("{did}#{}", id.trim_start_matches('#')) }
}

fn jwk_point(jwk: &Value) -> Option<Vec<u8>> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if (text("kty"), text("crv")) != (Some("EC"), Some("secp256k1")) {
        return None;
    }
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = BASE64_URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
        point.extend((coordinate.len() == 32).then_some(coordinate)?);
    }
    Some(point)
}

fn hex_bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Base 58 (`z`) or hexadecimal (`f`).
fn multibase(text: &str) -> Option<Vec<u8>> {
    match text.strip_prefix('z') {
        Some(digits) => base58(digits),
        None => hex_bytes(text.strip_prefix('f')?),
    }
}

fn base58(digits: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if digits.len() > 100 {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new();
    for digit in digits.bytes() {
        let mut carry = ALPHABET.iter().position(|letter| *letter == digit)?;
        for byte in &mut bytes {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    bytes.extend(digits.bytes().take_while(|digit| *digit == b'1').map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(did: &str, expected: Option<&str>) {
        assert_eq!(web_address(did).as_deref(), expected, "{did}");
    }

    #[test]
    fn a_did_web_says_where_its_document_is() {
        check("did:web:example.com", Some("https://example.com/.well-known/did.json"));
        check("did:web:example.com%3A3000", Some("https://example.com:3000/.well-known/did.json"));
        check("did:web:example.com:atp:maker", Some("https://example.com/atp/maker/did.json"));
        check("did:web:localhost%3a8443:a", Some("https://localhost:8443/a/did.json"));
        check("did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8a", None);
        for hostile in [
            "did:web:",
            "did:web:a..b",
            "did:web:user@host",
            "did:web:host/path",
            "did:web:host%2Fpath",
            "did:web:a%3A",
            "did:web:a%3A99999",
            "did:web:a%3A80%3A80",
            "did:web:a:..:b",
            "did:web:a::b",
            "did:web:a:%2e%2e",
            "did:web:a?b",
            "did:web:a#b",
            "did:web:[::1]",
            "did:web:a b",
            "did:web:a\r\n",
            "did:web:..",
            "did:web:é.com",
            "web:a",
            "",
        ] {
            check(hostile, None);
        }
        check(&format!("did:web:{}", "a".repeat(600)), None);
    }

    const DID: &str = "did:web:example.com";

    /// The generator of the curve, as every key that is looked for here.
    const X: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const Y: &str = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

    fn coordinate(hex: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hex_bytes(hex).unwrap())
    }

    fn document(method: &Value) -> DidDocument {
        let body = json!({"id": DID, "verificationMethod": [method], "authentication": ["#k"]});
        DidDocument::read(body.to_string().as_bytes(), DID).unwrap()
    }

    fn found(method: &Value) -> usize {
        document(method).points(DID, None, Purpose::Presenting).count()
    }

    #[test]
    fn keys_are_read_in_each_of_their_forms() {
        let jwk = json!({"kty": "EC", "crv": "secp256k1", "x": coordinate(X), "y": coordinate(Y)});
        let read = document(&json!({"id": "#k", "publicKeyJwk": jwk}));
        let point = read.points(DID, Some("did:web:example.com#k"), Purpose::Presenting).next().unwrap();
        assert_eq!(point, hex_bytes(&format!("04{X}{Y}")).unwrap());
        assert_eq!(found(&json!({"id": "#k", "publicKeyHex": format!("02{X}")})), 1);
        assert_eq!(found(&json!({"id": "#k", "publicKeyMultibase": format!("fe70102{X}")})), 1);
        let base58 = "zQ3shVc2UkAfJCdc1TR8E66J85h48P43r93q8jGPkPpjF9Ef9";
        assert_eq!(found(&json!({"id": "#k", "publicKeyMultibase": base58})), 1);
        for other in [
            json!({"id": "#k", "publicKeyJwk": {"kty": "EC", "crv": "P-256", "x": coordinate(X), "y": coordinate(Y)}}),
            json!({"id": "#k", "publicKeyJwk": {"kty": "EC", "crv": "secp256k1", "x": coordinate(X)}}),
            json!({"id": "#k", "publicKeyHex": X}),
            json!({"id": "#k", "publicKeyHex": format!("02{X}0")}),
            json!({"id": "#k", "publicKeyMultibase": "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}),
            json!({"publicKeyHex": format!("02{X}")}),
            json!("#k"),
        ] {
            assert_eq!(found(&other), 0, "{other}");
        }
    }

    #[test]
    fn a_key_signs_only_what_it_may() {
        let read = document(&json!({"id": "did:web:example.com#k", "publicKeyHex": format!("02{X}")}));
        assert_eq!(read.points(DID, Some("#k"), Purpose::Presenting).count(), 1);
        assert_eq!(read.points(DID, Some("k"), Purpose::Presenting).count(), 1);
        assert_eq!(read.points(DID, Some("#k"), Purpose::Issuing).count(), 0);
        assert_eq!(read.points(DID, Some("#other"), Purpose::Presenting).count(), 0);
        assert_eq!(read.points(DID, Some("did:web:other.com#k"), Purpose::Presenting).count(), 0);
        let embedded =
            json!({"id": DID, "assertionMethod": [{"id": "#e", "publicKeyHex": format!("03{X}")}]});
        let read = DidDocument::read(embedded.to_string().as_bytes(), DID).unwrap();
        assert_eq!(read.points(DID, None, Purpose::Issuing).count(), 1);
        assert_eq!(read.points(DID, None, Purpose::Presenting).count(), 0);
    }

    #[test]
    fn a_document_is_of_its_did() {
        let fault = |body: &str| DidDocument::read(body.as_bytes(), DID).unwrap_err().to_string();
        assert!(fault("<html>").contains("no JSON"));
        assert!(fault(r#"{"id":"did:web:evil.com"}"#).contains("of did:web:evil.com"));
        assert!(fault("[]").contains("is of"));
    }
}
