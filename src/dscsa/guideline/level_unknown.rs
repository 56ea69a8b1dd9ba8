//! Each packaging level is described.

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
    id: "level-unknown",
    title: "Each packaging level is described in the master data",
    severity: Severity::Note,
    clause: "GS1 US DSCSA guideline, master data (EPCClass for unit and case)",
    why: "The product is known by another of its levels; some receivers ask for an entry for each GTIN.",
    mender: Mender::Sender,
    fix: "add an EPCClass element for this GTIN too",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    if whole.survey.first_transfer.is_none() {
        return;
    }
    for (family, product) in whole.survey.products.iter().filter(|(family, _)| whole.describes(family)) {
        let unknown = |gtin: &&crate::gs1::Gtin| {
            !whole.catalogue.products.contains_key(*gtin) && !(whole.options.known_product)(gtin.as_str())
        };
        for gtin in product.levels.iter().filter(unknown) {
            let message =
                format!("the GTIN {gtin} is in no master data, though another level of its product is");
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
    fn the_case_may_be_missing() {
        let strip =
            |sample: &mut super::super::samples::Sample| sample.header.master_data[0].elements.truncate(1);
        assert_eq!(found(RULE.id, strip), ["GTIN 10300010123452"]);
        assert!(found("product-unknown", strip).is_empty());
    }
}
