//! `epcgate keys`: the API keys of partners' machines.

use std::io::Write;

use anyhow::Context;
use chrono::DateTime;
use chrono::Days;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;

use crate::access::ApiKey;
use crate::access::Caller;
use crate::access::KeyText;
use crate::access::Revocation;
use crate::access::Role;
use crate::access::Scope;
use crate::access::SpeaksFor;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::formats::instant;
use crate::gs1::Gln;
use crate::gs1::Malformed;
use crate::transport;

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
    /// Make a key and show it, once
    #[command(
        after_help = "The key itself is not kept, only its digest: who loses it needs a new one. Examples:\n  \
        add 'Acme Wholesale' --gln 9521102000015 --days 365\n  \
        add 'A verification provider' --any-gln --output json"
    )]
    Add {
        /// Whose it is
        name: String,
        /// A GLN in whose name it may ask; may be given again
        #[arg(long, value_name = "GLN", value_parser = gln, required_unless_present = "any_gln")]
        gln: Vec<Gln>,
        /// It may ask in anyone's name: a provider that asks for its customers
        #[arg(long, conflicts_with = "gln")]
        any_gln: bool,
        /// What it is good for: a permission such as `verify` (asking us to verify), `capture` or `read-events`, or all that one of a
        /// role does, such as `partner` or `operator`; may be given again. Bound to GLNs, it does no more than a partner
        #[arg(long, value_name = "SCOPE", value_parser = scope, default_value = "verify")]
        scope: Vec<Scope>,
        /// Days it is good for [default: until it is revoked]
        #[arg(long, conflicts_with = "expires")]
        days: Option<u64>,
        /// From when on it is no longer good: a date (its beginning in UTC), or a time with its offset
        #[arg(long, value_name = "MOMENT", value_parser = instant::parse)]
        expires: Option<DateTime<Utc>>,
        /// Who decides
        #[arg(long, default_value = "operator")]
        by: String,
    },
    /// List them, the oldest first; the keys themselves are not kept
    List,
    /// Take one back; it opens nothing a second later
    Revoke {
        /// Its name, the ten digits that `list` shows
        id: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Who decides
        #[arg(long, default_value = "operator")]
        by: String,
    },
}

/// A key as shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    state: &'static str,
    any_gln: bool,
    glns: Vec<&'a str>,
    scopes: Vec<&'static str>,
    made_at: String,
    made_by: &'a str,
    expires: Option<String>,
    last_used: Option<String>,
    revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_why: Option<&'a str>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let store = arguments.database.open(&arguments.database.settings()?)?;
    let (caller, now) = (Caller::operator(), Utc::now());
    match &arguments.action {
        Action::Add { name, gln, any_gln, scope, days, expires, by } => {
            if scope.contains(&Scope::Is(Role::Partner)) && *any_gln {
                eprintln!(
                    "epcgate: a key for a partner is bound to its GLNs: give --gln instead of --any-gln"
                );
                return Ok(Outcome::Unreadable);
            }
            let text = KeyText::new(&transport::random().context("the system gives no random bytes")?);
            let after = days.map(|days| now.checked_add_days(Days::new(days)).context("--days is too large"));
            let key = ApiKey {
                id: text.id().to_owned(),
                name: name.clone(),
                digest: text.digest(),
                speaks_for: if *any_gln { SpeaksFor::Any } else { SpeaksFor::These(gln.clone()) },
                scopes: scope.clone(),
                made_at: now,
                made_by: by.clone(),
                expires: expires.or(after.transpose()?),
                revoked: None,
                used: None,
            };
            store.add_key(&caller, &key)?;
            print(&key, Some(&text), arguments.output)?;
        }
        Action::List => {
            store.keys(&caller)?.iter().try_for_each(|key| print(key, None, arguments.output))?;
        }
        Action::Revoke { id, reason, by } => {
            let revoked = Revocation { at: now, by: by.clone(), why: reason.clone() };
            match store.revoke_key(&caller, id, &revoked)? {
                Some(key) => print(&key, None, arguments.output)?,
                None => {
                    eprintln!("epcgate: there is no API key {id}; `epcgate keys list` shows those there are");
                    return Ok(Outcome::Errors);
                }
            }
        }
    }
    Ok(Outcome::Clean)
}

fn gln(text: &str) -> Result<Gln, Malformed> {
    Gln::parse(text)
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::parse(word).ok_or_else(|| "it is no role and no permission; there are verify, capture, read-events, partner, operator and others".to_owned())
}

fn print(key: &ApiKey, text: Option<&KeyText>, output: Output) -> anyhow::Result<()> {
    let shown = Shown::of(key, text);
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string(&shown)?)?;
        return Ok(());
    }
    let glns = if shown.any_gln { "any GLN".to_owned() } else { shown.glns.join(" ") };
    writeln!(out, "{}  {}  {}", shown.id, shown.state, shown.name)?;
    writeln!(out, "    {} for {glns}; made {} by {}", shown.scopes.join(" "), shown.made_at, shown.made_by)?;
    for (word, moment) in [("expires", &shown.expires), ("last used", &shown.last_used)] {
        moment.iter().try_for_each(|moment| writeln!(out, "    {word} {moment}"))?;
    }
    if let (Some(at), Some(by), Some(why)) = (&shown.revoked_at, shown.revoked_by, shown.revoked_why) {
        writeln!(out, "    revoked {at} by {by}: {why}")?;
    }
    if let Some(secret) = shown.key {
        writeln!(
            out,
            "\n{secret}\n\nThis is the key, shown this once. Its holder sends it as `Authorization: Bearer …`."
        )?;
    }
    Ok(())
}

impl<'a> Shown<'a> {
    fn of(key: &'a ApiKey, text: Option<&'a KeyText>) -> Shown<'a> {
        let time = |when: DateTime<Utc>| when.to_rfc3339_opts(SecondsFormat::Secs, true);
        let glns = match &key.speaks_for {
            SpeaksFor::Any => Vec::new(),
            SpeaksFor::These(glns) => glns.iter().map(Gln::as_str).collect(),
        };
        let state = match (&key.revoked, key.expires) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= Utc::now() => "expired",
            _ => "good",
        };
        let revoked = key.revoked.as_ref();
        Shown {
            id: &key.id,
            name: &key.name,
            key: text.map(KeyText::reveal),
            state,
            any_gln: key.speaks_for == SpeaksFor::Any,
            glns,
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            made_at: time(key.made_at),
            made_by: &key.made_by,
            expires: key.expires.map(time),
            last_used: key.used.map(time),
            revoked_at: revoked.map(|revoked| time(revoked.at)),
            revoked_by: revoked.map(|revoked| revoked.by.as_str()),
            revoked_why: revoked.map(|revoked| revoked.why.as_str()),
        }
    }
}
