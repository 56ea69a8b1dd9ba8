//! Small JSON bodies: what is asked of us in a few members.

use actix_web::http::header::HeaderMap;
use actix_web::web;
use serde::de::DeserializeOwned;

use crate::api::body;
use crate::api::body::Incoming;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::formats::Syntax;

/// Bytes that a body of a few members may have.
const MOST_BYTES: u64 = 4 << 20;

/// Reads a body; an empty one counts as an object without members.
///
/// Fails with 415 where it is not said to be JSON, with 400 where it is none or has other members than are asked for.
pub async fn read<T: DeserializeOwned>(
    payload: web::Payload,
    headers: &HeaderMap,
    limits: &Limits,
) -> Result<T, Problem> {
    let bytes = bytes(payload, headers, limits).await?;
    let text = if bytes.is_empty() { b"{}".as_slice() } else { bytes.as_slice() };
    serde_json::from_slice(text).map_err(|error| {
        Problem::new(Failure::Validation, format!("the body is not what is asked for: {error}"))
    })
}

/// The bytes of a JSON body; see [`read`].
pub async fn bytes(payload: web::Payload, headers: &HeaderMap, limits: &Limits) -> Result<Vec<u8>, Problem> {
    let limits = Limits { document_bytes: limits.document_bytes.min(MOST_BYTES), ..limits.clone() };
    let bytes =
        Incoming::new(payload, headers, &limits)?.drain(limits.document_bytes, || Ok(Vec::new())).await?;
    if !bytes.is_empty() && body::syntax(headers)? != Syntax::Json {
        return Err(Problem::new(Failure::UnsupportedMediaType, "this resource takes application/json"));
    }
    Ok(bytes)
}
