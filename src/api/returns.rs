//! Saleable returns: `/api/v1/returns`, opened with their scans, checked in the background, and closed.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::http::header::LINK;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::Utc;
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
use crate::capture::OwnError;
use crate::capture::Policy;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnState;
use crate::dscsa::SaleableReturn;
use crate::formats::receipts::CloseRequest;
use crate::formats::returns::ReturnForm;
use crate::formats::returns::ReturnRequest;
use crate::formats::returns::ReturnedUnitForm;
use crate::formats::returns::sheet_head;
use crate::formats::returns::sheet_row;
use crate::gs1::Gln;
use crate::returns;
use crate::returns::Bell;
use crate::returns::Opening;
use crate::returns::ReturnError;
use crate::store::Store;
use crate::store::StoreError;

/// Units of the result table read at one time.
const PAGE: i64 = 1_000;

/// How this gateway takes returns.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    /// `[returns]`.
    pub settings: returns::Settings,
    /// Our own GLN; `None` where the settings do not say it.
    pub own: Option<Gln>,
    /// Wakes the worker.
    pub bell: Bell,
}

/// The routes of returns.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/returns", "OPTIONS, GET, POST")
                .route(web::get().to(list))
                .route(web::post().to(open)),
        )
        .service(discovery::resource("/returns/{id}", "OPTIONS, GET").route(web::get().to(show)))
        .service(discovery::resource("/returns/{id}/units", "OPTIONS, GET").route(web::get().to(units)))
        .service(
            discovery::resource("/returns/{id}/units/{line}/packages", "OPTIONS, GET")
                .route(web::get().to(packages)),
        )
        .service(discovery::resource("/returns/{id}/sheet", "OPTIONS, GET").route(web::get().to(sheet)))
        .service(discovery::resource("/returns/{id}/check", "OPTIONS, POST").route(web::post().to(check)))
        .service(discovery::resource("/returns/{id}/close", "OPTIONS, POST").route(web::post().to(close)));
}

/// Opens a return with its scans, which are checked in the background; the same `key` again gives the same return.
#[utoipa::path(post, path = "/api/v1/returns", tag = "Returns", request_body = ReturnRequest,
    responses((status = 201, description = "The return; `Location` names it.", body = ReturnForm),
        (status = 200, description = "The return that this key opened before.", body = ReturnForm)))]
pub async fn open(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
    counter: Data<Counter>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: ReturnRequest = json_body::read(payload, request.headers(), &limits).await?;
    counter.own.ok_or(ReturnError::NoOwnGln)?;
    let opening = Opening {
        key: asked.key,
        customer: asked.customer,
        authorisation: asked.authorisation.unwrap_or_default(),
        place: asked.place,
        by: caller.signed(asked.by.as_deref()),
        scans: asked.scans,
    };
    let settings = counter.settings.clone();
    let opened = web::block(move || -> Result<_, ReturnError> {
        let opened = returns::open(&store, &caller, &opening, &settings, Utc::now())?;
        let form = form(&store, &caller, &opened.saleable_return)?;
        Ok((opened.earlier, form))
    });
    let (earlier, form) = opened.await??;
    counter.bell.ring();
    let mut response = if earlier { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(response.insert_header((LOCATION, format!("/api/v1/returns/{}", form.id))).json(form))
}

/// Lists returns from the newest on.
#[utoipa::path(get, path = "/api/v1/returns", tag = "Returns",
    params(("state" = Option<String>, Query, description = "`checking`, `checked`, `closing` or `closed`"),
        ("perPage" = Option<u32>, Query, description = "Returns on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of returns; `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["state"], &settings)?;
    let state = listing.value("state").map(|word| {
        let wrong = "state is checking, checked, closing or closed";
        ReturnState::parse(word).ok_or_else(|| Problem::new(Failure::QueryParameter, wrong))
    });
    let (state, size, after) = (state.transpose()?, listing.size, listing.token);
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || -> Result<_, StoreError> {
        let found = store.saleable_returns(&caller, state, after.as_deref(), limit)?;
        found.iter().map(|returned| form(&store, &caller, returned)).collect::<Result<Vec<_>, _>>()
    });
    let found = found.await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    Ok(response.json(json!({ "returns": found })))
}

/// One return with its progress.
#[utoipa::path(get, path = "/api/v1/returns/{id}", tag = "Returns",
    params(("id" = String, Path, description = "From the `Location` of its opening")),
    responses((status = 200, description = "The return as it stands.", body = ReturnForm)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || -> Result<_, ReturnError> {
        Ok(form(&store, &caller, &known(&store, &caller, &id)?)?)
    });
    Ok(HttpResponse::Ok().json(found.await??))
}

/// The units of a return in the order of their scans, each with its decision and evidence.
#[utoipa::path(get, path = "/api/v1/returns/{id}/units", tag = "Returns",
    params(("id" = String, Path, description = "From the `Location` of its opening"),
        ("decision" = Option<String>, Query,
            description = "One alone: `sellable`, `not-sellable`, `wait`, `scan-problem` or `pending`"),
        ("perPage" = Option<u32>, Query, description = "Units on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of units; `Link` names the next.", body = Object)))]
pub async fn units(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["decision"], &settings)?;
    let wrong = |words: &str| Problem::new(Failure::QueryParameter, words);
    let decision = match listing.value("decision") {
        None => None,
        Some("pending") => Some(None),
        Some(word) => Some(Some(
            ReturnDecision::parse(word)
                .ok_or_else(|| wrong("decision is sellable, not-sellable, wait, scan-problem or pending"))?,
        )),
    };
    let after = listing.token.as_deref().map(|token| token.parse::<i64>());
    let after =
        after.transpose().map_err(|_| wrong("nextPageToken is none that a page of this list gave"))?;
    let (size, after) = (listing.size, after.unwrap_or(0));
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || -> Result<_, ReturnError> {
        known(&store, &caller, &id)?;
        Ok(store.returned_units(&caller, &id, decision, (after, limit))?)
    });
    let found = found.await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.line.to_string())));
    }
    let shown: Vec<ReturnedUnitForm> = found.iter().map(ReturnedUnitForm::from).collect();
    Ok(response.json(json!({ "units": shown })))
}

