//! `epcgate exceptions`: what does not fit between us and our partners, and what happens about it.

mod text;

use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use chrono::Utc;
use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::database;
use crate::config::Settings;
use crate::dscsa::CaseState;
use crate::dscsa::ExceptionCase;
use crate::dscsa::exception::Answer;
use crate::dscsa::exception::Group;
use crate::dscsa::exception::Resolution;
use crate::formats::exception_case::CaseForm;
use crate::formats::exception_case::StepForm;
use crate::formats::exception_case::resolution;
use crate::formats::exception_report;
use crate::formats::exception_report::Message;
use crate::reconcile::cases;
use crate::reconcile::cases::ExchangeError;
use crate::reconcile::cases::Reply;
use crate::reconcile::cases::Sent;
use crate::store::CaseError;
use crate::store::CaseFilter;
use crate::store::Store;

/// Cases fetched at one time.
const PAGE: u32 = 50;

/// Bytes a message may have.
const MOST_BYTES: u64 = 4 << 20;

#[derive(clap::Args)]
#[command(
    after_help = "CASE is the beginning or end of a case's number, or the number of its order or delivery.\n\
    A data problem: the goods are not in question, the sender must mend the data. A product problem: goods are missing, \
    too many, damaged or not to be used. Keep what is concerned aside until its case is closed."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// How to print; pdg, notification and email print the message to the partner alone
    #[arg(long, value_enum, default_value = "text", global = true)]
    output: Form,
    /// Who does it
    #[arg(long, global = true, default_value = "operator")]
    by: String,
    #[command(flatten)]
    database: database::Choice,
}

/// How a case or a message is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// JSON, one object a line.
    Json,
    /// PDG's ExceptionReport or ExceptionResponse.
    Pdg,
    /// PDG's exceptionNotification.
    Notification,
    /// A plain-language e-mail.
    Email,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List cases that are not closed, the newest first (what is done when nothing is said)
    List(Which),
    /// Show a case: what is wrong, who must act, and every step so far
    Show {
        /// Which case
        case: String,
    },
    /// Write to the partner what is wrong, and start the clock for its answer
    Notify {
        /// Which case
        case: String,
        /// Ask for something else than usual about an item, such as 'ITEM=Credit account'
        #[arg(long, value_name = "ITEM=REQUEST")]
        ask: Vec<String>,
    },
    /// Take in the partner's answer to a case of ours (a PDG ExceptionResponse)
    Answer {
        /// Which case
        case: String,
        /// The file with the answer; - for standard input
        file: PathBuf,
    },
    /// Take in any message of a partner: a report about what we shipped, or an answer
    Take {
        /// The file with the message; - for standard input
        file: PathBuf,
    },
    /// Answer a partner that reported a problem with what we shipped
    Respond(Respond),
    /// Write a note
    Note {
        /// Which case
        case: String,
        /// The note
        text: String,
    },
    /// Close a case
    Close {
        /// Which case
        case: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(clap::Args, Default)]
struct Which {
    /// Closed ones too
    #[arg(long)]
    all: bool,
    /// Of one state: open, notified, answered, corrected, rematched or closed
    #[arg(long)]
    state: Option<String>,
    /// Of one partner, by its GLN
    #[arg(long)]
    partner: Option<String>,
    /// Of one of HDA's groups, such as data-no-product
    #[arg(long)]
    group: Option<String>,
}

#[derive(clap::Args)]
#[group(id = "verdict", required = true, args = ["accept", "reject"])]
struct Respond {
    /// Which case
    case: String,
    /// Do what is asked for
    #[arg(long)]
    accept: bool,
    /// Do not do what is asked for
    #[arg(long, conflicts_with = "accept")]
    reject: bool,
    /// About this item alone; may be given several times [default: every open item]
    #[arg(long)]
    item: Vec<String>,
    /// What is offered instead, such as 'Credit account'
    #[arg(long)]
    offer: Option<String>,
    /// What is said about it
    #[arg(long)]
    comment: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    let list = Action::List(Which::default());
    match carry_out(arguments.action.as_ref().unwrap_or(&list), arguments, &store, &settings) {
        Err(error) if is_refusal(&error) => {
            eprintln!("epcgate: {error:#}");
            Ok(Outcome::Errors)
        }
        outcome => outcome.map(|()| Outcome::Clean),
    }
}

