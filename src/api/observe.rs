//! What is seen of every request: its problem in the form asked for, a line in the log, and its measures.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Instant;

use actix_web::Error;
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use metrics::Counter;
use metrics::Histogram;
use metrics::SharedString;

use crate::api::Settings;
use crate::api::accept::prefers_xml;
use crate::api::problem::Failure;
use crate::api::problem::Problem;

/// Refuses too long a URL (414).
pub fn too_long(request: &ServiceRequest) -> Option<Problem> {
    let most = request.app_data::<Data<Settings>>().map_or(usize::MAX, |settings| settings.url_bytes);
    let length = request.uri().path_and_query().map_or(0, |it| it.as_str().len());
    (length > most).then(|| Problem::new(Failure::UriTooLong, format!("a URL may have {most} bytes")))
}

/// Puts the failure in XML for those who ask, and words what the framework refused by itself.
pub fn explain(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let replacement = match response.response().error() {
        Some(error) => {
            let xml = prefers_xml(response.request().headers());
            match error.as_error::<Problem>() {
                Some(problem) => xml.then(|| problem.to_xml()),
                None => Some(reworded(response.status(), error, xml)),
            }
        }
        None => None,
    };
    match replacement {
        Some(replacement) => {
            let (request, _) = response.into_parts();
            ServiceResponse::new(request, replacement)
        }
        None => response,
    }
}

fn reworded(status: StatusCode, error: &Error, xml: bool) -> HttpResponse {
    let problem = match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Failure::CaptureLimitExceeded, error.to_string()),
        StatusCode::REQUEST_TIMEOUT => Problem::new(Failure::RequestTimeout, error.to_string()),
        StatusCode::NOT_FOUND => Problem::new(Failure::NoSuchName, error.to_string()),
        status if status.is_client_error() => Problem::new(Failure::Validation, error.to_string()),
        _ => Problem::internal(error),
    };
    if xml { problem.to_xml() } else { problem.to_json() }
}

/// Writes the access log, and counts by the pattern of the resource.
pub fn record(response: &ServiceResponse<BoxBody>, pattern: Option<Cow<'static, str>>, began: Instant) {
    let request = response.request();
    let seconds = began.elapsed().as_secs_f64();
    let route = match pattern {
        Some(Cow::Borrowed(pattern)) => SharedString::const_str(pattern),
        Some(Cow::Owned(pattern)) => SharedString::from_owned(pattern),
        None => SharedString::const_str("other"),
    };
    let status = response.status().as_u16();
    tracing::info!(
        target: "access",
        method = %request.method(),
        path = ?told(request.uri().path()),
        status,
        milliseconds = (seconds * 1e6).round() / 1e3,
        client = request.peer_addr().map(|address| tracing::field::display(address.ip())),
    );
    Measures::of(route, method(request.method()), status, |measures| {
        measures.requests.increment(1);
        measures.seconds.record(seconds);
    });
}

/// Where the requests of one route with one outcome are counted.
struct Measures {
    requests: Counter,
    seconds: Histogram,
}

impl Measures {
    /// Hands over those of a route, method and status, which each thread looks up once.
    fn of(route: SharedString, method: &'static str, status: u16, count: impl FnOnce(&Measures)) {
        thread_local! {
            static KNOWN: RefCell<HashMap<(SharedString, &'static str, u16), Measures>> = RefCell::default();
        }
        KNOWN.with_borrow_mut(|known| {
            count(known.entry((route, method, status)).or_insert_with_key(|(route, method, status)| {
                let labels = [
                    ("route", route.clone()),
                    ("method", SharedString::const_str(method)),
                    ("status", SharedString::from_owned(status.to_string())),
                ];
                Measures {
                    requests: metrics::counter!("epcgate_requests_total", &labels),
                    seconds: metrics::histogram!("epcgate_request_seconds", &labels),
                }
            }));
        });
    }
}

/// The path as it is logged: without what opens an invitation, or lets somebody in.
fn told(path: &str) -> &str {
    const OPENING: [(&str, &str); 2] = [("/invite/", "/invite/…"), ("/set-up/", "/set-up/…")];
    OPENING.iter().find(|(opens, _)| path.starts_with(opens)).map_or(path, |(_, told)| told)
}

/// The method as a label; those nobody uses share one, so that a client cannot make up measures without end.
fn method(method: &actix_web::http::Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "OPTIONS", "HEAD", "PUT", "DELETE", "PATCH"];
    KNOWN.into_iter().find(|known| method.as_str() == *known).unwrap_or("other")
}