/// The packages in a sealed case, as it was when it was sold.
#[utoipa::path(get, path = "/api/v1/returns/{id}/units/{line}/packages", tag = "Returns",
    params(("id" = String, Path, description = "From the `Location` of its opening"),
        ("line" = i64, Path, description = "The place of the case among the scans")),
    responses((status = 200, description = "Keys of the packages; none where it is no case.", body = Object)))]
pub async fn packages(
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let (id, line) = path.into_inner();
    let none = || Problem::new(Failure::NoSuchName, "the return has no such scan");
    let line: i64 = line.parse().map_err(|_| none())?;
    let found = web::block(move || -> Result<_, ReturnError> {
        let returned = known(&store, &caller, &id)?;
        let there = (1..=i64::try_from(returned.scans).unwrap_or(i64::MAX)).contains(&line);
        there.then(|| store.returned_packages(&caller, &id, line)).transpose().map_err(ReturnError::from)
    });
    let packages = found.await??.ok_or_else(none)?;
    Ok(HttpResponse::Ok().json(json!({ "packages": packages })))
}

/// The result table of a return as CSV, one line a scan.
#[utoipa::path(get, path = "/api/v1/returns/{id}/sheet", tag = "Returns",
    params(("id" = String, Path, description = "From the `Location` of its opening")),
    responses((status = 200, description = "The table.", content((String = "text/csv")))))]
pub async fn sheet(
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let text = web::block(move || -> Result<_, ReturnError> {
        let returned = known(&store, &caller, &id)?;
        let (mut text, mut after) = (sheet_head(), 0);
        loop {
            let page = store.returned_units(&caller, &returned.id, None, (after, PAGE))?;
            let Some(last) = page.last() else { return Ok((returned.id, text)) };
            after = last.line;
            page.iter().for_each(|unit| text.push_str(&sheet_row(unit)));
        }
    });
    let (id, text) = text.await??;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"return-{id}.csv\"")))
        .body(text))
}

/// Has the units looked at again that wait, or whose scan was at fault.
#[utoipa::path(post, path = "/api/v1/returns/{id}/check", tag = "Returns",
    params(("id" = String, Path, description = "From the `Location` of its opening")),
    responses((status = 202, description = "The return, which is being checked again.", body = ReturnForm)))]
pub async fn check(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
    counter: Data<Counter>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let checked = web::block(move || -> Result<_, ReturnError> {
        returns::check_again(&store, &caller, &id, Utc::now())?;
        Ok(form(&store, &caller, &known(&store, &caller, &id)?)?)
    });
    let form = checked.await??;
    counter.bell.ring();
    Ok(HttpResponse::Accepted().json(form))
}

/// Closes a return: captures its receiving event, and those that say what is sellable and what is not.
#[utoipa::path(post, path = "/api/v1/returns/{id}/close", tag = "Returns",
    params(("id" = String, Path, description = "From the `Location` of its opening")),
    request_body(content((Object = "application/json")), description = "`by`: who closes it."),
    responses((status = 200, description = "The return, and `eventID` of each event.", body = Object)))]
pub async fn close(
    (request, caller): (HttpRequest, Caller),
    id: web::Path<String>,
    payload: web::Payload,
    (store, policy): (Data<Store>, Data<Policy>),
    counter: Data<Counter>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: CloseRequest = json_body::read(payload, request.headers(), &policy.limits).await?;
    let own = counter.own.ok_or(ReturnError::NoOwnGln)?;
    let closed = web::block(move || -> Result<_, ReturnError> {
        let by = caller.signed(asked.by.as_deref());
        let closed = returns::close(&store, &caller, (&id, &by), (own, &policy), Utc::now)?;
        Ok((form(&store, &caller, &closed.saleable_return)?, closed.events))
    });
    let (form, events) = closed.await??;
    let events: Vec<&str> = events.iter().filter_map(|event| event.id.as_deref()).collect();
    Ok(HttpResponse::Ok().json(json!({ "return": form, "events": events })))
}

fn known(store: &Store, caller: &Caller, id: &str) -> Result<SaleableReturn, ReturnError> {
    store.saleable_return(caller, id)?.ok_or_else(|| ReturnError::Unknown(id.to_owned()))
}

fn form(store: &Store, caller: &Caller, returned: &SaleableReturn) -> Result<ReturnForm, StoreError> {
    Ok(ReturnForm::new(returned, &store.return_counts(caller, &returned.id)?))
}

impl From<ReturnError> for Problem {
    fn from(error: ReturnError) -> Problem {
        let failure = match &error {
            ReturnError::Unknown(_) => Failure::NoSuchName,
            ReturnError::KeyTaken { .. } => Failure::ResourceAlreadyExists,
            ReturnError::NoOwnGln | ReturnError::State { .. } => Failure::Conflict,
            ReturnError::Request(_) | ReturnError::Hierarchy(_) => Failure::Validation,
            ReturnError::Capture(_) | ReturnError::Store(_) => Failure::Implementation,
        };
        match error {
            ReturnError::Store(error) => error.into(),
            ReturnError::Capture(OwnError::Capture(error)) => error.into(),
            ReturnError::Capture(error) => Problem::internal(&error),
            error => Problem::new(failure, error.to_string()),
        }
    }
}
