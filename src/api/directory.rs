//! The lookup directory: `/api/v1/directory`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::SecondsFormat;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::discovery;
use crate::api::import;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::paging::Listing;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::dscsa::verification::DirectoryRecord;
use crate::formats::Defects;
use crate::formats::directory;
use crate::formats::directory::RecordForm;
use crate::gs1::Gtin;
use crate::store::DirectoryEntry;
use crate::store::DirectoryFilter;
use crate::store::Store;
use crate::store::StoreError;
use crate::verify::DirectoryCheck;
use crate::verify::DirectoryFinding;
use crate::verify::Verifier;

/// Records fetched at one time.
const PAGE: i64 = 1_000;
/// Findings that one answer holds.
const MOST_FINDINGS: usize = 1_000;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/directory", "OPTIONS, GET, POST")
                .route(web::get().to(list))
                .route(web::post().to(import)),
        )
        .service(discovery::resource("/directory/export", "OPTIONS, GET").route(web::get().to(export)))
        .service(discovery::resource("/directory/check", "OPTIONS, GET").route(web::get().to(check)))
        .service(
            discovery::resource("/directory/{id:.+}", "OPTIONS, DELETE").route(web::delete().to(remove)),
        );
}

/// Imports records from JSON (`{"records": [...]}`) or CSV: all or, where one is wrong or two are for the same packages, none.
#[utoipa::path(post, path = "/api/v1/directory", tag = "Verification",
    params(("replace" = Option<bool>, Query, description = "Remove what the sources had and do not have any more.")),
    request_body(content(("application/json"), ("text/csv"))),
    responses((status = 200, description = "How many were added, changed and unchanged, and warnings.", body = Object)))]
pub async fn import(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (store, limits, settings): (Data<Store>, Data<Limits>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let replace = match paging::listing(request.query_string(), &["replace"], &settings)?.value("replace") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::new(Failure::QueryParameter, "replace takes true or false")),
    };
    let (syntax, bytes) = import::body(payload, request.headers(), &limits).await?;
    let work = web::block(move || {
        let mut defects = Defects::new(false);
        let file = directory::read(&*bytes, syntax, &mut defects);
        import::refuse_errors(&defects)?;
        match store.put_directory(&caller, (&file.records, replace), Utc::now())? {
            Ok(done) => {
                for id in &done.older {
                    defects.add(file.older(id));
                }
                Ok((done.imported, defects))
            }
            Err(conflict) => {
                defects.add(file.kept(conflict.record, &conflict.other));
                Err(import::refuse_errors(&defects).err().unwrap_or_else(absent))
            }
        }
    });
    let (imported, defects) = work.await??;
    Ok(import::done(imported, &defects))
}

/// Lists records in the order of their names, each with how it was when it was last tried.
#[utoipa::path(get, path = "/api/v1/directory", tag = "Verification",
    params(("gtin" = Option<String>, Query, description = "Those that concern this product, by itself or by its company."),
        ("provider" = Option<String>, Query), ("source" = Option<String>, Query),
        ("healthy" = Option<bool>, Query, description = "Those that answered when they were last tried, or did not."),
        ("perPage" = Option<u32>, Query), ("nextPageToken" = Option<String>, Query)),
    responses((status = 200, description = "A page of records.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let names = ["gtin", "provider", "source", "healthy"];
    let listing = paging::listing(request.query_string(), &names, &settings)?;
    let filter = filter(&listing)?;
    let (size, after) = (listing.size, listing.token);
    let most = i64::try_from(size + 1).unwrap_or(i64::MAX);
    let found = web::block(move || store.directory(&caller, &filter, after.as_deref(), most)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = size.checked_sub(1).and_then(|last| found.get(last)).filter(|_| found.len() > size) {
        response.insert_header((LINK, paging::next(&request, &last.record.id())));
    }
    let shown: Vec<Value> = found.iter().take(size).map(shown).collect();
    Ok(response.json(json!({ "records": shown })))
}

/// Every record, in the form in which records are imported.
#[utoipa::path(get, path = "/api/v1/directory/export", tag = "Verification",
    params(("format" = Option<String>, Query, description = "`csv` (the default) or `json`.")),
    responses((status = 200, description = "The directory.",
        content((String = "text/csv"), (Object = "application/json")))))]
