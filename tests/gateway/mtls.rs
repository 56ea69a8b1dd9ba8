//! Partners' machines that prove who they are by a certificate, and each way in which one does not.

use std::fs;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::date_time_ymd;
use reqwest::Certificate;
use reqwest::blocking::Client;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::process::client;

const ALPHA: &str = "9521101000016";

/// Signs what clients show.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and key in PEM, for a client unless it is changed.
    fn client(&self, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["machine.example".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let made = params.signed_by(&key, &self.0).unwrap();
        (made.pem(), key.serialize_pem())
    }
}

/// The program, serving HTTPS by an authority of its own, with its log in a file.
struct Gateway {
    child: Child,
    base: String,
    folder: TempDir,
    root: Certificate,
}

impl Gateway {
    fn start(clients: &Authority) -> Gateway {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("clients.pem"), clients.0.pem()).unwrap();
        told(
            folder.path(),
            &["tls", "make", "localhost", "127.0.0.1", "--into", at("tls").to_str().unwrap()],
        );
        fs::write(at("partners.csv"), format!("id,name,role,gln\nALPHA,Alpha,wholesaler,{ALPHA}\n")).unwrap();
        told(folder.path(), &["partners", "import", at("partners.csv").to_str().unwrap()]);
        let settings = format!(
            "[tls]\ncertificate = {:?}\nkey = {:?}\nauthority = {:?}\nclient_authorities = [{:?}]\n",
            at("tls/server.pem"),
            at("tls/server.key"),
            at("tls/authority.pem"),
            at("clients.pem"),
        );
        fs::write(at("epcgate.toml"), settings).unwrap();
        let mut child = epcgate(folder.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(at("epcgate.toml"))
            .env("EPCGATE_LOG__FORM", "json")
            .stdout(Stdio::piped())
            .stderr(File::create(at("log")).unwrap())
            .spawn()
            .unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let port: String = line
            .split("https://127.0.0.1:")
            .nth(1)
            .unwrap()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let root = Certificate::from_pem(&fs::read(at("tls/authority.pem")).unwrap()).unwrap();
        Gateway { child, base: format!("https://localhost:{port}"), folder, root }
    }

    fn client(&self, identity: Option<&(String, String)>) -> Client {
        let mut builder = client().tls_certs_only([self.root.clone()]).timeout(Duration::from_secs(30));
        if let Some((certificate, key)) = identity {
            let both = format!("{certificate}{key}");
            builder = builder.identity(reqwest::Identity::from_pem(both.as_bytes()).unwrap());
        }
        builder.build().unwrap()
    }

    /// The status of a question, or `None` where there is no connection.
    fn status(&self, identity: Option<&(String, String)>) -> Option<u16> {
        let asked = self.client(identity).get(format!("{}/epcis/events", self.base)).send();
        asked.ok().map(|answer| answer.status().as_u16())
    }

    fn pin(&self, identity: &(String, String), partner: &str) -> String {
        let path = self.folder.path().join("machine.pem");
        fs::write(&path, &identity.0).unwrap();
        let said = told(self.folder.path(), &["tls", "pin", "--partner", partner, path.to_str().unwrap()]);
        said.split_whitespace().next().unwrap().to_owned()
    }

