//! A foreign AS2 implementation, pyas2lib, in a process of its own; `peers/as2_peer.py` is its other end.

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
    /// Starts it; fails loudly where Python is not there.
    pub fn start() -> Peer {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway/peers/as2_peer.py");
        let mut child = Command::new(python())
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
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

fn run(command: &mut Command) {
    let done = command.output();
    let done = done.unwrap_or_else(|error| panic!("apt-get install python3-venv: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
