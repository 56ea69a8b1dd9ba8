//! PDG's exception messages: every example is read and answered, every message of ours is valid by PDG's own schemas.

use std::path::PathBuf;

use epcgate::access::Caller;
use epcgate::dscsa::CaseState;
use epcgate::dscsa::Delivery;
use epcgate::dscsa::Difference;
use epcgate::dscsa::Goods;
use epcgate::dscsa::Observation;
use epcgate::dscsa::exception::Answer;
use epcgate::dscsa::exception::FollowUp;
use epcgate::dscsa::exception::Resolution;
use epcgate::formats::exception_report;
use epcgate::formats::exception_report::Message;
use epcgate::reconcile::cases;
use epcgate::reconcile::cases::Compared;
use epcgate::reconcile::cases::Reply;
use epcgate::store::Settings;
use epcgate::store::Store;
use jsonschema::Validator;
use serde_json::Value;

use crate::corpus::corpus;

fn folder() -> PathBuf {
    corpus().join("pdg-exceptions")
}

fn schema(name: &str) -> Validator {
    let text = std::fs::read_to_string(folder().join("schemas").join(name)).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn check(validator: &Validator, message: &Value) {
    let faults: Vec<String> = validator.iter_errors(message).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}\n{message:#}");
}

fn example(name: &str) -> Vec<u8> {
    std::fs::read(folder().join("examples").join(name)).unwrap()
}

fn store(folder: &tempfile::TempDir) -> Store {
    Store::open(folder.path().join("epcgate.db").to_str().unwrap(), &Settings::default()).unwrap()
}

fn ourselves() -> cases::Settings {
    cases::Settings {
        gln: "1234567890124".to_owned(),
        email: "contact@manufacturer.example".to_owned(),
        ..cases::Settings::default()
    }
}

#[test]
fn every_example_is_read_and_comes_back_valid() {
    let (reports, responses) = (schema("report_schema.json"), schema("response_schema.json"));
    let mut read = 0;
    for entry in std::fs::read_dir(folder().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        match exception_report::read(&bytes).unwrap_or_else(|fault| panic!("{}: {fault}", path.display())) {
            Message::Report(report) => check(&reports, &exception_report::report(&report)),
            Message::Response(response) => check(&responses, &exception_report::response(&response)),
        }
        read += 1;
    }
    assert_eq!(read, 6);
}

#[test]
fn reports_of_the_examples_are_answered_and_closed() {
    let now = "2026-11-22T10:00:00Z".parse().unwrap();
    let responses = schema("response_schema.json");
    for name in ["hda_1_1A_overage_keep_product", "hda_1_4A_incorrect_serial"] {
        let kept = tempfile::tempdir().unwrap();
        let (store, settings) = (store(&kept), ourselves());
        let opened =
            cases::receive(&store, &settings, &example(&format!("{name}_report.json")), now).unwrap();
        assert_eq!((opened.case.state, opened.case.items.len()), (CaseState::Notified, 2), "{name}");
        let id = opened.case.id;
        for answer in [
            Answer { accepted: true, ..Answer::default() },
            Answer {
                accepted: false,
                comments: Some("counted again".to_owned()),
                alternative: Some(Resolution::CreditAccount),
                follow_up: Some(FollowUp::Phone),
                follow_up_details: Some("123".to_owned()),
            },
            Answer { follow_up: Some(FollowUp::Email), ..Answer::default() },
        ] {
            let reply = Reply { all: Some(answer), ..Reply::default() };
            let sent = cases::respond(&store, &settings, (&id, "tester"), &reply, now).unwrap();
            check(&responses, &sent.message);
        }
        let ended =
            cases::receive(&store, &settings, &example(&format!("{name}_report_2.json")), now).unwrap();
        assert_eq!(ended.case.state, CaseState::Closed, "{name}");
    }
}

#[test]
fn every_report_of_ours_is_valid() {
    let now = "2026-11-22T10:00:00Z".parse().unwrap();
    let reports = schema("report_schema.json");
    let kept = tempfile::tempdir().unwrap();
    let (store, settings) = (store(&kept), ourselves());
    let (unit, bare) = (Goods::unit("00300010123455", "7"), Goods::default());
    let lot = unit.clone().of_lot(Some("A1"), Some("2027-01-31"));
    let found = [
        Difference::Short(unit.clone()),
        Difference::Short(bare.clone()),
        Difference::Over(lot.clone()),
        Difference::MissingData(bare.clone(), Observation::DespatchAdvice),
        Difference::Misaligned { data: unit.clone(), label: lot },
        Difference::Misaligned { data: bare.clone(), label: bare.clone() },
        Difference::Quantity { gtin: "00300010123455".to_owned(), ordered: 10, received: 12 },
        Difference::Quantity { gtin: "00300010123455".to_owned(), ordered: 10, received: 0 },
        Difference::Unavailable { goods: unit.clone(), why: "it is recalled".to_owned() },
        Difference::Packaging { goods: unit, why: "no code".to_owned() },
        Difference::WrongPlace { gln: "1".to_owned(), proposed: None },
        Difference::WrongPlace { gln: "2".to_owned(), proposed: Some("3".to_owned()) },
        Difference::WrongProduct { gtin: "4".to_owned(), proposed: None },
    ];
    for delivery in [
        Delivery { partner: "0300011111215".to_owned(), order: "PO1".to_owned(), advice: String::new() },
        Delivery { partner: String::new(), order: String::new(), advice: "D1".to_owned() },
    ] {
        let compared =
            Compared { delivery: Some(delivery), differences: Some(&found), ..Compared::default() };
        let id = cases::after_reconcile(&store, &settings, &compared, now).unwrap().remove(0);
        let case = store.case(&Caller::operator(), &id).unwrap().unwrap();
        assert_eq!(case.items.len(), found.len());
        check(&reports, &cases::draft(&case, &settings, now).message);
        let every = case.items.iter().zip(Resolution::ALL.iter().cycle());
        let asked: Vec<_> = every.map(|(item, asked)| (item.id.clone(), *asked)).collect();
        check(&reports, &cases::notify(&store, &settings, (&id, "x"), &asked, now).unwrap().message);
        check(&reports, &cases::close(&store, &settings, (&id, "x"), "done", now).unwrap().message);
    }
    // An operator that set no address still writes valid messages.
    let compared = Compared {
        delivery: Some(Delivery { order: "PO2".to_owned(), ..Delivery::default() }),
        differences: Some(&found),
        ..Compared::default()
    };
    let nobody = cases::Settings::default();
    let id = cases::after_reconcile(&store, &nobody, &compared, now).unwrap().remove(0);
    check(&reports, &cases::notify(&store, &nobody, (&id, "x"), &[], now).unwrap().message);
}
