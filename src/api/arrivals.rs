//! What partners sent, and its answers: `/api/v1/arrivals`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde_json::Value;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::discovery;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::exchange::shown;
use crate::formats::answer::AnswerForm;
use crate::store::ArrivalFilter;
use crate::store::ArrivalRecord;
use crate::store::Store;

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(discovery::resource("/arrivals", "OPTIONS, GET").route(web::get().to(list)))
        .service(discovery::resource("/arrivals/{id}", "OPTIONS, GET").route(web::get().to(show)))
        .service(discovery::resource("/arrivals/{id}/answer", "OPTIONS, GET").route(web::get().to(answer)));
}

/// Lists arrivals from the newest on.
#[utoipa::path(get, path = "/api/v1/arrivals", tag = "Exchange",
    params(("partner" = Option<String>, Query, description = "The id of a partner"),
        ("channel" = Option<String>, Query, description = "The name of a channel"),
        ("outcome" = Option<String>, Query, description = "`accepted`, `findings` or `refused`; `open` for those without an answer"),
        ("perPage" = Option<u32>, Query, description = "Arrivals on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of arrivals; `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let names = ["partner", "channel", "outcome"];
    let listing = paging::listing(request.query_string(), &names, &settings)?;
    let text = |name: &str| listing.value(name).map(str::to_owned);
    let outcome = match listing.value("outcome") {
        None => None,
        Some("open") => Some(String::new()),
        Some(word @ ("accepted" | "findings" | "refused")) => Some(word.to_owned()),
        Some(other) => {
            let detail = format!("outcome {other:?} is not accepted, findings, refused or open");
            return Err(Problem::new(Failure::QueryParameter, detail));
        }
    };
    let filter = ArrivalFilter { partner: text("partner"), channel: text("channel"), outcome };
    let (size, after) = (listing.size, listing.token);
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || store.arrivals(&caller, &filter, after.as_deref(), limit)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    let listed: Vec<Value> = found.iter().map(shown::arrival).collect();
    Ok(response.json(json!({ "arrivals": listed })))
}

/// One arrival with its answer, which is there once its capture is finished.
#[utoipa::path(get, path = "/api/v1/arrivals/{id}", tag = "Exchange",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "The arrival.", body = Object)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    Ok(HttpResponse::Ok().json(shown::answered(&found(&store, caller, id.into_inner()).await?)))
}

/// The answer to one arrival alone, as its sender gets it; 404 as long as there is none.
#[utoipa::path(get, path = "/api/v1/arrivals/{id}/answer", tag = "Exchange",
    params(("id" = String, Path, description = "The identifier of the arrival")),
    responses((status = 200, description = "The answer on four levels.", body = AnswerForm)))]
pub async fn answer(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let record = found(&store, caller, id.into_inner()).await?;
    if record.answer.is_empty() {
        return Err(Problem::new(Failure::NoSuchName, "there is no answer to this arrival yet; ask again"));
    }
    Ok(HttpResponse::Ok().content_type("application/json").body(record.answer))
}

async fn found(store: &Data<Store>, caller: Caller, id: String) -> Result<ArrivalRecord, Problem> {
    let store = store.clone();
    let found = web::block(move || store.arrival(&caller, &id)).await??;
    found.ok_or_else(|| Problem::new(Failure::NoSuchName, "there is no arrival of this name"))
}
