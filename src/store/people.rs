//! People who sign in; each change of one is written into the audit trail with it.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use serde_json::json;

use crate::access::Caller;
use crate::access::Identity;
use crate::access::Person;
use crate::access::Revocation;
use crate::access::Role;
use crate::dscsa::AuditEntry;
use crate::gs1::Gln;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::schema::one_time_links;
use crate::store::schema::people;
use crate::store::schema::sessions;
use crate::store::sight;

/// A line of the table of people.
#[derive(Queryable, Insertable)]
#[diesel(table_name = people, treat_none_as_default_value = false)]
pub(super) struct Row {
    id: String,
    login: String,
    name: String,
    organisation: String,
    station: bool,
    roles: String,
    glns: String,
    password: Option<String>,
    issuer: String,
    subject: String,
    made_at: i64,
    made_by: String,
    ends_at: Option<i64>,
    revoked_at: Option<i64>,
    revoked_by: String,
    revoked_why: String,
    seen_at: Option<i64>,
}

impl Store {
    /// Keeps somebody new; false where another has the sign-in name.
    pub fn add_person(&self, caller: &Caller, person: &Person) -> Result<bool, StoreError> {
        self.write(|connection| {
            let taken: i64 =
                people::table.filter(people::login.eq(&person.login)).count().get_result(connection)?;
            if taken > 0 {
                return Ok(false);
            }
            insert(connection, person, caller.actor())?;
            Ok(true)
        })
    }

    /// Keeps the first person there is; false where there is one already.
    pub fn add_first_person(&self, person: &Person) -> Result<bool, StoreError> {
        self.write(|connection| {
            if people::table.count().get_result::<i64>(connection)? > 0 {
                return Ok(false);
            }
            insert(connection, person, &format!("person:{}", person.login))?;
            diesel::delete(one_time_links::table).execute(connection)?;
            Ok(true)
        })
    }

    /// Everybody, by sign-in name, those who were shut out too.
    pub fn people(&self, caller: &Caller) -> Result<Vec<Person>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| {
            let rows: Vec<Row> = people::table.order(people::login).load(connection)?;
            rows.into_iter().map(Row::person).collect()
        })
    }

    /// Whether anybody was ever let in.
    pub fn has_people(&self) -> Result<bool, StoreError> {
        self.read(|connection| Ok(people::table.count().get_result::<i64>(connection)? > 0))
    }

    /// Who has this sign-in name.
    pub fn person_of_login(&self, login: &str) -> Result<Option<Person>, StoreError> {
        self.read(|connection| {
            let row: Option<Row> =
                people::table.filter(people::login.eq(login)).first(connection).optional()?;
            row.map(Row::person).transpose()
        })
    }

    /// Who is this one to an OpenID provider.
    pub fn person_of_identity(&self, identity: &Identity) -> Result<Option<Person>, StoreError> {
        self.read(|connection| {
            let row: Option<Row> = people::table
                .filter(people::issuer.eq(&identity.issuer))
                .filter(people::subject.eq(&identity.subject))
                .first(connection)
                .optional()?;
            row.map(Row::person).transpose()
        })
    }

    /// Shuts somebody out, and ends every session of theirs at once; who was shut out before stays so. `None` where nobody has
    /// this sign-in name.
    pub fn revoke_person(
        &self,
        caller: &Caller,
        login: &str,
        revoked: &Revocation,
    ) -> Result<Option<Person>, StoreError> {
        self.write(|connection| {
            let row: Option<Row> =
                people::table.filter(people::login.eq(login)).first(connection).optional()?;
            let Some(person) = row.map(Row::person).transpose()? else { return Ok(None) };
            if person.revoked.is_some() {
                return Ok(Some(person));
            }
            diesel::update(people::table.find(&person.id))
                .set((
                    people::revoked_at.eq(Some(revoked.at.timestamp_micros())),
                    people::revoked_by.eq(&revoked.by),
                    people::revoked_why.eq(&revoked.why),
                ))
                .execute(connection)?;
            forget(connection, &person.id)?;
            let entry = AuditEntry::done(revoked.at, caller.actor(), "people.revoked", &person.id)
                .because(&revoked.why)
                .before(json!({ "login": person.login, "revoked": false }))
                .after(json!({ "login": person.login, "revoked": true }));
            audit::append(connection, &[entry])?;
            Ok(Some(Person { revoked: Some(revoked.clone()), ..person }))
        })
    }

    /// Notes how somebody is known to who signs them in for us.
    pub fn bind_identity(&self, person: &Person, subject: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(people::table.find(&person.id))
                .set(people::subject.eq(subject))
                .execute(connection)?;
            let actor = person.caller();
            let detail = json!({ "login": person.login, "subject": subject });
            audit::append(connection, &[entry(at, actor.actor(), "people.identified", &person.id, detail)])
        })
    }
}

