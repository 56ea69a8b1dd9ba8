//! Hostile and broken bodies over HTTP.

use crate::harness::TestGateway;
use crate::harness::json_ld;
use crate::harness::xml_2_0;

/// What hostile and broken senders post: each is refused, or its job says why, where and by which rule.
#[test]
fn hostile_bodies_are_answered_and_harm_nobody() {
    let gateway = TestGateway::start();
    let sound = xml_2_0("hostile", &[1]);
    let entities = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
                    <!ENTITY c SYSTEM \"file:///etc/passwd\">]>";
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
    let namespaces: String = (0..100_000).map(|n| format!(" xmlns:a{n}=\"urn:{n}\"")).collect();
    let deep = format!("{}{}", "<e:a xmlns:e=\"urn:e\">".repeat(100_000), "</e:a>".repeat(100_000));
    let json = json_ld("hostile", &[1]);
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let (xml_type, json_type) = ("application/xml", "application/json");
    for (name, kind, body) in [
        (
            "entities",
            xml_type,
            sound.replacen("?>", &format!("?>{entities}"), 1).replace("shipping<", "&b;&c;<"),
        ),
        ("attributes", xml_type, sound.replace("<ObjectEvent", &format!("<ObjectEvent{attributes}"))),
        ("namespaces", xml_type, sound.replace("<EPCISBody", &format!("<EPCISBody{namespaces}"))),
        ("depth", xml_type, sound.replace("<action>", &format!("{deep}<action>"))),
        ("truncated", xml_type, sound[..sound.len() - 60].to_owned()),
        ("truncated early", xml_type, sound[..60].to_owned()),
        ("encoding", xml_type, sound.replace("UTF-8", "EBCDIC-XX")),
        ("word", xml_type, sound.replace("urn:epcglobal:cbv:bizstep:shipping", "teleporting")),
        ("json depth", json_type, json.replacen("\"shipping\"", &nested, 1)),
        (
            "json depth of an extension",
            json_type,
            json.replacen("\"action\"", &format!("\"urn:x:y\":{nested},\"action\""), 1),
        ),
        ("json truncated", json_type, json[..json.len() - 20].to_owned()),
        ("json truncated early", json_type, json[..20].to_owned()),
        ("json word", json_type, json.replace("shipping", "teleporting")),
        ("json action", json_type, json.replace("OBSERVE", "observe")),
    ] {
        refused(&gateway, name, kind, body.into_bytes());
    }
    // Latin-1 that says it is UTF-8, and JSON that is not UTF-8.
    let latin = sound.replace("hostile-1", "caf\u{e9}");
    refused(
        &gateway,
        "latin",
        xml_type,
        latin.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
    );
    let mut broken = json.replace("hostile-1", "caf#").into_bytes();
    broken.iter_mut().filter(|byte| **byte == b'#').for_each(|byte| *byte = 0xFF);
    refused(&gateway, "json bytes", json_type, broken);

    // What is only odd is kept as sent, and told.
    let wrong =
        sound.replace("urn:epc:id:sgtin:0614141.107346.1", "https://id.gs1.org/01/10614141073465/21/1");
    let job = gateway.captured(xml_type, wrong);
    assert_eq!((&job["success"], &job["warnings"][0]["rule"]), (&true.into(), &"identifier".into()), "{job}");
    assert!(job["warnings"][0]["line"].as_u64() > Some(0), "{job}");
    assert_eq!(gateway.events("").len(), 1);
    assert_eq!(gateway.get("/readyz").send().unwrap().status(), 200);
    assert_eq!(gateway.captured(json_type, json_ld("after", &[1]))["success"], true);
}

/// Posts what must be answered 400, or with a job that fails, each with its rule and place.
fn refused(gateway: &TestGateway, name: &str, media_type: &str, body: Vec<u8>) {
    let answer = gateway.capture(media_type, body).send().unwrap();
    let error = if answer.status() == 202 {
        let job = gateway.finished(answer);
        assert_eq!(job["success"], false, "{name}: {job}");
        job["errors"][0].clone()
    } else {
        assert_eq!(answer.status(), 400, "{name}");
        answer.json().unwrap()
    };
    assert_eq!(error["type"], "epcisException:ValidationException", "{name}: {error}");
    assert!(error["rule"].as_str().is_some_and(|rule| !rule.is_empty()), "{name}: {error}");
    assert!(error["line"].as_u64() > Some(0), "{name}: {error}");
    assert!(error["detail"].as_str().is_some_and(|detail| detail.len() < 2_000), "{name}: {error}");
}
