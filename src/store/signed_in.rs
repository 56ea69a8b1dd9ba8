//! Sessions, one-time links, and sign-ins that are under way elsewhere; of every secret only its digest is kept.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use serde_json::json;

use crate::access::OneTimeLink;
use crate::access::Person;
use crate::access::Session;
use crate::access::SignIn;
use crate::dscsa::AuditEntry;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::people;
use crate::store::schema::one_time_links;
use crate::store::schema::people as people_table;
use crate::store::schema::sessions;
use crate::store::schema::sign_ins;

#[derive(Queryable, Insertable)]
#[diesel(table_name = sessions)]
struct Row {
    digest: Vec<u8>,
    person: String,
    made_at: i64,
    used_at: i64,
    ends_at: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = sign_ins)]
struct SignInRow {
    state: Vec<u8>,
    browser: Vec<u8>,
    provider: String,
    nonce: String,
    verifier: String,
    target: String,
    ends_at: i64,
}

impl Store {
    /// Signs somebody in, `how` in one word for the audit trail. Sessions that are over are forgotten.
    pub fn open_session(&self, session: &Session, person: &Person, how: &str) -> Result<(), StoreError> {
        let at = session.made_at;
        self.write(|connection| {
            diesel::delete(sessions::table.filter(sessions::ends_at.le(at.timestamp_micros())))
                .execute(connection)?;
            diesel::insert_into(sessions::table).values(Row::of(session)).execute(connection)?;
            diesel::update(people_table::table.find(&session.person))
                .set(people_table::seen_at.eq(Some(at.timestamp_micros())))
                .execute(connection)?;
            let detail = json!({ "how": how });
            let caller = person.caller();
            let entry = people::entry(at, caller.actor(), "people.signed-in", &person.id, detail);
            audit::append(connection, &[entry])
        })
    }

    /// Writes down that somebody was not let in.
    pub fn sign_in_refused(&self, login: &str, why: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let login: String = login.chars().take(100).collect();
        let entry = people::entry(at, "anyone", "people.signed-in", &login, json!({ "why": why }));
        self.audit(&[AuditEntry { outcome: "refused".to_owned(), ..entry }])
    }

    /// The session of this digest, with its person.
    pub fn session(&self, digest: &[u8; 32]) -> Result<Option<(Session, Person)>, StoreError> {
        self.read(|connection| {
            let row: Option<Row> = sessions::table.find(digest.to_vec()).first(connection).optional()?;
            let Some(session) = row.map(Row::session).transpose()? else { return Ok(None) };
            let row: Option<people::Row> =
                people_table::table.find(&session.person).first(connection).optional()?;
            Ok(row.map(people::Row::person).transpose()?.map(|person| (session, person)))
        })
    }

