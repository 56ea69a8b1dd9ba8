//! Purchase orders and despatch advices: JSON, which is also how they are shown and kept, and CSV. ship notices come in X12 too.

mod csv;
mod form;

pub use form::AdviceForm;
pub use form::OrderForm;

use std::collections::HashSet;
use std::io::Read;

use serde::Deserialize;

use crate::dscsa::DespatchAdvice;
use crate::dscsa::OrderNumber;
use crate::dscsa::PurchaseOrder;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::records;
use crate::formats::records::Faults;
use crate::formats::records::Placed;
use crate::formats::records::Syntax;
use crate::formats::x12_856;

/// What a file is of, where it does not say so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderKind {
    /// Purchase orders.
    Order,
    /// Despatch advices.
    Advice,
}

/// What a file has brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Orders {
    /// Purchase orders.
    pub orders: Vec<PurchaseOrder>,
    /// Despatch advices.
    pub advices: Vec<DespatchAdvice>,
}

/// Orders and advices in JSON.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct List {
    orders: Vec<OrderForm>,
    advices: Vec<AdviceForm>,
}

impl OrderKind {
    /// `order` or `advice`.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderKind::Order => "order",
            OrderKind::Advice => "advice",
        }
    }
}

/// Reads orders and advices: JSON, `{"orders": […], "advices": […]}`, or an array of the kind that is told; or CSV, whose rows
/// are advices where they have an advice number and nothing else is told; or ship notices in X12. What is wrong is in `defects`; with an error nothing
/// of the file should be used.
pub fn read(input: impl Read, syntax: Syntax, kind: Option<OrderKind>, defects: &mut Defects) -> Orders {
    let (orders, advices) = match syntax {
        Syntax::Csv => csv::read(input, kind, defects),
        Syntax::X12 => return Orders { orders: Vec::new(), advices: x12_856::read(input, defects) },
        Syntax::Json => {
            let list = records::json(input, defects, |bytes| match (records::is_array(bytes), kind) {
                (true, Some(OrderKind::Advice)) => {
                    serde_json::from_slice(bytes).map(|advices| List { advices, ..List::default() })
                }
                (true, _) => serde_json::from_slice(bytes).map(|orders| List { orders, ..List::default() }),
                (false, _) => serde_json::from_slice(bytes),
            });
            let list = list.unwrap_or_default();
            (records::placed(list.orders, "orders"), records::placed(list.advices, "advices"))
        }
    };
    let orders = finish(orders, defects, OrderForm::read, |order| &order.number);
    let advices = finish(advices, defects, AdviceForm::read, |advice| &advice.number);
    Orders { orders, advices }
}

/// Reads each record, and says where a number is there twice.
fn finish<F, T>(
    records: Vec<Placed<F>>,
    defects: &mut Defects,
    read: impl Fn(F, &mut Faults) -> T,
    number: impl Fn(&T) -> &OrderNumber,
) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (place, path, form) in records {
        let mut faults = Faults::default();
        let record = read(form, &mut faults);
        records::add(faults, place, &path, defects);
        let number = number(&record);
        let key = (number.number().to_owned(), number.issuer());
        if !seen.insert(key) {
            defects.add(twice(number).at(place, path));
        }
        found.push(record);
    }
    found
}

