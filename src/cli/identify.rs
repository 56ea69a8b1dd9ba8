//! `epcgate id`: what an identifier is, in each of its forms.

use std::io::Write;

use serde::Serialize;

use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::prefixes;
use crate::gs1::identify;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Identifiers: EPC URNs, GS1 Digital Link URIs, or bare GTIN, GLN and SSCC digits; `-` reads one a line
    #[arg(required = true, value_name = "VALUE")]
    values: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    prefixes: prefixes::Choice,
}

#[derive(Serialize)]
struct Line<'a> {
    input: &'a str,
    kind: &'a str,
    urn: Option<&'a str>,
    digital_link: Option<&'a str>,
    key: Option<&'a str>,
    error: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let prefixes = arguments.prefixes.load()?;
    let mut out = std::io::stdout().lock();
    let mut outcome = Outcome::Clean;
    let mut show = |value: &str| -> anyhow::Result<()> {
        let found = identify(value, &prefixes);
        if found.error.is_some() {
            outcome = Outcome::Errors;
        }
        let line = Line {
            input: value,
            kind: found.kind,
            urn: found.urn.as_deref(),
            digital_link: found.digital_link.as_deref(),
            key: found.key.as_deref(),
            error: found.error.as_ref().map(ToString::to_string),
        };
        match arguments.output {
            Output::Json => writeln!(out, "{}", serde_json::to_string(&line)?)?,
            Output::Text => print_text(&mut out, &line)?,
        }
        Ok(())
    };
    for value in &arguments.values {
        if value == "-" {
            for line in std::io::stdin().lines() {
                show(line?.trim())?;
            }
        } else {
            show(value)?;
        }
    }
    Ok(outcome)
}

fn print_text(out: &mut impl Write, line: &Line) -> std::io::Result<()> {
    writeln!(out, "{}", line.input)?;
    let rows = [
        ("kind", Some(line.kind)),
        ("EPC URN", line.urn),
        ("Digital Link", line.digital_link),
        ("key", line.key),
        ("error", line.error.as_deref()),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            writeln!(out, "  {name:<13} {value}")?;
        }
    }
    Ok(())
}
