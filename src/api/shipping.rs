//! `POST /api/v1/shipments`: the file for the next owner, written from what was captured, and captured itself.

use std::io::Write;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use chrono::Utc;
use serde::Deserialize;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::capture::JOBS;
use crate::api::events;
use crate::api::json_body;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture;
use crate::capture::CaptureError;
use crate::capture::Limits;
use crate::capture::Queue;
use crate::capture::Wish;
use crate::dscsa::Decision;
use crate::dscsa::DocumentForm;
use crate::dscsa::GuidelineRelease;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::epcis::EventTime;
use crate::epcis::ZoneOffset;
use crate::exchange;
use crate::export;
use crate::export::shipment;
use crate::export::shipment::ShipmentRequest;
use crate::gs1::Epc;
use crate::store::Store;

/// What is to be shipped, by whom, to whom.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The number of the shipment: its despatch advice.
    number: String,
    /// The buyer's purchase order.
    order: Option<String>,
    /// What lies open on the truck: EPCs of logistic units, cases, packages.
    epcs: Vec<String>,
    /// Who owns it: 13 digits of a GLN, or an SGLN.
    seller: String,
    /// Who owns it then.
    buyer: String,
    /// From where; the seller where it is left out.
    ship_from: Option<String>,
    /// To where; the buyer where it is left out.
    ship_to: Option<String>,
    /// When, with the local offset; now where it is left out.
    time: Option<String>,
    /// `R1.2` or `R1.3`; what was agreed with the buyer where it is left out, else R1.2.
    release: Option<String>,
    /// `xml-1.2`, `xml-2.0` or `json-ld`; what was agreed with the buyer where it is left out, else `xml-1.2`.
    form: Option<String>,
    /// Why held or recalled items leave all the same; without it they are refused. It is written to the audit trail.
    despite_holds: Option<String>,
    /// Who decides that.
    by: Option<String>,
}

/// Writes and captures the file of a shipment; the same number again gives the same file.
#[utoipa::path(post, path = "/api/v1/shipments", tag = "DSCSA", request_body = Asked,
    responses((status = 201, description = "The file, in the form that the buyer wants; `Location` names the job that captured it.",
        content((String = "application/xml"), (Object = "application/ld+json"))),
        (status = 200, description = "The file of this number as it was written before.",
        content((String = "application/xml"), (Object = "application/ld+json")))))]
pub async fn post(
    (request, caller): (HttpRequest, Caller),
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
    (settings, policy): (Data<Settings>, Data<export::Settings>),
    queue: Data<Queue>,
) -> Result<HttpResponse, Problem> {
    let asked: Asked = json_body::read(payload, request.headers(), &limits).await?;
    let asked = asked.request(&caller)?;
    let (writing, shipping) = (store.clone(), caller);
    let written = web::block(move || {
        let file = shipment::write(&writing, &shipping, &asked, &policy)?;
        let job = if file.earlier { None } else { Some(take(&writing, &shipping, &file.bytes)?) };
        exchange::offer_shipment(&writing, &shipping, (&asked, &file), Utc::now())?;
        Ok::<_, Problem>((file, job))
    });
    let (file, job) = written.await??;
    let Some(job) = job else {
        return Ok(HttpResponse::Ok().content_type(file.media_type).body(file.bytes));
    };
    queue.ring();
    let id = job.id.clone();
    events::finished(job, &store, std::time::Duration::from_secs(settings.event_seconds)).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("{JOBS}{id}")));
    Ok(response.content_type(file.media_type).body(file.bytes))
}

fn take(store: &Store, caller: &Caller, bytes: &[u8]) -> Result<CaptureJob, CaptureError> {
    let mut receiving = store.receive(Utc::now())?;
    receiving.write_all(bytes).map_err(crate::store::StoreError::from)?;
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
    let received = receiving.finish()?;
    Ok(capture::accept(store, caller, received, wish, Utc::now())?.job)
}

impl Asked {
    fn request(self, caller: &Caller) -> Result<ShipmentRequest, Problem> {
        let invalid = |detail: String| Problem::new(Failure::Validation, detail);
        let time = match &self.time {
            Some(text) => {
                EventTime::parse(text).map_err(|fault| invalid(format!("the time {text} {fault}")))?
            }
            None => EventTime::from_utc(Utc::now()),
        };
        let release = self.release.map(|name| {
            let found = GuidelineRelease::ALL.into_iter().find(|release| release.as_str() == name);
            found.ok_or_else(|| invalid(format!("there is no release {name}; it is R1.2 or R1.3")))
        });
        let form = self.form.map(|name| {
            let found = DocumentForm::ALL.into_iter().find(|form| form.as_str() == name);
            found
                .ok_or_else(|| invalid(format!("there is no form {name}; it is xml-1.2, xml-2.0 or json-ld")))
        });
        let despite_holds = self.despite_holds.map(|why| {
            let decision = Decision::new(&caller.signed(self.by.as_deref()), Utc::now(), &why);
            decision.map_err(|fault| invalid(format!("despite_holds: {fault}")))
        });
        let seller = shipment::party(&self.seller);
        let buyer = shipment::party(&self.buyer);
        Ok(ShipmentRequest {
            number: self.number,
            order: self.order,
            epcs: self.epcs.iter().map(|text| Epc::parse(text)).collect(),
            ship_from: self.ship_from.as_deref().map_or_else(|| seller.clone(), shipment::party),
            ship_to: self.ship_to.as_deref().map_or_else(|| buyer.clone(), shipment::party),
            seller,
            buyer,
            zone: ZoneOffset::of(&time),
            time,
            release: release.transpose()?,
            form: form.transpose()?,
            despite_holds: despite_holds.transpose()?,
        })
    }
}
