//! `epcgate transactions`: transaction information and statement of a shipment, an order, a package or a lot.

use std::io::Write;

use anyhow::Context;
use clap::ValueEnum;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::database;
use crate::export::ExportError;
use crate::export::transactions;
use crate::export::transactions::Question;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::gs1::Scan;

#[derive(clap::Args)]
#[command(
    after_help = "Each value is shown with where it comes from: the header of which document, which event, which \
                        catalogue. What the law asks for and nobody tells is listed as missing; then the exit status is 1."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    about: About,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Form,
    #[command(flatten)]
    database: database::Choice,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct About {
    /// A shipment, by the number of its shipping event
    #[arg(long, value_name = "ID")]
    shipment: Option<i64>,
    /// A purchase order or despatch advice, by its URI (urn:epcglobal:cbv:bt:GLN:NUMBER) or its number
    #[arg(long, value_name = "PO")]
    order: Option<String>,
    /// A package, case or logistic unit, by its EPC or what is scanned from its label
    #[arg(long, value_name = "EPC")]
    epc: Option<String>,
    /// A lot, by the GTIN of the package and the lot number
    #[arg(long, value_name = "GTIN/LOT")]
    lot: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// JSON, one transaction a line.
    Json,
    /// CSV, one package a line.
    Csv,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let question = arguments.about.question()?;
    let store = arguments.database.open_to_read(&arguments.database.settings()?, "transactions")?;
    let found = match transactions::transactions(&store, &Caller::operator(), &question) {
        Ok(found) => found,
        Err(ExportError::Store(error)) => return Err(error.into()),
        Err(refused) => {
            eprintln!("epcgate: {refused}");
            return Ok(Outcome::Errors);
        }
    };
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Form::Text => {
            let texts: Vec<String> = found.iter().map(transactions::to_text).collect();
            out.write_all(texts.join("\n\n").as_bytes())?;
        }
        Form::Json => {
            for transaction in &found {
                writeln!(out, "{}", transactions::to_json(transaction))?;
            }
        }
        Form::Csv => out.write_all(transactions::to_csv(&found).as_bytes())?,
    }
    let complete = found.iter().all(|transaction| transaction.information.missing.is_empty());
    Ok(if complete { Outcome::Clean } else { Outcome::Errors })
}

impl About {
    fn question(&self) -> anyhow::Result<Question> {
        if let Some(id) = self.shipment {
            return Ok(Question::Shipment(id));
        }
        if let Some(order) = &self.order {
            return Ok(Question::Order(order.clone()));
        }
        if let Some(lot) = &self.lot {
            let (gtin, lot) = lot.split_once('/').context("a lot is given as GTIN/LOT")?;
            return Ok(Question::Lot(Gtin::parse(gtin)?, lot.to_owned()));
        }
        let text = self.epc.as_deref().unwrap_or_default();
        match Scan::parse(text) {
            Ok(scan) => Ok(Question::Package(scan.epc().clone())),
            // A private URI is no scan, and may yet be what a partner calls its cases.
            Err(_) if text.contains(':') => Ok(Question::Package(Epc::parse(text))),
            Err(fault) => Err(fault.into()),
        }
    }
}
