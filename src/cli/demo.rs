//! `epcgate demo`: a gateway with a small supply chain in it.

use std::io::Cursor;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use chrono::Days;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;

use crate::access::Caller;
use crate::capture;
use crate::capture::Wish;
use crate::cli::Outcome;
use crate::cli::database;
use crate::cli::serve;
use crate::config::Settings;
use crate::dscsa::Against;
use crate::dscsa::Decision;
use crate::dscsa::HoldKind;
use crate::dscsa::HoldScope;
use crate::dscsa::ScanAnswer;
use crate::epcis::CaptureErrorBehaviour;
use crate::gs1::Gtin;
use crate::reconcile::receipt;
use crate::reconcile::receipt::Opening;
use crate::server::Gateway;
use crate::store::Store;

/// What the demo captures, in order. Days stand in them as `{DAY-3}`, counted from the day of the start.
const DOCUMENTS: [(&str, &str); 3] = [
    (
        "the manufacturer commissions, packs and ships",
        include_str!("../../fixtures/demo/1_manufacturer_ships.xml"),
    ),
    (
        "the wholesaler receives and opens the pallet",
        include_str!("../../fixtures/demo/2_wholesaler_receives.jsonld"),
    ),
    (
        "the wholesaler ships one case to the clinic",
        include_str!("../../fixtures/demo/3_wholesaler_ships.xml"),
    ),
];

/// The clinic's purchase order.
const ORDER: &str = "urn:epcglobal:cbv:bt:9521102000015:PO-118";

/// What the clinic finds in the case when it scans the bottles: one of the four is not there.
const SCANS: [&str; 3] =
    ["(01)00352999101306(21)A7K2M0001", "(01)00352999101306(21)A7K2M0002", "(01)00352999101306(21)A7K2M0003"];

/// GLN of the manufacturer.
const MAKER: &str = "0352999000012";
/// The bottles' trade item, and their lot.
const BOTTLE: &str = "00352999101306";
const LOT: &str = "LMX2611";
/// Days from the start to the expiry of that lot.
const SHELF_LIFE: i64 = 540;
/// The bottle that is recalled.
const RECALLED: &str = "A7K2M0003";

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The address and port to listen on; port 0 takes any that is free [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Keep the database in this folder [default: a temporary one that vanishes at the end]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let temporary = tempfile::Builder::new().prefix("epcgate-demo-").tempdir()?;
    let folder = arguments.data_dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    let database = database::Choice { data_dir: Some(folder.clone()), ..database::Choice::default() };
    let mut settings = database.settings()?;
    // The maker of the demo lets its data answer for it, so that pages have somebody to ask.
    settings.routing.replicates.push(MAKER.to_owned());
    serve::listen_on(&mut settings, arguments.listen);
    serve::log(&settings)?;
    let store = database.open(&settings)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "A small supply chain goes into {}:", folder.display())?;
    for (what, document) in DOCUMENTS {
        let events = capture(&store, &dated(document, Utc::now().date_naive())?, &settings)?;
        writeln!(out, "  {what} ({events} events)")?;
    }
    let found = receive(&store, &settings)?;
    writeln!(out, "  the clinic scans what it was sent: {found}")?;
    let why = recall(&store)?;
    writeln!(out, "  one bottle is recalled: {why}")?;
    drop(out);
    let gateway = Gateway::start(&settings, &store)?;
    serve::announce(&gateway)?;
    show(&gateway.url(), Utc::now().date_naive())?;
    explain(&gateway.url(), &folder)?;
    gateway.run()?;
    Ok(Outcome::Clean)
}

fn capture(store: &Store, document: &str, settings: &Settings) -> anyhow::Result<u64> {
    let mut receiving = store.receive(Utc::now())?;
    std::io::copy(&mut Cursor::new(document), &mut receiving)?;
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
    let new = capture::accept(store, &Caller::operator(), receiving.finish()?, wish, Utc::now())?;
    let job = capture::run_to_end(store, &new.job, &settings.policy()?, Utc::now)?;
    let told = || job.defects.first().map(|defect| defect.message.to_string()).unwrap_or_default();
    anyhow::ensure!(job.success, "the demo's own document was refused: {}", told());
    Ok(job.events_read)
}

