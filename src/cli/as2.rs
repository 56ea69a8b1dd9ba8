//! `epcgate as2`: our keys for AS2, channels by it, partners' certificates, and receipts as evidence.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;

use crate::access::Caller;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::database;
use crate::exchange::as2::identities;
use crate::formats::instant;
use crate::store::Store;
use crate::transport::Channel;
use crate::transport::PartnerChannel;
use crate::transport::as2::Compression;
use crate::transport::as2::Described;
use crate::transport::as2::Identity;
use crate::transport::as2::Pinned;
use crate::transport::as2::Receipts;
use crate::transport::as2::Sending;
use crate::transport::as2::Settings;

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
    /// Make a key of ours and its certificate, in one file that only its owner may read; print the certificate for partners
    #[command(after_help = "Name the file under as2.identities of the settings. Example:\n  \
        certificate 'Acme Wholesale' --to as2.pem > acme.crt")]
    Certificate {
        /// Whose it is, as partners see it
        name: String,
        /// The file, which must not exist
        #[arg(long, value_name = "FILE", default_value = "as2.pem")]
        to: PathBuf,
        /// Days it is valid for
        #[arg(long, default_value_t = 1_095)]
        days: u32,
    },
    /// Print our certificate for partners: the one that signs, or that with this SHA-256
    Export {
        /// SHA-256 of the certificate, as `list` shows it
        #[arg(default_value = "")]
        fingerprint: String,
    },
    /// List our certificates, and those of partners by channel, with the end of each
    List,
    /// Keep a channel: signed, encrypted, with signed receipts, unless said otherwise
    Add(Box<Added>),
    /// Add a partner's new certificate to a channel; signatures by those it has stay good until their end
    #[command(after_help = "Example, for a partner that changes over at the new year:\n  \
        import acme new.crt --from 2027-01-01 --old-until 2027-02-01")]
    Import {
        /// The channel
        channel: String,
        /// The certificate, in PEM or DER form
        file: PathBuf,
        /// From when on it is used: a date (its beginning in UTC), or a time with its offset [default: at once]
        #[arg(long, value_name = "MOMENT", value_parser = instant::parse)]
        from: Option<DateTime<Utc>>,
        /// Until when those it has are used [default: until their end]
        #[arg(long, value_name = "MOMENT", value_parser = instant::parse)]
        old_until: Option<DateTime<Utc>>,
        /// It only signs: nothing is encrypted for it
        #[arg(long)]
        signs_only: bool,
    },
    /// Print the receipt that a partner gave for a delivery, as it came
    Receipt {
        /// The delivery, as `epcgate outbox list` shows it
        delivery: String,
    },
}

#[derive(clap::Args)]
struct Added {
    /// Its name
    id: String,
    /// The id of the partner
    #[arg(long, default_value = "")]
    partner: String,
    /// Our AS2 name
    #[arg(long)]
    our_name: String,
    /// The partner's AS2 name
    #[arg(long)]
    partner_name: String,
    /// Where messages to it are sent [default: none are]
    #[arg(long, default_value = "")]
    url: String,
    /// Its certificate, in PEM or DER form; may be given again
    #[arg(long, value_name = "FILE", required = true)]
    certificate: Vec<PathBuf>,
    /// Compress what is sent, before it is signed
    #[arg(long)]
    compress: bool,
    /// It gives receipts on connections of its own (as2.receipt_url)
    #[arg(long)]
    receipts_async: bool,
    /// Where receipts are sent that it wants on connections of their own
    #[arg(long, default_value = "")]
    receipt_url: String,
}

/// A certificate as shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// The channel, or `ours`.
    of: String,
    #[serde(flatten)]
    described: Described,
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    until: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let open = || arguments.database.open(&settings);
    match &arguments.action {
        Action::Certificate { name, to, days } => certificate(name, to, *days),
        Action::Export { fingerprint } => {
            let identities = identities(&settings.as2)?;
            print(&Identity::choose(&identities, fingerprint)?.public_pem()?)
        }
        Action::List => {
            for identity in identities(&settings.as2)? {
                let described = identity.describe()?;
                let (from, until) = (String::new(), String::new());
                show(&Shown { of: "ours".to_owned(), described, from, until }, arguments.output)?;
            }
            list(&open()?, arguments.output)
        }
        Action::Add(added) => add(&open()?, added),
        Action::Import { channel, file, from, old_until, signs_only } => {
            let moment = |moment: &Option<DateTime<Utc>>| {
                moment.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
            };
            let pinned = Pinned { from: moment(from), signs_only: *signs_only, ..read(file)? };
            import(&open()?, channel, pinned, &moment(old_until))
        }
        Action::Receipt { delivery } => {
            let message = open()?.as2_message(&Caller::operator(), delivery)?;
            let Some(receipt) = message.and_then(|message| message.receipt) else {
                eprintln!("epcgate: there is no receipt for the delivery {delivery}");
                return Ok(Outcome::Errors);
            };
            std::io::stdout().lock().write_all(&receipt.bytes)?;
            Ok(Outcome::Clean)
        }
    }
}

