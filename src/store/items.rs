//! The ledger: what is known of each serialised item, one row an item, kept by registers that do not mind the order in
//! which documents arrive.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use diesel::ExecuteCopyFromDsl;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::dialect::STATEMENT_ROWS;
use crate::store::dialect::insert_all;
use crate::store::lots;
use crate::store::lots::LotRecord;
use crate::store::schema::events;
use crate::store::schema::items;
use crate::store::sight;

/// How many keys one statement asks for.
const KEYS: usize = 500;

/// How many event times are remembered between two batches.
const MOST_TIMES: usize = 200_000;

/// A point in the life of an item: when, and by which stored event. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// `eventTime`, microseconds since 1970.
    pub time: i64,
    /// The store's number of the event.
    pub event: i64,
}

/// What the events of one document say of one item; what they do not say is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemFacts {
    /// Its identity, [`Epc::key`](crate::gs1::Epc::key).
    pub key: String,
    /// Number of the lot it was commissioned with, from [`Store::lot_numbers`].
    pub lot: Option<i64>,
    /// First commissioning.
    pub commissioned: Option<Fact>,
    /// Last packing or unpacking, with the key of the parent where it was packed.
    pub packed: Option<(Fact, Option<String>)>,
    /// Last event that names it.
    pub moved: Option<Fact>,
    /// Last shipping event that names it; what it was in may have been shipped later.
    pub shipped: Option<Fact>,
    /// Last decommissioning, destroying or dispensing.
    pub ended: Option<Fact>,
    /// Last unpacking of all that was in it.
    pub emptied: Option<Fact>,
}

/// A row of the ledger. Numbers are those of events, but for the lot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Insertable, Queryable)]
#[diesel(table_name = items, treat_none_as_default_value = false)]
pub struct ItemRow {
    /// See [`ItemFacts::key`].
    pub key: String,
    /// See [`ItemFacts::lot`].
    pub lot: Option<i64>,
    /// See [`ItemFacts::commissioned`].
    pub commissioned: Option<i64>,
    /// Key of what it is in; `None` where it stands alone.
    pub parent: Option<String>,
    /// See [`ItemFacts::packed`].
    pub packed: Option<i64>,
    /// See [`ItemFacts::moved`].
    pub moved: Option<i64>,
    /// See [`ItemFacts::shipped`].
    pub shipped: Option<i64>,
    /// See [`ItemFacts::ended`].
    pub ended: Option<i64>,
    /// See [`ItemFacts::emptied`].
    pub emptied: Option<i64>,
}

/// One item of the ledger, its facts with their times.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRecord {
    /// Its identity, [`Epc::key`](crate::gs1::Epc::key).
    pub key: String,
    /// The lot it was commissioned with.
    pub lot: Option<LotRecord>,
    /// First commissioning.
    pub commissioned: Option<Fact>,
    /// What it is in, and the event that packed it.
    pub parent: Option<(String, Fact)>,
    /// Last event that names it.
    pub moved: Option<Fact>,
    /// Last shipping event that names it, which is the number of the shipment; what it was in may have been shipped later.
    pub shipped: Option<Fact>,
    /// Decommissioned, destroyed or dispensed.
    pub ended: Option<Fact>,
}

/// What the columns of an event say that a row refers to.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Deed {
    /// The store's number of the event.
    pub event: i64,
    /// The document it came with first.
    pub document: i64,
    /// `eventTime`, microseconds since 1970.
    pub time: i64,
    /// `bizStep`, the bare word.
    pub biz_step: Option<String>,
    /// `disposition`, the bare word.
    pub disposition: Option<String>,
}

/// Times of events that rows refer to, kept from batch to batch.
#[derive(Debug, Default)]
pub struct EventTimes(HashMap<i64, i64>);

impl Store {
    /// Brings what a document says of some items into the ledger, in one short transaction, and returns the rows as they
    /// were before, in the order of `facts`; the same facts twice change nothing.
    pub fn merge_items(
        &self,
        facts: &[ItemFacts],
        times: &mut EventTimes,
    ) -> Result<Vec<Option<ItemRow>>, StoreError> {
        self.write(|connection| {
            let mut before = rows_before(connection, facts)?;
            times.learn(connection, before.values())?;
            let mut new = Vec::new();
            let mut counts = BTreeMap::new();
            for facts in facts {
                let old = before.get(&facts.key);
                let row = facts.merged(old, &times.0);
                count_lots(&mut counts, old, &row);
                match old {
                    None => new.push(row),
                    Some(old) if *old != row => replace(connection, &row)?,
                    Some(_) => {}
                }
            }
            insert_all!(connection, items, new.as_slice());
            lots::count(connection, &counts)?;
            Ok(facts.iter().map(|facts| before.remove(&facts.key)).collect())
        })
    }

