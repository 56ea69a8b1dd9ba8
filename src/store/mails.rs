//! Mails: letters that wait to be sent, those sent, those nobody took, and what was written about already.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::CaseState;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::schema::exception_cases;
use crate::store::schema::mail_occasions;
use crate::store::schema::mails;
use crate::store::sight;

/// Occasions that are looked up in one statement.
const TOGETHER: usize = 500;

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It is to be sent, now or later.
    Waiting,
    /// The mail server took it.
    Sent,
    /// The mail server refused it, or nobody took it for as long as was tried.
    Dead,
}

impl MailState {
    /// Every state.
    pub const ALL: [MailState; 3] = [MailState::Waiting, MailState::Sent, MailState::Dead];

    /// `waiting`, `sent` or `dead`.
    pub fn as_str(self) -> &'static str {
        match self {
            MailState::Waiting => "waiting",
            MailState::Sent => "sent",
            MailState::Dead => "dead",
        }
    }
}

/// A letter to one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its name, a UUID; the left part of its Message-ID.
    pub id: String,
    /// What it is about, in one word.
    pub kind: String,
    /// Whom it goes to.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub made: DateTime<Utc>,
    /// Where it stands.
    pub state: MailState,
    /// When it is tried next; of no meaning once it waits no more.
    pub next: DateTime<Utc>,
    /// How often it was tried.
    pub tries: u32,
    /// When it was sent or given up.
    pub ended: Option<DateTime<Utc>>,
    /// What the mail server said last, or why there was none.
    pub said: String,
}

#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = mails, treat_none_as_default_value = false)]
struct Row {
    id: String,
    kind: String,
    recipient: String,
    subject: String,
    body: String,
    made_at: i64,
    state: String,
    next_at: i64,
    tries: i64,
    ended_at: Option<i64>,
    said: String,
}

