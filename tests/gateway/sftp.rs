//! SFTP against OpenSSH's own server: both ways, cut in the middle, with the wrong key, and with files that somebody writes.

use std::fs;
use std::io::Cursor;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::time::Duration;
use std::time::Instant;

use chrono::Utc;
use epcgate::transport;
use epcgate::transport::FileName;
use epcgate::transport::Outlet;
use epcgate::transport::convention::Entry;
use epcgate::transport::flow;
use epcgate::transport::sftp::Session;
use epcgate::transport::sftp::Settings;
use epcgate::transport::sftp::SftpError;
use epcgate::transport::sftp::probe;
use serde_json::json;

use crate::harness::xml_1_2;
use crate::picking::Picking;
use crate::picking::on_each_database;
use crate::picking::wait;
use crate::sshd::PASSWORD;
use crate::sshd::Sshd;
use crate::sshd::Wire;

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn name(name: &str) -> FileName {
    FileName::parse(name).unwrap()
}

/// Bytes that no two places share.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

async fn open(sshd: &Sshd, settings: &Settings) -> Result<Session, SftpError> {
    Session::open(&sshd.outbound(), settings).await
}

async fn deliver(
    session: &Session,
    settings: &Settings,
    file: &str,
    text: Vec<u8>,
) -> Result<String, SftpError> {
    let bytes = text.len() as u64;
    let drop_off = settings.drop_off.clone().unwrap();
    session.deliver(&drop_off, (&name(file), bytes), &mut Outlet::of(Cursor::new(text))).await
}

/// What reading a file gives: its bytes, or the error of each side.
async fn fetch(session: &Session, entry: &Entry) -> (Result<(), SftpError>, std::io::Result<Vec<u8>>) {
    let (inlet, mut outlet) = flow();
    let reading = tokio::task::spawn_blocking(move || {
        let mut whole = Vec::new();
        outlet.read_to_end(&mut whole).map(|_| whole)
    });
    let fetched = session.fetch("out", entry, inlet).await;
    (fetched, reading.await.unwrap())
}

#[test]
fn a_file_goes_there_and_another_comes_back() {
    let sshd = Sshd::start();
    let settings = sshd.settings(json!({
        "drop_off": { "folder": "in", "done_suffix": ".done" },
        "pick_up": { "folder": "out", "after": { "archive": "archive" } },
    }));
    block(async {
        let session = open(&sshd, &settings).await.unwrap();
        for (file, count) in [("none.xml", 0), ("one.xml", 1), ("some.xml", 3_000_001)] {
            let path = deliver(&session, &settings, file, bytes(count)).await.unwrap();
            assert_eq!(path, format!("in/{file}"));
            assert_eq!(fs::read(sshd.home(&path)).unwrap(), bytes(count));
            fs::rename(sshd.home(&path), sshd.home("out").join(file)).unwrap();
        }
        let mut left: Vec<_> =
            fs::read_dir(sshd.home("in")).unwrap().map(|file| file.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["none.xml.done", "one.xml.done", "some.xml.done"]);
        let pick_up = settings.pick_up.clone().unwrap();
        let listing = session.list("out").await.unwrap();
        assert_eq!(listing.files.len(), 3);
        assert_eq!(pick_up.candidates(&listing).len(), 2, "an empty file waits");
        for entry in &listing.files {
            let (fetched, read) = fetch(&session, entry).await;
            fetched.unwrap();
            assert_eq!(read.unwrap(), bytes(entry.bytes as usize));
            session.put_away(&pick_up, &entry.name, Utc::now()).await.unwrap();
        }
        assert!(session.list("out").await.unwrap().files.is_empty());
        assert_eq!(session.list("archive").await.unwrap().files.len(), 3);
        // Another file of a name that was archived.
        fs::write(sshd.home("out/one.xml"), "other").unwrap();
        session.put_away(&pick_up, &name("one.xml"), Utc::now()).await.unwrap();
        assert_eq!(session.list("archive").await.unwrap().files.len(), 4);
        session.close().await;
    });
}

#[test]
fn a_server_with_another_key_is_told_nothing() {
    let mut sshd = Sshd::start();
    let pinned = sshd.settings(json!({ "password": "password", "key": "" }));
    let by_key = sshd.settings(json!({ "host_keys": [sshd.public_key()] }));
    block(async {
        open(&sshd, &pinned).await.unwrap().close().await;
        open(&sshd, &by_key).await.unwrap().close().await;
    });
    let before = sshd.fingerprint();
    sshd.change_key();
    for settings in [&pinned, &by_key] {
        let fault = block(open(&sshd, settings)).err().unwrap();
        assert!(matches!(fault, SftpError::HostKey { .. }) && !fault.passes(), "{fault}");
        let said = fault.to_string();
        assert!(said.contains(&before) && said.contains(&sshd.fingerprint()), "{said}");
    }
    let both = sshd.settings(json!({ "host_keys": [before, sshd.fingerprint()] }));
    block(async { open(&sshd, &both).await.unwrap().close().await });
}

