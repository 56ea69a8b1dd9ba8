//! A federation over real TLS: a maker, two providers, a wholesaler and a clinic, each a process with its own database; a
//! wallet that signs their presentations, and a provider that lies.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use chrono::Days;
use chrono::NaiveDate;
use chrono::Utc;
use reqwest::Certificate;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::https::Answered;
use crate::https::Asked;
use crate::https::Authority;
use crate::https::Server;
use crate::process::Gateway;
use crate::wallet::Wallet;

const MAKER: &str = "0352999000012";
const WHOLESALER: &str = "9521101000016";
const CLINIC: &str = "9521102000015";
const ALPHA: &str = "9521103000014";
const BETA: &str = "9521104000013";
const GTIN: &str = "00352999101306";

/// How long a question may take.
const DEADLINE: Duration = Duration::from_millis(4_000);

const MAKER_SHIPS: &str = include_str!("../../fixtures/demo/1_manufacturer_ships.xml");
const WHOLESALER_RECEIVES: &str = include_str!("../../fixtures/demo/2_wholesaler_receives.jsonld");
const WHOLESALER_SHIPS: &str = include_str!("../../fixtures/demo/3_wholesaler_ships.xml");

/// A lot of eight bottles, four of which are sold to the clinic; each lot expires in another window of the directory.
#[derive(Clone, Copy)]
struct Lot {
    letter: char,
    digit: u8,
    /// Days from today until it expires.
    life: u64,
}

const NORTH: Lot = Lot { letter: 'N', digit: 7, life: 540 };
const SOUTH: Lot = Lot { letter: 'S', digit: 8, life: 720 };
const EAST: Lot = Lot { letter: 'E', digit: 9, life: 900 };

impl Lot {
    /// A document of the demo, of this lot instead.
    fn document(self, text: &str) -> String {
        let Lot { letter, digit, life } = self;
        let text = text
            .replace("A7K2M", &format!("{letter}7K2M"))
            .replace("C000000", &format!("C{letter}00000"))
            .replace("0352999.0000000017", &format!("0352999.000000001{digit}"))
            .replace("LMX2611", &format!("LMX26{digit}1"))
            .replace("PO-7741", &format!("PO-774{digit}"))
            .replace("ASN-5520", &format!("ASN-552{digit}"))
            .replace("PO-118", &format!("PO-11{digit}"))
            .replace("ASN-90412", &format!("ASN-9041{digit}"))
            .replace("{DAY+0}", &letter.to_string())
            .replace("{DAY+540}", &day(life).to_string());
        let mut parts = text.split("{DAY");
        let mut dated = parts.next().unwrap().to_owned();
        for part in parts {
            let (days, rest) = part.split_once('}').unwrap();
            let days: i64 = days.parse().unwrap();
            let date = Utc::now().date_naive() + chrono::TimeDelta::days(days);
            dated += &format!("{date}{rest}");
        }
        dated
    }

    /// What a scanner gives for a bottle of it.
    fn label(self, bottle: u32) -> String {
        self.forged(&format!("{}7K2M{bottle:04}", self.letter), &format!("LMX26{}1", self.digit))
    }

    /// The same with another serial number or lot number.
    fn forged(self, serial: &str, lot: &str) -> String {
        let expiry = day(self.life).format("%y%m%d");
        format!("]d201{GTIN}21{serial}\u{1d}17{expiry}10{lot}")
    }
}

fn day(after: u64) -> NaiveDate {
    Utc::now().date_naive() + Days::new(after)
}

/// How the third provider lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    WrongCorrelation,
    Html,
    NoCredential,
}

/// What all members of a federation have in common.
struct Ground {
    authority: Authority,
    wallet: Wallet,
}

/// A process with its folder.
struct Member {
    gateway: Gateway,
    folder: TempDir,
}

impl Ground {
    /// Prepares a member: its folder and its settings, which `own` adds to.
    fn settle(&self, name: &str, gln: &str, own: &str) -> (TempDir, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let identity = self.authority.identity(name);
        let text = format!(
            "[tls]\ncertificate = {:?}\nkey = {:?}\n\
             [outbound]\nallow_loopback = true\nroots = [{:?}]\n\
             [exceptions]\nname = {name:?}\ngln = {gln:?}\n{own}",
            identity.certificate,
            identity.key,
            self.authority.root(),
        );
        let file = folder.path().join("epcgate.toml");
        std::fs::write(&file, text).unwrap();
        let arguments = ["--config", file.to_str().unwrap(), "--data-dir", folder.path().to_str().unwrap()];
        let arguments = arguments.map(str::to_owned).to_vec();
        (folder, arguments)
    }