    /// Waits until the log says so.
    fn logged(&self, words: &str) {
        let began = Instant::now();
        loop {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
            if log.lines().any(|line| line.contains("client certificate was refused") && line.contains(words))
            {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{words} is not in the log:\n{log}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn epcgate(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_epcgate"));
    command.env("EPCGATE_DATA_DIR", folder.join("data"));
    command
}

/// What the program says, which must succeed.
fn told(folder: &Path, arguments: &[&str]) -> String {
    let output = epcgate(folder).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn document(sender: &str, serial: &str) -> String {
    json!({
        "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-04T12:00:00Z",
        "sender": sender, "receiver": "urn:epc:id:sgln:0399999.99999.0", "instanceIdentifier": serial,
        "epcisBody": { "eventList": [{
            "type": "ObjectEvent", "eventTime": "2026-03-04T06:00:00Z", "eventTimeZoneOffset": "-05:00",
            "epcList": [format!("urn:epc:id:sgtin:9521101.012345.{serial}")], "action": "ADD",
            "bizStep": "commissioning",
        }] },
    })
    .to_string()
}

#[test]
fn a_machine_is_the_partner_that_its_certificate_is_pinned_for() {
    let authority = Authority::new("ours");
    let gateway = Gateway::start(&authority);
    let (old, new) = (authority.client(|_| {}), authority.client(|_| {}));
    let pinned = gateway.pin(&old, "ALPHA");
    gateway.pin(&new, "ALPHA");
    assert_eq!(gateway.pin(&old, "ALPHA"), pinned, "the same again changes nothing");
    for (sender, serial) in
        [("urn:epc:id:sgln:9521101.00001.0", "OWN"), ("urn:epc:id:sgln:9521102.00001.0", "OTHER")]
    {
        let path: PathBuf = gateway.folder.path().join(format!("{serial}.jsonld"));
        fs::write(&path, document(sender, serial)).unwrap();
        told(gateway.folder.path(), &["capture", path.to_str().unwrap()]);
    }
    // Both are good at the same time, and each sees what its partner is party to.
    for identity in [&old, &new] {
        let asked = gateway.client(Some(identity)).get(format!("{}/epcis/events", gateway.base));
        let answer = asked.send().unwrap();
        assert_eq!(answer.status(), 200);
        let seen = answer.json::<Value>().unwrap().to_string();
        assert!(seen.contains("/21/OWN") && !seen.contains("OTHER"), "{seen}");
    }
    told(gateway.folder.path(), &["tls", "unpin", &pinned]);
    assert_eq!((gateway.status(Some(&old)), gateway.status(Some(&new))), (Some(401), Some(200)));
    assert!(
        told(gateway.folder.path(), &["audit", "list", "--output", "json"]).contains("certificates.unpinned")
    );
}

#[test]
fn every_other_certificate_is_refused_with_its_reason() {
    let (authority, other) = (Authority::new("ours"), Authority::new("another"));
    let gateway = Gateway::start(&authority);
    let expired = authority.client(|params| {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    });
    let early = authority.client(|params| {
        (params.not_before, params.not_after) = (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1));
    });
    let server =
        authority.client(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    let foreign = other.client(|_| {});
    for (identity, reason) in [
        (&expired, "expired"),
        (&early, "not yet valid"),
        (&server, "not for clients"),
        (&foreign, "unknown authority"),
    ] {
        // Even pinned, such a certificate opens nothing.
        gateway.pin(identity, "ALPHA");
        assert_eq!(gateway.status(Some(identity)), None, "{reason}");
        gateway.logged(&format!("\"reason\":\"{reason}\""));
    }
    let unpinned = authority.client(|_| {});
    assert_eq!(gateway.status(Some(&unpinned)), Some(401));
    gateway.logged("\"reason\":\"unpinned\"");
    let health = |identity| gateway.client(identity).get(format!("{}/healthz", gateway.base)).send();
    assert_eq!(health(None).unwrap().status(), 200, "who shows none may still connect");
}

#[test]
fn devices_find_the_authority_to_install() {
    let gateway = Gateway::start(&Authority::new("ours"));
    let page = gateway.client(None).get(format!("{}/authority", gateway.base)).send().unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().unwrap().contains("Get the certificate"));
    let given = gateway.client(None).get(format!("{}/authority/certificate", gateway.base)).send().unwrap();
    assert_eq!(given.headers()["content-type"], "application/x-x509-ca-cert");
    let folder = gateway.folder.path().join("tls");
    let pem = fs::read_to_string(folder.join("authority.pem")).unwrap();
    let told = told(
        gateway.folder.path(),
        &["tls", "make", "localhost", "--into", folder.to_str().unwrap(), "--output", "json"],
    );
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["kept"], true);
    assert_eq!(fs::read_to_string(folder.join("authority.pem")).unwrap(), pem);
    use sha2::Digest;
    let digest: String =
        sha2::Sha256::digest(given.bytes().unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told["fingerprint"], digest);
}
