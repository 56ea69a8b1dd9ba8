//! `epcgate channel`: how partners are reached, and reach us.

use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::capture::Queue;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::config::Settings;
use crate::exchange::Body;
use crate::exchange::Carrier;
use crate::exchange::Carriers;
use crate::exchange::Inbox;
use crate::exchange::Outbox;
use crate::exchange::Outgoing;
use crate::exchange::as2::Station;
use crate::exchange::probe;
use crate::exchange::shown;
use crate::store::ChannelRecord;
use crate::store::Store;
use crate::transport::Cargo;
use crate::transport::Channel;
use crate::transport::Outbound;
use crate::transport::PartnerChannel;

/// Channels fetched at one time.
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
    /// Keep a channel, in the place of the one of its name
    #[command(
        after_help = "The file has one JSON object. Secrets are named by the files they are in, such as:\n  \
        {\"id\": \"acme-hook\", \"partner\": \"acme\", \"by\": {\"webhook\": {\"url\": \"https://acme.example/hook\",\n   \
        \"secrets\": [\"acme.secret\"], \"events\": [\"capture\"]}}}\n\
        `by` is one of as2, sftp, https, folder and webhook. `carries` lists what is sent by it: documents, answers, events\n\
        (events by a webhook, and documents by any other, where it is left out). Without `partner` it is a system of your own."
    )]
    Add {
        /// The file; `-` is standard input
        file: PathBuf,
    },
    /// List channels, one a line: name, partner, protocol, how it stands, what waits
    List {
        /// Those of one partner
        #[arg(long)]
        partner: Option<String>,
    },
    /// Try a channel, now, and show what came of it: a file is written, renamed and removed again where files are dropped off,
    /// and a small message sent by any other
    Test {
        /// Its name
        channel: String,
    },
    /// Send nothing more by a channel; what it is to send waits
    Pause {
        /// Its name
        channel: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Send by a channel again, at once
    Resume {
        /// Its name
        channel: String,
    },
    /// Remove a channel; what waited to be sent by it never is
    Remove {
        /// Its name
        channel: String,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    let (caller, now, output) = (Caller::operator(), Utc::now(), arguments.output);
    match &arguments.action {
        Action::Add { file } => add(&store, file, output),
        Action::List { partner } => list(&store, partner.as_deref(), output),
        Action::Test { channel } => test(&store, &settings, channel, output),
        Action::Pause { channel, reason } => {
            changed(&store, channel, store.pause_channel(&caller, channel, reason, now)?, output)
        }
        Action::Resume { channel } => {
            changed(&store, channel, store.resume_channel(&caller, channel, now)?, output)
        }
        Action::Remove { channel } => match store.remove_channel(&caller, channel, now)? {
            true => Ok(Outcome::Clean),
            false => Ok(unknown(channel)),
        },
    }
}

fn add(store: &Store, file: &Path, output: Output) -> anyhow::Result<Outcome> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    }
    let refused = |fault: &dyn std::fmt::Display| {
        eprintln!("epcgate: {}: {fault}", file.display());
        Ok(Outcome::Errors)
    };
    let channel: PartnerChannel = match serde_json::from_str(&text) {
        Ok(channel) => channel,
        Err(error) => return refused(&error),
    };
    if let Err(fault) = channel.check() {
        return refused(&fault);
    }
    let caller = Caller::operator();
    if !channel.partner.is_empty() && store.partner(&caller, &channel.partner)?.is_none() {
        return refused(&format!("there is no partner {}; import it first", channel.partner));
    }
    store.put_channel(&caller, &channel, Utc::now())?;
    changed(store, &channel.id, store.channel(&caller, &channel.id)?, output)
}

fn list(store: &Store, partner: Option<&str>, output: Output) -> anyhow::Result<Outcome> {
    let mut after: Option<String> = None;
    loop {
        let page = store.channels(&Caller::operator(), partner, after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(Outcome::Clean) };
        after = Some(last.channel.id.clone());
        for record in &page {
            print(store, record, output)?;
        }
    }
}

