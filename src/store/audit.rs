//! The audit trail: rows are added and never changed; triggers of the database refuse anything else.

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExecuteCopyFromDsl;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::AuditRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::dialect::STATEMENT_ROWS;
use crate::store::dialect::insert_all;
use crate::store::schema::audit;

/// Which acts are asked for; what is `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// From this moment on.
    pub since: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
    /// By this one.
    pub actor: Option<String>,
    /// Of this kind.
    pub act: Option<String>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
struct Row {
    at: i64,
    id: String,
    actor: String,
    act: String,
    object: String,
    outcome: String,
    detail: String,
}

impl Store {
    /// Writes acts down, in a transaction of their own.
    pub fn audit(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        self.write(|connection| append(connection, entries))
    }

    /// Acts, the newest first, from the first behind the place `after` ([`audit_place`]).
    pub fn audited(
        &self,
        _caller: &Caller,
        filter: &AuditFilter,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        self.read(|connection| {
            let mut query = audit::table.into_boxed();
            if let Some(since) = filter.since {
                query = query.filter(audit::at.ge(since.timestamp_micros()));
            }
            if let Some(until) = filter.until {
                query = query.filter(audit::at.lt(until.timestamp_micros()));
            }
            if let Some(actor) = &filter.actor {
                query = query.filter(audit::actor.eq(actor));
            }
            if let Some(act) = &filter.act {
                query = query.filter(audit::act.eq(act));
            }
            if let Some(after) = after {
                let Some((time, id)) = place(after) else { return Ok(Vec::new()) };
                // The first condition is implied by the second, and is what an index is searched by.
                query = query.filter(audit::at.le(time));
                query = query.filter(audit::at.lt(time).or(audit::id.lt(id.to_owned())));
            }
            let rows: Vec<Row> =
                query.order((audit::at.desc(), audit::id.desc())).limit(limit).load(connection)?;
            rows.into_iter().map(Row::record).collect()
        })
    }
}

/// Writes acts down in the transaction of what they tell of.
pub(super) fn append(connection: &mut AnyConnection, entries: &[AuditEntry]) -> Result<(), StoreError> {
    let rows: Vec<Row> = entries.iter().map(Row::of).collect();
    insert_all!(connection, audit, &rows);
    Ok(())
}

/// The place of an act in the trail, from which a list goes on.
pub fn audit_place(record: &AuditRecord) -> String {
    format!("{}.{}", record.entry.at.timestamp_micros(), record.id)
}

fn place(text: &str) -> Option<(i64, &str)> {
    let (time, id) = text.split_once('.')?;
    Some((time.parse().ok()?, id))
}

impl Row {
    fn of(entry: &AuditEntry) -> Row {
        Row {
            at: entry.at.timestamp_micros(),
            id: uuid::Uuid::now_v7().to_string(),
            actor: kept(&entry.actor),
            act: kept(&entry.act),
            object: kept(&entry.object),
            outcome: kept(&entry.outcome),
            detail: kept(&entry.detail),
        }
    }

    fn record(self) -> Result<AuditRecord, StoreError> {
        let at = DateTime::from_timestamp_micros(self.at)
            .ok_or_else(|| StoreError::Damaged(format!("audit {}", self.id)))?;
        let Row { id, actor, act, object, outcome, detail, .. } = self;
        Ok(AuditRecord { id, entry: AuditEntry { at, actor, act, object, outcome, detail } })
    }
}

/// PostgreSQL keeps no NUL in a text, and what a stranger sent must not make us forget that he did.
fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use diesel::sql_query;

    use crate::store::Settings;

    use super::*;

    fn entry(second: i64, actor: &str, act: &str) -> AuditEntry {
        AuditEntry {
            at: DateTime::from_timestamp(1_772_000_000 + second, 0).unwrap(),
            actor: actor.to_owned(),
            act: act.to_owned(),
            object: "a\0b".to_owned(),
            outcome: "done".to_owned(),
            detail: String::new(),
        }
    }

    #[test]
    fn the_database_refuses_to_change_history() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epcgate.db");
        let store = Store::open(path.to_str().unwrap(), &Settings::default()).unwrap();
        store.audit(&[entry(0, "operator", "keys.added")]).unwrap();
        for statement in
            ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "DELETE FROM audit WHERE at > 0"]
        {
            let done = store.write(|connection| Ok(sql_query(statement).execute(connection)?));
            assert!(done.unwrap_err().to_string().contains("append-only"), "{statement}");
        }
        let found = store.audited(&Caller::operator(), &AuditFilter::default(), None, 10).unwrap();
        assert_eq!((found.len(), &*found[0].entry.object), (1, "a\u{fffd}b"));
    }

    #[test]
    fn a_place_is_read_back() {
        let record = AuditRecord { id: "x.y".to_owned(), entry: entry(0, "a", "b") };
        assert_eq!(place(&audit_place(&record)), Some((1_772_000_000_000_000, "x.y")));
        assert_eq!(place("x"), None);
    }
}
