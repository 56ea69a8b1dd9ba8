//! `epcgate serve`: the gateway over HTTP.

use std::io::IsTerminal;
use std::io::Write;
use std::net::SocketAddr;

use tracing_subscriber::EnvFilter;

use crate::cli::Outcome;
use crate::cli::database;
use crate::config::LogForm;
use crate::config::Settings;
use crate::server::Gateway;

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
