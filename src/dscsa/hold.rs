//! Holds and recalls: product that must not move or be used, by lot, by serial numbers or by item.

use std::fmt;

use chrono::DateTime;
use chrono::Utc;
use thiserror::Error;

use crate::gs1::Epc;
use crate::gs1::Gtin;

/// Longest reason kept, in characters.
const MOST_REASON: usize = 2_000;

/// Why product does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldKind {
    /// It waits: for data, for an answer, for a decision.
    Hold,
    /// There is reason to believe that it is counterfeit, diverted, stolen, or unfit (21 U.S.C. 360eee(21)).
    Suspect,
    /// There is credible evidence of that (21 U.S.C. 360eee(8)).
    Illegitimate,
    /// Its maker or the FDA takes it back (21 CFR 7, subpart C).
    Recall,
}

impl HoldKind {
    const ALL: [HoldKind; 4] = [HoldKind::Hold, HoldKind::Suspect, HoldKind::Illegitimate, HoldKind::Recall];

    const OWN: [HoldKind; 3] = [HoldKind::Hold, HoldKind::Suspect, HoldKind::Illegitimate];

    /// Those that stand on the same list: recalls on one, all else on the other.
    pub fn list(self) -> &'static [HoldKind] {
        if self == HoldKind::Recall { &[HoldKind::Recall] } else { &HoldKind::OWN }
    }

    /// True where both stand on the same list.
    pub fn same_list(self, other: HoldKind) -> bool {
        self.list() == other.list()
    }

    /// `hold`, `suspect`, `illegitimate` or `recall`.
    pub fn as_str(self) -> &'static str {
        match self {
            HoldKind::Hold => "hold",
            HoldKind::Suspect => "suspect",
            HoldKind::Illegitimate => "illegitimate",
            HoldKind::Recall => "recall",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<HoldKind> {
        HoldKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What product under it is: `held`, `suspect`, `illegitimate` or `recalled`.
    pub fn state(self) -> &'static str {
        match self {
            HoldKind::Hold => "held",
            HoldKind::Suspect => "suspect",
            HoldKind::Illegitimate => "illegitimate",
            HoldKind::Recall => "recalled",
        }
    }
}

/// What product a hold concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldScope {
    /// A lot of a trade item.
    Lot {
        /// The trade item.
        gtin: Gtin,
        /// Lot number as printed.
        lot: String,
    },
    /// Serial numbers of a trade item, from the first to the last, both included.
    Serials {
        /// The trade item.
        gtin: Gtin,
        /// First serial number.
        first: String,
        /// Last serial number.
        last: String,
    },
    /// A trade item altogether.
    Product {
        /// The trade item.
        gtin: Gtin,
    },
    /// One item, case or logistic unit, with all that is in it.
    Item {
        /// Its EPC as given.
        epc: Epc,
    },
}

/// Why a hold cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HoldFault {
    /// Nobody would know why.
    #[error("a hold needs a reason of 1 to {MOST_REASON} characters: say why the product must not move")]
    Reason,
    /// Serial numbers that no range can be made of.
    #[error(
        "the serial numbers {0:?} to {1:?} are no range: give two numbers, the smaller first, or two texts of one length in order"
    )]
    Range(String, String),
    /// A lot or serial number that no label can carry.
    #[error("{0:?} is no lot or serial number: it has 1 to 20 characters")]
    Text(String),
    /// What is no single item.
    #[error("{0} names no item, case or logistic unit: give its EPC or scan it")]
    Item(String),
}

/// Who decided what, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Who decided.
    pub who: String,
    /// When.
    pub when: DateTime<Utc>,
    /// Why.
    pub why: String,
}

impl Decision {
    /// A decision with its reason; fails where the reason is empty or too long.
    pub fn new(who: &str, when: DateTime<Utc>, why: &str) -> Result<Decision, HoldFault> {
        let why = why.trim();
        if why.is_empty() || why.chars().count() > MOST_REASON {
            return Err(HoldFault::Reason);
        }
        Ok(Decision { who: who.to_owned(), when, why: why.to_owned() })
    }
}

/// A hold or a recall, with who opened it and who released it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its name, a UUID.
    pub id: String,
    /// Hold or recall.
    pub kind: HoldKind,
    /// What it concerns.
    pub scope: HoldScope,
    /// Why it was opened, by whom and when.
    pub opened: Decision,
    /// Why it was released, by whom and when; `None` while it stands.
    pub released: Option<Decision>,
}

impl HoldScope {
    /// A range of serial numbers; fails where they are none.
    pub fn serials(gtin: Gtin, first: &str, last: &str) -> Result<HoldScope, HoldFault> {
        [first, last].into_iter().try_for_each(check_text)?;
        let ordered = match (number(first), number(last)) {
            (Some(first), Some(last)) => first <= last,
            _ => first.len() == last.len() && first <= last,
        };
        if !ordered {
            return Err(HoldFault::Range(first.to_owned(), last.to_owned()));
        }
        Ok(HoldScope::Serials { gtin, first: first.to_owned(), last: last.to_owned() })
    }

