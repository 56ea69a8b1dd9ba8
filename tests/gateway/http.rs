//! The HTTP interface from outside: forms, headers, failures by their standard names, paging.

use std::io::Read;

use serde_json::Value;

use crate::harness::FORMS;
use crate::harness::TestGateway;
use crate::harness::event_id;
use crate::harness::failure;
use crate::harness::header;
use crate::harness::json_event;
use crate::harness::json_ld;
use crate::harness::xml_2_0;

fn with_three_events() -> TestGateway {
    let gateway = TestGateway::start();
    let job = gateway.captured("application/json", json_ld("three", &[1, 2, 3]));
    assert_eq!(job["success"], true, "{job}");
    gateway
}

#[test]
fn events_come_in_the_form_asked_for() {
    let gateway = with_three_events();
    let ask = |accept: &str, version: &str| {
        let request = gateway.get("/epcis/events").header("Accept", accept);
        let request = if version.is_empty() { request } else { request.header("GS1-EPCIS-Max", version) };
        let response = request.send().unwrap();
        let head = (header(&response, "content-type"), header(&response, "gs1-epcis-version"));
        (head.0, head.1, response.text().unwrap())
    };
    let (kind, version, text) = ask("*/*", "");
    assert_eq!((kind.as_str(), version.as_str()), ("application/json", "2.0.0"));
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["type"], "EPCISQueryDocument");
    assert_eq!(json["epcisBody"]["queryResults"]["queryName"], "SimpleEventQuery");
    assert_eq!(ask("application/ld+json", "").0, "application/ld+json");
    let (kind, version, text) = ask("application/xml", "");
    assert_eq!((kind.as_str(), version.as_str()), ("application/xml", "2.0.0"));
    assert!(
        text.contains("EPCISQueryDocument") && text.contains("urn:epcglobal:epcis-query:xsd:2"),
        "{text}"
    );
    let (kind, version, text) = ask("text/xml;q=0.5, application/json;q=0.1", "1.2");
    assert_eq!((kind.as_str(), version.as_str()), ("text/xml", "1.2.0"));
    assert!(text.contains("urn:epcglobal:epcis-query:xsd:1") && text.contains("baseExtension"), "{text}");
}

#[test]
fn identifiers_are_spelt_as_asked() {
    let gateway = with_three_events();
    let first = |format: Option<&str>| {
        let request = gateway.get("/epcis/events?EQ_eventID=urn:uuid:three-1");
        let request = format.into_iter().fold(request, |request, it| request.header("GS1-EPC-Format", it));
        request.send().unwrap().text().unwrap()
    };
    let (urn, link) = ("urn:epc:id:sgtin:0614141.107346.1\"", "https://id.gs1.org/01/10614141073464/21/1\"");
    assert!(first(None).contains(link));
    assert!(first(Some("Always_GS1_Digital_Link")).contains(link));
    assert!(first(Some("Always_DL")).contains(link));
    assert!(first(Some("Always_EPC_URN")).contains(urn));
    assert!(first(Some("Never_Translates")).contains(urn));
    assert!(first(Some("Sometimes")).contains("NotAcceptableException"));
}

#[test]
fn the_default_spelling_is_a_setting_and_announced() {
    let gateway = TestGateway::with(|settings| {
        settings.api.epc_format = serde_json::from_value("Always_EPC_URN".into()).unwrap();
    });
    gateway.captured("application/json", json_ld("urn", &[1]));
    assert_eq!(gateway.events("")[0]["epcList"][0], "urn:epc:id:sgtin:0614141.107346.1");
    let options = gateway.request("OPTIONS", "/epcis/events").send().unwrap();
    assert_eq!(header(&options, "gs1-epc-format"), "Always_EPC_URN");
}

#[test]
fn an_identifier_without_digital_link_is_served_as_sent() {
    let gateway = TestGateway::start();
    let document = json_ld("gid", &[1])
        .replace("urn:epc:id:sgtin:0614141.107346.1", "urn:epc:id:gid:95100000.12345.400");
    assert_eq!(gateway.captured("application/json", document)["success"], true);
    assert_eq!(gateway.events("")[0]["epcList"][0], "urn:epc:id:gid:95100000.12345.400");
}

