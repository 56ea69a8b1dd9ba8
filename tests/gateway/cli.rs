//! The command line from outside.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;

const SHIPMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2" creationDate="2026-03-05T18:00:00Z">
  <EPCISBody>
    <EventList>
      <ObjectEvent>
        <eventTime>2026-03-04T06:00:00.000-05:00</eventTime>
        <eventTimeZoneOffset>-05:00</eventTimeZoneOffset>
        <epcList>
          <epc>urn:epc:id:sgtin:0352999.010130.A7K2M0001</epc>
        </epcList>
        <action>OBSERVE</action>
        <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>
      </ObjectEvent>
    </EventList>
  </EPCISBody>
</epcis:EPCISDocument>
"#;

/// Runs the program with standard input.
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn write(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn id_says_each_form() {
    let output =
        epcgate(&["id", "urn:epc:id:sgtin:0614141.012345.7", "00614141123453", "--output", "json"], b"");
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["kind"], "sgtin");
    assert_eq!(lines[0]["digital_link"], "https://id.gs1.org/01/00614141123452/21/7");
    assert_eq!(lines[0]["urn"], "urn:epc:id:sgtin:0614141.012345.7");
    assert_eq!(lines[0]["key"], "/01/00614141123452/21/7");
    assert_eq!(lines[0]["error"], Value::Null);
    assert!(lines[1]["error"].as_str().unwrap().contains("check digit"), "{}", lines[1]);
}

#[test]
fn id_shows_the_ndcs_of_a_gtin_and_the_gtin_of_an_ndc() {
    let values = [
        "urn:epc:id:sgtin:030001.0012345.7",
        "00352999101306",
        "52999-101-30",
        "5299910130",
        "00614141123452",
    ];
    let output = epcgate(&[&["id", "--output", "json"], &values[..]].concat(), b"");
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let fda = |line: usize| -> Vec<&str> {
        let forms = lines[line]["ndc"].as_array().into_iter().flatten();
        forms.map(|forms| forms["fda"].as_str().unwrap()).collect()
    };
    assert_eq!(fda(0), ["0001-0123-45"]);
    assert_eq!(fda(1), ["52999-101-30", "52999-1013-0"]);
    assert_eq!((fda(2), &lines[2]["kind"]), (vec!["52999-101-30"], &"ndc".into()));
    assert_eq!(lines[2]["gtin"][0], "00352999101306");
    assert_eq!(fda(3).len(), 3);
    assert_eq!(lines[4].get("ndc"), None);
}

#[test]
fn id_never_guesses_a_company_prefix() {
    let unknown = ["id", "https://id.gs1.org/01/09990000000012", "--output", "json"];
    let value: Value = serde_json::from_slice(&epcgate(&unknown, b"").stdout).unwrap();
    if value["error"].is_null() {
        panic!("no prefix of 999 is allotted, and yet: {value}");
    }
    assert_eq!(value["urn"], Value::Null);
    let known = [&unknown[..], &["--company-prefix", "9990000"]].concat();
    let value: Value = serde_json::from_slice(&epcgate(&known, b"").stdout).unwrap();
    assert_eq!(value["urn"], "urn:epc:idpat:sgtin:9990000.000001.*");
}

