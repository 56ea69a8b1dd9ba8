//! The pages in a real Chromium: scans as scanners type them, each verdict, accessibility, keyboard, queue, policy.

use std::time::Duration;

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::browser::ENTER;
use crate::browser::SEPARATORS;
use crate::browser::Stroke;
use crate::browser::TAB;
use crate::harness::TestGateway;

const GTIN: &str = "00352999101306";

/// A label as its code holds it, without symbology identifier.
fn label(serial: &str, lot: &str, expiry: &str) -> String {
    format!("01{GTIN}21{serial}\u{1d}17{expiry}10{lot}")
}

fn recall(gateway: &TestGateway, lot: &str, reason: &str) {
    let body = json!({ "gtin": GTIN, "lot": lot, "reason": reason, "by": "quality" });
    let response = gateway.post("/api/v1/recalls", "application/json", body.to_string()).send().unwrap();
    assert!(response.status().is_success(), "{}", response.text().unwrap());
}

fn home(gateway: &TestGateway) -> String {
    format!("http://{}/", gateway.authority())
}

/// Waits for the verdict on the package whose serial number is this; gives its words.
fn verdict(browser: &Browser, serial: &str) -> (String, String) {
    let shown = format!(
        "document.querySelector('#screen dd + dt, #screen dl div:nth-child(2) dd')?.textContent === '{serial}'"
    );
    browser.wait(&shown);
    words(browser)
}

/// The verdict on the screen and everything it says.
fn words(browser: &Browser) -> (String, String) {
    let verdict = browser.text("document.body.dataset.verdict");
    (verdict, browser.text("document.querySelector('#screen').innerText"))
}

/// Waits for a verdict, whatever it is.
fn judged(browser: &Browser) -> (String, String) {
    let verdicts = "['ok', 'wait', 'scan-problem', 'do-not-use'].includes(document.body.dataset.verdict)";
    browser.wait(verdicts);
    words(browser)
}

fn field(browser: &Browser) -> String {
    let focused = browser.text("document.activeElement.id");
    assert_eq!(focused, "code", "the field has lost its focus");
    browser.text("document.getElementById('code').value")
}

