//! The lookup directory: who answers for which trade items, and how each was when it was last tried.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use diesel::ExecuteCopyFromDsl;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::JoinOnDsl;
use diesel::NullableExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use serde_json::json;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::verification::DirectoryContact;
use crate::dscsa::verification::DirectoryRecord;
use crate::dscsa::verification::DirectoryScope;
use crate::formats::directory;
use crate::gs1::Gtin;
use crate::store::Imported;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::dialect::STATEMENT_ROWS;
use crate::store::dialect::insert_all;
use crate::store::schema::directory_probes;
use crate::store::schema::directory_records;
use crate::store::sight;

/// How many keys one statement asks for.
const KEYS: usize = 500;

/// What an import of a directory did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryImport {
    /// How many records were added, changed and unchanged.
    pub imported: Imported,
    /// How many are gone, as their source does not have them any more.
    pub removed: u64,
    /// Names of records that were left as they are, as what is kept was changed later.
    pub older: Vec<String>,
}

/// Why nothing of a directory was kept: a record and one that is kept are for the same packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryConflict {
    /// The number of the record among those given.
    pub record: usize,
    /// The one that is kept, or that will be.
    pub other: Box<DirectoryRecord>,
}

/// Which records are asked for; what is `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryFilter {
    /// Those that concern this trade item, by itself or by its company.
    pub gtin: Option<Gtin>,
    /// Those of this provider.
    pub provider: Option<String>,
    /// Those of this source.
    pub source: Option<String>,
    /// Those that answered when they were last tried, or those that did not.
    pub sound: Option<bool>,
}

/// A record with how it was when it was last tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The record.
    pub record: DirectoryRecord,
    /// How it was; `None` where it was never tried.
    pub health: Option<RecordHealth>,
}

/// How a record was when it was last tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordHealth {
    /// What came of it.
    pub probe: Probe,
    /// How often in a row it failed.
    pub failures: u32,
    /// When it last answered as it should.
    pub last_sound: Option<DateTime<Utc>>,
}

/// What came of trying a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// When it was tried.
    pub at: DateTime<Utc>,
    /// True where it answered as it should.
    pub sound: bool,
    /// What it said, or why it is not sound, in words.
    pub said: String,
}

#[derive(Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = directory_records, treat_none_as_default_value = false)]
struct Row {
    id: String,
    digits: String,
    starts: String,
    ends: String,
    context: String,
    responder: String,
    provider: String,
    url: String,
    active: bool,
    source: String,
    modified_at: Option<i64>,
    contact_name: String,
    email: String,
    phone: String,
    portal: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = directory_probes, treat_none_as_default_value = false)]
struct ProbeRow {
    record: String,
    probed_at: i64,
    sound: bool,
    said: String,
    failures: i64,
    last_sound_at: Option<i64>,
}

/// Records that one act of the audit trail tells of one by one; of the others only the number is.
const MOST_TOLD: usize = 1_000;

impl Store {
    /// Keeps these records, in one transaction: those known by their name are replaced, unless what is kept was changed later.
    /// With `replace`, what else their sources had is removed. Nothing is kept where two records would be for the same packages.
    pub fn put_directory(
        &self,
        caller: &Caller,
        (given, replace): (&[DirectoryRecord], bool),
        now: DateTime<Utc>,
    ) -> Result<Result<DirectoryImport, DirectoryConflict>, StoreError> {
        self.write(|connection| {
            let rows: Vec<Row> = given.iter().map(Row::of).collect();
            let mut kept = kept(connection, &rows, replace)?;
            let mut done = DirectoryImport::default();
            let mut changed: BTreeMap<&str, &Row> = BTreeMap::new();
            let mut old: Vec<Row> = Vec::new();
            for row in &rows {
                match kept.get(&row.id) {
                    Some(old) if old == row => done.imported.unchanged += 1,
                    Some(old) if old.modified_at > row.modified_at => done.older.push(row.id.clone()),
                    Some(before) => {
                        done.imported.changed += 1;
                        old.push(before.clone());
                        changed.insert(&row.id, row);
                    }
                    None => {
                        done.imported.added += 1;
                        changed.insert(&row.id, row);
                    }
                }
            }
            let gone = if replace { gone(&kept, &rows) } else { Vec::new() };
            old.extend(gone.iter().filter_map(|id| kept.remove(id)));
            kept.extend(changed.values().map(|row| (row.id.clone(), (*row).clone())));
            if let Some(conflict) = conflict(&kept, given)? {
                return Ok(Err(conflict));
            }
            done.removed = gone.len() as u64;
            let ids: Vec<&str> = gone.iter().map(String::as_str).chain(changed.keys().copied()).collect();
            for ids in ids.chunks(KEYS) {
                let old = directory_records::table.filter(directory_records::id.eq_any(ids));
                diesel::delete(old).execute(connection)?;
            }
            for ids in gone.chunks(KEYS) {
                let old = directory_probes::table.filter(directory_probes::record.eq_any(ids));
                diesel::delete(old).execute(connection)?;
            }
            let new: Vec<Row> = changed.into_values().cloned().collect();
            insert_all!(connection, directory_records, new.as_slice());
            if !new.is_empty() || !gone.is_empty() {
                let counts = json!({
                    "added": done.imported.added, "changed": done.imported.changed, "removed": done.removed,
                });
                let entry = AuditEntry::done(now, caller.actor(), "directory.imported", "").with(counts);
                audit::append(connection, &[entry.before(told(&old)).after(told(&new))])?;
            }
            Ok(Ok(done))
        })
    }

