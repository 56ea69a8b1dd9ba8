//! `/api/v1/findings`: what was found in a document, or about an item, a lot, a product, a place or a business transaction.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::formats::findings;
use crate::formats::findings::FindingForm;
use crate::formats::findings::SettledForm;
use crate::gs1::Epc;
use crate::reconcile::rulebook;
use crate::store::Store;
use crate::store::StoredFinding;

/// Lists findings, those of a document event by event, those about something from the newest on.
#[utoipa::path(get, path = "/api/v1/findings", tag = "Rules",
    params(("document" = Option<String>, Query, description = "Number of a document, from its capture job"),
        ("about" = Option<String>, Query,
            description = "EPC of an item, lot, product or place, in any form, or URI of a business transaction"),
        ("rule" = Option<String>, Query, description = "Those of one rule alone"),
        ("perPage" = Option<u32>, Query, description = "Findings on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of findings; `Link` names the next.", body = Vec<FindingForm>)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    store: Data<Store>,
    settings: Data<Settings>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let wrong = |detail: &str| Problem::new(Failure::QueryParameter, detail);
    let listing = paging::listing(request.query_string(), &["document", "about", "rule"], &settings)?;
    let begin: usize = match listing.token.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(begin)) => begin,
        Some(Err(_)) => return Err(wrong("nextPageToken is none of ours")),
    };
    let document = listing.value("document").map(str::parse::<i64>).transpose();
    let document =
        document.map_err(|_| wrong("document is the number of a document, from its capture job"))?;
    let about = listing.value("about").map(|about| Epc::parse(about).key());
    let rule = listing.value("rule").map(str::to_owned);
    let found = match (document, about) {
        (Some(document), None) => web::block(move || store.findings(&caller, document)).await??,
        (None, Some(about)) => web::block(move || store.findings_about(&caller, &about)).await??,
        _ => return Err(wrong("say which findings: by document=… or by about=…, one of them")),
    };
    let asked = |finding: &&StoredFinding| rule.as_ref().is_none_or(|rule| finding.rule == *rule);
    let mut rest = found.iter().filter(asked).skip(begin);
    let page: Vec<FindingForm<'_>> = rest.by_ref().take(listing.size).map(form).collect();
    let mut response = HttpResponse::Ok();
    if rest.next().is_some() {
        let token = (begin + listing.size).to_string();
        response.insert_header((LINK, paging::next(&request, &token)));
    }
    Ok(response.json(json!({ "findings": page })))
}

fn form(finding: &StoredFinding) -> FindingForm<'_> {
    let entry = rulebook::rule(&finding.rule);
    FindingForm {
        id: &finding.id,
        document: finding.document.to_string(),
        rule: &finding.rule,
        severity: finding.severity.as_str(),
        event: finding.event.map(|event| event + 1),
        objects: finding.objects.iter().map(Into::into).collect(),
        message: &finding.message,
        why: entry.map_or("", |entry| entry.why),
        mender: entry.map_or("", |entry| entry.mender),
        fix: entry.map_or("", |entry| entry.fix),
        help: entry.map(|entry| entry.page()),
        found_at: findings::time(finding.found_at),
        settled: finding.end.as_ref().map(|end| SettledForm {
            at: findings::time(end.at),
            by: end.by.map(|document| document.to_string()),
            why: &end.why,
        }),
    }
}
