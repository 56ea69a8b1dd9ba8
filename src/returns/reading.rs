//! One scan of a return: which package or sealed case it names, and what its maker is asked.

use chrono::DateTime;
use chrono::Utc;

use crate::dscsa::CheckKind;
use crate::dscsa::CheckOutcome;
use crate::dscsa::ReturnCheck;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnedUnit;
use crate::gs1::Epc;
use crate::gs1::Scan;
use crate::reconcile::receipt;
use crate::store::Store;
use crate::store::StoreError;
use crate::verify::Question;

const RESCAN: &str = "Scan the square code of the package again";

/// A scan that names a package or case whole: GTIN, serial number, lot and expiry.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Its place among the scans.
    pub(super) line: i64,
    /// As scanned.
    pub(super) text: String,
    /// What it names.
    pub(super) epc: Epc,
    /// Its identity.
    pub(super) key: String,
    /// What its maker is asked.
    pub(super) question: Question,
    /// What the scanner did wrong and was mended.
    pub(super) notices: Vec<String>,
}

/// Reads a scan; the inner error is the unit as decided: the scan is at fault.
pub(super) fn read(
    store: &Store,
    scanned: &ReturnedUnit,
    context: &str,
    now: DateTime<Utc>,
) -> Result<Result<Candidate, ReturnedUnit>, StoreError> {
    let text = scanned.scan.as_str();
    let scan = match receipt::read(store, text)? {
        Ok(scan) => scan,
        Err(words) => return Ok(Err(faulty(scanned, None, (&words, RESCAN), now))),
    };
    let mut question = match Question::of_scan(&scan, now) {
        Ok(question) => question,
        Err(judgement) => {
            let words = (judgement.reason.as_str(), judgement.next_step.as_str());
            return Ok(Err(faulty(scanned, Some(&scan), words, now)));
        }
    };
    question.context = context.into();
    question.doubtful |= scan.is_doubtful();
    question.statement.possession = Some(true);
    Ok(Ok(Candidate {
        line: scanned.line,
        text: text.to_owned(),
        key: scan.epc().key(),
        epc: scan.epc().clone(),
        notices: scan.notices.iter().map(ToString::to_string).collect(),
        question,
    }))
}

fn faulty(
    scanned: &ReturnedUnit,
    scan: Option<&Scan>,
    (words, next_step): (&str, &str),
    now: DateTime<Utc>,
) -> ReturnedUnit {
    let check = ReturnCheck {
        kind: CheckKind::Scan,
        outcome: CheckOutcome::Failed,
        words: words.to_owned(),
        document: None,
        at: now,
        verification: None,
    };
    ReturnedUnit {
        epc: scan.map(|scan| scan.epc().clone()),
        decision: Some(ReturnDecision::ScanProblem),
        reason: words.to_owned(),
        next_step: next_step.to_owned(),
        checks: vec![check],
        at: Some(now),
        ..ReturnedUnit::pending(scanned.line, &scanned.scan)
    }
}

impl Candidate {
    /// The unit with what its label says, before anything is decided.
    pub(super) fn unit(&self) -> ReturnedUnit {
        ReturnedUnit {
            epc: Some(self.epc.clone()),
            label: (self.question.lot.to_string(), self.question.expiry.as_str().to_owned()),
            ..ReturnedUnit::pending(self.line, &self.text)
        }
    }
}
