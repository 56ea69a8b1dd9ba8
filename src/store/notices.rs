//! Notices: what happens here, put for every webhook that asks for it in the transaction in which it happens.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use serde_json::Value;
use serde_json::json;

use crate::dscsa::ExceptionCase;
use crate::dscsa::Hold;
use crate::dscsa::HoldKind;
use crate::epcis::CaptureJob;
use crate::formats::holds::HoldForm;
use crate::store::PendingVerification;
use crate::store::StoreError;
use crate::store::channels::Row as ChannelRow;
use crate::store::connection::AnyConnection;
use crate::store::deliveries;
use crate::store::deliveries::Content;
use crate::store::deliveries::Delivery;
use crate::store::deliveries::NewDelivery;
use crate::store::schema::arrivals;
use crate::store::schema::channels;
use crate::transport::Cargo;
use crate::transport::Channel;

/// A delivery that was given up.
const DELIVERY_DEAD: &str = "delivery.dead";

/// Notices that wait for an endpoint at most; it misses what comes beyond.
const MOST_WAITING: i64 = 100_000;

/// Something that happened.
pub(super) struct Notice<'a> {
    /// Its kind, a subject and a word: `capture.done`.
    pub(super) kind: &'static str,
    /// What makes it the same as another of its kind.
    pub(super) of: &'a str,
    /// The partner that may be told besides us, by its id; empty where nobody may.
    pub(super) partner: &'a str,
    /// A channel that is not told, since it cannot be; empty for none.
    pub(super) apart_from: &'a str,
    /// What there is to say.
    pub(super) data: Value,
}

/// Puts a notice for every channel that asks for it: those of our own systems, and those of the partner it concerns. A channel
/// that is paused misses it, and so does one for which a hundred thousand wait.
pub(super) fn announce(
    connection: &mut AnyConnection,
    notice: Notice<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let asking: Vec<ChannelRow> = channels::table
        .filter(channels::events)
        .filter(channels::paused_at.is_null())
        .filter(channels::partner.eq_any(["", notice.partner]))
        .filter(channels::id.ne(notice.apart_from))
        .order(channels::id)
        .load(connection)?;
    for row in asking {
        let channel = row.record()?.channel;
        let wanted = match &channel.by {
            Channel::Webhook(settings) => settings.wants(notice.kind),
            _ => true,
        };
        if wanted && deliveries::waiting_span(connection, &channel.id)? >= MOST_WAITING {
            tracing::error!(
                channel = channel.id,
                kind = notice.kind,
                "too much waits, so that this is not told"
            );
        } else if wanted {
            deliveries::put(connection, &written(&notice, channel.id, now), now)?;
        }
    }
    Ok(())
}

/// Says that a delivery is given up. That the giving up of another could not be told is not told again.
pub(super) fn delivery_dead(
    connection: &mut AnyConnection,
    delivery: &Delivery,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if delivery.name == DELIVERY_DEAD {
        return Ok(());
    }
    let data = json!({
        "delivery": delivery.id, "channel": delivery.channel, "partner": delivery.partner,
        "cargo": delivery.cargo.as_str(), "name": delivery.name, "tries": delivery.tries, "why": why,
    });
    let of = unlike_any_other(&delivery.id);
    announce(
        connection,
        Notice { kind: DELIVERY_DEAD, of: &of, partner: "", apart_from: &delivery.channel, data },
        now,
    )
}

/// Says that a capture is finished. The partner that sent the document may be told too.
pub(super) fn capture_finished(
    connection: &mut AnyConnection,
    job: &CaptureJob,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if !is_anybody_asking(connection)? {
        return Ok(());
    }
    let arrival: Option<(String, String)> = arrivals::table
        .filter(arrivals::document.eq(job.document))
        .order(arrivals::id)
        .select((arrivals::id, arrivals::partner))
        .first(connection)
        .optional()?;
    let (arrival, partner) = arrival.unwrap_or_default();
    let data = json!({
        "job": job.id, "document": job.document.to_string(), "arrival": arrival, "partner": partner,
        "eventsRead": job.events_read, "eventsStored": job.events_stored, "eventsStoredBefore": job.events_linked,
        "errors": job.defects.iter().filter(|defect| defect.is_error).count(),
        "first": job.defects.first().map(|defect| defect.message.to_string()),
    });
    let kind = if job.success { "capture.done" } else { "capture.failed" };
    announce(connection, Notice { kind, of: &job.id, partner: &partner, apart_from: "", data }, now)
}

/// Says that a case is opened or changed.
pub(super) fn case_changed(
    connection: &mut AnyConnection,
    case: &ExceptionCase,
    kind: &'static str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let data = json!({
        "case": case.id, "state": case.state.as_str(), "partner": case.delivery.partner,
        "delivery": case.delivery.name(), "items": case.items.len(), "reason": case.reason,
    });
    announce(
        connection,
        Notice { kind, of: &unlike_any_other(&case.id), partner: "", apart_from: "", data },
        now,
    )
}

/// Says that a hold or a recall is opened or released.
pub(super) fn hold_changed(
    connection: &mut AnyConnection,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let recall = hold.kind == HoldKind::Recall;
    let kind = match (recall, hold.released.is_some()) {
        (true, false) => "recall.opened",
        (true, true) => "recall.released",
        (false, false) => "hold.opened",
        (false, true) => "hold.released",
    };
    let data = serde_json::to_value(HoldForm::from(hold)).unwrap_or_default();
    announce(
        connection,
        Notice { kind, of: &unlike_any_other(&hold.id), partner: "", apart_from: "", data },
        now,
    )
}

/// Says that nobody has answered a question in time, and that it is asked again.
pub(super) fn verification_late(
    connection: &mut AnyConnection,
    pending: &PendingVerification,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let request = &pending.request;
    let data = json!({
        "verification": pending.id, "gtin": request.gtin.to_string(), "serial": request.serial, "lot": request.lot,
        "askedAgainAt": pending.next.to_rfc3339_opts(SecondsFormat::Micros, true),
    });
    announce(
        connection,
        Notice { kind: "verification.late", of: &pending.id, partner: "", apart_from: "", data },
        now,
    )
}

/// Says that nothing more is sent by a channel.
pub(super) fn channel_paused(
    connection: &mut AnyConnection,
    (channel, why): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let data = json!({ "channel": channel, "why": why });
    announce(
        connection,
        Notice { kind: "channel.paused", of: &unlike_any_other(channel), partner: "", apart_from: "", data },
        now,
    )
}

fn is_anybody_asking(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let asking = channels::table.filter(channels::events).select(channels::id);
    let first: Option<String> = asking.first(connection).optional()?;
    Ok(first.is_some())
}

/// Something happens to a thing more than once, and each time it is told.
fn unlike_any_other(id: &str) -> String {
    format!("{id}:{}", uuid::Uuid::now_v7())
}

fn written(notice: &Notice<'_>, channel: String, now: DateTime<Utc>) -> NewDelivery {
    let body = json!({
        "type": notice.kind,
        "timestamp": now.to_rfc3339_opts(SecondsFormat::Micros, true),
        "data": notice.data,
    });
    NewDelivery {
        channel,
        key: format!("{}:{}", notice.kind, notice.of),
        cargo: Cargo::Events,
        name: notice.kind.to_owned(),
        media_type: "application/json".to_owned(),
        content: Content::Bytes(body.to_string().into_bytes()),
    }
}