    /// Puts rows in the place of those of the same items; where there is nothing to say of an item, its row goes.
    pub fn replace_items(&self, facts: &[ItemFacts]) -> Result<(), StoreError> {
        self.write(|connection| {
            let before = rows(connection, facts.iter().map(|facts| facts.key.as_str()))?;
            let mut counts = BTreeMap::new();
            for facts in facts {
                let row = facts.merged(None, &HashMap::new());
                let empty = row == ItemRow { key: facts.key.clone(), ..ItemRow::default() };
                count_lots(&mut counts, before.get(&facts.key), &row);
                if empty {
                    diesel::delete(items::table.find(&facts.key)).execute(connection)?;
                } else {
                    replace(connection, &row)?;
                }
            }
            lots::count(connection, &counts)
        })
    }

    /// One item of the ledger; `None` where nothing is known of it that the caller may see.
    pub fn item(&self, caller: &Caller, key: &str) -> Result<Option<ItemRecord>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let row: Option<ItemRow> = items::table.find(key).first(connection).optional()?;
            row.map(|row| record(connection, row)).transpose()
        })
    }

    /// The rows of these items that there are.
    pub fn item_rows(&self, keys: &[&str]) -> Result<HashMap<String, ItemRow>, StoreError> {
        self.read(|connection| rows(connection, keys.iter().copied()))
    }

    /// What the columns of these events say, by their numbers.
    pub fn deeds(&self, caller: &Caller, events: &[i64]) -> Result<HashMap<i64, Deed>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut found = HashMap::new();
            for some in events.chunks(KEYS) {
                let columns =
                    (events::id, events::document, events::event_time, events::biz_step, events::disposition);
                let deeds: Vec<Deed> =
                    events::table.filter(events::id.eq_any(some)).select(columns).load(connection)?;
                found.extend(deeds.into_iter().map(|deed| (deed.event, deed)));
            }
            Ok(found)
        })
    }

    /// Items of a trade item and lot that were commissioned and have gone nowhere: neither packed nor shipped nor ended.
    /// All its lots where the lot is empty.
    pub fn loose_items(&self, gtin: &str, lot: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let lots: Vec<i64> = self.read(|connection| lots::numbers(connection, gtin, lot))?;
        let (from, to) = (format!("/01/{gtin}/21/"), format!("/01/{gtin}/210"));
        self.read(|connection| {
            Ok(items::table
                .filter(items::key.gt(&from))
                .filter(items::key.lt(&to))
                .filter(items::lot.eq_any(&lots))
                .filter(items::packed.is_null())
                .filter(items::shipped.is_null())
                .filter(items::ended.is_null())
                .order(items::key)
                .limit(i64::try_from(limit).unwrap_or(i64::MAX))
                .select(items::key)
                .load(connection)?)
        })
    }

    /// All rows from a key on, in the order of their keys.
    pub fn items_after(&self, key: &str, limit: i64) -> Result<Vec<ItemRow>, StoreError> {
        self.read(|connection| {
            Ok(items::table.filter(items::key.gt(key)).order(items::key).limit(limit).load(connection)?)
        })
    }
}

impl ItemFacts {
    /// The row that these facts make of the one there was: the first commissioning, and the last of everything else.
    fn merged(&self, old: Option<&ItemRow>, times: &HashMap<i64, i64>) -> ItemRow {
        let mut row = old.cloned().unwrap_or_else(|| ItemRow { key: self.key.clone(), ..ItemRow::default() });
        let known = |event: Option<i64>| {
            event.map(|event| Fact { time: times.get(&event).copied().unwrap_or(i64::MIN), event })
        };
        if let Some(fact) = self.commissioned
            && known(row.commissioned).is_none_or(|old| fact < old)
        {
            (row.commissioned, row.lot) = (Some(fact.event), self.lot);
        }
        if let Some((fact, parent)) = &self.packed
            && known(row.packed).is_none_or(|old| *fact > old)
        {
            (row.packed, row.parent) = (Some(fact.event), parent.clone());
        }
        let last = |old: Option<i64>, new: Option<Fact>| known(old).max(new).map(|fact| fact.event);
        row.moved = last(row.moved, self.moved);
        row.shipped = last(row.shipped, self.shipped);
        row.ended = last(row.ended, self.ended);
        row.emptied = last(row.emptied, self.emptied);
        row
    }
}

impl EventTimes {
    /// Looks up the events that these rows refer to, each once.
    fn learn<'a>(
        &mut self,
        connection: &mut AnyConnection,
        rows: impl Iterator<Item = &'a ItemRow>,
    ) -> Result<(), StoreError> {
        if self.0.len() > MOST_TIMES {
            self.0.clear();
        }
        let unknown: BTreeSet<i64> =
            rows.flat_map(ItemRow::events).filter(|event| !self.0.contains_key(event)).collect();
        for (event, time) in event_times(connection, &unknown)? {
            self.0.insert(event, time);
        }
        Ok(())
    }
}

