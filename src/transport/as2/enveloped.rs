//! Envelopes (EnvelopedData, RFC 5652, section 6; AuthEnvelopedData, RFC 5083).

use openssl::cms::CMSOptions;
use openssl::cms::CmsContentInfo;
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::X509;

use crate::transport::as2::As2Error;
use crate::transport::as2::Cipher;
use crate::transport::as2::Identity;
use crate::transport::as2::Refusal;
use crate::transport::as2::Settings;
use crate::transport::as2::Trouble;
use crate::transport::as2::ber::Malformed;
use crate::transport::as2::ber::Reader;
use crate::transport::as2::der;
use crate::transport::as2::refused;

/// EnvelopedData (1.2.840.113549.1.7.3).
pub(super) const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
/// AuthEnvelopedData (1.2.840.113549.1.9.16.1.23).
pub(super) const AUTH_ENVELOPED_DATA: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17];

/// `CMS_R_NO_MATCHING_RECIPIENT` of the library.
const NO_MATCHING_RECIPIENT: i32 = 132;

/// Encrypts these bytes for a certificate.
pub(super) fn encrypt(content: &[u8], cipher: Cipher, certificate: X509) -> Result<Vec<u8>, As2Error> {
    let encrypted = || -> Result<CmsContentInfo, ErrorStack> {
        let mut recipients = Stack::new()?;
        recipients.push(certificate)?;
        CmsContentInfo::encrypt(&recipients, content, cipher.openssl(), CMSOptions::BINARY)
    };
    let failed = refused("the message cannot be encrypted");
    encrypted().map_err(&failed)?.to_der().map_err(&failed)
}

/// The kind of content that CMS says it holds.
pub(super) fn kind(bytes: &[u8]) -> Result<&[u8], Malformed> {
    Ok(Reader::new(bytes).enter(der::SEQUENCE)?.expect(der::OID)?.content)
}

/// Decrypts an envelope by whichever of our keys it is for. The bytes are given up, so that memory holds them once.
pub(super) fn decrypt(
    bytes: Vec<u8>,
    identities: &[Identity],
    settings: &Settings,
) -> Result<(Vec<u8>, Cipher), Refusal> {
    let failed = |words: &str| Refusal::new(Trouble::DecryptionFailed, words);
    let broken = "the envelope cannot be read";
    let cipher = cipher(&bytes).map_err(|Malformed| failed(broken))?;
    let Some(cipher) = cipher.filter(|cipher| settings.allows(cipher.weak())) else {
        let words = "the cipher is not taken; encrypt by AES in CBC mode";
        return Err(Refusal::new(Trouble::InsufficientSecurity, words));
    };
    let envelope = CmsContentInfo::from_der(&bytes).map_err(|_| failed(broken))?;
    drop(bytes);
    for identity in identities {
        match envelope.decrypt(&identity.key, &identity.certificate) {
            Ok(content) => return Ok((content, cipher)),
            // Without a word where the envelope is for other certificates.
            Err(errors)
                if errors.errors().iter().all(|error| error.reason_code() == NO_MATCHING_RECIPIENT) => {}
            Err(_) => return Err(failed("the envelope cannot be opened")),
        }
    }
    Err(failed("the envelope is for none of our certificates; ask us for the one in use"))
}

fn cipher(bytes: &[u8]) -> Result<Option<Cipher>, Malformed> {
    let mut info = Reader::new(bytes).enter(der::SEQUENCE)?;
    let kind = info.expect(der::OID)?.content;
    let mut data = info.enter(der::CONTEXT_0)?.enter(der::SEQUENCE)?;
    data.expect(der::INTEGER)?;
    data.skip(der::CONTEXT_0)?;
    data.expect(der::SET)?;
    let mut content = data.enter(der::SEQUENCE)?;
    content.expect(der::OID)?;
    let cipher = Cipher::of_oid(content.enter(der::SEQUENCE)?.expect(der::OID)?.content);
    Ok(cipher.filter(|cipher| cipher.is_authenticated() == (kind == AUTH_ENVELOPED_DATA)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::as2::Weak;
    use crate::transport::as2::testing::identity;

    #[test]
    fn every_cipher_leads_back() {
        let weak = Settings { weak: vec![Weak::TripleDes], ..Settings::default() };
        for cipher in [
            Cipher::TripleDes,
            Cipher::Aes128Cbc,
            Cipher::Aes192Cbc,
            Cipher::Aes256Cbc,
            Cipher::Aes128Gcm,
            Cipher::Aes192Gcm,
            Cipher::Aes256Gcm,
        ] {
            let sealed = encrypt(b"hello", cipher, identity(1).certificate.clone()).unwrap();
            let both = [identity(0).clone(), identity(1).clone()];
            assert_eq!(decrypt(sealed.clone(), &both, &weak), Ok((b"hello".to_vec(), cipher)));
            let strict =
                decrypt(sealed.clone(), &both, &Settings::default()).map_err(|refusal| refusal.trouble);
            assert_eq!(strict.is_err(), cipher == Cipher::TripleDes, "{strict:?}");
            let other = decrypt(sealed, &[identity(0).clone()], &weak).unwrap_err();
            assert!(other.words.contains("none of our certificates"), "{other}");
        }
    }

    #[test]
    fn what_was_changed_is_refused() {
        let sealed = encrypt(&[7; 100], Cipher::Aes256Gcm, identity(0).certificate.clone()).unwrap();
        let own = [identity(0).clone()];
        for at in [sealed.len() - 1, sealed.len() - 60] {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert_eq!(
                decrypt(bad, &own, &Settings::default()).unwrap_err().trouble,
                Trouble::DecryptionFailed
            );
        }
        assert!(decrypt(sealed[..200].to_vec(), &own, &Settings::default()).is_err());
        assert!(decrypt(b"hello".to_vec(), &own, &Settings::default()).is_err());
    }
}
