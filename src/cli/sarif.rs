//! Findings as SARIF 2.1.0, which editors and code hosts show.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use crate::dscsa::Finding;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::formats::Defect;
use crate::formats::Place;
use crate::reconcile::Checked;

/// One log with one run over all files.
pub(super) fn log(files: &[Checked]) -> Value {
    let of_form = files.iter().flat_map(|file| file.defects.iter().map(|defect| defect.fault.rule));
    let form: BTreeSet<&str> = of_form.collect();
    let findings = files.iter().flat_map(Checked::findings);
    let rules: BTreeMap<&str, &Rule> = findings.map(|finding| (finding.rule.id, finding.rule)).collect();
    let rules = form.into_iter().map(|id| json!({ "id": id })).chain(rules.into_values().map(described));
    let results: Vec<Value> = files
        .iter()
        .flat_map(|file| {
            let of_form = file.defects.iter().map(|defect| of_form_result(&file.name, defect));
            of_form.chain(file.findings().iter().map(|finding| of_rule_result(file, finding)))
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "epcgate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            }},
            "results": results,
        }],
    })
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": format!("{} ({})", rule.why, rule.clause) },
        "help": { "text": rule.fix },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

/// SARIF's three levels.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Hard | Severity::Business => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn of_rule_result(file: &Checked, finding: &Finding) -> Value {
    let objects: Vec<String> = finding.objects.iter().map(ToString::to_string).collect();
    json!({
        "ruleId": finding.rule.id,
        "level": level(finding.severity),
        "message": { "text": format!("{}; {}", finding.message, finding.rule.fix) },
        "locations": [{ "physicalLocation": location(&file.name, file.places.of(finding.event)) }],
        "properties": {
            "event": finding.event,
            "severity": finding.severity.as_str(),
            "objects": objects,
        },
    })
}

fn location(file: &str, place: Place) -> Value {
    let mut location = json!({ "artifactLocation": { "uri": file } });
    if place.line > 0 {
        location["region"] = json!({ "startLine": place.line, "startColumn": place.column.max(1) });
    }
    location
}

fn of_form_result(file: &str, defect: &Defect) -> Value {
    json!({
        "ruleId": defect.fault.rule,
        "level": defect.fault.severity.as_str(),
        "message": { "text": format!("{}; {}", defect.fault.message, defect.fault.fix) },
        "locations": [{
            "physicalLocation": location(file, defect.place),
            "logicalLocations": [{ "fullyQualifiedName": defect.path }],
        }],
        "properties": { "event": defect.event, "epc": defect.epc },
    })
}
