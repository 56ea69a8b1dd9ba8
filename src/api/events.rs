//! `/events`: questions about events, one event by its identifier, one event captured at once (EPCIS 2.0 REST binding).

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::address;
use crate::api::body;
use crate::api::body::Incoming;
use crate::api::capture::Gate;
use crate::api::capture::receive;
use crate::api::finding::Finding;
use crate::api::job_document;
use crate::api::negotiation;
use crate::api::negotiation::wanted;
use crate::api::paging;
use crate::api::prefixes::Prefixes;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::api::query_document;
use crate::api::query_document::Content;
use crate::capture;
use crate::capture::Limits;
use crate::capture::Queue;
use crate::epcis::CaptureJob;
use crate::epcis::DocumentKind;
use crate::epcis::query::StoredEvent;
use crate::store::Store;

/// Where the events are.
pub const EVENTS: &str = "/epcis/events/";

/// Answers a question in the query string (`GET /events`).
#[utoipa::path(get, path = "/epcis/events", tag = "EPCIS",
    params(("GS1-EPC-Format" = Option<String>, Header, description = "How identifiers are spelt in the answer: \
        `Always_GS1_Digital_Link`, `Always_EPC_URN`, `Never_Translates` or `No_Preference`")),
    responses((status = 200, description = "An `EPCISQueryDocument`; `Link` names the next page.",
        content((Object = "application/ld+json"), (String = "application/xml")))))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    store: Data<Store>,
    settings: Data<Settings>,
    prefixes: Data<Prefixes>,
) -> Result<HttpResponse, Problem> {
    let wanted = wanted(request.headers(), settings.epc_format)?;
    let (query, page) = paging::question(request.query_string(), &settings)?;
    let found = web::block(move || store.events(&caller, &query, &page)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(token) = &found.next {
        response.insert_header((LINK, paging::next(&request, token)));
    }
    query_document::answer(response, content(found.events), wanted, prefixes).await
}

/// An event and its error declarations (`GET /events/{eventID}`).
#[utoipa::path(get, path = "/epcis/events/{eventID}", tag = "EPCIS",
    params(("eventID" = String, Path, description = "An `eventID` as sent, or an event hash ID")),
    responses((status = 200, description = "An `EPCISQueryDocument` of the event and what corrects it.",
        content((Object = "application/ld+json"), (String = "application/xml")))))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    store: Data<Store>,
    settings: Data<Settings>,
    prefixes: Data<Prefixes>,
) -> Result<HttpResponse, Problem> {
    let wanted = wanted(request.headers(), settings.epc_format)?;
    let mut id = address::identifier(&request, EVENTS)?;
    if id.starts_with("ni:") && !request.query_string().is_empty() {
        // An event hash ID has a query part, which clients forget to escape.
        id = format!("{id}?{}", request.query_string());
    }
    let found = web::block(move || store.event(&caller, &id)).await??;
    if found.is_empty() {
        return Err(Problem::new(Failure::NoSuchName, "there is no event of this eventID"));
    }
    query_document::answer(HttpResponse::Ok(), content(found), wanted, prefixes).await
}

/// Captures one event and answers when that is done (`POST /events`): 201 with the event as stored.
#[utoipa::path(post, path = "/epcis/events", tag = "EPCIS",
    request_body(content((Object = "application/ld+json"), (String = "application/xml")),
        description = "One event, or a document with one event."),
    responses((status = 201, description = "The event as stored; `Location` names it.",
        content((Object = "application/ld+json"), (String = "application/xml")))))]
pub async fn post(
    (request, caller): (HttpRequest, Caller),
    payload: web::Payload,
    (store, prefixes): (Data<Store>, Data<Prefixes>),
    (limits, settings): (Data<Limits>, Data<Settings>),
    (gate, queue): (Data<Gate>, Data<Queue>),
) -> Result<HttpResponse, Problem> {
    let headers = request.headers();
    negotiation::check_sent_version(headers)?;
    let wanted = wanted(headers, settings.epc_format)?;
    let syntax = body::syntax(headers)?;
    let incoming = Incoming::new(payload, headers, &limits)?;
    let received = receive(incoming, limits.event_bytes, &store, &gate).await?;
    let taking = store.clone();
    let taken = web::block(move || capture::accept_event(&taking, &caller, received, syntax, Utc::now()));
    let taken = taken.await??;
    queue.ring();
    finished(taken.job, &store, Duration::from_secs(settings.event_seconds)).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("{EVENTS}{}", address::encode(&taken.id))));
    let content = Content { events: vec![taken.event], kind: DocumentKind::Event, now: Utc::now() };
    query_document::answer(response, content, wanted, prefixes).await
}

/// Waits until a job has ended well; its first error is the client's.
pub async fn finished(mut job: CaptureJob, store: &Data<Store>, most: Duration) -> Result<(), Problem> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(1);
    while job.running {
        if began.elapsed() > most {
            return Err(Problem::later("the event is still being captured; send it again to learn its end"));
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(64));
        // It is waited for here, whoever sees it.
        let (store, id) = (store.clone(), job.id.clone());
        let found = web::block(move || store.job(&Caller::operator(), &id)).await??;
        job = found.ok_or_else(|| Problem::internal(&"a capture job has vanished"))?;
    }
    match job.defects.iter().find(|defect| defect.is_error) {
        Some(defect) => {
            Err(Problem::at(job_document::failure(defect), &defect.message, Finding::from(defect)))
        }
        None => Ok(()),
    }
}

fn content(found: Vec<StoredEvent>) -> Content {
    let events = found.into_iter().map(|stored| stored.event).collect();
    Content { events, kind: DocumentKind::QueryDocument, now: Utc::now() }
}
