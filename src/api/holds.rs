//! Holds and recalls: `/api/v1/holds` and `/api/v1/recalls`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::http::header::LOCATION;
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
use crate::dscsa::Hold;
use crate::dscsa::HoldKind;
use crate::formats::holds::HoldForm;
use crate::formats::holds::HoldRequest;
use crate::formats::holds::ReleaseRequest;
use crate::gs1::Gtin;
use crate::store::HoldFilter;
use crate::store::Store;

/// Opens a hold: 201, or 200 with the one that stands already for the same.
#[utoipa::path(post, path = "/api/v1/holds", tag = "Holds", request_body = HoldRequest,
    responses((status = 201, description = "The hold; `Location` names it.", body = HoldForm),
        (status = 200, description = "The one that stands already for the same.", body = HoldForm)))]
pub async fn open(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let mut asked: HoldRequest = json_body::read(payload, request.headers(), &limits).await?;
    asked.by = Some(caller.signed(asked.by.as_deref()));
    let invalid = |fault: &dyn std::fmt::Display| Problem::new(Failure::Validation, fault.to_string());
    let kind = asked.kind(kind(&request)).map_err(|fault| invalid(&fault))?;
    let scope = asked.scope().map_err(|fault| invalid(&fault))?;
    let opened = asked.opened(Utc::now()).map_err(|fault| invalid(&fault))?;
    let (hold, new) = web::block(move || store.open_hold(&caller, kind, &scope, &opened)).await??;
    let mut response = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    response.insert_header((LOCATION, format!("{}/{}", request.uri().path().trim_end_matches('/'), hold.id)));
    Ok(response.json(HoldForm::from(&hold)))
}

/// Lists holds from the newest on; `state` is `open` (where it is left out), `released` or `all`, `gtin` a trade item.
#[utoipa::path(get, path = "/api/v1/holds", tag = "Holds",
    params(("state" = Option<String>, Query, description = "`open` (default), `released` or `all`"),
        ("gtin" = Option<String>, Query, description = "A trade item"),
        ("perPage" = Option<u32>, Query, description = "Holds on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of holds; `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["state", "gtin"], &settings)?;
    let wrong = |detail: String| Problem::new(Failure::QueryParameter, detail);
    let open = match listing.value("state").unwrap_or("open") {
        "open" => Some(true),
        "released" => Some(false),
        "all" => None,
        other => return Err(wrong(format!("state {other:?} is not open, released or all"))),
    };
    let gtin = listing.value("gtin").map(Gtin::parse).transpose();
    let gtin = gtin.map_err(|fault| wrong(format!("gtin: {fault}")))?;
    let filter = HoldFilter { kinds: kind(&request).list().to_vec(), open, gtin };
    let (size, after) = (listing.size, listing.token);
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || store.holds(&caller, &filter, after.as_deref(), limit)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    let shown: Vec<HoldForm> = found.iter().map(HoldForm::from).collect();
    Ok(response.json(json!({ kind_list(kind(&request)): shown })))
}

/// One hold.
#[utoipa::path(get, path = "/api/v1/holds/{id}", tag = "Holds",
    params(("id" = String, Path, description = "From the `Location` of the hold")),
    responses((status = 200, description = "The hold as it stands.", body = HoldForm)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let kind = kind(&request);
    let found = web::block(move || store.hold(&caller, &id)).await??;
    Ok(HttpResponse::Ok().json(HoldForm::from(&existing(found, kind)?)))
}

/// Releases a hold: 200 with it as it then is; one that was released stays so.
#[utoipa::path(post, path = "/api/v1/holds/{id}/release", tag = "Holds", request_body = ReleaseRequest,
    params(("id" = String, Path, description = "From the `Location` of the hold")),
    responses((status = 200, description = "The hold as it then is.", body = HoldForm)))]
pub async fn release(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let kind = kind(&request);
    let mut asked: ReleaseRequest = json_body::read(payload, request.headers(), &limits).await?;
    asked.by = Some(caller.signed(asked.by.as_deref()));
    let released =
        asked.released(Utc::now()).map_err(|fault| Problem::new(Failure::Validation, fault.to_string()))?;
    let found =
        web::block(move || match store.hold(&caller, &id)?.filter(|hold| hold.kind.same_list(kind)) {
            Some(_) => store.release_hold(&caller, &id, &released),
            None => Ok(None),
        });
    Ok(HttpResponse::Ok().json(HoldForm::from(&existing(found.await??, kind)?)))
}

fn existing(found: Option<Hold>, kind: HoldKind) -> Result<Hold, Problem> {
    found.filter(|hold| hold.kind.same_list(kind)).ok_or_else(|| {
        Problem::new(Failure::NoSuchName, format!("there is no {} of this name", kind.as_str()))
    })
}

/// Recalls have a path of their own and are otherwise the same.
fn kind(request: &HttpRequest) -> HoldKind {
    if request.uri().path().starts_with("/api/v1/recalls") { HoldKind::Recall } else { HoldKind::Hold }
}

fn kind_list(kind: HoldKind) -> &'static str {
    if kind == HoldKind::Recall { "recalls" } else { "holds" }
}
