//! Verdict: what an answer, our own records and the label mean for the package in hand.

use std::fmt;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use crate::dscsa::Hold;
use crate::dscsa::HoldKind;
use crate::dscsa::verification::AdditionalInfo;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::FailureReason;

/// What to do with a package. There is no word for "genuine": nobody can know that from its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It may be used or sold.
    Ok,
    /// Nobody has answered yet, or the answer cannot be understood: keep it aside.
    Wait,
    /// The scan is at fault, or may be: mend it and scan again.
    ScanProblem,
    /// It must not be used or sold.
    DoNotUse,
}

impl Verdict {
    /// `ok`, `wait`, `scan-problem` or `do-not-use`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Wait => "wait",
            Verdict::ScanProblem => "scan-problem",
            Verdict::DoNotUse => "do-not-use",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Verdict> {
        [Verdict::Ok, Verdict::Wait, Verdict::ScanProblem, Verdict::DoNotUse]
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
    }
}

/// In the words of the screen: `OK TO USE`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Ok => "OK TO USE",
            Verdict::Wait => "WAIT",
            Verdict::ScanProblem => "SCAN PROBLEM",
            Verdict::DoNotUse => "DO NOT USE",
        })
    }
}

/// What a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The maker, or who answers for it, answered now.
    Source {
        /// Its name or GLN, for people.
        name: Box<str>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Our copy of the maker's data, where it allows that.
    Replicate {
        /// Whose data: its name or GLN, for people.
        name: Box<str>,
        /// When they were looked at.
        at: DateTime<Utc>,
    },
    /// Nobody answered.
    None,
}

impl Basis {
    /// `source`, `replicate` or `none`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Basis::Source { .. } => "source",
            Basis::Replicate { .. } => "replicate",
            Basis::None => "none",
        }
    }
}

/// A verdict with what a person needs to act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What to do with the package.
    pub verdict: Verdict,
    /// What that rests on.
    pub basis: Basis,
    /// Why, in one plain sentence.
    pub reason: String,
    /// What to do next, in one plain sentence.
    pub next_step: String,
}

/// Everything that a verdict is made of.
#[derive(Clone, Debug)]
pub struct VerdictFacts<'a> {
    /// What is wrong with the scan and how to mend it, where it names no product identifier.
    pub scan_problem: Option<(&'a str, &'a str)>,
    /// The scan was typed, or mended by us: what does not match may be the scan's fault.
    pub doubtful: bool,
    /// Our own holds and recalls on the item.
    pub holds: &'a [Hold],
    /// Expiry on the label, a day of 00 as the last of its month.
    pub expiry: Option<NaiveDate>,
    /// The day of the verdict, where the package is.
    pub today: NaiveDate,
    /// What was answered now, if anything.
    pub answer: Option<&'a Answer>,
    /// Who answered.
    pub basis: Basis,
    /// Why nobody has answered, in words, where nobody has.
    pub unanswered: &'a str,
}

const RESCAN: &str = "Scan the square code again; if the answer stays the same, put the package aside";
const ASIDE: &str = "Put it on the hold shelf, and tell the supplier";
const HOLD_SHELF: &str = "Put it on the hold shelf; we will keep trying";

/// Judges a package. `Ok` comes out only where somebody answered now, the product identifier corresponds, and nothing known
/// here or there speaks against it.
pub fn judge(facts: &VerdictFacts<'_>) -> Judgement {
    let (verdict, reason, next_step) = ours(facts).unwrap_or_else(|| theirs(facts));
    let basis = facts.basis.clone();
    Judgement { verdict, basis, reason, next_step: next_step.to_owned() }
}

type Sentence<'a> = (Verdict, String, &'a str);

/// What we know ourselves, whatever anybody answers.
fn ours<'a>(facts: &VerdictFacts<'a>) -> Option<Sentence<'a>> {
    if let Some((problem, step)) = facts.scan_problem {
        return Some((Verdict::ScanProblem, problem.to_owned(), step));
    }
    let standing = |kind: HoldKind| facts.holds.iter().find(|hold| hold.kind == kind);
    if let Some(recall) = standing(HoldKind::Recall) {
        let step = "Put it on the hold shelf and follow the recall notice";
        return Some((Verdict::DoNotUse, format!("Recalled: {}", recall.opened.why), step));
    }
    if let Some(hold) = standing(HoldKind::Illegitimate).or_else(|| standing(HoldKind::Suspect)) {
        let step = "Put it in quarantine and tell the supplier; do not sell, use or return it";
        let reason = format!("It is {} here: {}", hold.kind.state(), hold.opened.why);
        return Some((Verdict::DoNotUse, reason, step));
    }
    let extended = facts.answer.is_some_and(|answer| {
        answer.verified() && answer.info() == Some(&AdditionalInfo::ExpirationExtended)
    });
    if let Some(expiry) = facts.expiry.filter(|expiry| *expiry < facts.today && !extended) {
        let step = "Take it out of stock; return or destroy it";
        return Some((Verdict::DoNotUse, format!("Expired on {expiry}"), step));
    }
    let hold = standing(HoldKind::Hold)?;
    let step = "Leave it on the hold shelf until it is released";
    Some((Verdict::Wait, format!("On hold here: {}", hold.opened.why), step))
}

