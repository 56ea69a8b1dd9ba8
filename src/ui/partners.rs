//! Partners: their list, and the page of each with its card, its score, and the button by which it goes live.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use askama::Template;
use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;

use crate::access::Caller;
use crate::dscsa::CertificatePurpose;
use crate::dscsa::Decision;
use crate::dscsa::days_covered;
use crate::formats::partner_score::PartnerCard;
use crate::formats::partner_score::PartnerScore;
use crate::gs1::escape;
use crate::onboard;
use crate::onboard::Card;
use crate::onboard::OnboardError;
use crate::store::Store;
use crate::store::StoreError;
use crate::ui::invite;
use crate::ui::invite::Fact;
use crate::ui::invite::TrialPage;
use crate::ui::invite::Welcome;
use crate::ui::page;
use crate::ui::sparkline;
use crate::ui::visit::Visit;

/// Partners on a page.
const PAGE: u32 = 100;

/// Channels that a partner's page names.
const MOST_CHANNELS: i64 = 50;

/// Where the list goes on.
#[derive(Debug, Deserialize)]
pub struct Place {
    after: Option<String>,
}

/// Why a partner goes live.
#[derive(Debug, Deserialize)]
pub struct Why {
    #[serde(default)]
    reason: String,
}

#[derive(Template)]
#[template(path = "partners.html")]
struct PartnersPage {
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    id: String,
    page: String,
    name: String,
    state: &'static str,
    certificates: String,
    last_from: String,
    last_to: String,
    test: String,
}

#[derive(Template)]
#[template(path = "partner.html")]
struct PartnerPage {
    title: String,
    form_token: String,
    page: String,
    may_manage: bool,
    card: PartnerCard,
    facts: Vec<Fact>,
    figures: Vec<Fact>,
    score: PartnerScore,
    sparkline: String,
}

/// The list (`GET /partners`).
pub async fn list(caller: Caller, place: web::Query<Place>, store: Data<Store>) -> HttpResponse {
    let after = place.into_inner().after;
    let found = web::block(move || {
        let partners = store.partners(&caller, after.as_deref(), PAGE + 1)?;
        let more = partners.len() > PAGE as usize;
        let cards = partners.into_iter().take(PAGE as usize);
        let cards = cards.map(|partner| onboard::card(&store, &caller, partner));
        Ok::<_, StoreError>((cards.collect::<Result<Vec<Card>, StoreError>>()?, more))
    });
    let (cards, more) = match found.await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return page::failed(&error),
        Err(error) => return page::failed(&error),
    };
    let now = Utc::now();
    let last = cards.last().filter(|_| more);
    page::ok(&PartnersPage {
        next: last.map(|card| format!("/partners?after={}", escape(&card.partner.id))),
        rows: cards.iter().map(|card| row(card, now)).collect(),
    })
}

