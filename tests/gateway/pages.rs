//! The pages in a real Chromium: scans as scanners type them, each verdict, accessibility, keyboard, queue, policy.

use std::io::BufRead;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use fantoccini::key::Key;
use reqwest::blocking::RequestBuilder;
use serde_json::json;

use crate::browser::Browser;
use crate::browser::ENTER;
use crate::browser::SEPARATORS;
use crate::browser::Stroke;
use crate::browser::TAB;
use crate::harness::TestGateway;
use crate::harness::header;
use crate::trace;
use crate::trace::encoded;

const GTIN: &str = "00352999101306";
const LOT: &str = "LMX2611";
/// GLN of its maker.
const MAKER: &str = "0352999000012";

/// A label as its code holds it, without symbology identifier.
fn label(serial: &str, lot: &str, expiry: &str) -> String {
    format!("01{GTIN}21{serial}\u{1d}17{expiry}10{lot}")
}

fn recall(gateway: &TestGateway, lot: &str, reason: &str) {
    let body = json!({ "gtin": GTIN, "lot": lot, "reason": reason, "by": "quality" });
    let response = gateway.post("/api/v1/recalls", "application/json", body.to_string()).send().unwrap();
    assert!(response.status().is_success(), "{}", response.text().unwrap());
}

/// A gateway with a small supply chain, whose maker lets its data answer for it; and the label's expiry date.
fn supplied() -> (TestGateway, String) {
    let gateway = TestGateway::with(|settings| settings.routing.replicates = vec![MAKER.to_owned()]);
    let expiry = capture_all(&gateway).format("%y%m%d").to_string();
    (gateway, expiry)
}

/// Captures the documents of the demo as of today; gives the expiry date of what they are about.
fn capture_all(gateway: &TestGateway) -> NaiveDate {
    let today = Utc::now().date_naive();
    for (media_type, document) in trace::DOCUMENTS {
        let job = gateway.captured(media_type, trace::dated_from(document, today));
        assert_eq!(job["success"], true, "{job}");
    }
    today + TimeDelta::days(540)
}

/// A scan as the form sends it where nothing runs in the page.
fn posted(gateway: &TestGateway, code: &str) -> RequestBuilder {
    let body = format!("code={}", encoded(code));
    gateway.post("/scan", "application/x-www-form-urlencoded", body)
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
    is_fit_for_all(&browser, "earlier packages");
    browser.open(&home(&gateway));
    assert_eq!(browser.text("document.body.dataset.verdict"), "none");
    browser.wait(&format!("{states} === 'WAIT,WAIT,WAIT'"));
}

#[test]
fn a_fault_of_the_scanner_is_never_held_against_the_package() {
    let gateway = TestGateway::start();
    let browser = Browser::start();
    browser.open(&home(&gateway));
    let plain = label("A1b2Y", "L1", "280331");
    let turned: String = plain.chars().map(other_case).collect();
    for (what, text, words) in [
        ("Caps Lock, told by the scanner", format!("]D2{turned}"), "Caps Lock"),
        ("line code", "300010123455".to_owned(), "square code"),
        ("line code, a digit misread", "300010123457".to_owned(), "check digit"),
        ("no separator behind the serial number", plain.replace('\u{1d}', ""), "separator"),
        ("no separator behind the lot", format!("01{GTIN}1728033110L121A1"), "separator"),
        ("two labels", format!("{plain}]d2{}", label("A2", "L1", "280331")), "label"),
        ("German keyboard", german(&format!("]d2{plain}")), "keyboard"),
        ("a shelf label", "AISLE 7".to_owned(), "square code"),
    ] {
        browser.scan(&text, SEPARATORS[0], ENTER);
        let (word, said) = judged(&browser);
        assert!(matches!(word.as_str(), "scan-problem" | "wait"), "{what}: {word} {said}");
        assert!(said.to_lowercase().contains(&words.to_lowercase()), "{what}: {said}");
        browser.value("document.body.dataset.verdict = 'none'");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// The key in the other case, as Caps Lock makes it.
fn other_case(letter: char) -> char {
    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}

/// What a German keyboard makes of the keys of an American one.
fn german(text: &str) -> String {
    let key = |letter: char| match letter {
        'y' => 'z',
        'z' => 'y',
        'Y' => 'Z',
        'Z' => 'Y',
        ']' => '+',
        '-' => 'ß',
        '/' => '-',
        other => other,
    };
    text.chars().map(key).collect()
}

#[test]
fn caps_lock_is_told_and_refused_where_letters_may_be_turned() {
    let gateway = TestGateway::start();
    let browser = Browser::start();
    browser.open(&home(&gateway));
    let keys: Vec<Stroke> = format!("01{GTIN}1728033110L1").chars().map(Stroke::Letter).collect();
    browser.press(&keys, Duration::ZERO);
    // A driver cannot switch Caps Lock on; this is the event of a keyboard that has it on.
    browser.value(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, \
         cancelable: true, modifierCapsLock: true }))",
    );
    let (word, said) = judged(&browser);
    assert_eq!(word, "scan-problem", "{said}");
    assert!(said.contains("Turn off Caps Lock and scan again"), "{said}");
    assert!(browser.text("document.getElementById('caps').innerText").contains("Caps Lock is on"));
    browser.scan(&label("A1", "L1", "280331"), SEPARATORS[0], ENTER);
    assert_eq!(verdict(&browser, "A1").0, "wait");
    assert_eq!(browser.value("document.getElementById('caps').hidden"), true);
}

