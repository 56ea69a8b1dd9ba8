//! Where the corpus is, and its manifest.

use std::path::Path;
use std::path::PathBuf;

/// One line of `manifest.tsv`.
#[derive(Debug, Clone)]
pub struct Example {
    /// Path below `corpus/`.
    pub path: String,
    /// `example`, `schema`, …
    pub kind: String,
    /// `xml12`, `xml20`, `xml-bare`, `json`, …
    pub format: String,
    /// Words divided by commas.
    pub features: String,
    /// The schema it was checked against.
    pub checked_against: String,
    /// What that schema says.
    pub validity: String,
}

impl Example {
    /// True for a document of a source's `Invalid/` folder.
    pub fn is_invalid(&self) -> bool {
        self.features.split(',').any(|feature| feature == "invalid")
    }

    /// The file itself.
    pub fn file(&self) -> PathBuf {
        corpus().join(&self.path)
    }
}

/// The folder with `corpus/`: `EPCGATE_SHARED`, or `../shared` beside the project.
pub fn shared() -> PathBuf {
    let folder = std::env::var_os("EPCGATE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    assert!(folder.join("corpus").is_dir(), "there is no corpus at {}: set EPCGATE_SHARED", folder.display());
    folder
}

/// The corpus folder.
pub fn corpus() -> PathBuf {
    shared().join("corpus")
}

/// Every line of the manifest.
pub fn manifest() -> Vec<Example> {
    let text = std::fs::read_to_string(corpus().join("manifest.tsv")).unwrap();
    let examples: Vec<Example> = text
        .lines()
        .skip(1)
        .map(|line| {
            let column: Vec<&str> = line.split('\t').collect();
            Example {
                path: column[0].into(),
                kind: column[1].into(),
                format: column[2].into(),
                features: column[3].into(),
                checked_against: column[5].into(),
                validity: column[6].into(),
            }
        })
        .collect();
    assert!(examples.len() > 500, "the manifest has only {} lines", examples.len());
    examples
}

/// The documents that a capture or master data schema judged, and those not well-formed.
pub fn documents() -> Vec<Example> {
    let schemas = ["12", "20", "m12", "m20", "json-2.0", "json-2.0(bare-event)"];
    let documents: Vec<Example> = manifest()
        .into_iter()
        .filter(|example| example.kind == "example")
        .filter(|example| schemas.contains(&&*example.checked_against) || example.format == "xml-malformed")
        .collect();
    assert!(documents.len() > 250, "only {} documents", documents.len());
    documents
}
