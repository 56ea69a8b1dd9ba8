//! Transactions as CSV (RFC 4180): one line a package, with everything the law asks for on it.

use crate::dscsa::transaction::Element;
use crate::dscsa::transaction::Party;
use crate::dscsa::transaction::Product;
use crate::dscsa::transaction::ProductLot;
use crate::dscsa::transaction::Told;
use crate::dscsa::transaction::Unit;
use crate::export::transactions::Transaction;

const COLUMNS: [&str; 27] = [
    "shipment",
    "document",
    "gtin",
    "serial",
    "lot",
    "expiration_date",
    "name",
    "strength",
    "dosage_form",
    "ndc",
    "container_size",
    "containers",
    "transaction_date",
    "shipment_date",
    "transferor_id",
    "transferor_name",
    "transferor_address",
    "transferee_id",
    "transferee_name",
    "transferee_address",
    "purchase_orders",
    "despatch_advices",
    "epc",
    "container",
    "affirm_transaction_statement",
    "legal_notice",
    "sources",
];

/// The transactions with a line of names first; `containers` is the number of packages of this trade item.
pub fn to_csv(transactions: &[Transaction]) -> String {
    let mut text = String::new();
    line(&mut text, COLUMNS.map(str::to_owned));
    for transaction in transactions {
        for product in &transaction.information.products {
            for lot in &product.lots {
                for unit in &lot.units {
                    line(&mut text, row(transaction, product, lot, unit));
                }
            }
        }
    }
    text
}

fn row(transaction: &Transaction, product: &Product, lot: &ProductLot, unit: &Unit) -> [String; 27] {
    let information = &transaction.information;
    let told = |told: Option<&Told>| told.map(|told| told.text.clone()).unwrap_or_default();
    let of = |element| told(product.told(element));
    let address =
        |party: &Party| party.address.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(", ");
    let references = |kind: &str| {
        let own = transaction.references.iter().filter(|(own, _)| own == kind);
        own.map(|(_, id)| id.as_str()).collect::<Vec<_>>().join(" ")
    };
    let statement = transaction.statement.as_ref();
    let [transferor, transferee] = [&information.transferor, &information.transferee];
    [
        transaction.shipment.to_string(),
        transaction.document.to_string(),
        product.gtin.to_string(),
        unit.epc.serial().unwrap_or_default().into_owned(),
        told(lot.lot.as_ref()),
        told(lot.expiry.as_ref()),
        of(Element::Name),
        of(Element::Strength),
        of(Element::DosageForm),
        of(Element::Ndc),
        of(Element::ContainerSize),
        product.containers.text.clone(),
        information.date.text.clone(),
        information.shipped.text.clone(),
        told(transferor.id.as_ref()),
        told(transferor.name.as_ref()),
        address(transferor),
        told(transferee.id.as_ref()),
        told(transferee.name.as_ref()),
        address(transferee),
        references("po"),
        references("desadv"),
        unit.epc.as_str().to_owned(),
        unit.container.as_ref().map(ToString::to_string).unwrap_or_default(),
        statement.map(|statement| statement.affirmation.to_string()).unwrap_or_default(),
        statement.map(|statement| statement.legal_notice.to_string()).unwrap_or_default(),
        sources(transaction, product, lot),
    ]
}

/// Where each value of a line comes from: `name: file header, document 7: …; …`.
fn sources(transaction: &Transaction, product: &Product, lot: &ProductLot) -> String {
    let information = &transaction.information;
    let product_elements = product.elements.iter().map(|(element, told)| (element.as_str(), told));
    let parties = [("transferor", &information.transferor), ("transferee", &information.transferee)];
    let others = [("lot", &lot.lot), ("expiration_date", &lot.expiry)];
    product_elements
        .chain([("containers", &product.containers), ("transaction_date", &information.date)])
        .chain(others.into_iter().filter_map(|(name, told)| Some((name, told.as_ref()?))))
        .chain(parties.into_iter().filter_map(|(name, party)| Some((name, party.name.as_ref()?))))
        .map(|(name, told)| format!("{name}: {}", told.origin))
        .collect::<Vec<_>>()
        .join("; ")
}

fn line<const N: usize>(text: &mut String, fields: [String; N]) {
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if field.contains([',', '"', '\n', '\r']) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let mut text = String::new();
        line(&mut text, ["a", "b,c", "d\"e", ""].map(str::to_owned));
        assert_eq!(text, "a,\"b,c\",\"d\"\"e\",\r\n");
    }
}
