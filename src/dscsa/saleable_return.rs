//! Saleable returns: units that come back from a customer, and what each may become (FD&C Act 582(c)(4)(D), (g)(1)(F)).

use std::fmt;

use chrono::DateTime;
use chrono::Utc;

use crate::gs1::Epc;
use crate::gs1::Gln;

/// What becomes of a unit that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReturnDecision {
    /// It may be sold again.
    Sellable,
    /// It must not be sold again.
    NotSellable,
    /// Something is not known yet: keep it aside and look again.
    Wait,
    /// The scan is at fault, or may be: mend it and scan again.
    ScanProblem,
}

impl ReturnDecision {
    /// Every decision.
    pub const ALL: [ReturnDecision; 4] = [
        ReturnDecision::Sellable,
        ReturnDecision::NotSellable,
        ReturnDecision::Wait,
        ReturnDecision::ScanProblem,
    ];

    /// `sellable`, `not-sellable`, `wait` or `scan-problem`.
    pub fn as_str(self) -> &'static str {
        match self {
            ReturnDecision::Sellable => "sellable",
            ReturnDecision::NotSellable => "not-sellable",
            ReturnDecision::Wait => "wait",
            ReturnDecision::ScanProblem => "scan-problem",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<ReturnDecision> {
        ReturnDecision::ALL.into_iter().find(|decision| decision.as_str() == word)
    }

    /// The disposition (CBV) of a unit decided so; `None` where nothing is decided for good.
    pub fn disposition(self) -> Option<&'static str> {
        match self {
            ReturnDecision::Sellable => Some("sellable_accessible"),
            ReturnDecision::NotSellable => Some("non_sellable_other"),
            ReturnDecision::Wait | ReturnDecision::ScanProblem => None,
        }
    }
}

/// In the words of people: `NOT SELLABLE`.
impl fmt::Display for ReturnDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReturnDecision::Sellable => "SELLABLE",
            ReturnDecision::NotSellable => "NOT SELLABLE",
            ReturnDecision::Wait => "WAIT",
            ReturnDecision::ScanProblem => "SCAN PROBLEM",
        })
    }
}

/// What is looked at, in the order in which a person wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckKind {
    /// The scan names one package or sealed case, with lot and expiry.
    Scan,
    /// A case holds one product of one lot, and nothing left it since it was sold.
    Case,
    /// It is under no recall and no hold, and no finding speaks against it.
    Standing,
    /// It was not dispensed, destroyed or decommissioned.
    Life,
    /// It did not come back already.
    FirstReturn,
    /// It is in date.
    InDate,
    /// We sold it to this customer.
    Sold,
    /// The label says what our data say.
    Label,
    /// Transaction information and statement of that sale are at hand.
    Information,
    /// Its maker says that its product identifier corresponds.
    Verified,
}

impl CheckKind {
    /// Every check, in its order.
    pub const ALL: [CheckKind; 10] = [
        CheckKind::Scan,
        CheckKind::Case,
        CheckKind::Standing,
        CheckKind::Life,
        CheckKind::FirstReturn,
        CheckKind::InDate,
        CheckKind::Sold,
        CheckKind::Label,
        CheckKind::Information,
        CheckKind::Verified,
    ];

