//! Signatures (SignedData, RFC 5652, section 5) apart from what they sign, and message integrity checks.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use chrono::Datelike;
use chrono::Utc;
use openssl::cms::CMSOptions;
use openssl::cms::CmsContentInfo;
use openssl::error::ErrorStack;
use openssl::hash;
use openssl::sign::Signer;
use openssl::stack::Stack;
use openssl::x509::X509;

use crate::transport::as2::As2Error;
use crate::transport::as2::Digest;
use crate::transport::as2::Identity;
use crate::transport::as2::Refusal;
use crate::transport::as2::Settings;
use crate::transport::as2::Trouble;
use crate::transport::as2::ber::Malformed;
use crate::transport::as2::ber::Reader;
use crate::transport::as2::certificate::fingerprint;
use crate::transport::as2::compressed::DATA;
use crate::transport::as2::der;
use crate::transport::as2::mime::Entity;
use crate::transport::as2::refused;

/// SignedData (1.2.840.113549.1.7.2).
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// RSA (1.2.840.113549.1.1.1).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// The attributes 1.2.840.113549.1.9.3 to .5.
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05];

/// The longest message digest.
const LONGEST_DIGEST: u64 = 64;

/// A message integrity check: the digest of what was sent, by which a receipt proves what arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mic {
    /// By which digest.
    pub digest: Digest,
    /// The digest in base64.
    pub value: String,
}

impl Mic {
    /// The integrity check of these bytes.
    pub(super) fn of(digest: Digest, bytes: &[u8]) -> Result<Mic, As2Error> {
        let sum = hash::hash(digest.openssl(), bytes).map_err(refused("no digest could be made"))?;
        Ok(Mic { digest, value: STANDARD.encode(sum) })
    }

    /// Reads what a receipt holds, or what [`Mic`] wrote: `base64, sha-256`.
    pub fn parse(text: &str) -> Option<Mic> {
        let (value, name) = text.split_once(',')?;
        let value: String = value.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
        Some(Mic { digest: Digest::parse(name)?, value })
    }
}

impl fmt::Display for Mic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {}", self.value, self.digest.as_str())
    }
}

/// What a good signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    /// The integrity check of what is signed.
    pub(super) mic: Mic,
    /// SHA-256 of the certificate that signed, in hexadecimal.
    pub(super) signer: String,
}

