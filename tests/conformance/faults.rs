//! The generator's faults: each found in the document itself, with every object of the answer key and no other; and
//! nothing found where there is no fault.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::capture;
use epcgate::capture::Policy;
use epcgate::capture::Wish;
use epcgate::dscsa::Finding;
use epcgate::dscsa::Severity;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::formats::Defects;
use epcgate::formats::Severity as FormSeverity;
use epcgate::formats::orders;
use epcgate::formats::records::Syntax;
use epcgate::gs1::Epc;
use epcgate::gs1::check_digit;
use epcgate::store::Settings;
use epcgate::store::Store;
use serde_json::Value;
use serde_json::json;

use crate::generator::FORMS;
use crate::generator::Generator;
use crate::generator::key;
use crate::judging::judge;

/// One fault of the generator and what is found of it.
struct Fault {
    name: &'static str,
    /// The rules that may speak of it; at least one does, and no other.
    rules: &'static [&'static str],
    severity: Severity,
    /// What the findings name, from the fault's part of the key and the whole key.
    objects: fn(&Value, &Value) -> Vec<String>,
}

/// Faults that one document shows by itself. To add one, add its row.
const FAULTS: &[Fault] = &[
    fault("bad-epc", &["epc-form", "gtin-length"], Severity::Business, unit_and_case),
    fault("serial-too-long", &["serial-length"], Severity::Hard, unit_and_case),
    fault("bad-check-digit", &["gln-form", "check-digit"], Severity::Business, wrong_glns),
    fault("unknown-gln", &["party-unknown"], Severity::Business, |fault, _| vec![gln(&fault["gln"])]),
    fault("wrong-receiver", &["receiver-differs"], Severity::Warning, |fault, _| {
        vec![gln(&fault["gln"]), gln(&fault["right_gln"])]
    }),
    fault("unknown-product", &["product-unknown"], Severity::Business, |fault, _| {
        vec![format!("GTIN {}", text(&fault["gtin"])), lot(fault)]
    }),
    fault("missing-master-data", &["master-data-missing"], Severity::Business, |_, _| Vec::new()),
    fault("missing-ts", &["statement-missing"], Severity::Hard, |_, _| Vec::new()),
    fault("missing-po", &["purchase-order-missing"], Severity::Warning, despatch_advice),
    fault("missing-lot", &["lot-missing"], Severity::Hard, |fault, _| {
        vec![format!("GTIN {}", text(&fault["gtin"]))]
    }),
    fault("missing-expiry", &["expiry-missing"], Severity::Hard, |fault, _| vec![lot(fault)]),
    fault("future-time", &["future-time"], Severity::Business, despatch_advice),
    fault("missing-commission", &["shipped-not-commissioned"], Severity::Hard, unit_and_case),
    fault("missing-case-commission", &["shipped-not-commissioned"], Severity::Hard, |fault, _| {
        vec![text(&fault["case"]).to_owned()]
    }),
    fault("duplicate-serial", &["duplicate-serial"], Severity::Hard, unit_and_cases),
    fault("double-parent", &["packed-twice"], Severity::Business, unit_and_cases),
    fault("missing-aggregation", &["content-unknown"], Severity::Business, |fault, _| {
        vec![text(&fault["pallet"]).to_owned()]
    }),
    fault("lot-mismatch", &["lot-differs-from-case"], Severity::Business, |fault, _| {
        vec![text(&fault["case"]).to_owned()]
    }),
    fault("expired-product", &["expired-at-shipping"], Severity::Hard, |fault, _| vec![lot(fault)]),
    fault("ship-before-commission", &["shipped-before-commissioned"], Severity::Business, despatch_advice),
    fault("duplicate-event", &["repeated-event"], Severity::Warning, |fault, _| {
        vec![text(&fault["case"]).to_owned()]
    }),
];

/// Faults for which a document is refused.
const REFUSED: [&str; 3] = ["schema-invalid", "truncated", "doctype-entity"];

/// Seeds with which each fault is made, in each form.
const SEEDS: u32 = 20;

/// Seeds of sound documents, in each form.
const SOUND_SEEDS: u32 = 100;