    /// The part of the settings by which a member presents itself, and asks others to.
    fn credentials(&self, name: &str, gln: &str) -> String {
        format!(
            "[credentials]\nrequired = \"require\"\nanswers = \"require\"\nwallet = {:?}\nverify_path = \"\"\n\
             holder = {:?}\ntrusted_issuers = [{:?}]\n",
            self.wallet.url(),
            self.wallet.holder(name, gln),
            self.wallet.issuer(),
        )
    }

    fn start(&self, (folder, arguments): (TempDir, Vec<String>)) -> Member {
        let root = Certificate::from_pem(&std::fs::read(self.authority.root()).unwrap()).unwrap();
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(arguments.iter().map(String::as_str));
        Member { gateway: Gateway::trusting(&all, &[root]), folder }
    }
}

/// Runs a verb on the database of a member, and gives what it prints.
fn epcgate(arguments: &[String], verb: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_epcgate")).args(verb).args(arguments).output().unwrap();
    assert!(done.status.success(), "{verb:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

impl Member {
    fn url(&self) -> String {
        format!("{}/vrs", self.gateway.url("").replace("127.0.0.1", "localhost"))
    }

    fn arguments(&self) -> Vec<String> {
        vec!["--data-dir".to_owned(), self.folder.path().to_str().unwrap().to_owned()]
    }

    /// A key with which somebody may ask it, in a file.
    fn key(&self, name: &str, glns: &[&str]) -> PathBuf {
        let printed =
            epcgate(&self.arguments(), &[&["keys", "add", name, "--output", "json"][..], glns].concat());
        let key: Value = serde_json::from_str(&printed).unwrap();
        let file = self.folder.path().join(format!("{name}.key"));
        std::fs::write(&file, key["key"].as_str().unwrap()).unwrap();
        file
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.gateway.client().post(self.gateway.url(path)).json(body);
        let answer = request.timeout(Duration::from_secs(20)).send().unwrap();
        let (status, text) = (answer.status(), answer.text().unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn get(&self, path: &str) -> Value {
        self.gateway.client().get(self.gateway.url(path)).send().unwrap().json().unwrap()
    }

    fn capture(&self, media_type: &str, document: String) {
        let path = self.gateway.url("/epcis/capture");
        let request = self.gateway.client().post(path).header("Content-Type", media_type).body(document);
        let answer = request.send().unwrap();
        assert_eq!(answer.status(), 202, "{}", answer.text().unwrap());
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        loop {
            let job = self.get(&location);
            if job["running"] == false {
                assert_eq!(job["success"], true, "{job}");
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Everybody, on loopback.
struct Federation {
    ground: Ground,
    maker: Member,
    alpha: Member,
    beta: Member,
    wholesaler: Member,
    clinic: Member,
    lie: Arc<Mutex<Lie>>,
    /// A key with which the wholesaler asks the maker without a provider.
    direct: String,
}

/// A record of the directory: who answers for the maker's product that expires in a window, and where.
fn record(window: (Option<u64>, Option<u64>), provider: &str, url: &str) -> Value {
    let mut record = json!({
        "gtin": GTIN, "responderGLN": MAKER, "provider": provider, "url": url, "source": "federation",
    });
    for (name, bound) in [("startExpDate", window.0), ("endExpDate", window.1)] {
        if let Some(bound) = bound {
            record[name] = json!(day(bound).to_string());
        }
    }
    record
}

/// The settings of a router: who it is, and its key for each provider.
fn routing(gln: &str, onward: bool, providers: &[(&str, PathBuf)]) -> String {
    let mut text = format!(
        "[routing]\nrequester = {gln:?}\nonward = {onward}\ndeadline_milliseconds = {}\nlate_minutes = [60]\n",
        DEADLINE.as_millis()
    );
    for (name, key) in providers {
        text += &format!(
            "[routing.providers.{name}]\nkey_header = \"Authorization\"\nkey_prefix = \"Bearer \"\nkey_file = {key:?}\n"
        );
    }
    text
}

impl Federation {
    fn start() -> Federation {
        let authority = Authority::new();
        let wallet = Wallet::start(&authority.identity("wallet"));
        let ground = Ground { authority, wallet };
        let own = format!(
            "{}[verification]\nresponder = {MAKER:?}\nprefixes = [\"0352999\"]\n",
            ground.credentials("maker", MAKER)
        );
        let maker = ground.start(ground.settle("maker", MAKER, &own));
        let direct = std::fs::read_to_string(maker.key("direct", &["--gln", WHOLESALER])).unwrap();
        let provider = |name: &str, gln: &str| {
            let own = routing(gln, true, &[("maker", maker.key(name, &["--any-gln"]))]);
            let settled = ground.settle(name, gln, &own);
            import(&settled, &[record((None, None), "maker", &maker.url())]);
            ground.start(settled)
        };
        let (alpha, beta) = (provider("alpha", ALPHA), provider("beta", BETA));
        let lie = Arc::new(Mutex::new(Lie::Html));
        let liar = liar(&ground, Arc::clone(&lie));
        let asker = |name: &str, gln: &str| {
            let keys =
                [("alpha", alpha.key(name, &["--gln", gln])), ("beta", beta.key(name, &["--gln", gln]))];
            let own = ground.credentials(name, gln) + &routing(gln, false, &keys);
            let settled = ground.settle(name, gln, &own);
            let directory = [
                record((None, Some(NORTH.life + 60)), "alpha", &alpha.url()),
                record((Some(NORTH.life + 61), Some(SOUTH.life + 60)), "beta", &beta.url()),
                record((Some(SOUTH.life + 61), None), "liar", &format!("{}/vrs", liar.url())),
            ];
            import(&settled, &directory);
            ground.start(settled)
        };
        let (wholesaler, clinic) = (asker("wholesaler", WHOLESALER), asker("clinic", CLINIC));
        for lot in [NORTH, SOUTH, EAST] {
            maker.capture("application/xml", lot.document(MAKER_SHIPS));
            wholesaler.capture("application/xml", lot.document(MAKER_SHIPS));
            wholesaler.capture("application/ld+json", lot.document(WHOLESALER_RECEIVES));
            wholesaler.capture("application/xml", lot.document(WHOLESALER_SHIPS));
            clinic.capture("application/xml", lot.document(WHOLESALER_SHIPS));
        }
        Federation { ground, maker, alpha, beta, wholesaler, clinic, lie, direct }
    }

    fn lies(&self, lie: Lie) {
        *self.lie.lock().unwrap() = lie;
    }
}

fn import((_, arguments): &(TempDir, Vec<String>), records: &[Value]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json!({ "records": records }).to_string()).unwrap();
    let path = file.path().to_str().unwrap();
    epcgate(&arguments[2..], &["directory", "import", path, "--from", "json"]);
}

/// A provider that says yes to everything, and lies in how it does.
fn liar(ground: &Ground, lie: Arc<Mutex<Lie>>) -> Server {
    let holder = ground.wallet.holder("maker", MAKER);
    let hand = ground.wallet.hand();
    Server::start(&ground.authority.identity("liar"), move |asked: &Asked| {
        let (_, query) = asked.target.split_once('?').unwrap();
        let correlation = query.split('&').find_map(|pair| pair.strip_prefix("corrUUID=")).unwrap();
        let lie = *lie.lock().unwrap();
        let said = match lie {
            Lie::WrongCorrelation => uuid::Uuid::new_v4().to_string(),
            Lie::Html => return Answered::html(200),
            Lie::NoCredential => correlation.to_owned(),
        };
        let mut answered = Answered::json(&json!({
            "verificationTimestamp": Utc::now().format("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
            "responderGLN": MAKER, "corrUUID": said, "data": { "verified": true },
        }));
        if lie != Lie::NoCredential {
            let presentation = hand.presentation(&holder, correlation, |_| {});
            answered.headers.push(("ATP-Authorization".to_owned(), presentation));
        }
        answered
    })
}

/// What a member makes of a scan: verdict and reason, and how long it took.
fn verified(member: &Member, scan: &str) -> (String, String, Duration) {
    let began = Instant::now();
    let found = member.post("/api/v1/verifications", &json!({ "scan": scan }));
    let text = |name: &str| found[name].as_str().unwrap_or_else(|| panic!("{name}: {found}")).to_owned();
    (text("verdict"), text("reason"), began.elapsed())
}

#[track_caller]
fn check(member: &Member, scan: &str, verdict: &str, words: &str) -> Duration {
    let (found, reason, took) = verified(member, scan);
    assert!(
        found == verdict && reason.contains(words),
        "{scan:?}: {found}, {reason}; not {verdict}, {words}"
    );
    took
}

/// A return of the clinic's at the wholesaler, once it is checked: each decision with its reason.
fn returned(federation: &Federation, scans: &[String]) -> (String, Vec<(String, String)>) {
    let wholesaler = &federation.wholesaler;
    let asked = json!({ "customer": CLINIC, "place": "9521101000023", "by": "Ann", "scans": scans });
    let id = wholesaler.post("/api/v1/returns", &asked)["id"].as_str().unwrap().to_owned();
    let began = Instant::now();
    while wholesaler.get(&format!("/api/v1/returns/{id}"))["state"] == "checking" {
        assert!(began.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(20));
    }
    let found = wholesaler.get(&format!("/api/v1/returns/{id}/units"));
    let decision = |unit: &Value| {
        let text = |name: &str| unit[name].as_str().unwrap_or_default().to_owned();
        (text("decision"), text("reason"))
    };
    (id, found["units"].as_array().unwrap().iter().map(decision).collect())
}

#[test]
fn a_return_is_verified_across_a_federation_that_partly_fails() {
    let federation = Federation::start();
    sound(&federation);
    credentials_are_asked_for(&federation);
    lying(&federation);
    stalling(&federation);
    killed(&federation);
}

/// The verification of a bottle names the provider of its window, the maker, and the maker's credential.
fn is_routed(federation: &Federation, lot: Lot, provider: &str) {
    let found = federation.wholesaler.post("/api/v1/verifications", &json!({ "scan": lot.label(2) }));
    assert_eq!((&found["provider"], &found["responderGLN"]), (&provider.into(), &MAKER.into()), "{found}");
    let id = found["id"].as_str().unwrap();
    let record = federation.wholesaler.get(&format!("/api/v1/verifications/{id}"));
    let credential = &record["evidence"]["credential"];
    assert_eq!((&credential["outcome"], &credential["gln"]), (&"valid".into(), &MAKER.into()), "{record}");
    let asked = federation.maker.get("/api/v1/verifications?direction=answered&perPage=1");
    let asked = &asked["verifications"][0];
    assert_eq!(
        (&asked["corrUUID"], &asked["requesterGLN"]),
        (&found["corrUUID"], &WHOLESALER.into()),
        "{asked}"
    );
}

fn sound(federation: &Federation) {
    is_routed(federation, NORTH, "alpha");
    is_routed(federation, SOUTH, "beta");
    for (member, bottle) in [(&federation.clinic, 1), (&federation.wholesaler, 2)] {
        check(member, &NORTH.label(bottle), "ok", "");
        check(member, &SOUTH.label(bottle), "ok", "");
    }
    let (id, decisions) = returned(federation, &[NORTH.label(1), SOUTH.label(1), EAST.label(1)]);
    let words: Vec<&str> = decisions.iter().map(|(decision, _)| decision.as_str()).collect();
    assert_eq!(words, ["sellable", "sellable", "wait"], "{decisions:?}");
    federation.wholesaler.post(&format!("/api/v1/returns/{id}/close"), &json!({ "by": "Ann" }));
    // What is not the maker's own, and what it has taken back meanwhile.
    check(&federation.wholesaler, &NORTH.forged("N7K2M0099", "LMX2671"), "do-not-use", "no package");
    check(&federation.wholesaler, &SOUTH.forged("S7K2M0003", "LMX2671"), "do-not-use", "another lot");
    let recall = json!({ "gtin": GTIN, "lot": "LMX2681", "reason": "glass", "by": "Ann" });
    federation.maker.post("/api/v1/recalls", &recall);
    check(&federation.clinic, &SOUTH.label(3), "do-not-use", "recalled");
    let recalls = federation.maker.get("/api/v1/recalls");
    let name = recalls["recalls"][0]["id"].as_str().unwrap_or_else(|| panic!("{recalls}"));
    federation
        .maker
        .post(&format!("/api/v1/recalls/{name}/release"), &json!({ "reason": "no glass", "by": "Ann" }));
    check(&federation.clinic, &SOUTH.label(3), "ok", "");
}

/// A question about the first bottle of a lot, as it stands behind an address.
fn question(lot: Lot, gln: &str, correlation: &str) -> String {
    format!(
        "verify/gtin/{GTIN}/lot/LMX26{}1/ser/{}7K2M0001?exp={}&linkType=verificationService&\
         context=dscsaSaleableReturn&reqGLN={gln}&corrUUID={correlation}",
        lot.digit,
        lot.letter,
        day(lot.life).format("%y%m%d"),
    )
}

/// Whoever has a key and no credential, or that of another request, is not answered.
fn credentials_are_asked_for(federation: &Federation) {
    let correlation = uuid::Uuid::new_v4().to_string();
    let url = format!("{}/{}", federation.maker.url(), question(NORTH, WHOLESALER, &correlation));
    let wallet = &federation.ground.wallet;
    let hand = wallet.hand();
    let holder = wallet.holder("wholesaler", WHOLESALER);
    let other = uuid::Uuid::new_v4().to_string();
    let clinic = wallet.holder("clinic", CLINIC);
    for (credential, status, words) in [
        (None, 401, "no credential was presented"),
        (Some(hand.presentation(&holder, &other, |_| {})), 401, "vp_nonce_invalid"),
        (Some(hand.presentation(&clinic, &correlation, |_| {})), 401, "it is of GLN 9521102000015"),
        (Some(hand.presentation(&holder, &correlation, |_| {})), 200, "\"verified\":true"),
    ] {
        let mut request = federation.maker.gateway.client().get(&url).bearer_auth(&federation.direct);
        if let Some(credential) = &credential {
            request = request.header("ATP-Authorization", credential);
        }
        let answer = request.send().unwrap();
        let (found, text) = (answer.status(), answer.text().unwrap());
        assert!(found == status && text.contains(words), "{words}: {found} {text}");
    }
}

fn lying(federation: &Federation) {
    for (lie, words) in [
        (Lie::Html, "is no answer"),
        (Lie::WrongCorrelation, "corrUUID is not ours"),
        (Lie::NoCredential, "no credential was presented"),
    ] {
        federation.lies(lie);
        check(&federation.wholesaler, &EAST.label(2), "wait", words);
    }
    check(&federation.wholesaler, &NORTH.label(2), "ok", "");
}

fn stalling(federation: &Federation) {
    federation.beta.gateway.signal("STOP");
    let took = thread::scope(|scope| {
        let slow = scope.spawn(|| check(&federation.wholesaler, &SOUTH.label(2), "wait", ""));
        check(&federation.wholesaler, &NORTH.label(3), "ok", "");
        slow.join().unwrap()
    });
    assert!(took < DEADLINE + Duration::from_secs(2), "{took:?}");
    federation.beta.gateway.signal("CONT");
    check(&federation.wholesaler, &SOUTH.label(2), "ok", "");
    // Behind a provider that is well it is the provider that tells.
    let ask = |path: &str| {
        let key = std::fs::read_to_string(federation.alpha.folder.path().join("wholesaler.key")).unwrap();
        let request = federation.alpha.gateway.client().get(format!("{}/{path}", federation.alpha.url()));
        let answer = request.bearer_auth(key).timeout(3 * DEADLINE).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let connectivity = format!(
        "checkConnectivity?gtin={GTIN}&reqGLN={WHOLESALER}&linkType=verificationService&context=dscsaSaleableReturn"
    );
    let (status, text) = ask(&connectivity);
    assert!(status == 200 && text.contains(MAKER), "{status}: {text}");
    federation.maker.gateway.signal("STOP");
    let (status, text) = ask(&question(NORTH, WHOLESALER, &uuid::Uuid::new_v4().to_string()));
    assert!(status == 504 && text.contains("in time"), "{status}: {text}");
    federation.maker.gateway.signal("CONT");
    let (status, text) = ask(&connectivity.replace(GTIN, "00614141123452"));
    assert!(status == 404 && text.contains("names nobody"), "{status}: {text}");
}

fn killed(federation: &Federation) {
    federation.alpha.gateway.signal("KILL");
    let took = check(&federation.wholesaler, &NORTH.label(4), "wait", "");
    assert!(took < DEADLINE + Duration::from_secs(2), "{took:?}");
    let (_, decisions) = returned(federation, &[NORTH.label(2), SOUTH.label(2)]);
    let words: Vec<&str> = decisions.iter().map(|(decision, _)| decision.as_str()).collect();
    assert_eq!(words, ["wait", "sellable"], "{decisions:?}");
}
