//! The program as a process of its own, on a free port.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Certificate;
use reqwest::blocking::Client;
use reqwest::blocking::ClientBuilder;

/// The key that the trails of all gateways of these tests are signed with; gateways on one database need the same.
pub const AUDIT_KEY: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/audit.key");

/// What a client is made of: no proxy of the environment, and the one TLS there is in this program.
pub fn client() -> ClientBuilder {
    // Whoever is first installs it; the others find the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

/// A running `epcgate serve`, killed when dropped.
pub struct Gateway {
    child: Child,
    client: Client,
    base: String,
}

impl Gateway {
    /// Starts the program with these arguments and waits until it listens.
    pub fn start(arguments: &[&str]) -> Gateway {
        Gateway::spawn(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat())
    }

    /// Starts any verb that serves and says where it listens.
    pub fn spawn(arguments: &[&str]) -> Gateway {
        Gateway::trusting(arguments, &[])
    }

    /// The same, for one that serves HTTPS by a certificate of these authorities.
    pub fn trusting(arguments: &[&str], roots: &[Certificate]) -> Gateway {
        let client = client().tls_certs_only(roots.to_vec()).build().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args(arguments)
            .env("EPCGATE_LOG__LEVEL", "warn")
            .env("EPCGATE_STORE__LEASE_SECONDS", "5")
            .env("EPCGATE_AUDIT__KEY_FILE", AUDIT_KEY)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the gateway ended before it listened") };
            let found = ["http://127.0.0.1:", "https://127.0.0.1:"].into_iter().find_map(|scheme| {
                let rest = &line[line.find(scheme)? + scheme.len()..];
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                Some(format!("{scheme}{port}"))
            });
            if let Some(base) = found {
                break base;
            }
        };
        // Keeps reading, so that the program never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        let gateway = Gateway { child, client, base };
        gateway.wait_until_ready();
        gateway
    }

    fn wait_until_ready(&self) {
        for _ in 0..300 {
            if self.client.get(self.url("/readyz")).send().is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the gateway is not ready after 15 seconds");
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A client that trusts it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
