//! `epcgate receive`: goods as they are scanned, against a shipment, an order or nothing.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::capture;
use crate::capture::ClosingError;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::config::Settings;
use crate::dscsa::Against;
use crate::formats::receipts::AnswerForm;
use crate::formats::receipts::ClosingForm;
use crate::formats::receipts::UnitForm;
use crate::reconcile::receipt;
use crate::reconcile::receipt::Deadlines;
use crate::reconcile::receipt::Opening;
use crate::reconcile::receipt::ReceiptError;
use crate::store::ShipmentFilter;
use crate::store::Store;

/// Shipments or units fetched at one time.
const PAGE: i64 = 500;

/// Characters that one line may have; no symbol holds as many.
const LONGEST_LINE: u64 = 4_096;

#[derive(clap::Args)]
#[command(
    after_help = "Each line is one scan: an element string as a scanner gives it, the bracketed text of a label, a Digital \
                  Link or an EPC. Each is answered at once; at the end the receipt is compared serial by serial and closed.\n\n\
                  Examples:\n  epcgate receive --expected\n  epcgate receive --order PO-1 --place 0300011111215 scans.txt\n  \
                  epcgate receive --none --keep-open -"
)]
pub(super) struct Arguments {
    /// Scans, one a line; `-` is standard input
    #[arg(default_value = "-", conflicts_with_all = ["expected", "waiting", "close"])]
    scans: PathBuf,
    #[command(flatten)]
    against: Choice,
    /// The place where goods are received: a GLN or SGLN
    #[arg(long, value_name = "GLN")]
    place: Option<String>,
    /// Who receives
    #[arg(long, default_value = "operator")]
    by: String,
    /// Leave the receipt open at the end, for more scans
    #[arg(long)]
    keep_open: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    database: database::Choice,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Choice {
    /// Receive this shipment, by its number
    #[arg(long, value_name = "NUMBER")]
    shipment: Option<i64>,
    /// Receive all shipments of this purchase order or despatch advice, by its number or URI
    #[arg(long, value_name = "ORDER")]
    order: Option<String>,
    /// Receive whatever comes
    #[arg(long)]
    none: bool,
    /// Go on with a receipt that is open
    #[arg(long, value_name = "RECEIPT")]
    receipt: Option<String>,
    /// Close a receipt, or end a closing that was interrupted
    #[arg(long, value_name = "RECEIPT")]
    close: Option<String>,
    /// List shipments whose goods were not received yet, with their clocks
    #[arg(long)]
    expected: bool,
    /// List goods that wait for their data, with their clocks
    #[arg(long)]
    waiting: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    let choice = &arguments.against;
    if choice.expected {
        return list_expected(&store, &settings, arguments.output);
    }
    if choice.waiting {
        return list_waiting(&store, &settings, arguments.output);
    }
    if let Some(id) = &choice.close {
        return close(&store, id, arguments, &settings);
    }
    let id = match &choice.receipt {
        Some(id) => id.clone(),
        None => match open(&store, arguments, &settings) {
            Ok(id) => id,
            Err(ReceiptError::Store(error)) => return Err(error.into()),
            Err(error) => return Ok(refused(&error)),
        },
    };
    if let Some(outcome) = scan_all(&store, &id, arguments)? {
        return Ok(outcome);
    }
    if arguments.keep_open {
        eprintln!("receipt {id} is open: epcgate receive --receipt {id}, then --close {id}");
        return Ok(Outcome::Clean);
    }
    close(&store, &id, arguments, &settings)
}

fn open(store: &Store, arguments: &Arguments, settings: &Settings) -> Result<String, ReceiptError> {
    let against = match (arguments.against.shipment, &arguments.against.order) {
        (Some(id), _) => Against::Shipment(id),
        (None, Some(order)) => Against::Order(order.clone()),
        (None, None) => Against::Nothing,
    };
    let opening = Opening { against, place: arguments.place.clone(), by: arguments.by.clone() };
    let receipt = receipt::open(store, &Caller::operator(), &opening, &settings.receiving, Utc::now())?;
    Ok(receipt.id)
}

/// Answers every line; the outcome where the receipt takes no scans.
fn scan_all(store: &Store, id: &str, arguments: &Arguments) -> anyhow::Result<Option<Outcome>> {
    let mut input: Box<dyn BufRead> = if arguments.scans == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let name = arguments.scans.display();
        let file = File::open(&arguments.scans).with_context(|| format!("{name} cannot be opened"))?;
        Box::new(BufReader::new(file))
    };
    let mut out = std::io::stdout().lock();
    let mut line = Vec::new();
    while next_line(&mut input, &mut line)? {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let answer = match receipt::scan(store, &Caller::operator(), (id, text), Utc::now()) {
            Ok(answer) => AnswerForm::new(text, &answer),
            Err(ReceiptError::Store(error)) => return Err(error.into()),
            Err(error) => return Ok(Some(refused(&error))),
        };
        match arguments.output {
            Output::Json => writeln!(out, "{}", serde_json::to_string(&answer)?)?,
            Output::Text => print_answer(&mut out, &answer)?,
        }
        out.flush()?;
    }
    Ok(None)
}

