//! `epcgate config`: every fault of a file at once, each with its place and mend; and what is in force.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs `epcgate config` with a file of settings and variables of the environment: exit status and output.
fn config(verb: &str, text: &str, more: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gate.toml");
    fs::write(&file, text).unwrap();
    run(verb, &file, more, variables)
}

fn run(verb: &str, file: &Path, more: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["config", verb, "--config"])
        .arg(file)
        .args(more)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_fault_is_told_with_its_line_and_mend() {
    let text = "[server]\nprot = 9\nthreads = \"many\"\n\n[mial]\nhost = \"x\"\n[log]\nform = \"xml\"\n";
    let (status, said) = config("check", text, &[], &[("EPCGATE_STORE__READERS", "none")]);
    assert_eq!(status, 1, "{said}");
    for words in [
        "gate.toml:2: error: server.prot: there is no setting `server.prot`\n    write `server.port`",
        "gate.toml:3: error: server.threads: ",
        "gate.toml:6: error: mial.host: there is no setting `mial`\n    write `mail`",
        "gate.toml:8: error: log.form: `xml` is none of the words it can be\n    write one of auto, text, json",
        "environment variable EPCGATE_STORE__READERS: error: store.readers: ",
        "5 errors, 0 warnings",
    ] {
        assert!(said.contains(words), "{words}\n--\n{said}");
    }
}

#[test]
fn what_a_gateway_would_refuse_is_told_before_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("mail");
    fs::write(&secret, "hunter2").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o644)).unwrap();
    let file = folder.path().join("gate.toml");
    let text = format!(
        "[tls]\ncertificate = \"none.pem\"\nkey = \"none.key\"\n[rules]\norder-missing = \"loud\"\n[mail]\n\
         host = \"localhost\"\nuser = \"x\"\nfrom = \"x@example.com\"\npassword_file = {secret:?}\n\
         [notices]\nurgent = [\"nobody\"]\n[outbound]\nroots = [\"none.pem\"]\nallow_loopback = true\n"
    );
    fs::write(&file, text).unwrap();
    let (status, said) = run("check", &file, &["--output", "json"], &[]);
    assert_eq!(status, 1, "{said}");
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (key, line, severity) in [
        ("tls.certificate", 2, "error"),
        ("tls.key", 3, "error"),
        ("rules.order-missing", 5, "error"),
        ("mail.password_file", 10, "error"),
        ("notices.urgent", 12, "error"),
        ("outbound.roots", 14, "error"),
        ("outbound.allow_loopback", 15, "warning"),
    ] {
        let found = lines.iter().find(|found| found["key"] == key);
        let found = found.unwrap_or_else(|| panic!("{key}: {said}"));
        assert_eq!(
            (&found["origin"]["line"], &found["severity"]),
            (&line.into(), &severity.into()),
            "{found}"
        );
        assert!(!found["nextStep"].as_str().unwrap().is_empty());
    }
    assert!(!said.contains("hunter2"));
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let (_, said) = run("check", &file, &[], &[]);
    assert!(!said.contains("mail.password_file: "), "{said}");
}

#[test]
fn what_is_in_force_is_shown_with_where_it_comes_from() {
    let text = "[server]\nport = 9000\n[database]\nurl = \"postgres://u:hunter2@localhost/d\"\n";
    let (status, said) = config("check", text, &[], &[("EPCGATE_SERVER__THREADS", "3")]);
    assert_eq!(status, 0, "{said}");
    for words in [
        "0 errors, 0 warnings",
        "gate.toml:2\n",
        "server.port = 9000  # ",
        "server.threads = 3  # environment variable EPCGATE_SERVER__THREADS\n",
        "server.address = \"127.0.0.1\"  # default\n",
        "database.url = \"postgres://u:(hidden)@localhost/d\"  # ",
    ] {
        assert!(said.contains(words), "{words}\n--\n{said}");
    }
    let (_, shown) = config("show", text, &["--output", "json"], &[]);
    assert!(!shown.contains("hunter2"));
    let port = shown.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let port = port.into_iter().find(|line| line["setting"] == "server.port").unwrap();
    assert_eq!((&port["value"], &port["origin"]["line"]), (&"9000".into(), &2.into()));
}

#[test]
fn the_manual_is_a_file_that_can_be_used() {
    let (status, manual) = config("default", "", &[], &[]);
    assert_eq!(status, 0);
    let (status, said) = config("check", &manual, &[], &[]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("0 errors, 0 warnings"), "{said}");
}

/// What is shown of a key whose variable says this.
fn shown(key: &str, variable: (&str, &str)) -> String {
    let (status, said) = config("show", "", &[], &[variable]);
    assert_eq!(status, 0, "{said}");
    let line = said.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key}: {said}"));
    line.split("  #").next().unwrap().to_owned()
}

#[test]
fn a_text_of_digits_is_a_text_in_the_environment_too() {
    let expected = "exceptions.gln = \"0614141000012\"";
    for said in ["0614141000012", "\"0614141000012\"", " 0614141000012 "] {
        assert_eq!(shown("exceptions.gln", ("EPCGATE_EXCEPTIONS__GLN", said)), expected);
    }
    let name = shown("exceptions.name", ("EPCGATE_EXCEPTIONS__NAME", "[true] {Pharmacy"));
    assert_eq!(name, "exceptions.name = \"[true] {Pharmacy\"");
    let contexts = shown("verification.contexts", ("EPCGATE_VERIFICATION__CONTEXTS", "[\"a\", \"b\"]"));
    assert_eq!(contexts, "verification.contexts = [\"a\", \"b\"]");
}
