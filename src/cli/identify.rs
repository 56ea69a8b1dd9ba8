//! `epcgate id`: what an identifier is, in each of its forms.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::prefixes;
use crate::dscsa::Ndc;
use crate::formats::products::ndc_forms;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;
use crate::gs1::Identified;
use crate::gs1::identify;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Identifiers: EPC URNs, GS1 Digital Link URIs, bare GTIN, GLN and SSCC digits, or NDCs; `-` reads one a line
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
    /// What the digits of a GTIN may mean as NDC, or what an NDC is; one for each way to read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ndc: Vec<Value>,
    /// The GTIN of the saleable unit that each of them gives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gtin: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let prefixes = arguments.prefixes.load()?;
    let mut out = std::io::stdout().lock();
    let mut outcome = Outcome::Clean;
    let mut show = |value: &str| -> anyhow::Result<()> {
        let found = identify(value, &prefixes);
        let ndcs = ndcs(value, &found, &prefixes);
        let (kind, error) = match found.key {
            None if !ndcs.is_empty() => ("ndc", None),
            _ => (found.kind, found.error.as_ref()),
        };
        if error.is_some() {
            outcome = Outcome::Errors;
        }
        let line = Line {
            input: value,
            kind,
            urn: found.urn.as_deref(),
            digital_link: found.digital_link.as_deref(),
            key: found.key.as_deref(),
            error: error.map(ToString::to_string),
            ndc: ndcs.iter().map(ndc_forms).collect(),
            gtin: if kind == "ndc" { gtins(&ndcs) } else { Vec::new() },
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
    for gtin in &line.gtin {
        writeln!(out, "  {:<13} {gtin}", "GTIN")?;
    }
    for forms in &line.ndc {
        let form = |name: &str| forms.get(name).and_then(Value::as_str).unwrap_or("not known");
        let (fda, eleven, twelve) = (form("fda"), form("eleven_digits"), form("twelve_digits"));
        writeln!(out, "  {:<13} {fda} (11 digits {eleven}, 12 digits {twelve})", "NDC")?;
    }
    if line.ndc.len() > 1 {
        writeln!(out, "  {:<13} which of these, the digits do not tell: the FDA's NDC directory does", "")?;
    }
    Ok(())
}

/// The NDCs that a GTIN may hold, or that a text means which is no key of GS1.
fn ndcs(value: &str, found: &Identified, prefixes: &CompanyPrefixes) -> Vec<Ndc> {
    let Some(link) = &found.digital_link else {
        return if found.key.is_none() { Ndc::candidates(value).unwrap_or_default() } else { Vec::new() };
    };
    let Some(gtin) = Epc::parse(link).gtin() else { return Vec::new() };
    let length = Epc::parse(value).company_prefix_length(prefixes);
    let length = length.or_else(|| prefixes.length_of(gtin.as_str().get(1..13)?));
    Ndc::in_gtin(gtin, length)
}

fn gtins(ndcs: &[Ndc]) -> Vec<String> {
    let mut found: Vec<String> =
        ndcs.iter().filter_map(|ndc| ndc.gtin(0)).map(|gtin| gtin.to_string()).collect();
    found.dedup();
    found
}
