//! The resolver: a question about a package is sent on to who answers it (LMS 1.1; GS1 Digital Link). Nothing flows through it.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::NaiveDate;
use chrono::Utc;

use crate::access::Caller;
use crate::api::address;
use crate::api::discovery;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::dscsa::verification::NoRoute;
use crate::dscsa::verification::choose;
use crate::formats::verification::CONNECTIVITY;
use crate::gs1::Gtin;
use crate::gs1::ScannedDate;
use crate::store::Store;
use crate::verify::Verifier;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(discovery::resource("/gtin/{rest:.+}", "OPTIONS, GET").route(web::get().to(resolve)));
}

/// Redirects (307) to who answers for a product, by its GTIN, expiry (`exp`) and `context`; with `checkConnectivity=true` to its
/// connectivity test.
#[utoipa::path(get, path = "/gtin/{rest}", tag = "Verification",
    params(("rest" = String, Path, description = "`{gtin}/lot/{lot}/ser/{ser}`, percent-encoded."),
        ("exp" = Option<String>, Query, description = "Expiry, `YYMMDD`."), ("context" = Option<String>, Query),
        ("checkConnectivity" = Option<bool>, Query)),
    responses((status = 307, description = "Who answers is at `Location`.")))]
pub async fn resolve(
    request: HttpRequest,
    (store, verifier): (Data<Store>, Data<Verifier>),
) -> Result<HttpResponse, Problem> {
    let pairs = paging::pairs(request.query_string())?;
    let value = |name: &str| pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
    let path = request.uri().path().to_owned();
    let digits = path.split('/').nth(2).and_then(address::decode).unwrap_or_default();
    let gtin = Gtin::parse(&digits)
        .map_err(|fault| Problem::new(Failure::Validation, format!("the GTIN in the path {fault}")))?;
    let expiry = match value("exp") {
        None => None,
        Some(text) => {
            let date = ScannedDate::new(&text);
            let rule = "exp is six digits, YYMMDD, the day 00 where the label names the month alone";
            Some(date.ok_or_else(|| Problem::new(Failure::QueryParameter, rule))?)
        }
    };
    let connectivity = value("checkConnectivity").is_some_and(|value| value == "true");
    let query = request.query_string();
    if verifier.is_own(gtin) {
        return Ok(elsewhere("/vrs", gtin, (&path, query), connectivity));
    }
    let context = value("context").unwrap_or_else(|| verifier.settings().context.clone());
    let today = Utc::now().date_naive();
    let day: Option<NaiveDate> = expiry.as_ref().and_then(|expiry| expiry.date(today));
    let records = web::block(move || store.directory_of(&Caller::operator(), gtin)).await??;
    let mut chosen = choose(&records, gtin, day, &context);
    // A connectivity test need not say an expiry, so that any record will do.
    let any =
        records.iter().find(|record| record.active && record.scope.covers(gtin) && !record.url.is_empty());
    if let (true, None, Some(any)) = (connectivity, &expiry, any) {
        chosen = chosen.or(Ok(any));
    }
    let record = chosen.map_err(|none| nobody(gtin, &none))?;
    if record.url.is_empty() {
        let detail = format!("who answers for GTIN {gtin} is asked by people alone: {}", record.contact);
        return Err(Problem::new(Failure::NoSuchName, detail));
    }
    Ok(elsewhere(&record.url, gtin, (&path, query), connectivity))
}

/// The same question at this base address.
fn elsewhere(base: &str, gtin: Gtin, (path, query): (&str, &str), connectivity: bool) -> HttpResponse {
    let location = match connectivity {
        true => {
            format!("{base}{CONNECTIVITY}?gtin={gtin}&{}", without(query, &["gtin", "checkConnectivity"]))
        }
        false => format!("{base}/verify{path}?{query}"),
    };
    HttpResponse::TemporaryRedirect()
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .finish()
}

fn nobody(gtin: Gtin, none: &NoRoute) -> Problem {
    let (why, contact) = match none {
        NoRoute::Unknown => ("it may be missing in the directory", None),
        NoRoute::Expiry(contact) => ("the directory has it, but not for this expiry", Some(contact)),
        NoRoute::Context(contact) => ("the directory has it, but not for this context", Some(contact)),
        NoRoute::Inactive(contact) => ("its record in the directory is switched off", Some(contact)),
    };
    let ask = match contact.filter(|contact| !contact.is_empty()) {
        Some(contact) => format!("ask its maker: {contact}"),
        None => "ask its maker, and the provider of the directory".to_owned(),
    };
    Problem::new(Failure::NoSuchName, format!("nobody is known who answers for GTIN {gtin}: {why}; {ask}"))
}

/// A query without these parameters, as sent.
fn without(query: &str, names: &[&str]) -> String {
    let kept = query.split('&').filter(|pair| !names.contains(&pair.split('=').next().unwrap_or_default()));
    kept.collect::<Vec<&str>>().join("&")
}
