//! What a certificate says of itself: whose it is, who signed it, from when to when it is good.

use chrono::DateTime;
use chrono::Utc;
use openssl::asn1::Asn1Time;
use openssl::asn1::Asn1TimeRef;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::x509::X509;
use openssl::x509::X509NameRef;
use thiserror::Error;

/// A certificate, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whose it is: its common name, else the first of its other names, else its serial number.
    pub subject: String,
    /// Who signed it: its common name.
    pub issuer: String,
    /// From when it is good.
    pub not_before: DateTime<Utc>,
    /// Until when it is good.
    pub not_after: DateTime<Utc>,
    /// It signed itself.
    pub own: bool,
}

/// What is no certificate.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// Nothing in it is a certificate in PEM form.
    #[error("there is no certificate in PEM form in it")]
    Missing,
    /// One is damaged, or says what cannot be.
    #[error("a certificate in it cannot be read: {0}")]
    Unreadable(String),
    /// One was not signed by the next.
    #[error("{subject} was not signed by the certificate after it, {next}")]
    Unchained {
        /// Whose it is.
        subject: String,
        /// Whose the next one is.
        next: String,
    },
}

/// The certificates in a text in PEM form, in their order.
pub fn certificates_in(pem: &[u8]) -> Result<Vec<CertificateFacts>, CertificateError> {
    read(pem)?.iter().map(|certificate| facts(certificate).map_err(unreadable)).collect()
}

/// The same, of a certificate and those between it and its authority: each must be signed by the next.
pub fn chain_in(pem: &[u8]) -> Result<Vec<CertificateFacts>, CertificateError> {
    let chain = read(pem)?;
    for (one, next) in chain.iter().zip(chain.iter().skip(1)) {
        let key = next.public_key().map_err(unreadable)?;
        if !one.verify(&key).map_err(unreadable)? {
            let (subject, next) = (name(one.subject_name()), name(next.subject_name()));
            return Err(CertificateError::Unchained { subject, next });
        }
    }
    chain.iter().map(|certificate| facts(certificate).map_err(unreadable)).collect()
}

fn read(pem: &[u8]) -> Result<Vec<X509>, CertificateError> {
    let found = X509::stack_from_pem(pem).map_err(unreadable)?;
    if found.is_empty() { Err(CertificateError::Missing) } else { Ok(found) }
}

fn unreadable(error: ErrorStack) -> CertificateError {
    CertificateError::Unreadable(error.errors().first().map(ToString::to_string).unwrap_or_default())
}

fn facts(certificate: &X509) -> Result<CertificateFacts, ErrorStack> {
    let mut subject = name(certificate.subject_name());
    if subject.is_empty() {
        let names = certificate.subject_alt_names();
        let named = names.iter().flatten().find_map(|name| name.dnsname().or(name.uri()).map(str::to_owned));
        let serial = || Ok::<_, ErrorStack>(certificate.serial_number().to_bn()?.to_hex_str()?.to_string());
        subject = named.map_or_else(serial, Ok)?;
    }
    let key = certificate.public_key()?;
    Ok(CertificateFacts {
        subject,
        issuer: name(certificate.issuer_name()),
        not_before: time(certificate.not_before())?,
        not_after: time(certificate.not_after())?,
        own: certificate.verify(&key)?,
    })
}

fn name(name: &X509NameRef) -> String {
    let entry = |nid| name.entries_by_nid(nid).next().and_then(|entry| entry.data().to_string().ok());
    let found = entry(Nid::COMMONNAME).or_else(|| entry(Nid::ORGANIZATIONNAME));
    found.iter().flat_map(|text| text.chars()).filter(|c| !c.is_control()).collect()
}

fn time(time: &Asn1TimeRef) -> Result<DateTime<Utc>, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    // The years that a certificate can have all fit.
    Ok(DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use rcgen::BasicConstraints;
    use rcgen::CertificateParams;
    use rcgen::CertifiedIssuer;
    use rcgen::DnType;
    use rcgen::IsCa;
    use rcgen::KeyPair;

    use super::*;

    fn named(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 2, 3);
        params
    }

    fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_certificate_tells_its_days_and_names() {
        let authority = authority("Authority");
        let own = named("gate").signed_by(&KeyPair::generate().unwrap(), &authority).unwrap();
        let chain = chain_in((own.pem() + &authority.pem()).as_bytes()).unwrap();
        let first = &chain[0];
        assert_eq!((&*first.subject, &*first.issuer, first.own), ("gate", "Authority", false));
        assert_eq!(first.not_before.to_rfc3339(), "2026-01-01T00:00:00+00:00");
        assert_eq!(first.not_after.to_rfc3339(), "2027-02-03T00:00:00+00:00");
        assert!(chain[1].own);
    }

    fn check(pem: &str, words: &str) {
        let said = chain_in(pem.as_bytes()).unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    }

    #[test]
    fn what_is_no_chain_is_told() {
        let (authority, other) = (authority("Authority"), authority("Other"));
        let own = named("gate").signed_by(&KeyPair::generate().unwrap(), &authority).unwrap();
        check("", "no certificate");
        check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read");
        check(&(own.pem() + &other.pem()), "gate was not signed by the certificate after it, Other");
        assert_eq!(certificates_in((own.pem() + &other.pem()).as_bytes()).unwrap().len(), 2);
    }
}
