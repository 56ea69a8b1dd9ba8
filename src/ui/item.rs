//! Item: the life of one object as a picture and as a table, what it was in, and what is held against it.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::web;
use actix_web::web::Data;
use askama::Template;

use crate::access::Caller;
use crate::dscsa::HoldKind;
use crate::dscsa::KnownProduct;
use crate::dscsa::ProductField;
use crate::dscsa::verification::AdditionalInfo;
use crate::dscsa::verification::Direction;
use crate::dscsa::verification::FailureReason;
use crate::dscsa::verification::VerificationRecord;
use crate::export::custody;
use crate::export::custody::FindingForm;
use crate::export::custody::ItemForm;
use crate::formats::holds::HoldForm;
use crate::gs1::Epc;
use crate::gs1::Scan;
use crate::gs1::digital_link::CANONICAL_HOST;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::CustodyError;
use crate::reconcile::custody::How;
use crate::reconcile::custody::Life;
use crate::reconcile::custody::Party;
use crate::reconcile::custody::State;
use crate::reconcile::custody::Step;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::VerificationFilter;
use crate::ui::page;

/// Where the items are.
const ITEMS: &str = "/items/";

/// The picture has styles of its own, and is opened without anything else that a browser could run.
const PICTURE: &str =
    "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-top-navigation-by-user-activation";

/// Verifications that the page shows.
const MOST_QUESTIONS: i64 = 50;

/// The page.
#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage {
    notices: Vec<Notice>,
    findings: Vec<FindingForm>,
    title: String,
    product: String,
    facts: Vec<Fact>,
    rows: Vec<Row>,
    stays: Vec<Stay>,
    questions: Vec<Asked>,
    picture: String,
}

/// Why it must not be used or moved.
struct Notice {
    /// It must not be used, as opposed to waiting.
    stop: bool,
    title: &'static str,
    why: String,
    what: String,
}

/// What is known of it now.
struct Fact {
    name: &'static str,
    value: String,
    page: Option<String>,
}

/// A line of its life: an event, or a gap before one.
enum Row {
    Event(Event),
    Gap(String),
}

struct Event {
    day: String,
    time: String,
    says: String,
    party: String,
    place: String,
    within: String,
    how: &'static str,
    wrong: bool,
    documents: Vec<i64>,
}

/// A time that it spent in a container.
struct Stay {
    container: String,
    code: String,
    page: Option<String>,
    from: String,
    until: Option<String>,
}

enum Told {
    Page(Box<ItemPage>),
    Picture(String),
}

/// A question about it, and what came of that.
struct Asked {
    at: String,
    who: String,
    said: String,
    meant: String,
}

/// Path of the page of an object; `None` where its identifier is not one of GS1's.
pub fn path(epc: &Epc) -> Option<String> {
    let key = epc.key();
    let key = key.strip_prefix('/')?;
    Some(format!("{ITEMS}{key}"))
}

