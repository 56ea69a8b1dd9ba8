//! Bodies of requests: streamed to where they are kept, within a time, at a least rate and up to a size.

use std::io;
use std::io::Write;

use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderName;
use actix_web::http::header::HeaderValue;
use actix_web::web;
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio::time::timeout;

use crate::api::content_coding::Coding;
use crate::api::content_coding::Decoder;
use crate::api::content_coding::Exceeded;
use crate::api::content_coding::Growth;
use crate::api::pace::Pace;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::formats::Syntax;
use crate::store::StoreError;

/// How much is gathered before it is written in one go.
const GATHERED: usize = 64 << 10;

/// `GS1-EPCIS-Capture-Limit`: events of one document.
pub const EVENT_LIMIT: HeaderName = HeaderName::from_static("gs1-epcis-capture-limit");
/// `GS1-EPCIS-Capture-File-Size-Limit`: bytes of one document.
pub const SIZE_LIMIT: HeaderName = HeaderName::from_static("gs1-epcis-capture-file-size-limit");

/// The syntax that `Content-Type` names; any but XML and JSON is refused (415).
pub fn syntax(headers: &HeaderMap) -> Result<Syntax, Problem> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    Syntax::from_media_type(essence).ok_or_else(|| {
        Problem::new(
            Failure::UnsupportedMediaType,
            "Content-Type takes application/json, application/ld+json, application/xml or text/xml",
        )
    })
}

/// A body as it arrives.
pub struct Incoming {
    payload: web::Payload,
    coding: Coding,
    limits: Limits,
    pace: Pace,
    gathered: Vec<u8>,
    ended: bool,
}

impl Incoming {
    /// Prepares to receive; refuses what its headers already say is too large (413) or coded in an unknown way (415).
    pub fn new(payload: web::Payload, headers: &HeaderMap, limits: &Limits) -> Result<Incoming, Problem> {
        let coding = Coding::of(headers)?;
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > limits.document_bytes) {
            return Err(too_large(Exceeded::Bytes(limits.document_bytes), limits));
        }
        let pace = Pace::new(limits.body_time(), limits.least_bytes_per_second);
        Ok(Incoming { payload, coding, limits: limits.clone(), pace, gathered: Vec::new(), ended: false })
    }

    /// Gathers the next bytes. Before a body is opened this costs no more than a little memory, however slow it is.
    ///
    /// Fails with 408 where they come too slowly.
    pub async fn gather(&mut self) -> Result<(), Problem> {
        while !self.ended && self.gathered.len() < GATHERED {
            let began = Instant::now();
            let next = timeout(self.pace.patience(), self.payload.next()).await;
            let brought = match next {
                Ok(None) => {
                    self.ended = true;
                    0
                }
                Ok(Some(chunk)) => {
                    let chunk = chunk.map_err(|error| interrupted(&error))?;
                    self.gathered.extend_from_slice(&chunk);
                    chunk.len()
                }
                Err(_) => 0,
            };
            if !self.pace.keeps_up(began.elapsed(), brought) && !self.ended {
                return Err(Problem::new(Failure::RequestTimeout, "the body comes too slowly"));
            }
        }
        Ok(())
    }

    /// True where all of the body has been gathered.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Brings the whole body, uncompressed, to the sink that `open` makes, and gives the sink back at its end.
    ///
    /// Fails with 408 where the body comes too slowly, 413 where it is too large, and 400 where its coding is broken.
    pub async fn drain<W, F>(mut self, most_bytes: u64, open: F) -> Result<W, Problem>
    where
        W: Write + Send + 'static,
        F: FnOnce() -> io::Result<W> + Send + 'static,
    {
        self.gather().await?;
        let (coding, limits) = (self.coding, self.limits.clone());
        let growth = Growth { bytes: most_bytes, expansion: limits.expansion };
        let refused = |error: io::Error| refused(error, coding, &limits);
        let mut decoder =
            web::block(move || Decoder::new(coding, growth, open()?)).await?.map_err(refused)?;
        loop {
            let gathered = std::mem::take(&mut self.gathered);
            decoder =
                web::block(move || decoder.write(&gathered).map(|()| decoder)).await?.map_err(refused)?;
            if self.ended {
                return web::block(move || decoder.finish()).await?.map_err(refused);
            }
            let waiting = Waiting(Some(decoder));
            self.gather().await?;
            decoder = waiting.into_inner().ok_or_else(|| Problem::internal(&"a body was lost"))?;
        }
    }
}

