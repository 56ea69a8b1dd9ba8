//! `epcgate doctor`: what it sees, what it says to do, and how it ends.

use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::store::Store;
use epcgate::transport::PartnerChannel;
use epcgate::transport::as2;
use serde_json::Value;
use serde_json::json;

/// Runs the doctor over a folder without calling anybody: exit status and each of its lines.
fn doctor(folder: &Path, more: &[&str]) -> (i32, Vec<Value>) {
    asked(folder, &[&["--offline"], more].concat())
}

fn asked(folder: &Path, more: &[&str]) -> (i32, Vec<Value>) {
    let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["doctor", "--output", "json"])
        .args(more)
        .env("EPCGATE_DATABASE", folder.join("epcgate.db"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), lines)
}

/// What is said of a part: its states and words.
fn of(lines: &[Value], part: &str) -> Vec<(String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let own = lines.iter().filter(|line| line["part"] == part);
    own.map(|line| (text(line, "state"), text(line, "message"))).collect()
}

fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path().join("epcgate.db").to_str().unwrap(), &Default::default()).unwrap());
    folder
}

#[test]
fn a_sound_gateway_is_told_so() {
    let folder = prepared();
    let (status, lines) = doctor(folder.path(), &[]);
    for part in
        ["database", "migrations", "durability", "log", "integrity", "disk", "clock", "certificate", "queue"]
    {
        let said = of(&lines, part);
        // How much room there is, and how fast the disk is, is not ours to say.
        assert!(
            !said.is_empty() && (part == "disk" || said.iter().all(|(state, _)| state == "ok")),
            "{said:?}"
        );
    }
    assert!(of(&lines, "durability")[0].1.contains("synchronous = full"), "{lines:?}");
    let worst = lines.iter().map(|line| match line["state"].as_str().unwrap() {
        "ok" => 0,
        "warning" => 1,
        _ => 2,
    });
    assert_eq!(status, worst.max().unwrap());
}

#[test]
fn a_channel_that_does_not_work_is_told() {
    let folder = prepared();
    let path = |name: &str| folder.path().join(name);
    let store = Store::open(path("epcgate.db").to_str().unwrap(), &Default::default()).unwrap();
    let expired = as2::Identity::make("theirs", 1, Utc::now() - TimeDelta::days(3)).unwrap();
    let expired = as2::Identity::from_pem(expired.as_bytes()).unwrap().public_pem().unwrap();
    fs::create_dir(path("in")).unwrap();
    for (id, by) in [
        ("sound", json!({ "folder": { "pick_up": { "folder": path("in") } } })),
        ("missing", json!({ "folder": { "pick_up": { "folder": path("gone") } } })),
        ("silent", json!({ "webhook": { "url": "https://127.0.0.1:1/hook", "secrets": [path("s")] } })),
        ("stopped", json!({ "folder": { "pick_up": { "folder": path("in") } } })),
        (
            "old",
            json!({ "as2": { "ourName": "A", "partnerName": "B", "certificates": [{ "certificate": expired }] } }),
        ),
    ] {
        let channel: PartnerChannel = serde_json::from_value(json!({ "id": id, "by": by })).unwrap();
        store.put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
    }
    store.pause_channel(&Caller::operator(), "stopped", "moving house", Utc::now()).unwrap();
    let config = path("gate.toml");
    fs::write(&config, format!("[outbound]\nallow_loopback = true\nfolders = [{:?}]\n", folder.path()))
        .unwrap();
    let (status, lines) = asked(folder.path(), &["--config", config.to_str().unwrap()]);
    let said = of(&lines, "channel");
    let of_channel = |id: &str| said.iter().find(|(_, says)| says.starts_with(id)).unwrap().clone();
    assert_eq!(of_channel("sound").0, "ok");
    assert!(of_channel("missing").0 == "bad" && of_channel("missing").1.contains("gone"), "{said:?}");
    assert_eq!(of_channel("silent").0, "bad");
    assert!(of_channel("stopped").0 == "warning" && of_channel("stopped").1.contains("moving house"));
    let certificates = of(&lines, "certificate");
    assert!(
        certificates.iter().any(|(state, says)| state == "bad" && says.contains("channel old")),
        "{lines:?}"
    );
    assert_eq!(status, 2);
    // Nothing was written into the folder to find this out, and offline nobody is called.
    assert_eq!(fs::read_dir(path("in")).unwrap().count(), 0);
    let (_, lines) = doctor(folder.path(), &["--config", config.to_str().unwrap()]);
    assert!(of(&lines, "channel").iter().all(|(state, _)| state != "bad"), "{lines:?}");
}