const fn fault(
    name: &'static str,
    rules: &'static [&'static str],
    severity: Severity,
    objects: fn(&Value, &Value) -> Vec<String>,
) -> Fault {
    Fault { name, rules, severity, objects }
}

#[test]
fn each_fault_is_found_with_what_it_concerns_and_nothing_else() {
    let mut generator = Generator::new();
    let mut made = Vec::new();
    for fault in FAULTS {
        for (form, options) in FORMS {
            for seed in 0..SEEDS {
                let name = format!("{}-{form}-{seed}", fault.name);
                let seed = seed.to_string();
                let options = [options, &["--seed", &seed, "--fault", fault.name]].concat();
                generator.document(&name, &options);
                made.push((fault, name));
            }
        }
    }
    let folder = generator.run();
    let complaints: Vec<String> =
        made.iter().filter_map(|(fault, name)| complaint(folder, fault, name)).collect();
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), made.len(), complaints.join("\n"));
}

fn complaint(folder: &Path, fault: &Fault, name: &str) -> Option<String> {
    let judged = judge(&folder.join(format!("{name}.document")));
    let key = key(folder, name);
    let told = key["faults"].as_array()?.iter().find(|told| told["fault"] == fault.name)?;
    let expected: BTreeSet<String> = (fault.objects)(told, &key).into_iter().collect();
    // What is less bad than the fault itself is only a remark beside it.
    let grave: Vec<&Finding> =
        judged.findings.iter().filter(|finding| finding.severity >= fault.severity).collect();
    let objects = grave.iter().flat_map(|finding| &finding.objects);
    let named: BTreeSet<String> = objects.map(ToString::to_string).collect();
    let rules: BTreeSet<&str> = grave.iter().map(|finding| finding.rule.id).collect();
    let strays: Vec<&&str> = rules.iter().filter(|rule| !fault.rules.contains(rule)).collect();
    if rules.is_empty() || !strays.is_empty() {
        return Some(format!("{name}: found by {rules:?}, not by {:?}", fault.rules));
    }
    (named != expected).then(|| format!("{name}: names {named:?}, not {expected:?}"))
}

#[test]
fn a_document_that_cannot_be_read_is_refused() {
    let mut generator = Generator::new();
    let mut made = Vec::new();
    for fault in REFUSED {
        let forms = FORMS.iter().filter(|(form, _)| fault != "doctype-entity" || *form == "xml12");
        for (form, options) in forms {
            for seed in 0..SEEDS {
                let name = format!("{fault}-{form}-{seed}");
                generator.document(
                    &name,
                    &[&options[..], &["--seed", &seed.to_string(), "--fault", fault]].concat(),
                );
                made.push(name);
            }
        }
    }
    let folder = generator.run();
    for name in made {
        let judged = judge(&folder.join(format!("{name}.document")));
        let errors = judged.defects.iter().filter(|defect| defect.fault.severity == FormSeverity::Error);
        assert!(errors.count() > 0, "{name} is taken");
    }
}

/// What a case lacks shows only beside the despatch advice: it is imported, and the shipment compared with it.
#[test]
fn a_quantity_that_differs_from_the_advice_is_found_in_the_store() {
    let mut generator = Generator::new();
    let mut made = Vec::new();
    for (form, options) in FORMS {
        for seed in 0..SEEDS {
            let name = format!("{form}-{seed}");
            let seed = seed.to_string();
            let options = [options, &["--seed", &seed, "--fault", "quantity-mismatch"]].concat();
            generator.document(&name, &options);
            made.push(name);
        }
    }
    let folder = generator.run();
    for name in made {
        let key = key(folder, &name);
        let store = Store::open(folder.join(format!("{name}.db")).to_str().unwrap(), &Settings::default());
        let store = store.unwrap();
        let advices: Vec<Value> = key["shipments"].as_array().unwrap().iter().map(advice).collect();
        let given = json!({ "advices": advices }).to_string();
        let mut faults = Defects::new(false);
        let orders = orders::read(given.as_bytes(), Syntax::Json, None, &mut faults);
        assert_eq!(faults.errors(), 0, "{:?}", faults.kept());
        store.put_orders(&Caller::operator(), &orders, Utc::now()).unwrap();
        let document = std::fs::read(folder.join(format!("{name}.document"))).unwrap();
        let mut receiving = store.receive(Utc::now()).unwrap();
        receiving.write_all(&document).unwrap();
        let received = receiving.finish().unwrap();
        let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
        let caller = Caller::operator();
        let new = capture::accept(&store, &caller, received, wish, Utc::now()).unwrap();
        let job = capture::run_to_end(&store, &new.job, &Policy::default(), Utc::now).unwrap();
        let found = store.findings(&caller, job.document).unwrap();
        let grave: Vec<_> = found.iter().filter(|found| found.severity.holds()).collect();
        assert!(grave.iter().all(|found| found.rule == "quantity-differs-from-advice"), "{name}: {grave:?}");
        let named: BTreeSet<String> = grave
            .iter()
            .flat_map(|found| &found.objects)
            .map(|object| Epc::parse(&object.to_string()).key())
            .collect();
        let fault = &key["faults"][0];
        let expected: BTreeSet<String> =
            [&fault["unit"], &fault["case"]].map(|epc| Epc::parse(text(epc)).key()).into();
        assert_eq!(named, expected, "{name}: {grave:?}");
    }
}