/// A body that waits for its client. Where the client goes away, what was kept of it is removed by a thread that may
/// block, and not by one that serves requests.
struct Waiting<W: Write + Send + 'static>(Option<Decoder<W>>);

impl<W: Write + Send + 'static> Waiting<W> {
    fn into_inner(mut self) -> Option<Decoder<W>> {
        self.0.take()
    }
}

impl<W: Write + Send + 'static> Drop for Waiting<W> {
    fn drop(&mut self) {
        if let (Some(decoder), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn_blocking(move || drop(decoder));
        }
    }
}

/// The answer to a document over a limit, with both limits in its headers (413).
pub fn too_large(exceeded: Exceeded, limits: &Limits) -> Problem {
    let problem = Problem::new(Failure::CaptureLimitExceeded, exceeded.to_string());
    limit_headers(limits).into_iter().fold(problem, |problem, (name, value)| problem.with_header(name, value))
}

/// The headers that announce the capture limits.
pub fn limit_headers(limits: &Limits) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = vec![(SIZE_LIMIT, HeaderValue::from(limits.document_bytes))];
    headers.extend(limits.events().map(|events| (EVENT_LIMIT, HeaderValue::from(events))));
    headers
}

fn refused(error: io::Error, coding: Coding, limits: &Limits) -> Problem {
    if let Some(exceeded) = error.get_ref().and_then(|inner| inner.downcast_ref::<Exceeded>()) {
        return too_large(*exceeded, limits);
    }
    let error = match error.downcast::<StoreError>() {
        Ok(error) => return error.into(),
        Err(error) => error,
    };
    let broken = match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => true,
        _ => coding == Coding::Zstd,
    };
    if coding != Coding::Identity && broken {
        let detail = format!("the body is not what its Content-Encoding says: {error}");
        return Problem::new(Failure::Validation, detail);
    }
    tracing::error!(%error, "a document cannot be kept");
    Problem::later("the document cannot be kept at present; send it again")
}

fn interrupted(error: &PayloadError) -> Problem {
    Problem::new(Failure::Validation, format!("the body ended early: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_media_types_are_read() {
        for (sent, expected) in [
            ("application/json", Some(Syntax::Json)),
            ("application/ld+json; charset=utf-8", Some(Syntax::Json)),
            ("Text/XML", Some(Syntax::Xml)),
            ("text/plain", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(sent).unwrap());
            assert_eq!(syntax(&headers).ok(), expected, "{sent}");
        }
    }

    #[test]
    fn a_full_store_is_told_from_a_broken_body() {
        let check = |error: io::Error, status: u16| {
            let problem = refused(error, Coding::Zstd, &Limits::default());
            assert_eq!(problem.to_json().status().as_u16(), status);
        };
        check(io::Error::other(StoreError::Full("no room".to_owned())), 507);
        check(io::Error::other(StoreError::Unavailable("no answer".to_owned())), 503);
        check(io::Error::other("broken"), 400);
    }

    #[test]
    fn limits_are_told_with_the_refusal() {
        let limits = Limits { document_bytes: 10, events_per_document: 3, ..Limits::default() };
        let response = too_large(Exceeded::Bytes(10), &limits).to_json();
        assert_eq!(response.status(), 413);
        assert_eq!(response.headers().get(SIZE_LIMIT).unwrap(), "10");
        assert_eq!(response.headers().get(EVENT_LIMIT).unwrap(), "3");
    }
}
