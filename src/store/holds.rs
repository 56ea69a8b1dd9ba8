//! Holds and recalls, found by what they concern.

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::CombineDsl;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::dscsa::Decision;
use crate::dscsa::Hold;
use crate::dscsa::HoldKind;
use crate::dscsa::HoldScope;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::notices;
use crate::store::schema::holds;
use crate::store::sight;

/// How many subjects one statement asks for.
const SUBJECTS: usize = 500;

/// How many subjects the statement for a few of them takes.
const FEW: usize = 6;

/// Which holds are asked for; what is `None` asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldFilter {
    /// Those of these kinds; of every kind where there are none.
    pub kinds: Vec<HoldKind>,
    /// Those that stand, or those that were released.
    pub open: Option<bool>,
    /// Those of this trade item.
    pub gtin: Option<Gtin>,
}

/// What is asked about: an item with all that is known of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held<'a> {
    /// Key of the item, and of every container it is in.
    pub keys: &'a [String],
    /// Its trade item.
    pub gtin: Option<Gtin>,
    /// Its serial number.
    pub serial: Option<&'a str>,
    /// Its lots: of the data, and of the label where that differs.
    pub lots: &'a [String],
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
struct Row {
    id: String,
    kind: String,
    scope: String,
    subject: String,
    epc: String,
    gtin: String,
    lot: String,
    first_serial: String,
    last_serial: String,
    opened_at: i64,
    opened_by: String,
    opened_why: String,
    released_at: Option<i64>,
    released_by: String,
    released_why: String,
}

impl Store {
    /// Opens a hold or a recall; where an open one of the same kind concerns the same already, that one is given back
    /// and nothing changes. The second value tells whether it is new.
    pub fn open_hold(
        &self,
        caller: &Caller,
        kind: HoldKind,
        scope: &HoldScope,
        opened: &Decision,
    ) -> Result<(Hold, bool), StoreError> {
        sight::everything(caller)?;
        let hold = Hold {
            id: uuid::Uuid::now_v7().to_string(),
            kind,
            scope: scope.clone(),
            opened: opened.clone(),
            released: None,
        };
        self.write(|connection| {
            let standing = standing(connection, &[&scope.subject()])?;
            match standing.into_iter().find(|other| other.kind == kind && other.scope == *scope) {
                Some(other) => Ok((other, false)),
                None => {
                    diesel::insert_into(holds::table).values(Row::of(&hold)).execute(connection)?;
                    notices::hold_changed(connection, &hold, hold.opened.when)?;
                    let act = format!("{}.opened", kind.as_str());
                    let entry = audit::decided(caller, opened, &act, &hold.id).after(state(&hold, "open"));
                    audit::append(connection, &[entry])?;
                    Ok((hold.clone(), true))
                }
            }
        })
    }

    /// Releases a hold or recall; one that was released stays as it is. `None` where there is none of this name.
    pub fn release_hold(
        &self,
        caller: &Caller,
        id: &str,
        released: &Decision,
    ) -> Result<Option<Hold>, StoreError> {
        sight::everything(caller)?;
        self.write(|connection| {
            let changed = diesel::update(holds::table.find(id))
                .filter(holds::released_at.is_null())
                .set((
                    holds::released_at.eq(Some(released.when.timestamp_micros())),
                    holds::released_by.eq(&released.who),
                    holds::released_why.eq(&released.why),
                ))
                .execute(connection)?;
            let hold = one(connection, id)?;
            if let Some(hold) = hold.as_ref().filter(|_| changed > 0) {
                notices::hold_changed(connection, hold, released.when)?;
                let act = format!("{}.released", hold.kind.as_str());
                let entry = audit::decided(caller, released, &act, id);
                audit::append(
                    connection,
                    &[entry.before(state(hold, "open")).after(state(hold, "released"))],
                )?;
            }
            Ok(hold)
        })
    }

