//! Secrets with a mark in them, errors provoked, and a look at everything that leaves: no mark is found.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::dscsa::Decision;
use epcgate::dscsa::HoldKind;
use epcgate::dscsa::HoldScope;
use epcgate::gs1::Gtin;
use epcgate::store::Content;
use epcgate::store::DeliveryFilter;
use epcgate::store::DeliveryState;
use epcgate::store::NewDelivery;
use epcgate::store::Store;
use epcgate::transport::Cargo;
use epcgate::transport::PartnerChannel;
use epcgate::transport::as2;
use reqwest::blocking::Client;
use serde_json::json;

use crate::endpoint::Endpoint;
use crate::https::Authority;
use crate::process::client;
use crate::smtp::Server;
use crate::smtp::Speaks;
use crate::sshd::Sshd;

/// In every secret of this test.
const CANARY: &str = "CanaryZwitschert";

/// What must not be found: the mark, and its middle in base64 at each of the three places where it may begin.
fn marks() -> Vec<String> {
    let mut marks = vec![CANARY.to_owned(), CANARY.to_ascii_lowercase()];
    for begin in 0..3 {
        let coded = STANDARD_NO_PAD.encode(format!("{}{CANARY}", "x".repeat(begin)));
        marks.push(coded[6..coded.len() - 4].to_owned());
    }
    marks.push(CANARY.bytes().map(|byte| format!("{byte:02x}")).collect());
    marks
}

fn search(place: &str, bytes: &[u8], secrets: &[String]) -> Vec<String> {
    let found = |mark: &String| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    let marks = marks().into_iter().chain(secrets.iter().cloned());
    marks.filter(found).map(|mark| format!("{place}: {mark}")).collect()
}

#[test]
fn the_search_itself_finds_what_is_there() {
    for said in [
        format!("password {CANARY} refused"),
        STANDARD.encode(format!("\0gate\0{CANARY}")),
        STANDARD.encode(format!("gate:{CANARY}!")),
        CANARY.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ] {
        assert!(!search("here", said.as_bytes(), &[]).is_empty(), "{said}");
    }
    assert!(search("here", b"nothing", &[]).is_empty());
    assert!(!search("here", b"a key of ours", &["key of".to_owned()]).is_empty());
}

struct Nest {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Nest {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a verb says on both outputs, whatever comes of it.
    fn says(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .env("EPCGATE_DATABASE", self.path("epcgate.db"))
            .output()
            .unwrap();
        [output.stdout, output.stderr].concat()
    }
}

/// Writes settings in which every secret has the mark.
fn nest(authority: &Authority, smtp_port: u16, sftp_port: u16) -> Nest {
    let folder = tempfile::tempdir().unwrap();
    let channels = folder.path().join("channels");
    fs::create_dir(&channels).unwrap();
    let hook = format!("whsec_{}", STANDARD.encode(format!("a secret of webhooks {CANARY}")));
    for (name, text) in
        [("token", format!("token-{CANARY}")), ("password", format!("word-{CANARY}")), ("hook", hook)]
    {
        let path = channels.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let as2 = folder.path().join("as2.pem");
    fs::write(&as2, as2::Identity::make("ours", 30, Utc::now()).unwrap()).unwrap();
    fs::set_permissions(&as2, fs::Permissions::from_mode(0o600)).unwrap();
    let secret = |name: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("{name}-{CANARY}")).unwrap();
        path
    };
    let identity = authority.identity("own");
    let text = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n[database]\npassword_file = {:?}\n\
         [mail]\nhost = \"localhost\"\nport = {smtp_port}\nuser = \"gate\"\nfrom = \"gate@example.com\"\nroots = [{:?}]\n\
         password_file = {:?}\n[notices]\nurgent = [\"officer@example.com\"]\n\
         [routing.providers.north]\nkey_header = \"Authorization\"\nkey_prefix = \"Bearer \"\nkey_file = {:?}\n\
         [outbound]\nallow_loopback = true\nsecrets = {:?}\nroots = [{:?}]\nsftp_ports = [{sftp_port}]\n\
         [as2]\nidentities = [{:?}]\n[exchange]\nschedule_seconds = [0, 0]\n",
        identity.certificate,
        identity.key,
        secret("database"),
        authority.root(),
        secret("mail"),
        secret("provider"),
        channels,
        authority.root(),
        as2,
    );
    let config = folder.path().join("gate.toml");
    fs::write(&config, text).unwrap();
    Nest { folder, config }
}

/// The address that a gateway says in its log of standard output.
fn address(log: &Path) -> Option<String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let at = text.find("https://")?;
    Some(text[at..].chars().take_while(|c| !c.is_whitespace()).collect::<String>().replace("/epcis", ""))
}