impl ItemRow {
    /// The events it refers to.
    fn events(&self) -> impl Iterator<Item = i64> + use<> {
        [self.commissioned, self.packed, self.moved, self.shipped, self.ended, self.emptied]
            .into_iter()
            .flatten()
    }
}

fn count_lots(counts: &mut BTreeMap<i64, i64>, old: Option<&ItemRow>, new: &ItemRow) {
    let before = old.and_then(|old| old.lot);
    if before != new.lot {
        before.into_iter().for_each(|lot| *counts.entry(lot).or_default() -= 1);
        new.lot.into_iter().for_each(|lot| *counts.entry(lot).or_default() += 1);
    }
}

fn replace(connection: &mut AnyConnection, row: &ItemRow) -> Result<(), StoreError> {
    diesel::delete(items::table.find(&row.key)).execute(connection)?;
    diesel::insert_into(items::table).values(row.clone()).execute(connection)?;
    Ok(())
}

/// The rows that there are of these items. Mostly there is none, so that one look at their whole range is enough.
fn rows_before(
    connection: &mut AnyConnection,
    facts: &[ItemFacts],
) -> Result<HashMap<String, ItemRow>, StoreError> {
    let keys = || facts.iter().map(|facts| facts.key.as_str());
    let (Some(first), Some(last)) = (keys().min(), keys().max()) else { return Ok(HashMap::new()) };
    let most = i64::try_from(facts.len()).unwrap_or(i64::MAX);
    let range: Vec<ItemRow> = items::table
        .filter(items::key.ge(first))
        .filter(items::key.le(last))
        .order(items::key)
        .limit(most + 1)
        .load(connection)?;
    if range.len() > facts.len() {
        return rows(connection, keys());
    }
    Ok(range.into_iter().map(|row| (row.key.clone(), row)).collect())
}

fn rows<'a>(
    connection: &mut AnyConnection,
    keys: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, ItemRow>, StoreError> {
    let keys: Vec<&str> = keys.collect();
    let mut found = HashMap::new();
    for keys in keys.chunks(KEYS) {
        let rows: Vec<ItemRow> = items::table.filter(items::key.eq_any(keys)).load(connection)?;
        found.extend(rows.into_iter().map(|row| (row.key.clone(), row)));
    }
    Ok(found)
}

/// The times of these events.
pub(super) fn event_times(
    connection: &mut AnyConnection,
    ids: &BTreeSet<i64>,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let ids: Vec<i64> = ids.iter().copied().collect();
    let mut times = Vec::with_capacity(ids.len());
    for ids in ids.chunks(KEYS) {
        let some: Vec<(i64, i64)> = events::table
            .filter(events::id.eq_any(ids))
            .select((events::id, events::event_time))
            .load(connection)?;
        times.extend(some);
    }
    Ok(times)
}

fn record(connection: &mut AnyConnection, row: ItemRow) -> Result<ItemRecord, StoreError> {
    let times: HashMap<i64, i64> = event_times(connection, &row.events().collect())?.into_iter().collect();
    let fact = |event: Option<i64>| {
        event.and_then(|event| times.get(&event).map(|time| Fact { time: *time, event }))
    };
    Ok(ItemRecord {
        lot: row.lot.map(|lot| lots::lot(connection, lot)).transpose()?.flatten(),
        commissioned: fact(row.commissioned),
        parent: row.parent.zip(fact(row.packed)),
        moved: fact(row.moved),
        shipped: fact(row.shipped),
        ended: fact(row.ended),
        key: row.key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(time: i64) -> Option<Fact> {
        Some(Fact { time, event: time })
    }

    fn times() -> HashMap<i64, i64> {
        (0..10).map(|time| (time, time)).collect()
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let first = ItemFacts {
            key: "k".into(),
            lot: Some(1),
            commissioned: fact(1),
            packed: Some((Fact { time: 2, event: 2 }, Some("p".into()))),
            moved: fact(2),
            ..ItemFacts::default()
        };
        let second = ItemFacts {
            key: "k".into(),
            lot: Some(2),
            commissioned: fact(5),
            packed: Some((Fact { time: 4, event: 4 }, None)),
            moved: fact(5),
            ended: fact(3),
            ..ItemFacts::default()
        };
        let one = second.merged(Some(&first.merged(None, &times())), &times());
        let other = first.merged(Some(&second.merged(None, &times())), &times());
        assert_eq!(one, other);
        assert_eq!(
            (one.lot, one.commissioned, one.packed, one.parent.clone()),
            (Some(1), Some(1), Some(4), None)
        );
        assert_eq!((one.moved, one.ended), (Some(5), Some(3)));
        assert_eq!(first.merged(Some(&one), &times()), one);
    }
}
