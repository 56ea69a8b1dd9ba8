//! The session of a browser: who is signed in, and whether a page of ours sends what it sends.

use actix_web::HttpMessage;
use actix_web::dev::Payload;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::rt;
use actix_web::web;
use actix_web::web::Bytes;
use actix_web::web::Data;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use futures_util::stream;

use crate::access;
use crate::access::Caller;
use crate::access::FormToken;
use crate::access::Mode;
use crate::access::SESSION_COOKIE;
use crate::access::Token;
use crate::api::near;
use crate::api::problem::Problem;
use crate::store::Store;

/// The header with which modules of our pages bring the token along.
const HEADER: &str = "x-form-token";

/// The field with which forms do.
const FIELD: &str = "form_token=";

/// How long the last use of a session may go unnoted.
const NOTED: TimeDelta = TimeDelta::minutes(1);

/// Who is signed in in the browser that asks, with the token that its forms bring along. Where the gateway is open, nobody signs
/// in.
pub async fn signed_in(
    request: &ServiceRequest,
    settings: &access::Settings,
    now: DateTime<Utc>,
) -> Result<Option<(Caller, FormToken)>, Problem> {
    let token = request.cookie(SESSION_COOKIE).and_then(|cookie| Token::parse(cookie.value()));
    let (Some(token), Some(store), Mode::Closed) =
        (token, request.app_data::<Data<Store>>().cloned(), settings.mode)
    else {
        return Ok(None);
    };
    let (asked, digest) = (store.clone(), token.digest());
    let Some((session, person)) = web::block(move || asked.session(&digest)).await?? else { return Ok(None) };
    let idle = TimeDelta::minutes(settings.idle_minutes.into());
    if !session.is_good(person.station, idle, now) || person.admits(now).is_err() {
        return Ok(None);
    }
    if now - session.used_at > NOTED {
        rt::task::spawn_blocking(move || {
            if let Err(error) = store.session_used(&digest, now) {
                tracing::warn!(%error, "the use of a session cannot be noted");
            }
        });
    }
    Ok(Some((person.caller(), FormToken(token.form_token()))))
}

/// Whether a request that changes something brings the token of its session along, in a header or as a field of its form; and
/// comes from a page of ours. The form is left for its handler.
pub async fn brings(request: &mut ServiceRequest, token: &FormToken) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    if !near::is_own(request) {
        return false;
    }
    if let Some(brought) = request.headers().get(HEADER) {
        return brought.as_bytes() == token.0.as_bytes();
    }
    let is_form = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let Some(Ok(body)) = (match is_form {
        true => Some(request.extract::<Bytes>().await),
        false => None,
    }) else {
        return false;
    };
    let fields = body.split(|byte| *byte == b'&');
    let brought = fields
        .filter_map(|field| field.strip_prefix(FIELD.as_bytes()))
        .any(|value| value == token.0.as_bytes());
    let again: std::pin::Pin<Box<dyn futures_util::Stream<Item = _>>> =
        Box::pin(stream::once(std::future::ready(Ok(body))));
    request.set_payload(Payload::from(again));
    brought
}