    /// One hold or recall.
    pub fn hold(&self, caller: &Caller, id: &str) -> Result<Option<Hold>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| one(connection, id))
    }

    /// Holds and recalls, the newest first, from the first after `after`.
    pub fn holds(
        &self,
        caller: &Caller,
        filter: &HoldFilter,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Hold>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            let mut query = holds::table.into_boxed();
            if !filter.kinds.is_empty() {
                query = query.filter(holds::kind.eq_any(filter.kinds.iter().map(|kind| kind.as_str())));
            }
            match filter.open {
                Some(true) => query = query.filter(holds::released_at.is_null()),
                Some(false) => query = query.filter(holds::released_at.is_not_null()),
                None => {}
            }
            if let Some(gtin) = &filter.gtin {
                query = query.filter(holds::gtin.eq(gtin.as_str()));
            }
            if let Some(after) = after {
                let place = holds::table.find(after).select(holds::opened_at);
                let Some(time) = place.first::<i64>(connection).optional()? else { return Ok(Vec::new()) };
                let older = holds::opened_at.lt(time);
                query = query.filter(older.or(holds::opened_at.eq(time).and(holds::id.lt(after.to_owned()))));
            }
            let rows: Vec<Row> =
                query.order((holds::opened_at.desc(), holds::id.desc())).limit(limit).load(connection)?;
            rows.into_iter().map(Row::hold).collect()
        })
    }

    /// The open holds and recalls of these subjects ([`HoldScope::subject`]), the recalls first; partners see none.
    pub fn holds_about(&self, caller: &Caller, subjects: &[&str]) -> Result<Vec<Hold>, StoreError> {
        if !caller.sees_everything() {
            return Ok(Vec::new());
        }
        self.read(|connection| standing(connection, subjects))
    }

    /// Every open hold and recall that an item is under: by itself, by what it is in, by its lot, by its serial number,
    /// by its trade item. Recalls come first; partners see none.
    pub fn holds_on(&self, caller: &Caller, item: Held<'_>) -> Result<Vec<Hold>, StoreError> {
        if !caller.sees_everything() {
            return Ok(Vec::new());
        }
        self.read(|connection| on(connection, item))
    }
}

/// How a hold stands, for the audit trail.
fn state(hold: &Hold, state: &str) -> serde_json::Value {
    serde_json::json!({ "state": state, "concerns": hold.scope.to_string() })
}

/// See [`Store::holds_on`]; one look-up in the index by subject.
pub(super) fn on(connection: &mut AnyConnection, item: Held<'_>) -> Result<Vec<Hold>, StoreError> {
    let mut subjects = item.keys.to_vec();
    if let Some(gtin) = item.gtin {
        subjects.push(format!("/01/{gtin}"));
        subjects.extend(item.lots.iter().filter(|lot| !lot.is_empty()).map(|lot| gtin.lot_key(lot)));
    }
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let mut found = standing(connection, &subjects)?;
    found.retain(|hold| hold.scope.takes_serial(item.serial));
    Ok(found)
}

/// The open holds and recalls of these subjects, the recalls first.
pub(super) fn standing(connection: &mut AnyConnection, subjects: &[&str]) -> Result<Vec<Hold>, StoreError> {
    let mut found = Vec::new();
    for subjects in subjects.chunks(SUBJECTS) {
        let rows = match subjects.len() {
            0..=FEW => few(connection, subjects)?,
            _ => holds::table
                .filter(holds::subject.eq_any(subjects))
                .filter(holds::released_at.is_null())
                .load(connection)?,
        };
        for row in rows {
            found.push(row.hold()?);
        }
    }
    found.sort_by(|a, b| (b.kind, &a.id).cmp(&(a.kind, &b.id)));
    Ok(found)
}

