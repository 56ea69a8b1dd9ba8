//! The page that shows the interface and tries it out: Swagger UI, of which every file is in the binary.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web;
use utoipa_swagger_ui::Config;

use crate::api::problem::Failure;
use crate::api::problem::Problem;

/// The folder of the page (`GET /docs`), by which the names of its files are understood.
pub async fn folder() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// The page and its files (`GET /docs/{file}`).
pub async fn file(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    // Without this, Swagger UI asks a server of its makers to judge the document.
    let config = Config::from("/api/v1/openapi.json").validator_url("none").display_request_duration(true);
    let found =
        utoipa_swagger_ui::serve(&name, Arc::new(config)).map_err(|error| Problem::internal(&error))?;
    let file =
        found.ok_or_else(|| Problem::new(Failure::NoSuchName, "the documentation has no such file"))?;
    Ok(HttpResponse::Ok().content_type(file.content_type).body(file.bytes.into_owned()))
}
