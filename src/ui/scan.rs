//! Scan: one field, and the verdict on what it is given.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::error::InternalError;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::FormConfig;
use askama::Template;
use chrono::Utc;
use serde::Deserialize;

use crate::access::Caller;
use crate::access::Permission;
use crate::gs1::Scan;
use crate::store::Store;
use crate::ui::label::Label;
use crate::ui::page;
use crate::ui::verdict::Checked;
use crate::ui::verdict::Given;
use crate::ui::visit::Visit;
use crate::verify::Verifier;

/// Bytes that a scan may have on its way here; a Digital Link with everything in it has fewer than a thousand.
const MOST_BYTES: usize = 16 * 1024;

/// What the form sends. A page without scripts sends `code` alone.
#[derive(Debug, Deserialize)]
pub struct Sent {
    code: String,
    #[serde(default)]
    keys: String,
    #[serde(default)]
    caps: String,
    #[serde(default)]
    part: String,
}

/// The page.
#[derive(Template)]
#[template(path = "scan.html")]
struct ScanPage {
    checked: Option<Checked>,
    form_token: String,
}

/// The first page of who checks no packages.
#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    actor: &'a str,
    form_token: String,
}

/// The verdict alone.
#[derive(Template)]
#[template(path = "verdict.html")]
struct VerdictPart<'a> {
    checked: &'a Checked,
}

/// What a scan says, while it is typed.
#[derive(Template)]
#[template(path = "reading.html")]
struct ReadingPart {
    label: Label,
    problem: Option<String>,
}

/// How forms are taken.
pub fn form() -> FormConfig {
    FormConfig::default().limit(MOST_BYTES).error_handler(|error, _: &HttpRequest| {
        let text = "What was sent is not a scan, or is too long for one. Scan the package again.";
        let response = page::unreadable(text);
        InternalError::from_response(error, response).into()
    })
}

/// The page, waiting for a scan (`GET /`).
pub async fn home(caller: Caller, visit: Visit) -> HttpResponse {
    if !caller.may(Permission::Check) {
        return page::ok(&HomePage { actor: caller.actor(), form_token: visit.form_token });
    }
    page::ok(&ScanPage { checked: None, form_token: visit.form_token })
}

/// The verdict on a scan (`POST /scan`): a page, or the verdict alone where the form says `part=verdict`.
pub async fn check(
    caller: Caller,
    visit: Visit,
    verifier: Data<Verifier>,
    sent: web::Form<Sent>,
) -> HttpResponse {
    let sent = sent.into_inner();
    let given = Given { text: text(&sent.code), fast: sent.keys == "fast", caps_lock: sent.caps == "on" };
    match Checked::of((&verifier, &caller), &given, Utc::now()).await {
        Ok(checked) if sent.part == "verdict" => page::ok(&VerdictPart { checked: &checked }),
        Ok(checked) => page::ok(&ScanPage { checked: Some(checked), form_token: visit.form_token }),
        Err(error) => page::failed(&error),
    }
}

/// `pending` while nobody has answered a question, `done` from then on (`GET /scan/pending/{id}`).
pub async fn pending(caller: Caller, store: Data<Store>, id: web::Path<String>) -> HttpResponse {
    let asked = web::block(move || store.pending(&caller, &id)).await;
    match asked {
        Ok(Ok(asked)) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(if asked.is_some() { "pending" } else { "done" }),
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// What a scan says so far (`POST /scan/reading`).
pub async fn reading(sent: web::Form<Sent>) -> HttpResponse {
    let today = Utc::now().date_naive();
    page::ok(&match Scan::parse(&text(&sent.code)) {
        Ok(scan) => ReadingPart { label: Label::of(&scan, today), problem: None },
        Err(fault) => ReadingPart { label: Label::default(), problem: Some(fault.diagnosis().problem) },
    })
}

/// What the scanner sent: the field shows GS by its symbol, as it would drop the character.
fn text(code: &str) -> String {
    code.replace('\u{241d}', "\u{1d}")
}
