//! Deliveries as AS2 messages, and our receipts on connections of their own.

use std::time::Duration;

use chrono::TimeDelta;

use crate::access::Caller;
use crate::exchange::CarryError;
use crate::exchange::Outgoing;
use crate::exchange::Receipt;
use crate::exchange::as2::RECEIPT;
use crate::exchange::as2::Station;
use crate::exchange::as2::is_final;
use crate::exchange::as2::told;
use crate::exchange::as2::unique;
use crate::store::As2Message;
use crate::transport::Call;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::Reply;
use crate::transport::as2::Built;
use crate::transport::as2::Fields;
use crate::transport::as2::Identity;
use crate::transport::as2::Parcel;
use crate::transport::as2::Receipts;
use crate::transport::as2::Settings;
use crate::transport::as2::build;
use crate::transport::as2::read_receipt;

/// Bytes that a receipt may have.
const MOST_RECEIPT: usize = 1 << 20;

/// Characters of an answer that are kept.
const KEPT: usize = 500;

/// A message that is ready to go.
struct Ready {
    built: Built,
    message: As2Message,
}

/// Sends a delivery as a message, and reads its receipt where it comes at once.
pub(super) async fn carry(
    outbound: &Outbound,
    station: &Station,
    settings: &Settings,
    delivery: &Outgoing,
) -> Result<Receipt, CarryError> {
    if delivery.media_type == RECEIPT {
        return carry_receipt(outbound, station, settings, delivery).await;
    }
    let request = format!("POST {} message-id: {}", settings.url, delivery.id);
    let failed = |answer: String, never: bool| CarryError::new(&request, answer, never);
    let earlier = station.store().as2_message(&Caller::operator(), &delivery.id);
    if let Some(receipt) = earlier.ok().flatten().and_then(|message| message.receipt)
        && receipt.disposition.is_taken()
        && delivery.attempt > 1
    {
        let answer = format!("{} (its receipt came at {})", receipt.disposition, receipt.at);
        return Ok(Receipt { request, answer, awaited: None });
    }
    let (making, agreed, sent) = (station.clone(), settings.clone(), delivery.clone());
    let made = tokio::task::spawn_blocking(move || ready(&making, &agreed, &sent)).await;
    let Ready { built, message } = match made {
        Ok(ready) => ready.map_err(|(answer, never)| failed(answer, never))?,
        Err(error) => return Err(failed(error.to_string(), false)),
    };
    let call = Call {
        method: Method::Post,
        url: settings.url.clone(),
        headers: built.fields,
        body: Some(built.body),
        deadline: Duration::from_secs(station.own().send_seconds.max(1)),
        most_bytes: MOST_RECEIPT,
    };
    let reply = outbound.send(call).await.map_err(|error| failed(error.to_string(), false))?;
    let answer = said(&reply);
    if !(200..300).contains(&reply.status) {
        let after = reply.retry_after(delivery.at);
        return Err(CarryError { after, ..failed(answer, reply.status == 413) });
    }
    let sending = &settings.sending;
    match sending.receipts {
        Receipts::None => Ok(Receipt { request, answer, awaited: None }),
        Receipts::Async => {
            let minutes = i64::try_from(station.own().receipt_minutes.max(1)).unwrap_or(i64::MAX / 1_000_000);
            // It may have come before this answer did.
            let kept = station.store().as2_message(&Caller::operator(), &delivery.id).ok().flatten();
            let taken = kept
                .and_then(|message| message.receipt)
                .is_some_and(|receipt| receipt.disposition.is_taken());
            Ok(Receipt { request, answer, awaited: Some(TimeDelta::minutes(minutes)).filter(|_| !taken) })
        }
        Receipts::Sync => {
            let fields = Fields::of(reply.headers);
            let flat = Fields::flat(fields.pairs(), &reply.body);
            let evidence = read_receipt(&fields, reply.body, settings, delivery.at)
                .map_err(|fault| failed(format!("{fault}; it answered {answer}"), is_final(&fault)))?;
            let settled = station.settle(&message, &evidence, settings, (flat, delivery.at));
            settled.map_err(|fault| failed(fault.to_string(), is_final(&fault)))?;
            Ok(Receipt { request, answer: told(&evidence), awaited: None })
        }
    }
}

