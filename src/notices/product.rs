//! Notices about illegitimate product, of which FDA and partners must hear within 24 hours (21 U.S.C. 360eee-1(b)(4)(B)(ii)).

use askama::Template;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::HoldKind;
use crate::notices::MOST_LISTED;
use crate::notices::Notice;
use crate::notices::NoticeError;
use crate::notices::NoticeKind;
use crate::notices::distance;
use crate::notices::in_line;
use crate::notices::moment;
use crate::notices::new_ones;
use crate::notices::several;
use crate::store::HoldFilter;
use crate::store::Store;

/// How long there is from finding that product is illegitimate until all have heard of it.
const NOTICE: TimeDelta = TimeDelta::hours(24);

/// How far back is looked.
const NEWS: TimeDelta = TimeDelta::days(3);

/// Holds that are looked at in one round.
const MOST: i64 = 500;

#[derive(Template)]
#[template(path = "product.txt")]
struct Letter {
    holds: Vec<Entry>,
    more: usize,
}

struct Entry {
    product: String,
    why: String,
    found: String,
    until: String,
}

/// Of product that was found illegitimate.
pub(super) fn illegitimate(
    store: &Store,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Option<Notice>, NoticeError> {
    let filter = HoldFilter { kinds: vec![HoldKind::Illegitimate], open: Some(true), gtin: None };
    let holds = store.holds(caller, &filter, None, MOST)?.into_iter();
    let holds = holds.filter(|hold| hold.opened.when >= now - NEWS);
    let new = new_ones(store, holds.map(|hold| (format!("illegitimate:{}", hold.id), hold)).collect())?;
    if new.is_empty() {
        return Ok(None);
    }
    let entries = new.iter().take(MOST_LISTED).map(|(_, hold)| {
        let until = hold.opened.when + NOTICE;
        Entry {
            product: in_line(&hold.scope.to_string()),
            why: in_line(&hold.opened.why),
            found: format!("{} by {}", moment(hold.opened.when), in_line(&hold.opened.who)),
            until: format!("{} ({})", moment(until), distance(until, now)),
        }
    });
    let body = Letter { holds: entries.collect(), more: new.len().saturating_sub(MOST_LISTED) }.render()?;
    let count = new.len();
    let subject = format!(
        "24-hour notice: {count} {} illegitimate",
        several(count, "hold says that product is", "holds say that product is")
    );
    let occasions = new.into_iter().map(|(occasion, _)| occasion).collect();
    Ok(Some(Notice { kind: NoticeKind::Urgent, occasions, subject, body }))
}
