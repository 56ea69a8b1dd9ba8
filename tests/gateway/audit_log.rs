//! The audit trail as a Merkle log: exports that are checked offline, and whatever somebody does to them is found.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::audit;
use epcgate::audit::AuditError;
use epcgate::audit::Checked;
use epcgate::audit::FindingKind;
use epcgate::audit::Log;
use epcgate::audit::PublicKey;
use epcgate::audit::Signer;
use epcgate::dscsa::AuditEntry;
use epcgate::store::Settings;
use epcgate::store::Store;
use tempfile::TempDir;

use crate::postgres;

/// Rows of the trail that is tampered with: two full tiles and a part of one.
const ROWS: i64 = 600;

/// How many random changes are tried: some by default, all with `EPCGATE_EDITS`.
fn edits() -> u64 {
    std::env::var("EPCGATE_EDITS").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000 + second, 0).unwrap()
}

fn entry(number: i64) -> AuditEntry {
    AuditEntry::done(at(number), "person:ann", "holds.opened", &format!("hold {number}"))
        .because("a bad \"seal\"\n")
        .after(format!("{{\"state\":\"open\",\"number\":{number}}}"))
}

fn entries(numbers: std::ops::Range<i64>) -> Vec<AuditEntry> {
    numbers.map(entry).collect()
}

fn signer(seed: u8) -> Signer {
    Signer::new("log.example", &[seed; 32]).unwrap()
}

fn log(store: &Store, seed: u8) -> Log {
    Log::with(store, signer(seed), Path::new("audit.key"))
}

fn opened(folder: &TempDir) -> Store {
    Store::open(folder.path().join("epcgate.db").to_str().unwrap(), &Settings::default()).unwrap()
}

fn check(folder: &Path, others: &[PathBuf]) -> Checked {
    audit::check(folder, &[signer(1).public().clone()], others).unwrap()
}

/// The kinds of what is wrong, with the rows, and all of it in words.
fn wrong(folder: &Path, others: &[PathBuf]) -> (Vec<(FindingKind, Option<u64>)>, String) {
    let checked = check(folder, others);
    let words: Vec<String> = checked.findings.iter().map(ToString::to_string).collect();
    (checked.findings.iter().map(|finding| (finding.kind, finding.row)).collect(), words.join("\n"))
}

/// A trail with checkpoints on its way, exported; gives the checkpoints that were given away.
fn exported(store: &Store, target: &Path) -> Vec<String> {
    let log = log(store, 1);
    let mut given = Vec::new();
    for (from, to) in [(0, 100), (100, 256), (256, 300), (300, ROWS - 1)] {
        store.audit(&entries(from..to)).unwrap();
        given.push(log.checkpoint(at(to)).unwrap().note);
    }
    let done = audit::export(store, &Caller::operator(), Some(&log), (target, at(ROWS))).unwrap();
    assert_eq!((done.checkpoint.size, done.unsigned), (ROWS as u64, None));
    given
}

fn sound(store: &Store) -> String {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("trail");
    exported(store, &target);
    let checked = check(&target, &[]);
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert_eq!((checked.rows, checked.vouched, checked.checkpoints), (ROWS as u64, ROWS as u64, 6));
    agrees_with_others(&target);
    fs::read_to_string(target.join("checkpoint")).unwrap()
}

#[test]
fn an_export_is_as_it_was_signed_and_the_same_on_each_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = sound(&opened(&folder));
    let server = sound(&Store::open(&postgres::database("audit_log"), &Settings::default()).unwrap());
    assert_eq!(file, server);
}

/// A check that shares nothing with ours: Python's SHA-256 over the rows, and OpenSSL's Ed25519.
fn agrees_with_others(target: &Path) {
    let script = r#"
import base64, hashlib, glob, subprocess, sys
folder, key = sys.argv[1:]
def root(leaves):
    if len(leaves) == 1: return leaves[0]
    k = 1
    while k * 2 < len(leaves): k *= 2
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()
lines = [line for name in sorted(glob.glob(folder + "/rows/*.jsonl")) for line in open(name, "rb").read().split(b"\n")[:-1]]
leaves = [hashlib.sha256(b"\0" + line).digest() for line in lines]
text, signature = open(folder + "/checkpoint").read().split("\n\n")
origin, size, claimed = text.split("\n")
assert int(size) == len(leaves) and base64.b64decode(claimed) == root(leaves), "root"
tile = b"".join(open(folder + "/tile/0/" + name, "rb").read() for name in ["000", "001", "002.p/88"])
assert tile == b"".join(leaves), "tiles"
assert open(folder + "/tile/1/000.p/2", "rb").read() == root(leaves[:256]) + root(leaves[256:512]), "upper tile"
open(folder + ".text", "w").write(text + "\n")
open(folder + ".sig", "wb").write(base64.b64decode(signature.split(" ")[2])[4:])
public = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(key.split("+", 2)[2])[1:]
open(folder + ".der", "wb").write(public)
subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", folder + ".der", "-rawin", "-in",
                folder + ".text", "-sigfile", folder + ".sig"], check=True, stdout=subprocess.DEVNULL)
