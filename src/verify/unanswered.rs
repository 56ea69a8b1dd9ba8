//! Unanswered: why nobody has answered a question, in plain words, and what to do about it.

use crate::dscsa::verification::DirectoryContact;
use crate::dscsa::verification::DirectoryRecord;
use crate::dscsa::verification::NoRoute;
use crate::transport::OutboundError;
use crate::verify::Question;

const HOLD_SHELF: &str = "Put it on the hold shelf";

/// Why nobody has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unanswered {
    /// Why, one plain sentence.
    pub(super) reason: String,
    /// What to do, one plain sentence.
    pub(super) next_step: String,
    /// True where the same question may be answered later.
    pub(super) again: bool,
    /// HTTP status of what came; 0 where nothing did.
    pub(super) status: u16,
    /// True where time ran out before anything came.
    pub(super) late: bool,
}

impl Unanswered {
    fn new(reason: String, next_step: String, again: bool) -> Unanswered {
        Unanswered { reason, next_step, again, status: 0, late: false }
    }

    /// The directory names nobody, or nobody for this package.
    pub(super) fn no_route(question: &Question, none: &NoRoute) -> Unanswered {
        let gtin = question.gtin;
        let (reason, contact) = match none {
            NoRoute::Unknown => (
                format!("The directory does not say who answers for GTIN {gtin}"),
                DirectoryContact::default(),
            ),
            NoRoute::Expiry(contact) => {
                let expiry = question.expiry.as_str();
                (
                    format!("The directory has GTIN {gtin}, but nobody for the expiry {expiry}"),
                    contact.clone(),
                )
            }
            NoRoute::Context(contact) => {
                (format!("The directory has GTIN {gtin}, but nobody for this purpose"), contact.clone())
            }
            NoRoute::Inactive(contact) => {
                (format!("Who answers for GTIN {gtin} is switched off in the directory"), contact.clone())
            }
        };
        let who = by_hand(&contact);
        let step = format!("{HOLD_SHELF}; {who}, and tell the provider of the directory");
        Unanswered::new(reason, step, false)
    }

    /// The maker answers people alone.
    pub(super) fn by_hand(record: &DirectoryRecord) -> Unanswered {
        let reason = "Its maker cannot be asked by machine".to_owned();
        Unanswered::new(reason, format!("{HOLD_SHELF}; {}", by_hand(&record.contact)), false)
    }

    /// We do not know who we are.
    pub(super) fn nameless() -> Unanswered {
        let reason = "Nobody can be asked, as our own GLN is not set".to_owned();
        let step = "Put it on the hold shelf; the operator sets routing.requester to our GLN".to_owned();
        Unanswered::new(reason, step, false)
    }

    /// Somebody else than the directory names says that it does not match.
    pub(super) fn stranger(who: &str, named: &str) -> Unanswered {
        let reason =
            format!("{who} says that it does not match, and the directory names GLN {named} to answer");
        let step =
            format!("{HOLD_SHELF}; the operator compares the record in the directory, and asks its maker");
        Unanswered { status: 200, ..Unanswered::new(reason, step, false) }
    }

    /// This gateway calls nobody.
    pub(super) fn unconnected() -> Unanswered {
        let reason = "This gateway is not set up to ask others".to_owned();
        Unanswered::new(reason, format!("{HOLD_SHELF}; ask its maker"), false)
    }

    /// It is our own product, and our data do not say enough.
    pub(super) fn incomplete() -> Unanswered {
        let reason = "It is our own product, and our data do not say its lot or expiry".to_owned();
        Unanswered::new(reason, format!("{HOLD_SHELF}; look it up in the records of production"), false)
    }

    /// The provider is not asked now, for this reason.
    pub(super) fn shut(name: &str, why: &dyn std::fmt::Display) -> Unanswered {
        Unanswered::new(format!("{name} is not asked now: {why}"), later(), true)
    }

    /// No answer came, or none that is one.
    pub(super) fn outbound(name: &str, error: &OutboundError) -> Unanswered {
        match error {
            OutboundError::Timeout(_) => {
                let reason = format!("{name} did not answer in time");
                Unanswered { late: true, ..Unanswered::new(reason, later(), true) }
            }
            OutboundError::Refused(_) | OutboundError::Address { .. } | OutboundError::Setting(_) => {
                let reason = format!("The address of {name} is {error}");
                let step = format!("{HOLD_SHELF}; the operator mends the record in the directory");
                Unanswered::new(reason, step, false)
            }
            OutboundError::Connect(_) | OutboundError::Tls(_) => {
                Unanswered::new(format!("{name} cannot be reached: {error}"), later(), true)
            }
            OutboundError::TooLarge(_) | OutboundError::Broken(_) => {
                Unanswered::new(format!("What {name} sent is no answer: {error}"), later(), true)
            }
        }
    }

