//! The audit trail: `/api/v1/audit`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::formats::audit::AuditForm;
use crate::formats::instant;
use crate::store::AuditFilter;
use crate::store::Store;
use crate::store::audit_place;

/// Lists acts from the newest on: who did what, when, and what came of it.
#[utoipa::path(get, path = "/api/v1/audit", tag = "Operation",
    params(("since" = Option<String>, Query, description = "From this moment on: a date (its beginning in UTC), or a time with its offset"),
        ("until" = Option<String>, Query, description = "Before this moment"),
        ("actor" = Option<String>, Query, description = "`operator`, or `key:` and the name of an API key"),
        ("act" = Option<String>, Query, description = "What was done, such as `keys.added`"),
        ("object" = Option<String>, Query, description = "What it was done to, such as the name of a hold"),
        ("perPage" = Option<u32>, Query, description = "Acts on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of acts (`audit`); `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let names = ["since", "until", "actor", "act", "object"];
    let listing = paging::listing(request.query_string(), &names, &settings)?;
    let moment = |name: &str| {
        let read = listing.value(name).map(instant::parse).transpose();
        read.map_err(|fault| Problem::new(Failure::QueryParameter, format!("{name}: {fault}")))
    };
    let text = |name: &str| listing.value(name).map(str::to_owned);
    let filter = AuditFilter {
        since: moment("since")?,
        until: moment("until")?,
        actor: text("actor"),
        act: text("act"),
        object: text("object"),
    };
    let (size, after) = (listing.size, listing.token);
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || store.audited(&caller, &filter, after.as_deref(), limit)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &audit_place(last))));
    }
    let shown: Vec<AuditForm> = found.iter().map(AuditForm::from).collect();
    Ok(response.json(json!({ "audit": shown })))
}
