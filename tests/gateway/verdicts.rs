//! What makers answer, over real TLS, as the page shows it: every combination that must not be taken for another, and answers
//! that come late or are none.

use std::sync::Mutex;

use serde_json::Value;
use serde_json::json;

use crate::browser::Browser;
use crate::browser::ENTER;
use crate::browser::SEPARATORS;
use crate::harness::TestGateway;
use crate::https::Answered;
use crate::https::Authority;
use crate::https::Server;

const GTIN: &str = "00300010123455";
const MAKER: &str = "0300010000008";
const CLINIC: &str = "9521102000015";

/// A maker that answers by the serial number, and a clinic's gateway that asks it.
struct Pair {
    clinic: TestGateway,
    _authority: Authority,
}

impl Pair {
    fn start() -> Pair {
        let authority = Authority::new();
        let identity = authority.identity("maker");
        let tries = Mutex::new(0);
        let maker = Server::start(&identity, move |asked| {
            let piece = |name: &str| {
                let rest = asked.target.split_once(name).map_or("", |(_, rest)| rest);
                rest.split(['/', '?', '&']).next().unwrap_or_default().to_owned()
            };
            let serial = piece("/ser/");
            if serial == "LATE" {
                let mut tries = tries.lock().unwrap();
                *tries += 1;
                // The first question, and its second try.
                if *tries <= 2 {
                    return Answered::html(503);
                }
            }
            if serial == "HTML" {
                return Answered::html(200);
            }
            Answered::json(&json!({
                "verificationTimestamp": "2026-11-23T10:00:00.000Z",
                "responderGLN": MAKER,
                "corrUUID": piece("corrUUID="),
                "data": data(&serial),
            }))
        });
        let clinic = TestGateway::with(|settings| {
            settings.outbound.allow_loopback = true;
            settings.outbound.roots = vec![authority.root()];
            settings.routing.requester = CLINIC.to_owned();
            settings.routing.late_minutes = vec![0, 0, 0, 0];
        });
        let directory = format!("gtin,responder gln,provider,url\n{GTIN},{MAKER},maker,{}\n", maker.url());
        let sent = clinic.post("/api/v1/directory", "text/csv", directory).send().unwrap();
        assert_eq!(sent.status(), 200, "{}", sent.text().unwrap());
        Pair { clinic, _authority: authority }
    }
}

/// What the maker says of the package with this serial number.
fn data(serial: &str) -> Value {
    let no = |reason: &str| json!({ "verified": false, "verificationFailureReason": reason });
    let with = |mut data: Value, info: &str| {
        data["additionalInfo"] = info.into();
        data
    };
    let yes = json!({ "verified": true });
    match serial {
        "EXTENDED" => with(yes, "ExpirationExtended"),
        "B1" => with(yes, "Recalled"),
        "B2" => with(no("Manufacturer_policy"), "Recalled"),
        "OLD" => with(yes, "Expired"),
        "C1" => with(no("Not_for_re-distribution"), "Suspect"),
        "C2" => no("Manufacturer_policy"),
        "BAD" => with(yes, "Illegitimate"),
        "D" => no("No_reason_provided"),
        "E" => no("No_match_GTIN_Serial_Lot"),
        "NEW" => with(yes, "Stolen"),
        _ => yes,
    }
}

#[test]
fn the_page_shows_what_makers_answer() {
    let pair = Pair::start();
    let browser = Browser::start();
    browser.open(&format!("http://{}/", pair.clinic.authority()));
    for (serial, expiry, expected, words) in [
        ("A", "290331", "ok", "Matches the record"),
        ("EXTENDED", "251031", "ok", "expiry was extended"),
        ("A", "251031", "do-not-use", "Expired on 2025-10-31"),
        ("B1", "290331", "do-not-use", "recalled"),
        ("B2", "290331", "do-not-use", "recalled"),
        ("OLD", "290331", "do-not-use", "expired"),
        ("C1", "290331", "do-not-use", "suspect"),
        ("C2", "290331", "do-not-use", "policy"),
        ("BAD", "290331", "do-not-use", "illegitimate"),
        ("D", "290331", "do-not-use", "no reason"),
        ("E", "290331", "do-not-use", "another lot"),
        ("NEW", "290331", "wait", "Stolen"),
        ("HTML", "290331", "wait", ""),
    ] {
        browser.value("document.body.dataset.verdict = 'none'");
        browser.scan(&format!("]d201{GTIN}21{serial}\u{1d}17{expiry}10L7"), SEPARATORS[0], ENTER);
        browser.wait("['ok', 'wait', 'scan-problem', 'do-not-use'].includes(document.body.dataset.verdict)");
        let (word, said) =
            (browser.text("document.body.dataset.verdict"), browser.text("document.body.innerText"));
        assert_eq!(word, expected, "{serial}: {said}");
        assert!(said.contains(words), "{serial}: {said}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_late_answer_takes_the_place_of_the_wait() {
    let pair = Pair::start();
    let browser = Browser::start();
    browser.open(&format!("http://{}/", pair.clinic.authority()));
    browser.scan(&format!("]d201{GTIN}21LATE\u{1d}1729033110L7"), SEPARATORS[0], ENTER);
    browser.wait("document.querySelector('#strip b')?.textContent === 'WAIT'");
    browser.wait("document.body.dataset.verdict === 'ok'");
    assert_eq!(browser.text("document.querySelector('#strip b').textContent"), "OK TO USE");
}