    /// Every record that may concern a trade item, by itself or by its company.
    pub fn directory_of(&self, caller: &Caller, gtin: Gtin) -> Result<Vec<DirectoryRecord>, StoreError> {
        sight::house(caller)?;
        let digits = DirectoryScope::all_digits(gtin);
        self.read(|connection| {
            let rows: Vec<Row> = directory_records::table
                .filter(directory_records::digits.eq_any(&digits))
                .order(directory_records::id)
                .load(connection)?;
            rows.iter().map(Row::record).collect()
        })
    }

    /// Records in the order of their names, from behind `after`.
    pub fn directory(
        &self,
        caller: &Caller,
        filter: &DirectoryFilter,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<DirectoryEntry>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| {
            let joined = directory_records::table
                .left_join(directory_probes::table.on(directory_probes::record.eq(directory_records::id)));
            let mut query = joined
                .select((directory_records::all_columns, directory_probes::all_columns.nullable()))
                .filter(directory_records::id.gt(after.unwrap_or_default().to_owned()))
                .into_boxed();
            if let Some(gtin) = filter.gtin {
                query = query.filter(directory_records::digits.eq_any(DirectoryScope::all_digits(gtin)));
            }
            if let Some(provider) = &filter.provider {
                query = query.filter(directory_records::provider.eq(provider));
            }
            if let Some(source) = &filter.source {
                query = query.filter(directory_records::source.eq(source));
            }
            if let Some(sound) = filter.sound {
                query = query.filter(directory_probes::sound.nullable().eq(sound));
            }
            let rows: Vec<(Row, Option<ProbeRow>)> =
                query.order(directory_records::id).limit(limit).load(connection)?;
            rows.into_iter().map(entry).collect()
        })
    }

    /// Removes a record; false where there is none of this name.
    pub fn remove_directory_record(
        &self,
        caller: &Caller,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        sight::house(caller)?;
        self.write(|connection| {
            let known: Option<Row> = directory_records::table.find(id).first(connection).optional()?;
            let Some(known) = known else { return Ok(false) };
            diesel::delete(directory_probes::table.find(id)).execute(connection)?;
            diesel::delete(directory_records::table.find(id)).execute(connection)?;
            let entry = AuditEntry::done(now, caller.actor(), "directory.removed", id);
            audit::append(connection, &[entry.before(told(&[known]))])?;
            Ok(true)
        })
    }

    /// Notes how records were when they were tried, by their names.
    pub fn note_probes(&self, probes: &[(String, Probe)]) -> Result<(), StoreError> {
        self.write(|connection| {
            for (id, probe) in probes {
                let known = directory_records::table.find(id).select(directory_records::id);
                // A record may have gone while it was tried.
                if known.first::<String>(connection).optional()?.is_none() {
                    continue;
                }
                let before: Option<ProbeRow> =
                    directory_probes::table.find(id).first(connection).optional()?;
                let row = ProbeRow::after(before, id, probe);
                diesel::delete(directory_probes::table.find(id)).execute(connection)?;
                diesel::insert_into(directory_probes::table).values(row).execute(connection)?;
            }
            Ok(())
        })
    }
}

/// Records as the audit trail has them, by their names: as many of them as one act tells of.
fn told(rows: &[Row]) -> String {
    let member = |row: &Row| {
        let shown = json!({
            "digits": row.digits, "starts": row.starts, "ends": row.ends, "context": row.context,
            "responder": row.responder, "provider": row.provider, "url": row.url, "active": row.active,
            "source": row.source,
        });
        (row.id.clone(), shown)
    };
    let shown: serde_json::Map<_, _> = rows.iter().take(MOST_TOLD).map(member).collect();
    if shown.is_empty() { String::new() } else { serde_json::Value::Object(shown).to_string() }
}

