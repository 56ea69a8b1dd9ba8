//! Findings as SARIF 2.1.0, which editors and code hosts show.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use crate::cli::check::Checked;
use crate::formats::Defect;

/// One log with one run over all files.
pub(super) fn log(files: &[Checked]) -> Value {
    let defects = || files.iter().flat_map(|file| &file.defects);
    let rules: BTreeSet<&str> = defects().map(|defect| defect.fault.rule).collect();
    let results: Vec<Value> =
        files.iter().flat_map(|file| file.defects.iter().map(|defect| result(&file.name, defect))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "epcgate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
            }},
            "results": results,
        }],
    })
}

fn result(file: &str, defect: &Defect) -> Value {
    let mut location = json!({ "artifactLocation": { "uri": file } });
    if defect.place.line > 0 {
        location["region"] =
            json!({ "startLine": defect.place.line, "startColumn": defect.place.column.max(1) });
    }
    json!({
        "ruleId": defect.fault.rule,
        "level": defect.fault.severity.as_str(),
        "message": { "text": format!("{}; {}", defect.fault.message, defect.fault.fix) },
        "locations": [{
            "physicalLocation": location,
            "logicalLocations": [{ "fullyQualifiedName": defect.path }],
        }],
        "properties": { "event": defect.event, "epc": defect.epc },
    })
}
