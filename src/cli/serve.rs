//! `epcgate serve`: the gateway over HTTP.

use std::io::IsTerminal;
use std::io::Write;
use std::net::SocketAddr;

use chrono::Utc;
use tracing_subscriber::EnvFilter;

use crate::access::Mode;
use crate::cli::Outcome;
use crate::cli::database;
use crate::cli::people;
use crate::config::LogForm;
use crate::config::Settings;
use crate::server::Gateway;
use crate::store::Store;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The address and port to listen on; port 0 takes any that is free [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    database: database::Choice,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut settings = arguments.database.settings()?;
    listen_on(&mut settings, arguments.listen);
    log(&settings)?;
    let store = arguments.database.open(&settings)?;
    let gateway = Gateway::start(&settings, &store)?;
    announce(&gateway)?;
    invite(&settings, &store, &gateway)?;
    gateway.run()?;
    Ok(Outcome::Clean)
}

/// Puts an address of the command line over that of the settings.
pub(super) fn listen_on(settings: &mut Settings, address: Option<SocketAddr>) {
    if let Some(address) = address {
        settings.server.address = address.ip();
        settings.server.port = address.port();
    }
}

/// Says on standard output where to look, for people and for programs that start this one.
pub(super) fn announce(gateway: &Gateway) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "epcgate listens on {}/epcis", gateway.url())?;
    out.flush()?;
    Ok(())
}

/// Where nobody can sign in yet, shows the link by which the first one does.
fn invite(settings: &Settings, store: &Store, gateway: &Gateway) -> anyhow::Result<()> {
    let here = gateway.url();
    let base = if settings.access.url.is_empty() { here.as_str() } else { settings.access.url.as_str() };
    let link = match settings.access.mode {
        Mode::Open => None,
        Mode::Closed => people::set_up_link(store, base, Utc::now())?,
    };
    if let Some(link) = link {
        let mut out = std::io::stdout().lock();
        writeln!(out, "Nobody can sign in yet. Set this gateway up, once and within 24 hours, at\n{link}")?;
        out.flush()?;
    }
    Ok(())
}

/// Begins to log to standard error: for people on a terminal, as JSON otherwise, unless the settings say which.
pub(super) fn log(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log.level)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let terminal = std::io::stderr().is_terminal();
    let started = match settings.log.form {
        LogForm::Text => builder.with_ansi(terminal).try_init(),
        LogForm::Json => builder.json().try_init(),
        LogForm::Auto if terminal => builder.try_init(),
        LogForm::Auto => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging cannot begin: {error}"))
}
