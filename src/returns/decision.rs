//! What the checks of a unit make of it: the decision, the check that it rests on, and what to do next.

use chrono::DateTime;
use chrono::Utc;

use crate::dscsa::CheckKind;
use crate::dscsa::CheckOutcome;
use crate::dscsa::ReturnCheck;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnedUnit;
use crate::dscsa::verification::Verdict;
use crate::returns::evidence::Evidence;
use crate::verify::Verification;

use CheckOutcome::Failed;
use CheckOutcome::Passed;
use CheckOutcome::Unknown;

/// The unit as decided; without a verification its maker was not asked.
pub(super) fn decide(
    evidence: &Evidence,
    mut checks: Vec<ReturnCheck>,
    asked: Option<&Verification>,
    now: DateTime<Utc>,
) -> ReturnedUnit {
    checks.push(verified(asked, now));
    if asked.is_some_and(|asked| asked.judgement.verdict == Verdict::Ok)
        && let Some(date) =
            checks.iter_mut().find(|check| check.kind == CheckKind::InDate && check.outcome == Failed)
    {
        date.outcome = Passed;
        date.words = "its maker has extended the expiry beyond what the label says".to_owned();
    }
    let doubtful = evidence.candidate.question.doubtful;
    let scan_problem = asked.is_some_and(|asked| asked.judgement.verdict == Verdict::ScanProblem);
    let (decision, decisive) = decisive(&checks, doubtful || scan_problem);
    let reason = decisive.map(|check| check.words.clone()).unwrap_or_default();
    let reason = match decision {
        ReturnDecision::ScanProblem if decisive.is_some_and(|check| check.kind > CheckKind::Case) => {
            format!("{reason}; the scan was typed or mended, so that it may be at fault")
        }
        _ => reason,
    };
    let next_step = match decisive {
        Some(check) if check.kind == CheckKind::Verified && decision != ReturnDecision::Sellable => {
            asked.map(|asked| asked.judgement.next_step.clone()).unwrap_or_default()
        }
        Some(check) => next_step(decision, check.kind).to_owned(),
        None => String::new(),
    };
    let packages = evidence.content.as_ref().map(|(content, _)| content.packages.len() as u64);
    ReturnedUnit {
        decision: Some(decision),
        reason,
        next_step,
        checks,
        packages,
        at: Some(now),
        ..evidence.candidate.unit()
    }
}

/// The decision and the check it rests on: a scan at fault first, then what failed, then what is not known.
fn decisive(checks: &[ReturnCheck], doubtful: bool) -> (ReturnDecision, Option<&ReturnCheck>) {
    let of_scan = |check: &&ReturnCheck| check.kind <= CheckKind::Case;
    let known_of_itself =
        |check: &&ReturnCheck| matches!(check.kind, CheckKind::Standing | CheckKind::InDate);
    let mut failed = checks.iter().filter(|check| check.outcome == Failed);
    if let Some(check) = failed.clone().find(of_scan) {
        return (ReturnDecision::ScanProblem, Some(check));
    }
    if let Some(check) = failed.clone().find(known_of_itself) {
        return (ReturnDecision::NotSellable, Some(check));
    }
    if let Some(check) = failed.next() {
        let decision = if doubtful { ReturnDecision::ScanProblem } else { ReturnDecision::NotSellable };
        return (decision, Some(check));
    }
    if let Some(check) = checks.iter().find(|check| check.outcome == Unknown) {
        return (ReturnDecision::Wait, Some(check));
    }
    (ReturnDecision::Sellable, checks.iter().find(|check| check.kind == CheckKind::Verified))
}

fn next_step(decision: ReturnDecision, kind: CheckKind) -> &'static str {
    match (decision, kind) {
        (ReturnDecision::Sellable, _) => "Put it back into saleable stock",
        (ReturnDecision::Wait, CheckKind::Standing) => {
            "Leave it on the hold shelf until it is released, then check it again"
        }
        (ReturnDecision::Wait, CheckKind::Information) => {
            "Keep it aside, complete the data (products, partners, the shipment's file), then check it again"
        }
        (ReturnDecision::Wait, _) => {
            "Keep it aside, have the data of the sale completed, then check it again"
        }
        (ReturnDecision::ScanProblem, CheckKind::Case) => "Open the case and scan each package",
        (ReturnDecision::ScanProblem, CheckKind::Scan) => {
            "If it is the same package, go on; if there are two of this number, put both aside"
        }
        (ReturnDecision::ScanProblem, _) => "Scan the square code of the package again",
        (ReturnDecision::NotSellable, CheckKind::Standing) => {
            "Keep it apart, and follow the recall notice or the investigation"
        }
        (ReturnDecision::NotSellable, CheckKind::InDate) => {
            "Keep it apart; destroy it or send it to its maker"
        }
        (ReturnDecision::NotSellable, CheckKind::Life) => {
            "Keep it apart; it may be a copy, so look into it as a suspect product"
        }
        (ReturnDecision::NotSellable, CheckKind::FirstReturn) => {
            "Keep it apart, and look whether there are two packages of this number"
        }
        (ReturnDecision::NotSellable, CheckKind::Sold) => {
            "Keep it apart, and ask the customer from whom it was bought"
        }
        (ReturnDecision::NotSellable, _) => "Keep it apart, and tell the supplier",
    }
}

fn verified(asked: Option<&Verification>, now: DateTime<Utc>) -> ReturnCheck {
    let (outcome, words, at, verification) = match asked {
        None => (Unknown, "its maker was not asked, as other checks did not pass".to_owned(), now, None),
        Some(asked) => {
            let outcome = match asked.judgement.verdict {
                Verdict::Ok => Passed,
                Verdict::Wait => Unknown,
                Verdict::ScanProblem | Verdict::DoNotUse => Failed,
            };
            (outcome, asked.judgement.reason.clone(), asked.at, Some(asked.id.clone()))
        }
    };
    ReturnCheck { kind: CheckKind::Verified, outcome, words, document: None, at, verification }
}

#[cfg(test)]
mod tests;
