//! Bringing partners on: `/api/v1/partners/{id}` and its invitations, state, test files and score.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::access::Revocation;
use crate::api::Onboarding;
use crate::api::Settings;
use crate::api::discovery;
use crate::api::json_body;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::dscsa::Decision;
use crate::formats::invitations::InvitationForm;
use crate::formats::invitations::InviteRequest;
use crate::formats::invitations::WhyRequest;
use crate::formats::partner_score::PartnerCard;
use crate::formats::partner_score::PartnerScore;
use crate::formats::partner_score::TrialLine;
use crate::onboard;
use crate::onboard::Inviting;
use crate::onboard::OnboardError;
use crate::store::Store;
use crate::transport;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/partners/{id}/invitations", "OPTIONS, GET, POST")
                .route(web::get().to(invitations))
                .route(web::post().to(invite)),
        )
        .service(
            discovery::resource("/partners/{id}/invitations/{invitation}", "OPTIONS, DELETE")
                .route(web::delete().to(revoke)),
        )
        .service(discovery::resource("/partners/{id}/live", "OPTIONS, POST").route(web::post().to(live)))
        .service(discovery::resource("/partners/{id}/pause", "OPTIONS, POST").route(web::post().to(pause)))
        .service(discovery::resource("/partners/{id}/card", "OPTIONS, GET").route(web::get().to(card)))
        .service(discovery::resource("/partners/{id}/score", "OPTIONS, GET").route(web::get().to(score)))
        .service(discovery::resource("/partners/{id}/tests", "OPTIONS, GET").route(web::get().to(tests)))
        .service(
            discovery::resource("/partners/{id}/tests/{test}", "OPTIONS, GET").route(web::get().to(test)),
        );
}

impl From<OnboardError> for Problem {
    fn from(error: OnboardError) -> Problem {
        match error {
            OnboardError::NoPartner(_) => {
                Problem::new(Failure::NoSuchName, "there is no partner of this id or GLN")
            }
            OnboardError::Invalid(text) => Problem::new(Failure::Validation, text),
            OnboardError::Conflict(conflict) => {
                Problem::new(Failure::ResourceAlreadyExists, conflict.to_string())
            }
            OnboardError::Store(error) => error.into(),
            OnboardError::Reconcile(error) => Problem::internal(&error),
        }
    }
}

/// Invites a partner to try its files; a GLN that no partner has becomes a new one. The link is shown this once.
#[utoipa::path(post, path = "/api/v1/partners/{id}/invitations", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs")), request_body = InviteRequest,
    responses((status = 201, description = "The invitation, with its link.", body = InvitationForm)))]
pub async fn invite(
    request: HttpRequest,
    (caller, id): (Caller, web::Path<String>),
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
    onboarding: Data<Onboarding>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: InviteRequest = json_body::read(payload, request.headers(), &limits).await?;
    let InviteRequest { name, days, uploads, bytes } = asked;
    let partner = id.into_inner();
    let asked = Inviting { partner, name, days, uploads, bytes, by: caller.actor().to_owned() };
    let random = transport::random().ok_or_else(|| Problem::internal(&"the system gives no random bytes"))?;
    let (settings, now) = (onboarding.clone(), Utc::now());
    let made = web::block(move || {
        Ok::<_, Problem>(onboard::invite(&store, &caller, &asked, &settings.settings, (&random, now))?)
    });
    let made = made.await??;
    let link = format!("{}{}", onboarding.address, made.path());
    Ok(HttpResponse::Created().json(onboard::shown(&made.invitation, Some(link), now)))
}

/// The invitations of a partner, the newest first.
#[utoipa::path(get, path = "/api/v1/partners/{id}/invitations", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs")),
    responses((status = 200, description = "The invitations.", body = Object)))]
pub async fn invitations(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || {
        let partner = onboard::find(&store, &caller, &id)?;
        Ok::<_, Problem>(store.invitations(&caller, &partner.id)?)
    });
    let now = Utc::now();
    let found = found.await??;
    let shown: Vec<InvitationForm> = found.iter().map(|one| onboard::shown(one, None, now)).collect();
    Ok(HttpResponse::Ok().json(json!({ "invitations": shown })))
}

/// Takes an invitation back; one that was taken back stays as it is.
#[utoipa::path(delete, path = "/api/v1/partners/{id}/invitations/{invitation}", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs"), ("invitation" = String, Path)),
    responses((status = 204, description = "It is taken back.")))]
pub async fn revoke(
    caller: Caller,
    path: web::Path<(String, String)>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let revoked = Revocation { at: Utc::now(), by: caller.actor().to_owned(), why: String::new() };
    let done = web::block(move || {
        let (id, invitation) = path.into_inner();
        let partner = onboard::find(&store, &caller, &id)?;
        Ok::<_, Problem>(store.revoke_invitation(&caller, (&partner.id, &invitation), &revoked)?)
    });
    match done.await?? {
        Some(_) => Ok(HttpResponse::NoContent().finish()),
        None => Err(Problem::new(Failure::NoSuchName, "this partner has no such invitation")),
    }
}

