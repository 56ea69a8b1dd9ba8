//! Invitations as partners use them, without an account: `/invite/{token}` takes a test file and answers with its report.

use std::fs::File;
use std::io;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::ResponseError;
use actix_web::guard;
use actix_web::guard::GuardContext;
use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::LOCATION;
use actix_web::http::header::REFERRER_POLICY;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::Utc;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::access::Caller;
use crate::access::Invitation;
use crate::access::InvitationRefusal;
use crate::access::InvitationToken;
use crate::api::accept;
use crate::api::body::Incoming;
use crate::api::discovery;
use crate::api::multipart;
use crate::api::multipart::FormFile;
use crate::api::negotiation;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::capture::Policy;
use crate::dscsa::TradingPartner;
use crate::formats::invitations::InvitationForm;
use crate::formats::partner_score::TrialLine;
use crate::formats::trial_report::TrialReport;
use crate::onboard;
use crate::onboard::Bench;
use crate::onboard::TestFile;
use crate::reconcile::rulebook;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TrialRecord;
use crate::store::Upload;

/// How long a file waits for its turn to be judged.
const TURN: Duration = Duration::from_secs(30);

/// Bytes that a form has around its file.
const AROUND: u64 = 64 << 10;

/// Test files listed with an invitation.
const MOST_LISTED: i64 = 50;

/// How partners are brought on, and how many test files are judged at one time.
pub struct Onboarding {
    /// The settings.
    pub settings: onboard::Settings,
    /// Where partners reach us, without a slash at its end.
    pub address: String,
    turns: Semaphore,
}

impl Onboarding {
    /// As these settings say, for partners who reach us at this address.
    pub fn new(settings: &onboard::Settings, address: &str) -> Onboarding {
        Onboarding {
            turns: Semaphore::new(settings.tests_at_once.max(1)),
            settings: settings.clone(),
            address: address.to_owned(),
        }
    }
}

/// Adds the routes; what asks for a page goes on to the pages.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/invite/{token}", "OPTIONS, GET, POST")
                .guard(guard::fn_guard(is_no_page))
                .route(web::get().to(show))
                .route(web::post().to(post)),
        )
        .service(
            discovery::resource("/invite/{token}/tests/{test}", "OPTIONS, GET")
                .guard(guard::fn_guard(is_no_page))
                .route(web::get().to(test)),
        );
}

/// False for a browser that wants to show something.
fn is_no_page(context: &GuardContext<'_>) -> bool {
    let head = context.head();
    let takes_pages = head
        .headers()
        .get_all(ACCEPT)
        .any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")));
    head.method != Method::GET || !takes_pages
}

/// Takes a test file, alone or in a form, and answers with its report as JSON or text; a browser is sent on to the report's
/// page. The file is judged and not kept.
#[utoipa::path(post, path = "/invite/{token}", tag = "Invitations",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body(content((Object = "application/ld+json"), (String = "application/xml"), (String = "multipart/form-data")),
        description = "A document of any form, also in gzip or zstd."),
    responses((status = 201, description = "The report.",
        content((TrialReport = "application/json"), (String = "text/plain"))),
        (status = 303, description = "The page of the report, for a browser.")))]
pub async fn post(
    request: HttpRequest,
    token: web::Path<String>,
    payload: web::Payload,
    (store, limits, policy): (Data<Store>, Data<Limits>, Data<Policy>),
    onboarding: Data<Onboarding>,
) -> Result<HttpResponse, Problem> {
    let headers = request.headers();
    let offers = ["application/json", "text/plain", "text/html"];
    let form = accept::preferred(headers, &offers).ok_or_else(negotiation::nothing_fits)?;
    let report = taken(headers, &token, payload, (store, limits, policy), &onboarding).await;
    let here = |rest: &str| format!("/invite/{}{rest}", *token);
    match (report, form) {
        (Ok(report), "text/html") => Ok(see(&here(&format!("/tests/{}", report.id)))),
        (Ok(report), form) => {
            let mut response = HttpResponse::Created();
            response.insert_header((LOCATION, here(&format!("/tests/{}", report.id)))).insert_header(SECRET);
            Ok(match form {
                "text/plain" => {
                    response.content_type("text/plain; charset=utf-8").body(onboard::report_text(&report))
                }
                _ => response.json(report),
            })
        }
        (Err(problem), "text/html") if problem.status_code() != StatusCode::NOT_FOUND => {
            Ok(see(&here(&format!("?refused={}", word(problem.status_code())))))
        }
        (Err(problem), _) => Err(problem),
    }
}