/// True for what the operator asked for and cannot have; any other error is of the machine.
fn is_refusal(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<ExchangeError>() {
        Some(ExchangeError::Case(CaseError::Store(_))) => false,
        Some(_) => true,
        None => error.is::<Refused>(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

fn carry_out(
    action: &Action,
    arguments: &Arguments,
    store: &Store,
    settings: &Settings,
) -> anyhow::Result<()> {
    let (who, cases, now) = (arguments.by.as_str(), &settings.exceptions, Utc::now());
    let find = |word: &str| find(store, word);
    match action {
        Action::List(which) => list(store, &filter(which)?, arguments.output)?,
        Action::Show { case } => print(&find(case)?, arguments.output, (store, settings))?,
        Action::Notify { case, ask } => {
            let asked = ask.iter().map(|ask| asked(ask)).collect::<Result<Vec<_>, Refused>>()?;
            let sent = cases::notify(store, cases, (&find(case)?.id, who), &asked, now)?;
            print_sent(&sent, arguments.output)?;
        }
        Action::Answer { case, file } => {
            let (case, bytes) = (find(case)?, read(file)?);
            let message = exception_report::read(&bytes).map_err(ExchangeError::from)?;
            if !matches!(&message, Message::Response(response) if response.case == case.id) {
                return Err(Refused("the file is no answer to this case".to_owned()).into());
            }
            print(&cases::receive(store, cases, &bytes, now)?.case, arguments.output, (store, settings))?;
        }
        Action::Take { file } => {
            let received = cases::receive(store, cases, &read(file)?, now)?;
            print(&received.case, arguments.output, (store, settings))?;
        }
        Action::Respond(respond) => {
            let case = find(&respond.case)?;
            let sent = cases::respond(store, cases, (&case.id, who), &reply(respond)?, now)?;
            print_sent(&sent, arguments.output)?;
        }
        Action::Note { case, text } => {
            let case = cases::note(store, (&find(case)?.id, who), text, now)?;
            print(&case, arguments.output, (store, settings))?;
        }
        Action::Close { case, reason } => {
            let sent = cases::close(store, cases, (&find(case)?.id, who), reason, now)?;
            print_sent(&sent, arguments.output)?;
        }
    }
    Ok(())
}

fn filter(which: &Which) -> Result<CaseFilter, Refused> {
    let state = |word: &String| {
        CaseState::parse(word).ok_or_else(|| {
            let known: Vec<&str> = CaseState::ALL.iter().map(|state| state.as_str()).collect();
            Refused(format!("{word:?} is no state; there are {}", known.join(", ")))
        })
    };
    let group = |word: &String| {
        Group::parse_loosely(word).ok_or_else(|| {
            let known: Vec<&str> = Group::ALL.iter().map(|group| group.as_str()).collect();
            Refused(format!("{word:?} is no group; there are {}", known.join(", ")))
        })
    };
    let state = which.state.as_ref().map(state).transpose()?;
    Ok(CaseFilter {
        open: !which.all && state.is_none(),
        state,
        partner: which.partner.clone(),
        group: which.group.as_ref().map(group).transpose()?,
        order: None,
    })
}

/// The one case that a word means.
fn find(store: &Store, word: &str) -> anyhow::Result<ExceptionCase> {
    let caller = Caller::operator();
    if let Some(case) = store.case(&caller, word)? {
        return Ok(case);
    }
    let meant = store.cases_meant(&caller, word)?;
    match meant.as_slice() {
        [one] => Ok(store.case(&caller, one)?.context("the case has vanished")?),
        [] => Err(Refused(format!("no case, order or delivery is known by {word}")).into()),
        many => {
            Err(Refused(format!("{word} can be one of {} cases: {}", many.len(), many.join(", "))).into())
        }
    }
}

fn asked(text: &str) -> Result<(String, Resolution), Refused> {
    let (item, word) =
        text.split_once('=').ok_or_else(|| Refused(format!("{text} is not of the form ITEM=REQUEST")))?;
    Ok((item.to_owned(), resolution(word).map_err(Refused)?))
}

fn reply(respond: &Respond) -> Result<Reply, Refused> {
    let answer = Answer {
        accepted: respond.accept && !respond.reject,
        comments: respond.comment.clone(),
        alternative: respond.offer.as_deref().map(resolution).transpose().map_err(Refused)?,
        ..Answer::default()
    };
    let answers = respond.item.iter().map(|item| (item.clone(), answer.clone())).collect();
    Ok(Reply { all: respond.item.is_empty().then_some(answer), answers, notes: None })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let name = || format!("{} cannot be read", file.display());
    if file == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes).with_context(name)?;
    } else {
        let open = std::fs::File::open(file).with_context(name)?;
        open.take(MOST_BYTES + 1).read_to_end(&mut bytes).with_context(name)?;
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Refused(format!("a message may have {MOST_BYTES} bytes at most")).into());
    }
    Ok(bytes)
}

