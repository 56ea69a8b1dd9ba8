//! Verdict: what was scanned, how its keys came, and what that means for the package in hand.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::verification::Basis;
use crate::dscsa::verification::Judgement;
use crate::dscsa::verification::VerdictFacts;
use crate::dscsa::verification::judge;
use crate::gs1::Scan;
use crate::ui::label::Label;
use crate::verify::Question;
use crate::verify::Verifier;
use crate::verify::VerifyError;

/// What the field was given, and what is known of the keyboard.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The text, with separators in any spelling that scanners have.
    pub text: String,
    /// The keys came as fast as only a scanner types.
    pub fast: bool,
    /// Caps Lock was on.
    pub caps_lock: bool,
}

/// A verdict with what was scanned.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What to do with the package, and why.
    pub judgement: Judgement,
    /// What the scan says.
    pub label: Label,
    /// The name under which the question stands, where nobody has answered and the gateway keeps asking.
    pub pending: Option<String>,
    /// What is off with the scan although it could be read, each in words.
    pub notes: Vec<String>,
}

impl Checked {
    /// Reads what was given, asks who can answer, and judges.
    pub async fn of(
        (verifier, caller): (&Verifier, &Caller),
        given: &Given,
        now: DateTime<Utc>,
    ) -> Result<Checked, VerifyError> {
        let (scan, question) = match read(given, now) {
            Ok(read) => read,
            Err(checked) => return Ok(*checked),
        };
        let verification = verifier.verify(caller, &question, now).await?;
        let label = Label::of(&scan, now.date_naive());
        let pending = verification.pending.then_some(verification.id);
        Ok(Checked { judgement: verification.judgement, label, pending, notes: notes(&scan) })
    }

    /// `ok`, `wait`, `scan-problem` or `do-not-use`.
    pub fn word(&self) -> &'static str {
        self.judgement.verdict.as_str()
    }
}

/// The scan and its question; where nothing can be asked for certain, that as a problem of the scan.
fn read(given: &Given, now: DateTime<Utc>) -> Result<(Scan, Question), Box<Checked>> {
    let today = now.date_naive();
    let unread = |problem: &str, step: &str| {
        Box::new(Checked {
            judgement: judgement(problem, step, today),
            label: Label::default(),
            pending: None,
            notes: Vec::new(),
        })
    };
    let scan = Scan::parse(&given.text).map_err(|fault| {
        let diagnosis = fault.diagnosis();
        let mut checked = unread(&diagnosis.problem, diagnosis.next_step);
        let meant =
            diagnosis.suggestion.map(|meant| format!("Did you mean {meant}? Check it with the label"));
        checked.notes.extend(meant);
        checked
    })?;
    // A symbology identifier shows which letters are small; without one, nothing does.
    if given.caps_lock && scan.symbology.is_none() && given.text.chars().any(char::is_alphabetic) {
        let problem = "Caps Lock is on, so small and capital letters may have come the wrong way round";
        return Err(unread(problem, "Turn off Caps Lock and scan again"));
    }
    let mut question = Question::of_scan(&scan, now).map_err(|judgement| {
        Box::new(Checked { judgement, label: Label::of(&scan, today), pending: None, notes: notes(&scan) })
    })?;
    question.doubtful |= scan.is_doubtful() || (!given.fast && scan.symbology.is_none());
    Ok((scan, question))
}

/// What is off with a scan that could be read, and what to do about it.
fn notes(scan: &Scan) -> Vec<String> {
    let noticed = scan.notices.iter().map(|notice| notice.diagnosis());
    noticed.map(|diagnosis| format!("{}. {}", diagnosis.problem, diagnosis.next_step)).collect()
}

/// What cannot be asked about, as a problem of the scan.
fn judgement(problem: &str, step: &str, today: NaiveDate) -> Judgement {
    judge(&VerdictFacts {
        scan_problem: Some((problem, step)),
        doubtful: true,
        holds: &[],
        expiry: None,
        today,
        answer: None,
        basis: Basis::None,
        unanswered: "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::verification::Verdict;

    const LABEL: &str = "010030001012345521a1\u{1d}1728033110L7";

    fn given(text: &str, fast: bool, caps_lock: bool) -> Given {
        Given { text: text.to_owned(), fast, caps_lock }
    }

    fn check(given: &Given, words: &str) {
        let Checked { judgement, .. } = *read(given, DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(judgement.verdict, Verdict::ScanProblem, "{given:?}");
        let said = format!("{} {}", judgement.reason, judgement.next_step);
        assert!(said.contains(words), "{given:?}: {said}");
    }

    #[test]
    fn caps_lock_is_a_problem_where_letters_may_be_turned() {
        check(&given(LABEL, true, true), "Turn off Caps Lock");
        let asked = |given: &Given| read(given, DateTime::UNIX_EPOCH).unwrap().1;
        let marked = format!("]d2{LABEL}");
        assert_eq!(&*asked(&given(&marked, true, true)).serial, "a1");
        let digits = "010030001012345521123\u{1d}17280331107";
        assert_eq!(&*asked(&given(digits, true, true)).serial, "123");
    }

    #[test]
    fn what_may_have_been_typed_is_doubtful() {
        let doubtful = |text: &str, fast: bool| {
            read(&given(text, fast, false), DateTime::UNIX_EPOCH).unwrap().1.doubtful
        };
        let capitals = "010030001012345521A1\u{1d}1728033110L7";
        assert!(doubtful(capitals, false));
        assert!(!doubtful(capitals, true));
        assert!(!doubtful(&format!("]d2{LABEL}"), false));
    }

    #[test]
    fn what_names_no_package_is_a_problem_of_the_scan() {
        check(&given("300010123457", true, false), "square code");
        check(&given("hello", false, false), "square code");
        check(&given("00300010123456", false, false), "check each digit");
    }
}