/// What an invitation allows, how to deliver, and what was tried before.
#[utoipa::path(get, path = "/invite/{token}", tag = "Invitations",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = 200, description = "The invitation.", body = Object)))]
pub async fn show(
    request: HttpRequest,
    token: web::Path<String>,
    (store, policy): (Data<Store>, Data<Policy>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let own = policy.cases.gln.clone();
    let now = Utc::now();
    let found = web::block(move || {
        let (invitation, partner) = invited(&store, &token)?;
        let tests = store.trials(&Caller::operator(), &partner.id, None, MOST_LISTED)?;
        Ok::<_, Problem>((invitation, partner, tests))
    });
    let (invitation, partner, tests) = found.await??;
    let mut overrides = policy.overrides.clone();
    overrides.agree(&partner.policy);
    let rules = rulebook::rules().filter_map(|rule| {
        let severity = overrides.severity_of(rule.id, rule.severity)?;
        Some(json!({ "id": rule.id, "title": rule.words(), "severity": severity, "page": rule.page() }))
    });
    let shown: InvitationForm = onboard::shown(&invitation, None, now);
    let tests: Vec<TrialLine> = tests.iter().map(TrialLine::from).collect();
    let body = json!({
        "invitation": shown,
        "name": partner.name,
        "receiver": own,
        "tests": tests,
        "rules": rules.collect::<Vec<_>>(),
    });
    Ok(HttpResponse::Ok().insert_header(SECRET).json(body))
}

/// The report on a file that was tried before, as JSON or text.
#[utoipa::path(get, path = "/invite/{token}/tests/{test}", tag = "Invitations",
    params(("token" = String, Path, description = "The last part of the link"), ("test" = String, Path)),
    responses((status = 200, description = "The report.",
        content((TrialReport = "application/json"), (String = "text/plain")))))]
pub async fn test(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let offers = ["application/json", "text/plain"];
    let form = accept::preferred(request.headers(), &offers).ok_or_else(negotiation::nothing_fits)?;
    let found = web::block(move || {
        let (token, test) = path.into_inner();
        let (_, partner) = invited(&store, &token)?;
        Ok::<_, Problem>(store.trial_report(&Caller::operator(), &partner.id, &test)?)
    });
    let report = found.await??;
    let report = report.ok_or_else(|| Problem::new(Failure::NoSuchName, "no such file was tried"))?;
    let mut response = HttpResponse::Ok();
    response.insert_header(SECRET);
    if form == "application/json" {
        return Ok(response.content_type(form).body(report));
    }
    let report: TrialReport = serde_json::from_str(&report)
        .map_err(|error| Problem::from(StoreError::Damaged(error.to_string())))?;
    Ok(response.content_type("text/plain; charset=utf-8").body(onboard::report_text(&report)))
}

/// Answers are for whoever has the link.
const SECRET: (actix_web::http::header::HeaderName, &str) = (CACHE_CONTROL, "no-store");

/// Sends a browser on.
fn see(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, address))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header(SECRET)
        .finish()
}

/// Why a browser's file was not taken, for its page.
fn word(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "large",
        StatusCode::REQUEST_TIMEOUT => "slow",
        StatusCode::FORBIDDEN => "used-up",
        StatusCode::SERVICE_UNAVAILABLE => "busy",
        _ => "none",
    }
}

/// The invitation of a token and its partner; a problem where it lets nobody in.
fn invited(store: &Store, token: &str) -> Result<(Invitation, TradingPartner), Problem> {
    let token = InvitationToken::parse(token).ok_or_else(|| refused(InvitationRefusal::Unknown))?;
    let invitation = store.invitation(&token)?.ok_or_else(|| refused(InvitationRefusal::Unknown))?;
    invitation.admits(Utc::now()).map_err(refused)?;
    let partner = store.partner(&Caller::operator(), &invitation.partner)?;
    Ok((invitation, partner.ok_or_else(|| refused(InvitationRefusal::Unknown))?))
}

