//! Partners on their way: invitations, test files that never become data, going live, scorecards; on both databases, over HTTP,
//! on the command line, and in a browser.

use std::io::Write;
use std::process::Command;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::access::InvitationRefusal;
use epcgate::access::InvitationToken;
use epcgate::access::Revocation;
use epcgate::capture;
use epcgate::capture::Policy;
use epcgate::capture::Wish;
use epcgate::dscsa::Against;
use epcgate::dscsa::Decision;
use epcgate::dscsa::PartnerState;
use epcgate::dscsa::ReceiptVerdict;
use epcgate::dscsa::ScanAnswer;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::onboard;
use epcgate::onboard::Invited;
use epcgate::onboard::Inviting;
use epcgate::onboard::Settings;
use epcgate::reconcile::receipt;
use epcgate::reconcile::receipt::Opening;
use epcgate::store::AuditFilter;
use epcgate::store::ShipmentFilter;
use epcgate::store::Store;
use reqwest::blocking::Response;
use serde_json::Value;
use serde_json::json;

use crate::browser::Browser;
use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::pages::is_fit_for_all;
use crate::postgres::on_each_database;

const GOOD: &str = include_str!("../../fixtures/epcis/dscsa_shipment.1.2.xml");
/// The sender of the fixture.
const SELLER: &str = "0352999000012";
const UNIT: &str = "urn:epc:id:sgtin:0352999.010130.A7K2M0001";

fn caller() -> Caller {
    Caller::operator()
}

/// What a browser or a careless export may send: no statement, a lot of another product, an identifier that is none.
fn faulty() -> String {
    let text = GOOD.replace("affirmTransactionStatement>true", "affirmTransactionStatement>false");
    let text = text.replace("urn:epc:id:sgtin:0352999.010130.A7K2M0002", "urn:epc:id:sgtin:0352999.010130");
    assert_ne!(text, GOOD);
    text
}

fn invite(store: &Store, change: impl FnOnce(&mut Inviting), at: DateTime<Utc>) -> Invited {
    let mut asked = Inviting { partner: SELLER.to_owned(), by: "quality".to_owned(), ..Inviting::default() };
    change(&mut asked);
    let random = *uuid::Uuid::new_v4().as_bytes();
    let random = std::array::from_fn(|at| random[at % 16]);
    onboard::invite(store, &caller(), &asked, &Settings::default(), (&random, at)).unwrap()
}

fn capture(store: &Store, text: &str) {
    let mut receiving = store.receive(Utc::now()).unwrap();
    receiving.write_all(text.as_bytes()).unwrap();
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
    let new = capture::accept(store, &caller(), receiving.finish().unwrap(), wish, Utc::now()).unwrap();
    capture::run_to_end(store, &new.job, &Policy::default(), Utc::now).unwrap();
}

