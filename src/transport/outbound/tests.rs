//! Against a real listener on loopback, with TLS and a certificate made for the test.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolving;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;
use tempfile::NamedTempFile;

use super::*;

type Stream = StreamOwned<ServerConnection, TcpStream>;

const NAME: &str = "vrs.example.com";

/// A partner on loopback that answers every request in the same way.
struct Partner {
    port: u16,
    root: NamedTempFile,
    connections: Arc<AtomicUsize>,
}

fn partner(answer: fn(&mut Stream) -> io::Result<()>) -> Partner {
    crypto::use_ring();
    let names = ["127.0.0.1", "localhost", NAME].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let mut root = NamedTempFile::new().unwrap();
    root.write_all(made.cert.pem().as_bytes()).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let chain = vec![made.cert.der().clone()];
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            thread::spawn(move || serve(&mut StreamOwned::new(session, stream), answer));
        }
    });
    Partner { port, root, connections }
}

fn serve(stream: &mut Stream, answer: fn(&mut Stream) -> io::Result<()>) -> io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    answer(stream)?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn fine(stream: &mut Stream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nX-Seen: Yes\r\nContent-Length: 2\r\n\r\nok")
}

impl Partner {
    fn settings(&self) -> Settings {
        let roots = vec![self.root.path().to_owned()];
        Settings {
            allow_loopback: true,
            roots,
            ports: vec![self.port],
            idle_per_host: 0,
            ..Settings::default()
        }
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/a", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn asked(&self) -> Result<Reply, OutboundError> {
        sent(&Outbound::new(&self.settings()).unwrap(), &call(&self.url("127.0.0.1")))
    }
}

fn call(url: &str) -> Call {
    Call {
        method: Method::Get,
        url: url.to_owned(),
        headers: vec![("X-Asked".to_owned(), "yes".to_owned())],
        body: None,
        deadline: Duration::from_secs(5),
        most_bytes: 100_000,
    }
}

fn sent(outbound: &Outbound, call: &Call) -> Result<Reply, OutboundError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(outbound.send(call.clone()))
}

/// Answers each question with the next of these lists, then with the last one again.
struct Script {
    lists: Vec<Vec<&'static str>>,
    asked: Mutex<usize>,
}

impl Script {
    fn new(lists: &[&[&'static str]]) -> Arc<Script> {
        Arc::new(Script { lists: lists.iter().map(|list| list.to_vec()).collect(), asked: Mutex::new(0) })
    }
}

impl Resolve for Script {
    fn resolve(&self, _: Name) -> Resolving {
        let mut asked = self.asked.lock().unwrap();
        let list = &self.lists[(*asked).min(self.lists.len() - 1)];
        *asked += 1;
        let found: Vec<SocketAddr> =
            list.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 1)).collect();
        Box::pin(std::future::ready(Ok(Box::new(found.into_iter()) as Addrs)))
    }
}

#[test]
fn a_partner_answers() {
    let partner = partner(|stream| {
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nX-Seen: Yes\r\nContent-Length: 2\r\n\r\nno")
    });
    let reply = partner.asked().unwrap();
    assert_eq!((reply.status, reply.header("x-seen"), &*reply.body), (404, Some("Yes"), &b"no"[..]));
    assert_eq!(partner.connections(), 1);
}

#[test]
fn this_machine_is_not_called() {
    let partner = partner(fine);
    let settings = Settings { allow_loopback: false, ..partner.settings() };
    let outbound = Outbound::new(&settings).unwrap();
    for host in ["127.0.0.1", "localhost", "localhost.", "2130706433", "0177.1"] {
        let said = sent(&outbound, &call(&partner.url(host)));
        assert!(matches!(said, Err(OutboundError::Address { .. })), "{host}: {said:?}");
    }
    assert_eq!(partner.connections(), 0);
}

#[test]
fn an_authority_that_nobody_named_is_not_trusted() {
    let partner = partner(fine);
    let settings = Settings { roots: Vec::new(), ..partner.settings() };
    let said = sent(&Outbound::new(&settings).unwrap(), &call(&partner.url("127.0.0.1")));
    assert!(matches!(said, Err(OutboundError::Tls(_))), "{said:?}");
    let said = sent(
        &Outbound::resolving(&partner.settings(), Script::new(&[&["127.0.0.1"]])).unwrap(),
        &call(&partner.url("other.example.com")),
    );
    assert!(matches!(said, Err(OutboundError::Tls(_))), "{said:?}");
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    let partner = partner(|stream| {
        stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    });
    let reply = partner.asked().unwrap();
    assert_eq!((reply.status, reply.header("Location")), (302, Some("/b")));
    assert_eq!(partner.connections(), 1);
}

#[test]
fn one_address_that_is_not_called_condemns_the_name() {
    let partner = partner(fine);
    for mixed in
        [["127.0.0.1", "10.0.0.1"], ["::ffff:127.0.0.1", "127.0.0.1"], ["127.0.0.1", "169.254.169.254"]]
    {
        let outbound = Outbound::resolving(&partner.settings(), Script::new(&[&mixed])).unwrap();
        let said = sent(&outbound, &call(&partner.url(NAME)));
        assert!(matches!(said, Err(OutboundError::Address { .. })), "{mixed:?}: {said:?}");
    }
    assert_eq!(partner.connections(), 0);
}

