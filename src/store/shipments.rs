//! Shipments: one for each shipping event, with its parties, its orders, and every unit that went with it.

use std::collections::HashMap;

use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::gs1::Epc;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::lots;
use crate::store::lots::LotRecord;
use crate::store::schema::shipment_roots;
use crate::store::schema::shipment_transactions;
use crate::store::schema::shipment_units;
use crate::store::schema::shipments;
use crate::store::sight;

const LEVEL: i32 = 1;

/// How many keys one statement asks for.
const KEYS: usize = 500;

/// What one unpacked block of units may have; a larger one is damaged.
const MOST_BLOCK_BYTES: usize = 16 << 20;

/// A shipment: what one shipping event says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShipmentRecord {
    /// The store's number of its shipping event.
    pub id: i64,
    /// The document that brought it.
    pub document: i64,
    /// `eventTime`, microseconds since 1970.
    pub time: i64,
    /// GLN-13 of the source's owning party, or its key; empty where none is named. So the other three.
    pub seller: String,
    /// Destination's owning party.
    pub buyer: String,
    /// Source's location, or the read point.
    pub ship_from: String,
    /// Destination's location.
    pub ship_to: String,
    /// Purchase orders, URIs as sent.
    pub purchase_orders: Vec<String>,
    /// Despatch advices, URIs as sent.
    pub despatch_advices: Vec<String>,
    /// Keys of what the event lists: logistic units, cases, units.
    pub roots: Vec<String>,
    /// Saleable units in it.
    pub units: u64,
}

/// A unit that went with a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippedUnit {
    /// Its identity, [`Epc::key`].
    pub key: String,
    /// Key of what it was in; empty where it was shipped by itself.
    pub parent: String,
    /// The lot it was commissioned with; `None` where no commissioning is known.
    pub lot: Option<LotRecord>,
}

/// Who sold what is in a shipment to whom, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct ShipmentParties {
    /// See [`ShipmentRecord::id`]. So the other fields.
    pub id: i64,
    /// The document that brought it.
    pub document: i64,
    /// `eventTime`, microseconds since 1970.
    pub time: i64,
    /// Source's owning party.
    pub seller: String,
    /// Destination's owning party.
    pub buyer: String,
    /// Destination's location.
    pub ship_to: String,
}

/// Which shipments are asked for; what is `None` or empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShipmentFilter {
    /// Purchase order, despatch advice or other business transaction: its URI, or its number alone.
    pub order: Option<String>,
    /// GLN-13 of the seller or the buyer.
    pub partner: Option<String>,
    /// Shipped at or after this time, microseconds since 1970.
    pub since: Option<i64>,
    /// Shipped before this time.
    pub until: Option<i64>,
}

type ShipmentRow = (i64, i64, i64, String, String, String, String, i64);

impl Store {
    /// One shipment; `None` where there is none that the caller may see.
    pub fn shipment(&self, caller: &Caller, id: i64) -> Result<Option<ShipmentRecord>, StoreError> {
        self.read_for(caller, |connection| {
            if !sight::sees_event(connection, caller, id)? {
                return Ok(None);
            }
            let row: Option<ShipmentRow> = shipments::table.find(id).first(connection).optional()?;
            row.map(|row| record(connection, row)).transpose()
        })
    }

