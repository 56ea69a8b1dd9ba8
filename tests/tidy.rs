//! The rules of the house (ARCHITECTURE.md), held by a test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test ends by panicking

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Each room and the rooms it may use, in the order of the house.
const ROOMS: &[(&str, &[&str])] = &[
    ("gs1", &[]),
    ("epcis", &["gs1"]),
    ("dscsa", &["epcis", "gs1"]),
    ("formats", &["dscsa", "epcis", "gs1"]),
    ("transport", &[]),
    ("access", &["gs1", "transport"]),
    ("store", &["access", "dscsa", "epcis", "formats", "gs1", "transport"]),
    ("audit", &["access", "dscsa", "formats", "store"]),
    ("reconcile", &["access", "dscsa", "epcis", "formats", "gs1", "store"]),
    ("capture", &["access", "dscsa", "epcis", "formats", "gs1", "reconcile", "store"]),
    ("export", &["access", "dscsa", "epcis", "formats", "gs1", "reconcile", "store"]),
    ("verify", &["access", "dscsa", "epcis", "formats", "gs1", "reconcile", "store", "transport"]),
    ("onboard", &["access", "dscsa", "epcis", "formats", "gs1", "reconcile", "store", "transport"]),
    (
        "exchange",
        &[
            "access",
            "capture",
            "dscsa",
            "epcis",
            "export",
            "formats",
            "gs1",
            "reconcile",
            "store",
            "transport",
        ],
    ),
    (
        "returns",
        &["access", "capture", "dscsa", "epcis", "export", "formats", "gs1", "reconcile", "store", "verify"],
    ),
    ("notices", &["access", "dscsa", "gs1", "store", "transport"]),
    (
        "config",
        &[
            "access",
            "api",
            "audit",
            "capture",
            "dscsa",
            "exchange",
            "export",
            "formats",
            "gs1",
            "notices",
            "onboard",
            "reconcile",
            "returns",
            "store",
            "transport",
            "ui",
            "verify",
        ],
    ),
    (
        "api",
        &[
            "access",
            "capture",
            "dscsa",
            "epcis",
            "exchange",
            "export",
            "formats",
            "gs1",
            "onboard",
            "reconcile",
            "returns",
            "store",
            "transport",
            "verify",
        ],
    ),
    (
        "ui",
        &[
            "access",
            "capture",
            "dscsa",
            "epcis",
            "exchange",
            "export",
            "formats",
            "gs1",
            "onboard",
            "reconcile",
            "returns",
            "store",
            "transport",
            "verify",
        ],
    ),
    (
        "server",
        &[
            "access",
            "api",
            "audit",
            "capture",
            "config",
            "dscsa",
            "exchange",
            "export",
            "notices",
            "onboard",
            "reconcile",
            "returns",
            "store",
            "transport",
            "ui",
            "verify",
        ],
    ),
    (
        "cli",
        &[
            "access",
            "audit",
            "capture",
            "config",
            "dscsa",
            "epcis",
            "exchange",
            "export",
            "formats",
            "gs1",
            "notices",
            "onboard",
            "reconcile",
            "returns",
            "server",
            "store",
            "transport",
            "verify",
        ],
    ),
];

/// Rooms that touch no file, socket, clock or database.
const PURE: &[&str] = &["gs1", "epcis", "dscsa", "formats"];

/// What a pure room must not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "diesel::",
    "actix_web::",
    "tokio::",
];

/// Crates that must not enter Cargo.lock, each with the reason.
const BANNED: &[(&str, &str)] = &[
    ("native-tls", "TLS goes through rustls, or libpq over its own OpenSSL"),
    ("aws-lc-sys", "a second TLS provider; needs cmake"),
    ("aws-lc-rs", "a second TLS provider; needs cmake"),
    ("roxmltree", "quadratic on hostile attributes"),
    ("xmlschema", "wrong answers on EPCIS schemas"),
    ("libxml", "needs libclang to build"),
    ("serde_yaml", "not maintained"),
];

/// Oldest versions that may enter Cargo.lock, each with the reason.
const OLDEST: &[(&str, [u64; 3], &str)] = &[
    ("quick-xml", [0, 41, 0], "RUSTSEC-2026-0194, RUSTSEC-2026-0195"),
    ("rustls-webpki", [0, 103, 13], "RUSTSEC-2026-0098, -0099, -0104"),
];

/// Lines of code (tests left out) after which a file must be divided.
const LONGEST: usize = 600;

/// Names that say nothing.
const VAGUE: &[&str] =
    &["utils", "util", "common", "helpers", "helper", "manager", "service", "types", "impls", "misc"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder with this ending, as path from the root and text.
fn files(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.to_string_lossy().ends_with(ending) {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    assert!(!found.is_empty(), "no {ending} below {folder}");
    found
}

/// A file's text before its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

fn room_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("src/")?;
    Some(rest.split(['/', '.']).next().unwrap_or_default())
}

fn complain(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut faults = Vec::new();
    for (name, text) in files("src", ".rs") {
        let room = room_of(&name).unwrap_or_default().to_owned();
        if matches!(room.as_str(), "main" | "lib") {
            continue;
        }
        let Some(may) = allowed.get(room.as_str()) else {
            faults.push(format!("{name}: the room {room} is not in the table of tests/tidy.rs"));
            continue;
        };
        for (number, line) in code(&text).lines().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let used: String =
                    line[at + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if used.is_empty() {
                    faults.push(format!("{name}:{}: one path a line, never crate::{{", number + 1));
                } else if used != room && !may.contains(&used.as_str()) && allowed.contains_key(used.as_str())
                {
                    faults.push(format!("{name}:{}: {room} may not use {used}", number + 1));
                }
            }
        }
    }
    complain(&faults);
}