#[test]
fn what_is_known_here_stops_a_package() {
    let gateway = TestGateway::start();
    recall(&gateway, "LR", "Glass in vials");
    let browser = Browser::start();
    browser.open(&home(&gateway));
    for (serial, lot, expiry, words) in
        [("R1", "LR", "280331", "Glass in vials"), ("E1", "L1", "200131", "Expired on 2020-01-31")]
    {
        browser.scan(&label(serial, lot, expiry), SEPARATORS[0], ENTER);
        let (word, said) = verdict(&browser, serial);
        assert_eq!(word, "do-not-use", "{said}");
        assert!(said.contains("DO NOT USE") && said.contains(words), "{said}");
        let spoken = browser.text("document.getElementById('said').textContent");
        assert!(spoken.contains("DO NOT USE") && spoken.contains(words), "{spoken}");
    }
}

#[test]
fn answers_are_shown_for_what_they_are() {
    let (gateway, expiry) = supplied();
    recall(&gateway, "LR", "Glass in vials");
    let browser = Browser::start();
    browser.open(&home(&gateway));
    let good = format!("]d2{}", label("A7K2M0001", LOT, &expiry));
    let swapped = format!("]d2{}", label("A7K2M0001", "LMX2609", &expiry));
    let turned: String = good.chars().map(other_case).collect();
    let small = label("A7K2M0001", LOT, &expiry).to_lowercase();
    for (what, text, expected, words) in [
        ("as assigned", good.clone(), "ok", "OK TO USE"),
        ("swapped lot", swapped, "do-not-use", "another lot"),
        ("swapped expiry date", format!("]d2{}", label("A7K2M0001", LOT, "291231")), "do-not-use", "expiry"),
        ("unknown serial number", format!("]d2{}", label("A7K2M9999", LOT, &expiry)), "wait", "directory"),
        (
            "recalled lot on the label",
            format!("]d2{}", label("A7K2M0001", "LR", &expiry)),
            "do-not-use",
            "Glass",
        ),
        ("expired label", format!("]d2{}", label("A7K2M0001", LOT, "200131")), "do-not-use", "Expired"),
        ("Caps Lock, told by the scanner", turned, "ok", "Caps Lock"),
        ("Caps Lock, not told", small, "wait", "Caps Lock"),
        ("no separators", good.replace('\u{1d}', ""), "scan-problem", "separator"),
        ("German keyboard", german(&good), "ok", "keyboard"),
        ("line code", "352999101306".to_owned(), "scan-problem", "square code"),
    ] {
        browser.value("document.body.dataset.verdict = 'none'");
        browser.scan(&text, SEPARATORS[0], ENTER);
        let (word, said) = judged(&browser);
        assert_eq!(word, expected, "{what}: {said}");
        assert!(said.to_lowercase().contains(&words.to_lowercase()), "{what}: {said}");
        assert!(!said.contains("genuine"), "{what}: {said}");
    }
    browser.value("document.body.dataset.verdict = 'none'");
    let keys: Vec<Stroke> =
        format!("(01){GTIN}(21)A7K2M0001(17){expiry}(10)LMX2609").chars().map(Stroke::Letter).collect();
    browser.press(&keys, Duration::from_millis(90));
    browser.press(&[ENTER], Duration::ZERO);
    let (word, said) = judged(&browser);
    assert_eq!(word, "scan-problem", "what was typed is not accused: {said}");
    browser.open(&format!("{}items/01/{GTIN}/21/A7K2M0001", home(&gateway)));
    let told = browser.text("document.querySelector('main').innerText");
    for words in ["Verifications", "OK TO USE", "DO NOT USE", "No match GTIN Serial Lot", "What it was in"] {
        assert!(told.contains(words), "{words} is not in {told}");
    }
    is_fit_for_all(&browser, "an item with verifications");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn pages_answer_to_this_machine_alone_and_carry_their_policy() {
    let gateway = TestGateway::start();
    let page = gateway.get("/").send().unwrap();
    assert_eq!(page.status(), 200);
    assert!(header(&page, "content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
    assert_eq!(header(&page, "x-content-type-options"), "nosniff");
    assert_eq!(header(&page, "cache-control"), "no-store");
    let text = page.text().unwrap();
    for word in ["<script>", "<style", "style=", "onclick", "http://", "https://"] {
        assert!(!text.contains(word), "{word}");
    }
    for host in ["rebound.example", "10.0.0.1", "127.0.0.1.rebound.example"] {
        assert_eq!(gateway.get("/").header("Host", host).send().unwrap().status(), 403, "{host}");
    }
    let post = || posted(&gateway, "300010123457");
    let answer = post().send().unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().unwrap();
    assert!(text.contains("<!DOCTYPE html>") && text.contains("SCAN PROBLEM"), "{text}");
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "http://rebound.example"),
    ] {
        assert_eq!(post().header(name, value).send().unwrap().status(), 403, "{name}: {value}");
    }
}

#[test]
fn hostile_scans_and_addresses_get_a_page() {
    let gateway = TestGateway::start();
    for code in ["<script>alert(1)</script>", "\u{0}\u{1d}\u{1d}", "(01)", "%00%ff", &"9".repeat(4096)] {
        let sent = posted(&gateway, code).send().unwrap();
        assert_eq!(sent.status(), 200, "{code}");
        let text = sent.text().unwrap();
        assert!(text.contains("SCAN PROBLEM") && !text.contains("<script>alert"), "{code}: {text}");
    }
    let long = posted(&gateway, &"9".repeat(1 << 20)).send().unwrap();
    assert_eq!(long.status(), 400);
    for path in
        ["/items/x", "/items/01/1", "/items/%ff", "/items/01/00352999101306/21/%00", "/assets/..%2Fmod.rs"]
    {
        let status = gateway.get(path).send().unwrap().status().as_u16();
        assert!(matches!(status, 200 | 404), "{path}: {status}");
    }
    let style = gateway.get("/assets/epcgate.css").send().unwrap();
    let held =
        gateway.get("/assets/epcgate.css").header("If-None-Match", header(&style, "etag")).send().unwrap();
    assert_eq!((style.status().as_u16(), held.status().as_u16()), (200, 304));
}

/// Holds a page to all rules of axe, light and dark, and to a window of 320 CSS pixels, as 1280 are at 400 %.
/// Holds a page to the rules of accessibility, in both schemes and enlarged.
pub fn is_fit_for_all(browser: &Browser, name: &str) {
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
    let (gateway, expiry) = supplied();
    recall(&gateway, "LR", "Glass in vials");
    let browser = Browser::start();
    browser.open(&home(&gateway));
    is_fit_for_all(&browser, "ready");
    for (text, expected) in [
        (label("A7K2M0001", LOT, &expiry), "ok"),
        (label("A1", "L1", "280331").replace(GTIN, "09521101000092"), "wait"),
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

/// The demo as a person starts it; ends with the test.
struct Demo {
    process: Child,
    url: String,
    /// What it proposes to scan, each with what will be said of it.
    codes: Vec<(String, String)>,
}

impl Demo {
    fn start() -> Demo {
        let mut process = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let open = lines.find(|line| line.starts_with("Open ")).expect("the demo says where its pages are");
        let url = open.split_whitespace().nth(1).unwrap().to_owned();
        let mut codes = Vec::new();
        for line in lines.by_ref().take_while(|line| line != "Try:") {
            match line.trim().strip_prefix("# ") {
                Some(says) => codes.push((says.to_owned(), String::new())),
                None if line.is_empty() => {}
                None => codes.last_mut().unwrap().1 = line.trim().to_owned(),
            }
        }
        // Keeps reading: a program that nobody listens to any more ends.
        std::thread::spawn(move || lines.for_each(drop));
        Demo { process, url, codes }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Also takes the pictures of the README, where EPCGATE_SCREENSHOTS names a folder for them.
#[test]
fn screenshots_of_the_demo_show_what_it_promises() {
    let demo = Demo::start();
    let browser = Browser::start();
    let folder = std::env::var_os("EPCGATE_SCREENSHOTS").map(PathBuf::from);
    let shoot = |name: &str| {
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("{name}.png")), browser.picture()).unwrap();
        }
    };
    browser.prefer("light");
    browser.open(&demo.url);
    assert!(demo.codes.len() > 4, "{:?}", demo.codes);
    // From the last to the first, so that the picture of a package that is fine shows the others beneath.
    for (says, code) in demo.codes.iter().rev() {
        browser.value("document.body.dataset.verdict = 'none'");
        let keys = code.replace("^]", "\u{1d}");
        browser.scan(&keys, SEPARATORS[0], ENTER);
        let (word, said) = judged(&browser);
        let promised = says.split(':').next().unwrap();
        assert!(said.contains(promised), "{code} should give {says:?}: {said}");
        if says.contains("recalled") || word == "ok" || word == "scan-problem" {
            browser.wait("document.querySelectorAll('#strip li').length > 0");
            shoot(&format!("scan-{word}"));
        }
    }
    browser.open(&format!("{}items/01/{GTIN}/21/A7K2M0001", demo.url));
    browser.window(1280, 1440, 1);
    browser.wait("document.querySelector('.picture img').complete");
    shoot("item");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
