//! Reads of what parties told each other: each is an act of the audit trail, written down before the answer leaves.

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::access::OPERATOR;
use crate::api::problem::Problem;
use crate::dscsa::AuditEntry;
use crate::store::Acts;

/// Longest query that is written down, in bytes.
const MOST_BYTES: usize = 2_000;

/// What is read under these, and below them, is what parties told each other.
const PLACES: [&str; 2] = ["/epcis/events", "/items"];

/// And under these.
const API: &str = "/api/v1/";
const API_PLACES: [&str; 13] = [
    "advices",
    "audit",
    "documents",
    "exceptions",
    "findings",
    "items",
    "obligations",
    "orders",
    "receipts",
    "returns",
    "shipments",
    "transactions",
    "verifications",
];

/// Writes down who read what, where the answer has it; an answer that cannot be written down is not to be given.
pub async fn note_read<B>(response: &ServiceResponse<B>) -> Result<(), Problem> {
    let asked = response.request();
    if response.status().is_success()
        && is_read(asked)
        && let Some(acts) = asked.app_data::<Data<Acts>>()
    {
        Box::pin(acts.record(act(asked))).await?;
    }
    Ok(())
}

fn is_read(request: &HttpRequest) -> bool {
    let (path, places) = match request.path().strip_prefix(API) {
        Some(path) => (path, &API_PLACES[..]),
        None => (request.path(), &PLACES[..]),
    };
    let under =
        |place: &str| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    *request.method() == Method::GET && places.iter().any(|place| under(place))
}

fn act(request: &HttpRequest) -> AuditEntry {
    let extensions = request.extensions();
    let actor = extensions.get::<Caller>().map_or(OPERATOR, Caller::actor);
    let entry = AuditEntry::done(Utc::now(), actor, "data.read", request.path());
    match request.query_string() {
        "" => entry,
        query => entry.with(json!({ "query": query.get(..MOST_BYTES).unwrap_or(query) })),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::HttpResponse;
    use actix_web::dev::Service;
    use actix_web::test;
    use actix_web::test::TestRequest;
    use actix_web::web;

    use crate::store;
    use crate::store::Store;

    use super::*;

    #[actix_web::test]
    async fn what_is_read_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epcgate.db");
        let store = Store::open(path.to_str().unwrap(), &store::Settings::default()).unwrap();
        let app = test::init_service(
            App::new()
                .wrap_fn(|request, service| {
                    let asking = service.call(request);
                    async move {
                        let response = asking.await?;
                        note_read(&response).await?;
                        Ok(response)
                    }
                })
                .app_data(Data::new(Acts::start(&store).unwrap()))
                .default_service(web::to(async |request: HttpRequest| match request.path() {
                    "/api/v1/items/none" => HttpResponse::NotFound(),
                    _ => HttpResponse::Ok(),
                })),
        )
        .await;
        for path in
            ["/api/v1/items/7?a=b", "/api/v1/items/none", "/epcis/events", "/epcis/eventsx", "/healthz"]
        {
            test::call_service(&app, TestRequest::with_uri(path).to_request()).await;
        }
        let posted = TestRequest::post().uri("/api/v1/orders").to_request();
        test::call_service(&app, posted).await;
        let rows = store.audit_rows(&Caller::operator(), 0, 10).unwrap();
        let read: Vec<(&str, &str, &str)> = rows
            .iter()
            .map(|row| (row.entry.act.as_str(), row.entry.object.as_str(), row.entry.detail.as_str()))
            .collect();
        let first = ("data.read", "/api/v1/items/7", r#"{"query":"a=b"}"#);
        assert_eq!(read, [first, ("data.read", "/epcis/events", "")]);
    }
}
