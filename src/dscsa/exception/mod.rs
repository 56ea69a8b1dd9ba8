//! Exceptions: one case for each partner and delivery, and what happens to it until it is closed.

mod item;
mod message;
mod state;
mod words;

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;

pub use item::Answer;
pub use item::CaseItem;
pub use item::FollowUp;
pub use item::Group;
pub use item::ItemKind;
pub use item::Resolution;
pub use item::Settlement;
pub use item::Trouble;
pub use message::Contact;
pub use message::Report;
pub use message::Response;
pub use state::CaseState;
pub use state::CaseStep;
pub use state::Clocks;

use crate::dscsa::exception::words::worded;

worded! {
    /// Who found that something is wrong, and so who has to mend it: the other one.
    Side {
        /// We received, and the partner is asked.
        Ours = "ours",
        /// The partner received, and asks us.
        Theirs = "theirs",
    }
}

/// A delivery of a partner: what cases are kept by.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delivery {
    /// The partner: GLN-13, or as sent; empty where nobody said.
    pub partner: String,
    /// The number of the purchase order; empty where there is none.
    pub order: String,
    /// The number of the despatch advice; empty where there is none.
    pub advice: String,
}

impl Delivery {
    /// What tells this delivery from others of the same partner: the order, else the advice.
    pub fn key(&self) -> String {
        match (self.order.as_str(), self.advice.as_str()) {
            ("", "") => String::new(),
            ("", advice) => format!("advice:{advice}"),
            (order, _) => format!("order:{order}"),
        }
    }

    /// What messages call it: `order 123`, `delivery 456`, or both.
    pub fn name(&self) -> String {
        match (self.order.as_str(), self.advice.as_str()) {
            ("", "") => "a delivery without a number".to_owned(),
            ("", advice) => format!("delivery {advice}"),
            (order, "") => format!("order {order}"),
            (order, advice) => format!("order {order}, delivery {advice}"),
        }
    }
}

/// The number in the URI of a business transaction, such as `PO-1` of `urn:epcglobal:cbv:bt:0399999999991:PO-1`; any
/// other text is its own number (CBV 2.0, section 8.5).
pub fn transaction_number(uri: &str) -> String {
    let rest = match uri.strip_prefix("urn:epcglobal:cbv:bt:") {
        Some(rest) => rest.split_once(':').map(|(_, number)| number),
        None => uri.strip_prefix("urn:epc:id:gdti:"),
    };
    crate::gs1::unescape(rest.unwrap_or(uri))
}

/// Everything that is wrong with one delivery, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionCase {
    /// `exception_case_uuid`, the same on both sides.
    pub id: String,
    /// Who found it.
    pub side: Side,
    /// Which delivery.
    pub delivery: Delivery,
    /// The document it began with, if any.
    pub document: Option<i64>,
    /// Where it stands.
    pub state: CaseState,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When the other side is to be told; `None` once it has been.
    pub notify_by: Option<DateTime<Utc>>,
    /// When an answer is due; `None` while nobody waits for one.
    pub answer_by: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why it was closed.
    pub reason: String,
    /// How many more things are wrong than are listed one by one.
    pub unlisted: u64,
    /// What is wrong.
    pub items: Vec<CaseItem>,
}

impl ExceptionCase {
    /// The items that are not settled.
    pub fn open_items(&self) -> impl Iterator<Item = &CaseItem> {
        self.items.iter().filter(|item| item.settled.is_none())
    }

    /// The groups that its items are of.
    pub fn groups(&self) -> BTreeSet<Group> {
        self.items.iter().map(|item| item.trouble.group).collect()
    }

    /// `data problem`, `product problem`, or both, of what is open; of all where nothing is.
    pub fn problem(&self) -> &'static str {
        let mut groups: BTreeSet<Group> = self.open_items().map(|item| item.trouble.group).collect();
        if groups.is_empty() {
            groups = self.groups();
        }
        let product = groups.iter().any(|group| group.is_about_product());
        let data = groups.iter().any(|group| !group.is_about_product());
        match (data, product) {
            (true, true) => "data and product problem",
            (false, true) => "product problem",
            _ => "data problem",
        }
    }

    /// True where a clock has run out.
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        let due = match self.state {
            CaseState::Open => self.notify_by,
            CaseState::Notified | CaseState::Corrected => self.answer_by,
            _ => None,
        };
        due.is_some_and(|due| due < now)
    }

    /// Who has to act next, and what is to be done, one sentence without a full stop.
    pub fn next_act(&self) -> &'static str {
        match (self.state, self.side) {
            (CaseState::Open, _) => "tell the partner",
            (CaseState::Notified, Side::Ours) => "the partner must answer; keep the goods concerned aside",
            (CaseState::Notified, Side::Theirs) => "we must answer the partner",
            (CaseState::Answered, Side::Ours) => {
                "the partner must do what it promised; otherwise write again"
            }
            (CaseState::Answered, Side::Theirs) => {
                "we must do what we promised; the partner then closes the case"
            }
            (CaseState::Corrected, _) => "compare what is left with the partner",
            (CaseState::Rematched, _) => "close the case",
            (CaseState::Closed, _) => "nothing is left to do",
        }
    }
}

/// One step of a case, as written down for good: who did what when, what it changed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: the operator's name, `epcgate`, or the partner's GLN.
    pub who: String,
    /// What.
    pub step: CaseStep,
    /// The state before.
    pub before: CaseState,
    /// The state after.
    pub after: CaseState,
    /// Why, or what was written.
    pub why: String,
    /// The item concerned, if it is one alone.
    pub item: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_known_by_its_order_then_its_advice() {
        let of = |order: &str, advice: &str| Delivery {
            partner: "0300011111215".to_owned(),
            order: order.to_owned(),
            advice: advice.to_owned(),
        };
        assert_eq!(of("PO1", "D1").key(), "order:PO1");
        assert_eq!(of("", "D1").key(), "advice:D1");
        assert_eq!(of("", "").key(), "");
        assert_eq!(of("PO1", "D1").name(), "order PO1, delivery D1");
    }

    #[test]
    fn numbers_are_taken_out_of_their_uris() {
        assert_eq!(transaction_number("urn:epcglobal:cbv:bt:0399999999991:PO%2F1"), "PO/1");
        assert_eq!(transaction_number("http://example.com/po/1"), "http://example.com/po/1");
        assert_eq!(transaction_number("PO1"), "PO1");
    }
}