fn verdict(store: &Store, receipt: &str) -> (ReceiptVerdict, String) {
    match receipt::scan(store, &caller(), (receipt, UNIT), Utc::now()).unwrap() {
        ScanAnswer::Unit(answer) => (answer.unit.verdict, answer.unit.why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_of_a_partner_that_is_not_live_release_nothing() {
    on_each_database("onboarding", |store| {
        let caller = caller();
        invite(store, |asked| asked.name = Some("Maker".to_owned()), Utc::now());
        let standing = store.partner_standing(&caller, SELLER).unwrap();
        assert_eq!(
            (standing.state, standing.decision.unwrap().who.as_str()),
            (PartnerState::Testing, "quality")
        );
        capture(store, GOOD);
        let shipments = store.shipments(&caller, &ShipmentFilter::default(), None, 9).unwrap();
        let opening =
            Opening { against: Against::Shipment(shipments[0].id), place: None, by: "dock".to_owned() };
        let settings = receipt::Settings::default();
        let receipt = receipt::open(store, &caller, &opening, &settings, Utc::now()).unwrap();
        let (held, why) = verdict(store, &receipt.id);
        assert!(held == ReceiptVerdict::Held && why.contains("not live"), "{held} {why}");
        let decision = Decision { who: "quality".to_owned(), when: Utc::now(), why: "grade A".to_owned() };
        assert!(onboard::go_live(store, &caller, SELLER, &decision).unwrap());
        assert!(!onboard::go_live(store, &caller, SELLER, &decision).unwrap());
        assert_eq!(verdict(store, &receipt.id).0, ReceiptVerdict::Expected);
        let told = store.audited(&caller, &AuditFilter::default(), None, 50).unwrap();
        let told: Vec<_> = told.iter().map(|record| (&*record.entry.act, &*record.entry.actor)).collect();
        for act in ["partners.invited", "partners.testing", "partners.live"] {
            assert_eq!(told.iter().filter(|known| **known == (act, "quality")).count(), 1, "{act} {told:?}");
        }
        // Who is live stays so when it is invited once more.
        invite(store, |_| {}, Utc::now());
        assert_eq!(store.partner_standing(&caller, SELLER).unwrap().state, PartnerState::Live);
        assert!(onboard::pause(store, &caller, SELLER, &decision).unwrap());
        assert_eq!(store.partner_standing(&caller, SELLER).unwrap().state, PartnerState::Testing);
    });
}

#[test]
fn a_partner_of_before_stays_live() {
    on_each_database("before", |store| {
        capture(store, GOOD);
        invite(store, |_| {}, Utc::now());
        assert_eq!(store.partner_standing(&caller(), SELLER).unwrap().state, PartnerState::Live);
    });
}

#[test]
fn an_invitation_is_bounded_revocable_and_known_by_its_digest_alone() {
    on_each_database("invitations", |store| {
        let now = Utc::now();
        let bounded = |asked: &mut Inviting| (asked.uploads, asked.bytes) = (Some(2), Some(100));
        let made = invite(store, bounded, now);
        let begin = |token: &InvitationToken, at| store.begin_upload(token, 80, at).unwrap();
        let first = begin(&made.token, now).unwrap();
        assert_eq!(first.room, 80);
        let second = begin(&made.token, now).unwrap();
        assert_eq!(second.room, 20);
        store.end_upload(&first, 30).unwrap();
        assert_eq!(begin(&made.token, now), Err(InvitationRefusal::Uploads));
        let kept = store.invitation(&made.token).unwrap().unwrap();
        assert_eq!((kept.used.uploads, kept.used.bytes), (2, 50));
        let late = invite(store, |asked| asked.days = Some(1), now);
        let other = InvitationToken::new(&[7; InvitationToken::RANDOM]);
        assert_eq!(begin(&late.token, now + TimeDelta::days(1)), Err(InvitationRefusal::Expired));
        assert_eq!(begin(&other, now), Err(InvitationRefusal::Unknown));
        let revoked = Revocation { at: now, by: "quality".to_owned(), why: "sent to another".to_owned() };
        let id = late.invitation.id.as_str();
        assert_eq!(store.revoke_invitation(&caller(), ("other", id), &revoked).unwrap(), None);
        assert!(store.revoke_invitation(&caller(), (SELLER, id), &revoked).unwrap().is_some());
        assert_eq!(begin(&late.token, now), Err(InvitationRefusal::Revoked));
        assert_eq!(store.invitations(&caller(), SELLER).unwrap().len(), 2);
    });
}

#[test]
fn a_score_is_worked_out_from_what_came() {
    on_each_database("scores", |store| {
        let partner = {
            invite(store, |_| {}, Utc::now());
            onboard::find(store, &caller(), SELLER).unwrap()
        };
        let score = |weeks| onboard::score(store, &caller(), &partner, (weeks, Utc::now())).unwrap();
        assert_eq!((score(4).files, score(4).accepted_percent), (0, None));
        capture(store, GOOD);
        let second = GOOD
            .replace("APT-0001", "APT-0002")
            .replace("A7K2M", "B7K2M")
            .replace("0000000017", "0000000018")
            .replace("affirmTransactionStatement>true", "affirmTransactionStatement>false");
        capture(store, &second);
        let refused = GOOD.replace("APT-0001", "APT-0003").replace("2026-03-02T08", "yesterday");
        capture(store, &refused);
        let found = score(4);
        assert_eq!((found.files, found.accepted_first_time, found.accepted_percent), (3, 1, Some(33.3)));
        assert_eq!((found.shipments, found.late), (2, 2), "shipped in March, told of today");
        assert!(found.unmended > 0 && found.mended == 0, "{found:?}");
        let rules: Vec<&str> = found.rules.iter().map(|rule| &*rule.rule).collect();
        assert!(rules.contains(&"statement-false") && rules.contains(&"time-form"), "{rules:?}");
        assert_eq!(found.weeks.last().map(|week| week.files), Some(3));
        let last = store.last_files(&caller(), &partner).unwrap();
        assert!(last.from.is_some() && last.to.is_none());
    });
}

/// A gateway and the path of an invitation's page.
fn invited(body: &Value) -> (TestGateway, String, Value) {
    let gateway = TestGateway::start();
    let path = format!("/api/v1/partners/{SELLER}/invitations");
    let made = gateway.post(&path, "application/json", body.to_string()).send().unwrap();
    assert_eq!(made.status(), 201);
    let made: Value = made.json().unwrap();
    let link = made["link"].as_str().unwrap();
    let at = link.find("/invite/").unwrap();
    (gateway, link[at..].to_owned(), made)
}

fn try_file(gateway: &TestGateway, path: &str, accept: &str, bytes: impl Into<Vec<u8>>) -> Response {
    gateway.post(path, "application/xml", bytes).header("Accept", accept).send().unwrap()
}

#[test]
fn a_test_file_is_graded_at_once_and_never_becomes_data() {
    let (gateway, path, made) = invited(&json!({ "name": "Maker" }));
    assert!(made["link"].as_str().unwrap().starts_with(&format!("http://{}/invite/", gateway.authority())));
    let answer = try_file(&gateway, &path, "application/json", faulty());
    assert_eq!((answer.status().as_u16(), header(&answer, "cache-control")), (201, "no-store".to_owned()));
    let location = header(&answer, "location");
    let report: Value = answer.json().unwrap();
    assert_eq!((report["ready"].as_bool(), report["form"].as_str()), (Some(false), Some("EPCIS 1.2 XML")));
    let findings = report["findings"].as_array().unwrap();
    let rule = |name: &str| findings.iter().find(|finding| finding["rule"] == name);
    let found = rule("statement-false").unwrap_or_else(|| panic!("{findings:?}"));
    assert!(found["severity"] == "hard" && !found["fix"].as_str().unwrap().is_empty(), "{found}");
    assert!(findings.iter().any(|finding| finding["line"].as_u64() > Some(1)), "{findings:?}");
    assert!(report["mend"][0]["fix"].as_str().is_some() && !report["arrival"][0].is_null(), "{report}");
    let again: Value = gateway.get(&location).send().unwrap().json().unwrap();
    assert_eq!(again, report);
    let text = try_file(&gateway, &path, "text/plain", GOOD).text().unwrap();
    assert!(text.starts_with("Grade B: Ready"), "{text}");
    let lost = try_file(&gateway, &path, "text/plain", "PK\u{3}\u{4}").text().unwrap();
    assert!(lost.starts_with("Grade F") && lost.contains("neither-xml-nor-json"), "{lost}");
    let jobs: Value = gateway.get("/epcis/capture").send().unwrap().json().unwrap();
    assert_eq!((jobs, gateway.events("")), (json!([]), vec![]));
    let seen: Value = gateway.get(&path).send().unwrap().json().unwrap();
    let grades: Vec<&str> =
        seen["tests"].as_array().unwrap().iter().map(|test| test["grade"].as_str().unwrap()).collect();
    assert_eq!(grades, ["F", "B", report["grade"].as_str().unwrap()]);
    assert!(seen["rules"].as_array().unwrap().len() > 40 && seen["invitation"]["link"].is_null());
    // The link opens the page, so it is nowhere but with the partner.
    let folder = gateway.stop();
    let token = path.rsplit('/').next().unwrap().as_bytes().to_owned();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token));
    }
}

