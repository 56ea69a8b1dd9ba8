//! `epcgate partner invite`, `live`, `score` and their kin: bringing partners on.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use chrono::Utc;
use serde::Serialize;

use crate::access::Caller;
use crate::access::Revocation;
use crate::cli::Outcome;
use crate::cli::Output;
use crate::config::Settings;
use crate::dscsa::Decision;
use crate::formats::invitations::InvitationForm;
use crate::formats::partner_score::PartnerCard;
use crate::onboard;
use crate::onboard::Bench;
use crate::onboard::Inviting;
use crate::onboard::OnboardError;
use crate::onboard::TestFile;
use crate::store::Store;
use crate::transport;

#[derive(clap::Subcommand)]
pub(super) enum Onboarding {
    /// Make a link by which a partner tries its files without an account, and show it, once
    #[command(
        after_help = "A GLN that no partner has becomes a new partner, which is being tested until `live` is said: its files are \
                        judged, and nothing in them is released. The link is not kept, only a digest of it."
    )]
    Invite {
        /// Its id or a GLN
        partner: String,
        /// Its name, where it is new
        #[arg(long)]
        name: Option<String>,
        /// Days that the link is good for [default: partners.invitation_days of the settings]
        #[arg(long)]
        days: Option<u32>,
        /// Files that may be tried with it
        #[arg(long)]
        uploads: Option<u64>,
        /// Bytes that may be tried with it
        #[arg(long)]
        bytes: Option<u64>,
        /// Who decides
        #[arg(long, default_value = "operator")]
        by: String,
    },
    /// List the invitations of a partner, the newest first
    Invitations {
        /// Its id or a GLN
        partner: String,
    },
    /// Take an invitation back
    Uninvite {
        /// Its id or a GLN
        partner: String,
        /// The invitation, as `invitations` names it
        invitation: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Who decides
        #[arg(long, default_value = "operator")]
        by: String,
    },
    /// Judge a file as one of this partner would be on arrival, and keep nothing of it
    Try {
        /// Its id or a GLN
        partner: String,
        /// The file
        file: PathBuf,
    },
    /// Let a partner go live: goods that its files name are released from now on
    Live {
        /// Its id or a GLN
        partner: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Who decides
        #[arg(long, default_value = "operator")]
        by: String,
    },
    /// Take a partner back to where its files are judged and nothing in them is released
    Pause {
        /// Its id or a GLN
        partner: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Who decides
        #[arg(long, default_value = "operator")]
        by: String,
    },
    /// Show whether a partner is live, its licences and certificates with their days left, and the last files each way
    Card {
        /// Its id or a GLN
        partner: String,
    },
    /// Show how well a partner's files fit: accepted first time, late, errors by rule, time to mend, week by week
    Score {
        /// Its id or a GLN
        partner: String,
        /// Weeks looked back [default: partners.score_weeks of the settings]
        #[arg(long)]
        weeks: Option<u32>,
    },
}

