//! Scans as they are read: `POST /api/v1/scans`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use serde_json::json;

use crate::api::json_body;
use crate::api::negotiation;
use crate::api::prefixes::Prefixes;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::formats::scans;
use crate::formats::scans::ScanForm;
use crate::formats::scans::ScansRequest;

/// Scans that are read at once.
const MOST_SCANS: usize = 1_000;

/// Reads scans: what each label names, and what is off with it. A scan that cannot be read is an answer, not a failure.
#[utoipa::path(post, path = "/api/v1/scans", tag = "Receiving", request_body = ScansRequest,
    responses((status = 200, description = "`scans`: one answer for each label.", body = [ScanForm])))]
pub async fn read(
    request: HttpRequest,
    payload: web::Payload,
    (prefixes, limits): (Data<Prefixes>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: ScansRequest = json_body::read(payload, request.headers(), &limits).await?;
    if asked.scans.is_empty() || asked.scans.len() > MOST_SCANS {
        let detail = format!("scans has {} texts; send 1 to {MOST_SCANS}", asked.scans.len());
        return Err(Problem::new(Failure::Validation, detail));
    }
    let today = Utc::now().date_naive();
    let shown = web::block(move || -> Result<Vec<ScanForm>, Problem> {
        let prefixes = prefixes.current()?;
        let mut shown = Vec::new();
        for (place, text) in asked.scans.iter().enumerate() {
            let labels = scans::read(text, asked.known.as_ref());
            shown.extend(labels.iter().map(|label| ScanForm::new((place, text), label, &prefixes, today)));
        }
        Ok(shown)
    })
    .await??;
    Ok(HttpResponse::Ok().json(json!({ "scans": shown })))
}
