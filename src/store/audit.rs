//! The audit trail: rows are added and never changed; triggers of the database refuse anything else.
//!
//! The numbers of rows have no gap and follow the order of commits, whichever process writes: who appends takes them from one
//! counter, whose row stays locked until the commit. What is appended is therefore best the last that a transaction does.

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExecuteCopyFromDsl;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use serde_json::json;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::AuditRecord;
use crate::dscsa::Decision;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::dialect::STATEMENT_ROWS;
use crate::store::dialect::insert_all;
use crate::store::schema::audit;
use crate::store::schema::counters;
use crate::store::sight;

/// The counter that acts are numbered by.
const COUNTER: &str = "audit";

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
    /// Done to this.
    pub object: Option<String>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
struct Row {
    number: i64,
    at: i64,
    actor: String,
    act: String,
    object: String,
    outcome: String,
    why: String,
    before: String,
    after: String,
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
        caller: &Caller,
        filter: &AuditFilter,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        sight::house(caller)?;
        self.file_all()?;
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
            if let Some(object) = &filter.object {
                query = query.filter(audit::object.eq(object));
            }
            if let Some(after) = after {
                let Some((time, number)) = place(after) else { return Ok(Vec::new()) };
                // The first condition is implied by the second, and is what an index is searched by.
                query = query.filter(audit::at.le(time));
                query = query.filter(audit::at.lt(time).or(audit::number.lt(number)));
            }
            let rows: Vec<Row> =
                query.order((audit::at.desc(), audit::number.desc())).limit(limit).load(connection)?;
            rows.into_iter().map(Row::record).collect()
        })
    }
}

/// The act of one who decided something: who is signed in stands as the actor, and another name that was given in the detail.
pub(super) fn decided(caller: &Caller, decision: &Decision, act: &str, object: &str) -> AuditEntry {
    let entry = AuditEntry::done(decision.when, caller.actor(), act, object).because(&decision.why);
    match decision.who == caller.actor() {
        true => entry,
        false => entry.with(json!({ "who": decision.who })),
    }
}

/// How many acts there are: the number that the next one gets. Every act of a lower number is committed.
pub(super) fn count(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(counters::table.find(COUNTER).select(counters::value).first(connection)?)
}

/// Writes acts down in the transaction of what they tell of.
pub(super) fn append(connection: &mut AnyConnection, entries: &[AuditEntry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let added = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let counter = counters::table.find(COUNTER);
    diesel::update(counter).set(counters::value.eq(counters::value + added)).execute(connection)?;
    let first = count(connection)? - added;
    let rows: Vec<Row> = entries.iter().zip(first..).map(|(entry, number)| Row::of(entry, number)).collect();
    insert_all!(connection, audit, &rows);
    Ok(())
}

/// Acts in the order of their numbers, from this one on.
pub(super) fn from(
    connection: &mut AnyConnection,
    number: i64,
    limit: i64,
) -> Result<Vec<AuditRecord>, StoreError> {
    let rows: Vec<Row> =
        audit::table.filter(audit::number.ge(number)).order(audit::number).limit(limit).load(connection)?;
    rows.into_iter().map(Row::record).collect()
}

/// The place of an act in a list of the newest first, from which it goes on.
pub fn audit_place(record: &AuditRecord) -> String {
    format!("{}.{}", record.entry.at.timestamp_micros(), record.number)
}

fn place(text: &str) -> Option<(i64, i64)> {
    let (time, number) = text.split_once('.')?;
    Some((time.parse().ok()?, number.parse().ok()?))
}

impl Row {
    fn of(entry: &AuditEntry, number: i64) -> Row {
        Row {
            number,
            at: entry.at.timestamp_micros(),
            actor: kept(&entry.actor),
            act: kept(&entry.act),
            object: kept(&entry.object),
            outcome: kept(&entry.outcome),
            why: kept(&entry.why),
            before: kept(&entry.before),
            after: kept(&entry.after),
            detail: kept(&entry.detail),
        }
    }

    fn record(self) -> Result<AuditRecord, StoreError> {
        let damaged = || StoreError::Damaged(format!("act {} of the audit trail", self.number));
        let at = DateTime::from_timestamp_micros(self.at).ok_or_else(damaged)?;
        let number = u64::try_from(self.number).map_err(|_| damaged())?;
        let Row { actor, act, object, outcome, why, before, after, detail, .. } = self;
        let entry = AuditEntry { at, actor, act, object, outcome, why, before, after, detail };
        Ok(AuditRecord { number, entry })
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
        AuditEntry::done(DateTime::from_timestamp(1_772_000_000 + second, 0).unwrap(), actor, act, "a\0b")
    }

    #[test]
    fn the_database_refuses_to_change_history() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epcgate.db");
        let store = Store::open(path.to_str().unwrap(), &Settings::default()).unwrap();
        store.audit(&[entry(0, "operator", "keys.added")]).unwrap();
        let replacing = "INSERT OR REPLACE INTO audit SELECT number, at, 'nobody', act, object, outcome, why, before, \
                         after, detail FROM audit";
        for statement in [
            "UPDATE audit SET actor = 'nobody'",
            "DELETE FROM audit",
            "DELETE FROM audit WHERE at > 0",
            replacing,
        ] {
            let done = store.write(|connection| Ok(sql_query(statement).execute(connection)?));
            assert!(done.unwrap_err().to_string().contains("append-only"), "{statement}");
        }
        let found = store.audited(&Caller::operator(), &AuditFilter::default(), None, 10).unwrap();
        assert_eq!((found.len(), &*found[0].entry.object), (1, "a\u{fffd}b"));
        assert_eq!((found[0].number, &*found[0].entry.actor), (0, "operator"));
    }

    #[test]
    fn a_place_is_read_back() {
        let record = AuditRecord { number: 7, entry: entry(0, "a", "b") };
        assert_eq!(place(&audit_place(&record)), Some((1_772_000_000_000_000, 7)));
        assert_eq!(place("x"), None);
    }
}