pub(super) fn run(
    action: &Onboarding,
    store: &Store,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<Outcome> {
    match carried_out(action, store, settings, output) {
        Err(error) => match error.downcast::<OnboardError>() {
            Ok(OnboardError::Store(error)) => Err(error.into()),
            Ok(refused) => {
                eprintln!("epcgate: {refused}");
                Ok(Outcome::Errors)
            }
            Err(error) => Err(error),
        },
        done => done,
    }
}

fn carried_out(
    action: &Onboarding,
    store: &Store,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<Outcome> {
    let (caller, now) = (Caller::operator(), Utc::now());
    let decision =
        |by: &str, reason: &str| Decision { who: by.to_owned(), when: now, why: reason.trim().to_owned() };
    match action {
        Onboarding::Invite { partner, name, days, uploads, bytes, by } => {
            let asked = Inviting {
                partner: partner.clone(),
                name: name.clone(),
                days: *days,
                uploads: *uploads,
                bytes: *bytes,
                by: by.clone(),
            };
            let random = transport::random().context("the system gives no random bytes")?;
            let made = onboard::invite(store, &caller, &asked, &settings.partners, (&random, now))?;
            let link = format!("{}{}", settings.public_address(), made.path());
            show_invitation(&onboard::shown(&made.invitation, Some(link), now), output)?;
        }
        Onboarding::Invitations { partner } => {
            let partner = onboard::find(store, &caller, partner)?;
            for invitation in store.invitations(&caller, &partner.id)? {
                show_invitation(&onboard::shown(&invitation, None, now), output)?;
            }
        }
        Onboarding::Uninvite { partner, invitation, reason, by } => {
            let partner = onboard::find(store, &caller, partner)?;
            let revoked = Revocation { at: now, by: by.clone(), why: reason.clone() };
            let Some(done) = store.revoke_invitation(&caller, (&partner.id, invitation), &revoked)? else {
                eprintln!("epcgate: there is no invitation {invitation} of partner {}", partner.id);
                return Ok(Outcome::Errors);
            };
            show_invitation(&onboard::shown(&done, None, now), output)?;
        }
        Onboarding::Try { partner, file } => return tried(store, settings, (partner, file), output),
        Onboarding::Live { partner, reason, by } => {
            let changed = onboard::go_live(store, &caller, partner, &decision(by, reason))?;
            eprintln!("epcgate: {partner} {} live", if changed { "is now" } else { "was" });
        }
        Onboarding::Pause { partner, reason, by } => {
            let changed = onboard::pause(store, &caller, partner, &decision(by, reason))?;
            eprintln!("epcgate: {partner} {} tested", if changed { "is now being" } else { "was being" });
        }
        Onboarding::Card { partner } => {
            let partner = onboard::find(store, &caller, partner)?;
            show_card(&onboard::card(store, &caller, partner)?.form(now), output)?;
        }
        Onboarding::Score { partner, weeks } => {
            let partner = onboard::find(store, &caller, partner)?;
            let weeks = weeks.unwrap_or(settings.partners.score_weeks);
            let score = onboard::score(store, &caller, &partner, (weeks, now))?;
            print(&score, onboard::score_text, output)?;
        }
    }
    Ok(Outcome::Clean)
}

fn tried(
    store: &Store,
    settings: &Settings,
    (partner, path): (&str, &Path),
    output: Output,
) -> anyhow::Result<Outcome> {
    let caller = Caller::operator();
    let partner = onboard::find(store, &caller, partner)?;
    let standing = store.partner_standing(&caller, &partner.id)?;
    let policy = settings.policy()?;
    let bench = Bench {
        partner: &partner,
        standing: &standing,
        overrides: &policy.overrides,
        own: &settings.exceptions.gln,
        most_bytes: u64::MAX,
    };
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let report = bench.judge(TestFile { name, file }, "", Utc::now())?;
    print(&report, onboard::report_text, output)?;
    Ok(if report.ready { Outcome::Clean } else { Outcome::Errors })
}

fn print<T: Serialize>(shown: &T, text: fn(&T) -> String, output: Output) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match output {
        Output::Text => write!(out, "{}", text(shown))?,
        Output::Json => writeln!(out, "{}", serde_json::to_string(shown)?)?,
    }
    Ok(())
}

fn show_invitation(shown: &InvitationForm, output: Output) -> anyhow::Result<()> {
    print(shown, invitation_text, output)
}

fn invitation_text(shown: &InvitationForm) -> String {
    let InvitationForm { id, partner, state, expires, uploads, most_uploads, bytes, most_bytes, .. } = shown;
    let mut text = format!(
        "{id}  {partner}  {state} until {expires}, {uploads} of {most_uploads} files, {bytes} of {most_bytes} bytes\n"
    );
    if let Some(link) = &shown.link {
        text += &format!("\n{link}\n\nThis is the link for the partner, shown this once.\n");
    }
    text
}

fn show_card(card: &PartnerCard, output: Output) -> anyhow::Result<()> {
    print(card, card_text, output)
}

fn card_text(card: &PartnerCard) -> String {
    let mut text = format!("{}  {}  {}\n", card.partner, card.name, card.state);
    if let Some(since) = &card.since {
        text += &format!("  since {since} by {}  {}\n", card.by, card.why);
    }
    for licence in &card.licences {
        let until = licence.valid_until.as_deref().unwrap_or("no end");
        let left = licence.days_left.map(|days| format!(", {days} days left")).unwrap_or_default();
        text += &format!("  licence {} {} until {until}{left}\n", licence.authority, licence.number);
    }
    for certificate in &card.certificates {
        text += &format!(
            "  certificate {} {} {} until {}, {} days left\n",
            certificate.purpose,
            certificate.subject,
            certificate.state,
            certificate.valid_until,
            certificate.days_left
        );
    }
    for (word, at) in [("last file from it", &card.last_from), ("last file for it ", &card.last_to)] {
        text += &format!("  {word}  {}\n", at.as_deref().unwrap_or("none"));
    }
    for test in &card.tests {
        text += &format!("  test {}  {}  {}  {}\n", test.at, test.grade, test.form, test.name);
    }
    text
}
