//! Responder: says whether a product identifier of ours is the one that was assigned, and what else is known of the product
//! (LMS 1.1, section 4.4; GS1 US guideline 1.1, section 8.3).

use std::sync::Arc;

use chrono::DateTime;
use chrono::Months;
use chrono::NaiveDate;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::HoldKind;
use crate::dscsa::verification::AdditionalInfo;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::FailureReason;
use crate::dscsa::verification::VerificationRequest;
use crate::dscsa::verification::VerificationResponse;
use crate::formats::verification::Release;
use crate::gs1::Gtin;
use crate::store::AssignedIdentifier;
use crate::store::Store;
use crate::store::StoreError;
use crate::verify::policy::Holding;
use crate::verify::policy::Mismatch;
use crate::verify::policy::Owners;
use crate::verify::policy::Policy;
use crate::verify::policy::PolicyFault;
use crate::verify::policy::Said;
use crate::verify::policy::Settings;
use crate::verify::policy::Suspicion;

/// Answers for product of ours. Clones share everything.
#[derive(Clone)]
pub struct Responder(Arc<Inner>);

struct Inner {
    store: Store,
    owners: Owners,
    contexts: Vec<String>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Responded {
    /// The trade item is not ours.
    NotOurs,
    /// It is ours, and our data do not say the lot or the expiry that it was made with, so that nothing can be compared.
    Incomplete {
        /// GLN of who should answer.
        responder: Box<str>,
    },
    /// The answer.
    Answer {
        /// As it is sent.
        response: VerificationResponse,
        /// True where the product identifier is not one that was assigned, whatever the answer tells of that.
        mismatch: bool,
    },
}

impl Responder {
    /// A responder over this store; fails on a setting that says nothing.
    pub fn new(store: &Store, settings: &Settings) -> Result<Responder, PolicyFault> {
        let owners = Owners::new(settings)?;
        Ok(Responder(Arc::new(Inner { store: store.clone(), owners, contexts: settings.contexts.clone() })))
    }

    /// What product may be verified for.
    pub fn contexts(&self) -> &[String] {
        &self.0.contexts
    }

    /// The GLN of who answers for a trade item here; `None` where that is nobody.
    pub fn answers_for(&self, gtin: Gtin) -> Option<&str> {
        self.0.owners.of(gtin).map(|owner| &*owner.responder)
    }

    /// Answers a question; words that the release of who asks does not have are not used.
    pub fn respond(
        &self,
        caller: &Caller,
        request: &VerificationRequest,
        release: Release,
        now: DateTime<Utc>,
    ) -> Result<Responded, StoreError> {
        if self.0.owners.of(request.gtin).is_none() {
            return Ok(Responded::NotOurs);
        }
        let assigned = self.0.store.assigned(caller, request.gtin, &request.serial)?;
        Ok(self.judge(request, assigned.as_ref(), release, now))
    }

    /// The answer to a question, given what the ledger says of its item.
    pub fn judge(
        &self,
        request: &VerificationRequest,
        assigned: Option<&AssignedIdentifier>,
        release: Release,
        now: DateTime<Utc>,
    ) -> Responded {
        let Some(owner) = self.0.owners.of(request.gtin) else { return Responded::NotOurs };
        let today = now.date_naive();
        let mismatch = match assigned.map(|assigned| compare(request, assigned, today)) {
            None => Some(FailureReason::NoMatchSerial),
            Some(Compared::Unknown) => return Responded::Incomplete { responder: owner.responder.clone() },
            Some(Compared::Differs(reason)) => Some(reason),
            Some(Compared::Same) => None,
        };
        let answer = match (assigned, &mismatch) {
            (Some(assigned), None) => {
                let extended = self.0.owners.extension(request.gtin, &assigned.lot);
                let facts = Facts { assigned, extended, today, release };
                facts.answer(owner.policy)
            }
            (_, reason) => Answer::NotVerified {
                reason: match (owner.policy.mismatch, reason) {
                    (Mismatch::Reason, Some(reason)) => reason.clone(),
                    _ => FailureReason::NoReason,
                },
                info: None,
            },
        };
        let response = VerificationResponse {
            time: now.fixed_offset(),
            responder: owner.responder.clone(),
            correlation: request.correlation.clone(),
            answer,
        };
        Responded::Answer { response, mismatch: mismatch.is_some() }
    }
}

/// How lot and expiry of a question compare with those that were assigned.
enum Compared {
    Same,
    Differs(FailureReason),
    Unknown,
}

fn compare(request: &VerificationRequest, assigned: &AssignedIdentifier, today: NaiveDate) -> Compared {
    let Some(expiry) = day(&assigned.expiry).filter(|_| !assigned.lot.is_empty()) else {
        return Compared::Unknown;
    };
    let lot = *request.lot == *assigned.lot;
    match (lot, request.expiry.date(today) == Some(expiry)) {
        (true, true) => Compared::Same,
        (true, false) => Compared::Differs(FailureReason::NoMatchExpiry),
        (false, true) => Compared::Differs(FailureReason::NoMatchLot),
        (false, false) => Compared::Differs(FailureReason::NoMatchLotExpiry),
    }
}

/// The day of an expiry as data have it, `YYYY-MM-DD` and what follows; a day of 00 is the last of its month.
fn day(text: &str) -> Option<NaiveDate> {
    let [year, month, day] = [text.get(..4)?, text.get(5..7)?, text.get(8..10)?].map(digits);
    let (year, month) = (i32::try_from(year?).ok()?, month?);
    if [text.get(4..5)?, text.get(7..8)?] != ["-"; 2] {
        return None;
    }
    match day? {
        0 => NaiveDate::from_ymd_opt(year, month, 1)?.checked_add_months(Months::new(1))?.pred_opt(),
        day => NaiveDate::from_ymd_opt(year, month, day),
    }
}

/// A number of digits alone.
fn digits(text: &str) -> Option<u32> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    text.bytes().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

/// What is known of product whose identifier corresponds.
struct Facts<'a> {
    assigned: &'a AssignedIdentifier,
    extended: Option<NaiveDate>,
    today: NaiveDate,
    release: Release,
}

