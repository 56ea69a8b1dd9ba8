//! A shipment comes with master data.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;

pub(super) const CHECK: Check = Check { rule: &RULE, bad: "", good: "", judge: Judge::Document(check) };

static RULE: Rule = Rule {
    id: "master-data-missing",
    title: "A shipment to another owner comes with master data",
    severity: Severity::Business,
    clause: "21 U.S.C. 360eee(26)(A)-(D), (I), (J); GS1 US DSCSA guideline, master data",
    why: "Name, strength, form, NDC and size of the product and the parties' addresses are part of the transaction information; \
          without them the receiver must have them from elsewhere.",
    mender: Mender::Sender,
    fix: "send the file again with EPCISMasterData for its products, parties and locations",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    let Some(event) = whole.survey.first_transfer.filter(|_| whole.catalogue.is_empty()) else { return };
    let known = |product: &super::Product| whole.knows_product(product);
    let all_known = whole.survey.products.values().all(known)
        && whole.survey.owners.keys().all(|owner| (whole.options.known_party)(owner));
    if !all_known {
        let message = "the document ships to another owner and has no master data";
        notes.add("", Finding::new(&RULE, message).in_event(event));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn it_is_the_one_finding_where_all_is_missing() {
        let strip = |sample: &mut super::super::samples::Sample| sample.header.master_data.clear();
        assert_eq!(found(RULE.id, strip), [""]);
        for other in ["product-unknown", "party-unknown", "place-unknown"] {
            assert!(found(other, strip).is_empty(), "{other}");
        }
    }

    #[test]
    fn what_the_receiver_knows_need_not_be_sent() {
        let found = found(RULE.id, |sample| {
            sample.header.master_data.clear();
            sample.options.known_party = Box::new(|gln| gln.len() == 13);
            sample.options.known_product = Box::new(|gtin| gtin == "00300010123455");
        });
        assert!(found.is_empty());
    }
}
