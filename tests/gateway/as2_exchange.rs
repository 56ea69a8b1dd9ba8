//! AS2 through a running gateway: messages kept once and acknowledged by one receipt, and deliveries that a foreign peer takes.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::config::Settings;
use epcgate::store::AuditFilter;
use epcgate::store::Content;
use epcgate::store::Delivery;
use epcgate::store::DeliveryState;
use epcgate::store::NewDelivery;
use epcgate::transport::Cargo;
use epcgate::transport::Channel;
use epcgate::transport::PartnerChannel;
use epcgate::transport::as2;
use epcgate::transport::as2::Identity;
use epcgate::transport::as2::Pinned;
use epcgate::transport::as2::Receipts;
use serde_json::Value;
use serde_json::json;

use crate::as2_peer::Peer;
use crate::as2_peer::Wire;
use crate::as2_peer::base64;
use crate::as2_peer::bytes;
use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::xml_1_2;
use crate::https::Answered;
use crate::https::Authority;
use crate::https::Server;

/// How long something may take in a test.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both sides of a channel.
struct Both {
    gateway: TestGateway,
    peer: Peer,
    ours: Identity,
    theirs: String,
}

impl Both {
    /// A gateway with a channel to the peer.
    fn start(change: impl FnOnce(&mut as2::Settings), set: impl FnOnce(&mut Settings)) -> Both {
        let folder = tempfile::tempdir().unwrap();
        let own = Identity::make("gateway", 30, Utc::now()).unwrap();
        let theirs = Identity::make("peer", 30, Utc::now()).unwrap();
        let file = folder.path().join("as2.pem");
        std::fs::write(&file, &own).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        let gateway = TestGateway::in_folder(folder, |settings| {
            settings.as2.identities = vec![file];
            settings.outbound.allow_loopback = true;
            set(settings);
        });
        let ours = Identity::from_pem(own.as_bytes()).unwrap();
        let certificate = Identity::from_pem(theirs.as_bytes()).unwrap().public_pem().unwrap();
        let mut agreed = as2::Settings {
            our_name: "GATEWAY".to_owned(),
            partner_name: "Peer One".to_owned(),
            certificates: vec![Pinned { certificate, ..Pinned::default() }],
            ..as2::Settings::default()
        };
        change(&mut agreed);
        let channel = PartnerChannel {
            id: "peer".to_owned(),
            partner: String::new(),
            by: Channel::As2(agreed),
            carries: Vec::new(),
        };
        channel.check().unwrap();
        gateway.store().put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
        Both { gateway, peer: Peer::start(), ours, theirs }
    }

    fn question(&self, operation: &str) -> Value {
        json!({
            "op": operation, "own_name": "Peer One", "own_pem": self.theirs, "partner_name": "GATEWAY",
            "partner_pem": self.ours.public_pem().unwrap(), "mdn_url": "https://peer.example/mdn",
            "agreed": { "sign": true, "encrypt": true, "mdn_mode": "SYNC", "mdn_digest": "sha256" },
        })
    }

    /// A message of the peer with this document, under this id.
    fn message(&mut self, document: &str, id: &str, change: impl FnOnce(&mut Value)) -> Wire {
        let mut question = self.question("build");
        question["content"] = base64(document.as_bytes());
        question["message_id"] = id.into();
        change(&mut question);
        Wire::of(&self.peer.ask(&question))
    }

    fn post(&self, path: &str, wire: &Wire) -> reqwest::blocking::Response {
        let mut request = self.gateway.request("POST", path).body(wire.body.clone());
        for (name, value) in &wire.fields {
            request = request.header(name, value);
        }
        request.send().unwrap()
    }

    /// What the gateway answers to a message, as it came.
    fn answered(&self, wire: &Wire) -> Wire {
        let response = self.post("/as2", wire);
        assert_eq!(response.status(), 200, "{}", response.text().unwrap_or_default());
        let mut fields: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        // The server's own moment.
        fields.retain(|(name, _)| name != "date");
        Wire { fields, body: response.bytes().unwrap().to_vec() }
    }

    /// What the peer reads in the receipt of a message.
    fn receipt(&mut self, wire: &Wire) -> (String, String) {
        let receipt = self.answered(wire);
        self.read(&receipt)
    }

    fn read(&mut self, receipt: &Wire) -> (String, String) {
        let read = self.peer.ask(&receipt.asked(&json!({ "op": "read_receipt" })));
        let text = |name: &str| read[name].as_str().unwrap_or_default().to_owned();
        (text("status"), text("detail"))
    }

