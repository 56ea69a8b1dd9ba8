//! How fast one scan is answered while a large shipment is received.

use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use chrono::Utc;

use crate::access::Caller;
use crate::cli::bench::captures;
use crate::cli::bench::document;
use crate::cli::bench::measure::Figure;
use crate::config::Settings;
use crate::dscsa::Against;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::ScanAnswer;
use crate::gs1::Epc;
use crate::reconcile::receipt;
use crate::reconcile::receipt::Opening;
use crate::store::ShipmentFilter;
use crate::store::Store;

/// Scans of single units.
const UNIT_SCANS: u64 = 2_000;

/// Scans of cases, each with its content.
const CASE_SCANS: u64 = 500;

/// What one answer may take, the slowest one in a hundred left out.
const GOAL: Duration = Duration::from_millis(10);

/// Captures a shipment of so many units into an empty database and scans some of them, scattered over all of it.
pub(super) fn run(url: &str, units: u64, settings: &Settings) -> anyhow::Result<Vec<Figure>> {
    let store = Store::open(url, &settings.store)?;
    let file = tempfile::NamedTempFile::new()?;
    let mut out = std::io::BufWriter::new(file.as_file());
    document::write_shipped(&mut out, units, 0)?;
    out.flush()?;
    drop(out);
    captures::put_in(&store, file.path(), settings)?;
    let caller = Caller::operator();
    let shipments = store.shipments(&caller, &ShipmentFilter::default(), None, 1)?;
    let shipment =
        shipments.first().context("the database has no shipment; is it empty, and is its ledger kept?")?;
    let opening = Opening { against: Against::Shipment(shipment.id), place: None, by: "bench".to_owned() };
    let receipt = receipt::open(&store, &caller, &opening, &settings.receiving, Utc::now())?;
    let step = (units / UNIT_SCANS).max(1);
    let of_units = (0..UNIT_SCANS.min(units)).map(|number| label(document::unit(0, number * step)));
    let units_took = scan_all(&store, &receipt.id, of_units)?;
    let cases = units / document::UNITS_PER_CASE;
    let step = (cases / CASE_SCANS).max(1);
    let of_cases = (0..CASE_SCANS.min(cases)).map(|number| document::case(0, number * step));
    let cases_took = scan_all(&store, &receipt.id, of_cases)?;
    Ok(vec![
        figure("a unit is scanned, median", &units_took, 50, None),
        figure("a unit is scanned, p99", &units_took, 99, Some(1.0)),
        figure("a case is scanned, median", &cases_took, 50, None),
        figure("a case is scanned, p99", &cases_took, 99, Some(1.0)),
    ])
}

/// What the label of a measured unit says.
fn label(urn: String) -> String {
    let epc = Epc::parse(&urn);
    let gtin = epc.gtin().map(|gtin| gtin.to_string()).unwrap_or_default();
    format!("]d201{gtin}21{}\u{1d}1728033110LMX2611", epc.serial().unwrap_or_default())
}

fn scan_all(
    store: &Store,
    receipt: &str,
    scans: impl Iterator<Item = String>,
) -> anyhow::Result<Vec<Duration>> {
    let mut took = Vec::new();
    for text in scans {
        let began = Instant::now();
        let answer = receipt::scan(store, &Caller::operator(), (receipt, &text), Utc::now())?;
        took.push(began.elapsed());
        let expected =
            matches!(&answer, ScanAnswer::Unit(answer) if answer.unit.verdict == ReceiptVerdict::Expected);
        anyhow::ensure!(expected, "{text} is not answered as it should be: {answer:?}");
    }
    took.sort_unstable();
    Ok(took)
}

/// The time below which so many of a hundred answers stay; `goal` is that of the ratio of what they may take to it.
fn figure(name: &str, sorted: &[Duration], percent: usize, goal: Option<f64>) -> Figure {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    let took = sorted.get(at).copied().unwrap_or_default();
    let ratio = goal.map(|_| GOAL.as_secs_f64() / took.as_secs_f64());
    Figure { name: name.to_owned(), rate: took.as_secs_f64() * 1_000.0, unit: "ms".to_owned(), ratio, goal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hundredth_slowest_is_told() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(figure("", &sorted, 99, Some(1.0)).rate, 198.0);
        assert_eq!(figure("", &sorted, 50, None).rate, 100.0);
    }

    #[test]
    fn scans_of_a_small_shipment_are_answered() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::read(None).unwrap();
        let url = folder.path().join("bench.sqlite");
        assert_eq!(run(url.to_str().unwrap(), 48, &settings).unwrap().len(), 4);
    }
}
