//! Webhooks: what others make of our signatures, and what becomes of events while endpoints fail and gateways are killed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::exchange::Carriers;
use epcgate::exchange::Outbox;
use epcgate::exchange::Settings;
use epcgate::store::Content;
use epcgate::store::DeliveryFilter;
use epcgate::store::DeliveryState;
use epcgate::store::NewDelivery;
use epcgate::store::Store;
use epcgate::transport;
use epcgate::transport::Cargo;
use epcgate::transport::Outbound;
use serde_json::Value;
use serde_json::json;

use crate::endpoint::BROKEN;
use crate::endpoint::Endpoint;
use crate::endpoint::Message;
use crate::endpoint::SECRETS;
use crate::endpoint::hook;
use crate::endpoint::secrets;
use crate::harness::TestGateway;
use crate::harness::xml_1_2;
use crate::https::Authority;
use crate::postgres;
use crate::process::Gateway;

const PATIENCE: Duration = Duration::from_secs(90);

/// How often to kill: some by default, all with `EPCGATE_OUTBOX_KILLS`.
pub fn kills() -> u32 {
    std::env::var("EPCGATE_OUTBOX_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(3)
}

fn carriers(store: &Store, authority: &Authority) -> Carriers {
    let settings = transport::Settings {
        allow_loopback: true,
        roots: vec![authority.root()],
        ..transport::Settings::default()
    };
    crate::picking::carriers(store, &Outbound::new(&settings).unwrap())
}

fn event(channel: &str, number: u32) -> NewDelivery {
    NewDelivery {
        channel: channel.to_owned(),
        key: number.to_string(),
        cargo: Cargo::Events,
        name: "capture.done".to_owned(),
        media_type: "application/json".to_owned(),
        content: Content::Bytes(json!({ "type": "capture.done", "number": number }).to_string().into_bytes()),
    }
}

/// Judges messages by a verifier of others: for each, `accepted` or why not.
fn judged(verifier: &[&str], script: &str, asked: &Value) -> Vec<String> {
    let mut child = Command::new(verifier[0])
        .args(&verifier[1..])
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{verifier:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

const PYTHON: &str = "
import json, sys
from standardwebhooks.webhooks import Webhook
said = []
for asked in json.load(sys.stdin):
    try:
        Webhook(asked['secret']).verify(asked['body'], asked['headers'])
        said.append('accepted')
    except Exception as error:
        said.append(str(error) or type(error).__name__)
print(json.dumps(said))
";

const NODE: &str = "
const { Webhook } = require('standardwebhooks');
const said = JSON.parse(require('fs').readFileSync(0)).map((asked) => {
    try { new Webhook(asked.secret).verify(asked.body, asked.headers); return 'accepted'; }
    catch (error) { return error.message || error.name; }
});
console.log(JSON.stringify(said));
";

/// Runs a program that fetches something, once.
fn fetch(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output();
    let done = done.unwrap_or_else(|error| panic!("{program} is needed (see tests/run): {error}"));
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A folder of the target folder in which others' verifiers are kept, made once.
fn verifiers() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("standardwebhooks");
        if !folder.join("fetched").exists() {
            std::fs::create_dir_all(&folder).unwrap();
            let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
            fetch("python3", &["-m", "venv", &path("python")]);
            fetch(&path("python/bin/pip"), &["install", "--quiet", "standardwebhooks==1.1.0"]);
            let quiet = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix"];
            fetch("npm", &[&quiet[..], &[&path("."), "standardwebhooks@1.1.1"]].concat());
            std::fs::write(folder.join("fetched"), "").unwrap();
        }
        folder
    })
}

/// What both verifiers say of the same messages.
fn said_by_others(asked: &Value) -> Vec<String> {
    let folder = verifiers();
    let python = folder.join("python/bin/python");
    let by_python = judged(&[python.to_str().unwrap(), "-c"], PYTHON, asked);
    // `require` looks into node_modules beside the folder it is told of.
    let script = folder.join("verify.cjs");
    std::fs::write(&script, NODE).unwrap();
    let by_node = judged(&["node"], script.to_str().unwrap(), asked);
    let accepted = |said: &[String]| said.iter().map(|said| said == "accepted").collect::<Vec<_>>();
    assert_eq!(accepted(&by_python), accepted(&by_node), "{by_python:?} {by_node:?}");
    by_python
}

#[test]
fn others_accept_our_signatures_and_nothing_else() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let endpoint = Endpoint::start(&authority, "hook");
    let store = Store::open(folder.path().join("a.db").to_str().unwrap(), &Default::default()).unwrap();
    let caller = Caller::operator();
    // Two secrets, as while one is exchanged for the other.
    let channel = hook("erp", "", &endpoint.url(), &secrets(folder.path(), 2), &[]);
    store.put_channel(&caller, &channel, Utc::now()).unwrap();
    let outbox = Outbox::new(&store, &Settings::default());
    let send = |now: DateTime<Utc>, number: u32| {
        store.put_delivery(&caller, &event("erp", number), now).unwrap().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(
            runtime.block_on(outbox.send_due(&carriers(&store, &authority), "a", &|| now)).unwrap(),
            1
        );
        endpoint.got().pop().unwrap()
    };
    let now = Utc::now();
    let fresh = send(now, 1);
    assert_eq!(fresh.headers["webhook-signature"].split(' ').count(), 2);
    let old = send(now - chrono::TimeDelta::seconds(302), 2);
    let early = send(now + chrono::TimeDelta::seconds(360), 3);
    let asked = |message: &Message, secret: &str| json!({ "secret": secret, "headers": message.headers, "body": String::from_utf8(message.body.clone()).unwrap() });
    let other = format!("whsec_{}", "A".repeat(32));
    let mut all = vec![
        asked(&fresh, SECRETS[0]),
        asked(&fresh, SECRETS[1]),
        asked(&fresh, &other),
        asked(&old, SECRETS[0]),
        asked(&early, SECRETS[0]),
    ];
    // Every bit of the first character of a number, and one of everything else that is signed.
    for bit in 0..3 {
        let mut changed = fresh.clone();
        let at = changed.body.iter().position(|byte| *byte == b'1').unwrap();
        changed.body[at] ^= 1 << bit;
        all.push(asked(&changed, SECRETS[0]));
    }
    for name in ["webhook-id", "webhook-timestamp"] {
        let mut changed = fresh.clone();
        let value = changed.headers.get_mut(name).unwrap();
        let last = value.pop().unwrap();
        value.push(if last == '1' { '2' } else { '1' });
        all.push(asked(&changed, SECRETS[0]));
    }
    let said = said_by_others(&Value::Array(all));
    assert_eq!(said[..2], ["accepted", "accepted"]);
    assert!(said[2..].iter().all(|said| said != "accepted"), "{said:?}");
}