/// Signs these bytes. The cryptography library signs by one digest only, so the frame around its signature is made here.
pub(super) fn sign(
    content: &[u8],
    digest: Digest,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, As2Error> {
    let signed = || -> Result<Vec<u8>, ErrorStack> {
        let sum = hash::hash(digest.openssl(), content)?;
        let attributes = attributes(&sum, now);
        let mut signer = Signer::new(digest.openssl(), &identity.key)?;
        signer.update(&der::element(der::SET, &[&attributes]))?;
        let signature = signer.sign_to_vec()?;
        let certificate = &identity.certificate;
        let serial = der::unsigned(&certificate.serial_number().to_bn()?.to_vec());
        let signer_id = der::element(der::SEQUENCE, &[&certificate.issuer_name().to_der()?, &serial]);
        let version = der::unsigned(&[1]);
        let algorithm = algorithm(digest.oid(), digest.weak().is_some());
        let signer_info = der::element(
            der::SEQUENCE,
            &[
                &version,
                &signer_id,
                &algorithm,
                &der::element(der::CONTEXT_0, &[&attributes]),
                &self::algorithm(RSA, true),
                &der::element(der::OCTET_STRING, &[&signature]),
            ],
        );
        let signed = der::element(
            der::SEQUENCE,
            &[
                &version,
                &der::element(der::SET, &[&algorithm]),
                &der::element(der::SEQUENCE, &[&oid(DATA)]),
                &der::element(der::CONTEXT_0, &[&certificate.to_der()?]),
                &der::element(der::SET, &[&signer_info]),
            ],
        );
        Ok(der::element(der::SEQUENCE, &[&oid(SIGNED_DATA), &der::element(der::CONTEXT_0, &[&signed])]))
    };
    signed().map_err(refused("the message cannot be signed"))
}

fn oid(oid: &[u8]) -> Vec<u8> {
    der::element(der::OID, &[oid])
}

/// SHA-2 has no parameters (RFC 5754, section 2); older ones have the empty one.
fn algorithm(identifier: &[u8], null: bool) -> Vec<u8> {
    let parameters: &[u8] = if null { &der::NULL } else { &[] };
    der::element(der::SEQUENCE, &[&oid(identifier), parameters])
}

/// The signed attributes, in the order of their bytes as DER has a set.
fn attributes(sum: &[u8], now: DateTime<Utc>) -> Vec<u8> {
    let attribute = |kind: &[u8], value: Vec<u8>| {
        der::element(der::SEQUENCE, &[&oid(kind), &der::element(der::SET, &[&value])])
    };
    // RFC 5652, section 11.3: two digits of the year until 2049.
    let (tag, form) = if now.year() < 2050 {
        (der::UTC_TIME, "%y%m%d%H%M%SZ")
    } else {
        (der::GENERALIZED_TIME, "%Y%m%d%H%M%SZ")
    };
    let mut all = [
        attribute(CONTENT_TYPE, oid(DATA)),
        attribute(SIGNING_TIME, der::element(tag, &[now.format(form).to_string().as_bytes()])),
        attribute(MESSAGE_DIGEST, der::element(der::OCTET_STRING, &[sum])),
    ];
    all.sort();
    all.concat()
}

/// What a signature says of how it was made.
struct SignerInfo {
    digest: Option<Digest>,
    message_digest: Option<Vec<u8>>,
}

/// Reads the one signer of a signature.
fn signer(signature: &[u8]) -> Result<SignerInfo, Malformed> {
    let mut info = Reader::new(signature).enter(der::SEQUENCE)?;
    if info.expect(der::OID)?.content != SIGNED_DATA {
        return Err(Malformed);
    }
    let mut data = info.enter(der::CONTEXT_0)?.enter(der::SEQUENCE)?;
    data.expect(der::INTEGER)?;
    data.expect(der::SET)?;
    data.expect(der::SEQUENCE)?;
    data.skip(der::CONTEXT_0)?;
    data.skip(der::CONTEXT_1)?;
    let mut signers = data.enter(der::SET)?;
    let mut signer = signers.enter(der::SEQUENCE)?;
    if signers.next()?.is_some() {
        return Err(Malformed);
    }
    signer.expect(der::INTEGER)?;
    // Issuer and serial number, or the identifier of a key.
    signer.next()?;
    let digest = Digest::of_oid(signer.enter(der::SEQUENCE)?.expect(der::OID)?.content);
    let mut message_digest = None;
    if let Some(attributes) = signer.skip(der::CONTEXT_0)? {
        let mut attributes = Reader::new(attributes.content);
        while let Some(attribute) = attributes.next()? {
            let mut attribute = Reader::new(attribute.content);
            if attribute.expect(der::OID)?.content != MESSAGE_DIGEST {
                continue;
            }
            let mut sum = Vec::new();
            let value = attribute.enter(der::SET)?.expect(der::OCTET_STRING)?;
            value.octets().take(LONGEST_DIGEST).read_to_end(&mut sum).map_err(|_| Malformed)?;
            if message_digest.replace(sum).is_some() {
                return Err(Malformed);
            }
        }
    }
    Ok(SignerInfo { digest, message_digest })
}

/// Verifies a signature over an entity by the certificates of the channel.
pub(super) fn verify(
    signature: &[u8],
    entity: &Entity,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<Verified, Refusal> {
    let refuse = |trouble: Trouble, words: String| Err(Refusal::new(trouble, words));
    let unread = "the signature is no SignedData with one signer";
    let info = signer(signature).map_err(|Malformed| Refusal::new(Trouble::AuthenticationFailed, unread))?;
    let Some(digest) = info.digest.filter(|digest| settings.allows(digest.weak())) else {
        let named = info.digest.map_or("of a digest that is not known here", Digest::as_str);
        return refuse(
            Trouble::UnsupportedMic,
            format!("a signature by {named} is not taken; sign by sha-256, sha-384 or sha-512"),
        );
    };
    let failed = |error: As2Error| Refusal::new(Trouble::UnexpectedProcessing, error.to_string());
    let mut content = Cow::Borrowed(entity.whole());
    let mut mic = Mic::of(digest, &content).map_err(failed)?;
    if let Some(told) = &info.message_digest
        && STANDARD.encode(told) != mic.value
    {
        // Signed with whole line ends, and sent with others.
        let other = match entity.with_crlf() {
            Some(lines) => Some((Mic::of(digest, &lines).map_err(failed)?, lines)),
            None => None,
        };
        match other.filter(|(mic, _)| STANDARD.encode(told) == mic.value) {
            Some((other, lines)) => (mic, content) = (other, Cow::Owned(lines)),
            None => {
                let words = "what arrived is not what was signed: the digests differ; send the message again, and look at what \
                             stands between us if it happens again";
                return refuse(Trouble::IntegrityCheckFailed, words.to_owned());
            }
        }
    }
    let mut idle = None;
    for pinned in &settings.certificates {
        let certificate = pinned.parsed().map_err(failed)?;
        if !is_signed_by(signature, &content, &certificate) {
            continue;
        }
        match pinned.idle(&certificate, now).map_err(failed)? {
            Some(why) => idle = Some(why),
            None => return Ok(Verified { mic, signer: fingerprint(&certificate).map_err(failed)? }),
        }
    }
    let unknown =
        "it is signed by none of the certificates that were exchanged; send us the new one before it is used";
    let words = idle.map_or_else(|| unknown.to_owned(), |why| format!("the signature is good, but {why}"));
    refuse(Trouble::AuthenticationFailed, words)
}

fn is_signed_by(signature: &[u8], content: &[u8], certificate: &X509) -> bool {
    let verified = || -> Result<(), ErrorStack> {
        let mut signers = Stack::new()?;
        signers.push(certificate.clone())?;
        // The certificates that come along are not looked at, and no authority is: what is pinned is the certificate.
        let options = CMSOptions::NOINTERN | CMSOptions::NO_SIGNER_CERT_VERIFY | CMSOptions::BINARY;
        CmsContentInfo::from_der(signature)?.verify(Some(&signers), None, Some(content), None, options)
    };
    verified().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::as2::Pinned;
    use crate::transport::as2::Weak;
    use crate::transport::as2::testing::NOW;
    use crate::transport::as2::testing::identity;
    use crate::transport::as2::testing::now;

    fn entity(text: &str) -> Entity {
        Entity::parse(text.as_bytes().to_vec()).unwrap()
    }

    fn settings(weak: &[Weak]) -> Settings {
        let pinned = Pinned { certificate: identity(0).public_pem().unwrap(), ..Pinned::default() };
        Settings { certificates: vec![pinned], weak: weak.to_vec(), ..Settings::default() }
    }

    fn check(signature: &[u8], text: &str, settings: &Settings, expected: Result<Digest, Trouble>) {
        let verified = verify(signature, &entity(text), settings, now());
        let found = verified.map(|verified| verified.mic.digest).map_err(|refusal| refusal.trouble);
        assert_eq!(found, expected, "{text}");
    }

    const TEXT: &str = "Content-Type: text/xml\r\n\r\n<a/>\r\n";

    #[test]
    fn signatures_are_verified_by_digests_that_are_allowed() {
        for digest in [Digest::Md5, Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512] {
            let signature = sign(TEXT.as_bytes(), digest, identity(0), now()).unwrap();
            check(&signature, TEXT, &settings(&[Weak::Md5, Weak::Sha1]), Ok(digest));
            let expected = if digest.weak().is_none() { Ok(digest) } else { Err(Trouble::UnsupportedMic) };
            check(&signature, TEXT, &settings(&[]), expected);
        }
    }

    #[test]
    fn what_was_changed_or_signed_by_another_is_refused() {
        let signature = sign(TEXT.as_bytes(), Digest::Sha256, identity(0), now()).unwrap();
        check(&signature, &TEXT.replace("<a/>", "<b/>"), &settings(&[]), Err(Trouble::IntegrityCheckFailed));
        check(&signature, &TEXT.replace("\r\n", "\n"), &settings(&[]), Ok(Digest::Sha256));
        let other = sign(TEXT.as_bytes(), Digest::Sha256, identity(1), now()).unwrap();
        check(&other, TEXT, &settings(&[]), Err(Trouble::AuthenticationFailed));
        check(b"0\x80", TEXT, &settings(&[]), Err(Trouble::AuthenticationFailed));
        // Before its certificate a signature names algorithms once more, which nothing rests on.
        let certificate = identity(0).certificate.to_der().unwrap();
        let along = memchr::memmem::find(&signature, &certificate).unwrap() + certificate.len();
        for at in (along..signature.len()).step_by(3) {
            let mut bad = signature.clone();
            bad[at] ^= 0x40;
            assert!(verify(&bad, &entity(TEXT), &settings(&[]), now()).is_err(), "{at}");
        }
    }

    #[test]
    fn a_certificate_counts_in_its_time() {
        let signature = sign(TEXT.as_bytes(), Digest::Sha256, identity(0), now()).unwrap();
        let mut settings = settings(&[]);
        settings.certificates[0].from = "2027-01-01T00:00:00Z".to_owned();
        check(&signature, TEXT, &settings, Err(Trouble::AuthenticationFailed));
        settings.certificates.push(Pinned { from: NOW.to_owned(), ..settings.certificates[0].clone() });
        check(&signature, TEXT, &settings, Ok(Digest::Sha256));
    }

    #[test]
    fn checks_are_read_as_written() {
        let mic = Mic::of(Digest::Sha256, b"x").unwrap();
        assert_eq!(Mic::parse(&mic.to_string()), Some(mic.clone()));
        assert_eq!(Mic::parse(&format!(" {} ,SHA256", mic.value)), Some(mic));
        assert_eq!(Mic::parse("abc"), None);
    }
}