fn wait<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What is said by the command line, whatever comes of it.
const VERBS: &[&[&str]] = &[
    &["config", "check"],
    &["config", "show", "--output", "json"],
    &["doctor", "--offline"],
    &["mail", "list", "--output", "json", "--body"],
    &["mail", "test"],
    &["audit", "list", "--output", "json"],
    &["channel", "list", "--output", "json"],
    &["channel", "test", "hook"],
    &["channel", "test", "push"],
    &["channel", "test", "sftp"],
    &["outbox", "list", "--output", "json"],
    &["as2", "list", "--output", "json"],
    &["people", "list", "--output", "json"],
    &["keys", "list", "--output", "json"],
    &["verify", "(01)00300010123455(21)1(17)271231(10)A1"],
];

/// Puts channels with secrets, and something to send by each: none of the partners takes it. Gives a part of the key of AS2.
fn put_channels(nest: &Nest, store: &Store, endpoint: &Endpoint, sshd: &Sshd) -> String {
    let as2_key = fs::read_to_string(nest.path("as2.pem")).unwrap();
    let (_, theirs) = as2_key.split_once("-----BEGIN CERTIFICATE").unwrap();
    let as2_settings = json!({ "ourName": "US", "partnerName": "THEM", "url": endpoint.url(),
        "certificates": [{ "certificate": format!("-----BEGIN CERTIFICATE{theirs}") }] });
    let wrong = json!({ "key": "", "password": "password" });
    for (id, by) in [
        ("hook", json!({ "webhook": { "url": endpoint.url(), "secrets": [nest.path("channels/hook")] } })),
        (
            "push",
            json!({ "https": { "url": endpoint.url(), "authorization": { "bearer": "token" }, "push": {} } }),
        ),
        ("sftp", json!({ "sftp": sshd.channel(wrong) })),
        ("as2", json!({ "as2": as2_settings })),
    ] {
        let channel = json!({ "id": id, "by": by });
        let channel: PartnerChannel = serde_json::from_value(channel).unwrap();
        store.put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
        let delivery = NewDelivery {
            channel: id.to_owned(),
            key: "1".to_owned(),
            cargo: Cargo::Events,
            name: "a.json".to_owned(),
            media_type: "application/json".to_owned(),
            content: Content::Bytes(b"{}".to_vec()),
        };
        store.put_delivery(&Caller::operator(), &delivery, Utc::now()).unwrap();
    }
    endpoint.answer_next(&[500; 20]);
    // Of the middle: the modulus at the beginning stands in the certificate too, which is no secret.
    let private = as2_key.lines().skip_while(|line| !line.contains("PRIVATE KEY")).nth(20).unwrap();
    private[..40].to_owned()
}

/// Asks with a good key, with keys that are wrong, and with a password and a link of people; what of the secrets was answered.
fn asked(client: &Client, base: &str, secrets: &[String]) -> Vec<String> {
    let (key, link) = (&secrets[0], &secrets[3]);
    let mut found = Vec::new();
    let wrong_key = format!("{}{CANARY}", &key[..key.len() - CANARY.len()]);
    for bearer in [key.as_str(), &wrong_key, CANARY] {
        for (method, path) in [
            ("GET", "/vrs/verify/gtin/00300010123455/lot/A1/ser/1?exp=271231&linkType=verificationService"),
            ("POST", "/epcis/capture"),
            ("POST", "/api/v1/scans"),
            ("GET", "/api/v1/audit"),
            ("GET", "/nowhere"),
        ] {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let request = client.request(method, format!("{base}{path}")).bearer_auth(bearer).body("<x");
            let answer = request.header("Content-Type", "application/xml").send().unwrap();
            let head = format!("{:?}", answer.headers());
            found.extend(search(path, head.as_bytes(), secrets));
            found.extend(search(path, &answer.bytes().unwrap(), secrets));
        }
    }
    for (path, form) in [
        ("/sign-in", format!("login=ann&password={CANARY}&to=/")),
        (&*format!("/set-up/{link}"), format!("password={CANARY}-and-more&again={CANARY}-and-less")),
    ] {
        let request = client.post(format!("{base}{path}")).header("Origin", base).body(form);
        let answer = request.header("Content-Type", "application/x-www-form-urlencoded").send().unwrap();
        found.extend(search(path, format!("{:?}", answer.headers()).as_bytes(), &secrets[..3]));
        found.extend(search(path, &answer.bytes().unwrap(), &secrets[..3]));
    }
    found
}

