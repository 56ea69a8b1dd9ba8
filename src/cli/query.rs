//! `epcgate query`: events by what they say, as one query document.

use std::io::BufWriter;
use std::io::Write;
use std::sync::Arc;

use anyhow::Context;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::convert::Epcs;
use crate::cli::database;
use crate::cli::prefixes;
use crate::epcis::DocumentKind;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::epcis::QueryResultsHead;
use crate::epcis::query;
use crate::formats::Format;
use crate::formats::WriteOptions;
use crate::formats::Writer;
use crate::store::Store;

/// Events fetched at one time where all are asked for.
const PAGE: usize = 500;

#[derive(clap::Args)]
#[command(after_help = "Parameters are those of EPCIS 2.0, such as MATCH_epc=URI, EQ_bizStep=shipping, \
                        GE_eventTime=2026-03-01T00:00:00Z, orderBy=eventTime. Alternatives are divided by |. \
                        Without perPage every match is printed.")]
pub(super) struct Arguments {
    /// Conditions that must all hold
    #[arg(value_name = "PARAM=VALUE")]
    parameters: Vec<String>,
    /// The form to print
    #[arg(long, default_value = "json-ld", value_parser = ["xml-1.2", "xml-2.0", "json-ld"])]
    to: String,
    /// How identifiers are written [default: urn for xml-1.2, whose readers know no other, else as-sent]
    #[arg(long, value_enum)]
    epc: Option<Epcs>,
    #[command(flatten)]
    database: database::Choice,
    #[command(flatten)]
    prefixes: prefixes::Choice,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let pairs = arguments
        .parameters
        .iter()
        .map(|pair| pair.split_once('=').with_context(|| format!("{pair} is not of the form PARAM=VALUE")));
    let pairs = pairs.collect::<anyhow::Result<Vec<_>>>()?;
    let (query, mut page) = match query::parse(pairs.iter().copied()) {
        Ok(parsed) => parsed,
        Err(fault) => {
            eprintln!("epcgate: {fault}");
            return Ok(Outcome::Errors);
        }
    };
    let all = !pairs.iter().any(|(name, _)| *name == "perPage");
    if all {
        page.size = PAGE;
    }
    let store =
        arguments.database.open_to_read(&arguments.database.settings()?, &arguments.parameters.join(" "))?;
    let format = Format::parse(&arguments.to).context("unknown form")?;
    let options = WriteOptions {
        epcs: Epcs::style(arguments.epc, format),
        prefixes: Arc::new(store.with_known_prefixes(arguments.prefixes.load()?)?),
        pretty: true,
        ..WriteOptions::new()
    };
    let out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    print(&store, (&query, page, all), (format, options), out)?;
    Ok(Outcome::Clean)
}

fn print(
    store: &Store,
    (query, mut page, all): (&query::EventQuery, query::Page, bool),
    (format, options): (Format, WriteOptions),
    out: impl Write,
) -> anyhow::Result<()> {
    let header = Header {
        kind: DocumentKind::QueryDocument,
        creation_date: EventTime::from_utc(chrono::Utc::now()).as_str().into(),
        query_results: Some(QueryResultsHead {
            query_name: "SimpleEventQuery".into(),
            subscription_id: None,
        }),
        ..Header::default()
    };
    let mut writer = Writer::begin(format, out, &header, options)?;
    loop {
        let found = store.events(&Caller::operator(), query, &page)?;
        for stored in &found.events {
            writer.event(&stored.event)?;
        }
        match found.next {
            Some(token) if all => page.token = Some(token.into()),
            Some(token) => {
                eprintln!("more: nextPageToken={token}");
                break;
            }
            None => break,
        }
    }
    let (mut out, losses) = writer.finish(&header)?;
    out.flush()?;
    for loss in losses {
        eprintln!("lost in {}: {}: {}", format.name(), loss.path, loss.what);
    }
    Ok(())
}
