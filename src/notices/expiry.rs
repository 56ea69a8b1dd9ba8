//! Notices about what ends: partners' licences and certificates, 60, 30 and 7 days before and when it has ended.

use std::fs;

use askama::Template;
use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::Licence;
use crate::dscsa::TradingPartner;
use crate::notices::MOST_LISTED;
use crate::notices::Notice;
use crate::notices::NoticeError;
use crate::notices::NoticeKind;
use crate::notices::WatchedCertificate;
use crate::notices::in_line;
use crate::notices::moment;
use crate::notices::new_ones;
use crate::notices::several;
use crate::store::Store;
use crate::transport::certificates_in;

/// Days before the end on which somebody hears of it; the last is for what has ended.
const STEPS: [i64; 4] = [60, 30, 7, -1];

/// Days after which an ended licence is no news any more.
const NEWS: i64 = 30;

/// Partners that are looked at in one go.
const PAGE: u32 = 500;

#[derive(Template)]
#[template(path = "expiry.txt")]
struct Letter<'a> {
    what: &'a str,
    entries: Vec<String>,
    more: usize,
    next: &'a str,
}

/// Of partners' licences that end, where no later one follows.
pub(super) fn licences(
    store: &Store,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Option<Notice>, NoticeError> {
    let today = now.date_naive();
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.partners(caller, after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.to_string());
        found.extend(page.iter().flat_map(|partner| ending(partner, today)));
    }
    let next = "Ask the partner for the new licence, and import it: epcgate partners import FILE";
    notice(store, found, ("licence ends", "licences end", next))
}

/// The licences of a partner of which somebody hears now.
fn ending(partner: &TradingPartner, today: NaiveDate) -> Vec<(String, String)> {
    let told = partner.licences.iter().filter_map(|licence| {
        let until = licence.valid_until?;
        let days = (until - today).num_days();
        let step = step(days).filter(|_| days >= -NEWS && !is_followed(partner, licence, until))?;
        let occasion =
            format!("licence:{}:{}:{}:{until}:{step}", partner.id, licence.authority, licence.number);
        let line = format!(
            "{} ({}): licence {} of {} {}",
            partner.name,
            partner.id,
            licence.number,
            licence.authority,
            ends(&until.to_string(), days)
        );
        Some((occasion, in_line(&line)))
    });
    told.collect()
}

/// True where another licence of the same authority and kind goes on beyond this day.
fn is_followed(partner: &TradingPartner, licence: &Licence, until: NaiveDate) -> bool {
    partner.licences.iter().any(|other| {
        let same = other.authority == licence.authority && other.kind == licence.kind;
        same && other.valid_until.is_none_or(|later| later > until)
    })
}

/// Of certificates that end.
pub(super) fn certificates(
    store: &Store,
    watched: &[WatchedCertificate],
    now: DateTime<Utc>,
) -> Result<Option<Notice>, NoticeError> {
    let mut found = Vec::new();
    for WatchedCertificate { setting, file } in watched {
        // What cannot be read is told by `epcgate doctor`, and at the start.
        let Some(certificates) = fs::read(file).ok().and_then(|pem| certificates_in(&pem).ok()) else {
            continue;
        };
        for certificate in certificates {
            let days = (certificate.not_after - now).num_days();
            if let Some(step) = step(days) {
                let end = moment(certificate.not_after);
                let occasion = format!("certificate:{setting}:{}:{end}:{step}", certificate.subject);
                let line =
                    format!("{setting} ({}): {} {}", file.display(), certificate.subject, ends(&end, days));
                found.push((occasion, in_line(&line)));
            }
        }
    }
    notice(
        store,
        found,
        (
            "certificate ends",
            "certificates end",
            "Put the new one into its file; it is read again by itself.",
        ),
    )
}

fn notice(
    store: &Store,
    found: Vec<(String, String)>,
    (one, more, next): (&str, &str, &str),
) -> Result<Option<Notice>, NoticeError> {
    let mut new = new_ones(store, found)?;
    new.sort_unstable();
    new.dedup_by(|a, b| a.0 == b.0);
    if new.is_empty() {
        return Ok(None);
    }
    let what = several(new.len(), one, more);
    let entries = new.iter().take(MOST_LISTED).map(|(_, line)| line.clone()).collect();
    let body = Letter { what, entries, more: new.len().saturating_sub(MOST_LISTED), next }.render()?;
    let subject = format!("{} {what}", new.len());
    let occasions = new.into_iter().map(|(occasion, _)| occasion).collect();
    Ok(Some(Notice { kind: NoticeKind::Expiry, occasions, subject, body }))
}

/// The step at which so many days before its end somebody hears of it.
fn step(days: i64) -> Option<i64> {
    let most = if days < 0 { -1 } else { i64::MAX };
    STEPS.into_iter().rev().filter(|step| *step <= most).find(|step| days <= *step)
}

fn ends(end: &str, days: i64) -> String {
    match days {
        ..0 => format!("ended {end}, {} days ago", -days),
        0 => format!("ends {end}, today"),
        1 => format!("ends {end}, tomorrow"),
        days => format!("ends {end}, in {days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_comes_once() {
        for (days, expected) in [
            (61, None),
            (60, Some(60)),
            (31, Some(60)),
            (30, Some(30)),
            (8, Some(30)),
            (7, Some(7)),
            (0, Some(7)),
            (-1, Some(-1)),
            (-400, Some(-1)),
        ] {
            assert_eq!(step(days), expected, "{days}");
        }
    }

    #[test]
    fn a_licence_that_is_renewed_is_no_news() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let licence = |until| Licence {
            authority: "TX".into(),
            number: "1".into(),
            valid_until: day(until),
            ..Licence::default()
        };
        let mut partner = TradingPartner {
            id: "p".into(),
            licences: vec![licence("2026-12-01")],
            ..TradingPartner::default()
        };
        let today = day("2026-11-24").unwrap();
        assert_eq!(ending(&partner, today).len(), 1);
        partner.licences.push(licence("2027-12-01"));
        assert_eq!(ending(&partner, today).len(), 0);
        assert_eq!(ending(&partner, day("2027-11-30").unwrap()).len(), 1);
    }
}