/// The page of an object, or its picture alone where the query says `picture` (`GET /items/{key}`).
pub async fn show(request: HttpRequest, caller: Caller, store: Data<Store>) -> HttpResponse {
    let path = request.uri().path();
    let Some(epc) = path.strip_prefix(ITEMS).and_then(named) else {
        return page::not_found("The address names no package, case or logistic unit. Scan it instead.");
    };
    let picture = request.query_string() == "picture";
    let told = web::block(move || told(&store, &caller, &epc, picture)).await;
    match told {
        Ok(Ok(Told::Page(told))) => page::ok(&*told),
        Ok(Ok(Told::Picture(picture))) => HttpResponse::Ok()
            .insert_header((CONTENT_SECURITY_POLICY, PICTURE))
            .content_type("image/svg+xml")
            .body(picture),
        Ok(Err(error @ CustodyError::TooLong(_))) => page::not_found(&error.to_string()),
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

fn named(key: &str) -> Option<Epc> {
    let uri = match key.starts_with(|first: char| first.is_ascii_digit()) {
        true => format!("{CANONICAL_HOST}/{key}"),
        false => crate::gs1::unescape(key),
    };
    Scan::parse(&uri).ok().map(|scan| scan.epc().clone())
}

fn told(store: &Store, caller: &Caller, epc: &Epc, picture: bool) -> Result<Told, CustodyError> {
    let custody = Custody::of(store, caller, epc, i64::MAX)?;
    if picture {
        return Ok(Told::Picture(custody::svg(&custody)));
    }
    let product = epc.gtin().map(|gtin| store.product(caller, gtin)).transpose()?.flatten();
    let item = ItemForm::gather(store, caller, &custody)?;
    Ok(Told::Page(Box::new(ItemPage {
        title: custody::readable(epc),
        product: product.as_ref().map(product_name).unwrap_or_default(),
        facts: facts(&custody),
        rows: rows(&custody),
        stays: stays(&custody),
        questions: questions(store, caller, epc)?,
        picture: path(epc).map(|path| format!("{path}?picture")).unwrap_or_default(),
        notices: item.holds.iter().map(notice).collect(),
        findings: item.open_findings,
    })))
}

/// `Lumarexin 10 mg tablet, Alder Point Therapeutics`, as much of it as is known.
fn product_name(known: &KnownProduct) -> String {
    let product = &known.product;
    let value = |field: ProductField| product.value(field).map(|value| value.to_string());
    let name = value(ProductField::ProprietaryName).or_else(|| value(ProductField::EstablishedName));
    let form = value(ProductField::DosageForm).map(|form| form.to_lowercase());
    let what: Vec<String> = [name, value(ProductField::Strength), form].into_iter().flatten().collect();
    let maker = value(ProductField::Manufacturer);
    [Some(what.join(" ")).filter(|what| !what.is_empty()), maker]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

fn notice(hold: &HoldForm) -> Notice {
    let title = match HoldKind::parse(hold.kind) {
        Some(HoldKind::Recall) => "Recalled",
        Some(HoldKind::Suspect) => "Suspect",
        Some(HoldKind::Illegitimate) => "Illegitimate",
        Some(HoldKind::Hold) | None => "On hold",
    };
    let opened = hold.opened.at.get(..16).unwrap_or(&hold.opened.at).replace('T', " ");
    Notice {
        stop: title != "On hold",
        title,
        why: capital(&hold.opened.reason),
        what: format!("{}, by {}, {opened} UTC", capital(&hold.concerns), hold.opened.by),
    }
}

fn facts(custody: &Custody) -> Vec<Fact> {
    let state = State::of(custody);
    let plain =
        |name: &'static str, value: Option<String>| value.map(|value| Fact { name, value, page: None });
    let holder = state.holder.as_ref().and_then(|known| custody.parties.get(known.value));
    let mut facts: Vec<Fact> = [
        plain("State", state.life.as_ref().map(|known| life(&known.value))),
        plain("With", holder.map(|party| party.title().to_owned())),
        plain("Lot", state.lot.map(|known| known.value)),
        plain("Expires", state.expiry.map(|known| known.value)),
    ]
    .into_iter()
    .flatten()
    .collect();
    facts.extend(state.parents.iter().map(|known| Fact {
        name: "Inside",
        value: capital(&custody::short(&known.value)),
        page: path(&known.value),
    }));
    facts
}

/// The last verifications of a package, the newest first.
fn questions(store: &Store, caller: &Caller, epc: &Epc) -> Result<Vec<Asked>, StoreError> {
    let (Some(gtin), Some(serial)) = (epc.gtin(), epc.serial()) else { return Ok(Vec::new()) };
    let serial = Some(serial.into_owned());
    let filter = VerificationFilter { gtin: Some(gtin), serial, ..VerificationFilter::default() };
    let records = store.verifications(caller, &filter, None, MOST_QUESTIONS)?;
    Ok(records.iter().map(asked).collect())
}

fn asked(record: &VerificationRecord) -> Asked {
    let name = |gln: &str| if gln.is_empty() { "somebody".to_owned() } else { gln.to_owned() };
    let said = match &record.answer {
        None => "no answer".to_owned(),
        Some(answer) => {
            let words =
                [answer.reason().map(FailureReason::as_str), answer.info().map(AdditionalInfo::as_str)];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            let matches = if answer.verified() { "matches" } else { "does not match" };
            [matches].into_iter().chain(words).collect::<Vec<_>>().join(", ").replace('_', " ")
        }
    };
    Asked {
        at: record.at.format("%Y-%m-%d %H:%M UTC").to_string(),
        who: match record.direction {
            Direction::Asked => format!("we asked {}", name(&record.responder)),
            Direction::Answered => format!("{} asked us", name(&record.requester)),
        },
        said,
        meant: record.verdict.map(|verdict| verdict.to_string()).unwrap_or_default(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Where it stands in its life, in words.
fn life(life: &Life) -> String {
    match life {
        Life::Seen => "Seen, but nobody says that it was made".to_owned(),
        Life::Active => "In circulation".to_owned(),
        Life::InTransit => "On its way".to_owned(),
        Life::Received => "Received".to_owned(),
        Life::Ended(word) => format!("Ended: {}", word.replace('_', " ")),
    }
}

fn rows(custody: &Custody) -> Vec<Row> {
    let gaps = |before: Option<usize>| {
        let gaps = custody.gaps.iter().filter(move |gap| gap.before == before);
        gaps.map(|gap| Row::Gap(gap.message.clone()))
    };
    let mut rows = Vec::new();
    for (at, step) in custody.steps.iter().enumerate() {
        rows.extend(gaps(Some(at)));
        rows.push(Row::Event(event(custody, step)));
    }
    rows.extend(gaps(None));
    rows
}

fn event(custody: &Custody, step: &Step) -> Event {
    let (moment, offset) = custody::local_time(step);
    let (day, time) = moment.split_once(' ').unwrap_or((&moment, ""));
    let party = step.party.and_then(|party| custody.parties.get(party));
    let within: Vec<String> = step.within.iter().map(custody::short).collect();
    Event {
        day: day.to_owned(),
        time: format!("{time} UTC{offset}"),
        says: custody::sentence(custody, step),
        party: party.map(Party::title).unwrap_or_default().to_owned(),
        place: step.place.as_ref().map(custody::readable).unwrap_or_default(),
        within: within.join(" in "),
        how: match step.how {
            How::Scanned => "scanned",
            How::Inferred => "inferred from its container",
            How::DataOnly => "told by another party",
        },
        wrong: step.wrong.is_some(),
        documents: step.documents.clone(),
    }
}

/// Each container it was in, from the first event that has it there to the first that has it no longer there.
fn stays(custody: &Custody) -> Vec<Stay> {
    let mut open: Vec<(Epc, String)> = Vec::new();
    let mut stays = Vec::new();
    let stay = |container: &Epc, from: String, until: Option<String>| Stay {
        container: capital(&custody::short(container)),
        code: custody::readable(container),
        page: path(container),
        from,
        until,
    };
    for step in custody.steps.iter().filter(|step| step.wrong.is_none()) {
        let (moment, _) = custody::local_time(step);
        let (inside, left): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(container, _)| step.within.contains(container));
        stays.extend(left.into_iter().map(|(container, from)| stay(&container, from, Some(moment.clone()))));
        open = inside;
        for container in &step.within {
            if !open.iter().any(|(own, _)| own == container) {
                open.push((container.clone(), moment.clone()));
            }
        }
    }
    stays.extend(open.into_iter().map(|(container, from)| stay(&container, from, None)));
    stays
}
