//! Page: a template as an answer, and what is shown where there is nothing else to show.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

/// What is shown in place of a page.
#[derive(Template)]
#[template(path = "instead.html")]
struct Instead<'a> {
    title: &'a str,
    text: &'a str,
}

/// A page that can be given.
pub fn ok(page: &impl Template) -> HttpResponse {
    with(StatusCode::OK, page)
}

/// There is nothing here, in a sentence.
pub fn not_found(text: &str) -> HttpResponse {
    with(StatusCode::NOT_FOUND, &Instead { title: "Not found", text })
}

/// What was sent cannot be taken, in a sentence.
pub fn unreadable(text: &str) -> HttpResponse {
    with(StatusCode::BAD_REQUEST, &Instead { title: "That did not arrive", text })
}

/// The one who asks may not.
pub fn refused() -> HttpResponse {
    let text =
        "These pages answer only to a browser on this machine, at a loopback address such as 127.0.0.1.";
    with(StatusCode::FORBIDDEN, &Instead { title: "Not from there", text })
}

/// We cannot answer now; the log says why.
pub fn failed(error: &dyn std::fmt::Display) -> HttpResponse {
    tracing::error!(%error, "a page could not be made");
    let text = "The gateway cannot answer at present. Nothing was lost; try again in a moment.";
    with(StatusCode::SERVICE_UNAVAILABLE, &Instead { title: "Not now", text })
}

fn with(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(text),
        Err(error) => {
            tracing::error!(%error, "a template failed");
            HttpResponse::InternalServerError().finish()
        }
    }
}
