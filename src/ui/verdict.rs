//! Verdict: what was scanned, how its keys came, and what that means for the package in hand.

use chrono::DateTime;
use chrono::Local;
use chrono::NaiveDate;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::Hold;
use crate::dscsa::verification::Basis;
use crate::dscsa::verification::Judgement;
use crate::dscsa::verification::VerdictFacts;
use crate::dscsa::verification::judge;
use crate::gs1::Notice;
use crate::gs1::Scan;
use crate::store::Held;
use crate::store::Store;
use crate::store::StoreError;
use crate::ui::label::Label;

/// What the field was given, and what is known of the keyboard.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The text, with separators in any spelling.
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
}

impl Checked {
    /// Reads what was given and judges it.
    pub fn of(store: &Store, given: &Given, now: DateTime<Utc>) -> Result<Checked, StoreError> {
        let today = now.with_timezone(&Local).date_naive();
        let scan = match read(given) {
            Ok(scan) => scan,
            Err((problem, step)) => {
                return Ok(Checked { judgement: unread(&problem, &step, today), label: Label::default() });
            }
        };
        let label = Label::of(&scan, today);
        let holds = holds(store, &scan)?;
        let missing = missing(&scan);
        let judgement = judge(&VerdictFacts {
            scan_problem: missing.as_ref().map(|(problem, step)| (problem.as_str(), *step)),
            doubtful: !given.fast || scan.notices.contains(&Notice::CapsLock),
            holds: &holds,
            expiry: scan.expiry.as_ref().and_then(|expiry| expiry.date(today)),
            today,
            answer: None,
            basis: Basis::None,
            unanswered: "Its maker has not been asked: this gateway knows nobody to ask yet",
        });
        Ok(Checked { judgement, label })
    }

    /// `ok`, `wait`, `scan-problem` or `do-not-use`.
    pub fn word(&self) -> &'static str {
        self.judgement.verdict.as_str()
    }
}

/// What was scanned; a problem and how to mend it where that cannot be said for certain.
fn read(given: &Given) -> Result<Scan, (String, String)> {
    let again = || "Scan the square code on the package again".to_owned();
    let text = given.text.trim();
    if given.caps_lock && !tells_its_case(text) && text.chars().any(char::is_alphabetic) {
        let problem = "Caps Lock is on, so small and capital letters may have come the wrong way round";
        return Err((problem.to_owned(), "Turn off Caps Lock and scan again".to_owned()));
    }
    Scan::parse(text).map_err(|fault| (fault.to_string(), again()))
}

/// True where the scanner's own prefix shows which letters are small.
fn tells_its_case(text: &str) -> bool {
    let letter = text.strip_prefix(']').and_then(|rest| rest.chars().next());
    letter.is_some_and(|letter| letter.is_ascii_alphabetic())
}

/// What the maker would have to be asked with, and the scan does not say.
fn missing(scan: &Scan) -> Option<(String, &'static str)> {
    if scan.sscc.is_some() {
        let problem = "This is the label of a case or pallet, not of a package".to_owned();
        return Some((problem, "Scan the square code on a package"));
    }
    let what = match (&scan.gtin, &scan.serial, &scan.lot, &scan.expiry) {
        (None, ..) => "product",
        (_, None, ..) => "serial number",
        (_, _, None, _) => "lot",
        (.., None) => "expiry date",
        _ => return None,
    };
    let step = "Scan the square code on the package, not the line code";
    Some((format!("The code was read without its {what}"), step))
}

fn unread(problem: &str, step: &str, today: NaiveDate) -> Judgement {
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

fn holds(store: &Store, scan: &Scan) -> Result<Vec<Hold>, StoreError> {
    let keys = [scan.epc().key()];
    let lots: Vec<String> = scan.lot.iter().map(|lot| lot.to_string()).collect();
    let held = Held { keys: &keys, gtin: scan.gtin, serial: scan.serial.as_deref(), lots: &lots };
    store.holds_on(&Caller::operator(), held)
}
