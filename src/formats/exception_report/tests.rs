use crate::dscsa::CaseItem;
use crate::dscsa::Difference;
use crate::dscsa::Goods;
use crate::dscsa::Observation;
use crate::dscsa::exception::Answer;
use crate::dscsa::exception::Contact;
use crate::dscsa::exception::FollowUp;
use crate::dscsa::exception::Report;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::Response;
use crate::dscsa::exception::Trouble;
use crate::formats::exception_report::Message;
use crate::formats::exception_report::read;
use crate::formats::exception_report::report;
use crate::formats::exception_report::response;

fn contact() -> Contact {
    Contact {
        name: String::new(),
        gln: Some("0399999999991".to_owned()),
        email: "dock@example.com".to_owned(),
        phone: None,
        credential: None,
    }
}

fn differences() -> Vec<Difference> {
    let unit = Goods::unit("00300010123455", "7").of_lot(Some("A1"), Some("2027-01-31"));
    vec![
        Difference::MissingData(Goods::unit("00300010123455", "9"), Observation::PackingSlip),
        Difference::Misaligned { data: unit.clone(), label: unit.of_lot(Some("A2"), Some("2027-01-31")) },
        Difference::Quantity { gtin: "00300010123455".to_owned(), ordered: 10, received: 12 },
        Difference::Quantity { gtin: "00300010123455".to_owned(), ordered: 10, received: 8 },
        Difference::WrongPlace { gln: "1".to_owned(), proposed: None },
        Difference::WrongProduct { gtin: "2".to_owned(), proposed: Some("3".to_owned()) },
    ]
}

#[test]
fn a_report_comes_back() {
    let items = differences().into_iter().enumerate().map(|(number, difference)| {
        let trouble = Trouble::of(&difference, "");
        let request = trouble.kind.usual_request();
        let id = format!("item-{number}");
        CaseItem { id, trouble, finding: None, request, answer: None, settled: None }
    });
    let sent = Report {
        message: "m".to_owned(),
        case: "c".to_owned(),
        sent_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        order: "PO1".to_owned(),
        sender: contact(),
        items: items.collect(),
        resolved: false,
    };
    let written = report(&sent);
    assert_eq!(read(written.to_string().as_bytes()), Ok(Message::Report(sent.clone())));
    let end = report(&Report { resolved: true, ..sent });
    assert_eq!((&end["exceptions"], &end["case_resolved"]), (&serde_json::json!({}), &true.into()));
}

#[test]
fn a_response_comes_back() {
    let rejected = Answer {
        accepted: false,
        comments: Some("counted twice".to_owned()),
        alternative: Some(Resolution::CreditAccount),
        follow_up: Some(FollowUp::Phone),
        follow_up_details: Some("555".to_owned()),
    };
    let sent = Response {
        message: "m".to_owned(),
        case: "c".to_owned(),
        sent_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        order: "PO1".to_owned(),
        sender: contact(),
        answers: vec![
            ("item-1".to_owned(), Answer { accepted: true, ..Answer::default() }),
            ("item-2".to_owned(), rejected),
        ],
        notes: None,
    };
    assert_eq!(read(response(&sent).to_string().as_bytes()), Ok(Message::Response(sent)));
}

#[test]
fn groups_without_a_place_of_their_own_stand_before_the_text() {
    let goods = Goods::unit("00300010123455", "7");
    let trouble = Trouble::of(&Difference::Unavailable { goods, why: "it is recalled".to_owned() }, "");
    let what = trouble.what.clone();
    let mut sent = Report {
        message: "m".to_owned(),
        case: "c".to_owned(),
        sent_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        order: "PO1".to_owned(),
        sender: contact(),
        items: vec![],
        resolved: false,
    };
    sent.items.push(CaseItem {
        id: String::new(),
        request: trouble.kind.usual_request(),
        trouble,
        finding: None,
        answer: None,
        settled: None,
    });
    let Ok(Message::Report(back)) = read(report(&sent).to_string().as_bytes()) else { panic!() };
    assert_eq!(back.items[0].trouble.group, sent.items[0].trouble.group);
    assert_eq!(back.items[0].trouble.what, what);
    let again = read(report(&sent).to_string().as_bytes());
    assert_eq!(again, Ok(Message::Report(back)));
}

fn check_fault(json: &str, path: &str, message: &str) {
    let fault = read(json.as_bytes()).unwrap_err();
    assert_eq!((fault.path.as_str(), fault.message.as_str()), (path, message), "{json}");
    assert!(!fault.fix.is_empty());
}

#[test]
fn a_fault_names_its_place() {
    assert!(read(b"{").unwrap_err().message.starts_with("the message is not JSON"));
    check_fault("[]", "/", "the message is not an object");
    check_fault("{\"case_resolved\":true}", "/", "`exception_case_uuid` is missing");
    let with = |exceptions: &str| {
        format!(
            "{{\"message_uuid\":\"m\",\"exception_case_uuid\":\"c\",\"timestamp\":1,\"po_number\":\"1\",\
             \"case_resolved\":false,\"exceptions\":{{{exceptions}}}}}"
        )
    };
    check_fault(&with("\"overages\":{}"), "/exceptions/overages", "this is not an array");
    check_fault(
        &with("\"overages\":[{\"exception_item_uuid\":\"i\",\"gtin\":\"1\",\"quantity_ordered\":-1}]"),
        "/exceptions/overages/0/quantity_ordered",
        "this is not a whole number from 0 on",
    );
    let asked = "\"exception_item_uuid\":\"i\",\"product_gtin\":\"1\",\"resolution_request\":\"Pay\"";
    check_fault(
        &with(&format!("\"missing_product\":[{{{asked}}}]")),
        "/exceptions/missing_product/0/resolution_request",
        "`Pay` is not one of its words",
    );
}

#[test]
fn dates_are_read_where_they_say_which_part_is_the_year() {
    let check = |sent: &str, expected: &str| {
        let json = format!(
            "{{\"message_uuid\":\"m\",\"exception_case_uuid\":\"c\",\"timestamp\":\"1\",\"case_resolved\":false,\
             \"exceptions\":{{\"data_misalignment\":[{{\"exception_item_uuid\":\"i\",\
             \"received_product_expiry\":\"{sent}\"}}]}}}}"
        );
        let Ok(Message::Report(report)) = read(json.as_bytes()) else { panic!("{sent}") };
        assert_eq!(report.items[0].trouble.goods.expiry.as_deref(), Some(expected));
    };
    check("01312027", "2027-01-31");
    check("20270131", "2027-01-31");
    check("2027-01-31", "2027-01-31");
    check("270131", "270131");
}