"#;
    let key = signer(1).public().to_string();
    let done = Command::new("python3").args(["-c", script, target.to_str().unwrap(), &key]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The files of an export, to be put back after each change.
struct Trail {
    folder: TempDir,
    target: PathBuf,
    files: BTreeMap<PathBuf, Vec<u8>>,
    given: Vec<PathBuf>,
}

impl Trail {
    fn new() -> Trail {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("trail");
        let notes = exported(&opened(&folder), &target);
        let given: Vec<PathBuf> = notes
            .iter()
            .enumerate()
            .map(|(number, note)| {
                let path = folder.path().join(format!("given-{number}.txt"));
                fs::write(&path, note).unwrap();
                path
            })
            .collect();
        let mut files = BTreeMap::new();
        let mut open = vec![target.clone()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else {
                let bytes = fs::read(&path).unwrap();
                files.insert(path, bytes);
            }
        }
        Trail { folder, target, files, given }
    }

    fn restore(&self) {
        for folder in ["rows", "tile", "checkpoints"] {
            let _ = fs::remove_dir_all(self.target.join(folder));
        }
        for (path, bytes) in &self.files {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    fn rows(&self) -> Vec<Vec<u8>> {
        let bytes = &self.files[&self.rows_file()];
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    fn rows_file(&self) -> PathBuf {
        self.target.join("rows/000000000000.jsonl")
    }

    fn with_rows(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> (Vec<(FindingKind, Option<u64>)>, String) {
        self.restore();
        let mut rows = self.rows();
        change(&mut rows);
        fs::write(self.rows_file(), rows.concat()).unwrap();
        wrong(&self.target, &[])
    }
}

#[test]
fn whatever_is_done_to_rows_is_named() {
    let trail = Trail::new();
    let edited = trail.with_rows(|rows| {
        let line = String::from_utf8(rows[17].clone()).unwrap();
        rows[17] = line.replace("person:ann", "person:bob").into_bytes();
    });
    assert_eq!(edited.0, [(FindingKind::Changed, Some(17))]);
    assert_eq!(edited.1, "row 17 is not the one that was signed");
    let gone = trail.with_rows(|rows| drop(rows.drain(20..23)));
    assert_eq!(gone.0, [(FindingKind::Missing, Some(20))]);
    assert_eq!(gone.1, "rows 20 to 22 are missing");
    let swapped = trail.with_rows(|rows| rows.swap(300, 301));
    assert!(swapped.0.iter().all(|(kind, _)| *kind == FindingKind::Moved), "{}", swapped.1);
    assert!(swapped.1.contains("row 300 does not stand in its place"), "{}", swapped.1);
    let twice = trail.with_rows(|rows| rows.insert(9, rows[4].clone()));
    assert_eq!(twice.0, [(FindingKind::Added, Some(4))], "{}", twice.1);
    let behind = trail.with_rows(|rows| {
        let line = String::from_utf8(rows[599].clone()).unwrap();
        rows.push(line.replace("\"number\":599", "\"number\":600").into_bytes());
    });
    assert_eq!(behind.0, [(FindingKind::Added, Some(600))], "{}", behind.1);
    let cut = trail.with_rows(|rows| rows.truncate(590));
    assert_eq!(cut.0, [(FindingKind::Truncated, Some(590))], "{}", cut.1);
    assert!(cut.1.contains("rows 590 to 599 were cut off"), "{}", cut.1);
}

#[test]
fn a_trail_that_is_rolled_back_is_shown_by_a_checkpoint_given_away() {
    let trail = Trail::new();
    let earlier = tempfile::tempdir().unwrap();
    let store = opened(&earlier);
    store.audit(&entries(0..299)).unwrap();
    let target = earlier.path().join("trail");
    let done = audit::export(&store, &Caller::operator(), Some(&log(&store, 1)), (&target, at(299))).unwrap();
    assert_eq!(done.checkpoint.size, 300);
    assert!(wrong(&target, &trail.given[..2]).0.is_empty());
    // The last row is another, and was signed as well: two logs.
    let (kinds, words) = wrong(&target, &trail.given[2..3]);
    assert_eq!(kinds, [(FindingKind::Fork, None)], "{words}");
    assert!(words.contains("cannot both be of one log"), "{words}");
    let (kinds, words) = wrong(&target, &trail.given[3..]);
    assert_eq!(kinds, [(FindingKind::Truncated, Some(300))], "{words}");
}

#[test]
fn a_fork_at_other_sizes_and_a_swapped_key_are_shown() {
    let trail = Trail::new();
    let other = tempfile::tempdir().unwrap();
    let store = opened(&other);
    let mut forged = entries(0..ROWS - 1);
    forged[41].why.clear();
    store.audit(&forged).unwrap();
    let target = other.path().join("trail");
    audit::export(&store, &Caller::operator(), Some(&log(&store, 1)), (&target, at(ROWS))).unwrap();
    assert!(wrong(&target, &[]).0.is_empty());
    for given in &trail.given {
        let (kinds, words) = wrong(&target, std::slice::from_ref(given));
        assert_eq!(kinds, [(FindingKind::Fork, None)], "{words}");
    }
    let swapped = tempfile::tempdir().unwrap();
    let store = opened(&swapped);
    store.audit(&forged).unwrap();
    let target = swapped.path().join("trail");
    audit::export(&store, &Caller::operator(), Some(&log(&store, 2)), (&target, at(ROWS))).unwrap();
    let (kinds, words) = wrong(&target, &[]);
    let expected = [FindingKind::Signature, FindingKind::Signature, FindingKind::Checkpoint];
    assert_eq!(kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), expected, "{words}");
    assert!(words.contains("is not signed with the key log.example+"), "{words}");
}

#[test]
fn rows_changed_together_with_their_tiles_are_narrowed_down() {
    let trail = Trail::new();
    let other = tempfile::tempdir().unwrap();
    let store = opened(&other);
    let mut forged = entries(0..ROWS - 1);
    forged[270].actor = "person:eve".to_owned();
    store.audit(&forged).unwrap();
    let target = other.path().join("trail");
    audit::export(&store, &Caller::operator(), Some(&log(&store, 2)), (&target, at(ROWS))).unwrap();
    trail.restore();
    for folder in ["rows", "tile"] {
        fs::remove_dir_all(trail.target.join(folder)).unwrap();
        fs::rename(target.join(folder), trail.target.join(folder)).unwrap();
    }
    let (kinds, words) = wrong(&trail.target, &[]);
    assert_eq!(kinds, [(FindingKind::Between, Some(256))], "{words}");
    assert!(words.contains("among rows 256 to 299"), "{words}");
    trail.restore();
    let tile = trail.target.join("tile/0/001");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[32 * 5] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let (kinds, words) = wrong(&trail.target, &[]);
    assert!(kinds.contains(&(FindingKind::Tile, Some(261))), "{words}");
    assert!(kinds.iter().all(|(kind, _)| *kind == FindingKind::Tile), "{words}");
}

#[test]
fn every_random_change_is_found() {
    let trail = Trail::new();
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    let mut throw = |sides: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % u64::try_from(sides).unwrap()).unwrap()
    };
    for round in 0..edits() {
        let rows = trail.rows();
        let (row, kind) = (throw(rows.len()), throw(8));
        let (other, at, bit) = (throw(rows.len()), throw(rows[row].len()), throw(8));
        let mut changed = rows.clone();
        match kind {
            0..=2 => changed[row][at] ^= 1 << bit,
            3 => drop(changed.remove(row)),
            4 => changed.swap(row, other),
            5 => changed.insert(row, rows[other].clone()),
            6 => changed.truncate(row),
            _ => drop(changed[row].drain(at..=at)),
        }
        if changed == rows {
            continue;
        }
        fs::write(trail.rows_file(), changed.concat()).unwrap();
        // What was given away is enough, whatever becomes of the checkpoints of the export itself.
        let checked = check(&trail.target, &trail.given);
        assert!(!checked.findings.is_empty(), "round {round}: kind {kind}, row {row}, byte {at}, bit {bit}");
    }
    fs::write(trail.rows_file(), trail.rows().concat()).unwrap();
    assert!(check(&trail.target, &trail.given).findings.is_empty());
    drop(trail.folder);
}

#[test]
fn a_trail_that_is_not_what_was_signed_is_signed_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(&folder);
    exported(&store, &folder.path().join("first"));
    let known = store.newest_audit_checkpoint().unwrap().unwrap();
    assert!(matches!(log(&store, 2).checkpoint(at(0)), Err(AuditError::OtherKey { .. })));
    drop(store);
    let statements = "DROP TRIGGER audit_keeps_rows_unchanged; DROP TRIGGER audit_keeps_rows; \
                      UPDATE audit SET actor = 'nobody' WHERE number = 590; DELETE FROM audit WHERE number = 17;";
    let script = format!(
        "import sqlite3; sqlite3.connect({:?}).executescript({statements:?})",
        folder.path().join("epcgate.db")
    );
    assert!(Command::new("python3").args(["-c", &script]).status().unwrap().success());
    let store = opened(&folder);
    let refused = log(&store, 1).checkpoint(at(0)).unwrap_err();
    assert!(matches!(refused, AuditError::Broken(_)), "{refused}");
    let target = folder.path().join("second");
    let done =
        audit::export(&store, &Caller::operator(), Some(&log(&store, 1)), (&target, at(ROWS))).unwrap();
    assert_eq!(done.checkpoint, known);
    assert!(done.unsigned.unwrap().contains("not what was signed"));
    let (kinds, words) = wrong(&target, &[]);
    assert!(kinds.contains(&(FindingKind::Missing, Some(17))), "{words}");
    assert!(words.contains("590") || kinds.iter().any(|(kind, _)| *kind == FindingKind::Between), "{words}");
}

#[test]
fn several_processes_number_without_a_gap() {
    let url = postgres::database("audit_together");
    let stores: Vec<Store> = (0..2).map(|_| Store::open(&url, &Settings::default()).unwrap()).collect();
    thread::scope(|scope| {
        for store in &stores {
            for lane in 0..3 {
                scope.spawn(move || {
                    for number in 0..40 {
                        store.audit(&entries(lane * 100 + number..lane * 100 + number + 3)).unwrap();
                    }
                });
            }
        }
        for process in 0..2 {
            let url = url.clone();
            scope.spawn(move || {
                for number in 0..6 {
                    let digits = format!("95211{process}{number}");
                    let set = ["prefixes", "set", &digits, "--database", &url];
                    let done = Command::new(env!("CARGO_BIN_EXE_epcgate")).args(set).output().unwrap();
                    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
                }
            });
        }
    });
    let count = 2 * 3 * 40 * 3 + 2 * 6;
    for store in &stores {
        let rows = store.audit_rows(&Caller::operator(), 0, i64::MAX).unwrap();
        assert!(rows.iter().map(|row| row.number).eq(0..count));
        assert_eq!(store.audit_count().unwrap(), count);
    }
    let notes: Vec<String> =
        stores.iter().map(|store| log(store, 1).checkpoint(at(0)).unwrap().note).collect();
    assert_eq!(notes[0], notes[1]);
}

#[test]
fn the_command_line_signs_exports_and_checks() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .args(arguments)
            .env("EPCGATE_DATA_DIR", &data)
            .output()
            .unwrap()
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let good = |arguments: &[&str]| {
        let done = run(arguments);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", text(&done.stderr));
        text(&done.stdout)
    };
    let key = good(&["audit", "key"]);
    let secret = fs::metadata(data.join("audit.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&secret.permissions()) & 0o777, 0o600);
    good(&["prefixes", "set", "9521141"]);
    let kept = folder.path().join("kept.txt");
    fs::write(&kept, good(&["audit", "checkpoint"])).unwrap();
    assert_eq!(good(&["audit", "checkpoint", "--stored"]), fs::read_to_string(&kept).unwrap());
    let (target, kept) = (folder.path().join("trail"), kept.to_str().unwrap().to_owned());
    let target = target.to_str().unwrap();
    good(&["audit", "export", target]);
    assert_eq!(run(&["audit", "export", target]).status.code(), Some(2));
    let verified = good(&["audit", "verify", target, "--key", key.trim(), "--checkpoint", &kept]);
    assert_eq!(verified, "2 rows are as they were signed, by 4 checkpoints\n");
    let renewed = good(&["audit", "key", "--replace", "--why", "the old one was copied"]);
    assert_ne!(PublicKey::parse(&renewed).unwrap(), PublicKey::parse(&key).unwrap());
    let second = format!("{target}-2");
    good(&["audit", "export", &second]);
    good(&["audit", "verify", &second, "--key", &key, "--key", &renewed, "--checkpoint", &kept]);
    let alone = run(&["audit", "verify", &second, "--key", &renewed, "--output", "json"]);
    assert_eq!(alone.status.code(), Some(1));
    assert!(text(&alone.stdout).contains("\"signature\""), "{}", text(&alone.stdout));
    let listed = good(&["audit", "list", "--act", "audit.key-replaced"]);
    assert!(listed.contains("the old one was copied") && listed.contains(key.trim()), "{listed}");
}