/// Tries a channel: step by step where files are exchanged, and by a message that says that it is a test otherwise.
fn test(store: &Store, settings: &Settings, id: &str, output: Output) -> anyhow::Result<Outcome> {
    let Some(record) = store.channel(&Caller::operator(), id)? else { return Ok(unknown(id)) };
    if matches!(record.channel.by, Channel::Webhook(_) | Channel::As2(_)) {
        return send_test(store, settings, record, output);
    }
    let outbound = Outbound::new(&settings.outbound)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let nonce = uuid::Uuid::new_v4().to_string();
    let probe = runtime.block_on(probe(&outbound, &record.channel, &nonce))?;
    let mut out = std::io::stdout().lock();
    for (step, outcome) in &probe.steps {
        let why = outcome.as_ref().err();
        match (output, why) {
            (Output::Json, _) => {
                writeln!(
                    out,
                    "{}",
                    json!({ "channel": id, "step": step, "sound": why.is_none(), "why": why })
                )?;
            }
            (Output::Text, None) => writeln!(out, "{id}: {step}: done")?,
            (Output::Text, Some(why)) => writeln!(out, "{id}: {step}: failed: {why}")?,
        }
    }
    Ok(if probe.is_sound() { Outcome::Clean } else { Outcome::Errors })
}

/// Sends a message that says that it is a test; nothing of it is kept.
fn send_test(
    store: &Store,
    settings: &Settings,
    record: ChannelRecord,
    output: Output,
) -> anyhow::Result<Outcome> {
    let id = record.channel.id.clone();
    let now = Utc::now();
    let body = json!({ "type": "channel.test", "timestamp": now.to_rfc3339(), "data": { "channel": id } });
    let outgoing = Outgoing {
        id: uuid::Uuid::now_v7().to_string(),
        channel: record.channel,
        cargo: Cargo::Events,
        name: "epcgate-test.json".to_owned(),
        media_type: "application/json".to_owned(),
        at: now,
        attempt: 1,
        body: Body::Bytes(body.to_string().into_bytes()),
    };
    let inbox = Inbox::new(store, &settings.exchange, &settings.limits, Queue::default());
    let station = Station::new(store, &settings.as2, &inbox, &Outbox::new(store, &settings.exchange));
    let carriers = Carriers::new(&Outbound::new(&settings.outbound)?, &station);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let carried = runtime.block_on(carriers.carry(&outgoing));
    let (taken, request, answer) = match carried {
        Ok(receipt) => (true, receipt.request, receipt.answer),
        Err(error) => (false, error.request, error.answer),
    };
    let mut out = std::io::stdout().lock();
    match output {
        Output::Json => {
            writeln!(
                out,
                "{}",
                json!({ "channel": id, "taken": taken, "request": request, "answer": answer })
            )?;
        }
        Output::Text if taken => writeln!(out, "{id}: taken: {answer}")?,
        Output::Text => writeln!(out, "{id}: not taken: {answer}")?,
    }
    Ok(if taken { Outcome::Clean } else { Outcome::Errors })
}

fn changed(
    store: &Store,
    id: &str,
    record: Option<ChannelRecord>,
    output: Output,
) -> anyhow::Result<Outcome> {
    match record {
        Some(record) => print(store, &record, output).map(|()| Outcome::Clean),
        None => Ok(unknown(id)),
    }
}

fn unknown(id: &str) -> Outcome {
    eprintln!("epcgate: there is no channel {id}");
    Outcome::Errors
}

fn print(store: &Store, record: &ChannelRecord, output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let channel = &record.channel;
    let turn = store.turn(&Caller::operator(), &channel.id)?;
    if output == Output::Json {
        let mut shown = shown::channel(record);
        shown["looked"] = json!(turn.as_ref().map(shown::turn));
        writeln!(out, "{shown}")?;
        return Ok(());
    }
    let looked = turn.as_ref().and_then(|turn| {
        let at = turn.ended_at?.format("%Y-%m-%dT%H:%M:%SZ");
        Some(format!("\tlooked {at}: {}", turn.said))
    });
    let looked = looked.unwrap_or_default();
    let waiting = store.waiting(&Caller::operator(), &channel.id)?;
    let partner = if channel.partner.is_empty() { "ourselves" } else { &channel.partner };
    let why = record.paused.as_ref().map(|(_, why)| format!(": {why}")).unwrap_or_default();
    writeln!(
        out,
        "{}\t{partner}\t{}\t{}{why}\t{waiting} waiting{looked}",
        channel.id,
        channel.by.kind(),
        shown::state(record)
    )?;
    Ok(())
}