#[test]
fn no_key_of_a_scanner_is_lost() {
    let gateway = TestGateway::start();
    let browser = Browser::start();
    browser.open(&home(&gateway));
    for (at, separator) in SEPARATORS.into_iter().enumerate() {
        for (end, name) in [(ENTER, "E"), (TAB, "T")] {
            let serial = format!("S{at}{name}");
            browser.scan(&label(&serial, "L/1", "280331"), separator, end);
            let (word, said) = verdict(&browser, &serial);
            assert_eq!(word, "wait", "{separator:?} {said}");
            assert!(said.contains("L/1") && said.contains("2028-03-31"), "{separator:?} {said}");
            assert_eq!(field(&browser), "");
        }
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_page_says_what_is_typed_before_it_is_sent() {
    let gateway = TestGateway::start();
    let browser = Browser::start();
    browser.open(&home(&gateway));
    let keys: Vec<Stroke> = format!("(01){GTIN}(21)A1").chars().map(Stroke::Letter).collect();
    browser.press(&keys, Duration::from_millis(1));
    browser.wait("document.getElementById('reading').innerText.includes('A1')");
    assert_eq!(browser.text("document.body.dataset.verdict"), "none");
    let keys: Vec<Stroke> = "(10".chars().map(Stroke::Letter).collect();
    browser.press(&[Stroke::Named(Key::Escape)], Duration::ZERO);
    browser.press(&keys, Duration::ZERO);
    browser.wait("document.querySelector('#reading .unread') !== null");
}

#[test]
fn nothing_typed_elsewhere_is_lost_and_the_keyboard_reaches_everything() {
    let gateway = TestGateway::start();
    let browser = Browser::start();
    browser.open(&home(&gateway));
    browser.value("document.activeElement.blur()");
    browser.wait("document.activeElement.id === 'code'");
    browser.scan(&label("A1", "L1", "280331"), SEPARATORS[0], ENTER);
    verdict(&browser, "A1");
    let reached = |browser: &Browser| {
        browser.press(&[TAB], Duration::ZERO);
        let element = "document.activeElement.textContent.trim().replace(/\\s+/g, ' ')";
        browser.text(element)
    };
    let mut stops = Vec::new();
    for _ in 0..8 {
        stops.push(reached(&browser));
    }
    for wanted in ["Check", "Life of this package", "epcgate", "Sound"] {
        assert!(stops.iter().any(|stop| stop == wanted), "{wanted} is not among {stops:?}");
    }
    browser.value("document.getElementById('sound').focus()");
    browser.press(&[Stroke::Letter(' ')], Duration::ZERO);
    assert_eq!(browser.text("document.getElementById('sound').getAttribute('aria-checked')"), "true");
    browser.scan(&label("A2", "L1", "280331"), SEPARATORS[0], ENTER);
    verdict(&browser, "A2");
    assert_eq!(field(&browser), "");
    browser.value("document.querySelector('#screen a').focus()");
    browser.press(&[ENTER], Duration::ZERO);
    browser.wait("location.pathname === '/items/01/00352999101306/21/A2'");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_asked_waits_its_turn_and_is_never_green() {
    let gateway = TestGateway::start();
    let browser = Browser::start();
    browser.open(&home(&gateway));
    browser.offline(true);
    for serial in ["Q1", "Q2", "Q3"] {
        browser.scan(&label(serial, "L1", "280331"), SEPARATORS[0], ENTER);
    }
    let states = "[...document.querySelectorAll('#strip b')].map((word) => word.textContent).join()";
    browser.wait(&format!("{states} === 'NOT YET CHECKED,NOT YET CHECKED,NOT YET CHECKED'"));
    let (word, said) = words(&browser);
    assert_eq!(word, "unreachable");
    assert!(said.contains("WAIT") && said.contains("Not yet checked"), "{said}");
    browser.offline(false);
    browser.wait(&format!("{states} === 'WAIT,WAIT,WAIT'"));
    let (word, said) = verdict(&browser, "Q3");
    assert_eq!(word, "wait", "{said}");
    assert!(browser.text("document.getElementById('earlier').innerText").contains("Q1"));
    browser.open(&home(&gateway));
    assert_eq!(browser.text("document.body.dataset.verdict"), "none");
    browser.wait(&format!("{states} === 'WAIT,WAIT,WAIT'"));
}

/// Holds a page to all rules of axe, light and dark, and to a window of 320 CSS pixels, as 1280 are at 400 %.
fn is_fit_for_all(browser: &Browser, name: &str) {
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        assert_eq!(browser.accessibility(), Vec::<String>::new(), "{name}, {scheme}");
    }
    browser.window(320, 256, 4);
    let wide = browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(wide, 0, "{name} scrolls to the side at 400 %");
    assert_eq!(browser.accessibility(), Vec::<String>::new(), "{name} at 400 %");
    browser.window(1280, 800, 1);
}

#[test]
fn both_pages_are_fit_for_all_in_every_state() {
    let gateway = TestGateway::start();
    recall(&gateway, "LR", "Glass in vials");
    let browser = Browser::start();
    browser.open(&home(&gateway));
    is_fit_for_all(&browser, "ready");
    for (text, expected) in [
        (label("A1", "L1", "280331"), "wait"),
        (label("A1", "LR", "280331"), "do-not-use"),
        ("300010123457".to_owned(), "scan-problem"),
    ] {
        browser.scan(&text, SEPARATORS[0], ENTER);
        browser.wait(&format!("document.body.dataset.verdict === '{expected}'"));
        is_fit_for_all(&browser, expected);
    }
    browser.offline(true);
    browser.scan(&label("A1", "L1", "280331"), SEPARATORS[0], ENTER);
    browser.wait("document.body.dataset.verdict === 'unreachable'");
    is_fit_for_all(&browser, "unreachable");
    browser.offline(false);
    for (media_type, document) in crate::trace::DOCUMENTS {
        gateway.captured(media_type, crate::trace::dated(document));
    }
    recall(&gateway, "LMX2611", "Tablets of the wrong strength");
    for path in [
        "items/01/00352999101306/21/A7K2M0001",
        "items/00/003529990000000173",
        "items/01/00352999101306/21/NONE",
    ] {
        browser.open(&format!("{}{path}", home(&gateway)));
        is_fit_for_all(&browser, path);
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