#[test]
fn the_ground_floor_is_pure() {
    let mut faults = Vec::new();
    for (name, text) in files("src", ".rs") {
        if !room_of(&name).is_some_and(|room| PURE.contains(&room)) {
            continue;
        }
        for word in IMPURE {
            if code(&text).contains(word) {
                faults.push(format!("{name}: a pure room names {word}"));
            }
        }
    }
    complain(&faults);
}

#[test]
fn diesel_stays_in_the_store() {
    let strays = files("src", ".rs").into_iter().filter(|(name, text)| {
        !name.starts_with("src/store/") && text.lines().any(|line| line.contains("diesel::"))
    });
    complain(&strays.map(|(name, _)| format!("{name}: diesel never leaves src/store")).collect::<Vec<_>>());
}

#[test]
fn files_are_short_and_named_for_what_they_hold() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for (name, text) in files(folder, ".rs") {
            let lines = code(&text).lines().count();
            if lines > LONGEST {
                faults.push(format!("{name}: {lines} lines without tests; divide it by subject"));
            }
            if Path::new(&name).components().any(|part| {
                let part = part.as_os_str().to_string_lossy();
                VAGUE.contains(&part.trim_end_matches(".rs"))
            }) {
                faults.push(format!("{name}: the name says nothing"));
            }
            if folder == "src" && !name.ends_with("/tests.rs") && !text.starts_with("//!") {
                faults.push(format!("{name}: begins without a sentence that says what it holds"));
            }
        }
    }
    complain(&faults);
}

#[test]
fn nothing_is_left_over_in_the_code() {
    let mut faults = Vec::new();
    for (name, text) in files("src", ".rs") {
        for (number, line) in code(&text).lines().enumerate() {
            for word in ["TODO", "FIXME", "todo!(", "unimplemented!(", "dbg!(", "#[allow(", "#![allow("] {
                if line.contains(word) {
                    faults.push(format!("{name}:{}: {word}", number + 1));
                }
            }
        }
    }
    complain(&faults);
}

#[test]
fn migrations_have_the_same_names_and_one_statement_each() {
    let mut names = Vec::new();
    let mut faults = Vec::new();
    for database in ["sqlite", "postgres"] {
        let scripts = files(&format!("migrations/{database}"), ".sql");
        for (name, text) in &scripts {
            let statements = without_body(text);
            let statements =
                statements.split(';').filter(|part| !without_comments(part).trim().is_empty()).count();
            if statements != 1 {
                faults.push(format!("{name}: {statements} statements; one a migration"));
            }
        }
        let prefix = format!("migrations/{database}/");
        names.push(scripts.keys().map(|name| name[prefix.len()..].to_owned()).collect::<BTreeSet<_>>());
    }
    for name in names[0].symmetric_difference(&names[1]) {
        faults.push(format!("migration {name} exists for one database alone"));
    }
    complain(&faults);
}

/// A statement without what stands in the body of a trigger or function.
fn without_body(sql: &str) -> String {
    match (sql.find("BEGIN"), sql.rfind("END")) {
        (Some(begin), Some(end)) if begin < end => sql[..begin].to_owned() + &sql[end..],
        _ => sql.to_owned(),
    }
}

fn without_comments(sql: &str) -> String {
    sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_fixture_is_described() {
    let readme = fs::read_to_string(root().join("fixtures/README.md")).unwrap();
    let mut faults = Vec::new();
    for ending in [".xml", ".jsonld"] {
        for name in files("fixtures", ending).keys() {
            let stem = Path::new(name).file_name().unwrap().to_string_lossy().into_owned();
            let stem = stem.split('.').next().unwrap().to_owned();
            if !readme.contains(&stem) {
                faults.push(format!("{name}: fixtures/README.md does not say what it shows"));
            }
        }
    }
    complain(&faults);
}

#[test]
fn no_banned_crate_is_locked() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut faults = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let field = |name: &str| {
            let line = package.lines().find(|line| line.starts_with(&format!("{name} = ")))?;
            line.split('"').nth(1)
        };
        let (Some(name), Some(version)) = (field("name"), field("version")) else { continue };
        if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            faults.push(format!("{name} {version} is locked: {reason}"));
        }
        let parts: Vec<u64> =
            version.split(['.', '-', '+']).take(3).filter_map(|part| part.parse().ok()).collect();
        let outdated =
            OLDEST.iter().find(|(old, oldest, _)| *old == name && parts.as_slice() < oldest.as_slice());
        if let Some((_, _, reason)) = outdated {
            faults.push(format!("{name} {version} is locked, too old: {reason}"));
        }
    }
    complain(&faults);
}

#[test]
fn no_machine_path_or_host_is_named() {
    let forbidden = ["/home/", "/Users/", "C:\\\\", "crates.io/api", "static.crates.io"];
    let mut faults = Vec::new();
    for folder in ["src", "config", "docs", "fixtures", "migrations"] {
        if !root().join(folder).is_dir() {
            continue;
        }
        for (name, text) in text_files(folder) {
            for word in forbidden {
                if text.contains(word) {
                    faults.push(format!("{name}: names {word}"));
                }
            }
        }
    }
    complain(&faults);
}

fn text_files(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.insert(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned(), text);
        }
    }
    found
}

#[test]
fn the_map_names_every_room() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let missing = ROOMS.iter().filter(|(room, _)| !map.contains(&format!("`{room}`")));
    complain(&missing.map(|(room, _)| format!("ARCHITECTURE.md does not name `{room}`")).collect::<Vec<_>>());
}
