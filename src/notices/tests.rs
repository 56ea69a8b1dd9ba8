//! Tests of the room: occasions become letters once.

use crate::dscsa::Decision;
use crate::dscsa::HoldKind;
use crate::dscsa::HoldScope;
use crate::gs1::Gtin;
use crate::store;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn open_store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("epcgate.db");
    let store = Store::open(path.to_str().unwrap(), &store::Settings::default()).unwrap();
    (folder, store)
}

fn settings() -> Settings {
    Settings { urgent: vec!["a@example.com".to_owned(), "b@example.com".to_owned()], ..Settings::default() }
}

#[test]
fn distances_are_told_in_words() {
    let now = at("2026-11-24T12:00:00Z");
    for (then, words) in [
        ("2026-11-24T12:30:00Z", "in 30 minutes"),
        ("2026-11-24T07:00:00Z", "5 hours ago"),
        ("2026-11-29T12:00:00Z", "in 5 days"),
    ] {
        assert_eq!(distance(at(then), now), words);
    }
}

#[test]
fn illegitimate_product_is_written_about_once_to_each() {
    let (_folder, store) = open_store();
    let now = at("2026-11-24T12:00:00Z");
    let scope = HoldScope::lot(Gtin::parse("00300010123455").unwrap(), "A1").unwrap();
    let decision = Decision::new("someone", now - TimeDelta::hours(1), "forged label").unwrap();
    store.open_hold(&Caller::operator(), HoldKind::Illegitimate, &scope, &decision).unwrap();
    assert_eq!(look_round(&store, &settings(), &[], now).unwrap(), 2);
    assert_eq!(look_round(&store, &settings(), &[], now + TimeDelta::minutes(1)).unwrap(), 0);
    let mails = store.mails(&Caller::operator(), Some(MailState::Waiting), None, 10).unwrap();
    assert_eq!(mails.len(), 2);
    let mail = &mails[0];
    assert!(mail.subject.starts_with("24-hour notice: 1 hold says"), "{}", mail.subject);
    for words in ["00300010123455", "A1", "forged label", "by 2026-11-25T11:00:00Z (in 23 hours)", "3911"] {
        assert!(mail.body.contains(words), "{}", mail.body);
    }
    // Nobody hears of what nobody wants to hear of, and it is no occasion then.
    assert_eq!(look_round(&store, &Settings::default(), &[], now).unwrap(), 0);
}

#[test]
fn a_certificate_that_ends_is_written_about_at_each_step() {
    let (folder, store) = open_store();
    let mut params = rcgen::CertificateParams::new(vec!["gate.example.com".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    let file = folder.path().join("certificate.pem");
    std::fs::write(&file, made.pem()).unwrap();
    let watched = [WatchedCertificate { setting: "tls.certificate", file }];
    let settings = Settings { expiry: vec!["a@example.com".to_owned()], ..Settings::default() };
    let days =
        ["2026-10-01", "2026-11-20", "2026-11-21", "2026-12-10", "2026-12-28", "2027-01-05", "2027-01-06"];
    let letters =
        days.map(|day| look_round(&store, &settings, &watched, at(&format!("{day}T12:00:00Z"))).unwrap());
    assert_eq!(letters, [0, 1, 0, 1, 1, 1, 0]);
}

#[test]
fn letters_are_taken_by_one_and_given_up_in_the_end() {
    let (_folder, store) = open_store();
    let now = at("2026-11-24T12:00:00Z");
    let notice = Notice {
        kind: NoticeKind::Urgent,
        occasions: vec!["x".to_owned()],
        subject: "a\0b".to_owned(),
        body: "c".to_owned(),
    };
    assert_eq!(put(&store, &settings(), &notice, now).unwrap(), 2);
    assert_eq!(put(&store, &settings(), &notice, now).unwrap(), 0);
    let lease = now + TimeDelta::minutes(5);
    let first = store.take_mails(now, lease, 1).unwrap();
    let second = store.take_mails(now, lease, 5).unwrap();
    assert_eq!((first.len(), second.len(), first[0].tries), (1, 1, 1));
    assert_ne!(first[0].id, second[0].id);
    assert!(store.take_mails(now, lease, 5).unwrap().is_empty());
    store.mail_sent(&first[0].id, "250 ok", now).unwrap();
    store.mail_dead(&second[0].id, "550 no", now).unwrap();
    // What ended stays as it is.
    store.put_mail_off(&first[0].id, "late", now).unwrap();
    assert!(store.take_mails(lease, lease, 5).unwrap().is_empty());
    let caller = Caller::operator();
    assert!(store.replay_mail(&caller, &second[0].id, lease).unwrap());
    assert!(!store.replay_mail(&caller, "none", lease).unwrap());
    let again = store.take_mails(lease, lease + TimeDelta::minutes(5), 5).unwrap();
    assert_eq!((again.len(), again[0].tries, &*again[0].id), (1, 1, &*second[0].id));
}
