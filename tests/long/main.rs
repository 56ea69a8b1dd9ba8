//! The large counts: a document of a gigabyte, its memory, and what else the gateway does meanwhile. `tests/run --long`
//! runs them in a release build, one after the other, and shows what they print.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test ends by panicking
#![allow(dead_code)] // of what is shared with the tests of the gateway, this uses a part

mod as2;
#[path = "../gateway/as2_peer.rs"]
mod as2_peer;
mod busy;
mod files;
#[path = "../gateway/https.rs"]
mod https;
mod memory;
#[path = "../gateway/process.rs"]
mod process;
#[path = "../gateway/provider.rs"]
mod provider;
mod returns;
#[path = "../gateway/sshd.rs"]
mod sshd;
mod verifying;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Bytes of the large document: a gigabyte, or `EPCGATE_LONG_MEGABYTES`.
fn megabytes() -> u64 {
    std::env::var("EPCGATE_LONG_MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

/// The large document, made once; with the corpus beside the project, by its generator.
fn large_document() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("large-{}.xml", megabytes()));
        if path.exists() {
            return path;
        }
        let unfinished = path.with_extension("part");
        let generator =
            std::env::var_os("EPCGATE_SHARED").map(|shared| PathBuf::from(shared).join("tools/gen_dscsa.py"));
        let made = match generator.filter(|generator| generator.exists()) {
            Some(generator) => Command::new("python3")
                .arg(generator)
                .args(["--compact", "--size", &format!("{}M", megabytes()), "--out"])
                .arg(&unfinished)
                .status(),
            None => Command::new(env!("CARGO_BIN_EXE_epcgate"))
                .args(["bench", "document", "--megabytes", &megabytes().to_string()])
                .arg(&unfinished)
                .status(),
        };
        assert!(made.unwrap().success(), "the large document cannot be made");
        std::fs::rename(&unfinished, &path).unwrap();
        path
    })
    .clone()
}