#[test]
fn whoever_cannot_prove_to_be_us_is_not_let_in() {
    let sshd = Sshd::start();
    for (change, expected) in [
        (json!({}), None),
        (json!({ "key": "", "password": "password" }), None),
        (json!({ "key": "locked", "passphrase": "passphrase" }), None),
        (json!({ "user": "nobody-here" }), Some("our key")),
        (json!({ "key": "", "password": "wrong" }), Some("our password")),
        (json!({ "key": "locked" }), Some("no private key")),
        (json!({ "key": "password" }), Some("no private key")),
        (json!({ "key": "missing" }), Some("cannot be read")),
        (json!({ "key": "../host" }), Some("no name of a secret")),
    ] {
        let opened = block(open(&sshd, &sshd.settings(change.clone())));
        match (opened, expected) {
            (Ok(session), None) => block(session.close()),
            (Err(error), Some(expected)) => {
                let said = format!("{error} {error:?}");
                assert!(said.contains(expected), "{change}: {said}");
                assert!(!error.passes() && !said.contains("hunter2") && !said.contains(PASSWORD), "{said}");
            }
            (opened, _) => panic!("{change}: {:?}", opened.err()),
        }
    }
}

#[test]
fn a_file_cut_off_on_its_way_is_not_there() {
    let sshd = Sshd::start();
    let wire = Wire::to(sshd.port());
    let settings = sshd.settings(json!({ "port": wire.port() }));
    let text = bytes(4_000_000);
    fs::write(sshd.home("out/a.xml"), &text).unwrap();
    for cut in [1_000, 60_000, 1_500_000] {
        block(async {
            let session = open(&sshd, &settings).await.unwrap();
            wire.break_after(cut);
            assert!(deliver(&session, &settings, "b.xml", text.clone()).await.is_err());
            wire.mend();
            assert!(!sshd.home("in/b.xml").exists(), "{cut}");
            let session = open(&sshd, &settings).await.unwrap();
            let listing = session.list("out").await.unwrap();
            wire.break_after(cut);
            let (fetched, read) = fetch(&session, &listing.files[0]).await;
            wire.mend();
            assert!(fetched.unwrap_err().passes() && read.is_err(), "{cut}");
        });
    }
    block(async {
        let session = open(&sshd, &settings).await.unwrap();
        deliver(&session, &settings, "b.xml", text.clone()).await.unwrap();
        assert_eq!(fs::read(sshd.home("in/b.xml")).unwrap(), text);
        // What was sent before, and another file under its name.
        deliver(&session, &settings, "b.xml", text.clone()).await.unwrap();
        let other = deliver(&session, &settings, "b.xml", bytes(7)).await.unwrap_err();
        assert!(matches!(other, SftpError::Taken(_)), "{other}");
        let listing = session.list("out").await.unwrap();
        let (fetched, read) = fetch(&session, &listing.files[0]).await;
        assert!(fetched.is_ok() && read.unwrap() == text);
    });
}

#[test]
fn a_file_that_somebody_writes_is_not_taken() {
    let sshd = Sshd::start();
    let settings = sshd.settings(json!({}));
    fs::write(sshd.home("out/a.xml"), bytes(100_000)).unwrap();
    block(async {
        let session = open(&sshd, &settings).await.unwrap();
        let seen = session.list("out").await.unwrap().files;
        fs::write(sshd.home("out/a.xml"), bytes(200_000)).unwrap();
        for text in [bytes(200_000), bytes(50_000)] {
            fs::write(sshd.home("out/a.xml"), text).unwrap();
            let (fetched, read) = fetch(&session, &seen[0]).await;
            assert!(matches!(fetched, Err(SftpError::Changed(_))) && read.is_err(), "{fetched:?}");
        }
        fs::remove_file(sshd.home("out/a.xml")).unwrap();
        let (fetched, read) = fetch(&session, &seen[0]).await;
        assert!(matches!(fetched, Err(SftpError::Missing(_))) && read.is_err(), "{fetched:?}");
    });
}

