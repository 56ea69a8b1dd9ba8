//! Purchase orders and despatch advices: `/api/v1/orders` and `/api/v1/advices`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use serde::Serialize;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::import;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::dscsa::OrderNumber;
use crate::formats::Defects;
use crate::formats::orders;
use crate::formats::orders::AdviceForm;
use crate::formats::orders::OrderForm;
use crate::formats::orders::OrderKind;
use crate::reconcile;
use crate::reconcile::cases;
use crate::store::CaseError;
use crate::store::OrderPlace;
use crate::store::Store;

/// Imports purchase orders from JSON or CSV: all or, where one is wrong, none.
#[utoipa::path(post, path = "/api/v1/orders", tag = "Orders",
    request_body(content(("application/json"), ("text/csv"))),
    responses((status = 200, description = "How many were added, changed and unchanged, and warnings.", body = Object)))]
pub async fn import_orders(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    shared: (Data<Store>, Data<Limits>, Data<cases::Settings>),
) -> Result<HttpResponse, Problem> {
    import((request, caller), payload, shared, OrderKind::Order).await
}

/// Imports despatch advices from JSON, CSV or X12 856: all or, where one is wrong, none.
#[utoipa::path(post, path = "/api/v1/advices", tag = "Orders",
    request_body(content(("application/json"), ("text/csv"), ("application/edi-x12"))),
    responses((status = 200, description = "How many were added, changed and unchanged, and warnings.", body = Object)))]
pub async fn import_advices(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    shared: (Data<Store>, Data<Limits>, Data<cases::Settings>),
) -> Result<HttpResponse, Problem> {
    import((request, caller), payload, shared, OrderKind::Advice).await
}

async fn import(
    (request, caller): (HttpRequest, Caller),
    payload: web::Payload,
    (store, limits, settings): (Data<Store>, Data<Limits>, Data<cases::Settings>),
    kind: OrderKind,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let (syntax, bytes) = import::body(payload, request.headers(), &limits).await?;
    let work = web::block(move || {
        let mut defects = Defects::new(false);
        let found = orders::read(&*bytes, syntax, Some(kind), &mut defects);
        import::refuse_errors(&defects)?;
        let imported = store.put_orders(&caller, &found, Utc::now())?;
        reconcile::after_import(&store, &found, &settings, Utc::now()).map_err(|error| match error {
            CaseError::Store(error) => error.into(),
            error => Problem::internal(&error),
        })?;
        Ok::<_, Problem>((imported, defects))
    });
    let (imported, defects) = work.await??;
    Ok(import::done(imported, &defects))
}

/// Lists purchase orders in the order of their numbers.
#[utoipa::path(get, path = "/api/v1/orders", tag = "Orders",
    params(("perPage" = Option<u32>, Query), ("nextPageToken" = Option<String>, Query)),
    responses((status = 200, description = "A page of orders.", body = Object)))]
pub async fn list_orders(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    let (size, after) = page(&request, &[], &settings)?;
    let work = move || store.orders(&caller, after.as_ref(), size as u32 + 1);
    let found = web::block(work).await??;
    let token = more(&found, size, |order| &order.number);
    let shown = found.iter().take(size).map(OrderForm::from).collect();
    Ok(listed(&request, "orders", shown, token))
}

/// Lists despatch advices in the order of their numbers; with `order` those that serve a purchase order.
#[utoipa::path(get, path = "/api/v1/advices", tag = "Orders",
    params(("order" = Option<String>, Query, description = "The number of a purchase order, raw or as a URN of CBV."),
        ("perPage" = Option<u32>, Query), ("nextPageToken" = Option<String>, Query)),
    responses((status = 200, description = "A page of advices.", body = Object)))]
pub async fn list_advices(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    let (size, after) = page(&request, &["order"], &settings)?;
    let order = paging::listing(request.query_string(), &["order"], &settings)?;
    let order = order.value("order").map(OrderNumber::parse);
    let is_page = order.is_none();
    let found = web::block(move || match order {
        Some(order) => store.advices_for_order(&caller, &order),
        None => store.advices(&caller, after.as_ref(), size as u32 + 1),
    });
    let found = found.await??;
    let size = if is_page { size } else { found.len() };
    let token = more(&found, size, |advice| &advice.number);
    let shown = found.iter().take(size).map(AdviceForm::from).collect();
    Ok(listed(&request, "advices", shown, token))
}

/// The purchase orders of a number: one, unless several buyers use it and the number is raw.
#[utoipa::path(get, path = "/api/v1/orders/{number}", tag = "Orders",
    params(("number" = String, Path, description = "Raw, or as a URN of CBV.")),
    responses((status = 200, description = "The orders.", body = Object)))]
pub async fn show_order(
    request: HttpRequest,
    caller: Caller,
    number: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let number = OrderNumber::parse(&number);
    let found = web::block(move || store.orders_numbered(&caller, &number)).await??;
    shown(&request, "orders", found.iter().map(OrderForm::from).collect())
}

/// The despatch advices of a number: one, unless several sellers use it and the number is raw.
#[utoipa::path(get, path = "/api/v1/advices/{number}", tag = "Orders",
    params(("number" = String, Path, description = "Raw, or as a URN of CBV.")),
    responses((status = 200, description = "The advices.", body = Object)))]
pub async fn show_advice(
    request: HttpRequest,
    caller: Caller,
    number: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let number = OrderNumber::parse(&number);
    let found = web::block(move || store.advices_numbered(&caller, &number)).await??;
    shown(&request, "advices", found.iter().map(AdviceForm::from).collect())
}

fn shown<T: Serialize>(request: &HttpRequest, kind: &str, found: Vec<T>) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    if found.is_empty() {
        return Err(Problem::new(Failure::NoSuchName, format!("there are no {kind} of this number")));
    }
    Ok(listed(request, kind, found, None))
}

fn listed<T: Serialize>(
    request: &HttpRequest,
    kind: &str,
    shown: Vec<T>,
    token: Option<String>,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(token) = token {
        response.insert_header((LINK, paging::next(request, &token)));
    }
    response.json(json!({ kind: shown }))
}

/// The size of the page asked for, and the order behind which it begins.
fn page(
    request: &HttpRequest,
    names: &[&str],
    settings: &Settings,
) -> Result<(usize, Option<OrderPlace>), Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), names, settings)?;
    let place = listing.token.as_deref().map(|token| {
        let (issuer, number) = token.split_once(':').unwrap_or(("", token));
        (number.to_owned(), issuer.to_owned())
    });
    Ok((listing.size, place))
}

/// The token of the next page, where there is more than this one.
fn more<T>(found: &[T], size: usize, number: impl Fn(&T) -> &OrderNumber) -> Option<String> {
    let last = found.get(size.checked_sub(1)?).filter(|_| found.len() > size)?;
    let (number, issuer) = number(last).place();
    Some(format!("{issuer}:{number}"))
}
