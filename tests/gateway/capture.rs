//! Capture from outside: documents in every form, sent again, faulty, large, compressed, slow.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::harness::FORMS;
use crate::harness::TestGateway;
use crate::harness::event_id;
use crate::harness::failure;
use crate::harness::header;
use crate::harness::json_event;
use crate::harness::json_ld;
use crate::harness::xml_1_2;
use crate::harness::xml_2_0;

#[test]
fn every_form_is_captured() {
    let gateway = TestGateway::start();
    for (number, (media_type, form)) in (1..).zip(FORMS) {
        let job = gateway.captured(media_type, form("forms", &[number]));
        assert_eq!(job["success"], true, "{job}");
        assert_eq!((&job["eventsRead"], &job["eventsStored"]), (&1.into(), &1.into()));
        assert!(job["finishedAt"].as_str() >= job["createdAt"].as_str());
    }
    assert_eq!(gateway.events("").len(), 3);
}

#[test]
fn a_document_sent_again_has_the_earlier_job() {
    let gateway = TestGateway::start();
    let document = xml_1_2("again", &[1, 2]);
    let first = gateway.captured("application/xml", document.clone());
    let second = gateway.captured("application/xml", document);
    assert_eq!(first["captureID"], second["captureID"]);
    assert_eq!(gateway.events("").len(), 2);
}

#[test]
fn an_event_in_two_forms_is_stored_once() {
    let gateway = TestGateway::start();
    gateway.captured("application/xml", xml_1_2("once", &[1]));
    let job = gateway.captured("application/json", json_ld("once", &[1, 2]));
    assert_eq!((&job["eventsStored"], &job["eventsLinked"]), (&1.into(), &1.into()), "{job}");
    assert_eq!(gateway.events("").len(), 2);
}

#[test]
fn an_event_id_with_other_content_is_refused_and_the_place_told() {
    let gateway = TestGateway::start();
    gateway.captured("text/xml", xml_2_0("taken", &[1]));
    let other = xml_2_0("taken", &[2, 1]).replace("shipping", "receiving");
    let job = gateway.captured("text/xml", other.clone());
    assert_eq!((&job["running"], &job["success"]), (&false.into(), &false.into()));
    let error = &job["errors"][0];
    assert_eq!(error["type"], "epcisException:ResourceAlreadyExistsException");
    assert_eq!((&error["rule"], &error["event"]), (&"event-id-conflict".into(), &2.into()), "{error}");
    assert!(error["line"].as_u64() > Some(0), "{error}");
    assert_eq!(gateway.events("").len(), 1);

    let proceeding = gateway.capture("text/xml", other).header("GS1-Capture-Error-Behaviour", "proceed");
    let job = gateway.finished(proceeding.send().unwrap());
    assert_eq!((&job["success"], &job["eventsStored"]), (&false.into(), &1.into()), "{job}");
    assert_eq!(gateway.events("").len(), 2);
}

#[test]
fn rollback_keeps_nothing_and_proceed_the_sound_events() {
    let gateway = TestGateway::start();
    let faulty = xml_2_0("faulty", &[1, 2, 3]).replacen("-05:00", "-99:00", 1);
    let job = gateway.captured("application/xml", faulty.clone());
    assert_eq!((&job["success"], &job["captureErrorBehaviour"]), (&false.into(), &"rollback".into()));
    assert_eq!(job["errors"][0]["type"], "epcisException:ValidationException");
    assert_eq!(job["errors"][0]["event"], 1);
    assert!(job["errors"][0]["detail"].as_str().unwrap().contains("line"), "{job}");
    assert_eq!(gateway.events("").len(), 0);

    let proceeding =
        gateway.capture("application/xml", faulty).header("GS1-Capture-Error-Behaviour", "proceed");
    let job = gateway.finished(proceeding.send().unwrap());
    assert_eq!((&job["success"], &job["eventsStored"]), (&false.into(), &2.into()), "{job}");
    assert_eq!(gateway.events("").len(), 2);
}

#[test]
fn what_cannot_be_read_at_all_is_refused_at_once() {
    let gateway = TestGateway::start();
    for (media_type, body) in [
        ("application/xml", "<EPCISDocument"),
        ("application/xml", "<other/>"),
        ("application/json", "{\"type\": "),
        ("application/json", "hello"),
        ("application/json", ""),
    ] {
        let (status, name, _) = failure(gateway.capture(media_type, body).send().unwrap());
        assert_eq!((status, name.as_str()), (400, "epcisException:ValidationException"), "{body}");
    }
    let (status, _, detail) =
        failure(gateway.capture("application/json", xml_1_2("a", &[1])).send().unwrap());
    assert_eq!(status, 400);
    assert!(detail.contains("XML"), "{detail}");
    let jobs: Value = gateway.get("/epcis/capture").send().unwrap().json().unwrap();
    assert_eq!(jobs, serde_json::json!([]));
}