    /// The word for it, such as `first-return`.
    pub fn as_str(self) -> &'static str {
        match self {
            CheckKind::Scan => "scan",
            CheckKind::Case => "case",
            CheckKind::Standing => "standing",
            CheckKind::Life => "life",
            CheckKind::FirstReturn => "first-return",
            CheckKind::InDate => "in-date",
            CheckKind::Sold => "sold",
            CheckKind::Label => "label",
            CheckKind::Information => "information",
            CheckKind::Verified => "verified",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<CheckKind> {
        CheckKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// Nothing speaks against it.
    Passed,
    /// It is not so.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl CheckOutcome {
    /// `passed`, `failed` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            CheckOutcome::Passed => "passed",
            CheckOutcome::Failed => "failed",
            CheckOutcome::Unknown => "unknown",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<CheckOutcome> {
        [CheckOutcome::Passed, CheckOutcome::Failed, CheckOutcome::Unknown]
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// One check of one unit, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnCheck {
    /// What was looked at.
    pub kind: CheckKind,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// What was found, one sentence without a full stop.
    pub words: String,
    /// The store's number of the document that says so.
    pub document: Option<i64>,
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// The verification that says so, by its name.
    pub verification: Option<String>,
}

/// How far a return is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnState {
    /// Units are being looked at.
    Checking,
    /// Every unit has a decision.
    Checked,
    /// Its events are being written.
    Closing,
    /// Its events are written.
    Closed,
}

impl ReturnState {
    /// `checking`, `checked`, `closing` or `closed`.
    pub fn as_str(self) -> &'static str {
        match self {
            ReturnState::Checking => "checking",
            ReturnState::Checked => "checked",
            ReturnState::Closing => "closing",
            ReturnState::Closed => "closed",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<ReturnState> {
        [ReturnState::Checking, ReturnState::Checked, ReturnState::Closing, ReturnState::Closed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// What one customer gives back at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleableReturn {
    /// Its name, a UUID.
    pub id: String,
    /// The client's own name for it, by which sending it again makes no second one; its id where the client gave none.
    pub client_key: String,
    /// Who gives it back.
    pub customer: Gln,
    /// Number of the return authorisation; empty where there is none.
    pub authorisation: String,
    /// Where it arrives: an SGLN or Digital Link of a GLN.
    pub place: Option<Epc>,
    /// Who opened it and when.
    pub opened: (String, DateTime<Utc>),
    /// How far it is.
    pub state: ReturnState,
    /// Who closed it and when.
    pub closed: Option<(String, DateTime<Utc>)>,
    /// How many scans it has.
    pub scans: u64,
}

/// One scan of a return, and what becomes of the unit it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedUnit {
    /// Its place among the scans, from 1.
    pub line: i64,
    /// As scanned.
    pub scan: String,
    /// What it names; `None` while nobody has looked, and where it cannot be read.
    pub epc: Option<Epc>,
    /// Lot and expiry (`YYMMDD`) of its label; empty where the code has none.
    pub label: (String, String),
    /// The decision; `None` while nobody has looked.
    pub decision: Option<ReturnDecision>,
    /// Why, one sentence without a full stop.
    pub reason: String,
    /// What to do next, one sentence without a full stop.
    pub next_step: String,
    /// The evidence.
    pub checks: Vec<ReturnCheck>,
    /// Packages in a sealed case; `None` for a package.
    pub packages: Option<u64>,
    /// When it was decided.
    pub at: Option<DateTime<Utc>>,
}

impl ReturnedUnit {
    /// A scan that nobody has looked at.
    pub fn pending(line: i64, scan: &str) -> ReturnedUnit {
        ReturnedUnit {
            line,
            scan: scan.to_owned(),
            epc: None,
            label: Default::default(),
            decision: None,
            reason: String::new(),
            next_step: String::new(),
            checks: Vec::new(),
            packages: None,
            at: None,
        }
    }

    /// A check of it by its kind.
    pub fn check(&self, kind: CheckKind) -> Option<&ReturnCheck> {
        self.checks.iter().find(|check| check.kind == kind)
    }

    /// The verification of it, by its name.
    pub fn verification(&self) -> Option<&str> {
        self.check(CheckKind::Verified)?.verification.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for decision in ReturnDecision::ALL {
            assert_eq!(ReturnDecision::parse(decision.as_str()), Some(decision));
        }
        for kind in CheckKind::ALL {
            assert_eq!(CheckKind::parse(kind.as_str()), Some(kind));
        }
        assert!(CheckKind::ALL.is_sorted());
        assert_eq!(CheckOutcome::parse("unknown"), Some(CheckOutcome::Unknown));
        assert_eq!(ReturnState::parse("closing"), Some(ReturnState::Closing));
        assert_eq!(ReturnDecision::parse("ok"), None);
    }
}