#[test]
fn check_tells_place_rule_and_mend() {
    let folder = tempfile::tempdir().unwrap();
    let sound = write(folder.path(), "sound.xml", SHIPMENT.as_bytes());
    let broken = write(folder.path(), "broken.xml", SHIPMENT.replace("OBSERVE", "OBSERVED").as_bytes());
    let cut = write(folder.path(), "cut.xml", &SHIPMENT.as_bytes()[..500]);
    let (sound, broken, cut) = (sound.to_str().unwrap(), broken.to_str().unwrap(), cut.to_str().unwrap());

    assert_eq!(epcgate(&["check", "--profile", "form", sound], b"").status.code(), Some(0));
    assert_eq!(epcgate(&["check", "--profile", "form", "-"], SHIPMENT.as_bytes()).status.code(), Some(0));
    assert_eq!(epcgate(&["check", "--profile", "form", cut], b"").status.code(), Some(1));
    assert_eq!(
        epcgate(&["check", "--profile", "form", "no-such-file.xml", sound], b"").status.code(),
        Some(2)
    );

    let output = epcgate(&["check", "--profile", "form", broken], b"");
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(shown.contains("error[action]"), "{shown}");
    assert!(shown.contains("broken.xml:11:"), "{shown}");
    assert!(shown.contains("11 | <action>OBSERVED</action>"), "{shown}");
    assert!(shown.contains("help: write ADD, OBSERVE or DELETE"), "{shown}");

    let output = epcgate(&["check", "--profile", "form", broken, sound, "--output", "json"], b"");
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let finding = &lines[0]["findings"][0];
    assert_eq!(finding["rule"], "action");
    assert_eq!(finding["severity"], "error");
    assert_eq!((finding["line"].as_u64(), finding["event"].as_u64()), (Some(11), Some(0)));
    assert!(finding["path"].as_str().unwrap().ends_with("/ObjectEvent[1]/action"), "{finding}");
    assert_eq!(lines[1]["findings"].as_array().unwrap().len(), 0);

    let log: Value = serde_json::from_slice(
        &epcgate(&["check", "--profile", "form", broken, "--output", "sarif"], b"").stdout,
    )
    .unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "action");
    assert_eq!(log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 11);
}

