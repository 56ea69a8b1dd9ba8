//! How channels, arrivals and deliveries are shown as JSON, the same by HTTP and on the command line.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;

use crate::store::ArrivalRecord;
use crate::store::ChannelRecord;
use crate::store::ChannelTurn;
use crate::store::Delivery;
use crate::store::DeliveryTry;
use crate::transport::Cargo;

/// A channel, with how it stands with it.
pub fn channel(record: &ChannelRecord) -> Value {
    let carries: Vec<&str> =
        Cargo::ALL.into_iter().filter(|cargo| record.channel.carries(*cargo)).map(Cargo::as_str).collect();
    let mut shown = serde_json::to_value(&record.channel).unwrap_or_default();
    if let Some(members) = shown.as_object_mut() {
        members.insert("kind".to_owned(), record.channel.by.kind().into());
        members.insert("carries".to_owned(), json!(carries));
        members.insert("madeAt".to_owned(), time(record.made_at).into());
        members.insert("state".to_owned(), state(record).into());
        members.insert("failingSince".to_owned(), json!(record.failing_since.map(time)));
        members.insert("nextAt".to_owned(), json!(record.next_at.map(time)));
        let paused = record.paused.as_ref();
        members.insert(
            "paused".to_owned(),
            json!(paused.map(|(at, why)| json!({ "at": time(*at), "why": why }))),
        );
    }
    shown
}

/// How it stands with looking for what the partner left by a channel.
pub fn turn(turn: &ChannelTurn) -> Value {
    json!({
        "at": turn.ended_at.map(time), "nextAt": time(turn.due_at), "failures": turn.failures, "taken": turn.taken,
        "said": turn.said, "mark": Some(&turn.mark).filter(|mark| !mark.is_empty()),
    })
}

/// `paused`, `failing` or `open`.
pub fn state(record: &ChannelRecord) -> &'static str {
    match (&record.paused, record.failing_since) {
        (Some(_), _) => "paused",
        (None, Some(_)) => "failing",
        (None, None) => "open",
    }
}

/// An arrival, without its answer.
pub fn arrival(record: &ArrivalRecord) -> Value {
    let arrival = &record.arrival;
    json!({
        "id": record.id, "channel": arrival.channel, "partner": arrival.partner, "message": arrival.message_id,
        "name": arrival.name, "receivedAt": time(arrival.at), "bytes": record.size, "sha256": record.sha256,
        "job": Some(&record.job).filter(|job| !job.is_empty()), "document": record.document.to_string(),
        "outcome": Some(&record.outcome).filter(|outcome| !outcome.is_empty()),
        "answeredAt": record.answered_at.map(time), "resent": record.resent, "resentAt": record.resent_at.map(time),
    })
}

/// An arrival with its answer.
pub fn answered(record: &ArrivalRecord) -> Value {
    let mut shown = arrival(record);
    if let Some(members) = shown.as_object_mut() {
        let answer: Option<Value> = serde_json::from_str(&record.answer).ok();
        members.insert("answer".to_owned(), json!(answer));
    }
    shown
}

/// A delivery; with its tries where they are asked for.
pub fn delivery(delivery: &Delivery, tries: Option<&[DeliveryTry]>) -> Value {
    let mut shown = json!({
        "id": delivery.id, "channel": delivery.channel, "partner": delivery.partner, "number": delivery.number,
        "cargo": delivery.cargo.as_str(), "name": delivery.name, "mediaType": delivery.media_type,
        "document": delivery.document.map(|document| document.to_string()), "state": delivery.state.as_str(),
        "tries": delivery.tries, "madeAt": time(delivery.made_at), "nextAt": delivery.next_at.map(time),
        "endedAt": delivery.ended_at.map(time), "note": Some(&delivery.note).filter(|note| !note.is_empty()),
    });
    if let (Some(tries), Some(members)) = (tries, shown.as_object_mut()) {
        members.insert("log".to_owned(), tries.iter().map(made).collect());
    }
    shown
}

fn made(made: &DeliveryTry) -> Value {
    json!({
        "number": made.number, "at": time(made.at), "milliseconds": made.took, "outcome": made.outcome,
        "request": made.request, "answer": made.answer,
    })
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