/// The rows that these may meet, by their names: of the same digits, and where others are replaced of the same sources.
fn kept(
    connection: &mut AnyConnection,
    rows: &[Row],
    replace: bool,
) -> Result<BTreeMap<String, Row>, StoreError> {
    let digits: Vec<&str> =
        rows.iter().map(|row| row.digits.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let mut kept = BTreeMap::new();
    for digits in digits.chunks(KEYS) {
        let some: Vec<Row> =
            directory_records::table.filter(directory_records::digits.eq_any(digits)).load(connection)?;
        kept.extend(some.into_iter().map(|row| (row.id.clone(), row)));
    }
    if replace {
        for source in rows.iter().map(|row| row.source.as_str()).collect::<BTreeSet<_>>() {
            let some: Vec<Row> =
                directory_records::table.filter(directory_records::source.eq(source)).load(connection)?;
            kept.extend(some.into_iter().map(|row| (row.id.clone(), row)));
        }
    }
    Ok(kept)
}

/// What the sources of these rows had and do not have any more.
fn gone(kept: &BTreeMap<String, Row>, rows: &[Row]) -> Vec<String> {
    let sources: BTreeSet<&str> = rows.iter().map(|row| row.source.as_str()).collect();
    let given: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let old = kept.values().filter(|row| sources.contains(&*row.source) && !given.contains(&*row.id));
    old.map(|row| row.id.clone()).collect()
}

fn conflict(
    kept: &BTreeMap<String, Row>,
    given: &[DirectoryRecord],
) -> Result<Option<DirectoryConflict>, StoreError> {
    let records: Vec<DirectoryRecord> = kept.values().map(Row::record).collect::<Result<_, _>>()?;
    for (one, other) in directory::overlaps(&records) {
        for (ours, other) in [(one, other), (other, one)] {
            let (Some(ours), Some(other)) = (records.get(ours), records.get(other)) else { continue };
            if let Some(record) = given.iter().position(|record| record.id() == ours.id()) {
                return Ok(Some(DirectoryConflict { record, other: Box::new(other.clone()) }));
            }
        }
    }
    Ok(None)
}

fn entry((row, probe): (Row, Option<ProbeRow>)) -> Result<DirectoryEntry, StoreError> {
    let record = row.record()?;
    let time = |micros: i64| {
        DateTime::<Utc>::from_timestamp_micros(micros)
            .ok_or_else(|| StoreError::Damaged(format!("directory probe {}", row.id)))
    };
    let health = probe.map(|probe| {
        Ok::<_, StoreError>(RecordHealth {
            probe: Probe { at: time(probe.probed_at)?, sound: probe.sound, said: probe.said },
            failures: u32::try_from(probe.failures).unwrap_or(u32::MAX),
            last_sound: probe.last_sound_at.map(time).transpose()?,
        })
    });
    Ok(DirectoryEntry { record, health: health.transpose()? })
}

impl ProbeRow {
    fn after(before: Option<ProbeRow>, id: &str, probe: &Probe) -> ProbeRow {
        let at = probe.at.timestamp_micros();
        let (failures, last) =
            before.map(|before| (before.failures, before.last_sound_at)).unwrap_or_default();
        ProbeRow {
            record: id.to_owned(),
            probed_at: at,
            sound: probe.sound,
            said: probe.said.clone(),
            failures: if probe.sound { 0 } else { failures.saturating_add(1) },
            last_sound_at: if probe.sound { Some(at) } else { last },
        }
    }
}

impl Row {
    fn of(record: &DirectoryRecord) -> Row {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let contact = &record.contact;
        Row {
            id: record.id(),
            digits: record.scope.digits().to_owned(),
            starts: day(record.starts),
            ends: day(record.ends),
            context: record.context.to_string(),
            responder: record.responder.to_string(),
            provider: record.provider.to_string(),
            url: record.url.to_string(),
            active: record.active,
            source: record.source.to_string(),
            modified_at: record.modified.map(|time| time.timestamp_micros()),
            contact_name: contact.name.to_string(),
            email: contact.email.to_string(),
            phone: contact.phone.to_string(),
            portal: contact.portal.to_string(),
        }
    }

    fn record(&self) -> Result<DirectoryRecord, StoreError> {
        let damaged = || StoreError::Damaged(format!("directory record {}", self.id));
        let day = |text: &str| match text {
            "" => Ok(None),
            text => text.parse::<NaiveDate>().map(Some).map_err(|_| damaged()),
        };
        let scope = match self.digits.len() {
            14 => DirectoryScope::Gtin(Gtin::parse(&self.digits).map_err(|_| damaged())?),
            _ => DirectoryScope::Prefix(self.digits.as_str().into()),
        };
        let modified =
            self.modified_at.map(|time| DateTime::<Utc>::from_timestamp_micros(time).ok_or_else(damaged));
        Ok(DirectoryRecord {
            scope,
            starts: day(&self.starts)?,
            ends: day(&self.ends)?,
            context: self.context.as_str().into(),
            responder: self.responder.as_str().into(),
            provider: self.provider.as_str().into(),
            url: self.url.as_str().into(),
            active: self.active,
            source: self.source.as_str().into(),
            modified: modified.transpose()?,
            contact: DirectoryContact {
                name: self.contact_name.as_str().into(),
                email: self.email.as_str().into(),
                phone: self.phone.as_str().into(),
                portal: self.portal.as_str().into(),
            },
        })
    }
}