/// A store with one channel, `erp`, to an endpoint.
struct Pushed {
    authority: Authority,
    folder: tempfile::TempDir,
    endpoint: Endpoint,
    store: Store,
}

fn pushed() -> Pushed {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let endpoint = Endpoint::start(&authority, "hook");
    let store = Store::open(folder.path().join("a.db").to_str().unwrap(), &Default::default()).unwrap();
    let channel = hook("erp", "", &endpoint.url(), &secrets(folder.path(), 1), &[]);
    store.put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
    Pushed { authority, folder, endpoint, store }
}

#[test]
fn what_is_no_success_is_sent_again_under_the_same_name() {
    let Pushed { authority, folder, endpoint, store } = pushed();
    let caller = Caller::operator();
    let settings = Settings { schedule_seconds: vec![0; 8], ..Settings::default() };
    let outbox = Outbox::new(&store, &settings);
    let id = store.put_delivery(&caller, &event("erp", 1), Utc::now()).unwrap().unwrap();
    endpoint.answer_next(&[500, 301, 404, 503, 429]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sent = runtime.block_on(outbox.send_due(&carriers(&store, &authority), "a", &Utc::now)).unwrap();
    assert_eq!(sent, 6);
    assert!(endpoint.got().iter().all(|message| message.id() == id));
    let log = store.delivery_tries(&caller, &id).unwrap();
    let answers: Vec<&str> = log.iter().map(|made| &made.answer[..3]).collect();
    assert_eq!(answers, ["500", "301", "404", "503", "429", "200"]);
    // Nobody is called where the endpoint is not of the public internet, or has no secret.
    let inside = hook("inside", "", "https://169.254.169.254/hook", &secrets(folder.path(), 1), &[]);
    let bare = hook("bare", "", &endpoint.url(), &[folder.path().join("none")], &[]);
    for channel in [inside, bare] {
        store.put_channel(&caller, &channel, Utc::now()).unwrap();
        store.put_delivery(&caller, &event(&channel.id, 2), Utc::now()).unwrap().unwrap();
    }
    let before = endpoint.got().len();
    runtime.block_on(outbox.send_due(&carriers(&store, &authority), "a", &Utc::now)).unwrap();
    assert_eq!(endpoint.got().len(), before);
    let dead = DeliveryFilter { state: Some(DeliveryState::Dead), ..DeliveryFilter::default() };
    let notes: Vec<String> = store
        .deliveries(&caller, &dead, None, 10)
        .unwrap()
        .into_iter()
        .map(|delivery| delivery.note)
        .collect();
    assert!(notes.iter().any(|note| note.contains("169.254.169.254")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("none")), "{notes:?}");
}

#[test]
fn an_endpoint_that_asks_to_be_left_alone_is() {
    let Pushed { authority, folder: _folder, endpoint, store } = pushed();
    let caller = Caller::operator();
    let settings = Settings { schedule_seconds: vec![0; 8], ..Settings::default() };
    let outbox = Outbox::new(&store, &settings);
    store.put_delivery(&caller, &event("erp", 1), Utc::now()).unwrap().unwrap();
    endpoint.answer_next(&[429, 503]);
    endpoint.retry_after("3600");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (minutes, expected) in [(0, 1), (59, 1), (61, 2), (119, 2), (122, 3), (200, 3)] {
        let at = || Utc::now() + chrono::TimeDelta::minutes(minutes);
        runtime.block_on(outbox.send_due(&carriers(&store, &authority), "a", &at)).unwrap();
        assert_eq!(endpoint.got().len(), expected, "after {minutes} minutes");
    }
}

#[test]
fn an_endpoint_that_is_slow_or_breaks_off_has_not_taken_a_message() {
    let Pushed { authority, folder: _folder, endpoint, store } = pushed();
    let caller = Caller::operator();
    let outbox = Outbox::new(&store, &Settings::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let id = store.put_delivery(&caller, &event("erp", 1), Utc::now()).unwrap().unwrap();
    endpoint.answer_next(&[200]);
    endpoint.think(Duration::from_secs(17));
    let began = Instant::now();
    runtime.block_on(outbox.send_due(&carriers(&store, &authority), "a", &Utc::now)).unwrap();
    assert!(began.elapsed() < Duration::from_secs(17));
    let slow = store.delivery_tries(&caller, &id).unwrap();
    assert!(slow[0].answer.contains("15000 ms"), "{slow:?}");
    endpoint.think(Duration::ZERO);
    endpoint.answer_next(&[BROKEN]);
    let later = || Utc::now() + chrono::TimeDelta::minutes(1);
    endpoint.think(Duration::ZERO);
    runtime.block_on(outbox.send_due(&carriers(&store, &authority), "a", &later)).unwrap();
    let broken = store.delivery_tries(&caller, &id).unwrap();
    assert_eq!((broken.len(), broken[1].outcome.as_str()), (2, "failed"), "{broken:?}");
}

/// The settings of a gateway that may call loopback, in a file.
fn configured(authority: &Authority, schedule: &str) -> PathBuf {
    let path = authority.folder().join("epcgate.toml");
    let root = authority.root();
    let text = format!(
        "[outbound]\nallow_loopback = true\nroots = [{root:?}]\n[exchange]\nlease_seconds = 1\nschedule_seconds = {schedule}\njitter = 0.0\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_sender_killed_between_sending_and_knowing_sends_again_under_the_same_name() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let endpoint = Endpoint::start(&authority, "hook");
    let database = folder.path().join("epcgate.sqlite");
    let store = Store::open(database.to_str().unwrap(), &Default::default()).unwrap();
    let caller = Caller::operator();
    let channel = hook("erp", "", &endpoint.url(), &secrets(folder.path(), 1), &[]);
    store.put_channel(&caller, &channel, Utc::now()).unwrap();
    let config = configured(&authority, "[0, 0, 0, 0, 0, 0, 0, 0]");
    let arguments = ["--data-dir", folder.path().to_str().unwrap(), "--config", config.to_str().unwrap()];
    let mut ids = BTreeSet::new();
    let mut gateway = Gateway::start(&arguments);
    for round in 0..kills() {
        endpoint.think(Duration::from_secs(5));
        let before = endpoint.got().len();
        ids.insert(store.put_delivery(&caller, &event("erp", round), Utc::now()).unwrap().unwrap());
        // The endpoint has it, and the gateway will never hear so.
        endpoint.wait_for(before + 1);
        gateway.kill();
        endpoint.think(Duration::ZERO);
        gateway = Gateway::start(&arguments);
        endpoint.wait_for(before + 2);
    }
    let began = Instant::now();
    while ids.iter().any(|id| store.delivery(&caller, id).unwrap().unwrap().state != DeliveryState::Delivered)
    {
        assert!(began.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(50));
    }
    let got = endpoint.got();
    let effects: BTreeMap<String, Value> =
        got.iter().map(|message| (message.id().to_owned(), message.said())).collect();
    assert_eq!(effects.keys().cloned().collect::<BTreeSet<_>>(), ids);
    // Told apart by its name, each is one effect; and the order is that of putting.
    let mut numbers: Vec<u64> =
        got.iter().map(|message| message.said()["number"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    numbers.dedup();
    assert_eq!(numbers, (0..u64::from(kills())).collect::<Vec<_>>());
}

#[test]
fn two_gateways_on_one_postgresql_lose_and_double_nothing_when_killed() {
    let authority = Authority::new();
    let url = postgres::database("outbox_kills");
    let store = Store::open(&url, &Default::default()).unwrap();
    let caller = Caller::operator();
    let config = configured(&authority, "[0, 0, 0, 0, 0, 0, 0, 0]");
    let endpoints: Vec<Endpoint> =
        (0..3).map(|at| Endpoint::start(&authority, &format!("hook-{at}"))).collect();
    let secret = secrets(authority.folder(), 1);
    for (at, endpoint) in endpoints.iter().enumerate() {
        endpoint.think(Duration::from_millis(20));
        let channel = hook(&format!("erp-{at}"), "", &endpoint.url(), &secret, &["test"]);
        store.put_channel(&caller, &channel, Utc::now()).unwrap();
    }
    let arguments = ["--database", &url, "--config", config.to_str().unwrap()];
    let mut gateways = [Gateway::start(&arguments), Gateway::start(&arguments)];
    let most = 12 * kills();
    let mut dice = 0x2545_F491_4F6C_DD1D_u64;
    for number in 0..most {
        for at in 0..endpoints.len() {
            store.put_delivery(&caller, &event(&format!("erp-{at}"), number), Utc::now()).unwrap().unwrap();
        }
        if number % 12 == 6 {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            thread::sleep(Duration::from_millis(dice % 300));
            let one = usize::try_from(dice % 2).unwrap();
            gateways[one].kill();
            gateways[one] = Gateway::start(&arguments);
        }
    }
    let began = Instant::now();
    let waiting = DeliveryFilter { state: Some(DeliveryState::Waiting), ..DeliveryFilter::default() };
    while !store.deliveries(&caller, &waiting, None, 1).unwrap().is_empty() {
        // With many kills there is much to send.
        assert!(began.elapsed() < PATIENCE * (1 + kills() / 20));
        thread::sleep(Duration::from_millis(50));
    }
    let delivered = DeliveryFilter { state: Some(DeliveryState::Delivered), ..DeliveryFilter::default() };
    let total = usize::try_from(most).unwrap() * endpoints.len();
    assert_eq!(store.deliveries(&caller, &delivered, None, 100_000).unwrap().len(), total);
    for endpoint in &endpoints {
        let got = endpoint.got();
        let ids: BTreeSet<&str> = got.iter().map(Message::id).collect();
        assert_eq!(ids.len(), usize::try_from(most).unwrap());
        let numbers: Vec<u64> =
            got.iter().map(|message| message.said()["number"].as_u64().unwrap()).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

#[test]
fn what_happens_is_told_to_those_who_asked() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (Endpoint::start(&authority, "ours"), Endpoint::start(&authority, "theirs"));
    let gateway = TestGateway::with(|settings| {
        settings.outbound.allow_loopback = true;
        settings.outbound.roots = vec![authority.root()];
    });
    let secret = secrets(folder.path(), 1);
    let partner = json!({ "id": "acme", "name": "Acme", "roles": ["manufacturer"], "glns": { "owning": ["0614141000012"] } });
    assert_eq!(gateway.request("PUT", "/api/v1/partners/acme").json(&partner).send().unwrap().status(), 201);
    for channel in [
        hook("ours", "", &ours.url(), &secret, &["capture", "hold", "recall.opened"]),
        hook("theirs", "acme", &theirs.url(), &secret, &[]),
    ] {
        let kept = gateway.request("POST", "/api/v1/channels").json(&channel).send().unwrap();
        assert_eq!(kept.status(), 201, "{}", kept.text().unwrap());
    }
    let stranger = hook("x", "nobody", &ours.url(), &secret, &[]);
    assert_eq!(gateway.request("POST", "/api/v1/channels").json(&stranger).send().unwrap().status(), 400);
    gateway.captured("application/xml", xml_1_2("told", &[1, 2]));
    gateway.captured("application/xml", xml_1_2("told", &[3]).replace("OBSERVE", "LOOK"));
    for subject in ["holds", "recalls"] {
        let asked = json!({ "gtin": "10614141073464", "reason": "a test" });
        let hold = gateway.request("POST", &format!("/api/v1/{subject}")).json(&asked).send().unwrap();
        assert_eq!(hold.status(), 201, "{}", hold.text().unwrap());
        let released = format!("{}/release", crate::harness::header(&hold, "location"));
        let body = json!({ "reason": "over" });
        assert_eq!(gateway.request("POST", &released).json(&body).send().unwrap().status(), 200);
    }
    let got = ours.wait_for(5);
    let kinds: Vec<String> =
        got.iter().map(|message| message.said()["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["capture.done", "capture.failed", "hold.opened", "hold.released", "recall.opened"]);
    assert_eq!(got[0].said()["data"]["eventsStored"], 2);
    // What a partner did not send is none of its business.
    assert!(theirs.got().is_empty());
    let listed: Value = gateway.get("/api/v1/channels").send().unwrap().json().unwrap();
    assert_eq!(listed["channels"][0]["state"], "open");
    let path = "/api/v1/channels/ours";
    let paused = gateway
        .request("POST", &format!("{path}/pause"))
        .json(&json!({ "reason": "moving" }))
        .send()
        .unwrap();
    let paused: Value = paused.json().unwrap();
    assert_eq!((&paused["state"], &paused["paused"]["why"]), (&json!("paused"), &json!("moving")));
    assert_eq!(gateway.request("POST", &format!("{path}/resume")).send().unwrap().status(), 200);
    assert_eq!(gateway.request("DELETE", path).send().unwrap().status(), 204);
    assert_eq!(gateway.get(path).send().unwrap().status(), 404);
}

/// Runs the program on a database, with something on its standard input; whether it went well, and what it printed.
fn epcgate(arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may end without reading all of it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

#[test]
fn the_command_line_keeps_tries_and_replays() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let endpoint = Endpoint::start(&authority, "hook");
    let config = configured(&authority, "[0]");
    let place = ["--data-dir", folder.path().to_str().unwrap(), "--config", config.to_str().unwrap()];
    let run = |arguments: &[&str], input: &str| epcgate(&[arguments, &place].concat(), input);
    let channel = hook("erp", "", &endpoint.url(), &secrets(folder.path(), 1), &[]);
    let text = serde_json::to_string(&channel).unwrap();
    let (well, said) = run(&["channel", "add", "-"], &text);
    assert!(well && said.contains("erp\tourselves\twebhook\topen\t0 waiting"), "{said}");
    for (faulty, word) in [
        (text.replace("https", "http"), "only https"),
        (text.replace("\"erp\"", "\"e r p\""), "letters"),
        (text.replace("\"partner\":\"\"", "\"partner\":\"nobody\""), "there is no partner nobody"),
        (text.replace("webhook", "fax"), "fax"),
    ] {
        let (well, said) = run(&["channel", "add", "-"], &faulty);
        assert!(!well && said.contains(word), "{said}");
    }
    let (well, said) = run(&["channel", "test", "erp"], "");
    assert!(well && said.contains("erp: taken: 200"), "{said}");
    assert_eq!(endpoint.got()[0].said()["type"], "channel.test");
    endpoint.answer_next(&[500]);
    let (well, said) = run(&["channel", "test", "erp"], "");
    assert!(!well && said.contains("erp: not taken: 500"), "{said}");
    let (well, said) = run(&["channel", "pause", "erp", "--reason", "moving"], "");
    assert!(well && said.contains("paused: moving"), "{said}");
    assert!(run(&["channel", "resume", "erp"], "").1.contains("open"));
    // One try, and it is dead; mended, it is sent once more.
    let store =
        Store::open(folder.path().join("epcgate.sqlite").to_str().unwrap(), &Default::default()).unwrap();
    let id = store.put_delivery(&Caller::operator(), &event("erp", 7), Utc::now()).unwrap().unwrap();
    endpoint.answer_next(&[500]);
    let gateway = Gateway::start(&place);
    endpoint.wait_for(3);
    let until = |word: &str| {
        let began = Instant::now();
        while !run(&["outbox", "list"], "").1.contains(word) {
            assert!(began.elapsed() < PATIENCE);
        }
    };
    until("dead");
    let (well, said) = run(&["outbox", "show", &id], "");
    assert!(well && said.contains("failed") && said.contains("POST https://localhost"), "{said}");
    assert!(run(&["outbox", "replay", "--dead", "erp"], "").0);
    endpoint.wait_for(4);
    until("delivered");
    let shown: Value =
        serde_json::from_str(&run(&["outbox", "show", &id, "--output", "json"], "").1).unwrap();
    assert_eq!(shown["log"].as_array().unwrap().len(), 2);
    drop(gateway);
    assert!(!run(&["outbox", "replay", "nothing"], "").0 && !run(&["inbox", "show", "nothing"], "").0);
    assert_eq!(run(&["inbox", "list"], ""), (true, String::new()));
    assert!(run(&["channel", "remove", "erp"], "").0 && !run(&["channel", "remove", "erp"], "").0);
}
