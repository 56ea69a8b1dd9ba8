//! Opening a return: what is asked for is judged, and written down whole, before anybody looks at a unit.

use chrono::DateTime;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;
use uuid::Uuid;

use crate::access::Caller;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnState;
use crate::dscsa::SaleableReturn;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::returns::ReturnError;
use crate::returns::Settings;
use crate::store::OpenedReturn;
use crate::store::Store;

/// Characters of one scan; no symbol holds as many.
const LONGEST_SCAN: usize = 4_000;

/// Characters of a key, a number or a name.
const LONGEST_TEXT: usize = 200;

/// What a return is opened with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// The client's own name for it; sending it again opens no second one.
    pub key: Option<String>,
    /// GLN-13 of who gives the units back.
    pub customer: String,
    /// Number of the return authorisation.
    pub authorisation: String,
    /// Where they arrive: a GLN or an SGLN.
    pub place: Option<String>,
    /// Who opens it.
    pub by: String,
    /// What was scanned, in its order.
    pub scans: Vec<String>,
}

/// A return that is open, and whether it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The return.
    pub saleable_return: SaleableReturn,
    /// True where the same request opened it before.
    pub earlier: bool,
}

/// Opens a return; the same request under the same key gives the one it opened before.
pub fn open(
    store: &Store,
    caller: &Caller,
    opening: &Opening,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<Opened, ReturnError> {
    let id = Uuid::now_v7().to_string();
    let returned = opening.judged(id, settings, now)?;
    let scans: Vec<String> = opening.scans.iter().map(|scan| scan.replace('\0', "\u{fffd}")).collect();
    let digest = digest(&returned, &scans);
    match store.open_return(caller, &returned, &digest, &scans)? {
        OpenedReturn::New(saleable_return) => Ok(Opened { saleable_return, earlier: false }),
        OpenedReturn::Earlier(saleable_return) => Ok(Opened { saleable_return, earlier: true }),
        OpenedReturn::KeyTaken(other) => Err(ReturnError::KeyTaken { key: other.client_key, id: other.id }),
    }
}

/// Has the units looked at again that wait, or whose scan was at fault; returns how many they are.
pub fn check_again(store: &Store, caller: &Caller, id: &str, now: DateTime<Utc>) -> Result<u64, ReturnError> {
    let unsettled = [ReturnDecision::Wait, ReturnDecision::ScanProblem];
    if let Some(again) = store.check_again(caller, (id, now), &unsettled)? {
        return Ok(again);
    }
    let known = store.saleable_return(caller, id)?;
    let known = known.ok_or_else(|| ReturnError::Unknown(id.to_owned()))?;
    let mend = match known.state {
        ReturnState::Checking => "its units are being looked at; wait until it is checked",
        _ => "open another for units that came since",
    };
    Err(ReturnError::State { id: known.id, state: known.state, mend })
}

impl Opening {
    fn judged(
        &self,
        id: String,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Result<SaleableReturn, ReturnError> {
        let wrong = |words: String| Err(ReturnError::Request(words));
        let Ok(customer) = Gln::parse(self.customer.trim()) else {
            return wrong(format!("customer {:?} is no GLN: give its 13 digits", shortened(&self.customer)));
        };
        for (name, text) in [
            ("key", self.key.as_deref().unwrap_or("-")),
            ("authorisation", &self.authorisation),
            ("by", &self.by),
        ] {
            let odd = text.chars().any(char::is_control) || text.chars().count() > LONGEST_TEXT;
            if odd || (name == "key" && text.is_empty()) {
                return wrong(format!("{name} has 1 to {LONGEST_TEXT} characters and no control characters"));
            }
        }
        let most = settings.most_scans;
        if self.scans.is_empty() || self.scans.len() > most {
            return wrong(format!(
                "a return has 1 to {most} scans (most_scans in [returns]), and this one has {}; divide it",
                self.scans.len()
            ));
        }
        for (number, scan) in (1..).zip(&self.scans) {
            if scan.chars().nth(LONGEST_SCAN).is_some() {
                return wrong(format!(
                    "scan {number} is longer than {LONGEST_SCAN} characters, as no code is"
                ));
            }
        }
        Ok(SaleableReturn {
            client_key: self.key.clone().unwrap_or_else(|| id.clone()),
            customer,
            authorisation: self.authorisation.trim().to_owned(),
            place: self.place.as_deref().map(place).transpose()?,
            opened: (self.by.clone(), now),
            state: ReturnState::Checking,
            closed: None,
            scans: self.scans.len() as u64,
            id,
        })
    }
}

/// What tells one request from another: everything in it but who sends it and when.
fn digest(returned: &SaleableReturn, scans: &[String]) -> String {
    let place = returned.place.as_ref().map(Epc::as_str).unwrap_or_default();
    let head = [returned.customer.as_str(), returned.authorisation.as_str(), place];
    let mut hasher = Sha256::new();
    for text in head.into_iter().chain(scans.iter().map(String::as_str)) {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn place(text: &str) -> Result<Epc, ReturnError> {
    let text = text.trim();
    let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let epc = if bare { Epc::parse(&format!("https://id.gs1.org/414/{text}")) } else { Epc::parse(text) };
    match epc.gln() {
        Some(_) if epc.fault().is_none() => Ok(epc),
        _ => Err(ReturnError::Request(format!(
            "place {:?} is no place: give its GLN or SGLN",
            shortened(text)
        ))),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening() -> Opening {
        Opening {
            key: Some("k".to_owned()),
            customer: "9521101000016".to_owned(),
            place: Some("0300011111215".to_owned()),
            by: "Ann".to_owned(),
            scans: vec!["]d201".to_owned()],
            ..Opening::default()
        }
    }

    fn check(change: impl FnOnce(&mut Opening), expected: &str) {
        let mut opening = opening();
        change(&mut opening);
        let settings = Settings { most_scans: 3, ..Settings::default() };
        let judged = opening.judged("i".to_owned(), &settings, DateTime::UNIX_EPOCH);
        let said = judged.map(|_| String::new()).unwrap_or_else(|error| error.to_string());
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(|_| {}, "");
        check(|own| own.key = None, "");
        check(|own| own.key = Some(String::new()), "key");
        check(|own| own.customer = "9521101000017".to_owned(), "13 digits");
        check(|own| own.place = Some("here".to_owned()), "no place");
        check(|own| own.authorisation = "a\u{0}".to_owned(), "authorisation");
        check(|own| own.by = "x".repeat(201), "by");
        check(|own| own.scans.clear(), "1 to 3 scans");
        check(|own| own.scans = vec![String::new(); 4], "has 4");
        check(|own| own.scans.push("x".repeat(4_001)), "scan 2");
    }

    #[test]
    fn the_digest_tells_requests_apart() {
        let of = |opening: &Opening| {
            let judged = opening.judged("i".to_owned(), &Settings::default(), DateTime::UNIX_EPOCH).unwrap();
            digest(&judged, &opening.scans)
        };
        let mut other = opening();
        assert_eq!(of(&other), of(&opening()));
        other.by = "Bob".to_owned();
        assert_eq!(of(&other), of(&opening()));
        other.scans = vec!["]d20".to_owned(), "1".to_owned()];
        assert_ne!(of(&other), of(&opening()));
    }
}
