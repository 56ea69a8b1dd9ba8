//! Addresses that are never called, tried by the program itself: in a network of its own where all of them have a listener,
//! that of cloud metadata among them, and with a server of names that lies.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::formats::Defects;
use epcgate::formats::directory;
use epcgate::formats::records::Syntax;
use epcgate::gs1::Gtin;
use epcgate::store::Settings;
use epcgate::store::Store;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;

/// The addresses of the network, each on the loopback device, and what a name may be at.
const ADDRESSES: [&str; 13] = [
    "169.254.169.254/32",
    "169.254.170.2/32",
    "10.0.0.1/32",
    "172.16.0.1/32",
    "192.168.0.1/32",
    "100.64.0.1/32",
    "192.0.2.1/32",
    "198.18.0.1/32",
    "1.1.1.1/32",
    "fd00::1/128",
    "fe80::1/128",
    "64:ff9b::a9fe:a9fe/128",
    "2002:a9fe:a9fe::1/128",
];

/// A name's addresses: those of the first question, and those of every later one.
const NAMES: [(&str, &[&str], &[&str]); 8] = [
    ("metadata.test", &["169.254.169.254"], &["169.254.169.254"]),
    ("private.test", &["10.0.0.1"], &["10.0.0.1"]),
    ("mixed.test", &["1.1.1.1", "169.254.169.254"], &["1.1.1.1", "169.254.169.254"]),
    ("mixed-back.test", &["10.0.0.1", "1.1.1.1"], &["10.0.0.1", "1.1.1.1"]),
    ("rebinding.test", &["1.1.1.1"], &["169.254.169.254"]),
    ("loopback.test", &["127.0.0.1"], &["127.0.0.1"]),
    ("redirecting.test", &["1.1.1.1"], &["1.1.1.1"]),
    ("public.test", &["1.1.1.1"], &["1.1.1.1"]),
];

/// Every form of the list, besides the names.
const FORMS: [&str; 52] = [
    "https://169.254.169.254",
    "https://169.254.169.254:8443",
    "https://169.254.170.2",
    "https://127.0.0.1",
    "https://127.0.0.1:8443",
    "https://127.1",
    "https://127.255.255.254",
    "https://0.0.0.0",
    "https://0",
    "https://[::1]",
    "https://[::]",
    "https://[0:0:0:0:0:0:0:1]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:169.254.169.254]",
    "https://[::ffff:a9fe:a9fe]",
    "https://[64:ff9b::169.254.169.254]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[2002:a9fe:a9fe::1]",
    "https://10.0.0.1",
    "https://172.16.0.1",
    "https://192.168.0.1",
    "https://100.64.0.1",
    "https://192.0.2.1",
    "https://198.18.0.1",
    "https://[fe80::1]",
    "https://[fd00::1]",
    "https://224.0.0.1",
    "https://255.255.255.255",
    "https://[ff02::1]",
    "https://2852039166",
    "https://0xa9fea9fe",
    "https://0xa9.0xfe.0xa9.0xfe",
    "https://025177524776",
    "https://0251.0376.0251.0376",
    "https://169.16689662",
    "https://169.254.43518",
    "https://2130706433",
    "https://0x7f000001",
    "https://017700000001",
    "https://169\u{3002}254\u{3002}169\u{3002}254",
    "https://169\u{ff0e}254\u{ff0e}169\u{ff0e}254",
    "https://\u{2460}\u{2461}\u{2466}.0.0.1",
    "https://%31%36%39.254.169.254",
    "https://169.254.169.254.",
    "https://localhost",
    "https://localhost.",
    "https://sub.localhost",
    "https://public.test@169.254.169.254",
    "https://public.test:443@169.254.169.254",
    "https://169.254.169.254#@public.test",
    "https://public.test\\@169.254.169.254",
    "http://169.254.169.254",
];

/// Who was connected to, by address, and how often.
type Met = Arc<Mutex<BTreeMap<String, u64>>>;

#[test]
fn nobody_on_the_list_is_ever_connected_to() {
    let own = std::env::current_exe().unwrap();
    let inside = ["ssrf::in_a_network_of_its_own", "--exact", "--ignored", "--nocapture"];
    let output =
        Command::new("unshare").args(["--map-root-user", "--net", "--mount"]).arg(own).args(inside).output();
    let output = output.unwrap_or_else(|error| panic!("unshare (Debian: util-linux) cannot be run: {error}"));
    let said =
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success() && said.contains("1 passed"),
        "this test needs a network namespace of its own. As a user without rights: is kernel.unprivileged_userns_clone 1, \
         and user namespaces not forbidden by AppArmor or the container? It said:\n{said}"
    );
}