#[test]
fn a_name_that_changes_its_mind_gains_nothing() {
    let partner = partner(fine);
    let script = Script::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let outbound = Outbound::resolving(&partner.settings(), script.clone()).unwrap();
    // One question a connection: what is connected to is what was judged.
    assert_eq!(sent(&outbound, &call(&partner.url(NAME))).unwrap().body, b"ok");
    assert_eq!(*script.asked.lock().unwrap(), 1);
    let said = sent(&outbound, &call(&partner.url(NAME)));
    assert!(matches!(said, Err(OutboundError::Address { .. })), "{said:?}");
    assert_eq!((*script.asked.lock().unwrap(), partner.connections()), (2, 1));
}

#[test]
fn a_name_without_address_is_no_connection() {
    let outbound = Outbound::resolving(&Settings::default(), Script::new(&[&[]])).unwrap();
    let said = sent(&outbound, &call("https://vrs.example.com/"));
    assert!(matches!(said, Err(OutboundError::Connect(_))), "{said:?}");
}

#[test]
fn nobody_there_is_no_connection() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = Settings { allow_loopback: true, ..Settings::default() };
    let said = sent(&Outbound::new(&settings).unwrap(), &call(&format!("https://127.0.0.1:{port}/")));
    assert!(matches!(&said, Err(OutboundError::Connect(why)) if why.contains("refused")), "{said:?}");
}

#[test]
fn slowness_costs_no_more_than_the_deadline() {
    let slow_head = partner(|_| {
        thread::sleep(Duration::from_secs(20));
        Ok(())
    });
    let slow_body = partner(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")?;
        for _ in 0..200 {
            stream.write_all(b".")?;
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    });
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("https://127.0.0.1:{}/", silent.local_addr().unwrap().port());
    for (partner, url) in [
        (&slow_head, slow_head.url("127.0.0.1")),
        (&slow_body, slow_body.url("127.0.0.1")),
        (&slow_body, silent),
    ] {
        let began = Instant::now();
        let call = Call { deadline: Duration::from_millis(600), ..call(&url) };
        let said = sent(&Outbound::new(&partner.settings()).unwrap(), &call);
        assert!(
            matches!(said, Err(OutboundError::Timeout(_) | OutboundError::Connect(_))),
            "{url}: {said:?}"
        );
        assert!(began.elapsed() < Duration::from_secs(3), "{url}");
    }
}

#[test]
fn a_long_body_is_cut() {
    let announced =
        partner(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\nbeginning"));
    let endless = partner(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        loop {
            stream.write_all(b"400\r\n")?;
            stream.write_all(&[b'.'; 0x400])?;
            stream.write_all(b"\r\n")?;
        }
    });
    let headers = partner(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
        stream.write_all(&[b'a'; 70_000])?;
        stream.write_all(b"\r\nContent-Length: 0\r\n\r\n")
    });
    for partner in [announced, endless, headers] {
        let said = partner.asked();
        assert!(matches!(said, Err(OutboundError::TooLarge(_))), "{said:?}");
    }
}

#[test]
fn what_is_no_http_is_told() {
    let html = partner(|stream| stream.write_all(b"220 mail.example.com ESMTP\r\n\r\n"));
    let cut = partner(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"));
    let many = partner(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        (0..1_000).try_for_each(|_| stream.write_all(b"X: a\r\n"))?;
        stream.write_all(b"\r\n")
    });
    for partner in [html, cut, many] {
        let said = partner.asked();
        assert!(matches!(said, Err(OutboundError::Broken(_))), "{said:?}");
    }
}

#[test]
fn a_header_that_would_be_two_is_not_sent() {
    let partner = partner(fine);
    let headers = vec![("X-Asked".to_owned(), "yes\r\nX-More: no".to_owned())];
    let call = Call { headers, ..call(&partner.url("127.0.0.1")) };
    let said = sent(&Outbound::new(&partner.settings()).unwrap(), &call);
    assert!(matches!(said, Err(OutboundError::Refused(_))), "{said:?}");
    assert_eq!(partner.connections(), 0);
}

#[test]
fn a_file_without_authorities_is_named() {
    let file = NamedTempFile::new().unwrap();
    for path in [file.path(), Path::new("no/such/file.pem")] {
        let settings = Settings { roots: vec![path.to_owned()], ..Settings::default() };
        let said = Outbound::new(&settings).err().unwrap().to_string();
        assert!(said.contains(&path.display().to_string()), "{said}");
    }
}

#[test]
fn a_partner_may_ask_to_be_left_alone() {
    let now: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
    for (said, expected) in [
        ("120", Some(120)),
        (" 7 ", Some(7)),
        ("Mon, 23 Nov 2026 12:01:30 GMT", Some(90)),
        ("4294967295", Some(86_400)),
        ("Tue, 23 Nov 2027 12:00:00 GMT", Some(86_400)),
        ("Mon, 23 Nov 2026 11:59:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("soon", None),
    ] {
        let headers = vec![("retry-after".to_owned(), said.to_owned())];
        let after = Reply { status: 429, headers, body: Vec::new() }.retry_after(now);
        assert_eq!(after.map(|after| after.num_seconds()), expected, "{said}");
    }
    assert_eq!(Reply { status: 429, headers: Vec::new(), body: Vec::new() }.retry_after(now), None);
}
