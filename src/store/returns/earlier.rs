//! Where units came back before: in other returns, and in other scans of the same one.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnState;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::schema::returned_packages;
use crate::store::schema::returned_units;
use crate::store::schema::saleable_returns;
use crate::store::sight;

/// How many keys one statement asks for.
const KEYS: usize = 500;

/// Another return with the same unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierReturn {
    /// Its name.
    pub id: String,
    /// Its line.
    pub line: i64,
    /// When the unit was decided there.
    pub at: DateTime<Utc>,
}

/// Key of a unit, and where another return has it: its name, its line, and when it was decided.
type Row = (String, (String, i64, Option<i64>));

/// Where another scan of the same return has a unit: its line, by the unit's key.
pub type SameReturn = HashMap<String, i64>;

impl Store {
    /// Other returns in which one of these came back, by itself or in a sealed case: those closed, and those still open that
    /// found it sellable. Of several the latest.
    pub fn earlier_returns(
        &self,
        caller: &Caller,
        id: &str,
        keys: &[&str],
    ) -> Result<HashMap<String, EarlierReturn>, StoreError> {
        sight::everything(caller)?;
        let decided = [ReturnDecision::Sellable.as_str(), ReturnDecision::NotSellable.as_str()];
        let over = [ReturnState::Closing.as_str(), ReturnState::Closed.as_str()];
        let counts = || {
            returned_units::decision
                .eq_any(decided)
                .and(
                    saleable_returns::state
                        .eq_any(over)
                        .or(returned_units::decision.eq(ReturnDecision::Sellable.as_str())),
                )
                .and(returned_units::saleable_return.ne(id))
        };
        let columns = (returned_units::saleable_return, returned_units::line, returned_units::decided_at);
        let mut found: HashMap<String, EarlierReturn> = HashMap::new();
        for keys in keys.chunks(KEYS) {
            let rows: Vec<Row> = self.read(|connection| {
                let mut rows: Vec<_> = returned_units::table
                    .inner_join(
                        saleable_returns::table.on(saleable_returns::id.eq(returned_units::saleable_return)),
                    )
                    .filter(returned_units::key.eq_any(keys))
                    .filter(counts())
                    .select((returned_units::key, columns))
                    .load(connection)?;
                let of_case = returned_units::saleable_return
                    .eq(returned_packages::saleable_return)
                    .and(returned_units::line.eq(returned_packages::line));
                rows.extend(
                    returned_packages::table
                        .inner_join(returned_units::table.on(of_case))
                        .inner_join(
                            saleable_returns::table
                                .on(saleable_returns::id.eq(returned_units::saleable_return)),
                        )
                        .filter(returned_packages::key.eq_any(keys))
                        .filter(counts())
                        .select((returned_packages::key, columns))
                        .load::<Row>(connection)?,
                );
                Ok(rows)
            })?;
            for (key, (id, line, at)) in rows {
                let at = at.and_then(DateTime::from_timestamp_micros).unwrap_or_default();
                if found.get(&key).is_none_or(|known| known.at < at) {
                    found.insert(key, EarlierReturn { id, line, at });
                }
            }
        }
        Ok(found)
    }

    /// Which of these another scan of the same return has, by itself or in a sealed case, by key: the first such line. Scans
    /// at fault do not count.
    pub fn same_return(&self, caller: &Caller, id: &str, keys: &[&str]) -> Result<SameReturn, StoreError> {
        sight::everything(caller)?;
        let mut found = SameReturn::new();
        for keys in keys.chunks(KEYS) {
            let rows: Vec<(String, i64)> = self.read(|connection| {
                let counts = || returned_units::decision.ne_all(["", ReturnDecision::ScanProblem.as_str()]);
                let mut rows: Vec<(String, i64)> = returned_units::table
                    .filter(returned_units::saleable_return.eq(id))
                    .filter(returned_units::key.eq_any(keys))
                    .filter(counts())
                    .select((returned_units::key, returned_units::line))
                    .load(connection)?;
                rows.extend(
                    returned_packages::table
                        .inner_join(
                            returned_units::table.on(returned_units::saleable_return
                                .eq(returned_packages::saleable_return)
                                .and(returned_units::line.eq(returned_packages::line))),
                        )
                        .filter(returned_packages::saleable_return.eq(id))
                        .filter(returned_packages::key.eq_any(keys))
                        .filter(counts())
                        .select((returned_packages::key, returned_packages::line))
                        .load::<(String, i64)>(connection)?,
                );
                Ok(rows)
            })?;
            for (key, line) in rows {
                let first = found.entry(key).or_insert(line);
                *first = line.min(*first);
            }
        }
        Ok(found)
    }
}