fn refused(refusal: InvitationRefusal) -> Problem {
    let failure = match refusal {
        InvitationRefusal::Unknown => Failure::NoSuchName,
        _ => Failure::Forbidden,
    };
    Problem::new(failure, refusal.to_string())
}

/// Takes and judges a file; what it needed is counted whatever becomes of it.
async fn taken(
    headers: &HeaderMap,
    token: &str,
    payload: web::Payload,
    (store, limits, policy): (Data<Store>, Data<Limits>, Data<Policy>),
    onboarding: &Onboarding,
) -> Result<TrialReport, Problem> {
    let Some(token) = InvitationToken::parse(token) else { return Err(refused(InvitationRefusal::Unknown)) };
    let most = most_bytes(headers, onboarding.settings.test_bytes);
    let counting = store.clone();
    let upload = web::block(move || counting.begin_upload(&token, most, Utc::now())).await??;
    let upload = upload.map_err(refused)?;
    let limits = Limits { document_bytes: upload.room + AROUND, ..limits.get_ref().clone() };
    let judged = match received(headers, payload, &limits).await {
        Ok(file) => judged(file, upload.clone(), (store.clone(), policy), onboarding).await,
        Err(problem) => Err(problem),
    };
    let bytes = judged.as_ref().map_or(0, |report| report.bytes);
    web::block(move || store.end_upload(&upload, bytes)).await??;
    judged
}

/// Bytes that the file may have: no more than it says that it has, where it is sent as it is.
fn most_bytes(headers: &HeaderMap, most: u64) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let coded = headers.contains_key("content-encoding");
    length.filter(|length| !coded && *length > 0).map_or(most, |length| length.min(most))
}

/// Brings a file, alone or in a form, into a temporary file.
async fn received(headers: &HeaderMap, payload: web::Payload, limits: &Limits) -> Result<TestFile, Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let incoming = Incoming::new(payload, headers, limits)?;
    let (file, name) = match multipart::boundary(kind) {
        None => (incoming.drain(limits.document_bytes, tempfile::tempfile).await?, String::new()),
        Some(boundary) => {
            let open = move || Ok::<_, io::Error>(FormFile::new(&boundary, tempfile::tempfile()?));
            let form: FormFile<File> = incoming.drain(limits.document_bytes, open).await?;
            let none = || Problem::new(Failure::Validation, "the form has no file, or its end is missing");
            form.finish().ok_or_else(none)?
        }
    };
    Ok(TestFile { name, file })
}

/// Judges a file and keeps its report.
async fn judged(
    file: TestFile,
    upload: Upload,
    (store, policy): (Data<Store>, Data<Policy>),
    onboarding: &Onboarding,
) -> Result<TrialReport, Problem> {
    let busy = || Problem::later("too many files are being judged; send this one again");
    let _turn = timeout(TURN, onboarding.turns.acquire()).await.map_err(|_| busy())?;
    let work = web::block(move || {
        let (caller, now) = (Caller::operator(), Utc::now());
        let partner = store.partner(&caller, &upload.invitation.partner)?;
        let partner = partner.ok_or_else(|| refused(InvitationRefusal::Unknown))?;
        let standing = store.partner_standing(&caller, &partner.id)?;
        let bench = Bench {
            partner: &partner,
            standing: &standing,
            overrides: &policy.overrides,
            own: &policy.cases.gln,
            most_bytes: upload.room,
        };
        let id = uuid::Uuid::now_v7().to_string();
        let report = bench.judge(file, &id, now)?;
        let record = TrialRecord {
            id,
            partner: partner.id.to_string(),
            invitation: upload.invitation.id.clone(),
            at: now,
            name: report.name.clone(),
            bytes: report.bytes,
            form: report.form.clone(),
            grade: report.grade.clone(),
        };
        let kept = serde_json::to_string(&report).map_err(|error| Problem::internal(&error))?;
        store.add_trial(&record, &kept)?;
        Ok::<_, Problem>(report)
    });
    work.await?
}
