//! What the evidence makes of a unit: check by check, and the decision, without any store.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use crate::dscsa::CheckKind;
use crate::dscsa::CheckOutcome;
use crate::dscsa::HoldKind;
use crate::dscsa::ReturnCheck;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnedUnit;
use crate::dscsa::verification::Verdict;
use crate::gs1::Gtin;
use crate::returns::evidence::Evidence;
use crate::returns::evidence::Known;
use crate::returns::information::Information;
use crate::store::Deed;
use crate::verify::Verification;

use CheckOutcome::Failed;
use CheckOutcome::Passed;
use CheckOutcome::Unknown;

/// Dispositions (CBV) with which nothing is sold.
const UNSELLABLE: [&str; 13] = [
    "damaged",
    "destroyed",
    "dispensed",
    "disposed",
    "expired",
    "inactive",
    "non_sellable_other",
    "partially_dispensed",
    "recalled",
    "retail_sold",
    "stolen",
    "mismatch_instance",
    "non_conformant",
];

/// Rules whose breach puts the identity of goods in doubt. What else is wrong with a file of ours says nothing of them.
const IDENTITY_RULES: [&str; 7] = [
    "duplicate-serial",
    "commissioned-differently",
    "lot-overfilled",
    "received-twice",
    "seen-after-end",
    "shipped-after-end",
    "shipped-not-commissioned",
];

/// How a check came out, in words, and the document that says so.
type Finding = (CheckOutcome, String, Option<i64>);

/// A package, alone or in a case: what it is called in words, and what is known of it.
type Named<'a> = (String, &'a Known);

/// Checks everything that we can tell ourselves.
pub(super) fn local(evidence: &Evidence, now: DateTime<Utc>) -> Vec<ReturnCheck> {
    let today = now.date_naive();
    let mut packages: Vec<Named<'_>> = vec![("it".to_owned(), &evidence.itself)];
    if let Some((_, inside)) = &evidence.content {
        packages.extend(inside.iter().map(|known| (format!("package {} in it", known.serial), known)));
    }
    let mut found = vec![(CheckKind::Scan, scan(evidence))];
    found.extend(evidence.content.as_ref().map(|_| (CheckKind::Case, case(evidence))));
    found.extend([
        (CheckKind::Standing, first(&packages, standing, "it is under no recall and no hold")),
        (
            CheckKind::Life,
            first(
                &packages,
                |package| life(package, evidence),
                "nothing says that it was dispensed, destroyed or damaged",
            ),
        ),
        (
            CheckKind::FirstReturn,
            first(&packages, |package| first_return(package, evidence), "it did not come back before"),
        ),
        (CheckKind::InDate, in_date(evidence, today)),
        (CheckKind::Sold, sold(evidence)),
        (CheckKind::Label, label(evidence, today)),
        (CheckKind::Information, information(evidence)),
    ]);
    let check = |(kind, (outcome, words, document)): (CheckKind, Finding)| ReturnCheck {
        kind,
        outcome,
        words,
        document,
        at: now,
        verification: None,
    };
    found.into_iter().map(check).collect()
}

/// True where the maker's answer can still change what becomes of the unit. An expiry that has passed may have been extended.
pub(super) fn is_worth_asking(checks: &[ReturnCheck]) -> bool {
    checks
        .iter()
        .all(|check| check.outcome == Passed || (check.kind == CheckKind::InDate && check.outcome == Failed))
}

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

/// The worst of what is found of packages, or that nothing is.
fn first<'a>(packages: &[Named<'a>], check: impl Fn(&Named<'a>) -> Option<Finding>, passed: &str) -> Finding {
    let mut unknown = None;
    for package in packages {
        match check(package) {
            Some(found) if found.0 == Failed => return found,
            found => unknown = unknown.or(found),
        }
    }
    unknown.unwrap_or_else(|| (Passed, passed.to_owned(), None))
}

fn scan(evidence: &Evidence) -> Finding {
    let question = &evidence.candidate.question;
    if let Some(line) = evidence.itself.same {
        return (Failed, format!("scan {line} of this return has it already"), None);
    }
    let (gtin, serial, lot, expiry) =
        (question.gtin, &question.serial, &question.lot, question.expiry.as_str());
    let mut words = format!("GTIN {gtin}, serial number {serial}, lot {lot}, expiry {expiry}");
    evidence.candidate.notices.iter().for_each(|notice| {
        words.push_str("; ");
        words.push_str(notice);
    });
    (Passed, words, None)
}

