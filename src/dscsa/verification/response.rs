//! VerificationResponse: what the maker, or who answers for it, says of a product identifier.

use std::fmt;

use chrono::DateTime;
use chrono::FixedOffset;

use crate::dscsa::verification::CorrelationId;

/// An answer as it travels (LMS 1.1, section 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationResponse {
    /// When it was verified, with the offset as sent.
    pub time: DateTime<FixedOffset>,
    /// GLN of who answers.
    pub responder: Box<str>,
    /// The identifier of the request.
    pub correlation: CorrelationId,
    /// What it says.
    pub answer: Answer,
}

/// What an answer says: a reason stands with every answer that does not verify, and only there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The product identifier corresponds; it may still be unfit.
    Verified {
        /// What else is known of it.
        info: Option<AdditionalInfo>,
    },
    /// It does not correspond, or it does and policy says no.
    NotVerified {
        /// Why.
        reason: FailureReason,
        /// What else is known of it.
        info: Option<AdditionalInfo>,
    },
}

impl Answer {
    /// `data.verified`.
    pub fn verified(&self) -> bool {
        matches!(self, Answer::Verified { .. })
    }

    /// `data.verificationFailureReason`.
    pub fn reason(&self) -> Option<&FailureReason> {
        match self {
            Answer::Verified { .. } => None,
            Answer::NotVerified { reason, .. } => Some(reason),
        }
    }

    /// `data.additionalInfo`.
    pub fn info(&self) -> Option<&AdditionalInfo> {
        match self {
            Answer::Verified { info } | Answer::NotVerified { info, .. } => info.as_ref(),
        }
    }
}

/// Why an answer does not verify (LMS 1.1; GS1 US guideline 1.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// No item of this GTIN has this serial number.
    NoMatchSerial,
    /// The item has another lot.
    NoMatchLot,
    /// The item has another expiry.
    NoMatchExpiry,
    /// The item has another lot and another expiry.
    NoMatchLotExpiry,
    /// It does not correspond; in what is not said.
    NoReason,
    /// The maker's policy says no; that is no word about whether it is genuine.
    Policy,
    /// It must not be sold again.
    NotForRedistribution,
    /// A word that the guideline does not have, as sent.
    Other(Box<str>),
}

impl FailureReason {
    const WORDS: [(FailureReason, &'static str); 7] = [
        (FailureReason::NoMatchSerial, "No_match_GTIN_Serial"),
        (FailureReason::NoMatchLot, "No_match_GTIN_Serial_Lot"),
        (FailureReason::NoMatchExpiry, "No_match_GTIN_Serial_Expiry"),
        (FailureReason::NoMatchLotExpiry, "No_match_GTIN_Serial_Lot_Expiry"),
        (FailureReason::NoReason, "No_reason_provided"),
        (FailureReason::Policy, "Manufacturer_policy"),
        (FailureReason::NotForRedistribution, "Not_for_re-distribution"),
    ];

    /// The word of the standard, or as sent.
    pub fn as_str(&self) -> &str {
        match self {
            FailureReason::Other(word) => word,
            known => Self::WORDS.iter().find(|(reason, _)| reason == known).map_or("", |(_, word)| word),
        }
    }

    /// Reads a word; one that the guideline does not have is kept.
    pub fn parse(word: &str) -> FailureReason {
        let known = Self::WORDS.iter().find(|(_, known)| *known == word);
        known.map_or_else(|| FailureReason::Other(word.into()), |(reason, _)| reason.clone())
    }
}

/// What else is known of a product (LMS 1.1; GS1 US guideline 1.1 and 1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AdditionalInfo {
    /// Its maker or the FDA takes it back.
    Recalled,
    /// There is reason to believe that it is not fit.
    Suspect,
    /// Its expiry has passed.
    Expired,
    /// Its expiry was extended beyond what the label says.
    ExpirationExtended,
    /// There is credible evidence that it is not fit.
    Illegitimate,
    /// A word that the guideline does not have, as sent.
    Other(Box<str>),
}

impl AdditionalInfo {
    const WORDS: [(AdditionalInfo, &'static str); 5] = [
        (AdditionalInfo::Recalled, "Recalled"),
        (AdditionalInfo::Suspect, "Suspect"),
        (AdditionalInfo::Expired, "Expired"),
        (AdditionalInfo::ExpirationExtended, "ExpirationExtended"),
        (AdditionalInfo::Illegitimate, "Illegitimate"),
    ];

    /// The word of the standard, or as sent.
    pub fn as_str(&self) -> &str {
        match self {
            AdditionalInfo::Other(word) => word,
            known => Self::WORDS.iter().find(|(info, _)| info == known).map_or("", |(_, word)| word),
        }
    }

    /// Reads a word; one that the guideline does not have is kept.
    pub fn parse(word: &str) -> AdditionalInfo {
        let known = Self::WORDS.iter().find(|(_, known)| *known == word);
        known.map_or_else(|| AdditionalInfo::Other(word.into()), |(info, _)| info.clone())
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for AdditionalInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_as_it_is_written() {
        for (reason, word) in FailureReason::WORDS {
            assert_eq!((FailureReason::parse(word), reason.as_str()), (reason.clone(), word));
        }
        for (info, word) in AdditionalInfo::WORDS {
            assert_eq!((AdditionalInfo::parse(word), info.as_str()), (info.clone(), word));
        }
        assert_eq!(FailureReason::parse("not_found").as_str(), "not_found");
        assert_eq!(AdditionalInfo::parse("recalled"), AdditionalInfo::Other("recalled".into()));
    }
}