#[test]
#[ignore = "run by the test above, inside a network namespace"]
fn in_a_network_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    run("ip", &["link", "set", "lo", "up"]);
    for address in ADDRESSES {
        run("ip", &["address", "add", address, "dev", "lo"]);
    }
    fs::write(folder.path().join("resolv.conf"), "nameserver 127.0.0.1\n").unwrap();
    run("mount", &["--bind", folder.path().join("resolv.conf").to_str().unwrap(), "/etc/resolv.conf"]);
    serve_names();
    let met = Met::default();
    let config = certified(folder.path());
    for port in [80, 443, 8443] {
        listen(port, &met, &config);
    }

    // A control: what may be called is called, so that silence elsewhere means something.
    probe(folder.path(), "control", &["https://public.test"]);
    assert!(met.lock().unwrap().get("1.1.1.1").is_some_and(|count| *count > 0), "{met:?}");
    met.lock().unwrap().clear();

    let names: Vec<String> = NAMES.iter().map(|(name, ..)| format!("https://{name}")).collect();
    let all: Vec<&str> = FORMS.iter().copied().chain(names.iter().map(String::as_str)).collect();
    // Twice, as a name may be another the second time.
    probe(folder.path(), "list", &all);
    probe(folder.path(), "again", &all);
    let met = met.lock().unwrap().clone();
    let others: Vec<_> = met.iter().filter(|(address, _)| *address != "1.1.1.1").collect();
    assert!(others.is_empty(), "connected to {others:?}");
    println!("{} forms, 0 connections; {met:?} at the public address", all.len());
}

/// Has the program try each of these addresses, as it does with the directory every night.
fn probe(folder: &Path, name: &str, urls: &[&str]) {
    let data = folder.join(name);
    fs::create_dir(&data).unwrap();
    let mut csv = String::from("gtin,responder gln,provider,url,source\n");
    for number in 0..urls.len() {
        csv += &format!("{},0300010000008,provider-{number},https://public.test,test\n", gtin(number));
    }
    let mut defects = Defects::new(false);
    let mut records = directory::read(csv.as_bytes(), Syntax::Csv, &mut defects).records;
    assert_eq!(defects.errors(), 0, "{:?}", defects.kept());
    // An import would refuse some of these; the connector has the last word.
    for (record, url) in records.iter_mut().zip(urls) {
        record.url = (*url).into();
    }
    let path = data.join("epcgate.sqlite");
    let store = Store::open(path.to_str().unwrap(), &Settings::default()).unwrap();
    store.put_directory(&Caller::operator(), (&records, false), Utc::now()).unwrap().unwrap();
    drop(store);
    let root = format!("[{:?}]", folder.join("root.pem"));
    let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["directory", "check", "--probe", "--data-dir", data.to_str().unwrap()])
        .env("EPCGATE_ROUTING__REQUESTER", "0399999999991")
        .env("EPCGATE_OUTBOUND__ROOTS", root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let tried: u64 =
        said.split(|letter: char| !letter.is_ascii_digit()).filter_map(|n| n.parse::<u64>().ok()).sum();
    assert!(said.contains("records answered") && tried >= urls.len() as u64, "{name}: {said}");
}

fn gtin(number: usize) -> String {
    (0..10).map(|check| format!("0030001{number:06}{check}")).find(|text| Gtin::parse(text).is_ok()).unwrap()
}

/// A certificate of the public names, by an authority that the program is told to trust.
fn certified(folder: &Path) -> Arc<ServerConfig> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("root.pem"), issuer.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = NAMES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let made = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let key = key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![made.der().clone()], key).unwrap())
}

/// Counts who is connected to, and answers every request with a redirect to the address of cloud metadata.
fn listen(port: u16, met: &Met, config: &Arc<ServerConfig>) {
    let listener = TcpListener::bind(("::", port)).unwrap();
    let (met, config) = (Arc::clone(met), Arc::clone(config));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let address = match stream.local_addr().unwrap().ip() {
                IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
                address => address,
            };
            *met.lock().unwrap().entry(address.to_string()).or_default() += 1;
            let config = Arc::clone(&config);
            thread::spawn(move || redirect(stream, config));
        }
    });
}

fn redirect(stream: TcpStream, config: Arc<ServerConfig>) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut head = [0; 4096];
    // Whoever asks may go at any time.
    let _ = stream.read(&mut head);
    let _ = stream.write_all(
        b"HTTP/1.1 302 Found\r\nLocation: https://169.254.169.254/latest\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let _ = stream.flush();
}

/// Answers questions about the names (RFC 1035), in the namespace alone.
fn serve_names() {
    let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
    thread::spawn(move || {
        let mut asked: BTreeMap<String, u64> = BTreeMap::new();
        let mut packet = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            let question = &packet[..length];
            let (name, end) = name_in(question);
            let kind = u16::from_be_bytes([question[end], question[end + 1]]);
            let mut found: Vec<Ipv4Addr> = Vec::new();
            if kind == 1 {
                let count = asked.entry(name.clone()).or_default();
                *count += 1;
                let known = NAMES.iter().find(|(known, ..)| *known == name);
                let of = known.map(|(_, first, later)| if *count == 1 { first } else { later });
                found = of.into_iter().flat_map(|of| of.iter()).map(|text| text.parse().unwrap()).collect();
            }
            let mut answer = question[..2].to_vec();
            answer.extend([0x81, 0x80, 0, 1, 0, found.len() as u8, 0, 0, 0, 0]);
            answer.extend(&question[12..end + 4]);
            for address in found {
                answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                answer.extend(address.octets());
            }
            socket.send_to(&answer, from).unwrap();
        }
    });
}

/// The name that a question is about, and where it ends.
fn name_in(question: &[u8]) -> (String, usize) {
    let (mut labels, mut at) = (Vec::new(), 12);
    while question[at] != 0 {
        let length = usize::from(question[at]);
        labels.push(String::from_utf8_lossy(&question[at + 1..at + 1 + length]).to_lowercase());
        at += 1 + length;
    }
    (labels.join("."), at + 1)
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} (Debian: iproute2, mount): {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