fn print(text: &str) -> anyhow::Result<Outcome> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Outcome::Clean)
}

fn certificate(name: &str, to: &Path, days: u32) -> anyhow::Result<Outcome> {
    let made = Identity::make(name, days, Utc::now())?;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut file = file.with_context(|| format!("{} cannot be made", to.display()))?;
    file.write_all(made.as_bytes())?;
    file.sync_all()?;
    eprintln!("epcgate: key and certificate are in {}; add it to as2.identities", to.display());
    print(&Identity::from_pem(made.as_bytes())?.public_pem()?)
}

fn read(path: &Path) -> anyhow::Result<Pinned> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Pinned::read(&bytes).with_context(|| path.display().to_string())
}

fn add(store: &Store, added: &Added) -> anyhow::Result<Outcome> {
    let certificates = added.certificate.iter().map(|path| read(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let settings = Settings {
        our_name: added.our_name.clone(),
        partner_name: added.partner_name.clone(),
        url: added.url.clone(),
        certificates,
        receipt_url: added.receipt_url.clone(),
        sending: Sending {
            compression: if added.compress { Compression::BeforeSigning } else { Compression::None },
            receipts: if added.receipts_async { Receipts::Async } else { Receipts::Sync },
            ..Sending::default()
        },
        ..Settings::default()
    };
    let (id, partner) = (added.id.clone(), added.partner.clone());
    let channel = PartnerChannel { id, partner, by: Channel::As2(settings), carries: Vec::new() };
    channel.check()?;
    let new = store.put_channel(&Caller::operator(), &channel, Utc::now())?;
    eprintln!("epcgate: the channel {} is {}", channel.id, if new { "kept" } else { "replaced" });
    Ok(Outcome::Clean)
}

fn import(store: &Store, id: &str, pinned: Pinned, old_until: &str) -> anyhow::Result<Outcome> {
    let found = store.channel(&Caller::operator(), id)?.map(|record| record.channel);
    let Some(mut channel) = found else {
        eprintln!("epcgate: there is no channel {id}");
        return Ok(Outcome::Errors);
    };
    let Channel::As2(settings) = &mut channel.by else {
        eprintln!("epcgate: the channel {id} is not by AS2");
        return Ok(Outcome::Errors);
    };
    settings.certificates.retain(|one| one.certificate != pinned.certificate);
    for old in settings.certificates.iter_mut().filter(|_| !old_until.is_empty()) {
        old.until = old_until.to_owned();
    }
    settings.certificates.push(pinned);
    channel.check()?;
    store.put_channel(&Caller::operator(), &channel, Utc::now())?;
    Ok(Outcome::Clean)
}

fn list(store: &Store, output: Output) -> anyhow::Result<Outcome> {
    let mut after: Option<String> = None;
    loop {
        let channels = store.channels(&Caller::operator(), None, after.as_deref(), PAGE)?;
        let Some(last) = channels.last() else { return Ok(Outcome::Clean) };
        after = Some(last.channel.id.clone());
        for record in &channels {
            let Channel::As2(settings) = &record.channel.by else { continue };
            for pinned in &settings.certificates {
                let (from, until) = (pinned.from.clone(), pinned.until.clone());
                let described = pinned.describe()?;
                show(&Shown { of: record.channel.id.clone(), described, from, until }, output)?;
            }
        }
    }
}

fn show(shown: &Shown, output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string(shown)?)?;
        return Ok(());
    }
    let Described { fingerprint, subject, key, valid_until, .. } = &shown.described;
    let left = DateTime::parse_from_rfc3339(valid_until)?.to_utc() - Utc::now();
    writeln!(out, "{}  {subject}  {key}", shown.of)?;
    writeln!(out, "    {fingerprint}")?;
    writeln!(out, "    valid until {valid_until} ({} days left)", left.num_days())?;
    for (word, moment) in [("used from", &shown.from), ("used until", &shown.until)] {
        if !moment.is_empty() {
            writeln!(out, "    {word} {moment}")?;
        }
    }
    Ok(())
}