fn case(evidence: &Evidence) -> Finding {
    let Some((content, inside)) = &evidence.content else { return (Passed, String::new(), None) };
    if content.packages.is_empty() {
        return (Failed, "this is a case, and no data tell what is in it".to_owned(), None);
    }
    if content.changed {
        return (Failed, "the case was opened since it was sold: what is in it has changed".to_owned(), None);
    }
    if let Some((line, serial)) = inside.iter().find_map(|known| Some((known.same?, &known.serial))) {
        return (
            Failed,
            format!("scan {line} of this return has package {serial} of this case, so that it is open"),
            None,
        );
    }
    let gtins: Vec<Gtin> = gtins(evidence);
    let lots = || inside.iter().map(|known| known.facts.lot.as_ref().map(|lot| (&lot.lot, &lot.expiry)));
    let first = lots().next().flatten();
    let of_label = first.is_some_and(|(lot, _)| **lot == *evidence.candidate.question.lot);
    if gtins.len() > 1 || first.is_none() || lots().any(|lot| lot != first) || !of_label {
        let words = "the case does not hold one product of the one lot on its label, as a sealed homogeneous case does";
        return (Failed, words.to_owned(), None);
    }
    (Passed, format!("a sealed case with {} packages of one lot", content.packages.len()), None)
}

/// Trade items of what came back: of the package, or of the packages in the case.
fn gtins(evidence: &Evidence) -> Vec<Gtin> {
    let mut gtins: Vec<Gtin> = match &evidence.content {
        Some((content, _)) => content.packages.iter().filter_map(|epc| epc.gtin()).collect(),
        None => vec![evidence.candidate.question.gtin],
    };
    gtins.sort();
    gtins.dedup();
    gtins
}

fn standing((name, known): &Named<'_>) -> Option<Finding> {
    let mut worst = None;
    for hold in &known.facts.holds {
        let (scope, why) = (&hold.scope, &hold.opened.why);
        match hold.kind {
            HoldKind::Recall => return Some((Failed, format!("{name} is recalled: {scope} ({why})"), None)),
            HoldKind::Suspect | HoldKind::Illegitimate => {
                let state = hold.kind.state();
                return Some((Failed, format!("{name} is {state}: {scope} ({why})"), None));
            }
            HoldKind::Hold => worst = Some((Unknown, format!("{name} is on hold: {scope} ({why})"), None)),
        }
    }
    let finding = || {
        let concerns = |rule: &str| IDENTITY_RULES.contains(&rule);
        let found = known.facts.findings.iter().find(|found| concerns(&found.rule))?;
        Some((Unknown, format!("the data of {name} have a fault: {} ({})", found.message, found.rule), None))
    };
    worst.or_else(finding)
}

fn life((name, known): &Named<'_>, evidence: &Evidence) -> Option<Finding> {
    if let Some(deed) = &known.ended {
        return Some((Failed, format!("{name} has ended: {}", told(deed)), Some(deed.document)));
    }
    // What a return of ours made of it is told with that return.
    let returned =
        known.earlier.as_ref().is_some_and(|earlier| is_since_sale(earlier.at.timestamp_micros(), evidence));
    let deed = known.last.as_ref().filter(|deed| !returned && is_since_sale(deed.time, evidence))?;
    let odd = deed.disposition.as_deref().is_some_and(|word| UNSELLABLE.contains(&word));
    odd.then(|| (Failed, format!("{name} was seen unfit: {}", told(deed)), Some(deed.document)))
}

fn first_return((name, known): &Named<'_>, evidence: &Evidence) -> Option<Finding> {
    let earlier =
        known.earlier.as_ref().filter(|earlier| is_since_sale(earlier.at.timestamp_micros(), evidence));
    if let Some(earlier) = earlier {
        let words = format!("{name} came back already: scan {} of return {}", earlier.line, earlier.id);
        return Some((Failed, words, None));
    }
    if let Some(receipt) = &known.facts.before {
        return Some((Failed, format!("{name} came back already: receipt {receipt} has it"), None));
    }
    let deed = known.last.as_ref().filter(|deed| is_since_sale(deed.time, evidence))?;
    let back =
        deed.biz_step.as_deref() == Some("receiving") && deed.disposition.as_deref() == Some("returned");
    back.then(|| (Failed, format!("{name} came back already: {}", told(deed)), Some(deed.document)))
}