/// Reads up to the end of a line; what is longer than any scan comes in pieces.
fn next_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let mut limited = std::io::Read::take(input, LONGEST_LINE);
    Ok(limited.read_until(b'\n', line)? > 0)
}

fn print_answer(out: &mut impl Write, answer: &AnswerForm) -> std::io::Result<()> {
    let sign = match answer.light {
        "green" => "ok  ",
        "amber" => "wait",
        _ => "STOP",
    };
    let what = answer.unit.as_ref().map_or(answer.scan.as_str(), |unit| unit.epc.as_str());
    writeln!(out, "{sign} {:<18} {what}: {}", answer.verdict, answer.words)?;
    answer.notices.iter().try_for_each(|notice| writeln!(out, "     {notice}"))
}

fn close(store: &Store, id: &str, arguments: &Arguments, settings: &Settings) -> anyhow::Result<Outcome> {
    let by = (id, arguments.by.as_str());
    let closed = match capture::close_receipt(store, &Caller::operator(), by, &settings.policy()?, Utc::now) {
        Ok(closed) => closed,
        Err(ClosingError::Receipt(ReceiptError::Store(error))) => return Err(error.into()),
        Err(ClosingError::Receipt(error)) => return Ok(refused(&error)),
        Err(error) => return Err(error.into()),
    };
    let event = closed.event.as_ref().and_then(|event| event.id.as_deref());
    let form = ClosingForm::new(&closed.receipt, &closed.closing, event);
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(&form)?)?,
        Output::Text => print_closing(&mut out, &form)?,
    }
    let clean = form.put_aside == 0 && form.short == 0;
    Ok(if clean { Outcome::Clean } else { Outcome::Errors })
}

fn print_closing(out: &mut impl Write, form: &ClosingForm) -> std::io::Result<()> {
    let (released, aside, short) = (form.released, form.put_aside, form.short);
    writeln!(
        out,
        "receipt {}: {released} units released, {aside} put aside, {short} short",
        form.receipt.id
    )?;
    for count in &form.units {
        writeln!(out, "  {:>8} {} ({})", count.units, count.verdict, count.observed)?;
    }
    form.differences.iter().try_for_each(|difference| writeln!(out, "  {difference}"))?;
    match &form.event {
        Some(event) => writeln!(out, "receiving event {event}"),
        None => writeln!(out, "nothing to receive, so there is no receiving event"),
    }
}

fn list_expected(store: &Store, settings: &Settings, output: Output) -> anyhow::Result<Outcome> {
    let (mut out, mut before) = (std::io::stdout().lock(), None);
    loop {
        let (clocks, now) = (settings.receiving.clocks(), Utc::now());
        let asked = (before, PAGE);
        let filter = ShipmentFilter::default();
        let page = receipt::expected(store, &Caller::operator(), &filter, asked, &clocks)?;
        for found in page.shipments {
            let form = found.form(now);
            let Some(clock) = &form.expected else { continue };
            if output == Output::Json {
                writeln!(out, "{}", serde_json::to_string(&form)?)?;
                continue;
            }
            let orders = form.orders.join(", ");
            writeln!(out, "{}  {}  {} units  {}", form.shipment, form.at, form.units, clock.state)?;
            writeln!(out, "    from {} to {}; orders: {orders}", form.seller, form.buyer)?;
            writeln!(out, "    remind {}, ask the partner {}", clock.remind, clock.escalate)?;
        }
        match page.next {
            Some(_) => before = page.next,
            None => return Ok(Outcome::Clean),
        }
    }
}

fn list_waiting(store: &Store, settings: &Settings, output: Output) -> anyhow::Result<Outcome> {
    let (mut out, mut after) = (std::io::stdout().lock(), None);
    loop {
        let page = store.waiting_units(&Caller::operator(), after.as_ref(), PAGE)?;
        for found in &page {
            let clock = Deadlines::of(found.unit.at, &settings.receiving.clocks()).form(Utc::now());
            let unit = UnitForm::from(&found.unit);
            if output == Output::Json {
                writeln!(out, "{}", json!({ "receipt": found.receipt, "unit": unit, "clock": clock }))?;
                continue;
            }
            writeln!(out, "{}  {}  since {}, receipt {}", clock.state, unit.epc, unit.at, found.receipt)?;
        }
        match page.into_iter().last() {
            Some(last) => after = Some(last),
            None => return Ok(Outcome::Clean),
        }
    }
}

fn refused(fault: &dyn std::fmt::Display) -> Outcome {
    eprintln!("epcgate: {fault}");
    Outcome::Errors
}
