//! Question and Verification: what is asked of one package, and what came out.

use std::time::Duration;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;

use crate::dscsa::verification::Answer;
use crate::dscsa::verification::Basis;
use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::Direction;
use crate::dscsa::verification::Judgement;
use crate::dscsa::verification::RequesterStatement;
use crate::dscsa::verification::VerdictFacts;
use crate::dscsa::verification::judge;
use crate::formats::verification::VerificationForm;
use crate::gs1::Gtin;
use crate::gs1::Scan;
use crate::gs1::ScannedDate;

/// A question about one package: is its product identifier the one its maker assigned?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The trade item.
    pub gtin: Gtin,
    /// Serial number, decoded.
    pub serial: Box<str>,
    /// Lot number, decoded.
    pub lot: Box<str>,
    /// Expiry as on the label.
    pub expiry: ScannedDate,
    /// What it is for, such as `dscsaSaleableReturn`; empty for the one of the settings.
    pub context: Box<str>,
    /// What we say of ourselves.
    pub statement: RequesterStatement,
    /// It was typed, or mended by us: what does not match may be the scan's fault.
    pub doubtful: bool,
}

/// What came out of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Its name, a UUID.
    pub id: String,
    /// What tied the answer to the question.
    pub correlation: CorrelationId,
    /// What to do with the package, and why.
    pub judgement: Judgement,
    /// What was answered, if anything.
    pub answer: Option<Answer>,
    /// GLN of who answered, or should have.
    pub responder: Option<Box<str>>,
    /// The provider that was asked.
    pub provider: Option<Box<str>>,
    /// When it came out.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub took: Duration,
    /// Nobody has answered yet, and we keep asking.
    pub pending: bool,
}

impl Verification {
    /// As it is shown, with its question.
    pub fn form(&self, question: &Question) -> VerificationForm {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let form = VerificationForm {
            id: self.id.clone(),
            at: self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            direction: Direction::Asked.as_str(),
            pending: self.pending,
            gtin: question.gtin.to_string(),
            serial: question.serial.to_string(),
            lot: question.lot.to_string(),
            expiry: question.expiry.as_str().to_owned(),
            context: question.context.to_string(),
            responder: text(self.responder.as_deref()),
            provider: text(self.provider.as_deref()),
            correlation: self.correlation.to_string(),
            milliseconds: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            ..VerificationForm::default()
        };
        form.with_judgement(&self.judgement).with_answer(self.answer.as_ref())
    }
}

impl Question {
    /// The identity of the package, as the ledger has it: [`Epc::key`](crate::gs1::Epc::key).
    pub fn key(&self) -> String {
        self.gtin.serial_key(&self.serial)
    }

    /// The question that what a scanner or a person gave asks. What cannot be asked is judged as a problem of the scan, with
    /// what to do about it.
    pub fn of_text(text: &str, now: DateTime<Utc>) -> Result<Question, Judgement> {
        let scan = Scan::parse(text).map_err(|fault| {
            let diagnosis = fault.diagnosis();
            problem(&diagnosis.problem, diagnosis.next_step, now)
        })?;
        Question::of_scan(&scan, now)
    }

    /// The question that a scan asks; see [`of_text`](Question::of_text).
    pub fn of_scan(scan: &Scan, now: DateTime<Utc>) -> Result<Question, Judgement> {
        let missing = |what: &str| {
            let reason = format!("The code does not say the {what}, which its maker must be asked with");
            problem(&reason, "Scan the square code (DataMatrix) on the package, not the line code", now)
        };
        if scan.sscc.is_some() {
            let step = "Scan the packages, or the case by its own square code";
            return Err(problem("This is the label of a case or pallet (SSCC), not of a product", step, now));
        }
        Ok(Question {
            gtin: scan.gtin.ok_or_else(|| missing("product (GTIN)"))?,
            serial: scan.serial.clone().ok_or_else(|| missing("serial number"))?,
            lot: scan.lot.clone().ok_or_else(|| missing("lot"))?,
            expiry: scan.expiry.clone().ok_or_else(|| missing("expiry date"))?,
            context: Box::default(),
            statement: RequesterStatement::default(),
            doubtful: scan.is_doubtful(),
        })
    }
}

/// A scan that cannot be asked about.
fn problem(reason: &str, next_step: &str, now: DateTime<Utc>) -> Judgement {
    judge(&VerdictFacts {
        scan_problem: Some((reason, next_step)),
        doubtful: true,
        holds: &[],
        expiry: None,
        today: now.date_naive(),
        answer: None,
        basis: Basis::None,
        unanswered: "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::verification::Verdict;

    fn check(text: &str, words: &str) {
        let judgement = Question::of_text(text, DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(judgement.verdict, Verdict::ScanProblem, "{text}");
        let said = format!("{} {}", judgement.reason, judgement.next_step);
        assert!(said.contains(words), "{text}: {said}");
    }

    #[test]
    fn what_cannot_be_asked_is_the_scans_problem() {
        check("", "Nothing was scanned");
        check("300010123455", "square code");
        check("00300010123455", "serial number");
        check("]d2010030001012345521A1\u{1d}17280331", "the lot");
        check("]d2010030001012345521A1\u{1d}10L7", "expiry date");
        check("(00)003000100000000015", "SSCC");
    }

    #[test]
    fn a_whole_label_is_a_question() {
        let question = |text: &str| Question::of_text(text, DateTime::UNIX_EPOCH).unwrap();
        let plain = question("]d2010030001012345521A1\u{1d}1728033110L/7");
        assert_eq!((&*plain.serial, &*plain.lot, plain.expiry.as_str()), ("A1", "L/7", "280331"));
        assert!(!plain.doubtful);
        assert!(question("]D2010030001012345521a1\u{1d}1728033110l/7").doubtful);
    }
}
