//! Custody in words: what a step did, where and when, and identifiers as labels print them.

use chrono::DateTime;
use chrono::FixedOffset;

use crate::gs1::Epc;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::Deed;
use crate::reconcile::custody::Party;
use crate::reconcile::custody::Step;

/// What a step did, a sentence without a full stop; it names what the object was in where the event does.
pub fn sentence(custody: &Custody, step: &Step) -> String {
    let itself = step.named == custody.epc;
    let other = step.other.and_then(|other| custody.parties.get(other)).map(Party::title);
    let within = if itself { String::new() } else { format!(", inside {}", short(&step.named)) };
    let subject = if itself { String::new() } else { format!("{} ", short(&step.named)) };
    let text = match &step.deed {
        Deed::Commissioned => commissioned(step, &subject),
        Deed::Packed(container) => format!("{subject}packed into {}", short(container)),
        Deed::Unpacked(container) if *container == step.named => format!("{subject}emptied"),
        Deed::Unpacked(container) => format!("{subject}taken out of {}", short(container)),
        Deed::Filled(number) => format!("{number} packed into it"),
        Deed::Emptied(0) => "all taken out of it".to_owned(),
        Deed::Emptied(number) => format!("{number} taken out of it"),
        Deed::Shipped => {
            format!("shipped{}{within}", other.map(|to| format!(" to {to}")).unwrap_or_default())
        }
        Deed::ShippingVoided => format!("shipping taken back{within}"),
        Deed::Received => {
            format!("received{}{within}", other.map(|from| format!(" from {from}")).unwrap_or_default())
        }
        Deed::Ended(word) | Deed::Seen(word) if !word.is_empty() => {
            format!("{subject}{}", word.replace('_', " "))
        }
        Deed::Ended(_) | Deed::Seen(_) => format!("{subject}seen"),
    };
    match step.wrong.as_deref() {
        None => text,
        Some("") => format!("{text}; declared wrong"),
        Some(reason) => format!("{text}; declared wrong ({})", reason.replace('_', " ")),
    }
}

fn commissioned(step: &Step, subject: &str) -> String {
    let lot = if step.lot.is_empty() { String::new() } else { format!(", lot {}", step.lot) };
    let expiry = if step.expiry.is_empty() { String::new() } else { format!(", expires {}", step.expiry) };
    format!("{subject}commissioned{lot}{expiry}")
}

/// How we know a step, in words.
pub(super) fn known(step: &Step) -> &'static str {
    use crate::reconcile::custody::How;
    match step.how {
        How::Scanned => "scanned",
        How::Inferred => "inferred from its container",
        How::DataOnly => "data only, told by another party",
    }
}

/// An identifier as its label prints it: `(01)00352999010137(21)A7K2M0001`; as sent where it has no such form.
pub fn readable(epc: &Epc) -> String {
    let key = epc.key();
    let Some(path) = key.strip_prefix('/') else { return epc.as_str().to_owned() };
    let mut pieces = path.split('/');
    let mut text = String::with_capacity(key.len() + 4);
    while let (Some(identifier), Some(value)) = (pieces.next(), pieces.next()) {
        text += &format!("({identifier}){}", crate::gs1::unescape(value));
    }
    text
}

/// An identifier in a sentence: `SSCC 003529990000000178`, `serial C0000001`.
pub fn short(epc: &Epc) -> String {
    match (epc.sscc(), epc.serial()) {
        (Some(sscc), _) => format!("SSCC {sscc}"),
        (None, Some(serial)) => format!("serial {serial}"),
        (None, None) => readable(epc),
    }
}

/// When a step happened by the clocks of its place: day and minute, and the offset as sent.
pub fn local_time(step: &Step) -> (String, String) {
    let offset = FixedOffset::east_opt(step.offset.minutes() * 60);
    let instant = DateTime::from_timestamp(step.time.seconds(), 0);
    let text = match (instant, offset) {
        (Some(instant), Some(offset)) => instant.with_timezone(&offset).format("%Y-%m-%d %H:%M").to_string(),
        _ => step.time.as_str().to_owned(),
    };
    (text, step.offset.as_str().to_owned())
}

/// One line of what it is: number of events, and of gaps.
pub(super) fn summary(custody: &Custody) -> String {
    let count = |number: usize, one: &str, more: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {more}"),
    };
    let steps = count(custody.steps.len(), "event", "events");
    let parties = count(custody.parties.len(), "party", "parties");
    match custody.gaps.len() {
        0 => format!("{steps}, {parties}, no gap"),
        gaps => format!("{steps}, {parties}, {}", count(gaps, "gap", "gaps")),
    }
}
