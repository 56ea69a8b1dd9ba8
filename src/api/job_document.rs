//! The capture job as clients see it, in JSON and XML (EPCIS 2.0 REST binding, `CaptureJob`; XSD, `EPCISCaptureJobType`).

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::finding::Finding;
use crate::api::problem::Body;
use crate::api::problem::Failure;
use crate::epcis::CaptureDefect;
use crate::epcis::CaptureJob;
use crate::formats::XmlText;

/// The JSON of a job.
pub fn json(job: &CaptureJob) -> serde_json::Value {
    let findings: Vec<Told<'_>> = job.defects.iter().map(Told::new).collect();
    let bodies = |errors: bool| {
        findings.iter().filter(move |told| told.defect.is_error == errors).map(Told::body).collect()
    };
    let members = Members {
        capture_id: &job.id,
        created_at: time(job.created_at),
        finished_at: job.finished_at.map(time),
        running: job.running,
        success: job.success,
        capture_error_behaviour: job.behaviour.as_str(),
        errors: bodies(true),
        warnings: bodies(false),
        events_read: job.events_read,
        events_stored: job.events_stored,
        events_linked: job.events_linked,
        document: job.document.to_string(),
        findings: format!("/api/v1/findings?document={}", job.document),
    };
    serde_json::to_value(members).unwrap_or_default()
}

/// The XML of a job.
pub fn xml(job: &CaptureJob) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out += &format!(
        "<epcis:EPCISCaptureJob xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" running=\"{}\" success=\"{}\" captureID=\"{}\">",
        job.running,
        job.success,
        XmlText(&job.id)
    );
    out += &format!("<captureErrorBehaviour>{}</captureErrorBehaviour>", job.behaviour.as_str());
    out += &format!("<createdAt>{}</createdAt>", time(job.created_at));
    if let Some(finished) = job.finished_at {
        out += &format!("<finishedAt>{}</finishedAt>", time(finished));
    }
    let mut errors = job.defects.iter().filter(|defect| defect.is_error).map(Told::new).peekable();
    if errors.peek().is_some() {
        out += "<errors>";
        for told in errors {
            out += "<error>";
            told.body().write_xml(&mut out);
            out += "</error>";
        }
        out += "</errors>";
    }
    out + "</epcis:EPCISCaptureJob>\n"
}

/// The failure that a defect is.
pub fn failure(defect: &CaptureDefect) -> Failure {
    match &*defect.rule {
        "event-id-conflict" | "instance-identifier-reused" => Failure::ResourceAlreadyExists,
        "capture-limit" => Failure::CaptureLimitExceeded,
        "capture-abandoned" => Failure::Implementation,
        _ => Failure::Validation,
    }
}

/// A capture job (EPCIS 2.0 REST binding, `CaptureJob`), with our counts and warnings beside the standard's members.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CaptureJob)]
pub struct Members<'a> {
    #[serde(rename = "captureID")]
    capture_id: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    running: bool,
    success: bool,
    capture_error_behaviour: &'a str,
    errors: Vec<Body<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Body<'a>>,
    events_read: u64,
    events_stored: u64,
    events_linked: u64,
    /// Number of the document, as `/api/v1/documents` has it.
    document: String,
    /// Where the findings in the document are, once the job is finished.
    findings: String,
}

/// A defect with the sentence that says it all.
struct Told<'a> {
    defect: &'a CaptureDefect,
    finding: Finding,
    detail: String,
}

impl<'a> Told<'a> {
    fn new(defect: &'a CaptureDefect) -> Told<'a> {
        let finding = Finding::from(defect);
        let detail = finding.describe(&defect.message);
        Told { defect, finding, detail }
    }

    fn body(&self) -> Body<'_> {
        let failure = failure(self.defect);
        Body {
            name: failure.name(),
            title: failure.title(),
            status: None,
            detail: &self.detail,
            finding: Some(&self.finding),
        }
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::CaptureErrorBehaviour;

    fn job() -> CaptureJob {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let warning =
            CaptureDefect { rule: "odd".into(), message: "it is odd".into(), ..CaptureDefect::default() };
        let error = CaptureDefect {
            rule: "event-id-conflict".into(),
            is_error: true,
            message: "taken".into(),
            line: 3,
            column: 5,
            event: Some(0),
            ..CaptureDefect::default()
        };
        CaptureJob {
            id: "id1".into(),
            document: 1,
            behaviour: CaptureErrorBehaviour::Rollback,
            running: false,
            success: false,
            created_at: at,
            finished_at: Some(at),
            attempts: 1,
            events_read: 1,
            events_stored: 0,
            events_linked: 0,
            defects: vec![warning, error],
        }
    }

    #[test]
    fn json_tells_errors_from_warnings() {
        let json = json(&job());
        assert_eq!(json["captureID"], "id1");
        assert_eq!(json["captureErrorBehaviour"], "rollback");
        assert_eq!(json["createdAt"], "2023-11-14T22:13:20.000000Z");
        assert_eq!(json["errors"].as_array().unwrap().len(), 1);
        assert_eq!(json["errors"][0]["type"], "epcisException:ResourceAlreadyExistsException");
        assert_eq!(json["errors"][0]["event"], 1);
        assert_eq!(json["errors"][0]["detail"], "Event 1: taken (line 3, column 5) [event-id-conflict]");
        assert_eq!(json["warnings"][0]["rule"], "odd");
    }

    #[test]
    fn xml_has_attributes_and_the_order_of_the_schema() {
        let xml = xml(&job());
        assert!(xml.contains(
            "running=\"false\" success=\"false\" captureID=\"id1\"><captureErrorBehaviour>rollback"
        ));
        assert!(xml.contains("</finishedAt><errors><error><type>epcisException:Resource"));
        assert!(!xml.contains("odd"));
    }
}