#[test]
fn what_an_invitation_does_not_allow_is_refused() {
    let (gateway, path, made) = invited(&json!({ "uploads": 3, "bytes": 20_000, "days": 2 }));
    let large = vec![b' '; 120_000];
    assert_eq!(failure(try_file(&gateway, &path, "application/json", large)).0, 413);
    assert_eq!(try_file(&gateway, &path, "application/json", "<a/>").status(), 201);
    let form =
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.xml\"\r\n\r\n<a/>\r\n--XX--\r\n";
    let sent =
        gateway.post(&path, "multipart/form-data; boundary=XX", form).header("Accept", "application/json");
    let report: Value = sent.send().unwrap().json().unwrap();
    assert_eq!((report["name"].as_str(), report["bytes"].as_u64()), (Some("a.xml"), Some(4)));
    let (status, _, detail) = failure(try_file(&gateway, &path, "application/json", "<a/>"));
    assert!(status == 403 && detail.contains("as many files"), "{detail}");
    let unknown = format!("/invite/{}", InvitationToken::new(&[1; InvitationToken::RANDOM]).reveal());
    assert_eq!(failure(try_file(&gateway, &unknown, "application/json", "<a/>")).0, 404);
    assert_eq!(failure(gateway.get(&unknown).send().unwrap()).0, 404);
    assert_eq!(failure(gateway.get("/invite/x").send().unwrap()).0, 404);
    let one = format!("/api/v1/partners/{SELLER}/invitations/{}", made["id"].as_str().unwrap());
    assert_eq!(gateway.request("DELETE", &one).send().unwrap().status(), 204);
    assert_eq!(failure(gateway.get(&path).send().unwrap()).0, 403);
    assert_eq!(failure(gateway.request("DELETE", &format!("{one}0")).send().unwrap()).0, 404);
    let page = gateway.get(&path).header("Accept", "text/html").send().unwrap();
    assert_eq!((page.status().as_u16(), header(&page, "referrer-policy")), (404, "no-referrer".to_owned()));
    for wrong in [json!({ "days": 0 }), json!({ "days": 999 }), json!({ "uploads": 0 }), json!({ "x": 1 })] {
        let path = format!("/api/v1/partners/{SELLER}/invitations");
        let answer = gateway.post(&path, "application/json", wrong.to_string()).send().unwrap();
        assert_eq!(failure(answer).0, 400, "{wrong}");
    }
    let path = "/api/v1/partners/nobody/invitations";
    assert_eq!(failure(gateway.post(path, "application/json", "{}").send().unwrap()).0, 400);
}