    /// Notes that a session was used.
    pub fn session_used(&self, digest: &[u8; 32], at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(sessions::table.find(digest.to_vec()))
                .set(sessions::used_at.eq(at.timestamp_micros()))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Signs a browser out.
    pub fn close_session(&self, digest: &[u8; 32]) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::delete(sessions::table.find(digest.to_vec())).execute(connection)?;
            Ok(())
        })
    }

    /// Keeps a link; one that sets up the gateway takes the place of the one before.
    pub fn add_link(&self, link: &OneTimeLink) -> Result<(), StoreError> {
        let person = link.person.clone().unwrap_or_default();
        self.write(|connection| {
            let earlier = one_time_links::table.filter(one_time_links::person.eq(&person));
            diesel::delete(earlier).execute(connection)?;
            let row = (
                one_time_links::digest.eq(link.digest.to_vec()),
                one_time_links::person.eq(&person),
                one_time_links::made_at.eq(link.made_at.timestamp_micros()),
                one_time_links::ends_at.eq(link.ends_at.timestamp_micros()),
            );
            diesel::insert_into(one_time_links::table).values(row).execute(connection)?;
            Ok(())
        })
    }

    /// The link of this digest that still opens, with whom it lets in.
    pub fn link(
        &self,
        digest: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<(OneTimeLink, Option<Person>)>, StoreError> {
        self.read(|connection| {
            let row: Option<(Vec<u8>, String, i64, i64)> = one_time_links::table
                .find(digest.to_vec())
                .filter(one_time_links::ends_at.gt(now.timestamp_micros()))
                .first(connection)
                .optional()?;
            let Some((_, id, made_at, ends_at)) = row else { return Ok(None) };
            let (Some(made_at), Some(ends_at)) =
                (DateTime::from_timestamp_micros(made_at), DateTime::from_timestamp_micros(ends_at))
            else {
                return Err(StoreError::Damaged("one-time link".to_owned()));
            };
            let person: Option<people::Row> = people_table::table.find(&id).first(connection).optional()?;
            let person = person.map(people::Row::person).transpose()?;
            if person.is_none() && !id.is_empty() {
                return Ok(None);
            }
            let link = OneTimeLink {
                digest: *digest,
                person: person.as_ref().map(|it| it.id.clone()),
                made_at,
                ends_at,
            };
            Ok(Some((link, person)))
        })
    }

    /// Takes a link away, and sets the password of whom it lets in where one is given; false where another was faster.
    pub fn use_link(
        &self,
        link: &OneTimeLink,
        password: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(|connection| {
            let gone =
                diesel::delete(one_time_links::table.find(link.digest.to_vec())).execute(connection)?;
            if gone == 0 {
                return Ok(false);
            }
            if let (Some(person), Some(hash)) = (&link.person, password) {
                people::set_password(connection, person, hash, now)?;
            }
            Ok(true)
        })
    }

    /// Keeps a sign-in that goes on elsewhere; those that nobody came back from are forgotten.
    pub fn add_sign_in(&self, sign_in: &SignIn, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::delete(sign_ins::table.filter(sign_ins::ends_at.le(now.timestamp_micros())))
                .execute(connection)?;
            let row = SignInRow {
                state: sign_in.state.to_vec(),
                browser: sign_in.browser.to_vec(),
                provider: sign_in.provider.clone(),
                nonce: sign_in.nonce.clone(),
                verifier: sign_in.verifier.clone(),
                target: sign_in.target.clone(),
                ends_at: sign_in.ends_at.timestamp_micros(),
            };
            diesel::insert_into(sign_ins::table).values(row).execute(connection)?;
            Ok(())
        })
    }

    /// Takes a sign-in that went on elsewhere, once.
    pub fn take_sign_in(&self, state: &[u8; 32], now: DateTime<Utc>) -> Result<Option<SignIn>, StoreError> {
        self.write(|connection| {
            let row: Option<SignInRow> = sign_ins::table.find(state.to_vec()).first(connection).optional()?;
            let gone = diesel::delete(sign_ins::table.find(state.to_vec())).execute(connection)?;
            let Some(row) = row.filter(|row| gone > 0 && row.ends_at > now.timestamp_micros()) else {
                return Ok(None);
            };
            let damaged = || StoreError::Damaged("sign-in".to_owned());
            Ok(Some(SignIn {
                state: *state,
                browser: row.browser.try_into().map_err(|_| damaged())?,
                provider: row.provider,
                nonce: row.nonce,
                verifier: row.verifier,
                target: row.target,
                ends_at: DateTime::from_timestamp_micros(row.ends_at).ok_or_else(damaged)?,
            }))
        })
    }
}

impl Row {
    fn of(session: &Session) -> Row {
        Row {
            digest: session.digest.to_vec(),
            person: session.person.clone(),
            made_at: session.made_at.timestamp_micros(),
            used_at: session.used_at.timestamp_micros(),
            ends_at: session.ends_at.timestamp_micros(),
        }
    }

    fn session(self) -> Result<Session, StoreError> {
        let time = DateTime::from_timestamp_micros;
        let read = || {
            Some(Session {
                digest: self.digest.as_slice().try_into().ok()?,
                person: self.person.clone(),
                made_at: time(self.made_at)?,
                used_at: time(self.used_at)?,
                ends_at: time(self.ends_at)?,
            })
        };
        read().ok_or_else(|| StoreError::Damaged("session".to_owned()))
    }
}
