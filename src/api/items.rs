//! `/api/v1/items`: what is known of one object, its events, and its chain of custody.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use actix_web::web;
use actix_web::web::Data;

use crate::access::Caller;
use crate::api::accept;
use crate::api::address;
use crate::api::negotiation;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::epcis::EventTime;
use crate::export::custody;
use crate::export::custody::CustodyForm;
use crate::export::custody::ItemForm;
use crate::export::custody::StepForm;
use crate::gs1::Epc;
use crate::gs1::Scan;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::CustodyError;
use crate::store::Store;

/// Where the items are.
const ITEMS: &str = "/api/v1/items/";

/// The forms of a chain of custody, the one preferred first.
const FORMS: [&str; 3] = ["application/json", "image/svg+xml", "text/html"];

/// The pictures and pages are given out without anything else that a browser could run.
const ALONE: (&str, &str) = (
    "Content-Security-Policy",
    "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-downloads allow-top-navigation-by-user-activation",
);

/// The present state of an item, case or logistic unit: `epc` is an EPC URN, a Digital Link, or what a scanner gives.
#[utoipa::path(get, path = "/api/v1/items/{epc}", tag = "Items",
    params(("epc" = String, Path, description = "EPC URN, Digital Link or scan, percent-encoded"),
        ("at" = Option<String>, Query, description = "A moment in the past, `2026-03-04T12:00:00Z`")),
    responses((status = 200, description = "Each fact with how it is known.", body = ItemForm)))]
pub async fn show(request: HttpRequest, caller: Caller, store: Data<Store>) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let (epc, until) = asked(&request, "")?;
    let form = web::block(move || {
        let custody = known(&store, &caller, &epc, until)?;
        Ok::<_, Problem>(ItemForm::gather(&store, &caller, &custody)?)
    });
    Ok(HttpResponse::Ok().json(form.await??))
}

/// Every event in the life of an item, through whatever it was in.
#[utoipa::path(get, path = "/api/v1/items/{epc}/history", tag = "Items",
    params(("epc" = String, Path, description = "EPC URN, Digital Link or scan, percent-encoded"),
        ("at" = Option<String>, Query, description = "A moment in the past, `2026-03-04T12:00:00Z`")),
    responses((status = 200, description = "The events in the order of time.", body = [StepForm])))]
pub async fn history(
    request: HttpRequest,
    caller: Caller,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let (epc, until) = asked(&request, "/history")?;
    let custody = web::block(move || known(&store, &caller, &epc, until)).await??;
    Ok(HttpResponse::Ok().json(CustodyForm::from(&custody).steps))
}

/// The chain of custody of an item, as JSON, as a picture, or as a page with picture and table.
#[utoipa::path(get, path = "/api/v1/items/{epc}/custody", tag = "Items",
    params(("epc" = String, Path, description = "EPC URN, Digital Link or scan, percent-encoded"),
        ("at" = Option<String>, Query, description = "A moment in the past, `2026-03-04T12:00:00Z`")),
    responses((status = 200, description = "Parties, events and gaps.",
        content((CustodyForm = "application/json"), (String = "image/svg+xml"), (String = "text/html")))))]
pub async fn chain(
    request: HttpRequest,
    caller: Caller,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let form = form(request.headers())?;
    let (epc, until) = asked(&request, "/custody")?;
    let custody = web::block(move || known(&store, &caller, &epc, until)).await??;
    let mut response = HttpResponse::Ok();
    response.insert_header(("Vary", "Accept"));
    Ok(match form {
        "image/svg+xml" => response.insert_header(ALONE).content_type(form).body(custody::svg(&custody)),
        "text/html" => response
            .insert_header(ALONE)
            .content_type("text/html; charset=utf-8")
            .body(custody::page(&custody)),
        _ => response.json(CustodyForm::from(&custody)),
    })
}

fn form(headers: &HeaderMap) -> Result<&'static str, Problem> {
    accept::preferred(headers, &FORMS).ok_or_else(|| {
        Problem::new(Failure::NotAcceptable, format!("a chain of custody is served as {}", FORMS.join(", ")))
    })
}

/// The object in the path and the moment in the query, in microseconds.
fn asked(request: &HttpRequest, suffix: &str) -> Result<(Epc, i64), Problem> {
    let text = address::between(request, ITEMS, suffix)?;
    let scan = Scan::parse(&text).map_err(|fault| {
        Problem::new(Failure::Validation, format!("the item in the path cannot be read: {fault}"))
    })?;
    Ok((scan.epc().clone(), moment(request.query_string())?))
}

fn moment(query: &str) -> Result<i64, Problem> {
    let wrong = |detail: String| Problem::new(Failure::QueryParameter, detail);
    if query.is_empty() {
        return Ok(i64::MAX);
    }
    let value = query.strip_prefix("at=").filter(|value| !value.contains('&'));
    let value =
        value.and_then(address::decode).ok_or_else(|| wrong("this resource takes at alone".to_owned()))?;
    let time = EventTime::parse(&value).map_err(|fault| wrong(format!("at {value:?} {fault}")))?;
    Ok(time.microseconds())
}

/// The life of an object that some event names; 404 where none does.
fn known(store: &Store, caller: &Caller, epc: &Epc, until: i64) -> Result<Custody, Problem> {
    let custody = Custody::of(store, caller, epc, until)?;
    if custody.steps.is_empty() {
        let detail = format!("no event names {}", custody::readable(epc));
        return Err(Problem::new(Failure::NoSuchName, detail));
    }
    Ok(custody)
}

impl From<CustodyError> for Problem {
    fn from(error: CustodyError) -> Problem {
        match error {
            CustodyError::Store(error) => error.into(),
            error @ CustodyError::TooLong(_) => Problem::new(Failure::QueryTooLarge, error.to_string()),
        }
    }
}
