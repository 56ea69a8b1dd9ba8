//! The generator's faults: each found in the document itself, with every object of the answer key and no other; and
//! nothing found where there is no fault.

use std::collections::BTreeSet;
use std::path::Path;

use epcgate::dscsa::Severity;
use epcgate::gs1::check_digit;
use serde_json::Value;

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
];

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
    let objects = judged.findings.iter().flat_map(|finding| &finding.objects);
    let named: BTreeSet<String> = objects.map(ToString::to_string).collect();
    let rules: BTreeSet<&str> = judged.findings.iter().map(|finding| finding.rule.id).collect();
    let strays: Vec<&&str> = rules.iter().filter(|rule| !fault.rules.contains(rule)).collect();
    let severity = judged.findings.iter().map(|finding| finding.severity).max();
    if rules.is_empty() || !strays.is_empty() {
        return Some(format!("{name}: found by {rules:?}, not by {:?}", fault.rules));
    }
    if severity < Some(fault.severity) {
        return Some(format!("{name}: is {severity:?}, not {:?}", fault.severity));
    }
    (named != expected).then(|| format!("{name}: names {named:?}, not {expected:?}"))
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