    /// Shipments from the newest on; with `before`, those older than the one of this time and number.
    pub fn shipments(
        &self,
        caller: &Caller,
        filter: &ShipmentFilter,
        before: Option<(i64, i64)>,
        limit: i64,
    ) -> Result<Vec<ShipmentRecord>, StoreError> {
        self.read_for(caller, |connection| {
            let mut query = shipments::table.into_boxed();
            if let Some(seen) = sight::of_event(caller, "shipments.id") {
                query = query.filter(seen);
            }
            if let Some(order) = &filter.order {
                let value = transaction_value(order);
                let with = shipment_transactions::table
                    .filter(shipment_transactions::value.eq_any([value, order.trim().to_owned()]))
                    .select(shipment_transactions::shipment);
                query = query.filter(shipments::id.eq_any(with.load::<i64>(connection)?));
            }
            if let Some(partner) = &filter.partner {
                query = query
                    .filter(shipments::seller.eq(partner.clone()).or(shipments::buyer.eq(partner.clone())));
            }
            if let Some(since) = filter.since {
                query = query.filter(shipments::time.ge(since));
            }
            if let Some(until) = filter.until {
                query = query.filter(shipments::time.lt(until));
            }
            if let Some((time, id)) = before {
                let older = shipments::time.lt(time);
                query = query.filter(older.or(shipments::time.eq(time).and(shipments::id.lt(id))));
            }
            let rows: Vec<ShipmentRow> =
                query.order((shipments::time.desc(), shipments::id.desc())).limit(limit).load(connection)?;
            rows.into_iter().map(|row| record(connection, row)).collect()
        })
    }