#[test]
fn no_secret_is_found_in_what_leaves() {
    let authority = Authority::new();
    // It refuses every sign-in, and repeats the password as it does.
    let smtp = Server::start(Speaks::Starttls, authority.identity("smtp"), "another", |_, _| Some("250 ok"));
    let (endpoint, sshd) = (Endpoint::start(&authority, "partner"), Sshd::start());
    let nest = nest(&authority, smtp.port, sshd.port());
    let store = Store::open(nest.path("epcgate.db").to_str().unwrap(), &Default::default()).unwrap();
    let scope = HoldScope::lot(Gtin::parse("00300010123455").unwrap(), "A1").unwrap();
    let decision = Decision::new("someone", Utc::now(), "forged").unwrap();
    store.open_hold(&Caller::operator(), HoldKind::Illegitimate, &scope, &decision).unwrap();

    let as2_private = put_channels(&nest, &store, &endpoint, &sshd);
    // A key of ours, which is shown once, to who made it.
    let made = nest.says(&["keys", "add", "north", "--any-gln", "--scope", "verify", "--output", "json"]);
    let made: serde_json::Value = serde_json::from_slice(&made).unwrap();
    let key = made["key"].as_str().unwrap().to_owned();
    let private = fs::read_to_string(authority.folder().join("own.key")).unwrap();
    let private: String = private.lines().nth(1).unwrap()[..40].to_owned();
    let added = nest.says(&["people", "add", "ann", "--role", "receiver", "--output", "json"]);
    let added: serde_json::Value = serde_json::from_slice(&added).unwrap();
    let link = added["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let secrets = [key.clone(), private, as2_private, link.clone()];

    let (out, err) = (nest.path("out"), nest.path("err"));
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&nest.config)
        .env("EPCGATE_DATABASE", nest.path("epcgate.db"))
        .env("EPCGATE_LOG__LEVEL", "trace")
        .stdout(Stdio::from(fs::File::create(&out).unwrap()))
        .stderr(Stdio::from(fs::File::create(&err).unwrap()))
        .spawn()
        .unwrap();
    let mut found = Vec::new();
    let base = wait("the gateway", || address(&out));
    let root = reqwest::Certificate::from_pem(&fs::read(authority.root()).unwrap()).unwrap();
    let client = client().tls_certs_only([root]).build().unwrap();
    found.extend(asked(&client, &base, &secrets));
    wait("the channels to give up", || {
        let dead = DeliveryFilter { state: Some(DeliveryState::Dead), ..DeliveryFilter::default() };
        let dead = store.deliveries(&Caller::operator(), &dead, None, 10).unwrap();
        (dead.len() >= 4).then_some(())
    });
    wait("a sign-in", || (!smtp.sign_ins().is_empty()).then_some(()));
    assert!(smtp.sign_ins()[0].1.contains(CANARY));
    wait("what came of it", || {
        let mails = store.mails(&Caller::operator(), None, None, 10).unwrap();
        mails.iter().any(|mail| mail.said.contains("535")).then_some(())
    });
    for path in ["/metrics", "/readyz", "/api/v1/openapi.json"] {
        let body = client.get(format!("{base}{path}")).send().unwrap().bytes().unwrap();
        found.extend(search(path, &body, &secrets));
    }
    Command::new("kill").arg(gateway.id().to_string()).status().unwrap();
    gateway.wait().unwrap();

    for arguments in VERBS {
        found.extend(search(&arguments.join(" "), &nest.says(arguments), &secrets));
    }
    for name in ["out", "err", "epcgate.db", "epcgate.db-wal"] {
        let bytes = fs::read(nest.path(name)).unwrap_or_default();
        found.extend(search(name, &bytes, &secrets));
    }
    assert!(fs::metadata(&err).unwrap().len() > 1_000, "nothing was logged");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn passwords_of_databases_are_not_told_as_they_fail() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, CANARY).unwrap();
    for url in [
        format!("postgres://u:{CANARY}@127.0.0.1:1/d"),
        format!("postgres://u:x{CANARY}@@127.0.0.1:1/d"),
        format!("postgres://u:a:{CANARY}@127.0.0.1:1/d"),
        format!("postgres://u:a/{CANARY}@127.0.0.1:1/d"),
        format!("postgres://u@127.0.0.1:1/d?password={CANARY}&nonsense=1"),
        "postgres://u@127.0.0.1:1/d".to_owned(),
    ] {
        for verb in [&["doctor", "--offline"][..], &["keys", "list"], &["config", "show"]] {
            let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
                .args(verb)
                .env("EPCGATE_DATABASE", &url)
                .env("EPCGATE_DATABASE__URL", &url)
                .env("EPCGATE_DATABASE__PASSWORD_FILE", &password)
                .output()
                .unwrap();
            let said = [output.stdout, output.stderr].concat();
            let found = search(&url, &said, &[]);
            assert!(found.is_empty(), "{found:?}: {}", String::from_utf8_lossy(&said));
        }
    }
}
