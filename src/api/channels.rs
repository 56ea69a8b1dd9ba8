//! Channels of partners: `/api/v1/channels`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::Utc;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::discovery;
use crate::api::json_body;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::exchange::shown;
use crate::store::ChannelRecord;
use crate::store::Store;
use crate::transport::PartnerChannel;

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/channels", "OPTIONS, GET, POST")
                .route(web::get().to(list))
                .route(web::post().to(put)),
        )
        .service(
            discovery::resource("/channels/{id}", "OPTIONS, GET, DELETE")
                .route(web::get().to(show))
                .route(web::delete().to(remove)),
        )
        .service(discovery::resource("/channels/{id}/pause", "OPTIONS, POST").route(web::post().to(pause)))
        .service(discovery::resource("/channels/{id}/resume", "OPTIONS, POST").route(web::post().to(resume)));
}

/// Why a channel is paused.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pausing {
    /// In a few words.
    reason: String,
}

/// Keeps a channel: 201 where it is new, 200 where it stands in the place of the one of its name.
#[utoipa::path(post, path = "/api/v1/channels", tag = "Exchange", request_body = Object,
    responses((status = 201, description = "The channel, which is new; `Location` names it.", body = Object),
        (status = 200, description = "The channel, in the place of the one of its name.", body = Object)))]
pub async fn put(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let channel: PartnerChannel = json_body::read(payload, request.headers(), &limits).await?;
    channel.check().map_err(|fault| Problem::new(Failure::Validation, fault.to_string()))?;
    let (id, keeping, by) = (channel.id.clone(), store.clone(), caller.clone());
    let new = web::block(move || {
        if !channel.partner.is_empty() && keeping.partner(&by, &channel.partner)?.is_none() {
            return Ok(None);
        }
        keeping.put_channel(&by, &channel, Utc::now()).map(Some)
    });
    let Some(new) = new.await?? else {
        let detail = "there is no partner of this id; import it first, or leave partner empty for a system of your own";
        return Err(Problem::new(Failure::Validation, detail));
    };
    let mut response = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    response.insert_header((LOCATION, format!("/api/v1/channels/{id}")));
    Ok(response.json(shown::channel(&found(&store, caller, id).await?)))
}

/// Lists channels in the order of their names.
#[utoipa::path(get, path = "/api/v1/channels", tag = "Exchange",
    params(("partner" = Option<String>, Query, description = "The id of a partner"),
        ("perPage" = Option<u32>, Query, description = "Channels on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of channels; `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["partner"], &settings)?;
    let partner = listing.value("partner").map(str::to_owned);
    let (size, after) = (listing.size, listing.token);
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || store.channels(&caller, partner.as_deref(), after.as_deref(), limit));
    let found = found.await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.channel.id)));
    }
    let listed: Vec<Value> = found.iter().map(shown::channel).collect();
    Ok(response.json(json!({ "channels": listed })))
}

/// One channel.
#[utoipa::path(get, path = "/api/v1/channels/{id}", tag = "Exchange",
    params(("id" = String, Path, description = "Its name")),
    responses((status = 200, description = "The channel.", body = Object)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    Ok(HttpResponse::Ok().json(shown::channel(&found(&store, caller, id.into_inner()).await?)))
}

/// Sends nothing more by a channel until it is resumed.
#[utoipa::path(post, path = "/api/v1/channels/{id}/pause", tag = "Exchange", request_body = Pausing,
    params(("id" = String, Path, description = "Its name")),
    responses((status = 200, description = "The channel as it then stands.", body = Object)))]
pub async fn pause(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: Pausing = json_body::read(payload, request.headers(), &limits).await?;
    let paused = web::block(move || store.pause_channel(&caller, &id, &asked.reason, Utc::now())).await??;
    Ok(HttpResponse::Ok().json(shown::channel(&paused.ok_or_else(absent)?)))
}

/// Sends by a channel again, at once.
#[utoipa::path(post, path = "/api/v1/channels/{id}/resume", tag = "Exchange",
    params(("id" = String, Path, description = "Its name")),
    responses((status = 200, description = "The channel as it then stands.", body = Object)))]
pub async fn resume(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let resumed = web::block(move || store.resume_channel(&caller, &id, Utc::now())).await??;
    Ok(HttpResponse::Ok().json(shown::channel(&resumed.ok_or_else(absent)?)))
}

/// Removes a channel; what waited to be sent by it never is.
#[utoipa::path(delete, path = "/api/v1/channels/{id}", tag = "Exchange",
    params(("id" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is removed.")))]
pub async fn remove(
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    match web::block(move || store.remove_channel(&caller, &id, Utc::now())).await?? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(absent()),
    }
}

async fn found(store: &Data<Store>, caller: Caller, id: String) -> Result<ChannelRecord, Problem> {
    let store = store.clone();
    web::block(move || store.channel(&caller, &id)).await??.ok_or_else(absent)
}

fn absent() -> Problem {
    Problem::new(Failure::NoSuchName, "there is no channel of this name")
}
