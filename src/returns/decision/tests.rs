use std::time::Duration;

use super::*;
use crate::dscsa::Decision;
use crate::dscsa::Hold;
use crate::dscsa::HoldKind;
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
use crate::gs1::Gtin;
use crate::gs1::Scan;
use crate::gs1::ScannedDate;
use crate::returns::checks;
use crate::returns::content::Content;
use crate::returns::content::Sale;
use crate::returns::evidence::Known;
use crate::returns::information::Information;
use crate::returns::reading::Candidate;
use crate::store::Deed;
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
    let checks = checks::local(evidence, now());
    let asked = checks::is_worth_asking(&checks);
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
    check(&with(|own| own.itself.ended = deed("destroying", "destroyed", "2026-01-01")), no, "destroying");
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
        let missing = Missing { element: Element::Ndc, of: String::new(), message: "import it".to_owned() };
        own.information = Some(Information::Found { document: 3, missing: vec![missing], affirmed: true });
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
