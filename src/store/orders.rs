//! Purchase orders and despatch advices: each as JSON, under its number and issuer.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::Caller;
use crate::dscsa::DespatchAdvice;
use crate::dscsa::OrderNumber;
use crate::dscsa::Parties;
use crate::dscsa::PurchaseOrder;
use crate::formats::orders::AdviceForm;
use crate::formats::orders::OrderForm;
use crate::formats::orders::OrderKind;
use crate::formats::orders::Orders;
use crate::formats::records::Faults;
use crate::gs1::Gln;
use crate::store::Imported;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::partners::Importing;
use crate::store::schema::advice_orders;
use crate::store::schema::orders;
use crate::store::sight;

/// What is kept of an order or advice beside its number.
struct Row {
    kind: OrderKind,
    number: OrderNumber,
    buyer: String,
    seller: String,
    day: String,
    body: String,
    /// The orders an advice serves.
    serves: Vec<OrderNumber>,
}

/// The place of an order in a listing, from behind which the next page is asked: its number and its issuer.
pub type OrderPlace = (String, String);

impl Store {
    /// Keeps orders and advices, in one transaction: those known by number and issuer are replaced.
    pub fn put_orders(
        &self,
        caller: &Caller,
        given: &Orders,
        now: DateTime<Utc>,
    ) -> Result<Imported, StoreError> {
        let orders = given.orders.iter().map(row_of_order);
        let rows = orders.chain(given.advices.iter().map(row_of_advice));
        let rows = rows.collect::<Result<Vec<Row>, StoreError>>()?;
        self.write(|connection| {
            let mut importing = Importing::new(caller, now);
            for row in &rows {
                put(connection, row, now, &mut importing)?;
            }
            importing.end(connection)
        })
    }

    /// Purchase orders of this number, and of this issuer as far as both say one.
    pub fn orders_numbered(
        &self,
        caller: &Caller,
        number: &OrderNumber,
    ) -> Result<Vec<PurchaseOrder>, StoreError> {
        self.read_for(caller, |connection| numbered(connection, caller, OrderKind::Order, number))?
            .iter()
            .map(|body| order(body))
            .collect()
    }

    /// Despatch advices of this number, and of this issuer as far as both say one.
    pub fn advices_numbered(
        &self,
        caller: &Caller,
        number: &OrderNumber,
    ) -> Result<Vec<DespatchAdvice>, StoreError> {
        self.read_for(caller, |connection| numbered(connection, caller, OrderKind::Advice, number))?
            .iter()
            .map(|body| advice(body))
            .collect()
    }

    /// Despatch advices that serve this purchase order.
    pub fn advices_for_order(
        &self,
        caller: &Caller,
        order: &OrderNumber,
    ) -> Result<Vec<DespatchAdvice>, StoreError> {
        let found: Vec<(String, String, String)> = self.read_for(caller, |connection| {
            Ok(advice_orders::table
                .filter(advice_orders::number.eq(order.number()))
                .order((advice_orders::advice_number, advice_orders::advice_issuer))
                .select((advice_orders::issuer, advice_orders::advice_number, advice_orders::advice_issuer))
                .load(connection)?)
        })?;
        let fits =
            |issuer: &str| issuer.is_empty() || order.issuer().is_none_or(|own| own.as_str() == issuer);
        let fitting = found.into_iter().filter(|(issuer, ..)| fits(issuer));
        let distinct: BTreeSet<OrderPlace> = fitting.map(|(_, number, issuer)| (number, issuer)).collect();
        let mut advices = Vec::new();
        for (number, issuer) in distinct {
            let asked = OrderNumber::new(&number, Gln::parse(&issuer).ok());
            let exact = self.advices_numbered(caller, &asked)?.into_iter();
            advices.extend(exact.filter(|advice| advice.number.issuer() == asked.issuer()));
        }
        Ok(advices)
    }

    /// Purchase orders in the order of their numbers, from behind `after`.
    pub fn orders(
        &self,
        caller: &Caller,
        after: Option<&OrderPlace>,
        most: u32,
    ) -> Result<Vec<PurchaseOrder>, StoreError> {
        self.read_for(caller, |connection| listed(connection, caller, (OrderKind::Order, after), most))?
            .iter()
            .map(|body| order(body))
            .collect()
    }

    /// Despatch advices in the order of their numbers, from behind `after`.
    pub fn advices(
        &self,
        caller: &Caller,
        after: Option<&OrderPlace>,
        most: u32,
    ) -> Result<Vec<DespatchAdvice>, StoreError> {
        self.read_for(caller, |connection| listed(connection, caller, (OrderKind::Advice, after), most))?
            .iter()
            .map(|body| advice(body))
            .collect()
    }
}