#[test]
fn headers_that_cannot_be_met_are_refused() {
    let gateway = TestGateway::start();
    let send = |name: &str, value: &str| {
        let request = gateway.request("POST", "/epcis/capture").header(name, value).body(json_ld("h", &[1]));
        let request =
            if name == "Content-Type" { request } else { request.header("Content-Type", "text/xml") };
        let (status, name, _) = failure(request.send().unwrap());
        (status, name.trim_start_matches("epcisException:").to_owned())
    };
    assert_eq!(send("Content-Type", "text/csv"), (415, "UnsupportedMediaTypeException".to_owned()));
    assert_eq!(send("Content-Encoding", "br"), (415, "UnsupportedMediaTypeException".to_owned()));
    assert_eq!(send("GS1-EPCIS-Version", "3.0"), (406, "NotAcceptableException".to_owned()));
    assert_eq!(send("GS1-Capture-Error-Behaviour", "all"), (400, "ValidationException".to_owned()));
}

#[test]
fn bodies_may_be_compressed() {
    let gateway = TestGateway::start();
    let document = xml_1_2("packed", &(0..2_000).collect::<Vec<_>>());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(document.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    let request = gateway.capture("application/xml", gzip.clone()).header("Content-Encoding", "gzip");
    let job = gateway.finished(request.send().unwrap());
    assert_eq!(job["eventsStored"], 2_000, "{job}");

    let zstd = zstd::encode_all(document.as_bytes(), 3).unwrap();
    let request = gateway.capture("application/xml", zstd).header("Content-Encoding", "zstd");
    let again = gateway.finished(request.send().unwrap());
    assert_eq!(again["captureID"], job["captureID"], "the same bytes once uncompressed");

    let cut = gateway.capture("application/xml", &gzip[..gzip.len() / 2]).header("Content-Encoding", "gzip");
    assert_eq!(failure(cut.send().unwrap()).0, 400);
}

#[test]
fn bombs_and_large_documents_are_stopped() {
    let gateway = TestGateway::with(|settings| {
        settings.limits.document_bytes = 4 << 20;
        settings.limits.events_per_document = 3;
    });
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 3 << 20]).unwrap();
    let bomb =
        gateway.capture("application/xml", encoder.finish().unwrap()).header("Content-Encoding", "gzip");
    let response = bomb.send().unwrap();
    assert_eq!(header(&response, "gs1-epcis-capture-file-size-limit"), (4 << 20).to_string());
    assert_eq!(header(&response, "gs1-epcis-capture-limit"), "3");
    let (status, name, _) = failure(response);
    assert_eq!((status, name.as_str()), (413, "epcisException:CaptureLimitExceededException"));

    let large = gateway.capture("application/xml", vec![b' '; 5 << 20]).send();
    // The answer may come before the body is sent, and the connection then ends under the client.
    if let Ok(response) = large {
        assert_eq!(failure(response).0, 413);
    }
    let job = gateway.captured("application/json", json_ld("many", &[1, 2, 3, 4]));
    assert_eq!(job["errors"][0]["type"], "epcisException:CaptureLimitExceededException", "{job}");
    assert_eq!(gateway.events("").len(), 0);
}

