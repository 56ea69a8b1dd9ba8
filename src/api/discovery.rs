//! Discovery: what `OPTIONS` answers (EPCIS 2.0 REST binding, 204DefaultDiscoveryResponse and its kin).

use actix_web::HttpResponse;
use actix_web::HttpResponseBuilder;
use actix_web::Resource;
use actix_web::Route;
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::http::header::HeaderValue;
use actix_web::web;
use actix_web::web::Data;

use crate::api::Settings;
use crate::api::body::limit_headers;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;

/// A resource with these methods, which `OPTIONS` announces; any other method is refused (405).
pub fn resource(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(other_methods(allow))
}

/// What a place with these methods does with all others: `OPTIONS` announces them, and the rest is refused.
pub fn other_methods(allow: &'static str) -> Route {
    let other = move |method: Method, settings: Data<Settings>| async move {
        match method {
            Method::OPTIONS => Ok(settings_of(allow, &settings).finish()),
            _ => refuse_method(allow),
        }
    };
    web::to(other)
}

/// The resource that takes documents: `OPTIONS` announces its limits too.
pub fn capture_resource(path: &str, allow: &'static str) -> Resource {
    let announce = move |settings: Data<Settings>, limits: Data<Limits>| async move {
        let mut response = settings_of(allow, &settings);
        limit_headers(&limits).into_iter().for_each(|header| {
            response.insert_header(header);
        });
        response.insert_header(("GS1-Capture-Error-Behaviour", "rollback")).finish()
    };
    web::resource(path)
        .route(web::method(Method::OPTIONS).to(announce))
        .default_service(web::to(move || async move { refuse_method(allow) }))
}

fn settings_of(allow: &'static str, settings: &Settings) -> HttpResponseBuilder {
    let mut response = HttpResponse::NoContent();
    response
        .insert_header((ALLOW, allow))
        .insert_header(("GS1-EPCIS-Version", "2.0.0"))
        .insert_header(("GS1-EPCIS-Min", "1.0.0"))
        .insert_header(("GS1-EPCIS-Max", "2.0.0"))
        .insert_header(("GS1-CBV-Version", "2.0.0"))
        .insert_header(("GS1-CBV-Min", "1.0.0"))
        .insert_header(("GS1-CBV-Max", "2.0.0"))
        .insert_header(("GS1-EPC-Format", settings.epc_format.as_str()))
        .insert_header(("GS1-CBV-XML-Format", "Always_URN"))
        .insert_header(("GS1-Vendor-Version", concat!("epcgate-", env!("CARGO_PKG_VERSION"))));
    response
}

fn refuse_method(allow: &'static str) -> Result<HttpResponse, Problem> {
    let problem = Problem::new(Failure::MethodNotAllowed, format!("this resource has {allow}"));
    Err(problem.with_header(ALLOW, HeaderValue::from_static(allow)))
}
