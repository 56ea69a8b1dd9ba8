//! `epcgate partners`: the list of trading partners, and bringing them on.

mod onboarding;

use std::io::Write;
use std::path::PathBuf;

use chrono::NaiveDate;
use chrono::Utc;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::cli::import;
use crate::cli::partners::onboarding::Onboarding;
use crate::cli::source::Source;
use crate::dscsa::TradingPartner;
use crate::formats::Defects;
use crate::formats::partners;
use crate::formats::partners::PartnerForm;
use crate::gs1::Gln;
use crate::store::Store;

/// Partners fetched at one time.
const PAGE: u32 = 500;

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
    /// Import partners from CSV or JSON; those known by their id are replaced, the same file again changes nothing
    #[command(
        after_help = "CSV takes the columns id, name, roles, gln, location gln, sold to gln, ship to gln, dea, hin, \
                            fda establishment, licence authority, licence number, licence kind, licence from, licence \
                            until, street, city, state, postal code, country, email, phone, acceptance, guideline, \
                            form, identifiers, statement, without licence, and other names for them. Several rows of one id add licences and GLNs."
    )]
    Import {
        /// Files; `-` is standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Their form [default: as they begin]
        #[arg(long, value_enum)]
        from: Option<import::From>,
    },
    /// List partners, one a line: id, name, roles, and until when they are licensed
    List,
    /// Show one partner as JSON, by its id or one of its GLNs
    Show {
        /// Its id or a GLN
        partner: String,
    },
    /// Remove partners
    Remove {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
    #[command(flatten)]
    Onboarding(Onboarding),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    match &arguments.action {
        Action::Onboarding(action) => onboarding::run(action, &store, &settings, arguments.output),
        Action::Import { files, from } => {
            let mut outcome = Outcome::Clean;
            for path in files {
                outcome = outcome.max(import(&store, &Source::open(path)?, *from, arguments.output)?);
            }
            Ok(outcome)
        }
        Action::List => list(&store, arguments.output),
        Action::Show { partner } => show(&store, partner),
        Action::Remove { ids } => {
            let mut outcome = Outcome::Clean;
            for id in ids {
                if !store.remove_partner(&Caller::operator(), id, Utc::now())? {
                    eprintln!("epcgate: there is no partner {id}");
                    outcome = Outcome::Errors;
                }
            }
            Ok(outcome)
        }
    }
}

fn import(
    store: &Store,
    source: &Source,
    from: Option<import::From>,
    output: Output,
) -> anyhow::Result<Outcome> {
    let syntax = import::From::syntax(from, source)?;
    let mut defects = Defects::new(false);
    let partners = partners::read(source.input()?, syntax, &mut defects);
    if defects.errors() > 0 {
        return import::report(source, &defects, None, output);
    }
    match store.put_partners(&Caller::operator(), &partners, Utc::now())? {
        Ok(imported) => import::report(source, &defects, Some(imported), output),
        Err(conflict) => {
            defects.add(partners::taken(&conflict.to_string()));
            import::report(source, &defects, None, output)
        }
    }
}

fn list(store: &Store, output: Output) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let today = Utc::now().date_naive();
    let mut after: Option<String> = None;
    loop {
        let page = store.partners(&Caller::operator(), after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(Outcome::Clean) };
        after = Some(last.id.to_string());
        for partner in &page {
            match output {
                Output::Text => writeln!(out, "{}", line(partner, today))?,
                Output::Json => writeln!(out, "{}", serde_json::to_string(&PartnerForm::from(partner))?)?,
            }
        }
    }
}

fn line(partner: &TradingPartner, today: NaiveDate) -> String {
    let roles: Vec<&str> = partner.roles.iter().map(|role| role.as_str()).collect();
    let licensed = match partner.licence_on(today) {
        Some(licence) => match licence.valid_until {
            Some(until) => format!("licensed until {until}"),
            None => "licensed".to_owned(),
        },
        None if partner.is_authorised_on(today) => "registered with FDA".to_owned(),
        None => "no valid licence".to_owned(),
    };
    format!("{}\t{}\t{}\t{licensed}", partner.id, partner.name, roles.join(", "))
}

fn show(store: &Store, asked: &str) -> anyhow::Result<Outcome> {
    let caller = Caller::operator();
    let mut found = store.partner(&caller, asked)?;
    if let (None, Ok(gln)) = (&found, Gln::parse(asked)) {
        found = store.partner_with_gln(&caller, gln)?;
    }
    let Some(partner) = found else {
        eprintln!("epcgate: there is no partner {asked}");
        return Ok(Outcome::Errors);
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&PartnerForm::from(&partner))?)?;
    Ok(Outcome::Clean)
}
