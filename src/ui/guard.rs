//! Guard: who reaches the pages, and what a browser may do with them.
//!
//! As long as nobody signs in, the pages are for this machine alone: a site elsewhere must neither read them (its name may be
//! made to point here, so the Host has to be a loopback name) nor post to them.

use std::net::IpAddr;

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::AsHeaderName;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::header::HOST;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderName;
use actix_web::http::header::HeaderValue;
use actix_web::http::header::ORIGIN;
use actix_web::middleware::Next;

use crate::ui::page;

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

/// Refuses whoever is not at this machine or posts from another site; gives every answer its headers.
pub async fn stand<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let near = request.peer_addr().is_none_or(|peer| peer.ip().is_loopback());
    let allowed = near && is_loopback_name(header(request.headers(), &HOST)) && is_own(&request);
    let response = if allowed {
        next.call(request).await?.map_into_boxed_body()
    } else {
        request.into_response(page::refused())
    };
    Ok(dressed(response))
}

/// Gives every answer its headers, whoever asks.
pub async fn dress<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    Ok(dressed(next.call(request).await?.map_into_boxed_body()))
}

fn dressed(mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let headers = response.headers_mut();
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
    response
}

fn header(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// True for `localhost`, names below it, and loopback addresses, with or without a port.
fn is_loopback_name(host: Option<&str>) -> bool {
    let Some(host) = host else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let address = name.parse::<IpAddr>();
    address.map_or(name == "localhost" || name.ends_with(".localhost"), |address| address.is_loopback())
}

/// True unless a browser says that another site sends this. What is no browser says nothing, and acts for itself.
fn is_own(request: &ServiceRequest) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return true;
    }
    let headers = request.headers();
    if let Some(site) = header(headers, "sec-fetch-site") {
        return site == "same-origin";
    }
    match header(headers, &ORIGIN) {
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && authority == header(headers, &HOST)
        }
        None => !headers.contains_key(ORIGIN),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_loopback_names_are_hosts() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:80",
            "127.9.9.9",
            "[::1]:8080",
            "desk.localhost",
            "localhost.",
        ] {
            assert!(is_loopback_name(Some(host)), "{host}");
        }
        for host in
            ["evil.example", "10.0.0.1", "localhost.evil.example", "[fe80::1]", "", "127.0.0.1.evil.example"]
        {
            assert!(!is_loopback_name(Some(host)), "{host}");
        }
        assert!(!is_loopback_name(None));
    }

    fn check(method: &str, headers: &[(&str, &str)], expected: bool) {
        let mut request = TestRequest::with_uri("/scan").method(method.parse().unwrap());
        for header in headers {
            request = request.append_header(*header);
        }
        assert_eq!(is_own(&request.to_srv_request()), expected, "{method} {headers:?}");
    }

    #[test]
    fn another_site_cannot_post() {
        let host = ("host", "127.0.0.1:8080");
        check("GET", &[("sec-fetch-site", "cross-site")], true);
        check("POST", &[host], true);
        check("POST", &[host, ("sec-fetch-site", "same-origin")], true);
        check("POST", &[host, ("sec-fetch-site", "same-site")], false);
        check("POST", &[host, ("sec-fetch-site", "none")], false);
        check("POST", &[host, ("origin", "http://127.0.0.1:8080")], true);
        check("POST", &[host, ("origin", "http://127.0.0.1:9090")], false);
        check("POST", &[host, ("origin", "null")], false);
    }
}
