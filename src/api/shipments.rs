//! Shipments: `/api/v1/shipments`, and which of them are still expected.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use serde_json::json;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::formats::shipments::ShipmentDetailForm;
use crate::formats::shipments::ShipmentForm;
use crate::formats::shipments::ShippedUnitForm;
use crate::reconcile::receipt;
use crate::reconcile::receipt::ExpectedPage;
use crate::store::ShipmentFilter;
use crate::store::ShippedUnit;
use crate::store::Store;

/// Lists shipments from the newest on; those of which no receipt was closed have a clock.
#[utoipa::path(get, path = "/api/v1/shipments", tag = "Receiving",
    params(("state" = Option<String>, Query, description = "`expected`: those of which no receipt was closed; `all`"),
        ("order" = Option<String>, Query, description = "Purchase order or despatch advice, number or URI"),
        ("partner" = Option<String>, Query, description = "GLN-13 of seller or buyer"),
        ("perPage" = Option<u32>, Query, description = "Shipments looked at for a page; `state` leaves some out"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "A page of shipments; `Link` names the next.", body = Object)))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
    receiving: Data<receipt::Settings>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &["state", "order", "partner"], &settings)?;
    let wrong = |detail: &str| Problem::new(Failure::QueryParameter, detail);
    let open = match listing.value("state") {
        None | Some("all") => false,
        Some("expected") => true,
        Some(_) => return Err(wrong("state is expected or all")),
    };
    let before = listing.token.as_deref().map(place).transpose();
    let before = before.map_err(|()| wrong("nextPageToken is none of ours"))?;
    let text = |name: &str| listing.value(name).map(str::to_owned);
    let filter =
        ShipmentFilter { order: text("order"), partner: text("partner"), ..ShipmentFilter::default() };
    let limit = i64::try_from(listing.size).unwrap_or(i64::MAX);
    let found =
        web::block(move || receipt::expected(&store, &caller, &filter, (before, limit), &receiving.clocks()));
    let ExpectedPage { shipments, next } = found.await??;
    let mut response = HttpResponse::Ok();
    if let Some((time, id)) = next {
        response.insert_header((LINK, paging::next(&request, &format!("{time}.{id}"))));
    }
    let now = Utc::now();
    let wanted = shipments.iter().filter(|found| !open || found.deadlines.is_some());
    let shown: Vec<ShipmentForm> = wanted.map(|found| found.form(now)).collect();
    Ok(response.json(json!({ "shipments": shown })))
}

/// One shipment with a page of its units.
#[utoipa::path(get, path = "/api/v1/shipments/{id}", tag = "Receiving",
    params(("id" = i64, Path, description = "From the list of shipments"),
        ("perPage" = Option<u32>, Query, description = "Units on a page"),
        ("nextPageToken" = Option<String>, Query, description = "From the `Link` header of the page before")),
    responses((status = 200, description = "The shipment; `Link` names the next page of its units.",
        body = ShipmentDetailForm)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    (store, settings): (Data<Store>, Data<Settings>),
    receiving: Data<receipt::Settings>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let listing = paging::listing(request.query_string(), &[], &settings)?;
    let unknown = || Problem::new(Failure::NoSuchName, "there is no shipment of this number");
    let id: i64 = id.parse().map_err(|_| unknown())?;
    let (size, after) = (listing.size, listing.token);
    let found = web::block(move || match receipt::expected_one(&store, &caller, id, &receiving.clocks())? {
        Some(found) => Ok(Some((found, store.shipment_units(&caller, id, after.as_deref(), size + 1)?))),
        None => Ok::<_, Problem>(None),
    });
    let (found, units) = found.await??.ok_or_else(unknown)?;
    let mut response = HttpResponse::Ok();
    if let Some(last) = units.get(size - 1).filter(|_| units.len() > size) {
        response.insert_header((LINK, paging::next(&request, &last.key)));
    }
    Ok(response.json(ShipmentDetailForm {
        shipment: found.form(Utc::now()),
        document: format!("/api/v1/documents/{}", found.shipment.document),
        roots: found.shipment.roots,
        page: units.into_iter().take(size).map(unit).collect(),
    }))
}

fn unit(unit: ShippedUnit) -> ShippedUnitForm {
    let (lot, expiry) = unit.lot.map(|lot| (lot.lot, lot.expiry)).unwrap_or_default();
    ShippedUnitForm { key: unit.key, parent: unit.parent, lot, expiry }
}

fn place(token: &str) -> Result<(i64, i64), ()> {
    let (time, id) = token.split_once('.').ok_or(())?;
    Ok((time.parse().map_err(|_| ())?, id.parse().map_err(|_| ())?))
}
