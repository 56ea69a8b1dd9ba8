//! Verifications as they are kept: written in groups, never changed, found by what is asked.

use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::dscsa::Decision;
use epcgate::dscsa::verification::AdditionalInfo;
use epcgate::dscsa::verification::Answer;
use epcgate::dscsa::verification::Direction;
use epcgate::dscsa::verification::FailureReason;
use epcgate::dscsa::verification::Verdict;
use epcgate::dscsa::verification::VerificationRecord;
use epcgate::dscsa::verification::record_id;
use epcgate::gs1::Gtin;
use epcgate::store::AuditFilter;
use epcgate::store::Journal;
use epcgate::store::JournalEntry;
use epcgate::store::Settings;
use epcgate::store::Store;
use epcgate::store::VerificationFilter;

use crate::postgres::on_each_database;

const GTIN: &str = "00300010123455";

fn entry(record: &VerificationRecord) -> JournalEntry {
    JournalEntry { record: record.clone(), actor: "key:wholesaler".to_owned() }
}

fn keep(store: &Store, records: &[VerificationRecord]) {
    store.journal(records.iter().map(entry).collect()).unwrap();
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000 + second, 0).unwrap()
}

/// A verification as it is kept.
pub fn record(second: i64, serial: &str) -> VerificationRecord {
    VerificationRecord {
        id: record_id(at(second), uuid::Uuid::new_v4()),
        at: at(second),
        direction: Direction::Answered,
        gtin: GTIN.to_owned(),
        serial: serial.to_owned(),
        lot: "A/1\0".to_owned(),
        expiry: "280300".to_owned(),
        context: "dscsaSaleableReturn".to_owned(),
        requester: "0614141000012".to_owned(),
        responder: "0300010000007".to_owned(),
        provider: String::new(),
        correlation: "7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab".to_owned(),
        status: 200,
        answer: Some(Answer::Verified { info: Some(AdditionalInfo::Recalled) }),
        verdict: None,
        basis: "source",
        took: Duration::from_micros(1234),
        due: None,
        evidence: "{}".to_owned(),
    }
}

fn serials(store: &Store, filter: &VerificationFilter) -> Vec<String> {
    let (mut after, mut found) = (None::<String>, Vec::new());
    loop {
        let page = store.verifications(&Caller::operator(), filter, after.as_deref(), 2).unwrap();
        match page.last() {
            Some(last) => after = Some(last.id.clone()),
            None => return found,
        }
        found.extend(page.into_iter().map(|record| record.serial));
    }
}

#[test]
fn they_are_found_by_what_is_asked() {
    on_each_database("verifications", |store| {
        let refused = VerificationRecord {
            answer: Some(Answer::NotVerified { reason: FailureReason::parse("E42"), info: None }),
            verdict: Some(Verdict::DoNotUse),
            direction: Direction::Asked,
            status: 502,
            ..record(2, "B")
        };
        let other =
            VerificationRecord { answer: None, requester: "0614141000029".to_owned(), ..record(3, "C") };
        let kept = [record(0, "A"), record(1, "A"), refused.clone(), other];
        keep(store, &kept);
        let all = VerificationFilter::default();
        assert_eq!(serials(store, &all), ["C", "B", "A", "A"]);
        let one = store.verification(&Caller::operator(), &kept[0].id).unwrap().unwrap();
        assert_eq!(one, VerificationRecord { lot: "A/1\u{fffd}".to_owned(), ..kept[0].clone() });
        let found = store.verification(&Caller::operator(), &refused.id).unwrap().unwrap();
        assert_eq!((found.answer, found.verdict), (refused.answer, refused.verdict));
        let check = |filter: VerificationFilter, expected: &[&str]| {
            assert_eq!(serials(store, &filter), expected, "{filter:?}");
        };
        check(VerificationFilter { since: Some(at(1)), until: Some(at(3)), ..all.clone() }, &["B", "A"]);
        check(
            VerificationFilter {
                gtin: Some(Gtin::parse(GTIN).unwrap()),
                serial: Some("A".into()),
                ..all.clone()
            },
            &["A", "A"],
        );
        check(VerificationFilter { requester: Some("0614141000029".into()), ..all.clone() }, &["C"]);
        check(VerificationFilter { verdict: Some(Verdict::DoNotUse), ..all.clone() }, &["B"]);
        check(VerificationFilter { status: Some(502), ..all.clone() }, &["B"]);
        check(VerificationFilter { direction: Some(Direction::Asked), ..all.clone() }, &["B"]);
        check(VerificationFilter { gtin: Some(Gtin::parse("04012345123456").unwrap()), ..all }, &[]);
    });
}

