//! `epcgate return`: saleable returns: scans are opened as a return, checked here and now, and closed.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use serde_json::json;

use crate::access::Caller;
use crate::capture::Stopped;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::cli::verifier;
use crate::config::Settings;
use crate::dscsa::ReturnState;
use crate::dscsa::ReturnedUnit;
use crate::formats::returns::ReturnForm;
use crate::formats::returns::ReturnedUnitForm;
use crate::formats::returns::sheet_head;
use crate::formats::returns::sheet_row;
use crate::returns;
use crate::returns::Desk;
use crate::returns::Opening;
use crate::returns::ReturnError;
use crate::store::Store;
use crate::store::StoreError;

/// Units fetched at one time.
const PAGE: i64 = 500;

/// Bytes that one line of scans may have.
const LONGEST_LINE: u64 = 16_384;

/// How often a return is looked at that a gateway works on.
const LOOKS_EVERY: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
#[command(
    after_help = "Each unit is looked at: sold by us to this customer, transaction information at hand, in date, under no recall \
                  or hold, not dispensed, destroyed or returned before, verified with its maker. Units that wait can be checked \
                  again with --check before the return is closed.\n\n\
                  Exit status: 0 where all units are sellable, 1 where some are not.\n\n\
                  Examples:\n  epcgate return --customer 0399999999991 --file scans.txt --sheet result.csv\n  \
                  epcgate return --customer 0399999999991 --authorisation RMA-7 --close '(01)00614140123453(21)7(17)281231(10)A1'\n  \
                  epcgate return --check RETURN\n  epcgate return --close-only RETURN"
)]
pub(super) struct Arguments {
    /// What was scanned: element strings, bracketed text, Digital Links
    scans: Vec<String>,
    /// More scans, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Who gives the units back: its GLN
    #[arg(long, value_name = "GLN", required_unless_present_any = ["check", "show", "close_only"])]
    customer: Option<String>,
    /// Number of the return authorisation
    #[arg(long, value_name = "NUMBER", default_value = "")]
    authorisation: String,
    /// Where they arrive: a GLN or SGLN
    #[arg(long, value_name = "GLN")]
    place: Option<String>,
    /// A name of your own for the return: the same again opens no second one
    #[arg(long)]
    key: Option<String>,
    /// Who takes the units back
    #[arg(long, default_value = "operator")]
    by: String,
    /// Check again what waits in this return, and scans that were at fault
    #[arg(long, value_name = "RETURN", group = "known", conflicts_with_all = ["scans", "file"])]
    check: Option<String>,
    /// Show this return
    #[arg(long, value_name = "RETURN", group = "known", conflicts_with_all = ["scans", "file", "close"])]
    show: Option<String>,
    /// Close this return
    #[arg(long, value_name = "RETURN", group = "known", conflicts_with_all = ["scans", "file", "close"])]
    close_only: Option<String>,
    /// Close the return at the end: write its receiving event, and those of what is sellable and what is not
    #[arg(long)]
    close: bool,
    /// Write the result table as CSV to this file
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    database: database::Choice,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    match taken(arguments, &settings, &store) {
        Ok(outcome) => Ok(outcome),
        Err(error) => match error.downcast::<ReturnError>() {
            Ok(ReturnError::Store(error)) => Err(error.into()),
            Ok(error) => {
                eprintln!("epcgate: {error}");
                Ok(Outcome::Errors)
            }
            Err(error) => Err(error),
        },
    }
}

fn taken(arguments: &Arguments, settings: &Settings, store: &Store) -> anyhow::Result<Outcome> {
    let caller = Caller::operator();
    let id = match (&arguments.check, &arguments.show, &arguments.close_only) {
        (Some(id), ..) => {
            returns::check_again(store, &caller, id, Utc::now())?;
            id.clone()
        }
        (_, Some(id), _) | (.., Some(id)) => id.clone(),
        _ => {
            returns::own_gln(&settings.exceptions.gln)?;
            let opened = returns::open(store, &caller, &opening(arguments)?, &settings.returns, Utc::now())?;
            opened.saleable_return.id
        }
    };
    if arguments.show.is_none() && arguments.close_only.is_none() {
        check(settings, store, &id)?;
    }
    let events = match arguments.close || arguments.close_only.is_some() {
        true => close(arguments, settings, store, &id)?,
        false => Vec::new(),
    };
    show(arguments, store, (&id, &events))
}

fn opening(arguments: &Arguments) -> anyhow::Result<Opening> {
    let mut scans = arguments.scans.clone();
    if let Some(file) = &arguments.file {
        scans.extend(lines(file)?);
    }
    Ok(Opening {
        key: arguments.key.clone(),
        customer: arguments.customer.clone().unwrap_or_default(),
        authorisation: arguments.authorisation.clone(),
        place: arguments.place.clone(),
        by: arguments.by.clone(),
        scans,
    })
}

