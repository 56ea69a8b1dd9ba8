//! Deliveries pushed to a partner's EPCIS 2.0 endpoint.

use crate::exchange::CarryError;
use crate::exchange::Outgoing;
use crate::exchange::Receipt;
use crate::exchange::carriers::parcel;
use crate::transport::Outbound;
use crate::transport::Outlet;
use crate::transport::https;
use crate::transport::https::Parcel;
use crate::transport::https::Settings;

/// Pushes a delivery; it is delivered once the partner has captured it.
pub(super) async fn carry(
    outbound: &Outbound,
    settings: &Settings,
    delivery: &Outgoing,
) -> Result<Receipt, CarryError> {
    let request =
        format!("POST {}/capture Idempotency-Key: {}", settings.url.trim_end_matches('/'), delivery.id);
    let failed = |answer: String, never: bool| CarryError::new(&request, answer, never);
    if settings.push.is_none() {
        return Err(failed("the channel has no push, so that nothing is sent by it".to_owned(), true));
    }
    let opened = parcel::opened(delivery).await;
    let opened = opened.map_err(|error| failed(format!("it cannot be read: {error}"), false))?;
    let parcel = Parcel {
        id: &delivery.id,
        media_type: &delivery.media_type,
        version: opened.version,
        bytes: opened.bytes,
    };
    match https::push(outbound, settings, parcel, Outlet::of(opened.content)).await {
        Ok(pushed) => {
            let answer = match pushed.job {
                Some(job) => format!("{job}: {}", pushed.said),
                None => pushed.said,
            };
            Ok(Receipt { request, answer, awaited: None })
        }
        Err(error) => {
            Err(CarryError { after: error.retry_after(), ..failed(error.to_string(), error.is_final()) })
        }
    }
}
