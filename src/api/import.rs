//! Files of records sent to be imported: CSV, JSON or X12.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::header::HeaderMap;
use actix_web::web;
use serde_json::json;

use crate::api::body::Incoming;
use crate::api::finding::Finding;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::epcis::CaptureDefect;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Severity;
use crate::formats::records;
use crate::formats::records::Syntax;
use crate::store::Imported;

/// Reads the body whole, with its syntax.
///
/// Fails with 415 where `Content-Type` names none that is read, and as every body does.
pub async fn body(
    payload: web::Payload,
    headers: &HeaderMap,
    limits: &Limits,
) -> Result<(Syntax, Vec<u8>), Problem> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    let syntax = Syntax::from_media_type(essence).ok_or_else(|| {
        let detail = "Content-Type takes application/json, text/csv or application/edi-x12";
        Problem::new(Failure::UnsupportedMediaType, detail)
    })?;
    let limits = Limits { document_bytes: limits.document_bytes.min(records::MOST_BYTES), ..limits.clone() };
    let incoming = Incoming::new(payload, headers, &limits)?;
    Ok((syntax, incoming.drain(limits.document_bytes, || Ok(Vec::new())).await?))
}

/// Refuses a file that has errors, with the first of them (400).
pub fn refuse_errors(defects: &Defects) -> Result<(), Problem> {
    let Some(first) = defects.kept().iter().find(|defect| defect.fault.severity == Severity::Error) else {
        return Ok(());
    };
    let message = match defects.errors() - 1 {
        0 => first.fault.message.clone(),
        more => format!("{} (and {more} more)", first.fault.message),
    };
    Err(Problem::at(Failure::Validation, &message, place(first)))
}

/// What became of a file, with its warnings.
pub fn done(imported: Imported, defects: &Defects) -> HttpResponse {
    let warnings: Vec<String> =
        defects.kept().iter().map(|defect| place(defect).describe(&defect.fault.message)).collect();
    let Imported { added, changed, unchanged } = imported;
    HttpResponse::Ok().json(json!({
        "added": added, "changed": changed, "unchanged": unchanged, "warnings": warnings,
    }))
}

fn place(defect: &Defect) -> Finding {
    Finding::from(&CaptureDefect::from(defect))
}