#[test]
fn a_prefix_seen_in_a_urn_is_known_afterwards() {
    let gateway = TestGateway::start();
    let link = |serial: &str| format!("https://id.gs1.org/01/09524141073460/21/{serial}");
    let document = json_ld("learned", &[1]).replace("urn:epc:id:sgtin:0614141.107346.1", &link("1"));
    assert_eq!(gateway.captured("application/json", document)["success"], true);
    let ask = || {
        let request = gateway.get("/epcis/events?EQ_eventID=urn:uuid:learned-1");
        request.header("GS1-EPC-Format", "Always_EPC_URN").send().unwrap()
    };
    let teaching = json_ld("learned", &[2]).replace("0614141.107346.2", "95241410.07346.2");
    assert_eq!(gateway.captured("application/json", teaching)["success"], true);
    let answer = ask();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().unwrap().contains("urn:epc:id:sgtin:95241410.07346.1"));
}

#[test]
fn words_in_xml_are_spelt_as_asked() {
    let gateway = with_three_events();
    let ask = |format: &str| {
        let request = gateway.get("/epcis/events").header("Accept", "application/xml");
        request.header("GS1-CBV-XML-Format", format).send().unwrap().text().unwrap()
    };
    assert!(ask("Always_Web_URI").contains("https://ref.gs1.org/cbv/BizStep-shipping"));
    assert!(ask("Always_URN").contains("urn:epcglobal:cbv:bizstep:shipping"));
    assert!(ask("No_Preference").contains("urn:epcglobal:cbv:bizstep:shipping"));
}

#[test]
fn an_event_is_found_by_its_id_however_it_is_escaped() {
    let gateway = TestGateway::start();
    let ids = ["https://example.org/a/b+c%2Fd", "ni:///sha-256;00ff?ver=CBV2.0", "urn:uuid:x y%"];
    for (number, id) in (1..).zip(ids) {
        let document = json_ld("paths", &[number]).replace(&event_id("paths", number), id);
        assert_eq!(gateway.captured("application/json", document)["success"], true, "{id}");
    }
    for path in [
        "https%3A%2F%2Fexample.org%2Fa%2Fb%2Bc%252Fd",
        "https:%2F%2Fexample.org/a/b+c%252Fd",
        "https://example.org/a/b+c%252Fd",
        "ni%3A%2F%2F%2Fsha-256%3B00ff%3Fver%3DCBV2.0",
        "ni:///sha-256;00ff?ver=CBV2.0",
        "urn:uuid:x%20y%25",
    ] {
        let response = gateway.get(&format!("/epcis/events/{path}")).send().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let found: Value = response.json().unwrap();
        assert_eq!(found["type"], "EPCISQueryDocument", "{path}");
    }
    for path in ["https%3A%2F%2Fexample.org%2Fa%2Fb%2Bc%2Fd", "urn:uuid:none", "urn%3Auuid%2"] {
        let response = gateway.get(&format!("/epcis/events/{path}")).send().unwrap();
        assert_eq!(failure(response).1, "epcisException:NoSuchNameException", "{path}");
    }
}

#[test]
fn an_event_without_id_is_found_by_its_hash() {
    let gateway = TestGateway::start();
    let mut event = json_event("unnamed", 1);
    event.as_object_mut().unwrap().remove("eventID");
    event["@context"] = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld".into();
    let created = gateway.post("/epcis/events", "application/json", event.to_string()).send().unwrap();
    let (status, location) = (created.status(), header(&created, "location"));
    assert_eq!(status, 201, "{}", created.text().unwrap());
    assert!(location.contains("sha-256") && location.ends_with("CBV2.0"), "{location}");
    let found = |path: &str| gateway.get(path).send().unwrap();
    let answer: Value = found(&location).json().unwrap();
    let list = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap().clone();
    assert_eq!((list.len(), &list[0]["action"]), (1, &"OBSERVE".into()), "{answer}");

    // A declaration that it was wrong has its hash, and is found beside it; an event of another content is not.
    event["errorDeclaration"] = serde_json::json!({ "declarationTime": "2024-03-05T12:00:00Z" });
    let declared = gateway.post("/epcis/events", "application/json", event.to_string()).send().unwrap();
    assert_eq!(header(&declared, "location"), location);
    let answer: Value = found(&location).json().unwrap();
    let list = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap().len();
    assert_eq!(list, 2, "{answer}");
    let start = location.find("sha-256").unwrap() + 12;
    let digit = if &location[start..=start] == "0" { "1" } else { "0" };
    let other = format!("{}{digit}{}", &location[..start], &location[start + 1..]);
    assert_eq!(failure(found(&other)).0, 404, "{other}");
}

