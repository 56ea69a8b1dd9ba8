//! `epcgate people`: who signs in, and what they then are.

use std::io::Write;

use anyhow::Context;
use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Serialize;
use uuid::Uuid;

use crate::access::Caller;
use crate::access::Identity;
use crate::access::OneTimeLink;
use crate::access::Person;
use crate::access::Revocation;
use crate::access::Role;
use crate::access::Token;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::config::Settings;
use crate::formats::instant;
use crate::gs1::Gln;
use crate::gs1::Malformed;
use crate::store::Store;
use crate::transport;

/// How long a link to a first password is good.
const LINK: TimeDelta = TimeDelta::hours(24);

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
    /// Let somebody in, and show the one-time link by which they choose their password
    #[command(after_help = "The link is good once, for 24 hours; `link` makes another. Examples:\n  \
        add ann@example.com --name 'Ann Arbor' --role compliance --role administrator\n  \
        add dock-3 --station --role receiver\n  \
        add eve@acme.example --organisation 'Acme Wholesale' --role partner --gln 9521102000015\n  \
        add audit@example.com --role auditor --ends 2027-03-01\n  \
        add bob@example.com --role receiver --issuer https://login.example.com")]
    Add {
        /// The sign-in name, such as an e-mail address
        login: String,
        /// What they are: receiver, investigator, compliance, partner, auditor or administrator; may be given again
        #[arg(long, value_name = "ROLE", value_parser = role, required = true)]
        role: Vec<Role>,
        /// What they are called [default: the sign-in name]
        #[arg(long)]
        name: Option<String>,
        /// Whose they are, where they are not ours
        #[arg(long, default_value = "")]
        organisation: String,
        /// Of a partner: a GLN of their company; may be given again
        #[arg(long, value_name = "GLN", value_parser = gln)]
        gln: Vec<Gln>,
        /// It is a station where several work at one screen: the link signs its browser in
        #[arg(long)]
        station: bool,
        /// They sign in with this OpenID provider, under the sign-in name as their e-mail address
        #[arg(long, value_name = "URL", conflicts_with = "station")]
        issuer: Option<String>,
        /// From when on they are no longer let in: a date (its beginning in UTC), or a time with its offset
        #[arg(long, value_name = "MOMENT", value_parser = instant::parse)]
        ends: Option<DateTime<Utc>>,
    },
    /// Make a new one-time link for somebody: to a new password, or to sign a station in
    Link {
        /// The sign-in name
        login: String,
    },
    /// List everybody
    List,
    /// Shut somebody out, at once
    Revoke {
        /// The sign-in name
        login: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// Somebody as shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    login: &'a str,
    name: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    organisation: &'a str,
    station: bool,
    roles: Vec<&'static str>,
    glns: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    made_at: String,
    made_by: &'a str,
    ends: Option<String>,
    last_seen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    let (caller, now, output) = (Caller::operator(), Utc::now(), arguments.output);
    match &arguments.action {
        Action::Add { login, role, name, organisation, gln, station, issuer, ends } => {
            let login = login.trim().to_lowercase();
            let identity = issuer.clone().map(|issuer| Identity { issuer, subject: String::new() });
            let person = Person {
                id: Uuid::now_v7().to_string(),
                name: name.clone().unwrap_or_else(|| login.clone()),
                login,
                organisation: organisation.clone(),
                station: *station,
                roles: role.clone(),
                glns: gln.clone(),
                password: None,
                identity,
                made_at: now,
                made_by: caller.actor().to_owned(),
                ends: *ends,
                revoked: None,
                seen: None,
            };
            person.check()?;
            if !store.add_person(&caller, &person)? {
                eprintln!("epcgate: somebody has the sign-in name {} already", person.login);
                return Ok(Outcome::Errors);
            }
            let link = match person.identity {
                Some(_) => None,
                None => Some(linked(&store, &settings, &person, now)?),
            };
            print(&person, link, output)?;
        }
        Action::Link { login } => {
            let Some(person) = store.person_of_login(&login.to_lowercase())? else { return unknown(login) };
            if person.admits(now).is_err() || person.identity.is_some() {
                eprintln!("epcgate: {login} is shut out, or signs in with a provider");
                return Ok(Outcome::Errors);
            }
            print(&person, Some(linked(&store, &settings, &person, now)?), output)?;
        }
        Action::List => store.people(&caller)?.iter().try_for_each(|person| print(person, None, output))?,
        Action::Revoke { login, reason } => {
            let revoked = Revocation { at: now, by: caller.actor().to_owned(), why: reason.clone() };
            match store.revoke_person(&caller, &login.to_lowercase(), &revoked)? {
                Some(person) => print(&person, None, output)?,
                None => return unknown(login),
            }
        }
    }
    Ok(Outcome::Clean)
}

