//! Foreign AS2 implementations, each in a process of its own: pyas2lib behind `peers/as2_peer.py`, OpenAS2 behind
//! `peers/OpenAs2Peer.java`.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

/// The library, as pip knows it.
const LIBRARY: &str = "pyas2lib==1.4.4";

/// The implementation, and what it is asked by.
pub struct Peer {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A message or a receipt as it goes over HTTP.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Header fields.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Peer {
    /// Starts pyas2lib; fails loudly where Python is not there.
    pub fn start() -> Peer {
        Peer::run(Command::new(python()).arg(peers().join("as2_peer.py")))
    }

    /// Starts OpenAS2; fails loudly where Java or Maven is not there.
    pub fn java() -> Peer {
        let folder = openas2();
        let path = format!("{0}/jars/*:{0}", folder.display());
        Peer::run(Command::new("java").args(["-cp", &path, "OpenAs2Peer"]))
    }

    fn run(command: &mut Command) -> Peer {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Peer { child, questions, answers }
    }

    /// Asks it one thing.
    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(answer.get("failed").is_none(), "{answer}");
        answer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Wire {
    /// Reads what the peer gives.
    pub fn of(answer: &Value) -> Wire {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let fields = answer["fields"].as_array().unwrap();
        let fields = fields.iter().map(|field| (text(&field[0]), text(&field[1]))).collect();
        Wire { fields, body: bytes(&answer["body"]) }
    }

    /// Adds it to a question to the peer.
    pub fn asked(&self, question: &Value) -> Value {
        let mut question = question.clone();
        question["fields"] = json!(self.fields);
        question["body"] = base64(&self.body);
        question
    }
}

/// Bytes as the peer takes them.
pub fn base64(bytes: &[u8]) -> Value {
    STANDARD.encode(bytes).into()
}

/// Bytes as the peer gives them.
pub fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// Python with the library in it, installed by pip once and kept in the target folder.
fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(LIBRARY.replace("==", "-"));
        let python = folder.join("bin/python");
        let done = folder.join("installed");
        if !done.exists() {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", LIBRARY]));
            std::fs::write(&done, "").unwrap();
        }
        python
    });
    python.clone()
}

/// The folder of OpenAS2, fetched by Maven once and kept in the target folder.
fn openas2() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openas2-2.10.1");
        let jars = folder.join("jars");
        if !folder.join("OpenAs2Peer.class").exists() {
            std::fs::create_dir_all(&folder).unwrap();
            let goal = ["--quiet", "--batch-mode", "dependency:copy-dependencies", "--file"];
            let into = format!("-DoutputDirectory={}", jars.display());
            run(Command::new("mvn").args(goal).arg(peers().join("openas2.xml")).arg(into));
            let path = format!("{}/*", jars.display());
            run(Command::new("javac")
                .args(["-cp", &path, "-d"])
                .arg(&folder)
                .arg(peers().join("OpenAs2Peer.java")));
        }
        folder
    });
    folder.clone()
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway/peers")
}

fn run(command: &mut Command) {
    let done = command.output();
    let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