#[test]
fn what_a_form_cannot_hold_is_told_in_a_header() {
    let gateway = TestGateway::start();
    let many: Vec<u32> = (0..400).collect();
    let mixed = "\"https://example.org/ns/a\":{\"#content\":[\"text\",{\"@type\":\"@json\",\"@value\":[[1]]}]},\"action\"";
    let document = json_ld("lossy", &many).replacen("\"action\"", mixed, 1);
    assert_eq!(gateway.captured("application/json", document)["success"], true);
    let ask = |accept: &str, version: &str, question: &str| {
        let request = gateway.get(&format!("/epcis/events{question}")).header("Accept", accept);
        let response = request.header("GS1-EPCIS-Max", version).send().unwrap();
        let warning = header(&response, "warning");
        (warning, response.text().unwrap().len())
    };
    let one = "?EQ_eventID=urn:uuid:lossy-0";
    for (question, version) in [(one, "1.2"), ("?perPage=400", "1.2"), (one, "2.0")] {
        let (warning, bytes) = ask("application/xml", version, question);
        assert!(warning.starts_with("199 epcgate \"1 values have no place in xml-"), "{question}: {warning}");
        assert_eq!(bytes > 100_000, question != one, "{bytes}");
    }
    assert_eq!(ask("application/json", "2.0", one).0, "");
}

#[test]
fn pages_follow_each_other() {
    let gateway = TestGateway::start();
    gateway.captured("application/json", json_ld("pages", &(0..25).collect::<Vec<_>>()));
    let (mut seen, mut path, mut pages) =
        (Vec::new(), "/epcis/events?perPage=10&EQ_action=ADD%7COBSERVE".to_owned(), 0);
    loop {
        let response = gateway.get(&path).send().unwrap();
        let link = header(&response, "link");
        let page: Value = response.json().unwrap();
        for event in page["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap() {
            seen.push(event["eventID"].as_str().unwrap().to_owned());
        }
        pages += 1;
        match link.split_once(">; rel=\"next\"") {
            Some((next, _)) => path = next.trim_start_matches('<').to_owned(),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), pages), (25, 3));
    let (status, name, _) = failure(gateway.get("/epcis/events?nextPageToken=rubbish").send().unwrap());
    assert_eq!((status, name.as_str()), (400, "epcisException:QueryParameterException"));
}

