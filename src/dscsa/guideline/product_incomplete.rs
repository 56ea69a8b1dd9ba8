//! The description of a product has what transaction information asks for.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

/// Attributes and the element of transaction information that each is.
const ELEMENTS: &[(&str, &str)] = &[
    ("regulatedProductName", "name"),
    ("strengthDescription", "strength"),
    ("dosageFormType", "dosage form"),
    ("additionalTradeItemIdentification", "NDC"),
    ("netContentDescription", "container size"),
];

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<attribute id=\"urn:epcglobal:cbv:mda#strengthDescription\"></attribute>",
    good: "<attribute id=\"urn:epcglobal:cbv:mda#strengthDescription\">100 mg</attribute>",
    judge: Judge::Document(check),
};

static RULE: Rule = Rule {
    id: "product-incomplete",
    title: "The description of a product has name, strength, form, NDC and container size",
    severity: Severity::Business,
    clause: "21 U.S.C. 360eee(26)(A)-(D); GS1 US DSCSA guideline, master data (EPCClass)",
    why: "Each of these is part of the transaction information that the next owner must have.",
    mender: Mender::Sender,
    fix: "complete the EPCClass element of this GTIN, and send the file again",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    if whole.survey.first_transfer.is_none() {
        return;
    }
    for (family, product) in &whole.survey.products {
        let Some((gtin, entry)) = whole.entries(family).next().filter(|_| !whole.knows_product(product))
        else {
            continue;
        };
        let missing = ELEMENTS.iter().filter(|(attribute, _)| entry.attribute(attribute).is_none());
        let missing: Vec<&str> = missing.map(|(_, element)| *element).collect();
        if !missing.is_empty() {
            let message = format!("the master data of GTIN {gtin} has no {}", missing.join(", no "));
            let finding = Finding::new(&RULE, message).in_event(product.event);
            notes.add(family, finding.about(Object::TradeItem(gtin.as_str().into())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn a_blank_attribute_is_missing() {
        let found = found(RULE.id, |sample| sample.set_product(0, "strengthDescription", Some(" ")));
        assert_eq!(found, ["GTIN 00300010123455"]);
    }
}
