//! What must still be answered within the time of the law: `/api/v1/obligations`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::json_body;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::dscsa::verification::Direction;
use crate::formats::holds::ReleaseRequest;
use crate::formats::verification::ObligationForm;
use crate::store::Store;

/// Lists questions that have not been answered, the most urgent first: those of others to us, or ours to others.
#[utoipa::path(get, path = "/api/v1/obligations", tag = "Verification",
    params(("direction" = Option<String>, Query, description = "`answered` (we must answer; default) or `asked` (others must)"),
        ("perPage" = Option<u32>, Query, description = "The most that are listed")),
    responses((status = 200, description = "The most urgent of them (`obligations`).", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["direction"], &settings)?;
    let word = listing.value("direction").unwrap_or(Direction::Answered.as_str());
    let direction = Direction::parse(word).ok_or_else(|| {
        Problem::new(Failure::QueryParameter, format!("direction {word:?} is neither answered nor asked"))
    })?;
    let limit = i64::try_from(listing.size).unwrap_or(i64::MAX);
    let due = web::block(move || store.verifications_due(&caller, direction, limit)).await??;
    let now = Utc::now();
    let shown: Vec<ObligationForm> = due.iter().map(|record| ObligationForm::new(record, now)).collect();
    Ok(HttpResponse::Ok().json(json!({ "obligations": shown })))
}

/// Notes that a question was answered in another way, by telephone or mail.
#[utoipa::path(post, path = "/api/v1/obligations/{id}/settle", tag = "Verification",
    request_body = ReleaseRequest,
    params(("id" = String, Path, description = "The verification")),
    responses((status = 200, description = "What was due.", body = ObligationForm)))]
pub async fn settle(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let mut asked: ReleaseRequest = json_body::read(payload, request.headers(), &limits).await?;
    asked.by = Some(caller.signed(asked.by.as_deref()));
    let now = Utc::now();
    let decision =
        asked.released(now).map_err(|fault| Problem::new(Failure::Validation, fault.to_string()))?;
    let settled = web::block(move || store.settle_verification(&caller, &id, &decision)).await??;
    let record = settled.ok_or_else(|| {
        Problem::new(Failure::NoSuchName, "there is no verification of this name that is due")
    })?;
    Ok(HttpResponse::Ok().json(ObligationForm::new(&record, now)))
}
