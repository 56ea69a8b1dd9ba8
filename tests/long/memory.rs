//! Peak resident memory over the large document, database caches included.

use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::large_document;

/// What we promise, in megabytes.
const MOST: u64 = 256;

/// Peak resident memory of a process so far, in megabytes, by its number; `None` once it has ended.
pub fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1_000)
}

fn check(arguments: &[&str]) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0;
    let status = loop {
        most = most.max(peak(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    println!("{:<8} peak memory {most:>4} MB, {:>6.1} s", arguments[0], began.elapsed().as_secs_f64());
    assert!(status.success(), "{arguments:?}: {status}");
    assert!(most > 0 && most < MOST, "{arguments:?} took {most} MB at its peak; {MOST} MB are promised");
}

#[test]
fn a_large_document_takes_little_memory() {
    let document = large_document();
    let document = document.to_str().unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let out = folder.path().join("out.jsonld");
    let data = folder.path().join("data");
    check(&["check", document]);
    check(&["hash", document]);
    check(&["convert", document, out.to_str().unwrap(), "--to", "json-ld"]);
    std::fs::remove_file(&out).unwrap();
    check(&["capture", document, "--data-dir", data.to_str().unwrap()]);
}