/// True for what happened after the sale; without a sale for everything.
fn is_since_sale(time: i64, evidence: &Evidence) -> bool {
    evidence.sale.as_ref().is_none_or(|sale| time > sale.at.timestamp_micros())
}

fn told(deed: &Deed) -> String {
    let day = DateTime::from_timestamp_micros(deed.time).unwrap_or_default().date_naive();
    let words: Vec<&str> =
        [&deed.biz_step, &deed.disposition].into_iter().filter_map(|word| word.as_deref()).collect();
    format!("{} on {day}", words.join(", "))
}

fn in_date(evidence: &Evidence, today: NaiveDate) -> Finding {
    let of_label = evidence.candidate.question.expiry.date(today);
    match of_label {
        None => (Unknown, "the expiry on the label is no date".to_owned(), None),
        Some(date) if date < today => (Failed, format!("it expired on {date}"), None),
        Some(date) => (Passed, format!("it expires on {date}"), None),
    }
}

fn sold(evidence: &Evidence) -> Finding {
    let Some(sale) = &evidence.sale else {
        return (Failed, "no shipment of ours with it is known, to whomever".to_owned(), None);
    };
    let (day, shipment) = (sale.at.date_naive(), sale.shipment);
    let document = Some(sale.document);
    if sale.buyer.is_empty() {
        return (
            Unknown,
            format!("our shipment {shipment} of {day} has it, but does not say to whom it went"),
            document,
        );
    }
    if !sale.to_customer {
        let words =
            format!("our shipment {shipment} of {day} sold it to {}, not to this customer", sale.buyer);
        return (Failed, words, document);
    }
    (Passed, format!("our shipment {shipment} of {day} sold it to this customer ({})", sale.buyer), document)
}

fn label(evidence: &Evidence, today: NaiveDate) -> Finding {
    let question = &evidence.candidate.question;
    let Some(lot) = &evidence.itself.facts.lot else {
        return (Unknown, "no data of ours tell its lot and expiry".to_owned(), None);
    };
    if *lot.lot != *question.lot {
        return (Failed, format!("its label says lot {}, its data say lot {}", question.lot, lot.lot), None);
    }
    let of_data = lot.expiry.get(..10).and_then(|date| date.parse::<NaiveDate>().ok());
    let of_label = question.expiry.date(today);
    match (of_label, of_data) {
        (Some(of_label), Some(of_data)) if of_label != of_data => {
            (Failed, format!("its label says that it expires on {of_label}, its data say on {of_data}"), None)
        }
        (_, None) => (Unknown, "no data of ours tell its expiry".to_owned(), None),
        _ => (Passed, "label and data say the same lot and expiry".to_owned(), None),
    }
}

