//! Trading partners: `/api/v1/partners`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::import;
use crate::api::json_body;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::dscsa::TradingPartner;
use crate::formats::Defects;
use crate::formats::Place;
use crate::formats::partners;
use crate::formats::partners::PartnerForm;
use crate::formats::records;
use crate::formats::records::Faults;
use crate::gs1::Gln;
use crate::store::PartnerConflict;
use crate::store::Store;

/// Imports partners from JSON (`{"partners": [...]}`) or CSV: all or, where one is wrong, none.
#[utoipa::path(post, path = "/api/v1/partners", tag = "Trading partners",
    request_body(content(("application/json"), ("text/csv"))),
    responses((status = 200, description = "How many were added, changed and unchanged, and warnings.", body = Object)))]
pub async fn import(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let (syntax, bytes) = import::body(payload, request.headers(), &limits).await?;
    let work = web::block(move || {
        let mut defects = Defects::new(false);
        let partners = partners::read(&*bytes, syntax, &mut defects);
        import::refuse_errors(&defects)?;
        let imported = store.put_partners(&caller, &partners, Utc::now())?.map_err(conflict)?;
        Ok::<_, Problem>((imported, defects))
    });
    let (imported, defects) = work.await??;
    Ok(import::done(imported, &defects))
}

/// Lists partners in the order of their ids; with `gln` the one that has this GLN.
#[utoipa::path(get, path = "/api/v1/partners", tag = "Trading partners",
    params(("gln" = Option<String>, Query, description = "Thirteen digits."),
        ("perPage" = Option<u32>, Query), ("nextPageToken" = Option<String>, Query)),
    responses((status = 200, description = "A page of partners.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["gln"], &settings)?;
    let gln = listing.value("gln").map(Gln::parse).transpose();
    let gln = gln.map_err(|fault| Problem::new(Failure::QueryParameter, format!("gln: {fault}")))?;
    let (size, after) = (listing.size, listing.token);
    let most = u32::try_from(size + 1).unwrap_or(u32::MAX);
    let found = web::block(move || match gln {
        Some(gln) => store.partner_with_gln(&caller, gln).map(|found| found.into_iter().collect()),
        None => store.partners(&caller, after.as_deref(), most),
    });
    let mut found: Vec<TradingPartner> = found.await??;
    let more = found.len() > size;
    found.truncate(size);
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| more) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    let shown: Vec<PartnerForm> = found.iter().map(PartnerForm::from).collect();
    Ok(response.json(json!({ "partners": shown })))
}

/// One partner by its id.
#[utoipa::path(get, path = "/api/v1/partners/{id}", tag = "Trading partners",
    params(("id" = String, Path)),
    responses((status = 200, description = "The partner.", body = Object)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || store.partner(&caller, &id)).await??;
    Ok(HttpResponse::Ok().json(PartnerForm::from(&found.ok_or_else(absent)?)))
}

/// Sets one partner: 201 where it is new, else 200. Its id may be left out of the body.
#[utoipa::path(put, path = "/api/v1/partners/{id}", tag = "Trading partners",
    params(("id" = String, Path)), request_body(content = Object),
    responses((status = 200, description = "The partner, which was there."),
        (status = 201, description = "The partner, which is new.")))]
pub async fn put(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let mut form: PartnerForm = json_body::read(payload, request.headers(), &limits).await?;
    if form.id.is_empty() {
        form.id = id.to_string();
    }
    if form.id != *id {
        let detail = format!("the partner says that its id is {:?}, and the address says {id:?}", form.id);
        return Err(Problem::new(Failure::Validation, detail));
    }
    let mut faults = Faults::default();
    let partner = form.read(&mut faults);
    let mut defects = Defects::new(false);
    records::add(faults, Place::default(), "", &mut defects);
    import::refuse_errors(&defects)?;
    let work = web::block(move || {
        let one = std::slice::from_ref(&partner);
        let kept = store.put_partners(&caller, one, Utc::now())?.map_err(conflict)?;
        Ok::<_, Problem>((kept, partner))
    });
    let (kept, partner) = work.await??;
    let mut response = if kept.added > 0 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(PartnerForm::from(&partner)))
}

/// Removes a partner.
#[utoipa::path(delete, path = "/api/v1/partners/{id}", tag = "Trading partners",
    params(("id" = String, Path)),
    responses((status = 204, description = "It is removed.")))]
pub async fn remove(
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    match web::block(move || store.remove_partner(&caller, &id, Utc::now())).await?? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(absent()),
    }
}

fn absent() -> Problem {
    Problem::new(Failure::NoSuchName, "there is no partner of this id")
}

/// An identifier that belongs to another (409).
fn conflict(conflict: PartnerConflict) -> Problem {
    Problem::new(Failure::ResourceAlreadyExists, conflict.to_string())
}
