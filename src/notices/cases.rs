//! Notices about exceptions: those that were opened, and those of which something is due or late.

use askama::Template;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::ExceptionCase;
use crate::dscsa::exception::Side;
use crate::gs1::Gln;
use crate::notices::MOST_LISTED;
use crate::notices::Notice;
use crate::notices::NoticeError;
use crate::notices::NoticeKind;
use crate::notices::distance;
use crate::notices::in_line;
use crate::notices::moment;
use crate::notices::new_ones;
use crate::notices::several;
use crate::store::Store;
use crate::store::StoreError;

/// How far back is looked: what is older when mail is set up is no news.
const NEWS: TimeDelta = TimeDelta::days(3);

/// How long before its time somebody hears of what is due.
const AHEAD: TimeDelta = TimeDelta::hours(6);

/// Things wrong that are told of one case.
const MOST_TROUBLES: usize = 5;

#[derive(Template)]
#[template(path = "cases.txt")]
struct Letter<'a> {
    opening: &'a str,
    cases: Vec<Entry>,
    more: usize,
}

struct Entry {
    id: String,
    delivery: String,
    partner: String,
    states: Vec<String>,
    troubles: Vec<String>,
    unlisted: u64,
}

/// Of exceptions that were opened.
pub(super) fn opened(
    store: &Store,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Option<Notice>, NoticeError> {
    let ids = store.cases_since(caller, now - NEWS)?;
    let new = new_ones(store, ids.into_iter().map(|id| (format!("case-opened:{id}"), id)).collect())?;
    let opening = "Goods, data and orders do not fit together:";
    let count = new.len();
    let subject = format!("{count} {}", several(count, "exception was opened", "exceptions were opened"));
    letter(store, caller, new, (NoticeKind::Exceptions, &subject, opening), now)
}

/// Of partners to be told and answers to be given soon, or too late already.
pub(super) fn due(store: &Store, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<Notice>, NoticeError> {
    let soon = store.cases_due(caller, now, now + AHEAD)?;
    let soon = new_ones(store, soon.into_iter().map(|id| (format!("case-due:{id}"), id)).collect())?;
    let late = store.cases_due(caller, now - NEWS, now)?;
    let late = new_ones(store, late.into_iter().map(|id| (format!("case-late:{id}"), id)).collect())?;
    let mut notices = Vec::new();
    for (new, word, opening) in [
        (soon, "due within hours", "Somebody must be told, or must answer, within hours:"),
        (late, "late", "Somebody should have been told, or should have answered, by now:"),
    ] {
        let count = new.len();
        let subject = format!("{count} {} {word}", several(count, "exception is", "exceptions are"));
        notices.extend(letter(store, caller, new, (NoticeKind::Urgent, &subject, opening), now)?);
    }
    Ok(notices)
}

fn letter(
    store: &Store,
    caller: &Caller,
    new: Vec<(String, String)>,
    (kind, subject, opening): (NoticeKind, &str, &str),
    now: DateTime<Utc>,
) -> Result<Option<Notice>, NoticeError> {
    if new.is_empty() {
        return Ok(None);
    }
    let mut cases = Vec::new();
    for (_, id) in new.iter().take(MOST_LISTED) {
        if let Some(case) = store.case(caller, id)? {
            cases.push(Entry::of(store, caller, &case, now)?);
        }
    }
    let more = new.len().saturating_sub(MOST_LISTED);
    let body = Letter { opening, cases, more }.render()?;
    let occasions = new.into_iter().map(|(occasion, _)| occasion).collect();
    Ok(Some(Notice { kind, occasions, subject: subject.to_owned(), body }))
}

impl Entry {
    fn of(
        store: &Store,
        caller: &Caller,
        case: &ExceptionCase,
        now: DateTime<Utc>,
    ) -> Result<Entry, StoreError> {
        let partner = case.delivery.partner.as_str();
        let known =
            Gln::parse(partner).ok().map(|gln| store.partner_with_gln(caller, gln)).transpose()?.flatten();
        let partner = match (known, partner) {
            (Some(known), gln) => format!("{} (GLN {gln})", known.name),
            (None, "") => "an unknown partner".to_owned(),
            (None, gln) => format!("GLN {gln}"),
        };
        let mut states = vec![format!("opened {}, {}", moment(case.opened_at), case.state.words())];
        let (told, answers) = match case.side {
            Side::Ours => ("the partner is to be told", "its answer is due"),
            Side::Theirs => ("we were told", "our answer is due"),
        };
        for (words, at) in [(told, case.notify_by), (answers, case.answer_by)] {
            states.extend(at.map(|at| format!("{words} by {} ({})", moment(at), distance(at, now))));
        }
        let troubles: Vec<String> = case
            .items
            .iter()
            .filter(|item| item.settled.is_none())
            .map(|item| in_line(&item.trouble.what))
            .collect();
        let unlisted = case.unlisted + troubles.len().saturating_sub(MOST_TROUBLES) as u64;
        Ok(Entry {
            id: case.id.clone(),
            delivery: in_line(&case.delivery.name()),
            partner: in_line(&partner),
            states,
            troubles: troubles.into_iter().take(MOST_TROUBLES).collect(),
            unlisted,
        })
    }
}
