//! Custody over the fixtures of the demo, on both databases: state, history, picture, page, documents as received.

use chrono::Days;
use chrono::NaiveDate;
use epcgate::gs1::Epc;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::postgres;

const BOTTLE: &str = "urn:epc:id:sgtin:0352999.010130.A7K2M0001";
/// In the case that stayed with the wholesaler.
const OTHER_BOTTLE: &str = "urn:epc:id:sgtin:0352999.010130.A7K2M0005";
const PALLET: &str = "urn:epc:id:sscc:0352999.0000000017";

/// A small supply chain, in order.
pub const DOCUMENTS: [(&str, &str); 4] = [
    ("application/xml", include_str!("../../fixtures/demo/1_manufacturer_ships.xml")),
    ("application/ld+json", include_str!("../../fixtures/demo/2_wholesaler_receives.jsonld")),
    ("application/xml", include_str!("../../fixtures/demo/3_wholesaler_ships.xml")),
    ("application/xml", include_str!("../../fixtures/demo/4_clinic_receives.xml")),
];

/// The fixture with a day put for each `{DAY-3}`, counted from 2026-11-22.
fn dated(document: &str) -> String {
    dated_from(document, NaiveDate::from_ymd_opt(2026, 11, 22).unwrap())
}

/// The fixture with a day put for each `{DAY-3}`, counted from `today`.
pub fn dated_from(document: &str, today: NaiveDate) -> String {
    let mut parts = document.split("{DAY");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (days, rest) = part.split_once('}').unwrap();
        let days: i64 = days.parse().unwrap();
        let moved = Days::new(days.unsigned_abs());
        let day = if days < 0 { today - moved } else { today + moved };
        text += &format!("{day}{rest}");
    }
    text
}

/// Every byte but letters and digits as a percent-escape.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

fn on_both(name: &str, check: fn(&TestGateway)) {
    let url = postgres::database(name);
    for gateway in [TestGateway::start(), TestGateway::with(|settings| settings.database.url = url)] {
        for (media_type, document) in DOCUMENTS {
            let job = gateway.captured(media_type, dated(document));
            assert_eq!(job["success"], true, "{job}");
        }
        check(&gateway);
    }
}

fn json(gateway: &TestGateway, path: &str) -> Value {
    let response = gateway.get(path).send().unwrap();
    assert_eq!(response.status(), 200, "{path}: {}", response.text().unwrap());
    response.json().unwrap()
}

fn item(epc: &str, what: &str) -> String {
    format!("/api/v1/items/{}{what}", encoded(epc))
}

