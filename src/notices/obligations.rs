//! Notices about verifications that we must still answer (within 24 hours, 21 U.S.C. 360eee-1).

use askama::Template;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::verification::Direction;
use crate::notices::MOST_LISTED;
use crate::notices::Notice;
use crate::notices::NoticeError;
use crate::notices::NoticeKind;
use crate::notices::distance;
use crate::notices::moment;
use crate::notices::new_ones;
use crate::notices::several;
use crate::store::Store;

/// How long before its time somebody hears of what is due.
const AHEAD: TimeDelta = TimeDelta::hours(12);

/// Verifications that are looked at in one round.
const MOST: i64 = 1_000;

#[derive(Template)]
#[template(path = "obligations.txt")]
struct Letter {
    due: Vec<Entry>,
    more: usize,
}

struct Entry {
    id: String,
    item: String,
    requester: String,
    until: String,
}

/// Of verifications that are due soon, and once more when they are late.
pub(super) fn due(store: &Store, caller: &Caller, now: DateTime<Utc>) -> Result<Option<Notice>, NoticeError> {
    let records = store.verifications_due(caller, Direction::Answered, MOST)?.into_iter();
    let entries = records.filter_map(|record| {
        let until = record.due.filter(|until| *until <= now + AHEAD)?;
        let word = if until < now { "late" } else { "due" };
        Some((format!("obligation-{word}:{}", record.id), (record, until)))
    });
    let new = new_ones(store, entries.collect())?;
    if new.is_empty() {
        return Ok(None);
    }
    let entries = new.iter().take(MOST_LISTED).map(|(_, (record, until))| Entry {
        id: record.id.clone(),
        item: format!(
            "GTIN {} serial {:?} lot {:?} expiry {}",
            record.gtin, record.serial, record.lot, record.expiry
        ),
        requester: record.requester.clone(),
        until: format!("{} ({})", moment(*until), distance(*until, now)),
    });
    let body = Letter { due: entries.collect(), more: new.len().saturating_sub(MOST_LISTED) }.render()?;
    let count = new.len();
    let subject =
        format!("{count} {} answered", several(count, "verification must be", "verifications must be"));
    let occasions = new.into_iter().map(|(occasion, _)| occasion).collect();
    Ok(Some(Notice { kind: NoticeKind::Obligations, occasions, subject, body }))
}
