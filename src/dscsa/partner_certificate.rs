//! PartnerCertificate: a certificate of a partner's, what it is for, and how it overlaps with the next.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

/// A certificate (RFC 5280) that a partner has given us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerCertificate {
    /// What it is for.
    pub purpose: CertificatePurpose,
    /// The certificate in PEM, alone.
    pub pem: Box<str>,
    /// Its subject, such as `CN=as2.example, O=Example`.
    pub subject: Box<str>,
    /// SHA-256 of it, 64 hexadecimal digits.
    pub fingerprint: Box<str>,
    /// The first moment it is valid.
    pub valid_from: DateTime<Utc>,
    /// The last moment it is valid.
    pub valid_until: DateTime<Utc>,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificatePurpose {
    /// Its signatures on AS2 messages and receipts.
    Signature,
    /// What AS2 messages to it are encrypted for.
    Encryption,
    /// Its proof of who it is in TLS.
    Tls,
}

/// How a certificate stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateState {
    /// Its time has not come.
    Coming,
    /// It is valid.
    Valid,
    /// Its time is over.
    Expired,
}

impl PartnerCertificate {
    /// How it stands at this moment.
    pub fn state(&self, now: DateTime<Utc>) -> CertificateState {
        match () {
            () if now < self.valid_from => CertificateState::Coming,
            () if now > self.valid_until => CertificateState::Expired,
            () => CertificateState::Valid,
        }
    }

    /// Whole days until it expires; negative once it has.
    pub fn days_left(&self, now: DateTime<Utc>) -> i64 {
        self.valid_until.signed_duration_since(now).num_seconds().div_euclid(86_400)
    }
}

/// Whole days until a partner has no valid certificate for a purpose, those taken into account that take over from others without
/// a gap; `None` where it has none valid now.
pub fn days_covered(
    certificates: &[PartnerCertificate],
    purpose: CertificatePurpose,
    now: DateTime<Utc>,
) -> Option<i64> {
    let of_purpose = || certificates.iter().filter(|certificate| certificate.purpose == purpose);
    let valid = of_purpose().filter(|certificate| certificate.state(now) == CertificateState::Valid);
    let mut end = valid.map(|certificate| certificate.valid_until).max()?;
    loop {
        let next = of_purpose().filter(|next| next.valid_from <= end + TimeDelta::seconds(1));
        match next.map(|next| next.valid_until).max().filter(|until| *until > end) {
            Some(until) => end = until,
            None => return Some(end.signed_duration_since(now).num_seconds().div_euclid(86_400)),
        }
    }
}

impl CertificatePurpose {
    /// Every purpose.
    pub const ALL: [CertificatePurpose; 3] =
        [CertificatePurpose::Signature, CertificatePurpose::Encryption, CertificatePurpose::Tls];

    /// `signature`, `encryption` or `tls`.
    pub fn as_str(self) -> &'static str {
        match self {
            CertificatePurpose::Signature => "signature",
            CertificatePurpose::Encryption => "encryption",
            CertificatePurpose::Tls => "tls",
        }
    }
}

impl CertificateState {
    /// `coming`, `valid` or `expired`.
    pub fn as_str(self) -> &'static str {
        match self {
            CertificateState::Coming => "coming",
            CertificateState::Valid => "valid",
            CertificateState::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + day * 86_400, 0).unwrap()
    }

    fn certificate(from: i64, until: i64) -> PartnerCertificate {
        PartnerCertificate {
            purpose: CertificatePurpose::Signature,
            pem: "".into(),
            subject: "".into(),
            fingerprint: "".into(),
            valid_from: day(from),
            valid_until: day(until),
        }
    }

    fn check(certificates: &[(i64, i64)], expected: Option<i64>) {
        let all: Vec<_> = certificates.iter().map(|(from, until)| certificate(*from, *until)).collect();
        assert_eq!(days_covered(&all, CertificatePurpose::Signature, day(0)), expected, "{certificates:?}");
        assert_eq!(days_covered(&all, CertificatePurpose::Tls, day(0)), None);
    }

    #[test]
    fn overlapping_certificates_follow_each_other() {
        check(&[], None);
        check(&[(-9, -1)], None);
        check(&[(1, 9)], None);
        check(&[(-9, 5)], Some(5));
        check(&[(-9, 5), (3, 40), (40, 80)], Some(80));
        check(&[(-9, 5), (6, 40)], Some(5));
        check(&[(-9, 5), (-3, 2)], Some(5));
    }

    #[test]
    fn days_are_whole_and_negative_in_the_past() {
        let one = certificate(-9, 5);
        assert_eq!((one.days_left(day(0)), one.days_left(day(5)), one.days_left(day(6))), (5, 0, -1));
        let states = [-10, 0, 6].map(|at| one.state(day(at)).as_str());
        assert_eq!(states, ["coming", "valid", "expired"]);
    }
}