/// One object with few events, which are all found at once, and with many, which are walked.
#[test]
fn the_events_of_one_object_keep_order_pages_and_bounds() {
    for count in [5, 40] {
        let gateway = TestGateway::start();
        let mut document: Value =
            serde_json::from_str(&json_ld("one", &(0..count).collect::<Vec<_>>())).unwrap();
        for event in document["epcisBody"]["eventList"].as_array_mut().unwrap() {
            event["epcList"] = serde_json::json!(["urn:epc:id:sgtin:0614141.107346.7"]);
        }
        assert_eq!(gateway.captured("application/json", document.to_string())["success"], true);
        let epc = "MATCH_anyEPC=urn:epc:id:sgtin:0614141.107346.7";
        let ids = |more: &str| -> Vec<String> {
            let events = gateway.events(&format!("{epc}{more}"));
            events.iter().map(|event| event["eventID"].as_str().unwrap().to_owned()).collect()
        };
        let rising: Vec<String> = (0..count).map(|number| event_id("one", number)).collect();
        let falling: Vec<String> = rising.iter().rev().cloned().collect();
        assert_eq!(ids("&perPage=100&orderBy=eventTime&orderDirection=ASC"), rising);
        assert_eq!(ids("&perPage=100&orderBy=eventTime&orderDirection=DESC"), falling);
        assert_eq!(ids("&orderBy=eventTime&orderDirection=DESC&eventCountLimit=2"), falling[..2]);
        assert_eq!(ids("&EQ_bizStep=receiving"), [""; 0]);
        let ask = |more: &str| gateway.get(&format!("/epcis/events?{epc}{more}")).send().unwrap();
        assert_eq!(failure(ask("&maxEventCount=4")).1, "epcisException:QueryTooLargeException");
        assert_eq!(ask(&format!("&maxEventCount={count}")).status(), 200);
        assert_eq!(header(&ask("&perPage=100"), "link"), "");
        assert_eq!(header(&ask(&format!("&perPage={count}")), "link"), "");
        let first = ask("&perPage=3&orderBy=eventTime&orderDirection=ASC");
        let next = header(&first, "link").split_once(">; rel").unwrap().0.trim_start_matches('<').to_owned();
        let page: Value = gateway.get(&next).send().unwrap().json().unwrap();
        assert_eq!(page["epcisBody"]["queryResults"]["resultsBody"]["eventList"][0]["eventID"], rising[3]);
    }
}

#[test]
fn questions_take_lists_and_refuse_what_they_do_not_know() {
    let gateway = with_three_events();
    assert_eq!(gateway.events("EQ_bizStep=receiving%7Cshipping").len(), 3);
    assert_eq!(gateway.events("EQ_bizStep=receiving").len(), 0);
    assert_eq!(gateway.events("MATCH_epc=https://id.gs1.org/01/10614141073464/21/2").len(), 1);
    assert_eq!(gateway.events("GE_eventTime=2024-03-04T14:00:02+02:00").len(), 2);
    for question in
        ["EQ_bizstep=shipping", "EQ_action=observe", "GE_eventTime=today", "perPage=none", "a=%FF"]
    {
        let (status, name, _) = failure(gateway.get(&format!("/epcis/events?{question}")).send().unwrap());
        assert_eq!((status, name.as_str()), (400, "epcisException:QueryParameterException"), "{question}");
    }
}

#[test]
fn every_resource_announces_itself() {
    let gateway = TestGateway::with(|settings| settings.limits.events_per_document = 7);
    for (path, allow) in [
        ("/epcis", "OPTIONS, GET"),
        ("/epcis/capture", "OPTIONS, POST, GET"),
        ("/epcis/capture/any", "OPTIONS, GET"),
        ("/epcis/events", "OPTIONS, GET, POST"),
        ("/epcis/events/urn:any", "OPTIONS, GET"),
    ] {
        let options =
            gateway.request("OPTIONS", path).header("Origin", "https://example.org").send().unwrap();
        assert_eq!(options.status(), 204, "{path}");
        assert_eq!(header(&options, "allow"), allow, "{path}");
        assert_eq!(header(&options, "gs1-epcis-max"), "2.0.0");
        assert_eq!(header(&options, "gs1-epc-format"), "Always_GS1_Digital_Link");
        assert_eq!(header(&options, "access-control-allow-origin"), "");
        let limit = if path.ends_with("/capture") || path.ends_with("/events") { "7" } else { "" };
        assert_eq!(header(&options, "gs1-epcis-capture-limit"), limit, "{path}");
        let delete = gateway.request("DELETE", path).send().unwrap();
        assert_eq!(header(&delete, "allow"), allow);
        assert_eq!(failure(delete).0, 405, "{path}");
    }
    let members: Value = gateway.get("/epcis/").send().unwrap().json().unwrap();
    assert_eq!(members["member"], serde_json::json!(["capture", "events"]));
}

