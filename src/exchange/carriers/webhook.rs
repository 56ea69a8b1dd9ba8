//! Deliveries as signed messages to an HTTPS endpoint.

use crate::exchange::CarryError;
use crate::exchange::Outgoing;
use crate::exchange::Receipt;
use crate::transport::Outbound;
use crate::transport::webhook;
use crate::transport::webhook::Message;
use crate::transport::webhook::Settings;

/// Bytes that a message may have.
const MOST_BYTES: usize = 1 << 20;

/// Characters of an answer that are kept.
const KEPT: usize = 1_000;

/// Posts a delivery; only an answer of the 200s means that it was taken.
pub(super) async fn carry(
    outbound: &Outbound,
    settings: &Settings,
    delivery: &Outgoing,
) -> Result<Receipt, CarryError> {
    let request = format!("POST {} webhook-id: {}", settings.url, delivery.id);
    let failed = |answer: String, never: bool| CarryError::new(&request, answer, never);
    let body = match delivery.bytes(MOST_BYTES) {
        Ok(Some(body)) => body,
        Ok(None) => return Err(failed(format!("it has more than {MOST_BYTES} bytes"), true)),
        Err(error) => return Err(failed(format!("it cannot be read: {error}"), false)),
    };
    let message =
        Message { id: &delivery.id, at: delivery.at, media_type: &delivery.media_type, body: &body };
    let reply = match webhook::post(outbound, settings, &message).await {
        Ok(reply) => reply,
        Err(error) => return Err(failed(error.to_string(), false)),
    };
    let said: String = String::from_utf8_lossy(&reply.body).chars().take(KEPT).collect();
    let answer = format!("{} {said}", reply.status).trim_end().to_owned();
    match reply.status {
        200..=299 => Ok(Receipt { request, answer, awaited: None }),
        _ => Err(CarryError { after: reply.retry_after(delivery.at), ..failed(answer, false) }),
    }
}