/// Builds the message of a delivery and writes down that it is sent; else says why not, and whether for ever.
fn ready(station: &Station, settings: &Settings, delivery: &Outgoing) -> Result<Ready, (String, bool)> {
    let own = station.own();
    if settings.url.is_empty() {
        return Err(("the channel has no url to send to".to_owned(), true));
    }
    if settings.sending.receipts == Receipts::Async && own.receipt_url.is_empty() {
        return Err((
            "receipts are to come on a connection of their own, and as2.receipt_url is not set".to_owned(),
            false,
        ));
    }
    let most = usize::try_from(own.body_bytes).unwrap_or(usize::MAX);
    let content = delivery.bytes(most).map_err(|error| (format!("it cannot be read: {error}"), false))?;
    let Some(content) = content else {
        let words = format!("it has more than {most} bytes, the most for AS2; send it by SFTP or HTTPS");
        return Err((words, true));
    };
    let later = |error: String| (error, false);
    let known = station.store().as2_message(&Caller::operator(), &delivery.id);
    let message_id = match known.map_err(|error| later(error.to_string()))? {
        Some(message) => message.message_id,
        None => format!("{}@{}", delivery.id, own.domain),
    };
    let identities = station.identities().map_err(|error| later(error.to_string()))?;
    let identity = Identity::choose(&identities, &settings.own_certificate);
    let identity = identity.map_err(|error| later(error.to_string()))?;
    let parcel = Parcel {
        content: &content,
        media_type: &delivery.media_type,
        file_name: &delivery.name,
        message_id: &message_id,
        unique: unique().map_err(|error| later(error.to_string()))?,
    };
    let built =
        build(settings, own, identity, &parcel, delivery.at).map_err(|error| later(error.to_string()))?;
    let message = As2Message {
        delivery: delivery.id.clone(),
        message_id,
        channel: delivery.channel.id.clone(),
        sent_at: delivery.at,
        mics: built.mics.clone(),
        receipt: None,
    };
    let message = station.store().put_as2_message(&message).map_err(|error| later(error.to_string()))?;
    Ok(Ready { built, message })
}

/// Sends a receipt of ours to the address agreed.
async fn carry_receipt(
    outbound: &Outbound,
    station: &Station,
    settings: &Settings,
    delivery: &Outgoing,
) -> Result<Receipt, CarryError> {
    let request = format!("POST {} (receipt)", settings.receipt_url);
    let failed = |answer: String, never: bool| CarryError::new(&request, answer, never);
    if settings.receipt_url.is_empty() {
        return Err(failed("the channel has no receiptUrl any more".to_owned(), true));
    }
    let flat = delivery.bytes(MOST_RECEIPT).map_err(|error| failed(error.to_string(), false))?;
    let Some((fields, body)) = flat.as_deref().and_then(Fields::unflat) else {
        return Err(failed("the receipt cannot be read".to_owned(), true));
    };
    let call = Call {
        method: Method::Post,
        url: settings.receipt_url.clone(),
        headers: fields.pairs().to_vec(),
        body: Some(body),
        deadline: Duration::from_secs(station.own().send_seconds.max(1)),
        most_bytes: MOST_RECEIPT,
    };
    let reply = outbound.send(call).await.map_err(|error| failed(error.to_string(), false))?;
    let answer = said(&reply);
    match reply.status {
        200..300 => Ok(Receipt { request, answer, awaited: None }),
        _ => Err(CarryError { after: reply.retry_after(delivery.at), ..failed(answer, false) }),
    }
}

fn said(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(KEPT).collect();
    format!("{} {text}", reply.status).trim_end().to_owned()
}
