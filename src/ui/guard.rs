//! Guard: what a browser may do with the pages, and what is shown to who is turned away.

use actix_web::Error;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderName;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::Next;

use crate::access::Turned;
use crate::ui::page;
use crate::ui::sign_in;

/// What every answer carries that does not say otherwise itself.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Gives every answer its headers.
pub async fn stand<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = next.call(request).await?.map_into_boxed_body();
    protect(response.headers_mut());
    Ok(response)
}

/// What is shown to who is turned away before a page is made; who has not signed in is sent to where one does.
pub fn turned_away(request: &HttpRequest, why: Turned) -> HttpResponse {
    let mut response = match why {
        Turned::NotFromHere => page::refused(),
        Turned::NotPermitted => page::not_permitted(),
        Turned::NotSignedIn if is_visit(request) => sign_in::first(request),
        Turned::NotSignedIn => page::not_signed_in(),
        Turned::Nowhere => page::not_found("There is no page at this address."),
    };
    protect(response.headers_mut());
    response
}

/// True where a person waits for a page, and not one of our modules for a part of it.
fn is_visit(request: &HttpRequest) -> bool {
    let mode = request.headers().get("sec-fetch-mode").map(HeaderValue::as_bytes);
    *request.method() == Method::GET && mode.is_none_or(|mode| mode == b"navigate")
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if !headers.contains_key(CACHE_CONTROL) {
        // A verdict is true when it is given, and must never come back from a cache.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