#[test]
fn a_bottle_is_followed_from_maker_to_clinic() {
    on_both("custody", |gateway| {
        let custody = json(gateway, &item(BOTTLE, "/custody"));
        let deeds: Vec<&str> =
            custody["steps"].as_array().unwrap().iter().map(|step| step["deed"].as_str().unwrap()).collect();
        assert_eq!(
            deeds,
            ["commissioned", "packed", "packed", "shipped", "received", "unpacked", "shipped", "received",]
        );
        assert_eq!(custody["gaps"], Value::Array(Vec::new()));
        let names: Vec<&str> = custody["parties"]
            .as_array()
            .unwrap()
            .iter()
            .map(|party| party["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["Alder Point Therapeutics", "Brightwater Drug Wholesale", "Cedar Hollow Clinic"]);
        let packed = &custody["steps"][2];
        assert_eq!(packed["how"], "inferred");
        assert_eq!(packed["names"], "urn:epc:id:sgtin:0352999.510130.C0000001");
        assert_eq!(packed["says"], "serial C0000001 packed into SSCC 003529990000000173");
        assert_eq!(custody["steps"][3]["timeZoneOffset"], "-05:00");
        assert_eq!(custody["steps"][3]["time"], "2026-11-14T14:00:00.000-05:00");
        assert_eq!(json(gateway, &item(BOTTLE, "/history")), custody["steps"]);
    });
}

#[test]
fn the_state_says_how_each_fact_is_known() {
    on_both("item", |gateway| {
        let state = json(gateway, &item(BOTTLE, ""));
        assert_eq!(state["label"], "(01)00352999101306(21)A7K2M0001");
        assert_eq!(
            (&state["state"]["value"], &state["state"]["how"]),
            (&"received".into(), &"inferred".into())
        );
        assert_eq!((&state["lot"]["value"], &state["lot"]["how"]), (&"LMX2611".into(), &"scanned".into()));
        assert_eq!(state["expiry"]["value"], "2028-05-15");
        assert_eq!(state["holder"]["value"]["name"], "Cedar Hollow Clinic");
        assert_eq!(state["place"]["value"], "urn:epc:id:sgln:9521102.00001.0");
        assert_eq!(state["parents"][0]["value"], "urn:epc:id:sgtin:0352999.510130.C0000001");
        assert_eq!(state["parents"].as_array().unwrap().len(), 1);
        let then = json(gateway, &item(BOTTLE, "?at=2026-11-15T00:00:00Z"));
        assert_eq!(then["state"]["value"], "in-transit");
        assert_eq!(then["parents"][1]["value"], PALLET);
        assert_eq!(then["gaps"][0]["kind"], "not-received");
        let held = gateway.post(
            "/api/v1/holds",
            "application/json",
            r#"{"gtin":"00352999101306","lot":"LMX2611","reason":"a complaint"}"#,
        );
        assert_eq!(held.send().unwrap().status(), 201);
        assert_eq!(json(gateway, &item(BOTTLE, ""))["holds"][0]["opened"]["reason"], "a complaint");
        assert_eq!(
            json(gateway, &item(OTHER_BOTTLE, ""))["holder"]["value"]["name"],
            "Brightwater Drug Wholesale"
        );
    });
}

#[test]
fn an_item_is_asked_for_in_any_spelling() {
    let gateway = TestGateway::start();
    for (media_type, document) in DOCUMENTS {
        gateway.captured(media_type, dated(document));
    }
    let link = "https://id.gs1.org/01/00352999101306/21/A7K2M0001";
    let steps = json(&gateway, &item(BOTTLE, "/history"));
    for path in [
        item(link, "/history"),
        format!("/api/v1/items/{link}/history"),
        format!("/api/v1/items/{BOTTLE}/history"),
        item("]d201003529991013061728051510LMX2611\u{1d}21A7K2M0001", "/history"),
        item("(01)00352999101306(21)A7K2M0001", "/history"),
    ] {
        let found = json(&gateway, &path);
        assert_eq!(found.as_array().unwrap().len(), steps.as_array().unwrap().len(), "{path}");
    }
    assert_eq!(json(&gateway, &item(link, ""))["key"], "/01/00352999101306/21/A7K2M0001");
    let (status, _, detail) =
        failure(gateway.get(&item("urn:epc:id:sgtin:0352999.010130.NONE", "")).send().unwrap());
    assert!(status == 404 && detail.contains("(21)NONE"), "{status} {detail}");
    for path in ["/api/v1/items/nonsense", "/api/v1/items/urn%3Aepc%3Aid%3Asgtin%3A1.2.3/custody"] {
        assert_eq!(failure(gateway.get(path).send().unwrap()).0, 400, "{path}");
    }
    assert_eq!(failure(gateway.get(&item(BOTTLE, "?at=yesterday")).send().unwrap()).0, 400);
    assert_eq!(failure(gateway.get(&item(BOTTLE, "?when=now")).send().unwrap()).0, 400);
}

#[test]
fn a_serial_number_with_slashes_is_found() {
    let gateway = TestGateway::start();
    let event = |epc: &str| {
        serde_json::json!({
            "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-22T12:00:00Z",
            "epcisBody": { "eventList": [{
                "type": "ObjectEvent", "eventTime": "2026-11-22T12:00:00Z", "eventTimeZoneOffset": "+00:00",
                "epcList": [epc], "action": "OBSERVE", "bizStep": "inspecting",
            }] },
        })
    };
    let epc = "urn:epc:id:sgtin:0352999.010130.A%2FB%25<&";
    let epc = epc.replace('<', "%3C").replace('&', "%26");
    assert_eq!(gateway.captured("application/json", event(&epc).to_string())["success"], true);
    let found = json(&gateway, &item(&epc, ""));
    assert_eq!((&found["serial"], &found["state"]["value"]), (&"A/B%<&".into(), &"seen".into()));
    assert_eq!(found["gaps"][0]["kind"], "not-commissioned");
    let picture = gateway.get(&item(&epc, "/custody")).header("Accept", "image/svg+xml").send().unwrap();
    let picture = picture.text().unwrap();
    well_formed(&picture);
    assert!(picture.contains("GAP: no commissioning"), "{picture}");
}

/// Reads XML to its end and counts its elements.
fn well_formed(text: &str) -> usize {
    let mut reader = Reader::from_str(text);
    let mut elements = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                start.attributes().for_each(|attribute| drop(attribute.unwrap()));
                elements += 1;
            }
            Event::Empty(empty) => {
                empty.attributes().for_each(|attribute| drop(attribute.unwrap()));
                elements += 1;
            }
            Event::Eof => return elements,
            _ => {}
        }
    }
}

