//! Notices: what people must hear of in time, written once for each occasion and sent by mail until somebody takes it.
//!
//! A round looks for occasions: exceptions, notices and answers that the law wants within a day, illegitimate product, licences and
//! certificates that end, checkpoints of the audit trail. What it finds is kept as letters in one transaction with the occasions, so that several
//! processes write each once. Letters are sent at least once, with the same Message-ID each time.

mod cases;
mod checkpoint;
mod expiry;
mod kind;
mod obligations;
mod post;
mod product;
mod worker;

use std::path::PathBuf;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use thiserror::Error;

use crate::access::Caller;
use crate::dscsa::verification::record_id;
use crate::store::Mail;
use crate::store::MailState;
use crate::store::Store;
use crate::store::StoreError;

pub use kind::NoticeKind;
pub use post::Sent;
pub use post::send_due;
pub use worker::Worker;

/// Things that one letter lists; of more it says how many there are.
const MOST_LISTED: usize = 50;

/// Whom notices go to, and how often a letter is tried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who hears of exceptions that are opened.
    pub exceptions: Vec<String>,
    /// Who hears of what must be told or answered within a day: partners to be told, product that is illegitimate.
    pub urgent: Vec<String>,
    /// Who hears of verifications that must still be answered.
    pub obligations: Vec<String>,
    /// Who hears of licences and certificates that end.
    pub expiry: Vec<String>,
    /// Who is sent the checkpoints of the audit trail.
    pub audit: Vec<String>,
    /// Minutes after which a letter is tried again that nobody took; after the last it is given up.
    pub retry_minutes: Vec<u32>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            exceptions: Vec::new(),
            urgent: Vec::new(),
            obligations: Vec::new(),
            expiry: Vec::new(),
            audit: Vec::new(),
            retry_minutes: vec![1, 5, 15, 60, 240, 720, 1_440],
        }
    }
}

impl Settings {
    /// Everybody who hears of something, once each.
    pub fn everybody(&self) -> Vec<&str> {
        let mut all: Vec<&str> = NoticeKind::ALL.into_iter().flat_map(|kind| kind.readers(self)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Why a notice was not written.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A letter cannot be written from its template.
    #[error("a letter cannot be written: {0}")]
    Template(#[from] askama::Error),
}

/// What people are to hear of: one letter, for each who hears of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Of what kind it is.
    pub kind: NoticeKind,
    /// What it is about, each by a name of its own: once written about, it is not written about again.
    pub occasions: Vec<String>,
    /// The subject of its letters.
    pub subject: String,
    /// What its letters say.
    pub body: String,
}

/// A certificate that others know us by, or that we trust others by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedCertificate {
    /// The setting that names it.
    pub setting: &'static str,
    /// Its PEM file.
    pub file: PathBuf,
}

/// Keeps a notice as letters to be sent; the count of letters, none where it was written about already, or where nobody hears of
/// its kind.
pub fn put(
    store: &Store,
    settings: &Settings,
    notice: &Notice,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let letters: Vec<Mail> = notice
        .kind
        .readers(settings)
        .map(|reader| Mail {
            id: record_id(now, uuid::Uuid::new_v4()),
            kind: notice.kind.as_str().to_owned(),
            recipient: reader.to_owned(),
            subject: notice.subject.clone(),
            body: notice.body.clone(),
            made: now,
            state: MailState::Waiting,
            next: now,
            tries: 0,
            ended: None,
            said: String::new(),
        })
        .collect();
    if letters.is_empty() {
        return Ok(0);
    }
    Ok(if store.put_mails(&letters, &notice.occasions, now)? { letters.len() } else { 0 })
}

/// Looks for occasions and keeps a letter of each kind that is to be sent; the count of letters.
pub fn look_round(
    store: &Store,
    settings: &Settings,
    certificates: &[WatchedCertificate],
    now: DateTime<Utc>,
) -> Result<usize, NoticeError> {
    let caller = Caller::operator();
    let mut notices = Vec::new();
    if !settings.exceptions.is_empty() {
        notices.extend(cases::opened(store, &caller, now)?);
    }
    if !settings.urgent.is_empty() {
        notices.extend(cases::due(store, &caller, now)?);
        notices.extend(product::illegitimate(store, &caller, now)?);
    }
    if !settings.obligations.is_empty() {
        notices.extend(obligations::due(store, &caller, now)?);
    }
    if !settings.expiry.is_empty() {
        notices.extend(expiry::licences(store, &caller, now)?);
        notices.extend(expiry::certificates(store, certificates, now)?);
    }
    if !settings.audit.is_empty() {
        notices.extend(checkpoint::newest(store)?);
    }
    let kept = notices.iter().map(|notice| put(store, settings, notice, now));
    Ok(kept.sum::<Result<usize, StoreError>>()?)
}

/// The entries that nobody was written to about, with the name of the occasion of each.
fn new_ones<T>(store: &Store, entries: Vec<(String, T)>) -> Result<Vec<(String, T)>, StoreError> {
    let occasions: Vec<String> = entries.iter().map(|(occasion, _)| occasion.clone()).collect();
    let told = store.mailed(&occasions)?;
    Ok(entries.into_iter().filter(|(occasion, _)| !told.contains(occasion)).collect())
}

/// What somebody else wrote, in one line, so that it cannot look like lines of ours.
fn in_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// How long until something, or since, in words: `in 5 hours`, `2 days ago`.
fn distance(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = at - now;
    let size = left.abs();
    let (number, unit) = if size >= TimeDelta::days(2) {
        (size.num_days(), "days")
    } else if size >= TimeDelta::hours(2) {
        (size.num_hours(), "hours")
    } else {
        (size.num_minutes(), "minutes")
    };
    if left < TimeDelta::zero() { format!("{number} {unit} ago") } else { format!("in {number} {unit}") }
}

/// A word for one or for several things.
fn several<'a>(count: usize, one: &'a str, more: &'a str) -> &'a str {
    if count == 1 { one } else { more }
}

#[cfg(test)]
mod tests;