    /// Units of a shipment in the order of their keys, from the first after `after`; at least `limit` where there are so
    /// many, and no more than a few thousand beyond.
    pub fn shipment_units(
        &self,
        caller: &Caller,
        shipment: i64,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ShippedUnit>, StoreError> {
        self.read_for(caller, |connection| {
            if !sight::sees_event(connection, caller, shipment)? {
                return Ok(Vec::new());
            }
            let (mut units, mut from) = (Vec::new(), after.unwrap_or_default().to_owned());
            let mut known = HashMap::new();
            while units.len() < limit {
                let block: Option<(String, Vec<u8>)> = shipment_units::table
                    .filter(shipment_units::shipment.eq(shipment))
                    .filter(shipment_units::last_key.gt(&from))
                    .order(shipment_units::block)
                    .select((shipment_units::last_key, shipment_units::body))
                    .first(connection)
                    .optional()?;
                let Some((last_key, body)) = block else { break };
                unpack(connection, &body, &from, (&mut units, &mut known))?;
                from = last_key;
            }
            Ok(units)
        })
    }

    /// Shipments that list one of these by its key: that key, their number and time.
    pub fn shipments_with(&self, keys: &[&str]) -> Result<Vec<(String, i64, i64)>, StoreError> {
        self.read(|connection| {
            let mut found = Vec::new();
            for keys in keys.chunks(KEYS) {
                let some: Vec<(String, i64, i64)> = shipment_roots::table
                    .inner_join(shipments::table.on(shipments::id.eq(shipment_roots::shipment)))
                    .filter(shipment_roots::root.eq_any(keys))
                    .select((shipment_roots::root, shipments::id, shipments::time))
                    .load(connection)?;
                found.extend(some);
            }
            Ok(found)
        })
    }

    /// The parties of these shipments, the newest first.
    pub fn shipment_parties(&self, caller: &Caller, ids: &[i64]) -> Result<Vec<ShipmentParties>, StoreError> {
        let mut found: Vec<ShipmentParties> = self.read_for(caller, |connection| {
            let mut found = Vec::new();
            for ids in ids.chunks(KEYS) {
                let columns = (
                    shipments::id,
                    shipments::document,
                    shipments::time,
                    shipments::seller,
                    shipments::buyer,
                    shipments::ship_to,
                );
                let mut some =
                    shipments::table.filter(shipments::id.eq_any(ids)).select(columns).into_boxed();
                if let Some(seen) = sight::of_event(caller, "shipments.id") {
                    some = some.filter(seen);
                }
                found.extend(some.load::<ShipmentParties>(connection)?);
            }
            Ok(found)
        })?;
        found.sort_by_key(|shipment| std::cmp::Reverse((shipment.time, shipment.id)));
        Ok(found)
    }

    /// Which of these keys, which are in order, are those of units of a shipment.
    pub fn units_in_shipment(
        &self,
        caller: &Caller,
        shipment: i64,
        keys: &[&str],
    ) -> Result<Vec<String>, StoreError> {
        self.read_for(caller, |connection| match sight::sees_event(connection, caller, shipment)? {
            true => among(connection, shipment, keys),
            false => Ok(Vec::new()),
        })
    }

    /// Writes a shipment down, in the place of what was known of it, without its units.
    pub fn put_shipment(&self, shipment: &ShipmentRecord) -> Result<(), StoreError> {
        self.write(|connection| {
            remove(connection, shipment.id)?;
            diesel::insert_into(shipments::table)
                .values((
                    shipments::id.eq(shipment.id),
                    shipments::document.eq(shipment.document),
                    shipments::time.eq(shipment.time),
                    shipments::seller.eq(&shipment.seller),
                    shipments::buyer.eq(&shipment.buyer),
                    shipments::ship_from.eq(&shipment.ship_from),
                    shipments::ship_to.eq(&shipment.ship_to),
                    shipments::units.eq(i64::try_from(shipment.units).unwrap_or(i64::MAX)),
                ))
                .execute(connection)?;
            put_transactions(connection, shipment)?;
            for root in &shipment.roots {
                diesel::insert_into(shipment_roots::table)
                    .values((shipment_roots::shipment.eq(shipment.id), shipment_roots::root.eq(root)))
                    .execute(connection)?;
            }
            Ok(())
        })
    }

    /// Writes down a block of units of a shipment, in the order of their keys: key, key of the parent or empty, number of
    /// the lot. Blocks are numbered from 0.
    pub fn put_shipment_units(
        &self,
        shipment: i64,
        block: i64,
        units: &[(String, String, Option<i64>)],
    ) -> Result<(), StoreError> {
        let Some((last_key, ..)) = units.last() else { return Ok(()) };
        let mut text = String::new();
        for (key, parent, lot) in units {
            let lot = lot.map(|lot| lot.to_string()).unwrap_or_default();
            [key.as_str(), "\t", parent, "\t", &lot, "\n"].iter().for_each(|part| text.push_str(part));
        }
        let body = zstd::bulk::compress(text.as_bytes(), LEVEL)?;
        self.write(|connection| {
            diesel::delete(shipment_units::table.find((shipment, block))).execute(connection)?;
            diesel::insert_into(shipment_units::table)
                .values((
                    shipment_units::shipment.eq(shipment),
                    shipment_units::block.eq(block),
                    shipment_units::last_key.eq(last_key),
                    shipment_units::body.eq(&body),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Removes a shipment, as its event was declared wrong.
    pub fn remove_shipment(&self, id: i64) -> Result<(), StoreError> {
        self.write(|connection| remove(connection, id))
    }
}

fn put_transactions(connection: &mut AnyConnection, shipment: &ShipmentRecord) -> Result<(), StoreError> {
    let kinds = [("po", &shipment.purchase_orders), ("desadv", &shipment.despatch_advices)];
    for (kind, uris) in kinds {
        for uri in uris {
            let number = number_of(uri).map(str::to_owned);
            for value in [Some(transaction_value(uri)), number].into_iter().flatten() {
                let row = shipment_transactions::table.find((&value, shipment.id, kind));
                diesel::delete(row).execute(connection)?;
                diesel::insert_into(shipment_transactions::table)
                    .values((
                        shipment_transactions::value.eq(&value),
                        shipment_transactions::shipment.eq(shipment.id),
                        shipment_transactions::kind.eq(kind),
                        shipment_transactions::uri.eq(uri),
                    ))
                    .execute(connection)?;
            }
        }
    }
    Ok(())
}

fn remove(connection: &mut AnyConnection, id: i64) -> Result<(), StoreError> {
    diesel::delete(shipment_units::table.filter(shipment_units::shipment.eq(id))).execute(connection)?;
    diesel::delete(shipment_roots::table.filter(shipment_roots::shipment.eq(id))).execute(connection)?;
    diesel::delete(shipment_transactions::table.filter(shipment_transactions::shipment.eq(id)))
        .execute(connection)?;
    diesel::delete(shipments::table.find(id)).execute(connection)?;
    Ok(())
}

fn record(connection: &mut AnyConnection, row: ShipmentRow) -> Result<ShipmentRecord, StoreError> {
    let (id, document, time, seller, buyer, ship_from, ship_to, units) = row;
    let mut transactions: Vec<(String, String)> = shipment_transactions::table
        .filter(shipment_transactions::shipment.eq(id))
        .select((shipment_transactions::kind, shipment_transactions::uri))
        .load(connection)?;
    transactions.sort();
    transactions.dedup();
    let of = |asked: &str| {
        let some = transactions.iter().filter(|(kind, _)| kind == asked);
        some.map(|(_, uri)| uri.clone()).collect()
    };
    Ok(ShipmentRecord {
        id,
        document,
        time,
        seller,
        buyer,
        ship_from,
        ship_to,
        purchase_orders: of("po"),
        despatch_advices: of("desadv"),
        roots: shipment_roots::table
            .filter(shipment_roots::shipment.eq(id))
            .order(shipment_roots::root)
            .select(shipment_roots::root)
            .load(connection)?,
        units: u64::try_from(units).unwrap_or(0),
    })
}

fn unpack(
    connection: &mut AnyConnection,
    body: &[u8],
    after: &str,
    (units, lots): (&mut Vec<ShippedUnit>, &mut HashMap<i64, Option<LotRecord>>),
) -> Result<(), StoreError> {
    let text = zstd::bulk::decompress(body, MOST_BLOCK_BYTES)?;
    let damaged = || StoreError::Damaged("the units of a shipment".to_owned());
    let text = String::from_utf8(text).map_err(|_| damaged())?;
    for line in text.lines() {
        let mut parts = line.split('\t');
        let (Some(key), Some(parent), Some(lot)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(damaged());
        };
        if key <= after {
            continue;
        }
        let lot = match lot.parse::<i64>() {
            Err(_) => None,
            Ok(number) => match lots.get(&number) {
                Some(known) => known.clone(),
                None => lots.entry(number).or_insert(lots::lot(connection, number)?).clone(),
            },
        };
        units.push(ShippedUnit { key: key.to_owned(), parent: parent.to_owned(), lot });
    }
    Ok(())
}

/// Which of these keys, which are in order, a shipment has as units: one look-up and one unpacking for each block of units
/// they lie in.
pub(super) fn among(
    connection: &mut AnyConnection,
    shipment: i64,
    keys: &[&str],
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.first() {
        let block: Option<(String, Vec<u8>)> = shipment_units::table
            .filter(shipment_units::shipment.eq(shipment))
            .filter(shipment_units::last_key.ge(first))
            .order(shipment_units::block)
            .select((shipment_units::last_key, shipment_units::body))
            .first(connection)
            .optional()?;
        let Some((last_key, body)) = block else { break };
        let (here, later) = rest.split_at(rest.partition_point(|key| **key <= *last_key));
        let text = zstd::bulk::decompress(&body, MOST_BLOCK_BYTES)?;
        for key in here {
            let line = format!("{key}\t");
            let begins = |at: usize| at == 0 || text.get(at - 1) == Some(&b'\n');
            if memchr::memmem::find_iter(&text, line.as_bytes()).any(begins) {
                found.push((*key).to_owned());
            }
        }
        rest = later;
    }
    Ok(found)
}

/// The values by which a purchase order or despatch advice is found, given its URI or its number.
pub(super) fn spellings(order: &str) -> [String; 2] {
    [transaction_value(order), order.trim().to_owned()]
}

/// What a business transaction is compared by: the key of its URI.
fn transaction_value(uri: &str) -> String {
    Epc::parse(uri.trim()).key()
}

/// The number alone: what follows the GLN in `urn:epcglobal:cbv:bt:<GLN>:<number>` (CBV 2.0 §8.5.2).
fn number_of(uri: &str) -> Option<&str> {
    let (gln, number) = uri.trim().strip_prefix("urn:epcglobal:cbv:bt:")?.split_once(':')?;
    (gln.len() == 13).then_some(number)
}
