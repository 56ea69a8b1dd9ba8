//! `epcgate products`: catalogues in and out, and what is known of a product.

use std::collections::VecDeque;
use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use chrono::Utc;
use clap::ValueEnum;
use serde_json::json;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::cli::source::Source;
use crate::dscsa::KnownProduct;
use crate::dscsa::Ndc;
use crate::dscsa::Product;
use crate::dscsa::ProductField;
use crate::dscsa::ProductKey;
use crate::dscsa::ProductSource;
use crate::formats::products;
use crate::formats::products::CatalogueForm;
use crate::formats::products::CatalogueReader;
use crate::formats::products::ImportReport;
use crate::gs1::Gln;
use crate::store::CataloguePlace;
use crate::store::ProductFilter;
use crate::store::Store;

/// Products fetched at one time.
const PAGE: usize = 500;

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

#[derive(clap::Subcommand)]
enum Action {
    /// Import catalogues; rows with faults are shown and left out, and the same file again changes nothing
    #[command(
        after_help = "A CSV file has a header row with gtin or ndc and any of proprietary_name, established_name, \
                            manufacturer, dosage_form, strength, container_size, level (unit, inner, case, pallet), \
                            units_per_case, unit_gtin; other common names of these are known too. JSON is an array of \
                            objects with the same members. The FDA's NDC directory is its product.txt and package.txt."
    )]
    Import {
        /// Files; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What they are [default: told by the first line]
        #[arg(long, value_enum)]
        from: Option<From>,
        /// The partner whose catalogue it is, by GLN [default: it is the operator's own]
        #[arg(long, value_name = "GLN")]
        partner: Option<String>,
    },
    /// List products
    List {
        /// What their names, manufacturer, GTIN or NDC hold
        #[arg(default_value = "")]
        search: String,
        /// Those of which this source says something: operator, partner:GLN, document:ID or fda-ndc
        #[arg(long, default_value = "")]
        source: String,
    },
    /// Show what is known of a product, and who says so
    Show {
        /// A GTIN, an NDC in any form, an EPC or a Digital Link
        product: String,
    },
    /// Write a catalogue to standard output, as `import` reads it
    Export {
        /// The form
        #[arg(long, value_enum, default_value = "csv")]
        to: To,
        /// Whose: operator, partner:GLN, document:ID or fda-ndc
        #[arg(long, default_value = "operator")]
        source: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// Separated by commas, semicolons or tabs, with a header row.
    Csv,
    /// An array of objects, or one object after another.
    Json,
    /// `product.txt` or `package.txt` of the FDA's NDC directory.
    FdaNdc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// With a header row.
    Csv,
    /// An array of objects.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let store = arguments.database.open(&arguments.database.settings()?)?;
    match &arguments.action {
        Action::Import { files, from, partner } => {
            let source = match partner.as_deref().map(Gln::parse).transpose() {
                Ok(gln) => {
                    gln.map_or(ProductSource::Operator, |gln| ProductSource::Partner(gln.as_str().into()))
                }
                Err(malformed) => return Ok(refused(&format!("--partner {malformed}"))),
            };
            let form = from.map(|from| match from {
                From::Csv => CatalogueForm::Csv,
                From::Json => CatalogueForm::Json,
                From::FdaNdc => CatalogueForm::FdaNdc,
            });
            let mut outcome = Outcome::Clean;
            for file in files {
                outcome =
                    outcome.max(import(&store, &Source::open(file)?, (form, &source), arguments.output)?);
            }
            Ok(outcome)
        }
        Action::List { search, source } => {
            list(&store, &ProductFilter { search: search.clone(), source: source.clone() }, arguments.output)
        }
        Action::Show { product } => show(&store, product, arguments.output),
        Action::Export { to, source } => match ProductSource::parse(source, "") {
            Some(source) => export(&store, &source, *to),
            None => Ok(refused("--source is not operator, partner:GLN, document:ID or fda-ndc")),
        },
    }
}

fn refused(why: &str) -> Outcome {
    eprintln!("epcgate: {why}");
    Outcome::Errors
}

