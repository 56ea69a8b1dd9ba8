//! `epcgate prefixes`: known lengths of GS1 company prefixes.

use chrono::Utc;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::database;
use crate::gs1::CompanyPrefixes;
use crate::gs1::PrefixTable;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Read GS1's published GCP length table (JSON) and keep it for `--prefixes` and `EPCGATE_PREFIXES`
    Import {
        /// GS1's JSON file
        table: PathBuf,
        /// Where to keep it in compact form
        #[arg(long, default_value = "company-prefixes.bin")]
        to: PathBuf,
    },
    /// Tell a gateway's database a company prefix for sure; it stands over the table and over what was seen in URNs
    Set {
        /// The company prefix, 6 to 12 digits
        #[arg(required = true)]
        digits: Vec<String>,
        #[command(flatten)]
        database: database::Choice,
    },
    /// Say how long the company prefix of these digits is
    Show {
        /// Digits after the indicator or extension digit
        digits: Vec<String>,
        #[command(flatten)]
        prefixes: Choice,
    },
}

/// Which table of company prefixes to use, and what is known better.
#[derive(clap::Args)]
#[group(id = "known_prefixes")]
pub(super) struct Choice {
    /// A table made by `epcgate prefixes import`, instead of the built-in one
    #[arg(long = "prefixes", value_name = "FILE", env = "EPCGATE_PREFIXES")]
    table: Option<PathBuf>,
    /// A company prefix that is known, by its digits; wins over the table, and may be given several times
    #[arg(long = "company-prefix", value_name = "DIGITS")]
    known: Vec<String>,
}

impl Choice {
    /// Loads the table chosen.
    pub(super) fn load(&self) -> anyhow::Result<CompanyPrefixes> {
        let mut prefixes = match &self.table {
            None => CompanyPrefixes::builtin(),
            Some(path) => {
                let failed = || format!("{} cannot be read", path.display());
                let bytes = std::fs::read(path).with_context(failed)?;
                CompanyPrefixes::with_table(Arc::new(PrefixTable::from_compact(&bytes).with_context(failed)?))
            }
        };
        for digits in &self.known {
            prefixes = overridden(prefixes, digits)?;
        }
        Ok(prefixes)
    }
}

fn overridden(prefixes: CompanyPrefixes, digits: &str) -> anyhow::Result<CompanyPrefixes> {
    Ok(prefixes.with_override(digits, u8::try_from(digits.len())?)?)
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    match &arguments.action {
        Action::Import { table, to } => {
            let failed = || format!("{} cannot be read", table.display());
            let file = File::open(table).with_context(failed)?;
            let table = PrefixTable::from_gs1_json(BufReader::new(file)).with_context(failed)?;
            std::fs::write(to, table.to_compact())
                .with_context(|| format!("{} cannot be written", to.display()))?;
            println!("the table of {} is kept in {}", table.date(), to.display());
            println!("Use them with --prefixes {0} or EPCGATE_PREFIXES={0}", to.display());
        }
        Action::Set { digits, database } => {
            // A prefix that none can be is refused before anything is written.
            digits.iter().try_fold(CompanyPrefixes::builtin(), |known, digits| overridden(known, digits))?;
            let store = database.open(&database.settings()?)?;
            digits.iter().try_for_each(|digits| store.set_prefix(&Caller::operator(), digits, Utc::now()))?;
        }
        Action::Show { digits, prefixes } => {
            let prefixes = prefixes.load()?;
            let mut outcome = Outcome::Clean;
            for digits in digits {
                match prefixes.length_of(digits) {
                    Some(length) => println!("{digits} {length}"),
                    None => {
                        outcome = Outcome::Errors;
                        println!("{digits} not known");
                    }
                }
            }
            return Ok(outcome);
        }
    }
    Ok(Outcome::Clean)
}
