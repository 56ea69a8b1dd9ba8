//! API keys; of each only a digest is kept, and each change of one is written into the audit trail with it.

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use serde_json::json;

use crate::access::ApiKey;
use crate::access::Caller;
use crate::access::Revocation;
use crate::access::Scope;
use crate::access::SpeaksFor;
use crate::dscsa::AuditEntry;
use crate::gs1::Gln;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::schema::api_keys;
use crate::store::sight;

/// What stands for all GLNs.
const ANY: &str = "*";

#[derive(Queryable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct Row {
    id: String,
    name: String,
    digest: Vec<u8>,
    glns: String,
    scopes: String,
    made_at: i64,
    made_by: String,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    revoked_by: String,
    revoked_why: String,
    used_at: Option<i64>,
}

impl Store {
    /// Keeps a new key.
    pub fn add_key(&self, caller: &Caller, key: &ApiKey) -> Result<(), StoreError> {
        sight::house(caller)?;
        let row = Row::of(key);
        let entry = AuditEntry::done(key.made_at, &key.made_by, "keys.added", &key.id).after(json!({
            "name": key.name,
            "glns": row.glns,
            "scopes": row.scopes,
            "expires": key.expires.map(|end| end.to_rfc3339()),
        }));
        self.write(|connection| {
            diesel::insert_into(api_keys::table).values(Row::of(key)).execute(connection)?;
            audit::append(connection, std::slice::from_ref(&entry))
        })
    }

    /// Takes a key back; one that was revoked stays as it is. `None` where there is none of this name.
    pub fn revoke_key(
        &self,
        caller: &Caller,
        id: &str,
        revoked: &Revocation,
    ) -> Result<Option<ApiKey>, StoreError> {
        sight::house(caller)?;
        self.write(|connection| {
            let changed = diesel::update(api_keys::table.find(id))
                .filter(api_keys::revoked_at.is_null())
                .set((
                    api_keys::revoked_at.eq(Some(revoked.at.timestamp_micros())),
                    api_keys::revoked_by.eq(&revoked.by),
                    api_keys::revoked_why.eq(&revoked.why),
                ))
                .execute(connection)?;
            let row: Option<Row> = api_keys::table.find(id).first(connection).optional()?;
            let Some(key) = row.map(Row::key).transpose()? else { return Ok(None) };
            if changed > 0 {
                let entry = AuditEntry::done(revoked.at, &revoked.by, "keys.revoked", id)
                    .because(&revoked.why)
                    .before(json!({ "name": key.name, "revoked": false }))
                    .after(json!({ "name": key.name, "revoked": true }));
                audit::append(connection, &[entry])?;
            }
            Ok(Some(key))
        })
    }

    /// Every key, the oldest first, those revoked and expired too.
    pub fn keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| {
            let rows: Vec<Row> = api_keys::table.order((api_keys::made_at, api_keys::id)).load(connection)?;
            rows.into_iter().map(Row::key).collect()
        })
    }

    /// Notes that a key was used.
    pub fn key_used(&self, id: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let at = at.timestamp_micros();
        self.write(|connection| {
            diesel::update(api_keys::table.find(id))
                .filter(api_keys::used_at.is_null().or(api_keys::used_at.lt(at)))
                .set(api_keys::used_at.eq(Some(at)))
                .execute(connection)?;
            Ok(())
        })
    }
}

impl Row {
    fn of(key: &ApiKey) -> Row {
        let glns = match &key.speaks_for {
            SpeaksFor::Any => ANY.to_owned(),
            SpeaksFor::These(glns) => joined(glns.iter().map(Gln::as_str)),
        };
        let revoked = key.revoked.as_ref();
        Row {
            id: key.id.clone(),
            name: key.name.clone(),
            digest: key.digest.to_vec(),
            glns,
            scopes: joined(key.scopes.iter().map(|scope| scope.as_str())),
            made_at: key.made_at.timestamp_micros(),
            made_by: key.made_by.clone(),
            expires_at: key.expires.map(|end| end.timestamp_micros()),
            revoked_at: revoked.map(|revoked| revoked.at.timestamp_micros()),
            revoked_by: revoked.map(|revoked| revoked.by.clone()).unwrap_or_default(),
            revoked_why: revoked.map(|revoked| revoked.why.clone()).unwrap_or_default(),
            used_at: key.used.map(|used| used.timestamp_micros()),
        }
    }

    fn key(self) -> Result<ApiKey, StoreError> {
        self.read().ok_or_else(|| StoreError::Damaged(format!("API key {}", self.id)))
    }

    fn read(&self) -> Option<ApiKey> {
        let time = DateTime::from_timestamp_micros;
        let glns = || self.glns.split_whitespace().map(|gln| Gln::parse(gln).ok()).collect::<Option<_>>();
        let revoked = |at| {
            Some(Revocation { at: time(at)?, by: self.revoked_by.clone(), why: self.revoked_why.clone() })
        };
        Some(ApiKey {
            id: self.id.clone(),
            name: self.name.clone(),
            digest: self.digest.as_slice().try_into().ok()?,
            speaks_for: if self.glns == ANY { SpeaksFor::Any } else { SpeaksFor::These(glns()?) },
            scopes: self.scopes.split_whitespace().map(Scope::parse).collect::<Option<_>>()?,
            made_at: time(self.made_at)?,
            made_by: self.made_by.clone(),
            expires: self.expires_at.and_then(time),
            revoked: self.revoked_at.and_then(revoked),
            used: self.used_at.and_then(time),
        })
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}