/// What was answered, or that nobody did.
fn theirs<'a>(facts: &VerdictFacts<'a>) -> Sentence<'a> {
    let (name, at) = match &facts.basis {
        Basis::Source { name, at } | Basis::Replicate { name, at } => (name, at),
        Basis::None => return (Verdict::Wait, facts.unanswered.to_owned(), HOLD_SHELF),
    };
    let Some(answer) = facts.answer else {
        return (Verdict::Wait, facts.unanswered.to_owned(), HOLD_SHELF);
    };
    if let Some(unfit) = answer.info().and_then(|info| unfit(info, name)) {
        return unfit;
    }
    match answer.reason() {
        None => {
            let record = match facts.basis {
                Basis::Replicate { .. } => "the data of",
                _ => "the record of",
            };
            let time = at.format("%H:%M UTC");
            let extended = match answer.info() {
                Some(AdditionalInfo::ExpirationExtended) => {
                    "; its expiry was extended beyond what the label says"
                }
                _ => "",
            };
            (
                Verdict::Ok,
                format!("Matches {record} {name}, checked at {time}{extended}"),
                "Use it or sell it",
            )
        }
        Some(reason) => refused(reason, name, facts.doubtful),
    }
}

fn unfit(info: &AdditionalInfo, name: &str) -> Option<Sentence<'static>> {
    let words = match info {
        AdditionalInfo::Recalled => "it is recalled",
        AdditionalInfo::Suspect => "it is suspect",
        AdditionalInfo::Illegitimate => "it is illegitimate",
        AdditionalInfo::Expired => "it has expired",
        AdditionalInfo::ExpirationExtended => return None,
        AdditionalInfo::Other(word) => {
            let reason = format!("{name} adds a word that the standard does not have: {word}");
            return Some((Verdict::Wait, reason, "Put it on the hold shelf, and ask them what it means"));
        }
    };
    Some((Verdict::DoNotUse, format!("{name} says: {words}"), ASIDE))
}

