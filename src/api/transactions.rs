//! `/api/v1/transactions`: transaction information and statement of a shipment, an order, a package or a lot.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web;
use actix_web::web::Data;
use serde_json::json;

use crate::access::Caller;
use crate::api::paging;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::export::transactions;
use crate::export::transactions::Question;
use crate::gs1::Epc;
use crate::gs1::Gtin;
use crate::store::Store;

/// The transactions that are asked for, each value with its source (`GET /api/v1/transactions`).
#[utoipa::path(get, path = "/api/v1/transactions", tag = "DSCSA",
    params(
        ("shipment" = Option<i64>, Query, description = "The number of a shipping event"),
        ("order" = Option<String>, Query, description = "Purchase order or despatch advice: its URI, or its number"),
        ("epc" = Option<String>, Query, description = "EPC of a package, case or logistic unit"),
        ("lot" = Option<String>, Query, description = "GTIN of the package and lot number, divided by `/`"),
        ("format" = Option<String>, Query, description = "`json` (the default), `csv` or `text`"),
    ),
    responses((status = 200, description = "The transactions, the earliest first. Exactly one of `shipment`, `order`, \
        `epc` and `lot` is asked for.", content((Object = "application/json"), (String = "text/csv"),
        (String = "text/plain")))))]
pub async fn list(request: HttpRequest, caller: Caller, store: Data<Store>) -> Result<HttpResponse, Problem> {
    let (question, form) = asked(request.query_string())?;
    let found = web::block(move || transactions::transactions(&store, &caller, &question));
    let found = found.await??;
    Ok(match form {
        Form::Json => {
            let found: Vec<_> = found.iter().map(transactions::to_json).collect();
            HttpResponse::Ok().json(json!({ "transactions": found }))
        }
        Form::Csv => {
            HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(transactions::to_csv(&found))
        }
        Form::Text => {
            let texts: Vec<String> = found.iter().map(transactions::to_text).collect();
            HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(texts.join("\n\n"))
        }
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
    Text,
}

fn asked(query_string: &str) -> Result<(Question, Form), Problem> {
    let (mut question, mut form) = (None, Form::Json);
    for (name, value) in paging::pairs(query_string)? {
        let asked = match name.as_str() {
            "format" => {
                form = match value.as_str() {
                    "json" => Form::Json,
                    "csv" => Form::Csv,
                    "text" => Form::Text,
                    _ => return Err(wrong("format is json, csv or text")),
                };
                continue;
            }
            "shipment" => Question::Shipment(
                value.parse().map_err(|_| wrong("shipment is the number of a shipping event"))?,
            ),
            "order" => Question::Order(value),
            "epc" => Question::Package(Epc::parse(&value)),
            "lot" => {
                let (gtin, lot) = value.split_once('/').ok_or_else(|| wrong("lot is given as GTIN/LOT"))?;
                let gtin = Gtin::parse(gtin).map_err(|error| wrong(&error.to_string()))?;
                Question::Lot(gtin, lot.to_owned())
            }
            other => return Err(wrong(&format!("there is no parameter {other}"))),
        };
        if question.replace(asked).is_some() {
            return Err(wrong("ask for one of shipment, order, epc and lot, once"));
        }
    }
    let question = question.ok_or_else(|| wrong("ask for one of shipment, order, epc and lot"))?;
    Ok((question, form))
}

fn wrong(detail: &str) -> Problem {
    Problem::new(Failure::QueryParameter, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_asked_for() {
        let gtin = Gtin::parse("00300010123455").unwrap();
        for (query, expected) in [
            ("shipment=7", Some((Question::Shipment(7), Form::Json))),
            ("lot=00300010123455/A%2F1&format=csv", Some((Question::Lot(gtin, "A/1".into()), Form::Csv))),
            ("order=PO+1&format=text", Some((Question::Order("PO+1".into()), Form::Text))),
            ("", None),
            ("shipment=x", None),
            ("shipment=7&order=8", None),
            ("lot=00300010123455", None),
            ("lot=00300010123456/1", None),
            ("shipment=7&format=pdf", None),
            ("shipmint=7", None),
        ] {
            assert_eq!(asked(query).ok(), expected, "{query}");
        }
    }
}
