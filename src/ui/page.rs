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

/// It is not asked from this machine.
pub fn refused() -> HttpResponse {
    let text =
        "These pages answer only to a browser on this machine, at a loopback address such as 127.0.0.1.";
    with(StatusCode::FORBIDDEN, &Instead { title: "Not from there", text })
}

/// Nobody has signed in, or no longer is.
pub fn not_signed_in() -> HttpResponse {
    let text = "Sign in to go on.";
    with(StatusCode::UNAUTHORIZED, &Instead { title: "Not signed in", text })
}

/// Who has signed in may not see this.
pub fn not_permitted() -> HttpResponse {
    let text = "You may not see this page. Who lets people in here can change that.";
    with(StatusCode::FORBIDDEN, &Instead { title: "Not for you", text })
}

/// We cannot answer now; the log says why.
pub fn failed(error: &dyn std::fmt::Display) -> HttpResponse {
    tracing::error!(%error, "a page could not be made");
    let text = "The gateway cannot answer at present. Nothing was lost; try again in a moment.";
    with(StatusCode::SERVICE_UNAVAILABLE, &Instead { title: "Not now", text })
}

/// A page with another status.
pub fn with(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(text),
        Err(error) => {
            tracing::error!(%error, "a template failed");
            HttpResponse::InternalServerError().finish()
        }
    }
}
