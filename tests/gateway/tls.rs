//! HTTPS, and how large the head of a request may be.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use epcgate::config::Settings;
use epcgate::server::Gateway;
use epcgate::store::Store;
use epcgate::transport;
use reqwest::Certificate;
use reqwest::blocking::Client;
use reqwest::tls::Version;

use crate::harness::TestGateway;

/// Writes a new certificate for loopback and its key.
fn certify(folder: &Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    Certificate::from_der(made.cert.der()).unwrap()
}

fn settings(folder: &Path) -> Settings {
    let mut settings = Settings::read(None).unwrap();
    settings.server.port = 0;
    settings.server.threads = 1;
    settings.tls.certificate = folder.join("certificate.pem");
    settings.tls.key = folder.join("key.pem");
    settings
}

fn store(folder: &Path) -> Store {
    Store::open(folder.join("epcgate.db").to_str().unwrap(), &Default::default()).unwrap()
}

/// The status for a connection of its own, or what went wrong.
fn ask(gateway: &Gateway, root: &Certificate, versions: (Version, Version)) -> Result<u16, String> {
    let client = Client::builder()
        .no_proxy()
        .tls_certs_only([root.clone()])
        .tls_version_min(versions.0)
        .tls_version_max(versions.1)
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let answer = client.get(format!("{}/healthz", gateway.url())).send();
    answer.map(|answer| answer.status().as_u16()).map_err(|error| format!("{error:?}"))
}

#[test]
fn https_is_served_with_the_certificate_of_the_moment() {
    transport::use_ring();
    let folder = tempfile::tempdir().unwrap();
    let root = certify(folder.path());
    let gateway = Gateway::start(&settings(folder.path()), &store(folder.path())).unwrap();
    assert!(gateway.url().starts_with("https://127.0.0.1:"));
    let (old, new) = (Version::TLS_1_2, Version::TLS_1_3);
    for versions in [(old, old), (new, new)] {
        assert_eq!(ask(&gateway, &root, versions), Ok(200));
    }
    let stranger = tempfile::tempdir().unwrap();
    let other = certify(stranger.path());
    assert!(ask(&gateway, &other, (old, new)).unwrap_err().contains("InvalidCertificate"));
    // Without TLS nothing is answered.
    assert!(reqwest::blocking::get(format!("http://{}/healthz", gateway.address())).is_err());
    std::thread::sleep(Duration::from_millis(1_100));
    let second = certify(folder.path());
    assert_eq!(ask(&gateway, &second, (old, new)), Ok(200));
    assert!(ask(&gateway, &root, (old, new)).is_err());
    gateway.stop().unwrap();
}

#[test]
fn a_certificate_that_cannot_be_used_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let mut settings = settings(folder.path());
    settings.tls.key = folder.path().join("lost.pem");
    let refused = Gateway::start(&settings, &store(folder.path())).err().unwrap().to_string();
    assert!(refused.contains("tls.key") && refused.contains("lost.pem"), "{refused}");
}

/// The status line for a request with this head after its first line.
fn raw(gateway: &TestGateway, head: &str) -> String {
    let mut stream = TcpStream::connect(gateway.authority()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{head}Connection: close\r\n\r\n");
    // It may be refused before all of it is sent.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_credential_of_many_kilobytes_passes_and_a_flood_of_headers_does_not() {
    let gateway = TestGateway::start();
    let credential = |bytes: usize| format!("ATP-Authorization: {}\r\n", "a".repeat(bytes));
    assert_eq!(raw(&gateway, &credential(12_000)), "HTTP/1.1 200 OK");
    assert_eq!(raw(&gateway, &credential(64_000)), "HTTP/1.1 200 OK");
    for flood in [credential(200_000), "X: a\r\n".repeat(100_000)] {
        let status = raw(&gateway, &flood);
        assert!(status.is_empty() || status.starts_with("HTTP/1.1 4"), "{status}");
    }
    assert_eq!(raw(&gateway, ""), "HTTP/1.1 200 OK");
}