fn put(
    connection: &mut AnyConnection,
    row: &Row,
    now: DateTime<Utc>,
    importing: &mut Importing<'_>,
) -> Result<(), StoreError> {
    let (kind, number, issuer) = (row.kind.as_str(), row.number.number(), issuer(&row.number));
    let known: Option<String> =
        orders::table.find((kind, number, &issuer)).select(orders::body).first(connection).optional()?;
    if known.as_deref() == Some(&*row.body) {
        importing.imported.unchanged += 1;
        return Ok(());
    }
    let things = match row.kind {
        OrderKind::Order => "orders",
        OrderKind::Advice => "advices",
    };
    importing.note(things, number, known.as_deref(), &row.body);
    diesel::delete(orders::table.find((kind, number, &issuer))).execute(connection)?;
    let values = (
        orders::kind.eq(kind),
        orders::number.eq(number),
        orders::issuer.eq(&issuer),
        orders::buyer.eq(&row.buyer),
        orders::seller.eq(&row.seller),
        orders::day.eq(&row.day),
        orders::imported_at.eq(now.timestamp_micros()),
        orders::body.eq(&row.body),
    );
    diesel::insert_into(orders::table).values(values).execute(connection)?;
    if row.kind == OrderKind::Order {
        return Ok(());
    }
    let own = advice_orders::advice_number.eq(number).and(advice_orders::advice_issuer.eq(&issuer));
    diesel::delete(advice_orders::table.filter(own)).execute(connection)?;
    for served in &row.serves {
        let values = (
            advice_orders::number.eq(served.number()),
            advice_orders::issuer.eq(self::issuer(served)),
            advice_orders::advice_number.eq(number),
            advice_orders::advice_issuer.eq(&issuer),
        );
        either!(connection, concrete => diesel::insert_into(advice_orders::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(concrete))?;
    }
    Ok(())
}

fn numbered(
    connection: &mut AnyConnection,
    caller: &Caller,
    kind: OrderKind,
    number: &OrderNumber,
) -> Result<Vec<String>, StoreError> {
    let asked = orders::kind.eq(kind.as_str()).and(orders::number.eq(number.number()));
    let mut query =
        orders::table.filter(asked).order(orders::issuer).select((orders::issuer, orders::body)).into_boxed();
    if let Some(own) = sight::own(caller) {
        query = query.filter(orders::buyer.eq_any(own.clone()).or(orders::seller.eq_any(own)));
    }
    let found: Vec<(String, String)> = query.load(connection)?;
    let own = number.issuer();
    let fits = |issuer: &str| issuer.is_empty() || own.is_none_or(|own| own.as_str() == issuer);
    Ok(found.into_iter().filter(|(issuer, _)| fits(issuer)).map(|(_, body)| body).collect())
}

fn listed(
    connection: &mut AnyConnection,
    caller: &Caller,
    (kind, after): (OrderKind, Option<&OrderPlace>),
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let (number, issuer) = after.map_or(("", ""), |(number, issuer)| (number.as_str(), issuer.as_str()));
    let behind = orders::number.gt(number).or(orders::number.eq(number).and(orders::issuer.gt(issuer)));
    let mut query = orders::table
        .filter(orders::kind.eq(kind.as_str()).and(behind))
        .order((orders::number, orders::issuer))
        .limit(i64::from(most))
        .select(orders::body)
        .into_boxed();
    if let Some(own) = sight::own(caller) {
        query = query.filter(orders::buyer.eq_any(own.clone()).or(orders::seller.eq_any(own)));
    }
    Ok(query.load(connection)?)
}

fn row_of_order(order: &PurchaseOrder) -> Result<Row, StoreError> {
    let (buyer, seller) = parties(&order.parties);
    Ok(Row {
        kind: OrderKind::Order,
        number: order.number.clone(),
        buyer,
        seller,
        day: order.ordered_on.map(|day| day.to_string()).unwrap_or_default(),
        body: body(&OrderForm::from(order))?,
        serves: Vec::new(),
    })
}

fn row_of_advice(advice: &DespatchAdvice) -> Result<Row, StoreError> {
    let (buyer, seller) = parties(&advice.parties);
    let of_lines = advice.lines.iter().filter_map(|line| line.order.as_ref());
    Ok(Row {
        kind: OrderKind::Advice,
        number: advice.number.clone(),
        buyer,
        seller,
        day: advice.shipped_on.map(|day| day.to_string()).unwrap_or_default(),
        body: body(&AdviceForm::from(advice))?,
        serves: advice
            .orders
            .iter()
            .chain(of_lines)
            .map(|order| order.clone().issued_by(advice.parties.buyer.gln))
            .collect(),
    })
}

fn parties(parties: &Parties) -> (String, String) {
    let digits = |gln: Option<Gln>| gln.map(|gln| gln.to_string()).unwrap_or_default();
    (digits(parties.buyer.gln), digits(parties.seller.gln))
}

/// The issuer as a column: its GLN, or nothing.
fn issuer(number: &OrderNumber) -> String {
    number.issuer().map(|gln| gln.to_string()).unwrap_or_default()
}

fn body(form: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(form).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn order(body: &str) -> Result<PurchaseOrder, StoreError> {
    model(body, OrderForm::read)
}

fn advice(body: &str) -> Result<DespatchAdvice, StoreError> {
    model(body, AdviceForm::read)
}

fn model<F: DeserializeOwned, T>(body: &str, read: impl Fn(F, &mut Faults) -> T) -> Result<T, StoreError> {
    let form: F = serde_json::from_str(body).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let mut faults = Faults::default();
    let record = read(form, &mut faults);
    match faults.first() {
        Some((path, fault)) => Err(StoreError::Damaged(format!("{path}: {}", fault.message))),
        None => Ok(record),
    }
}