#[test]
fn the_picture_is_sound_and_leads_to_documents_as_received() {
    on_both("picture", |gateway| {
        let response =
            gateway.get(&item(BOTTLE, "/custody")).header("Accept", "image/svg+xml").send().unwrap();
        assert_eq!(header(&response, "content-type"), "image/svg+xml");
        assert!(header(&response, "content-security-policy").starts_with("default-src 'none'"));
        let picture = response.text().unwrap();
        assert!(well_formed(&picture) > 50);
        assert!(
            picture
                .contains("<title id=\"title\">Chain of custody of (01)00352999101306(21)A7K2M0001</title>")
        );
        assert!(picture.contains("Cedar Hollow Clinic") && !picture.contains("GAP"));
        let page = gateway.get(&item(BOTTLE, "/custody")).header("Accept", "text/html").send().unwrap();
        let page = page.text().unwrap();
        well_formed(page.trim_start_matches("<!DOCTYPE html>\n").replace("<!DOCTYPE html>", "").as_str());
        assert_eq!(page.matches("<tr>").count(), 9);
        let refused = gateway.get(&item(BOTTLE, "/custody")).header("Accept", "image/png").send().unwrap();
        assert_eq!(failure(refused).0, 406);
        let custody = json(gateway, &item(BOTTLE, "/custody"));
        let path = custody["steps"][4]["documents"][0].as_str().unwrap();
        assert!(picture.contains(&format!("<a href=\"{path}\">")));
        let document = gateway.get(path).send().unwrap();
        assert_eq!(header(&document, "content-type"), "application/json");
        let tag = header(&document, "etag");
        assert!(header(&document, "content-disposition").starts_with("attachment"));
        assert_eq!(document.text().unwrap(), dated(DOCUMENTS[1].1));
        assert_eq!(gateway.get(path).header("If-None-Match", tag).send().unwrap().status(), 304);
        assert_eq!(gateway.get("/api/v1/documents/7").send().unwrap().status(), 404);
        assert_eq!(gateway.get("/api/v1/documents/x").send().unwrap().status(), 404);
    });
}

#[test]
fn a_shipment_lists_its_units_page_by_page() {
    on_both("shipped", |gateway| {
        let shipments = json(gateway, "/api/v1/shipments?order=PO-7741");
        let shipment = &shipments["shipments"][0];
        assert_eq!(shipment["units"], 8);
        let path = format!("/api/v1/shipments/{}", shipment["shipment"]);
        let mut response = gateway.get(&format!("{path}?perPage=5")).send().unwrap();
        let mut keys = Vec::new();
        loop {
            let link = header(&response, "link");
            let detail: Value = response.json().unwrap();
            assert_eq!(
                (&detail["buyer"], &detail["roots"][0]),
                (&shipment["buyer"], &Epc::parse(PALLET).key().into())
            );
            for unit in detail["page"].as_array().unwrap() {
                assert_eq!(unit["lot"], "LMX2611");
                keys.push(unit["key"].as_str().unwrap().to_owned());
            }
            let Some((_, rest)) = link.split_once('<') else { break };
            response = gateway.get(rest.split_once('>').unwrap().0).send().unwrap();
        }
        let mut sorted = keys.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!((keys.len(), &keys), (8, &sorted));
        assert_eq!(failure(gateway.get("/api/v1/shipments/7").send().unwrap()).0, 404);
    });
}
