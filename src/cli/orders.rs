//! `epcgate orders`: purchase orders and despatch advices.

use std::io::Write;
use std::path::PathBuf;

use chrono::Utc;
use clap::ValueEnum;
use serde_json::json;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::cli::import;
use crate::cli::source::Source;
use crate::config::Settings;
use crate::dscsa::Line;
use crate::dscsa::OrderNumber;
use crate::dscsa::Parties;
use crate::formats::Defects;
use crate::formats::orders;
use crate::formats::orders::AdviceForm;
use crate::formats::orders::OrderForm;
use crate::formats::orders::OrderKind;
use crate::reconcile;
use crate::store::OrderPlace;
use crate::store::Store;

/// Orders fetched at one time.
const PAGE: u32 = 200;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// How to print
    #[arg(long, value_enum, default_value = "text", global = true)]
    output: Output,
    #[command(flatten)]
    database: database::Choice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Purchase orders.
    Order,
    /// Despatch advices (ship notices).
    Advice,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Import purchase orders and despatch advices; those known by number and issuer are replaced, the same file again
    /// changes nothing
    #[command(
        after_help = "CSV has one row a line, with the columns order, advice, buyer, seller, ship from, ship to, \
                            date, due, line, gtin, ndc, lot, quantity, unit, units per case, packages, serials, and other \
                            names for them. JSON is {\"orders\": [...], \"advices\": [...]}. X12 takes ship notices (856)."
    )]
    Import {
        /// Files; `-` is standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Their form [default: as they begin]
        #[arg(long, value_enum)]
        from: Option<import::From>,
        /// What the rows of CSV and a bare array of JSON are [default: advices where they have an advice number]
        #[arg(long, value_enum)]
        kind: Option<Kind>,
    },
    /// List them, one a line: kind, number, issuer, date, buyer, seller, lines
    List {
        /// Of one kind alone
        #[arg(long, value_enum)]
        kind: Option<Kind>,
    },
    /// Show orders and advices of a number as JSON
    Show {
        /// The number, raw or as urn:epcglobal:cbv:bt:GLN:NUMBER
        number: String,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    match &arguments.action {
        Action::Import { files, from, kind } => {
            let mut outcome = Outcome::Clean;
            for path in files {
                let source = Source::open(path)?;
                let done = import((&store, &settings), &source, (*from, *kind), arguments.output)?;
                outcome = outcome.max(done);
            }
            Ok(outcome)
        }
        Action::List { kind } => list(&store, *kind, arguments.output),
        Action::Show { number } => show(&store, &OrderNumber::parse(number)),
    }
}

fn import(
    (store, settings): (&Store, &Settings),
    source: &Source,
    (from, kind): (Option<import::From>, Option<Kind>),
    output: Output,
) -> anyhow::Result<Outcome> {
    let syntax = import::From::syntax(from, source)?;
    let kind = kind.map(|kind| match kind {
        Kind::Order => OrderKind::Order,
        Kind::Advice => OrderKind::Advice,
    });
    let mut defects = Defects::new(false);
    let found = orders::read(source.input()?, syntax, kind, &mut defects);
    let imported = match defects.errors() {
        0 => {
            let imported = store.put_orders(&Caller::operator(), &found, Utc::now())?;
            reconcile::after_import(store, &found, &settings.exceptions, Utc::now())?;
            Some(imported)
        }
        _ => None,
    };
    import::report(source, &defects, imported, output)
}

fn list(store: &Store, kind: Option<Kind>, output: Output) -> anyhow::Result<Outcome> {
    let caller = Caller::operator();
    if kind != Some(Kind::Advice) {
        let mut after: Option<OrderPlace> = None;
        loop {
            let page = store.orders(&caller, after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.number.place());
            for order in &page {
                let head = ("order", &order.number, order.ordered_on.map(|day| day.to_string()));
                print(head, &order.parties, &order.lines, output)?;
            }
        }
    }
    if kind != Some(Kind::Order) {
        let mut after: Option<OrderPlace> = None;
        loop {
            let page = store.advices(&caller, after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.number.place());
            for advice in &page {
                let head = ("advice", &advice.number, advice.shipped_on.map(|day| day.to_string()));
                print(head, &advice.parties, &advice.lines, output)?;
            }
        }
    }
    Ok(Outcome::Clean)
}

fn print(
    (kind, number, day): (&str, &OrderNumber, Option<String>),
    parties: &Parties,
    lines: &[Line],
    output: Output,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let issuer = number.issuer().map(|gln| gln.to_string()).unwrap_or_default();
    let (number, day, count) = (number.number(), day.unwrap_or_default(), lines.len());
    let (buyer, seller) = (&*parties.buyer.sent, &*parties.seller.sent);
    match output {
        Output::Text => {
            writeln!(out, "{kind}\t{number}\t{issuer}\t{day}\t{buyer}\t{seller}\t{count} lines")?;
        }
        Output::Json => {
            let line = json!({
                "kind": kind, "number": number, "issuer": issuer, "date": day, "buyer": buyer, "seller": seller,
                "lines": count,
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn show(store: &Store, number: &OrderNumber) -> anyhow::Result<Outcome> {
    let caller = Caller::operator();
    let orders = store.orders_numbered(&caller, number)?;
    let advices = store.advices_numbered(&caller, number)?;
    if orders.is_empty() && advices.is_empty() {
        eprintln!("epcgate: there is no order or advice {number}");
        return Ok(Outcome::Errors);
    }
    let orders: Vec<OrderForm> = orders.iter().map(OrderForm::from).collect();
    let advices: Vec<AdviceForm> = advices.iter().map(AdviceForm::from).collect();
    let shown = json!({ "orders": orders, "advices": advices });
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&shown)?)?;
    Ok(Outcome::Clean)
}