/// Receives the clinic's order, scan by scan, and closes the receipt; says in words what came of it.
fn receive(store: &Store, settings: &Settings) -> anyhow::Result<String> {
    let caller = Caller::operator();
    let opening = Opening {
        against: Against::Order(ORDER.to_owned()),
        place: Some("urn:epc:id:sgln:9521102.00001.0".to_owned()),
        by: "clinic".to_owned(),
    };
    let opened = receipt::open(store, &caller, &opening, &settings.receiving, Utc::now())?;
    for scan in SCANS {
        if let ScanAnswer::Unread(why) = receipt::scan(store, &caller, (&opened.id, scan), Utc::now())? {
            anyhow::bail!("the demo's own scan {scan} cannot be read: {why}");
        }
    }
    let by = (opened.id.as_str(), "clinic");
    let closed = capture::close_receipt(store, &caller, by, &settings.policy()?, Utc::now)?;
    let differences = closed.closing.differences.len();
    Ok(format!("{} bottles are as the data say, and {differences} is not there", SCANS.len()))
}

/// Recalls one bottle; says why.
fn recall(store: &Store) -> anyhow::Result<&'static str> {
    let why = "the seal of its cap may be broken";
    let scope = HoldScope::serials(Gtin::parse(BOTTLE)?, RECALLED, RECALLED)?;
    let opened = Decision::new("Alder Point Therapeutics", Utc::now(), why)?;
    store.open_hold(&Caller::operator(), HoldKind::Recall, &scope, &opened)?;
    Ok(why)
}

/// Says where the pages are, and what can be scanned there.
fn show(url: &str, today: NaiveDate) -> anyhow::Result<()> {
    let code = |serial: &str, lot: &str, days: i64| {
        let expiry = today.checked_add_signed(TimeDelta::days(days)).context("a day out of range")?;
        Ok::<_, anyhow::Error>(format!("]d201{BOTTLE}21{serial}^]17{}10{lot}", expiry.format("%y%m%d")))
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nOpen {url}/ and paste what a scanner would type:")?;
    for (says, code) in [
        ("OK TO USE: it is as its maker's data say", code("A7K2M0001", LOT, SHELF_LIFE)?),
        ("DO NOT USE: it is recalled", code(RECALLED, LOT, SHELF_LIFE)?),
        ("DO NOT USE: its serial number belongs to another lot", code("A7K2M0002", "LMX2609", SHELF_LIFE)?),
        ("DO NOT USE: it has expired", code("A7K1B0007", "LMX2405", -20)?),
        (
            "WAIT: nobody can be asked about this product",
            code("7Q41", "SB7", 200)?.replace(BOTTLE, "09521101000092"),
        ),
        ("SCAN PROBLEM: the line code, not the square one", "352999101306".to_owned()),
    ] {
        writeln!(out, "\n  # {says}\n  {code}")?;
    }
    out.flush()?;
    Ok(())
}

fn explain(url: &str, folder: &Path) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let item = "urn:epc:id:sgtin:0352999.010130.A7K2M0001";
    let case = "urn:epc:id:sgtin:0352999.510130.C0000001";
    let missing = "urn:epc:id:sgtin:0352999.010130.A7K2M0004";
    writeln!(
        out,
        "\nTry:\n\
         \n  # what happened to one bottle, from the manufacturer on\n  curl -s '{url}/epcis/events?MATCH_anyEPC={item}'\n\
         \n  # every shipment, as EPCIS 1.2 XML\n  curl -s -H 'Accept: application/xml' -H 'GS1-EPCIS-Version: 1.2' '{url}/epcis/events?EQ_bizStep=shipping'\n\
         \n  # where the clinic's case was seen, with its identifiers as EPC URNs\n  curl -s -H 'GS1-EPC-Format: Always_EPC_URN' '{url}/epcis/events?MATCH_epc={case}&orderBy=eventTime&orderDirection=ASC'\n\
         \n  # what did not fit, whose turn it is, and a message to the supplier, in words\n  epcgate exceptions --data-dir {folder}\n\
         \n  # the life of the bottle that was not there, step by step\n  epcgate trace {missing} --data-dir {folder}\n\
         \nCtrl-C ends it.",
        folder = folder.display(),
    )?;
    out.flush()?;
    Ok(())
}

/// Puts dates for `{DAY-3}` and `{DAY+540}`.
fn dated(document: &str, today: NaiveDate) -> anyhow::Result<String> {
    let mut text = String::with_capacity(document.len());
    let mut rest = document;
    while let Some((before, behind)) = rest.split_once("{DAY") {
        let (days, behind) = behind.split_once('}').context("a day without its end")?;
        let days: i64 = days.parse().context("a day that is no number")?;
        let moved = Days::new(days.unsigned_abs());
        let day = if days < 0 { today.checked_sub_days(moved) } else { today.checked_add_days(moved) };
        text.push_str(before);
        text.push_str(&day.context("a day out of range")?.to_string());
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_start() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        assert_eq!(dated("a{DAY-9}T{DAY+540}{DAY+0}", day).unwrap(), "a2026-11-13T2028-05-152026-11-22");
        assert!(dated("{DAY-x}", day).is_err());
    }
}
