//! API keys, in the store on both databases and on the command line.

use std::process::Command;

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::ApiKey;
use epcgate::access::Caller;
use epcgate::access::KeyText;
use epcgate::access::Permission;
use epcgate::access::Revocation;
use epcgate::access::Role;
use epcgate::access::Scope;
use epcgate::access::SpeaksFor;
use epcgate::gs1::Gln;
use epcgate::store::AuditFilter;
use epcgate::store::Settings;
use epcgate::store::Store;
use serde_json::Value;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000 + second, 0).unwrap()
}

fn key(byte: u8) -> ApiKey {
    let text = KeyText::new(&[byte; KeyText::RANDOM]);
    ApiKey {
        id: text.id().to_owned(),
        name: format!("partner {byte}"),
        digest: text.digest(),
        speaks_for: SpeaksFor::These(vec![
            Gln::parse("4012345000115").unwrap(),
            Gln::parse("9521102000015").unwrap(),
        ]),
        scopes: vec![Scope::May(Permission::Verify), Scope::Is(Role::Operator)],
        made_at: at(i64::from(byte)),
        made_by: "Ann".to_owned(),
        expires: Some(at(1_000)),
        revoked: None,
        used: None,
    }
}

fn keeps_keys(store: &Store) {
    let caller = Caller::operator();
    let (first, second) = (key(1), ApiKey { speaks_for: SpeaksFor::Any, expires: None, ..key(2) });
    store.add_key(&caller, &second).unwrap();
    store.add_key(&caller, &first).unwrap();
    assert!(store.add_key(&caller, &first).is_err());
    assert_eq!(store.keys(&caller).unwrap(), [first.clone(), second.clone()]);
    let used = |second| {
        store.key_used(&first.id, at(second)).unwrap();
        store.keys(&caller).unwrap()[0].used
    };
    assert_eq!((used(50), used(40), used(60)), (Some(at(50)), Some(at(50)), Some(at(60))));
    let revoked = Revocation { at: at(70), by: "Bob".to_owned(), why: "lost".to_owned() };
    let taken = store.revoke_key(&caller, &first.id, &revoked).unwrap().unwrap();
    assert_eq!(taken, ApiKey { used: Some(at(60)), revoked: Some(revoked.clone()), ..first.clone() });
    let again = Revocation { at: at(80), by: "Eve".to_owned(), why: String::new() };
    assert_eq!(store.revoke_key(&caller, &first.id, &again).unwrap(), Some(taken));
    assert_eq!(store.revoke_key(&caller, "none", &again).unwrap(), None);
    let acts: Vec<String> = store
        .audited(&caller, &AuditFilter::default(), None, 10)
        .unwrap()
        .into_iter()
        .map(|record| format!("{} {} {}", record.entry.actor, record.entry.act, record.entry.object))
        .collect();
    let expected = [("Bob keys.revoked", &first), ("Ann keys.added", &second), ("Ann keys.added", &first)];
    assert_eq!(acts, expected.map(|(act, key)| format!("{act} {}", key.id)));
}

#[test]
fn keys_are_kept_on_each_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("epcgate.db");
    keeps_keys(&Store::open(path.to_str().unwrap(), &Settings::default()).unwrap());
    keeps_keys(&Store::open(&crate::postgres::database("keys"), &Settings::default()).unwrap());
}

#[test]
fn a_key_is_shown_once_and_never_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let epcgate = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args(arguments)
            .args(["--data-dir", data, "--output", "json"])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let shown: Vec<Value> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (output.status.code().unwrap(), shown, told)
    };
    let (code, made, _) = epcgate(&["keys", "add", "acme", "--gln", "4012345000115", "--days", "30"]);
    assert_eq!((code, &made[0]["state"], &made[0]["glns"][0]), (0, &"good".into(), &"4012345000115".into()));
    let secret = made[0]["key"].as_str().unwrap();
    let id = made[0]["id"].as_str().unwrap();
    assert_eq!(KeyText::parse(secret).unwrap().id(), id);
    let (_, other, _) = epcgate(&["keys", "add", "a provider", "--any-gln"]);
    assert_ne!(other[0]["key"], made[0]["key"]);
    let (code, revoked, _) = epcgate(&["keys", "revoke", id, "--reason", "lost"]);
    assert_eq!((code, &revoked[0]["revokedWhy"]), (0, &"lost".into()));
    let (_, listed, _) = epcgate(&["keys", "list"]);
    assert_eq!(listed.iter().map(|key| &key["state"]).collect::<Vec<_>>(), ["revoked", "good"]);
    assert_eq!(listed[0].get("key"), None);
    let (_, acts, _) = epcgate(&["audit", "list", "--act", "keys.added"]);
    assert_eq!(acts.len(), 2);
    assert_eq!((&acts[1]["object"], &acts[1]["after"]["name"]), (&id.into(), &"acme".into()));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let hidden = &secret.as_bytes()[19..83];
        assert!(!bytes.windows(hidden.len()).any(|window| window == hidden));
    }
    for (arguments, code, word) in [
        (&["keys", "revoke", "none"][..], 1, "there is no API key none"),
        (&["keys", "add", "x"], 2, "--gln"),
        (&["keys", "add", "x", "--gln", "4012345000116"], 2, "check digit"),
        (&["keys", "add", "x", "--any-gln", "--scope", "all"], 2, "no permission"),
        (&["audit", "list", "--since", "yesterday"], 2, "neither a date"),
    ] {
        let (found, _, told) = epcgate(arguments);
        assert!(found == code && told.contains(word), "{arguments:?}: {found} {told}");
    }
}