    /// How many acts of this name are in the audit trail.
    fn acts(&self, act: &str) -> usize {
        let filter = AuditFilter { act: Some(act.to_owned()), ..AuditFilter::default() };
        self.gateway.store().audited(&Caller::operator(), &filter, None, 9).unwrap().len()
    }

    fn events(&self) -> usize {
        self.gateway.events("perPage=100").len()
    }

    fn until(&self, what: &str, done: impl Fn(&Both) -> bool) {
        let began = Instant::now();
        while !done(self) {
            assert!(began.elapsed() < PATIENCE, "never: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Puts a delivery to the peer.
    fn deliver(&self, key: &str) -> String {
        let delivery = NewDelivery {
            channel: "peer".to_owned(),
            key: key.to_owned(),
            cargo: Cargo::Documents,
            name: format!("{key}.xml"),
            media_type: "application/xml".to_owned(),
            content: Content::Bytes(xml_1_2(key, &[1]).into_bytes()),
        };
        self.gateway.store().put_delivery(&Caller::operator(), &delivery, Utc::now()).unwrap().unwrap()
    }

    fn delivery(&self, id: &str) -> Delivery {
        self.gateway.store().delivery(&Caller::operator(), id).unwrap().unwrap()
    }
}

fn taken() -> (String, String) {
    ("processed".to_owned(), String::new())
}

fn error(word: &str) -> (String, String) {
    ("processed/error".to_owned(), word.to_owned())
}

#[test]
fn a_message_is_kept_once_and_its_receipt_repeated() {
    let mut both = Both::start(|_| {}, |_| {});
    let message = both.message(&xml_1_2("a", &[1, 2]), "one", |_| {});
    let receipt = both.answered(&message);
    assert_eq!(both.read(&receipt), taken());
    let again = both.answered(&message);
    assert_eq!(again.fields, receipt.fields);
    assert!(again.body == receipt.body, "the receipt is repeated byte by byte");
    both.until("captured", |both| both.events() == 2);
    // The same document in another envelope is no other message; what the receipt says of it fits it.
    let rewrapped = both.message(&xml_1_2("a", &[1, 2]), "one", |_| {});
    assert_ne!(rewrapped.body, message.body);
    assert_eq!(both.receipt(&rewrapped), taken());
    let other = both.message(&xml_1_2("b", &[3]), "one", |_| {});
    assert_eq!(both.receipt(&other), error("duplicate-document"));
    assert_eq!((both.acts("arrival.reused"), both.acts("documents.received")), (1, 1));
    assert_eq!(both.events(), 2);
}

#[test]
fn what_is_not_as_agreed_is_refused_and_blocks_nothing() {
    let mut both = Both::start(|_| {}, |settings| settings.as2.content_bytes = 1 << 20);
    let document = xml_1_2("a", &[1]);
    let plain = both.message(&document, "one", |question| question["agreed"]["encrypt"] = false.into());
    assert_eq!(both.receipt(&plain), error("insufficient-message-security"));
    let unsigned = both.message(&document, "one", |question| question["agreed"]["sign"] = false.into());
    assert_eq!(both.receipt(&unsigned), error("insufficient-message-security"));
    let stranger = Identity::make("stranger", 30, Utc::now()).unwrap();
    let forged = both.message(&document, "one", |question| question["own_pem"] = stranger.as_str().into());
    assert_eq!(both.receipt(&forged), error("authentication-failed"));
    let own = Identity::from_pem(stranger.as_bytes()).unwrap().public_pem().unwrap();
    let misdirected =
        both.message(&document, "one", |question| question["encrypt_pem"] = own.as_str().into());
    assert_eq!(both.receipt(&misdirected), error("decryption-failed"));
    let weak = both.message(&document, "one", |question| question["agreed"]["digest"] = "sha1".into());
    assert_eq!(both.receipt(&weak), ("failed/failure".to_owned(), "unsupported MIC-algorithms".to_owned()));
    let bomb = " ".repeat(3 << 20);
    let bomb = both.message(&bomb, "one", |question| question["agreed"]["compress"] = true.into());
    assert_eq!(both.receipt(&bomb), error("decompression-failed"));
    let good = both.message(&document, "one", |_| {});
    let mut torn = good.clone();
    let last = torn.body.len() - 1;
    torn.body[last] ^= 1;
    assert_eq!(both.receipt(&torn), error("decryption-failed"));
    assert_eq!(both.receipt(&good), taken());
    both.until("captured", |both| both.events() == 1);
}

#[test]
fn whoever_sends_slowly_keeps_nobody_waiting() {
    let mut both = Both::start(|_| {}, |settings| settings.as2.messages_at_once = 1);
    // Larger than what is kept in memory as it comes, and nobody needs a key to begin.
    let document = format!("{}<!--{}-->", xml_1_2("a", &[1]), "x".repeat(2 << 20));
    let message = both.message(&document, "one", |_| {});
    let authority = both.gateway.authority().to_owned();
    let slow: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut head = format!("POST /as2 HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 40000000\r\n");
            message.fields.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
            let mut connection = TcpStream::connect(&*authority).unwrap();
            connection.write_all(format!("{head}\r\nthe beginning").as_bytes()).unwrap();
            connection
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(both.receipt(&message), taken());
    both.until("captured", |both| both.events() == 1);
    drop(slow);
}

#[test]
fn what_has_no_channel_is_answered_by_a_status() {
    let mut both = Both::start(|_| {}, |settings| settings.as2.body_bytes = 20_000);
    let document = xml_1_2("a", &[1]);
    let unknown = both.message(&document, "one", |question| question["own_name"] = "Nobody".into());
    let (status, _, detail) = failure(both.post("/as2", &unknown));
    assert!(status == 403 && detail.contains("Nobody"), "{status} {detail}");
    let elsewhere =
        both.message(&document, "one", |question| question["agreed"]["mdn_mode"] = "ASYNC".into());
    let (status, _, detail) = failure(both.post("/as2", &elsewhere));
    assert!(status == 403 && detail.contains("receiptUrl"), "{status} {detail}");
    let mut nameless = both.message(&document, "one", |_| {});
    nameless.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("as2-from"));
    assert_eq!(failure(both.post("/as2", &nameless)).0, 400);
    let large = both.message(&"x".repeat(30_000), "one", |_| {});
    let (status, _, detail) = failure(both.post("/as2", &large));
    assert!(status == 413 && detail.contains("SFTP"), "{status} {detail}");
    let unasked = both.message(&document, "one", |question| question["agreed"]["mdn_mode"] = Value::Null);
    assert!(both.answered(&unasked).body.is_empty());
    both.until("captured", |both| both.events() == 1);
}

#[test]
fn a_connection_that_drops_before_the_receipt_costs_nothing() {
    let mut both = Both::start(|_| {}, |_| {});
    let message = both.message(&xml_1_2("a", &[1]), "one", |_| {});
    let mut head = format!("POST /as2 HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n", message.body.len());
    message.fields.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    let mut connection = TcpStream::connect(both.gateway.authority()).unwrap();
    connection.write_all(&[head.as_bytes(), b"\r\n", &message.body].concat()).unwrap();
    drop(connection);
    both.until("captured", |both| both.events() == 1);
    assert_eq!(both.receipt(&message), taken());
    assert_eq!(both.events(), 1);
}

/// A peer behind HTTPS that takes messages.
fn serving(
    both: &Arc<Mutex<Option<Peer>>>,
    question: Value,
    authority: &Authority,
    asynchronous: bool,
) -> (Server, Arc<Mutex<Vec<Wire>>>) {
    let (peer, receipts) = (Arc::clone(both), Arc::new(Mutex::new(Vec::new())));
    let given = Arc::clone(&receipts);
    let server = Server::start(&authority.identity("peer"), move |asked| {
        let wire = Wire { fields: asked.headers.clone(), body: asked.body.clone() };
        let answer = peer.lock().unwrap().as_mut().unwrap().ask(&wire.asked(&question));
        let receipt = Wire::of(&answer["receipt"]);
        given.lock().unwrap().push(receipt.clone());
        if asynchronous {
            return Answered { status: 200, media_type: "text/plain", headers: Vec::new(), body: Vec::new() };
        }
        let (kind, rest): (Vec<_>, Vec<_>) =
            receipt.fields.into_iter().partition(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        Answered { status: 200, media_type: kind[0].1.clone().leak(), headers: rest, body: receipt.body }
    });
    (server, receipts)
}

fn sending(asynchronous: bool, refusing: bool) -> (Both, Arc<Mutex<Vec<Wire>>>, Authority) {
    let authority = Authority::new();
    let root = authority.root();
    let mut both = Both::start(
        |_| {},
        |settings| {
            settings.outbound.roots = vec![root];
            settings.as2.receipt_url = "https://gateway.example/as2/mdn".to_owned();
        },
    );
    let peer = Arc::new(Mutex::new(Some(std::mem::replace(&mut both.peer, Peer::start()))));
    let mut question = both.question("read");
    if refusing {
        // It knows us by another certificate.
        let stranger = Identity::make("stranger", 30, Utc::now()).unwrap();
        let stranger = Identity::from_pem(stranger.as_bytes()).unwrap().public_pem().unwrap();
        question["partner_pem"] = stranger.into();
    }
    let (server, receipts) = serving(&peer, question, &authority, asynchronous);
    let record = both.gateway.store().channel(&Caller::operator(), "peer").unwrap().unwrap();
    let mut channel = record.channel;
    if let Channel::As2(agreed) = &mut channel.by {
        agreed.url = format!("{}/as2", server.url());
        agreed.sending.receipts = if asynchronous { Receipts::Async } else { Receipts::Sync };
    }
    both.gateway.store().put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
    (both, receipts, authority)
}

#[test]
fn a_delivery_is_over_once_its_receipt_is_good() {
    let (both, receipts, _authority) = sending(false, false);
    let id = both.deliver("a");
    both.until("delivered", |both| both.delivery(&id).state == DeliveryState::Delivered);
    assert_eq!(receipts.lock().unwrap().len(), 1);
    let message = both.gateway.store().as2_message(&Caller::operator(), &id).unwrap().unwrap();
    let kept = message.receipt.unwrap();
    assert!(kept.disposition.is_taken() && !kept.signer.is_empty());
    assert!(kept.bytes.windows(9).any(|part| part == b"multipart"));
}

#[test]
fn a_delivery_that_the_peer_does_not_take_is_given_up() {
    let (both, receipts, _authority) = sending(false, true);
    let id = both.deliver("a");
    both.until("given up", |both| {
        both.delivery(&id).state != DeliveryState::Waiting || !receipts.lock().unwrap().is_empty()
    });
    let tries = || both.gateway.store().delivery_tries(&Caller::operator(), &id).unwrap();
    both.until("told", |_| tries().iter().any(|one| !one.answer.is_empty()));
    assert_ne!(both.delivery(&id).state, DeliveryState::Delivered);
}

#[test]
fn a_receipt_on_a_connection_of_its_own_ends_the_delivery() {
    let (both, receipts, _authority) = sending(true, false);
    let id = both.deliver("a");
    both.until("awaiting", |both| both.delivery(&id).state == DeliveryState::Awaiting);
    let receipt = receipts.lock().unwrap().remove(0);
    let mut forged = receipt.clone();
    let at = forged.body.windows(9).position(|part| part == b"processed").unwrap();
    forged.body[at] ^= 0x20;
    assert_eq!(failure(both.post("/as2/mdn", &forged)).0, 400);
    assert_eq!(both.delivery(&id).state, DeliveryState::Awaiting);
    assert_eq!(both.post("/as2/mdn", &receipt).status(), 200);
    assert_eq!(both.delivery(&id).state, DeliveryState::Delivered);
}

#[test]
fn our_receipt_goes_to_the_address_agreed_alone() {
    let authority = Authority::new();
    let got = Arc::new(Mutex::new(Vec::new()));
    let getting = Arc::clone(&got);
    let server = Server::start(&authority.identity("peer"), move |asked| {
        getting.lock().unwrap().push(Wire { fields: asked.headers.clone(), body: asked.body.clone() });
        Answered { status: 200, media_type: "text/plain", headers: Vec::new(), body: Vec::new() }
    });
    let (url, root) = (format!("{}/mdn", server.url()), authority.root());
    let mut both =
        Both::start(|agreed| agreed.receipt_url = url, |settings| settings.outbound.roots = vec![root]);
    let message = both.message(&xml_1_2("a", &[1]), "one", |question| {
        question["agreed"]["mdn_mode"] = "ASYNC".into();
        question["mdn_url"] = "https://169.254.169.254/mdn".into();
    });
    assert!(both.answered(&message).body.is_empty());
    both.until("received", |_| !got.lock().unwrap().is_empty());
    let receipt = got.lock().unwrap().remove(0);
    assert_eq!(both.read(&receipt), taken());
    assert!(!bytes(&base64(&receipt.body)).is_empty());
    // What anybody may have sent in the peer's name is told here alone: nothing goes to the peer, and nothing waits to.
    let stranger = Identity::make("stranger", 30, Utc::now()).unwrap();
    let forged = both.message(&xml_1_2("b", &[2]), "two", |question| {
        question["own_pem"] = stranger.as_str().into();
        question["agreed"]["mdn_mode"] = "ASYNC".into();
    });
    assert_eq!(failure(both.post("/as2", &forged)).0, 400);
    let filter = epcgate::store::DeliveryFilter::default();
    assert_eq!(both.gateway.store().deliveries(&Caller::operator(), &filter, None, 9).unwrap().len(), 1);
}
