//! Transactions as JSON: each value with its source.

use serde_json::Value;
use serde_json::json;

use crate::dscsa::transaction::DirectPurchase;
use crate::dscsa::transaction::Element;
use crate::dscsa::transaction::Party;
use crate::dscsa::transaction::Product;
use crate::dscsa::transaction::ProductLot;
use crate::dscsa::transaction::Told;
use crate::dscsa::transaction::Unit;
use crate::export::transactions::Transaction;

/// One transaction. Values are objects of `value` and `source`; what is not known is `null`.
pub fn to_json(transaction: &Transaction) -> Value {
    let information = &transaction.information;
    let references: Vec<Value> =
        transaction.references.iter().map(|(kind, id)| json!({ "type": kind, "id": id })).collect();
    let missing: Vec<Value> = information
        .missing
        .iter()
        .map(|missing| {
            json!({
                "element": missing.element.as_str(),
                "letter": missing.element.letter(),
                "of": missing.of,
                "message": missing.message,
            })
        })
        .collect();
    json!({
        "shipment": transaction.shipment,
        "document": transaction.document,
        "references": references,
        "transaction_information": {
            "products": information.products.iter().map(product).collect::<Vec<_>>(),
            "transaction_date": value(&information.date),
            "shipment_date": value(&information.shipped),
            "shipped_more_than_24_hours_later": information.shipped_later,
            "transferor": party(&information.transferor),
            "transferee": party(&information.transferee),
            "complete": information.missing.is_empty(),
            "missing": missing,
        },
        "transaction_statement": transaction.statement.as_ref().map(|statement| json!({
            "affirm_transaction_statement": statement.affirmation,
            "legal_notice": statement.legal_notice,
            "affirmed": statement.is_affirmed(),
            "source": { "kind": "file_header", "document": transaction.document, "path": statement.path },
        })),
        "drop_shipment": transaction.purchase.drop_shipment,
        "direct_purchase": transaction.purchase.direct.as_ref().map(purchase),
        "received_direct_purchase": transaction.purchase.received.as_ref().map(purchase),
    })
}

fn product(product: &Product) -> Value {
    let mut object = json!({
        "gtin": product.gtin.to_string(),
        "containers": value(&product.containers),
        "lots": product.lots.iter().map(lot).collect::<Vec<_>>(),
    });
    let told = [Element::Name, Element::Strength, Element::DosageForm, Element::Ndc, Element::ContainerSize];
    for element in told {
        object[element.as_str()] = product.told(element).map_or(Value::Null, value);
    }
    object
}

fn lot(lot: &ProductLot) -> Value {
    json!({
        "lot": lot.lot.as_ref().map(value),
        "expiration_date": lot.expiry.as_ref().map(value),
        "containers": lot.units.len(),
        "product_identifiers": lot.units.iter().map(unit).collect::<Vec<_>>(),
    })
}

fn unit(unit: &Unit) -> Value {
    json!({
        "epc": unit.epc.as_str(),
        "serial": unit.epc.serial(),
        "container": unit.container.as_ref().map(|epc| epc.as_str()),
    })
}

fn party(party: &Party) -> Value {
    json!({
        "id": party.id.as_ref().map(value),
        "name": party.name.as_ref().map(value),
        "address": party.address.iter().map(value).collect::<Vec<_>>(),
    })
}

fn purchase(purchase: &DirectPurchase) -> Value {
    json!({ "extent": purchase.extent, "statement": purchase.statement, "epcs": purchase.epcs })
}

fn value(told: &Told) -> Value {
    let origin = &told.origin;
    json!({
        "value": told.text,
        "source": {
            "kind": origin.kind.as_str(),
            "document": origin.document,
            "event": origin.event,
            "path": origin.path,
        },
    })
}