pub async fn export(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    let listing = paging::listing(request.query_string(), &["format"], &settings)?;
    let csv = match listing.value("format") {
        None | Some("csv") => true,
        Some("json") => false,
        Some(_) => return Err(Problem::new(Failure::QueryParameter, "format takes csv or json")),
    };
    let written = web::block(move || {
        let mut records: Vec<Result<DirectoryRecord, StoreError>> = Vec::new();
        each(&store, &caller, |entry| records.push(Ok(entry.record)))?;
        let mut text = Vec::new();
        match csv {
            true => directory::write_csv::<StoreError>(&mut text, records)?,
            false => directory::write_json::<StoreError>(&mut text, records)?,
        }
        Ok::<_, StoreError>(text)
    });
    let kind = if csv { "text/csv; charset=utf-8" } else { "application/json" };
    Ok(HttpResponse::Ok().content_type(kind).body(written.await??))
}

/// What in the directory will make questions fail, and what to do about it.
#[utoipa::path(get, path = "/api/v1/directory/check", tag = "Verification",
    responses((status = 200, description = "How many records there are, and what is wrong with them.", body = Object)))]
pub async fn check(
    request: HttpRequest,
    caller: Caller,
    (store, verifier): (Data<Store>, Data<Verifier>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let looked = web::block(move || {
        let mut checking = DirectoryCheck::new(verifier.settings());
        let (mut records, mut found) = (0_u64, Vec::new());
        each(&store, &caller, |entry| {
            records += 1;
            found.extend(checking.look(&entry));
        })?;
        Ok::<_, StoreError>((records, found))
    });
    let (records, found) = looked.await??;
    let errors = found.iter().filter(|finding| finding.error).count();
    let shown: Vec<Value> = found.iter().take(MOST_FINDINGS).map(finding).collect();
    Ok(HttpResponse::Ok().json(json!({
        "records": records, "errors": errors, "warnings": found.len() - errors, "findings": shown,
    })))
}

/// Removes a record.
#[utoipa::path(delete, path = "/api/v1/directory/{id}", tag = "Verification",
    params(("id" = String, Path)),
    responses((status = 204, description = "It is removed.")))]
pub async fn remove(
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    match web::block(move || store.remove_directory_record(&caller, &id, Utc::now())).await?? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(absent()),
    }
}

fn absent() -> Problem {
    Problem::new(Failure::NoSuchName, "there is no record of this name")
}

fn filter(listing: &Listing) -> Result<DirectoryFilter, Problem> {
    let gtin = listing.value("gtin").map(Gtin::parse).transpose();
    let gtin = gtin.map_err(|fault| Problem::new(Failure::QueryParameter, format!("gtin: {fault}")))?;
    let sound = match listing.value("healthy") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Problem::new(Failure::QueryParameter, "healthy takes true or false")),
    };
    let text = |name: &str| listing.value(name).map(str::to_owned);
    Ok(DirectoryFilter { gtin, provider: text("provider"), source: text("source"), sound })
}

/// Hands over every record, page by page.
fn each(store: &Store, caller: &Caller, mut take: impl FnMut(DirectoryEntry)) -> Result<(), StoreError> {
    let (filter, mut after) = (DirectoryFilter::default(), None::<String>);
    loop {
        let page = store.directory(caller, &filter, after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.record.id());
        page.into_iter().for_each(&mut take);
    }
}

fn shown(entry: &DirectoryEntry) -> Value {
    let mut record = serde_json::to_value(RecordForm::from(&entry.record)).unwrap_or_default();
    if let (Some(health), Some(members)) = (&entry.health, record.as_object_mut()) {
        let time = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let said = json!({
            "healthy": health.probe.sound, "at": time(health.probe.at), "said": health.probe.said,
            "failures": health.failures, "lastHealthy": health.last_sound.map(time),
        });
        members.insert("health".to_owned(), said);
    }
    record
}

fn finding(finding: &DirectoryFinding) -> Value {
    let severity = if finding.error { "error" } else { "warning" };
    json!({
        "record": finding.record, "severity": severity, "message": finding.message, "nextStep": finding.next_step,
    })
}
