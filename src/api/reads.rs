//! Reads of what parties told each other: each is an act of the audit trail, written down before the answer leaves.

use actix_web::Error;
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::middleware::Next;
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
const PLACES: [&str; 15] = [
    "/api/v1/advices",
    "/api/v1/audit",
    "/api/v1/documents",
    "/api/v1/exceptions",
    "/api/v1/findings",
    "/api/v1/items",
    "/api/v1/obligations",
    "/api/v1/orders",
    "/api/v1/receipts",
    "/api/v1/returns",
    "/api/v1/shipments",
    "/api/v1/transactions",
    "/api/v1/verifications",
    "/epcis/events",
    "/items",
];

/// Writes down who read what, where the answer has it; an answer that cannot be written down is not given.
pub async fn note_reads<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let response = next.call(request).await?;
    let asked = response.request();
    if response.status().is_success()
        && is_read(asked)
        && let Some(acts) = asked.app_data::<Data<Acts>>().cloned()
    {
        Box::pin(acts.record(act(asked))).await.map_err(Problem::from)?;
    }
    Ok(response)
}

fn is_read(request: &HttpRequest) -> bool {
    let path = request.path();
    let under =
        |place: &str| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    *request.method() == Method::GET && PLACES.iter().any(|place| under(place))
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
    use actix_web::middleware::from_fn;
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
                .wrap(from_fn(note_reads))
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
