//! The program as a process of its own, on a free port.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::blocking::ClientBuilder;

/// What a client is made of: no proxy of the environment, and the one TLS there is in this program.
pub fn client() -> ClientBuilder {
    // Whoever is first installs it; the others find the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

/// A running `epcgate serve`, killed when dropped.
pub struct Gateway {
    child: Child,
    base: String,
}

impl Gateway {
    /// Starts the program with these arguments and waits until it listens.
    pub fn start(arguments: &[&str]) -> Gateway {
        Gateway::spawn(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat())
    }

    /// Starts any verb that serves and says where it listens.
    pub fn spawn(arguments: &[&str]) -> Gateway {
        // A client of HTTP wants to know what TLS is made of, though it speaks none here.
        epcgate::transport::use_ring();
        let mut child = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args(arguments)
            .env("EPCGATE_LOG__LEVEL", "warn")
            .env("EPCGATE_STORE__LEASE_SECONDS", "5")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the gateway ended before it listened") };
            if let Some(at) = line.find("http://127.0.0.1:") {
                let port = line[at..].rsplit(':').next().unwrap().split('/').next().unwrap();
                break format!("http://127.0.0.1:{}", port.trim());
            }
        };
        // Keeps reading, so that the program never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        let gateway = Gateway { child, base };
        gateway.wait_until_ready();
        gateway
    }

    fn wait_until_ready(&self) {
        let client = client().build().unwrap();
        for _ in 0..300 {
            if client.get(self.url("/readyz")).send().is_ok_and(|answer| answer.status() == 200) {
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
