//! Notices: what happens here, put for every webhook that asks for it in the transaction in which it happens.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use serde_json::Value;
use serde_json::json;

use crate::store::StoreError;
use crate::store::channels::Row as ChannelRow;
use crate::store::connection::AnyConnection;
use crate::store::deliveries;
use crate::store::deliveries::Content;
use crate::store::deliveries::Delivery;
use crate::store::deliveries::NewDelivery;
use crate::store::schema::channels;
use crate::transport::Cargo;
use crate::transport::Channel;

/// A delivery that was given up.
const DELIVERY_DEAD: &str = "delivery.dead";

/// Something that happened.
pub(super) struct Notice<'a> {
    /// Its kind, a subject and a word: `capture.done`.
    pub(super) kind: &'static str,
    /// What makes it the same as another of its kind.
    pub(super) of: &'a str,
    /// The partner that may be told besides us, by its id; empty where nobody may.
    pub(super) partner: &'a str,
    /// What there is to say.
    pub(super) data: Value,
}

/// Puts a notice for every channel that asks for it: those of our own systems, and those of the partner it concerns. A channel
/// that is paused misses it.
pub(super) fn announce(
    connection: &mut AnyConnection,
    notice: Notice<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let asking: Vec<ChannelRow> = channels::table
        .filter(channels::events)
        .filter(channels::paused_at.is_null())
        .filter(channels::partner.eq_any(["", notice.partner]))
        .order(channels::id)
        .load(connection)?;
    for row in asking {
        let channel = row.record()?.channel;
        let wanted = match &channel.by {
            Channel::Webhook(settings) => settings.wants(notice.kind),
            _ => true,
        };
        if wanted {
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
    let of = format!("{}:{}", delivery.id, now.timestamp_micros());
    announce(connection, Notice { kind: DELIVERY_DEAD, of: &of, partner: "", data }, now)
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