fn information(evidence: &Evidence) -> Finding {
    match &evidence.information {
        None => (Unknown, "without a sale there is no transaction information".to_owned(), None),
        Some(Information::NotTold(why)) => {
            (Unknown, format!("transaction information cannot be put together: {why}"), None)
        }
        Some(found @ Information::Found { document, affirmed, .. }) => {
            let missing = found.missing_of(&gtins(evidence));
            let document = Some(*document);
            if let Some(first) = missing.first() {
                let words = match missing.len() {
                    1 => format!("transaction information lacks the {first}"),
                    count => format!("transaction information lacks {count} elements, first the {first}"),
                };
                return (Unknown, words, document);
            }
            if !affirmed {
                let words = "the file of the sale affirms no transaction statement";
                return (Unknown, words.to_owned(), document);
            }
            (
                Passed,
                "transaction information is complete, and the statement is affirmed".to_owned(),
                document,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dscsa::Decision;
    use crate::dscsa::Hold;
    use crate::dscsa::HoldScope;
    use crate::dscsa::transaction::Element;
    use crate::dscsa::transaction::Missing;
    use crate::dscsa::verification::AdditionalInfo;
    use crate::dscsa::verification::Answer;
    use crate::dscsa::verification::Basis;
    use crate::dscsa::verification::CorrelationId;
    use crate::dscsa::verification::FailureReason;
    use crate::dscsa::verification::VerdictFacts;
    use crate::dscsa::verification::judge;
    use crate::gs1::Epc;
    use crate::gs1::Scan;
    use crate::gs1::ScannedDate;
    use crate::returns::content::Content;
    use crate::returns::content::Sale;
    use crate::returns::reading::Candidate;
    use crate::store::EarlierReturn;
    use crate::store::HoldingFinding;
    use crate::store::LotRecord;
    use crate::verify::Question;

    const LABEL: &str = "]d20100614140123453217\u{1d}17281231\u{1d}10A1";

    fn now() -> DateTime<Utc> {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn day(text: &str) -> DateTime<Utc> {
        format!("{text}T12:00:00Z").parse().unwrap()
    }

    fn deed(step: &str, disposition: &str, on: &str) -> Option<Deed> {
        let (biz_step, disposition) = (Some(step.to_owned()), Some(disposition.to_owned()));
        Some(Deed { event: 1, document: 5, time: day(on).timestamp_micros(), biz_step, disposition })
    }

    fn known(serial: &str) -> Known {
        let lot = LotRecord {
            gtin: "00614140123453".to_owned(),
            lot: "A1".to_owned(),
            expiry: "2028-12-31".to_owned(),
            commissioned: 9,
        };
        let facts = crate::store::UnitFacts { lot: Some(lot), ..Default::default() };
        Known { serial: serial.to_owned(), facts, ..Known::default() }
    }

    fn evidence() -> Evidence {
        let scan = Scan::parse(LABEL).unwrap();
        let candidate = Candidate {
            line: 2,
            text: LABEL.to_owned(),
            key: scan.epc().key(),
            epc: scan.epc().clone(),
            question: Question::of_scan(&scan, now()).unwrap(),
            notices: Vec::new(),
        };
        let sale = Sale {
            shipment: 7,
            document: 3,
            at: day("2026-10-01"),
            buyer: "9521101000016".to_owned(),
            to_customer: true,
        };
        let information = Information::Found { document: 3, missing: Vec::new(), affirmed: true };
        Evidence {
            candidate,
            sale: Some(sale),
            information: Some(information),
            itself: known("7"),
            content: None,
        }
    }

    fn sealed(count: u32) -> Evidence {
        let epc = |serial: u32| Epc::parse(&format!("urn:epc:id:sgtin:061414.0012345.{serial}"));
        let content = Content { packages: (1..=count).map(epc).collect(), changed: false };
        let inside = (1..=count).map(|serial| known(&serial.to_string())).collect();
        Evidence { content: Some((content, inside)), ..evidence() }
    }

    /// The maker's answer, judged as the verifier does; `None` where it gave none in time.
    fn answered(answer: Option<Answer>, evidence: &Evidence) -> Verification {
        let question = &evidence.candidate.question;
        let source = Basis::Source { name: "Maker".into(), at: now() };
        let judgement = judge(&VerdictFacts {
            scan_problem: None,
            doubtful: question.doubtful,
            holds: &[],
            expiry: question.expiry.date(now().date_naive()),
            today: now().date_naive(),
            answer: answer.as_ref(),
            basis: answer.as_ref().map_or(Basis::None, |_| source),
            unanswered: "Maker did not answer in time",
        });
        Verification {
            id: "v1".to_owned(),
            correlation: CorrelationId::new(uuid::Uuid::new_v4()),
            judgement,
            answer,
            responder: None,
            provider: None,
            at: now(),
            took: Duration::ZERO,
            pending: false,
        }
    }

    fn decided(evidence: &Evidence, answer: Option<Answer>) -> (ReturnedUnit, bool) {
        let checks = local(evidence, now());
        let asked = is_worth_asking(&checks);
        let answer = asked.then(|| answered(answer, evidence));
        (decide(evidence, checks, answer.as_ref(), now()), asked)
    }

    /// What becomes of a unit whose maker says that all is well.
    fn check(evidence: &Evidence, expected: ReturnDecision, words: &str) {
        let (unit, _) = decided(evidence, Some(Answer::Verified { info: None }));
        assert_eq!(unit.decision, Some(expected), "{unit:?}");
        assert!(unit.reason.contains(words), "{unit:?}");
        assert!(!unit.next_step.is_empty(), "{unit:?}");
    }

    fn answer(answer: Option<Answer>, expected: ReturnDecision, words: &str) {
        let (unit, asked) = decided(&evidence(), answer);
        assert!(asked);
        assert_eq!(unit.decision, Some(expected), "{unit:?}");
        assert!(unit.reason.contains(words), "{unit:?}");
        assert_eq!(unit.verification(), Some("v1"));
    }

    fn hold(kind: HoldKind) -> Hold {
        let scope = HoldScope::Product { gtin: Gtin::parse("00614140123453").unwrap() };
        let opened = Decision::new("me", now(), "glass").unwrap();
        Hold { id: "1".to_owned(), kind, scope, opened, released: None }
    }

    #[test]
    fn what_passes_everything_is_sellable() {
        check(&evidence(), ReturnDecision::Sellable, "record of Maker");
        let (unit, _) = decided(&evidence(), Some(Answer::Verified { info: None }));
        assert!(unit.checks.iter().all(|check| check.outcome == Passed), "{unit:?}");
        assert_eq!(unit.check(CheckKind::Sold).unwrap().document, Some(3));
        assert_eq!(unit.label, ("A1".to_owned(), "281231".to_owned()));
    }

    #[test]
    fn the_makers_answer_decides_last() {
        let no = |reason| Some(Answer::NotVerified { reason, info: None });
        answer(no(FailureReason::NoMatchSerial), ReturnDecision::NotSellable, "no package");
        answer(no(FailureReason::Policy), ReturnDecision::NotSellable, "policy");
        answer(
            Some(Answer::Verified { info: Some(AdditionalInfo::Recalled) }),
            ReturnDecision::NotSellable,
            "recalled",
        );
        answer(None, ReturnDecision::Wait, "did not answer");
    }

    #[test]
    fn what_fails_here_is_not_asked() {
        let with = |change: fn(&mut Evidence)| {
            let mut evidence = evidence();
            change(&mut evidence);
            assert!(!decided(&evidence, None).1);
            evidence
        };
        let no = ReturnDecision::NotSellable;
        check(&with(|own| own.itself.facts.holds.push(hold(HoldKind::Recall))), no, "recalled");
        check(
            &with(|own| own.itself.ended = deed("destroying", "destroyed", "2026-01-01")),
            no,
            "destroying",
        );
        check(
            &with(|own| own.itself.last = deed("inspecting", "damaged", "2026-11-01")),
            no,
            "seen unfit: inspecting, damaged",
        );
        check(
            &with(|own| own.itself.last = deed("receiving", "returned", "2026-11-01")),
            no,
            "came back already",
        );
        check(&with(|own| own.itself.facts.before = Some("r".to_owned())), no, "receipt r");
        check(&with(|own| own.sale = None), no, "no shipment of ours");
        check(&with(|own| own.sale.as_mut().unwrap().to_customer = false), no, "not to this customer");
        check(&with(|own| own.itself.facts.lot.as_mut().unwrap().lot = "B7".to_owned()), no, "lot B7");
        check(
            &with(|own| own.itself.facts.lot.as_mut().unwrap().expiry = "2028-11-30".to_owned()),
            no,
            "2028-11-30",
        );
        let earlier = |at| Some(EarlierReturn { id: "r7".to_owned(), line: 4, at: day(at) });
        let mut again = evidence();
        again.itself.earlier = earlier("2026-11-02");
        check(&again, no, "scan 4 of return r7");
        // Sold again since.
        again.itself.earlier = earlier("2026-09-02");
        check(&again, ReturnDecision::Sellable, "");
        again.itself.last = deed("inspecting", "non_sellable_other", "2026-09-02");
        check(&again, ReturnDecision::Sellable, "");
    }

    #[test]
    fn what_is_not_known_waits() {
        let with = |change: fn(&mut Evidence)| {
            let mut evidence = evidence();
            change(&mut evidence);
            assert!(!decided(&evidence, None).1);
            evidence
        };
        let wait = ReturnDecision::Wait;
        check(&with(|own| own.itself.facts.holds.push(hold(HoldKind::Hold))), wait, "on hold");
        let finding = HoldingFinding { rule: "duplicate-serial".to_owned(), message: "twice".to_owned() };
        let mut faulty = evidence();
        faulty.itself.facts.findings.push(finding);
        check(&faulty, wait, "duplicate-serial");
        faulty.itself.facts.findings[0].rule = "order-missing".to_owned();
        check(&faulty, ReturnDecision::Sellable, "");
        check(&with(|own| own.sale.as_mut().unwrap().buyer.clear()), wait, "does not say to whom");
        check(&with(|own| own.itself.facts.lot = None), wait, "no data of ours");
        let lacking = |own: &mut Evidence| {
            let missing =
                Missing { element: Element::Ndc, of: String::new(), message: "import it".to_owned() };
            own.information =
                Some(Information::Found { document: 3, missing: vec![missing], affirmed: true });
        };
        check(&with(lacking), wait, "National Drug Code");
        check(
            &with(|own| own.information = Some(Information::NotTold("too large".to_owned()))),
            wait,
            "too large",
        );
        let unaffirmed = |own: &mut Evidence| {
            own.information = Some(Information::Found { document: 3, missing: vec![], affirmed: false });
        };
        check(&with(unaffirmed), wait, "statement");
    }

    #[test]
    fn an_expiry_that_has_passed_may_have_been_extended() {
        let mut expired = evidence();
        expired.candidate.question.expiry = ScannedDate::new("261031").unwrap();
        expired.itself.facts.lot.as_mut().unwrap().expiry = "2026-10-31".to_owned();
        let (unit, asked) = decided(&expired, Some(Answer::Verified { info: None }));
        assert!(asked);
        assert_eq!(unit.decision, Some(ReturnDecision::NotSellable));
        assert!(unit.reason.contains("expired on 2026-10-31"), "{unit:?}");
        let extended = Some(Answer::Verified { info: Some(AdditionalInfo::ExpirationExtended) });
        let (unit, _) = decided(&expired, extended);
        assert_eq!(unit.decision, Some(ReturnDecision::Sellable), "{unit:?}");
        assert_eq!(unit.check(CheckKind::InDate).unwrap().outcome, Passed);
    }

    #[test]
    fn a_scan_that_may_be_at_fault_is_never_accused() {
        let mut doubtful = evidence();
        doubtful.candidate.question.doubtful = true;
        check(&doubtful, ReturnDecision::Sellable, "");
        let no = Some(Answer::NotVerified { reason: FailureReason::NoMatchSerial, info: None });
        assert_eq!(decided(&doubtful, no).0.decision, Some(ReturnDecision::ScanProblem));
        doubtful.sale = None;
        check(&doubtful, ReturnDecision::ScanProblem, "typed or mended");
        doubtful.itself.facts.holds.push(hold(HoldKind::Recall));
        check(&doubtful, ReturnDecision::NotSellable, "recalled");
        let mut twice = evidence();
        twice.itself.same = Some(1);
        check(&twice, ReturnDecision::ScanProblem, "scan 1 of this return");
    }

    #[test]
    fn a_case_stands_for_its_packages() {
        check(&sealed(12), ReturnDecision::Sellable, "");
        let with = |change: fn(&mut Evidence)| {
            let mut evidence = sealed(3);
            change(&mut evidence);
            evidence
        };
        fn inside(own: &mut Evidence) -> &mut Vec<Known> {
            &mut own.content.as_mut().unwrap().1
        }
        let scan = ReturnDecision::ScanProblem;
        check(&with(|own| own.content = Some(Default::default())), scan, "no data tell");
        check(&with(|own| own.content.as_mut().unwrap().0.changed = true), scan, "opened since");
        check(&with(|own| inside(own)[1].same = Some(1)), scan, "package 2");
        check(
            &with(|own| inside(own)[2].facts.lot.as_mut().unwrap().lot = "B7".to_owned()),
            scan,
            "the one lot on its label",
        );
        let no = ReturnDecision::NotSellable;
        check(
            &with(|own| inside(own)[2].ended = deed("dispensing", "dispensed", "2026-11-01")),
            no,
            "package 3 in it has ended",
        );
        check(
            &with(|own| inside(own)[0].facts.holds.push(hold(HoldKind::Recall))),
            no,
            "package 1 in it is recalled",
        );
        let (unit, _) = decided(&sealed(12), None);
        assert_eq!(unit.packages, Some(12));
    }
}
