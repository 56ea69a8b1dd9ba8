//! Saleable returns, their scans, and the packages in the sealed cases among them.

mod earlier;
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
use crate::access::GATEWAY;
use crate::dscsa::AuditEntry;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnState;
use crate::dscsa::ReturnedUnit;
use crate::dscsa::SaleableReturn;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::dialect::STATEMENT_ROWS;
use crate::store::dialect::insert_all;
use crate::store::returns::rows::PackageRow;
use crate::store::returns::rows::ReturnRow;
use crate::store::returns::rows::UnitRow;
use crate::store::returns::rows::word;
use crate::store::schema::returned_packages;
use crate::store::schema::returned_units;
use crate::store::schema::saleable_returns;
use crate::store::sight;

pub use earlier::EarlierReturn;
pub use earlier::SameReturn;

/// What became of opening a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenedReturn {
    /// It is new.
    New(SaleableReturn),
    /// It was opened before by the same request.
    Earlier(SaleableReturn),
    /// The client's key was used for another request.
    KeyTaken(SaleableReturn),
}

/// A return that somebody works on: nobody else does as long as the lease lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenReturn {
    /// The return.
    pub saleable_return: SaleableReturn,
    owner: String,
}

/// A decided unit, with the keys of the packages in it where it is a sealed case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedUnit {
    /// The unit.
    pub unit: ReturnedUnit,
    /// [`Epc::key`](crate::gs1::Epc::key) of each package in it.
    pub packages: Vec<String>,
}