impl Facts<'_> {
    /// The answer, by what is worst: suspicion, then what policy keeps to itself, then what is told.
    fn answer(&self, policy: Policy) -> Answer {
        let standing = |kind| self.assigned.holds.iter().any(|hold| hold.kind == kind);
        let (illegitimate, suspect) = (standing(HoldKind::Illegitimate), standing(HoldKind::Suspect));
        if illegitimate || suspect {
            return match policy.suspect {
                Suspicion::Disclose => Answer::NotVerified {
                    reason: FailureReason::NotForRedistribution,
                    info: Some(match illegitimate && self.release >= Release::R1_3 {
                        true => AdditionalInfo::Illegitimate,
                        false => AdditionalInfo::Suspect,
                    }),
                },
                Suspicion::Undisclosed => Answer::NotVerified { reason: FailureReason::Policy, info: None },
            };
        }
        let held = standing(HoldKind::Hold) && policy.held == Holding::Undisclosed;
        let expiry = self.extended.or_else(|| day(&self.assigned.expiry));
        let (said, info) = if standing(HoldKind::Recall) {
            (policy.recalled, Some(AdditionalInfo::Recalled))
        } else if expiry.is_some_and(|expiry| expiry < self.today) {
            (policy.expired, Some(AdditionalInfo::Expired))
        } else if self.extended.is_some() && self.release >= Release::R1_3 {
            (Said::True, Some(AdditionalInfo::ExpirationExtended))
        } else {
            (Said::True, None)
        };
        if said == Said::True && !held && !self.assigned.ended {
            return Answer::Verified { info };
        }
        // An extension speaks for the product and has no place beside a no.
        let info = info.filter(|info| *info != AdditionalInfo::ExpirationExtended);
        Answer::NotVerified { reason: FailureReason::Policy, info }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Decision;
    use crate::dscsa::Hold;
    use crate::dscsa::HoldScope;
    use crate::dscsa::verification::CorrelationId;
    use crate::dscsa::verification::RequesterStatement;
    use crate::gs1::ScannedDate;
    use crate::verify::policy::tests::settings;

    fn today() -> NaiveDate {
        "2026-11-23".parse().unwrap()
    }

    fn assigned(expiry: &str, kinds: &[HoldKind]) -> AssignedIdentifier {
        let hold = |kind: &HoldKind| Hold {
            id: String::new(),
            kind: *kind,
            scope: HoldScope::Product { gtin: Gtin::parse("00300010123455").unwrap() },
            opened: Decision::new("me", DateTime::UNIX_EPOCH, "why").unwrap(),
            released: None,
        };
        let holds = kinds.iter().map(hold).collect();
        AssignedIdentifier { lot: "A1".to_owned(), expiry: expiry.to_owned(), ended: false, holds }
    }

    fn check(assigned: &AssignedIdentifier, policy: Policy, expected: (bool, Option<&str>, Option<&str>)) {
        let facts = Facts { assigned, extended: None, today: today(), release: Release::R1_3 };
        check_facts(&facts, policy, expected);
    }

    fn check_facts(facts: &Facts<'_>, policy: Policy, expected: (bool, Option<&str>, Option<&str>)) {
        let answer = facts.answer(policy);
        let reason = answer.reason().map(FailureReason::as_str);
        let info = answer.info().map(AdditionalInfo::as_str);
        assert_eq!((answer.verified(), reason, info), expected, "{:?} {policy:?}", facts.assigned);
    }

    #[test]
    fn the_table_of_the_guideline() {
        let open = settings().policy();
        let closed =
            Policy { recalled: Said::False, expired: Said::False, suspect: Suspicion::Undisclosed, ..open };
        let (good, old) = ("2028-03-31", "2026-10-00");
        let (no, policy, never) = (false, Some("Manufacturer_policy"), Some("Not_for_re-distribution"));
        check(&assigned(good, &[]), open, (true, None, None));
        check(&assigned(good, &[HoldKind::Recall]), open, (true, None, Some("Recalled")));
        check(&assigned(good, &[HoldKind::Recall]), closed, (no, policy, Some("Recalled")));
        check(&assigned(old, &[]), open, (true, None, Some("Expired")));
        check(&assigned(old, &[]), closed, (no, policy, Some("Expired")));
        check(&assigned(good, &[HoldKind::Suspect]), open, (no, never, Some("Suspect")));
        check(&assigned(good, &[HoldKind::Suspect]), closed, (no, policy, None));
        check(&assigned(good, &[HoldKind::Illegitimate]), open, (no, never, Some("Illegitimate")));
        check(&assigned(good, &[HoldKind::Hold]), open, (no, policy, None));
        check(
            &assigned(good, &[HoldKind::Hold]),
            Policy { held: Holding::Ignore, ..open },
            (true, None, None),
        );
        check(&assigned(good, &[HoldKind::Recall, HoldKind::Hold]), open, (no, policy, Some("Recalled")));
        check(&assigned(good, &[HoldKind::Recall, HoldKind::Suspect]), open, (no, never, Some("Suspect")));
        check(&AssignedIdentifier { ended: true, ..assigned(good, &[]) }, open, (no, policy, None));
    }

    #[test]
    fn an_extension_is_told_to_those_who_know_the_word() {
        let (old, policy) = (assigned("2026-10-31", &[]), settings().policy());
        let facts = |until: &str, release| Facts {
            assigned: &old,
            extended: Some(until.parse().unwrap()),
            today: today(),
            release,
        };
        check_facts(&facts("2027-10-31", Release::R1_3), policy, (true, None, Some("ExpirationExtended")));
        check_facts(&facts("2027-10-31", Release::R1_1), policy, (true, None, None));
        check_facts(&facts("2026-11-22", Release::R1_3), policy, (true, None, Some("Expired")));
        let illegitimate = assigned("2028-03-31", &[HoldKind::Illegitimate]);
        let facts = Facts { assigned: &illegitimate, extended: None, today: today(), release: Release::R1_1 };
        check_facts(&facts, policy, (false, Some("Not_for_re-distribution"), Some("Suspect")));
    }

    fn check_compared(lot: &str, expiry: &str, data: (&str, &str), expected: &str) {
        let request = VerificationRequest {
            gtin: Gtin::parse("00300010123455").unwrap(),
            lot: lot.into(),
            serial: "1".into(),
            expiry: ScannedDate::new(expiry).unwrap(),
            context: Box::default(),
            requester: Box::default(),
            correlation: CorrelationId::new(uuid::Uuid::nil()),
            statement: RequesterStatement::default(),
        };
        let known = AssignedIdentifier { lot: data.0.into(), expiry: data.1.into(), ..Default::default() };
        let compared = match compare(&request, &known, today()) {
            Compared::Same => "same".to_owned(),
            Compared::Unknown => "unknown".to_owned(),
            Compared::Differs(reason) => reason.to_string(),
        };
        assert_eq!(compared, expected, "{lot} {expiry} {data:?}");
    }

    #[test]
    fn lot_and_expiry_are_compared_by_meaning() {
        let data = ("A1", "2028-03-31");
        check_compared("A1", "280331", data, "same");
        check_compared("A1", "280300", data, "same");
        check_compared("A1", "280331", ("A1", "2028-03-00"), "same");
        check_compared("A1", "280331", ("A1", "2028-03-31T00:00:00Z"), "same");
        check_compared("A1", "280330", data, "No_match_GTIN_Serial_Expiry");
        check_compared("a1", "280331", data, "No_match_GTIN_Serial_Lot");
        check_compared("B", "270331", data, "No_match_GTIN_Serial_Lot_Expiry");
        check_compared("A1", "280331", ("", "2028-03-31"), "unknown");
        check_compared("A1", "280331", ("A1", ""), "unknown");
        check_compared("A1", "280331", ("A1", "March"), "unknown");
        check_compared("A1", "280331", ("A1", "2028/03/31"), "unknown");
        check_compared("A1", "280331", ("A1", "2028-13-00"), "unknown");
        check_compared("A1", "280331", ("A1", "2028-+3-31"), "unknown");
        check_compared("A1", "280331", ("A1", "2028-0é-31"), "unknown");
    }
}