#[test]
fn a_slow_body_is_cut_off() {
    let gateway = TestGateway::with(|settings| settings.limits.body_seconds = 1);
    let began = Instant::now();
    let mut stream = TcpStream::connect(gateway.authority()).unwrap();
    let head = format!(
        "POST /epcis/capture HTTP/1.1\r\nHost: {}\r\nContent-Type: application/xml\r\nContent-Length: 1000\r\n\r\n",
        gateway.authority()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    while answer.is_empty() && began.elapsed() < Duration::from_secs(10) {
        let _ = stream.write_all(b"<");
        let mut bytes = [0; 1_000];
        if let Ok(length) = stream.read(&mut bytes) {
            answer += std::str::from_utf8(&bytes[..length]).unwrap();
        }
    }
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn one_event_is_captured_at_once() {
    let gateway = TestGateway::start();
    let mut event = json_event("alone", 1);
    event["@context"] = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld".into();
    let send =
        |event: &Value| gateway.post("/epcis/events", "application/json", event.to_string()).send().unwrap();
    let created = send(&event);
    assert_eq!(created.status(), 201, "{:?}", created.text());
    let location = header(&created, "location");
    let stored: Value = created.json().unwrap();
    assert_eq!(stored["eventID"], event_id("alone", 1));
    assert!(stored["@context"].is_array() || stored["@context"].is_string());
    let found = gateway.get(&location).send().unwrap();
    assert_eq!(found.status(), 200);
    assert!(found.text().unwrap().contains(&event_id("alone", 1)));

    assert_eq!(send(&event).status(), 201, "the same event again is the same event");
    event["bizStep"] = "receiving".into();
    let (status, name, _) = failure(send(&event));
    assert_eq!((status, name.as_str()), (409, "epcisException:ResourceAlreadyExistsException"));
    event["eventID"] = "urn:uuid:new".into();
    event["eventTime"] = "yesterday".into();
    let (status, name, _) = failure(send(&event));
    assert_eq!((status, name.as_str()), (400, "epcisException:ValidationException"));
    let document = gateway.post("/epcis/events", "application/json", json_ld("alone", &[5])).send().unwrap();
    assert_eq!(failure(document).0, 400);
}

#[test]
fn a_bare_xml_event_is_captured() {
    let gateway = TestGateway::start();
    let document = xml_2_0("bare", &[1]);
    let event = &document[document.find("<ObjectEvent>").unwrap()..];
    let event = &event[..event.find("</ObjectEvent>").unwrap() + "</ObjectEvent>".len()];
    let created = gateway
        .post("/epcis/events", "application/xml", event)
        .header("Accept", "application/xml")
        .send()
        .unwrap();
    let status = created.status();
    let text = created.text().unwrap();
    assert_eq!(status, 201, "{text}");
    assert!(text.contains("ObjectEvent") && text.contains(&event_id("bare", 1)), "{text}");
}

#[test]
fn jobs_are_told_in_json_and_xml() {
    let gateway = TestGateway::start();
    let ids: Vec<Value> = (0..3)
        .map(|number| gateway.captured("text/xml", xml_1_2("jobs", &[number]))["captureID"].clone())
        .collect();
    let first = gateway.get("/epcis/capture?perPage=2").send().unwrap();
    let link = header(&first, "link");
    let jobs: Value = first.json().unwrap();
    assert_eq!((&jobs[0]["captureID"], &jobs[1]["captureID"]), (&ids[2], &ids[1]));
    let next = link.strip_prefix('<').unwrap().split_once(">; rel=\"next\"").unwrap().0;
    let last = gateway.get(next).send().unwrap();
    assert_eq!(header(&last, "link"), "");
    assert_eq!(last.json::<Value>().unwrap()[0]["captureID"], ids[0]);

    let id = ids[0].as_str().unwrap();
    let xml =
        gateway.get(&format!("/epcis/capture/{id}")).header("Accept", "application/xml").send().unwrap();
    assert_eq!(header(&xml, "content-type"), "application/xml");
    let xml = xml.text().unwrap();
    assert!(xml.contains("<epcis:EPCISCaptureJob") && xml.contains(&format!("captureID=\"{id}\"")), "{xml}");
    let unknown = gateway.get("/epcis/capture/nothing").send().unwrap();
    assert_eq!(failure(unknown).1, "epcisException:NoSuchNameException");
}

#[test]
fn a_job_outlives_the_gateway() {
    let gateway = TestGateway::start();
    let job = gateway.captured("text/xml", xml_1_2("outlives", &[1]));
    let gateway = TestGateway::in_folder(gateway.stop(), |_| {});
    let path = format!("/epcis/capture/{}", job["captureID"].as_str().unwrap());
    assert_eq!(gateway.get(&path).send().unwrap().json::<Value>().unwrap(), job);
    assert_eq!(gateway.events("").len(), 1);
}

#[test]
fn a_client_that_goes_away_leaves_nothing() {
    let gateway = TestGateway::start();
    let mut stream = TcpStream::connect(gateway.authority()).unwrap();
    let head = "POST /epcis/capture HTTP/1.1\r\nHost: a\r\nContent-Type: application/xml\r\nContent-Length: 9000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b' '; 1 << 20]).unwrap();
    drop(stream);
    gateway.captured("application/xml", xml_1_2("after", &[1]));
    let jobs: Value = gateway.get("/epcis/capture").send().unwrap().json().unwrap();
    assert_eq!(jobs.as_array().unwrap().len(), 1);
}
