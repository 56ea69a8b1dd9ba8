//! Sends the letters that are due: each at least once, with the same Message-ID, until the mail server takes it.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::notices::Settings;
use crate::store::Mail;
use crate::store::Store;
use crate::store::StoreError;
use crate::transport::Letter;
use crate::transport::MailError;
use crate::transport::Mailer;

/// How long a letter is ours while it is sent: longer than every answer of the server together may take.
const LEASE: TimeDelta = TimeDelta::minutes(15);

/// What became of letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Taken by the mail server.
    pub sent: u64,
    /// To be tried again.
    pub put_off: u64,
    /// Given up.
    pub dead: u64,
}

/// Sends every letter that is due; breaks off where the mail server is not reached, or where `stop` says so.
///
/// A crash between the server's answer and our note of it makes the letter be sent once more, under the same Message-ID.
pub fn send_due(
    store: &Store,
    mailer: &Mailer,
    settings: &Settings,
    (clock, stop): (&dyn Fn() -> DateTime<Utc>, &dyn Fn() -> bool),
) -> Result<Sent, StoreError> {
    let mut sent = Sent::default();
    while !stop() {
        let now = clock();
        let Some(mail) = store.take_mails(now, now + LEASE, 1)?.into_iter().next() else { break };
        let letter = Letter {
            id: mail.id.clone(),
            to: mail.recipient.clone(),
            subject: mail.subject.clone(),
            body: mail.body.clone(),
            at: mail.made,
        };
        match mailer.send(&letter) {
            Ok(said) => {
                store.mail_sent(&mail.id, &said, clock())?;
                tracing::info!(id = mail.id, kind = mail.kind, "a mail was sent");
                sent.sent += 1;
            }
            Err(error) => {
                let gone = matches!(error, MailError::Refused(_));
                let unreached = matches!(error, MailError::Unreachable(_) | MailError::Setting(_));
                if again(store, settings, &mail, (&error, gone), clock())? {
                    sent.put_off += 1;
                } else {
                    sent.dead += 1;
                }
                if unreached {
                    break;
                }
            }
        }
    }
    Ok(sent)
}

/// Puts a letter off that was not taken, or gives it up; true where it is tried again.
fn again(
    store: &Store,
    settings: &Settings,
    mail: &Mail,
    (error, gone): (&MailError, bool),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let said = error.to_string();
    let place = usize::try_from(mail.tries.saturating_sub(1)).unwrap_or(usize::MAX);
    match settings.retry_minutes.get(place).filter(|_| !gone) {
        Some(minutes) => {
            tracing::warn!(
                id = mail.id,
                kind = mail.kind,
                error = said,
                "a mail was not sent, and will be tried again"
            );
            store.put_mail_off(&mail.id, &said, now + TimeDelta::minutes(i64::from(*minutes)))?;
            Ok(true)
        }
        None => {
            tracing::error!(
                id = mail.id,
                kind = mail.kind,
                error = said,
                "a mail is given up; `epcgate mail replay` sends it again"
            );
            store.mail_dead(&mail.id, &said, now)?;
            Ok(false)
        }
    }
}
