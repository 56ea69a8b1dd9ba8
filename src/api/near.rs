//! Near: whether a request comes from this machine, and from a page of ours.
//!
//! As long as nobody proves who they are, the gateway is for this machine alone: a site elsewhere must neither read from it (its
//! name may be made to point here, so the host has to be a loopback name) nor send to it.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::AsHeaderName;
use actix_web::http::header::HOST;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::ORIGIN;

/// True where the request comes from this machine, and asks for it by a loopback name.
pub fn is_near(request: &ServiceRequest) -> bool {
    let near = request.peer_addr().is_none_or(|peer| peer.ip().is_loopback());
    near && is_loopback_name(host(request))
}

/// True unless a browser says that another site sends this. What is no browser says nothing, and acts for itself.
pub fn is_own(request: &ServiceRequest) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let headers = request.headers();
    if let Some(site) = header(headers, "sec-fetch-site") {
        return site == "same-origin";
    }
    match header(headers, &ORIGIN) {
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && authority == host(request)
        }
        None => !headers.contains_key(ORIGIN),
    }
}

/// The host that is asked for, with its port; over HTTP/2 it stands in the address.
fn host(request: &ServiceRequest) -> Option<&str> {
    let authority = || request.uri().authority().map(|authority| authority.as_str());
    header(request.headers(), &HOST).or_else(authority)
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
