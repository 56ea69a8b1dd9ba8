//! Exception cases: `/api/v1/exceptions`, their steps, and the messages of partners.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::Utc;
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
use crate::dscsa::CaseState;
use crate::dscsa::exception::Group;
use crate::formats::exception_case::CaseForm;
use crate::formats::exception_case::CloseRequest;
use crate::formats::exception_case::NoteRequest;
use crate::formats::exception_case::NotifyRequest;
use crate::formats::exception_case::RespondRequest;
use crate::formats::exception_case::StepForm;
use crate::formats::exception_case::time;
use crate::reconcile::cases;
use crate::reconcile::cases::ExchangeError;
use crate::reconcile::cases::Reply;
use crate::reconcile::cases::Sent;
use crate::store::CaseFilter;
use crate::store::Store;

/// Cases on one page at most; each may have a thousand items.
const MOST_ON_PAGE: usize = 100;

/// Where the cases are.
const CASES: &str = "/api/v1/exceptions";

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(discovery::resource("/exceptions", "OPTIONS, GET").route(web::get().to(list)))
        .service(discovery::resource("/exceptions/messages", "OPTIONS, POST").route(web::post().to(receive)))
        .service(discovery::resource("/exceptions/{id}", "OPTIONS, GET").route(web::get().to(show)))
        .service(
            discovery::resource("/exceptions/{id}/messages", "OPTIONS, GET").route(web::get().to(messages)),
        )
        .service(
            discovery::resource("/exceptions/{id}/notify", "OPTIONS, POST").route(web::post().to(notify)),
        )
        .service(
            discovery::resource("/exceptions/{id}/respond", "OPTIONS, POST").route(web::post().to(respond)),
        )
        .service(discovery::resource("/exceptions/{id}/notes", "OPTIONS, POST").route(web::post().to(note)))
        .service(discovery::resource("/exceptions/{id}/close", "OPTIONS, POST").route(web::post().to(close)));
}