impl Store {
    /// Keeps letters to be sent, and notes what they are about; false, and nothing is kept, where one of these occasions was
    /// written about already.
    pub fn put_mails(
        &self,
        letters: &[Mail],
        occasions: &[String],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let at = now.timestamp_micros();
        let done = self.write(|connection| {
            for occasion in occasions {
                let row = (mail_occasions::occasion.eq(occasion), mail_occasions::mailed_at.eq(at));
                diesel::insert_into(mail_occasions::table).values(row).execute(connection)?;
            }
            for letter in letters {
                diesel::insert_into(mails::table).values(Row::of(letter)).execute(connection)?;
            }
            Ok(())
        });
        match done {
            Ok(()) => Ok(true),
            // Another process, or this one before, has written about it.
            Err(error) if is_taken(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Those of these occasions that were written about.
    pub fn mailed(&self, occasions: &[String]) -> Result<BTreeSet<String>, StoreError> {
        self.read(|connection| {
            let mut told = BTreeSet::new();
            for chunk in occasions.chunks(TOGETHER) {
                let found: Vec<String> = mail_occasions::table
                    .filter(mail_occasions::occasion.eq_any(chunk))
                    .select(mail_occasions::occasion)
                    .load(connection)?;
                told.extend(found);
            }
            Ok(told)
        })
    }

    /// Takes letters that are due, the earliest first, counts the try, and puts them off until `lease`, so that no other
    /// process sends them meanwhile.
    pub fn take_mails(
        &self,
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<Mail>, StoreError> {
        let waiting = MailState::Waiting.as_str();
        let is_due = mails::state.eq(waiting).and(mails::next_at.le(now.timestamp_micros()));
        let none: Option<String> = self.read(|connection| {
            Ok(mails::table.filter(is_due).select(mails::id).first(connection).optional()?)
        })?;
        if none.is_none() {
            return Ok(Vec::new());
        }
        self.write(|connection| {
            let due: Vec<Row> = mails::table
                .filter(is_due)
                .order((mails::next_at, mails::id))
                .limit(most)
                .load(connection)?;
            let mut taken = Vec::new();
            for mut row in due {
                let tries = row.tries.saturating_add(1);
                // Where another process was faster, nothing is changed.
                let ours = diesel::update(mails::table.find(&row.id))
                    .filter(mails::state.eq(waiting).and(mails::next_at.eq(row.next_at)))
                    .set((mails::next_at.eq(lease.timestamp_micros()), mails::tries.eq(tries)))
                    .execute(connection)?;
                if ours > 0 {
                    (row.next_at, row.tries) = (lease.timestamp_micros(), tries);
                    taken.push(row.mail()?);
                }
            }
            Ok(taken)
        })
    }

    /// Notes that a letter was taken by the mail server, and what that said.
    pub fn mail_sent(&self, id: &str, said: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.end_mail(id, MailState::Sent, said, at)
    }

    /// Notes that a letter is given up, and why.
    pub fn mail_dead(&self, id: &str, said: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.end_mail(id, MailState::Dead, said, at)
    }

    fn end_mail(&self, id: &str, state: MailState, said: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(mails::table.find(id))
                .filter(mails::state.eq(MailState::Waiting.as_str()))
                .set((
                    mails::state.eq(state.as_str()),
                    mails::ended_at.eq(Some(at.timestamp_micros())),
                    mails::said.eq(kept(said)),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Notes why a letter was not sent, and when it is tried again.
    pub fn put_mail_off(&self, id: &str, said: &str, next: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(mails::table.find(id))
                .filter(mails::state.eq(MailState::Waiting.as_str()))
                .set((mails::next_at.eq(next.timestamp_micros()), mails::said.eq(kept(said))))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Letters, the newest first, from behind the name `after`; with `state`, those that stand there.
    pub fn mails(
        &self,
        caller: &Caller,
        state: Option<MailState>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Mail>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| {
            let mut query = mails::table.into_boxed();
            if let Some(state) = state {
                query = query.filter(mails::state.eq(state.as_str()));
            }
            if let Some(after) = after {
                query = query.filter(mails::id.lt(after.to_owned()));
            }
            let rows: Vec<Row> = query.order(mails::id.desc()).limit(limit).load(connection)?;
            rows.into_iter().map(Row::mail).collect()
        })
    }

    /// Sends a letter again that was sent or given up, with the same Message-ID; false where there is none of this name
    /// that waits no more.
    pub fn replay_mail(&self, caller: &Caller, id: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let entry = AuditEntry::done(now, caller.actor(), "mail.replayed", id);
        self.write(|connection| {
            let changed = diesel::update(mails::table.find(id))
                .filter(mails::state.ne(MailState::Waiting.as_str()))
                .set((
                    mails::state.eq(MailState::Waiting.as_str()),
                    mails::next_at.eq(now.timestamp_micros()),
                    mails::tries.eq(0),
                    mails::ended_at.eq(None::<i64>),
                ))
                .execute(connection)?;
            if changed > 0 {
                audit::append(connection, std::slice::from_ref(&entry))?;
            }
            Ok(changed > 0)
        })
    }

    /// The names of exception cases, not closed, that were opened from `since` on, the oldest first.
    pub fn cases_since(&self, caller: &Caller, since: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| {
            Ok(exception_cases::table
                .filter(exception_cases::state.ne(CaseState::Closed.as_str()))
                .filter(exception_cases::opened_at.ge(since.timestamp_micros()))
                .order((exception_cases::opened_at, exception_cases::id))
                .select(exception_cases::id)
                .load(connection)?)
        })
    }

    /// The names of exception cases, not closed, of which something is due in this time: that the other side is told, or
    /// that it answers.
    pub fn cases_due(
        &self,
        caller: &Caller,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        sight::house(caller)?;
        let (from, to) = (from.timestamp_micros(), to.timestamp_micros());
        self.read(|connection| {
            let told = exception_cases::notify_by.ge(from).and(exception_cases::notify_by.lt(to));
            let answered = exception_cases::answer_by.ge(from).and(exception_cases::answer_by.lt(to));
            Ok(exception_cases::table
                .filter(exception_cases::state.ne(CaseState::Closed.as_str()))
                .filter(told.or(answered))
                .order((exception_cases::opened_at, exception_cases::id))
                .select(exception_cases::id)
                .load(connection)?)
        })
    }
}

fn is_taken(error: &StoreError) -> bool {
    use diesel::result::DatabaseErrorKind::UniqueViolation;
    use diesel::result::Error;
    matches!(error, StoreError::Database(said) if matches!(said.0, Error::DatabaseError(UniqueViolation, _)))
}

/// PostgreSQL keeps no NUL in a text, whatever a mail server says.
fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl Row {
    fn of(mail: &Mail) -> Row {
        Row {
            id: mail.id.clone(),
            kind: mail.kind.clone(),
            recipient: kept(&mail.recipient),
            subject: kept(&mail.subject),
            body: kept(&mail.body),
            made_at: mail.made.timestamp_micros(),
            state: mail.state.as_str().to_owned(),
            next_at: mail.next.timestamp_micros(),
            tries: i64::from(mail.tries),
            ended_at: mail.ended.map(|ended| ended.timestamp_micros()),
            said: kept(&mail.said),
        }
    }

    fn mail(self) -> Result<Mail, StoreError> {
        let damaged = || StoreError::Damaged(format!("mail {}", self.id));
        let time = |micros| DateTime::from_timestamp_micros(micros).ok_or_else(damaged);
        let state = MailState::ALL.into_iter().find(|state| state.as_str() == self.state);
        Ok(Mail {
            made: time(self.made_at)?,
            state: state.ok_or_else(damaged)?,
            next: time(self.next_at)?,
            tries: u32::try_from(self.tries).unwrap_or(u32::MAX),
            ended: self.ended_at.map(time).transpose()?,
            id: self.id,
            kind: self.kind,
            recipient: self.recipient,
            subject: self.subject,
            body: self.body,
            said: self.said,
        })
    }
}
