//! Writes PDG's exception messages, as their schemas have them.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::dscsa::CaseItem;
use crate::dscsa::Goods;
use crate::dscsa::exception::Answer;
use crate::dscsa::exception::Contact;
use crate::dscsa::exception::FollowUp;
use crate::dscsa::exception::Group;
use crate::dscsa::exception::ItemKind;
use crate::dscsa::exception::Report;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::Response;
use crate::formats::exception_report::DATA_MISALIGNMENT;
use crate::formats::exception_report::MISSING_PRODUCT;
use crate::formats::exception_report::MISSING_PRODUCT_DATA;
use crate::formats::exception_report::OVERAGES;
use crate::formats::exception_report::UNDERAGES;

/// An `ExceptionReport`. A report that resolves its case names no items.
pub fn report(report: &Report) -> Value {
    let items: &[CaseItem] = if report.resolved { &[] } else { &report.items };
    let mut exceptions = Map::new();
    for (key, kind) in [
        (MISSING_PRODUCT_DATA, ItemKind::MissingProductData),
        (MISSING_PRODUCT, ItemKind::MissingProduct),
        (DATA_MISALIGNMENT, ItemKind::DataMisalignment),
        (OVERAGES, ItemKind::Overage),
        (UNDERAGES, ItemKind::Underage),
    ] {
        put(&mut exceptions, key, of_kind(items, kind));
    }
    let mut errors = Map::new();
    put(&mut errors, "gln_errors", of_kind(items, ItemKind::GlnError));
    put(&mut errors, "gtin_errors", of_kind(items, ItemKind::GtinError));
    if !errors.is_empty() {
        exceptions.insert("master_data_errors".to_owned(), Value::Object(errors));
    }
    let others: Vec<String> =
        items.iter().filter(|item| item.trouble.kind == ItemKind::Other).map(other).collect();
    json!({
        "message_uuid": report.message,
        "exception_case_uuid": report.case,
        "timestamp": report.sent_at.timestamp(),
        "po_number": report.order,
        "sender_information": contact(&report.sender),
        "exceptions": exceptions,
        "other_errors": (!others.is_empty()).then_some(others),
        "case_resolved": report.resolved,
    })
}

/// An `ExceptionResponse`.
pub fn response(response: &Response) -> Value {
    let items: Vec<Value> = response.answers.iter().map(|(item, answer)| answered(item, answer)).collect();
    json!({
        "message_uuid": response.message,
        "exception_case_uuid": response.case,
        "timestamp": response.sent_at.timestamp(),
        "sender_information": contact(&response.sender),
        "po_number": response.order,
        "response_items": items,
        "additional_notes": response.notes,
    })
}

fn contact(contact: &Contact) -> Value {
    json!({
        "vp": contact.credential,
        "gln": contact.gln,
        "email": contact.email,
        "phone": contact.phone,
    })
}

fn answered(item: &str, answer: &Answer) -> Value {
    let offers = answer.alternative.is_some() || answer.follow_up.is_some();
    let alternative = offers.then(|| {
        json!({
            "alternative_resolution": answer.alternative.map(Resolution::as_str),
            "follow_up": answer.follow_up.map(FollowUp::as_str),
            "follow_up_details": answer.follow_up_details,
        })
    });
    json!({
        "exception_item_uuid": item,
        "resolution_response": if answer.accepted { "Accept" } else { "Reject" },
        "comments": answer.comments,
        "alternative_resolution": alternative,
    })
}

fn put(object: &mut Map<String, Value>, key: &str, values: Vec<Value>) {
    if !values.is_empty() {
        object.insert(key.to_owned(), Value::Array(values));
    }
}

fn of_kind(items: &[CaseItem], kind: ItemKind) -> Vec<Value> {
    items.iter().filter(|item| item.trouble.kind == kind).map(item).collect()
}

fn item(item: &CaseItem) -> Value {
    let trouble = &item.trouble;
    let mut object = Map::new();
    object.insert("exception_item_uuid".to_owned(), Value::from(item.id.as_str()));
    match trouble.kind {
        ItemKind::MissingProductData => {
            object.insert("product_gtin".to_owned(), Value::from(trouble.goods.gtin.as_str()));
            object.insert("observation_source".to_owned(), Value::from(trouble.source.as_str()));
            object.insert("product_serial".to_owned(), Value::from(trouble.goods.serial.as_deref()));
        }
        ItemKind::MissingProduct => {
            object.insert("file_id".to_owned(), Value::from(trouble.file.as_str()));
            object.insert("product_gtin".to_owned(), Value::from(trouble.goods.gtin.as_str()));
            let serial = trouble.goods.serial.as_deref().unwrap_or_default();
            object.insert("product_serial".to_owned(), Value::from(serial));
        }
        ItemKind::DataMisalignment => {
            goods(&mut object, "received_product", &trouble.goods);
            goods(&mut object, "product_data", &trouble.data);
        }
        ItemKind::GlnError => wrong(&mut object, "gln", item),
        ItemKind::GtinError => wrong(&mut object, "gtin", item),
        ItemKind::Overage | ItemKind::Underage | ItemKind::Other => {
            object.insert("gtin".to_owned(), Value::from(trouble.goods.gtin.as_str()));
            object.insert("quantity_ordered".to_owned(), Value::from(trouble.ordered.unwrap_or(0)));
            object.insert("quantity_received".to_owned(), Value::from(trouble.received.unwrap_or(0)));
        }
    }
    object.insert("resolution_request".to_owned(), Value::from(item.request.as_str()));
    Value::Object(object)
}

fn goods(object: &mut Map<String, Value>, prefix: &str, goods: &Goods) {
    let mut put = |name: &str, value: Value| object.insert(format!("{prefix}_{name}"), value);
    put("gtin", Value::from(goods.gtin.as_str()));
    put("lot", Value::from(goods.lot.as_deref().unwrap_or_default()));
    put("expiry", Value::from(goods.expiry.as_deref().unwrap_or_default()));
    put("serial", Value::from(goods.serial.as_deref()));
}

fn wrong(object: &mut Map<String, Value>, name: &str, item: &CaseItem) {
    object.insert(format!("invalid_{name}"), Value::from(item.trouble.wrong.as_str()));
    object.insert(format!("proposed_{name}"), Value::from(item.trouble.proposed.as_deref()));
}

/// The schemas have no place for other items but a text: the group first, where it is not that of data.
fn other(item: &CaseItem) -> String {
    let (group, what) = (item.trouble.group, &item.trouble.what);
    if group == Group::DataIssue { what.clone() } else { format!("{}: {what}", group.as_str()) }
}
