//! `epcgate hold` and `epcgate recall`: product that must not move or be used.

use std::io::Write;

use chrono::SecondsFormat;
use chrono::Utc;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::dscsa::Hold;
use crate::dscsa::HoldKind;
use crate::formats::holds::HoldForm;
use crate::formats::holds::HoldRequest;
use crate::formats::holds::ReleaseRequest;
use crate::gs1::Gtin;
use crate::store::HoldFilter;
use crate::store::Store;

/// Holds fetched at one time.
const PAGE: i64 = 500;

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
    /// Open one: by item, by lot, by serial numbers or for a whole product; the same again changes nothing
    #[command(after_help = "Examples:\n  \
        add --gtin 00300010123455 --lot A1 --reason 'FDA recall 123'\n  \
        add --gtin 00300010123455 --from 1000 --to 1999 --reason 'label mix-up'\n  \
        add '(01)00300010123455(21)7' --reason 'seal broken'")]
    Add {
        /// One item, case or logistic unit: an EPC, a Digital Link, or what a scanner gives
        item: Option<String>,
        /// A product by its GTIN
        #[arg(long)]
        gtin: Option<String>,
        /// One lot of it
        #[arg(long, requires = "gtin")]
        lot: Option<String>,
        /// Serial numbers of it, from this one
        #[arg(long, requires = "gtin")]
        from: Option<String>,
        /// To this one, included [default: that of --from]
        #[arg(long, requires = "from")]
        to: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who decides
        #[arg(long, default_value = "operator")]
        by: String,
        /// There is reason to believe that it is counterfeit, diverted, stolen or unfit
        #[arg(long)]
        suspect: bool,
        /// There is credible evidence that it is
        #[arg(long, conflicts_with = "suspect")]
        illegitimate: bool,
    },
    /// List them, the newest first
    List {
        /// Those released and those open, instead of those open alone
        #[arg(long)]
        all: bool,
        /// Of one product
        #[arg(long)]
        gtin: Option<String>,
    },
    /// Release one
    Release {
        /// Its name, as `list` shows it
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who decides
        #[arg(long, default_value = "operator")]
        by: String,
    },
}

pub(super) fn run(arguments: &Arguments, kind: HoldKind) -> anyhow::Result<Outcome> {
    let store = arguments.database.open(&arguments.database.settings()?)?;
    let caller = Caller::operator();
    match &arguments.action {
        Action::Add { item, gtin, lot, from, to, reason, by, suspect, illegitimate } => {
            let word =
                [("suspect", suspect), ("illegitimate", illegitimate)].into_iter().find(|(_, said)| **said);
            let request = HoldRequest {
                gtin: gtin.clone(),
                lot: lot.clone(),
                first_serial: from.clone(),
                last_serial: to.clone(),
                epc: item.clone(),
                reason: reason.clone(),
                by: Some(by.clone()),
                kind: word.map(|(word, _)| word.to_owned()),
            };
            let asked = request
                .scope()
                .and_then(|scope| Ok((request.kind(kind)?, scope, request.opened(Utc::now())?)));
            let (kind, scope, opened) = match asked {
                Ok(asked) => asked,
                Err(fault) => return Ok(refused(&fault)),
            };
            let (hold, _) = store.open_hold(&caller, kind, &scope, &opened)?;
            print(&hold, arguments.output)?;
        }
        Action::List { all, gtin } => {
            let gtin = match gtin.as_deref().map(Gtin::parse).transpose() {
                Ok(gtin) => gtin,
                Err(fault) => return Ok(refused(&fault)),
            };
            let filter = HoldFilter { kinds: kind.list().to_vec(), open: (!all).then_some(true), gtin };
            list(&store, &filter, arguments.output)?;
        }
        Action::Release { id, reason, by } => {
            let request = ReleaseRequest { reason: reason.clone(), by: Some(by.clone()) };
            let released = match request.released(Utc::now()) {
                Ok(released) => released,
                Err(fault) => return Ok(refused(&fault)),
            };
            let known = store.hold(&caller, id)?.filter(|hold| hold.kind.same_list(kind));
            match known.and_then(|_| store.release_hold(&caller, id, &released).transpose()).transpose()? {
                Some(hold) => print(&hold, arguments.output)?,
                None => return Ok(refused(&format!("there is no {} {id}", kind.as_str()))),
            }
        }
    }
    Ok(Outcome::Clean)
}

fn refused(fault: &dyn std::fmt::Display) -> Outcome {
    eprintln!("epcgate: {fault}");
    Outcome::Errors
}

fn list(store: &Store, filter: &HoldFilter, output: Output) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = store.holds(&Caller::operator(), filter, after.as_deref(), PAGE)?;
        page.iter().try_for_each(|hold| print(hold, output))?;
        match page.into_iter().last() {
            Some(last) => after = Some(last.id),
            None => return Ok(()),
        }
    }
}

fn print(hold: &Hold, output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string(&HoldForm::from(hold))?)?;
        return Ok(());
    }
    let day = |when: chrono::DateTime<Utc>| when.to_rfc3339_opts(SecondsFormat::Secs, true);
    let Hold { id, kind, scope, opened, released } = hold;
    writeln!(out, "{id}  {}  {scope}", kind.as_str())?;
    writeln!(out, "    opened {} by {}: {}", day(opened.when), opened.who, opened.why)?;
    if let Some(released) = released {
        writeln!(out, "    released {} by {}: {}", day(released.when), released.who, released.why)?;
    }
    Ok(())
}
