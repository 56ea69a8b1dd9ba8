//! Invite: the page of a partner that was invited, and the reports on its test files; whoever has the link sees them.

use std::path::PathBuf;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::http::header::REFERRER_POLICY;
use actix_web::web;
use actix_web::web::Data;
use askama::Template;
use chrono::Utc;
use serde::Deserialize;

use crate::access::Caller;
use crate::access::Invitation;
use crate::access::InvitationToken;
use crate::dscsa::PartnerState;
use crate::dscsa::RuleOverrides;
use crate::dscsa::TradingPartner;
use crate::formats::partner_score::TrialLine;
use crate::formats::trial_report::TrialReport;
use crate::onboard;
use crate::reconcile::rulebook;
use crate::store::ChannelRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::ui::page;

/// Test files that the page lists.
const MOST_TESTS: i64 = 50;

/// Channels that the page names.
const MOST_CHANNELS: i64 = 50;

/// What is the same for every partner that is invited.
#[derive(Clone, Debug, Default)]
pub struct Welcome {
    /// Severities that the operator has set.
    pub overrides: RuleOverrides,
    /// Our name in messages; may be empty.
    pub name: String,
    /// Our GLN; empty where it is not set.
    pub own: String,
    /// Where partners reach us, without a slash at its end.
    pub address: String,
    /// How partners are brought on.
    pub settings: onboard::Settings,
    /// Certificates of ours that partners need.
    pub certificates: Vec<OwnCertificate>,
}

/// A certificate of ours, in a PEM file.
#[derive(Clone, Debug)]
pub struct OwnCertificate {
    /// Its name in links, such as `https.pem`.
    pub name: &'static str,
    /// What it is for.
    pub words: &'static str,
    /// The file.
    pub path: PathBuf,
}

/// Why a file was not judged.
#[derive(Debug, Deserialize)]
pub struct Asked {
    refused: Option<String>,
}

/// A line of what a partner has to know.
pub struct Fact {
    /// What it is.
    pub name: String,
    /// It.
    pub value: String,
}

struct Rule {
    id: &'static str,
    page: String,
    severity: String,
    title: &'static str,
}

#[derive(Template)]
#[template(path = "invite.html")]
struct InvitePage<'a> {
    name: String,
    here: String,
    address: &'a str,
    left: String,
    live: bool,
    refused: Option<&'static str>,
    tests: Vec<TrialLine>,
    delivery: Vec<Fact>,
    downloads: &'a [OwnCertificate],
    rules: Vec<Rule>,
}

/// The report on a test file.
#[derive(Template)]
#[template(path = "trial.html")]
pub struct TrialPage {
    /// The report.
    pub report: TrialReport,
    /// Where one goes back to; may be empty.
    pub back: String,
    /// What that is called.
    pub back_words: &'static str,
}

/// What the page is made of.
struct Seen {
    invitation: Invitation,
    partner: TradingPartner,
    state: PartnerState,
    tests: Vec<TrialLine>,
    channels: Vec<ChannelRecord>,
}

/// The page (`GET /invite/{token}`).
pub async fn show(
    token: web::Path<String>,
    asked: web::Query<Asked>,
    (store, welcome): (Data<Store>, Data<Welcome>),
) -> HttpResponse {
    let shown = token.clone();
    let seen = match web::block(move || seen(&store, &shown)).await {
        Ok(Ok(Ok(seen))) => seen,
        Ok(Ok(Err(why))) => return private(page::not_found(&why)),
        Ok(Err(error)) => return page::failed(&error),
        Err(error) => return page::failed(&error),
    };
    let left = seen.invitation.most.uploads.saturating_sub(seen.invitation.used.uploads);
    let expires = seen.invitation.expires.format("%Y-%m-%d");
    let most = welcome.settings.test_bytes >> 20;
    private(page::ok(&InvitePage {
        name: seen.partner.name.to_string(),
        here: format!("/invite/{token}"),
        address: &welcome.address,
        left: format!(
            "{left} more files may be tried until {expires}, each of up to {most} MiB uncompressed."
        ),
        live: seen.state == PartnerState::Live,
        refused: asked.refused.as_deref().map(words),
        delivery: delivery(&welcome, &seen),
        rules: rules(&welcome, &seen.partner),
        tests: seen.tests,
        downloads: &welcome.certificates,
    }))
}

