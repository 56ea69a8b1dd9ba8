//! `/capture`: documents in, jobs out (EPCIS 2.0 REST binding).

use std::io;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::HttpResponseBuilder;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::LINK;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::accept;
use crate::api::body;
use crate::api::body::Incoming;
use crate::api::job_document;
use crate::api::job_document::Members;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture;
use crate::capture::Limits;
use crate::capture::Queue;
use crate::capture::Wish;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::store::Received;
use crate::store::Store;

/// How long a document waits for its turn to be received.
const TURN: Duration = Duration::from_secs(10);

/// Where the jobs are.
pub const JOBS: &str = "/epcis/capture/";

/// How many documents are received at one time.
pub struct Gate(Semaphore);

impl Gate {
    /// A gate for so many documents.
    pub fn new(limits: &Limits) -> Gate {
        Gate(Semaphore::new(limits.documents_at_once.max(1)))
    }
}

/// Takes a document for capture (`POST /capture`): 202 once it is kept and its job exists.
#[utoipa::path(post, path = "/epcis/capture", tag = "EPCIS",
    params(("GS1-Capture-Error-Behaviour" = Option<String>, Header, description = "`rollback` (default) or `proceed`")),
    request_body(content((Object = "application/ld+json"), (String = "application/xml")),
        description = "An EPCIS document: JSON-LD 2.0, XML 2.0, 1.2, 1.1 or 1.0; `Content-Encoding` gzip or zstd is taken."),
    responses((status = 202, description = "The job; `Location` names it.", body = Members)))]
pub async fn post(
    (request, caller): (HttpRequest, Caller),
    payload: web::Payload,
    store: Data<Store>,
    limits: Data<Limits>,
    (gate, queue): (Data<Gate>, Data<Queue>),
) -> Result<HttpResponse, Problem> {
    let headers = request.headers();
    negotiation::check_sent_version(headers)?;
    let wish = Wish { behaviour: behaviour(headers)?, syntax: Some(body::syntax(headers)?) };
    let incoming = Incoming::new(payload, headers, &limits)?;
    let received = receive(incoming, limits.document_bytes, &store, &gate).await?;
    let accepted = web::block(move || capture::accept(&store, &caller, received, wish, Utc::now()));
    let job = accepted.await??.job;
    queue.ring();
    let mut response = HttpResponse::Accepted();
    response.insert_header((LOCATION, format!("{JOBS}{}", job.id)));
    Ok(with_job(response, accept::plain(headers).unwrap_or("application/json"), &job))
}

/// Lists the jobs from the newest on (`GET /capture`); JSON alone, as the standard has it.
#[utoipa::path(get, path = "/epcis/capture", tag = "EPCIS",
    params(("perPage" = Option<u32>, Query, description = "Jobs on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of jobs; `Link` names the next.", body = [Members])))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    store: Data<Store>,
    settings: Data<Settings>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let page = paging::page(request.query_string(), &settings)?;
    let most = u32::try_from(page.size + 1).unwrap_or(u32::MAX);
    let found = web::block(move || store.jobs(&caller, page.token.as_deref(), most));
    let mut jobs = found.await??;
    let more = jobs.len() > page.size;
    jobs.truncate(page.size);
    let mut response = answer();
    if let Some(last) = jobs.last().filter(|_| more) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    Ok(response.json(jobs.iter().map(job_document::json).collect::<Vec<_>>()))
}

/// One job (`GET /capture/{captureID}`).
#[utoipa::path(get, path = "/epcis/capture/{captureID}", tag = "EPCIS",
    params(("captureID" = String, Path, description = "From the `Location` of the capture")),
    responses((status = 200, description = "The job as it stands.",
        content((Members = "application/json"), (String = "application/xml")))))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let media_type = accept::plain(request.headers()).ok_or_else(negotiation::nothing_fits)?;
    let id = id.into_inner();
    let found = web::block(move || store.job(&caller, &id)).await??;
    let job = found
        .ok_or_else(|| Problem::new(Failure::NoSuchName, "there is no capture job of this captureID"))?;
    Ok(with_job(answer(), media_type, &job))
}

/// Brings a body into the store. One that is small or slow to begin needs no turn.
pub async fn receive(
    mut incoming: Incoming,
    most_bytes: u64,
    store: &Data<Store>,
    gate: &Gate,
) -> Result<Received, Problem> {
    incoming.gather().await?;
    let full = || Problem::later("too many documents are being received; send this one again");
    let turn = match incoming.is_ended() {
        true => None,
        false => Some(timeout(TURN, gate.0.acquire()).await.map_err(|_| full())?),
    };
    let store = store.clone();
    let open = move || store.receive(Utc::now()).map_err(io::Error::other);
    let receiving = incoming.drain(most_bytes, open).await?;
    let received = web::block(move || receiving.finish()).await??;
    drop(turn);
    Ok(received)
}

fn behaviour(headers: &HeaderMap) -> Result<CaptureErrorBehaviour, Problem> {
    let Some(value) = headers.get("gs1-capture-error-behaviour") else {
        return Ok(CaptureErrorBehaviour::default());
    };
    let word = value.to_str().unwrap_or_default().trim();
    CaptureErrorBehaviour::parse(word).ok_or_else(|| {
        Problem::new(Failure::Validation, "GS1-Capture-Error-Behaviour takes rollback or proceed")
    })
}

fn answer() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header(("GS1-EPCIS-Version", "2.0.0"));
    response
}

fn with_job(mut response: HttpResponseBuilder, media_type: &'static str, job: &CaptureJob) -> HttpResponse {
    response.content_type(media_type);
    if media_type.ends_with("xml") {
        response.body(job_document::xml(job))
    } else {
        response.body(job_document::json(job).to_string())
    }
}
