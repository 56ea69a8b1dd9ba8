//! AS2 with a message of 50 MB: the memory of the gateway that takes it, and how fast both sides work beside a foreign peer.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use chrono::Utc;
use epcgate::transport::as2::Fields;
use epcgate::transport::as2::Identity;
use epcgate::transport::as2::Limits;
use epcgate::transport::as2::OwnSettings;
use epcgate::transport::as2::Parcel;
use epcgate::transport::as2::Pinned;
use epcgate::transport::as2::Settings;
use epcgate::transport::as2::build;
use epcgate::transport::as2::open;
use epcgate::transport::as2::read_receipt;
use serde_json::json;

use crate::as2_peer::Peer;
use crate::as2_peer::Wire;
use crate::as2_peer::base64;
use crate::memory::peak;
use crate::process::Gateway;

/// What we promise, in megabytes.
const MOST: u64 = 400;

fn keys() -> [String; 2] {
    ["here", "peer"].map(|name| Identity::make(name, 30, Utc::now()).unwrap())
}

fn agreed(our_name: &str, partner_name: &str, key: &str) -> Settings {
    let certificate = Identity::from_pem(key.as_bytes()).unwrap().public_pem().unwrap();
    Settings {
        our_name: our_name.to_owned(),
        partner_name: partner_name.to_owned(),
        certificates: vec![Pinned { certificate, ..Pinned::default() }],
        ..Settings::default()
    }
}

/// A document of about so many megabytes.
fn document(megabytes: usize) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("as2-{megabytes}.xml"));
    let arguments = ["bench", "document", "--megabytes", &megabytes.to_string()];
    let made = Command::new(env!("CARGO_BIN_EXE_epcgate")).args(arguments).arg(&path).status();
    assert!(made.unwrap().success());
    std::fs::read(path).unwrap()
}

#[test]
fn a_message_of_fifty_megabytes_takes_little_memory() {
    let [ours, theirs] = keys();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(place("as2.pem"), &ours).unwrap();
    std::fs::set_permissions(place("as2.pem"), PermissionsExt::from_mode(0o600)).unwrap();
    let public = Identity::from_pem(theirs.as_bytes()).unwrap().public_pem().unwrap();
    std::fs::write(place("peer.crt"), public).unwrap();
    std::fs::write(place("epcgate.toml"), format!("[as2]\nidentities = [{:?}]\n", place("as2.pem"))).unwrap();
    let (data, config) = (place("data"), place("epcgate.toml"));
    let kept = ["--data-dir", &data, "--config", &config];
    let added = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["as2", "add", "peer", "--our-name", "here", "--partner-name", "peer", "--certificate"])
        .arg(place("peer.crt"))
        .args(kept)
        .status();
    assert!(added.unwrap().success());
    let gateway = Gateway::start(&kept);
    let content = document(49);
    let settings = agreed("peer", "here", &ours);
    let parcel = Parcel {
        content: &content,
        media_type: "application/xml",
        file_name: "a",
        message_id: "1@x",
        unique: 1,
    };
    let identity = Identity::from_pem(theirs.as_bytes()).unwrap();
    let built = build(&settings, &OwnSettings::default(), &identity, &parcel, Utc::now()).unwrap();
    let (size, began) = (built.body.len(), Instant::now());
    let mut request = gateway.client().post(gateway.url("/as2")).timeout(std::time::Duration::from_secs(600));
    for (name, value) in &built.fields {
        request = request.header(name, value);
    }
    let response = request.body(built.body).send().unwrap();
    assert_eq!(response.status(), 200);
    let fields =
        response.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let fields = Fields::of(fields.collect());
    let evidence = read_receipt(&fields, response.bytes().unwrap().to_vec(), &settings, Utc::now()).unwrap();
    evidence.settles("1@x", &built.mics, &settings).unwrap();
    let most = peak(gateway.id()).unwrap();
    let seconds = began.elapsed().as_secs_f64();
    println!("AS2: {} MB taken in {seconds:.1} s, peak memory {most} MB", size / 1_000_000);
    assert!(most < MOST, "{most} MB at its peak; {MOST} MB are promised");
}

#[test]
fn both_sides_are_timed_beside_the_peer() {
    let [ours, theirs] = keys();
    let content = document(20);
    let megabytes = content.len() as f64 / 1e6;
    let here = agreed("here", "peer", &theirs);
    let (own, key) = (OwnSettings::default(), Identity::from_pem(ours.as_bytes()).unwrap());
    let parcel = Parcel {
        content: &content,
        media_type: "application/octet-stream",
        file_name: "a",
        message_id: "1@x",
        unique: 1,
    };
    let began = Instant::now();
    let built = build(&here, &own, &key, &parcel, Utc::now()).unwrap();
    let wrote = began.elapsed().as_secs_f64();
    let mut peer = Peer::start();
    let question = json!({
        "own_name": "peer", "own_pem": theirs, "partner_name": "here", "partner_pem": key.public_pem().unwrap(),
        "agreed": { "sign": true, "encrypt": true, "mdn_mode": "SYNC", "mdn_digest": "sha256" },
        "content_type": "application/octet-stream", "op": "read",
    });
    let read = peer.ask(&Wire { fields: built.fields, body: built.body }.asked(&question));
    assert_eq!(read["status"], "processed", "{}", read["error"]);
    let mut building = question.clone();
    building["op"] = "build".into();
    building["content"] = base64(&content);
    let theirs_built = peer.ask(&building);
    let message = Wire::of(&theirs_built);
    let limits = Limits { content_bytes: 64 << 20, expansion: 200 };
    let began = Instant::now();
    let opened = open((&Fields::of(message.fields), message.body), &here, &[key], limits, (None, Utc::now()));
    let opened_in = began.elapsed().as_secs_f64();
    assert!(opened.unwrap().content == content);
    let rate = |seconds: f64| megabytes / seconds;
    let theirs = |answer: &serde_json::Value| rate(answer["seconds"].as_f64().unwrap());
    println!(
        "AS2, {megabytes:.0} MB signed and encrypted: written {:.0} MB/s (pyas2lib {:.0}), read {:.0} MB/s (pyas2lib {:.0})",
        rate(wrote),
        theirs(&theirs_built),
        rate(opened_in),
        theirs(&read),
    );
}
