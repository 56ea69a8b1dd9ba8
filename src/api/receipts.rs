//! Receiving: `/api/v1/receipts`, what is scanned in them, and how they are closed.

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
use crate::capture;
use crate::capture::ClosingError;
use crate::capture::Limits;
use crate::capture::OwnError;
use crate::capture::Policy;
use crate::dscsa::ReceiptState;
use crate::dscsa::ReceiptVerdict;
use crate::formats::receipts::AnswerForm;
use crate::formats::receipts::CloseRequest;
use crate::formats::receipts::ClosingForm;
use crate::formats::receipts::ReceiptForm;
use crate::formats::receipts::ReceiptRequest;
use crate::formats::receipts::ScansRequest;
use crate::formats::receipts::UnitForm;
use crate::reconcile::receipt;
use crate::reconcile::receipt::Opening;
use crate::reconcile::receipt::ReceiptError;
use crate::store::Store;

/// Scans of one request; each is answered in its turn.
const MOST_SCANS: usize = 1_000;

/// Opens a receipt against a shipment, an order or nothing.
#[utoipa::path(post, path = "/api/v1/receipts", tag = "Receiving",
    request_body(content((Object = "application/json")),
        description = "`shipment` (its number) or `order` (its number or URI) or neither, `place` (GLN or SGLN), `by`."),
    responses((status = 201, description = "The receipt; `Location` names it.", body = Object)))]
pub async fn open(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
    settings: Data<receipt::Settings>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: ReceiptRequest = json_body::read(payload, request.headers(), &limits).await?;
    let against = asked.against().ok_or_else(|| {
        Problem::new(Failure::Validation, "say shipment or order or neither of them, not both")
    })?;
    let by = caller.signed(asked.by.as_deref());
    let opening = Opening { against, place: asked.place, by };
    let opened = web::block(move || receipt::open(&store, &caller, &opening, &settings, Utc::now()));
    let opened = opened.await?.map_err(problem)?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/v1/receipts/{}", opened.id)))
        .json(ReceiptForm::from(&opened)))
}

/// Lists receipts from the newest on.
#[utoipa::path(get, path = "/api/v1/receipts", tag = "Receiving",
    params(("state" = Option<String>, Query, description = "`open`, `closing` or `closed`"),
        ("perPage" = Option<u32>, Query, description = "Receipts on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of receipts; `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["state"], &settings)?;
    let state = worded(listing.value("state"), ReceiptState::parse, "state is open, closing or closed")?;
    let (size, after) = (listing.size, listing.token);
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || store.receipts(&caller, state, after.as_deref(), limit)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    let shown: Vec<ReceiptForm> = found.iter().map(ReceiptForm::from).collect();
    Ok(response.json(json!({ "receipts": shown })))
}

/// One receipt with its counts.
#[utoipa::path(get, path = "/api/v1/receipts/{id}", tag = "Receiving",
    params(("id" = String, Path, description = "From the `Location` of its opening")),
    responses((status = 200, description = "The receipt as it stands.", body = Object)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || store.receipt(&caller, &id)).await??;
    let found = found.ok_or_else(|| Problem::new(Failure::NoSuchName, "there is no such receipt"))?;
    Ok(HttpResponse::Ok().json(ReceiptForm::from(&found)))
}

/// The units of a receipt in the order of their keys.
#[utoipa::path(get, path = "/api/v1/receipts/{id}/units", tag = "Receiving",
    params(("id" = String, Path, description = "From the `Location` of its opening"),
        ("verdict" = Option<String>, Query, description = "One verdict alone, such as `over` or `short`"),
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
    let listing = paging::listing(request.query_string(), &["verdict"], &settings)?;
    let words: Vec<&str> = ReceiptVerdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
    let wrong = format!("verdict is one of {}", words.join(", "));
    let verdict = worded(listing.value("verdict"), ReceiptVerdict::parse, &wrong)?;
    let (size, after) = (listing.size, listing.token);
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let found = web::block(move || store.received_units(&caller, &id, verdict, (after.as_deref(), limit)));
    let found = found.await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.key)));
    }
    let shown: Vec<UnitForm> = found.iter().map(UnitForm::from).collect();
    Ok(response.json(json!({ "units": shown })))
}

