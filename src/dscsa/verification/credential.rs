//! CredentialOutcome: what a credential of an authorised trading partner turned out to be.

use std::fmt;

/// What judging a presentation gave (Open Credentialing Initiative).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialOutcome {
    /// None was presented.
    Absent,
    /// Everything in it was checked, and it is in order.
    Valid,
    /// Something in it is not in order.
    Invalid {
        /// The first thing that is not.
        fault: CredentialFault,
        /// What, in one sentence.
        why: String,
    },
    /// Nothing is known to be wrong with it, and something could not be checked.
    NotJudged {
        /// What could not be checked, and why.
        what: String,
    },
}

impl CredentialOutcome {
    /// `absent`, `valid`, `invalid` or `not-judged`.
    pub fn as_str(&self) -> &'static str {
        match self {
            CredentialOutcome::Absent => "absent",
            CredentialOutcome::Valid => "valid",
            CredentialOutcome::Invalid { .. } => "invalid",
            CredentialOutcome::NotJudged { .. } => "not-judged",
        }
    }

    /// True where everything was checked and is in order.
    pub fn is_valid(&self) -> bool {
        *self == CredentialOutcome::Valid
    }
}

impl fmt::Display for CredentialOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CredentialOutcome::Absent => f.write_str("no credential was presented"),
            CredentialOutcome::Valid => f.write_str("the credential is valid"),
            CredentialOutcome::Invalid { fault, why } => {
                write!(f, "the credential is not valid ({fault}): {why}")
            }
            CredentialOutcome::NotJudged { what } => write!(f, "the credential was not judged: {what}"),
        }
    }
}

/// What is wrong with a presentation (`errorCodes` of the wallet interface).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialFault {
    /// The envelope is no token, or its signature does not fit.
    Jwt,
    /// The credential has expired.
    ExpiryPassed,
    /// The expiry is missing or no time.
    Expiry,
    /// The credential is not valid yet.
    NotYet,
    /// The time from which it is valid is missing or no time.
    NotBefore,
    /// The presentation is older than five minutes.
    Stale,
    /// The time of the presentation is missing, no time, or to come.
    IssuedAt,
    /// The presentation is not by the holder of the credential.
    Holder,
    /// The presentation was made for another request.
    Nonce,
    /// The credential is not what was asked for, or is of somebody else.
    Credential,
    /// The issuer is not trusted here.
    Issuer,
    /// The credential was revoked.
    Revoked,
    /// The issuer's signature does not fit.
    Proof,
    /// There is no credential in the presentation.
    NotFound,
    /// A code that the interface does not have, as sent.
    Other(Box<str>),
}

impl CredentialFault {
    const WORDS: [(CredentialFault, &'static str); 14] = [
        (CredentialFault::Jwt, "jwt_invalid"),
        (CredentialFault::ExpiryPassed, "vc_exp_expired"),
        (CredentialFault::Expiry, "vc_exp_invalid"),
        (CredentialFault::NotYet, "vc_nbf_expired"),
        (CredentialFault::NotBefore, "vc_nbf_invalid"),
        (CredentialFault::Stale, "vp_iat_expired"),
        (CredentialFault::IssuedAt, "vp_iat_invalid"),
        (CredentialFault::Holder, "vp_iss_invalid"),
        (CredentialFault::Nonce, "vp_nonce_invalid"),
        (CredentialFault::Credential, "vc_invalid"),
        (CredentialFault::Issuer, "vc_non_trusted_issuer"),
        (CredentialFault::Revoked, "vc_revoked"),
        (CredentialFault::Proof, "vc_proof_invalid"),
        (CredentialFault::NotFound, "vc_not_found"),
    ];

    /// The code of the interface, or as sent.
    pub fn as_str(&self) -> &str {
        match self {
            CredentialFault::Other(code) => code,
            known => Self::WORDS.iter().find(|(fault, _)| fault == known).map_or("", |(_, code)| code),
        }
    }

    /// Reads a code; one that the interface does not have is kept.
    pub fn parse(code: &str) -> CredentialFault {
        let known = Self::WORDS.iter().find(|(_, known)| *known == code);
        known.map_or_else(|| CredentialFault::Other(code.into()), |(fault, _)| fault.clone())
    }
}

impl fmt::Display for CredentialFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_read_as_it_is_written() {
        for (fault, code) in CredentialFault::WORDS {
            assert_eq!((CredentialFault::parse(code), fault.as_str()), (fault.clone(), code));
        }
        assert_eq!(CredentialFault::parse("vc_odd").as_str(), "vc_odd");
    }
}
