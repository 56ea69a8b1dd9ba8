//! OpenSSH's own server on a free port of loopback, with keys, an account and a folder made for the test; and a wire to it that can
//! be cut.
//!
//! The account is one of the test alone (libnss-wrapper shows it to the server), so that this works as root and as any user, and
//! nothing of the machine is touched.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::TcpListener;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use epcgate::transport;
use epcgate::transport::Outbound;
use epcgate::transport::sftp::Settings;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

/// The password of the account.
pub const PASSWORD: &str = "correct horse";

/// The passphrase of its second key.
const PASSPHRASE: &str = "battery staple";

const SERVER: &str = "/usr/sbin/sshd";

/// A running server.
pub struct Sshd {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Sshd {
    /// Starts a server with a key of its own; the account has the folders `in`, `out` and `archive`.
    pub fn start() -> Sshd {
        assert!(
            Path::new(SERVER).exists(),
            "{SERVER} is missing: install openssh-server and libnss-wrapper (tests/run does)"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["home", "home/in", "home/out", "home/archive", "secrets"] {
            fs::create_dir(path(name)).unwrap();
        }
        key(&path("host"), "ed25519", "");
        key(&path("secrets/key"), "ed25519", "");
        key(&path("secrets/locked"), "rsa", PASSPHRASE);
        let public = |name: &str| fs::read_to_string(path(name)).unwrap();
        let authorized = public("secrets/key.pub") + &public("secrets/locked.pub");
        fs::write(path("authorized"), authorized).unwrap();
        for (name, text) in [("password", PASSWORD), ("passphrase", PASSPHRASE), ("wrong", "hunter2")] {
            fs::write(path("secrets").join(name), format!("{text}\n")).unwrap();
            fs::set_permissions(path("secrets").join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        accounts(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = server(folder.path(), port);
        let sshd = Sshd { child, port, folder };
        sshd.wait();
        sshd
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A path in the home of the account.
    pub fn home(&self, path: &str) -> PathBuf {
        self.folder.path().join("home").join(path)
    }

    /// The folder of the secrets `key`, `locked`, `passphrase`, `password` and `wrong`.
    pub fn secrets(&self) -> PathBuf {
        self.folder.path().join("secrets")
    }

    /// The fingerprint of its key.
    pub fn fingerprint(&self) -> String {
        let told =
            Command::new("ssh-keygen").arg("-lf").arg(self.folder.path().join("host.pub")).output().unwrap();
        String::from_utf8(told.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
    }

    /// Its public key.
    pub fn public_key(&self) -> String {
        fs::read_to_string(self.folder.path().join("host.pub")).unwrap()
    }

    /// Starts it again with another key, as after a new installation, or as somebody else who answers.
    pub fn change_key(&mut self) {
        self.stop();
        fs::remove_file(self.folder.path().join("host")).unwrap();
        key(&self.folder.path().join("host"), "ed25519", "");
        self.child = server(self.folder.path(), self.port);
        self.wait();
    }

    /// The settings of a channel to it, with some of them changed.
    pub fn settings(&self, change: Value) -> Settings {
        serde_json::from_value(self.channel(change)).unwrap()
    }

    /// The same as JSON.
    pub fn channel(&self, change: Value) -> Value {
        let mut settings = json!({
            "host": "127.0.0.1",
            "port": self.port,
            "user": "partner",
            "host_keys": [self.fingerprint()],
            "key": "key",
            "pick_up": { "folder": "out", "settle_seconds": 1, "every_seconds": 1 },
            "drop_off": { "folder": "in" },
        });
        settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        settings
    }

    /// What calls it.
    pub fn outbound(&self) -> Outbound {
        Outbound::new(&transport::Settings {
            allow_loopback: true,
            sftp_answer_seconds: 3,
            secrets: self.secrets(),
            ..transport::Settings::default()
        })
        .unwrap()
    }

    /// Holds it still, or lets it go on.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    fn wait(&self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "sshd does not listen");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn key(path: &Path, kind: &str, passphrase: &str) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", passphrase, "-f"]).arg(path).status();
    assert!(made.unwrap().success());
}

/// The files in which the server finds its account.
fn accounts(folder: &Path) {
    let id = |flag: &str| {
        let told = Command::new("id").arg(flag).output().unwrap().stdout;
        String::from_utf8(told).unwrap().trim().to_owned()
    };
    let (user, group) = (id("-u"), id("-g"));
    let hash = Command::new("openssl").args(["passwd", "-6", PASSWORD]).output().unwrap().stdout;
    let hash = String::from_utf8(hash).unwrap();
    let home = folder.join("home");
    let passwd = format!(
        "partner:x:{user}:{group}::{}:/bin/sh\nsshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n",
        home.display()
    );
    fs::write(folder.join("passwd"), passwd).unwrap();
    fs::write(folder.join("shadow"), format!("partner:{}:19000:0:99999:7:::\n", hash.trim())).unwrap();
    fs::write(folder.join("group"), format!("partner:x:{group}:\nnogroup:x:65534:\n")).unwrap();
    if user == "0" {
        // Where the server of the machine does not run, its empty folder is missing.
        let _ = fs::create_dir("/run/sshd");
    }
}

fn server(folder: &Path, port: u16) -> Child {
    let path = |name: &str| folder.join(name).display().to_string();
    let settings = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
         PermitRootLogin yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\n",
        path("host"),
        path("authorized"),
    );
    fs::write(folder.join("sshd_config"), settings).unwrap();
    let log = fs::File::create(folder.join("log")).unwrap();
    Command::new(SERVER)
        .args(["-D", "-e", "-f"])
        .arg(folder.join("sshd_config"))
        .env("LD_PRELOAD", "libnss_wrapper.so")
        .env("NSS_WRAPPER_PASSWD", path("passwd"))
        .env("NSS_WRAPPER_SHADOW", path("shadow"))
        .env("NSS_WRAPPER_GROUP", path("group"))
        .stdin(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// A wire to a server that breaks after so many bytes, counted both ways.
pub struct Wire {
    port: u16,
    left: Arc<AtomicI64>,
}

impl Wire {
    /// A wire to this port of loopback that holds.
    pub fn to(port: u16) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let shared = Arc::clone(&left);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let left = Arc::clone(&shared);
                    thread::spawn(move || carry(from, to, &left));
                }
            }
        });
        Wire { port: own, left }
    }

    /// The port of its near end.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets so many bytes through, and then breaks.
    pub fn break_after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// Holds from now on.
    pub fn mend(&self) {
        self.break_after(i64::MAX);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, left: &AtomicI64) {
    let mut buffer = vec![0; 16_384];
    while let Ok(read) = from.read(&mut buffer) {
        let whole = left.fetch_sub(read as i64, Ordering::SeqCst) >= read as i64;
        if read == 0 || !whole || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
