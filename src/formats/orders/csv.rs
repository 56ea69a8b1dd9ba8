//! Orders and advices in CSV: one row a line, those of one number and issuer together.

use std::collections::HashMap;
use std::io::Read;

use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::columns::Column;
use crate::formats::columns::Row;
use crate::formats::columns::Table;
use crate::formats::orders::OrderKind;
use crate::formats::orders::form::AdviceForm;
use crate::formats::orders::form::LineForm;
use crate::formats::orders::form::OrderForm;
use crate::formats::records::Placed;

const COLUMNS: &[Column] = &[
    ("order", &["order number", "po", "po number", "purchase order", "purchase order number"]),
    (
        "advice",
        &[
            "advice number",
            "asn",
            "asn number",
            "despatch advice",
            "dispatch advice",
            "delivery",
            "delivery number",
            "shipment",
            "shipment number",
        ],
    ),
    ("buyer", &["buyer gln", "customer gln", "sold to gln"]),
    ("seller", &["seller gln", "supplier gln", "vendor gln"]),
    ("ship from", &["ship from gln"]),
    ("ship to", &["ship to gln", "deliver to gln"]),
    ("date", &["order date", "ship date", "shipped on", "ordered on"]),
    ("due", &["due date", "delivery date", "requested date", "expected date"]),
    ("line", &["line number", "line no", "item number", "position"]),
    ("gtin", &["gtin14", "gtin 14", "product"]),
    ("ndc", &["ndc number", "ndc11", "ndc 11", "ndc10", "ndc 10"]),
    ("lot", &["lot number", "batch", "batch number"]),
    ("quantity", &["qty", "units", "ordered", "order quantity", "shipped", "shipped quantity"]),
    ("unit", &["uom", "unit of measure"]),
    ("units per case", &["case pack", "pack size", "case quantity"]),
    ("packages", &["sscc", "ssccs", "package"]),
    ("serials", &["serial", "serial number", "serial numbers"]),
];

type Rows = (Vec<Placed<OrderForm>>, Vec<Placed<AdviceForm>>);

/// Reads the rows, as advices where they have an advice number and nothing else is told.
pub(super) fn read(input: impl Read, kind: Option<OrderKind>, defects: &mut Defects) -> Rows {
    let (mut orders, mut advices): Rows = Default::default();
    let mut places: HashMap<String, Vec<(String, usize)>> = HashMap::new();
    let Some(mut table) = Table::open(input, COLUMNS, defects) else { return (orders, advices) };
    while let Some(row) = table.next(defects) {
        let place = Place { line: row.line(), column: 0 };
        let is_advice = match kind {
            Some(kind) => kind == OrderKind::Advice,
            None => !row.cell("advice").is_empty(),
        };
        let (number, issuer) = match is_advice {
            true => (row.cell("advice"), [row.cell("seller"), row.cell("ship from")].concat()),
            false => (row.cell("order"), row.cell("buyer").to_owned()),
        };
        let fresh = if is_advice { advices.len() } else { orders.len() };
        let same = places.entry(format!("{is_advice} {number}")).or_default();
        let known = same_issuer(same, issuer, fresh);
        let joined = match is_advice {
            true => add_advice(&mut advices, known, &row),
            false => add_order(&mut orders, known, &row),
        };
        if let Err((column, first)) = joined {
            let message = format!("this row says another {column} than line {first}");
            let fix = "say it once, or the same on each row of the number";
            defects.add(Fault::error("import-twice", message, fix).at(place, column));
        }
    }
    (orders, advices)
}

/// Where the order of this issuer is among those of one number; a row that says no issuer belongs to the latest.
fn same_issuer(known: &mut Vec<(String, usize)>, issuer: String, fresh: usize) -> usize {
    let same =
        known.iter_mut().rev().find(|(other, _)| issuer.is_empty() || other.is_empty() || *other == issuer);
    match same {
        Some((other, at)) => {
            if other.is_empty() {
                *other = issuer;
            }
            *at
        }
        None => {
            known.push((issuer, fresh));
            fresh
        }
    }
}

/// A column that says something else than an earlier line.
type Differs = (&'static str, u64);

fn add_order(orders: &mut Vec<Placed<OrderForm>>, known: usize, row: &Row<'_>) -> Result<(), Differs> {
    let text = |column: &str| row.cell(column).to_owned();
    if known == orders.len() {
        let place = Place { line: row.line(), column: 0 };
        let form = OrderForm { number: text("order"), ..OrderForm::default() };
        orders.push((place, String::new(), form));
    }
    let Some((place, _, form)) = orders.get_mut(known) else { return Ok(()) };
    form.lines.push(line(row, String::new()));
    join(
        [
            ("buyer", &mut form.buyer.gln),
            ("seller", &mut form.seller.gln),
            ("ship from", &mut form.ship_from.gln),
            ("ship to", &mut form.ship_to.gln),
            ("date", &mut form.date),
            ("due", &mut form.due),
        ],
        row,
    )
    .map_err(|column| (column, place.line))
}

fn add_advice(advices: &mut Vec<Placed<AdviceForm>>, known: usize, row: &Row<'_>) -> Result<(), Differs> {
    let text = |column: &str| row.cell(column).to_owned();
    if known == advices.len() {
        let place = Place { line: row.line(), column: 0 };
        let form = AdviceForm { number: text("advice"), ..AdviceForm::default() };
        advices.push((place, String::new(), form));
    }
    let Some((place, _, form)) = advices.get_mut(known) else { return Ok(()) };
    let order = text("order");
    if !order.is_empty() && !form.orders.contains(&order) {
        form.orders.push(order.clone());
    }
    form.lines.push(line(row, order));
    join(
        [
            ("buyer", &mut form.buyer.gln),
            ("seller", &mut form.seller.gln),
            ("ship from", &mut form.ship_from.gln),
            ("ship to", &mut form.ship_to.gln),
            ("date", &mut form.date),
            ("due", &mut form.due),
        ],
        row,
    )
    .map_err(|column| (column, place.line))
}

/// Fills what is still empty; fails with the column that says something else than before.
fn join(known: [(&'static str, &mut String); 6], row: &Row<'_>) -> Result<(), &'static str> {
    for (column, known) in known {
        let said = row.cell(column);
        if known.is_empty() {
            *known = said.to_owned();
        } else if !said.is_empty() && known != said {
            return Err(column);
        }
    }
    Ok(())
}

fn line(row: &Row<'_>, order: String) -> LineForm {
    let text = |column: &str| row.cell(column).to_owned();
    LineForm {
        row: row.line(),
        line: text("line"),
        gtin: text("gtin"),
        ndc: text("ndc"),
        lot: text("lot"),
        quantity: text("quantity"),
        unit: text("unit"),
        units_per_case: text("units per case"),
        order,
        packages: row.cells("packages"),
        serials: row.cells("serials"),
    }
}
