//! Receipts and what was scanned in them.

mod facts;
mod rows;

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExecuteCopyFromDsl;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::count_star;
use serde_json::json;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::Observed;
use crate::dscsa::Receipt;
use crate::dscsa::ReceiptState;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::ReceivedUnit;
use crate::gs1::Gtin;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::dialect::STATEMENT_ROWS;
use crate::store::dialect::insert_all;
use crate::store::receipts::rows::ReceiptRow;
use crate::store::receipts::rows::UnitRow;
use crate::store::schema::receipt_shipments;
use crate::store::schema::receipt_units;
use crate::store::schema::receipts;
use crate::store::sight;

pub use facts::AskedUnit;
pub use facts::HoldingFinding;
pub use facts::UnitFacts;

/// How many keys one statement asks for.
const KEYS: usize = 500;

/// What a scan changes: the row of what was scanned, and the units inferred by it.
#[derive(Debug)]
pub struct ScanRecord<'a> {
    /// What was scanned.
    pub unit: &'a ReceivedUnit,
    /// True where it was inferred before, and its row is replaced.
    pub replaces: bool,
    /// Units inferred by it that the receipt did not have.
    pub inferred: &'a [ReceivedUnit],
}

/// A unit that waits for its data, with its receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingUnit {
    /// The receipt.
    pub receipt: String,
    /// The unit.
    pub unit: ReceivedUnit,
}

impl Store {
    /// Opens a receipt.
    pub fn open_receipt(&self, caller: &Caller, receipt: &Receipt) -> Result<(), StoreError> {
        sight::everything(caller)?;
        let entry = AuditEntry::done(receipt.opened.1, caller.actor(), "receipts.opened", &receipt.id);
        let entry =
            entry.after(json!({ "against": format!("{:?}", receipt.against), "who": receipt.opened.0 }));
        self.write(|connection| {
            diesel::insert_into(receipts::table).values(ReceiptRow::of(receipt)).execute(connection)?;
            audit::append(connection, std::slice::from_ref(&entry))
        })
    }

