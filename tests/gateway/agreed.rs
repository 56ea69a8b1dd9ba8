//! What is found in a document when it is captured: by what was agreed with its sender, and by what the receiver knows.

use std::io::Write;
use std::path::Path;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::capture;
use epcgate::capture::Policy;
use epcgate::capture::Wish;
use epcgate::dscsa::PartnerGln;
use epcgate::dscsa::Severity;
use epcgate::dscsa::TradingPartner;
use epcgate::dscsa::Verdict;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::gs1::Gln;
use epcgate::store::Store;
use serde_json::Value;

use crate::harness::TestGateway;
use crate::harness::header;
use crate::postgres::on_each_database;

const RULE: &str = "place-unknown";

fn partner(id: &str, glns: &[&str], word: Option<&str>) -> TradingPartner {
    let glns = glns.iter().map(|gln| PartnerGln {
        gln: Gln::parse(gln).unwrap(),
        sent: (*gln).into(),
        role: epcgate::dscsa::GlnUse::Location,
    });
    let mut partner = TradingPartner { id: id.into(), name: id.into(), ..TradingPartner::default() };
    partner.glns = glns.collect();
    partner.policy.rules.extend(word.map(|word| (RULE.into(), Verdict::parse(word).unwrap())));
    partner
}

/// Severities of the findings of the rule in a shipment captured now; `times` makes its bytes and identifiers new ones.
fn judged(store: &Store, policy: &Policy, times: usize) -> Vec<Severity> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/epcis/dscsa_shipment.1.2.xml");
    let text = std::fs::read_to_string(file).unwrap();
    let (from, to) = ("<InstanceIdentifier>", format!("<InstanceIdentifier>{times}-"));
    let prefixed = text.replace(&format!("sbdh:{}", &from[1..]), &format!("sbdh:{}", &to[1..]));
    assert_ne!(prefixed, text, "the fixture names its instance otherwise");
    let mut receiving = store.receive(Utc::now()).unwrap();
    receiving.write_all(prefixed.as_bytes()).unwrap();
    let wish = Wish { behaviour: CaptureErrorBehaviour::Proceed, syntax: None };
    let caller = Caller::operator();
    let new = capture::accept(store, &caller, receiving.finish().unwrap(), wish, Utc::now()).unwrap();
    let job = capture::run_to_end(store, &new.job, policy, Utc::now).unwrap();
    assert!(job.success, "{:?}", job.defects);
    let findings = store.findings(&caller, job.document).unwrap();
    findings.iter().filter(|finding| &*finding.rule == RULE).map(|finding| finding.severity).collect()
}

#[test]
fn a_partner_may_have_severities_of_its_own() {
    on_each_database("agreed", |store| {
        let put = |partner: TradingPartner| {
            store.put_partners(&Caller::operator(), &[partner], Utc::now()).unwrap().unwrap()
        };
        let mut policy = Policy::default();
        assert_eq!(judged(store, &policy, 1), [Severity::Warning; 2]);
        // The sender of the fixture.
        put(partner("maker", &["0352999000012"], Some("hard")));
        assert_eq!(judged(store, &policy, 2), [Severity::Hard; 2]);
        policy.overrides.set(RULE, "off").unwrap();
        assert_eq!(judged(store, &policy, 3), [Severity::Hard; 2]);
        put(partner("maker", &["0352999000012"], None));
        assert_eq!(judged(store, &policy, 4), []);
        put(partner("maker", &["0352999000012"], Some("off")));
        assert_eq!(judged(store, &Policy::default(), 5), []);
    });
}

#[test]
fn a_place_that_the_receiver_knows_needs_no_master_data() {
    on_each_database("known", |store| {
        let known = [partner("maker", &["0352999000029"], None), partner("we", &["9521101000023"], None)];
        store.put_partners(&Caller::operator(), &known[..1], Utc::now()).unwrap().unwrap();
        assert_eq!(judged(store, &Policy::default(), 1), [Severity::Warning; 1]);
        store.put_partners(&Caller::operator(), &known, Utc::now()).unwrap().unwrap();
        assert_eq!(judged(store, &Policy::default(), 2), []);
    });
}

#[test]
fn findings_are_listed_by_document_and_by_what_they_are_about() {
    let gateway = TestGateway::start();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/epcis/dscsa_shipment.1.2.xml");
    let job = gateway.captured("application/xml", std::fs::read(file).unwrap());
    let list = |path: &str| -> Value { gateway.get(path).send().unwrap().json().unwrap() };
    let found = list(job["findings"].as_str().unwrap());
    let found = found["findings"].as_array().unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((found[0]["rule"].as_str(), found[0]["mender"].as_str()), (Some(RULE), Some("sender")));
    assert_eq!(gateway.get(found[0]["help"].as_str().unwrap()).send().unwrap().status(), 200);
    let about = list("/api/v1/findings?about=https%3A%2F%2Fid.gs1.org%2F414%2F9521101000023");
    let of_place = |finding: &&Value| finding["objects"][0]["id"] == "9521101000023";
    assert_eq!(about["findings"], Value::Array(found.iter().filter(of_place).cloned().collect()));
    assert_eq!(about["findings"].as_array().unwrap().len(), 1);
    let page = gateway.get(&format!("{}&perPage=1", job["findings"].as_str().unwrap())).send().unwrap();
    let next = header(&page, "Link");
    let next = next.split(['<', '>']).nth(1).unwrap().to_owned();
    assert_eq!(list(&next)["findings"], Value::Array(vec![found[1].clone()]));
    for wrong in ["", "?document=x", "?document=1&about=x", "?document=1&nextPageToken=x", "?rule=x"] {
        assert_eq!(gateway.get(&format!("/api/v1/findings{wrong}")).send().unwrap().status(), 400, "{wrong}");
    }
}