#[test]
fn check_judges_us_products_by_the_law_unless_told_otherwise() {
    let ordered = SHIPMENT.replace(
        "</bizStep>",
        "</bizStep><bizTransactionList><bizTransaction type=\"urn:epcglobal:cbv:btt:po\">urn:epcglobal:cbv:bt:0399999999991:P1\
         </bizTransaction></bizTransactionList>",
    );
    let check = |more: &[&str]| {
        let arguments = [&["check", "-", "--output", "json"], more].concat();
        let output = epcgate(&arguments, ordered.as_bytes());
        let file: Value = serde_json::from_slice(&output.stdout).unwrap();
        let statement =
            file["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "statement-missing");
        (file["profile"].as_str().unwrap().to_owned(), statement.cloned(), output.status.code())
    };
    let (profile, statement, code) = check(&[]);
    let statement = statement.unwrap();
    assert_eq!((profile.as_str(), code), ("dscsa", Some(1)));
    assert_eq!((statement["severity"].as_str(), statement["line"].as_u64()), (Some("hard"), Some(5)));
    assert_eq!(statement["mender"], "sender");
    assert!(statement["to_partner"].as_str().unwrap().contains("Please send the file again"), "{statement}");
    assert_eq!(check(&["--profile", "form"]), ("form".to_owned(), None, Some(0)));
    assert_eq!(check(&["--rule", "statement-missing=note"]).1.unwrap()["severity"], "note");
    assert_eq!(check(&["--rule", "statement-missing=off"]).1, None);
    let unknown = epcgate(&["check", "-", "--rule", "no-such-rule=off"], ordered.as_bytes());
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn rules_are_listed_and_explained() {
    let listed = text(&epcgate(&["rules", "--output", "markdown"], b"").stdout);
    assert!(listed.contains("| `statement-missing` | hard |"), "{listed}");
    let explained = text(&epcgate(&["rules", "statement-missing"], b"").stdout);
    assert!(explained.contains("why:") && explained.contains("help:"), "{explained}");
    assert_eq!(epcgate(&["rules", "no-such-rule"], b"").status.code(), Some(1));
}

#[test]
fn strict_refuses_what_is_otherwise_tolerated() {
    let lax = SHIPMENT.replace("2026-03-04T06:00:00.000-05:00", "2026-03-04T06:00:00.000");
    assert_eq!(epcgate(&["check", "--profile", "form", "-"], lax.as_bytes()).status.code(), Some(0));
    assert_eq!(
        epcgate(&["check", "--profile", "form", "--strict", "-"], lax.as_bytes()).status.code(),
        Some(1)
    );
    assert_eq!(
        epcgate(&["convert", "--strict", "--to", "json-ld", "-"], lax.as_bytes()).status.code(),
        Some(1)
    );
}

#[test]
fn convert_goes_round_and_the_hash_stays() {
    let before = epcgate(&["hash", "-"], SHIPMENT.as_bytes());
    assert_eq!(before.status.code(), Some(0));
    let hash = text(&before.stdout);
    assert!(hash.starts_with("ni:///sha-256;") && hash.ends_with("?ver=CBV2.0\n"), "{hash}");
    let mut document = SHIPMENT.as_bytes().to_vec();
    for form in ["json-ld", "xml-2.0", "xml-1.2"] {
        let output = epcgate(&["convert", "-", "-", "--to", form], &document);
        assert_eq!(output.status.code(), Some(0), "{form}: {}", text(&output.stderr));
        document = output.stdout;
        assert_eq!(text(&epcgate(&["hash", "-"], &document).stdout), hash, "{form}");
    }
    let prehash = text(&epcgate(&["hash", "--prehash", "-"], SHIPMENT.as_bytes()).stdout);
    assert!(prehash.starts_with("eventType=ObjectEventeventTime=2026-03-04T11:00:00.000Z"), "{prehash}");
}

#[test]
fn convert_leaves_no_half_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.jsonld");
    let broken = SHIPMENT.replace("OBSERVE", "OBSERVED");
    let output = epcgate(&["convert", "-", out.to_str().unwrap(), "--to", "json-ld"], broken.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(!out.exists());
    assert!(text(&output.stderr).contains("[action]"), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn compressed_files_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(SHIPMENT.as_bytes()).unwrap();
    let gzip = write(folder.path(), "a.xml.gz", &gzip.finish().unwrap());
    let zstd = write(folder.path(), "a.xml.zst", &zstd::encode_all(SHIPMENT.as_bytes(), 1).unwrap());
    let plain = epcgate(&["hash", "-"], SHIPMENT.as_bytes()).stdout;
    for path in [gzip, zstd] {
        assert_eq!(epcgate(&["hash", path.to_str().unwrap()], b"").stdout, plain);
    }
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 20 << 20]).unwrap();
    let bomb = write(folder.path(), "bomb.xml.gz", &bomb.finish().unwrap());
    let output = epcgate(&["check", bomb.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("more than 100 times"), "{}", text(&output.stderr));
}

#[test]
fn what_is_captured_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let document = write(folder.path(), "shipment.xml", SHIPMENT.as_bytes());
    let capture = ["capture", document.to_str().unwrap(), "--data-dir", data, "--output", "json"];
    for expected in [false, true] {
        let output = epcgate(&capture, b"");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let job: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&job["success"], &job["earlier"]), (&Value::Bool(true), &Value::Bool(expected)), "{job}");
    }
    for (question, count) in [
        ("MATCH_epc=https://id.gs1.org/01/00352999101306/21/A7K2M0001", 1),
        ("MATCH_epc=urn:epc:id:sgtin:0352999.010130.A7K2M0002", 0),
        ("EQ_bizStep=shipping", 1),
    ] {
        let output = epcgate(&["query", question, "--data-dir", data, "--to", "json-ld"], b"");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let events = found["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap();
        assert_eq!(events.len(), count, "{question}: {found}");
    }
    let output = epcgate(&["query", "EQ_nonsense=1", "--data-dir", data], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("EQ_nonsense"), "{}", text(&output.stderr));
}

#[test]
fn a_company_prefix_that_somebody_sets_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let document = SHIPMENT
        .replace("urn:epc:id:sgtin:0352999.010130.A7K2M0001", "https://id.gs1.org/01/09990000000012/21/7");
    let document = write(folder.path(), "shipment.xml", document.as_bytes());
    let output = epcgate(&["capture", document.to_str().unwrap(), "--data-dir", data], b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    let query = ["query", "--to", "xml-1.2", "--data-dir", data];
    let output = epcgate(&query, b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("company prefix"), "{}", text(&output.stderr));

    assert_eq!(epcgate(&["prefixes", "set", "12", "--data-dir", data], b"").status.code(), Some(2));
    assert_eq!(epcgate(&["prefixes", "set", "9990000", "--data-dir", data], b"").status.code(), Some(0));
    let output = epcgate(&query, b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("urn:epc:id:sgtin:9990000.000001.7"), "{}", text(&output.stdout));
}