/// The open holds of a few subjects, by a statement that is always the same, so that the database prepares it once;
/// and one that gathers nothing beforehand, as SQLite does the values of an `OR` or `IN`.
fn few(connection: &mut AnyConnection, subjects: &[&str]) -> Result<Vec<Row>, StoreError> {
    // No hold has an empty subject, and each is asked for once.
    let of = |at: usize| {
        let subject = subjects.get(at).filter(|subject| !subjects[..at].contains(subject));
        let subject = subject.copied().unwrap_or_default();
        holds::table.filter(holds::subject.eq(subject)).filter(holds::released_at.is_null())
    };
    let standing = of(0).union_all(of(1)).union_all(of(2)).union_all(of(3)).union_all(of(4)).union_all(of(5));
    Ok(either!(connection, concrete => standing.load(concrete))?)
}

fn one(connection: &mut AnyConnection, id: &str) -> Result<Option<Hold>, StoreError> {
    let row: Option<Row> = holds::table.find(id).first(connection).optional()?;
    row.map(Row::hold).transpose()
}

impl Row {
    fn of(hold: &Hold) -> Row {
        let empty = String::new;
        let (scope, epc, lot, first_serial, last_serial) = match &hold.scope {
            HoldScope::Lot { lot, .. } => ("lot", empty(), lot.clone(), empty(), empty()),
            HoldScope::Serials { first, last, .. } => {
                ("serials", empty(), empty(), first.clone(), last.clone())
            }
            HoldScope::Product { .. } => ("product", empty(), empty(), empty(), empty()),
            HoldScope::Item { epc } => ("item", epc.to_string(), empty(), empty(), empty()),
        };
        let gtin = match &hold.scope {
            HoldScope::Lot { gtin, .. } | HoldScope::Serials { gtin, .. } | HoldScope::Product { gtin } => {
                Some(*gtin)
            }
            HoldScope::Item { epc } => epc.gtin(),
        };
        let released = hold.released.as_ref();
        Row {
            id: hold.id.clone(),
            kind: hold.kind.as_str().to_owned(),
            scope: scope.to_owned(),
            subject: hold.scope.subject(),
            epc,
            gtin: gtin.map(|gtin| gtin.to_string()).unwrap_or_default(),
            lot,
            first_serial,
            last_serial,
            opened_at: hold.opened.when.timestamp_micros(),
            opened_by: hold.opened.who.clone(),
            opened_why: hold.opened.why.clone(),
            released_at: released.map(|decision| decision.when.timestamp_micros()),
            released_by: released.map(|decision| decision.who.clone()).unwrap_or_default(),
            released_why: released.map(|decision| decision.why.clone()).unwrap_or_default(),
        }
    }

    fn hold(self) -> Result<Hold, StoreError> {
        let damaged = || StoreError::Damaged(format!("hold {}", self.id));
        let gtin = || Gtin::parse(&self.gtin).map_err(|_| damaged());
        let scope = match self.scope.as_str() {
            "lot" => HoldScope::Lot { gtin: gtin()?, lot: self.lot.clone() },
            "serials" => HoldScope::Serials {
                gtin: gtin()?,
                first: self.first_serial.clone(),
                last: self.last_serial.clone(),
            },
            "product" => HoldScope::Product { gtin: gtin()? },
            "item" => HoldScope::Item { epc: Epc::parse(&self.epc) },
            _ => return Err(damaged()),
        };
        let decision = |who: &str, when: i64, why: &str| {
            let when = DateTime::<Utc>::from_timestamp_micros(when).ok_or_else(damaged)?;
            Ok::<_, StoreError>(Decision { who: who.to_owned(), when, why: why.to_owned() })
        };
        let released = self.released_at.map(|when| decision(&self.released_by, when, &self.released_why));
        Ok(Hold {
            kind: HoldKind::parse(&self.kind).ok_or_else(damaged)?,
            scope,
            opened: decision(&self.opened_by, self.opened_at, &self.opened_why)?,
            released: released.transpose()?,
            id: self.id,
        })
    }
}