fn import(
    store: &Store,
    file: &Source,
    (form, source): (Option<CatalogueForm>, &ProductSource),
    output: Output,
) -> anyhow::Result<Outcome> {
    let mut reader = match CatalogueReader::open(file.input_with_progress("importing")?, form) {
        Ok(reader) => reader,
        Err(fault) => return Ok(refused(&format!("{}: {fault}", file.name))),
    };
    let mut report =
        store.import_products(&Caller::operator(), (source, &file.name), &mut reader, Utc::now())?;
    report.ignored = reader.ignored();
    let ImportReport { added, changed, unchanged, refused, faults, ignored } = &report;
    let mut out = std::io::stdout().lock();
    match output {
        Output::Json => {
            let mut line = report.to_json();
            if let Some(members) = line.as_object_mut() {
                members.insert("file".to_owned(), json!(file.name));
            }
            writeln!(out, "{line}")?;
        }
        Output::Text => {
            for fault in faults {
                writeln!(out, "{}: {fault}", file.name)?;
            }
            if !ignored.is_empty() {
                writeln!(out, "{}: columns not read: {}", file.name, ignored.join(", "))?;
            }
            let counts =
                format!("{added} added, {changed} changed, {unchanged} unchanged, {refused} refused");
            writeln!(out, "{}: {counts}", file.name)?;
        }
    }
    Ok(if *refused > 0 { Outcome::Errors } else { Outcome::Clean })
}

fn list(store: &Store, filter: &ProductFilter, output: Output) -> anyhow::Result<Outcome> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut after: Option<String> = None;
    loop {
        let page = store.products(&Caller::operator(), filter, after.as_deref(), PAGE)?;
        for known in &page.products {
            match output {
                Output::Json => writeln!(out, "{}", products::to_json(known))?,
                Output::Text => writeln!(out, "{}", headline(known))?,
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

fn show(store: &Store, product: &str, output: Output) -> anyhow::Result<Outcome> {
    let key = match ProductKey::parse(product) {
        Ok(key) => key,
        Err(error) => return Ok(refused(&format!("{error}; nor is it a GTIN"))),
    };
    let found = store.find_products(&Caller::operator(), &key)?;
    if found.is_empty() {
        return Ok(refused("no catalogue, document or directory says anything of this product"));
    }
    let mut out = std::io::stdout().lock();
    for known in &found {
        match output {
            Output::Json => writeln!(out, "{}", products::to_json(known))?,
            Output::Text => print(&mut out, known)?,
        }
    }
    Ok(Outcome::Clean)
}

/// GTIN, NDC, name, strength, form and container in one line.
fn headline(known: &KnownProduct) -> String {
    let product = &known.product;
    let gtin = product.gtin.map(|gtin| gtin.to_string()).unwrap_or_else(|| "-".to_owned());
    let name = product.proprietary_name.as_deref().or(product.established_name.as_deref());
    let fields = [ProductField::Strength, ProductField::DosageForm, ProductField::ContainerSize];
    let rest = fields.into_iter().filter_map(|field| product.value(field));
    let ndc = product.ndc.map(|ndc| ndc.to_string()).unwrap_or_else(|| "-".to_owned());
    let mut words = vec![format!("{gtin:<14}  {ndc:<14}  {}", name.unwrap_or("-"))];
    words.extend(rest.map(|value| value.into_owned()));
    words.join(", ")
}

fn print(out: &mut impl Write, known: &KnownProduct) -> std::io::Result<()> {
    writeln!(out, "{}", headline(known))?;
    for field in ProductField::ALL {
        let Some(value) = known.product.value(field) else { continue };
        let name = field.as_str().replace('_', " ");
        writeln!(out, "  {name:<18} {value}")?;
        if let Some(origin) = known.origin(field) {
            writeln!(out, "  {:<18}   from {origin}", "")?;
        }
    }
    if let Some(ndc) = &known.product.ndc {
        writeln!(out, "  {:<18} {}", "NDC in 11 digits", ndc.eleven().unwrap_or_default())?;
        writeln!(out, "  {:<18} {}", "NDC in 12 digits", ndc.twelve())?;
    }
    if !known.possible_ndcs.is_empty() {
        let possible: Vec<String> = known.possible_ndcs.iter().map(Ndc::to_string).collect();
        writeln!(out, "  {:<18} {}", "possible NDCs", possible.join(" or "))?;
        writeln!(
            out,
            "  {:<18}   its digits do not tell: import the FDA's NDC directory or a catalogue",
            ""
        )?;
    }
    Ok(())
}

fn export(store: &Store, source: &ProductSource, to: To) -> anyhow::Result<Outcome> {
    let mut after = CataloguePlace::default();
    let mut waiting: VecDeque<Product> = VecDeque::new();
    let limit = i64::try_from(PAGE)?;
    let products = std::iter::from_fn(|| {
        if waiting.is_empty() {
            match store.catalogue(&Caller::operator(), source, &after, limit) {
                Err(error) => return Some(Err(anyhow::Error::from(error))),
                Ok(page) => {
                    for (product, place) in page {
                        waiting.push_back(product);
                        after = place;
                    }
                }
            }
        }
        waiting.pop_front().map(Ok)
    });
    let out = BufWriter::new(std::io::stdout().lock());
    match to {
        To::Csv => products::write_csv(out, products),
        To::Json => products::write_json(out, products),
    }
    .context("the catalogue cannot be written")?;
    Ok(Outcome::Clean)
}
