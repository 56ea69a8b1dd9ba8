//! Scans as they are read, over HTTP and on the command line; what scanners do wrong.

use std::io::Write;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::harness::TestGateway;
use crate::harness::failure;

const WHOLE: &str = "]d2010030001012345521A1\u{1d}1727123110L1";

fn read(gateway: &TestGateway, body: &Value) -> Vec<Value> {
    let answer = gateway.post("/api/v1/scans", "application/json", body.to_string()).send().unwrap();
    assert_eq!(answer.status(), 200, "{body}");
    answer.json::<Value>().unwrap()["scans"].as_array().cloned().unwrap()
}

fn one(gateway: &TestGateway, text: &str) -> Value {
    let mut found = read(gateway, &json!({ "scans": [text] }));
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

#[test]
fn scans_are_read_with_all_that_they_say() {
    let gateway = TestGateway::start();
    let found = one(&gateway, WHOLE);
    assert_eq!(found["gtin"], "00300010123455");
    assert_eq!((&found["serial"], &found["lot"]), (&json!("A1"), &json!("L1")));
    assert_eq!((&found["expiry"], &found["expires"]), (&json!("271231"), &json!("2027-12-31")));
    assert_eq!((&found["origin"], &found["doubtful"]), (&json!("scanned"), &json!(false)));
    assert_eq!(found["digitalLink"], "https://id.gs1.org/01/00300010123455/21/A1");
    assert_eq!(found["elements"][2], json!({ "ai": "17", "name": "expiry date", "value": "271231" }));
    assert_eq!(found["diagnoses"], json!([]));
    let several = read(
        &gateway,
        &json!({ "scans": [format!("{WHOLE}{}", WHOLE.replace("A1", "A2")), "0001-0123-45"] }),
    );
    let places: Vec<&Value> = several.iter().map(|label| &label["scan"]).collect();
    assert_eq!(places, [0, 0, 1]);
    assert_eq!((&several[1]["serial"], &several[2]["gtin"]), (&json!("A2"), &json!("00300010123455")));
    let lost = json!({ "scans": ["010030001012345521A11727123110L1"], "known": { "lot": "L1", "expiry": "271231" } });
    assert_eq!(read(&gateway, &lost)[0]["serial"], "A1");
}

/// Each trap is mended in the open or told, and always doubtful; what was scanned well is not.
#[test]
fn no_package_is_blamed_for_its_scan() {
    let gateway = TestGateway::start();
    for (text, symptom, serial, origin) in [
        ("]D2010030001012345521a1\u{1d}1727123110l1", "caps-lock", "A1", "mended"),
        ("010030001012345521a1\u{1d}1727123110l1", "caps-lock", "a1", "scanned"),
        ("010030001012345521A11727123110L1", "lost-separator", "A11727123110L1", "scanned"),
        (
            "010030001012345521ABCDEFGHIJ12345678901727123110L1",
            "lost-separator",
            "ABCDEFGHIJ1234567890",
            "mended",
        ),
        ("010030001012345521ABCDEFGHIJ1727123110LOT1", "lost-separator", "", ""),
        ("+d2010030001012345521AZ1&+1727123110L1", "keyboard-layout", "AY1", "mended"),
        ("àéàà\"ààà&à&é\"'((", "keyboard-layout", "", ""),
        ("300010123455", "linear-code", "", "typed"),
        ("]E00300010123455", "linear-code", "", "scanned"),
        ("(01)00300010123456(21)A1", "check-digit", "", ""),
        ("]d201003000101", "cut-off", "", ""),
        ("010030001012345521A1\u{1d}17271231010030001012346221B2", "", "", ""),
        ("", "empty", "", ""),
        ("hello", "not-gs1", "", ""),
    ] {
        let labels = read(&gateway, &json!({ "scans": [text] }));
        if symptom.is_empty() {
            assert_eq!(labels.len(), 2, "{labels:?}");
            continue;
        }
        let found = &labels[0];
        let symptoms: Vec<&Value> =
            found["diagnoses"].as_array().unwrap().iter().map(|diagnosis| &diagnosis["symptom"]).collect();
        assert!(symptoms.contains(&&json!(symptom)), "{text}: {found}");
        assert!(!found["diagnoses"][0]["nextStep"].as_str().unwrap().is_empty(), "{found}");
        assert_eq!(found["serial"].as_str().unwrap_or_default(), serial, "{found}");
        assert_eq!(found["origin"].as_str().unwrap_or_default(), origin, "{found}");
        assert!(found["doubtful"] == true || symptom == "linear-code", "{found}");
    }
    // A lot of another package is no fault of the scanner: it is read as it stands, and nothing is doubted.
    let swapped = one(&gateway, &WHOLE.replace("L1", "L2"));
    assert_eq!((&swapped["lot"], &swapped["doubtful"]), (&json!("L2"), &json!(false)));
}

#[test]
fn hostile_scans_are_answered_at_once() {
    let gateway = TestGateway::start();
    let began = Instant::now();
    let long = "9".repeat(1 << 20);
    for text in [format!("]d2010030001012345521{long}"), long, "(01)".repeat(1 << 18), "]d2".repeat(5_000)] {
        let found = read(&gateway, &json!({ "scans": [text] }));
        assert_eq!((found.len(), &found[0]["readable"]), (1, &json!(false)));
        assert!(found[0]["input"].as_str().unwrap().len() <= 200);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let refused = |body: &str, status: u16| {
        let failure =
            failure(gateway.post("/api/v1/scans", "application/json", body.to_owned()).send().unwrap());
        assert_eq!(failure.0, status, "{failure:?}");
    };
    refused("{}", 400);
    refused(r#"{"scans":[1]}"#, 400);
    refused(r#"{"scans":["#, 400);
    refused(&json!({ "scans": vec!["1"; 1_001] }).to_string(), 400);
}

fn epcgate(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may end without reading all of it.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn scans_are_read_on_the_command_line() {
    let output = epcgate(&["scan", WHOLE], b"");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for words in ["(21) serial number", "A1", "2027-12-31", "urn:epc:id:sgtin:030001.0012345.A1"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let mut input = format!("{WHOLE}\r\n\r\n]D2010030001012345521a1\n").into_bytes();
    input.extend([b'9'; 200_000]);
    input.extend(b"\n\xff\xfe\n");
    let output = epcgate(&["scan", "--output", "json"], &input);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let readable: Vec<bool> = lines.iter().map(|line| line["readable"] == true).collect();
    assert_eq!(readable, [true, true, false, false], "{lines:?}");
    assert_eq!((&lines[1]["serial"], &lines[1]["origin"]), (&json!("A1"), &json!("mended")));
    let lost = "010030001012345521A11727123110L1";
    let output = epcgate(&["scan", lost, "--lot", "L1", "--expiry", "271231", "--output", "json"], b"");
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["serial"], "A1");
}
