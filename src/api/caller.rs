//! Caller: who asks, as an argument of handlers, and the API key of a request.

use std::future::Ready;
use std::future::ready;

use actix_web::FromRequest;
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderName;

use crate::access::Caller;
use crate::access::KeyText;
use crate::api::admission::challenge;
use crate::api::problem::Failure;
use crate::api::problem::Problem;

/// Another header than `Authorization: Bearer` for the key.
static KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// As an argument of a handler: who asks, as the admission before it has found out.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Caller, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Caller>().cloned();
        ready(found.ok_or_else(|| Problem::internal(&"a route was reached around the admission")))
    }
}

/// The key of a request, where it has one.
pub fn shown(headers: &HeaderMap) -> Result<Option<KeyText>, Problem> {
    let text =
        |name: &HeaderName| headers.get(name).map(|value| value.to_str().map(str::trim).unwrap_or_default());
    let key = match (text(&AUTHORIZATION), text(&KEY_HEADER)) {
        (Some(authorization), _) => match authorization.split_once(' ') {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
            _ => return Err(refused("Authorization must be `Bearer` and an API key")),
        },
        (None, Some(key)) => key,
        (None, None) => return Ok(None),
    };
    KeyText::parse(key).map(Some).map_err(|fault| refused(&fault.to_string()))
}

/// Nobody has proved who asks.
pub fn refused(detail: &str) -> Problem {
    metrics::counter!("epcgate_callers_refused_total").increment(1);
    challenge(Problem::new(Failure::Unauthorized, detail))
}