/// The report on a file that was tried (`GET /invite/{token}/tests/{test}`).
pub async fn test(path: web::Path<(String, String)>, store: Data<Store>) -> HttpResponse {
    let (token, test) = path.into_inner();
    let back = format!("/invite/{token}");
    let found = web::block(move || match invited(&store, &token)? {
        Ok((_, partner)) => report(&store, &partner.id, &test).map(Ok),
        Err(why) => Ok(Err(why)),
    });
    match found.await {
        Ok(Ok(Ok(Some(report)))) => {
            private(page::ok(&TrialPage { report, back, back_words: "Try another file" }))
        }
        Ok(Ok(Ok(None))) => private(page::not_found("No such file was tried.")),
        Ok(Ok(Err(why))) => private(page::not_found(&why)),
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// A certificate of ours (`GET /invite/{token}/certificates/{name}`).
pub async fn certificate(
    path: web::Path<(String, String)>,
    (store, welcome): (Data<Store>, Data<Welcome>),
) -> HttpResponse {
    let found = web::block(move || {
        let (token, name) = path.into_inner();
        if let Err(why) = invited(&store, &token)? {
            return Ok(Err(why));
        }
        let own = welcome.certificates.iter().find(|own| own.name == name);
        let text = own.and_then(|own| std::fs::read_to_string(&own.path).ok());
        Ok::<_, StoreError>(match text.map(|text| certificates(&text)) {
            Some(text) if !text.is_empty() => Ok((name, text)),
            _ => Err("There is no certificate of this name.".to_owned()),
        })
    });
    match found.await {
        Ok(Ok(Ok((name, text)))) => {
            let kind = format!("attachment; filename=\"{name}\"");
            let mut response = HttpResponse::Ok();
            response.insert_header((CONTENT_DISPOSITION, kind));
            private(response.content_type("application/x-pem-file").body(text))
        }
        Ok(Ok(Err(why))) => private(page::not_found(&why)),
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// The report on a test file of a partner.
pub fn report(store: &Store, partner: &str, test: &str) -> Result<Option<TrialReport>, StoreError> {
    let kept = store.trial_report(&Caller::operator(), partner, test)?;
    let read =
        |text: String| serde_json::from_str(&text).map_err(|error| StoreError::Damaged(error.to_string()));
    kept.map(read).transpose()
}

/// The certificates in a PEM file, and nothing else that may be in it.
fn certificates(text: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in text.lines() {
        inside |= line.starts_with("-----BEGIN CERTIFICATE-----");
        if inside {
            kept += line;
            kept.push('\n');
        }
        inside &= !line.starts_with("-----END CERTIFICATE-----");
    }
    kept
}

/// A page whose address is a secret: no other page learns it.
fn private(mut response: HttpResponse) -> HttpResponse {
    let none = actix_web::http::header::HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(REFERRER_POLICY, none);
    response
}

type Refused<T> = Result<T, String>;

fn invited(store: &Store, token: &str) -> Result<Refused<(Invitation, TradingPartner)>, StoreError> {
    let unknown = || "There is no such invitation. Ask who sent it to you for a new one.".to_owned();
    let Some(token) = InvitationToken::parse(token) else { return Ok(Err(unknown())) };
    let Some(invitation) = store.invitation(&token)? else { return Ok(Err(unknown())) };
    if let Err(refusal) = invitation.admits(Utc::now()) {
        return Ok(Err(sentence(&refusal.to_string())));
    }
    let partner = store.partner(&Caller::operator(), &invitation.partner)?;
    Ok(partner.map(|partner| (invitation, partner)).ok_or_else(unknown))
}

fn seen(store: &Store, token: &str) -> Result<Refused<Seen>, StoreError> {
    let (invitation, partner) = match invited(store, token)? {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let caller = Caller::operator();
    let tests = store.trials(&caller, &partner.id, None, MOST_TESTS)?;
    Ok(Ok(Seen {
        state: store.partner_standing(&caller, &partner.id)?.state,
        channels: store.channels(&caller, Some(&partner.id), None, MOST_CHANNELS)?,
        tests: tests.iter().map(TrialLine::from).collect(),
        invitation,
        partner,
    }))
}

fn delivery(welcome: &Welcome, seen: &Seen) -> Vec<Fact> {
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let policy = &seen.partner.policy;
    let mut facts = Vec::new();
    if !welcome.name.is_empty() {
        facts.push(fact("To", welcome.name.clone()));
    }
    if !welcome.own.is_empty() {
        facts.push(fact("Our GLN, the receiver of your files", welcome.own.clone()));
    }
    facts.push(fact(
        "By HTTPS, with the API key that you have from us",
        format!("POST {}/epcis/capture", welcome.address),
    ));
    for record in &seen.channels {
        let state = if record.paused.is_some() { ", paused" } else { "" };
        facts.push(fact(
            &format!("Channel {}", record.channel.id),
            format!("{}{state}", record.channel.by.kind()),
        ));
    }
    facts.push(fact("Forms that we take", "EPCIS 1.0 to 1.2 and 2.0 XML, 2.0 JSON-LD".to_owned()));
    facts.push(fact(
        "What we send you",
        format!(
            "{}, {}, guideline {}",
            policy.form.as_str(),
            policy.identifiers.as_str(),
            policy.guideline.as_str()
        ),
    ));
    facts
}

/// The rules of documents and items as they are judged for a partner; those that are off are left out.
fn rules(welcome: &Welcome, partner: &TradingPartner) -> Vec<Rule> {
    let mut overrides = welcome.overrides.clone();
    overrides.agree(&partner.policy);
    let shown = |rule: rulebook::Entry| {
        let severity = overrides.severity_of(rule.id, rule.severity)?.to_owned();
        Some(Rule { id: rule.id, page: rule.page(), severity, title: rule.words() })
    };
    rulebook::rules().filter_map(shown).collect()
}

/// Why a file was not judged, by the word that the door gives.
fn words(refused: &str) -> &'static str {
    match refused {
        "large" => "It is larger than a test file may be.",
        "slow" => "It came too slowly. Try again, or send a smaller one.",
        "used-up" => "This invitation takes no more files. Ask who sent it to you for a new one.",
        "busy" => "Too many files are being judged at present. Try again in a moment.",
        _ => "No file arrived. Choose one and send it again.",
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_beside_a_certificate_stays_here() {
        let one = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nBB\n-----END PRIVATE KEY-----\n";
        assert_eq!(certificates(&format!("{key}{one}note\n{one}{key}")), format!("{one}{one}"));
        assert_eq!(certificates(key), "");
    }
}