impl Store {
    /// Opens a return with its scans; `digest` stands for the whole request, so that the same key again is told from another
    /// request under it.
    pub fn open_return(
        &self,
        caller: &Caller,
        returned: &SaleableReturn,
        digest: &str,
        scans: &[String],
    ) -> Result<OpenedReturn, StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            let known: Option<ReturnRow> = saleable_returns::table
                .filter(saleable_returns::client_key.eq(&returned.client_key))
                .first(connection)
                .optional()?;
            if let Some(known) = known {
                let same = known.digest == digest;
                let known = known.saleable_return()?;
                return Ok(if same { OpenedReturn::Earlier(known) } else { OpenedReturn::KeyTaken(known) });
            }
            diesel::insert_into(saleable_returns::table)
                .values(ReturnRow::of(returned, digest))
                .execute(connection)?;
            let pending = (1..).zip(scans).map(|(line, scan)| ReturnedUnit::pending(line, scan));
            let rows: Vec<UnitRow> = pending.map(|unit| UnitRow::of(&returned.id, &unit)).collect();
            insert_all!(connection, returned_units, rows.as_slice());
            let told = json!({ "customer": returned.customer.as_str(), "scans": scans.len(), "who": returned.opened.0 });
            let entry = AuditEntry::done(returned.opened.1, caller.actor(), "returns.opened", &returned.id);
            audit::append(connection, &[entry.after(told)])?;
            Ok(OpenedReturn::New(returned.clone()))
        })
    }

    /// One return.
    pub fn saleable_return(&self, caller: &Caller, id: &str) -> Result<Option<SaleableReturn>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| one(connection, id))
    }

    /// Returns, the newest first, from the first after `after`; with a state, those in it alone.
    pub fn saleable_returns(
        &self,
        caller: &Caller,
        state: Option<ReturnState>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<SaleableReturn>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut query = saleable_returns::table.into_boxed();
            if let Some(state) = state {
                query = query.filter(saleable_returns::state.eq(state.as_str()));
            }
            if let Some(after) = after {
                let place = saleable_returns::table.find(after).select(saleable_returns::opened_at);
                let Some(time) = place.first::<i64>(connection).optional()? else { return Ok(Vec::new()) };
                let older = saleable_returns::opened_at.lt(time);
                let beside =
                    saleable_returns::opened_at.eq(time).and(saleable_returns::id.lt(after.to_owned()));
                query = query.filter(older.or(beside));
            }
            let rows: Vec<ReturnRow> = query
                .order((saleable_returns::opened_at.desc(), saleable_returns::id.desc()))
                .limit(limit)
                .load(connection)?;
            rows.into_iter().map(ReturnRow::saleable_return).collect()
        })
    }

    /// Units of a return in the order of their scans, from the first after this line; with a decision, those that have it
    /// alone, and those without one where it is `Some(None)`.
    pub fn returned_units(
        &self,
        caller: &Caller,
        id: &str,
        decision: Option<Option<ReturnDecision>>,
        (after, limit): (i64, i64),
    ) -> Result<Vec<ReturnedUnit>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut query = returned_units::table
                .filter(returned_units::saleable_return.eq(id.to_owned()))
                .filter(returned_units::line.gt(after))
                .into_boxed();
            if let Some(decision) = decision {
                query = query.filter(returned_units::decision.eq(word(decision)));
            }
            let rows: Vec<UnitRow> = query.order(returned_units::line).limit(limit).load(connection)?;
            rows.into_iter().map(UnitRow::unit).collect()
        })
    }

    /// Keys of the packages in the sealed case of this line.
    pub fn returned_packages(&self, caller: &Caller, id: &str, line: i64) -> Result<Vec<String>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            Ok(returned_packages::table
                .filter(returned_packages::saleable_return.eq(id))
                .filter(returned_packages::line.eq(line))
                .order(returned_packages::key)
                .select(returned_packages::key)
                .load(connection)?)
        })
    }

    /// How many scans of a return have each decision, and how many have none yet.
    pub fn return_counts(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<Vec<(Option<ReturnDecision>, u64)>, StoreError> {
        sight::everything(caller)?;
        let counts: Vec<(String, i64)> = self.read(|connection| {
            Ok(returned_units::table
                .filter(returned_units::saleable_return.eq(id))
                .group_by(returned_units::decision)
                .select((returned_units::decision, count_star()))
                .load(connection)?)
        })?;
        let of = |decision| {
            let counted = counts.iter().find(|(own, _)| own == word(decision));
            (decision, counted.map_or(0, |(_, count)| u64::try_from(*count).unwrap_or(0)))
        };
        Ok(std::iter::once(None).chain(ReturnDecision::ALL.map(Some)).map(of).collect())
    }

    /// Takes the oldest return with scans that nobody has looked at and that nobody works on; with an id, that one alone.
    pub fn take_return(
        &self,
        owner: &str,
        id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<TakenReturn>, StoreError> {
        let (lease, now) = (self.lease_micros(), now.timestamp_micros());
        self.write(|connection| {
            let idle = saleable_returns::lease_until.is_null().or(saleable_returns::lease_until.lt(now));
            let mut query = saleable_returns::table
                .filter(saleable_returns::state.eq(ReturnState::Checking.as_str()))
                .filter(idle)
                .into_boxed();
            if let Some(id) = id {
                query = query.filter(saleable_returns::id.eq(id.to_owned()));
            }
            let row: Option<ReturnRow> = query
                .order((saleable_returns::opened_at, saleable_returns::id))
                .first(connection)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            let taken = diesel::update(saleable_returns::table.find(&row.id))
                .filter(idle)
                .set((
                    saleable_returns::owner.eq(Some(owner)),
                    saleable_returns::lease_until.eq(Some(now + lease)),
                ))
                .execute(connection)?;
            if taken == 0 {
                return Ok(None);
            }
            Ok(Some(TakenReturn { saleable_return: row.saleable_return()?, owner: owner.to_owned() }))
        })
    }

    /// Gives a return back that somebody will not finish now.
    pub fn give_back_return(&self, taken: &TakenReturn) -> Result<(), StoreError> {
        self.write(|connection| {
            diesel::update(saleable_returns::table.find(&taken.saleable_return.id))
                .filter(saleable_returns::owner.eq(&taken.owner))
                .set((
                    saleable_returns::owner.eq(None::<String>),
                    saleable_returns::lease_until.eq(None::<i64>),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    /// Writes decisions down and keeps the lease; `true` where every scan has one now, so that the return is checked.
    ///
    /// Fails with [`StoreError::LeaseLost`] where somebody else has taken the return.
    pub fn record_decisions(
        &self,
        taken: &TakenReturn,
        decided: &[DecidedUnit],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let id = taken.saleable_return.id.as_str();
        let lease = now.timestamp_micros() + self.lease_micros();
        self.write(|connection| {
            let held = diesel::update(saleable_returns::table.find(id))
                .filter(saleable_returns::owner.eq(&taken.owner))
                .filter(saleable_returns::state.eq(ReturnState::Checking.as_str()))
                .set(saleable_returns::lease_until.eq(Some(lease)))
                .execute(connection)?;
            if held == 0 {
                return Err(StoreError::LeaseLost);
            }
            let lines: Vec<i64> = decided.iter().map(|decided| decided.unit.line).collect();
            diesel::delete(
                returned_units::table
                    .filter(returned_units::saleable_return.eq(id))
                    .filter(returned_units::line.eq_any(&lines)),
            )
            .execute(connection)?;
            diesel::delete(
                returned_packages::table
                    .filter(returned_packages::saleable_return.eq(id))
                    .filter(returned_packages::line.eq_any(&lines)),
            )
            .execute(connection)?;
            let rows: Vec<UnitRow> = decided.iter().map(|decided| UnitRow::of(id, &decided.unit)).collect();
            insert_all!(connection, returned_units, rows.as_slice());
            let packages: Vec<PackageRow> =
                decided.iter().flat_map(|decided| package_rows(id, decided)).collect();
            insert_all!(connection, returned_packages, packages.as_slice());
            let left = returned_units::table
                .filter(returned_units::saleable_return.eq(id))
                .filter(returned_units::decision.eq(""))
                .select(returned_units::line)
                .first::<i64>(connection)
                .optional()?;
            if left.is_some() {
                return Ok(false);
            }
            diesel::update(saleable_returns::table.find(id))
                .set((
                    saleable_returns::state.eq(ReturnState::Checked.as_str()),
                    saleable_returns::owner.eq(None::<String>),
                    saleable_returns::lease_until.eq(None::<i64>),
                ))
                .execute(connection)?;
            audit::append(
                connection,
                &[moved((now, GATEWAY), "returns.checked", id, "checking", "checked")],
            )?;
            Ok(true)
        })
    }

    /// Has the scans looked at again that have one of these decisions, where the return is checked; `None` where it is not.
    /// Returns how many they are.
    pub fn check_again(
        &self,
        caller: &Caller,
        (id, now): (&str, DateTime<Utc>),
        decisions: &[ReturnDecision],
    ) -> Result<Option<u64>, StoreError> {
        sight::everything(caller)?;
        let words: Vec<&str> = decisions.iter().map(|decision| decision.as_str()).collect();
        self.write(|connection| {
            let row: Option<ReturnRow> = saleable_returns::table
                .find(id)
                .filter(saleable_returns::state.eq(ReturnState::Checked.as_str()))
                .first(connection)
                .optional()?;
            if row.is_none() {
                return Ok(None);
            }
            let again = diesel::update(returned_units::table)
                .filter(returned_units::saleable_return.eq(id))
                .filter(returned_units::decision.eq_any(&words))
                .set(returned_units::decision.eq(""))
                .execute(connection)?;
            if again > 0 {
                diesel::update(saleable_returns::table.find(id))
                    .set(saleable_returns::state.eq(ReturnState::Checking.as_str()))
                    .execute(connection)?;
                let by = (now, caller.actor());
                let entry = moved(by, "returns.checked-again", id, "checked", "checking");
                audit::append(connection, &[entry.with(json!({ "scans": again }))])?;
            }
            Ok(Some(again as u64))
        })
    }

    /// Takes no more decisions: the return is closing, by this person at this time. One that is closing or closed already
    /// stays as it is, and so does one that is not checked.
    pub fn begin_return_closing(
        &self,
        caller: &Caller,
        id: &str,
        (who, now): (&str, DateTime<Utc>),
    ) -> Result<Option<SaleableReturn>, StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            let changed = diesel::update(saleable_returns::table.find(id))
                .filter(saleable_returns::state.eq(ReturnState::Checked.as_str()))
                .set((
                    saleable_returns::state.eq(ReturnState::Closing.as_str()),
                    saleable_returns::closed_at.eq(Some(now.timestamp_micros())),
                    saleable_returns::closed_by.eq(who),
                ))
                .execute(connection)?;
            if changed > 0 {
                let entry = moved((now, caller.actor()), "returns.closed", id, "checked", "closed");
                audit::append(connection, &[entry.with(json!({ "who": who }))])?;
            }
            one(connection, id)
        })
    }

    /// Ends the closing of a return whose events are captured.
    pub fn end_return_closing(&self, caller: &Caller, id: &str) -> Result<(), StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            diesel::update(saleable_returns::table.find(id))
                .filter(saleable_returns::state.eq(ReturnState::Closing.as_str()))
                .set(saleable_returns::state.eq(ReturnState::Closed.as_str()))
                .execute(connection)?;
            Ok(())
        })
    }
}

/// That a return moved from one state to another.
fn moved((now, actor): (DateTime<Utc>, &str), act: &str, id: &str, from: &str, to: &str) -> AuditEntry {
    let entry = AuditEntry::done(now, actor, act, id).before(json!({ "state": from }));
    entry.after(json!({ "state": to }))
}

fn one(connection: &mut AnyConnection, id: &str) -> Result<Option<SaleableReturn>, StoreError> {
    let row: Option<ReturnRow> = saleable_returns::table.find(id).first(connection).optional()?;
    row.map(ReturnRow::saleable_return).transpose()
}

fn package_rows<'a>(id: &'a str, decided: &'a DecidedUnit) -> impl Iterator<Item = PackageRow> + 'a {
    decided.packages.iter().map(|key| PackageRow {
        saleable_return: id.to_owned(),
        line: decided.unit.line,
        key: key.clone(),
    })
}
