//! A partner's side of HTTPS on loopback: an authority that signs certificates, and a server that answers by a function.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use epcgate::transport::use_ring;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;
use tempfile::TempDir;

/// A header with which an answer is sent byte by byte.
pub const DRIPS: &str = "X-Drips";

/// A header with which an answer breaks off in the middle of its body.
pub const BREAKS: &str = "X-Breaks";

/// Names under which everything on loopback is reached.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// An authority made for one test, with its certificate in a file.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// What a server proves itself by.
pub struct Identity {
    /// PEM file of the certificate.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// How a server proves itself with it.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    /// PEM file of its own certificate.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// The folder in which its files are, for others of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A certificate for loopback under this name of a file.
    pub fn identity(&self, name: &str) -> Identity {
        use_ring();
        let own = KeyPair::generate().unwrap();
        let made =
            CertificateParams::new(NAMES.map(str::to_owned)).unwrap().signed_by(&own, &self.issuer).unwrap();
        let (certificate, key) =
            (self.folder.path().join(format!("{name}.pem")), self.folder.path().join(format!("{name}.key")));
        std::fs::write(&certificate, made.pem()).unwrap();
        std::fs::write(&key, own.serialize_pem()).unwrap();
        let chain = vec![made.der().clone()];
        let der = own.serialize_der().try_into().unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, der).unwrap();
        Identity { certificate, key, config: Arc::new(config) }
    }
}

/// What was asked.
pub struct Asked {
    /// Path and query.
    pub target: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
pub struct Answered {
    pub status: u16,
    pub media_type: &'static str,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn json(body: &serde_json::Value) -> Answered {
        let body = body.to_string().into_bytes();
        Answered { status: 200, media_type: "application/json", headers: Vec::new(), body }
    }

    pub fn html(status: u16) -> Answered {
        let body = b"<html><body>It works!</body></html>".to_vec();
        Answered { status, media_type: "text/html", headers: Vec::new(), body }
    }
}

/// A server that answers every request by a function, until the test ends.
pub struct Server {
    port: u16,
}

impl Server {
    pub fn start(identity: &Identity, answer: impl Fn(&Asked) -> Answered + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (config, answer) = (Arc::clone(&identity.config), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, answer) = (Arc::clone(&config), Arc::clone(&answer));
                thread::spawn(move || {
                    let session = ServerConnection::new(config).unwrap();
                    // Whoever asks may go at any time.
                    let _ = serve(StreamOwned::new(session, stream), &*answer);
                });
            }
        });
        Server { port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

fn serve(
    mut stream: StreamOwned<ServerConnection, TcpStream>,
    answer: &dyn Fn(&Asked) -> Answered,
) -> io::Result<()> {
    loop {
        let asked = read(&mut stream)?;
        let Answered { status, media_type, headers, body } = answer(&asked);
        let mut head = format!("HTTP/1.1 {status} Status\r\nContent-Type: {media_type}\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes())?;
        if head.contains(BREAKS) {
            stream.write_all(&body[..body.len() / 2])?;
            stream.flush()?;
            return Ok(());
        }
        if head.contains(DRIPS) {
            for byte in &body {
                stream.write_all(std::slice::from_ref(byte))?;
                stream.flush()?;
                thread::sleep(Duration::from_millis(100));
            }
            continue;
        }
        stream.write_all(&body)?;
        stream.flush()?;
    }
}

fn read(stream: &mut impl Read) -> io::Result<Asked> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let target = first.nth(1).unwrap_or_default();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    Ok(Asked { target, headers, body })
}