/// The link by which the first one sets up a gateway where nobody can sign in yet; `base` is where it is reached.
pub(super) fn set_up_link(store: &Store, base: &str, now: DateTime<Utc>) -> anyhow::Result<Option<String>> {
    if store.has_people()? {
        return Ok(None);
    }
    Ok(Some(opened(store, None, base, now)?))
}

fn linked(store: &Store, settings: &Settings, person: &Person, now: DateTime<Utc>) -> anyhow::Result<String> {
    let scheme = if settings.tls.certificate.as_os_str().is_empty() { "http" } else { "https" };
    let here =
        format!("{scheme}://{}", std::net::SocketAddr::new(settings.server.address, settings.server.port));
    let base = if settings.access.url.is_empty() { here.as_str() } else { settings.access.url.as_str() };
    opened(store, Some(person.id.clone()), base, now)
}

fn opened(store: &Store, person: Option<String>, base: &str, now: DateTime<Utc>) -> anyhow::Result<String> {
    let token = Token::new(transport::random().context("the system gives no random bytes")?);
    store.add_link(&OneTimeLink { digest: token.digest(), person, made_at: now, ends_at: now + LINK })?;
    Ok(format!("{}/set-up/{}", base.trim_end_matches('/'), token.reveal()))
}

fn unknown(login: &str) -> anyhow::Result<Outcome> {
    eprintln!("epcgate: nobody has the sign-in name {login}; `epcgate people list` shows everybody");
    Ok(Outcome::Errors)
}

fn role(word: &str) -> Result<Role, String> {
    let known = "it is receiver, investigator, compliance, partner, auditor or administrator";
    Role::parse(word).ok_or_else(|| known.to_owned())
}

fn gln(text: &str) -> Result<Gln, Malformed> {
    Gln::parse(text)
}

fn print(person: &Person, link: Option<String>, output: Output) -> anyhow::Result<()> {
    let shown = Shown::of(person, link);
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string(&shown)?)?;
        return Ok(());
    }
    let kind = if shown.station { "station " } else { "" };
    writeln!(out, "{}  {}  {kind}{}", shown.login, shown.state, shown.name)?;
    let (roles, glns) = (shown.roles.join(" "), shown.glns.join(" "));
    writeln!(out, "    {roles} {glns}; let in {} by {}", shown.made_at, shown.made_by)?;
    for (word, said) in [("until", &shown.ends), ("last signed in", &shown.last_seen)] {
        said.iter().try_for_each(|said| writeln!(out, "    {word} {said}"))?;
    }
    if let Some(issuer) = shown.issuer {
        writeln!(out, "    signs in with {issuer}")?;
    }
    if let Some(link) = shown.link {
        writeln!(out, "\n{link}\n\nThis link is good once, for 24 hours.")?;
    }
    Ok(())
}

impl<'a> Shown<'a> {
    fn of(person: &'a Person, link: Option<String>) -> Shown<'a> {
        let time = |when: DateTime<Utc>| when.to_rfc3339_opts(SecondsFormat::Secs, true);
        let state = match (&person.revoked, person.admits(Utc::now())) {
            (Some(_), _) => "revoked",
            (None, Err(_)) => "ended",
            (None, Ok(())) if person.password.is_none() && person.identity.is_none() => "waiting",
            (None, Ok(())) => "good",
        };
        Shown {
            login: &person.login,
            name: &person.name,
            state,
            organisation: &person.organisation,
            station: person.station,
            roles: person.roles.iter().map(|role| role.as_str()).collect(),
            glns: person.glns.iter().map(Gln::as_str).collect(),
            issuer: person.identity.as_ref().map(|identity| identity.issuer.as_str()),
            made_at: time(person.made_at),
            made_by: &person.made_by,
            ends: person.ends.map(time),
            last_seen: person.seen.map(time),
            link,
        }
    }
}
