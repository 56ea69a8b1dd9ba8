//! What was found in a document, for programs.

use std::io::Write;

use serde::Serialize;

use crate::dscsa;
use crate::dscsa::Object;
use crate::formats::Defect;
use crate::formats::Place;
use crate::formats::findings::ObjectForm;
use crate::reconcile::Checked;

#[derive(Serialize)]
struct FileFindings<'a> {
    file: &'a str,
    events: u64,
    /// `dscsa` or `form`.
    profile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release_by: Option<&'a str>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    severity: &'a str,
    line: u64,
    column: u64,
    path: &'a str,
    event: Option<u64>,
    epc: Option<&'a str>,
    message: &'a str,
    fix: &'a str,
    #[serde(flatten)]
    more: Option<More<'a>>,
}

/// What findings of the guideline say besides.
#[derive(Serialize)]
struct More<'a> {
    title: &'a str,
    objects: Vec<ObjectForm>,
    why: &'a str,
    clause: &'a str,
    mender: &'a str,
    to_partner: String,
}

/// Prints one object in one line.
pub(super) fn print(checked: &Checked) -> anyhow::Result<()> {
    let of_rules = checked.findings().iter().map(|finding| of_rule(finding, checked));
    let findings = checked.defects.iter().map(of_form).chain(of_rules).collect();
    let report = checked.guideline.as_ref().filter(|report| report.concerned.is_some());
    let file = FileFindings {
        file: &checked.name,
        events: checked.events,
        profile: if report.is_some() { "dscsa" } else { "form" },
        profile_by: report.and_then(|report| report.concerned),
        release: report.map(|report| report.release.as_str()),
        release_by: report.map(|report| &*report.release_by),
        findings,
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &file)?;
    writeln!(out)?;
    Ok(())
}

fn of_form(defect: &Defect) -> Finding<'_> {
    Finding {
        rule: defect.fault.rule,
        severity: defect.fault.severity.as_str(),
        line: defect.place.line,
        column: defect.place.column,
        path: &defect.path,
        event: defect.event,
        epc: defect.epc.as_deref(),
        message: &defect.fault.message,
        fix: &defect.fault.fix,
        more: None,
    }
}

fn of_rule<'a>(finding: &'a dscsa::Finding, checked: &Checked) -> Finding<'a> {
    let rule = finding.rule;
    let Place { line, column } = checked.places.of(finding.event);
    let epc = finding.objects.iter().find_map(|object| match object {
        Object::Epc(epc) => Some(&**epc),
        _ => None,
    });
    Finding {
        rule: rule.id,
        severity: finding.severity.as_str(),
        line,
        column,
        path: "",
        event: finding.event,
        epc,
        message: &finding.message,
        fix: rule.fix,
        more: Some(More {
            title: rule.title,
            objects: finding.objects.iter().map(Into::into).collect(),
            why: rule.why,
            clause: rule.clause,
            mender: rule.mender.as_str(),
            to_partner: finding.to_partner(&checked.name),
        }),
    }
}
