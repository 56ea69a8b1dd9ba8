//! Each product is described.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "product-unknown",
    title: "Each product shipped is described in the master data",
    severity: Severity::Business,
    clause: "21 U.S.C. 360eee(26)(A)-(D); GS1 US DSCSA guideline, master data (EPCClass)",
    why: "Name, strength, form, NDC and container size are part of the transaction information; a receiver that does not know \
          the GTIN refuses the file.",
    mender: Mender::Sender,
    fix: "send the file again with an EPCClass element for this GTIN",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    if whole.survey.first_transfer.is_none() || whole.catalogue.is_empty() {
        return;
    }
    for (family, product) in &whole.survey.products {
        let Some(unit) = product.levels.first() else { continue };
        if whole.describes(family) || whole.knows_product(product) {
            continue;
        }
        let message = format!("the product of GTIN {unit} is in no master data");
        let finding = Finding::new(&RULE, message).in_event(product.event);
        let finding = finding.about(Object::TradeItem(unit.as_str().into()));
        let lots = product.lots.iter().map(|lot| Object::Lot(unit.as_str().into(), lot.clone()));
        notes.add(family, lots.fold(finding, Finding::about));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn names_the_product_and_its_lots() {
        let found = found(RULE.id, |sample| sample.header.master_data[0].elements.clear());
        assert_eq!(found, ["GTIN 00300010123455 lot A1 of GTIN 00300010123455"]);
    }
}