    /// A lot; fails where the text is none.
    pub fn lot(gtin: Gtin, lot: &str) -> Result<HoldScope, HoldFault> {
        check_text(lot)?;
        Ok(HoldScope::Lot { gtin, lot: lot.to_owned() })
    }

    /// One item, case or logistic unit; fails for anything else.
    pub fn item(epc: Epc) -> Result<HoldScope, HoldFault> {
        let single = epc.fault().is_none() && epc.scheme().is_some_and(|scheme| !scheme.is_class());
        if single { Ok(HoldScope::Item { epc }) } else { Err(HoldFault::Item(epc.to_string())) }
    }

    /// The key it is found by: that of the item or lot, or of the trade item for serial numbers.
    pub fn subject(&self) -> String {
        match self {
            HoldScope::Lot { gtin, lot } => gtin.lot_key(lot),
            HoldScope::Serials { gtin, .. } | HoldScope::Product { gtin } => format!("/01/{gtin}"),
            HoldScope::Item { epc } => epc.key(),
        }
    }

    /// True where an item of the trade item with this serial number is concerned; for scopes of other kinds the subject
    /// says all. Serial numbers that are numbers compare as such, leading zeros or not; others by their characters, and
    /// then only those as long as the bounds.
    pub fn takes_serial(&self, serial: Option<&str>) -> bool {
        let HoldScope::Serials { first, last, .. } = self else { return true };
        let Some(serial) = serial else { return false };
        match (number(first), number(last), number(serial)) {
            (Some(first), Some(last), Some(serial)) => first <= serial && serial <= last,
            (Some(_), Some(_), None) => false,
            _ => serial.len() == first.len() && first.as_str() <= serial && serial <= last.as_str(),
        }
    }
}

impl fmt::Display for HoldScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HoldScope::Lot { gtin, lot } => write!(f, "lot {lot} of GTIN {gtin}"),
            HoldScope::Serials { gtin, first, last } => write!(f, "serials {first} to {last} of GTIN {gtin}"),
            HoldScope::Product { gtin } => write!(f, "GTIN {gtin}"),
            HoldScope::Item { epc } => write!(f, "{epc}"),
        }
    }
}

impl Hold {
    /// Why product under it does not move, a few words: `recalled: contaminated vials`.
    pub fn words(&self) -> String {
        format!("{}: {}", self.kind.state(), self.opened.why)
    }
}

/// The number that digits say, by its length without leading zeros and its digits.
fn number(digits: &str) -> Option<(usize, &str)> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some((digits.len(), digits))
}

fn check_text(text: &str) -> Result<(), HoldFault> {
    let sound = (1..=20).contains(&text.chars().count()) && text.chars().all(|c| c.is_ascii_graphic());
    if sound { Ok(()) } else { Err(HoldFault::Text(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gtin() -> Gtin {
        Gtin::parse("00300010123455").unwrap()
    }

    fn check(first: &str, last: &str, serial: &str, expected: Option<bool>) {
        let scope = HoldScope::serials(gtin(), first, last).ok();
        assert_eq!(scope.map(|scope| scope.takes_serial(Some(serial))), expected, "{first} {last} {serial}");
    }

    #[test]
    fn ranges_of_numbers_and_of_texts() {
        check("10", "20", "15", Some(true));
        check("10", "20", "0015", Some(true));
        check("10", "20", "20", Some(true));
        check("9", "10", "100", Some(false));
        check("10", "20", "1A", Some(false));
        check("99999999999999999998", "99999999999999999999", "99999999999999999999", Some(true));
        check("A10", "A20", "A15", Some(true));
        check("A10", "A20", "A150", Some(false));
        check("A10", "A20", "15", Some(false));
        check("20", "10", "15", None);
        check("A1", "A10", "A5", None);
        check("", "10", "5", None);
    }

    #[test]
    fn subjects_are_keys() {
        let lot = HoldScope::lot(gtin(), "A/1").unwrap();
        assert_eq!(
            (lot.subject().as_str(), lot.to_string().as_str()),
            ("/01/00300010123455/10/A%2F1", "lot A/1 of GTIN 00300010123455")
        );
        let item = HoldScope::item(Epc::parse("urn:epc:id:sgtin:030001.0012345.7")).unwrap();
        assert_eq!(item.subject(), "/01/00300010123455/21/7");
        for no_item in ["https://id.gs1.org/01/00300010123455", "urn:uuid:1", "hello"] {
            assert!(HoldScope::item(Epc::parse(no_item)).is_err(), "{no_item}");
        }
        assert!(HoldScope::lot(gtin(), "a b").is_err());
    }

    #[test]
    fn a_reason_is_needed() {
        let when = DateTime::UNIX_EPOCH;
        assert_eq!(Decision::new("me", when, "  "), Err(HoldFault::Reason));
        assert_eq!(Decision::new("me", when, " why ").unwrap().why, "why");
    }
}