#[test]
fn what_is_due_stays_due_until_it_is_answered_or_settled() {
    on_each_database("obligations", |store| {
        let due = |second: i64, serial: &str| VerificationRecord {
            status: 404,
            answer: None,
            due: Some(at(second) + TimeDelta::hours(24)),
            ..record(second, serial)
        };
        let (first, second) = (due(0, "A"), due(1, "B"));
        keep(store, &[first.clone(), second.clone(), record(2, "C")]);
        let open = || -> Vec<String> {
            let open = store.verifications_due(&Caller::operator(), Direction::Answered, 10).unwrap();
            open.into_iter().map(|record| record.serial).collect()
        };
        assert_eq!(open(), ["A", "B"]);
        assert!(store.verifications_due(&Caller::operator(), Direction::Asked, 10).unwrap().is_empty());
        keep(store, &[record(3, "A")]);
        assert_eq!(open(), ["B"]);
        let decision = Decision::new("Ann", at(4), "told them by telephone").unwrap();
        let settle = |id: &str| store.settle_verification(&Caller::operator(), id, &decision).unwrap();
        assert!(settle(&second.id).is_some() && settle(&second.id).is_some());
        assert!(settle("none").is_none());
        assert_eq!(open(), Vec::<String>::new());
    });
}

#[test]
fn a_journal_writes_in_groups_and_tells_each() {
    on_each_database("journal", |store| {
        let journal = Journal::start(store).unwrap();
        let entry = |second: i64| entry(&record(second, &second.to_string()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let twice = entry(500);
        let outcomes = runtime.block_on(async {
            let mut all: Vec<JournalEntry> = (0..300).map(entry).collect();
            all.extend([twice.clone(), twice]);
            futures_util::future::join_all(all.into_iter().map(|entry| journal.record(entry))).await
        });
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(serials(store, &VerificationFilter::default()).len(), 301, "one name twice is kept once");
        let acts = AuditFilter { act: Some("verification.answered".to_owned()), ..AuditFilter::default() };
        let acts = store.audited(&Caller::operator(), &acts, None, 1_000).unwrap();
        assert_eq!(acts.len(), 301);
        assert!(acts.iter().all(|act| act.entry.actor == "key:wholesaler"));
        drop(journal);
    });
}

#[test]
fn what_a_process_left_is_found_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("epcgate.db");
    let open = || Store::open(path.to_str().unwrap(), &Settings::default()).unwrap();
    keep(&open(), &[record(0, "A"), record(1, "B")]);
    let two: Vec<Store> = (0..2).map(|_| open()).collect();
    for store in &two {
        assert_eq!(serials(store, &VerificationFilter::default()), ["B", "A"]);
    }
    keep(&two[0], &[record(2, "C")]);
    assert_eq!(serials(&two[1], &VerificationFilter::default()), ["C", "B", "A"]);
}

#[test]
fn a_journal_files_by_itself_once_it_is_quiet() {
    on_each_database("filing", |store| {
        let journal = Journal::start(store).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(journal.record(entry(&record(0, "A")))).unwrap();
        for _ in 0..200 {
            if store.unfiled().unwrap() == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(store.unfiled().unwrap(), 0);
        assert_eq!(serials(store, &VerificationFilter::default()), ["A"]);
    });
}
