//! OrderNumber: the number of a purchase order, despatch advice or invoice, raw or as a URN of CBV.

use std::fmt;

use crate::gs1::Gln;
use crate::gs1::unescape;

/// CBV 2.0, section 8.5: business transaction identifiers of parties that have a GLN.
const URN: &str = "urn:epcglobal:cbv:bt:";

/// The number of a business transaction, kept as sent and compared by number and issuer.
///
/// `PO 7`, `urn:epcglobal:cbv:bt:0352999000004:PO%207` and `urn:epcglobal:cbv:bt:0352999000004:PO 7` are the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderNumber {
    sent: Box<str>,
    number: Box<str>,
    issuer: Option<Gln>,
}

impl OrderNumber {
    /// Takes a number as sent. A GLN with a wrong check digit is no issuer, as nothing can be compared by it.
    pub fn parse(text: &str) -> OrderNumber {
        let sent = text.trim();
        let parts = strip_prefix_ignoring_case(sent, URN).and_then(|rest| rest.split_once(':'));
        match parts {
            Some((gln, number)) => OrderNumber {
                sent: sent.into(),
                number: unescape(number).into(),
                issuer: Gln::parse(gln).ok(),
            },
            None => OrderNumber { sent: sent.into(), number: sent.into(), issuer: None },
        }
    }

    /// A bare number, and whoever gave it.
    pub fn new(number: &str, issuer: Option<Gln>) -> OrderNumber {
        OrderNumber { sent: number.into(), number: number.into(), issuer }
    }

    /// The same number, issued by this party where it does not say by whom.
    pub fn issued_by(mut self, issuer: Option<Gln>) -> OrderNumber {
        self.issuer = self.issuer.or(issuer);
        self
    }

    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.sent
    }

    /// The number itself, without URN and percent-encoding.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// Who gave it: the buyer of an order, the seller of an advice; `None` where nobody told.
    pub fn issuer(&self) -> Option<Gln> {
        self.issuer
    }

    /// Number and issuer as texts, the latter empty where nobody told: the order in which numbers are listed.
    pub fn place(&self) -> (String, String) {
        (self.number.to_string(), self.issuer.map(|gln| gln.to_string()).unwrap_or_default())
    }

    /// True where both are the same number, and of the same issuer as far as both say one.
    pub fn matches(&self, other: &OrderNumber) -> bool {
        let issuers = self.issuer.zip(other.issuer);
        self.number == other.number && issuers.is_none_or(|(one, other)| one == other)
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLN: &str = "4012345000115";

    fn check(text: &str, number: &str, issuer: Option<&str>) {
        let parsed = OrderNumber::parse(text);
        let found = parsed.issuer().map(|gln| gln.to_string());
        assert_eq!((parsed.number(), found.as_deref()), (number, issuer), "{text}");
    }

    #[test]
    fn numbers_are_read_raw_and_from_urns() {
        check("PO7", "PO7", None);
        check(" PO%2F7 ", "PO%2F7", None);
        check("urn:epcglobal:cbv:bt:4012345000115:PO%2F7", "PO/7", Some(GLN));
        check("URN:EPCGLOBAL:CBV:BT:4012345000115:A:B", "A:B", Some(GLN));
        check("urn:epcglobal:cbv:bt:4012345000116:PO7", "PO7", None);
        check("urn:epcglobal:cbv:bt:", "urn:epcglobal:cbv:bt:", None);
        check("https://example.com/po/7", "https://example.com/po/7", None);
    }

    #[test]
    fn numbers_match_as_far_as_both_say() {
        let urn = OrderNumber::parse("urn:epcglobal:cbv:bt:4012345000115:PO%2F7");
        assert!(urn.matches(&OrderNumber::parse("PO/7")));
        assert!(!urn.matches(&OrderNumber::parse("po/7")));
        let other = OrderNumber::parse("PO/7").issued_by(Gln::parse("4054739000011").ok());
        assert!(other.issuer().is_some() && !urn.matches(&other));
        assert!(other.matches(&other.clone()));
    }
}
