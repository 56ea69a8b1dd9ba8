//! Verification for partners: `/vrs/verify/…` and `/vrs/checkConnectivity` (GS1 Lightweight Messaging Standard 1.1; GS1 US
//! guideline 1.1 and 1.3).

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::guard;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::header::HeaderValue;
use actix_web::http::header::RETRY_AFTER;
use actix_web::http::header::VIA;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::Utc;
use uuid::Uuid;

use crate::access::Caller;
use crate::api::discovery;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::formats::verification::Release;
use crate::formats::verification::VERSION_HEADER;
use crate::formats::verification::write_connectivity;
use crate::store::JournalError;
use crate::verify::Asked;
use crate::verify::Desk;
use crate::verify::Refusal;
use crate::verify::VerifyError;

/// Where questions are asked.
const BASE: &str = "/vrs/verify";

/// The resource of a question. Whatever else stands below [`BASE`] is taken for one too, and told what one looks like.
const VERIFY: &str = "/vrs/verify/gtin/{gtin}/lot/{lot}/ser/{ser}";

/// An answer is for who asked, and for now.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Adds the routes below `/vrs`.
pub fn configure(config: &mut ServiceConfig) {
    // A question is read from its path as sent, so that there is nothing to be looked for in it here.
    config
        .service(web::scope(BASE).guard(guard::Get()).default_service(web::to(verify)))
        .service(web::scope(BASE).default_service(discovery::other_methods("OPTIONS, GET")))
        .service(
            discovery::resource("/vrs/checkConnectivity", "OPTIONS, GET").route(web::get().to(connectivity)),
        );
}

/// The path of the resource of a question; `None` for any other path. Questions come so often that looking for it in the map
/// of all resources would tell.
pub fn pattern(path: &str) -> Option<&'static str> {
    let rest = path.strip_prefix(BASE)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(VERIFY)
}

/// Answers whether a product identifier of ours is the one that was assigned. Lot and serial number are percent-encoded.
#[utoipa::path(get, path = "/vrs/verify/gtin/{gtin}/lot/{lot}/ser/{ser}", tag = "Verification",
    params(("gtin" = String, Path, description = "GTIN with 8, 12, 13 or 14 digits"),
        ("lot" = String, Path, description = "Lot number"),
        ("ser" = String, Path, description = "Serial number"),
        ("exp" = String, Query, description = "Expiry as on the label, `YYMMDD`; the day 00 is the last of its month"),
        ("linkType" = String, Query, description = "`verificationService`"),
        ("context" = String, Query, description = "`dscsaSaleableReturn`, or another that is agreed on"),
        ("reqGLN" = String, Query, description = "GLN of who asks, 13 digits"),
        ("corrUUID" = String, Query, description = "A UUID of version 4, which the answer repeats"),
        ("ctrlPossessAtt" = Option<bool>, Query, description = "Who asks has the product (1.3)"),
        ("email" = Option<String>, Query, description = "How to reach who asks (1.3)"),
        ("telephone" = Option<String>, Query, description = "How to reach who asks (1.3)"),
        ("GS1US-Version" = Option<String>, Header, description = "`1.3.0`, where the question follows 1.3")),
    responses((status = 200, description = "The answer.", body = Object),
        (status = 400, description = "A parameter is missing or not allowed."),
        (status = 401, description = "Who asks is not known."),
        (status = 403, description = "Who asks may not, or guesses."),
        (status = 404, description = "Nobody here answers for this GTIN."),
        (status = 502, description = "It was passed on, and what came back is no answer."),
        (status = 503, description = "Not now: ask again."),
        (status = 504, description = "It was passed on, and nobody answered in time.")))]
pub async fn verify(request: HttpRequest, caller: Caller, desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    // A request has few headers: to look at each costs less than to make a name of what is looked for.
    let header = |name: &str| {
        let mut sent = request.headers().iter();
        let found = sent.find(|(sent, _)| sent.as_str().eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.to_str().ok())
    };
    let release = Release::of_header(header(VERSION_HEADER));
    let asked = Asked {
        segments: request.uri().path().strip_prefix(BASE).unwrap_or_default(),
        query: request.uri().query().unwrap_or_default(),
        release,
        actor: caller.actor(),
        speaks_for: caller.speaks_for(),
        presented: desk.presented(header),
        via: header(VIA.as_str()).unwrap_or_default(),
        now: Utc::now(),
        random: Uuid::new_v4(),
    };
    let reply = desk.answer(asked).await.map_err(problem)?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/json").insert_header((CACHE_CONTROL, NOT_KEPT));
    if let Some(version) = release.header() {
        response.insert_header((VERSION_HEADER, version));
    }
    if let Some(credential) = reply.credential {
        response.insert_header(credential);
    }
    Ok(response.body(reply.body))
}

