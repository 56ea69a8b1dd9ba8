//! CertificateForm: a partner's certificate in JSON, and what its PEM says (RFC 5280, RFC 7468).

use chrono::DateTime;
use chrono::Utc;
use openssl::asn1::Asn1Time;
use openssl::asn1::Asn1TimeRef;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::x509::X509;
use serde::Deserialize;
use serde::Serialize;

use crate::dscsa::CertificatePurpose;
use crate::dscsa::PartnerCertificate;
use crate::formats::Fault;
use crate::formats::records::Faults;
use crate::formats::trade_values;

/// Bytes that the PEM of one certificate may have.
const MOST_BYTES: usize = 64 << 10;

/// A certificate: what it is for, and its PEM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct CertificateForm {
    /// `signature`, `encryption` or `tls`.
    pub purpose: String,
    /// One certificate in PEM.
    pub pem: String,
}

impl CertificateForm {
    pub(super) fn read(&self, at: usize, faults: &mut Faults) -> Option<PartnerCertificate> {
        let purpose = trade_values::word(&self.purpose, &CertificatePurpose::ALL, CertificatePurpose::as_str)
            .map_err(|fault| faults.push((format!("certificates[{at}].purpose"), fault)));
        let read = purpose.and_then(|purpose| {
            certificate(purpose, &self.pem)
                .map_err(|fault| faults.push((format!("certificates[{at}].pem"), fault)))
        });
        read.ok()
    }
}

impl From<&PartnerCertificate> for CertificateForm {
    fn from(certificate: &PartnerCertificate) -> CertificateForm {
        CertificateForm { purpose: certificate.purpose.as_str().to_owned(), pem: certificate.pem.to_string() }
    }
}

/// Reads one certificate in PEM; of several the first is taken. A private key beside it is refused, since nobody but its owner
/// should have it.
pub fn certificate(purpose: CertificatePurpose, pem: &str) -> Result<PartnerCertificate, Fault> {
    let fault = |message: String, fix: &str| Fault::error("import-certificate", message, fix);
    if pem.contains("PRIVATE KEY") {
        let message = "there is a private key beside the certificate".to_owned();
        return Err(fault(message, "send the certificate alone, and make a new key: this one is known"));
    }
    let fix = "write the certificate in PEM, from -----BEGIN CERTIFICATE----- to its end";
    if pem.len() > MOST_BYTES {
        return Err(fault(format!("a certificate has no more than {MOST_BYTES} bytes"), fix));
    }
    let read = X509::from_pem(pem.as_bytes()).and_then(|read| taken(purpose, &read));
    match read {
        Ok(Some(certificate)) => Ok(certificate),
        Ok(None) | Err(_) => Err(fault("this is no certificate that can be read".to_owned(), fix)),
    }
}

fn taken(purpose: CertificatePurpose, read: &X509) -> Result<Option<PartnerCertificate>, ErrorStack> {
    let names = read.subject_name().entries().map(|entry| {
        let value = String::from_utf8_lossy(entry.data().as_slice());
        format!("{}={value}", entry.object().nid().short_name().unwrap_or("?"))
    });
    let subject = names.collect::<Vec<_>>().join(", ");
    let digest = read.digest(MessageDigest::sha256())?;
    let fingerprint: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let pem = String::from_utf8_lossy(&read.to_pem()?).into_owned();
    let times = moment(read.not_before())?.zip(moment(read.not_after())?);
    Ok(times.map(|(valid_from, valid_until)| PartnerCertificate {
        purpose,
        pem: pem.into(),
        subject: subject.into(),
        fingerprint: fingerprint.into(),
        valid_from,
        valid_until,
    }))
}

fn moment(time: &Asn1TimeRef) -> Result<Option<DateTime<Utc>>, ErrorStack> {
    let epoch = Asn1Time::from_unix(0)?;
    let passed = epoch.diff(time)?;
    Ok(DateTime::from_timestamp(i64::from(passed.days) * 86_400 + i64::from(passed.secs), 0))
}

#[cfg(test)]
mod tests {
    use rcgen::CertificateParams;
    use rcgen::KeyPair;
    use rcgen::date_time_ymd;

    use super::*;

    fn made() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec!["as2.example".to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(2026, 1, 2);
        parameters.not_after = date_time_ymd(2027, 3, 4);
        (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn a_certificate_says_how_long_it_is_valid() {
        let (pem, _) = made();
        let read = certificate(CertificatePurpose::Signature, &pem).unwrap();
        assert_eq!(read.valid_from.to_rfc3339(), "2026-01-02T00:00:00+00:00");
        assert_eq!(read.valid_until.to_rfc3339(), "2027-03-04T00:00:00+00:00");
        assert!(read.subject.starts_with("CN=") && read.fingerprint.len() == 64, "{read:?}");
        let again = certificate(CertificatePurpose::Signature, &read.pem).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let (pem, key) = made();
        let check = |text: &str, expected: &str| {
            let fault = certificate(CertificatePurpose::Tls, text).unwrap_err();
            assert!(fault.message.contains(expected), "{fault:?}");
        };
        check("", "no certificate");
        check(&pem[..pem.len() / 2], "no certificate");
        check(&format!("{pem}{key}"), "private key");
        check(&pem.repeat(200), "no more than");
    }
}