#[test]
fn looking_makes_no_database_and_changes_none() {
    let folder = tempfile::tempdir().unwrap();
    let (status, lines) = doctor(folder.path(), &[]);
    assert!(status >= 1 && of(&lines, "database")[0].1.contains("no database yet"), "{lines:?}");
    assert!(!folder.path().join("epcgate.db").exists());
}

#[test]
fn a_damaged_database_is_found() {
    let folder = prepared();
    let path = folder.path().join("epcgate.db");
    let mut bytes = fs::read(&path).unwrap();
    let tail = bytes.len() - 40 * 4_096;
    bytes[tail..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let (status, lines) = doctor(folder.path(), &[]);
    assert_eq!(status, 2, "{lines:?}");
    let bad = lines.iter().find(|line| line["state"] == "bad").unwrap();
    assert!(!bad["nextStep"].as_str().unwrap().is_empty());
}

#[test]
fn a_certificate_that_ends_soon_is_told_with_its_days() {
    let folder = prepared();
    let days = |days: i64| {
        let day = chrono::Utc::now().date_naive() + chrono::TimeDelta::days(days);
        use chrono::Datelike;
        rcgen::date_time_ymd(day.year(), day.month() as u8, day.day() as u8)
    };
    for (left, state, status) in [(100, "ok", 0), (40, "warning", 1), (3, "bad", 2), (-3, "bad", 2)] {
        let mut params = rcgen::CertificateParams::new(vec!["gate.example.com".to_owned()]).unwrap();
        params.not_before = days(-200);
        params.not_after = days(left);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("own.pem"), made.pem()).unwrap();
        fs::write(folder.path().join("own.key"), key.serialize_pem()).unwrap();
        let config = folder.path().join("gate.toml");
        let text = format!(
            "[tls]\ncertificate = {0:?}\nkey = {1:?}\n",
            folder.path().join("own.pem"),
            folder.path().join("own.key")
        );
        fs::write(&config, text).unwrap();
        let (ended, lines) = doctor(folder.path(), &["--config", config.to_str().unwrap()]);
        let said = of(&lines, "certificate");
        assert_eq!(said[0].0, state, "{left}: {said:?}");
        assert!(ended >= status, "{left}: {lines:?}");
    }
    fs::write(folder.path().join("own.key"), rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let config = folder.path().join("gate.toml");
    let (ended, lines) = doctor(folder.path(), &["--config", config.to_str().unwrap()]);
    assert_eq!(ended, 2);
    assert!(of(&lines, "certificate")[0].1.contains("is not the key"), "{lines:?}");
}

#[test]
fn a_server_that_is_not_reached_is_told_without_its_password() {
    let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["doctor", "--offline"])
        .env("EPCGATE_DATABASE", "postgres://u:hunter2secret@127.0.0.1:1/d")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("bad") && !said.contains("hunter2"), "{said}");
}

#[test]
fn postgresql_is_looked_at_too() {
    let url = crate::postgres::database("doctor");
    drop(Store::open(&url, &Default::default()).unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["doctor", "--offline", "--output", "json", "--database", &url])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(of(&lines, "database")[0].1.contains("PostgreSQL"), "{said}");
    // The role of the tests may do everything.
    assert_eq!(of(&lines, "role")[0].0, "warning", "{said}");
    assert_eq!(of(&lines, "migrations")[0].0, "ok", "{said}");
}
