//! Certificates of clients: whoever shows one must have it from an authority of the settings, and each refusal has its reason.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::CertificateError;
use rustls::DigitallySignedStruct;
use rustls::DistinguishedName;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerified;
use rustls::server::danger::ClientCertVerifier;

use crate::access::Fingerprint;
use crate::server::tls::TlsError;

/// Judges the certificates that clients show by these authorities, PEM files; a client need not show one. `None` where there
/// are no authorities: then none is asked for.
pub(super) fn verifier(
    authorities: &[PathBuf],
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    if authorities.is_empty() {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    for path in authorities {
        let unusable =
            |why: String| TlsError::File { setting: "client_authorities", path: path.clone(), why };
        let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
        if roots.len() == before {
            return Err(unusable("there is no certificate in PEM form in it".to_owned()));
        }
    }
    let judge = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| TlsError::Setup(rustls::Error::General(error.to_string())))?;
    Ok(Some(Arc::new(Telling { judge })))
}

/// Judges as another does, and says in the log whom it refuses and why.
#[derive(Debug)]
struct Telling {
    judge: Arc<dyn ClientCertVerifier>,
}

impl ClientCertVerifier for Telling {
    fn offer_client_auth(&self) -> bool {
        self.judge.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.judge.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.judge.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let judged = self.judge.verify_client_cert(own, between, now);
        if let Err(error) = &judged {
            let fingerprint = Fingerprint::of(own);
            tracing::warn!(%fingerprint, reason = reason(error), %error, "a client certificate was refused");
        }
        judged
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls12_signature(message, own, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls13_signature(message, own, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

/// Why a certificate was refused, in a word or two that can be searched for.
fn reason(error: &rustls::Error) -> &'static str {
    let rustls::Error::InvalidCertificate(error) = error else { return "unreadable" };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "not yet valid",
        CertificateError::UnknownIssuer => "unknown authority",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "not for clients"
        }
        CertificateError::BadSignature => "bad signature",
        CertificateError::BadEncoding => "unreadable",
        _ => "not valid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport;

    #[test]
    fn authorities_that_cannot_be_used_are_named() {
        let provider = transport::use_ring();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clients.pem");
        assert!(verifier(&[], &provider).unwrap().is_none());
        let said = verifier(std::slice::from_ref(&path), &provider).unwrap_err().to_string();
        assert!(said.starts_with("tls.client_authorities") && said.contains("clients.pem"), "{said}");
        fs::write(&path, "").unwrap();
        let said = verifier(std::slice::from_ref(&path), &provider).unwrap_err().to_string();
        assert!(said.contains("there is no certificate"), "{said}");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&path, made.cert.pem()).unwrap();
        let judge = verifier(&[path], &provider).unwrap().unwrap();
        assert!(judge.offer_client_auth() && !judge.client_auth_mandatory());
    }
}