fn lines(file: &Path) -> anyhow::Result<Vec<String>> {
    let mut input: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = File::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
        Box::new(BufReader::new(opened))
    };
    let (mut found, mut line) = (Vec::new(), Vec::new());
    while std::io::Read::take(&mut input, LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_matches([' ', '\t', '\r', '\n', '\u{feff}']);
        if !text.is_empty() {
            found.push(text.to_owned());
        }
        line.clear();
    }
    Ok(found)
}

/// Checks the return here, or waits for the gateway that has taken it.
fn check(settings: &Settings, store: &Store, id: &str) -> anyhow::Result<()> {
    let own = returns::own_gln(&settings.exceptions.gln)?;
    let verifier = verifier::open(settings, store)?;
    let desk = Desk::new(store, &verifier, &settings.returns, own, Utc::now);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let owner = format!("{}-return-{}", std::process::id(), uuid::Uuid::new_v4());
    let caller = Caller::operator();
    let (bar, stopped) = (bar(), Stopped::never());
    loop {
        let found = store.saleable_return(&caller, id)?;
        let found = found.ok_or_else(|| ReturnError::Unknown(id.to_owned()))?;
        let pending = store.return_counts(&caller, id)?.first().map_or(0, |(_, pending)| *pending);
        bar.set_length(found.scans);
        bar.set_position(found.scans.saturating_sub(pending));
        if found.state != ReturnState::Checking {
            bar.finish_and_clear();
            return Ok(());
        }
        match desk.take(&owner, Some(id))? {
            Some(taken) => {
                let mut told = |decided| bar.inc(decided);
                runtime.block_on(desk.work(&taken, &stopped, &mut told))?;
            }
            None => std::thread::sleep(LOOKS_EVERY),
        }
    }
}

/// A bar on a terminal, and nothing elsewhere.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} units, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn close(arguments: &Arguments, settings: &Settings, store: &Store, id: &str) -> anyhow::Result<Vec<String>> {
    let own = returns::own_gln(&settings.exceptions.gln)?;
    let (caller, policy) = (Caller::operator(), settings.policy()?);
    let closed = returns::close(store, &caller, (id, &arguments.by), (own, &policy), Utc::now)?;
    Ok(closed.events.iter().filter_map(|event| event.id.as_deref().map(str::to_owned)).collect())
}

fn show(arguments: &Arguments, store: &Store, (id, events): (&str, &[String])) -> anyhow::Result<Outcome> {
    let caller = Caller::operator();
    let found = store.saleable_return(&caller, id)?;
    let found = found.ok_or_else(|| ReturnError::Unknown(id.to_owned()))?;
    let form = ReturnForm::new(&found, &store.return_counts(&caller, id)?);
    let mut out = std::io::stdout().lock();
    let mut sheet = arguments.sheet.as_deref().map(new_sheet).transpose()?;
    each_unit(store, id, |unit| {
        if let Some(sheet) = &mut sheet {
            sheet.write_all(sheet_row(unit).as_bytes())?;
        }
        match arguments.output {
            Output::Json => writeln!(out, "{}", serde_json::to_string(&ReturnedUnitForm::from(unit))?)?,
            Output::Text => print_unit(&mut out, unit)?,
        }
        Ok(())
    })?;
    if let Some(sheet) = &mut sheet {
        sheet.flush()?;
    }
    let progress = &form.progress;
    match arguments.output {
        Output::Json => writeln!(out, "{}", json!({ "return": form, "events": events }))?,
        Output::Text => {
            writeln!(
                out,
                "return {id} ({}): {} of {} sellable, {} not sellable, {} wait, {} with a scan problem",
                form.state,
                progress.sellable,
                progress.scans,
                progress.not_sellable,
                progress.wait,
                progress.scan_problem
            )?;
            events.iter().try_for_each(|event| writeln!(out, "event {event}"))?;
        }
    }
    Ok(if progress.sellable == progress.scans { Outcome::Clean } else { Outcome::Errors })
}

fn new_sheet(path: &Path) -> anyhow::Result<std::io::BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut sheet = std::io::BufWriter::new(file);
    sheet.write_all(sheet_head().as_bytes())?;
    Ok(sheet)
}

fn each_unit(
    store: &Store,
    id: &str,
    mut each: impl FnMut(&ReturnedUnit) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let page: Result<Vec<ReturnedUnit>, StoreError> =
            store.returned_units(&Caller::operator(), id, None, (after, PAGE));
        let page = page?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.line;
        page.iter().try_for_each(&mut each)?;
    }
}

fn print_unit(out: &mut impl Write, unit: &ReturnedUnit) -> std::io::Result<()> {
    let what = unit.epc.as_ref().map_or(unit.scan.as_str(), |epc| epc.as_str());
    let decision = unit.decision.map_or_else(|| "PENDING".to_owned(), |decision| decision.to_string());
    writeln!(out, "{decision:<12} {what}")?;
    if !unit.reason.is_empty() {
        writeln!(out, "             {}. {}", unit.reason, unit.next_step)?;
    }
    Ok(())
}