/// Sets a password, and ends every session and link of who has it.
pub(super) fn set_password(
    connection: &mut AnyConnection,
    person: &str,
    hash: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::update(people::table.find(person)).set(people::password.eq(Some(hash))).execute(connection)?;
    forget(connection, person)?;
    let row: Option<Row> = people::table.find(person).first(connection).optional()?;
    let Some(person) = row.map(Row::person).transpose()? else { return Ok(()) };
    let actor = person.caller();
    let detail = json!({ "login": person.login });
    audit::append(connection, &[entry(at, actor.actor(), "people.password-set", &person.id, detail)])
}

/// An act around people.
pub(super) fn entry(
    at: DateTime<Utc>,
    actor: &str,
    act: &str,
    object: &str,
    detail: serde_json::Value,
) -> AuditEntry {
    AuditEntry::done(at, actor, act, object).with(detail)
}

fn forget(connection: &mut AnyConnection, person: &str) -> Result<(), StoreError> {
    diesel::delete(sessions::table.filter(sessions::person.eq(person))).execute(connection)?;
    diesel::delete(one_time_links::table.filter(one_time_links::person.eq(person))).execute(connection)?;
    Ok(())
}

fn insert(connection: &mut AnyConnection, person: &Person, actor: &str) -> Result<(), StoreError> {
    let row = Row::of(person);
    let detail = json!({
        "login": row.login, "name": row.name, "organisation": row.organisation, "station": row.station,
        "roles": row.roles, "glns": row.glns, "issuer": row.issuer,
        "ends": person.ends.map(|end| end.to_rfc3339()),
    });
    diesel::insert_into(people::table).values(row).execute(connection)?;
    let entry = AuditEntry::done(person.made_at, actor, "people.added", &person.id).after(detail);
    audit::append(connection, &[entry])
}

impl Row {
    fn of(person: &Person) -> Row {
        let words = |words: Vec<&str>| words.join(" ");
        let identity = person.identity.as_ref();
        let revoked = person.revoked.as_ref();
        Row {
            id: person.id.clone(),
            login: person.login.clone(),
            name: person.name.clone(),
            organisation: person.organisation.clone(),
            station: person.station,
            roles: words(person.roles.iter().map(|role| role.as_str()).collect()),
            glns: words(person.glns.iter().map(Gln::as_str).collect()),
            password: person.password.clone(),
            issuer: identity.map(|identity| identity.issuer.clone()).unwrap_or_default(),
            subject: identity.map(|identity| identity.subject.clone()).unwrap_or_default(),
            made_at: person.made_at.timestamp_micros(),
            made_by: person.made_by.clone(),
            ends_at: person.ends.map(|end| end.timestamp_micros()),
            revoked_at: revoked.map(|revoked| revoked.at.timestamp_micros()),
            revoked_by: revoked.map(|revoked| revoked.by.clone()).unwrap_or_default(),
            revoked_why: revoked.map(|revoked| revoked.why.clone()).unwrap_or_default(),
            seen_at: person.seen.map(|seen| seen.timestamp_micros()),
        }
    }

    /// The person of a line.
    pub(super) fn person(self) -> Result<Person, StoreError> {
        self.read().ok_or_else(|| StoreError::Damaged(format!("person {}", self.id)))
    }

    fn read(&self) -> Option<Person> {
        let time = DateTime::from_timestamp_micros;
        let revoked = |at| {
            Some(Revocation { at: time(at)?, by: self.revoked_by.clone(), why: self.revoked_why.clone() })
        };
        let identity = || Identity { issuer: self.issuer.clone(), subject: self.subject.clone() };
        Some(Person {
            id: self.id.clone(),
            login: self.login.clone(),
            name: self.name.clone(),
            organisation: self.organisation.clone(),
            station: self.station,
            roles: self.roles.split_whitespace().map(Role::parse).collect::<Option<_>>()?,
            glns: self.glns.split_whitespace().map(|gln| Gln::parse(gln).ok()).collect::<Option<_>>()?,
            password: self.password.clone(),
            identity: (!self.issuer.is_empty()).then(identity),
            made_at: time(self.made_at)?,
            made_by: self.made_by.clone(),
            ends: self.ends_at.and_then(time),
            revoked: self.revoked_at.and_then(revoked),
            seen: self.seen_at.and_then(time),
        })
    }
}
