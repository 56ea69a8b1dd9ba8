//! What is sent to partners, and how each try went: `/api/v1/deliveries`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::Utc;
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
use crate::store::DeliveryFilter;
use crate::store::DeliveryState;
use crate::store::Store;

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(discovery::resource("/deliveries", "OPTIONS, GET").route(web::get().to(list)))
        .service(discovery::resource("/deliveries/{id}", "OPTIONS, GET").route(web::get().to(show)))
        .service(
            discovery::resource("/deliveries/{id}/replay", "OPTIONS, POST").route(web::post().to(replay)),
        );
}

/// Lists deliveries from the newest on.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "Exchange",
    params(("state" = Option<String>, Query, description = "`waiting`, `awaiting` (its receipt), `delivered` or `dead`"),
        ("channel" = Option<String>, Query, description = "The name of a channel"),
        ("partner" = Option<String>, Query, description = "The id of a partner"),
        ("perPage" = Option<u32>, Query, description = "Deliveries on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of deliveries; `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["state", "channel", "partner"], &settings)?;
    let state = listing.value("state").map(|word| {
        let detail = format!("state {word:?} is not waiting, awaiting, delivered or dead");
        DeliveryState::parse(word).ok_or_else(|| Problem::new(Failure::QueryParameter, detail))
    });
    let text = |name: &str| listing.value(name).map(str::to_owned);
    let filter =
        DeliveryFilter { state: state.transpose()?, channel: text("channel"), partner: text("partner") };
    let (size, after) = (listing.size, listing.token);
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || store.deliveries(&caller, &filter, after.as_deref(), limit)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    let listed: Vec<Value> = found.iter().map(|delivery| shown::delivery(delivery, None)).collect();
    Ok(response.json(json!({ "deliveries": listed })))
}

/// One delivery with its log: what was sent, what came back, and when it is sent next.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "Exchange",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "The delivery.", body = Object)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let id = id.into_inner();
    let found = web::block(move || {
        let Some(delivery) = store.delivery(&caller, &id)? else { return Ok(None) };
        store.delivery_tries(&caller, &id).map(|tries| Some((delivery, tries)))
    });
    let (delivery, tries) = found.await??.ok_or_else(absent)?;
    Ok(HttpResponse::Ok().json(shown::delivery(&delivery, Some(&tries))))
}

/// Sends a delivery that is delivered or dead once more; its receiver knows it by the same identifier.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/replay", tag = "Exchange",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "The delivery as it then stands.", body = Object)))]
pub async fn replay(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || store.replay_delivery(&caller, &id, Utc::now())).await??;
    Ok(HttpResponse::Ok().json(shown::delivery(&found.ok_or_else(absent)?, None)))
}

fn absent() -> Problem {
    Problem::new(Failure::NoSuchName, "there is no delivery of this name")
}