fn list(store: &Store, filter: &CaseFilter, output: Form) -> anyhow::Result<()> {
    let (mut last, now, mut number) = (None::<ExceptionCase>, Utc::now(), 0);
    let mut out = std::io::stdout().lock();
    loop {
        let page = store.cases(&Caller::operator(), filter, last.as_ref(), PAGE)?;
        for case in &page {
            number += 1;
            match output {
                Form::Text => writeln!(out, "{}", text::line(case, now))?,
                _ => writeln!(out, "{}", serde_json::to_string(&CaseForm::of(case, now))?)?,
            }
        }
        last = page.into_iter().last();
        if last.is_none() {
            break;
        }
    }
    if number == 0 && output == Form::Text {
        writeln!(out, "Nothing is wrong: there are no open cases.")?;
    }
    Ok(())
}

/// Prints a case with its steps, or the message that would go to the partner now.
fn print(case: &ExceptionCase, output: Form, (store, settings): (&Store, &Settings)) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let now = Utc::now();
    let steps = store.case_steps(&Caller::operator(), &case.id)?;
    match output {
        Form::Text => write!(out, "{}", text::whole(case, &steps, now))?,
        Form::Json => {
            let steps: Vec<StepForm> = steps.iter().map(StepForm::from).collect();
            writeln!(out, "{}", json!({ "case": CaseForm::of(case, now), "steps": steps }))?;
        }
        Form::Pdg | Form::Notification | Form::Email => {
            let draft = cases::draft(case, &settings.exceptions, now);
            return print_sent(&draft, output);
        }
    }
    Ok(())
}

fn print_sent(sent: &Sent, output: Form) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match output {
        Form::Text => {
            writeln!(out, "Case {} is now: {}.", text::short(&sent.case.id), sent.case.state.words())?;
            writeln!(out, "Next: {}.", sent.case.next_act())?;
            writeln!(out, "\nSend this to the partner (--output pdg prints the message for its machine):\n")?;
            write!(out, "{}", sent.email.text())?;
        }
        Form::Json => {
            let email = json!({ "subject": sent.email.subject, "body": sent.email.body });
            let case = CaseForm::of(&sent.case, Utc::now());
            let whole = json!({
                "case": case,
                "message": sent.message,
                "notification": sent.notification,
                "email": email,
            });
            writeln!(out, "{whole}")?;
        }
        Form::Pdg => pretty(&mut out, &sent.message)?,
        Form::Notification => match &sent.notification {
            Some(notification) => pretty(&mut out, notification)?,
            None => {
                let why = "an answer has no form as exceptionNotification; print it with --output pdg";
                return Err(Refused(why.to_owned()).into());
            }
        },
        Form::Email => write!(out, "{}", sent.email.text())?,
    }
    Ok(())
}

fn pretty(out: &mut impl Write, value: &Value) -> anyhow::Result<()> {
    writeln!(out, "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}
