//! Bringing a partner on: whether it is live, and how good a test file of it is.

use crate::dscsa::Decision;

/// Whether goods that a partner's files name are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerState {
    /// Its files are judged, and nothing in them is released.
    Testing,
    /// Its files are taken.
    Live,
}

/// The state of a partner, and who decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerStanding {
    /// The state.
    pub state: PartnerState,
    /// Who decided, when and why; `None` where nobody did, as for a partner of before, which is live.
    pub decision: Option<Decision>,
}

/// How good a test file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Nothing is wrong with it.
    A,
    /// It has warnings alone.
    B,
    /// It would be taken, and business rules would hold goods.
    C,
    /// It would be taken, and rules of the law would hold goods.
    D,
    /// It would be refused.
    F,
}

impl PartnerState {
    /// `testing` or `live`.
    pub fn as_str(self) -> &'static str {
        match self {
            PartnerState::Testing => "testing",
            PartnerState::Live => "live",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<PartnerState> {
        [PartnerState::Testing, PartnerState::Live].into_iter().find(|state| state.as_str() == word)
    }
}

impl PartnerStanding {
    /// That of a partner about which nobody decided.
    pub const OF_BEFORE: PartnerStanding = PartnerStanding { state: PartnerState::Live, decision: None };
}

impl Grade {
    /// The letter.
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::A => "A",
            Grade::B => "B",
            Grade::C => "C",
            Grade::D => "D",
            Grade::F => "F",
        }
    }

    /// What it means, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Grade::A => "Ready: nothing is wrong with it",
            Grade::B => "Ready, with warnings to mend when you can",
            Grade::C => "Not ready: goods in it would wait for an explanation",
            Grade::D => "Not ready: the law asks for what it does not say",
            Grade::F => "Not ready: it would be refused",
        }
    }

    /// True for a file that could be sent as it is.
    pub fn is_ready(self) -> bool {
        self <= Grade::B
    }
}