    /// What came is no answer, for this reason.
    pub(super) fn unusable(name: &str, why: &dyn std::fmt::Display, status: u16) -> Unanswered {
        let reason = format!("What {name} sent is no answer: {why}");
        Unanswered { status, ..Unanswered::new(reason, later(), true) }
    }

    /// A status other than 200 came (LMS 1.1 and the GS1 US guideline, section 9).
    pub(super) fn status(name: &str, status: u16, contact: &DirectoryContact) -> Unanswered {
        let ask = by_hand(contact);
        let (reason, step, again) = match status {
            300..=399 => (
                format!("{name} sends elsewhere ({status}), which is not followed"),
                "the operator mends the address in the directory".to_owned(),
                false,
            ),
            400 => (
                format!("{name} cannot read the question (400)"),
                "scan again; if it stays so, tell the operator".to_owned(),
                false,
            ),
            401 => (
                format!("{name} does not know us (401)"),
                "the operator has our key, GLN or credential checked there".to_owned(),
                true,
            ),
            403 => (
                format!("{name} does not let us ask (403)"),
                "the operator registers with it, or waits where too many questions failed".to_owned(),
                true,
            ),
            404 => (format!("{name} knows nobody who answers for this product (404)"), ask, false),
            408 => (format!("{name} ran out of time (408)"), trying(), true),
            502 | 504 => (format!("{name} cannot reach who answers ({status})"), trying(), true),
            503 => (format!("{name} is being maintained (503)"), trying(), true),
            429 => (format!("{name} is asked too often (429)"), trying(), true),
            status if status >= 500 => (format!("{name} failed ({status})"), trying(), true),
            _ => (format!("{name} answered {status}, which says nothing"), ask, false),
        };
        Unanswered { reason, next_step: format!("{HOLD_SHELF}; {step}"), again, status, late: false }
    }
}

/// True where the same question should be sent once more at once.
pub(super) fn is_worth_a_second_try(outcome: Result<u16, &OutboundError>) -> bool {
    match outcome {
        Ok(status) => matches!(status, 408 | 502 | 503 | 504),
        Err(error) => {
            matches!(error, OutboundError::Connect(_) | OutboundError::Tls(_) | OutboundError::Broken(_))
        }
    }
}

fn trying() -> String {
    "we will keep trying".to_owned()
}

fn later() -> String {
    format!("{HOLD_SHELF}; we will keep trying")
}

fn by_hand(contact: &DirectoryContact) -> String {
    if contact.is_empty() {
        "call or write to its maker, whose address is on the package".to_owned()
    } else {
        format!("ask its maker: {contact}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, words: &str, again: bool) {
        let contact = DirectoryContact { phone: "555-0100".into(), ..DirectoryContact::default() };
        let said = Unanswered::status("North", status, &contact);
        let all = format!("{}. {}", said.reason, said.next_step);
        assert!(all.contains(words) && said.again == again && said.status == status, "{status}: {all}");
    }

    #[test]
    fn each_status_has_its_words() {
        check(302, "not followed", false);
        check(400, "scan again", false);
        check(401, "does not know us", true);
        check(403, "does not let us", true);
        check(404, "555-0100", false);
        check(405, "says nothing", false);
        check(408, "out of time", true);
        check(429, "too often", true);
        check(500, "failed", true);
        check(502, "cannot reach", true);
        check(503, "maintained", true);
        check(504, "cannot reach", true);
        check(204, "says nothing", false);
    }

    #[test]
    fn what_may_pass_is_tried_twice() {
        for (status, expected) in
            [(200, false), (404, false), (408, true), (500, false), (502, true), (503, true)]
        {
            assert_eq!(is_worth_a_second_try(Ok(status)), expected, "{status}");
        }
        assert!(is_worth_a_second_try(Err(&OutboundError::Connect(String::new()))));
        assert!(!is_worth_a_second_try(Err(&OutboundError::Timeout(std::time::Duration::ZERO))));
    }
}
