//! `epcgate mail`: tries the mail server out, shows what was written and what became of it, and sends it again.

use std::io::Write;

use chrono::SecondsFormat;
use chrono::Utc;
use clap::ValueEnum;
use serde_json::json;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::config::Settings;
use crate::dscsa::verification::record_id;
use crate::store::Mail;
use crate::store::MailState;
use crate::store::Store;
use crate::transport::Letter;
use crate::transport::Mailer;

/// Letters fetched at one time.
const PAGE: i64 = 200;

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
    /// Send a letter now, and show what the mail server says
    Test {
        /// Whom to; can be given several times [default: everybody named under `notices`]
        #[arg(long, value_name = "ADDRESS")]
        to: Vec<String>,
    },
    /// List letters, the newest first
    List {
        /// Those that stand there alone
        #[arg(long, value_enum)]
        state: Option<State>,
        /// What they say as well
        #[arg(long)]
        body: bool,
    },
    /// Send letters again that were sent or given up; they keep their Message-ID
    Replay {
        /// Their names, as `list` shows them
        #[arg(required_unless_present = "dead")]
        ids: Vec<String>,
        /// All that were given up
        #[arg(long)]
        dead: bool,
    },
}

/// Where letters stand.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    /// To be sent, now or later.
    Waiting,
    /// Taken by the mail server.
    Sent,
    /// Given up.
    Dead,
}

impl State {
    fn of_store(self) -> MailState {
        match self {
            State::Waiting => MailState::Waiting,
            State::Sent => MailState::Sent,
            State::Dead => MailState::Dead,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    match &arguments.action {
        Action::Test { to } => test(&settings, to, arguments.output),
        Action::List { state, body } => {
            let store = arguments.database.open(&settings)?;
            let state = state.map(State::of_store);
            each(&store, state, |mail| print(mail, *body, arguments.output))?;
            Ok(Outcome::Clean)
        }
        Action::Replay { ids, dead } => {
            let store = arguments.database.open(&settings)?;
            replay(&store, ids, *dead, arguments.output)
        }
    }
}

fn test(settings: &Settings, to: &[String], output: Output) -> anyhow::Result<Outcome> {
    let Some(mailer) = Mailer::new(&settings.mail)? else {
        eprintln!("epcgate: no mail server is named; set mail.host and mail.from");
        return Ok(Outcome::Errors);
    };
    let everybody = settings.notices.everybody().into_iter().map(str::to_owned);
    let readers: Vec<String> = if to.is_empty() { everybody.collect() } else { to.to_vec() };
    if readers.is_empty() {
        eprintln!("epcgate: nobody is named in [notices]; say --to ADDRESS");
        return Ok(Outcome::Errors);
    }
    let mut outcome = Outcome::Clean;
    for reader in readers {
        let now = Utc::now();
        let letter = Letter {
            id: record_id(now, uuid::Uuid::new_v4()),
            to: reader.clone(),
            subject: "epcgate can send mail".to_owned(),
            body: "This letter was sent by `epcgate mail test`. Nothing is to be done.\n".to_owned(),
            at: now,
        };
        let sent = mailer.send(&letter);
        let said = sent.as_ref().map_or_else(ToString::to_string, Clone::clone);
        let mut out = std::io::stdout().lock();
        match output {
            Output::Json => writeln!(out, "{}", json!({ "to": reader, "sent": sent.is_ok(), "said": said }))?,
            Output::Text => {
                let word = if sent.is_ok() { "taken" } else { "not taken" };
                writeln!(out, "{reader}: {word}: {}", said.replace(char::is_control, " "))?;
            }
        }
        if sent.is_err() {
            outcome = Outcome::Errors;
        }
    }
    Ok(outcome)
}

/// Each letter, page by page.
fn each(
    store: &Store,
    state: Option<MailState>,
    mut work: impl FnMut(&Mail) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = store.mails(&Caller::operator(), state, after.as_deref(), PAGE)?;
        page.iter().try_for_each(&mut work)?;
        match page.into_iter().last() {
            Some(last) => after = Some(last.id),
            None => return Ok(()),
        }
    }
}

fn replay(store: &Store, ids: &[String], dead: bool, output: Output) -> anyhow::Result<Outcome> {
    let mut ids = ids.to_vec();
    if dead {
        each(store, Some(MailState::Dead), |mail| {
            ids.push(mail.id.clone());
            Ok(())
        })?;
    }
    let mut outcome = Outcome::Clean;
    for id in ids {
        if !store.replay_mail(&Caller::operator(), &id, Utc::now())? {
            eprintln!(
                "epcgate: there is no mail {id} that waits no more; `epcgate mail list` shows those there are"
            );
            outcome = Outcome::Errors;
        } else if output == Output::Json {
            println!("{}", json!({ "id": id, "state": MailState::Waiting.as_str() }));
        } else {
            println!("{id} is sent again");
        }
    }
    Ok(outcome)
}

fn print(mail: &Mail, body: bool, output: Output) -> anyhow::Result<()> {
    let time = |when: chrono::DateTime<Utc>| when.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        let line = json!({
            "id": mail.id, "kind": mail.kind, "to": mail.recipient, "subject": mail.subject, "body": mail.body,
            "made": time(mail.made), "state": mail.state.as_str(), "tries": mail.tries, "said": mail.said,
            "next": (mail.state == MailState::Waiting).then(|| time(mail.next)), "ended": mail.ended.map(time),
        });
        writeln!(out, "{line}")?;
        return Ok(());
    }
    writeln!(
        out,
        "{}  {}  {}  {}",
        mail.id,
        mail.state.as_str(),
        mail.recipient,
        mail.subject.replace(char::is_control, " ")
    )?;
    let when = match (mail.state, mail.ended) {
        (MailState::Waiting, _) => format!("tried {} times, next {}", mail.tries, time(mail.next)),
        (_, ended) => format!("tried {} times, ended {}", mail.tries, ended.map(time).unwrap_or_default()),
    };
    writeln!(out, "    written {}, {when}", time(mail.made))?;
    if !mail.said.is_empty() {
        writeln!(out, "    {}", mail.said.replace(char::is_control, " "))?;
    }
    if body {
        mail.body
            .lines()
            .try_for_each(|line| writeln!(out, "    | {}", line.replace(char::is_control, " ")))?;
    }
    Ok(())
}