/// What is said of a number that is there twice in one file.
pub fn twice(number: &OrderNumber) -> Fault {
    let message = format!("the number {:?} is there twice", number.number());
    Fault::error("import-twice", message, "leave one of them out, or put their lines together")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"advices": [{
        "number": "urn:epcglobal:cbv:bt:9521101000016:DA%2F7",
        "orders": ["urn:epcglobal:cbv:bt:9521102000015:PO7"],
        "buyer": "9521102000015", "seller": "9521101000016", "shipTo": {"gln": "9521102000022"}, "date": "2026-03-04",
        "lines": [
            {"line": 1, "gtin": "00352999101016", "lot": "L1", "quantity": 24, "order": "urn:epcglobal:cbv:bt:9521102000015:PO7"},
            {"line": "2", "ndc": "52999-101-01", "quantity": "2", "unit": "CA", "unitsPerCase": 12,
             "packages": ["003529990000000012"], "order": "urn:epcglobal:cbv:bt:9521102000015:PO7"}
        ]}]}"#;

    const CSV: &str = "ASN,PO,Buyer GLN,Seller GLN,Ship To,Ship Date,Line,GTIN-14,NDC,Lot,Qty,UOM,Case Pack,SSCC\n\
        urn:epcglobal:cbv:bt:9521101000016:DA%2F7,urn:epcglobal:cbv:bt:9521102000015:PO7,9521102000015,9521101000016,9521102000022,03/04/2026,1,00352999101016,,L1,24,EA,,\n\
        urn:epcglobal:cbv:bt:9521101000016:DA%2F7,urn:epcglobal:cbv:bt:9521102000015:PO7,,9521101000016,,,2,,52999-101-01,,2,CA,12,003529990000000012\n";

    fn all(text: &str, syntax: Syntax, kind: Option<OrderKind>) -> (Orders, Vec<String>) {
        let mut defects = Defects::new(false);
        let orders = read(text.as_bytes(), syntax, kind, &mut defects);
        (orders, defects.kept().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn both_forms_say_the_same() {
        let (json, said) = all(JSON, Syntax::Json, None);
        assert_eq!(said, [""; 0]);
        assert_eq!(all(CSV, Syntax::Csv, None), (json.clone(), vec![]));
        let advice = &json.advices[0];
        assert_eq!((advice.number.number(), advice.lines[1].units()), ("DA/7", Some(24)));
        assert_eq!(advice.orders[0].issuer(), advice.parties.buyer.gln);
        let shown = serde_json::to_string(&[AdviceForm::from(advice)]).unwrap();
        assert_eq!(all(&shown, Syntax::Json, Some(OrderKind::Advice)), (json, vec![]));
    }

    #[test]
    fn orders_are_told_from_advices() {
        let (found, said) = all(
            "po,gtin,qty\n7,00352999101016,3\n8,00352999101016,4\n7,00352999101023,5\n",
            Syntax::Csv,
            None,
        );
        assert_eq!(said, [""; 0]);
        let lines: Vec<_> =
            found.orders.iter().map(|order| (order.number.number(), order.lines.len())).collect();
        assert_eq!((lines, found.advices.len()), (vec![("7", 2), ("8", 1)], 0));
        let shown = serde_json::to_string(&[OrderForm::from(&found.orders[0])]).unwrap();
        assert_eq!(all(&shown, Syntax::Json, None).0.orders, found.orders[..1]);
    }

    #[test]
    fn rows_without_an_issuer_belong_to_the_latest_of_their_number() {
        let text = "po,buyer,gtin,qty\n7,9521102000015,00352999101016,3\n7,,00352999101023,4\n7,9521101000016,00352999101016,5\n";
        let (found, said) = all(text, Syntax::Csv, None);
        assert_eq!(said, [""; 0]);
        let lines: Vec<_> = found.orders.iter().map(|order| order.lines.len()).collect();
        assert_eq!(lines, [2, 1]);
    }

    #[test]
    fn the_issuer_is_kept_where_the_number_does_not_say_it() {
        let text = r#"{"orders": [{"number": 7, "issuer": "9521102000015", "lines": [{"gtin": "00352999101016", "units": 1}]}]}"#;
        let (found, said) = all(text, Syntax::Json, None);
        assert_eq!(said, [""; 0]);
        let shown = serde_json::to_string(&[OrderForm::from(&found.orders[0])]).unwrap();
        assert_eq!(all(&shown, Syntax::Json, None).0, found);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let check = |text: &str, syntax, expected: &[&str]| {
            let (_, said) = all(text, syntax, None);
            assert_eq!(said.len(), expected.len(), "{said:?}");
            for (said, expected) in said.iter().zip(expected) {
                assert!(said.contains(expected), "{said}\n{expected}");
            }
        };
        check(
            "po,gtin,qty\n7,00352999101016,3\n7,352999101017,x\n,,\n7,,1\n",
            Syntax::Csv,
            &[
                "3:0: error [import-gtin]",
                "3:0: error [import-quantity]",
                "5:0: error [import-missing] there is no GTIN and no NDC",
            ],
        );
        check(
            "po,buyer,gtin,qty\n7,,00352999101016,3\n,,00352999101016,3\n",
            Syntax::Csv,
            &["3:0: error [import-missing] there is no number"],
        );
        check(
            "po,date,gtin,qty\n7,2026-01-01,00352999101016,3\n7,2026-01-02,00352999101016,3\n",
            Syntax::Csv,
            &["3:0: error [import-twice] this row says another date than line 2"],
        );
        let lines = r#"[{"number": "1", "lines": []}, {"number": "1", "buyer": {"gln": "1"}, "lines": [{"gtin": "1", "quantity": []}]}]"#;
        check(lines, Syntax::Json, &["expected a string or a number"]);
        let lines = r#"[{"number": "1", "lines": []}, {"number": "1", "buyer": {"gln": "1"}, "lines": [{"gtin": "1"}]}]"#;
        let expected = [
            "orders[0].lines",
            "orders[1].buyer",
            "orders[1].lines[0].quantity",
            "orders[1].lines[0].gtin",
            "there twice",
        ];
        check(lines, Syntax::Json, &expected);
        check(
            r#"{"orders": [{"number": "1", "buyer": {"glm": "1"}}]}"#,
            Syntax::Json,
            &["unknown field `glm`"],
        );
    }
}