fn advice(shipment: &Value) -> Value {
    json!({ "number": shipment["despatch_advice"], "lines": shipment["despatched"] })
}

#[test]
fn nothing_is_found_in_sound_documents() {
    let mut generator = Generator::new();
    for (form, options) in FORMS {
        for seed in 0..SOUND_SEEDS {
            let ndc = if seed % 2 == 0 { "US_FDA_NDC" } else { "FDA_NDC_11" };
            let sbdh = if seed % 4 < 2 { "gln" } else { "sgln" };
            let text = seed.to_string();
            let options = [options, &["--seed", &text, "--ndc-type", ndc, "--sbdh-id", sbdh]].concat();
            generator.document(&format!("{form}-{seed}"), &options);
            let chain = [&options[..], &["--partner", "chain"]].concat();
            generator.document(&format!("{form}-{seed}-chain"), &chain);
            generator.chain(&format!("{form}-{seed}-folder"), &options);
        }
    }
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(generator.run()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "document") {
            documents.push(path);
        }
    }
    assert_eq!(documents.len(), 3 * 100 * 6);
    let mut complaints = Vec::new();
    for path in &documents {
        let judged = judge(path);
        complaints.extend(judged.defects.iter().map(|defect| format!("{}: {defect}", path.display())));
        // A chain in one document has two sellers under one statement, which is worth a warning.
        let odd = judged.findings.iter().filter(|finding| finding.rule.id != "several-sellers");
        complaints.extend(odd.map(|odd| format!("{}: {} {}", path.display(), odd.rule.id, odd.message)));
        assert_eq!(judged.release, "R1.3");
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn gln(value: &Value) -> String {
    format!("GLN {}", text(value))
}

fn lot(fault: &Value) -> String {
    format!("lot {} of GTIN {}", text(&fault["lot"]), text(&fault["gtin"]))
}

fn unit_and_case(fault: &Value, _key: &Value) -> Vec<String> {
    vec![text(&fault["unit"]).to_owned(), text(&fault["case"]).to_owned()]
}

fn unit_and_cases(fault: &Value, _key: &Value) -> Vec<String> {
    ["unit", "case", "other_case"].map(|name| text(&fault[name]).to_owned()).into()
}

fn despatch_advice(fault: &Value, _key: &Value) -> Vec<String> {
    vec![text(&fault["despatch_advice"]).to_owned()]
}

/// The receiver's GLN, those in the order identifiers that the key lists, and the unit where it is spelt with one.
fn wrong_glns(fault: &Value, key: &Value) -> Vec<String> {
    let shipments = key["shipments"].as_array().unwrap().iter();
    let orders = shipments.flat_map(|shipment| [&shipment["purchase_order"], &shipment["despatch_advice"]]);
    let issuers = orders.map(|order| text(order).split(':').nth(4).unwrap().to_owned());
    let wrong = issuers.filter(|gln| !check_digit::verify(gln)).map(|wrong| format!("GLN {wrong}"));
    let unit = [&fault["unit"], &fault["case"]].into_iter().filter_map(Value::as_str).map(str::to_owned);
    wrong.chain([gln(&fault["gln"])]).chain(unit).collect()
}
