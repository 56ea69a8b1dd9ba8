//! A throwaway PostgreSQL cluster, one for the test process: started with the first database asked for, gone at the end.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use epcgate::store::Settings;
use epcgate::store::Store;

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Makes an empty database and gives its URL; the connection is not encrypted.
pub fn database(name: &str) -> String {
    let (cluster, database) = fresh(name);
    format!("postgres://plain@127.0.0.1:{}/{database}?sslmode=disable", cluster.port)
}

/// Runs a test on a new database of each kind.
pub fn on_each_database(name: &str, test: fn(&Store)) {
    let folder = tempfile::tempdir().unwrap();
    test(&Store::open(folder.path().join("epcgate.db").to_str().unwrap(), &Settings::default()).unwrap());
    test(&Store::open(&database(name), &Settings::default()).unwrap());
}

/// Makes an empty database and gives its URL; the server takes this user over TLS alone, and its certificate is checked.
pub fn tls_database(name: &str) -> String {
    let (cluster, database) = fresh(name);
    let root = cluster.folder.join("server.crt");
    format!(
        "postgres://secure@localhost:{}/{database}?sslmode=verify-full&sslrootcert={}",
        cluster.port,
        root.display()
    )
}

/// An empty database as the README sets one up: its URL for `keeper`, who owns it, and for `clerk`, who may read and write
/// rows, owns nothing, and does not bypass row-level security.
pub fn kept_database(name: &str) -> (String, String) {
    let (cluster, database) = fresh(name);
    cluster.tell("postgres", &format!("ALTER DATABASE {database} OWNER TO keeper"));
    cluster.tell(
        &database,
        "ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA public \
         GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO clerk",
    );
    let url = |user: &str| format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable", cluster.port);
    (url("keeper"), url("clerk"))
}

/// What `psql` answers to a statement on a database, or how it is refused.
pub fn ask(url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new(binary("psql")).args(["-qXAt", url, "-c", statement]).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// A cluster of its own, for tests that stop it.
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    /// The shell that watches over the server: it ends when this end of the pipe closes, also where we are killed.
    watch: Mutex<(Child, Option<ChildStdin>)>,
}

impl Cluster {
    /// Makes and starts a cluster.
    pub fn start() -> Cluster {
        let folder = std::env::temp_dir().join(format!("epcgate-postgres-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        if is_root() {
            run(Command::new("chown").arg("nobody").arg(&folder));
        }
        let data = folder.join("data");
        run(as_nobody(&binary("initdb")).args(["--auth=trust", "--no-sync", "-U", "owner", "-D"]).arg(&data));
        certify(&folder);
        fs::write(
            data.join("pg_hba.conf"),
            "local all all trust\nhostnossl all owner,plain,keeper,clerk all trust\nhostssl all secure all trust\n",
        )
        .unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Cluster { watch: Mutex::new(watched(&folder, port)), folder, port };
        cluster.await_ready();
        for user in ["plain", "secure"] {
            cluster.tell("postgres", &format!("CREATE ROLE {user} LOGIN SUPERUSER"));
        }
        for user in ["keeper", "clerk"] {
            cluster.tell("postgres", &format!("CREATE ROLE {user} LOGIN NOSUPERUSER NOBYPASSRLS"));
        }
        cluster
    }

    /// Makes an empty database and gives its URL.
    pub fn database(&self, name: &str) -> String {
        let database = self.create(name);
        format!("postgres://plain@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Ends the server as if the machine had failed: no connection is told, nothing is flushed.
    pub fn stop_immediately(&self) {
        let data = self.folder.join("data");
        run(as_nobody(&binary("pg_ctl")).args(["stop", "-w", "-m", "immediate", "-D"]).arg(data));
        let mut watch = self.watch.lock().unwrap();
        watch.1.take().unwrap().write_all(b"keep\n").unwrap();
        watch.0.wait().unwrap();
    }

    /// Starts the server again at the same address.
    pub fn start_again(&self) {
        *self.watch.lock().unwrap() = watched(&self.folder, self.port);
        self.await_ready();
    }

    fn create(&self, name: &str) -> String {
        let database = format!("{name}_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.tell("postgres", &format!("CREATE DATABASE {database}"));
        database
    }

    fn await_ready(&self) {
        for _ in 0..200 {
            let mut probe = Command::new(binary("pg_isready"));
            let output =
                probe.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]).status().unwrap();
            if output.success() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!(
            "PostgreSQL did not start: {}",
            fs::read_to_string(self.folder.join("log")).unwrap_or_default()
        );
    }

    fn tell(&self, database: &str, statement: &str) {
        let mut psql = Command::new(binary("psql"));
        psql.args(["-qX", "-v", "ON_ERROR_STOP=1", "-U", "owner", "-h", "127.0.0.1", "-d", database]);
        run(psql.args(["-p", &self.port.to_string(), "-c", statement]));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut watch = self.watch.lock().unwrap();
        watch.1 = None;
        let _ = watch.0.wait();
    }
}

fn fresh(name: &str) -> (&'static Cluster, String) {
    let cluster = CLUSTER.get_or_init(Cluster::start);
    let database = cluster.create(name);
    (cluster, database)
}

/// Starts the server under a shell that stops it once its input ends, and then removes its folder unless told to keep it.
fn watched(folder: &Path, port: u16) -> (Child, Option<ChildStdin>) {
    let script = r#"
        "$0" -D "$1/data" -p "$2" -k "$1" -c listen_addresses=localhost -c max_connections=60 \
            -c ssl=on -c ssl_cert_file="$1/server.crt" -c ssl_key_file="$1/server.key" \
            -c shared_buffers=256MB -c max_wal_size=4GB >>"$1/log" 2>&1 &
        read -r word
        kill -INT $! 2>/dev/null
        wait
        [ "$word" = keep ] || rm -rf "$1"
    "#;
    let mut child = as_nobody(Path::new("sh"))
        .args(["-c", script])
        .arg(binary("postgres"))
        .arg(folder)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take();
    (child, input)
}

/// A certificate for `localhost`, which is its own root.
fn certify(folder: &Path) {
    let mut openssl = as_nobody(Path::new("openssl"));
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]);
    openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
    openssl.arg("-keyout").arg(folder.join("server.key")).arg("-out").arg(folder.join("server.crt"));
    run(&mut openssl);
    run(as_nobody(Path::new("chmod")).arg("600").arg(folder.join("server.key")));
    run(as_nobody(Path::new("chmod")).arg("755").arg(folder));
}

/// PostgreSQL refuses to run as root.
fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0")
}

/// A program of the newest PostgreSQL that Debian has installed, or else from the path.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
