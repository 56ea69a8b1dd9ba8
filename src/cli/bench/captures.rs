//! Capture into the database against bare inserts of the same rows, growth, and look-ups.

use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use serde::Deserialize;
use serde::Serialize;

use crate::access::Caller;
use crate::cli::bench::document;
use crate::cli::bench::measure::Figure;
use crate::cli::bench::measure::wall;
use crate::cli::capture::capture;
use crate::cli::source::Source;
use crate::config::Settings;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::query;
use crate::store::Store;
use crate::store::bare;

/// EPCs that the index keeps for each thousand units: commissioned, packed, and the parents.
const EPCS_PER_THOUSAND_UNITS: u64 = 2_083;
/// EPCs in one document of the seed.
const SEED_STEP: u64 = 1_000_000;
/// Look-ups that are timed.
const LOOKUPS: u64 = 2_000;

/// What was put into a seeded database, kept beside it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Seeded {
    /// EPCs a second of each step of a million.
    rates: Vec<f64>,
}

/// Captures a document into one database, then inserts the same rows bare into another.
pub(super) fn against_bare(
    document: &Path,
    urls: (&str, &str),
    settings: &Settings,
) -> anyhow::Result<Vec<Figure>> {
    let store = Store::open(urls.0, &without_ledger(settings))?;
    let whole = wall(|| put_in(&store, document, settings))?;
    let target = Store::open(urls.1, &settings.store)?;
    let floor = bare::copy(&store, &target)?;
    let rows = floor.rows as f64;
    Ok(vec![
        Figure::rate("bare inserts of the same rows", rows, "rows", &[floor.elapsed]),
        Figure::against("capture, from bytes to published", (rows, "rows"), &[whole], &[floor.elapsed], 0.5),
        Figure::rate("index terms captured", floor.terms as f64, "terms", &[whole]),
    ])
}

/// Captures a document with the ledger and all rules on, against the same without, each into a database of its own.
pub(super) fn with_ledger(
    document: &Path,
    urls: (&str, &str),
    units: u64,
    settings: &Settings,
) -> anyhow::Result<Vec<Figure>> {
    let mut times = Vec::new();
    for (url, settings_of_store) in [(urls.0, without_ledger(settings)), (urls.1, settings.store.clone())] {
        let store = Store::open(url, &settings_of_store)?;
        times.push(wall(|| put_in(&store, document, settings))?);
    }
    let [without, with] = times.as_slice() else { return Ok(Vec::new()) };
    let units = units as f64;
    Ok(vec![
        Figure::rate("capture without ledger", units, "serials", &[*without]),
        Figure::against("capture with ledger and rules", (units, "serials"), &[*with], &[*without], 0.5),
    ])
}

fn without_ledger(settings: &Settings) -> crate::store::Settings {
    crate::store::Settings { ledger: false, ..settings.store.clone() }
}

/// Fills a database up to so many EPCs, a million a document, and tells how the rate held; what is there already stays.
pub(super) fn seed(folder: &Path, items: u64, settings: &Settings) -> anyhow::Result<Vec<Figure>> {
    std::fs::create_dir_all(folder)?;
    let store = Store::open(&database(folder)?, &settings.store)?;
    let notes = folder.join("seeded.json");
    let mut seeded: Seeded = match std::fs::read(&notes) {
        Ok(text) => serde_json::from_slice(&text).context("seeded.json is damaged; remove the folder")?,
        Err(_) => Seeded::default(),
    };
    while (seeded.rates.len() as u64) < items.div_ceil(SEED_STEP) {
        let made = tempfile::NamedTempFile::new_in(folder)?;
        let mut out = BufWriter::new(File::create(made.path())?);
        document::write(&mut out, SEED_STEP * 1_000 / EPCS_PER_THOUSAND_UNITS, seeded.rates.len() as u64)?;
        out.flush()?;
        let time = wall(|| put_in(&store, made.path(), settings))?;
        seeded.rates.push(SEED_STEP as f64 / time.as_secs_f64());
        eprintln!("million {}: {:.0} EPC/s", seeded.rates.len(), seeded.rates.last().unwrap_or(&0.0));
        std::fs::write(&notes, serde_json::to_vec(&seeded)?)?;
    }
    let time = |million: usize| seeded.rates.get(million - 1).map(|rate| Duration::from_secs_f64(1e6 / rate));
    let mut figures = Vec::new();
    if let (Some(second), Some(fifth)) = (time(2), time(5)) {
        figures.push(Figure::rate("second million EPCs", 1e6, "EPC", &[second]));
        figures.push(Figure::against("fifth million EPCs", (1e6, "EPC"), &[fifth], &[second], 0.5));
    }
    if let Some(last) = time(seeded.rates.len()) {
        figures.push(Figure::rate(&format!("million {}", seeded.rates.len()), 1e6, "EPC", &[last]));
    }
    Ok(figures)
}

/// Times look-ups by EPC in a seeded database.
pub(super) fn look_up(folder: &Path, settings: &Settings) -> anyhow::Result<Vec<Figure>> {
    let notes = std::fs::read(folder.join("seeded.json"))
        .context("nothing is seeded here; run epcgate bench seed")?;
    let seeded: Seeded = serde_json::from_slice(&notes)?;
    let store = Store::open(&database(folder)?, &settings.store)?;
    let units = SEED_STEP * 1_000 / EPCS_PER_THOUSAND_UNITS;
    let series = seeded.rates.len() as u64;
    let mut figures = Vec::new();
    for (what, item, expected) in
        [("a case (1 event)", "510130", 1), ("a unit (2 events, one of 2,000 EPCs)", "010130", 2)]
    {
        let mut times = Vec::new();
        for number in 0..LOOKUPS {
            // Scattered over all that was seeded, the same each time.
            let unit = number * 7_919 % (units / document::UNITS_PER_CASE);
            let epc = format!("urn:epc:id:sgtin:0352999.{item}.{}", document::serial(number % series, unit));
            let (question, page) = query::parse([("MATCH_anyEPC", epc.as_str())])?;
            let began = Instant::now();
            let found = store.events(&Caller::operator(), &question, &page)?.events.len();
            times.push(began.elapsed());
            anyhow::ensure!(found == expected, "{epc} was found in {found} events, not {expected}");
        }
        times.sort();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        for (name, share) in [("median", 50), ("p95", 95), ("p99", 99)] {
            let name = format!("{series} M EPCs, {what}, {name}");
            figures.push(Figure {
                name,
                rate: at(share).as_secs_f64() * 1e6,
                unit: "µs".into(),
                ratio: None,
                goal: None,
            });
        }
    }
    Ok(figures)
}

fn database(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("epcgate.sqlite");
    Ok(path.to_str().context("the folder's name is no UTF-8")?.to_owned())
}

/// Captures a document and brings it into the ledger.
pub(super) fn put_in(store: &Store, document: &Path, settings: &Settings) -> anyhow::Result<()> {
    let source = Source::open(document)?;
    let (job, _) = capture(store, &source, CaptureErrorBehaviour::Rollback, &settings.policy()?)??;
    anyhow::ensure!(job.success, "the measured document was refused");
    Ok(())
}