/// Tells who answers for a trade item here.
#[utoipa::path(get, path = "/vrs/checkConnectivity", tag = "Verification",
    params(("gtin" = String, Query, description = "GTIN with 8, 12, 13 or 14 digits"),
        ("reqGLN" = String, Query, description = "GLN of who asks, 13 digits"),
        ("linkType" = Option<String>, Query, description = "`verificationService`"),
        ("context" = Option<String>, Query, description = "`dscsaSaleableReturn`, or another that is agreed on")),
    responses((status = 200, description = "The GLN of who answers (`responderGLN`).", body = Object),
        (status = 401, description = "Who asks is not known."),
        (status = 403, description = "Who asks may not."),
        (status = 404, description = "Nobody here answers for this GTIN.")))]
pub async fn connectivity(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let query = request.uri().query().unwrap_or_default();
    let via = request.headers().get(VIA).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let responder = desk.connectivity(query, caller.speaks_for(), via).await.map_err(problem)?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/json").insert_header((CACHE_CONTROL, NOT_KEPT));
    Ok(response.body(write_connectivity(&responder)))
}

/// The status that the standard has for each refusal (LMS 1.1, section 9).
fn problem(refusal: Refusal) -> Problem {
    let words = refusal.to_string();
    let problem = match refusal {
        Refusal::Fault(fault) if fault.status() == 404 => Problem::new(Failure::NoSuchName, words),
        Refusal::Fault(_) => Problem::new(Failure::QueryParameter, words),
        Refusal::Unknown(_) | Refusal::Credential(_) => Problem::new(Failure::Unauthorized, words)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"epcgate\"")),
        Refusal::NotPermitted(_) => Problem::new(Failure::Forbidden, words),
        Refusal::Paused(_, until) => {
            let seconds = (until - Utc::now()).num_seconds().max(1);
            Problem::new(Failure::Forbidden, words).with_header(RETRY_AFTER, HeaderValue::from(seconds))
        }
        Refusal::NotPassed { status, .. } => {
            let failure = match status {
                401 => Failure::Unauthorized,
                403 => Failure::Forbidden,
                404 => Failure::NoSuchName,
                504 => Failure::UpstreamLate,
                _ => Failure::Upstream,
            };
            let problem = Problem::new(failure, words);
            match failure {
                Failure::Unauthorized => problem
                    .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"epcgate\"")),
                _ => problem,
            }
        }
        Refusal::NotOurs(_) | Refusal::Incomplete => Problem::new(Failure::NoSuchName, words),
        Refusal::Journal(JournalError::Store(error))
        | Refusal::Verify(VerifyError::Journal(JournalError::Store(error))) => {
            tracing::error!(%error, "a verification could not be written down");
            Problem::later("the answer could not be written down, and does not leave before; ask again")
        }
        Refusal::Journal(JournalError::Ledger(error)) => {
            tracing::error!(%error, "a verification could not be looked up");
            Problem::later(&words)
        }
        Refusal::Journal(_) | Refusal::Verify(VerifyError::Stopping | VerifyError::Journal(_)) => {
            Problem::later(&words)
        }
        Refusal::Verify(VerifyError::Store(error)) => Problem::from(error),
    };
    problem.with_header(CACHE_CONTROL, NOT_KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_below_the_base_is_a_question() {
        for (path, expected) in [
            ("/vrs/verify", true),
            ("/vrs/verify/", true),
            ("/vrs/verify/gtin/1/lot/2/ser/3", true),
            ("/vrs/verifygtin", false),
            ("/vrs", false),
            ("/vrs/checkConnectivity", false),
            ("/api/vrs/verify", false),
        ] {
            assert_eq!(pattern(path).is_some(), expected, "{path}");
        }
    }
}