/// Lets a partner go live: goods that its files name are released from now on.
#[utoipa::path(post, path = "/api/v1/partners/{id}/live", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs")), request_body = WhyRequest,
    responses((status = 200, description = "How the partner stands now.", body = PartnerCard)))]
pub async fn live(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    decide((&request, caller), id.into_inner(), payload, (store, limits), onboard::go_live).await
}

/// Takes a partner back to where its files are judged and nothing in them is released.
#[utoipa::path(post, path = "/api/v1/partners/{id}/pause", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs")), request_body = WhyRequest,
    responses((status = 200, description = "How the partner stands now.", body = PartnerCard)))]
pub async fn pause(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    decide((&request, caller), id.into_inner(), payload, (store, limits), onboard::pause).await
}

type Decide = fn(&Store, &Caller, &str, &Decision) -> Result<bool, OnboardError>;

async fn decide(
    (request, caller): (&HttpRequest, Caller),
    id: String,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
    decide: Decide,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: WhyRequest = json_body::read(payload, request.headers(), &limits).await?;
    let now = Utc::now();
    let card = web::block(move || {
        let decision =
            Decision { who: caller.actor().to_owned(), when: now, why: asked.reason.trim().to_owned() };
        decide(&store, &caller, &id, &decision)?;
        let partner = onboard::find(&store, &caller, &id)?;
        Ok::<_, Problem>(onboard::card(&store, &caller, partner)?.form(now))
    });
    Ok(HttpResponse::Ok().json(card.await??))
}

/// How a partner stands: whether it is live, its licences and certificates with their days left, the last files.
#[utoipa::path(get, path = "/api/v1/partners/{id}/card", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs")),
    responses((status = 200, description = "The card.", body = PartnerCard)))]
pub async fn card(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let card = web::block(move || {
        let partner = onboard::find(&store, &caller, &id)?;
        Ok::<_, Problem>(onboard::card(&store, &caller, partner)?.form(Utc::now()))
    });
    Ok(HttpResponse::Ok().json(card.await??))
}

/// How well a partner's files fit: accepted first time, late, errors by rule, time to mend, week by week.
#[utoipa::path(get, path = "/api/v1/partners/{id}/score", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs"),
        ("weeks" = Option<u32>, Query, description = "Weeks looked back, this one included; 104 at most")),
    responses((status = 200, description = "The scorecard.", body = PartnerScore)))]
pub async fn score(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    (store, settings): (Data<Store>, Data<Settings>),
    onboarding: Data<Onboarding>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["weeks"], &settings)?;
    let weeks = listing.value("weeks").map(str::parse::<u32>).transpose();
    let weeks = weeks.map_err(|_| Problem::new(Failure::QueryParameter, "weeks takes a whole number"))?;
    let weeks = weeks.unwrap_or(onboarding.settings.score_weeks);
    let score = web::block(move || {
        let partner = onboard::find(&store, &caller, &id)?;
        Ok::<_, Problem>(onboard::score(&store, &caller, &partner, (weeks, Utc::now()))?)
    });
    Ok(HttpResponse::Ok().json(score.await??))
}

/// The test files of a partner, the newest first.
#[utoipa::path(get, path = "/api/v1/partners/{id}/tests", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs"),
        ("perPage" = Option<u32>, Query), ("nextPageToken" = Option<String>, Query)),
    responses((status = 200, description = "A page of test files.", body = Object)))]
pub async fn tests(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &[], &settings)?;
    let (size, before) = (listing.size, listing.token);
    let most = i64::try_from(size + 1).unwrap_or(i64::MAX);
    let found = web::block(move || {
        let partner = onboard::find(&store, &caller, &id)?;
        Ok::<_, Problem>(store.trials(&caller, &partner.id, before.as_deref(), most)?)
    });
    let mut found = found.await??;
    let more = found.len() > size;
    found.truncate(size);
    let mut response = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| more) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    let shown: Vec<TrialLine> = found.iter().map(TrialLine::from).collect();
    Ok(response.json(json!({ "tests": shown })))
}

/// The report on a test file of a partner.
#[utoipa::path(get, path = "/api/v1/partners/{id}/tests/{test}", tag = "Trading partners",
    params(("id" = String, Path, description = "Its id, or one of its GLNs"), ("test" = String, Path)),
    responses((status = 200, description = "The report.", body = Object)))]
pub async fn test(
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let report = web::block(move || {
        let (id, test) = path.into_inner();
        let partner = onboard::find(&store, &caller, &id)?;
        Ok::<_, Problem>(store.trial_report(&caller, &partner.id, &test)?)
    });
    let report = report.await??;
    let report =
        report.ok_or_else(|| Problem::new(Failure::NoSuchName, "this partner tried no such file"))?;
    Ok(HttpResponse::Ok().content_type("application/json").body(report))
}
