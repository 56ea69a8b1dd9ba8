//! `/as2`: messages of partners by AS2 (RFC 4130), and `/as2/mdn`: their receipts of ours that come on connections of their own.
//! Who sends proves it by its signature, not by a key.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderValue;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use tempfile::SpooledTempFile;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::api::body::Incoming;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::exchange::InboxError;
use crate::exchange::as2::Answered;
use crate::exchange::as2::Station;
use crate::exchange::as2::StationError;
use crate::transport::as2::Fields;
use crate::transport::as2::OwnSettings;

/// How long a message waits to be opened.
const TURN: Duration = Duration::from_secs(30);

/// Bytes up to which a message needs no place among the large ones that are on their way.
const SMALL: u64 = 1 << 20;

/// Bytes of a message up to which it waits in memory, and not in a temporary file: anybody may send, on every connection.
const IN_MEMORY: usize = 64 << 10;

/// Bytes that a receipt may have.
const MOST_RECEIPT: u64 = 1 << 20;

/// Large messages that may be on their way, or wait to be opened, at one time, each in a temporary file.
const MOST_ARRIVING: usize = 64;

/// How many messages are on their way, and how many opened and so held in memory, at one time.
pub struct Turns {
    arriving: Semaphore,
    opening: Arc<Semaphore>,
}

impl Turns {
    /// As many as are set.
    pub fn new(own: &OwnSettings) -> Turns {
        let opening = Arc::new(Semaphore::new(own.messages_at_once.max(1)));
        Turns { arriving: Semaphore::new(MOST_ARRIVING), opening }
    }
}

/// Takes an AS2 message, and answers with its receipt once it is kept (RFC 4130).
#[utoipa::path(post, path = "/as2", tag = "Exchange",
    params(("AS2-From" = String, Header, description = "Who sends"),
        ("AS2-To" = String, Header, description = "Who is to receive"),
        ("Message-ID" = String, Header, description = "The same each time the message is sent"),
        ("Disposition-Notification-To" = Option<String>, Header, description = "A receipt is wanted"),
        ("Receipt-Delivery-Option" = Option<String>, Header, description = "On a connection of its own, to the address agreed")),
    request_body(content = Vec<u8>, content_type = "application/pkcs7-mime",
        description = "The message: signed, encrypted and compressed as was agreed"),
    responses((status = 200, description = "The receipt, which says whether the message was taken; empty where none is wanted here.", body = Vec<u8>, content_type = "multipart/signed"),
        (status = 400, description = "Its header cannot be read, or it is not taken and wants no receipt."),
        (status = 403, description = "Nothing is agreed between these two."),
        (status = 413, description = "It is too large for AS2; SFTP and `POST /epcis/capture` take larger ones."),
        (status = 503, description = "Not now: send it again.")))]
pub async fn post(
    request: HttpRequest,
    payload: web::Payload,
    station: Data<Station>,
    limits: Data<Limits>,
    turns: Data<Turns>,
) -> Result<HttpResponse, Problem> {
    let headers = request.headers();
    let most = station.own().body_bytes;
    let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|told| told > most) {
        return Err(too_large(most));
    }
    let (finding, fields) = (station.clone(), fields(headers));
    let incoming = web::block(move || finding.announced(fields)).await?.map_err(problem)?;
    let small = told.is_some_and(|told| told <= SMALL) && !headers.contains_key(CONTENT_ENCODING);
    let arriving = if small { None } else { Some(turns.arriving.try_acquire().map_err(|_| busy())?) };
    let slowest = limits.body_seconds.min(station.own().send_seconds.max(1));
    let limits = Limits { body_seconds: slowest, ..(**limits).clone() };
    let spooled = SpooledTempFile::new(IN_MEMORY);
    let mut spooled = body(payload, headers, &limits, (most, spooled)).await?;
    // Only now: whoever sends slowly, or nothing at all, keeps nobody waiting.
    let turn = timeout(TURN, Arc::clone(&turns.opening).acquire_owned()).await;
    let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
    drop(arriving);
    let answered = web::block(move || {
        // Until it is over, also where its sender goes away.
        let _turn = turn;
        let mut message = Vec::new();
        spooled.rewind()?;
        spooled.read_to_end(&mut message)?;
        io::Result::Ok(station.take(&incoming, message, Utc::now()))
    });
    let answered = answered.await?.map_err(|error| Problem::internal(&error))?;
    Ok(answer(answered.map_err(problem)?))
}

/// Takes the receipt of a message that we sent, on a connection of its own (RFC 4130, section 7.2.1).
#[utoipa::path(post, path = "/as2/mdn", tag = "Exchange",
    request_body(content = Vec<u8>, content_type = "multipart/signed", description = "The receipt"),
    responses((status = 200, description = "It is kept."),
        (status = 400, description = "It is no receipt, or proves nothing."),
        (status = 403, description = "Nothing is agreed between these two."),
        (status = 404, description = "It is for no message of this channel.")))]
pub async fn receipt(
    request: HttpRequest,
    payload: web::Payload,
    station: Data<Station>,
    limits: Data<Limits>,
) -> Result<HttpResponse, Problem> {
    let fields = fields(request.headers());
    let body = body(payload, request.headers(), &limits, (MOST_RECEIPT, Vec::new())).await?;
    web::block(move || station.confirm(&fields, body, Utc::now())).await?.map_err(problem)?;
    Ok(answer(Answered::default()))
}

fn fields(headers: &HeaderMap) -> Fields {
    let pairs = headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Fields::of(pairs.collect())
}

/// The whole body, brought into `sink`.
async fn body<W: Write + Send + 'static>(
    payload: web::Payload,
    headers: &HeaderMap,
    limits: &Limits,
    (most, sink): (u64, W),
) -> Result<W, Problem> {
    let limits = Limits { document_bytes: most, ..limits.clone() };
    let drained = Incoming::new(payload, headers, &limits)?.drain(most, || Ok(sink)).await;
    drained.map_err(|problem| {
        if problem.failure() == Failure::CaptureLimitExceeded { too_large(most) } else { problem }
    })
}

fn too_large(most: u64) -> Problem {
    let words = format!(
        "an AS2 message has at most {most} bytes here; send larger documents by SFTP, or by HTTPS to POST /epcis/capture"
    );
    Problem::new(Failure::CaptureLimitExceeded, words)
}

fn busy() -> Problem {
    Problem::later("as many messages are being opened as can be; send it again")
        .with_header(RETRY_AFTER, HeaderValue::from_static("30"))
}

fn answer(answered: Answered) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for (name, value) in answered.fields {
        response.insert_header((name, value));
    }
    // A receipt goes as it was signed, to peers that may not undo any compression.
    response.insert_header((CONTENT_ENCODING, HeaderValue::from_static("identity")));
    response.body(answered.body)
}

/// The status where there is no receipt to say more.
fn problem(error: StationError) -> Problem {
    let words = error.to_string();
    match error {
        StationError::Header(_) | StationError::Refused(_) | StationError::Receipt(_) => {
            Problem::new(Failure::Validation, words)
        }
        StationError::Unknown { .. } | StationError::NoReceiptUrl => Problem::new(Failure::Forbidden, words),
        StationError::NoMessage(_) => Problem::new(Failure::NoSuchName, words),
        StationError::Inbox(InboxError::Store(error)) | StationError::Store(error) => Problem::from(error),
        StationError::Inbox(_) => Problem::later(&words),
        StationError::Own(error) => {
            tracing::error!(%error, "AS2 cannot be spoken");
            Problem::later("our keys for AS2 cannot be used at present; send it again")
        }
    }
}