/// Lists cases from the newest on.
#[utoipa::path(get, path = "/api/v1/exceptions", tag = "Exceptions",
    params(("state" = Option<String>, Query, description = "`open`, `notified`, `answered`, `corrected`, `rematched`, \
            `closed`, `all`, or `unsettled` (default): all that are not closed"),
        ("partner" = Option<String>, Query, description = "The partner's GLN"),
        ("group" = Option<String>, Query, description = "One of HDA's groups, such as `data-no-product`"),
        ("order" = Option<String>, Query, description = "The number of an order or a despatch advice"),
        ("perPage" = Option<u32>, Query, description = "Cases on a page, 100 at most"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of cases; `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing =
        paging::listing(request.query_string(), &["state", "partner", "group", "order"], &settings)?;
    let wrong = |detail: String| Problem::new(Failure::QueryParameter, detail);
    let word = listing.value("state").unwrap_or("unsettled");
    let state = CaseState::parse(word);
    if state.is_none() && !matches!(word, "unsettled" | "all") {
        return Err(wrong(format!("state {word:?} is no state of a case, nor `unsettled` or `all`")));
    }
    let group = |word: &str| {
        Group::parse_loosely(word).ok_or_else(|| wrong(format!("group {word:?} is none of HDA's groups")))
    };
    let filter = CaseFilter {
        state,
        open: word == "unsettled",
        partner: listing.value("partner").map(str::to_owned),
        group: listing.value("group").map(group).transpose()?,
        order: listing.value("order").map(str::to_owned),
    };
    let (size, token) = (listing.size.min(MOST_ON_PAGE), listing.token);
    let found = web::block(move || {
        let before = match token.as_deref() {
            Some(id) => Some(store.case(&caller, id)?.ok_or(UnknownToken)?),
            None => None,
        };
        let limit = u32::try_from(size).unwrap_or(u32::MAX);
        Ok::<_, Problem>(store.cases(&caller, &filter, before.as_ref(), limit)?)
    });
    let found = found.await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| found.len() == size) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    let now = Utc::now();
    let shown: Vec<CaseForm> = found.iter().map(|case| CaseForm::of(case, now)).collect();
    Ok(response.json(json!({ "exceptions": shown })))
}

struct UnknownToken;

impl From<UnknownToken> for Problem {
    fn from(_: UnknownToken) -> Problem {
        Problem::new(Failure::QueryParameter, "nextPageToken is none that this resource gave")
    }
}

/// One case with every step that was taken.
#[utoipa::path(get, path = "/api/v1/exceptions/{id}", tag = "Exceptions",
    params(("id" = String, Path, description = "The identifier of the case")),
    responses((status = 200, description = "`case` and `steps`.", body = Object)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || {
        let case = store.case(&caller, &id)?;
        Ok::<_, Problem>((case, store.case_steps(&caller, &id)?))
    });
    let (case, steps) = found.await??;
    let case = case.ok_or_else(missing)?;
    let steps: Vec<StepForm> = steps.iter().map(StepForm::from).collect();
    Ok(HttpResponse::Ok().json(json!({ "case": CaseForm::of(&case, Utc::now()), "steps": steps })))
}

/// The messages about a case, as they came and went.
#[utoipa::path(get, path = "/api/v1/exceptions/{id}/messages", tag = "Exceptions",
    params(("id" = String, Path, description = "The identifier of the case")),
    responses((status = 200, description = "`messages`, the oldest first.", body = Object)))]
pub async fn messages(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || {
        let case = store.case(&caller, &id)?;
        Ok::<_, Problem>((case, store.case_messages(&caller, &id)?))
    });
    let (case, kept) = found.await??;
    case.ok_or_else(missing)?;
    let shown: Vec<Value> = kept
        .iter()
        .map(|message| {
            json!({
                "id": message.id,
                "kind": message.kind.as_str(),
                "incoming": message.incoming,
                "at": time(message.at),
                "who": message.who,
                "body": message.body,
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "messages": shown })))
}

/// Takes in a message of a partner: PDG's `ExceptionReport`, `ExceptionResponse` or `exceptionNotification`.
#[utoipa::path(post, path = "/api/v1/exceptions/messages", tag = "Exceptions", request_body = Object,
    responses((status = 201, description = "Taken; `Location` names the case.", body = CaseForm),
        (status = 200, description = "The same message was taken before.", body = CaseForm)))]
pub async fn receive(
    request: HttpRequest,
    payload: web::Payload,
    (store, limits, settings): (Data<Store>, Data<Limits>, Data<cases::Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let body = json_body::bytes(payload, request.headers(), &limits).await?;
    let now = Utc::now();
    let received = web::block(move || cases::receive(&store, &settings, &body, now)).await??;
    let mut response = if received.new { HttpResponse::Created() } else { HttpResponse::Ok() };
    response.insert_header((LOCATION, format!("{CASES}/{}", received.case.id)));
    Ok(response.json(CaseForm::of(&received.case, now)))
}

/// Tells the partner: the messages to send, and the case, whose answer is now waited for.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/notify", tag = "Exceptions", request_body = NotifyRequest,
    params(("id" = String, Path, description = "The identifier of the case")),
    responses((status = 200, description = "`case`, `message`, `notification` and `email`.", body = Object)))]
pub async fn notify(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits, settings): (Data<Store>, Data<Limits>, Data<cases::Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: NotifyRequest = json_body::read(payload, request.headers(), &limits).await?;
    let requests = asked.asked().map_err(invalid)?;
    let who = caller.signed(asked.by.as_deref());
    let done = web::block(move || cases::notify(&store, &settings, (&id, &who), &requests, Utc::now()));
    Ok(sent(done.await??))
}

/// Answers a partner's report: the messages to send, and the case.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/respond", tag = "Exceptions", request_body = RespondRequest,
    params(("id" = String, Path, description = "The identifier of the case")),
    responses((status = 200, description = "`case`, `message` and `email`.", body = Object)))]
pub async fn respond(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits, settings): (Data<Store>, Data<Limits>, Data<cases::Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: RespondRequest = json_body::read(payload, request.headers(), &limits).await?;
    let all = asked.all.as_ref().map(|answer| answer.answer()).transpose().map_err(invalid)?;
    let reply = Reply { all, answers: asked.answers().map_err(invalid)?, notes: asked.notes };
    let who = caller.signed(asked.by.as_deref());
    let done = web::block(move || cases::respond(&store, &settings, (&id, &who), &reply, Utc::now()));
    Ok(sent(done.await??))
}

/// Writes a note.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/notes", tag = "Exceptions", request_body = NoteRequest,
    params(("id" = String, Path, description = "The identifier of the case")),
    responses((status = 200, description = "The case.", body = CaseForm)))]
pub async fn note(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: NoteRequest = json_body::read(payload, request.headers(), &limits).await?;
    let (who, now) = (caller.signed(asked.by.as_deref()), Utc::now());
    let case = web::block(move || cases::note(&store, (&id, &who), &asked.text, now)).await??;
    Ok(HttpResponse::Ok().json(CaseForm::of(&case, now)))
}

/// Closes a case for a reason.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/close", tag = "Exceptions", request_body = CloseRequest,
    params(("id" = String, Path, description = "The identifier of the case")),
    responses((status = 200, description = "`case`, `message`, `notification` and `email`.", body = Object)))]
pub async fn close(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits, settings): (Data<Store>, Data<Limits>, Data<cases::Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: CloseRequest = json_body::read(payload, request.headers(), &limits).await?;
    if asked.reason.trim().is_empty() {
        return Err(invalid("say in `reason` why the case is closed".to_owned()));
    }
    let who = caller.signed(asked.by.as_deref());
    let done = web::block(move || cases::close(&store, &settings, (&id, &who), &asked.reason, Utc::now()));
    Ok(sent(done.await??))
}

fn sent(sent: Sent) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "case": CaseForm::of(&sent.case, Utc::now()),
        "message": sent.message,
        "notification": sent.notification,
        "email": { "subject": sent.email.subject, "body": sent.email.body },
    }))
}

fn invalid(detail: String) -> Problem {
    Problem::new(Failure::Validation, detail)
}

fn missing() -> Problem {
    Problem::new(Failure::NoSuchName, "there is no case of this identifier")
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Problem {
        use crate::store::CaseError;
        match error {
            ExchangeError::Case(CaseError::Store(error)) => Problem::from(error),
            ExchangeError::Case(CaseError::NoSuchCase) => missing(),
            ExchangeError::Case(CaseError::MessageTaken(_)) => {
                Problem::new(Failure::ResourceAlreadyExists, error.to_string())
            }
            ExchangeError::Case(CaseError::NotAllowed { .. }) | ExchangeError::WrongSide(_) => {
                Problem::new(Failure::Conflict, error.to_string())
            }
            ExchangeError::Message(_) | ExchangeError::NoSuchItem(_) => invalid(error.to_string()),
        }
    }
}