#[test]
fn names_that_lead_elsewhere_are_passed_over() {
    let sshd = Sshd::start();
    for file in ["a.xml", "two\nlines.xml", ".hidden.xml", "back\\slash.xml", "esc\u{1b}[2J.xml"] {
        fs::write(sshd.home("out").join(file), "x").unwrap();
    }
    fs::create_dir(sshd.home("out/folder")).unwrap();
    symlink("/etc/passwd", sshd.home("out/link.xml")).unwrap();
    block(async {
        let session = open(&sshd, &sshd.settings(json!({}))).await.unwrap();
        let listing = session.list("out").await.unwrap();
        assert_eq!(listing.files.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a.xml"]);
        assert_eq!(listing.passed_over.len(), 5, "{:?}", listing.passed_over);
        assert!(
            listing.passed_over.iter().all(|told| !told.contains(char::is_control)),
            "{:?}",
            listing.passed_over
        );
        let missing = session.list("nowhere").await.unwrap_err();
        assert!(matches!(missing, SftpError::Missing(_)), "{missing}");
    });
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let sshd = Sshd::start();
    sshd.signal("STOP");
    let began = Instant::now();
    let fault = block(open(&sshd, &sshd.settings(json!({})))).err().unwrap();
    sshd.signal("CONT");
    assert!(matches!(fault, SftpError::Timeout(_)) && fault.passes(), "{fault}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_trial_says_what_is_wrong() {
    let sshd = Sshd::start();
    let outbound = sshd.outbound();
    let tried = |change| block(probe(&outbound, &sshd.settings(change), &name("epcgate-trial")));
    let sound = tried(json!({ "pick_up": { "folder": "out", "after": { "archive": "archive" } } }));
    assert!(sound.is_sound() && sound.steps.len() == 4, "{sound:?}");
    assert!(fs::read_dir(sshd.home("in")).unwrap().next().is_none());
    let wrong = tried(json!({ "drop_off": { "folder": "nowhere" } }));
    assert!(wrong.steps[0].1.is_ok() && wrong.steps[2].1.is_err(), "{wrong:?}");
    let out = tried(json!({ "password": "wrong", "key": "" }));
    assert!(out.steps.len() == 1 && !out.is_sound(), "{out:?}");
}

on_each_database! {
    files_come_and_go_though_the_wire_breaks,
    a_server_with_another_key_takes_and_gives_nothing,
}

fn settings(sshd: &Sshd) -> transport::Settings {
    transport::Settings {
        allow_loopback: true,
        sftp_answer_seconds: 3,
        secrets: sshd.secrets(),
        ..transport::Settings::default()
    }
}

fn files_come_and_go_though_the_wire_breaks(url: &str) {
    let sshd = Sshd::start();
    let wire = Wire::to(sshd.port());
    let picking = Picking::start(url, &settings(&sshd));
    let numbers: Vec<u32> = (0..3_000).collect();
    let text = xml_1_2("a", &numbers);
    let pick_up = json!({ "folder": "out", "settle_seconds": 1, "every_seconds": 1, "after": { "archive": "archive" } });
    // Long enough for the way to the file, not for the file.
    wire.break_after(text.len() as i64 / 2);
    let temporary = sshd.home("out/a.xml.tmp");
    fs::write(&temporary, &text).unwrap();
    fs::rename(&temporary, sshd.home("out/a.xml")).unwrap();
    picking.channel(
        "acme",
        &json!({ "sftp": sshd.channel(json!({ "port": wire.port(), "pick_up": pick_up })) }),
    );
    let id = picking.send("acme", "ASN-1.xml", &text);
    wait(|| picking.turn("acme").filter(|turn| turn.failures > 0));
    assert!(picking.arrivals("acme").is_empty() && sshd.home("out/a.xml").exists());
    wire.mend();
    let came = picking.took("acme", 1);
    assert_eq!((came[0].size, picking.captured(&came[0])), (text.len() as u64, 3_000));
    assert!(sshd.home("archive/a.xml").exists() && !sshd.home("out/a.xml").exists());
    assert_eq!(picking.sent(&id).state.as_str(), "delivered");
    let names: Vec<_> = fs::read_dir(sshd.home("in")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(names, [sshd.home(&format!("in/ASN-1_{id}.xml"))]);
    assert_eq!(fs::read_to_string(&names[0]).unwrap(), text);
}

fn a_server_with_another_key_takes_and_gives_nothing(url: &str) {
    let mut sshd = Sshd::start();
    let channel = sshd.channel(json!({}));
    sshd.change_key();
    fs::write(sshd.home("out/a.xml"), xml_1_2("a", &[1])).unwrap();
    let picking = Picking::start(url, &settings(&sshd));
    picking.channel("acme", &json!({ "sftp": channel }));
    let id = picking.send("acme", "ASN-1.xml", "<a/>");
    let turn = wait(|| picking.turn("acme").filter(|turn| turn.failures > 0));
    assert!(
        turn.said.contains("not the one of the channel") && turn.said.contains(&sshd.fingerprint()),
        "{}",
        turn.said
    );
    assert_eq!(picking.sent(&id).state.as_str(), "dead");
    assert!(picking.arrivals("acme").is_empty() && fs::read_dir(sshd.home("in")).unwrap().next().is_none());
}
