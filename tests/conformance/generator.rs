//! Documents of the corpus' generator with their answer keys, made by one process for many of them.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::corpus::shared;

const DRIVER: &str = "import json, sys\n\
                      sys.path.insert(0, sys.argv[1])\n\
                      import gen_dscsa\n\
                      for line in sys.stdin:\n    gen_dscsa.main(json.loads(line))\n";

/// Small, but with two products in two lots on two pallets, shipped one by one.
const SMALL: [&str; 12] = [
    "--units",
    "8",
    "--units-per-case",
    "2",
    "--cases-per-pallet",
    "2",
    "--lots",
    "2",
    "--products",
    "2",
    "--pallets-per-shipment",
    "1",
];

/// The forms in which documents are made.
pub(crate) const FORMS: [(&str, &[&str]); 3] = [
    ("xml12", &["--format", "xml12"]),
    ("json20", &["--format", "json20"]),
    ("json20-dl", &["--format", "json20", "--epc-style", "dl"]),
];

/// Documents to make, each run of the generator with its own options.
pub(crate) struct Generator {
    folder: TempDir,
    runs: Vec<Vec<String>>,
}

impl Generator {
    pub(crate) fn new() -> Generator {
        Generator { folder: tempfile::tempdir().unwrap(), runs: Vec::new() }
    }

    /// One document of this name with its key.
    pub(crate) fn document(&mut self, name: &str, options: &[&str]) {
        let path = |ending: &str| self.folder.path().join(format!("{name}{ending}")).display().to_string();
        let (out, key) = (path(".document"), path(".key"));
        self.add(options, &["--out", &out, "--expect", &key]);
    }

    /// The four documents of a chain, in a folder of this name.
    pub(crate) fn chain(&mut self, name: &str, options: &[&str]) {
        let out = self.folder.path().join(name).display().to_string();
        self.add(options, &["--partner", "chain", "--out-dir", &out]);
    }

    fn add(&mut self, options: &[&str], out: &[&str]) {
        let run = SMALL.iter().chain(options).chain(out);
        self.runs.push(run.map(|option| (*option).to_owned()).collect());
    }

    /// Makes all of them.
    pub(crate) fn run(&self) -> &Path {
        let mut child = Command::new("python3")
            .args(["-B", "-c", DRIVER])
            .arg(shared().join("tools"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        for run in &self.runs {
            writeln!(input, "{}", serde_json::to_string(run).unwrap()).unwrap();
        }
        drop(input);
        assert!(child.wait().unwrap().success());
        self.folder.path()
    }
}

/// The answer key of the document of this name.
pub(crate) fn key(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(format!("{name}.key"))).unwrap();
    serde_json::from_str(&text).unwrap()
}
