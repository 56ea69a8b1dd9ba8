//! Products: `/api/v1/products`.

use std::io::Seek;
use std::io::SeekFrom;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::address;
use crate::api::body::Incoming;
use crate::api::finding::Finding;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::dscsa::ProductKey;
use crate::dscsa::ProductSource;
use crate::formats::products::CatalogueForm;
use crate::formats::products::CatalogueReader;
use crate::formats::products::ImportReport;
use crate::formats::products::RowFault;
use crate::formats::products::to_json;
use crate::gs1::Gln;
use crate::store::ProductFilter;
use crate::store::Store;
use crate::store::StoreError;

/// Bytes of one catalogue; the FDA's whole directory is a tenth of it.
const MOST_BYTES: u64 = 512 << 20;

/// Lists products by GTIN; `search` finds names and numbers, `source` those of which a source says something.
#[utoipa::path(get, path = "/api/v1/products", tag = "Products",
    params(
        ("search" = Option<String>, Query, description = "What names, manufacturer, GTIN or NDC hold"),
        ("source" = Option<String>, Query, description = "`operator`, `partner:GLN`, `document:ID` or `fda-ndc`"),
        ("perPage" = Option<u32>, Query, description = "Products on a page"),
        ("nextPageToken" = Option<String>, Query, description = "As `Link` has it")),
    responses((status = 200, description = "`products`, each with its values and their origins.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["search", "source"], &settings)?;
    let text = |name: &str| listing.value(name).unwrap_or_default().to_owned();
    let filter = ProductFilter { search: text("search"), source: text("source") };
    let (size, after) = (listing.size, listing.token);
    let page = web::block(move || store.products(&caller, &filter, after.as_deref(), size)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(next) = &page.next {
        response.insert_header((LINK, paging::next(&request, next)));
    }
    let shown: Vec<_> = page.products.iter().map(to_json).collect();
    Ok(response.json(json!({ "products": shown })))
}

/// The products that a GTIN, an NDC in any form, an EPC or a Digital Link means; several where an NDC has several.
#[utoipa::path(get, path = "/api/v1/products/{product}", tag = "Products",
    params(("product" = String, Path, description = "A GTIN, an NDC in any form, an EPC or a Digital Link")),
    responses((status = 200, description = "`products`, each with its values and their origins.", body = Object)))]
pub async fn show(request: HttpRequest, caller: Caller, store: Data<Store>) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked = address::identifier(&request, "/products/")?;
    let key = ProductKey::parse(&asked)
        .map_err(|error| Problem::new(Failure::NoSuchName, format!("{error}; nor is it a GTIN")))?;
    let found = web::block(move || store.find_products(&caller, &key)).await??;
    if found.is_empty() {
        let detail = "no catalogue, document or directory of this gateway says anything of it";
        return Err(Problem::new(Failure::NoSuchName, detail));
    }
    let shown: Vec<_> = found.iter().map(to_json).collect();
    Ok(HttpResponse::Ok().json(json!({ "products": shown })))
}

/// Imports a catalogue: CSV, JSON, or `product.txt` or `package.txt` of the FDA's NDC directory. Rows with faults are left
/// out and told; the same file again changes nothing.
#[utoipa::path(post, path = "/api/v1/products", tag = "Products",
    params(
        ("form" = Option<String>, Query, description = "`csv`, `json` or `fda-ndc`; else told by the first line"),
        ("partner" = Option<String>, Query, description = "GLN of the partner whose catalogue it is; else it is yours"),
        ("name" = Option<String>, Query, description = "What the file is called, for the origin of each value")),
    request_body(content((String = "text/csv"), (Object = "application/json"),
        (String = "text/tab-separated-values"))),
    responses((status = 200, description = "How many were added, changed, unchanged and refused, and why.",
        body = Object)))]
pub async fn import(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (store, settings, limits): (Data<Store>, Data<Settings>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let told = paging::listing(request.query_string(), &["form", "partner", "name"], &settings)?;
    let wrong = |detail: String| Problem::new(Failure::QueryParameter, detail);
    let form = told.value("form").map(|name| {
        CatalogueForm::parse(name).ok_or_else(|| wrong(format!("form {name:?} is not csv, json or fda-ndc")))
    });
    let form = form.transpose()?;
    let source = match told.value("partner").map(Gln::parse).transpose() {
        Ok(Some(gln)) => ProductSource::Partner(gln.as_str().into()),
        Ok(None) => ProductSource::Operator,
        Err(malformed) => return Err(wrong(format!("partner {malformed}"))),
    };
    let place: String = told.value("name").unwrap_or("sent over HTTP").chars().take(200).collect();
    let most = limits.document_bytes.min(MOST_BYTES);
    let file = Incoming::new(payload, request.headers(), &limits)?.drain(most, tempfile::tempfile).await?;
    let report = web::block(move || -> Result<Result<ImportReport, RowFault>, StoreError> {
        let mut file = file;
        file.seek(SeekFrom::Start(0))?;
        let mut reader = match CatalogueReader::open(file, form) {
            Ok(reader) => reader,
            Err(fault) => return Ok(Err(fault)),
        };
        let mut report = store.import_products(&caller, (&source, &place), &mut reader, Utc::now())?;
        report.ignored = reader.ignored();
        Ok(Ok(report))
    });
    match report.await?? {
        Ok(report) => Ok(HttpResponse::Ok().json(report.to_json())),
        Err(fault) => Err(unreadable(&fault)),
    }
}

/// The answer to a file of which nothing can be taken.
fn unreadable(fault: &RowFault) -> Problem {
    let finding = Finding {
        rule: fault.rule.to_owned(),
        line: Some(fault.line),
        column: Some(1),
        fix: fault.fix.to_owned(),
        ..Finding::default()
    };
    Problem::at(Failure::Validation, &fault.message, finding)
}