#[test]
fn failures_have_the_names_of_the_standard() {
    let gateway = TestGateway::start();
    let check = |path: &str, accept: &str, expected: (u16, &str)| {
        let (status, name, _) = failure(gateway.get(path).header("Accept", accept).send().unwrap());
        assert_eq!((status, name.as_str()), expected, "{path}");
    };
    check("/epcis/events", "image/png", (406, "epcisException:NotAcceptableException"));
    check("/epcis/capture", "application/problem+json", (406, "epcisException:NotAcceptableException"));
    check("/epcis/nothing", "*/*", (404, "epcisException:NoSuchNameException"));
    check("/nothing", "*/*", (404, "epcisException:NoSuchNameException"));
    let long = format!("/epcis/events?EQ_eventID={}", "x".repeat(9_000));
    check(&long, "*/*", (414, "epcisException:URITooLongException"));

    let xml = gateway.get("/epcis/nothing").header("Accept", "application/xml").send().unwrap();
    assert_eq!(header(&xml, "content-type"), "application/problem+xml");
    let xml = xml.text().unwrap();
    assert!(
        xml.contains("<epcis:EPCISException xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\"><type>epcisException:"),
        "{xml}"
    );
}

#[test]
fn answers_are_compressed_for_those_who_ask() {
    let gateway = TestGateway::start();
    gateway.captured("text/xml", xml_2_0("gzip", &(0..200).collect::<Vec<_>>()));
    let ask = |coding: &str| {
        let request = gateway.get("/epcis/events?perPage=200").header("Accept-Encoding", coding);
        let response = request.send().unwrap();
        (header(&response, "content-encoding"), response.bytes().unwrap())
    };
    let (coding, gzip) = ask("gzip");
    assert_eq!(coding, "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&gzip[..]).read_to_string(&mut text).unwrap();
    assert!(text.contains("urn:uuid:gzip-199"));
    let (coding, zstd) = ask("zstd");
    assert_eq!(coding, "zstd");
    assert!(zstd::decode_all(&zstd[..]).unwrap().len() > zstd.len() * 2);
}

#[test]
fn operators_are_answered() {
    let gateway = TestGateway::start();
    for (media_type, form) in FORMS {
        gateway.captured(media_type, form("measured", &[1]));
    }
    assert_eq!(gateway.get("/healthz").send().unwrap().status(), 200);
    assert_eq!(gateway.get("/readyz").send().unwrap().status(), 200);
    let measures = gateway.get("/metrics").send().unwrap().text().unwrap();
    for name in ["epcgate_requests_total", "epcgate_request_seconds_bucket", "epcgate_captures_total"] {
        assert!(measures.contains(name), "{name}: {measures}");
    }
    assert!(gateway.folder().join("epcgate.db").exists());
}

#[test]
fn nothing_but_loopback_is_served() {
    let mut settings = epcgate::config::Settings::read(None).unwrap();
    settings.server.address = "0.0.0.0".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store =
        epcgate::store::Store::open(folder.path().join("a.db").to_str().unwrap(), &settings.store).unwrap();
    let refused = epcgate::server::Gateway::start(&settings, &store).err().unwrap();
    assert!(refused.to_string().contains("loopback"), "{refused}");
}

#[test]
fn the_interface_is_described_without_asking_anybody_else() {
    let gateway = TestGateway::start();
    let document: Value = gateway.get("/api/v1/openapi.json").send().unwrap().json().unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/epcis/capture"]["post"].is_object());
    let page = gateway.get("/docs").send().unwrap();
    assert_eq!(page.url().path(), "/docs/");
    let page = page.text().unwrap();
    assert!(page.contains("./swagger-ui.css") && !page.contains("http"), "{page}");
    let setting = gateway.get("/docs/swagger-initializer.js").send().unwrap().text().unwrap();
    assert!(setting.contains("/api/v1/openapi.json") && setting.contains("\"validatorUrl\": \"none\""));
    assert_eq!(header(&gateway.get("/docs/swagger-ui.css").send().unwrap(), "content-type"), "text/css");
    assert_eq!(gateway.get("/docs/nothing.js").send().unwrap().status(), 404);
}
