//! `epcgate trace`: the life of one item through its packing, with gaps.

use std::io::Write;

use anyhow::Context;
use chrono::NaiveDate;
use clap::ValueEnum;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::database;
use crate::epcis::EventTime;
use crate::export::custody;
use crate::export::custody::CustodyForm;
use crate::gs1::Scan;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::Party;
use crate::reconcile::custody::State;

#[derive(clap::Args)]
#[command(after_help = "Exit status is 1 where nothing is known of the item or its chain has gaps.")]
pub(super) struct Arguments {
    /// An EPC URN, a Digital Link, or what a scanner gives
    #[arg(value_name = "SCAN|EPC")]
    item: String,
    /// What was known to have happened by then: a time such as 2026-03-04T12:00:00Z, or a day, to its end in UTC
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How the result is printed
    #[arg(long, value_enum, default_value = "text")]
    output: Form,
    #[command(flatten)]
    database: database::Choice,
}

/// How a chain of custody is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// JSON, one object.
    Json,
    /// A picture.
    Svg,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let until = arguments.at.as_deref().map_or(Ok(i64::MAX), moment)?;
    let scan = match Scan::parse(&arguments.item) {
        Ok(scan) => scan,
        Err(fault) => {
            eprintln!("epcgate: {fault}");
            return Ok(Outcome::Errors);
        }
    };
    for notice in &scan.notices {
        eprintln!("note: {notice}");
    }
    let store = arguments.database.open_to_read(&arguments.database.settings()?, &arguments.item)?;
    let custody = Custody::of(&store, &Caller::operator(), scan.epc(), until)?;
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Form::Text => print(&custody, &mut out)?,
        Form::Json => writeln!(out, "{}", serde_json::to_string(&CustodyForm::from(&custody))?)?,
        Form::Svg => out.write_all(custody::svg(&custody).as_bytes())?,
    }
    out.flush()?;
    Ok(if custody.steps.is_empty() || !custody.gaps.is_empty() { Outcome::Errors } else { Outcome::Clean })
}

/// A time, or the end of a day, in microseconds since 1970.
fn moment(text: &str) -> anyhow::Result<i64> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        let next = day.succ_opt().and_then(|day| day.and_hms_opt(0, 0, 0)).context("a day out of range")?;
        return Ok(next.and_utc().timestamp_micros() - 1);
    }
    let time = EventTime::parse(text);
    Ok(time.map_err(|fault| anyhow::anyhow!("--at: {text} {fault}"))?.microseconds())
}

fn print(custody: &Custody, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "{}", custody::readable(&custody.epc))?;
    if custody.steps.is_empty() {
        writeln!(out, "  no event names it")?;
        return Ok(());
    }
    summary(custody, out)?;
    writeln!(out)?;
    for (at, step) in custody.steps.iter().enumerate() {
        gaps(custody, Some(at), out)?;
        let (time, offset) = custody::local_time(step);
        let party = step.party.and_then(|party| custody.parties.get(party)).map_or("", Party::title);
        let documents: Vec<String> = step.documents.iter().map(i64::to_string).collect();
        writeln!(out, "{time} {offset}  {}", custody::sentence(custody, step))?;
        writeln!(
            out,
            "                          {party}; {}; document {}",
            step.how.as_str(),
            documents.join(", ")
        )?;
    }
    gaps(custody, None, out)
}

/// What it is now: its state, lot, expiry, holder and packing.
fn summary(custody: &Custody, out: &mut impl Write) -> anyhow::Result<()> {
    let state = State::of(custody);
    let life = state.life.as_ref().map(|known| known.value.as_str().to_owned());
    let holder = state.holder.as_ref().and_then(|known| custody.parties.get(known.value)).map(Party::title);
    let parents: Vec<String> = state.parents.iter().map(|known| custody::readable(&known.value)).collect();
    for (name, value) in [
        ("state", life),
        ("lot", state.lot.map(|known| known.value)),
        ("expires", state.expiry.map(|known| known.value)),
        ("disposition", state.disposition.map(|known| known.value.into_string())),
        ("with", holder.map(str::to_owned)),
        ("place", state.place.map(|known| custody::readable(&known.value))),
        ("inside", (!parents.is_empty()).then(|| parents.join(" in "))),
    ] {
        if let Some(value) = value {
            writeln!(out, "  {name:<12}{value}")?;
        }
    }
    Ok(())
}

fn gaps(custody: &Custody, before: Option<usize>, out: &mut impl Write) -> anyhow::Result<()> {
    for gap in custody.gaps.iter().filter(|gap| gap.before == before) {
        writeln!(out, "GAP                       {}", gap.message)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_lasts_to_its_end() {
        assert_eq!(moment("1970-01-01").unwrap(), 86_400_000_000 - 1);
        assert_eq!(moment("1970-01-01T01:00:00+01:00").unwrap(), 0);
        assert!(moment("yesterday").is_err());
    }
}