#[test]
fn a_partner_goes_live_over_http_and_on_the_command_line() {
    let (gateway, _, _) = invited(&json!({}));
    let path = |rest: &str| format!("/api/v1/partners/{SELLER}{rest}");
    let card = |method: &str, rest: &str| -> Value {
        let request = gateway.request(method, &path(rest)).header("Content-Type", "application/json");
        request
            .body(if method == "POST" { "{\"reason\": \"grade A\"}" } else { "" })
            .send()
            .unwrap()
            .json()
            .unwrap()
    };
    assert_eq!(card("GET", "/card")["state"], "testing");
    let live = card("POST", "/live");
    assert_eq!((&live["state"], &live["why"]), (&json!("live"), &json!("grade A")));
    assert_eq!(card("POST", "/pause")["state"], "testing");
    let score = card("GET", "/score?weeks=3");
    assert_eq!((score["files"].as_u64(), score["weeks"].as_array().unwrap().len()), (Some(0), 3));
    assert_eq!(failure(gateway.get(&path("/score?weeks=x")).send().unwrap()).0, 400);
    assert_eq!(failure(gateway.get("/api/v1/partners/nobody/card").send().unwrap()).0, 404);
    let folder = gateway.stop();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args(["partner"])
            .args(arguments)
            .arg("--database")
            .arg(folder.path().join("epcgate.db"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let (code, said) = run(&["live", SELLER, "--reason", "it is good", "--by", "quality"]);
    assert!(code == Some(0) && said.contains("is now live"), "{said}");
    let (_, said) = run(&["card", SELLER]);
    assert!(said.contains("live") && said.contains("by quality  it is good"), "{said}");
    let (_, said) = run(&["invite", SELLER, "--days", "2"]);
    assert!(said.contains("/invite/epcinvite_") && said.contains("shown this once"), "{said}");
    let (_, said) = run(&["invitations", SELLER]);
    assert!(said.lines().count() == 2 && !said.contains("epcinvite_"), "{said}");
    let (_, said) = run(&["score", SELLER, "--output", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["partner"], SELLER);
    let (code, said) = run(&["live", "nobody"]);
    assert!(code == Some(1) && said.contains("no partner nobody"), "{said}");
    let file = folder.path().join("faulty.xml");
    std::fs::write(&file, faulty()).unwrap();
    let (code, said) = run(&["try", SELLER, file.to_str().unwrap()]);
    assert!(code == Some(1) && said.contains("Mend first") && said.contains("statement-false"), "{said}");
}

#[test]
fn a_partner_tries_its_files_in_a_browser_and_is_let_live() {
    let (gateway, path, _) = invited(&json!({ "name": "Maker & Sons" }));
    let file = gateway.folder().join("shipment <1>.xml");
    std::fs::write(&file, faulty()).unwrap();
    let browser = Browser::start();
    let at = |path: &str| format!("http://{}{path}", gateway.authority());
    browser.open(&at(&path));
    is_fit_for_all(&browser, "invitation");
    browser.choose("#file", &file);
    browser.click("form button");
    browser.wait("location.pathname.includes('/tests/')");
    let said = browser.text("document.body.innerText");
    for words in ["Not ready", "What to mend first", "What would happen to it on arrival", "shipment <1>.xml"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let places = browser.text("document.querySelector('tbody').innerText");
    assert!(places.contains("line ") && places.contains("column "), "{places}");
    is_fit_for_all(&browser, "report");
    browser.click("header .button");
    browser.wait("document.querySelectorAll('.grade').length === 1");
    assert!(browser.text("document.body.innerText").contains("Maker & Sons"));
    is_fit_for_all(&browser, "invitation with a try");
    browser.open(&at("/partners"));
    is_fit_for_all(&browser, "partners");
    browser.click("tbody a");
    browser.wait(&format!("location.pathname === '/partners/{SELLER}'"));
    is_fit_for_all(&browser, "partner");
    browser.click("form button");
    browser.wait("document.querySelector('form.try') === null");
    assert!(browser.text("document.querySelector('.facts').innerText").contains("live"));
    is_fit_for_all(&browser, "partner that is live");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let standing = gateway.store().partner_standing(&caller(), SELLER).unwrap();
    assert_eq!(standing.state, PartnerState::Live);
}