/// One partner (`GET /partners/{id}`).
pub async fn show(
    caller: Caller,
    visit: Visit,
    id: web::Path<String>,
    (store, welcome): (Data<Store>, Data<Welcome>),
) -> HttpResponse {
    let found = web::block(move || partner_page(&store, &caller, &id, &welcome));
    match found.await {
        Ok(Ok(shown)) => page::ok(&PartnerPage { form_token: visit.form_token, ..shown }),
        Ok(Err(OnboardError::NoPartner(_))) => page::not_found("There is no partner of this id."),
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// The report on a test file of a partner (`GET /partners/{id}/tests/{test}`).
pub async fn test(caller: Caller, path: web::Path<(String, String)>, store: Data<Store>) -> HttpResponse {
    let (id, test) = path.into_inner();
    let back = place(&id);
    let found = web::block(move || {
        let partner = onboard::find(&store, &caller, &id)?;
        Ok::<_, OnboardError>(invite::report(&store, &partner.id, &test)?)
    });
    match found.await {
        Ok(Ok(Some(report))) => page::ok(&TrialPage { report, back, back_words: "Back to the partner" }),
        Ok(Ok(None) | Err(OnboardError::NoPartner(_))) => page::not_found("No such file was tried."),
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// Lets a partner go live (`POST /partners/{id}/live`), and shows its page again.
pub async fn live(
    caller: Caller,
    id: web::Path<String>,
    why: web::Form<Why>,
    store: Data<Store>,
) -> HttpResponse {
    let back = place(&id);
    let done = web::block(move || {
        let why = why.into_inner().reason.trim().to_owned();
        let decision = Decision { who: caller.actor().to_owned(), when: Utc::now(), why };
        onboard::go_live(&store, &caller, &id, &decision)
    });
    match done.await {
        Ok(Ok(_)) => HttpResponse::SeeOther().insert_header((LOCATION, back)).finish(),
        Ok(Err(OnboardError::NoPartner(_))) => page::not_found("There is no partner of this id."),
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

fn partner_page(
    store: &Store,
    caller: &Caller,
    id: &str,
    welcome: &Welcome,
) -> Result<PartnerPage, OnboardError> {
    let now = Utc::now();
    let partner = onboard::find(store, caller, id)?;
    let channels = store.channels(caller, Some(&partner.id), None, MOST_CHANNELS)?;
    let score = onboard::score(store, caller, &partner, (welcome.settings.score_weeks, now))?;
    let card = onboard::card(store, caller, partner)?;
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let policy = &card.partner.policy;
    let shown = card.form(now);
    let or_none = |at: &Option<String>| at.clone().unwrap_or_else(|| "none".to_owned());
    let mut facts = vec![
        fact(
            "Wants",
            format!(
                "{}, {}, {}",
                policy.form.as_str(),
                policy.identifiers.as_str(),
                policy.guideline.as_str()
            ),
        ),
        fact("Last file from it", or_none(&shown.last_from)),
        fact("Last file for it", or_none(&shown.last_to)),
    ];
    if let (Some(since), by) = (&shown.since, &shown.by) {
        facts.insert(0, fact("Decided", format!("{since} by {by}")));
    }
    for gln in &card.partner.glns {
        facts.push(fact(&format!("GLN, {}", gln.role.as_str()), gln.sent.to_string()));
    }
    for record in &channels {
        facts.push(fact(&format!("Channel {}", record.channel.id), record.channel.by.kind().to_owned()));
    }
    for contact in &card.partner.contacts {
        let ways = contact.email.iter().chain(&contact.phone).map(|way| way.to_string());
        let matter = if contact.matter.is_empty() { "everything" } else { &contact.matter };
        let said = std::iter::once(contact.name.to_string()).chain(ways).filter(|text| !text.is_empty());
        facts.push(fact(&format!("Contact for {matter}"), said.collect::<Vec<_>>().join(", ")));
    }
    let title = if card.partner.name.is_empty() { &card.partner.id } else { &card.partner.name };
    Ok(PartnerPage {
        form_token: String::new(),
        title: title.to_string(),
        page: place(&card.partner.id),
        may_manage: caller.may(crate::access::Permission::ManagePartners),
        figures: figures(&score),
        sparkline: sparkline::accepted(&score.weeks),
        card: shown,
        facts,
        score,
    })
}

fn figures(score: &PartnerScore) -> Vec<Fact> {
    let percent =
        |share: Option<f64>| share.map_or_else(|| "no data".to_owned(), |share| format!("{share}%"));
    let hours = |hours: Option<f64>| hours.map_or_else(|| "no data".to_owned(), |hours| format!("{hours} h"));
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    vec![
        fact("Accepted first time", format!("{} of {} files", percent(score.accepted_percent), score.files)),
        fact("Late data", format!("{} of {} shipments", percent(score.late_percent), score.shipments)),
        fact("From shipping to data, median", hours(score.median_hours)),
        fact("Mean time to mend", hours(score.mean_hours_to_mend)),
        fact("Cases", format!("{}, {} open", score.cases, score.open_cases)),
    ]
}

fn row(card: &Card, now: DateTime<Utc>) -> Row {
    let day = |at: Option<DateTime<Utc>>| {
        at.map_or_else(|| "none".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
    };
    let partner = &card.partner;
    let certificates = CertificatePurpose::ALL.into_iter().filter_map(|purpose| {
        let any = card.certificates.iter().any(|certificate| certificate.purpose == purpose);
        let days = days_covered(&card.certificates, purpose, now);
        let words = days.map_or_else(|| "none valid".to_owned(), |days| format!("{days} days left"));
        any.then(|| format!("{}: {words}", purpose.as_str()))
    });
    let certificates = certificates.collect::<Vec<_>>().join(", ");
    Row {
        id: partner.id.to_string(),
        page: place(&partner.id),
        name: if partner.name.is_empty() { partner.id.to_string() } else { partner.name.to_string() },
        state: card.standing.state.as_str(),
        certificates: if certificates.is_empty() { "none kept".to_owned() } else { certificates },
        last_from: day(card.last.from),
        last_to: day(card.last.to),
        test: card.tests.first().map_or_else(|| "none".to_owned(), |test| format!("grade {}", test.grade)),
    }
}

fn place(id: &str) -> String {
    format!("/partners/{}", escape(id))
}