fn refused(reason: &FailureReason, name: &str, doubtful: bool) -> Sentence<'static> {
    let what = match reason {
        FailureReason::NoMatchSerial => "no package of this product has this serial number",
        FailureReason::NoMatchLot => "this serial number belongs to another lot",
        FailureReason::NoMatchExpiry => "this serial number has another expiry date",
        FailureReason::NoMatchLotExpiry => "this serial number has another lot and another expiry date",
        FailureReason::NoReason => "it does not match, and no reason is given",
        FailureReason::Policy => {
            let reason = format!(
                "{name} does not let it be sold again, by its own policy; that does not say that it is false"
            );
            return (Verdict::DoNotUse, reason, "Put it on the hold shelf, and ask the maker why");
        }
        FailureReason::NotForRedistribution => {
            return (Verdict::DoNotUse, format!("{name} says: not to be sold again"), ASIDE);
        }
        FailureReason::Other(word) => {
            let reason = format!("{name} gives a reason that the standard does not have: {word}");
            return (Verdict::Wait, reason, "Put it on the hold shelf, and ask them what it means");
        }
    };
    let reason = format!("{name} says: {what}");
    if doubtful {
        (
            Verdict::ScanProblem,
            format!("{reason}. It was typed or mended, so the scan may be at fault"),
            RESCAN,
        )
    } else {
        (Verdict::DoNotUse, reason, ASIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Decision;
    use crate::dscsa::HoldScope;
    use crate::gs1::Gtin;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn hold(kind: HoldKind) -> Hold {
        let scope = HoldScope::Product { gtin: Gtin::parse("00300010123455").unwrap() };
        let opened = Decision::new("me", DateTime::UNIX_EPOCH, "glass in vials").unwrap();
        Hold { id: "1".to_owned(), kind, scope, opened, released: None }
    }

    fn facts<'a>(answer: Option<&'a Answer>, holds: &'a [Hold]) -> VerdictFacts<'a> {
        let source = Basis::Source { name: "Maker".into(), at: DateTime::UNIX_EPOCH };
        VerdictFacts {
            scan_problem: None,
            doubtful: false,
            holds,
            expiry: Some(day("2028-03-31")),
            today: day("2026-11-23"),
            answer,
            basis: answer.map_or(Basis::None, |_| source),
            unanswered: "Maker did not answer in time",
        }
    }

    fn check(answer: Option<Answer>, expected: Verdict, words: &str) {
        let judgement = judge(&facts(answer.as_ref(), &[]));
        assert_eq!(judgement.verdict, expected, "{answer:?}: {judgement:?}");
        assert!(judgement.reason.contains(words), "{judgement:?}");
    }

    fn no(reason: FailureReason) -> Option<Answer> {
        Some(Answer::NotVerified { reason, info: None })
    }

    fn yes(info: Option<AdditionalInfo>) -> Option<Answer> {
        Some(Answer::Verified { info })
    }

    #[test]
    fn both_fields_of_an_answer_are_looked_at() {
        check(yes(None), Verdict::Ok, "record of Maker");
        check(yes(Some(AdditionalInfo::ExpirationExtended)), Verdict::Ok, "extended");
        check(yes(Some(AdditionalInfo::Recalled)), Verdict::DoNotUse, "recalled");
        check(yes(Some(AdditionalInfo::Suspect)), Verdict::DoNotUse, "suspect");
        check(yes(Some(AdditionalInfo::Illegitimate)), Verdict::DoNotUse, "illegitimate");
        check(yes(Some(AdditionalInfo::Expired)), Verdict::DoNotUse, "expired");
        check(yes(Some(AdditionalInfo::Other("Stolen".into()))), Verdict::Wait, "Stolen");
        check(no(FailureReason::Policy), Verdict::DoNotUse, "policy");
        check(no(FailureReason::NotForRedistribution), Verdict::DoNotUse, "not to be sold");
        check(no(FailureReason::NoMatchLot), Verdict::DoNotUse, "another lot");
        check(no(FailureReason::NoReason), Verdict::DoNotUse, "no reason");
        check(no(FailureReason::Other("E42".into())), Verdict::Wait, "E42");
        check(None, Verdict::Wait, "did not answer");
        let policy =
            Answer::NotVerified { reason: FailureReason::Policy, info: Some(AdditionalInfo::Recalled) };
        check(Some(policy), Verdict::DoNotUse, "recalled");
    }

    #[test]
    fn a_doubtful_scan_is_never_accused() {
        for reason in [FailureReason::NoMatchSerial, FailureReason::NoMatchExpiry, FailureReason::NoReason] {
            let answer = no(reason);
            let judgement = judge(&VerdictFacts { doubtful: true, ..facts(answer.as_ref(), &[]) });
            assert_eq!(judgement.verdict, Verdict::ScanProblem);
        }
        let problem = Some(("The check digit is wrong", "Scan again"));
        let answer = yes(None);
        let judgement = judge(&VerdictFacts { scan_problem: problem, ..facts(answer.as_ref(), &[]) });
        assert_eq!((judgement.verdict, judgement.next_step.as_str()), (Verdict::ScanProblem, "Scan again"));
    }

    #[test]
    fn our_own_state_stands_over_an_answer() {
        let answer = yes(None);
        for (kind, expected) in [
            (HoldKind::Recall, Verdict::DoNotUse),
            (HoldKind::Suspect, Verdict::DoNotUse),
            (HoldKind::Illegitimate, Verdict::DoNotUse),
            (HoldKind::Hold, Verdict::Wait),
        ] {
            let holds = [hold(kind)];
            let judgement = judge(&facts(answer.as_ref(), &holds));
            assert_eq!(judgement.verdict, expected);
            assert!(judgement.reason.contains("glass in vials"), "{judgement:?}");
        }
    }

    #[test]
    fn an_expired_label_is_red_unless_the_maker_extended_it() {
        let plain = yes(None);
        let expired = Some(day("2026-10-31"));
        let judged =
            |answer: Option<&Answer>| judge(&VerdictFacts { expiry: expired, ..facts(answer, &[]) }).verdict;
        assert_eq!(judged(plain.as_ref()), Verdict::DoNotUse);
        assert_eq!(judged(None), Verdict::DoNotUse);
        assert_eq!(judged(yes(Some(AdditionalInfo::ExpirationExtended)).as_ref()), Verdict::Ok);
        let extended = Answer::NotVerified {
            reason: FailureReason::Policy,
            info: Some(AdditionalInfo::ExpirationExtended),
        };
        assert_eq!(judged(Some(&extended)), Verdict::DoNotUse);
        let today = VerdictFacts { expiry: Some(day("2026-11-23")), ..facts(plain.as_ref(), &[]) };
        assert_eq!(judge(&today).verdict, Verdict::Ok);
    }

    #[test]
    fn no_answer_is_never_ok_whatever_the_facts() {
        let answer = yes(None);
        let unfounded = VerdictFacts { basis: Basis::None, ..facts(answer.as_ref(), &[]) };
        assert_eq!(judge(&unfounded).verdict, Verdict::Wait);
    }
}