#[test]
fn many_events_are_hashed_in_order_and_a_lost_reader_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.xml");
    let made = epcgate(&["bench", "document", "--megabytes", "3", path.to_str().unwrap()], b"");
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let hashes = text(&epcgate(&["hash", path.to_str().unwrap()], b"").stdout);
    let (expected, stopped) = hashes_in_order(&path);
    assert_eq!(stopped, None);
    assert!(expected.lines().count() > 1_000);
    assert!(hashes == expected, "the hashes are not those of the events in order");

    // The reader of our output goes away at once, as `head` does.
    let mut child = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["hash", "--prehash", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// The lines of the hashes as one reader finds them, and where it stops if it cannot read on.
fn hashes_in_order(path: &Path) -> (String, Option<String>) {
    let mut defects = epcgate::formats::Defects::new(false);
    let input = Box::new(std::fs::File::open(path).unwrap());
    let options = epcgate::formats::ReadOptions::default();
    let mut reader = epcgate::formats::Reader::open(input, options, &mut defects).unwrap();
    let mut lines = String::new();
    loop {
        match reader.next_event(&mut defects) {
            Ok(Some(reading)) => match reading.event {
                Some(event) => lines += &(epcgate::epcis::event_id::event_hash_id(&event) + "\n"),
                None => lines += "error: this event was refused; epcgate check says why\n",
            },
            Ok(None) => return (lines, None),
            Err(defect) => return (lines, Some(defect.to_string())),
        }
    }
}

#[test]
fn what_cannot_be_read_in_parts_is_hashed_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.xml");
    epcgate(&["bench", "document", "--megabytes", "2", path.to_str().unwrap()], b"");
    let sound = std::fs::read_to_string(&path).unwrap();
    let middle = sound.len() / 2;
    let end = middle + sound[middle..].find("Event>").unwrap() + "Event>".len();
    let comment = format!("<!-- </ObjectEvent>{} -->", "x".repeat(1 << 20));
    for (odd, code) in [(&*comment, 0), ("<ObjectEvent><action>SEEN</action></ObjectEvent>", 1), ("<oops", 2)]
    {
        std::fs::write(&path, [&sound[..end], odd, &sound[end..]].concat()).unwrap();
        let output = epcgate(&["hash", path.to_str().unwrap()], b"");
        let (expected, stopped) = hashes_in_order(&path);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(text(&output.stdout) == expected, "the hashes are not those of one reader");
        assert!(said.contains(&stopped.unwrap_or_default()), "{said}");
    }
}

/// The documents of the demo, their days counted from one of 2026.
fn demo() -> Vec<String> {
    let texts = [
        include_str!("../../fixtures/demo/1_manufacturer_ships.xml"),
        include_str!("../../fixtures/demo/2_wholesaler_receives.jsonld"),
        include_str!("../../fixtures/demo/3_wholesaler_ships.xml"),
    ];
    let days = [
        ("{DAY-9}", "2026-11-11"),
        ("{DAY-8}", "2026-11-12"),
        ("{DAY-7}", "2026-11-13"),
        ("{DAY-6}", "2026-11-14"),
        ("{DAY-5}", "2026-11-15"),
        ("{DAY+0}", "1"),
        ("{DAY+540}", "2028-05-13"),
    ];
    let dated = |text: &str| days.iter().fold(text.to_owned(), |text, (day, date)| text.replace(day, date));
    texts.into_iter().map(dated).collect()
}

