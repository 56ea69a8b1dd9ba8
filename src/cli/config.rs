//! `epcgate config`: checks settings before a gateway starts with them, and shows those in force.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::config;
use crate::config::Effective;
use crate::config::MANUAL;
use crate::config::Origin;
use crate::config::SettingFault;
use crate::server;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// Settings that stand over the built-in ones [default: /etc/epcgate/epcgate.toml where it exists]
    #[arg(long, value_name = "FILE", env = "EPCGATE_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value = "text", global = true)]
    output: Output,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Look at every setting of the file and the environment, and say what to mend; then show those in force
    #[command(
        after_help = "Exit status: 0 a gateway starts with them (warnings may be shown), 1 it does not."
    )]
    Check,
    /// Show each setting in force and where it comes from; secrets are hidden
    Show,
    /// Print the manual: every setting with its default, ready to be changed
    Default,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let file = database::configured(arguments.config.as_deref());
    let file = file.as_deref();
    match arguments.action {
        Action::Check => check(file, arguments.output),
        Action::Show => {
            show(file, arguments.output)?;
            Ok(Outcome::Clean)
        }
        Action::Default => {
            std::io::stdout().lock().write_all(MANUAL.as_bytes())?;
            Ok(Outcome::Clean)
        }
    }
}

fn check(file: Option<&Path>, output: Output) -> anyhow::Result<Outcome> {
    let refusals = |settings: &config::Settings| {
        server::refusals(settings).iter().map(ToString::to_string).collect::<Vec<String>>()
    };
    let (settings, faults) = config::checked(file, refusals);
    let mut out = std::io::stdout().lock();
    for fault in &faults {
        tell(&mut out, fault, output)?;
    }
    let errors = faults.iter().filter(|fault| fault.error).count();
    if output == Output::Text {
        let read = file.map_or("no file of settings".to_owned(), |file| file.display().to_string());
        writeln!(out, "{read}: {errors} errors, {} warnings", faults.len() - errors)?;
    }
    drop(out);
    if settings.is_some() {
        show(file, output)?;
    }
    Ok(if errors > 0 { Outcome::Errors } else { Outcome::Clean })
}

fn tell(out: &mut impl Write, fault: &SettingFault, output: Output) -> anyhow::Result<()> {
    let severity = if fault.error { "error" } else { "warning" };
    if output == Output::Json {
        let line = json!({
            "severity": severity, "key": fault.key, "origin": origin(&fault.origin),
            "message": fault.what, "nextStep": fault.mend,
        });
        writeln!(out, "{line}")?;
        return Ok(());
    }
    let key = if fault.key.is_empty() { String::new() } else { format!("{}: ", fault.key) };
    writeln!(out, "{}: {severity}: {key}{}", fault.origin, fault.what)?;
    writeln!(out, "    {}", fault.mend)?;
    Ok(())
}

fn show(file: Option<&Path>, output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for Effective { key, value, origin: from } in config::effective(file) {
        match output {
            Output::Text => writeln!(out, "{key} = {value}  # {from}")?,
            Output::Json => {
                writeln!(out, "{}", json!({ "setting": key, "value": value, "origin": origin(&from) }))?;
            }
        }
    }
    Ok(())
}

fn origin(origin: &Origin) -> serde_json::Value {
    match origin {
        Origin::Default => json!({ "source": "default" }),
        Origin::File(path, line) => json!({ "source": "file", "file": path, "line": line }),
        Origin::Environment(name) => json!({ "source": "environment", "variable": name }),
    }
}