    /// One receipt.
    pub fn receipt(&self, caller: &Caller, id: &str) -> Result<Option<Receipt>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let row: Option<ReceiptRow> = receipts::table.find(id).first(connection).optional()?;
            row.map(ReceiptRow::receipt).transpose()
        })
    }

    /// Receipts, the newest first, from the first after `after`; with a state, those in it alone.
    pub fn receipts(
        &self,
        caller: &Caller,
        state: Option<ReceiptState>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Receipt>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut query = receipts::table.into_boxed();
            if let Some(state) = state {
                query = query.filter(receipts::state.eq(state.as_str()));
            }
            if let Some(after) = after {
                let place = receipts::table.find(after).select(receipts::opened_at);
                let Some(time) = place.first::<i64>(connection).optional()? else { return Ok(Vec::new()) };
                let older = receipts::opened_at.lt(time);
                let beside = receipts::opened_at.eq(time).and(receipts::id.lt(after.to_owned()));
                query = query.filter(older.or(beside));
            }
            let rows: Vec<ReceiptRow> = query
                .order((receipts::opened_at.desc(), receipts::id.desc()))
                .limit(limit)
                .load(connection)?;
            rows.into_iter().map(ReceiptRow::receipt).collect()
        })
    }

    /// One unit or container of a receipt.
    pub fn received_unit(
        &self,
        caller: &Caller,
        receipt: &str,
        key: &str,
    ) -> Result<Option<ReceivedUnit>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let row: Option<UnitRow> =
                receipt_units::table.find((receipt, key)).first(connection).optional()?;
            row.map(UnitRow::unit).transpose()
        })
    }

    /// Units and containers of a receipt in the order of their keys, from the first after `after`; with a verdict, those
    /// that have it alone.
    pub fn received_units(
        &self,
        caller: &Caller,
        receipt: &str,
        verdict: Option<ReceiptVerdict>,
        (after, limit): (Option<&str>, i64),
    ) -> Result<Vec<ReceivedUnit>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut query = receipt_units::table
                .filter(receipt_units::receipt.eq(receipt.to_owned()))
                .filter(receipt_units::key.gt(after.unwrap_or_default().to_owned()))
                .into_boxed();
            if let Some(verdict) = verdict {
                query = query.filter(receipt_units::verdict.eq(verdict.as_str()));
            }
            let rows: Vec<UnitRow> = query.order(receipt_units::key).limit(limit).load(connection)?;
            rows.into_iter().map(UnitRow::unit).collect()
        })
    }

    /// Which of these keys a receipt has.
    pub fn keys_received(
        &self,
        caller: &Caller,
        receipt: &str,
        keys: &[&str],
    ) -> Result<Vec<String>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| keys_of(connection, receipt, keys))
    }

    /// How many units (containers left out) a receipt has, by verdict and by how they are known.
    pub fn receipt_counts(
        &self,
        caller: &Caller,
        receipt: &str,
    ) -> Result<Vec<(ReceiptVerdict, Observed, u64)>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let rows: Vec<(String, String, i64)> = receipt_units::table
                .filter(receipt_units::receipt.eq(receipt))
                .filter(receipt_units::contents.is_null())
                .group_by((receipt_units::verdict, receipt_units::observed))
                .select((receipt_units::verdict, receipt_units::observed, count_star()))
                .load(connection)?;
            let mut counts: Vec<_> = rows
                .iter()
                .filter_map(|(verdict, observed, count)| {
                    let count = u64::try_from(*count).unwrap_or(0);
                    Some((ReceiptVerdict::parse(verdict)?, Observed::parse(observed)?, count))
                })
                .collect();
            counts.sort_by_key(|(verdict, observed, _)| (*verdict, observed.as_str()));
            Ok(counts)
        })
    }

    /// Writes a scan down. `false` where the receipt is not open any more, or where another scan of the same was faster;
    /// then nothing is written.
    pub fn record_scan(
        &self,
        caller: &Caller,
        receipt: &str,
        scan: &ScanRecord<'_>,
    ) -> Result<bool, StoreError> {
        sight::everything(caller)?;
        let unit = scan.unit;
        let told = json!({
            "unit": unit.key, "verdict": unit.verdict.as_str(), "times": unit.times, "inferred": scan.inferred.len(),
        });
        let entry = AuditEntry::done(unit.at, caller.actor(), "receipts.scanned", receipt).after(told);
        self.write(|connection| {
            let key = scan.unit.key.as_str();
            if scan.replaces {
                diesel::delete(receipt_units::table.find((receipt, key))).execute(connection)?;
            } else if !keys_of(connection, receipt, &[key])?.is_empty() {
                return Ok(false);
            }
            let asked: Vec<&str> = scan.inferred.iter().map(|unit| unit.key.as_str()).collect();
            let known = keys_of(connection, receipt, &asked)?;
            let new = scan.inferred.iter().filter(|unit| !known.contains(&unit.key));
            let rows: Vec<UnitRow> =
                std::iter::once(scan.unit).chain(new).map(|unit| UnitRow::of(receipt, unit)).collect();
            let counted = Counted::of(scan, rows.len());
            let open = diesel::update(receipts::table.find(receipt))
                .filter(receipts::state.eq(ReceiptState::Open.as_str()))
                .set((
                    receipts::scanned.eq(receipts::scanned + counted.scanned),
                    receipts::inferred.eq(receipts::inferred + counted.inferred),
                    receipts::faulty.eq(receipts::faulty + counted.faulty),
                ))
                .execute(connection)?;
            if open == 0 {
                return Ok(false);
            }
            insert_all!(connection, receipt_units, rows.as_slice());
            audit::append(connection, std::slice::from_ref(&entry))?;
            Ok(true)
        })
    }

    /// Counts one more reading of a code, and gives the unit as it is.
    pub fn record_duplicate(
        &self,
        caller: &Caller,
        (receipt, key): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<Option<ReceivedUnit>, StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            let found = receipt_units::table.find((receipt, key));
            diesel::update(found)
                .set(receipt_units::times.eq(receipt_units::times + 1))
                .execute(connection)?;
            let row: Option<UnitRow> = found.first(connection).optional()?;
            let unit = row.map(UnitRow::unit).transpose()?;
            if let Some(unit) = &unit {
                let told = json!({ "unit": key, "verdict": unit.verdict.as_str(), "times": unit.times });
                let entry = AuditEntry::done(now, caller.actor(), "receipts.scanned", receipt).after(told);
                audit::append(connection, &[entry])?;
            }
            Ok(unit)
        })
    }

    /// Puts units in the place of those of the same keys, and notes again how many of the receipt are faulty.
    pub fn replace_received(
        &self,
        caller: &Caller,
        receipt: &str,
        units: &[ReceivedUnit],
    ) -> Result<(), StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            for unit in units {
                diesel::delete(receipt_units::table.find((receipt, &unit.key))).execute(connection)?;
            }
            let rows: Vec<UnitRow> = units.iter().map(|unit| UnitRow::of(receipt, unit)).collect();
            insert_all!(connection, receipt_units, rows.as_slice());
            let faulty: i64 = receipt_units::table
                .filter(receipt_units::receipt.eq(receipt))
                .filter(receipt_units::contents.is_null())
                .filter(
                    receipt_units::verdict
                        .ne_all([ReceiptVerdict::Expected.as_str(), ReceiptVerdict::Missing.as_str()]),
                )
                .count()
                .get_result(connection)?;
            diesel::update(receipts::table.find(receipt))
                .set(receipts::faulty.eq(faulty))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Takes no more scans: the receipt is closing, by this person at this time, with one more round. One that is closing
    /// already stays as it is. What did not arrive is forgotten, as the data may be others than when it was last closed.
    pub fn begin_closing(
        &self,
        caller: &Caller,
        id: &str,
        (who, now): (&str, DateTime<Utc>),
    ) -> Result<Option<Receipt>, StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            let before: Option<String> =
                receipts::table.find(id).select(receipts::state).first(connection).optional()?;
            let changed = diesel::update(receipts::table.find(id))
                .filter(receipts::state.ne(ReceiptState::Closing.as_str()))
                .set((
                    receipts::state.eq(ReceiptState::Closing.as_str()),
                    receipts::closed_at.eq(Some(now.timestamp_micros())),
                    receipts::closed_by.eq(who),
                    receipts::rounds.eq(receipts::rounds + 1),
                ))
                .execute(connection)?;
            let missing = receipt_units::table
                .filter(receipt_units::receipt.eq(id))
                .filter(receipt_units::observed.eq(Observed::Unseen.as_str()));
            diesel::delete(missing).execute(connection)?;
            let row: Option<ReceiptRow> = receipts::table.find(id).first(connection).optional()?;
            if let Some(before) = before.filter(|_| changed > 0) {
                let entry = AuditEntry::done(now, caller.actor(), "receipts.closed", id);
                let entry = entry.before(json!({ "state": before }));
                let after = json!({ "state": ReceiptState::Closed.as_str(), "who": who });
                audit::append(connection, &[entry.after(after)])?;
            }
            row.map(ReceiptRow::receipt).transpose()
        })
    }

    /// Writes down that units of the receipt's shipments did not arrive; those it has stay as they are.
    pub fn record_missing(
        &self,
        caller: &Caller,
        receipt: &str,
        missing: &[ReceivedUnit],
    ) -> Result<(), StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            let keys: Vec<&str> = missing.iter().map(|unit| unit.key.as_str()).collect();
            let known = keys_of(connection, receipt, &keys)?;
            let new = missing.iter().filter(|unit| !known.contains(&unit.key));
            let rows: Vec<UnitRow> = new.map(|unit| UnitRow::of(receipt, unit)).collect();
            insert_all!(connection, receipt_units, rows.as_slice());
            Ok(())
        })
    }

    /// Notes that the event of this round names these units; those that another names stay as they are.
    pub fn name_units(
        &self,
        caller: &Caller,
        receipt: &str,
        round: i64,
        keys: &[String],
    ) -> Result<(), StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            for keys in keys.chunks(KEYS) {
                diesel::update(receipt_units::table)
                    .filter(receipt_units::receipt.eq(receipt))
                    .filter(receipt_units::key.eq_any(keys))
                    .filter(receipt_units::round.is_null())
                    .set(receipt_units::round.eq(Some(round)))
                    .execute(connection)?;
            }
            Ok(())
        })
    }

    /// Ends the closing of a receipt that was received against these shipments.
    pub fn end_closing(&self, caller: &Caller, id: &str, shipments: &[i64]) -> Result<(), StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            diesel::update(receipts::table.find(id))
                .set(receipts::state.eq(ReceiptState::Closed.as_str()))
                .execute(connection)?;
            for shipment in shipments {
                diesel::delete(receipt_shipments::table.find((shipment, id))).execute(connection)?;
                diesel::insert_into(receipt_shipments::table)
                    .values((receipt_shipments::shipment.eq(shipment), receipt_shipments::receipt.eq(id)))
                    .execute(connection)?;
            }
            Ok(())
        })
    }

    /// Receipts closed against a shipment, by name.
    pub fn receipts_of(&self, caller: &Caller, shipment: i64) -> Result<Vec<String>, StoreError> {
        self.read_for(caller, |connection| {
            if !sight::sees_event(connection, caller, shipment)? {
                return Ok(Vec::new());
            }
            Ok(receipt_shipments::table
                .filter(receipt_shipments::shipment.eq(shipment))
                .order(receipt_shipments::receipt)
                .select(receipt_shipments::receipt)
                .load(connection)?)
        })
    }

    /// How many serial numbers were scanned with this lot on their label of which no commissioning is known.
    pub fn unknown_in_lot(&self, caller: &Caller, gtin: &Gtin, lot: &str) -> Result<u64, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let keys: Vec<String> = receipt_units::table
                .filter(receipt_units::key.ge(format!("/01/{gtin}/21/")))
                .filter(receipt_units::key.lt(format!("/01/{gtin}/210")))
                .filter(receipt_units::verdict.eq_any(["no-data", "never-commissioned"]))
                .filter(receipt_units::label_lot.eq(lot))
                .select(receipt_units::key)
                .distinct()
                .load(connection)?;
            Ok(keys.len() as u64)
        })
    }

    /// Units that wait for their data, those that wait longest first, from the first after `after`.
    pub fn waiting_units(
        &self,
        caller: &Caller,
        after: Option<&WaitingUnit>,
        limit: i64,
    ) -> Result<Vec<WaitingUnit>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut query = receipt_units::table.filter(receipt_units::verdict.eq("no-data")).into_boxed();
            if let Some(WaitingUnit { receipt, unit }) = after {
                let at = unit.at.timestamp_micros();
                let same = receipt_units::seen_at.eq(at).and(receipt_units::receipt.gt(receipt.clone()).or(
                    receipt_units::receipt.eq(receipt.clone()).and(receipt_units::key.gt(unit.key.clone())),
                ));
                query = query.filter(receipt_units::seen_at.gt(at).or(same));
            }
            let rows: Vec<UnitRow> = query
                .order((receipt_units::seen_at, receipt_units::receipt, receipt_units::key))
                .limit(limit)
                .load(connection)?;
            let waiting = |row: UnitRow| {
                let receipt = row.receipt.clone();
                Ok(WaitingUnit { receipt, unit: row.unit()? })
            };
            rows.into_iter().map(waiting).collect()
        })
    }
}

struct Counted {
    scanned: i64,
    inferred: i64,
    faulty: i64,
}

impl Counted {
    /// What a scan adds to the counts of its receipt, of which `rows` are written.
    fn of(scan: &ScanRecord<'_>, rows: usize) -> Counted {
        let is_unit = scan.unit.contents.is_none();
        let faulty = |unit: &ReceivedUnit| i64::from(unit.verdict != ReceiptVerdict::Expected);
        let new = i64::try_from(rows.saturating_sub(1)).unwrap_or(i64::MAX);
        let of_units: i64 = scan.inferred.iter().map(faulty).sum();
        Counted {
            scanned: i64::from(is_unit),
            inferred: new - i64::from(is_unit && scan.replaces),
            faulty: if is_unit && !scan.replaces { faulty(scan.unit) } else { 0 } + of_units,
        }
    }
}

fn keys_of(connection: &mut AnyConnection, receipt: &str, keys: &[&str]) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for keys in keys.chunks(KEYS) {
        let some: Vec<String> = receipt_units::table
            .filter(receipt_units::receipt.eq(receipt))
            .filter(receipt_units::key.eq_any(keys))
            .select(receipt_units::key)
            .load(connection)?;
        found.extend(some);
    }
    Ok(found)
}