#[test]
fn ship_writes_a_file_once_for_each_number() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    for (number, document) in demo().iter().enumerate() {
        let path = write(folder.path(), &format!("{number}.epcis"), document.as_bytes());
        let done = epcgate(&["capture", path.to_str().unwrap(), "--data-dir", data], b"");
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    }
    let affirming = write(folder.path(), "affirm.toml", b"[export]\naffirm_transaction_statement = true\n");
    let file = folder.path().join("shipment.xml");
    let ship = |more: &[&str]| {
        let mut arguments = vec!["ship", "(01)50352999101301(21)C0000002", "--seller", "9521101000016"];
        arguments.extend(["--buyer", "9521102000015", "--from", "9521101000023", "--data-dir", data]);
        arguments.extend(["--time", "2026-11-16T10:00:00-06:00"]);
        arguments.extend_from_slice(more);
        let done = epcgate(&arguments, b"");
        (done.status.code().unwrap(), text(&done.stdout), text(&done.stderr))
    };
    let config = affirming.to_str().unwrap();
    let (code, _, err) = ship(&["--number", "S-1"]);
    assert!(code == 1 && err.contains("affirm_transaction_statement"), "{err}");
    let (code, out, err) = ship(&[
        "--number",
        "S-1",
        "--order",
        "PO-9",
        "--config",
        config,
        "--to-file",
        file.to_str().unwrap(),
    ]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written.matches("<epc>urn:epc:id:sgtin:0352999.010130.").count(), 8, "{written}");
    assert!(written.contains("urn:epcglobal:cbv:bt:9521102000015:PO-9"), "{written}");
    // The same number again: the same file, and a word that it is.
    let (code, out, err) = ship(&["--number", "S-1", "--order", "PO-9", "--config", config]);
    assert_eq!((code, out), (0, written), "{err}");
    assert!(err.contains("written before"), "{err}");

    let hold = epcgate(
        &[
            "hold",
            "add",
            "--gtin",
            "00352999101306",
            "--lot",
            "LMX2611",
            "--reason",
            "glass",
            "--data-dir",
            data,
        ],
        b"",
    );
    assert_eq!(hold.status.code(), Some(0), "{}", text(&hold.stderr));
    let (code, _, err) = ship(&["--number", "S-2", "--config", config]);
    assert!(code == 1 && err.contains("held") && err.contains("--despite-holds"), "{err}");
    let (code, out, err) =
        ship(&["--number", "S-2", "--config", config, "--despite-holds", "to its maker", "--by", "Ann"]);
    assert!(code == 0 && out.contains("<epcis:EPCISDocument"), "{out}{err}");
    let audit = epcgate(&["audit", "list", "--data-dir", data, "--output", "json"], b"");
    assert!(text(&audit.stdout).contains("to its maker"), "{}", text(&audit.stdout));
    let (code, _, err) = ship(&["--number", "S-3", "--config", config, "--time", "yesterday"]);
    assert_ne!(code, 0, "{err}");
}

#[test]
fn transactions_are_told_in_each_form() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    for (number, document) in demo().iter().enumerate() {
        let path = write(folder.path(), &format!("{number}.epcis"), document.as_bytes());
        let done = epcgate(&["capture", path.to_str().unwrap(), "--data-dir", data], b"");
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    }
    let asked = |arguments: &[&str]| {
        let done = epcgate(&[&["transactions", "--data-dir", data], arguments].concat(), b"");
        (done.status.code().unwrap(), text(&done.stdout), text(&done.stderr))
    };
    let (code, out, err) = asked(&["--order", "PO-118"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("Cedar Hollow Clinic") && out.contains("75 Canal Street"), "{out}");
    let (code, out, _) = asked(&["--epc", "(01)00352999101306(21)A7K2M0001", "--output", "json"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len()), (0, 2), "{out}");
    assert_eq!(lines[1]["transaction_statement"]["affirmed"], true, "{out}");
    let shipment = lines[1]["shipment"].to_string();
    let (code, out, _) = asked(&["--shipment", &shipment, "--output", "csv"]);
    assert_eq!((code, out.lines().count()), (0, 5), "{out}");
    let (code, out, _) = asked(&["--lot", "00352999101306/LMX2611", "--output", "csv"]);
    assert_eq!((code, out.lines().count()), (0, 13), "{out}");
    let (code, _, err) = asked(&["--order", "PO-7"]);
    assert!(code == 1 && err.contains("no shipment names the order PO-7"), "{err}");
    let (code, _, err) = asked(&["--lot", "00352999101306"]);
    assert!(code == 2 && err.contains("GTIN/LOT"), "{err}");
    assert_eq!(asked(&["--epc", "00352999101307"]).0, 2);
    assert_eq!(asked(&[]).0, 2);
}
