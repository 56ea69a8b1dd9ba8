//! `/api/v1/documents`: documents as they were received, byte for byte.

use std::io::Read;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::http::header::ETAG;
use actix_web::http::header::IF_NONE_MATCH;
use actix_web::web;
use actix_web::web::Bytes;
use actix_web::web::Data;
use futures_util::stream;

use crate::access::Caller;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::store::DocumentInput;
use crate::store::Store;

/// How much is sent at a time.
const CHUNK: usize = 64 << 10;

/// A document as received, byte for byte; `ETag` is the SHA-256 of its bytes.
#[utoipa::path(get, path = "/api/v1/documents/{id}", tag = "Items",
    params(("id" = String, Path, description = "From a step of a chain of custody")),
    responses((status = 200, description = "The bytes as received.",
        content((String = "application/xml"), (Object = "application/json")))))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let unknown = || Problem::new(Failure::NoSuchName, "there is no document of this number");
    let id: i64 = id.parse().map_err(|_| unknown())?;
    let found = web::block(move || match store.document(&caller, id)? {
        Some(document) => Ok(Some((document, store.input(id)?))),
        None => Ok::<_, Problem>(None),
    });
    let (document, input) = found.await??.ok_or_else(unknown)?;
    let tag = format!("\"{}\"", document.sha256);
    if request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let name = format!("attachment; filename=\"{id}.{}\"", document.syntax);
    Ok(HttpResponse::Ok()
        .content_type(format!("application/{}", document.syntax))
        .insert_header((ETAG, tag))
        .insert_header((CONTENT_LENGTH, document.size))
        // What a sender wrote is never shown as a page of ours.
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .streaming(stream::unfold(Some(input), next)))
}

/// The next bytes, read beside the threads that serve.
async fn next(input: Option<DocumentInput>) -> Option<(Result<Bytes, Problem>, Option<DocumentInput>)> {
    let mut input = input?;
    let read = web::block(move || {
        let mut bytes = Vec::with_capacity(CHUNK);
        let read = input.by_ref().take(CHUNK as u64).read_to_end(&mut bytes);
        (read.map(|_| bytes), input)
    });
    match read.await {
        Ok((Ok(bytes), _)) if bytes.is_empty() => None,
        Ok((Ok(bytes), input)) => Some((Ok(Bytes::from(bytes)), Some(input))),
        Ok((Err(error), _)) => Some((Err(Problem::internal(&error)), None)),
        Err(error) => Some((Err(error.into()), None)),
    }
}