/// Answers scans, each at once and in its turn.
#[utoipa::path(post, path = "/api/v1/receipts/{id}/scans", tag = "Receiving",
    params(("id" = String, Path, description = "From the `Location` of its opening")),
    request_body(content((Object = "application/json")),
        description = "`scans`: element strings as a scanner gives them, Digital Links or EPCs, 1,000 at most."),
    responses((status = 200, description = "An answer to each scan, and the receipt as it then is.", body = Object)))]
pub async fn scan(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: ScansRequest = json_body::read(payload, request.headers(), &limits).await?;
    if asked.scans.is_empty() || asked.scans.len() > MOST_SCANS {
        let detail = format!("scans holds 1 to {MOST_SCANS} texts");
        return Err(Problem::new(Failure::Validation, detail));
    }
    let answered = web::block(move || -> Result<_, ReceiptError> {
        let mut answers = Vec::with_capacity(asked.scans.len());
        for text in &asked.scans {
            let answer = receipt::scan(&store, &caller, (&id, text), Utc::now())?;
            answers.push(AnswerForm::new(text, &answer));
        }
        let receipt = store.receipt(&caller, &id)?.ok_or_else(|| ReceiptError::Unknown(id.to_string()))?;
        Ok((answers, ReceiptForm::from(&receipt)))
    });
    let (answers, receipt) = answered.await?.map_err(problem)?;
    Ok(HttpResponse::Ok().json(json!({ "answers": answers, "receipt": receipt })))
}

/// Closes a receipt: compares it serial by serial and captures its receiving event.
#[utoipa::path(post, path = "/api/v1/receipts/{id}/close", tag = "Receiving",
    params(("id" = String, Path, description = "From the `Location` of its opening")),
    request_body(content((Object = "application/json")), description = "`by`: who closes it."),
    responses((status = 200, description = "What it came to.", body = Object)))]
pub async fn close(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, policy): (Data<Store>, Data<Policy>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: CloseRequest = json_body::read(payload, request.headers(), &policy.limits).await?;
    let closed = web::block(move || {
        let by = caller.signed(asked.by.as_deref());
        capture::close_receipt(&store, &caller, (&id, &by), &policy, Utc::now)
    });
    let closed = match closed.await? {
        Ok(closed) => closed,
        Err(ClosingError::Receipt(error)) => return Err(problem(error)),
        Err(ClosingError::Capture(OwnError::Capture(error))) => return Err(error.into()),
        Err(error) => return Err(Problem::internal(&error)),
    };
    let event = closed.event.as_ref().and_then(|event| event.id.as_deref());
    Ok(HttpResponse::Ok().json(ClosingForm::new(&closed.receipt, &closed.closing, event)))
}

fn worded<T>(value: Option<&str>, parse: fn(&str) -> Option<T>, wrong: &str) -> Result<Option<T>, Problem> {
    value.map(|word| parse(word).ok_or_else(|| Problem::new(Failure::QueryParameter, wrong))).transpose()
}

fn problem(error: ReceiptError) -> Problem {
    let failure = match &error {
        ReceiptError::Unknown(_) => Failure::NoSuchName,
        ReceiptError::Closed(_) => Failure::ResourceAlreadyExists,
        ReceiptError::NoShipment(_) | ReceiptError::Place(_) | ReceiptError::Hierarchy(_) => {
            Failure::Validation
        }
        ReceiptError::Store(_) => Failure::Implementation,
    };
    match error {
        ReceiptError::Store(error) => error.into(),
        error => Problem::new(failure, error.to_string()),
    }
}
