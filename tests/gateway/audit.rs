//! The audit trail, in the store and over HTTP.

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::dscsa::AuditEntry;
use epcgate::store::AuditFilter;
use epcgate::store::Settings;
use epcgate::store::Store;
use epcgate::store::audit_place;
use serde_json::Value;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::postgres;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000 + second, 0).unwrap()
}

fn entry(second: i64, actor: &str, act: &str) -> AuditEntry {
    AuditEntry::done(at(second), actor, act, &format!("object {second}"))
        .because("a word")
        .before("{}")
        .after(r#"{"b":2}"#)
        .with(r#"{"a":[1]}"#)
}

/// Seven acts in four seconds.
fn acts() -> Vec<AuditEntry> {
    let acts = [
        (0, "a", "x"),
        (1, "a", "y"),
        (1, "b", "x"),
        (1, "b", "y"),
        (2, "a", "x"),
        (3, "b", "x"),
        (3, "a", "x"),
    ];
    acts.iter().map(|(second, actor, act)| entry(*second, actor, act)).collect()
}

fn keeps_history(store: &Store) {
    store.audit(&acts()).unwrap();
    store.audit(&[]).unwrap();
    let found = |filter: AuditFilter| {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = store.audited(&Caller::operator(), &filter, after.as_deref(), 2).unwrap();
            let Some(last) = page.last() else { return found };
            after = Some(audit_place(last));
            found.extend(page.into_iter().map(|record| record.entry));
        }
    };
    let mut newest_first = acts();
    newest_first.reverse();
    assert_eq!(found(AuditFilter::default()), newest_first);
    let only = |wanted: &dyn Fn(&AuditEntry) -> bool| -> Vec<AuditEntry> {
        newest_first.iter().filter(|entry| wanted(entry)).cloned().collect()
    };
    let (since, until) = (Some(at(1)), Some(at(3)));
    let between = found(AuditFilter { since, until, ..AuditFilter::default() });
    assert_eq!(between, only(&|entry| entry.at >= at(1) && entry.at < at(3)));
    assert_eq!(between.len(), 4);
    let actor = Some("b".to_owned());
    assert_eq!(found(AuditFilter { actor, ..AuditFilter::default() }), only(&|entry| entry.actor == "b"));
    let (actor, act) = (Some("a".to_owned()), Some("x".to_owned()));
    let both = found(AuditFilter { actor, act, since, ..AuditFilter::default() });
    assert_eq!(both, only(&|entry| entry.actor == "a" && entry.act == "x" && entry.at >= at(1)));
    assert_eq!(both.len(), 2);
    let object = Some("object 1".to_owned());
    assert_eq!(found(AuditFilter { object, ..AuditFilter::default() }), only(&|entry| entry.at == at(1)));
}

#[test]
fn history_is_kept_in_order_on_each_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("epcgate.db");
    keeps_history(&Store::open(path.to_str().unwrap(), &Settings::default()).unwrap());
    let url = postgres::database("audit");
    keeps_history(&Store::open(&url, &Settings::default()).unwrap());
    for statement in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit WHERE at > 0", "TRUNCATE audit"]
    {
        let refused = postgres::ask(&url, statement).unwrap_err();
        assert!(refused.contains("audit is append-only"), "{statement}: {refused}");
    }
    assert_eq!(postgres::ask(&url, "SELECT count(*) FROM audit").unwrap(), "7");
}

#[test]
fn history_is_listed_over_http() {
    let gateway = TestGateway::start();
    gateway.store().audit(&acts()).unwrap();
    let get = |path: &str| gateway.get(path).send().unwrap();
    let page = get("/api/v1/audit?actor=a&since=2026-02-25&perPage=3");
    let link = header(&page, "link");
    let first: Value = page.json().unwrap();
    assert_eq!(first["audit"][0]["object"], "object 3");
    assert_eq!(first["audit"][0]["detail"]["a"][0], 1);
    assert_eq!((&first["audit"][0]["why"], &first["audit"][0]["after"]["b"]), (&"a word".into(), &2.into()));
    assert_eq!(first["audit"][0]["number"], 6);
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let last: Value = get(next).json().unwrap();
    assert_eq!((first["audit"].as_array().unwrap().len(), last["audit"].as_array().unwrap().len()), (3, 1));
    assert_eq!(last["audit"][0]["at"], "2026-02-25T06:13:20.000000Z");
    let none: Value = get("/api/v1/audit?until=2026-02-25T00:00:00Z").json().unwrap();
    assert_eq!(none["audit"], serde_json::json!([]));
    assert_eq!(failure(get("/api/v1/audit?since=yesterday")).0, 400);
    assert_eq!(failure(gateway.request("DELETE", "/api/v1/audit").send().unwrap()).0, 405);
}
