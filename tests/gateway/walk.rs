//! A new partner, from its invitation to its first accepted file, over each channel, by the commands that the README shows.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use chrono::Utc;
use epcgate::transport::as2::Identity;
use reqwest::Certificate;
use reqwest::blocking::Client;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::as2_peer::Peer;
use crate::as2_peer::Wire;
use crate::as2_peer::base64;
use crate::harness::xml_1_2;
use crate::https::Authority;
use crate::process::Gateway;
use crate::sshd::Sshd;

/// The partner.
const PARTNER: &str = "0352999000012";

/// How long a file may take from its channel to its answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The house that the partner is new to.
struct House {
    folder: TempDir,
    gateway: Gateway,
    sshd: Sshd,
    roots: Vec<Certificate>,
    _authority: Authority,
}

impl House {
    /// A gateway over TLS that may exchange with this machine alone.
    fn open() -> House {
        let (authority, sshd) = (Authority::new(), Sshd::start());
        let folder = tempfile::tempdir().unwrap();
        for name in ["in", "out"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let as2 = folder.path().join("as2.pem");
        let (_, said) =
            run(folder.path(), &["as2", "certificate", "Our House", "--to", as2.to_str().unwrap()], "");
        fs::write(folder.path().join("ours.crt"), said).unwrap();
        let identity = authority.identity("gate");
        let settings = format!(
            "[tls]\ncertificate = {:?}\nkey = {:?}\n[outbound]\nallow_loopback = true\nroots = [{:?}]\nfolders = [{:?}]\n\
             secrets = {:?}\nsftp_ports = [{}]\n[as2]\nidentities = [{as2:?}]\n",
            identity.certificate,
            identity.key,
            authority.root(),
            folder.path(),
            sshd.secrets(),
            sshd.port(),
        );
        fs::write(folder.path().join("epcgate.toml"), settings).unwrap();
        let roots = vec![Certificate::from_pem(&fs::read(authority.root()).unwrap()).unwrap()];
        let file = folder.path().join("epcgate.toml");
        let (file, data) = (file.to_str().unwrap(), folder.path().to_str().unwrap());
        let serve = ["serve", "--listen", "127.0.0.1:0", "--config", file, "--data-dir", data];
        let gateway = Gateway::trusting(&serve, &roots);
        House { folder, gateway, sshd, roots, _authority: authority }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a verb says, which has to go well.
    fn says(&self, arguments: &[&str], input: &str) -> String {
        let config = self.path("epcgate.toml");
        let (config, data) = (config.to_str().unwrap(), self.folder.path().to_str().unwrap());
        let (ended, said) =
            run(self.folder.path(), &[arguments, &["--config", config, "--data-dir", data]].concat(), input);
        assert!(ended, "{arguments:?}: {said}");
        said
    }

    fn add_channel(&self, id: &str, by: &Value) {
        let channel = json!({ "id": id, "partner": PARTNER, "by": by });
        self.says(&["channel", "add", "-"], &channel.to_string());
    }

    /// Waits until what came by a channel is accepted.
    fn accepts(&self, channel: &str) {
        let began = Instant::now();
        loop {
            let said = self.says(&["inbox", "list", "--output", "json"], "");
            let arrivals = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let outcome = arrivals
                .filter(|one| one["channel"] == channel)
                .find_map(|one| one["outcome"].as_str().map(str::to_owned));
            if let Some(outcome) = outcome.filter(|outcome| !outcome.is_empty()) {
                assert_eq!(outcome, "accepted", "{said}");
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{channel}: {said}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn client(&self) -> Client {
        crate::process::client().tls_certs_only(self.roots.clone()).build().unwrap()
    }
}

/// Runs the program in a folder: whether it ended well, and what it said.
fn run(folder: &Path, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// Without an account the partner tries a file, and has a grade; then it is taken live.
fn tries_and_goes_live(house: &House) {
    let said = house.says(&["partner", "invite", PARTNER, "--name", "Apotheon Labs", "--output", "json"], "");
    let invited: Value = serde_json::from_str(&said).unwrap();
    let link = invited["link"].as_str().unwrap();
    let link = house.gateway.url(&link[link.find("/invite/").unwrap()..]);
    let file =
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/epcis/dscsa_shipment.1.2.xml")).unwrap();
    let asked = house
        .client()
        .post(&link)
        .header("Content-Type", "application/xml")
        .header("Accept", "application/json");
    let report = asked.body(file).send().unwrap();
    assert_eq!(report.status(), 201, "{:?}", report.text());
    let report: Value = report.json().unwrap();
    assert!(report["grade"].as_str().is_some_and(|grade| !grade.is_empty()), "{report:#}");
    house.says(&["partner", "live", PARTNER, "--reason", "its report", "--by", "quality"], "");
}

fn sends_by_folder(house: &House) {
    let pick_up = json!({ "folder": house.path("in"), "settle_seconds": 1, "every_seconds": 1 });
    house.add_channel("by-folder", &json!({ "folder": { "pick_up": pick_up } }));
    house.says(&["channel", "test", "by-folder"], "");
    fs::write(house.path("in/a.xml.tmp"), xml_1_2("folder", &[1])).unwrap();
    fs::rename(house.path("in/a.xml.tmp"), house.path("in/a.xml")).unwrap();
    house.accepts("by-folder");
}

fn sends_by_sftp(house: &House) {
    house.add_channel("by-sftp", &json!({ "sftp": house.sshd.channel(json!({})) }));
    house.says(&["channel", "test", "by-sftp"], "");
    fs::write(house.sshd.home("out/b.xml"), xml_1_2("sftp", &[2])).unwrap();
    house.accepts("by-sftp");
}

fn sends_by_as2(house: &House) {
    let theirs = Identity::make("peer", 30, Utc::now()).unwrap();
    let certificate = Identity::from_pem(theirs.as_bytes()).unwrap().public_pem().unwrap();
    fs::write(house.path("theirs.crt"), certificate).unwrap();
    let add =
        ["as2", "add", "by-as2", "--partner", PARTNER, "--our-name", "HOUSE", "--partner-name", "Peer One"];
    let to = ["--url", "https://peer.example/as2", "--certificate", "theirs.crt"];
    house.says(&[&add[..], &to].concat(), "");
    assert!(house.says(&["as2", "list"], "").contains("by-as2"));
    let question = json!({
        "op": "build", "own_name": "Peer One", "own_pem": theirs, "partner_name": "HOUSE",
        "partner_pem": fs::read_to_string(house.path("ours.crt")).unwrap(), "message_id": "first@peer",
        "content": base64(xml_1_2("as2", &[3]).as_bytes()),
        "agreed": { "sign": true, "encrypt": true, "compress": true, "mdn_mode": "SYNC", "mdn_digest": "sha256" },
    });
    let mut peer = Peer::start();
    let message = Wire::of(&peer.ask(&question));
    let mut asked = house.client().post(house.gateway.url("/as2")).body(message.body);
    for (name, value) in &message.fields {
        asked = asked.header(name, value);
    }
    let answer = asked.send().unwrap();
    let fields = answer.headers().iter();
    let fields = fields.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let receipt = Wire { fields, body: answer.bytes().unwrap().to_vec() };
    let read = peer.ask(&receipt.asked(&json!({ "op": "read_receipt" })));
    assert_eq!(read["status"], "processed", "{read:#}");
    house.accepts("by-as2");
}

fn sends_by_https(house: &House) {
    let made = house
        .says(&["keys", "add", "apotheon", "--gln", PARTNER, "--scope", "partner", "--output", "json"], "");
    let made: Value = serde_json::from_str(&made).unwrap();
    let client = house.client();
    let ask = |request: reqwest::blocking::RequestBuilder| {
        request.bearer_auth(made["key"].as_str().unwrap()).send().unwrap()
    };
    let began = Instant::now();
    // A key is known everywhere within a second.
    let sent = loop {
        let post = client.post(house.gateway.url("/epcis/capture")).header("Content-Type", "application/xml");
        let sent = ask(post.body(xml_1_2("https", &[4])));
        if sent.status() == 202 || began.elapsed() > PATIENCE {
            break sent;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(sent.status(), 202, "{:?}", sent.text());
    let job = house.gateway.url(sent.headers()["location"].to_str().unwrap());
    loop {
        let job: Value = ask(client.get(&job)).json().unwrap();
        if job["running"] == false {
            assert_eq!(job["success"], true, "{job:#}");
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{job:#}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_new_partner_comes_from_its_invitation_to_its_first_accepted_file_over_each_channel() {
    let house = House::open();
    tries_and_goes_live(&house);
    sends_by_folder(&house);
    sends_by_sftp(&house);
    sends_by_as2(&house);
    sends_by_https(&house);
    let score = house.says(&["partner", "score", PARTNER], "");
    assert!(score.contains("Apotheon Labs") || score.contains(PARTNER), "{score}");
}
