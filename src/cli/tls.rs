//! `epcgate tls`: certificates of this gateway by an authority of its own, and those of partners' machines.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use chrono::SecondsFormat;
use chrono::Utc;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use crate::access::Caller;
use crate::access::Fingerprint;
use crate::access::OPERATOR;
use crate::access::PinnedCertificate;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::server::authority;

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
    /// Make a certificate for this gateway, by an authority of its own that is made the first time
    #[command(
        after_help = "Writes authority.pem, authority.key, server.pem and server.key; the keys for their owner alone. Devices \
                      install authority.pem once: the gateway shows it at /authority. Run it again within a year, as browsers \
                      take no certificate that is good for longer."
    )]
    Make {
        /// Names and addresses by which the gateway is called
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// The folder of the files
        #[arg(long, value_name = "DIR", default_value = "epcgate-tls")]
        into: PathBuf,
    },
    /// Let a partner's machine in by its certificate; a partner may have several, so that the old and the new overlap
    Pin {
        /// Id of the partner
        #[arg(long, value_name = "ID")]
        partner: String,
        /// PEM file of the certificate
        file: PathBuf,
    },
    /// List certificates of partners
    Pins {
        /// Those of this partner alone
        #[arg(long, value_name = "ID")]
        partner: Option<String>,
    },
    /// Take certificates back; they let nobody in from then on
    Unpin {
        /// Their SHA-256, as `pins` shows it
        #[arg(required = true, value_name = "SHA-256", value_parser = fingerprint)]
        fingerprints: Vec<Fingerprint>,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    match &arguments.action {
        Action::Make { names, into } => make(into, names, arguments.output),
        Action::Pin { partner, file } => pin(arguments, partner, file),
        Action::Pins { partner } => pins(arguments, partner.as_deref()),
        Action::Unpin { fingerprints } => unpin(arguments, fingerprints),
    }
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    Fingerprint::parse(text).ok_or_else(|| "64 hexadecimal digits, with or without colons".to_owned())
}

fn make(into: &Path, names: &[String], output: Output) -> anyhow::Result<Outcome> {
    let made = authority::make(into, names, Utc::now())?;
    let mut out = std::io::stdout().lock();
    let (authority, certificate, key) =
        (made.authority.display(), made.certificate.display(), made.key.display());
    if output == Output::Json {
        let told = json!({
            "authority": authority.to_string(), "fingerprint": made.fingerprint.to_string(), "kept": made.kept,
            "certificate": certificate.to_string(), "key": key.to_string(),
        });
        writeln!(out, "{told}")?;
        return Ok(Outcome::Clean);
    }
    let word = if made.kept { "kept" } else { "made" };
    writeln!(out, "authority {word}: {authority}, SHA-256 {}", made.fingerprint)?;
    writeln!(out, "certificate for {}: {certificate}\n", names.join(", "))?;
    writeln!(out, "[tls]\ncertificate = {:?}\nkey = {:?}", certificate.to_string(), key.to_string())?;
    writeln!(out, "authority = {:?}\n", authority.to_string())?;
    writeln!(out, "Devices install the authority from the gateway's page /authority.")?;
    Ok(Outcome::Clean)
}

fn pin(arguments: &Arguments, partner: &str, file: &Path) -> anyhow::Result<Outcome> {
    let pem = std::fs::read(file).with_context(|| file.display().to_string())?;
    let certificate = CertificateDer::from_pem_slice(&pem)
        .map_err(|error| anyhow::anyhow!("{}: it is no certificate in PEM form: {error}", file.display()))?;
    let pin = PinnedCertificate {
        fingerprint: Fingerprint::of(&certificate),
        partner: partner.to_owned(),
        pinned_at: Utc::now(),
        pinned_by: OPERATOR.to_owned(),
    };
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    if let Err(conflict) = store.pin_certificate(&Caller::operator(), &pin)? {
        eprintln!("epcgate: {conflict}");
        return Ok(Outcome::Errors);
    }
    show(&mut std::io::stdout().lock(), &pin, arguments.output)?;
    Ok(Outcome::Clean)
}

fn pins(arguments: &Arguments, partner: Option<&str>) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    let mut out = std::io::stdout().lock();
    for pin in store.pinned_certificates(&Caller::operator(), partner)? {
        show(&mut out, &pin, arguments.output)?;
    }
    Ok(Outcome::Clean)
}

fn show(out: &mut impl Write, pin: &PinnedCertificate, output: Output) -> anyhow::Result<()> {
    let at = pin.pinned_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    match output {
        Output::Text => writeln!(out, "{}  {}  since {at}", pin.fingerprint, pin.partner)?,
        Output::Json => {
            let told = json!({
                "fingerprint": pin.fingerprint.to_string(), "partner": pin.partner, "pinnedAt": at,
                "pinnedBy": pin.pinned_by,
            });
            writeln!(out, "{told}")?;
        }
    }
    Ok(())
}

fn unpin(arguments: &Arguments, fingerprints: &[Fingerprint]) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let store = arguments.database.open(&settings)?;
    let mut outcome = Outcome::Clean;
    for fingerprint in fingerprints {
        if !store.unpin_certificate(&Caller::operator(), *fingerprint, (OPERATOR, Utc::now()))? {
            eprintln!("epcgate: there is no certificate {fingerprint}");
            outcome = Outcome::Errors;
        }
    }
    Ok(outcome)
}
